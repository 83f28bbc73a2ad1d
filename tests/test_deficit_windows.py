"""Windows of deficits given by their length: one number moves the whole window."""

import pytest

from samples import document
from teacherstudent.errors import SpecError
from teacherstudent.spec.axes import with_values
from teacherstudent.spec.parse import parse_spec


def windows(*given):
    """The deficits of a small spec, complete."""
    spec = with_values(document(), {"training.deficits": list(given)})
    return parse_spec(spec).training.deficits


def test_a_length_is_written_out_as_the_end():
    assert windows({"start": 1.5, "length": 2.0, "input_noise": 1.0}) == windows(
        {"start": 1.5, "until": 3.5, "input_noise": 1.0}
    )
    assert windows({"length": 0.0, "frozen_units": [0]})[0].until == 0.0


def test_an_axis_moves_the_window():
    spec = with_values(document(), {"training.deficits": [{"start": 0.0, "length": 2.0, "input_noise": 1.0}]})
    (window,) = parse_spec(with_values(spec, {"training.deficits.0.start": 3.0})).training.deficits
    assert (window.start, window.until) == (3.0, 5.0)


def test_length_and_until_exclude_each_other():
    with pytest.raises(SpecError, match=r"deficits\[1\]\.length: cannot be combined with until; remove one"):
        windows(
            {"until": 1.0, "frozen_units": [0]}, {"start": 2.0, "until": 3.0, "length": 1.0, "input_noise": 1}
        )


def test_a_negative_length_is_refused():
    with pytest.raises(SpecError, match=r"length: -1.0 is not allowed"):
        windows({"start": 2.0, "length": -1.0, "input_noise": 1.0})

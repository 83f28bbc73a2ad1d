import numpy as np
import pytest

from teacherstudent.errors import SpecError
from teacherstudent.spec.axes import _evenly_spaced, points, read_axes, short_names, with_values


def values(given):
    return read_axes("outer", {"training.learning_rate": given})["training.learning_rate"]


def test_linspace_gives_round_numbers():
    assert values({"linspace": [0, 1, 11]}) == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]


def test_evenly_spaced_numbers_are_those_of_numpy():
    rng = np.random.default_rng(0)
    for count in (1, 2, 3, 7, 11, 401):
        for first, last in [(0, 1), (1, 0), (-1, 1), (3, 3), *rng.normal(size=(50, 2)).tolist()]:
            assert _evenly_spaced(first, last, count) == np.linspace(first, last, count).tolist()


def test_values_are_python_floats_that_survive_their_text():
    for value in values({"linspace": [0, 1, 402]}):
        assert type(value) is float
        assert float(repr(value)) == value


def test_concatenated_values_are_sorted_and_stand_once():
    given = {"concatenate": [{"linspace": [0.5, 1.0, 3]}, [0.0, 0.5], {"linspace": [0.0, 0.5, 3]}]}
    assert values(given) == [0.0, 0.25, 0.5, 0.75, 1.0]


def test_whole_numbers_stay_whole_among_themselves():
    assert values([2, 1, 2]) == [1, 2]
    assert [type(value) for value in values([1, 2.5])] == [float, float]


def test_words_keep_their_order():
    assert values(["shared", "per_task", "shared"]) == ["shared", "per_task"]


@pytest.mark.parametrize(
    "given",
    [
        [],
        0.5,
        "0.5",
        [None],
        [1, "one"],
        [1.0, True],
        ["two words"],
        ["a/b"],
        [[1.0]],
        [float("nan")],
        {},
        {"linspace": [0, 1]},
        {"linspace": [0, 1, 0]},
        {"linspace": [0, 1, True]},
        {"linspace": [False, 1, 3]},
        {"linspace": [0, 1, 2.5]},
        {"linspace": [0, 1, 3], "concatenate": []},
        {"concatenate": [0.5]},
        {"concatenate": []},
    ],
)
def test_other_values_are_refused_by_the_name_of_the_axis(given):
    with pytest.raises(SpecError, match=r"^outer\.training\.learning_rate: .*[^\n]*$"):
        values(given)


@pytest.mark.parametrize("key", [1, "", ".a", "0.a"])
def test_keys_are_dotted_words(key):
    with pytest.raises(SpecError, match="dotted key"):
        read_axes("outer", {key: [1.0]})


def test_points_run_through_the_product_with_the_last_axis_fastest():
    axes = {"teachers.features.similarity": [0.0, 0.3], "student.hidden": [2, 4]}
    assert [name for name, _ in points(axes)] == [
        "similarity~0.0__hidden~2",
        "similarity~0.0__hidden~4",
        "similarity~0.3__hidden~2",
        "similarity~0.3__hidden~4",
    ]
    assert list(points(axes))[1][1] == {"teachers.features.similarity": 0.0, "student.hidden": 4}


def test_without_axes_there_is_one_point():
    assert list(points({})) == [("all", {})]


def test_names_are_as_long_as_they_must_be():
    keys = [
        "teachers.features.similarity",
        "teachers.readouts.similarity",
        "curriculum.switch_times.0",
        "duration",
    ]
    assert list(short_names(dict.fromkeys(keys)).values()) == [
        "features.similarity",
        "readouts.similarity",
        "switch_times.0",
        "duration",
    ]


def test_a_key_that_ends_another_one_has_a_name_too():
    assert short_names({"a.b": 0, "x.a.b": 0, "c": 0}) == {"a.b": "a.b", "x.a.b": "x.a.b", "c": "c"}


def test_values_are_set_in_a_copy():
    document = {"curriculum": {"switch_times": [1.0, 2.0]}}
    changed = with_values(document, {"curriculum.switch_times.1": 3.0, "student.initial.weights_std": 0.1})
    assert changed == {
        "curriculum": {"switch_times": [1.0, 3.0]},
        "student": {"initial": {"weights_std": 0.1}},
    }
    assert document == {"curriculum": {"switch_times": [1.0, 2.0]}}


@pytest.mark.parametrize("key", ["times.2", "times.first", "times.0.x", "number.x", "number.x.y"])
def test_keys_that_lead_nowhere_are_named(key):
    with pytest.raises(SpecError, match=f"^{key}: "):
        with_values({"times": [1.0, 2.0], "number": 1.0}, {key: 5.0})


def test_file_names_of_small_numbers(tmp_path):
    axes = read_axes("outer", {"a": np.geomspace(1e-12, 1, 4).tolist() + [-0.5]})
    for name, _ in points(axes):
        (tmp_path / name).touch()
    assert len(list(tmp_path.iterdir())) == 5

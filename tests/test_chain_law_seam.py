"""A law of a step of the chain, added in one file: what this one and one line of the engine do."""

from typing import NamedTuple

import numpy as np
import pytest

from depth import thorough_from
from samples import assert_same, document
from teacherstudent.engines.chain import tasks
from teacherstudent.kernels.chain.columns import multiply
from teacherstudent.kernels.chain.law import Law, differentiate, label, label_numbers
from teacherstudent.kernels.chain.recursion import train
from teacherstudent.kernels.chain.squared_error import Outputs, SquaredError
from teacherstudent.kernels.chain.two_layers import TwoLayers
from teacherstudent.kernels.compile.flags import BY_COLUMN
from teacherstudent.kernels.compile.variants import variant
from teacherstudent.simulation.runs import simulate
from teacherstudent.spec.parse import parse_spec

LEVELS = {"spectrum": "levels", "values": [0.5, 1.5], "fractions": [0.5, 0.5]}
INPUTS = {
    "recursion": {"dimension": 20},
    "interventions": {"dimension": 20},
    "groups": {"dimension": 20, "distribution": "correlated", "covariance": LEVELS},
}


class Doubled(NamedTuple):
    """The loss (student - label)^2: the same as the doubled learning rates."""


class Second(NamedTuple):
    """Labels whose noise is the second of two numbers."""


@variant(differentiate, Doubled, BY_COLUMN)
def twice(loss, error, target):
    """See `law.differentiate`."""
    for c in range(len(error)):
        error[c] = 2.0 * (error[c] - target[c])


@variant(label_numbers, Second, BY_COLUMN)
def two(labels):
    """See `law.label_numbers`."""
    return 2


@variant(label, Second, BY_COLUMN)
def only_noise(labels, shape, constants, buffers, b, z, numbers):
    """See `law.label`; labels that have nothing of the teacher."""
    multiply(buffers.target[b], constants.output_noise, numbers[1])


def spec(name, rate):
    mixture = {"curriculum": {"mixture": [{"probabilities": [0.5, 0.5]}]}}
    return parse_spec(
        document(
            inputs=INPUTS[name],
            teachers={"count": 2, "hidden": 2, "output_noise": [0.3, 0.1], "input_noise": [0.2, 0.0]},
            training={"learning_rate": rate, "readout_learning_rate": 2 * rate, "batch_size": 2},
            **(mixture if name == "interventions" else {}),
        )
    )


def use(monkeypatch, law):
    monkeypatch.setattr(tasks, "law_of", lambda *_: law)


@pytest.mark.parametrize("name", thorough_from(1, INPUTS))  # each is compiled
def test_another_loss_in_one_file_and_one_line(name, monkeypatch):
    expected, other = (simulate(spec(name, rate), "chain", 3) for rate in (1.0, 0.5))
    use(monkeypatch, Law(Outputs(), Doubled(), TwoLayers()))
    found = simulate(spec(name, 0.5), "chain", 3)
    assert_same(found, expected)
    assert not np.array_equal(found.student_readouts, other.student_readouts)


@pytest.mark.thorough
def test_labels_with_more_random_numbers(monkeypatch):
    """The noise on the inputs, whose numbers come later, does not overlap them."""
    expected = simulate(spec("recursion", 0.5), "chain", 3)
    use(monkeypatch, Law(Second(), SquaredError(), TwoLayers()))
    found = simulate(spec("recursion", 0.5), "chain", 3)
    assert np.isfinite(found.student_overlaps).all()
    assert not np.array_equal(found.student_overlaps[-1], expected.student_overlaps[-1])


def test_only_the_chosen_parts_are_compiled(monkeypatch):
    use(monkeypatch, Law(Outputs(), Doubled(), TwoLayers()))
    before = len(train.overloads)
    for _ in range(2):
        simulate(spec("recursion", 0.5), "chain", 3)
    assert len(train.overloads) <= before + 1
    assert any("Doubled" in str(kinds) for kinds in train.overloads)

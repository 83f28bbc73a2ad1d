"""A law of one step, added in one file: what this one and one line of the engine (`law=`) do."""

import math
from typing import NamedTuple

import numpy as np
import pytest
from numba import njit

from depth import thorough_from
from samples import assert_same, document
from teacherstudent.engines.network import tasks
from teacherstudent.kernels.compile.variants import declared, variant
from teacherstudent.kernels.maths.philox import normal
from teacherstudent.kernels.network import samples
from teacherstudent.kernels.network.constants import LABEL_NOISE, STREAMS
from teacherstudent.kernels.network.law import descend, learn, learn_from_labels, output, with_parameters
from teacherstudent.simulation.runs import simulate
from teacherstudent.spec.parse import parse_spec

FACTOR = 0.25  # a power of two: products with it are exact


class ScaledError(NamedTuple):
    """The loss factor / 2 (student - label)^2: the same as both learning rates times the factor."""

    output_noise: float
    factor: float


@variant(learn, ScaledError)
def from_fields(law, h, p, buffers, key0, key1, step):
    """See `law.learn`."""
    for b in range(p.batch):
        error = output(buffers, p.student, h, buffers.student[b], p.N)
        error -= output(buffers, p.teacher, p.v, buffers.teacher[b], p.N)
        error -= law.output_noise * normal(key0, key1, step, STREAMS * b + LABEL_NOISE)
        if not math.isfinite(error):
            return False
        buffers.errors[b] = law.factor * error
    descend(buffers, h, p)
    return True


@variant(learn_from_labels, ScaledError)
def from_labels(law, h, p, buffers, labels, chosen):
    """See `law.learn_from_labels`."""
    for b in range(p.batch):
        error = output(buffers, p.student, h, buffers.student[b], p.N) - labels[chosen[b]]
        if not math.isfinite(error):
            return False
        buffers.errors[b] = law.factor * error
    descend(buffers, h, p)
    return True


@variant(with_parameters, ScaledError)
def of_task(law, numbers):
    """See `law.with_parameters`."""
    return ScaledError(numbers[0], law.factor)


SIZES = {
    "fresh": ({"dimension": 20}, 3),
    "wide": ({"dimension": 5}, 40),
    "finite": ({"dimension": 20, "samples": 15}, 3),
}


def spec(inputs, hidden, rate):
    return parse_spec(
        document(
            inputs=inputs,
            student={"hidden": hidden},
            teachers={"count": 2, "hidden": 2, "output_noise": [0.3, 0.1]},
            training={"learning_rate": rate, "readout_learning_rate": 2 * rate, "batch_size": 2},
        )
    )


def simulate_by_other_law(monkeypatch, inputs, hidden):
    monkeypatch.setattr(tasks, "SquaredError", lambda noise: ScaledError(noise, FACTOR))
    return simulate(spec(inputs, hidden, 1.0), "network", 3)


@pytest.mark.parametrize("name", thorough_from(1, ["finite", "fresh", "wide"]))
def test_another_law_in_one_file_and_one_line(name, monkeypatch):
    inputs, hidden = SIZES[name]
    expected = simulate(spec(inputs, hidden, FACTOR), "network", 3)
    other = simulate(spec(inputs, hidden, 1.0), "network", 3)
    found = simulate_by_other_law(monkeypatch, inputs, hidden)
    assert_same(found, expected)
    assert not np.array_equal(found.student_readouts, other.student_readouts)


def test_code_for_a_law_from_elsewhere_is_not_saved(monkeypatch):
    """The folder of saved code is named after the content of the kernels only."""
    simulate(spec(*SIZES["finite"], 1.0), "network", 3)
    simulate_by_other_law(monkeypatch, *SIZES["finite"])
    for law, is_saved in (("SquaredError", True), ("ScaledError", False)):
        signature = next(kinds for kinds in samples.train.overloads if law in str(kinds))
        cache = samples.train._cache
        key = cache._index_key(signature, samples.train.targetctx.codegen())
        assert (cache._cache_file.load(key) is not None) is is_saved


class One(NamedTuple):
    """A first type."""

    x: float


class Two(NamedTuple):
    """A second one with the same fields."""

    x: float


class Three(NamedTuple):
    """A type without a variant."""

    x: float


@declared
def value(kind, y):
    """A number that depends on the type."""


@variant(value, One)
def of_one(kind, y):
    return kind.x + y


@variant(value, Two)
def of_two(kind, y):
    return kind.x * y


@njit
def compiled(kind, y):
    return value(kind, y)


@pytest.mark.parametrize("call", [value, compiled], ids=["python", "compiled"])
def test_the_type_chooses_the_variant(call):
    assert call(One(2.0), 5.0) == 7.0
    assert call(Two(2.0), 5.0) == 10.0
    with pytest.raises(Exception, match="Three"):
        call(Three(2.0), 5.0)

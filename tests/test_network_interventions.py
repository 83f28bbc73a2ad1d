"""Engine `network` with interventions: each step is that of a plain loop with the same random numbers."""

from types import SimpleNamespace

import numpy as np
import pytest

from intervention_cases import CASES, TURNING, complete, consolidated
from naive import samples as naive_samples
from naive import sgd_interventions as naive
from teacherstudent.kernels.maths.philox import normal, random_bits
from teacherstudent.kernels.maths.single_normals import fill_single_normals
from teacherstudent.kernels.network.constants import INPUT, INPUT_NOISE, LABEL_NOISE, STREAMS
from teacherstudent.networks.randomness import Purpose, counter_key
from teacherstudent.networks.sampling import sample_networks
from teacherstudent.simulation.runs import simulate
from teacherstudent.spec.parse import parse_spec

SEED = 5


def normals_of(purpose, step, stream, count):
    out = np.zeros(count)
    fill_single_normals(out, *counter_key(SEED, 0, purpose), step, stream)
    return out


def uniform_of(step):
    bits, _ = random_bits(0, *counter_key(SEED, 0, Purpose.TASKS), step, 0)
    return (int(bits) >> 11) / 2**53


def choice_of(step, count, batch):
    key = [int(word) for word in counter_key(SEED, 0, Purpose.REPLAY)]
    return naive_samples.choice(key, count, batch, False, step)


def draws(batch, M, N):
    """The random numbers of the engine, by the public functions."""

    def of(purpose, stream):
        return lambda step, b: normals_of(purpose, step, stream(b), N)

    def label_noise(step, b):
        return normal(*counter_key(SEED, 0, Purpose.TRAINING), step, STREAMS * b + LABEL_NOISE)

    return SimpleNamespace(
        inputs=of(Purpose.TRAINING, lambda b: STREAMS * b + INPUT),
        input_noise=of(Purpose.TRAINING, lambda b: STREAMS * b + INPUT_NOISE),
        label_noise=label_noise,
        forgotten=of(Purpose.REPLAY, lambda b: b),
        uniform=uniform_of,
        drift=lambda step, p, m: normals_of(Purpose.TEACHER_DRIFT, step, p * M + m, N),
        fisher=lambda sample, switch: normals_of(Purpose.FISHER, sample, switch, N),
        choice=lambda step, count: choice_of(step, count, batch),
    )


def assert_as_naive(blocks, moved=0.1, numbers=None):
    """All weights at the end of a run are those of the plain loop; return both."""
    spec = parse_spec(blocks)
    found = simulate(spec, "network", SEED)
    start = sample_networks(spec, SEED, 0)
    if numbers is None:
        numbers = draws(spec.training.batch_size, spec.teachers.hidden, spec.inputs.dimension)
    expected = naive.simulate(blocks, start.W, start.h, start.V, start.v, numbers)
    pairs = {
        "student_weights": expected.W,
        "student_readouts": expected.h,
        "teacher_weights": expected.V,
        "anchor_weights": expected.anchors,
        "penalties": expected.penalties,
    }
    compared = {name: array for name, array in pairs.items() if name in found.state}
    for name, array in compared.items():
        np.testing.assert_allclose(found.state[name], array, rtol=0, atol=1e-12, err_msg=name)
    if found.importances is not None:
        np.testing.assert_allclose(found.importances, expected.importances, rtol=0, atol=1e-12)
    assert np.abs(expected.W - start.W).max() > moved
    return found, expected, compared


@pytest.mark.parametrize("name", CASES)
def test_all_steps_are_those_of_a_plain_loop(name):
    found, _, compared = assert_as_naive(complete(CASES[name]))
    assert len(compared) == (5 if found.importances is not None else 3)
    if found.importances is not None:
        assert found.importances.shape == (2, 3)
        others = np.delete(found.importances.ravel(), 4)  # unit 1 is frozen on task 1
        assert others.min() > 0.0


def test_inputs_longer_than_a_piece_and_many_units():
    """Rows of several pieces, an even number of units."""
    case = CASES["all at once"] | {"inputs": {"dimension": 1100}, "student": {"hidden": 4}}
    blocks = complete(case) | {"curriculum": {"switch_times": [0.01, 0.02], "replay": {"fraction": 0.5}}}
    blocks |= {"duration": 0.03, "record": {"count": 2, "state": True}}
    assert_as_naive(blocks, moved=0.01)


def test_a_teacher_turns_until_it_is_the_other_one():
    case = {
        "teachers": {
            "hidden": 1,
            "features": {"relation": "rotated", "similarity": 0.6},
            "count": 2,
            "output_noise": [0.0, 0.1],
            "input_noise": [0.0, 0.1],
            "rotation": TURNING | {"until": "reached"},
        },
        "training": {"frozen_units": [[], [1]]},
    }
    found, expected, _ = assert_as_naive(complete(case))
    np.testing.assert_allclose(expected.V[0], expected.V[1], rtol=0, atol=1e-12)
    cosines = found.teacher_overlaps_in_time[:, 0, 1, 0, 0]
    np.testing.assert_allclose(cosines[[0, -1]], [0.6, 1.0], rtol=0, atol=1e-12)
    assert found.teacher_overlaps[0, 1, 0, 0] == cosines[0]


SAMPLES = 25
FINITE = {
    "path integral and replay": {
        "curriculum": {"replay": {"fraction": 0.4, "of": "all"}},
        "training": consolidated("path_integral")["training"] | {"l1": 0.2, "batch_size": 2},
    },
    "mixture": CASES["mixture"],
    "in turn, with rates per task": {
        "curriculum": {"replay": {"interleave": {"new": 3, "old": 2}}},
        "training": {"learning_rate": [0.5, 1.5, 0.7]},
    },
    "ewc of weights": consolidated("ewc", importances="weights", fisher_samples=SAMPLES),
    "node, proximal": consolidated("node", step="proximal"),
    "frozen units": {"training": {"deficits": [{"start": 0.5, "until": 3.0, "frozen_units": [0]}]}},
}


@pytest.mark.parametrize("sampling", ["with_replacement", "epochs"])
@pytest.mark.parametrize("name", FINITE)
def test_steps_on_a_finite_training_set(name, sampling):
    """All tasks have the same inputs; the Fisher information is the mean over them."""
    blocks = complete(FINITE[name])
    blocks["inputs"] = {"dimension": 40, "samples": SAMPLES}
    blocks["teachers"] |= {"output_noise": [0.0] * 3, "input_noise": [0.0] * 3}
    blocks["training"] |= {"sampling": sampling}
    batch = blocks["training"].get("batch_size", 1)
    X = np.array([normals_of(Purpose.SAMPLES, i, 0, 40) for i in range(SAMPLES)])
    key = [int(word) for word in counter_key(SEED, 0, Purpose.SAMPLE_CHOICE)]

    def chosen(step, b):
        if sampling == "epochs":
            return naive_samples.visit(key, SAMPLES, batch, step)[b]
        return naive_samples.choice(key, SAMPLES, batch, False, step)[b]

    numbers = draws(batch, 2, 40)
    numbers.inputs = lambda step, b: X[chosen(step, b)]
    numbers.fisher = lambda sample, switch: X[sample]
    found, *_ = assert_as_naive(blocks, numbers=numbers)
    assert found.training_error.shape == (6, 3)

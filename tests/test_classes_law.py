"""Engine `chain` has the law of SGD with labels that are signs: tests against the slow simulation."""

import numpy as np
import pytest

from chain_cases import document
from depth import thorough_from
from laws import assert_other_law, assert_same_law
from naive import sgd
from naive.classes import LOSSES
from teacherstudent.engines.chain import trajectories
from teacherstudent.engines.network import errors
from teacherstudent.simulation.runs import simulate_runs
from teacherstudent.spec.parse import parse_spec

QUANTITIES = ("student_overlaps", "student_teacher_overlaps", "student_readouts")
RUNS = {7: 1200, 20: 1000}
MARGINS = {"hinge": 0.4, "squared_hinge": 0.7}
RATES = {"erf": 2.0, "relu": 0.6, "linear": 0.4}
# Every combination of loss and student; teachers, flips, batches and numbers of units vary with them.
CASES = {f"{loss}-{student}": (loss, student) for loss in LOSSES for student in RATES}
FIRST = ["squared-erf", "logistic-relu", "hinge-linear", "squared_hinge-erf", "hebbian-relu"]
ORDER = FIRST + [name for name in CASES if name not in FIRST]


@pytest.fixture(autouse=True)
def no_errors(monkeypatch):
    """The errors of thousands of runs, which are not compared, would take most of the time."""
    names = "generalisation_error", "classification_error"
    for module in (trajectories, errors):
        monkeypatch.setattr(
            module, "class_errors", lambda spec, Q, *_: dict.fromkeys(names, np.zeros((len(Q), 2)))
        )


def case(name, N, **changes):
    """The spec of a case with N inputs, a switch, and flips of both tasks."""
    loss, student = CASES[name]
    number = ORDER.index(name)
    teachers = {"activation": ("erf", "relu", "linear")[number % 3], "hidden": 1 + number % 2}
    teachers |= {"labels": "sign", "label_flips": [0.1, 0.25], "output_noise": [0.3 * (number % 2), 0.0]}
    training = {"loss": loss, "learning_rate": RATES[student], "batch_size": 1 + number % 2}
    training |= {"margin": MARGINS[loss]} if loss in MARGINS else {}
    training |= {"readout_learning_rate": RATES[student] / 2, "weight_decay": 0.1 * (number % 2)}
    blocks = {"teachers": teachers, "student": {"activation": student}, "training": training}
    described = document(N, **{key: block | changes.get(key, {}) for key, block in blocks.items()})
    return described | {"record": {"times": described["record"]["times"][-2:]}}


def samples(described, runs, seed=0):
    found = list(simulate_runs(parse_spec(described), "chain", seed=seed, runs=runs))
    assert all(one.diverged_at is None for one in found)
    return {name: np.stack([getattr(one, name) for one in found]) for name in QUANTITIES}


def slow_samples(described, runs, seed=1):
    found = sgd.simulate(described, runs, seed)
    return {name: found[name] for name in QUANTITIES}


@pytest.mark.parametrize("N", RUNS)
@pytest.mark.parametrize("name", thorough_from(len(FIRST), ORDER))
def test_law(name, N):
    described = case(name, N)
    assert_same_law(slow_samples(described, RUNS[N], ORDER.index(name)), samples(described, RUNS[N]))


MIXED = {"curriculum": {"mixture": [{"probabilities": [0.4, 0.6]}]}}
DEFICIT = {"start": 0.1, "until": 1.0, "input_noise": 1.0, "teacher": 1}
LEVELS = {"spectrum": "levels", "values": [0.5, 1.5], "fractions": [0.5, 0.5]}
# Interventions and inputs in which chains are compared with engine network.
BLOCKS = {
    "replay and path integrals": {
        "curriculum": {"period": 0.6, "replay": {"fraction": 0.4, "fidelity": 0.7}},
        "training": {"consolidation": {"kind": "path_integral", "strength": 0.3}},
    },
    "a mixture": MIXED,
    "a deficit": {"training": {"deficits": [DEFICIT]}},
    "two variances": {"inputs": {"dimension": 20, "distribution": "correlated", "covariance": LEVELS}},
}


def with_blocks(name, **changes):
    described = case("squared_hinge-erf", 20, teachers={"activation": "erf"} | changes)
    described["training"] |= BLOCKS[name].get("training", {})
    if name == "two variances":
        del described["initial_overlaps"]
    return described | {key: block for key, block in BLOCKS[name].items() if key != "training"}


@pytest.mark.parametrize("name", BLOCKS)
def test_law_of_interventions(name):
    spec = parse_spec(with_blocks(name))
    chain, network = (
        {
            key: np.stack([getattr(one, key) for one in simulate_runs(spec, engine, seed, 250)])
            for key in QUANTITIES
        }
        for engine, seed in (("chain", 0), ("network", 1))
    )
    assert_same_law(chain, network)


# The tests can fail

WRONG = {
    "no flips": ("squared-erf", {"teachers": {"label_flips": [0.0, 0.0]}}),
    "other margin": ("hinge-linear", {"training": {"margin": 0.8}}),
    "flips of the other task": ("logistic-relu", {"teachers": {"label_flips": [0.25, 0.1]}}),
    "no noise before the sign": ("logistic-relu", {"teachers": {"output_noise": [0.0, 0.0]}}),
    "hinge in place of its square": ("squared_hinge-erf", {"training": {"loss": "hinge"}}),
    "outputs in place of signs": ("squared-erf", {"teachers": {"labels": "output"}}),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_laws_are_rejected(wrong):
    name, changes = WRONG[wrong]
    right, other = case(name, 20), case(name, 20, **changes)
    if changes.get("teachers", {}).get("labels") == "output":
        del other["teachers"]["labels"], other["teachers"]["label_flips"]
    assert_other_law(samples(right, 2000), slow_samples(other, 2000))


def test_flips_of_one_task_of_a_mixture_show():
    one, other = (with_blocks("a mixture", label_flips=flips) for flips in ([0.1, 0.25], [0.1, 0.45]))
    assert_other_law(samples(one, 1500), samples(other, 1500, seed=1))


def test_thresholds_compare_the_classification_error():
    """One unit each: phases end at the first comparison where arccos of the correlation / pi is below."""
    described = case(
        "logistic-erf", 20, teachers={"hidden": 1, "activation": "erf", "output_noise": [0.0, 0.0]}
    )
    described["student"]["hidden"], described["training"]["batch_size"] = 1, 1
    described = document(
        20,
        teachers=described["teachers"],
        student=described["student"],
        training=described["training"],
        curriculum={"thresholds": [0.35]},
    )
    described["record"] = {"times": described["record"]["times"][-2:]}
    slow, found = sgd.simulate(described, 600, 1), list(simulate_runs(parse_spec(described), "chain", 0, 600))
    switches = np.array([[*one.switch_times, np.inf][:1] for one in found])
    assert np.isfinite(switches).mean() > 0.1
    names = (*QUANTITIES, "switch_times")
    fast = {name: np.stack([getattr(one, name) for one in found]) for name in QUANTITIES}
    assert_same_law({name: slow[name] for name in names}, fast | {"switch_times": switches})

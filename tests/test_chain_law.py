"""The engine `chain` has the law of SGD: two-sample Kolmogorov-Smirnov tests against the slow simulation."""

import numpy as np
import pytest

from chain_cases import ALL_TERMS, CASES, RELATIONS, SHARP_CASES, THREE_TEACHERS, document
from depth import thorough_from
from laws import assert_other_law, assert_same_law
from naive import chain_laws, sgd
from teacherstudent.simulation.runs import simulate_runs
from teacherstudent.spec.parse import parse_spec

HISTORY = ("generalisation_error", "student_overlaps", "student_teacher_overlaps", "student_readouts")
TEACHERS = ("teacher_overlaps", "teacher_readouts")
REPLICAS = {6: 1500, 20: 1000, 200: 500}
WRONG = [
    ("single", "fixed_length"),
    ("single", "independent_length"),
    ("single", "mean_residual"),
    ("single", "too_many_degrees"),
    ("batch", "orthogonal_residuals"),
]


def engine_samples(described, runs, seed=0):
    """Runs of the engine in the shapes of the slow simulation; a switch that never comes is at infinity."""
    found = list(simulate_runs(parse_spec(described), "chain", seed=seed, runs=runs))
    assert all(one.diverged_at is None for one in found)
    switches = np.full((runs, sgd.count_switches(described)), np.inf)
    for row, one in zip(switches, found, strict=True):
        row[: len(one.switch_times)] = one.switch_times
    samples = {name: np.stack([getattr(one, name) for one in found]) for name in (*HISTORY, *TEACHERS)}
    return samples | {"switch_times": switches}


# The engine


# Terms that the case with all terms has too.
SINGLE_TERMS = ("output_noise", "input_noise", "weight_decay", "batch", "frozen_units", "copied_head")
EACH_CASE = [
    pytest.param(case, marks=[pytest.mark.thorough] if case in SINGLE_TERMS else []) for case in CASES
]


@pytest.mark.parametrize("dimension", thorough_from(1, REPLICAS))
@pytest.mark.parametrize("case", EACH_CASE)
def test_law(case, dimension):
    described = document(dimension, **CASES[case])
    replicas, seed = REPLICAS[dimension], list(CASES).index(case)
    slow = sgd.simulate(described, replicas, seed)
    assert_same_law(slow, engine_samples(described, replicas, seed))


@pytest.mark.parametrize("dimension", [1, 2, 3, 4, 5])
def test_law_with_fewer_inputs_than_units(dimension):
    described = document(dimension, **THREE_TEACHERS, curriculum={"switch_times": [1.0, 2.0]})
    assert_same_law(sgd.simulate(described, 1000, seed=1), engine_samples(described, 1000))


@pytest.mark.parametrize("dimension", [7, 8, 9])
def test_law_with_hardly_more_inputs_than_units(dimension):
    """Seven units leave less room than the two samples of a batch need, and then just as much."""
    described = document(dimension, **ALL_TERMS)
    assert_same_law(sgd.simulate(described, 1000, seed=1), engine_samples(described, 1000))


@pytest.mark.parametrize("relation", RELATIONS)
def test_law_of_sampled_networks(relation):
    described = document(6, True, teachers={"hidden": 2, "features": RELATIONS[relation]})
    described |= {"record": {"times": [0.0, 1 / 6]}, "duration": 1 / 6, "curriculum": {}}
    assert_same_law(sgd.simulate(described, 1000, seed=1), engine_samples(described, 1000))


@pytest.mark.parametrize("case", SHARP_CASES)
def test_law_where_wrong_laws_of_the_inputs_show(case):
    described = SHARP_CASES[case]
    assert_same_law(sgd.simulate(described, 3000, seed=1), engine_samples(described, 3000))


# The tests can fail


@pytest.fixture(scope="module")
def sharp_samples():
    return {case: sgd.simulate(described, 3000, seed=1) for case, described in SHARP_CASES.items()}


@pytest.mark.parametrize("case", SHARP_CASES)
def test_right_law_of_the_inputs_passes(sharp_samples, case):
    assert_same_law(chain_laws.simulate(SHARP_CASES[case], 3000, 2, "right"), sharp_samples[case])


@pytest.mark.parametrize("case, law", WRONG)
def test_wrong_laws_of_the_inputs_are_rejected(sharp_samples, case, law):
    assert_other_law(chain_laws.simulate(SHARP_CASES[case], 3000, 2, law), sharp_samples[case])


@pytest.mark.parametrize("case", ["output_noise", "input_noise", "weight_decay", "batch", "features_only"])
def test_every_term_shows(case):
    with_term, without = (sgd.simulate(document(20, **CASES[name]), 1500, 1) for name in (case, "erf"))
    assert_other_law(with_term, without)

"""Distances of engines on made-up curves, whose law is known or whose distance can be counted by hand."""

import dataclasses

import numpy as np
import pytest

from teacherstudent.experiments.agreement import ROOT_N, STANDARD_ERRORS, distance, distances
from teacherstudent.store.curves import Curves

SIMILARITY, RATE = "teachers.features.similarity", "training.learning_rate"
SPEC = {
    "inputs": {"dimension": 400},
    "teachers": {"count": 2, "hidden": 1, "features": {"relation": "rotated", "similarity": 0.5}},
    "student": {"hidden": 2},
    "training": {"learning_rate": 0.5},
    "curriculum": {"switch_times": [2.0]},
    "duration": 4.0,
}


def curves(engine, errors, axes=None, time=None, seed=1):
    """Curves with the given errors, (axes..., run, time, task)."""
    errors, axes = np.asarray(errors, dtype=float), axes or {}
    lead = errors.shape[: len(axes) + 1]
    return Curves(
        engine=engine,
        axes={key: np.array(values) for key, values in axes.items()},
        runs=lead[-1],
        seed=seed,
        time=np.arange(errors.shape[-2], dtype=float) if time is None else np.asarray(time),
        quantities={"generalisation_error": errors},
        diverged=np.zeros(lead, dtype=bool),
        switch_times=np.full((*lead, 1), 2.0),
        document=SPEC,
    )


def sample(rng, runs, shape=(5, 2), mean=1.0):
    return mean + 0.1 * rng.standard_normal((runs, *shape))


def naive_distance(one, other):
    """The largest |mean - mean| / standard error, by loops."""
    found = []
    for row in range(one.shape[1]):
        for task in range(one.shape[2]):
            a, b = one[:, row, task], other[:, row, task]
            error = (np.var(a, ddof=1) / len(a) + np.var(b, ddof=1) / len(b)) ** 0.5
            found.append((abs(a.mean() - b.mean()) / error, row, task + 1))
    return max(found)


def test_independent_runs_are_compared_in_standard_errors():
    rng = np.random.default_rng(1)
    one, other = sample(rng, 20), sample(rng, 30, mean=1.2)
    found = distance(curves("ode", one), curves("chain", other))
    largest, row, task = naive_distance(one, other)
    assert found.largest == pytest.approx(largest)
    assert (found.time, found.task, found.unit) == (row, task, STANDARD_ERRORS)
    assert (found.engines, found.runs, found.paired) == (("ode", "chain"), (20, 30), False)


def test_equal_laws_are_a_few_standard_errors_apart_and_shifted_ones_many():
    rng = np.random.default_rng(2)
    one = curves("ode", sample(rng, 100, (50, 2)))
    assert 1.0 < distance(one, curves("chain", sample(rng, 100, (50, 2)))).largest < 5.0
    assert distance(one, curves("chain", sample(rng, 100, (50, 2), mean=1.2))).largest > 10.0


def test_runs_from_the_same_networks_are_compared_one_by_one():
    rng = np.random.default_rng(3)
    start, noise = 1.0 + rng.random((10, 1, 1)), 0.01 * rng.standard_normal((10, 5, 2))
    one, other = np.broadcast_to(start, (10, 5, 2)), start + noise
    found = distance(curves("ode", one), curves("network", other))
    expected = np.abs(noise.mean(axis=0)) / (noise.std(axis=0, ddof=1) / np.sqrt(10))
    assert found.paired
    assert found.largest == pytest.approx(expected.max())


@pytest.mark.parametrize(("engine", "seed"), [("chain", 1), ("network", 2)])
def test_runs_from_other_networks_are_not_paired(engine, seed):
    rng = np.random.default_rng(4)
    found = distance(curves("ode", sample(rng, 4)), curves(engine, sample(rng, 4), seed=seed))
    assert not found.paired


def test_of_runs_from_the_same_networks_only_the_common_ones_are_compared():
    one, other = np.array([1.0, 7.0, 9.0])[:, None, None], np.ones((1, 1, 1))
    found = distance(curves("ode", np.tile(one, (1, 3, 2))), curves("network", np.tile(other, (1, 3, 2))))
    assert (found.largest, found.runs, found.paired, found.unit) == (0.0, (1, 1), True, ROOT_N)


def test_single_runs_are_compared_in_decades_by_root_n():
    one, other = np.full((1, 3, 2), 1e-2), np.full((5, 3, 2), 1e-2)
    other[:, 1, 1] = 1e-2 * 10**0.15
    found = distance(curves("ode", one), curves("chain", other))
    assert found.unit == ROOT_N
    assert found.largest == pytest.approx(0.15 * 20)  # sqrt(400)
    assert (found.time, found.task, found.runs) == (1.0, 2, (1, 5))


def test_equal_curves_have_distance_zero_whatever_their_rounding():
    one = sample(np.random.default_rng(5), 3)
    assert distance(curves("ode", one), curves("network", one * (1 + 1e-9))).largest == 0.0


def test_what_rounding_leaves_of_no_error_is_no_difference():
    errors = np.array([[[0.0], [0.5]]])
    found = distance(curves("ode", errors), curves("chain", errors + [[[3e-17], [0.0]]]))
    assert found.largest == 0.0
    assert found.unit == ROOT_N


def test_a_difference_without_spread_is_infinite():
    one = np.ones((2, 3, 2))
    assert distance(curves("ode", one), curves("network", 1.1 * one)).largest == np.inf


def test_only_common_points_count():
    rng = np.random.default_rng(6)
    one = np.array([sample(rng, 5, mean=mean) for mean in (1.0, 2.0, 3.0)])
    other = np.array([sample(rng, 5, mean=mean) for mean in (9.0, 2.0)])
    found = distance(
        curves("ode", one, {SIMILARITY: [0.0, 0.25, 0.3]}), curves("chain", other, {SIMILARITY: [0.1, 0.25]})
    )
    assert (found.points, found.point) == (1, {SIMILARITY: 0.25})
    assert found.largest == pytest.approx(naive_distance(one[1], other[1])[0])


def test_an_axis_of_one_engine_meets_the_spec_of_the_other():
    rng = np.random.default_rng(7)
    one, other = np.array([sample(rng, 5, mean=mean) for mean in (1.0, 2.0)]), sample(rng, 5, mean=2.0)
    found = distance(curves("ode", one, {RATE: [0.1, 0.5]}), curves("chain", other))
    assert found.point == {RATE: 0.5}
    assert found.largest == pytest.approx(naive_distance(one[1], other)[0])


def test_a_default_of_the_spec_is_met_as_well():
    one, other = np.ones((2, 1, 3, 2)), np.ones((1, 3, 2))
    found = distance(curves("ode", one, {"teachers.output_noise": [0.0, 0.1]}), curves("network", other))
    assert found.point == {"teachers.output_noise": 0.0}


def test_base_specs_may_have_short_forms():
    """Sizes that follow from given overlaps, times in a short form, and one number for all teachers."""
    short = {
        "inputs": {"dimension": 400},
        "initial_overlaps": {
            "student": [[0.1]],
            "student_teacher": [[[0.0]]],
            "teacher": [[[[1.0]]]],
            "student_readouts": [[0.1]],
            "teacher_readouts": [[1.0]],
        },
        "training": {"learning_rate": 0.5},
        "duration": 4.0,
        "record": {"times": {"linspace": [0.0, 4.0, 5]}},
    }
    errors = np.ones((1, 1, 5, 1))
    one = curves("ode", errors, {"teachers.output_noise": [0.0]})
    other = curves("network", errors[0])
    both = [dataclasses.replace(each, document=short) for each in (one, other)]
    assert [found.points for found in distances({each.engine: each for each in both})] == [1]


def test_engines_without_a_common_point_are_left_out():
    one, other = np.ones((1, 1, 3, 2)), np.ones((1, 3, 2))
    entries = {"ode": curves("ode", one, {RATE: [0.1]}), "network": curves("network", other)}
    assert distances(entries) == []


def test_three_engines_make_three_pairs():
    one = np.ones((1, 3, 2))
    found = distances({name: curves(name, one) for name in ("ode", "network", "chain")})
    assert [entry.engines for entry in found] == [("ode", "network"), ("ode", "chain"), ("network", "chain")]


def test_other_times_are_interpolated_where_both_are_recorded():
    """Exponential decay is a straight line in log10."""
    fine, coarse = np.linspace(0.0, 2.0, 9), np.array([0.0, 0.7, 1.3, 5.0])
    one, other = (np.exp(-time)[None, :, None] for time in (fine, coarse))
    other[0, 3] = 100.0  # after the end of the first
    entries = curves("ode", one, time=fine), curves("network", other, time=coarse)
    assert distance(*entries).largest == pytest.approx(0.0, abs=1e-9)
    other[0, 2] *= 10.0
    assert distance(*entries).largest == pytest.approx(20.0)
    assert distance(*entries[::-1]).time == 1.3


def test_runs_that_diverged_are_left_out():
    rng = np.random.default_rng(8)
    one, other = sample(rng, 6), sample(rng, 6)
    other[2, 3:] = np.nan
    marked = dataclasses.replace(curves("chain", other), diverged=np.arange(6) == 2)
    found = distance(curves("ode", one), marked)
    assert found.largest == pytest.approx(naive_distance(one, np.delete(other, 2, axis=0))[0])


def test_the_number_of_inputs_may_be_an_axis():
    one, other = np.ones((2, 1, 3, 2)), np.ones((2, 1, 3, 2))
    other[1] *= 10.0
    axes = {"inputs.dimension": [100, 900]}
    found = distance(curves("ode", one, axes), curves("network", other, axes))
    assert (found.inputs, found.largest) == (900, pytest.approx(30.0))

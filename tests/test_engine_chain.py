"""Engine `chain`: chains in batches, any number of inputs, initial networks, curricula of single columns.

What every engine must do is in test_engines.py, the law itself in test_chain_law.py.
"""

import tracemalloc

import numpy as np
import pytest

from samples import trajectory
from teacherstudent.engines.base import ENGINES
from teacherstudent.engines.chain import engine as chain
from teacherstudent.engines.trajectory import Trajectory
from teacherstudent.errors import SpecError
from teacherstudent.networks.coordinates import coordinates_of_runs, sample_coordinates
from teacherstudent.networks.randomness import triangular_rows
from teacherstudent.networks.sampling import order_parameters, sample_networks
from teacherstudent.simulation.runs import simulate, simulate_points, simulate_runs
from teacherstudent.spec.parse import parse_spec


def document(**blocks):
    return {
        "inputs": {"dimension": 100},
        "teachers": {"count": 2, "hidden": 2, "features": {"relation": "rotated", "similarity": 0.5}},
        "student": {"hidden": 3, "initial": {"weights_std": 0.5, "readouts_std": 0.5}},
        "training": {"learning_rate": 1.0},
        "curriculum": {"switch_times": [1.5]},
        "duration": 3.0,
        "record": {"count": 4},
    } | blocks


def spec(**blocks):
    return parse_spec(document(**blocks))


def assert_same(one: Trajectory, other: Trajectory):
    assert vars(one).keys() == vars(other).keys()
    for name, value in vars(one).items():
        np.testing.assert_array_equal(value, vars(other)[name], err_msg=name)


# Company

DIFFERENT = {
    "plain": {},
    "rates": {"training": {"learning_rate": 0.3, "readout_learning_rate": 2.0}},
    "features_only": {"training": {"learning_rate": 1.0, "train": ["features"]}},
    "decay_and_frozen": {
        "training": {"learning_rate": 1.0, "weight_decay": 0.5, "frozen_units": [[0], [1, 2]]}
    },
    "noises": {"teachers": document()["teachers"] | {"output_noise": [0.5, 0.0], "input_noise": [0.0, 0.7]}},
    "similarity": {"teachers": document()["teachers"] | {"features": {"relation": "identical"}}},
    "other_switches": {"curriculum": {"switch_times": [0.333, 0.7, 2.9], "order": [1, 0]}},
    "threshold": {"curriculum": {"thresholds": [0.4, 0.2]}},
    "copied_head": {"student": document()["student"] | {"copy_head_at_switch": "every"}},
    "diverging": {"training": {"learning_rate": 1e40}},
}


@pytest.fixture(scope="module")
def grid():
    specs = [spec(**blocks) for blocks in DIFFERENT.values()]
    return specs, list(simulate_points(specs, "chain", seed=5, runs=14))


def test_all_points_of_the_grid_have_one_batch_key(grid):
    assert len({chain.batch_key(one, 0) for one in grid[0]}) == 1
    assert len(grid[1]) == 140 > ENGINES["chain"].batch_limit


def test_a_chain_is_the_same_alone_and_in_a_batch(grid):
    specs, trajectories = grid
    for place in (0, 15, 32, 40, 58, 69, 71, 86, 100, 114, 127, 139):
        alone = simulate(specs[place // 14], "chain", seed=5, run=place % 14)
        assert_same(trajectories[place], alone)


def test_a_diverging_chain_leaves_the_others_alone(grid):
    diverged = [one.diverged_at is not None for one in grid[1]]
    assert diverged == [False] * 126 + [True] * 14


def test_runs_differ(grid):
    firsts = {one.student_overlaps[0, 0, 0] for one in grid[1][:14]}
    lasts = {one.student_overlaps[-1, 0, 0] for one in grid[1][:14]}
    assert len(firsts) == len(lasts) == 14


def test_every_chain_has_its_own_switches(grid):
    by_name = dict(zip(DIFFERENT, zip(*[iter(grid[1])] * 14, strict=True), strict=True))
    assert by_name["plain"][0].switch_times.tolist() == [1.5]
    assert by_name["other_switches"][3].switch_times.tolist() == [0.33, 0.7, 2.9]
    assert by_name["other_switches"][3].active_teacher.tolist() == [1, 1, 1, 0]
    switches = {tuple(one.switch_times) for one in by_name["threshold"]}
    assert len(switches) > 1
    for time in np.concatenate([one.switch_times for one in by_name["threshold"]]):
        assert time / 0.01 == pytest.approx(round(time / 0.01))


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_points_come_in_order_whatever_their_batches(grid, threads):
    """Widths of students alternate, so that the batches do not follow the order of the points."""
    specs = [
        spec(student=document()["student"] | {"hidden": hidden}, training={"learning_rate": rate})
        for rate, hidden in ((1.0, 3), (1.0, 1), (0.3, 3), (0.3, 1))
    ]
    seen = {}
    found = simulate_points(specs, "chain", 5, 3, threads, lambda *report: seen.update([report]))
    for place, one in enumerate(found):
        assert_same(one, simulate(specs[place // 3], "chain", 5, place % 3))
    assert seen == dict.fromkeys(range(12), 1.0)


def test_batches_are_as_large_as_they_may_be(monkeypatch):
    sizes = []

    def counted(specs, seed, runs, progress, starts):
        sizes.append(len(specs))
        return [trajectory()] * len(specs)

    monkeypatch.setattr(chain, "simulate", counted)
    for runs, threads, expected in ((1, 4, [1]), (128, 1, [128]), (129, 1, [64, 65]), (10, 2, [5, 5])):
        sizes.clear()
        assert len(list(simulate_runs(spec(), "chain", runs=runs, threads=threads))) == runs
        assert sorted(sizes) == expected


def test_points_of_engines_that_do_runs_side_by_side():
    specs = [spec(training={"learning_rate": rate}) for rate in (1.0, 0.5)]
    found = list(simulate_points(specs, "ode", seed=2, runs=2, threads=2))
    for place, one in enumerate(found):
        assert_same(one, simulate(specs[place // 2], "ode", 2, place % 2))


# Any number of inputs


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("relation", ["independent", "identical"])
@pytest.mark.parametrize("dimension", [*range(1, 13), 10**9])
def test_any_number_of_inputs(dimension, relation, batch):
    steps = 20
    blocks = {
        "inputs": {"dimension": dimension},
        "teachers": document()["teachers"] | {"features": {"relation": relation}},
        "training": {"learning_rate": 0.1, "batch_size": batch},
        "duration": steps / dimension,
        "curriculum": {"switch_times": [steps / dimension / 2]},
        "record": {"count": 5},
    }
    for one in simulate_runs(spec(**blocks), "chain", runs=3):
        assert one.diverged_at is None
        assert len(one.time) == 5
        T = one.teacher_overlaps.transpose(0, 2, 1, 3).reshape(4, 4)
        for Q, R in zip(one.student_overlaps, one.student_teacher_overlaps, strict=True):
            R = R.transpose(1, 0, 2).reshape(3, 4)
            values = np.linalg.eigvalsh(np.block([[Q, R], [R.T, T]]))
            assert values.min() > -1e-12
            assert np.sum(values > 1e-10) <= dimension


def test_an_enormous_number_of_inputs_needs_no_memory():
    big = spec(inputs={"dimension": 10**9}, duration=1e-7, curriculum={}, record={"count": 2})
    tracemalloc.start()
    assert simulate(big, "chain").diverged_at is None
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 2e8


def test_a_long_noiseless_run_stays_finite_and_positive():
    blocks = {
        "inputs": {"dimension": 50},
        "teachers": {"count": 1, "hidden": 2},
        "student": {"hidden": 2, "initial": {"weights_std": 0.5, "readouts_std": 0.5}},
        "curriculum": {},
        "duration": 800.0,
        "record": {"count": 9},
    }
    for one in simulate_runs(spec(**blocks), "chain", runs=8):
        assert one.diverged_at is None
        assert np.linalg.eigvalsh(one.student_overlaps).min() >= -1e-14
        assert one.generalisation_error[-1, 0] < one.generalisation_error[0, 0]


# Initial networks

RUNS = 600
RELATIONS = {
    "independent": {"relation": "independent", "norm": 1.3},
    "gaussian": {"relation": "independent", "norm": None},
    "identical": {"relation": "identical", "norm": None},
    "rotated": {"relation": "rotated", "similarity": -0.6, "norm": None},
    "interpolated": {"relation": "interpolated", "similarity": 0.7, "norm": None},
    "shared_nodes": {"relation": "shared_nodes", "similarity": 0.4, "shared": 1, "norm": 1.0},
}


@pytest.mark.parametrize("relation", RELATIONS)
def test_initial_overlaps_have_the_mean_and_spread_of_sampled_networks(relation):
    one = spec(teachers={"count": 2, "hidden": 2, "features": RELATIONS[relation]}, inputs={"dimension": 8})
    C = [np.empty((RUNS, 7, 7)) for _ in range(2)]
    for run in range(RUNS):
        net = sample_networks(one, 0, run)
        now, frame = order_parameters(net), sample_coordinates(one, 1, run)
        C[0][run] = np.block([[now.Q, now.R], [now.R.T, now.T]])
        rows = np.concatenate([frame.W, frame.V.reshape(4, -1)])
        C[1][run] = rows @ rows.T / 8
    mean, mean_square = ([np.mean(one**power, axis=0) for one in C] for power in (1, 2))
    error = np.sqrt(np.var(C[0], axis=0) * 2 / RUNS) + 1e-12
    assert np.abs((mean[0] - mean[1]) / error).max() < 5
    error = np.sqrt(np.var(C[0] ** 2, axis=0) * 2 / RUNS) + 1e-12
    assert np.abs((mean_square[0] - mean_square[1]) / error).max() < 5


INITIAL = {
    "symmetric": {"weights_std": 0.7, "readouts_std": 0.3, "asymmetry": 0.5},
    "informed": {"weights_std": 0.5, "readouts_std": 0.3},
    "imbalance": {"weights_std": 0.5, "readouts_std": 0.3, "readouts_imbalance": 0.5},
}


@pytest.mark.parametrize("case", [*RELATIONS, *INITIAL])
def test_networks_of_several_runs_are_those_of_each_run_alone(case):
    features, scheme = RELATIONS.get(case, RELATIONS["gaussian"]), case if case != "imbalance" else "gaussian"
    initial = {"scheme": scheme} | INITIAL[case] if case in INITIAL else {"scheme": "large"}
    one = spec(
        teachers={"count": 2, "hidden": 2, "features": features},
        student={"hidden": 3, "initial": initial},
    )
    together = coordinates_of_runs(one, 7, [4, 0, 9])
    for i, run in enumerate([4, 0, 9]):
        for found, expected in zip(together, sample_coordinates(one, 7, run), strict=True):
            np.testing.assert_array_equal(found[i], expected)


def test_readouts_are_those_of_the_sampled_networks():
    one = spec()
    for run in (0, 3):
        net, frame = sample_networks(one, 4, run), sample_coordinates(one, 4, run)
        np.testing.assert_array_equal(net.h, frame.h)
        np.testing.assert_array_equal(net.v, frame.v)


@pytest.mark.parametrize("dimension", [2, 5, 9])
def test_triangular_rows(dimension):
    rows = triangular_rows(9, range(4000), 5, dimension)
    assert rows.shape[1:] == (5, min(5, dimension))
    np.testing.assert_array_equal(np.triu(rows, 1), 0.0)
    products = rows @ rows.swapaxes(1, 2)
    np.testing.assert_allclose(products.mean(axis=0), dimension * np.eye(5), atol=0.35)
    spread = products.var(axis=0) / dimension
    np.testing.assert_allclose(spread, 1.0 + np.eye(5), rtol=0.2)


def test_too_few_inputs_for_given_overlaps_are_refused():
    overlaps = {
        "student": [[1.0, 0.0], [0.0, 1.0]],
        "student_teacher": [[[0.0], [0.0]]],
        "teacher": [[[[1.0]]]],
        "student_readouts": [[1.0, 1.0]],
        "teacher_readouts": [[1.0]],
    }
    blocks = {"teachers": {}, "student": {}, "curriculum": {}, "initial_overlaps": overlaps}
    assert simulate(spec(**blocks, inputs={"dimension": 3}), "chain").diverged_at is None
    with pytest.raises(SpecError, match=r"^inputs.dimension: 2 is not allowed.* at least 3 inputs$"):
        simulate(spec(**blocks, inputs={"dimension": 2}), "chain")

"""Runs of engine `ode` side by side: each has the bits of the run alone, whatever its companions."""

from dataclasses import replace

import numpy as np
import pytest

from teacherstudent import parse_spec
from teacherstudent.engines.ode import engine, together
from teacherstudent.engines.ode.choice import has_lanes
from teacherstudent.engines.start import BEGINNING, Start
from teacherstudent.simulation.runs import simulate_points

BASE = {
    "inputs": {"dimension": 500},
    "teachers": {
        "count": 2,
        "hidden": 1,
        "features": {"relation": "rotated", "similarity": 0.3},
        "readouts": {"norm": 1.0},
    },
    "student": {"hidden": 2, "initial": {"weights_std": 0.1, "readouts_std": 0.1}},
    "training": {"learning_rate": 0.5},
    "curriculum": {"switch_times": [20.0]},
    "duration": 50.0,
    "record": {"count": 21, "state": True},
}


def spec_with(**changes):
    """Return the spec with other values at dotted keys, with __ for the dots."""
    document = {key: dict(value) if isinstance(value, dict) else value for key, value in BASE.items()}
    for key, value in changes.items():
        *path, last = key.split("__")
        block = document
        for name in path:
            block[name] = dict(block.get(name, {}))
            block = block[name]
        block[last] = value
    return parse_spec(document)


# Runs of very different lengths, by time, switches, thresholds, and steps; one of them diverges.
PLAIN = [
    spec_with(teachers__features__similarity=0.9),
    spec_with(duration=400.0),
    spec_with(duration=20.5),
    spec_with(training__learning_rate=[0.1, 2.0]),
    spec_with(training__learning_rate=[0.1, 1e25]),
    spec_with(curriculum={"switch_times": [1.0]}, teachers__output_noise=0.1),
    spec_with(teachers__input_noise=[0.3, 0.0], numerics={"relative_tolerance": 1e-6}),
    spec_with(curriculum={"thresholds": [1e-3]}, duration=300.0),
    spec_with(curriculum={"thresholds": [5e-3]}, duration=300.0),
    spec_with(curriculum={"thresholds": [1e-9]}, duration=100.0),
    spec_with(curriculum={"thresholds": [2.0]}, duration=100.0),
    spec_with(
        training__frozen_units=[[], [0]], record={"times": [0.0, 19.99, 20.0, 20.01, 50.0], "state": True}
    ),
    spec_with(duration=0.02, curriculum={}),
]
INTERVENED = [
    spec_with(curriculum={"switch_times": [20.0], "replay": {"fraction": 0.3}}),
    spec_with(curriculum={"switch_times": [5.0], "replay": {"fraction": 0.1}}, duration=100.0),
    spec_with(curriculum={"switch_times": [10.0], "replay": {"fraction": 0.2}}, training__weight_decay=0.01),
    spec_with(curriculum={"switch_times": [10.0], "replay": {"interleave": {"new": 500, "old": 300}}}),
    *[
        spec_with(training__consolidation={"kind": "quadratic", "strength": strength})
        for strength in (0.1, 0.5, 2.0)
    ],
    *[
        spec_with(training__consolidation={"kind": "path_integral", "strength": strength})
        for strength in (0.1, 0.5, 2.0)
    ],
    *[spec_with(teachers__drift=[drift, 0.0]) for drift in (0.01, 0.02, 0.04)],
    *[
        spec_with(curriculum={"thresholds": [threshold], "replay": {"fraction": 0.2}}, duration=200.0)
        for threshold in (1e-3, 2e-3, 1e-2)
    ],
]


def simulated(specs, runs=None, starts=None):
    """Return the trajectories of one batch."""
    runs = [0] * len(specs) if runs is None else runs
    starts = [BEGINNING] * len(specs) if starts is None else starts
    return engine.simulate(specs, 3, runs, lambda fraction: None, starts)


def assert_same(a, b):
    """Assert that two trajectories have the same bits, states and restart points included."""
    assert (a.diverged_at, a.arrays.keys(), a.state.keys()) == (
        b.diverged_at,
        b.arrays.keys(),
        b.state.keys(),
    )
    for one, other in ((a.arrays, b.arrays), (a.state, b.state)):
        for name in one:
            np.testing.assert_array_equal(one[name], other[name], err_msg=name)


@pytest.fixture(scope="module")
def alone():
    """The trajectory of each run alone."""
    return {id(spec): simulated([spec])[0] for spec in PLAIN + INTERVENED}


def test_the_cases_have_lanes_and_are_different(alone):
    assert all(map(has_lanes, PLAIN + INTERVENED))
    assert [alone[id(spec)].diverged_at is not None for spec in PLAIN].count(True) == 1
    switches = [tuple(alone[id(spec)].switch_times) for spec in PLAIN]
    assert () in switches and (20.0,) in switches and (0.0,) in switches
    assert len(set(switches)) >= 6


@pytest.mark.parametrize("specs", [PLAIN, INTERVENED], ids=["plain", "intervened"])
def test_runs_have_the_same_bits_alone_and_in_batches_of_any_order(specs, alone, monkeypatch):
    monkeypatch.setattr(together, "FEWEST", 1)
    order = np.random.default_rng(0).permutation(np.repeat(np.arange(len(specs)), 2))
    for batch in (order, order[:3], order[::-1], order[5:6]):
        chosen = [specs[i] for i in batch]
        for spec, found in zip(chosen, simulated(chosen), strict=True):
            assert_same(found, alone[id(spec)])


def test_runs_of_other_numbers_have_the_same_bits(monkeypatch):
    spec, runs = PLAIN[0], list(range(11))
    together_found = simulated([spec] * 11, runs)
    for run in (0, 4, 10):
        assert_same(together_found[run], simulated([spec], [run])[0])
    assert len({found.student_overlaps[-1].tobytes() for found in together_found}) == 11


def test_a_run_in_pieces_has_the_bits_of_the_whole(monkeypatch):
    monkeypatch.setattr(together, "_steps_per_report", lambda p: 3)
    fractions = []
    found = engine.simulate(PLAIN, 3, [0] * len(PLAIN), fractions.append, [BEGINNING] * len(PLAIN))
    monkeypatch.undo()
    for one, other in zip(found, simulated(PLAIN), strict=True):
        assert_same(one, other)
    assert (
        len(fractions) > 50 and sorted(fractions) == fractions and 0.0 <= fractions[0] <= fractions[-1] <= 1.0
    )


@pytest.mark.parametrize("specs", [PLAIN[:4], INTERVENED[:2] + INTERVENED[4:7]], ids=["plain", "intervened"])
def test_resumed_runs_end_with_the_bits_of_the_whole_side_by_side(specs, alone):
    shorter = [replace(spec, duration=0.7 * spec.duration) for spec in specs]
    begun = simulated(shorter)
    starts = [
        Start(
            float(found.state["time"]),
            tuple(found.switch_times),
            (0, 1)[: len(found.switch_times) + 1],
            engine="ode",
            state=found.state,
            spec=spec,
        )
        for spec, found in zip(shorter, begun, strict=True)
    ]
    for spec, found in zip(specs, simulated(specs, starts=starts), strict=True):
        for name in ("order_parameters", "integrator_y", "integrator_k", "integrator_numbers"):
            np.testing.assert_array_equal(found.state[name], alone[id(spec)].state[name])


def test_shards_and_threads_do_not_change_the_bits(alone):
    wholes = list(simulate_points(PLAIN, "ode", seed=3, threads=2))
    parts = [*simulate_points(PLAIN[:4], "ode", seed=3), *simulate_points(PLAIN[4:], "ode", seed=3)]
    for spec, whole, part in zip(PLAIN, wholes, parts, strict=True):
        assert_same(whole, alone[id(spec)])
        assert_same(part, alone[id(spec)])


def test_only_few_erf_units_with_independent_inputs_have_lanes():
    assert not has_lanes(spec_with(student__hidden=40))
    assert not has_lanes(spec_with(student__activation="linear", teachers__activation="linear"))
    assert not has_lanes(spec_with(student__activation="relu", teachers__activation="relu"))
    keys = {engine.batch_key(spec, 0) for spec in PLAIN}
    assert len(keys) == 1
    many = replace(PLAIN[0], record=replace(PLAIN[0].record, count=20_000))
    assert engine.batch_key(many, 0) != engine.batch_key(many, 1)
    linear = spec_with(student__activation="linear", teachers__activation="linear")
    assert engine.batch_key(linear, 0) != engine.batch_key(linear, 1)

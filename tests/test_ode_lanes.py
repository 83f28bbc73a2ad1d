"""Runs of engine `ode` side by side: each has the bits of the run alone, whatever its companions."""

from dataclasses import replace

import numpy as np
import pytest

from lane_cases import (
    BLOCKS,
    INTERVENED,
    LINEAR,
    MODES,
    PLAIN,
    RELU,
    RULES,
    SIGNS,
    UNLIKE,
    modes_with,
    spec_with,
)
from teacherstudent.engines.ode import choice, engine, together
from teacherstudent.engines.ode.choice import has_lanes
from teacherstudent.engines.ode.structured_estimates import MOST_GROUPS
from teacherstudent.engines.start import BEGINNING, Start
from teacherstudent.simulation.runs import simulate_points

CASES = {
    "plain": PLAIN,
    "intervened": INTERVENED,
    "linear": LINEAR,
    "blocks": BLOCKS,
    "modes": MODES,
    "unlike": UNLIKE,
    "relu": RELU,
    "signs": SIGNS,
    "rules": RULES,
}


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
    return {id(spec): simulated([spec])[0] for cases in CASES.values() for spec in cases}


def test_the_cases_have_lanes_and_are_different(alone):
    assert all(has_lanes(spec) for cases in CASES.values() for spec in cases)
    assert [alone[id(spec)].diverged_at is not None for spec in PLAIN].count(True) == 1
    switches = [tuple(alone[id(spec)].switch_times) for spec in PLAIN]
    assert () in switches and (20.0,) in switches and (0.0,) in switches
    assert len(set(switches)) >= 6


@pytest.mark.parametrize("specs", CASES.values(), ids=CASES)
def test_runs_have_the_same_bits_alone_and_in_batches_of_any_order(specs, alone, monkeypatch):
    monkeypatch.setattr(choice, "FEWEST", 1)
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


def test_thresholds_are_passed_at_the_same_bits_alone_and_together(monkeypatch):
    spec = spec_with(
        teachers={"count": 3, "hidden": 2, "readouts": {"norm": 1.0}, "output_noise": [0.3, 0.1, 0.2]},
        student={"hidden": 3, "initial": {"weights_std": 0.1, "readouts_std": 0.3}},
        training={"learning_rate": 3.0, "batch_size": 2, "weight_decay": 0.05},
        curriculum={"thresholds": [0.1, 0.2]},
        duration=5.0,
    )
    runs, found = list(range(16)), []
    for fewest in (1, len(runs) + 1):
        monkeypatch.setattr(choice, "FEWEST", fewest)
        found.append(simulated([spec] * len(runs), runs))
    assert sum(len(one.switch_times) for one in found[0]) >= len(runs)
    for one, other in zip(*found, strict=True):
        assert_same(one, other)


def test_a_run_in_pieces_has_the_bits_of_the_whole(monkeypatch):
    monkeypatch.setattr(together, "_steps_per_report", lambda p, size: 3)
    fractions = []
    found = engine.simulate(PLAIN, 3, [0] * len(PLAIN), fractions.append, [BEGINNING] * len(PLAIN))
    monkeypatch.undo()
    for one, other in zip(found, simulated(PLAIN), strict=True):
        assert_same(one, other)
    assert (
        len(fractions) > 50 and sorted(fractions) == fractions and 0.0 <= fractions[0] <= fractions[-1] <= 1.0
    )


@pytest.mark.parametrize(
    "specs",
    [
        PLAIN[:4],
        INTERVENED[:2] + INTERVENED[4:7],
        LINEAR[:4],
        BLOCKS[:6],
        MODES[:7],
        UNLIKE[:6],
        RELU[:6],
        SIGNS[:6],
        RULES[:4],
    ],
    ids=CASES,
)
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


@pytest.mark.parametrize("name", ["plain", "blocks", "modes"])
def test_shards_and_threads_do_not_change_the_bits(name, alone):
    specs = CASES[name]
    wholes = list(simulate_points(specs, "ode", seed=3, threads=2))
    parts = [*simulate_points(specs[:4], "ode", seed=3), *simulate_points(specs[4:], "ode", seed=3)]
    for spec, whole, part in zip(specs, wholes, parts, strict=True):
        assert_same(whole, alone[id(spec)])
        assert_same(part, alone[id(spec)])


def test_only_few_units_and_few_order_parameters_have_lanes():
    assert not has_lanes(spec_with(student__hidden=40))
    assert not has_lanes(spec_with(student__activation="tanh"))
    assert not has_lanes(modes_with(numerics={"latents": "infinite", "nodes": MOST_GROUPS}))
    keys = {engine.batch_key(spec, 0) for spec in PLAIN}
    assert len(keys) == 1
    many = replace(PLAIN[0], record=replace(PLAIN[0].record, count=20_000))
    assert engine.batch_key(many, 0) != engine.batch_key(many, 1)
    assert len({engine.batch_key(spec, 0) for spec in (PLAIN[0], LINEAR[0], BLOCKS[0], MODES[0])}) == 4
    wide = spec_with(student__hidden=40)
    assert engine.batch_key(wide, 0) != engine.batch_key(wide, 1)

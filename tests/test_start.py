"""Runs that start from the state of another, next to runs that did not stop, and from order parameters."""

import dataclasses

import numpy as np
import pytest

from depth import crossed
from samples import assert_equal, assert_same
from teacherstudent.engines.start import BEGINNING, times_from
from teacherstudent.engines.trajectory import stored_R, stored_T
from teacherstudent.errors import SpecError
from teacherstudent.networks.sampling import initial_order_parameters
from teacherstudent.simulation.runs import simulate, simulate_runs
from teacherstudent.spec.parse import parse_spec
from teacherstudent.store.runs import write_runs
from teacherstudent.store.starts import load_start

ENGINES = ["network", "chain", "ode"]
EACH = pytest.mark.parametrize("engine", ENGINES)
HISTORY = ("time", "generalisation_error", "student_overlaps", "student_teacher_overlaps", "student_readouts")
END, RUNS, SEED = 2.0, 3, 5
TIMES = [0.0, 0.7, 1.5, 2.0, 2.1, 3.0, 4.2, 5.0]
# Curricula with switches before and after END, or at it.
CURRICULA = {
    "between": {"period": 1.3, "order": [1, 0, 2]},
    "at_the_end": {"period": 1.0},
    "none": {},
    "thresholds": {"thresholds": [0.1, 0.1, 0.01]},
}
# What else is switched on.
TERMS = {
    "all": {},
    "shared_head": {"student": {"hidden": 3, "heads": "shared"}, "training": {"learning_rate": 0.5}},
    "few_inputs": {"inputs": {"dimension": 7}},
    "single": {"numerics": {"precision": "float32"}},
}


def document(**blocks):
    """Three teachers and everything that can happen in a step."""
    return {
        "inputs": {"dimension": 60},
        "teachers": {
            "count": 3,
            "hidden": 2,
            "readouts": {"norm": 1.0},
            "output_noise": [0.3, 0.1, 0.2],
            "input_noise": [0.1, 0.0, 0.2],
        },
        "student": {
            "hidden": 3,
            "copy_head_at_switch": "every",
            "initial": {"weights_std": 0.1, "readouts_std": 0.3},
        },
        "training": {
            "learning_rate": 3.0,
            "batch_size": 2,
            "weight_decay": 0.05,
            "frozen_units": [[0], [], [1]],
        },
        "curriculum": CURRICULA["between"],
        "duration": 5.0,
        "record": {"times": TIMES},
    } | blocks


def short_steps(**blocks):
    """The same for the ode, with so many inputs that steps are far shorter than those of the integrator."""
    start = initial_order_parameters(parse_spec(document()), SEED, 0)
    overlaps = {"student": start.Q, "student_teacher": stored_R(start.R, 3), "teacher": stored_T(start.T, 3)}
    overlaps |= {"student_readouts": start.h, "teacher_readouts": start.v}
    return document(inputs={"dimension": 10**9}, initial_overlaps=overlaps, **blocks)


def until(end, blocks):
    """The same run, stopped earlier, with its state."""
    times = [time for time in blocks["record"]["times"] if time <= end]
    return parse_spec(blocks | {"duration": end, "record": {"times": times, "state": True}})


def stored(path, spec, engine, runs=RUNS, starts=()):
    """Write runs to a file; return what starts from it."""
    trajectories = list(simulate_runs(spec, engine, SEED, runs, 2, starts=starts))
    write_runs(path, [("/", spec, engine, SEED, trajectories)], run_axis=runs > 1)
    return load_start(path)


def assert_goes_on(whole, resumed, time=END):
    """A resumed run is the later part of the whole one, bit for bit."""
    kept = whole.time >= time - 1e-9
    for name in (*HISTORY, "active_teacher"):
        assert_equal(getattr(whole, name)[kept], getattr(resumed, name), name)
    for name in ("switch_times", "teacher_overlaps", "teacher_readouts"):
        assert_equal(getattr(whole, name), getattr(resumed, name), name)
    assert whole.diverged_at is resumed.diverged_at is None


# Going on from a state


@EACH
@pytest.mark.parametrize(("curriculum", "terms"), crossed(CURRICULA, TERMS))
def test_what_goes_on_from_a_state_has_the_bits_of_what_did_not_stop(tmp_path, engine, curriculum, terms):
    blocks = document(**{"curriculum": CURRICULA[curriculum]} | TERMS[terms])
    spec = parse_spec(blocks)
    starts = stored(tmp_path / "a.h5", until(END, blocks), engine)
    whole = list(simulate_runs(spec, engine, SEED, RUNS))
    for threads in (1, 2):
        resumed = list(simulate_runs(spec, engine, SEED, RUNS, threads, starts=starts))
        for one, other in zip(whole, resumed, strict=True):
            assert_goes_on(one, other)


@EACH
def test_the_curricula_of_these_tests_switch_on_both_sides(engine):
    for curriculum in ("between", "at_the_end", "thresholds"):
        spec = parse_spec(document(curriculum=CURRICULA[curriculum]))
        switches = np.concatenate([run.switch_times for run in simulate_runs(spec, engine, SEED, RUNS)])
        assert (switches < END).any() and (switches >= END).any(), curriculum


@EACH
def test_a_run_can_stop_again_and_again(tmp_path, engine):
    blocks = document()
    starts = stored(tmp_path / "1.h5", until(1.5, blocks), engine)
    starts = stored(tmp_path / "2.h5", until(2.1, blocks), engine, starts=starts)
    spec = parse_spec(blocks)
    for run, one in enumerate(simulate_runs(spec, engine, SEED, RUNS)):
        assert_goes_on(one, simulate(spec, engine, SEED, run, start=starts[run]), 2.1)


@EACH
def test_one_run_without_a_run_axis(tmp_path, engine):
    blocks = document()
    (start,) = stored(tmp_path / "a.h5", until(END, blocks), engine, runs=1)
    spec = parse_spec(blocks)
    assert_goes_on(simulate(spec, engine, SEED), simulate(spec, engine, SEED, start=start))


@EACH
def test_the_state_is_that_of_the_end_and_not_of_the_last_recorded_time(tmp_path, engine):
    blocks = document()
    short = parse_spec(blocks | {"duration": END, "record": {"times": [0.0, 0.7], "state": True}})
    (start,) = stored(tmp_path / "a.h5", short, engine, runs=1)
    spec = parse_spec(blocks)
    assert_goes_on(simulate(spec, engine, SEED), simulate(spec, engine, SEED, start=start))


@pytest.mark.parametrize("engine", ["network", "chain"])
def test_a_run_that_diverges_after_its_start_says_when(tmp_path, engine):
    blocks = document(student={"hidden": 3, "activation": "linear"})
    blocks["teachers"] = blocks["teachers"] | {"activation": "linear"}
    blocks["training"] = {"learning_rate": 0.1}
    (start,) = stored(tmp_path / "a.h5", until(END, blocks), engine, runs=1)
    fast = parse_spec(blocks | {"training": {"learning_rate": 1000.0}})
    assert END < simulate(fast, engine, SEED, start=start).diverged_at < 5.0


@pytest.mark.parametrize("beyond", [1e-9, 1e-3, 0.05])
def test_a_threshold_in_a_step_that_the_end_cut(tmp_path, beyond):
    """The end of the run has changed the interpolant that locates the switch: the ode goes back before it."""
    blocks = short_steps(curriculum={"thresholds": [0.1, 0.1]}, record={"times": [0.0, 0.1, 3.0, 5.0]})
    spec = parse_spec(blocks)
    whole = simulate(spec, "ode", SEED)
    end = whole.switch_times[0] + beyond
    (start,) = stored(tmp_path / "a.h5", until(end, blocks), "ode", runs=1)
    resumed = simulate(spec, "ode", SEED, start=start)
    assert_goes_on(whole, resumed, end)


@pytest.mark.parametrize("end", [1e-6, 1e-3, 1.3 + 1e-7])
def test_an_end_within_the_first_step_of_a_phase(tmp_path, end):
    blocks = short_steps(record={"times": [0.0, end / 2, end, 3.0, 5.0]})
    spec = parse_spec(blocks)
    (start,) = stored(tmp_path / "a.h5", until(end, blocks), "ode", runs=1)
    assert_goes_on(simulate(spec, "ode", SEED), simulate(spec, "ode", SEED, start=start), end)


@EACH
def test_another_learning_rate_acts_from_the_start_on_only(tmp_path, engine):
    """With none at all the student stays as the other run left it."""
    blocks = document()
    short = until(END, blocks)
    (start,) = stored(tmp_path / "a.h5", short, engine, runs=1)
    last = simulate(short, engine, SEED)
    blocks["training"] = {"learning_rate": 0.0}
    still = simulate(parse_spec(blocks | {"curriculum": {"order": [0]}}), engine, SEED, start=start)
    assert len(still.time) == len(times_from(parse_spec(blocks), END))
    for name in HISTORY[1:4]:
        for row in getattr(still, name):
            np.testing.assert_allclose(row, getattr(last, name)[-1], rtol=0, atol=1e-14)


@EACH
def test_another_seed_changes_what_is_drawn_from_then_on(tmp_path, engine):
    blocks = document()
    (start,) = stored(tmp_path / "a.h5", until(END, blocks), engine, runs=1)
    spec = parse_spec(blocks)
    one, other = (simulate(spec, engine, seed, start=start) for seed in (SEED, SEED + 1))
    assert_equal(one.student_overlaps[0], other.student_overlaps[0], "at the start")
    assert np.array_equal(one.student_overlaps[-1], other.student_overlaps[-1]) == (engine == "ode")


def test_the_start_is_a_switch_where_the_new_curriculum_has_another_teacher(tmp_path):
    blocks = document(curriculum={"order": [0]})
    (start,) = stored(tmp_path / "a.h5", until(END, blocks), "network", runs=1)
    blocks["curriculum"] = {"switch_times": [1.0, 4.0]}
    run = simulate(parse_spec(blocks), "network", SEED, start=start)
    assert run.switch_times.tolist() == [2.0, 4.0]
    assert run.active_teacher.tolist() == [1, 1, 1, 2, 2]


@pytest.mark.parametrize("engine", ["network", "chain"])
def test_a_state_has_its_number_of_inputs_and_order_parameters_go_with_any(tmp_path, engine):
    blocks = document()
    (start,) = stored(tmp_path / "a.h5", until(END, blocks), engine, runs=1)
    larger = parse_spec(blocks | {"inputs": {"dimension": 90}})
    with pytest.raises(
        SpecError,
        match=r"inputs.dimension: 90 differs from the state to start from, which has 60; .* --at TIME",
    ):
        simulate(larger, engine, SEED, start=start)
    (start,) = load_start(tmp_path / "a.h5", at=END)
    run = simulate(larger, engine, SEED, start=start)
    expected = start.overlaps.student
    np.testing.assert_allclose(run.student_overlaps[0], expected, rtol=0, atol=1e-12)


# Going on from order parameters


@pytest.mark.parametrize("source", ENGINES)
@EACH
def test_every_engine_starts_from_the_order_parameters_of_every_other(tmp_path, source, engine):
    blocks = document()
    starts = stored(tmp_path / "a.h5", until(END, blocks), source)
    starts = [dataclasses.replace(start, state=None) for start in starts]
    spec = parse_spec(blocks)
    before = simulate_runs(until(END, blocks), source, SEED, RUNS)
    for run, (last, start) in enumerate(zip(before, starts, strict=True)):
        found = simulate(spec, engine, SEED, run, start=start)
        assert found.time.tolist() == pytest.approx([2.0, 2.1, 3.0, 4.2, 5.0])
        for name in HISTORY[1:]:
            expected = getattr(last, name)[-1]
            np.testing.assert_allclose(getattr(found, name)[0], expected, rtol=0, atol=1e-12)
        np.testing.assert_allclose(found.teacher_overlaps, last.teacher_overlaps, rtol=0, atol=1e-12)
        np.testing.assert_allclose(found.switch_times, [1.3, 2.6, 3.9], rtol=0, atol=0.01)
        assert found.active_teacher.tolist() == [0, 0, 2, 1, 1]


def test_an_ode_that_goes_on_from_order_parameters_stays_the_same_to_its_tolerance(tmp_path):
    blocks = document()
    (start,) = stored(tmp_path / "a.h5", until(END, blocks), "ode", runs=1)
    spec = parse_spec(blocks)
    whole = simulate(spec, "ode", SEED)
    found = simulate(spec, "ode", SEED, start=dataclasses.replace(start, state=None))
    for name in HISTORY:
        np.testing.assert_allclose(getattr(found, name), getattr(whole, name)[3:], rtol=0, atol=1e-9)


def test_a_start_at_the_time_of_a_switch_is_before_it(tmp_path):
    """As is what was recorded then: the new head is still to be copied from the one before."""
    blocks = document(curriculum=CURRICULA["at_the_end"])
    spec = parse_spec(blocks)
    stored(tmp_path / "a.h5", spec, "ode")
    for run, start in enumerate(load_start(tmp_path / "a.h5", at=2.0)):
        whole, found = simulate(spec, "ode", SEED, run), simulate(spec, "ode", SEED, run, start=start)
        assert found.switch_times.tolist() == whole.switch_times.tolist() == [1.0, 2.0, 3.0, 4.0]
        np.testing.assert_allclose(found.student_readouts, whole.student_readouts[3:], rtol=0, atol=1e-9)


def test_at_the_beginning_the_ode_starts_from_what_the_simulation_started_from(tmp_path):
    """Both engines sample the same networks, whose overlaps the ode computes in another way, to rounding."""
    spec = parse_spec(document())
    stored(tmp_path / "a.h5", spec, "network")
    for run, start in enumerate(load_start(tmp_path / "a.h5", at=0.0)):
        given, own = simulate(spec, "ode", SEED + 1, run + 7, start=start), simulate(spec, "ode", SEED, run)
        for name in (*HISTORY, "teacher_overlaps", "teacher_readouts"):
            one, other = getattr(given, name), getattr(own, name)
            np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-13, err_msg=name)
        sampled = initial_order_parameters(spec, SEED, run)
        found = np.array(start.overlaps.student_teacher)
        assert_equal(found, stored_R(sampled.R, 3), "R")


# What cannot be


@pytest.mark.parametrize(
    "blocks, words",
    [
        ({"duration": 2.0, "record": {"count": 3}}, ["duration: 2.0", "starts at t = 2"]),
        (
            {"duration": 3.0, "record": {"times": [0.0, 1.0]}},
            ["record.times", "all recorded times lie before the start at t = 2"],
        ),
        ({"student": {"hidden": 4}, "training": {"learning_rate": 1.0}}, ["student.hidden: 4", "has 3"]),
        ({"student": {"hidden": 3, "heads": "shared"}}, ["student.heads: shared", "has 3 of them"]),
        ({"teachers": {"count": 3, "hidden": 1}}, ["teachers.hidden: 1", "has 2"]),
        ({"teachers": {"count": 4, "hidden": 2}}, ["teachers.count: 4", "has 3"]),
    ],
)
def test_a_start_that_does_not_fit_is_refused(tmp_path, blocks, words):
    (start,) = stored(tmp_path / "a.h5", until(END, document()), "ode", runs=1)
    plain = document(training={"learning_rate": 1.0}, curriculum={})
    for form in (start, dataclasses.replace(start, state=None)):
        with pytest.raises(SpecError) as error:
            simulate(parse_spec(plain | blocks), "ode", start=form)
        assert all(word in str(error.value) for word in words), error.value


def test_order_parameters_need_as_many_inputs_as_they_have_directions(tmp_path):
    (start,) = stored(tmp_path / "a.h5", until(END, document()), "ode", runs=1)
    for engine in ("network", "chain"):
        with pytest.raises(SpecError, match="at least 9 inputs"):
            simulate(parse_spec(document(inputs={"dimension": 8})), engine, start=start)


def test_there_is_a_start_for_every_run(tmp_path):
    starts = stored(tmp_path / "a.h5", until(END, document()), "ode", runs=2)
    with pytest.raises(SpecError, match="runs: 3 differs from the number of starts, which is 2"):
        list(simulate_runs(parse_spec(document()), "ode", runs=3, starts=starts))


@pytest.mark.parametrize("at", ["end", True, [1.0]])
def test_a_time_that_is_no_number_is_one_line(tmp_path, at):
    with pytest.raises(SpecError, match="^at: .* is not allowed; it must be a number, a recorded time$"):
        load_start(tmp_path / "x.h5", at)


def test_the_beginning_is_time_zero():
    spec = parse_spec(document())
    assert_same(simulate(spec, "ode", 1), simulate(spec, "ode", 1, start=BEGINNING))
    assert times_from(spec, 0.0).tolist() == TIMES


def test_recorded_times_at_the_step_of_the_start_are_kept():
    spec = parse_spec(document())
    for time in (2.0 - 0.4 / 60, np.nextafter(2.0, 0.0), 2.0, np.nextafter(2.0, 3.0), 2.0 + 0.4 / 60):
        assert times_from(spec, time).tolist() == TIMES[3:]
    assert times_from(spec, 2.0 + 0.6 / 60).tolist() == TIMES[4:]


# Runs without overlaps


@EACH
@pytest.mark.parametrize("quantities", ["errors", "readouts"])
def test_a_run_without_overlaps_resumes_from_its_state(tmp_path, engine, quantities):
    record = {"quantities": quantities, "state": True}
    blocks = document(record=record | {"times": TIMES})
    early = record | {"times": [time for time in TIMES if time <= END]}
    starts = stored(tmp_path / "a.h5", parse_spec(blocks | {"duration": END, "record": early}), engine)
    assert all(start.overlaps is None for start in starts)
    spec = parse_spec(blocks)
    whole = list(simulate_runs(spec, engine, SEED, RUNS))
    for one, other in zip(whole, simulate_runs(spec, engine, SEED, RUNS, starts=starts), strict=True):
        later = one.time >= END - 1e-9
        assert_equal(one.generalisation_error[later], other.generalisation_error, engine)
    # The recorded quantities may change, and starts from order parameters have none.
    everything = parse_spec(document())
    full = list(simulate_runs(everything, engine, SEED, RUNS))
    for one, other in zip(full, simulate_runs(everything, engine, SEED, RUNS, starts=starts), strict=True):
        assert_goes_on(one, other)
    with pytest.raises(SpecError, match="no overlaps to start from; .* record.quantities: all"):
        load_start(tmp_path / "a.h5", at=END)


@EACH
@pytest.mark.parametrize(
    "blocks, words",
    [
        ({}, "record.quantities: the run to start from has errors, .* record.quantities: all"),
        ({"student": {"hidden": 3, "heads": "shared"}}, "student.heads: shared differs .* 3 of them"),
        ({"student": {"hidden": 2}}, "student.hidden: 2 differs from the run to start from, which has 3"),
        ({"duration": 2.0, "record": {"count": 3}}, "duration: 2.0 is too short: .* starts at t = 2"),
    ],
)
def test_what_cannot_start_from_a_run_without_overlaps(tmp_path, engine, blocks, words):
    """Another engine, other networks, or no time."""
    first = document(duration=END, record={"times": [0.0, END], "state": True, "quantities": "errors"})
    (start,) = stored(tmp_path / "a.h5", parse_spec(first), engine, runs=1)
    other = engine if blocks else ENGINES[ENGINES.index(engine) - 1]
    with pytest.raises(SpecError, match=f"^[^\n]*{words}[^\n]*$"):
        simulate(parse_spec(document(**blocks)), other, SEED, start=start)

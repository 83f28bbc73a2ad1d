"""Engine `ode` with interventions: reference trajectories, slow twins, equalities, and resumption."""

import copy
import json
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import naive
from depth import thorough_from
from naive.interventions import Lesson, State, importance, new_anchors, packed, rate_of_change, unpacked
from teacherstudent.engines.ode import engine as ode
from teacherstudent.engines.ode import estimates
from teacherstudent.engines.ode.engine import Integration
from teacherstudent.engines.phases import phases
from teacherstudent.engines.start import BEGINNING, Start
from teacherstudent.errors import RunError, SpecError
from teacherstudent.kernels.ode.equations import Constants
from teacherstudent.kernels.ode.interventions import Intervened
from teacherstudent.simulation.runs import simulate
from teacherstudent.spec.parse import parse_spec
from teacherstudent.store.runs import write_runs
from teacherstudent.store.starts import load_start

DATA = Path(__file__).parent / "data" / "interventions"
HISTORY = ("generalisation_error", "student_overlaps", "student_teacher_overlaps", "student_readouts")
OVERLAPS = naive.random_overlaps(np.random.default_rng(3), 3, 1, 2, 3)


def document(**blocks):
    """Three tasks of one unit each, from given overlaps, with all usual terms on."""
    return {
        "inputs": {"dimension": 1000},
        "teachers": {"count": 3, "hidden": 1, "output_noise": 0.1, "input_noise": [0.2, 0.0, 0.1]},
        "student": {"hidden": 2},
        "training": {"learning_rate": 0.8, "readout_learning_rate": 0.5, "weight_decay": 0.01},
        "curriculum": {"switch_times": [4.0, 9.0]},
        "duration": 15.0,
        "record": {"times": [0.0, 2.0, 4.0, 7.5, 9.0, 12.0, 15.0]},
        "initial_overlaps": OVERLAPS.document(),
    } | blocks


def extended(block, **keys):
    return document()[block] | keys


def run(**blocks):
    return simulate(parse_spec(document(**blocks)), "ode")


def assert_same(one, other):
    for name in (*HISTORY, "time", "active_teacher", "switch_times"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


def assert_close(one, other, tolerance, names=HISTORY):
    for name in names:
        found, expected = getattr(one, name), getattr(other, name)
        np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance, err_msg=name)


# Other programs


@pytest.mark.parametrize("path", sorted(DATA.glob("*.json")), ids=lambda path: path.stem)
def test_reference_trajectories(path):
    """Of an independent integrator with a relative tolerance of 1e-10; numbers have nine digits."""
    reference = json.loads(path.read_text(encoding="utf-8"))
    times, *columns = np.transpose(reference["rows"])
    trajectory = simulate(parse_spec(reference["document"] | {"record": {"times": times.tolist()}}), "ode")
    for (name, indices), expected in zip(reference["columns"], columns, strict=True):
        found = getattr(trajectory, name)[(slice(None), *indices)]
        np.testing.assert_allclose(found, expected, rtol=0, atol=2e-8, err_msg=f"{name} {indices}")
    if reference["importances"]:
        np.testing.assert_allclose(trajectory.importances, reference["importances"], rtol=1e-7)


def test_reference_trajectories_are_there():
    assert len(list(DATA.glob("*.json"))) == 11


# The slow twin: all interventions in one run


def lessons_of(phase, time):
    """What is trained: task 0, then 1 with a fifth of 0, then 2 with a tenth each of 0 and 1."""
    shares = [(1.0,), (0.2, 0.8), (0.1, 0.1, 0.8)][phase]
    faster = 0.8 if time < 6.0 else 0.4
    noises = [0.2, 0.0, 0.1]
    return [
        Lesson(
            share,
            [task],
            OVERLAPS.v[task],
            task,
            (faster, 0.9, 0.7)[task],
            0.5,
            1.0 if task == phase else 0.9,
            0.1,
            0.5 if 10.0 <= time < 11.0 else noises[task],
            (0,) if 10.0 <= time < 11.0 else (),
        )
        for task, share in enumerate(shares)
    ]


def all_of_it(kind, **blocks):
    pieces = [{"until": 6.0, "value": [0.8, 0.9, 0.7]}, {"value": [0.4, 0.9, 0.7]}]
    return document(
        teachers=extended(
            "teachers",
            drift=[0.0, 0.0, 0.02],
            rotation={"teacher": 0, "towards": 1, "rate": 0.1, "start": 3.0, "until": 8.0},
        ),
        training=extended(
            "training",
            learning_rate=pieces,
            consolidation={"kind": kind, "strength": [0.3, 0.7]},
            deficits=[{"start": 10.0, "until": 11.0, "input_noise": 0.5, "frozen_units": [0]}],
        ),
        curriculum={
            "switch_times": [4.0, 9.0],
            "replay": {"fraction": 0.2, "of": "all", "fidelity": 0.9},
        },
        **blocks,
    )


def solved_by_scipy(kind, times):
    """States at times by LSODA, piece by piece between all changes."""
    Q, R, T, h, _ = OVERLAPS
    R, T = R[:, :, 0].T, T[:, :, 0, 0]
    # Vectors: three teachers, the companion of the first one, and two anchors that are the student units.
    companion = (np.eye(3)[1] - T[0, 1] / T[0, 0] * np.eye(3)[0]) * np.sqrt(
        T[0, 0] / (T[1, 1] - T[0, 1] ** 2 / T[0, 0])
    )
    S = np.zeros((6, 5))
    S[:3, :3], S[3, :3], S[4:, 3:] = np.eye(3), companion, np.eye(2)
    all_ = np.block([[T, R.T], [R, Q]])
    state = State(Q, all_[3:] @ S.T, S @ all_ @ S.T, h, np.zeros(2))
    penalties, found, values = np.zeros(2), {0.0: state}, []
    changes = [0.0, 3.0, 4.0, 6.0, 8.0, 9.0, 10.0, 11.0, 15.0]
    for start, end in zip(changes, changes[1:], strict=False):
        phase = sum(start >= switch for switch in (4.0, 9.0))
        if start in (4.0, 9.0):
            old = Lesson(1.0, [phase - 1], OVERLAPS.v[phase - 1], phase - 1)
            added = {
                "quadratic": np.ones(2),
                "node": state.h[phase - 1] ** 2,
                "ewc": importance(old, state),
                "path_integral": state.S,
            }[kind]
            values.append(added)
            added = added * (0.3, 0.7)[phase - 1]
            state = new_anchors(state, penalties, added)._replace(S=np.zeros(2))
            penalties = penalties + added
        turns = [(2, 2, -0.02)] + ([(0, 3, 0.1), (3, 0, -0.1)] if 3.0 <= start < 8.0 else [])

        def rates(t, y, start=start, phase=phase, state=state, penalties=penalties, turns=turns):
            lessons = lessons_of(phase, start)
            return packed(rate_of_change(lessons, unpacked(y, state), 0.01, 1, penalties, turns))

        inside = [time for time in times if start < time <= end]
        solution = solve_ivp(
            rates, (start, end), packed(state), "LSODA", sorted({*inside, end}), rtol=1e-9, atol=1e-10
        )
        for time, y in zip(solution.t, solution.y.T, strict=True):
            found[time] = unpacked(y, state)
        state = found[end]
    return found, values


@pytest.mark.parametrize("kind", thorough_from(2, ["ewc", "path_integral", "quadratic", "node"]))
def test_scipy_finds_the_same_path_with_all_interventions(kind):
    times = document()["record"]["times"]
    trajectory = simulate(parse_spec(all_of_it(kind)), "ode")
    found, importances = solved_by_scipy(kind, times)
    np.testing.assert_allclose(trajectory.importances, importances, rtol=0, atol=1e-7)
    for row, time in enumerate(times):
        expected, close = found[time], {"rtol": 0, "atol": 1e-7, "err_msg": str(time)}
        np.testing.assert_allclose(trajectory.student_overlaps[row], expected.Q, **close)
        R = trajectory.student_teacher_overlaps[row, :, :, 0].T
        np.testing.assert_allclose(R, expected.R[:, :3], **close)
        np.testing.assert_allclose(trajectory.student_readouts[row], expected.h, **close)
        T = trajectory.teacher_overlaps_in_time[row, :, :, 0, 0]
        np.testing.assert_allclose(T, expected.T[:3, :3], **close)
        if time not in (4.0, 9.0):  # there the twin has the anchors before the switch
            np.testing.assert_allclose(trajectory.anchor_overlaps[row], expected.R[:, 4:], **close)
            np.testing.assert_allclose(trajectory.anchor_norms[row], np.diag(expected.T)[4:], **close)


# Equalities


def test_interventions_of_zero_change_nothing():
    plain = run()
    curriculum = {"switch_times": [4.0, 9.0], "replay": {"fraction": 0.0}}
    assert_same(run(curriculum=curriculum), plain)
    assert_same(run(teachers=extended("teachers", drift=0.0)), plain)
    equal = extended("training", learning_rate=[{"until": 15.0, "value": 0.8}])
    assert_same(run(training=equal), plain)


@pytest.mark.parametrize("kind", ["quadratic", "ewc", "path_integral"])
def test_movement_and_penalties_of_zero_change_nothing(kind):
    plain = run()
    moved = run(record=extended("record", movement=True))
    assert_same(moved, plain)
    without = extended("training", consolidation={"kind": kind, "strength": 0.0})
    assert_same(run(training=without), plain)
    none = run(training=without, record=extended("record", movement=True))
    assert_same(none, plain)
    np.testing.assert_array_equal(none.anchor_overlaps, moved.anchor_overlaps)
    # The anchor is the student at the last switch, in a record at a switch that at the one before.
    at = int(np.flatnonzero(plain.time == 4.0)[0])
    lengths = np.diagonal(plain.student_overlaps, axis1=1, axis2=2)
    np.testing.assert_allclose(moved.anchor_norms[: at + 1], lengths[[0] * (at + 1)], atol=1e-14)
    np.testing.assert_allclose(moved.anchor_norms[at + 1], lengths[at], atol=1e-14)
    np.testing.assert_allclose(moved.anchor_overlaps[0], plain.student_overlaps[0], atol=1e-14)
    products = np.abs(np.diagonal(moved.anchor_overlaps, axis1=1, axis2=2))
    assert (products <= np.sqrt(lengths * moved.anchor_norms) + 1e-12).all()
    assert (products[1:] < 0.9999 * np.sqrt(lengths * moved.anchor_norms)[1:]).any()


def test_frozen_units_in_a_window_are_lost_time():
    blocks = {
        "training": {"learning_rate": 0.8, "train": ["features"]},
        "curriculum": {},
        "duration": 20.0,
    }
    clean = run(**blocks, record={"times": [0.0, 3.0, 5.0, 13.0]})
    window = {"start": 3.0, "until": 10.0, "frozen_units": [0, 1]}
    blocks["training"]["deficits"] = [window]
    late = run(**blocks, record={"times": [0.0, 3.0, 10.0, 12.0, 20.0]})
    at = [0, 1, 1, 2, 3]
    for name in HISTORY:
        np.testing.assert_allclose(getattr(late, name), getattr(clean, name)[at], rtol=0, atol=1e-8)


def test_one_teacher_twice_is_this_teacher():
    """Half of the steps on each of two equal teachers, one head."""
    given = naive.random_overlaps(np.random.default_rng(5), 1, 2, 3, 1)
    twice = given._replace(R=np.tile(given.R, (2, 1, 1)), T=np.tile(given.T, (2, 2, 1, 1)))
    twice = twice._replace(v=np.tile(given.v, (2, 1)))

    def of(overlaps, count, **curriculum):
        teachers, student = {"count": count, "hidden": 2}, {"hidden": 3, "heads": "shared"}
        blocks = {"initial_overlaps": overlaps.document(), "curriculum": curriculum}
        return run(teachers=teachers, student=student, **blocks)

    mixed = of(twice, 2, mixture=[{"probabilities": [0.5, 0.5]}])
    one = of(given, 1)
    np.testing.assert_array_equal(mixed.task_probabilities, 0.5)
    assert_close(mixed, one, 1e-10, ("student_overlaps", "student_readouts"))


def test_the_order_of_three_tasks_has_no_meaning():
    """The tasks of a mixture in another order, in the overlaps and in the probabilities."""
    order, shares = [2, 0, 1], [0.5, 0.2, 0.3]
    Q, R, T, h, v = OVERLAPS
    other = naive.Overlaps(Q, R[order], T[np.ix_(order, order)], h[order], v[order])
    teachers = {"count": 3, "hidden": 1, "drift": [0.1, 0.0, 0.2]}
    one = run(teachers=teachers, curriculum={"mixture": [{"probabilities": shares}]})
    moved = teachers | {"drift": [teachers["drift"][p] for p in order]}
    pieces = [{"probabilities": [shares[p] for p in order]}]
    two = run(teachers=moved, curriculum={"mixture": pieces}, initial_overlaps=other.document())
    np.testing.assert_allclose(two.student_overlaps, one.student_overlaps, rtol=0, atol=1e-9)
    for name in ("generalisation_error", "task_probabilities"):
        np.testing.assert_allclose(getattr(two, name), getattr(one, name)[:, order], rtol=0, atol=1e-9)


def test_another_teacher_in_a_window_is_a_switch_with_one_head():
    shared = extended("student", heads="shared")
    blocks = {"student": shared, "initial_overlaps": OVERLAPS._replace(h=OVERLAPS.h[:1]).document()}
    training = extended("training", deficits=[{"start": 4.0, "until": 9.0, "teacher": 1}])
    quiet = {"count": 3, "hidden": 1}
    found = run(training=training, curriculum={}, teachers=quiet, **blocks)
    order = {"switch_times": [4.0, 9.0], "order": [0, 1, 0]}
    expected = run(curriculum=order, teachers=quiet, **blocks)
    for name in HISTORY:
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))


def test_long_blocks_are_switches_and_short_ones_their_average():
    times = [9.0, 9.3, 9.4, 10.0, 12.0]
    base = {"record": {"times": times}, "duration": 12.0}
    switch = {"switch_times": [8.0]}

    def replayed(new, old):
        replay = {"interleave": {"new": new, "old": old}}
        return run(curriculum=switch | {"replay": replay}, **base)

    # 300 steps on task 1 and 100 on task 0 of 1000 inputs: switches in turn.
    turns = [8.0 + 0.4 * k + part for k in range(10) for part in (0.0, 0.3)]
    listed = run(curriculum={"switch_times": turns, "order": [0, 1]}, **base)
    found = replayed(300, 100)
    for name in HISTORY:
        np.testing.assert_array_equal(getattr(found, name), getattr(listed, name))
    # 150 and 50 steps are replaced by a quarter of replay, from which 300 and 100 steps differ.
    average = run(curriculum=switch | {"replay": {"fraction": 0.25}}, **base)
    assert_same(replayed(150, 50), average)
    gap = np.abs(found.student_readouts - average.student_readouts).max()
    assert 1e-5 < gap < 0.05


def test_a_linear_unit_lags_behind_a_teacher_that_drifts():
    """R = eta T / (eta + delta)."""
    overlaps = naive.Overlaps(*(np.full(shape, 0.1) for shape in ((1, 1), (1, 1, 1))), *np.ones((3, 1, 1)))
    overlaps = overlaps._replace(T=np.full((1, 1, 1, 1), 1.3))
    eta, delta = 0.4, 0.15
    linear = {"count": 1, "hidden": 1, "activation": "linear", "drift": delta}
    end = run(
        teachers=linear,
        student={"hidden": 1, "activation": "linear"},
        training={"learning_rate": eta, "train": ["features"]},
        curriculum={},
        duration=80.0,
        record={"times": [0.0, 80.0]},
        initial_overlaps=overlaps.document(),
    )
    assert end.student_teacher_overlaps[-1, 0, 0, 0] == pytest.approx(eta * 1.3 / (eta + delta), rel=1e-9)


def test_a_rotation_ends_at_the_other_teacher():
    T = OVERLAPS.T[:, :, 0, 0]
    angle = np.arccos(T[0, 1] / np.sqrt(T[0, 0] * T[1, 1]))
    rotation = {"teacher": 0, "towards": 1, "rate": 0.2, "start": 1.0, "until": "reached"}
    teachers = extended("teachers", rotation=rotation)
    times = [0.0, 1.0, 1.0 + 0.5 * angle / 0.2, 1.0 + angle / 0.2, 14.0]
    found = run(teachers=teachers, record={"times": times}).teacher_overlaps_in_time[:, :, :, 0, 0]
    turned = np.array([0.0, 0.0, 0.5, 1.0, 1.0]) * angle
    length = np.sqrt(T[0, 0] * T[1, 1])
    # The times are those of whole steps, of 0.2 / 1000 radians each.
    np.testing.assert_allclose(found[:, 0, 1], length * np.cos(angle - turned), rtol=0, atol=2e-4 * length)
    np.testing.assert_allclose(found[:, 0, 0], T[0, 0], rtol=1e-12)
    np.testing.assert_allclose(found[:, 1, 2], T[1, 2], rtol=0, atol=1e-12)
    # At the end unit 0 is parallel to unit 1, so that it has the same overlaps but for the length.
    ratio = np.sqrt(T[0, 0] / T[1, 1])
    np.testing.assert_allclose(found[-1, 0, 2], ratio * found[-1, 1, 2], rtol=0, atol=2e-4 * length)


def test_rotations_without_a_plane_or_with_two_angles_are_refused():
    given = naive.random_overlaps(np.random.default_rng(6), 2, 2, 2, 2)
    rotation = {"teacher": 0, "towards": 1, "rate": 0.2, "until": "reached"}
    blocks = {"teachers": {"count": 2, "hidden": 2, "rotation": rotation}, "curriculum": {}}
    with pytest.raises(RunError, match="teachers.rotation.until: reached needs one angle"):
        run(**blocks, initial_overlaps=given.document())
    parallel = given._replace(
        T=np.tile(given.T[:1, :1], (2, 2, 1, 1)), R=np.tile(given.R[:1], (2, 1, 1))
    ).document()
    with pytest.raises(RunError, match="teachers.rotation: units 0 and 2 of the teachers are parallel"):
        run(**blocks, initial_overlaps=parallel)


def test_strong_penalties_tie_the_student_to_its_anchor():
    """At a rate of 1000 the state follows the anchor to a part in a thousand."""
    block = {"kind": "quadratic", "strength": 1250.0}
    tied = run(training=extended("training", weight_decay=0.0, consolidation=block))
    before, after = tied.time <= 4.0, tied.time > 4.0
    change = np.abs(tied.student_overlaps - tied.student_overlaps[before][-1])
    assert change[after].max() < 2e-3 < 0.02 < change[before].max()


@pytest.mark.parametrize("kind", ["quadratic", "node", "ewc", "path_integral"])
def test_equations_that_penalties_make_stiff_are_one_line(kind):
    """Before the first step, which is the first of very many."""
    words = (
        r"strength: 1000000000000.0 is too large: learning rate 0.8 times the largest penalty .* makes the "
        r"equations stiff: .*e\+\d+ steps are necessary until t = 9; use a smaller strength"
    )
    with pytest.raises(RunError, match=words):
        run(training=extended("training", consolidation={"kind": kind, "strength": 1e12}))


def test_the_number_of_steps_with_strong_penalties_is_predicted(monkeypatch):
    """Pulls at a rate of 0.8 * 5000 during 5 units of time take 6250 steps."""
    block = {"kind": "quadratic", "strength": [5000.0, 0.0]}

    def with_steps(most, duration, **blocks):
        monkeypatch.setattr(ode, "MAX_STEPS", most)
        record, training = {"times": [0.0, duration]}, extended("training", consolidation=block)
        return run(training=training, record=record, duration=duration, **blocks)

    words = r"penalty 5000, .* 6.2e\+03 steps are necessary until t = "
    with pytest.raises(RunError, match=f"{words}9"):
        with_steps(6_200, 9.5)
    with pytest.raises(RunError, match=f"{words}5"):  # by the integrator, since a threshold might end it
        with_steps(6_000, 5.0, curriculum={"thresholds": [100.0, 1e-9]})
    assert with_steps(6_400, 9.5).time[-1] == 9.5


def test_a_threshold_is_one_of_the_main_task():
    """With replay, and with another teacher's labels; the error there is that on the main task."""
    curriculum = {"thresholds": [0.02, 0.02], "replay": {"fraction": 0.3}}
    start = {"record": {"times": [0.0, 60.0]}, "duration": 60.0}
    quiet = {"count": 3, "hidden": 1}
    switches = run(curriculum=curriculum, teachers=quiet, **start).switch_times
    assert len(switches) == 2
    for task, (time, threshold) in enumerate(zip(switches, curriculum["thresholds"], strict=True)):
        times = [0.0, time - 0.001, time + 0.001]
        found = run(curriculum=curriculum, teachers=quiet, duration=60.0, record={"times": times})
        assert found.active_teacher[1:].tolist() == [task, task + 1]
        np.testing.assert_allclose(found.generalisation_error[1:, task], threshold, rtol=0.01)


# Which equations, and what is refused


def constants_of(**blocks):
    spec = parse_spec(document(**blocks))
    made = Integration(spec, 0, 0, lambda fraction: None, BEGINNING)
    phase = phases(spec)[0]
    made.begin(phase)
    return made.constants(phase, made.stages(phase)[0])


def test_runs_without_interventions_have_the_equations_of_one_task():
    assert isinstance(constants_of(), Constants)
    window = [{"start": 0.0, "until": 2.0, "input_noise": 1.0, "teacher": 2}]
    assert isinstance(constants_of(training=extended("training", deficits=window)), Constants)
    assert isinstance(constants_of(record={"count": 5, "movement": True}), Intervened)
    assert isinstance(constants_of(teachers=extended("teachers", drift=0.1)), Intervened)


PER_WEIGHT = {"kind": "ewc", "strength": 1.0, "importances": "weights"}


@pytest.mark.parametrize(
    ("blocks", "words"),
    [
        (
            {"training": {"learning_rate": 1.0, "l1": 0.1}},
            "training.l1: engine ode does not support it; use engine network",
        ),
        (
            {"curriculum": {"switch_times": [4.0], "replay": {"fraction": 0.1, "buffer": 100}}},
            "curriculum.replay.buffer: engine ode has no stored samples; use engine network",
        ),
        (
            {"training": extended("training", consolidation=PER_WEIGHT)},
            "training.consolidation.importances: .*one importance per unit; use units or engine network",
        ),
    ],
)
def test_what_has_no_equations_is_refused(blocks, words):
    with pytest.raises(SpecError, match=words):
        run(**blocks)


# Resumption


def resumed_from(part, whole_document):
    state, spec = part.state, parse_spec(whole_document)
    start = Start(
        float(state["time"]),
        tuple(state["switch_times"].tolist()),
        tuple(state["teachers"].tolist()),
        state=state,
        engine="ode",
    )
    assert ode.can_resume(spec, state)
    return simulate(spec, "ode", start=start)


CASES = {
    "path_integral": all_of_it("path_integral"),
    "ewc": all_of_it("ewc"),
    "latest": document(
        training=extended(
            "training",
            consolidation={"kind": "node", "strength": 0.5, "anchors": "latest", "step": "proximal"},
        )
    ),
    "movement": document(record={"times": [0.0, 15.0], "movement": True}),
    "thresholds": document(
        teachers={"count": 3, "hidden": 1},
        curriculum={"thresholds": [0.02, 0.02], "replay": {"fraction": 0.3, "of": "all"}},
        training=extended("training", consolidation={"kind": "quadratic", "strength": 0.01}),
        duration=60.0,
    ),
    "blocks": document(
        curriculum={
            "switch_times": [4.0, 9.0],
            "replay": {"interleave": {"new": 500, "old": 300}, "of": "all"},
        }
    ),
    "drift": document(teachers=extended("teachers", drift=[0.1, 0.0, 0.2])),
    "mixture": document(
        curriculum={
            "mixture": [
                {"until": 6.0, "probabilities": [0.6, 0.4, 0.0]},
                {"probabilities": [0.2, 0.3, 0.5]},
            ],
        }
    ),
}


def pieces_until(end, pieces):
    """The pieces of a schedule that start before the end; the last one has no time."""
    starts = [0.0] + [piece["until"] for piece in pieces[:-1]]
    early = [piece for piece, start in zip(pieces, starts, strict=True) if start < end]
    return [*early[:-1], {key: value for key, value in early[-1].items() if key != "until"}]


def shortened(described):
    """A document without what is later than its end, which specs do not allow."""
    described = copy.deepcopy(described)
    end, curriculum, training = described["duration"], described["curriculum"], described["training"]
    rotation = described["teachers"].get("rotation", {})
    if "until" in rotation:
        rotation["until"] = min(rotation["until"], end)
    if "deficits" in training:
        windows = [window for window in training["deficits"] if window["start"] < end]
        training["deficits"] = [window | {"until": min(window["until"], end)} for window in windows]
        if not windows:
            del training["deficits"]
    for block, key in ((curriculum, "mixture"), (training, "learning_rate")):
        if isinstance(block.get(key), list):
            block[key] = pieces_until(end, block[key])
    if "switch_times" in curriculum:
        curriculum["switch_times"] = [time for time in curriculum["switch_times"] if time < end]
        block = training.get("consolidation", {})
        if isinstance(block.get("strength"), list):
            block["strength"] = block["strength"][: len(curriculum["switch_times"])]
    return described


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("time", [4.5, 8.9, 9.0, 10.4])
def test_a_run_that_resumes_from_its_state_has_the_same_bits(name, time):
    described = CASES[name]
    end = described["duration"]
    record = described["record"] | {"times": [end - 1.0, end], "state": True}
    whole = simulate(parse_spec(described | {"record": record}), "ode")
    first = shortened(described | {"record": record | {"times": [0.0, time]}, "duration": time})
    resumed = resumed_from(simulate(parse_spec(first), "ode"), described | {"record": record})
    for array in whole.arrays:
        np.testing.assert_array_equal(whole.arrays[array], resumed.arrays[array], err_msg=array)
    for array in whole.state:
        np.testing.assert_array_equal(whole.state[array], resumed.state[array], err_msg=array)


def test_states_with_other_vectors_are_not_resumed():
    rotation = {"teacher": 0, "towards": 1, "rate": 0.1}
    turning = document(
        teachers=extended("teachers", rotation=rotation), record={"times": [0.0, 15.0], "state": True}
    )
    state = simulate(parse_spec(turning), "ode").state
    other = document(teachers=extended("teachers", rotation=rotation | {"teacher": 2}))
    faster = document(teachers=extended("teachers", rotation=rotation | {"rate": 0.5}))
    anchored = document(record={"times": [0.0, 15.0], "movement": True})
    assert ode.can_resume(parse_spec(faster), state)
    for described in (other, anchored, document()):
        assert not ode.can_resume(parse_spec(described), state)


def test_a_start_from_order_parameters_has_the_teachers_of_its_time(tmp_path):
    """Also with a rotation that is under way and ends at the other teacher."""
    rotation = {"teacher": 0, "towards": 1, "rate": 0.1, "start": 3.0, "until": "reached"}
    teachers = extended("teachers", rotation=rotation, drift=[0.0, 0.0, 0.1])
    described = document(teachers=teachers, record={"times": [0.0, 7.5, 15.0]})
    spec, path = parse_spec(described), tmp_path / "run.h5"
    whole = simulate(spec, "ode")
    write_runs(path, [("/", spec, "ode", 0, [whole])], run_axis=False)
    (start,) = load_start(path, at=7.5)
    later = simulate(spec, "ode", start=start)
    for name in (*HISTORY, "teacher_overlaps_in_time"):
        np.testing.assert_allclose(getattr(later, name)[-1], getattr(whole, name)[-1], rtol=0, atol=1e-8)
    assert np.ptp(whole.teacher_overlaps_in_time, axis=0).max() > 0.1


@pytest.mark.parametrize(
    "blocks",
    [
        {"training": extended("training", consolidation={"kind": "quadratic", "strength": 1000.0})},
        {"curriculum": {"switch_times": [4.0], "replay": {"interleave": {"new": 200, "old": 100}}}},
    ],
)
def test_what_takes_long_is_estimated_to_take_long(blocks):
    usual, longer = (sum(estimates.cost(parse_spec(document(**more)), 1)) for more in ({}, blocks))
    assert longer > 2.0 * usual

"""The engine `chain` with interventions: resumption from states, batches, exact equalities, and refusals."""

import numpy as np
import pytest

from chain_cases import ONE, STUDENT, document, given
from samples import assert_equal, assert_same
from teacherstudent.engines.chain import engine as chain
from teacherstudent.engines.chain import support
from teacherstudent.errors import RunError, SpecError
from teacherstudent.simulation.runs import simulate, simulate_points, simulate_runs
from teacherstudent.spec.parse import parse_spec
from teacherstudent.store.runs import write_runs
from teacherstudent.store.starts import load_start

END = 1.0
TIMES = [0.0, 0.4, 1.0, 1.3, 2.0]
SCHEDULE = [{"until": 0.8, "value": 2.0}, {"until": 1.2, "value": [1.0, 3.0]}, {"value": 0.5}]
DEFICIT = {"start": 0.7, "until": 1.1, "input_noise": 1.0, "frozen_units": [1], "teacher": 0}
ROTATION = {"teacher": 0, "towards": 1, "rate": 1.0, "start": 0.2}
CASES = {
    "anchors_replay_and_schedule": {
        "curriculum": {"period": 0.6, "replay": {"fraction": 0.4, "fidelity": 0.7}},
        "training": {
            "learning_rate": SCHEDULE,
            "deficits": [DEFICIT],
            "consolidation": {"kind": "path_integral", "strength": 0.3},
        },
    },
    "drift": {
        "teachers": {"hidden": 2, "drift": [0.5, 0.0]},
        "curriculum": {"period": 0.6, "replay": {"interleave": {"new": 3, "old": 2}}},
        "training": {"consolidation": {"kind": "ewc", "strength": 2.0}, "batch_size": 2},
    },
    "rotation": {
        "teachers": {"rotation": ROTATION},
        "curriculum": {
            "mixture": [{"until": 0.6, "probabilities": [0.7, 0.3]}, {"probabilities": [0.4, 0.6]}]
        },
        "training": {"consolidation": {"kind": "node", "strength": 1.0, "step": "proximal"}},
    },
    "thresholds": {
        "curriculum": {"thresholds": [0.12, 0.08], "replay": {"fraction": 0.2, "of": "all"}},
        "teachers": {"drift": [0.2, 0.2]},
        "training": {"consolidation": {"kind": "quadratic", "strength": 0.5}},
    },
    "rotation_that_ends": {
        "teachers": {"rotation": ROTATION | {"until": "reached"}},
        "curriculum": {"period": 0.6},
    },
    "movement": {"curriculum": {"period": 0.6}},
}


def described(case, dimension=20, **blocks):
    found = document(dimension, **CASES[case] | blocks)
    times = {"times": TIMES, "movement": case == "movement"}
    return found | {"record": times, "duration": TIMES[-1]}


def until(blocks, end):
    """The same run, stopped earlier, with its state."""
    times = [time for time in TIMES if time <= end]
    training = dict(blocks["training"])
    if "deficits" in training:
        training["deficits"] = [one | {"until": min(one["until"], end)} for one in training["deficits"]]
    if isinstance(training["learning_rate"], list):
        past = [piece for piece in training["learning_rate"] if piece.get("until", end) < end]
        now = training["learning_rate"][len(past)]
        training["learning_rate"] = [*past, {"value": now["value"]}]
    blocks = blocks | {"training": training}
    return parse_spec(
        blocks | {"duration": end, "record": blocks["record"] | {"times": times, "state": True}}
    )


@pytest.mark.parametrize("dimension", [6, 20])
@pytest.mark.parametrize("case", CASES)
def test_resumed_runs_have_the_bits_of_those_that_did_not_stop(tmp_path, case, dimension):
    blocks = described(case, dimension)
    spec, path = parse_spec(blocks), tmp_path / "a.h5"
    stopped = list(simulate_runs(until(blocks, END), "chain", seed=3, runs=3))
    write_runs(path, [("/", until(blocks, END), "chain", 3, stopped)], run_axis=True)
    starts = load_start(path)
    assert all(chain.can_resume(spec, start.state) for start in starts)
    resumed = list(simulate_runs(spec, "chain", seed=3, runs=3, starts=starts))
    for whole, other in zip(simulate_runs(spec, "chain", seed=3, runs=3), resumed, strict=True):
        assert whole.arrays.keys() == other.arrays.keys()
        for name, values in whole.arrays.items():
            later = values[whole.time >= END] if len(values) == len(TIMES) else values
            assert_equal(later, other.arrays[name], name)


def test_the_cases_switch_before_and_after_the_end():
    for case in CASES:
        runs = list(simulate_runs(parse_spec(described(case)), "chain", seed=3, runs=8))
        switches = np.concatenate([one.switch_times for one in runs])
        assert min(switches) < END
        assert max(switches) > END or case == "rotation"


def test_a_rotation_with_another_rate_does_not_resume_from_the_state():
    blocks = described("rotation")
    state = simulate(until(blocks, END), "chain").state
    for other in (ROTATION | {"rate": 2.0}, None):
        teachers = blocks["teachers"] | {"rotation": other}
        if other is None:
            del teachers["rotation"]
        assert not chain.can_resume(parse_spec(blocks | {"teachers": teachers}), state)


# Batches

DIFFERENT = [
    {},
    {"curriculum": {"mixture": [{"probabilities": [0.4, 0.6]}]}},
    {"curriculum": {"switch_times": [0.6], "replay": {"interleave": {"new": 2, "old": 1}, "fidelity": 0.5}}},
    {"training": {"deficits": [DEFICIT], "learning_rate": SCHEDULE}},
    {"teachers": {"drift": [0.0, 0.0]}},
]


def test_a_chain_is_the_same_alone_and_with_others():
    specs = [parse_spec(document(20, **blocks)) for blocks in DIFFERENT]
    assert len({chain.batch_key(spec, 0) for spec in specs}) == 1
    for place, one in enumerate(simulate_points(specs, "chain", seed=5, runs=3)):
        assert_same(one, simulate(specs[place // 3], "chain", seed=5, run=place % 3))


@pytest.mark.parametrize("case", CASES)
def test_a_chain_with_anchors_or_motion_is_the_same_alone_and_with_others(case):
    spec = parse_spec(described(case))
    for run, one in enumerate(simulate_runs(spec, "chain", seed=5, runs=5)):
        assert_same(one, simulate(spec, "chain", seed=5, run=run))


# Equalities


def history(blocks, runs=8):
    found = simulate_runs(parse_spec(blocks), "chain", seed=2, runs=runs)
    names = ("generalisation_error", "student_overlaps", "student_teacher_overlaps", "student_readouts")
    return [{name: one.arrays[name] for name in names} for one in found]


def assert_same_history(one, other):
    for found, expected in zip(history(one), history(other), strict=True):
        for name in found:
            np.testing.assert_array_equal(found[name], expected[name])


@pytest.mark.parametrize(
    "blocks",
    [
        {"curriculum": {"switch_times": [0.3], "replay": {"fraction": 0.0}}},
        {"teachers": {"drift": [0.0, 0.0]}},
        {"training": {"learning_rate": [2.0, 2.0]}},
        {"training": {"readout_learning_rate": [{"until": 0.5, "value": 1.0}, {"value": 1.0}]}},
        {"training": {"deficits": [{"start": 0.5, "until": 1.0, "output_noise": 0.0}]}},
    ],
)  # fmt: skip
def test_interventions_that_change_nothing_have_the_bits_of_runs_without(blocks):
    assert_same_history(document(20, **blocks), document(20))


def test_all_units_frozen_is_lost_time():
    """Up to the rounding of rotations of the frame."""
    blocks = {"training": {"train": ["features"]}, "curriculum": {}}
    window = {"deficits": [{"start": 0.0, "until": 0.5, "frozen_units": [0, 1]}]}
    late = document(20, **blocks | {"training": blocks["training"] | window})
    late |= {"record": {"times": [0.0, 0.5, 1.0]}, "duration": 1.0}
    for one in history(late):
        for values in one.values():
            np.testing.assert_allclose(values[0], values[1], rtol=0, atol=1e-15)
        assert (abs(one["student_overlaps"][2] - one["student_overlaps"][1]) > 1e-3).all()


def test_one_teacher_twice_is_one_teacher():
    """With a shared head, equal teachers and tasks drawn at random, the inputs are those of one teacher."""
    teachers = {"features": {"relation": "identical", "norm": None}, "readouts": {"relation": "ones"}}
    blocks = {"sampled": True, "student": {"heads": "shared"}}
    one = document(20, **blocks, teachers=teachers, curriculum={})
    two = document(20, **blocks, teachers=teachers, curriculum={"mixture": [{"probabilities": [0.5, 0.5]}]})
    for found, expected in zip(history(two), history(one), strict=True):
        for name in found:
            np.testing.assert_allclose(found[name], expected[name], rtol=0, atol=1e-13)


# Refusals


def penalty(kind, **keys):
    return {"training": {"consolidation": {"kind": kind, "strength": 1.0} | keys}}


BUFFER = {"switch_times": [0.3], "replay": {"fraction": 0.1, "buffer": 5}}


@pytest.mark.parametrize(
    "blocks, message",
    [
        ({"training": {"l1": 0.1}}, "training.l1: .*use engine network"),
        (penalty("ewc", importances="weights"), "importances: .*use units"),
        (penalty("path_integral_normalised", importances="weights"), "kind: .*use engine network"),
        ({"curriculum": BUFFER}, "buffer: .*engine network"),
        (penalty("quadratic", strength=20.0), "strength: 20.0 .* inputs.dimension, 20, .*step: proximal"),
    ],
)
def test_what_the_chain_cannot_do_is_refused_in_one_line(blocks, message):
    with pytest.raises(SpecError, match=f"^[^\n]*{message}[^\n]*$"):
        support.check(parse_spec(document(20, **blocks)))


def test_a_penalty_that_is_too_strong_is_found_at_the_switch():
    rule = {"kind": "node", "strength": 1000.0}
    with pytest.raises(
        RunError, match="strength: 1000.0 is too large: .* inputs.dimension, 20, .* step: proximal"
    ):
        simulate(parse_spec(document(20, training={"consolidation": rule})), "chain")


def test_units_without_a_plane_are_found():
    same = given(STUDENT[:2], [ONE[:1], ONE[:1]], [[0.6, -0.9], [0.8, 0.5]])
    with pytest.raises(RunError, match="unit 0 of the two teachers"):
        simulate(parse_spec(document(20, teachers={"rotation": ROTATION}, initial_overlaps=same)), "chain")


def test_reached_needs_one_angle():
    teachers = {"hidden": 2, "rotation": ROTATION | {"until": "reached"}}
    with pytest.raises(RunError, match="needs one angle"):
        simulate(parse_spec(document(20, True, teachers=teachers)), "chain")


def test_a_teacher_that_has_reached_the_other_one_stays_there():
    blocks = described("rotation_that_ends")
    run = simulate(parse_spec(blocks), "chain")
    T = run.teacher_overlaps_in_time[:, :, :, 0, 0]
    start = T[0, 0, 1] / np.sqrt(T[0, 0, 0] * T[0, 1, 1])
    assert run.teacher_overlaps == pytest.approx(run.teacher_overlaps_in_time[0])
    assert 0.2 + np.arccos(start) > TIMES[2]
    expected = np.arccos(start) - np.clip(run.time - 0.2, 0.0, np.arccos(start))
    found = T[:, 0, 1] / np.sqrt(T[:, 0, 0] * T[:, 1, 1])
    np.testing.assert_allclose(found, np.cos(expected), atol=1e-12)

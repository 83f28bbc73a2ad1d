"""The engines against other programs, against each other, and what a curriculum asks of each."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

import naive
from naive import Overlaps, Setting
from teacherstudent.engines.ode import engine as ode
from teacherstudent.errors import RunError, SpecError
from teacherstudent.networks.sampling import initial_order_parameters, order_parameters, sample_networks
from teacherstudent.simulation.runs import simulate, simulate_runs
from teacherstudent.spec.parse import parse_spec

DATA = Path(__file__).parent / "data"
EACH = pytest.mark.parametrize("engine", ["network", "chain", "ode"])
HISTORY = ("generalisation_error", "student_overlaps", "student_teacher_overlaps", "student_readouts")


def document(**blocks):
    """Two teachers and a student that learns within a few units of time."""
    return {
        "inputs": {"dimension": 200},
        "teachers": {"count": 2, "hidden": 1, "features": {"relation": "rotated", "similarity": 0.5}},
        "student": {"hidden": 2, "initial": {"weights_std": 0.5, "readouts_std": 0.5}},
        "training": {"learning_rate": 1.0},
        "duration": 4.0,
        "record": {"times": [0.0, 1.0, 2.5, 4.0]},
    } | blocks


def run(engine, seed=0, run=0, **blocks):
    return simulate(parse_spec(document(**blocks)), engine, seed, run)


def assert_same_history(one, other, rows=slice(None)):
    for name in (*HISTORY, "time", "active_teacher"):
        np.testing.assert_array_equal(getattr(one, name)[rows], getattr(other, name)[rows])


# Other programs


@pytest.mark.parametrize("path", sorted(DATA.glob("*.json")), ids=lambda path: path.stem)
def test_reference_trajectories(path):
    reference = json.loads(path.read_text(encoding="utf-8"))
    columns = dict(zip(map(tuple, reference["columns"]), np.transpose(reference["rows"]), strict=True))
    times = columns.pop(("time",))
    spec = parse_spec(reference["document"] | {"record": {"times": times.tolist()}})
    trajectory = simulate(spec, "ode")
    for (name, *indices), expected in columns.items():
        found = getattr(trajectory, name)[(slice(None), *indices)]
        tolerance = 0.2 * reference["euler_step"]
        np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance, err_msg=f"{name} {indices}")


def test_reference_trajectories_are_there():
    assert len(list(DATA.glob("*.json"))) == 5


# The experiment and its limit


@pytest.fixture(scope="module")
def gaps():
    """Root mean square distance of network and ode over runs and order parameters; all terms on."""
    noises = {"output_noise": 0.8, "input_noise": 0.6}
    setting = Setting(eta=1.0, eta_h=0.7, decay=0.1, batch=2, frozen=(1,), **noises)
    start = naive.random_overlaps(np.random.default_rng(0), 2, 2, 3, 2)
    blocks = {
        "initial_overlaps": start.document(),
        "curriculum": {"switch_times": [0.7], "order": [1, 0]},
        "duration": 1.2,
        "record": {"times": [0.7, 1.2]},
    }

    def gap(dimension):
        spec = parse_spec(setting.document(2, 1, **blocks) | {"inputs": {"dimension": dimension}})
        limit = simulate(spec, "ode")
        runs = list(simulate_runs(spec, "network", runs=8, threads=2))
        squares = [(getattr(one, name) - getattr(limit, name)) ** 2 for one in runs for name in HISTORY[1:]]
        return np.sqrt(np.mean(np.concatenate([square.ravel() for square in squares])))

    return {dimension: gap(dimension) for dimension in (250, 500, 1000, 2000, 4000)}


def test_gap_between_network_and_ode_falls_like_the_root_of_the_dimension(gaps):
    slope = np.polyfit(np.log(list(gaps)), np.log(list(gaps.values())), 1)[0]
    assert -0.65 < slope < -0.35


def test_gap_between_network_and_ode_is_small(gaps):
    assert gaps[4000] < 0.006


def test_single_precision_is_as_near_to_the_ode():
    """It starts from the same networks, rounded, and learns from other inputs."""
    blocks = {"inputs": {"dimension": 4000}, "record": {"times": [0.0, 4.0]}}
    double, limit = run("network", **blocks), run("ode", **blocks)
    single = run("network", **blocks, numerics={"precision": "float32"})
    for name in HISTORY:
        np.testing.assert_allclose(getattr(single, name)[0], getattr(double, name)[0], rtol=0, atol=1e-6)
        np.testing.assert_allclose(getattr(single, name)[1], getattr(limit, name)[1], rtol=0, atol=0.05)
    assert (single.student_overlaps[0] != double.student_overlaps[0]).any()


@pytest.mark.parametrize("P, M, K, dimension", [(1, 1, 1, 2), (2, 2, 3, 7), (3, 2, 4, 100)])
def test_networks_have_exactly_the_given_overlaps(P, M, K, dimension):
    asked = naive.random_overlaps(np.random.default_rng(1), P, M, K, P)
    blocks = {"initial_overlaps": asked.document(), "inputs": {"dimension": dimension}}
    spec = parse_spec(Setting().document(P, **blocks))
    for found in (
        naive.overlaps_of(*sample_networks(spec, 3, 1)),
        stored(initial_order_parameters(spec, 0, 0)),
    ):
        for part, expected in zip(found, asked, strict=True):
            np.testing.assert_allclose(part, expected, rtol=0, atol=1e-12)


def stored(now):
    P, M = now.v.shape
    R = now.R.reshape(-1, P, M).transpose(1, 0, 2)
    return Overlaps(now.Q, R, now.T.reshape(P, M, P, M).transpose(0, 2, 1, 3), now.h, now.v)


def test_overlaps_of_dependent_weights_are_realised():
    """Both teachers are the same and one student unit is a teacher: the covariance has rank two."""
    weights = np.random.default_rng(2).normal(size=(2, 2))
    asked = naive.overlaps_of(weights, np.ones((2, 2)), weights[[[0], [0]]], np.ones((2, 1)))
    spec = parse_spec(Setting().document(2, initial_overlaps=asked.document(), inputs={"dimension": 2}))
    found = naive.overlaps_of(*sample_networks(spec, 0, 0))
    for part, expected in zip(found, asked, strict=True):
        np.testing.assert_allclose(part, expected, rtol=0, atol=1e-12)


def test_too_few_inputs_for_given_overlaps_are_refused():
    asked = naive.random_overlaps(np.random.default_rng(1), 2, 2, 3, 2)
    spec = parse_spec(Setting().document(2, initial_overlaps=asked.document(), inputs={"dimension": 6}))
    with pytest.raises(SpecError, match=r"^inputs.dimension: 6 is not allowed.* at least 7 inputs$"):
        simulate(spec, "network")


@EACH
def test_a_run_starts_from_the_given_overlaps(engine):
    asked = naive.random_overlaps(np.random.default_rng(3), 2, 3, 2, 2)
    blocks = {"initial_overlaps": asked.document(), "duration": 0.1, "record": {"count": 2}}
    trajectory = simulate(parse_spec(Setting().document(2, **blocks)), engine)
    parts = [getattr(trajectory, name)[0] for name in HISTORY[1:]]
    Q, R, h, T, v = *parts, trajectory.teacher_overlaps, trajectory.teacher_readouts
    for found, expected in zip((Q, R, T, h, v), asked, strict=True):
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_both_engines_start_from_the_same_sampled_networks():
    network, ode = run("network", seed=5, run=2), run("ode", seed=5, run=2)
    for name in HISTORY:
        np.testing.assert_allclose(getattr(network, name)[0], getattr(ode, name)[0], rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(network.teacher_overlaps, ode.teacher_overlaps, rtol=1e-13, atol=1e-15)
    np.testing.assert_array_equal(network.teacher_readouts, ode.teacher_readouts)


def test_samples_are_gaussian_networks_with_the_deviations_asked_for():
    student = {"hidden": 4, "initial": {"weights_std": 0.5, "readouts_std": 2.0}}
    spec = parse_spec(document(student=student, inputs={"dimension": 5000}))
    net = sample_networks(spec, 0, 0)
    assert net.W.std() == pytest.approx(0.5, rel=0.02)
    heads = [sample_networks(spec, seed, 0).h for seed in range(100)]
    assert np.std(heads) == pytest.approx(2.0, rel=0.1)


# Switches


@pytest.fixture(scope="module")
def threshold_case():
    """A run that starts on teacher 1, its threshold, and when SciPy and the slow twin see that crossed."""
    start, threshold = naive.random_overlaps(np.random.default_rng(9), 2, 1, 2, 2), 0.02
    setting = Setting(eta=1.0, eta_h=1.0)

    def rate(t, y):
        dQ, dR, dh = naive.rate_of_change(setting, naive.unpacked(y, start), 1, 1)
        return naive.packed(start._replace(Q=dQ, R=dR, h=dh))

    def excess(t):
        Q, R, T, h, v = naive.unpacked(solution.sol(t), start)
        return naive.generalisation_error("erf", "erf", Q, R[1], T[1, 1], h[1], v[1]) - threshold

    end = 12.0
    solution = solve_ivp(
        rate, (0, end), naive.packed(start), "DOP853", dense_output=True, rtol=1e-11, atol=1e-12
    )
    grid = np.linspace(0, end, 500)
    first = next(i for i, t in enumerate(grid) if excess(t) < 0)
    crossing = brentq(excess, grid[first - 1], grid[first], xtol=1e-12)
    curriculum = {"thresholds": [threshold], "order": [1, 0]}
    blocks = {"initial_overlaps": start.document(), "curriculum": curriculum, "duration": end}
    return setting.document(2, 1, **blocks), crossing, threshold


SHORT_STEPS = {"inputs": {"dimension": 10**9}}  # for the ode, whose times are those of steps too


def test_threshold_of_the_ode_is_located(threshold_case):
    described, crossing, threshold = threshold_case
    times = {"record": {"times": [crossing - 1e-7, crossing + 1e-7]}}
    trajectory = simulate(parse_spec(described | SHORT_STEPS | times), "ode")
    assert trajectory.switch_times == pytest.approx([crossing], abs=1e-8)
    assert trajectory.active_teacher.tolist() == [1, 0]
    assert trajectory.generalisation_error[:, 1] == pytest.approx(threshold, abs=1e-6)


def test_a_threshold_is_one_of_the_error_on_clean_inputs(threshold_case):
    described, crossing, threshold = threshold_case
    noisy = described | SHORT_STEPS | {"teachers": described["teachers"] | {"input_noise": 0.1}}
    (switch,) = simulate(parse_spec(noisy), "ode").switch_times
    there = simulate(parse_spec(noisy | {"record": {"times": [0.0, float(switch)]}}), "ode")
    assert abs(switch - crossing) > 1e-3
    assert there.generalisation_error[1, 1] == pytest.approx(threshold, abs=1e-9)


def test_threshold_of_a_network_is_close_to_that_of_the_ode(threshold_case):
    described, crossing, threshold = threshold_case
    spec = parse_spec(described | {"inputs": {"dimension": 4000}})
    trajectory, interval = simulate(spec, "network"), 0.01
    assert trajectory.switch_times == pytest.approx([crossing], rel=0.1)
    assert trajectory.switch_times / interval == pytest.approx(np.round(trajectory.switch_times / interval))
    earlier = trajectory.time <= trajectory.switch_times[0] - interval
    assert (trajectory.generalisation_error[earlier, 1] >= threshold).all()


@EACH
def test_recording_changes_nothing(engine):
    """Neither between switches nor for the moment at which a threshold is seen."""
    blocks = {"inputs": {"dimension": 1000}, "curriculum": {"thresholds": [0.07, 0.02]}, "duration": 12.0}
    seldom, often = (run(engine, record={"count": count}, **blocks) for count in (2, 3333))
    assert len(seldom.switch_times) == 2
    assert 0.5 < seldom.switch_times[0] < seldom.switch_times[1] < 11.5
    np.testing.assert_array_equal(seldom.switch_times, often.switch_times)
    assert_same_history(seldom, often, [0, -1])


@EACH
def test_a_threshold_that_is_never_reached(engine):
    trajectory = run(engine, curriculum={"thresholds": [1e-9]})
    assert len(trajectory.switch_times) == 0
    assert (trajectory.active_teacher == 0).all()
    assert_same_history(trajectory, run(engine))


@EACH
def test_period_and_order(engine):
    teachers = {"count": 3, "hidden": 1}
    times = np.arange(0.0, 3.5, 0.25)
    trajectory = run(
        engine,
        teachers=teachers,
        curriculum={"period": 0.5, "order": [1, 0, 2]},
        duration=3.5,
        record={"times": times.tolist()},
    )
    np.testing.assert_array_equal(trajectory.switch_times, [0.5, 1.0, 1.5, 2.0, 2.5, 3.0])
    expected = np.array([1, 0, 2])[np.floor(times / 0.5).astype(int) % 3]
    np.testing.assert_array_equal(trajectory.active_teacher, expected)
    moved = np.diff(trajectory.student_readouts, axis=0).any(axis=2)
    np.testing.assert_array_equal(moved, np.arange(3) == expected[:-1, None])


@EACH
def test_a_period_is_the_same_as_its_switch_times(engine):
    assert_same_history(
        run(engine, curriculum={"period": 1.5}), run(engine, curriculum={"switch_times": [1.5, 3.0]})
    )


@EACH
@pytest.mark.parametrize("copy", ["never", "first", "every"])
def test_heads_are_copied_at_the_first_switch_to_a_task_or_at_every_switch(engine, copy):
    """Teacher 1 starts from the head of teacher 0, who is met again with the own head or with a copy."""
    dimension = 2000
    after = 1 / dimension
    trajectory = run(
        engine,
        inputs={"dimension": dimension},
        student=document()["student"] | {"copy_head_at_switch": copy},
        curriculum={"switch_times": [1.0, 2.0]},
        record={"times": [0.0, 1.0, 1.0 + after, 2.0, 2.0 + after]},
    )
    h, one_step = trajectory.student_readouts, 5 * after
    np.testing.assert_allclose(h[2, 1], h[0, 1] if copy == "never" else h[1, 0], rtol=0, atol=one_step)
    np.testing.assert_array_equal(h[2, 0], h[1, 0])
    np.testing.assert_allclose(h[4, 0], h[3, 1] if copy == "every" else h[1, 0], rtol=0, atol=one_step)
    np.testing.assert_array_equal(h[4, 1], h[3, 1])
    assert np.abs(h[1, 0] - h[0, 1]).max() > 2 * one_step
    assert np.abs(h[3, 1] - h[1, 0]).max() > 2 * one_step


@EACH
def test_frozen_units_rest_while_their_teacher_is_active(engine):
    training = {"learning_rate": 1.0, "frozen_units": [[1], []], "weight_decay": 0.1}
    trajectory = run(engine, training=training, curriculum={"switch_times": [2.5]})
    Q, rounding = trajectory.student_overlaps, 1e-13 if engine == "chain" else 0.0  # of its turning frame
    np.testing.assert_allclose(Q[:3, 1, 1], Q[0, 1, 1], rtol=rounding, atol=0)
    assert Q[3, 1, 1] != Q[0, 1, 1]
    assert (np.diff(Q[:, 0, 0]) != 0).all()
    assert (np.diff(trajectory.student_readouts[:3, 0, 1]) != 0).all()


# Failure, reproducibility, range


@EACH
def test_divergence_ends_a_run(engine):
    blocks = {
        "teachers": {"count": 1, "hidden": 1, "activation": "linear"},
        "student": {
            "hidden": 2,
            "activation": "linear",
            "initial": {"weights_std": 1.0, "readouts_std": 3.0},
        },
        "training": {"learning_rate": 1000.0, "train": ["features"]},
        "inputs": {"dimension": 20},
        "record": {"times": np.linspace(0.0, 4.0, 81).tolist()},
    }
    trajectory = run(engine, **blocks)
    assert 0.0 < trajectory.diverged_at < 4.0
    assert 0 < len(trajectory.time) < 81
    assert trajectory.time[-1] <= trajectory.diverged_at
    for name in HISTORY:
        assert len(getattr(trajectory, name)) == len(trajectory.time)
        assert np.isfinite(getattr(trajectory, name)).all(), name


@EACH
def test_a_finite_run_has_not_diverged(engine):
    assert run(engine).diverged_at is None


@EACH
def test_threads_change_nothing(engine):
    spec = parse_spec(document(curriculum={"switch_times": [2.0]}))
    one, two, again = (list(simulate_runs(spec, engine, seed=3, runs=4, threads=n)) for n in (1, 2, 2))
    for first, second, third in zip(one, two, again, strict=True):
        assert_same_history(first, second)
        assert_same_history(second, third)


@EACH
def test_runs_and_seeds_are_numbered(engine):
    spec = parse_spec(document())
    runs = list(simulate_runs(spec, engine, seed=3, runs=2))
    assert_same_history(runs[1], simulate(spec, engine, seed=3, run=1))
    others = [
        simulate(spec, engine, seed=seed, run=number) for seed, number in ((3, 0), (3, 1), (4, 0), (1, 3))
    ]
    firsts = {other.student_overlaps[0, 0, 0] for other in others}
    assert len(firsts) == len(others)


@EACH
def test_progress_runs_to_one(engine):
    seen = []
    simulate(parse_spec(document(curriculum={"switch_times": [1.0]})), engine, progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_given_weights_and_measured_order_parameters_agree():
    spec = parse_spec(document(teachers={"count": 3, "hidden": 2}, student={"hidden": 4}))
    net = sample_networks(spec, 1, 2)
    for found, expected in zip(stored(order_parameters(net)), naive.overlaps_of(*net), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-16)


# Settings out of all proportion


def test_rates_that_the_equations_cannot_follow_are_one_line(monkeypatch):
    monkeypatch.setattr(ode, "MAX_STEPS", 100)
    with pytest.raises(
        RunError, match="engine ode: the equations are stiff: .* after 100 steps, .* ends at 4"
    ):
        run("ode", training={"learning_rate": 1.0, "weight_decay": 1e8})


PARALLEL = {
    "inputs": {"dimension": 1},
    "teachers": {"count": 2, "hidden": 3},
    "student": {"hidden": 3, "initial": {"readouts_value": -3, "weights_std": 1e16}},
    "training": {"learning_rate": 10},
}


@pytest.mark.parametrize("engine", ["network", "ode"])
def test_overlaps_without_an_angle_diverge_at_once(engine):
    """Rounding makes correlations of parallel units larger than 1."""
    made = run(engine, seed=1, **PARALLEL)
    assert made.diverged_at == 0.0
    assert len(made.time) == len(made.generalisation_error) == len(made.student_overlaps) == 0


def test_chains_limit_correlations_of_parallel_units():
    """In one dimension a student of long units is c sign(x), and a teacher is d erf(x / sqrt 2).

    erf(|x| / sqrt 2) is uniform in [0, 1], of mean 1/2 and mean square 1/3, so that the error is
    c^2 / 2 - c d / 2 + d^2 / 6.
    """
    made = run("chain", seed=1, **PARALLEL)
    assert made.diverged_at is None
    assert len(made.time) == 4
    for p in range(2):
        signs = np.sign(made.teacher_overlaps[p, p, 0])
        c = np.sum(made.student_readouts[:, p] * np.sign(made.student_teacher_overlaps[:, p, :, 0]), axis=1)
        d = made.teacher_readouts[p] @ signs
        expected = c**2 / 2 - c * d / 2 + d**2 / 6
        # A correlation one rounding below 1 changes its angle by 1.5e-8.
        np.testing.assert_allclose(made.generalisation_error[:, p], expected, rtol=1e-7)


@pytest.mark.parametrize("engine", ["network", "chain"])
def test_a_threshold_that_is_never_looked_at_changes_nothing(engine):
    late = {"thresholds": [10.0], "look_every": 1e50}
    seldom, thrice = (run(engine, curriculum=late | {"look_every": every}) for every in (1e50, 12.0))
    assert_same_history(seldom, thrice)


def test_what_single_precision_cannot_hold_diverges_at_once():
    large = {"hidden": 2, "initial": {"weights_std": 1e45}}
    made = run("network", student=large, numerics={"precision": "float32"})
    assert made.diverged_at == 0.0
    assert len(made.time) == 0

"""The integrator on equations with known solutions, and next to SciPy's DOP853."""

from functools import partial
from typing import NamedTuple

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from saved_code import saved
from teacherstudent.kernels.ode.integrator import (
    DIVERGED,
    EVENT,
    PAUSED,
    REACHED_END,
    RESUME,
    SAVED,
    STUCK,
    TIME,
    RestartPoint,
    empty_restart_point,
    integrate,
)
from teacherstudent.kernels.ode.stages import TABLEAU, buffers_for

CIRCLE, KEPLER, LOGISTIC, SQUARE, BROKEN = range(5)
ECCENTRICITY = 0.3
NEVER = -1e300
PLENTY = 100_000
ONE_STEP = 18  # evaluations that one step takes at most: a second step would need 12 more
FIXED_STEPS = 1e3  # a tolerance that refuses no step and begins with long ones


class Problem(NamedTuple):
    """Which equation, the level below which the first variable stops it, and a counter of evaluations."""

    equation: int
    level: float
    evaluations: np.ndarray
    calls: np.ndarray
    pause: int  # one call in so many, or none


@saved(__file__)
def derivative(y, p, dy):
    p.calls[0] += 1
    if p.pause > 0 and p.calls[0] % p.pause == 0:
        return False
    p.evaluations[0] += 1
    if p.evaluations[0] > PLENTY:
        raise RuntimeError("the integration does not end")
    if p.equation == CIRCLE:
        dy[0], dy[1] = y[1], -y[0]
    elif p.equation == KEPLER:
        cube = (y[0] ** 2 + y[1] ** 2) ** 1.5
        dy[0], dy[1], dy[2], dy[3] = y[2], y[3], -y[0] / cube, -y[1] / cube
    elif p.equation == LOGISTIC:
        dy[0] = y[0] * (1.0 - y[0])
    elif p.equation == SQUARE:
        dy[0] = y[0] * y[0]
    else:
        dy[0] = np.nan if y[0] > 2.0 else 1.0
    return True


@saved(__file__)
def above_level(y, p):
    return y[0] - p.level


@saved(__file__)
def record(y, p, row):
    for i in range(len(row)):
        row[i] = y[i]


@saved(__file__, error_model="numpy")
def solve(p, y, start, end, times, rows, tableau, rtol, atol, restart, most, work):
    return integrate(
        derivative,
        above_level,
        record,
        p,
        y,
        start,
        end,
        times,
        rows,
        tableau,
        rtol,
        atol,
        restart,
        most,
        work,
    )


class Solution(NamedTuple):
    status: int
    time: float
    state: np.ndarray
    rows: np.ndarray
    evaluations: int


def solved(
    equation,
    start_state,
    end,
    times=(),
    rtol=1e-10,
    atol=1e-10,
    level=NEVER,
    start=0.0,
    restart=None,
    most=PLENTY,
    pause=0,
):
    y, times = np.array(start_state, dtype=float), np.array(times, dtype=float)
    p = Problem(equation, level, np.zeros(1, np.int64), np.zeros(1, np.int64), pause)
    out = np.full((len(times), len(y)), np.nan)
    restart = empty_restart_point(len(y)) if restart is None else restart
    work, status = buffers_for(len(y)), PAUSED
    while status == PAUSED:
        status, time, written = solve(p, y, start, end, times, out, TABLEAU, rtol, atol, restart, most, work)
    assert np.isnan(out[written:]).all()
    return Solution(status, time, y, out[:written], int(p.evaluations[0]))


def circle(t):
    return np.stack([np.cos(t), -np.sin(t)], axis=-1)


def kepler_state(t):
    """Position and velocity on an ellipse with semi-major axis 1, from Kepler's equation."""
    anomaly = brentq(lambda E: E - ECCENTRICITY * np.sin(E) - t, t - 1, t + 1, xtol=1e-15, rtol=1e-15)
    cosine, sine, b = np.cos(anomaly), np.sin(anomaly), np.sqrt(1 - ECCENTRICITY**2)
    speed = 1 / (1 - ECCENTRICITY * cosine)
    return np.array([cosine - ECCENTRICITY, b * sine, -sine * speed, b * cosine * speed])


def kepler(times):
    return np.array([kepler_state(t) for t in np.atleast_1d(times)])


def logistic(t):
    return 1 / (1 + 9 * np.exp(-np.asarray(t)))[..., None]


KNOWN = pytest.mark.parametrize(
    "equation, exact",
    [(CIRCLE, circle), (KEPLER, kepler), (LOGISTIC, logistic)],
    ids=["circle", "kepler", "logistic"],
)


def start_of(exact):
    return np.ravel(exact(0.0))


def one_step(equation, y, start, step, times=()):
    """A single step: a call whose span is one step, with a tolerance that passes anything."""
    made = solved(equation, y, start + step, times, FIXED_STEPS, FIXED_STEPS, start=start)
    assert made.status == REACHED_END
    assert made.evaluations <= ONE_STEP
    return made


def error_of_fixed_steps(equation, exact, step):
    y = start_of(exact)
    for i in range(round(2.0 / step)):
        y = one_step(equation, y, i * step, step).state
    return np.abs(y - exact(2.0)).max()


def error_inside_a_step(equation, exact, step):
    inside = np.linspace(0.0, step, 23)[1:-1]
    rows = one_step(equation, start_of(exact), 0.0, step, inside).rows
    return np.abs(rows - exact(inside)).max()


@KNOWN
@pytest.mark.parametrize(
    "error", [error_of_fixed_steps, error_inside_a_step], ids=["whole_steps", "dense_output"]
)
def test_order_of_the_method(equation, exact, error):
    """A halved step divides the error of the method, and that of its interpolant in one step, by 2^8."""
    coarse = 0.25 if equation == KEPLER else 0.5
    errors = [error(equation, exact, coarse), error(equation, exact, coarse / 2)]
    assert errors[1] > 1e-14  # or rounding hides the order
    assert np.log2(errors[0] / errors[1]) > 7.0


@KNOWN
@pytest.mark.parametrize("tolerance", [1e-5, 1e-8, 1e-11])
def test_error_follows_the_tolerance(equation, exact, tolerance):
    end = 6.0
    made = solved(equation, start_of(exact), end, rtol=tolerance, atol=tolerance)
    assert (made.status, made.time) == (REACHED_END, end)
    assert np.abs(made.state - exact(end)).max() < 100 * tolerance


@KNOWN
def test_recorded_states_are_as_exact_as_the_steps(equation, exact):
    times = np.sort(np.random.default_rng(0).uniform(0.0, 6.0, 500))
    times[[0, -1]] = 0.0, 6.0
    made = solved(equation, start_of(exact), 6.0, times, rtol=1e-11, atol=1e-11)
    assert len(made.rows) == len(times)
    np.testing.assert_array_equal(made.rows[[0, -1]], [start_of(exact), made.state])
    np.testing.assert_allclose(made.rows, exact(times), rtol=0, atol=1e-9)


def test_recording_does_not_change_the_steps():
    times = np.linspace(0.0, 6.0, 333)
    np.testing.assert_array_equal(
        solved(KEPLER, start_of(kepler), 6.0, times).state, solved(KEPLER, start_of(kepler), 6.0).state
    )


@KNOWN
@pytest.mark.parametrize("tolerance", [1e-6, 1e-10])
def test_as_frugal_as_scipy(equation, exact, tolerance):
    made = solved(equation, start_of(exact), 20.0, rtol=tolerance, atol=tolerance)
    theirs = solve_ivp(
        lambda t, y: plain_derivative(equation, y),
        (0.0, 20.0),
        start_of(exact),
        method="DOP853",
        rtol=tolerance,
        atol=tolerance,
    )
    assert made.evaluations == pytest.approx(theirs.nfev, rel=0.05, abs=13)
    np.testing.assert_allclose(made.state, theirs.y[:, -1], rtol=0, atol=100 * tolerance)


def plain_derivative(equation, y):
    dy = np.empty_like(y)
    derivative.py_func(y, Problem(equation, NEVER, np.zeros(1), np.zeros(1), 0), dy)
    return dy


@pytest.mark.parametrize("level", [0.9, 0.3, -0.2, -0.9])
def test_events_are_located(level):
    made = solved(CIRCLE, [1.0, 0.0], 10.0, level=level, rtol=1e-12, atol=1e-12)
    assert made.status == EVENT
    assert made.time == pytest.approx(np.arccos(level), abs=1e-9)
    np.testing.assert_allclose(made.state, circle(made.time), rtol=0, atol=1e-10)


def test_an_event_ends_the_record():
    times = np.linspace(0.0, 10.0, 101)
    made = solved(CIRCLE, [1.0, 0.0], 10.0, times, level=0.3)
    assert len(made.rows) == np.sum(times < np.arccos(0.3))
    np.testing.assert_allclose(made.rows, circle(times[: len(made.rows)]), rtol=0, atol=1e-8)


def test_an_event_that_has_happened_ends_at_once():
    made = solved(CIRCLE, [1.0, 0.0], 10.0, [2.0, 3.0], level=1.5, start=2.0)
    assert (made.status, made.time, len(made.rows)) == (EVENT, 2.0, 1)


def test_an_event_is_not_seen_after_the_end():
    assert solved(CIRCLE, [1.0, 0.0], 1.0, level=0.5).status == REACHED_END
    assert solved(CIRCLE, [1.0, 0.0], 1.1, level=0.5).status == EVENT


def test_nothing_to_do():
    made = solved(CIRCLE, [1.0, 0.0], 3.0, [3.0], start=3.0)
    assert (made.status, made.time) == (REACHED_END, 3.0)
    np.testing.assert_array_equal(made.rows, [[1.0, 0.0]])


def test_times_before_the_start_hold_the_start():
    made = solved(CIRCLE, [1.0, 0.0], 4.0, [2.0, 3.0, 4.0], start=3.0)
    np.testing.assert_array_equal(made.rows[:2], [[1.0, 0.0], [1.0, 0.0]])


def test_divergence_is_flagged_where_it_happens():
    """y' = y^2 from 1 is 1 / (1 - t)."""
    times = np.array([0.0, 0.5, 0.9, 1.5])
    made = solved(SQUARE, [1.0], 2.0, times)
    assert made.status == DIVERGED
    assert made.time == pytest.approx(1.0, abs=1e-8)
    np.testing.assert_allclose(made.rows[:, 0], 1 / (1 - times[:3]), rtol=1e-8)


@pytest.mark.parametrize("start, reached", [(0.0, 2.0), (3.0, 0.0)])
def test_a_derivative_that_is_no_number_is_a_divergence(start, reached):
    made = solved(BROKEN, [start], 5.0)
    assert made.status == DIVERGED
    assert made.time == pytest.approx(reached, abs=1e-9)
    assert np.isfinite(made.state).all()


@pytest.mark.parametrize("most", [0, 3])
def test_no_more_steps_are_tried_than_allowed(most):
    made = solved(CIRCLE, [1.0, 0.0], 1000.0, [0.0], most=most)
    assert made.status == STUCK
    assert (made.time > 0.0) == (most > 0)
    assert made.time < 1000.0
    np.testing.assert_array_equal(made.rows, [[1.0, 0.0]])
    np.testing.assert_allclose(made.state, circle(made.time), rtol=1e-8)


def test_results_are_the_same_each_time():
    run = partial(solved, KEPLER, start_of(kepler), 20.0, np.linspace(0.0, 20.0, 50))
    np.testing.assert_array_equal(run().rows, run().rows)


# Restart points


@pytest.mark.parametrize("end", [1e-7, 0.3, 1.0, 2.5, 9.99])
@pytest.mark.parametrize("equation, state", [(CIRCLE, (1.0, 0.0)), (LOGISTIC, (0.01,))])
def test_a_resumed_integration_has_the_bits_of_one_that_was_not_ended(equation, state, end):
    times = np.linspace(end, 10.0, 37)
    whole = solved(equation, state, 10.0, times)
    restart = empty_restart_point(len(state))
    stopped = solved(equation, state, end, restart=restart)
    assert restart.mark[0] == SAVED
    assert restart.numbers[TIME] < end
    restart.mark[0] = RESUME
    resumed = solved(equation, stopped.state, 10.0, times, start=end, restart=restart)
    assert np.array_equal(resumed.rows, whole.rows)
    assert np.array_equal(resumed.state, whole.state)
    assert resumed.evaluations + stopped.evaluations < whole.evaluations + 40


def test_a_saved_restart_point_stays_and_a_resumed_one_is_saved_again():
    restart = empty_restart_point(2)
    solved(CIRCLE, (1.0, 0.0), 1.0, restart=restart)
    first = restart.numbers[TIME]
    solved(CIRCLE, (1.0, 0.0), 2.0, restart=restart)
    assert restart.numbers[TIME] == first
    restart.mark[0] = RESUME
    solved(CIRCLE, (1.0, 0.0), 2.0, restart=restart)
    assert 1.0 < restart.numbers[TIME] < 2.0


def test_the_end_is_recorded_where_the_last_step_is_rounded_to_before_it():
    """Where the last step is longer than half of the way, t + (end - t) need not be the end."""
    rng, rounded = np.random.default_rng(0), 0
    for _ in range(500):
        start = [rng.uniform(0.05, 0.2)]
        first = solved(LOGISTIC, start, 1e9, rtol=1e-5, atol=1e-5, most=1).time
        end = first * rng.uniform(2.1, 3.9)
        found = solved(LOGISTIC, start, end, [0.0, end], 1e-5, 1e-5)
        np.testing.assert_array_equal(found.rows[1], found.state)
        rounded += first + (end - first) < end
    assert rounded > 0


def everything(solution, restart):
    return [*solution[:2], *(array.tobytes() for array in (*solution[2:4], *restart))]


@pytest.mark.parametrize("pause", [2, 3, 7, 100])
@pytest.mark.parametrize("level", [NEVER, -0.9])
def test_pauses_leave_no_trace(pause, level):
    """At the start, in refused steps, in those with recorded times, at the event and before the end."""
    problem = CIRCLE, [1.0, 0.0], 20.0, np.linspace(0.0, 20.0, 41), 1e-6, 1e-6, level
    restart, others = empty_restart_point(2), empty_restart_point(2)
    whole, paused = solved(*problem, restart=restart), solved(*problem, restart=others, pause=pause)
    assert everything(whole, restart) == everything(paused, others)
    assert whole.evaluations == paused.evaluations


@pytest.mark.parametrize("most", [1, 5, 20])
def test_pauses_are_no_tries(most):
    problem = KEPLER, kepler_state(0.0), 100.0
    whole, paused = solved(*problem, most=most), solved(*problem, most=most, pause=2)
    assert (whole.status, whole.time) == (paused.status, paused.time) == (STUCK, whole.time)


def test_pauses_of_a_resumed_integration_leave_no_trace():
    restart = empty_restart_point(2)
    solved(CIRCLE, [1.0, 0.0], 5.0, restart=restart)
    ends = []
    for pause in (0, 2):
        again = RestartPoint(np.full(1, RESUME), *(array.copy() for array in restart[1:]))
        ends.append(everything(solved(CIRCLE, [0.0, 0.0], 9.0, [8.0], restart=again, pause=pause), again))
    assert ends[0] == ends[1]


def test_a_first_step_of_no_length_is_no_pause():
    """With an infinite derivative the integration is over at once."""
    assert solved(SQUARE, [1e200], 1.0).status == DIVERGED

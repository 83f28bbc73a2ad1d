import inspect

import numpy as np
import pytest
from pytest import approx

from teacherstudent import measures

LOG_E = np.log10(np.e)
TIME = np.linspace(0.0, 10.0, 101)
FALLING = np.exp(-TIME)  # log10 is linear: interpolation is exact


def test_forgetting_of_an_exponential_is_linear_in_time():
    assert measures.forgetting(TIME, 1 / FALLING, 2.03, 3.14) == approx(3.14 * LOG_E)
    assert measures.forgetting(TIME, 1 / FALLING, 2.0) == approx(8.0 * LOG_E)


def test_transfer_has_the_other_sign():
    assert measures.transfer(TIME, FALLING, 2.03, 3.14) == approx(3.14 * LOG_E)
    assert measures.transfer(TIME, FALLING, 2.0) == approx(8.0 * LOG_E)


def test_logarithms_are_interpolated_not_errors():
    assert measures.log10_error_at([0.0, 1.0], [1.0, 1e-4], 0.25) == approx(-1.0)


def test_zero_errors_have_a_finite_logarithm():
    assert measures.log10_error(0.0) == approx(np.log10(2.2250738585072014e-308))
    assert np.isfinite(measures.transfer([0.0, 1.0], [1.0, 0.0], 0.0))


def test_outside_the_record_is_nan():
    values = measures.log10_error_at(TIME, FALLING, [-0.1, 0.0, 10.0, 10.1, np.nan])
    assert np.array_equal(np.isnan(values), [True, False, False, True, True])


def test_rounding_at_the_end_of_the_record_is_forgiven():
    switch, after = 0.1, 0.2  # their sum is larger than 0.3
    assert measures.transfer([0.0, 0.1, 0.3], [1.0, 1e-1, 1e-4], switch, after) == approx(3.0)


def test_equal_recorded_times_do_not_divide_by_zero():
    assert measures.log10_error_at([0.0, 0.0, 1.0], [1.0, 1.0, 0.01], [0.0, 0.5]) == approx([0.0, -1.0])


def test_maxima_of_hand_written_curves():
    time = [0.0, 1.0, 2.0, 3.0, 4.0]
    first = [1e0, 1e-4, 1e-2, 1e-1, 1e-3]  # large before the switch: that does not count
    second = [1e-9, 1e-1, 1e-3, 1e-5, 1e-2]
    assert measures.maximal_forgetting(time, first, 1.0) == approx(3.0)
    assert measures.maximal_transfer(time, second, 1.0) == approx(4.0)


def test_maxima_count_the_switch_itself_between_rows():
    time, errors = [0.0, 1.0, 2.0], [1.0, 1e-2, 1e-4]
    assert measures.maximal_forgetting(time, errors, 0.5) == 0.0
    assert measures.maximal_transfer(time, errors, 0.5) == approx(3.0)
    assert measures.maximal_transfer(time, 1 / np.array(errors), 0.5) == 0.0


def test_initial_rates_of_an_exponential():
    assert measures.initial_forgetting_rate(TIME, FALLING**-3, 2.0) == approx(3 * LOG_E)
    assert measures.initial_transfer_rate(TIME, FALLING**3, 2.0) == approx(3 * LOG_E)


def test_initial_rate_is_the_mean_of_the_first_differences():
    time = np.array([0.0, 0.5, 1.0, 1.5, 2.0, 2.5])
    logs = np.array([5.0, 1.0, 1.5, 3.5, 4.0, 9.0])
    mean_difference = np.mean(np.diff(logs)[1:4])  # rows from 0.5 to 2.0
    rate = measures.initial_forgetting_rate(time, 10**logs, switch=0.4, rows=3)
    assert rate == approx(mean_difference / 0.5)


def test_initial_rate_needs_enough_rows():
    assert np.isfinite(measures.initial_forgetting_rate(TIME, FALLING, 9.0, rows=10))
    assert np.isnan(measures.initial_forgetting_rate(TIME, FALLING, 9.05, rows=10))


def test_adjusted_forgetting_at_equal_performance():
    """log eps_1 = -2 + t - s rises, log eps_2 = -(t - s) falls to eps_1(s) = 1e-2 at t - s = 2."""
    for switch in (3.0, 3.03):
        first, second = 10 ** (-2 + (TIME - switch)), 10 ** -(TIME - switch)
        assert measures.adjusted_forgetting(TIME, first, second, switch) == approx(2.0)


def test_adjusted_forgetting_between_the_switch_and_the_next_row():
    """log eps_1 = -1 - 2 t is -2 at the switch, log eps_2 = -3 t falls to that at t = 2/3."""
    time, first, second = np.arange(3.0), 10.0 ** np.array([-1, -3, -1]), 10.0 ** np.array([0, -3, -3])
    assert measures.adjusted_forgetting(time, first, second, 0.5) == approx(-1 / 3)


def test_adjusted_forgetting_takes_the_first_crossing_after_the_switch():
    time = np.arange(6.0)
    first = 10.0 ** np.array([0, -2, -1.5, -1.0, -0.5, 0.0])
    second = 10.0 ** np.array([-9, -1, -3, 0, -9, 0])  # below eps_1(s) before the switch and twice after
    assert measures.adjusted_forgetting(time, first, second, 1.0) == approx(0.25)


def test_adjusted_forgetting_is_nan_where_the_second_task_stays_worse():
    assert np.isnan(measures.adjusted_forgetting(TIME, np.full(101, 1e-3), np.full(101, 1e-2), 1.0))


def test_adjusted_forgetting_is_zero_where_the_second_task_is_better_at_once():
    first, second = 10 ** (TIME - 3), np.full(101, 1e-6)
    assert measures.adjusted_forgetting(TIME, first, second, 1.0) == 0.0
    assert measures.adjusted_forgetting(TIME, first, second, 0.0) == 0.0


def test_forgetting_time_of_an_exponential():
    """log eps_1 grows by log10(e) per unit of time; the switch may lie between two recorded times."""
    for switch in (2.0, 2.03):
        assert measures.forgetting_time(TIME, 1 / FALLING, switch, 1.0) == approx(1 / LOG_E)
        assert measures.forgetting_time(TIME, 1 / FALLING, switch, 0.01) == approx(0.01 / LOG_E)


def test_forgetting_time_takes_the_first_crossing_after_the_switch():
    time, logs = np.arange(6.0), np.array([0.0, -2.0, -1.8, -1.0, -2.0, 0.0])
    assert measures.forgetting_time(time, 10**logs, 1.0, 0.6) == approx(1.5)
    assert np.isnan(measures.forgetting_time(time, 10**logs, 1.0, 2.1))
    assert np.isnan(measures.forgetting_time(time, 10**logs, 7.0, 0.1))


def test_forgetting_time_of_many_runs():
    errors = 10 ** np.random.default_rng(3).normal(size=(5, 101))
    switch = np.array([0.0, 1.0, 2.5, 4.44, 9.99])
    together = measures.forgetting_time(TIME, errors, switch, 0.5)
    alone = [measures.forgetting_time(TIME, errors[i], switch[i], 0.5) for i in range(5)]
    assert np.array_equal(together, alone, equal_nan=True)


def test_tabula_rasa_transfer_is_a_difference_of_errors():
    scratch, pretrained = np.exp(-TIME), np.exp(-2 * TIME)
    gain = measures.tabula_rasa_transfer(TIME, scratch, TIME, pretrained, switch=1.0, after=0.5)
    assert gain == approx(np.exp(-0.5) - np.exp(-3.0))


@pytest.mark.parametrize(
    "measure",
    [
        measures.forgetting,
        measures.transfer,
        measures.maximal_forgetting,
        measures.maximal_transfer,
        measures.initial_forgetting_rate,
        measures.initial_transfer_rate,
        lambda time, errors, switch: measures.forgetting(time, errors, switch, after=1.7),
    ],
)
def test_leading_axes_are_runs_of_their_own(measure):
    errors = 10 ** np.random.default_rng(1).normal(size=(4, 3, len(TIME)))
    switch = np.array([1.0, 2.34, 5.0])
    together = measure(TIME, errors, switch)
    assert together.shape == (4, 3)
    alone = [[measure(TIME, errors[i, j], switch[j]) for j in range(3)] for i in range(4)]
    assert np.array_equal(together, alone, equal_nan=True)


def test_adjusted_forgetting_of_many_runs():
    rng = np.random.default_rng(2)
    first, second = 10 ** rng.normal(size=(5, 101)), 10 ** rng.normal(size=(5, 101))
    switch = np.array([0.0, 1.0, 2.5, 4.44, 9.99])
    together = measures.adjusted_forgetting(TIME, first, second, switch)
    alone = [measures.adjusted_forgetting(TIME, first[i], second[i], switch[i]) for i in range(5)]
    assert np.array_equal(together, alone, equal_nan=True)


def test_a_diverged_run_is_nan_and_leaves_the_others():
    errors = np.stack([FALLING, FALLING])
    errors[1, 60:] = np.nan
    for value in (measures.maximal_transfer(TIME, errors, 2.0), measures.transfer(TIME, errors, 2.0)):
        assert value[0] == approx(8.0 * LOG_E)
        assert np.isnan(value[1])
    assert np.isfinite(measures.log10_error_at(TIME, errors, TIME[59])).all()
    errors[1, 1:] = np.nan
    assert np.isfinite(measures.log10_error_at(TIME, errors, TIME[0])).all()


def test_a_switch_that_did_not_come_is_nan():
    for measure in (measures.forgetting, measures.maximal_forgetting, measures.initial_forgetting_rate):
        values = measure(TIME, np.stack([FALLING, FALLING]), [2.0, np.nan])
        assert np.array_equal(np.isnan(values), [False, True])
    assert np.isnan(measures.adjusted_forgetting(TIME, FALLING, FALLING, np.nan))


def test_errors_without_the_axis_of_time_at_the_end_are_refused_in_one_line():
    errors = np.ones((len(TIME), 3))
    words = r"^errors of shape \(101, 3\): the last axis must have the 101 recorded times$"
    for measure in (measures.forgetting, measures.maximal_transfer, measures.initial_forgetting_rate):
        with pytest.raises(ValueError, match=words):
            measure(TIME, errors, 2.0)


def test_completion_lists_the_measures_only():
    public = [name for name in vars(measures) if not name.startswith("_")]
    assert dir(measures) == sorted(name for name in public if inspect.isfunction(getattr(measures, name)))
    assert {"forgetting", "transfer"} <= set(dir(measures))

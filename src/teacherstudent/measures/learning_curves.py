"""Measures of learning curves.

All are functions of arrays. Errors eps of one task have the shape (..., T) with time in the last axis; the
time `switch` (s) of the switch and the time `after` (t) since the switch are numbers or broadcast against the
leading axes. Logarithms are decimal, an error of zero is replaced by the smallest normal double, and log10
eps is interpolated linearly between the recorded times, shape (T,). The result is NaN if a time lies outside
the recorded times, or after the divergence of a run.

Forgetting F and transfer T are defined as in Lee, Goldt & Saxe, Continual Learning in the Teacher-Student
Setup: Impact of Task Similarity, ICML 2021.
"""

import numpy as np

ROUNDING = 1e-9  # tolerance of the ends of the recorded times, relative to their length: s + t is rounded


def log10_error(errors) -> np.ndarray:
    """Return log10 eps, with zeros replaced by the smallest normal double.

    Parameters
    ----------
    errors : array_like
        Generalisation errors, at least 0; any shape.

    Returns
    -------
    ndarray
        In decades, of the same shape.
    """
    return np.log10(np.maximum(errors, np.finfo(float).tiny))


def log10_error_at(time, errors, when) -> np.ndarray:
    """Return log10 eps at given times, interpolated linearly between the recorded ones.

    Parameters
    ----------
    time : array_like, shape (T,)
        Recorded times, ascending, in steps / N.
    errors : array_like, shape (..., T)
        Generalisation errors of the task.
    when : float or array_like
        Times, which broadcast against the leading axes of the errors.

    Returns
    -------
    ndarray, shape (...) or float
        In decades; NaN where the time is outside the record or the run diverged before it.

    Raises
    ------
    ValueError
        If the last axis of the errors does not have the length of the recorded times.
    """
    time, logs, when = np.asarray(time), _logs(time, errors), np.asarray(when, dtype=float)
    right = np.clip(np.searchsorted(time, when), 1, len(time) - 1)
    left, width = right - 1, time[right] - time[right - 1]
    x = np.clip(np.divide(when - time[left], width, out=np.zeros(when.shape), where=width > 0), 0.0, 1.0)
    low, high = _rows(logs, left), _rows(logs, right)
    value = np.where(x > 0, (1 - x) * low + x * high, low)  # at x = 0 without `high`, which may have diverged
    slack = ROUNDING * (time[-1] - time[0])
    return np.where((when >= time[0] - slack) & (when <= time[-1] + slack), value, np.nan)[()]


def forgetting(time, errors, switch, after=None):
    """Forgetting F(t) = log10 eps_1(s + t) - log10 eps_1(s) of the first task, t after the switch.

    Parameters
    ----------
    time : array_like, shape (T,)
        Recorded times, ascending, in steps / N.
    errors : array_like, shape (..., T)
        Generalisation errors of the task trained before the switch.
    switch : float or array_like
        Time of the switch s; broadcasts against the leading axes of the errors.
    after : float or array_like, optional
        Time since the switch; by default until the last recorded time (long-time forgetting).

    Returns
    -------
    ndarray, shape (...) or float
        In decades; NaN outside the recorded times.

    References
    ----------
    Lee, Goldt & Saxe 2021.

    Examples
    --------
    >>> errors = [1.0, 0.01, 0.1, 1.0]  # learned until t = 1, then forgotten
    >>> bool(np.isclose(forgetting([0.0, 1.0, 2.0, 3.0], errors, switch=1.0, after=1.0), 1.0))
    True
    >>> bool(np.isclose(forgetting([0.0, 1.0, 2.0, 3.0], errors, switch=1.0), 2.0))
    True
    """
    when = np.asarray(time)[-1] if after is None else np.asarray(switch) + after
    return log10_error_at(time, errors, when) - log10_error_at(time, errors, switch)


def transfer(time, errors, switch, after=None):
    """Transfer T(t) = log10 eps_2(s) - log10 eps_2(s + t) to the second task, t after the switch.

    Parameters
    ----------
    time : array_like, shape (T,)
        Recorded times, ascending, in steps / N.
    errors : array_like, shape (..., T)
        Generalisation errors of the task trained after the switch.
    switch : float or array_like
        Time of the switch s; broadcasts against the leading axes of the errors.
    after : float or array_like, optional
        Time since the switch; by default until the last recorded time (long-time transfer).

    Returns
    -------
    ndarray, shape (...) or float
        In decades; NaN outside the recorded times.

    References
    ----------
    Lee, Goldt & Saxe 2021.
    """
    return -forgetting(time, errors, switch, after)


def maximal_forgetting(time, errors, switch):
    """Maximal forgetting max_{t >= s} log10 eps_1(t) - log10 eps_1(s), over the recorded times.

    Parameters
    ----------
    time : array_like, shape (T,)
        Recorded times, ascending, in steps / N.
    errors : array_like, shape (..., T)
        Generalisation errors of the task trained before the switch.
    switch : float or array_like
        Time of the switch s; broadcasts against the leading axes of the errors.

    Returns
    -------
    ndarray, shape (...) or float
        In decades; NaN for runs that diverged.

    References
    ----------
    Lee, Goldt & Saxe 2021.
    """
    start, logs = _from_switch(time, errors, switch)
    return np.max(logs, axis=-1) - start


def maximal_transfer(time, errors, switch):
    """Maximal transfer log10 eps_2(s) - min_{t >= s} log10 eps_2(t), over the recorded times.

    Parameters
    ----------
    time : array_like, shape (T,)
        Recorded times, ascending, in steps / N.
    errors : array_like, shape (..., T)
        Generalisation errors of the task trained after the switch.
    switch : float or array_like
        Time of the switch s; broadcasts against the leading axes of the errors.

    Returns
    -------
    ndarray, shape (...) or float
        In decades; NaN for runs that diverged.

    References
    ----------
    Lee, Goldt & Saxe 2021.
    """
    start, logs = _from_switch(time, errors, switch)
    return start - np.min(logs, axis=-1)


def initial_forgetting_rate(time, errors, switch, rows=10):
    """Initial rate of forgetting, (L(t_{j+n}) - L(t_j)) / (t_{j+n} - t_j) with L = log10 eps_1.

    t_j is the first recorded time not before the switch: the rate is the mean of n successive differences,
    divided by the time between rows. (Lee et al. take rows 0.01 apart and n = 10, and do not divide.)

    Parameters
    ----------
    time : array_like, shape (T,)
        Recorded times, ascending, in steps / N.
    errors : array_like, shape (..., T)
        Generalisation errors of the task trained before the switch.
    switch : float or array_like
        Time of the switch s; broadcasts against the leading axes of the errors.
    rows : int
        Number n of recorded intervals over which the slope is taken.

    Returns
    -------
    ndarray, shape (...) or float
        In decades per unit of time; NaN with fewer than n rows after t_j.

    References
    ----------
    Lee, Goldt & Saxe 2021.
    """
    time, logs = np.asarray(time), _logs(time, errors)
    first = np.searchsorted(time, switch)
    enough = first + rows < len(time)
    first = np.where(enough, first, 0)
    last = np.where(enough, first + rows, 0)
    change, elapsed = _rows(logs, last) - _rows(logs, first), time[last] - time[first]
    return np.divide(change, elapsed, out=np.full(change.shape, np.nan), where=elapsed > 0)[()]


def initial_transfer_rate(time, errors, switch, rows=10):
    """Initial rate of transfer: the negative of `initial_forgetting_rate`, for the second task.

    Parameters
    ----------
    time : array_like, shape (T,)
        Recorded times, ascending, in steps / N.
    errors : array_like, shape (..., T)
        Generalisation errors of the task trained after the switch.
    switch : float or array_like
        Time of the switch s; broadcasts against the leading axes of the errors.
    rows : int
        Number n of recorded intervals over which the slope is taken.

    Returns
    -------
    ndarray, shape (...) or float
        In decades per unit of time; NaN with fewer than n rows after the switch.

    References
    ----------
    Lee, Goldt & Saxe 2021.
    """
    return -initial_forgetting_rate(time, errors, switch, rows)


def adjusted_forgetting(time, errors_first, errors_second, switch):
    """Forgetting at equal performance: F at the first time t >= s with eps_2(t) < eps_1(s).

    At that time the error of the second task is the error that the first task had at the switch.

    Parameters
    ----------
    time : array_like, shape (T,)
        Recorded times, ascending, in steps / N.
    errors_first : array_like, shape (..., T)
        Generalisation errors of the task trained before the switch.
    errors_second : array_like, shape (..., T)
        Generalisation errors of the task trained after the switch.
    switch : float or array_like
        Time of the switch s; broadcasts against the leading axes of the errors.

    Returns
    -------
    ndarray, shape (...) or float
        In decades; NaN where eps_2 never falls below eps_1(s).

    References
    ----------
    Lee, Goldt & Saxe 2021.
    """
    time, switch = np.asarray(time), np.asarray(switch, dtype=float)
    level = log10_error_at(time, errors_first, switch)
    _, logs = _from_switch(time, errors_second, switch)
    below = logs < level[..., None]
    hit = np.argmax(below, axis=-1)
    before = np.maximum(hit - 1, 0)
    high, low, since = _rows(logs, before), _rows(logs, hit), np.maximum(time[before], switch)
    x = np.divide(high - level, high - low, out=np.zeros(hit.shape), where=hit > 0)
    crossing = np.where(hit > 0, since + x * (time[hit] - since), switch)
    crossing = np.where(below.any(axis=-1), crossing, np.nan)
    return log10_error_at(time, errors_first, crossing) - level


def forgetting_time(time, errors, switch, level):
    """Time from the switch until forgetting F first exceeds a level.

    Parameters
    ----------
    time : array_like, shape (T,)
        Recorded times, ascending, in steps / N.
    errors : array_like, shape (..., T)
        Generalisation errors of the task trained before the switch.
    switch : float or array_like
        Time of the switch s; broadcasts against the leading axes of the errors.
    level : float
        Forgetting in decades, at least 0.

    Returns
    -------
    ndarray, shape (...) or float
        Time since the switch, interpolated linearly; NaN where F never exceeds the level.

    Examples
    --------
    >>> errors = [1.0, 0.01, 0.1, 1.0]  # F = 0, 1, 2 from t = 1 on
    >>> bool(np.isclose(forgetting_time([0.0, 1.0, 2.0, 3.0], errors, switch=1.0, level=0.5), 0.5))
    True
    """
    time, switch = np.asarray(time), np.asarray(switch, dtype=float)
    start, logs = _from_switch(time, errors, switch)
    growth = logs - start[..., None]
    above = growth > level
    hit = np.argmax(above, axis=-1)
    before = np.maximum(hit - 1, 0)
    low, high, since = _rows(growth, before), _rows(growth, hit), np.maximum(time[before] - switch, 0.0)
    slope = np.divide(time[hit] - switch - since, high - low, out=np.zeros(hit.shape), where=hit > 0)
    return np.where(above.any(axis=-1), slope * (level - low) + since, np.nan)[()]


def tabula_rasa_transfer(scratch_time, scratch_errors, time, errors, switch, after):
    """Gain over a student from scratch, eps_scratch(t) - eps_2(s + t), in the errors themselves.

    Parameters
    ----------
    scratch_time : array_like, shape (S,)
        Recorded times of the student trained on the second teacher only, from time 0 on.
    scratch_errors : array_like, shape (..., S)
        Its generalisation errors of the second task.
    time : array_like, shape (T,)
        Recorded times, ascending, in steps / N.
    errors : array_like, shape (..., T)
        Generalisation errors of the task trained after the switch.
    switch : float or array_like
        Time of the switch s; broadcasts against the leading axes of the errors.
    after : float or array_like
        Time t of training on the second task.

    Returns
    -------
    ndarray, shape (...) or float
        Positive where training on the first task helped; NaN outside the recorded times of either student.

    References
    ----------
    Lee, Goldt & Saxe 2021.
    """
    scratch = log10_error_at(scratch_time, scratch_errors, after)
    return 10.0**scratch - 10.0 ** log10_error_at(time, errors, np.asarray(switch) + after)


def _logs(time, errors) -> np.ndarray:
    """Return log10 eps. Raises ValueError unless the last axis of the errors is that of the times."""
    logs, times = log10_error(errors), np.size(time)
    if logs.shape[-1:] != (times,):
        raise ValueError(f"errors of shape {logs.shape}: the last axis must have the {times} recorded times")
    return logs


def _from_switch(time, errors, switch) -> tuple[np.ndarray, np.ndarray]:
    """Return log10 eps at the switch, and at all recorded times; before the switch it has its value at s."""
    start = log10_error_at(time, errors, switch)
    after = np.asarray(time) >= np.asarray(switch)[..., None]
    return start, np.where(after, log10_error(errors), start[..., None])


def _rows(values: np.ndarray, index) -> np.ndarray:
    """Take one entry along the last axis of (..., T) for each of the leading indices, which broadcast."""
    lead = np.broadcast_shapes(values.shape[:-1], np.shape(index))
    values, index = np.broadcast_to(values, (*lead, values.shape[-1])), np.broadcast_to(index, lead)
    return np.take_along_axis(values, index[..., None], axis=-1)[..., 0]


def __dir__() -> list[str]:
    return [name for name, value in globals().items() if callable(value) and not name.startswith("_")]

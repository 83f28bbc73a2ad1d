"""Division of a grid into jobs: parts that are grids themselves, with a limited cost."""

import math
from bisect import bisect_left
from collections.abc import Callable

# The values of each axis of a grid, or of a part of it.
Axes = dict[str, list]


def divided(axes: Axes, cost: Callable[[Axes], float], limit: float) -> list[Axes]:
    """Divide a grid into parts whose cost is at most a limit.

    A grid with a larger cost is cut along its first axis with several values. Then the two parts beside the
    cut are joined if their cost is at most the limit, so that no two neighbours along an axis can be joined.
    Cuts are at round numbers, independent of the other values: a new value changes the part that contains it,
    and rarely its neighbours.

    Parameters
    ----------
    axes : dict
        The values of each axis; numbers are in ascending order.
    cost : callable
        Function of a part (the values of each axis) that returns its cost.
    limit : float
        The largest cost of a part with more than one point, in the unit of `cost`.

    Returns
    -------
    list of dict
        The parts, in the order of the points of the grid.
    """
    key = next((key for key, values in axes.items() if len(values) > 1), None)
    if key is None or cost(axes) <= limit:
        return [axes]
    lower, upper = (divided(axes | {key: half}, cost, limit) for half in _halves(axes[key]))
    middle = upper[0] | {key: lower[-1][key] + upper[0][key]}
    if middle | {key: lower[-1][key]} == lower[-1] and cost(middle) <= limit:
        return [*lower[:-1], middle, *upper[1:]]
    return lower + upper


def _halves(values: list) -> tuple[list, list]:
    """Cut numbers at the roundest number between the first and the last, and texts before the last one."""
    numeric = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    index = bisect_left(values, _roundest(values[0], values[-1])) if numeric else -1
    return values[:index], values[index:]


def _roundest(low: float, high: float) -> float:
    """Return the number in (low, high] that is a multiple of the largest power of two."""
    if low < 0.0 <= high:
        return 0.0
    step = 2.0 ** math.ceil(math.log2(max(abs(low), abs(high))))
    while math.floor(high / step) * step <= low:
        step /= 2.0
    return math.floor(high / step) * step

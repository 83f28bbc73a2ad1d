"""How a grid is divided into jobs: parts that are grids themselves and cost no more than a job should."""

import math
from bisect import bisect_left
from collections.abc import Callable

# The values of each axis of a grid, or of a part of it.
Axes = dict[str, list]


def divided(axes: Axes, cost: Callable[[Axes], float], limit: float) -> list[Axes]:
    """Divide a grid into parts, in the order of its points; only a single point costs more than the limit.

    A grid that costs too much is cut along its first axis with several values. Then the parts beside the cut
    are one again if that costs no more than the limit, so that no two neighbours along an axis could be one.
    Cuts are at round values, whatever the others are: a new value changes the part that it falls into, and
    seldom those beside it.
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
    """Cut numbers at the roundest one between them, and words before the last: new ones come after it."""
    numeric = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    place = bisect_left(values, _roundest(values[0], values[-1])) if numeric else -1
    return values[:place], values[place:]


def _roundest(low: float, high: float) -> float:
    """Return the multiple of the largest power of two that is larger than one number and at most another."""
    if low < 0.0 <= high:
        return 0.0
    step = 2.0 ** math.ceil(math.log2(max(abs(low), abs(high))))
    while math.floor(high / step) * step <= low:
        step /= 2.0
    return math.floor(high / step) * step

"""Measures of interventions: what is needed for a given reduction of forgetting."""

import numpy as np


def replay_needed(fractions, forgetting, factor=10.0):
    """Smallest fraction of replay r at which forgetting F(r) has fallen to F(0) / factor.

    F is linear forgetting, the rise of the error itself, eps_1(end) - eps_1(s). Between the two fractions
    where F first falls to the target or below, log F is interpolated linearly in r, or F itself where it is
    not positive.

    Parameters
    ----------
    fractions : array_like, shape (F,)
        Fractions of replay of the runs, ascending, with 0 as the first one.
    forgetting : array_like, shape (..., F)
        Forgetting at each fraction.
    factor : float
        By which factor F is to fall, larger than 1.

    Returns
    -------
    ndarray, shape (...) or float
        The fraction; NaN where F does not fall to the target at any of the fractions, and where there is
        nothing to reduce, F(0) <= 0.

    Raises
    ------
    ValueError
        If the first fraction is not 0, the fractions are not ascending, the last axis of the forgetting has
        another length, or the factor is not larger than 1.

    Examples
    --------
    >>> round(float(replay_needed([0.0, 0.1, 0.2], [1.0, 0.1, 0.001], factor=100.0)), 4)
    0.15
    >>> float(replay_needed([0.0, 0.1, 0.2], [1.0, 0.5, 0.4]))
    nan
    """
    r, F = np.asarray(fractions, dtype=float), np.asarray(forgetting, dtype=float)
    if r.ndim != 1 or len(r) < 2 or r[0] != 0.0 or np.any(np.diff(r) <= 0.0):
        raise ValueError("fractions: must be at least two, ascending, and start with 0")
    if F.shape[-1:] != r.shape:
        raise ValueError(f"forgetting of shape {F.shape}: the last axis must have the {len(r)} fractions")
    if not factor > 1.0:
        raise ValueError(f"factor {factor}: must be larger than 1")
    target = F[..., 0] / factor
    below = (target[..., None] > 0.0) & (target[..., None] >= F)
    hit = np.maximum(np.argmax(below, axis=-1), 1)
    high, low = (np.take_along_axis(F, (hit - i)[..., None], axis=-1)[..., 0] for i in (1, 0))
    x = np.where(low > 0.0, _share(np.log, high, low, target), _share(np.positive, high, low, target))
    return np.where(below.any(axis=-1), r[hit - 1] + x * (r[hit] - r[hit - 1]), np.nan)[()]


def _share(scale, high, low, target) -> np.ndarray:
    """Return the position of a target between two values on a scale, from 0 at `high` to 1 at `low`."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return (scale(high) - scale(target)) / (scale(high) - scale(low))

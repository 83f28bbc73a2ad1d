"""Made-up curves for the figures of Lee et al. 2022: the error of task 1 grows at the switch."""

import numpy as np

from lee2021_samples import SIMILARITY, curves

GRID = np.linspace(0.0, 1.0, 21)
SWITCH = 100.0
START = 1e-5  # the error of task 1 at the switch


def grown(forgetting, axes, second=1e-4, runs=2, times=(0.0, SWITCH, 2 * SWITCH), **more):
    """Curves whose error of task 1 grows by `forgetting` (axes...) at the switch; that of task 2 is given."""
    after = np.array([0.0 if time <= SWITCH else 1.0 for time in times])
    first = START + np.multiply.outer(np.asarray(forgetting, dtype=float), np.outer(np.ones(runs), after))
    other = np.broadcast_to(np.asarray(second, dtype=float)[..., None, None], first.shape)
    return curves(times, np.log10(first), np.log10(other), axes, **more)


def hill(top, height=0.2, grid=GRID):
    """An inverted U over similarities with its peak at `top`."""
    return height * (1.0 - (np.asarray(grid) - top) ** 2)


def along(key, values, line, **more):
    """Curves along an axis and the similarity; `line(value)` is forgetting over GRID, or both measures."""
    lines = [line(value) for value in values]
    forgetting, second = zip(
        *(one if isinstance(one, tuple) else (one, 1e-4 + 0.0 * GRID) for one in lines), strict=True
    )
    return grown(np.array(forgetting), {key: np.array(values), SIMILARITY: GRID}, np.array(second), **more)


def finite(forgetting, strengths, fractions, similarities):
    """Networks of 1000 inputs with both interventions; forgetting is (strength, fraction, similarity)."""
    axes = {
        "training.consolidation.strength": np.array(strengths),
        "curriculum.replay.fraction": np.array(fractions),
        SIMILARITY: similarities,
    }
    made = grown(forgetting, axes, engine="network", dimension=1000)
    made.document["training"]["consolidation"] = {"kind": "ewc", "strength": 0.0}
    made.document["curriculum"]["replay"] = {"fraction": 0.0}
    return made

"""Small made-up curves for the figures of Goldt et al. 2019, with any errors after long times."""

import numpy as np

from teacherstudent.store.curves import Curves

HIDDEN, RATE, NOISE = "student.hidden", "training.learning_rate", "teachers.output_noise"
START = "student.initial.scheme"
TIME = np.linspace(0.0, 300.0, 31)


def curves(error, axes=None, time=TIME, spec=None, engine="chain", **overlaps):
    """Curves from errors (axes..., run, time) and overlaps in the form that files have."""
    axes = {key: np.asarray(values) for key, values in (axes or {}).items()}
    error = np.asarray(error, dtype=float)
    shape = error.shape[:-1]
    return Curves(
        engine=engine,
        axes=axes,
        runs=shape[-1],
        seed=0,
        time=np.asarray(time, dtype=float),
        quantities={"generalisation_error": error[..., None], **overlaps},
        diverged=np.zeros(shape, dtype=bool),
        switch_times=np.zeros((*shape, 0)),
        document=spec or document(),
    )


def document(M=2, K=2, rate=0.2, noise=0.01):
    """A small spec with one teacher."""
    return {
        "inputs": {"dimension": 100},
        "teachers": {"count": 1, "hidden": M, "output_noise": noise},
        "student": {"hidden": K},
        "training": {"learning_rate": rate},
    }


def resting(values, axes, spec=None, runs=5, spread=0.01, engine="chain"):
    """Runs a little apart whose last third has given mean errors (axes...) in units of sigma^2 eta."""
    spec = spec or document()
    sigma, eta = spec["teachers"]["output_noise"], spec["training"]["learning_rate"]
    if RATE in axes:
        place = list(axes).index(RATE)
        eta = np.expand_dims(np.asarray(axes[RATE]), tuple(range(1, len(axes) - place)))
    level = np.asarray(values, dtype=float) * sigma**2 * eta
    around = 1.0 + spread * np.linspace(-1.0, 1.0, runs)
    before = np.where(TIME < 200.0, 50.0, 1.0)
    return curves(level[..., None, None] * around[:, None] * before, axes, spec=spec, engine=engine)

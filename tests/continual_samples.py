"""Made-up curves for the figures of interventions, from errors over axes, runs, times and tasks."""

import numpy as np

from teacherstudent.store.curves import Curves

FEATURES = {
    "inputs": {"dimension": 100},
    "teachers": {"count": 1, "hidden": 2},
    "student": {"hidden": 2},
    "training": {"learning_rate": 1.0, "train": ["features"]},
}


def curves(axes, time, errors, engine="ode", document=FEATURES, **quantities):
    """Curves from errors that broadcast to (axes..., run, time, task)."""
    axes = {key: np.asarray(values) for key, values in axes.items()}
    lead = tuple(len(values) for values in axes.values())
    errors = np.asarray(errors, dtype=float)
    errors = np.broadcast_to(errors, (*lead, *errors.shape[len(lead) :]))
    shape = errors.shape[:-2]
    return Curves(
        engine=engine,
        axes=axes,
        runs=shape[-1],
        seed=0,
        time=np.asarray(time, dtype=float),
        quantities={"generalisation_error": errors, **quantities},
        diverged=np.zeros(shape, dtype=bool),
        switch_times=np.full((*shape, 0), np.nan),
        document=document,
    )

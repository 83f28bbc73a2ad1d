"""Made-up curves for the figures of Lee et al. 2021, from log10 of the errors."""

import numpy as np

from teacherstudent.store.curves import Curves

SIMILARITY = "teachers.features.similarity"


def curves(time, log_first, log_second, axes=None, engine="ode", dimension=10000, **quantities):
    """Curves from log10 of the errors of task 1 and 2, which broadcast to (axes..., run, time)."""
    axes = {key: np.asarray(values) for key, values in (axes or {}).items()}
    lead = [len(values) for values in axes.values()]
    runs = np.broadcast_shapes(np.shape(log_first), np.shape(log_second), (1, len(time)))[-2]
    shape = (*lead, runs, len(time))
    errors = np.stack(
        [np.broadcast_to(10.0 ** np.asarray(log), shape) for log in (log_first, log_second)], axis=-1
    )
    return Curves(
        engine=engine,
        axes=axes,
        runs=runs,
        seed=0,
        time=np.asarray(time, dtype=float),
        quantities={"generalisation_error": errors, **quantities},
        diverged=np.zeros(shape[:-1], dtype=bool),
        switch_times=np.full((*shape[:-1], 1), 100.0),
        document=document(dimension),
    )


def document(dimension):
    """A small spec with two rotated teachers."""
    rotated = {"relation": "rotated", "similarity": 0.5}
    return {
        "inputs": {"dimension": dimension},
        "teachers": {"count": 2, "hidden": 2, "features": rotated, "readouts": rotated},
        "student": {"hidden": 2},
        "training": {"learning_rate": 1.0},
        "curriculum": {"switch_times": [100.0]},
    }


def data(ax, kind):
    """What one panel shows: {series: (x, y)} of theory or simulation."""
    lines = [line for line in ax.get_lines() if getattr(line, "numbers", {}).get("kind") == kind]
    return {line.numbers["series"]: line.get_data() for line in lines}


def by_words(claims, words):
    """The one claim whose statement contains some words."""
    (found,) = [claim for claim in claims if words in claim.statement]
    return found

"""Made-up curves of the reward rule for figures, from overlaps over axes, runs and times."""

import numpy as np

from teacherstudent.store.curves import Curves

START = "initial_overlaps.student_teacher.0.0.0"
PENALTY, VALUE = "training.episode.reward.penalty", "training.episode.reward.value"
COUNT, BONUS = "training.episode.reward.count", "training.episode.reward.bonus"
SIZE, RATE, LENGTH = "inputs.dimension", "training.learning_rate", "training.episode.length"
RATE_SCHEDULE = "training.episode.schedule.learning_rate"


def document(length=12, dimension=900, **episode):
    """A spec whose episodes are rewarded if all decisions are right, or as given."""
    return {
        "inputs": {"dimension": dimension},
        "teachers": {"count": 1, "hidden": 1, "activation": "linear"},
        "student": {"hidden": 1, "activation": "linear"},
        "training": {
            "rule": "reward",
            "learning_rate": 1.0,
            "train": ["features"],
            "episode": {"length": length, "reward": {"condition": "all"}, **episode},
        },
        "duration": 10.0,
        "initial_overlaps": {
            "student": [[1.0]],
            "student_teacher": [[[0.0]]],
            "teacher": [[[[1.0]]]],
            "student_readouts": [[1.0]],
            "teacher_readouts": [[1.0]],
        },
    }


def at_least(count=9, length=12):
    """A spec whose episodes are rewarded if some decisions are right, with a penalty."""
    return document(length, reward={"condition": "at_least", "count": count, "penalty": 0.0})


def curves(axes, time, rho, engine="ode", norms=None, **spec):
    """Curves from overlaps and squared norms that broadcast to (axes..., run, time)."""
    axes = {key: np.asarray(values) for key, values in axes.items()}
    lead = tuple(len(values) for values in axes.values())
    rho = np.asarray(rho, dtype=float)
    rho = np.broadcast_to(rho, (*lead, *rho.shape[len(lead) :]))
    norms = np.ones(rho.shape) if norms is None else np.broadcast_to(norms, rho.shape)
    given = spec.pop("document", None) or document(**spec)
    return Curves(
        engine=engine,
        axes=axes,
        runs=rho.shape[-2],
        seed=0,
        time=np.asarray(time, dtype=float),
        quantities={
            "classification_error": np.arccos(rho)[..., None] / np.pi,
            "student_overlaps": norms[..., None, None],
        },
        diverged=np.zeros(rho.shape[:-1], dtype=bool),
        switch_times=np.full((*rho.shape[:-1], 0), np.nan),
        document=given,
    )

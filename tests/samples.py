"""Made-up specs and trajectories: what stores, prints and draws runs needs no real ones."""

from contextlib import contextmanager

import h5py
import numpy as np

from teacherstudent.engines.observables import OBSERVABLES
from teacherstudent.engines.trajectory import Trajectory
from teacherstudent.files.content import DIGEST, groups_of, present, sign
from teacherstudent.spec.model import Spec
from teacherstudent.spec.parse import parse_spec


def document(**changes) -> dict:
    """A small valid spec: two teachers of M = 2, a student of K = 3, one switch."""
    return {
        "inputs": {"dimension": 20},
        "teachers": {"count": 2, "hidden": 2},
        "student": {"hidden": 3},
        "training": {"learning_rate": 1.0},
        "curriculum": {"switch_times": [2.0]},
        "duration": 5.0,
        "record": {"count": 6},
    } | changes


def spec(**changes) -> Spec:
    return parse_spec(document(**changes))


def trajectory(seed=0, rows=6, P=2, K=3, M=2, H=2, switches=(2.0,), diverged_at=None) -> Trajectory:
    """Random numbers in the shapes of a run recorded at t = 0, 1, 2, ..."""
    rng = np.random.default_rng(seed)
    time = np.arange(float(rows))
    return Trajectory(
        time=time,
        generalisation_error=rng.uniform(0.1, 1.0, (rows, P)),
        student_overlaps=rng.normal(size=(rows, K, K)),
        student_teacher_overlaps=rng.normal(size=(rows, P, K, M)),
        student_readouts=rng.normal(size=(rows, H, K)),
        teacher_overlaps=rng.normal(size=(P, P, M, M)),
        teacher_readouts=rng.normal(size=(P, M)),
        active_teacher=np.searchsorted(np.array(switches), time, side="right") % P,
        switch_times=np.array(switches, dtype=float),
        diverged_at=diverged_at,
    )


def assert_same(one: Trajectory, other: Trajectory) -> None:
    """Both have equal arrays of equal types and diverged at the same time, if they did; states aside."""
    assert one.diverged_at == other.diverged_at
    for name in OBSERVABLES:
        if getattr(one, name) is None:
            assert getattr(other, name) is None, name
        else:
            assert_equal(getattr(one, name), getattr(other, name), name)


def assert_equal(one: np.ndarray, other: np.ndarray, name: str) -> None:
    """Both have the same type and the same numbers."""
    assert one.dtype == other.dtype, name
    assert np.array_equal(one, other), name


@contextmanager
def edited(path):
    """Give a file of runs or curves to be changed; its digests become those of the new content."""
    with h5py.File(path, "a") as file:
        yield file
        for group in groups_of(file):
            if DIGEST in group.attrs:
                sign(group, *present(group))

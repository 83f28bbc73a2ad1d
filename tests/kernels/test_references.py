"""References to NamedTuples: their functions see, and change, the arrays of the caller."""

from typing import NamedTuple

import numpy as np
from numba import njit, types

from teacherstudent.kernels.compile.flags import inner
from teacherstudent.kernels.compile.references import reference_to


class Part(NamedTuple):
    """Fields of several types."""

    x: np.ndarray
    rows: int
    C: np.ndarray


class Whole(NamedTuple):
    """A NamedTuple in another one."""

    count: int
    part: Part
    scale: float


@inner
def _add(reference, a):
    """Add to the arrays, and return the sum of all numbers."""
    p = reference[0]
    p.part.x[0] += a
    p.part.C[1, 0] *= 2.0
    return p.count + p.scale + p.part.x.sum() + p.part.C.sum() + p.part.rows


def twice(p, a):
    reference = reference_to(p)
    return _add(reference, a) + _add(reference, a)


def whole():
    return Whole(3, Part(np.arange(4.0), 2, np.arange(6.0).reshape(2, 3)), 0.25)


def test_functions_change_the_arrays_of_the_caller():
    """In the first call x[0] = 2 and C[1, 0] = 6, in the second one 4 and 12."""
    p = whole()
    assert njit(twice)(p, 2.0) == 2 * (3 + 0.25 + 2) + (8 + 18) + (10 + 24)
    assert (p.part.x[0], p.part.C[1, 0]) == (4.0, 12.0)


def test_in_python_a_reference_is_a_tuple():
    p = whole()
    assert reference_to(p)[0] is p


def test_a_reference_is_passed_as_one_address():
    compiled = njit(lambda p: _add(reference_to(p), 1.0))
    compiled(whole())
    assert any(isinstance(kind[0], types.CPointer) for kind in _add.signatures)

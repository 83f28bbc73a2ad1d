"""Vectors of runs in compiled code: every lane has the bits of the same code compiled for numbers."""

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from teacherstudent.kernels.compile.alignment import aligned
from teacherstudent.kernels.compile.vectors import WIDTH, as_vectors, first_guess, fma, select
from teacherstudent.kernels.maths.special import asin


class Numbers(NamedTuple):
    x: np.ndarray
    scale: np.ndarray
    order: np.ndarray
    count: int


@njit(error_model="numpy")
def together(p, out):
    q, written = as_vectors(p), as_vectors(out)
    for i in range(q.count):
        written[0, i], written[1, i] = mixed(q.x[q.order[i]], q.scale), asin(q.x[i])


@njit(error_model="numpy")
def alone(x, scale):
    return mixed(x, scale), asin(x)


@njit(error_model="numpy")
def mixed(x, scale):
    total = 0.0
    for power in range(3):
        total = fma(x, scale, total) / (power + 1.5) - abs(x)
        total += -math.sqrt(x * x + 2.0) * first_guess(1.0 + x * x)
    return select(total < scale, total, 3.0 * scale)


def test_a_lane_has_the_bits_of_a_number():
    rng = np.random.default_rng(0)
    x, scale = aligned(rng.uniform(-1.0, 1.0, size=(50, WIDTH))), aligned(rng.normal(size=WIDTH))
    x[3, 2] = math.nan
    order, out = rng.permutation(50).astype(np.uint64), aligned(np.zeros((2, 50, WIDTH)))
    together(Numbers(x, scale, order, 50), out)
    expected = np.empty_like(out)
    for i in range(50):
        for lane in range(WIDTH):
            expected[0, i, lane] = alone(x[order[i], lane], scale[lane])[0]
            expected[1, i, lane] = alone(x[i, lane], scale[lane])[1]
    np.testing.assert_array_equal(out, expected)
    assert np.isnan(out[1, 3, 2]) and np.isnan(out).sum() <= 2
    np.testing.assert_allclose(out[1], np.arcsin(x), rtol=0, atol=3e-16)


def test_numbers_are_converted_to_vectors_of_equal_numbers():
    assert fma(2.0, 3.0, 4.0) == 10.0 and select(False, 1.0, 2.0) == 2.0
    p = Numbers(aligned(np.full((1, WIDTH), 0.25)), aligned(np.ones(WIDTH)), np.zeros(1, np.uint64), 1)
    out = aligned(np.zeros((2, 1, WIDTH)))
    together(p, out)
    assert len(np.unique(out[0])) == len(np.unique(out[1])) == 1

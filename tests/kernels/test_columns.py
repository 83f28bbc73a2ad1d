"""Arithmetic by columns where it is not plain: inverse roots, rotations, normals."""

import numpy as np
import pytest

from saved_code import saved
from teacherstudent.kernels.chain.columns import fill_normal_rows, inverse_root, rotate, rotation
from teacherstudent.kernels.maths.philox import fill_normals


@saved(__file__)
def inverse_roots(x):
    return np.array([inverse_root(one) for one in x])


@saved(__file__)
def turned(x, y, a, b):
    """The rotation of (x, y) applied to (a, b), and the length."""
    cosine, sine = np.empty_like(x), np.empty_like(x)
    rotation(x, y, cosine, sine)
    rotate(a, b, cosine, sine)
    return cosine, sine


@saved(__file__)
def normal_rows(count, key0, key1, step, stream):
    out, bits = np.zeros((16, len(key0))), np.empty((2, len(key0)), np.uint64)
    fill_normal_rows(out, count, bits, key0, key1, step, stream)
    return out


@pytest.mark.parametrize("low, high", [(-307, 308), (-1, 1)])
def test_inverse_roots(low, high):
    x = 10 ** np.random.default_rng(0).uniform(low, high, 1_000_000)
    errors = (inverse_roots(x) * np.sqrt(x.astype(np.longdouble)) - 1).astype(float)
    assert np.abs(errors).max() < 2e-16
    assert abs(errors.mean()) < 1e-18


def test_rotations():
    x, y, a, b = np.random.default_rng(1).normal(size=(4, 100))
    length, (new_a, new_b) = x.copy(), (a.copy(), b.copy())
    cosine, sine = turned(length, y, new_a, new_b)
    np.testing.assert_allclose(length, np.hypot(x, y), rtol=1e-15)
    np.testing.assert_allclose(cosine * y - sine * x, 0.0, atol=1e-15)
    np.testing.assert_allclose(cosine**2 + sine**2, 1.0, rtol=1e-15)
    np.testing.assert_allclose(new_a, cosine * a + sine * b, rtol=0, atol=1e-15)
    np.testing.assert_allclose(new_b, cosine * b - sine * a, rtol=0, atol=1e-15)


@pytest.mark.parametrize("size", [0.0, 1e-320, 1e-200, 1e-160, 1e-146, 1e-140, 1.0, 1e150])
def test_rotations_of_any_length_are_rotations(size):
    x, y, a, b = np.array([[0.6, -0.6], [0.8, 0.0], [1.0, 2.0], [-3.0, 4.0]])
    cosine, sine = turned(size * x, size * y, a, b)
    np.testing.assert_allclose(cosine**2 + sine**2, 1.0, rtol=1e-15)


def test_normals_of_a_column_are_those_of_its_key():
    key0, key1 = np.arange(5, 13, dtype=np.uint64), np.arange(100, 108, dtype=np.uint64)
    for count in (1, 4, 13):
        rows = normal_rows(count, key0, key1, 2**33 + 1, 3)
        filled = -(-count // 4) * 4
        for c in range(8):
            expected = np.empty(filled)
            fill_normals(expected, np.uint32(key0[c]), np.uint32(key1[c]), 2**33 + 1, 3)
            np.testing.assert_array_equal(rows[:filled, c], expected)
        np.testing.assert_array_equal(rows[filled:], 0.0)

"""The vectorised parts of wide networks: passes through weights, inputs of several steps, and errors."""

import numpy as np
import pytest
from numba import njit
from scipy import special

from kernels.networks_of_tests import KEY
from teacherstudent.kernels.compile.alignment import aligned_zeros
from teacherstudent.kernels.maths.activations import ERF
from teacherstudent.kernels.maths.generalisation import generalisation_errors
from teacherstudent.kernels.maths.single_normals import fill_single_normals
from teacherstudent.kernels.maths.special import erf_and_derivative_float32
from teacherstudent.kernels.network import unit_pairs
from teacherstudent.kernels.network.ahead import STEPS, draw_ahead
from teacherstudent.kernels.network.input_rows import ROWS, add_fields, move_and_add_fields
from teacherstudent.networks.sampling import Networks, order_parameters

BOTH = [np.float64, np.float32]


@njit
def erf_of(x, value, slope):
    for i in range(len(x)):
        value[i], slope[i] = erf_and_derivative_float32(x[i])


@njit
def one_pass(W, moves, old, x, moved, fields):
    move_and_add_fields(W, moves, old, x, moved)
    add_fields(W, x, fields)


@njit
def drawn(X, sample, bits, rows, key0, key1, first, stream):
    draw_ahead(X, sample, bits, rows, key0, key1, first, stream)


def arrays(dtype, *shapes):
    random = np.random.default_rng(1)
    found = [aligned_zeros(shape, dtype) for shape in shapes]
    for array in found:
        array[...] = random.standard_normal(array.shape)
    return found


@pytest.mark.parametrize("N", [1, 2, ROWS - 1, ROWS, ROWS + 1, 15, 3 * ROWS + 5])
@pytest.mark.parametrize("dtype", BOTH)
def test_a_pass_is_a_matrix_product(N, dtype):
    W, moves, old, x = arrays(dtype, (N, 48), (48,), (N,), (N,))
    expected = W + np.outer(old.astype(float), moves)
    moved, fields = np.zeros((2, 48), dtype)
    one_pass(W, moves, old, x, moved, fields)
    tolerance = 4 * N * np.finfo(dtype).eps
    np.testing.assert_allclose(W, expected, rtol=0, atol=tolerance)
    np.testing.assert_allclose(moved, x.astype(float) @ expected, rtol=0, atol=4 * tolerance)
    np.testing.assert_array_equal(moved, fields)


def test_a_pass_adds_to_the_fields_that_are_there():
    W, x = arrays(np.float64, (3, 16), (3,))
    fields = np.full(16, 2.0)
    one_pass(W, np.zeros(16), np.zeros(3), x, np.zeros(16), fields)
    np.testing.assert_allclose(fields, 2.0 + x @ W, rtol=0, atol=1e-13)


@pytest.mark.parametrize("N", [1, 4, 15, 64])
@pytest.mark.parametrize("dtype", BOTH)
def test_inputs_of_several_steps_are_those_of_each(N, dtype):
    X = np.zeros((STEPS - 3, 2, N), dtype)
    drawn(
        X, 1, np.zeros((2, STEPS), np.uint64), np.zeros((4, STEPS), np.float32), *KEY, 2**33 + 5, np.uint32(3)
    )
    assert not X[:, 0].any()
    alone = np.zeros(N, dtype)
    for step, x in enumerate(X[:, 1]):
        fill_single_normals(alone, *KEY, 2**33 + 5 + step, np.uint32(3))
        np.testing.assert_array_equal(x, alone)


def test_erf_in_single_precision():
    x = np.concatenate([np.linspace(-20.0, 20.0, 400_001), np.logspace(-30, 1, 10_001)]).astype(np.float32)
    value, slope = np.empty((2, x.size), np.float32)
    erf_of(x, value, slope)
    exact = special.erf(x.astype(float) * np.sqrt(0.5))
    derivative = np.sqrt(2.0 / np.pi) * np.exp(-0.5 * x.astype(float) ** 2)
    assert np.all(np.abs(value - exact) <= 4e-7 * np.abs(exact))
    assert np.abs(slope - derivative).max() < 2e-7
    assert np.abs(value).max() <= 1.0


def test_erf_in_single_precision_of_special_values():
    value, slope = np.empty((2, 5), np.float32)
    erf_of(np.array([0.0, np.inf, -np.inf, 1e30, np.nan], np.float32), value, slope)
    np.testing.assert_allclose(value, [0.0, 1.0, -1.0, 1.0, np.nan], rtol=2e-7)
    np.testing.assert_allclose(slope, [np.sqrt(2.0 / np.pi), 0.0, 0.0, 0.0, np.nan], rtol=2e-7, atol=1e-30)


@pytest.mark.parametrize("heads", [1, 2])
@pytest.mark.parametrize("K, M, N", [(1, 1, 1), (20, 5, 3), (300, 270, 15)])
def test_errors_are_those_of_the_overlaps(heads, K, M, N):
    W, h, V, v = arrays(np.float64, (K, N), (heads, K), (2, M, N), (2, M))
    now = order_parameters(Networks(W, h / K, V, v / np.sqrt(M)))
    expected = generalisation_errors(ERF, ERF, *now)
    teachers = np.stack([unit_pairs.in_blocks(rows) for rows in V])
    errors = unit_pairs.erf_errors(unit_pairs.in_blocks(W), teachers, now.h, now.v)
    np.testing.assert_allclose(errors, expected, rtol=1e-12)


def test_error_of_the_teacher_itself_is_zero():
    V, v = arrays(np.float64, (1, 40, 4), (1, 40))
    teacher = unit_pairs.in_blocks(V[0])
    assert unit_pairs.erf_errors(teacher, teacher[None], v, v)[0] < 1e-12

"""Training of real weights against the slow twin, and its gradient against finite differences."""

import numpy as np
import pytest

import naive
from kernels.networks_of_tests import (
    ALL_TERMS,
    HEAD,
    KEY,
    K,
    M,
    N,
    constants,
    gradient,
    networks,
    samples,
    trained_slowly,
)
from naive import Setting
from teacherstudent.kernels.network.by_unit import PIECE, new_buffers, padded
from teacherstudent.kernels.network.sgd import train


def trained_by(setting, weights, h, V, v, first, steps, dtype=np.float64):
    """Weights after some steps of the kernel, and the number of steps it says it did; h moves in place."""
    W = padded(weights, dtype)
    buffers = new_buffers(len(W), len(V), setting.batch, W)
    done = train(W, h, constants(setting, padded(V, dtype), v, *weights.shape), buffers, *KEY, first, steps)
    N = weights.shape[1]
    assert not W[:, N:].any()
    return W[:, :N], done


def trained(setting, first, steps, shape=(K, M, N), dtype=np.float64):
    """Weights and readouts after some steps of the kernel, and the number of steps it says it did."""
    weights, h, V, v = networks(shape)
    W, done = trained_by(setting, weights, h, V, v, first, steps, dtype)
    return W, h, done


@pytest.mark.parametrize("setting", [Setting(), Setting(**ALL_TERMS)])
def test_both_precisions_have_the_same_inputs(setting):
    """With noise on them, which is scaled and added in the precision of the weights, up to rounding."""
    weights, h, V, v = networks()
    seen = []
    for dtype in (np.float64, np.float32):
        W = padded(weights, dtype)
        buffers = new_buffers(K, M, setting.batch, W)
        train(W, h.copy(), constants(setting, padded(V, dtype), v), buffers, *KEY, 7, 3)
        assert buffers.X.dtype == dtype
        seen.append(buffers.X)
    assert np.abs(seen[0]).max() > 2.0
    np.testing.assert_allclose(seen[1], seen[0], rtol=0, atol=1e-6 if setting.input_noise else 0.0)


def assert_same_training(setting, first=0, steps=50, shape=(K, M, N), dtype=np.float64, tolerance=1e-12):
    W, h, done = trained(setting, first, steps, shape, dtype)
    slow_W, slow_h = trained_slowly(setting, first, steps, shape)
    assert done == steps
    np.testing.assert_allclose(W, slow_W, rtol=0, atol=tolerance * np.abs(slow_W).max())
    np.testing.assert_allclose(h, slow_h, rtol=0, atol=tolerance * np.abs(slow_h).max())


@pytest.mark.parametrize("student", naive.ACTIVATIONS)
@pytest.mark.parametrize("teacher", naive.ACTIVATIONS)
def test_all_terms_for_all_activations(student, teacher):
    assert_same_training(Setting(student, teacher, **ALL_TERMS))


@pytest.mark.parametrize("term", naive.SINGLE_TERMS)
def test_each_term_by_itself(term):
    assert_same_training(naive.SINGLE_TERMS[term])


def test_steps_are_numbered_beyond_32_bits():
    assert_same_training(Setting(**ALL_TERMS), first=2**32 - 2, steps=5)


@pytest.mark.parametrize("units", [(1, 1), (4, 2), (2, 9), (17, 3)])
@pytest.mark.parametrize("N", [1, 32, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE + 5])
def test_all_shapes(units, N):
    assert_same_training(Setting(**ALL_TERMS | {"frozen": ()}), steps=5, shape=(*units, N))


@pytest.mark.parametrize("activation", naive.ACTIVATIONS)
@pytest.mark.parametrize("N", [33, 2 * PIECE + 5])
def test_single_precision(activation, N):
    setting = Setting(activation, activation, **ALL_TERMS)
    assert_same_training(setting, steps=20, shape=(K, M, N), dtype=np.float32, tolerance=3e-6)


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("activation", naive.ACTIVATIONS)
def test_a_step_goes_down_the_gradient_of_the_loss(activation, batch):
    """Against finite differences of the loss; the readouts' rate has a factor 1 / N."""
    setting = Setting(
        activation, "erf", eta=1.0, eta_h=float(N), batch=batch, output_noise=0.3, input_noise=0.2
    )
    W, h, V, v = networks()
    drawn = list(samples(setting, step=5))
    new_W, new_h, _ = trained(setting, 5, 1)
    slope = gradient(lambda weights: naive.loss(setting, weights, h[HEAD], V, v, drawn), W)
    np.testing.assert_allclose(W - new_W, slope, rtol=0, atol=1e-8)
    slope = gradient(lambda readouts: naive.loss(setting, W, readouts, V, v, drawn), h[HEAD])
    np.testing.assert_allclose(h[HEAD] - new_h[HEAD], slope, rtol=0, atol=1e-8)


def test_training_in_pieces_changes_no_bit():
    W, h, V, v = networks()
    W, done = trained_by(Setting(**ALL_TERMS), W, h, V, v, 0, 61)
    assert done == 61
    W, done = trained_by(Setting(**ALL_TERMS), W, h, V, v, 61, 39)
    assert done == 39
    whole_W, whole_h, _ = trained(Setting(**ALL_TERMS), 0, 100)
    np.testing.assert_array_equal(W, whole_W)
    np.testing.assert_array_equal(h, whole_h)


def test_the_other_head_and_the_teacher_stay():
    W, h, V, v = networks()
    trained_by(Setting(**ALL_TERMS), W, h, V, v, 0, 20)
    _, old_h, old_V, old_v = networks()
    np.testing.assert_array_equal(h[1 - HEAD], old_h[1 - HEAD])
    np.testing.assert_array_equal(V, old_V)
    np.testing.assert_array_equal(v, old_v)


@pytest.mark.parametrize("activation", ["linear", "relu"])
def test_a_diverging_run_stops(activation):
    setting = Setting(activation, "linear", eta=50.0, eta_h=50.0)
    W, h, done = trained(setting, 0, 10_000)
    assert 0 < done < 10_000
    assert trained(setting, 0, done)[2] == done


def test_no_step_is_done_from_weights_that_are_no_numbers():
    W, h, V, v = networks()
    W[0, 0] = np.nan
    assert trained_by(Setting(), W, h, V, v, 0, 10)[1] == 0


def test_no_steps_change_nothing():
    W, h, done = trained(Setting(**ALL_TERMS), 0, 0)
    assert done == 0
    np.testing.assert_array_equal(W, networks()[0])
    np.testing.assert_array_equal(h, networks()[1])

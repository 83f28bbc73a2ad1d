"""Training of real weights against the slow twin, and its gradient against finite differences."""

import numpy as np
import pytest

import naive
from naive import Setting
from teacherstudent.kernels.maths.activations import CODES
from teacherstudent.kernels.maths.philox import fill_normals
from teacherstudent.kernels.network.by_unit import PIECE, new_buffers, padded
from teacherstudent.kernels.network.constants import INPUT, INPUT_NOISE, LABEL_NOISE, STREAMS, StepConstants
from teacherstudent.kernels.network.sgd import train
from teacherstudent.kernels.network.squared_error import SquaredError

KEY = np.uint32(17), np.uint32(4)
N, M, K, H = 33, 2, 3, 2
HEAD = 1
ALL_TERMS = {"decay": 0.8, "output_noise": 0.5, "input_noise": 0.4, "batch": 3, "frozen": (1,)}


def networks(shape=(K, M, N), seed=0):
    """W, h, V, v with one teacher."""
    K, M, N = shape
    W, h, V, v = naive.random_networks(np.random.default_rng(seed), 1, M, K, H, N)
    return W, h, V[0], v[0]


def trained_by(setting, weights, h, V, v, first, steps, dtype=np.float64):
    """Weights after some steps of the kernel, and the number of steps it says it did; h moves in place."""
    W = padded(weights, dtype)
    buffers = new_buffers(len(W), len(V), setting.batch, W)
    done = train(W, h, constants(setting, padded(V, dtype), v, *weights.shape), buffers, *KEY, first, steps)
    N = weights.shape[1]
    assert not W[:, N:].any()
    return W[:, :N], done


def constants(setting, V, v, K=K, N=N):
    moving = np.array([0.0 if k in setting.frozen else 1.0 for k in range(K)])
    return StepConstants(
        N=N,
        law=SquaredError(setting.output_noise),
        student=CODES[setting.student],
        teacher=CODES[setting.teacher],
        V=V,
        v=v,
        head=HEAD,
        moving=moving,
        eta=setting.eta * setting.features,
        eta_h=setting.eta_h * setting.readouts,
        decay=setting.decay * setting.features,
        decay_h=setting.decay * setting.readouts,
        input_noise=setting.input_noise,
        batch=setting.batch,
    )


def normals(n, step, stream, dtype=np.float64):
    out = np.empty(n, dtype)
    fill_normals(out, *KEY, step, stream)
    return out


def samples(setting, step, N=N, dtype=np.float64):
    """Input, label noise and input noise of each sample of a step; label noise is in double precision."""
    for b in range(setting.batch):
        x, xi = (normals(N, step, STREAMS * b + stream, dtype) for stream in (INPUT, INPUT_NOISE))
        yield x.astype(float), normals(1, step, STREAMS * b + LABEL_NOISE)[0], xi.astype(float)


def trained(setting, first, steps, shape=(K, M, N), dtype=np.float64):
    """Weights and readouts after some steps of the kernel, and the number of steps it says it did."""
    weights, h, V, v = networks(shape)
    W, done = trained_by(setting, weights, h, V, v, first, steps, dtype)
    return W, h, done


def trained_slowly(setting, first, steps, shape=(K, M, N), dtype=np.float64):
    W, h, V, v = networks(shape)
    for step in range(first, first + steps):
        drawn = list(samples(setting, step, shape[-1], dtype))
        W, h[HEAD] = naive.sgd_step(setting, W, h[HEAD], V, v, drawn)
    return W, h


def assert_same_training(setting, first=0, steps=50, shape=(K, M, N), dtype=np.float64, tolerance=1e-12):
    W, h, done = trained(setting, first, steps, shape, dtype)
    slow_W, slow_h = trained_slowly(setting, first, steps, shape, dtype)
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


def gradient(f, x, step=1e-5):
    """Central differences in every element of x."""
    slopes = np.empty_like(x)
    for index in np.ndindex(x.shape):
        shift = np.zeros_like(x)
        shift[index] = step
        slopes[index] = (f(x + shift) - f(x - shift)) / (2 * step)
    return slopes


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

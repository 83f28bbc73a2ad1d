"""Training of real weights against the slow twin, and its gradient against finite differences."""

import numpy as np
import pytest

import naive
from naive import Setting
from teacherstudent.kernels.activations import CODES
from teacherstudent.kernels.network import INPUT, INPUT_NOISE, LABEL_NOISE, STREAMS, Phase, train
from teacherstudent.kernels.philox import fill_normals

KEY = np.uint32(17), np.uint32(4)
N, M, K, H = 33, 2, 3, 2
HEAD = 1
ALL_TERMS = {"decay": 0.8, "output_noise": 0.5, "input_noise": 0.4, "batch": 3, "frozen": (1,)}


def networks(seed=0):
    """W, h, V, v with one teacher."""
    W, h, V, v = naive.random_networks(np.random.default_rng(seed), 1, M, K, H, N)
    return W, h, V[0], v[0]


def phase(setting, V, v):
    moving = np.array([0.0 if k in setting.frozen else 1.0 for k in range(K)])
    return Phase(
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
        output_noise=setting.output_noise,
        input_noise=setting.input_noise,
        batch=setting.batch,
    )


def normals(n, step, stream):
    out = np.empty(n)
    fill_normals(out, *KEY, step, stream)
    return out


def samples(setting, step):
    """Input, label noise and input noise of each sample of a step."""
    for b in range(setting.batch):
        x, zeta, xi = (
            normals(size, step, STREAMS * b + stream)
            for size, stream in ((N, INPUT), (1, LABEL_NOISE), (N, INPUT_NOISE))
        )
        yield x, zeta[0], xi


def trained(setting, first, steps, seed=0):
    """Weights and readouts after some steps of the kernel, and the number of steps it says it did."""
    W, h, V, v = networks(seed)
    done = train(W, h, phase(setting, V, v), *KEY, first, steps)
    return W, h, done


def trained_slowly(setting, first, steps, seed=0):
    W, h, V, v = networks(seed)
    for step in range(first, first + steps):
        W, h[HEAD] = naive.sgd_step(setting, W, h[HEAD], V, v, list(samples(setting, step)))
    return W, h


def assert_same_training(setting, first=0, steps=50):
    W, h, done = trained(setting, first, steps)
    slow_W, slow_h = trained_slowly(setting, first, steps)
    assert done == steps
    np.testing.assert_allclose(W, slow_W, rtol=0, atol=1e-12 * np.abs(slow_W).max())
    np.testing.assert_allclose(h, slow_h, rtol=0, atol=1e-12 * np.abs(slow_h).max())


@pytest.mark.parametrize("student", naive.ACTIVATIONS)
@pytest.mark.parametrize("teacher", naive.ACTIVATIONS)
def test_all_terms_for_all_activations(student, teacher):
    assert_same_training(Setting(student, teacher, **ALL_TERMS))


@pytest.mark.parametrize("term", naive.SINGLE_TERMS)
def test_each_term_by_itself(term):
    assert_same_training(naive.SINGLE_TERMS[term])


def test_steps_are_numbered_beyond_32_bits():
    assert_same_training(Setting(**ALL_TERMS), first=2**32 - 2, steps=5)


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
    constants = phase(Setting(**ALL_TERMS), V, v)
    assert train(W, h, constants, *KEY, 0, 60) == 60
    assert train(W, h, constants, *KEY, 60, 40) == 40
    whole_W, whole_h, _ = trained(Setting(**ALL_TERMS), 0, 100)
    np.testing.assert_array_equal(W, whole_W)
    np.testing.assert_array_equal(h, whole_h)


def test_the_other_head_and_the_teacher_stay():
    W, h, V, v = networks()
    train(W, h, phase(Setting(**ALL_TERMS), V, v), *KEY, 0, 20)
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
    assert train(W, h, phase(Setting(), V, v), *KEY, 0, 10) == 0


def test_no_steps_change_nothing():
    W, h, done = trained(Setting(**ALL_TERMS), 0, 0)
    assert done == 0
    np.testing.assert_array_equal(W, networks()[0])
    np.testing.assert_array_equal(h, networks()[1])

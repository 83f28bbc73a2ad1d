"""Losses of labels that are signs, and steps on them: both engines against plain numpy."""

import math

import numpy as np
import pytest

import naive
from kernels.networks_of_tests import HEAD, KEY, N, constants, networks, normals
from naive.classes import LOSSES as FORMULAS
from naive.classes import slope
from saved_code import saved
from teacherstudent.kernels.chain import classes as chain
from teacherstudent.kernels.chain.law import differentiate
from teacherstudent.kernels.maths.losses import LOSSES
from teacherstudent.kernels.maths.philox import LOW_BITS, UNIT_53, normal, random_bits
from teacherstudent.kernels.network import by_unit, sgd, wide
from teacherstudent.kernels.network.classes import FLIP, Classes, class_of, derivative
from teacherstudent.kernels.network.constants import INPUT, INPUT_NOISE, LABEL_NOISE, STREAMS
from teacherstudent.kernels.network.law import learn_from_labels, with_parameters

MARGIN = 0.4
TRAINING = {name: {"loss": name, "margin": MARGIN} for name in LOSSES}


@saved(__file__)
def differentiated(loss, error, target):
    """The errors of the chain for some outputs."""
    differentiate(loss, error, target)


def both(name, phi, y):
    """Derivatives by the two engines for arrays of outputs and labels."""
    one = np.array([derivative(LOSSES[name], MARGIN, *pair) for pair in zip(phi, y, strict=True)])
    other = phi.copy()
    differentiated(chain.ClassLoss(LOSSES[name], MARGIN), other, y)
    return one, other


# Losses


@pytest.mark.parametrize("name", LOSSES)
def test_errors_are_the_slopes_of_the_losses(name):
    phi = np.random.default_rng(1).normal(size=200) * 2.0
    y = np.where(np.arange(200) % 3, 1.0, -1.0)
    step = 1e-6
    losses = (FORMULAS[name](phi + sign * step, y, MARGIN) for sign in (1, -1))
    slopes = np.subtract(*losses) / (2 * step)
    for found in both(name, phi, y):
        np.testing.assert_allclose(found, slopes, rtol=1e-7, atol=1e-8)
        np.testing.assert_allclose(found, slope(TRAINING[name], phi, y), rtol=1e-14, atol=1e-300)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_logistic_errors_at_very_large_outputs(sign):
    phi, y = sign * np.array([30.0, 300.0, 1e4, 1e300]), np.full(4, 1.0)
    expected = np.array([-math.exp(-abs(one)) if sign > 0 else -1.0 for one in phi])
    for found in both("logistic", phi, y):
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=0.0)


@pytest.mark.parametrize("name", LOSSES)
def test_outputs_that_are_not_finite_give_such_errors_in_the_chain(name):
    """Also where the derivative is bounded: a chain stops there, as a network does."""
    phi = np.array([np.inf, -np.inf, np.nan, 0.5])
    differentiated(chain.ClassLoss(LOSSES[name], MARGIN), phi, np.ones(4))
    np.testing.assert_array_equal(np.isfinite(phi), [False, False, False, True])


# Labels


def test_an_output_of_zero_is_in_class_minus_one():
    for value in (0.0, -0.0, -1.0):
        assert class_of(value, 0.0, *KEY, 3, 1) == -1.0
    assert class_of(5e-324, 0.0, *KEY, 3, 1) == 1.0


def test_flips_have_their_probability_and_are_independent_of_the_noise():
    count, flip = 20_000, 0.3
    flipped = np.array([class_of(1.0, flip, *KEY, step, LABEL_NOISE) < 0.0 for step in range(count)])
    noise = np.array([normal(*KEY, step, LABEL_NOISE) for step in range(count)])
    assert abs(flipped.mean() - flip) < 4 * math.sqrt(flip * (1 - flip) / count)
    assert abs(np.corrcoef(flipped, noise)[0, 1]) < 4 / math.sqrt(count)


def test_tasks_differ_in_noise_and_flips_only():
    law = Classes(0.1, 0.2, LOSSES["hinge"], 0.5)
    assert with_parameters(law, np.array([0.3, 0.4, 9.0, 9.0])) == Classes(0.3, 0.4, LOSSES["hinge"], 0.5)


# The slow twin of engine network


def trained_slowly(setting, loss, flip, steps):
    """The student after some steps, one unit and one sample after the other."""
    W, h, V, v = networks()
    K = len(W)
    for step in range(steps):
        moved, head = W.copy(), h[HEAD].copy()
        for k in range(K):
            moved[k] *= 1.0 - setting.decay / N * (k not in setting.frozen)
            head[k] *= 1.0 - setting.decay_h / N
        for b in range(setting.batch):
            x, xi = (normals(N, step, STREAMS * b + one) for one in (INPUT, INPUT_NOISE))
            y = label(setting, V, v, x, flip, step, b)
            seen = x + setting.input_noise * xi
            D = slope(TRAINING[loss], naive.output(setting.student, W, h[HEAD], seen), y) / setting.batch
            for k in range(K):
                field = W[k] @ seen / math.sqrt(N)
                pull = D * h[HEAD, k] * naive.DG[setting.student](field) * (k not in setting.frozen)
                moved[k] -= setting.eta / math.sqrt(N) * pull * seen
                head[k] -= setting.eta_h / N * D * naive.G[setting.student](field)
        W, h[HEAD] = moved, head
    return W, h


def label(setting, V, v, x, flip, step, b):
    stream = STREAMS * b + LABEL_NOISE
    value = naive.output(setting.teacher, V, v, x) + setting.output_noise * normal(*KEY, step, stream)
    bits, _ = random_bits(FLIP, *KEY, step, stream)
    sign = -1.0 if float(bits >> LOW_BITS) * UNIT_53 < flip else 1.0
    return sign if value > 0.0 else -sign


def law_constants(setting, loss, flip, V, v):
    return constants(setting, V, v)._replace(law=Classes(setting.output_noise, flip, LOSSES[loss], MARGIN))


def trained(setting, loss, flip, steps, layout, dtype=np.float64):
    W, h, V, v = networks()
    if layout == "by_unit":
        W, V = by_unit.padded(W, dtype), by_unit.padded(V, dtype)
        buffers, train = by_unit.new_buffers(len(W), len(V), setting.batch, W), sgd.train
        p = law_constants(setting, loss, flip, V, v)
    else:
        K, M = len(W), len(V)
        W, V = wide.across(W, dtype), wide.across(V, dtype)
        buffers, train = wide.new_buffers(K, M, setting.batch, W), wide.train
        p = law_constants(setting, loss, flip, V, v)
        p = p._replace(moving=np.pad(p.moving, (0, W.shape[1] - K)))
    assert train(W, h, p, buffers, *KEY, 0, steps) == steps
    return (W[:, :N] if layout == "by_unit" else W[:, : len(h[HEAD])].T), h


SETTINGS = {
    "squared": naive.Setting(
        "erf", "erf", batch=2, decay=0.5, output_noise=0.4, input_noise=0.3, frozen=(1,)
    ),
    "logistic": naive.Setting("relu", "erf", eta=0.3, batch=2),
    "hinge": naive.Setting("linear", "relu", eta=0.3, output_noise=0.4),
    "squared_hinge": naive.Setting("erf", "linear", batch=2),
    "hebbian": naive.Setting("erf", "relu", output_noise=0.2),
}


@pytest.mark.parametrize("layout", ["by_unit", "wide"])
@pytest.mark.parametrize("loss", SETTINGS)
def test_steps_of_the_network(loss, layout):
    setting = SETTINGS[loss]
    expected = trained_slowly(setting, loss, 0.2, 60)
    for found, other in zip(trained(setting, loss, 0.2, 60, layout), expected, strict=True):
        np.testing.assert_allclose(found, other, rtol=0, atol=1e-11 * np.abs(other).max())
    without = trained(setting, loss, 0.0, 60, layout)
    assert not np.allclose(without[0], expected[0], atol=1e-3)


@pytest.mark.parametrize("layout", ["by_unit", "wide"])
def test_steps_of_the_network_in_single_precision(layout):
    setting = SETTINGS["logistic"]
    expected = trained_slowly(setting, "logistic", 0.2, 60)
    for found, other in zip(trained(setting, "logistic", 0.2, 60, layout, np.float32), expected, strict=True):
        np.testing.assert_allclose(found, other, rtol=0, atol=2e-5 * np.abs(other).max())


@saved(__file__)
def learned(law, h, p, buffers, labels, chosen):
    return learn_from_labels(law, h, p, buffers, labels, chosen)


@pytest.mark.parametrize("loss", LOSSES)
def test_given_labels_have_the_same_errors_as_fresh_ones(loss):
    setting = naive.Setting(batch=3)
    W, h, V, v = networks()
    W, V = by_unit.padded(W), by_unit.padded(V)
    buffers = by_unit.new_buffers(len(W), len(V), 3, W)
    p = law_constants(setting, loss, 0.0, V, v)
    fields = np.random.default_rng(3).normal(size=(3, len(W))) * math.sqrt(N)
    buffers.student[:, 0, : len(W)] = fields
    labels, chosen = np.array([9.0, 1.0, -1.0, 1.0]), np.array([1, 2, 3])
    phi = np.array([h[HEAD] @ naive.G["erf"](row / math.sqrt(N)) for row in fields])
    assert learned(p.law, h[HEAD].copy(), p, buffers, labels, chosen)
    np.testing.assert_allclose(buffers.errors, slope(TRAINING[loss], phi, labels[1:]), rtol=1e-12)
    buffers.student[1, 0] = np.nan
    assert not learned(p.law, h[HEAD].copy(), p, buffers, labels, chosen)

"""Students with several hidden layers: steps of SGD, and means and errors, against slow twins."""

import itertools

import numpy as np
import pytest

from kernels.networks_of_tests import HEAD, KEY, M, N, constants, networks, samples
from naive import Setting, deep
from teacherstudent.kernels.maths.activations import CODES
from teacherstudent.kernels.maths.layer_nodes import frame
from teacherstudent.kernels.maths.layers import outputs
from teacherstudent.kernels.maths.nodes import ball
from teacherstudent.kernels.network.by_unit import new_buffers as two_layers
from teacherstudent.kernels.network.by_unit import padded
from teacherstudent.kernels.network.deep import new_buffers
from teacherstudent.kernels.network.sgd import train

K, LAYERS = 3, (1, 2, 3)
RATES = {"eta": 1.0, "eta_h": float(N)}  # with factors 1 / sqrt N and 1 / N as gradients have them


def inner(layers, K=K, seed=3):
    return np.random.default_rng(seed).standard_normal((layers - 1, K, K)) / np.sqrt(K)


def trained(setting, U, steps=1, first=5, eta_u=float(N), decay_u=0.0, W=None, h=None):
    """W, U and h after some steps of the kernel, and the number of steps."""
    start, heads, V, v = networks((K, M, N))
    W = padded(start if W is None else W)
    h, U, V = (heads if h is None else h).copy(), U.copy(), padded(V)
    p = constants(setting, V, v, K)._replace(eta_u=eta_u, decay_u=decay_u)
    done = train(W, h, p, new_buffers(M, setting.batch, W, U), *KEY, first, steps)
    return W[:, :N], U, h, done


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("layers", LAYERS)
@pytest.mark.parametrize("activation", ["linear", "erf", "relu", "sigmoid"])
def test_a_step_goes_down_the_gradient_of_the_loss(activation, layers, batch):
    """Against finite differences of the loss in every weight of every layer."""
    setting = Setting(activation, "erf", **RATES, batch=batch, output_noise=0.3, input_noise=0.2)
    W, h, V, v = networks((K, M, N))
    U = inner(layers)
    drawn = [(x, setting.output_noise * z, setting.input_noise * xi) for x, z, xi in samples(setting, 5)]
    new = dict(zip(("W", "U", "h"), trained(setting, U), strict=False))
    old = {"W": W, "U": U, "h": h[HEAD]}
    for name, array in old.items():
        after = new["h"][HEAD] if name == "h" else new[name]

        def of(x, name=name):
            parts = old | {name: x}
            return deep.loss(activation, "erf", parts["W"], parts["U"], parts["h"], V, v, drawn)

        for at in itertools.islice(np.ndindex(array.shape), 0, None, 7 if name == "W" else 1):
            assert abs(array[at] - after[at] - deep.difference(of, array, at)) < 1e-8, (name, at)


def test_decay_multiplies_the_inner_weights():
    U = inner(3)
    for rate in (0.0, float(N)):
        plain = trained(Setting(**RATES), U, eta_u=rate)[1]
        decayed = trained(Setting(**RATES), U, eta_u=rate, decay_u=0.8)[1]
        np.testing.assert_allclose(decayed, plain - 0.8 / N * U, rtol=0, atol=1e-14)


def test_weights_of_layers_that_are_not_trained_keep_their_bits():
    U = inner(2)
    setting = Setting(**RATES, frozen=(1,))
    start = networks((K, M, N))
    W, moved, h, _ = trained(setting, U, 20, eta_u=0.0)
    np.testing.assert_array_equal(moved, U)
    np.testing.assert_array_equal(W[1], start[0][1])
    np.testing.assert_array_equal(h[1 - HEAD], start[1][1 - HEAD])
    assert (W[0] != start[0][0]).any()


def test_one_hidden_layer_is_a_student_of_two_layers():
    setting = Setting("erf", "erf", decay=0.8, output_noise=0.5, input_noise=0.4, batch=3, frozen=(1,))
    W, _, h, done = trained(setting, inner(1), 50, decay_u=0.3)
    start, heads, V, v = networks((K, M, N))
    plain, V = padded(start), padded(V)
    buffers = two_layers(K, M, 3, plain)
    assert train(plain, heads, constants(setting, V, v, K), buffers, *KEY, 5, 50) == done == 50
    np.testing.assert_allclose(W, plain[:, :N], rtol=0, atol=1e-12)
    np.testing.assert_allclose(h, heads, rtol=0, atol=1e-12)


def test_training_in_pieces_changes_no_bit():
    setting, U = Setting("erf", "erf", decay=0.1, batch=2), inner(3)
    whole = trained(setting, U, 40, first=0)
    W, moved, h, _ = trained(setting, U, 17, first=0)
    parts = trained(setting, moved, 23, first=17, W=W, h=h)
    for one, other in zip(whole[:3], parts[:3], strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_diverging_run_stops():
    setting = Setting("linear", "linear", eta=50.0, eta_h=50.0)
    done = trained(setting, inner(2), 10_000, first=0)[3]
    assert 0 < done < 10_000


# Means over nodes


def fields(K, M, rng, scale=0.7):
    """Covariance of M + K fields, readouts, and inner weights of one matrix."""
    A = scale * rng.standard_normal((K + M, K + M + 2))
    return A @ A.T / (K + M), rng.standard_normal(K), rng.standard_normal(M)


@pytest.mark.parametrize("sizes", [(1, 1), (2, 1), (1, 2), (2, 2)])
@pytest.mark.parametrize("layers", LAYERS)
def test_sums_over_nodes_have_their_tolerance(sizes, layers):
    """Against sums with a thousand times smaller tolerance, whose nodes are at other places."""
    (K, M), rng = sizes, np.random.default_rng(layers)
    C, h, v = fields(K, M, rng)
    U = np.eye(K) + 0.3 * rng.standard_normal((layers - 1, K, K))
    found = {}
    for tolerance in (1e-4, 1e-7):
        L, spacings = frame(C, M, U, tolerance)
        np.testing.assert_allclose(L @ L.T, C, atol=1e-14)
        Z, w = ball(spacings, tolerance, True)
        phi, y = np.empty((2, len(w)))
        outputs(CODES["erf"], CODES["erf"], L, Z, U, h, v, phi, y)
        np.testing.assert_allclose(phi, deep.output("erf", L[M:] @ Z, U, h), atol=1e-13)
        np.testing.assert_allclose(y, deep.output("erf", L[:M] @ Z, (), v), atol=1e-13)
        found[tolerance] = 0.5 * w @ (phi - y) ** 2
    assert abs(found[1e-4] - found[1e-7]) < 10 * 1e-4


def test_fields_that_coincide_need_no_axis():
    C = np.ones((2, 2))
    L, _ = frame(C, 1, np.zeros((0, 1, 1)), 1e-6)
    np.testing.assert_array_equal(L, [[1.0, 0.0], [1.0, 0.0]])

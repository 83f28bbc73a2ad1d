"""Equations of students with several hidden layers, against quadrature and the equations of two layers."""

import numpy as np
import pytest

from naive import deep, random_networks
from teacherstudent.kernels.maths.activations import CODES, LINEAR
from teacherstudent.kernels.maths.integrals import I2, J2
from teacherstudent.kernels.maths.layer_nodes import frame
from teacherstudent.kernels.maths.nodes import ball
from teacherstudent.kernels.ode import equations
from teacherstudent.kernels.ode.deep import Layers, margin, rate_of_change, work_for
from teacherstudent.kernels.ode.deep_erf import sums
from teacherstudent.kernels.ode.deep_linear import Linear
from teacherstudent.kernels.ode.isotropic import isotropic
from teacherstudent.kernels.ode.models import Rates
from teacherstudent.kernels.ode.state import layout_of, pack, unpack
from teacherstudent.kernels.ode.units import units

P, K, M, H = 2, 2, 1, 2
FIRST, HEAD, ETA, ETA_H, ETA_U, DECAY, BATCH = 1, 1, 0.7, 0.4, 0.9, 0.3, 3
INPUT_NOISE, OUTPUT_VARIANCE, TOLERANCE = 0.5, 0.2, 1e-9
RATES = Rates(np.array([1.0, 0.0]), ETA, ETA_H, DECAY, 0.5 * DECAY, BATCH, HEAD)


def start(layers, seed=2):
    rng = np.random.default_rng(seed)
    W, h, V, v = random_networks(rng, P, M, K, H, N=20)
    flat = V.reshape(P * M, -1)
    Q, R, T = (a @ b.T / 20 for a, b in ((W, W), (W, flat), (flat, flat)))
    return Q, R, T, h, v, np.eye(K) + 0.4 * rng.standard_normal((layers - 1, K, K))


def linear_units(teacher, T, v, layers):
    code, own = CODES[teacher], T[FIRST : FIRST + M, FIRST : FIRST + M]
    gain = np.array([v[m] * J2(LINEAR, code, 1.0, 0.0, own[m, m]) for m in range(M)])
    square = float(v[0] ** 2 * I2(code, code, own[0, 0], own[0, 0], own[0, 0]))
    return Linear(gain, square, np.zeros((layers, K)), np.zeros((layers, K)), np.zeros(K + P * M))


def problem(student, teacher, layers):
    """Constants, state, and the covariances C and B of its fields."""
    Q, R, T, h, v, U = start(layers)
    power, own = 1.0 + INPUT_NOISE**2, slice(FIRST, FIRST + M)
    C = np.block([[T[own, own], R[:, own].T], [R[:, own], power * Q]])
    B = np.block([[R[:, own].T, T[own]], [power * Q, power * R]])
    if student == "linear":
        units = linear_units(teacher, T, v[1], layers)
    else:
        spacings = frame(C, M, U, TOLERANCE)[1]
        grid = ball(spacings, TOLERANCE, True)
        units = sums(CODES[teacher], TOLERANCE, spacings, *grid, (K, M, P * M, layers))
    p = Layers(
        units, layout_of(K, P * M, H), T, v[1], FIRST, power, OUTPUT_VARIANCE, 0.0, RATES, ETA_U, DECAY,
        work_for(K, M, P * M, layers), np.zeros(2, np.int64),
    )  # fmt: skip
    return p, np.concatenate([pack(Q, R, h), U.ravel()]), C, B


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize(("student", "teacher"), [("linear", "linear"), ("linear", "erf"), ("erf", "erf"),
                                                  ("erf", "linear")])  # fmt: skip
def test_rates_of_change(student, teacher, layers):
    """All terms against Gauss-Hermite sums with derivatives of the output by differences."""
    p, y, C, B = problem(student, teacher, layers)
    Q, R, h = unpack(y[: p.layout.size], p.layout)
    U = y[p.layout.size :].reshape(-1, K, K)
    output, inner, drift, power = deep.means(student, teacher, C, B, U, h[HEAD], p.v, OUTPUT_VARIANCE, 48)
    eta, decay = ETA * RATES.moving[:, None], DECAY * RATES.moving[:, None]
    dQ = -(eta * drift[:, :K] + (eta * drift[:, :K]).T) - (decay + decay.T) * Q
    dQ += p.power / BATCH * eta * eta.T * power
    dR, dh = -eta * drift[:, K:] - decay * R, np.zeros_like(h)
    dh[HEAD] = -ETA_H * output - 0.5 * DECAY * h[HEAD]
    expected = np.concatenate([pack(dQ, dR, dh), (-ETA_U * inner - DECAY * U).ravel()])
    np.testing.assert_allclose(rate_of_change(p, y), expected, rtol=0, atol=2e-7)


def test_one_hidden_layer_has_the_equations_of_two_layers():
    p, y, *_ = problem("erf", "erf", 1)
    model = isotropic(K, H, p.T, p.v, FIRST, HEAD, p.power)
    law = units(CODES["erf"], CODES["erf"], K, K + M)
    two = equations.constants_of(law, OUTPUT_VARIANCE, 0.0, 0.0, RATES, model)
    _, _, h = unpack(y[: p.layout.size], p.layout)
    largest = np.abs(h[HEAD]).sum() + np.abs(p.v).sum()  # error; sums leave out the nodes far out
    atol = 10 * TOLERANCE * largest**2
    np.testing.assert_allclose(rate_of_change(p, y), equations.rate_of_change(two, y), rtol=0, atol=atol)


def test_the_margin_shrinks_as_fields_grow():
    p, y, *_ = problem("erf", "erf", 2)
    assert margin(p, y) == pytest.approx(0.12)
    larger = y.copy()
    larger[: p.layout.h] *= 1.5
    larger[: p.layout.R] *= 1.5
    assert margin(p, larger) < 0.0
    assert margin(problem("linear", "erf", 2)[0], larger) > 1.0

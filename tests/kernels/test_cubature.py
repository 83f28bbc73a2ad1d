"""Sums over nodes for labels that are signs: against sampled fields, closed forms and finer sums."""

from math import erf

import numpy as np
import pytest
from scipy.special import erf as erf_of
from scipy.special import ndtr

from classes import document
from depth import crossed
from teacherstudent.engines.labels import losses
from teacherstudent.engines.ode.formulation import Origin
from teacherstudent.engines.ode.summed import Summed
from teacherstudent.engines.phases import phases
from teacherstudent.engines.rates import stages
from teacherstudent.kernels.maths.activations import CODES
from teacherstudent.kernels.maths.classification import classification_error, mean_loss
from teacherstudent.kernels.maths.nodes import ball, steps_for
from teacherstudent.kernels.maths.teacher_axes import roots, teacher_axes
from teacherstudent.kernels.ode.integrator import empty_restart_point
from teacherstudent.kernels.ode.stages import TABLEAU, buffers_for
from teacherstudent.kernels.ode.summed import integrate_sums
from teacherstudent.spec.parse import parse_spec

LOSSES = [
    ("squared", None),
    ("logistic", None),
    ("hebbian", None),
    ("hinge", 0.0),
    ("hinge", 0.5),
    ("hinge", 1.5),
    ("squared_hinge", 1.0),
]
FLIPS = 0.1
G = {"erf": lambda x: erf_of(x / np.sqrt(2.0)), "linear": lambda x: x, "relu": lambda x: np.maximum(x, 0.0)}
SLOPE = {
    "erf": lambda x: np.sqrt(2.0 / np.pi) * np.exp(-0.5 * x * x),
    "linear": np.ones_like,
}


def overlaps(K, M, length, seed=0):
    """Order parameters of one task: students of about this length squared, teachers of length 1."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(K + M, K + M + 5))
    vectors /= np.linalg.norm(vectors, axis=1)[:, None]
    vectors[:K] *= np.sqrt(length * rng.uniform(0.5, 1.5, (K, 1)))
    C = vectors @ vectors.T
    h, v = np.array([0.6, -0.5, 0.4])[:K], np.array([1.0, 0.7, -0.5])[:M]
    return C[:K, :K], C[:K, K:], C[K:, K:], h, v


def described(start, loss, margin, tolerance=1e-7, student="erf", teacher="erf"):
    Q, R, T, h, v = start
    found = document(
        loss,
        margin,
        flips=FLIPS,
        overlaps={
            "student": Q.tolist(),
            "student_teacher": [R.tolist()],
            "teacher": [[T.tolist()]],
            "student_readouts": [h.tolist()],
            "teacher_readouts": [v.tolist()],
        },
        numerics={"cubature_tolerance": tolerance},
    )
    found["student"]["activation"], found["teachers"]["activation"] = student, teacher
    return parse_spec(found)


def rates(*arguments, **more):
    """dQ/dt, dR/dt and dh/dt by the kernel, at learning rates of 1."""
    spec = described(*arguments, **more)
    form, phase = Summed.at_start(Origin(spec, 0, 0), 0), phases(spec)[0]
    constants = form.constants(stages(spec, phase, [0], 0.0, 0.0)[0], phase)
    work, y = buffers_for(len(form.y)), form.y.copy()
    rows = np.zeros(0), np.zeros((0, len(y)))
    integrate_sums(constants, y, 0.0, 0.0, *rows, TABLEAU, 1e-9, 1e-12, empty_restart_point(len(y)), 1, work)
    K, M = len(arguments[0][0]), len(arguments[0][2])
    dQ, dR, dh = np.split(work.k[0], [K * K, K * (K + M)])
    return dQ.reshape(K, K), dR.reshape(K, M), dh


def sampled(start, loss, margin, student="erf", teacher="erf", count=400_000):
    """The same as means over fields and labels, with standard errors."""
    Q, R, T, h, v = start
    K, rng = len(Q), np.random.default_rng(1)
    fields = rng.normal(size=(count, K + len(T))) @ np.linalg.cholesky(np.block([[Q, R], [R.T, T]])).T
    g, slope = G[student](fields[:, :K]), SLOPE[student](fields[:, :K])
    phi = g @ h
    y = np.where(G[teacher](fields[:, K:]) @ v > 0.0, 1.0, -1.0) * np.where(rng.random(count) < FLIPS, -1, 1)
    short = np.maximum((margin or 0.0) - y * phi, 0.0)
    D = {
        "squared": phi - y,
        "logistic": -y / (1.0 + np.exp(y * phi)),
        "hebbian": -y,
        "hinge": -y * (short > 0.0),
        "squared_hinge": -y * short,
    }[loss]
    b = h * slope
    parts = [-D[:, None] * g]
    drift = D[:, None, None] * b[:, :, None] * fields[:, None, :]
    moved = drift[:, :, :K] + drift[:, :, :K].swapaxes(1, 2)
    squares = (D**2)[:, None, None] * b[:, :, None] * b[:, None, :] - moved
    parts = squares, -drift[:, :, K:], -D[:, None] * g
    return [(part.mean(axis=0), part.std(axis=0) / np.sqrt(count)) for part in parts]


UNITS = [
    (2, 2, "erf", "erf"), (1, 1, "erf", "erf"), (3, 1, "erf", "erf"), (1, 3, "erf", "erf"),
    (3, 2, "linear", "erf"), (2, 3, "erf", "linear"),
]  # fmt: skip


@pytest.mark.parametrize("rule, units", crossed(LOSSES, UNITS))
def test_rates_are_means_over_sampled_fields(rule, units):
    (loss, margin), (K, M, student, teacher) = rule, units
    start = overlaps(K, M, 1.5)
    found = rates(start, loss, margin, tolerance=1e-6, student=student, teacher=teacher)
    for exact, (mean, error) in zip(found, sampled(start, loss, margin, student, teacher), strict=True):
        assert np.abs((exact - mean) / error).max() < 4.5


@pytest.mark.parametrize("loss, margin", LOSSES)
@pytest.mark.parametrize("length", [0.1, 1.0, 9.0])
def test_errors_are_at_most_ten_times_the_tolerance(loss, margin, length):
    for K, M in ((1, 1), (2, 1), (1, 2), (2, 2)):
        start = overlaps(K, M, length, seed=K + 3 * M)
        for tolerance in (1e-5, 1e-7):
            usual, fine = (rates(start, loss, margin, tolerance=each) for each in (tolerance, 1e-9))
            for one, other in zip(usual, fine, strict=True):
                assert np.abs(one - other).max() < 10.0 * tolerance * max(1.0, np.abs(other).max())


def test_hebbian_rates_are_closed_forms():
    # <y g> and <y g' z> of one unit and one teacher, and <g'^2> = 2 / (pi sqrt(1 + 2 Q)).
    start = overlaps(1, 1, 2.0)
    Q, R, T, h, _ = (part.ravel() for part in start)
    w, c = 1.0 - 2.0 * FLIPS, R[0] / np.sqrt((1.0 + Q[0]) * T[0])
    output = w * 2.0 / np.pi * np.arcsin(c)
    norm = 2.0 / np.pi / np.sqrt((1.0 + Q[0]) * T[0] - R[0] ** 2)
    drift_R, drift_Q = (w * norm * (x - R[0] * y / (1.0 + Q[0])) for x, y in ((T[0], R[0]), (R[0], Q[0])))
    dQ, dR, dh = rates(start, "hebbian", None, tolerance=1e-10)
    assert dh[0] == pytest.approx(output, abs=1e-9)
    assert dR[0, 0] == pytest.approx(h[0] * drift_R, abs=1e-9)
    square = h[0] ** 2 * 2.0 / np.pi / np.sqrt(1.0 + 2.0 * Q[0])
    assert dQ[0, 0] == pytest.approx(2.0 * h[0] * drift_Q + square, abs=1e-9)


# Measurements


@pytest.mark.parametrize("K, M, student, teacher", [
    (2, 1, "erf", "erf"), (2, 2, "erf", "erf"), (1, 3, "erf", "erf"), (3, 1, "erf", "erf"),
    (2, 3, "linear", "erf"), (2, 2, "erf", "linear"), (2, 1, "relu", "erf"), (1, 3, "relu", "linear"),
])  # fmt: skip
def test_errors_and_losses_are_those_of_sampled_fields(K, M, student, teacher):
    Q, R, T, h, v = overlaps(K, M, 1.5)
    rng, count = np.random.default_rng(2), 400_000
    fields = rng.normal(size=(count, K + M)) @ np.linalg.cholesky(np.block([[Q, R], [R.T, T]])).T
    y = np.where(G[teacher](fields[:, K:]) @ v > 0.0, 1.0, -1.0)
    axes = teacher_axes(CODES[teacher], T, v)
    for signs in (h, np.abs(h)):
        phi = G[student](fields[:, :K]) @ signs
        state = Q, R, signs, 1e-6
        wrong = np.where(phi > 0.0, 1.0, -1.0) != y
        assert_mean(classification_error(CODES[student], axes, *state), wrong)
        for loss, margin in LOSSES:
            if student != "relu" or loss in ("squared", "hebbian"):
                found = mean_loss(loss, margin or 0.0, CODES[student], axes, *state)
                assert_mean(found, losses(loss, margin, phi, y))


def assert_mean(found, values):
    assert abs(found - values.mean()) < 4.5 * values.std() / np.sqrt(len(values))


def test_one_unit_each_has_the_angle_as_its_error():
    for sign in (1.0, -1.0):
        axes = teacher_axes(CODES["erf"], np.array([[2.0]]), np.array([0.7]))
        found = classification_error(
            CODES["erf"], axes, np.array([[0.5]]), np.array([[0.3]]), np.array([0.2 * sign]), 1e-7
        )
        assert found == pytest.approx(np.arccos(sign * 0.3) / np.pi, abs=1e-14)


def test_the_error_of_two_units_each_is_a_nested_integral():
    # Split along the field of one unit, where |h_0| < |h_1|, in place of the direction in which phi grows.
    Q, R, T, h, v = overlaps(2, 2, 4.0, seed=5)
    h = np.array([0.3, 0.5])
    axes = teacher_axes(CODES["erf"], T, v)
    A = R @ axes.inverse.T
    z_of = np.array([[1.0, 0.0]])
    C = np.block([[np.ones((1, 1)), A[:, :1].T, np.zeros((1, 1))],
                  [A[:, :1], Q, A[:, 1:]], [z_of[:, 1:], A[:, 1:].T, np.ones((1, 1))]])  # fmt: skip
    L = np.linalg.cholesky(C)
    x, w = np.polynomial.legendre.leggauss(80)
    z, weights = 6.5 * x, 6.5 * w * np.exp(-0.5 * (6.5 * x) ** 2) / np.sqrt(2.0 * np.pi)
    inverse = np.vectorize(lambda p: _inverse_erf(p))
    total = 0.0
    for node, b, weight in zip(z, roots(axes, z[None]), weights, strict=True):
        first = L[1, 0] * node + L[1, 1] * z
        top = (inverse(-h[0] * G["erf"](first) / h[1]) - L[2, 0] * node - L[2, 1] * z) / L[2, 2]
        half = 0.5 * (np.clip(top, -7.0, 7.0) + 7.0)
        tau = half[:, None] * (1.0 + x) - 7.0
        positive = ndtr((L[3, 0] * node + (L[3, 1] * z)[:, None] + L[3, 2] * tau - b) / L[3, 3])
        inner = half * ((np.exp(-0.5 * tau**2) / np.sqrt(2.0 * np.pi) * positive) @ w)
        total += weight * (weights @ inner)
    assert classification_error(CODES["erf"], axes, Q, R, h, 1e-8) == pytest.approx(2.0 * total, abs=1e-7)


def _inverse_erf(p):
    """x with erf(x / sqrt 2) = p."""
    low, high = -10.0, 10.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if erf(middle / np.sqrt(2.0)) < p else (low, middle)
    return low


def test_a_student_without_output_is_wrong_at_every_label_of_plus_one():
    axes = teacher_axes(CODES["erf"], np.eye(2), np.array([1.0, -0.5]))
    for h in (np.zeros(2), np.array([0.4, -0.4])):  # equal units cancel
        assert classification_error(CODES["erf"], axes, np.ones((2, 2)), np.zeros((2, 2)), h, 1e-7) == 0.5


def test_teachers_with_units_that_depend_on_each_other_are_refused():
    with pytest.raises(np.linalg.LinAlgError):
        teacher_axes(CODES["erf"], np.ones((2, 2)), np.ones(2))
    assert len(teacher_axes(CODES["linear"], np.ones((2, 2)), np.ones(2)).inverse) == 1


def test_labels_are_one_above_the_root():
    T, v = np.array([[1.0, 0.3, 0.0], [0.3, 0.8, -0.2], [0.0, -0.2, 1.2]]), np.array([1.0, -0.6, 0.0])
    axes = teacher_axes(CODES["erf"], T, v)
    assert len(axes.inverse) == 2  # a unit without a readout has no influence
    np.testing.assert_allclose(axes.inverse @ T @ axes.inverse.T, np.eye(2), atol=1e-14)
    z = np.linspace(-4.0, 4.0, 9)[None]
    for side in (-1.0, 1.0):
        rho = axes.axes @ np.stack([z[0], roots(axes, z) + 1e-9 * side])
        assert np.all(np.sign(v[:2] @ G["erf"](rho)) == side)


def test_nodes_have_the_moments_of_normal_numbers():
    for half in (False, True):
        points, weights = ball(steps_for(np.array([1.0, 3.0, 2.0]), 1e-10), 1e-10, half)
        assert weights.sum() == pytest.approx(1.0)
        second = (weights * points) @ points.T
        np.testing.assert_allclose(second, np.eye(3), atol=1e-7)

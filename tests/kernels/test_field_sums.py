"""Means over the fields of units without closed forms: quadrature, samples, closed forms and finer sums."""

import numpy as np
import pytest
from scipy.integrate import dblquad

from naive import DG, G
from teacherstudent.engines.ode.field_sums import field_law
from teacherstudent.kernels.maths.activations import ERF
from teacherstudent.kernels.ode.equations import constants_of, rate_of_change
from teacherstudent.kernels.ode.field_sums import means_at
from teacherstudent.kernels.ode.isotropic import isotropic
from teacherstudent.kernels.ode.models import Rates, covariances
from teacherstudent.kernels.ode.units import units
from teacherstudent.spec.parse import parse_spec

VARIANCE = 0.3  # of the noise on labels
PAIRS = [("tanh", "tanh"), ("sigmoid", "erf"), ("quadratic", "tanh"), ("erf", "sigmoid"), ("tanh", "linear")]
ERF_FILE = (
    "import math\n\n\ndef activation(x):\n    return math.erf(x / math.sqrt(2.0))\n\n\n"
    "def derivative(x):\n    return math.sqrt(2.0 / math.pi) * math.exp(-0.5 * x * x)\n"
)


def spec_of(student, teacher, K, M, tolerance=1e-7):
    def layer(name):
        is_file = name.endswith(".py")
        return {"activation": "custom", "activation_file": name} if is_file else {"activation": name}

    return parse_spec(
        {
            "inputs": {"dimension": 100},
            "teachers": {"count": 1, "hidden": M} | layer(teacher),
            "student": {"hidden": K} | layer(student),
            "training": {"learning_rate": 0.1},
            "duration": 1.0,
            "numerics": {"cubature_tolerance": tolerance},
        }
    )


def state(K, M, length=1.0, seed=0):
    """Signed readouts and covariance of units, those of students of about this length squared."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(K + M, K + M + 3))
    vectors /= np.linalg.norm(vectors, axis=1)[:, None]
    vectors[:K] *= np.sqrt(length * rng.uniform(0.5, 1.5, (K, 1)))
    c = np.array([0.8, -0.6, 0.5])[:K], -np.array([1.0, 0.7, -0.5])[:M]
    return np.concatenate(c), vectors @ vectors.T


def means(student, teacher, K, c, C, tolerance=1e-7):
    """<d g_k>, <d g'_k x_a> and <d^2 g'_i g'_k>."""
    law = field_law(spec_of(student, teacher, K, len(c) - K, tolerance), c, C, VARIANCE, 0.0)
    output, weights, power = means_at(law, c, C, VARIANCE)
    return output, weights @ C, np.triu(power)


def integrands(student, teacher, K, c, x):
    """The same as functions of fields (..., D)."""
    g = np.concatenate([G[student](x[..., :K]), G[teacher](x[..., K:])], axis=-1)
    slope, d = DG[student](x[..., :K]), g @ c
    square = np.triu(slope[..., :, None] * slope[..., None, :])
    return (
        d[..., None] * g[..., :K],
        d[..., None, None] * slope[..., :, None] * x[..., None, :],
        (d * d + VARIANCE)[..., None, None] * square,
    )


@pytest.mark.parametrize("student, teacher", PAIRS)
def test_means_are_those_of_quadrature(student, teacher):
    c, C = state(1, 1)
    L = np.linalg.cholesky(C)

    def part(index):
        def value(b, a):
            parts = integrands(student, teacher, 1, c, L @ np.array([a, b]))
            weight = np.exp(-0.5 * (a * a + b * b)) / (2.0 * np.pi)
            return np.concatenate([p.ravel() for p in parts])[index] * weight

        return dblquad(value, -8.5, 8.5, -8.5, 8.5, epsabs=1e-7, epsrel=1e-7)[0]

    found = np.concatenate([p.ravel() for p in means(student, teacher, 1, c, C)])
    for index in (0, 1, 3):
        assert found[index] == pytest.approx(part(index), abs=4e-7, rel=4e-7)


@pytest.mark.parametrize("student, teacher", [*PAIRS, ("quadratic", "quadratic"), ("linear", "tanh")])
@pytest.mark.parametrize("K, M", [(2, 2), (3, 1), (1, 3)])
def test_means_are_those_of_samples(student, teacher, K, M):
    c, C = state(K, M, 1.3)
    x = np.random.default_rng(1).normal(size=(100_000, K + M)) @ np.linalg.cholesky(C).T
    for exact, parts in zip(
        means(student, teacher, K, c, C, 1e-5), integrands(student, teacher, K, c, x), strict=True
    ):
        error = parts.std(axis=0) / np.sqrt(len(x))
        z = (exact - parts.mean(axis=0))[error > 0.0] / error[error > 0.0]
        assert np.abs(z).max() < 4.5


def test_quadratic_units_are_exact():
    """Moments of Gaussian fields by Isserlis' theorem, d = x A x."""
    c, C = state(2, 2, 2.0)
    A, trace = np.diag(c), c @ np.diag(C)
    AC = A @ C
    second = C @ AC  # C A C
    square = trace**2 + 2.0 * np.trace(AC @ AC)
    fourth = square * C + 4.0 * trace * second + 8.0 * C @ AC @ AC
    output, drift, power = means("quadratic", "quadratic", 2, c, C)
    np.testing.assert_allclose(output, (trace * np.diag(C) + 2.0 * np.diag(second))[:2], rtol=1e-12)
    np.testing.assert_allclose(drift, 2.0 * (trace * C + 2.0 * second)[:2], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(power, np.triu(4.0 * (fourth + VARIANCE * C)[:2, :2]), rtol=1e-12)


@pytest.mark.parametrize("length", [0.1, 1.0, 9.0])
def test_erf_units_of_a_file_have_the_closed_means(tmp_path, monkeypatch, length):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.py").write_text(ERF_FILE)
    for K, M in ((1, 1), (2, 1), (1, 2)):
        c, C = state(K, M, length, seed=K + M)
        model = isotropic(K, 1, C[K:, K:].copy(), -c[K:], 0, 0, 1.0)
        y = np.concatenate([C[:K, :K].ravel(), C[:K, K:].ravel(), c[:K]])
        covariances(model, y, False)
        rates = Rates(np.ones(K), 1.0, 1.0, 0.0, 0.0, 1, 0)
        found = [
            rate_of_change(constants_of(law, VARIANCE, 0.0, 0.0, rates, model), y)
            for law in (
                field_law(spec_of("own.py", "own.py", K, M), c, C, VARIANCE, 0.0),
                units(ERF, ERF, K, K + M),
            )
        ]
        np.testing.assert_allclose(found[0], found[1], rtol=0, atol=1e-6)


@pytest.mark.parametrize("length", [0.1, 1.0, 9.0])
@pytest.mark.parametrize(
    "student, teacher",
    [*PAIRS, ("erf", "tanh"), ("tanh", "quadratic"), ("linear", "sigmoid"), ("sigmoid", "sigmoid")],
)
def test_errors_are_at_most_ten_times_the_tolerance(student, teacher, length):
    for K, M in ((1, 1), (2, 1), (1, 2)):
        c, C = state(K, M, length, seed=K + 3 * M)
        fine = means(student, teacher, K, c, C, 1e-9)
        for tolerance in (1e-5, 1e-7):
            for one, other in zip(means(student, teacher, K, c, C, tolerance), fine, strict=True):
                assert np.abs(one - other).max() < 10.0 * tolerance * max(1.0, np.abs(other).max())


def test_four_fields_have_the_tolerance():
    c, C = state(2, 2, 1.0, seed=5)
    for one, other in zip(
        means("tanh", "tanh", 2, c, C, 1e-4), means("tanh", "tanh", 2, c, C, 1e-6), strict=True
    ):
        assert np.abs(one - other).max() < 1e-3 * max(1.0, np.abs(other).max())


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "quadratic"])
def test_a_student_that_is_the_teacher_does_not_move(name):
    T = np.array([[1.0, 0.3], [0.3, 0.8]])
    C = np.block([[T, T], [T, T]])
    output, drift, power = means(name, name, 2, np.array([0.7, -0.4, -0.7, 0.4]), C)
    np.testing.assert_allclose(output, 0.0, atol=1e-10)
    np.testing.assert_allclose(drift, 0.0, atol=1e-10)
    x, w = np.polynomial.hermite_e.hermegauss(100)
    square = w @ DG[name](np.sqrt(T[0, 0]) * x) ** 2 / w.sum()
    np.testing.assert_allclose(power[0, 0], VARIANCE * square, rtol=1e-6)


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "quadratic"])
def test_equal_students_are_one(name):
    c, C = state(1, 1, 1.2)
    twice = [0, 0, 1]
    both = means(name, name, 2, np.array([0.5, 0.3, c[1]]), np.ascontiguousarray(C[np.ix_(twice, twice)]))
    one = means(name, name, 1, c, C)
    np.testing.assert_allclose(both[0], one[0][[0, 0]], atol=2e-6)
    np.testing.assert_allclose(both[1], one[1][[0, 0]][:, twice], atol=2e-6)
    np.testing.assert_allclose(both[2][[0, 0, 1], [0, 1, 1]], one[2][0, 0], atol=2e-6)

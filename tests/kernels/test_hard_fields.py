"""Closed means of fields in a plane that are almost equal, opposite or 0, against quadrature in the plane."""

import numpy as np
import pytest

from kernels.closed_means import SLOPES, VALUES, Model, error, law_of, means_of

NODES, WEIGHTS = np.polynomial.legendre.leggauss(40)
RADIUS = 9.0


def quadrature(student, teacher, c, W, K):
    """The means of `means_of` and the error for fields W x of two inputs, by polar coordinates.

    Angles are divided where a field changes its sign, so that integrands are smooth on each piece.
    """
    used = W[(W != 0.0).any(axis=1)]
    zeros = np.arctan2(used[:, 1], used[:, 0]) + 0.5 * np.pi
    ends = np.unique(np.concatenate([zeros, zeros + np.pi, [0.0]]) % (2.0 * np.pi))
    ends = np.append(ends, 2.0 * np.pi)
    half = 0.5 * np.diff(ends)
    angle = (half[:, None] * (1.0 + NODES) + ends[:-1, None]).ravel()
    radius = 0.5 * RADIUS * (1.0 + NODES)
    density = np.outer(
        (half[:, None] * WEIGHTS).ravel() / (2.0 * np.pi),
        0.5 * RADIUS * WEIGHTS * radius * np.exp(-0.5 * radius**2),
    ).ravel()
    x = W @ np.multiply.outer(np.stack([np.cos(angle), np.sin(angle)]), radius).reshape(2, -1)
    value, slope = VALUES[student](x[:K]), SLOPES[student](x[:K])
    d = c[:K] @ value + c[K:] @ VALUES[teacher](x[K:])
    moves = np.any(W[:K] != 0.0, axis=1) | (student != "relu")  # the slope of a relu unit is 0 at 0
    move = d * slope * moves[:, None]
    means = (d * density) @ value.T, (move * density) @ x.T, (move * density) @ move.T
    return means, 0.5 * (d * d) @ density


def unit(angle, length=1.0):
    return length * np.array([np.cos(angle), np.sin(angle)])


# Student units first: two, and then three; the last one or two are of the teacher.
PLANES = {"three": [0.3, 1.1, 2.0], "four": [0.3, 1.1, 2.0, 2.9], "five": [0.3, 1.1, 2.0, 2.9, 0.9]}
NEAR = {
    f"{name} up to {distance}": angles
    for distance in (0.0, 1e-9, 1e-8, 1e-7, 7e-7, 1.5e-6, 1e-5, 1e-3)
    for name, angles in (
        ("students equal", [0.3, 0.3 + distance, 2.0, 0.9]),
        ("students opposite", [0.3, 0.3 + np.pi - distance, 2.0, 0.9]),
        ("a student and a teacher equal", [0.3, 1.4, 0.3 - distance, 2.9]),
        ("a student and a teacher opposite", [0.3, 1.4, 0.3 - np.pi + distance, 2.9]),
        ("three equal", [0.3, 0.3 + distance, 0.3 - distance, 1.4]),
        ("two pairs", [0.3, 1.4, 0.3 + distance, 1.4 - 2.0 * distance]),
    )
}
UNITS = [("relu", "relu"), ("relu", "linear"), ("erf", "relu"), ("erf", "linear"), ("linear", "relu")]
# Of powers with four relu fields in a plane, of which two nearly coincide.
OF_PLANES = 3e-6
READOUTS = np.array([0.8, -0.6, 0.7, 0.5, -0.9])


def assert_means(student, teacher, W, K):
    c = READOUTS[: len(W)]
    model = Model(c, W @ W.T)
    means, half_square = quadrature(student, teacher, c, W, K)
    of_power = OF_PLANES if student == teacher == "relu" else 5e-8
    tolerances = 5e-8, 5e-8, of_power
    for found, expected, atol in zip(means_of(student, teacher, model, K), means, tolerances, strict=True):
        np.testing.assert_allclose(found, expected, rtol=0, atol=atol)
    law = law_of(student, teacher, K, len(W) - K, "output")
    np.testing.assert_allclose(error(law, model), half_square, rtol=0, atol=5e-8)


@pytest.mark.parametrize(("student", "teacher"), UNITS)
@pytest.mark.parametrize("name", [*PLANES, *NEAR])
def test_fields_in_a_plane(student, teacher, name):
    angles = (PLANES | NEAR)[name]
    assert_means(student, teacher, np.array([unit(angle) for angle in angles]), 2 if len(angles) < 5 else 3)


@pytest.mark.parametrize(("student", "teacher"), UNITS)
@pytest.mark.parametrize("which", range(4))
@pytest.mark.parametrize("length", [1e-7, 1e-12, 0.0])
def test_units_that_are_almost_zero(student, teacher, which, length):
    W = np.array([unit(angle) for angle in (0.3, 1.1, 2.0, 2.9)])
    W[which] *= length
    assert_means(student, teacher, W, 2)


@pytest.mark.parametrize("away", [0.0, 1e-7, 1e-6, 1e-5])
@pytest.mark.parametrize("spread", [0.01, 0.1, 1.0])
def test_four_relu_fields_near_a_plane(spread, away):
    """Rounding errors of means given two fields are divided by small variances."""
    for seed in range(20):
        rng = np.random.default_rng(seed)
        W = np.array([unit(angle) for angle in 0.3 + spread * rng.normal(size=4)])
        near = np.hstack([W, away * rng.normal(size=(4, 2))])
        means, _ = quadrature("relu", "relu", READOUTS[:4], W, 2)
        found = means_of("relu", "relu", Model(READOUTS[:4], near @ near.T), 2)
        np.testing.assert_allclose(found[2], means[2], rtol=0, atol=1e-6)

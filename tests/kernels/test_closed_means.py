"""Means over the fields of relu students and of labels that are signs, against samples of the fields."""

import math

import numpy as np
import pytest

from kernels.closed_means import SLOPES, VALUES, Model, error, filled, law_of, means_of
from teacherstudent.kernels.ode.models import means_for
from teacherstudent.kernels.ode.pauses import LEFT, NO_PAUSE

SAMPLES = 200_000


def random_model(seed, K, M, rank=None):
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(K + M, rank or K + M))
    return Model(rng.normal(size=K + M), A @ A.T)


def sampled(student, teacher, model, K, labels, variance, flip):
    """The same means from samples, with their standard errors."""
    rng = np.random.default_rng(int(1e6 * abs(model.c[0])))
    size, directions = np.linalg.eigh(model.C)
    x = rng.normal(size=(SAMPLES, len(size))) @ (directions * np.sqrt(np.maximum(size, 0.0))).T
    value, slope = VALUES[student](x[:, :K]), SLOPES[student](x[:, :K])
    label = -VALUES[teacher](x[:, K:]) @ model.c[K:] + math.sqrt(variance) * rng.normal(size=SAMPLES)
    if labels == "sign":
        label = np.where(label > 0.0, 1.0, -1.0) * np.where(rng.random(SAMPLES) < flip, -1.0, 1.0)
    d = value @ model.c[:K] - label
    each = (
        d[:, None] * value,
        (d[:, None] * slope)[:, :, None] * x[:, None, :],
        (d[:, None] * slope)[:, :, None] * (d[:, None] * slope)[:, None, :],
    )
    return [(a.mean(axis=0), a.std(axis=0) / math.sqrt(SAMPLES) + 2e-7) for a in each]


OUTPUTS = [
    (teacher, *sizes)
    for teacher in ("relu", "linear", "erf")
    for sizes in ((1, 1, None), (2, 2, None), (4, 1, None), (3, 2, 2), (2, 2, 3), (3, 1, 1))
]
LABELS = [
    ("linear", 2, 2, 0.0, 0.1, None),
    ("linear", 3, 2, 0.5, 0.0, None),
    ("erf", 2, 1, 0.0, 0.3, None),
    ("relu", 2, 1, 0.0, 0.2, None),
    ("linear", 1, 1, 0.0, 0.5, None),
    ("linear", 2, 1, 0.0, 0.1, 1),
    ("linear", 2, 2, 0.0, 0.1, 2),
]


def assert_within(found, expected):
    """All within 4.5 standard errors; errors of means that are the same in all samples are below 1e-6."""
    z = np.concatenate([((f - m) / s).ravel() for f, (m, s) in zip(found, expected, strict=True)])
    assert np.abs(z).max() < 4.5


@pytest.mark.parametrize("case", OUTPUTS)
def test_means_of_relu_students_are_those_of_samples(case):
    teacher, K, M, rank = case
    model = random_model(K + M, K, M, rank)
    found = means_of("relu", teacher, model, K, variance=0.3)
    assert_within(found, sampled("relu", teacher, model, K, "output", 0.3, 0.0))


@pytest.mark.parametrize("case", LABELS)
@pytest.mark.parametrize("student", ["erf", "linear", "relu"])
def test_means_of_signs_are_those_of_samples(student, case):
    teacher, K, M, variance, flip, rank = case
    model = random_model(10 * K + M, K, M, rank)
    model.c[K:] = -np.abs(model.c[K:])
    found = means_of(student, teacher, model, K, "sign", variance, flip)
    assert_within(found, sampled(student, teacher, model, K, "sign", variance, flip))


@pytest.mark.parametrize("student", ["erf", "linear", "relu"])
@pytest.mark.parametrize(("teacher", "readout"), [("relu", -0.7), ("erf", 0.0)])
def test_labels_of_an_output_that_is_never_positive_are_negative(student, teacher, readout):
    model = random_model(3, 2, 1)
    model.c[2] = -readout
    found = means_of(student, teacher, model, 2, "sign", 0.0, 0.2)
    assert_within(found, sampled(student, teacher, model, 2, "sign", 0.0, 0.2))


@pytest.mark.parametrize("student", ["erf", "linear", "relu"])
def test_a_sign_is_the_limit_of_an_erf_unit_of_infinite_gain(student):
    """The difference decreases as 1 / gain^2 but for squares of the unit, as 1 / gain."""
    model, differences = random_model(7, 2, 1), []
    model.c[2] = -1.0
    limit = means_of(student, "erf", model, 2, "sign")
    for gain in (1e2, 1e3):
        scale = np.array([1.0, 1.0, gain])
        steep = Model(model.c, model.C * np.outer(scale, scale))
        output, drift, power = means_of(student, "erf", steep, 2)
        found = output, drift / scale, power
        differences.append(max(np.abs(f - e).max() for f, e in zip(found, limit, strict=True)))
    assert differences[0] < 2.0 / 1e2
    assert differences[1] < 0.15 * differences[0]


@pytest.mark.parametrize("teacher", ["relu", "linear", "erf"])
def test_equal_units_have_the_means_of_one(teacher):
    """Two students that are one, and a student that is the teacher."""
    one = random_model(5, 1, 1)
    twice = Model(np.array([0.4, 0.6, 1.0]) * one.c[[0, 0, 1]], one.C[np.ix_([0, 0, 1], [0, 0, 1])])
    expected, found = means_of("relu", teacher, one, 1), means_of("relu", teacher, twice, 2)
    for e, f in zip(expected, found, strict=True):
        np.testing.assert_allclose(f.reshape(2, -1)[:, -1], e.ravel()[-1], atol=1e-12)


def test_a_student_with_the_teachers_units_has_no_error():
    C = np.array([[1.3, 0.4], [0.4, 0.8]])
    model = Model(np.array([0.7, -0.5, -0.7, 0.5]), np.block([[C, C], [C, C]]))
    for mean in means_of("relu", "relu", model, 2):
        np.testing.assert_allclose(mean, 0.0, atol=1e-6)


def test_a_unit_without_weights_does_not_move():
    model = random_model(9, 2, 1)
    model.C[0, :], model.C[:, 0] = 0.0, 0.0
    output, drift, power = means_of("relu", "relu", model, 2, variance=0.1)
    one = means_of("relu", "relu", Model(model.c[1:].copy(), model.C[1:, 1:].copy()), 1, variance=0.1)
    np.testing.assert_array_equal([output[0], *drift[0], *power[0]], 0.0)
    np.testing.assert_allclose([output[1], drift[1, 1], power[1, 1]], [one[0][0], one[1][0, 0], one[2][0, 0]])


@pytest.mark.parametrize(("student", "labels"), [("relu", "output"), ("erf", "sign"), ("relu", "sign")])
def test_a_pause_between_any_two_rows_changes_nothing(student, labels):
    model, K, M = random_model(11, 4, 2 if labels == "output" else 1), 4, 2 if labels == "output" else 1
    teacher = "relu" if labels == "output" else "linear"
    whole, parts = means_for(K, K + M), means_for(K, K + M)
    assert filled(law_of(student, teacher, K, M, labels), model, 0.1, 0.1, whole, np.array([0, NO_PAUSE]))
    law, progress, calls = law_of(student, teacher, K, M, labels), np.array([0, 1]), 1
    while not filled(law, model, 0.1, 0.1, parts, progress):
        progress[LEFT], calls = 1, calls + 1
    assert calls > 2
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("case", [("erf", 1), ("linear", 3), ("relu", 1)])
@pytest.mark.parametrize("readout", [0.8, -0.6])
def test_errors_of_thresholds_are_fractions_of_wrong_signs(case, readout):
    student, K = case
    model = random_model(13, K, 1)
    model.c[0] = readout
    rng = np.random.default_rng(2)
    x = rng.normal(size=(SAMPLES, K + 1)) @ np.linalg.cholesky(model.C).T
    output, value = VALUES[student](x[:, :K]) @ model.c[:K], -x[:, K] * model.c[K]
    wrong = np.mean((output > 0.0) != (value > 0.0))
    found = error(law_of(student, "linear", K, 1, "sign"), model)
    assert found == pytest.approx(wrong, abs=4.0 * math.sqrt(0.25 / SAMPLES))

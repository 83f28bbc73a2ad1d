"""Errors of labels that are signs where students and teachers have more units than there are inputs."""

import numpy as np
import pytest
from scipy.special import erf

from teacherstudent.engines.labels import label_errors
from teacherstudent.spec.parse import parse_spec

RADII, ANGLES, MARGIN = 1000, 4000, 0.5


def errors_in_the_plane(W, V, h, v):
    """Return squared hinge loss and classification error, sums over equally probable cells of two inputs."""
    r = np.sqrt(-2.0 * np.log((np.arange(RADII) + 0.5) / RADII))
    angle = 2.0 * np.pi * (np.arange(ANGLES) + 0.5) / ANGLES
    x = np.multiply.outer(np.stack([np.cos(angle), np.sin(angle)]), r)
    phi, value = (
        np.tensordot(readouts, erf(np.tensordot(weights, x, 1) / np.sqrt(2.0)), 1)
        for weights, readouts in ((W, h), (V, v))
    )
    short = np.maximum(MARGIN - np.sign(value) * phi, 0.0)
    return 0.5 * np.mean(short**2), np.mean(phi * value <= 0.0)


def errors_of(W, V, h, v):
    teachers = {"count": 1, "hidden": len(V), "labels": "sign"}
    training = {"learning_rate": 1.0, "loss": "squared_hinge", "margin": MARGIN}
    blocks = {"inputs": {"dimension": 2}, "teachers": teachers, "student": {"hidden": len(W)}}
    spec = parse_spec(blocks | {"training": training, "duration": 1.0, "record": {"count": 2}})
    order = (W @ W.T)[None], (W @ V.T)[None], V @ V.T
    return np.ravel(label_errors(spec, *order, h[None, None], v[None]))


@pytest.mark.parametrize("scale", [0.01, 1.0])
@pytest.mark.parametrize(("K", "M"), [(3, 1), (2, 1), (1, 2)])
def test_labels_that_fields_of_students_determine(K, M, scale):
    """The label changes at one point of each line: sums over its pieces."""
    rng = np.random.default_rng(3)
    W, V, h, v = (
        scale * rng.normal(size=(K, 2)),
        rng.normal(size=(M, 2)),
        rng.normal(size=K),
        rng.normal(size=M),
    )
    np.testing.assert_allclose(errors_of(W, V, h, v), errors_in_the_plane(W, V, h, v), rtol=0, atol=5e-4)


@pytest.mark.parametrize("scale", [0.01, 1.0])
def test_outputs_that_grow_in_no_direction(scale):
    """Given one field of the teacher, one field of the student falls where the other one grows."""
    rng = np.random.default_rng(8)
    for _ in range(5):
        W, V, h, v = (
            scale * rng.normal(size=(2, 2)),
            rng.normal(size=(2, 2)),
            rng.normal(size=2),
            rng.normal(size=2),
        )
        np.testing.assert_allclose(errors_of(W, V, h, v), errors_in_the_plane(W, V, h, v), rtol=0, atol=0.015)

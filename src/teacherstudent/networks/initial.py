"""Initial weights and readouts of the student, from normal random numbers and the teachers."""

import math

import numpy as np

from teacherstudent.spec.model import Spec

# Schemes in which all weights and readouts of the student are independent normal numbers.
INDEPENDENT = ("gaussian", "large", "small", "mixed")


def has_independent_draws(spec: Spec) -> bool:
    """Return whether `initial_weights` and `initial_readouts` accept leading axes, such as one of runs."""
    initial = spec.student.initial
    return initial.scheme in INDEPENDENT and initial.readouts is None and initial.readouts_imbalance is None


def initial_weights(draws: np.ndarray, spec: Spec, V: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Return the initial first layer of the student.

    It is a linear combination of rows, except for scheme `uniform`: from coordinates of all rows in one
    orthonormal frame it returns the coordinates of the first layer in this frame.

    Parameters
    ----------
    draws : array (K, N)
        Independent standard normal numbers.
    spec : Spec
        Spec of the run; `student.initial` gives scheme and standard deviations.
    V : array (P, M, N)
        First layers of the teachers.
    v : array (P, M)
        Readouts of the teachers.

    Returns
    -------
    array (K, N)
    """
    initial = spec.student.initial
    if initial.scheme in INDEPENDENT:
        return deviations(spec)[0] * draws
    teacher = V[spec.curriculum.order[0]]
    if initial.scheme == "denoising":
        return teacher[np.arange(len(draws)) % len(teacher)]
    if initial.scheme == "one_direction":
        row = np.einsum("m,mn->n", v[spec.curriculum.order[0]], teacher) / np.sqrt(len(teacher) * len(draws))
        return np.repeat(row[None], len(draws), axis=0)
    if initial.scheme == "symmetric":
        return initial.weights_std * nearly_equal_rows(draws, initial.asymmetry)
    if initial.scheme == "uniform":
        return uniform(draws)
    W = deviations(spec)[0] * draws  # scheme informed
    W[: len(teacher)] = teacher
    return W


def initial_readouts(draws: np.ndarray, spec: Spec, v: np.ndarray) -> np.ndarray:
    """Return the initial readouts of all heads.

    All readouts include the output scales of student and teachers. The schemes `informed`, `denoising` and
    `one_direction` set the head of the first teacher of the curriculum.

    Parameters
    ----------
    draws : array (H, K)
        Independent standard normal numbers.
    spec : Spec
        Spec of the run; `student.initial` gives scheme, standard deviation or value.
    v : array (P, M)
        Readouts of the teachers.

    Returns
    -------
    array (H, K)
    """
    initial, first, scale = spec.student.initial, spec.curriculum.order[0], spec.student.scale
    if initial.readouts_value is not None:
        return np.full_like(draws, scale * initial.readouts_value)
    if initial.scheme == "uniform":
        return scale * uniform(draws) / np.sqrt(draws.shape[1])
    if initial.scheme == "symmetric":
        draws = np.repeat(draws[:, :1], draws.shape[1], axis=1)
    if initial.readouts is not None:
        return scale * _given_readouts(draws, spec)
    h, head = scale * deviations(spec)[1] * draws, spec.head_of(first)
    if initial.readouts_imbalance is not None:
        h[head] = scale * deviations(spec)[1] * np.copysign(1.0, draws[head])
        h[head, 0] = scale * deviations(spec)[1] * initial.readouts_imbalance
    elif initial.scheme == "informed":
        h[head, : v.shape[1]] = v[first]
    elif initial.scheme == "denoising":
        h[head] = shared_readouts(v[first], draws.shape[1])
    elif initial.scheme == "one_direction":
        h[head] = np.sqrt(v.shape[1] / draws.shape[1])
    return h


def _given_readouts(draws: np.ndarray, spec: Spec) -> np.ndarray:
    """Return the given rows of readouts; a row that is None is drawn."""
    rows, std = spec.student.initial.readouts, deviations(spec)[1]
    return np.array([std * draw if row is None else row for row, draw in zip(rows, draws, strict=True)])


def initial_biases(features: np.ndarray, readouts: np.ndarray, spec: Spec) -> tuple[np.ndarray, np.ndarray]:
    """Return the initial biases of both layers: 0, except for scheme `uniform`.

    Parameters
    ----------
    features : array (K,)
        Independent standard normal numbers.
    readouts : array (H,)
        Independent standard normal numbers.
    spec : Spec
        Spec of the run.

    Returns
    -------
    b, c : arrays (K,), (H,)
        Biases of the units, and of the heads with the output scale of the student.
    """
    if spec.student.initial.scheme != "uniform":
        return np.zeros_like(features), np.zeros_like(readouts)
    b = uniform(features) / np.sqrt(spec.inputs.dimension)
    return b, spec.student.scale * uniform(readouts) / np.sqrt(spec.student.hidden)


def initial_inner(draws: np.ndarray, spec: Spec) -> np.ndarray:
    """Return the initial inner weights of a student: gaussian, or gain times the identity plus gaussian.

    Parameters
    ----------
    draws : array (L - 1, K, K)
        Independent standard normal numbers.
    spec : Spec
        Spec of the run.

    Returns
    -------
    array (L - 1, K, K)
    """
    inner = spec.student.initial.inner
    if inner is None:
        return draws
    return (inner.std or 0.0) * draws + (inner.gain or 0.0) * np.eye(spec.student.hidden)


def uniform(draws: np.ndarray) -> np.ndarray:
    """Return numbers that are uniform between -1 and 1, erf(z / sqrt 2) of standard normal numbers z."""
    return np.vectorize(math.erf, otypes=[float])(draws / math.sqrt(2.0))


def deviations(spec: Spec) -> tuple[float, float]:
    """Return the standard deviations of weights and readouts (1 / sqrt N, 1 / sqrt K: Goldt et al. 2019)."""
    initial, small = spec.student.initial, 1.0 / np.sqrt(spec.inputs.dimension)
    of_schemes = {
        "large": (1.0, 1.0),
        "small": (small, small),
        "mixed": (small, 1.0 / np.sqrt(spec.student.hidden)),
    }
    return of_schemes.get(initial.scheme, (initial.weights_std, initial.readouts_std))


def nearly_equal_rows(draws: np.ndarray, asymmetry: float) -> np.ndarray:
    """Return rows with the law of z_0 + a z_k, with independent standard normal z, from K normal rows.

    Their covariance is 1 1^T + a^2 I = S^2 with S = a I + b 1 1^T, 2 a b + K b^2 = 1; the rows are S draws.
    """
    K = len(draws)
    b = (np.sqrt(asymmetry**2 + K) - asymmetry) / K
    return asymmetry * draws + b * draws.sum(axis=0)


def shared_readouts(v: np.ndarray, units: int) -> np.ndarray:
    """Return readouts v_m / (number of copies of m) of units k that copy the teacher unit m = k mod M."""
    copied = np.arange(units) % len(v)
    return v[copied] / np.bincount(copied)[copied]

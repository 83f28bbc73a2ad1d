"""Estimated time and memory of structured inputs in engine `network`."""

from teacherstudent.engines.memory import NUMBER, Parts, itemsize
from teacherstudent.engines.phases import comparisons
from teacherstudent.engines.trajectory import record_times
from teacherstudent.inputs.structured.sizes import (
    SAMPLES,
    laws_of,
    numbers_of,
    rows_of_block,
    stores_tests,
)
from teacherstudent.spec.model import Spec

# Seconds of a random number, of a multiply-add of a matrix product, and of an input that is folded.
DRAW, PRODUCT, FOLD = 2.5e-9, 33e-12, 0.4e-9
# Seconds of a record for each input of a test sample, for each activation on it, and for each loading; of
# the eigenvectors of a covariance, for the third power of its size.
READ, ACTIVATION, LOADING, EIGENVECTORS = 0.35e-9, 4e-9, 0.8e-9, 0.5e-9
SINGLE = 0.5  # factor of matrix products in single precision, that of test samples
# Arrays as large as projections, and as large as a covariance, beside the shared ones while second moments
# are computed; for the second run of a batch those that it will share are there once more.
COPIES, SQUARES, AGAIN = 1.5, 4, 2


def drawing(spec: Spec, samples: float) -> tuple[float, ...]:
    """Return the seconds in which some inputs are made, as the terms of a sum.

    Parameters
    ----------
    spec : Spec
        Spec with structured inputs.
    samples : float
        Number of inputs.

    Returns
    -------
    tuple of float
    """
    (factors, others), N = numbers_of(spec), spec.inputs.dimension
    single = SINGLE if spec.numerics.precision == "float32" else 1.0
    return (
        DRAW * samples * factors,
        DRAW * samples * others,
        PRODUCT * samples * _products(spec) * single,
        FOLD * samples * N,
    )


def measuring(spec: Spec, runs: int) -> tuple[float, ...]:
    """Return the seconds of test samples, records, comparisons with thresholds, and second moments."""
    N, K, laws, rows = spec.inputs.dimension, spec.student.hidden, laws_of(spec), len(record_times(spec))
    sets = laws * runs * (1 if stores_tests(spec) else 1 + rows)
    return (
        *drawing(spec, sets * SAMPLES),
        READ * runs * rows * laws * SAMPLES * N,
        PRODUCT * SINGLE * runs * rows * laws * SAMPLES * N * K,
        ACTIVATION * runs * rows * laws * SAMPLES * K,
        LOADING * runs * (rows * laws + comparisons(spec)) * N * _loadings(spec),
        EIGENVECTORS * runs * float(N) ** 3 * _has_eigenvectors(spec),
    )


def shared_memory(spec: Spec) -> float:
    """Return the bytes that the runs of a batch share: projections, loadings and test inputs."""
    N, (factors, _), laws = spec.inputs.dimension, numbers_of(spec), laws_of(spec)
    arrays = laws * N * (itemsize(spec) * factors + NUMBER * _loadings(spec))
    return arrays + laws * SAMPLES * N * 4.0 * stores_tests(spec)


def block_memory(spec: Spec, row: float) -> Parts:
    """Return the bytes of a block of inputs by key of the spec; `row` is the size of an input."""
    N, (factors, _), batch = spec.inputs.dimension, numbers_of(spec), spec.training.batch_size
    rows, one = rows_of_block(N, factors), row + itemsize(spec) * factors
    return {"inputs.dimension": max(rows - batch, 0) * one, "training.batch_size": batch * one}


def preparing_memory(spec: Spec, is_alone: bool) -> float:
    """Return the bytes of the arrays from which the second moments are computed.

    Parameters
    ----------
    spec : Spec
        Spec with structured inputs.
    is_alone : bool
        Whether there is one run in the batch.

    Returns
    -------
    float
    """
    N, again = spec.inputs.dimension, 0.0 if is_alone else AGAIN
    squares = (SQUARES + again) * NUMBER * float(N) ** 2 * _has_eigenvectors(spec)
    return squares + (COPIES + again) * NUMBER * laws_of(spec) * N * float(spec.inputs.latents or 0)


def _products(spec: Spec) -> float:
    """Return the multiply-adds of the matrix products for an input."""
    layers = None if spec.inputs.generator is None else spec.inputs.generator.layers
    if layers is None or spec.inputs.generator.equivalent:
        return float(spec.inputs.dimension) * numbers_of(spec)[0]
    return float(sum(one * other for one, other in zip(layers, layers[1:], strict=False)))


def _loadings(spec: Spec) -> int:
    """Return the number of columns of the loadings of a law."""
    if _has_eigenvectors(spec):
        return spec.inputs.dimension
    return spec.inputs.latents or 0


def _has_eigenvectors(spec: Spec) -> bool:
    """Return whether the covariance of the inputs is factored by its eigenvectors."""
    covariance = spec.inputs.covariance
    of_file = covariance is not None and covariance.spectrum == "file"
    return of_file or spec.inputs.generator is not None or spec.numerics.covariance == "exact"

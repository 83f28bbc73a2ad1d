"""Sizes of what is computed for structured inputs; without compiled code, for estimates."""

from teacherstudent.spec.model import Spec

# A block of training inputs has about NUMBERS numbers in FEWEST to MOST rows. It has fewer rows where these
# would take more than WORK multiply-adds, but at least LEAST.
NUMBERS, FEWEST, MOST, WORK, LEAST = 2**20, 512, 4096, 2**33, 16
SAMPLES = 10_000  # test samples of each task
STORED = 2**27  # most test inputs in memory; more of them are computed again for each record
# Multiply-adds of a matrix product that take as long as one with a weight in a step, and multiply-adds of
# weights that take as long as to draw a random number.
PRODUCTS_PER_WEIGHT, DRAWING = 4, 8


def rows_of_block(N: int, numbers: int) -> int:
    """Return the number of rows of a block of training inputs.

    Parameters
    ----------
    N : int
        Number of inputs.
    numbers : int
        Numbers from which each input is computed by a sum.

    Returns
    -------
    int
        A multiple of 16.
    """
    rows = min(max(NUMBERS // N, FEWEST), MOST, WORK // (N * max(1, numbers)))
    return max(rows // LEAST, 1) * LEAST


def latents_of_teachers(spec: Spec) -> int:
    """Return the number D of latent numbers that the teachers see; 0 where they see the inputs."""
    manifold = spec.inputs.manifold
    on_inputs = manifold is not None and manifold.labels_from == "inputs"
    return 0 if spec.inputs.latents is None or on_inputs else spec.inputs.latents


def numbers_of(spec: Spec) -> tuple[int, int]:
    """Return how many random numbers an input is computed from: factors of a matrix, and others."""
    inputs, N = spec.inputs, spec.inputs.dimension
    if inputs.covariance is not None:
        return (N, 0) if inputs.covariance.spectrum == "file" else (0, N)
    if inputs.manifold is not None:
        return inputs.latents, N if inputs.manifold.equivalent else 0
    is_gaussian = inputs.generator.equivalent or inputs.generator.layers is None
    return inputs.latents + N * is_gaussian, 0


def laws_of(spec: Spec) -> int:
    """Return the number of different laws of the inputs."""
    return spec.teachers.count if spec.has_task_inputs else 1


def stores_tests(spec: Spec) -> bool:
    """Return whether test inputs are in memory."""
    return SAMPLES * spec.inputs.dimension * laws_of(spec) <= STORED

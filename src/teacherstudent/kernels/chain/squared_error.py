"""Labels that are outputs of teachers, with noise, and the squared error 1/2 (student - label)^2."""

from typing import NamedTuple

from teacherstudent.kernels.chain.columns import add_product, subtract, sum_products
from teacherstudent.kernels.chain.law import differentiate, label, label_numbers
from teacherstudent.kernels.compile.flags import BY_COLUMN, by_column
from teacherstudent.kernels.compile.variants import variant
from teacherstudent.kernels.maths.activations import activate


class Outputs(NamedTuple):
    """Labels sum_m v_m g(rho_m) + sigma zeta: output of the active teacher and noise."""


class SquaredError(NamedTuple):
    """The squared error, whose derivative is output minus label."""


@variant(label_numbers, Outputs, BY_COLUMN)
def _one(labels):
    """One number: zeta."""
    return 1


@variant(label, Outputs, BY_COLUMN)
def _label(labels, shape, constants, buffers, b, z, numbers):
    """Implement `law.label`."""
    add_output(shape, constants, buffers, b, z, numbers[0])


@by_column
def add_output(shape, constants, buffers, b, z, zeta):
    """Compute the output of the active teacher for sample b, with noise.

    Parameters
    ----------
    shape : Shape
        Sizes and activations, the same for all chains.
    constants : ChainConstants
        Constants of the phases.
    buffers : Buffers
        Row b of `target` receives the outputs.
    b : int
        Number of the sample in the batch.
    z : array (n, C)
        Coordinates of the input in the frame of the teachers.
    zeta : array (C,)
        Standard normal numbers.
    """
    M, rho, target = len(constants.v), buffers.rho, buffers.target[b]
    for m in range(M):
        sum_products(rho[0, m], constants.B[m], z)
    activate(shape.teacher, rho[0].reshape(-1), rho[1].reshape(-1), rho[2].reshape(-1))
    sum_products(target, constants.v, rho[1])
    add_product(target, constants.output_noise, zeta)


@variant(differentiate, SquaredError, BY_COLUMN)
def _differentiate(loss, error, target):
    """Implement `law.differentiate`."""
    subtract(error, target)

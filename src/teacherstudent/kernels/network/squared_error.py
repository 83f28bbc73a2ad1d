"""The law of squared errors: the loss 1/2 (student - label)^2 of a student of two layers."""

import math
from typing import NamedTuple

from teacherstudent.kernels.compile.variants import variant
from teacherstudent.kernels.maths.philox import normal
from teacherstudent.kernels.network.constants import LABEL_NOISE, STREAMS
from teacherstudent.kernels.network.law import descend, learn, learn_from_labels, output, with_parameters


class SquaredError(NamedTuple):
    """Squared error against a label sum_m v_m g(rho_m) + sigma zeta with a standard normal zeta."""

    output_noise: float  # sigma, standard deviation of the noise on the labels; given labels contain it


@variant(learn, SquaredError)
def _from_fields(law, h, p, buffers, key0, key1, step):
    """d = sum_k h_k g(lambda_k) - sum_m v_m g(rho_m) - sigma zeta, see `law.learn`."""
    for b in range(p.batch):
        error = output(buffers, p.student, h, buffers.student[b], p.N)
        error -= output(buffers, p.teacher, p.v, buffers.teacher[b], p.N)
        if law.output_noise > 0.0:
            error -= law.output_noise * normal(key0, key1, step, STREAMS * b + LABEL_NOISE)
        if not math.isfinite(error):
            return False
        buffers.errors[b] = error
    descend(buffers, h, p)
    return True


@variant(learn_from_labels, SquaredError)
def _from_labels(law, h, p, buffers, labels, chosen):
    """d = sum_k h_k g(lambda_k) - label, see `law.learn_from_labels`."""
    for b in range(p.batch):
        error = output(buffers, p.student, h, buffers.student[b], p.N) - labels[chosen[b]]
        if not math.isfinite(error):
            return False
        buffers.errors[b] = error
    descend(buffers, h, p)
    return True


@variant(with_parameters, SquaredError)
def _with_parameters(law, numbers):
    """Implement `law.with_parameters`."""
    return SquaredError(numbers[0])

"""Students with two layers in a step of the chains: outputs, and moves by gradient descent.

With the error d, the derivative of the loss with respect to the output sum_k h_k g(lambda_k), unit k moves by
-(eta / N) d h_k g'(lambda_k) times the coordinates of the sample, its readout by -(eta_h / N) d g(lambda_k).
A batch has the mean of its gradients. Saad & Solla, Phys. Rev. E 52 (1995) 4225.
"""

from typing import NamedTuple

from teacherstudent.kernels.chain.arrays import coordinates
from teacherstudent.kernels.chain.columns import add_multiples, rescale, sum_products
from teacherstudent.kernels.chain.law import move, respond
from teacherstudent.kernels.compile.flags import BY_COLUMN, column_loop
from teacherstudent.kernels.compile.variants import variant
from teacherstudent.kernels.maths.activations import activate
from teacherstudent.kernels.maths.special import fma


class TwoLayers(NamedTuple):
    """Students with two layers, which are in `State`."""


@variant(respond, TwoLayers, BY_COLUMN)
def _respond(student, shape, state, buffers, b):
    """Compute fields, g and g' in `buffers.units`, and outputs, see `law.respond`."""
    fields, activity, slope = buffers.units[0, b], buffers.units[1, b], buffers.units[2, b]
    own = slice(shape.p, coordinates(shape, b))
    for k in range(len(state.h)):
        sum_products(fields[k], state.S[k, own], buffers.u[b, own])
    activate(shape.student, fields.reshape(-1), activity.reshape(-1), slope.reshape(-1))
    sum_products(buffers.error[b], state.h, activity)


@variant(move, TwoLayers, BY_COLUMN)
def _move(student, shape, terms, S, h, constants, buffers, k):
    """Move unit k and its readout, see `law.move`; G changes only by weight decay."""
    if terms.decay:
        for i in range(len(S)):
            rescale(S[i], constants.keep[k])
    for b in range(shape.batch):
        own = slice(shape.p, coordinates(shape, b))
        _pull(buffers.factor, constants.rate[k], buffers.error[b], h, buffers.units[2, b, k])
        add_multiples(S[own], buffers.factor, buffers.u[b, own])
    if terms.decay:
        rescale(h, constants.keep_h)
    for b in range(shape.batch):
        _push(h, constants.rate_h, buffers.error[b], buffers.units[1, b, k])


@column_loop
def _pull(out, rate, error, h, slope):
    """Compute out = -rate error h g', all (C,)."""
    for c in range(len(out)):
        out[c] = -rate[c] * error[c] * h[c] * slope[c]


@column_loop
def _push(h, rate, error, activity):
    """Compute h -= rate error g, all (C,)."""
    for c in range(len(h)):
        h[c] = fma(-rate[c] * error[c], activity[c], h[c])

"""The squared error in a step of the chains: errors and moves from the coordinates of samples.

With the error d = sum_k h_k g(lambda_k) - sum_m v_m g(rho_m) - sigma zeta, unit k of the student moves by
-(eta / N) d h_k g'(lambda_k) times the coordinates of the sample, its readout by -(eta_h / N) d g(lambda_k).
A batch has the mean of its gradients. Saad & Solla, Phys. Rev. E 52 (1995) 4225.
"""

from teacherstudent.kernels.chain.arrays import coordinates
from teacherstudent.kernels.chain.columns import add_multiples, add_product, multiply, subtract, sum_products
from teacherstudent.kernels.compile.flags import by_column
from teacherstudent.kernels.maths.activations import activate
from teacherstudent.kernels.maths.special import fma


@by_column
def label(shape, constants, buffers, b, z, zeta):
    """Compute the label sum_m v_m g(rho_m) + sigma zeta of sample b: output of the active teacher and noise.

    Parameters
    ----------
    shape : Shape
        Sizes and activations, the same for all chains.
    constants : ChainConstants
        Constants of the phases.
    buffers : Buffers
        Row b of `target` receives the labels.
    b : int
        Number of the sample in the batch.
    z : array (n, C)
        Coordinates of the input in the frame of the teachers, whose axes are the first ones: rho = B z.
    zeta : array (C,)
        Standard normal numbers, for the noise of the labels.
    """
    M, rho, target = len(constants.v), buffers.rho, buffers.target[b]
    for m in range(M):
        sum_products(rho[0, m], constants.B[m], z)
    activate(shape.teacher, rho[0].reshape(-1), rho[1].reshape(-1), rho[2].reshape(-1))
    sum_products(target, constants.v, rho[1])
    add_product(target, constants.output_noise, zeta)


@by_column
def find_error(shape, state, buffers, b):
    """Compute the fields of the student for sample b, g and g', and the error d, output minus label.

    Parameters
    ----------
    shape : Shape
        Sizes and activations, the same for all chains.
    state : State
        The students.
    buffers : Buffers
        Coordinates `u` and label `target` of the sample; `units` and `error` receive the results.
    b : int
        Number of the sample in the batch.
    """
    fields, activity, slope = buffers.units[0, b], buffers.units[1, b], buffers.units[2, b]
    own = slice(shape.p, coordinates(shape, b))
    for k in range(len(state.h)):
        sum_products(fields[k], state.S[k, own], buffers.u[b, own])
    activate(shape.student, fields.reshape(-1), activity.reshape(-1), slope.reshape(-1))
    sum_products(buffers.error[b], state.h, activity)
    subtract(buffers.error[b], buffers.error[b], buffers.target[b])


@by_column
def move(shape, terms, S, h, constants, buffers, k):
    """Move unit k and its readout by the errors of a batch.

    Parameters
    ----------
    shape : Shape
        Sizes and activations, the same for all chains.
    terms : Terms
        Terms that at least one of the chains has.
    S : array (p + r + q, C)
        Coordinates of the unit, / sqrt N, changed in place; G changes only by weight decay.
    h : array (C,)
        Its readout, changed in place.
    constants : ChainConstants
        Constants of the phases.
    buffers : Buffers
        Coordinates of the samples, and the results of `find_error`.
    k : int
        Number of the unit.
    """
    if terms.decay:
        for i in range(len(S)):
            multiply(S[i], constants.keep[k], S[i])
    for b in range(shape.batch):
        own = slice(shape.p, coordinates(shape, b))
        _pull(buffers.factor, constants.rate[k], buffers.error[b], h, buffers.units[2, b, k])
        add_multiples(S[own], buffers.factor, buffers.u[b, own])
    if terms.decay:
        multiply(h, constants.keep_h, h)
    for b in range(shape.batch):
        _push(h, constants.rate_h, buffers.error[b], buffers.units[1, b, k])


@by_column
def _pull(out, rate, error, h, slope):
    """Compute out = -rate error h g', all (C,)."""
    for c in range(len(out)):
        out[c] = -rate[c] * error[c] * h[c] * slope[c]


@by_column
def _push(h, rate, error, activity):
    """Compute h -= rate error g, all (C,)."""
    for c in range(len(h)):
        h[c] = fma(-rate[c] * error[c], activity[c], h[c])

"""Fisher information of the weights of the first layer, by sampling."""

from teacherstudent.kernels.compile.flags import entry, inner
from teacherstudent.kernels.network.by_unit import PIECE, add_dots
from teacherstudent.kernels.network.constants import FIELD
from teacherstudent.kernels.network.law import learn, learn_from_labels
from teacherstudent.kernels.network.pulls import product
from teacherstudent.kernels.network.sgd import draw


@entry
def add_fisher(sums, W, h, p, X, labels, buffers, chosen, key0, key1, stream, first, count):
    """Add squared gradients for some samples, times N: N g_ij^2 = d^2 h_i^2 g'(lambda_i)^2 x_j^2.

    Kirkpatrick et al., PNAS 114 (2017) 3521, for an output with normal noise. That of a unit is the mean over
    its weights, d^2 h_i^2 g'(lambda_i)^2 |x|^2 / N, where the inputs are stored. For fresh inputs the mean 1
    of |x|^2 / N replaces this factor, as in the equations of order parameters.

    Parameters
    ----------
    sums : array (K, 1) or (K, n)
        Changed in place: of one weight each, or of one unit each.
    W : array (K, n)
        First layer of the student, with the padding of `by_unit.padded`.
    h : array (K,)
        Readouts of the head of the task; they do not change.
    p : StepConstants
        Constants of the task without noise, with a batch of 1, all units moving, learning rates 1 and 0 of
        the two layers, and no decay.
    X : array (samples, n)
        Stored inputs; without rows, fresh inputs are drawn.
    labels : array (samples,)
        Labels of stored inputs.
    buffers : by_unit.Buffers
        Work space for a batch of 1.
    chosen : array (1,) of int64
        Work space.
    key0, key1 : uint32
        Key of the random numbers, see `maths.philox`.
    stream : int
        Their stream.
    first, count : int
        First sample and number of samples; sample i uses step i of the random numbers, or row i of X.

    Returns
    -------
    bool
        False where an error is not finite.
    """
    x = buffers.X[0, 0]
    for i in range(first, first + count):
        buffers.student[0, FIELD], buffers.teacher[0, FIELD] = 0.0, 0.0
        for start in range(0, W.shape[1], PIECE):
            part = x[start : start + PIECE]
            if len(X):
                part[:] = X[i, start : start + PIECE]
            else:
                draw(part, p.N, start, buffers.bits, key0, key1, i, stream)
                add_dots(p.V, part, start, buffers.teacher[0, FIELD])
            add_dots(W, part, start, buffers.student[0, FIELD])
        chosen[0] = i
        if len(X):
            is_finite = learn_from_labels(p.law, h, p, buffers, labels, chosen)
        else:
            is_finite = learn(p.law, h, p, buffers, key0, key1, i)
        if not is_finite:
            return False
        _add_squares(sums, buffers.moves[0], x, p.N, len(X) > 0)
    return True


@inner
def _add_squares(sums, moves, x, N, is_stored):
    """Add N times the squared moves of one sample, or those of a unit."""
    for k in range(len(sums)):
        if sums.shape[1] > 1:
            for n in range(len(x)):
                sums[k, n] += N * moves[k] * moves[k] * x[n] * x[n]
        else:
            sums[k, 0] += moves[k] * moves[k] * (product(x, x) if is_stored else N)

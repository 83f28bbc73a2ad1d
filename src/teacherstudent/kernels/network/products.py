"""Products of the inputs of a block with each other and with weights, and moves of weights along them.

Each loop over inputs has as many sums as the vector unit has registers, so that few numbers are loaded for
each multiplication.
"""

import numpy as np

from teacherstudent.kernels.compile.flags import fast, inner
from teacherstudent.kernels.maths.special import fma

ROWS = 8  # inputs of a block


@inner
def add_fields(W, X, start, stop, out):
    """Compute out_kr += w_k x_r over one piece of the inputs, for all rows of X.

    Parameters
    ----------
    W : array (K, n)
        Weights, padded.
    X : array (ROWS, n)
        Inputs of a block.
    start, stop : int
        The piece has the inputs `start`, ..., `stop` - 1.
    out : array (K, ROWS)
        Changed in place.
    """
    last = len(W) - 1
    for k in range(0, last, 2):
        _add_two(W, X, k, start, stop, out)
    if last % 2 == 0:
        _add_one(W, X, last, start, stop, out)


@fast
def _add_two(W, X, k, start, stop, out):
    """Compute `add_fields` for the units k and k + 1."""
    a0 = a1 = a2 = a3 = a4 = a5 = a6 = a7 = X.dtype.type(0.0)
    b0 = b1 = b2 = b3 = b4 = b5 = b6 = b7 = X.dtype.type(0.0)
    for n in range(np.uint64(start), np.uint64(stop)):
        a, b = W[k, n], W[k + 1, n]
        a0 += a * X[0, n]
        a1 += a * X[1, n]
        a2 += a * X[2, n]
        a3 += a * X[3, n]
        a4 += a * X[4, n]
        a5 += a * X[5, n]
        a6 += a * X[6, n]
        a7 += a * X[7, n]
        b0 += b * X[0, n]
        b1 += b * X[1, n]
        b2 += b * X[2, n]
        b3 += b * X[3, n]
        b4 += b * X[4, n]
        b5 += b * X[5, n]
        b6 += b * X[6, n]
        b7 += b * X[7, n]
    _add_to(out[k], a0, a1, a2, a3, a4, a5, a6, a7)
    _add_to(out[k + 1], b0, b1, b2, b3, b4, b5, b6, b7)


@fast
def _add_one(W, X, k, start, stop, out):
    """Compute `add_fields` for unit k."""
    a0 = a1 = a2 = a3 = a4 = a5 = a6 = a7 = X.dtype.type(0.0)
    for n in range(np.uint64(start), np.uint64(stop)):
        a = W[k, n]
        a0 += a * X[0, n]
        a1 += a * X[1, n]
        a2 += a * X[2, n]
        a3 += a * X[3, n]
        a4 += a * X[4, n]
        a5 += a * X[5, n]
        a6 += a * X[6, n]
        a7 += a * X[7, n]
    _add_to(out[k], a0, a1, a2, a3, a4, a5, a6, a7)


@inner
def _add_to(out, a0, a1, a2, a3, a4, a5, a6, a7):
    """Add eight numbers to an array (ROWS,)."""
    out[0] += a0
    out[1] += a1
    out[2] += a2
    out[3] += a3
    out[4] += a4
    out[5] += a5
    out[6] += a6
    out[7] += a7


@inner
def add_products(X, start, stop, out):
    """Compute out_rs += x_r x_s for r < s over one piece of the inputs.

    Parameters
    ----------
    X : array (ROWS, n)
        Inputs of a block.
    start, stop : int
        The piece has the inputs `start`, ..., `stop` - 1.
    out : array (ROWS, ROWS)
        Changed in place.
    """
    _add_across(X, start, stop, out)
    _add_within(X, 0, start, stop, out)
    _add_within(X, 4, start, stop, out)


@fast
def _add_across(X, start, stop, out):
    """Compute `add_products` of the first four inputs with the last four."""
    a0 = a1 = a2 = a3 = b0 = b1 = b2 = b3 = X.dtype.type(0.0)
    c0 = c1 = c2 = c3 = d0 = d1 = d2 = d3 = X.dtype.type(0.0)
    for n in range(np.uint64(start), np.uint64(stop)):
        a, b, c, d, x0, x1, x2, x3 = X[0, n], X[1, n], X[2, n], X[3, n], X[4, n], X[5, n], X[6, n], X[7, n]
        a0 += a * x0
        a1 += a * x1
        a2 += a * x2
        a3 += a * x3
        b0 += b * x0
        b1 += b * x1
        b2 += b * x2
        b3 += b * x3
        c0 += c * x0
        c1 += c * x1
        c2 += c * x2
        c3 += c * x3
        d0 += d * x0
        d1 += d * x1
        d2 += d * x2
        d3 += d * x3
    for row, one, two, three, four in ((out[0], a0, a1, a2, a3), (out[1], b0, b1, b2, b3)):
        row[4] += one
        row[5] += two
        row[6] += three
        row[7] += four
    for row, one, two, three, four in ((out[2], c0, c1, c2, c3), (out[3], d0, d1, d2, d3)):
        row[4] += one
        row[5] += two
        row[6] += three
        row[7] += four


@fast
def _add_within(X, r, start, stop, out):
    """Compute `add_products` of the inputs r, ..., r + 3 with each other."""
    ab = ac = ad = bc = bd = cd = X.dtype.type(0.0)
    for n in range(np.uint64(start), np.uint64(stop)):
        a, b, c, d = X[r, n], X[r + 1, n], X[r + 2, n], X[r + 3, n]
        ab += a * b
        ac += a * c
        ad += a * d
        bc += b * c
        bd += b * d
        cd += c * d
    out[r, r + 1] += ab
    out[r, r + 2] += ac
    out[r, r + 3] += ad
    out[r + 1, r + 2] += bc
    out[r + 1, r + 3] += bd
    out[r + 2, r + 3] += cd


@inner
def move(W, X, moves, left, decay, start, stop):
    """Compute w_k <- left_kr w_k + moves_kr x_r for all rows r in order, in one piece of the weights.

    Each product is fused with its sum, so that the moves may be made in several calls, with zeros for those
    that are not made, to the same bits.

    Parameters
    ----------
    W : array (K, n)
        Weights, padded; changed in place.
    X : array (ROWS, n)
        Inputs of a block.
    moves, left : arrays (K, ROWS)
        Moves and factors of each row, in the precision of W.
    decay : float
        If it is 0, all factors are 1.
    start, stop : int
        The piece has the inputs `start`, ..., `stop` - 1.
    """
    if decay > 0.0:
        for k in range(len(W)):
            for r in range(ROWS):
                _decay_and_move(W[k, start:stop], X[r, start:stop], left[k, r], moves[k, r])
        return
    last = len(W) - 1
    for k in range(0, last, 2):
        _move_two(W[k], W[k + 1], X, start, stop, moves[k], moves[k + 1])
    if last % 2 == 0:
        _move_one(W[last], X, start, stop, moves[last])


@inner
def _decay_and_move(w, x, left, c):
    """Compute w <- left w + c x."""
    for n in range(len(w)):
        w[n] = fma(c, x[n], left * w[n])


@inner
def _move_two(w1, w2, X, start, stop, a, b):
    """Compute w1 <- w1 + a_r x_r and w2 <- w2 + b_r x_r for all rows in order."""
    a0, a1, a2, a3, a4, a5, a6, a7 = a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7]
    b0, b1, b2, b3, b4, b5, b6, b7 = b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]
    for n in range(np.uint64(start), np.uint64(stop)):
        x0, x1, x2, x3, x4, x5, x6, x7 = (
            X[0, n],
            X[1, n],
            X[2, n],
            X[3, n],
            X[4, n],
            X[5, n],
            X[6, n],
            X[7, n],
        )
        one = fma(a3, x3, fma(a2, x2, fma(a1, x1, fma(a0, x0, w1[n]))))
        two = fma(b3, x3, fma(b2, x2, fma(b1, x1, fma(b0, x0, w2[n]))))
        w1[n] = fma(a7, x7, fma(a6, x6, fma(a5, x5, fma(a4, x4, one))))
        w2[n] = fma(b7, x7, fma(b6, x6, fma(b5, x5, fma(b4, x4, two))))


@inner
def _move_one(w, X, start, stop, a):
    """Compute w <- w + a_r x_r for all rows in order."""
    a0, a1, a2, a3, a4, a5, a6, a7 = a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7]
    for n in range(np.uint64(start), np.uint64(stop)):
        one = fma(a3, X[3, n], fma(a2, X[2, n], fma(a1, X[1, n], fma(a0, X[0, n], w[n]))))
        w[n] = fma(a7, X[7, n], fma(a6, X[6, n], fma(a5, X[5, n], fma(a4, X[4, n], one))))

"""The covariances that the right-hand side of `ode` needs, as one linear function of the state.

The state is Q (K, K), R (K, P M) and h (H, K), flat. Error units: the D = K + M units of the student and the
active teacher.
"""

from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.compile.flags import inlined


class Fields(NamedTuple):
    """values = fixed + factor * state[source], all flat; c, C and B are parts of `values`.

    One loop in place of many short ones, each of which would cost as much.
    """

    source: np.ndarray  # unsigned: an index that might be negative costs a comparison
    factor: np.ndarray
    fixed: np.ndarray
    values: np.ndarray
    c: np.ndarray  # (D,) signed readouts (h, -v)
    C: np.ndarray  # (D, D) covariance of the error units as seen in training
    B: np.ndarray  # (D, K + P M) covariance of the error units with the inputs' projections on all weights


def fields_of(K: int, T: np.ndarray, v: np.ndarray, first: int, head: int, input_power: float) -> Fields:
    """Describe c, C and B for the teacher with readouts v (M,) whose columns in R begin with `first`.

    `head` is the row of h that it trains. Noise on the inputs multiplies what the student sees of itself by
    `input_power`.
    """
    columns, own = len(T), slice(first, first + len(v))
    Q = np.arange(K * K).reshape(K, K)
    R = K * K + np.arange(K * columns).reshape(K, columns)
    h = K * (K + columns + head) + np.arange(K)
    fixed, source, factor, values = np.zeros((4, _size(K, len(v), columns)))

    c, C, B = _parts(source, K, len(v), columns)
    c[:K], C[:K, :K], B[:K, :K], B[:K, K:] = h, Q, Q, R
    C[:K, K:], C[K:, :K], B[K:, :K] = R[:, own], R[:, own].T, R[:, own].T
    c, C, B = _parts(factor, K, len(v), columns)
    c[:K], C[:K, :K], B[:K], C[:K, K:], C[K:, :K], B[K:, :K] = 1.0, input_power, input_power, 1.0, 1.0, 1.0
    c, C, B = _parts(fixed, K, len(v), columns)
    c[K:], C[K:, K:], B[K:, K:] = -v, T[own, own], T[own]
    return Fields(source.astype(np.uint64), factor, fixed, values, *_parts(values, K, len(v), columns))


def _size(K: int, M: int, columns: int) -> int:
    return (K + M) * (1 + K + M + K + columns)


def _parts(flat: np.ndarray, K: int, M: int, columns: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Views of c, C and B."""
    D = K + M
    c, C, B = np.split(flat, [D, D + D * D])
    return c, C.reshape(D, D), B.reshape(D, K + columns)


@inlined
def gather(y, fields):
    """Fill c, C and B from the state y."""
    for e in range(len(fields.values)):
        fields.values[e] = fields.fixed[e] + fields.factor[e] * y[fields.source[e]]

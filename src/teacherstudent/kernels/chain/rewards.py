"""The exact Markov chain of the overlaps under the reward rule, many chains at a time.

The student is one linear unit with the coordinates S = [G A] in a frame of p + r axes (`frames`), p = 1, and
the teachers have one unit each. One episode:

1. Each of its T inputs has normal coordinates u_t along the axes of the frame. The decision is
   a_t = sign(S u_t); it is right where it is the sign of the output of the active teacher.
2. The coordinates of the student move by sum_t c_t u_t / N with c_t = eta G_t a_t / T.
3. Outside of the frame the student moves by sum_t c_t x_t / N. The decisions do not depend on these N - p - r
   coordinates of the inputs, so the length of this move is sqrt(sum_t c_t^2) / N times the square root of a
   chi-square variate; the frame is rotated until G has it: G <- hypot(G, length).

If no c_t differs from 0, nothing moves. If N is too small for the axis of the student, p = 0 and r = N: the
frame has all axes. Model: Patel, Lee, Sarao Mannelli, Goldt & Saxe, The RL perceptron.
"""

import math
from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.chain.arrays import NORMALS, RETRY
from teacherstudent.kernels.chain.columns import add_product, clear, fill_normal_rows, sum_products
from teacherstudent.kernels.compile.alignment import aligned_zeros
from teacherstudent.kernels.compile.flags import by_column, entry
from teacherstudent.kernels.maths.chi_square import chi
from teacherstudent.kernels.maths.special import fma

# Conditions of a reward; all right is AT_LEAST with as many right decisions as the episode has.
AT_LEAST, FIRST, PER_STEP = range(3)
# Rows of normals before those of the inputs: length of the move outside of the frame, and its second normal.
OUTSIDE, SECOND, INPUTS = range(3)
# Optimal rates and lengths are those of this overlap rho where it is smaller; they have a limit only above 0.
SMALLEST_OVERLAP = 1e-3
SMALLEST_PROBABILITY = 1e-12  # of a right decision, in optimal rates and lengths


class Episodes(NamedTuple):
    """Episodes and their rewards, in units of the learning rate; each chain has its own numbers."""

    condition: int  # AT_LEAST, FIRST or PER_STEP, the same for all chains
    length: int  # decisions T of an episode, or the largest number of them; the same for all chains
    has_optimal_rate: bool
    has_optimal_length: bool  # only where all decisions must be right
    count: np.ndarray  # (C,) right decisions that are necessary (AT_LEAST), or first decisions (FIRST)
    value: np.ndarray  # (C,)
    penalty: np.ndarray  # (C,)
    bonus: np.ndarray  # (C,)


class EpisodeBuffers(NamedTuple):
    """Work space of an episode."""

    u: np.ndarray  # (INPUTS + T (p + r), C) normals
    bits: np.ndarray  # (2, C) uint64, random bits
    sums: np.ndarray  # (2, p + r, C) sum_t a_t u_t, and the same with the numbers m_t of bonuses as weights
    fields: np.ndarray  # (2, C) fields of student and teacher
    decisions: np.ndarray  # (2, C) decision a_t, and 1 where it is right
    counts: np.ndarray  # (4, C) right decisions, m_t, sum_t m_t, sum_t m_t^2
    lengths: np.ndarray  # (C,) decisions of the episode
    rate: np.ndarray  # (C,) learning rate divided by N
    factors: np.ndarray  # (2, C) factors of the sums in a move
    outside: np.ndarray  # (C,) length of the move outside of the frame over the chi variate


def new_buffers(p: int, r: int, length: int, C: int) -> EpisodeBuffers:
    """Allocate the work space for the episodes of some chains.

    Parameters
    ----------
    p, r : int
        Axes of the frame: of the student alone, and of the teachers.
    length : int
        Largest number of decisions of an episode.
    C : int
        Number of chains.

    Returns
    -------
    EpisodeBuffers
    """
    rows = -(-(INPUTS + length * (p + r)) // 4) * 4
    rate, lengths, outside = aligned_zeros((3, C))
    return EpisodeBuffers(
        u=aligned_zeros((rows, C)),
        bits=aligned_zeros((2, C), np.uint64),
        sums=aligned_zeros((2, p + r, C)),
        fields=aligned_zeros((2, C)),
        decisions=aligned_zeros((2, C)),
        counts=aligned_zeros((4, C)),
        lengths=lengths,
        rate=rate,
        factors=aligned_zeros((2, C)),
        outside=outside,
    )


@entry
def train(shape, episodes, state, constants, keys, buffers, first, end, interval):
    """Train all chains from one episode to another.

    Parameters
    ----------
    shape : Shape
        Sizes, the same for all chains.
    episodes : Episodes
        Episodes and rewards.
    state : State
        The students, changed in place.
    constants : ChainConstants
        Coordinates and readout of the active teacher, rates and thresholds; with an optimal rate `rate` is
        1 / N, or 0 where the student is frozen.
    keys : Keys
        Keys of the random numbers.
    buffers : EpisodeBuffers
        Work space from `new_buffers`.
    first, end : int
        The episodes are first, ..., end - 1, counted from the start of the run.
    interval : int
        After episodes whose number is a multiple of it the errors are compared with the thresholds; training
        ends where the error of a chain is below. 0 for never.

    Returns
    -------
    int
        Number of the next episode: `end`, or an earlier one where a threshold was reached.
    """
    axes, S, B, u = shape.p + shape.r, state.S[0], constants.B[0], buffers.u
    for c in range(len(buffers.rate)):
        buffers.rate[c], buffers.lengths[c] = constants.rate[0, c], episodes.length
    most = episodes.length
    for step in range(first, end):
        if episodes.has_optimal_rate or episodes.has_optimal_length:
            most = _schedule(shape, episodes, S, constants, buffers)
        fill_normal_rows(u, INPUTS + most * axes, buffers.bits, keys.key0, keys.key1, step, NORMALS)
        _decide_all(shape, episodes, S, B, constants.v[0], buffers, most)
        if _weigh(episodes, buffers):
            for i in range(axes):
                add_product(S[i], buffers.factors[0], buffers.sums[0, i])
                if episodes.condition != AT_LEAST:
                    add_product(S[i], buffers.factors[1], buffers.sums[1, i])
            if shape.p > 0:
                chi(u[OUTSIDE], u[SECOND], shape.N - axes, keys.key0, keys.key1, step, RETRY)
                _lengthen(S[0], buffers.outside, u[OUTSIDE])
        _stop_where_not_finite(state.finite, state.steps, S[0])
        is_compared = interval > 0 and (step + 1) % interval == 0
        if is_compared and below_threshold(shape, state, constants).any():
            return step + 1
    return end


@by_column
def _decide_all(shape, episodes, S, B, v, buffers, most):
    """Make the decisions of an episode from the last one to the first one, and add up their inputs."""
    axes, fields, counts = shape.p + shape.r, buffers.fields, buffers.counts
    for i in range(axes):
        clear(buffers.sums[0, i])
        clear(buffers.sums[1, i])
    for i in range(len(counts)):
        clear(counts[i])
    for t in range(most - 1, -1, -1):
        u = buffers.u[INPUTS + t * axes : INPUTS + (t + 1) * axes]
        sum_products(fields[0], S[:axes], u)
        sum_products(fields[1], B, u[shape.p :])
        _decide(
            buffers.decisions[0], buffers.decisions[1], counts[0], fields[0], fields[1], v, buffers.lengths, t
        )
        for i in range(axes):
            add_product(buffers.sums[0, i], buffers.decisions[0], u[i])
        if episodes.condition != AT_LEAST:
            if episodes.condition == FIRST:
                _count_first(counts[1], counts[2], counts[3], buffers.decisions, episodes.count, t)
            else:
                _count_later(counts[1], counts[2], counts[3], buffers.decisions)
            for i in range(axes):
                add_product(buffers.sums[1, i], buffers.decisions[0], u[i])


@by_column
def _decide(decision, right, total, student, teacher, v, lengths, t):
    """Make decision t, which is 0 after the end of the episode of a chain, and count it where it is right."""
    for c in range(len(decision)):
        own, wanted = student[c] > 0.0, v[c] * teacher[c] > 0.0
        is_in = t < lengths[c]
        decision[c] = (1.0 if own else -1.0) if is_in else 0.0
        right[c] = 1.0 if is_in and own == wanted else 0.0
        total[c] += right[c]


@by_column
def _count_first(weight, total, square, decisions, count, t):
    """Set m_t = 1 for the first decisions, count those that are right, and replace a_t by m_t a_t."""
    for c in range(len(weight)):
        weight[c] = 1.0 if t < count[c] else 0.0
        total[c] += weight[c] * decisions[1, c]
        square[c] = total[c]
        decisions[0, c] *= weight[c]


@by_column
def _count_later(weight, total, square, decisions):
    """Let m_t be the number of right decisions from t on, add it up, and replace a_t by m_t a_t."""
    for c in range(len(weight)):
        weight[c] += decisions[1, c]
        total[c] += weight[c]
        square[c] = fma(weight[c], weight[c], square[c])
        decisions[0, c] *= weight[c]


@by_column
def _weigh(episodes, buffers):
    """Compute the factors of the sums, and the length of the move outside; return whether anything moves."""
    right, total, square = buffers.counts[0], buffers.counts[2], buffers.counts[3]
    base, bonus, outside, moves = buffers.factors[0], buffers.factors[1], buffers.outside, 0
    all_count = episodes.condition != AT_LEAST or episodes.has_optimal_length
    for c in range(len(base)):
        T = buffers.lengths[c]
        needed = T if all_count else episodes.count[c]
        rate = buffers.rate[c] / T
        base[c] = rate * (episodes.value[c] if right[c] >= needed else -episodes.penalty[c])
        bonus[c] = rate * episodes.bonus[c]
        if episodes.condition == FIRST:
            bonus[c] = bonus[c] if total[c] == episodes.count[c] else 0.0
        squares = T * base[c] * base[c] + bonus[c] * (2.0 * base[c] * total[c] + bonus[c] * square[c])
        outside[c] = math.sqrt(squares)
        moves += 1 if outside[c] != 0.0 else 0
    return moves > 0


@by_column
def _lengthen(G, outside, chi_variate):
    """Compute G <- hypot(G, outside chi), and leave G as it is where `outside` is 0."""
    for c in range(len(G)):
        length = outside[c] * chi_variate[c]
        new = math.sqrt(fma(G[c], G[c], length * length))
        G[c] = new if outside[c] != 0.0 else G[c]


@by_column
def _stop_where_not_finite(finite, steps, S):
    """Stop chains with a coordinate that is not finite, and count the episodes of the others."""
    for c in range(len(finite)):
        finite[c] = finite[c] if abs(S[c]) < np.inf else 0
        steps[c] += finite[c]


@by_column
def _overlap(shape, S, constants, c):
    """Return rho, the cosine of the angle with the active teacher, and Q of one chain; rho is 0 if Q is 0."""
    Q, R, T = 0.0, 0.0, 0.0
    for i in range(shape.p + shape.r):
        Q = fma(S[i, c], S[i, c], Q)
    for i in range(constants.B.shape[1]):
        R = fma(constants.B[0, i, c], S[shape.p + i, c], R)
        T = fma(constants.B[0, i, c], constants.B[0, i, c], T)
    R = R if constants.v[0, c] > 0.0 else -R
    return (min(1.0, max(-1.0, R / math.sqrt(Q * T))) if Q > 0.0 else 0.0), Q


@by_column
def _schedule(shape, episodes, S, constants, buffers):
    """Set optimal rates and lengths of the next episode; return the largest length.

    eta = T sqrt(Q) (1 - rho^2) / (sqrt(2 pi) rho s_n), s_n = P(at least n of T right) / P(n - 1 of T - 1
    right), with the probability p of a right decision; lengths as in `_best_length`.
    """
    most = 1
    for c in range(len(buffers.rate)):
        rho, Q = _overlap(shape, S, constants, c)
        p = max(SMALLEST_PROBABILITY, 1.0 - math.acos(rho) / math.pi)
        rho = max(rho, SMALLEST_OVERLAP)
        T, n = episodes.length, episodes.count[c]
        slope = math.sqrt(Q) * (1.0 - rho * rho) / rho
        if episodes.has_optimal_length:
            eta = constants.rate[0, c] * shape.N * episodes.value[c]
            T = _best_length(T, slope, eta, p, episodes.has_optimal_rate)
            n = T
        if episodes.has_optimal_rate:
            best = T * slope / (math.sqrt(2.0 * math.pi) * _ratio(T, n, p))
            buffers.rate[c] = constants.rate[0, c] * best / episodes.value[c]
        buffers.lengths[c] = T
        most = max(most, T)
    return most


@by_column
def _best_length(most, slope, eta, p, has_optimal_rate):
    """Return the length T, from 1 to `most`, at which rho rises fastest where all decisions must be right.

    At the optimal rate T p^T is largest for the smallest T >= p / (1 - p). At a given rate p^T (s - 1 / T) is
    largest next to the root of l T^2 s - l T + 1 = 0 with l = log p and s = sqrt(2 / pi) slope / (eta p).
    """
    if has_optimal_rate:
        best = p / (1.0 - p) if p < 1.0 else np.inf
        return max(1, int(math.ceil(best))) if best < most else most
    s, log = math.sqrt(2.0 / math.pi) * slope / (eta * p), math.log(p)
    if not s * log < 0.0:
        return most
    root = 0.5 / s + math.sqrt(0.25 / (s * s) - 1.0 / (s * log))
    if not root < most:
        return most
    T = max(1, int(root))
    return T + 1 if p * (s - 1.0 / (T + 1)) > s - 1.0 / T and most > T else T


@by_column
def _ratio(T, n, p):
    """Return P(X >= n) / P(X' = n - 1) for X of T and X' of T - 1 decisions, right with probability p."""
    total, term, i = 0.0, T / n * p, n
    while i <= T:
        total += term
        term *= (T - i) / (i + 1.0) * p / (1.0 - p)
        i += 1
    return total


@entry
def below_threshold(shape, state, constants):
    """Compare the probabilities of a wrong decision of all chains with their thresholds.

    Parameters
    ----------
    shape : Shape
        Sizes, the same for all chains.
    state : State
        The students.
    constants : ChainConstants
        Coordinates and readout of the active teacher, with the thresholds.

    Returns
    -------
    array (C,) of bool
        False for chains without a threshold and for chains that have stopped.
    """
    found = np.zeros(len(state.finite), np.bool_)
    for c in range(len(found)):
        if constants.threshold[c] > 0.0 and state.finite[c]:
            rho, _ = _overlap(shape, state.S[0], constants, c)
            found[c] = math.acos(rho) / math.pi < constants.threshold[c]
    return found

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

import numpy as np

from teacherstudent.kernels.chain.arrays import NORMALS, RETRY
from teacherstudent.kernels.chain.columns import add_product, clear, fill_normal_rows, sum_products
from teacherstudent.kernels.chain.reward_arrays import AT_LEAST, FIRST, INPUTS, OUTSIDE, SECOND
from teacherstudent.kernels.chain.reward_schedules import below_threshold, schedule
from teacherstudent.kernels.compile.flags import by_column, entry
from teacherstudent.kernels.maths.chi_square import chi
from teacherstudent.kernels.maths.special import fma


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
            most = schedule(shape, episodes, S, constants, buffers)
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

"""The laws of erf and linear students whose teachers have another activation, with the squared loss.

Products of a student unit and a teacher unit have one linear factor, or one relu factor of which only the odd
part x/2 contributes: by Stein's identity < x_a g(x_m) > = C_am < g'(x_m) >. With factors g' of erf units
these are means under the tilted covariance S of `erf`.
"""

from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.compile.flags import ROUNDED_PART, inlined
from teacherstudent.kernels.compile.variants import variant
from teacherstudent.kernels.compile.vectors import fma
from teacherstudent.kernels.maths.activations import ERF, LINEAR, RELU, SQRT_2_OVER_PI
from teacherstudent.kernels.ode import means
from teacherstudent.kernels.ode.erf import (
    TWO_OVER_PI,
    Lanes,
    fill_output,
    fill_power,
    fill_squares,
    lanes_for,
    tilt_by_one,
    tilt_by_two,
)
from teacherstudent.kernels.ode.pair_means import mean_of_relus, mean_slope, square_of_pairs
from teacherstudent.kernels.ode.pauses import DONE, LEFT, PAIR


class ErfStudent(NamedTuple):
    """Student with erf units, teachers with linear or relu units."""

    student: int  # activation codes
    teacher: int
    lanes: Lanes


class LinearStudent(NamedTuple):
    """Student with linear units, teachers with erf or relu units."""

    student: int  # activation codes
    teacher: int
    students: int  # number K of student units


@means.for_lanes.register
def _(law: ErfStudent, K, D):
    """Return the law without padding of its lanes."""
    return law._replace(lanes=lanes_for(K, D, padded=False))


@means.for_lanes.register
def _(law: LinearStudent, K, D):
    """Return the law, which has no work space."""
    return law


@variant(means.error_of_task, ErfStudent, ROUNDED_PART)
def _error_of_erf(law, model):
    """Return 1/2 < d^2 >."""
    D = len(model.c)
    return 0.5 * square_of_pairs(0, D, ERF, law.teacher, law.lanes.root_i.shape[0], model.c, model.C)


@variant(means.fill_means, LinearStudent, ROUNDED_PART)
def _fill_means_of_linear(law, model, output_variance, flip, means, progress):
    """See `means.fill_means`; < D^2 > is equal for all pairs."""
    c, C, (K, D) = model.c, model.C, means.weights.shape
    progress[LEFT] -= PAIR * (D - K) * (D - K)
    for m in range(K, D):
        weight = c[m] * mean_slope(law.teacher, C[m, m])
        for i in range(K):
            means.weights[i, m] = weight
    square = output_variance + square_of_pairs(K, D, LINEAR, law.teacher, K, c, C)
    for i in range(K):
        own, other = 0.0, 0.0
        for a in range(K):
            means.weights[i, a] = c[a]
            own = fma(c[a], C[i, a], own)
        for m in range(K, D):
            other = fma(means.weights[i, m], C[i, m], other)
        means.output[i] = own + other
        square = fma(c[i], own + 2.0 * other, square)
    for i in range(K):
        for k in range(i, K):
            means.power[i, k] = square
    return True


@variant(means.error_of_task, LinearStudent, ROUNDED_PART)
def _error_of_linear(law, model):
    """Return 1/2 < d^2 >."""
    return 0.5 * square_of_pairs(0, len(model.c), LINEAR, law.teacher, law.students, model.c, model.C)


@variant(means.fill_means, ErfStudent, ROUNDED_PART)
def _fill_means_of_erf(law, model, output_variance, flip, means, progress):
    """See `means.fill_means`."""
    w, c, C, (K, D) = law.lanes, model.c, model.C, means.weights.shape
    if progress[DONE] == 0:
        tilt_by_one(C, w.root, w.root_i, w.pair)
        tilt_by_two(C, w.i, w.k, w.pair, w.tilted)
    if not fill_squares(K, c[:K], C, w.tilted, w.square, w.angle, progress):
        return False
    slope = SQRT_2_OVER_PI if law.teacher == LINEAR else 0.5 * SQRT_2_OVER_PI
    fill_output(c[:K], w.angle, means.output)
    _fill_weights(slope, c, C, w, means)
    _add_products(slope, K, c, C, w)
    _add_teachers(law.teacher, K, c, C, w)
    progress[LEFT] -= (D - K) * D * len(w.square)
    fill_power(w.root, w.root_i, w.square, output_variance, means.power)
    return True


@inlined
def _fill_weights(slope, c, C, w, means):
    """Fill the weights, and add what the teacher gives to the output; see `erf.fill_weights`."""
    K, D = means.weights.shape
    for i in range(K):
        norm, pull, from_teacher = TWO_OVER_PI * w.root[i], 0.0, 0.0
        for a in range(K):
            means.weights[i, a] = norm * c[a] * w.root_i[i, a]
            pull = fma(means.weights[i, a], C[i, a], pull)
        for m in range(K, D):
            means.weights[i, m] = slope * w.root[i] * c[m]
            from_teacher = fma(means.weights[i, m], C[i, m], from_teacher)
        means.output[i] += from_teacher
        means.weights[i, i] -= (pull + from_teacher) * w.root[i] * w.root[i]


@inlined
def _add_products(slope, K, c, C, w):
    """Add the products 2 c_k c_m < g(x_k) g(x_m) > of student and teacher to the squares of all lanes."""
    units, D, n = np.uint64(K), np.uint64(len(c)), np.uint64(len(w.square))
    for k in range(units):
        for m in range(units, D):
            C_km, weight = C[k, m], 2.0 * slope * c[k] * c[m]
            for q in range(n):
                S_km = fma(-w.tilted[0, k, q], w.tilted[0, m, q], C_km)
                S_km = fma(-w.tilted[1, k, q], w.tilted[1, m, q], S_km)
                w.square[q] = fma(weight, S_km * w.tilted[2, k, q], w.square[q])


@inlined
def _add_teachers(teacher, K, c, C, w):
    """Add the products c_m c_n < g(x_m) g(x_n) > of the teacher to the squares of all lanes."""
    units, D, n = np.uint64(K), np.uint64(len(c)), np.uint64(len(w.square))
    for m in range(units, D):
        for o in range(m, D):
            weight = c[m] * c[o] if m == o else 2.0 * c[m] * c[o]
            C_mm, C_mo, C_oo = C[m, m], C[m, o], C[o, o]
            for q in range(n):
                u_m, v_m, u_o, v_o = (
                    w.tilted[0, m, q],
                    w.tilted[1, m, q],
                    w.tilted[0, o, q],
                    w.tilted[1, o, q],
                )
                mean = fma(-v_m, v_o, fma(-u_m, u_o, C_mo))
                if teacher == RELU:
                    S_mm = fma(-v_m, v_m, fma(-u_m, u_m, C_mm))
                    S_oo = fma(-v_o, v_o, fma(-u_o, u_o, C_oo))
                    mean = mean_of_relus(S_mm, mean, S_oo)
                w.square[q] = fma(weight, mean, w.square[q])

"""The exact Markov chain of the order parameters of online SGD on Gaussian inputs, many chains at a time.

Student and teachers have coordinates S = [G A] and [0 B] in a frame of p + r axes (`frames`), p = K. One step
(Saad & Solla 1995; kernels/network.py):

1. An input has normal coordinates w (K) and z (r). The rest of it is orthogonal to the frame: its length is
   the root of a chi-square variate with N - K - r degrees of freedom, its direction one further axis. The
   fields are lambda = G w + A z and rho = B z.
2. The frame turns until (w, rest) lies along the further axis, where the student now has coordinates Y (K).
3. With d = sum_k h_k g(lambda_k) - sum_m v_m g(rho_m) - sigma zeta and the coordinates u of the input,
   S_k -= (eta / N) d h_k g'(lambda_k) u, which changes A and Y only, and h_k -= (eta_h / N) d g(lambda_k).
4. The frame turns back until Y is zero and G triangular.

A batch needs as many further axes. Its sample b has b normal coordinates along those of the samples before,
and its rest has N - K - r - b degrees of freedom (Bartlett 1933). With so few inputs that these are not there
the frame has all N axes, p = 0 and r = N, and does not turn.
"""

from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.chain.columns import (
    add_multiples,
    add_product,
    fill_normal_rows,
    multiply,
    rotate,
    rotate_out_of_zero,
    rotation,
    subtract,
    sum_products,
)
from teacherstudent.kernels.chain.frames import Shape, overlaps
from teacherstudent.kernels.compile.alignment import aligned_zeros
from teacherstudent.kernels.compile.flags import by_column, entry
from teacherstudent.kernels.maths.activations import activate
from teacherstudent.kernels.maths.chi_square import chi
from teacherstudent.kernels.maths.generalisation import generalisation_error
from teacherstudent.kernels.maths.special import fma

# Streams of random numbers of one sample in a step; sample b of a batch uses STREAMS b + stream.
NORMALS, RETRY, STREAMS = 0, 1, 2
# Normals behind the coordinates of a sample, the last of which is the length of the rest.
LENGTH, LABEL_NOISE, INPUT_NOISE = 0, 1, 2


class State(NamedTuple):
    """What changes from step to step."""

    S: np.ndarray  # (K, p + r + q, C) student, [G A Y] with q = batch, or 0 where p is
    h: np.ndarray  # (K, C) the head that is trained
    alive: np.ndarray  # (C,) int64, 1 while the error is finite, then 0
    steps: np.ndarray  # (C,) int64, steps done while alive


class Phase(NamedTuple):
    """What is constant while a chain has one active teacher; every chain has its own values."""

    active: np.ndarray  # (C,) int64, number of the active teacher
    B: np.ndarray  # (M, r, C) the active teacher
    v: np.ndarray  # (M, C)
    keep: np.ndarray  # (K, C) factor of the weights in a step: 1 - decay / N, or 1 where they rest
    rate: np.ndarray  # (K, C) eta / (N batch), 0 where the weights rest
    keep_h: np.ndarray  # (C,) the same for the readouts
    rate_h: np.ndarray  # (C,)
    output_noise: np.ndarray  # (C,)
    input_noise: np.ndarray  # (C,)
    input_length: np.ndarray  # (C,) sqrt(1 + input_noise^2)
    threshold: np.ndarray  # (C,) error at which the phase ends; 0: never


class Terms(NamedTuple):
    """Which terms any chain has; the others cost nothing."""

    decay: bool
    output_noise: bool
    input_noise: bool


class Keys(NamedTuple):
    """Keys of the random numbers of each chain."""

    key0: np.ndarray  # (C,) uint64
    key1: np.ndarray  # (C,) uint64


class Work(NamedTuple):
    """Memory to work in."""

    u: np.ndarray  # (batch, n, C) coordinates of each sample, p + r + b + 1, and further normals behind them
    bits: np.ndarray  # (2, C) uint64
    rho: np.ndarray  # (3, M, C) fields of the teacher, g and g'
    units: np.ndarray  # (3, batch, K, C) fields of the student, g and g'
    target: np.ndarray  # (batch, C) output of the teacher
    error: np.ndarray  # (batch, C)
    factor: np.ndarray  # (C,)
    cosine: np.ndarray  # (C,)
    sine: np.ndarray  # (C,)


def terms_of(phase: Phase) -> Terms:
    """Say which terms any chain has."""
    decay = np.any(phase.keep != 1.0) or np.any(phase.keep_h != 1.0)
    return Terms(bool(decay), bool(np.any(phase.output_noise)), bool(np.any(phase.input_noise)))


def work_space(shape: Shape, K: int, M: int, C: int) -> Work:
    """Return memory to work in."""
    batch, numbers = shape.batch, shape.p + 2 * shape.r + shape.batch + INPUT_NOISE
    rows = aligned_zeros((3, C))
    return Work(
        u=aligned_zeros((batch, -(-numbers // 4) * 4, C)),
        bits=aligned_zeros((2, C), np.uint64),
        rho=aligned_zeros((3, M, C)),
        units=aligned_zeros((3, batch, K, C)),
        target=aligned_zeros((batch, C)),
        error=aligned_zeros((batch, C)),
        factor=rows[0],
        cosine=rows[1],
        sine=rows[2],
    )


@entry
def train(shape, terms, teachers, state, phase, keys, work, first, end, interval):
    """Train all chains in place from step `first` on, up to step `end`; return the step reached.

    Ends earlier where a step is a multiple of `interval` (0: never) and a chain's error has fallen below its
    threshold.
    """
    for step in range(first, end):
        for b in range(shape.batch):
            last = coordinates(shape, b)
            draw(shape, terms, keys, work, b, step)
            label(shape, phase, work, b, work.u[b, shape.p :], work.u[b, last + LABEL_NOISE])
            if terms.input_noise:
                add_input_noise(shape, phase, work.u[b], last)
        descend(shape, terms, state, phase, work)
        look = interval > 0 and (step + 1) % interval == 0
        if look and below_threshold(shape, teachers, state, phase).any():
            return step + 1
    return end


@entry
def advance(shape, terms, state, phase, work, z, u, zeta):
    """Do one step with given inputs: for tests.

    z (batch, r, C) are the coordinates that the teachers see, u (batch, p + r + q, C) those that the student
    sees, zeta (batch, C) is the noise of the labels.
    """
    for b in range(shape.batch):
        work.u[b, : u.shape[1]] = u[b]
        label(shape, phase, work, b, z[b], zeta[b])
    descend(shape, terms, state, phase, work)


@by_column
def coordinates(shape, b):
    """How many coordinates sample b has."""
    return shape.p + shape.r + (b + 1 if shape.p > 0 else 0)


@by_column
def draw(shape, terms, keys, work, b, step):
    """Draw the coordinates of sample b as the teachers see them, and behind them what else is needed."""
    u, last, stream = work.u[b], coordinates(shape, b), STREAMS * b
    end = last + LENGTH + 1
    if terms.output_noise:
        end = last + LABEL_NOISE + 1
    if terms.input_noise:
        end = last + INPUT_NOISE + shape.r
    fill_normal_rows(u, end, work.bits, keys.key0, keys.key1, step, stream + NORMALS)
    if shape.p > 0:
        dof = shape.N - shape.p - shape.r - b
        chi(u[last - 1], u[last + LENGTH], dof, keys.key0, keys.key1, step, stream + RETRY)


@by_column
def label(shape, phase, work, b, z, zeta):
    """Find the output of the active teacher for coordinates z, with noise."""
    M, rho, target = len(phase.v), work.rho, work.target[b]
    for m in range(M):
        sum_products(rho[0, m], phase.B[m], z)
    activate(shape.teacher, rho[0].reshape(-1), rho[1].reshape(-1), rho[2].reshape(-1))
    sum_products(target, phase.v, rho[1])
    add_product(target, phase.output_noise, zeta)


@by_column
def add_input_noise(shape, phase, u, last):
    """Turn the coordinates u that the teachers see into those that the student sees, u + noise xi.

    Nobody sees w and the rest without their noise, and both together are normal again.
    """
    add_multiples(u[shape.p : shape.p + shape.r], phase.input_noise, u[last + INPUT_NOISE :])
    for i in range(last):
        if not shape.p <= i < shape.p + shape.r:
            multiply(u[i], phase.input_length, u[i])


@by_column
def descend(shape, terms, state, phase, work):
    """Move the student down the mean gradient of the samples, but not where an error is not finite."""
    for b in range(shape.batch):
        if shape.p > 0:
            turn_to_input(shape, state.S, work, b)
        respond(shape, state, work, b)
    stop_where_not_finite(state.alive, state.steps, work.error)
    for k in range(len(state.h)):
        move(shape, terms, state.S[k], state.h[k], phase, work, k)
    if shape.p > 0:
        turn_back(shape, state.S, work)


@by_column
def turn_to_input(shape, S, work, b):
    """Turn the frame until sample b has no coordinates w; later samples turn too."""
    u, y, cosine, sine = work.u, shape.p + shape.r + b, work.cosine, work.sine
    for j in range(shape.p - 1, -1, -1):
        rotation(u[b, y], u[b, j], cosine, sine)
        rotate_out_of_zero(S[j, y], S[j, j], cosine, sine)
        for k in range(j + 1, shape.p):
            rotate(S[k, y], S[k, j], cosine, sine)
        for later in range(b + 1, shape.batch):
            rotate(u[later, y], u[later, j], cosine, sine)


@by_column
def turn_back(shape, S, work):
    """Turn the frame until the student has no coordinates Y."""
    for y in range(shape.p + shape.r, S.shape[1]):
        for j in range(shape.p):
            rotation(S[j, j], S[j, y], work.cosine, work.sine)
            for k in range(j + 1, shape.p):
                rotate(S[k, j], S[k, y], work.cosine, work.sine)


@by_column
def respond(shape, state, work, b):
    """Find the fields of the student, g and g' of them, and the error of sample b."""
    fields, activity, slope = work.units[0, b], work.units[1, b], work.units[2, b]
    own = slice(shape.p, coordinates(shape, b))
    for k in range(len(state.h)):
        sum_products(fields[k], state.S[k, own], work.u[b, own])
    activate(shape.student, fields.reshape(-1), activity.reshape(-1), slope.reshape(-1))
    sum_products(work.error[b], state.h, activity)
    subtract(work.error[b], work.error[b], work.target[b])


@by_column
def stop_where_not_finite(alive, steps, error):
    """Let chains rest for good from an error on that is not finite, and count the steps of the others."""
    for b in range(len(error)):
        stop(alive, error[b])
    for b in range(len(error)):
        rest(alive, error[b])
    for c in range(len(steps)):
        steps[c] += alive[c]


@by_column
def stop(alive, error):
    """Note where an error is not finite."""
    for c in range(len(alive)):
        alive[c] = alive[c] if abs(error[c]) < np.inf else 0


@by_column
def rest(alive, error):
    """Let there be no error where a chain has stopped."""
    for c in range(len(alive)):
        error[c] = error[c] if alive[c] > 0 else 0.0


@by_column
def move(shape, terms, S, h, phase, work, k):
    """Move unit k, S (p + r + q, C) and h (C,); G only decays."""
    if terms.decay:
        for i in range(len(S)):
            multiply(S[i], phase.keep[k], S[i])
    for b in range(shape.batch):
        own = slice(shape.p, coordinates(shape, b))
        pull(work.factor, phase.rate[k], work.error[b], h, work.units[2, b, k])
        add_multiples(S[own], work.factor, work.u[b, own])
    if terms.decay:
        multiply(h, phase.keep_h, h)
    for b in range(shape.batch):
        push(h, phase.rate_h, work.error[b], work.units[1, b, k])


@by_column
def pull(out, rate, error, h, slope):
    """out = -rate error h g'."""
    for c in range(len(out)):
        out[c] = -rate[c] * error[c] * h[c] * slope[c]


@by_column
def push(h, rate, error, activity):
    """h -= rate error g."""
    for c in range(len(h)):
        h[c] = fma(-rate[c] * error[c], activity[c], h[c])


@entry
def below_threshold(shape, teachers, state, phase):
    """Whether the error of each chain has fallen below its threshold, (C,)."""
    K, PM, M = len(state.h), len(teachers.B), len(phase.v)
    Q, R, found = np.empty((K, K)), np.empty((K, PM)), np.zeros(len(state.alive), np.bool_)
    for c in range(len(found)):
        if phase.threshold[c] > 0.0 and state.alive[c]:
            p = phase.active[c]
            own = slice(p * M, (p + 1) * M)
            overlaps(shape, state.S, teachers.B, c, Q, R)
            T, h = teachers.T[c, own, own], np.ascontiguousarray(state.h[:, c])
            error = generalisation_error(shape.student, shape.teacher, Q, R[:, own], T, h, teachers.v[c, p])
            found[c] = error < phase.threshold[c]
    return found

"""Online SGD of the actual weights on sampled Gaussian inputs.

One step: lambda_k = w_k x / sqrt N, rho_m = v_m x / sqrt N, d = sum_k h_k g(lambda_k) - sum_m v_m g(rho_m) - sigma zeta;
w_k -= (eta / sqrt N) d h_k g'(lambda_k) x, h_k -= (eta_h / N) d g(lambda_k), all from the old values; decay multiplies the
trained weights by 1 - decay / N. The student sees x plus noise where that is asked for.
"""

import math
from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.activations import dg, g
from teacherstudent.kernels.compilation import entry, exact, fast
from teacherstudent.kernels.philox import fill_normals

# Streams of random numbers of one sample in a step; sample b of a batch uses STREAMS b + stream.
INPUT, LABEL_NOISE, INPUT_NOISE, STREAMS = 0, 1, 2, 3


class Phase(NamedTuple):
    """What is constant while one teacher is active."""

    student: int  # activation codes
    teacher: int
    V: np.ndarray  # (M, N) active teacher
    v: np.ndarray  # (M,)
    head: int  # row of h that is trained
    moving: np.ndarray  # (K,) 1, or 0 for a frozen unit
    eta: float  # learning rates; 0 where a layer is not trained
    eta_h: float
    decay: float  # weight decay of the first layer and of the readouts
    decay_h: float
    output_noise: float
    input_noise: float
    batch: int


@entry
def train(W, h, p, key0, key1, first, steps):
    """Train the student, W (K, N) and h (H, K), in place for `steps` steps, the first of which has number `first`.

    Returns the number of steps done: fewer than asked for where the error stopped being finite.
    """
    K, N = W.shape
    X, noise, label = np.empty((p.batch, N)), np.empty(N), np.empty(1)
    activity, pull = np.empty((p.batch, K)), np.empty((p.batch, K))
    errors = np.empty(p.batch)
    for step in range(first, first + steps):
        for b in range(p.batch):
            fill_normals(X[b], key0, key1, step, STREAMS * b + INPUT)
            target = output(p.teacher, p.V, p.v, X[b])
            if p.output_noise > 0.0:
                fill_normals(label, key0, key1, step, STREAMS * b + LABEL_NOISE)
                target += p.output_noise * label[0]
            if p.input_noise > 0.0:
                fill_normals(noise, key0, key1, step, STREAMS * b + INPUT_NOISE)
                add(X[b], p.input_noise, noise)
            errors[b] = student_fields(p.student, W, h[p.head], X[b], activity[b], pull[b]) - target
            if not math.isfinite(errors[b]):
                return step - first
        update(W, h[p.head], p, X, errors, activity, pull)
    return steps


@fast
def dot(a, b):
    """Sum of products of two vectors."""
    total = 0.0
    for n in range(len(a)):
        total += a[n] * b[n]
    return total


@fast
def add(y, factor, x):
    """y += factor x."""
    for n in range(len(y)):
        y[n] += factor * x[n]


@exact
def output(code, V, v, x):
    """Output sum_m v_m g(v_m x / sqrt N) of one network."""
    scale, total = 1.0 / math.sqrt(len(x)), 0.0
    for m in range(len(v)):
        total += v[m] * g(code, scale * dot(V[m], x))
    return total


@exact
def student_fields(code, W, h, x, activity, pull):
    """Write g(lambda_k) and h_k g'(lambda_k) of the student for one input; return its output."""
    scale, total = 1.0 / math.sqrt(len(x)), 0.0
    for k in range(len(h)):
        field = scale * dot(W[k], x)
        activity[k] = g(code, field)
        pull[k] = h[k] * dg(code, field)
        total += h[k] * activity[k]
    return total


@exact
def update(W, h, p, X, errors, activity, pull):
    """Move weights and readouts down the mean gradient of one batch."""
    (K, N), batch = W.shape, len(errors)
    for k in range(K):
        if p.decay > 0.0 and p.moving[k] > 0.0:
            W[k] *= 1.0 - p.decay / N
        h[k] *= 1.0 - p.decay_h / N
        for b in range(batch):
            h[k] -= p.eta_h / (N * batch) * errors[b] * activity[b, k]
            if p.eta > 0.0 and p.moving[k] > 0.0:
                add(W[k], -p.eta / (math.sqrt(N) * batch) * errors[b] * pull[b, k], X[b])

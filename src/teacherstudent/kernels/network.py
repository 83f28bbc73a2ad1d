"""Online SGD of the actual weights on sampled Gaussian inputs.

One step, all from the old values: lambda_k = w_k x / sqrt N, rho_m = v_m x / sqrt N,
d = sum_k h_k g(lambda_k) - sum_m v_m g(rho_m) - sigma zeta; w_k -= (eta / sqrt N) d h_k g'(lambda_k) x,
h_k -= (eta_h / N) d g(lambda_k). Decay multiplies the trained weights by 1 - decay / N. The student sees x
plus noise where that is asked for. A batch has the mean of its gradients.
"""

import math
from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.activations import dg, g
from teacherstudent.kernels.compilation import entry, fast, inner
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
    """Train the student, W (K, N) and h (H, K), in place for `steps` steps, the first with number `first`.

    Returns the number of steps done: fewer than asked for where the error stopped being finite.
    """
    (K, N), batch = W.shape, p.batch
    X, noise, label, fields = np.empty((batch, N)), np.empty(N), np.empty(1), np.empty(max(K, len(p.v)))
    activity, pull, errors = np.empty((batch, K)), np.empty((batch, K)), np.empty(batch)
    for step in range(first, first + steps):
        for b in range(batch):
            x, stream = X[b], STREAMS * b
            fill_normals(x, key0, key1, step, stream + INPUT)
            target = output(p.teacher, p.V, p.v, x, fields)
            if p.output_noise > 0.0:
                fill_normals(label, key0, key1, step, stream + LABEL_NOISE)
                target += p.output_noise * label[0]
            if p.input_noise > 0.0:
                fill_normals(noise, key0, key1, step, stream + INPUT_NOISE)
                add(x, p.input_noise, noise)
            errors[b] = student_output(p.student, W, h[p.head], x, fields, activity[b], pull[b]) - target
            if not math.isfinite(errors[b]):
                return step - first
        update(W, h[p.head], p, X, errors, activity, pull)
    return steps


@inner
def output(code, V, v, x, fields):
    """Output sum_m v_m g(v_m x / sqrt N) of one network; `fields` is work space."""
    dots(V, x, fields)
    scale, total = 1.0 / math.sqrt(len(x)), 0.0
    for m in range(len(v)):
        total += v[m] * g(code, scale * fields[m])
    return total


@inner
def student_output(code, W, h, x, fields, activity, pull):
    """Write g(lambda_k) and h_k g'(lambda_k) of the student for one input; return its output."""
    dots(W, x, fields)
    scale, total = 1.0 / math.sqrt(len(x)), 0.0
    for k in range(len(h)):
        field = scale * fields[k]
        activity[k], pull[k] = g(code, field), h[k] * dg(code, field)
        total += h[k] * activity[k]
    return total


@inner
def update(W, h, p, X, errors, activity, pull):
    """Move weights and readouts down the mean gradient of one batch."""
    (K, N), batch = W.shape, len(errors)
    for k in range(K):
        if p.decay > 0.0 and p.moving[k] > 0.0:
            add(W[k], -p.decay / N, W[k])
        h[k] *= 1.0 - p.decay_h / N
        for b in range(batch):
            h[k] -= p.eta_h / (N * batch) * errors[b] * activity[b, k]
            if p.eta > 0.0 and p.moving[k] > 0.0:
                add(W[k], -p.eta / (math.sqrt(N) * batch) * errors[b] * pull[b, k], X[b])


@fast
def dots(W, x, out):
    """out = W x, two rows at a time, so that x is read half as often."""
    for k in range(0, len(W) - 1, 2):
        one, two = 0.0, 0.0
        for n in range(len(x)):
            one += W[k, n] * x[n]
            two += W[k + 1, n] * x[n]
        out[k], out[k + 1] = one, two
    if len(W) % 2 == 1:
        k, one = len(W) - 1, 0.0
        for n in range(len(x)):
            one += W[k, n] * x[n]
        out[k] = one


@inner
def add(y, factor, x):
    """y += factor x."""
    for n in range(len(y)):
        y[n] += factor * x[n]

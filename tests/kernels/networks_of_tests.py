"""Small networks that kernels train, the arguments of a kernel, and the same steps by the slow twin."""

import numpy as np

import naive
from teacherstudent.kernels.maths.activations import CODES
from teacherstudent.kernels.maths.philox import normal
from teacherstudent.kernels.maths.single_normals import fill_single_normals
from teacherstudent.kernels.network.constants import INPUT, INPUT_NOISE, LABEL_NOISE, STREAMS, StepConstants
from teacherstudent.kernels.network.squared_error import SquaredError

KEY = np.uint32(17), np.uint32(4)
N, M, K, H = 33, 2, 3, 2
HEAD = 1
ALL_TERMS = {"decay": 0.8, "output_noise": 0.5, "input_noise": 0.4, "batch": 3, "frozen": (1,)}


def networks(shape=(K, M, N), seed=0):
    """W, h, V, v with one teacher."""
    K, M, N = shape
    W, h, V, v = naive.random_networks(np.random.default_rng(seed), 1, M, K, H, N)
    return W, h, V[0], v[0]


def constants(setting, V, v, K=K, N=N):
    moving = np.array([0.0 if k in setting.frozen else 1.0 for k in range(K)])
    return StepConstants(
        N=N,
        law=SquaredError(setting.output_noise),
        student=CODES[setting.student],
        teacher=CODES[setting.teacher],
        V=V,
        v=v,
        head=HEAD,
        moving=moving,
        eta=setting.eta * setting.features,
        eta_h=setting.eta_h * setting.readouts,
        decay=setting.decay * setting.features,
        decay_h=setting.decay_h * setting.readouts,
        input_noise=setting.input_noise,
        batch=setting.batch,
    )


def normals(n, step, stream):
    out = np.empty(n)
    fill_single_normals(out, *KEY, step, stream)
    return out


def samples(setting, step, N=N):
    """Input, label noise and input noise of each sample of a step, for both precisions of weights."""
    for b in range(setting.batch):
        x, xi = (normals(N, step, STREAMS * b + stream) for stream in (INPUT, INPUT_NOISE))
        yield x, normal(*KEY, step, STREAMS * b + LABEL_NOISE), xi


def trained_slowly(setting, first, steps, shape=(K, M, N)):
    W, h, V, v = networks(shape)
    for step in range(first, first + steps):
        drawn = list(samples(setting, step, shape[-1]))
        W, h[HEAD] = naive.sgd_step(setting, W, h[HEAD], V, v, drawn)
    return W, h


def gradient(f, x, step=1e-5):
    """Central differences in every element of x."""
    slopes = np.empty_like(x)
    for index in np.ndindex(x.shape):
        shift = np.zeros_like(x)
        shift[index] = step
        slopes[index] = (f(x + shift) - f(x - shift)) / (2 * step)
    return slopes

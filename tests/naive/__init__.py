"""Slow, obvious twins of the numeric core, written from the formulas of the papers in plain numpy.

Nothing here uses the package. Shapes are those of the store: Q (K, K), R (P, K, M), T (P, P, M, M), h (H, K),
v (P, M). Saad & Solla 1995; Goldt et al. 2019; Lee et al. 2021.
"""

import math
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np
from scipy import special

G = {
    "linear": lambda x: x,
    "erf": lambda x: special.erf(x / math.sqrt(2)),
    "relu": lambda x: np.where(x > 0, x, 0.0),
    "sigmoid": special.expit,
    "tanh": np.tanh,
    "quadratic": np.square,
}
DG = {
    "linear": lambda x: np.ones_like(x),
    "erf": lambda x: math.sqrt(2 / math.pi) * np.exp(-(x**2) / 2),
    "relu": lambda x: np.where(x > 0, 1.0, 0.0),
    "sigmoid": lambda x: special.expit(x) * special.expit(-x),
    "tanh": lambda x: 1.0 / np.cosh(x) ** 2,
    "quadratic": lambda x: 2.0 * x,
}
ACTIVATIONS = ("linear", "erf", "relu")  # those whose means over Gaussian inputs have closed forms


@dataclass(frozen=True)
class Setting:
    """How a student is trained on one teacher."""

    student: str = "erf"
    teacher: str = "erf"
    eta: float = 0.7
    eta_h: float = 0.4
    features: bool = True
    readouts: bool = True
    decay: float = 0.0
    readout_decay: float | None = None  # None: decay
    output_noise: float = 0.0
    input_noise: float = 0.0
    batch: int = 1
    frozen: tuple[int, ...] = ()

    @property
    def decay_h(self) -> float:
        """The decay of the readouts."""
        return self.decay if self.readout_decay is None else self.readout_decay

    def document(self, teachers: int, active: int = 0, **blocks) -> dict:
        """The spec of a run that starts on teacher `active`; the settings of the other teachers differ."""
        layers = {"features": self.features, "readouts": self.readouts}
        noises = {"output_noise": self.output_noise, "input_noise": self.input_noise}
        distance = np.abs(np.arange(teachers) - active)
        return {
            "inputs": {"dimension": 50},
            "teachers": {"count": teachers, "activation": self.teacher}
            | {key: (noise * (1.0 + distance)).tolist() for key, noise in noises.items()},
            "student": {"activation": self.student, "heads": "per_task"},
            "training": {
                "learning_rate": self.eta,
                "readout_learning_rate": self.eta_h,
                "train": [layer for layer, trained in layers.items() if trained],
                "weight_decay": self.decay,
                "readout_weight_decay": self.readout_decay,
                "batch_size": self.batch,
                "frozen_units": [list(self.frozen) if p == active else [0] for p in range(teachers)],
            },
            "curriculum": {"order": [active, *(p for p in range(teachers) if p != active)]},
        } | blocks


# Settings with one term of the dynamics each, by name.
SINGLE_TERMS = {
    "plain": Setting(),
    "output_noise": Setting(output_noise=1.0),
    "input_noise": Setting(input_noise=1.0),
    "decay": Setting(decay=1.0),
    "readout_decay": Setting(decay=1.0, readout_decay=0.3),
    "readout_decay_alone": Setting(readout_decay=0.7),
    "batch": Setting(batch=4),
    "frozen_units": Setting(frozen=(0, 2), decay=1.0),
    "features_only": Setting(readouts=False, decay=1.0),
    "readouts_only": Setting(features=False, decay=1.0),
    "no_rate_of_features": Setting(eta=0.0, decay=1.0),
    "no_rate_of_readouts": Setting(eta_h=0.0, decay=1.0),
}


class Overlaps(NamedTuple):
    """Order parameters and readouts."""

    Q: np.ndarray
    R: np.ndarray
    T: np.ndarray
    h: np.ndarray
    v: np.ndarray

    def document(self) -> dict:
        """The block `initial_overlaps` of a spec."""
        keys = ("student", "student_teacher", "teacher", "student_readouts", "teacher_readouts")
        return {key: part.tolist() for key, part in zip(keys, self, strict=True)}


def packed(overlaps):
    """All that changes, Q, R and h, as one vector."""
    return np.concatenate([overlaps.Q.ravel(), overlaps.R.ravel(), overlaps.h.ravel()])


def unpacked(y, like):
    """The other way round, with the fixed T and v of `like`."""
    Q, R, h = np.split(y, np.cumsum([like.Q.size, like.R.size]))
    Q, R, h = Q.reshape(like.Q.shape), R.reshape(like.R.shape), h.reshape(like.h.shape)
    return like._replace(Q=Q, R=R, h=h)


# Networks


def output(activation, W, h, x):
    """sum_k h_k g(w_k x / sqrt N)."""
    return sum(h[k] * G[activation](W[k] @ x / math.sqrt(len(x))) for k in range(len(h)))


def loss(setting, W, h, V, v, samples):
    """Mean of 1/2 (student - noisy teacher)^2 over samples (x, label noise, input noise)."""
    total = 0.0
    for x, zeta, xi in samples:
        label = output(setting.teacher, V, v, x) + setting.output_noise * zeta
        total += 0.5 * (output(setting.student, W, h, x + setting.input_noise * xi) - label) ** 2
    return total / len(samples)


def sgd_step(setting, W, h, V, v, samples):
    """One step of gradient descent on the mean loss of a batch; every change comes from the old values."""
    s, (K, N) = setting, W.shape
    new_W, new_h = W.copy(), h.copy()
    for k in range(K):
        if s.features and k not in s.frozen:
            new_W[k] -= s.decay / N * W[k]
        if s.readouts:
            new_h[k] -= s.decay_h / N * h[k]
        for x, zeta, xi in samples:
            seen = x + s.input_noise * xi
            error = output(s.student, W, h, seen) - output(s.teacher, V, v, x) - s.output_noise * zeta
            field = W[k] @ seen / math.sqrt(N)
            pull = error * h[k] * DG[s.student](field)
            if s.features and k not in s.frozen:
                new_W[k] -= s.eta / math.sqrt(N) * pull * seen / len(samples)
            if s.readouts:
                new_h[k] -= s.eta_h / N * error * G[s.student](field) / len(samples)
    return new_W, new_h


def random_networks(rng, P, M, K, H, N):
    """W (K, N), h (H, K), V (P, M, N), v (P, M) with fields of order one."""
    W, V = rng.normal(size=(K, N)), rng.normal(size=(P, M, N))
    return 0.8 * W, rng.normal(size=(H, K)), V, rng.normal(size=(P, M))


def overlaps_of(W, h, V, v):
    """Measure the order parameters of networks, one inner product after the other."""
    (K, N), (P, M) = W.shape, v.shape
    Q = [[W[i] @ W[k] / N for k in range(K)] for i in range(K)]
    R = [[[W[i] @ V[p, m] / N for m in range(M)] for i in range(K)] for p in range(P)]
    T = [[[[V[p, m] @ V[q, n] / N for n in range(M)] for m in range(M)] for q in range(P)] for p in range(P)]
    return Overlaps(np.array(Q), np.array(R), np.array(T), h, v)


def random_overlaps(rng, P, M, K, H):
    """Order parameters of random networks of few inputs, so that all overlaps matter."""
    return overlaps_of(*random_networks(rng, P, M, K, H, N=20))


# Covariances of fields


def covariance(overlaps, input_noise=0.0):
    """Covariance of all fields: K students on noisy inputs, P M teachers on clean ones, P M on noisy ones."""
    Q, R, T = overlaps[:3]
    P, K, M = R.shape
    columns = [(p, m) for p in range(P) for m in range(M)]
    students_teachers = np.array([[R[p, i, m] for p, m in columns] for i in range(K)])
    teachers = np.array([[T[p, q, m, n] for q, n in columns] for p, m in columns])
    weights = np.block(
        [
            [Q, students_teachers, students_teachers],
            [students_teachers.T, teachers, teachers],
            [students_teachers.T, teachers, teachers],
        ]
    )
    noisy = np.array([1.0] * K + [0.0] * (P * M) + [1.0] * (P * M))
    return weights * (1.0 + input_noise**2 * np.outer(noisy, noisy))


def restricted(C, *fields):
    return C[np.ix_(fields, fields)]


# Gaussian integrals; C is the covariance of the fields in the order of the arguments


def I2(a, b, C):
    """E[g_a(x1) g_b(x2)]."""
    if (a, b) == ("erf", "erf"):
        return 2 / math.pi * math.asin(C[0, 1] / math.sqrt((1 + C[0, 0]) * (1 + C[1, 1])))
    if (a, b) == ("relu", "relu"):
        norm = math.sqrt(C[0, 0] * C[1, 1])
        angle = math.acos(max(-1.0, min(1.0, C[0, 1] / norm)))
        return norm / (2 * math.pi) * (math.sin(angle) + (math.pi - angle) * math.cos(angle))
    return C[0, 1] * mean_slope(a, C[0, 0]) * mean_slope(b, C[1, 1])


def mean_slope(activation, variance):
    """E[g'(x)]."""
    return {"linear": 1.0, "erf": math.sqrt(2 / math.pi / (1 + variance)), "relu": 0.5}[activation]


def I3(a, b, C):
    """E[g_a'(x1) x2 g_b(x3)], a erf or linear."""
    if (a, b) == ("erf", "erf"):
        L3 = (1 + C[0, 0]) * (1 + C[2, 2]) - C[0, 2] ** 2
        numerator = C[1, 2] * (1 + C[0, 0]) - C[0, 1] * C[0, 2]
        return 2 / math.pi * numerator / (math.sqrt(L3) * (1 + C[0, 0]))
    norm, C = tilted(C, [0]) if a == "erf" else (1.0, C)
    return norm * C[1, 2] * mean_slope(b, C[2, 2])


def I4(a, b, d, C):
    """E[g_a'(x1) g_a'(x2) g_b(x3) g_d(x4)], a erf or linear."""
    if (a, b, d) == ("erf", "erf", "erf"):
        return I4_erf(C)
    norm, C = tilted(C, [0, 1]) if a == "erf" else (1.0, C)
    return norm * I2(b, d, C[2:, 2:])


def I4_erf(C):
    (c11, c12, c13, c14), (_, c22, c23, c24), (_, _, c33, c34), (_, _, _, c44) = C
    L4 = (1 + c11) * (1 + c22) - c12**2
    L0 = L4 * c34 - c23 * c24 * (1 + c11) - c13 * c14 * (1 + c22) + c12 * c13 * c24 + c12 * c14 * c23
    L1 = L4 * (1 + c33) - c23**2 * (1 + c11) - c13**2 * (1 + c22) + 2 * c12 * c13 * c23
    L2 = L4 * (1 + c44) - c24**2 * (1 + c11) - c14**2 * (1 + c22) + 2 * c12 * c14 * c24
    return 4 / math.pi**2 / math.sqrt(L4) * math.asin(L0 / math.sqrt(L1 * L2))


def J2(a, C):
    """E[g_a'(x1) g_a'(x2)], a erf or linear."""
    if a == "linear":
        return 1.0
    return 2 / math.pi / math.sqrt(1 + C[0, 0] + C[1, 1] + C[0, 0] * C[1, 1] - C[0, 1] ** 2)


def tilted(C, fields):
    """Mean of prod_f sqrt(2/pi) exp(-x_f^2 / 2) over the fields f, and the covariance under that weight."""
    inverse = np.linalg.inv(np.eye(len(fields)) + restricted(C, *fields))
    norm = (2 / math.pi) ** (len(fields) / 2) * math.sqrt(np.linalg.det(inverse))
    return norm, C - C[:, fields] @ inverse @ C[fields]


def quadrature(C, factors, reach=7.5):
    """E[prod f(x_i)] over Gaussian fields; `factors` lists pairs (i, f), some of which may share a field.

    Gauss-Legendre on both halves of every axis, since relu has its kink at zero; C must not be singular.
    """
    nodes = {1: 100, 2: 80, 3: 50, 4: 22}[len(C)]
    points, weights = np.polynomial.legendre.leggauss(nodes)
    line = np.concatenate([(points - 1) / 2, (points + 1) / 2])
    weights = np.concatenate([weights, weights]) / 2
    widths = reach * np.sqrt(np.diag(C))
    axes = np.meshgrid(*(width * line for width in widths), indexing="ij", sparse=True)
    precision = np.linalg.inv(C)
    exponent = sum(precision[i, j] * axes[i] * axes[j] for i, j in np.ndindex(*C.shape))
    value = np.exp(-exponent / 2) / math.sqrt(np.linalg.det(2 * math.pi * C))
    for i, f in factors:
        value *= f(axes[i])
    for width in widths[::-1]:
        value = value @ (width * weights)
    return float(value)


# Errors and rates of change


def generalisation_error(student, teacher, Q, R, T, h, v):
    """1/2 E[(student - teacher)^2] for one teacher: R (K, M), T (M, M), h (K,), v (M,)."""
    C = np.block([[Q, R], [R.T, T]])
    units = [(i, h[i], student) for i in range(len(h))]
    units += [(len(h) + m, -v[m], teacher) for m in range(len(v))]
    return 0.5 * sum(
        weight_a * weight_b * I2(a, b, restricted(C, i, j))
        for (i, weight_a, a), (j, weight_b, b) in product(units, units)
    )


def monte_carlo_error(student, teacher, Q, R, T, h, v, rng, count=400_000):
    """The same by sampling fields: the estimate and its standard error."""
    C = np.block([[Q, R], [R.T, T]])
    values, vectors = np.linalg.eigh(C)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    fields = rng.normal(size=(count, len(C))) @ root.T
    difference = G[student](fields[:, : len(h)]) @ h - G[teacher](fields[:, len(h) :]) @ v
    squares = 0.5 * difference**2
    return squares.mean(), squares.std() / math.sqrt(count)


def rate_of_change(setting, overlaps, active, head):
    """dQ/dt, dR/dt, dh/dt while teacher `active` trains `head`; the sums as Lee et al. 2021 write them."""
    s, (Q, R, _, h, v) = setting, overlaps
    P, K, M = R.shape
    C = covariance(overlaps, s.input_noise)
    student, v, h_active = range(K), v[active], h[head]
    teacher = [K + active * M + m for m in range(M)]

    def drift(i, b):
        """E[(student - teacher) g'(lambda_i) x_b]."""
        own = sum(h_active[j] * I3(s.student, s.student, restricted(C, i, b, j)) for j in student)
        return own - sum(v[m] * I3(s.student, s.teacher, restricted(C, i, b, teacher[m])) for m in range(M))

    def power(i, k):
        """E[(student - noisy teacher)^2 g'(lambda_i) g'(lambda_k)]."""
        total = s.output_noise**2 * J2(s.student, restricted(C, i, k))
        for j, l in product(student, student):
            kernel = I4(s.student, s.student, s.student, restricted(C, i, k, j, l))
            total += h_active[j] * h_active[l] * kernel
        for m, n in product(range(M), range(M)):
            kernel = I4(s.student, s.teacher, s.teacher, restricted(C, i, k, teacher[m], teacher[n]))
            total += v[m] * v[n] * kernel
        for j, m in product(student, range(M)):
            kernel = I4(s.student, s.student, s.teacher, restricted(C, i, k, j, teacher[m]))
            total -= 2 * h_active[j] * v[m] * kernel
        return total

    eta = [s.eta * s.features * (i not in s.frozen) for i in student]
    decay = [s.decay * s.features * (i not in s.frozen) for i in student]
    dQ, dR, dh = np.zeros_like(Q), np.zeros_like(R), np.zeros_like(h)
    for i in student:
        for p, m in product(range(P), range(M)):
            projection = K + (P + p) * M + m
            dR[p, i, m] = -eta[i] * h_active[i] * drift(i, projection) - decay[i] * R[p, i, m]
        for k in student:
            dQ[i, k] = -eta[i] * h_active[i] * drift(i, k) - eta[k] * h_active[k] * drift(k, i)
            length = (1 + s.input_noise**2) / s.batch  # of the mean input of a batch, squared, over N
            dQ[i, k] += eta[i] * eta[k] * length * h_active[i] * h_active[k] * power(i, k)
            dQ[i, k] -= (decay[i] + decay[k]) * Q[i, k]
        if s.readouts:
            own = sum(h_active[j] * I2(s.student, s.student, restricted(C, i, j)) for j in student)
            others = sum(v[m] * I2(s.student, s.teacher, restricted(C, i, teacher[m])) for m in range(M))
            dh[head, i] = -s.eta_h * (own - others) - s.decay_h * h_active[i]
    return dQ, dR, dh

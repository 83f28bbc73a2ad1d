"""A spec with a finite training set, and the set built from the random numbers one after the other."""

import math

import numpy as np

from naive import G, Setting
from teacherstudent.kernels.maths.philox import fill_normals
from teacherstudent.kernels.maths.single_normals import fill_single_normals
from teacherstudent.networks.randomness import Purpose, counter_key

SETTING = Setting(eta=0.9, eta_h=0.6, decay=0.2, batch=3)


def document(**blocks):
    """Two noisy teachers who label the same 40 inputs, one after the other."""
    return {
        "inputs": {"dimension": 30, "samples": 40},
        "teachers": {"count": 2, "hidden": 2, "output_noise": [0.3, 0.5]},
        "student": {"hidden": 3, "initial": {"weights_std": 0.6, "readouts_std": 0.6}},
        "training": {
            "learning_rate": SETTING.eta,
            "readout_learning_rate": SETTING.eta_h,
            "weight_decay": SETTING.decay,
            "readout_weight_decay": SETTING.readout_decay,
            "batch_size": SETTING.batch,
            "sampling": "without_replacement",
        },
        "curriculum": {"switch_times": [3.0]},
        "duration": 8.0,
        "record": {"times": [0.0, 3.0, 8.0]},
    } | blocks


def drawn(fill, count, purpose, step, seed, run):
    draws = np.empty(count)
    fill(draws, *counter_key(seed, run, purpose), step, 0)
    return draws


def slow_set(spec, networks, seed, run):
    """Inputs (samples, N) and noisy labels (P, samples)."""
    N, count = spec.inputs.dimension, spec.inputs.samples
    X = np.array([drawn(fill_single_normals, N, Purpose.SAMPLES, i, seed, run) for i in range(count)])
    labels = []
    for p, deviation in enumerate(spec.teachers.output_noise):
        noise = drawn(fill_normals, count * (p + 1), Purpose.SAMPLE_LABEL_NOISE, 0, seed, run)[count * p :]
        clean = G["erf"](X @ networks.V[p].T / math.sqrt(N)) @ networks.v[p]
        labels.append(clean + deviation * noise)
    return X, np.array(labels)

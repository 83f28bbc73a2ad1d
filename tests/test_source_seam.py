"""A source of inputs, added in one file: what this one and one entry of `SOURCES` do."""

import math

import numpy as np
import pytest

import naive
from naive import Setting
from samples import document
from teacherstudent.inputs import sources
from teacherstudent.inputs.data_sets import DataSetInputs
from teacherstudent.inputs.fresh import FreshInputs
from teacherstudent.inputs.labelled_sets import LabelledSet, teacher_labels
from teacherstudent.inputs.source import Source
from teacherstudent.inputs.training_sets import TrainingSetInputs
from teacherstudent.kernels.network import samples
from teacherstudent.kernels.network.by_unit import padded
from teacherstudent.kernels.network.passes import passes_through
from teacherstudent.networks.sampling import sample_networks
from teacherstudent.simulation.runs import simulate
from teacherstudent.spec.parse import parse_spec

N, RATE = 20, 0.8


class CyclicSigns(Source):
    """Inputs of entries 1 and -1: row t mod N of a matrix whose column i has period 2 (i + 1), at step t."""

    def __init__(self, spec, networks, seed, run):
        super().__init__(spec, networks, seed, run)
        X = padded(signs(spec.inputs.dimension), networks.V.dtype)
        self.set = LabelledSet(X, teacher_labels(spec, networks.V, networks.v, X))

    @classmethod
    def provides(cls, spec):
        return spec.inputs.dimension == N

    def train(self, networks, constants, teacher, first, steps):
        for step in range(first, first + steps):
            row = slice(step % N, step % N + 1)
            one = samples.Samples(self.set.X[row], self.set.labels[teacher, row], False, passes_through(0))
            fixed = constants, one, networks.buffers, np.uint32(0), np.uint32(0)
            if not samples.train(networks.W, networks.h, *fixed, step, 1):
                return step - first
        return steps


def signs(count):
    step, i = np.arange(count)[:, None], np.arange(count)
    return np.where(step // (i + 1) % 2 == 0, 1.0, -1.0)


def spec_of(**blocks):
    student = {"hidden": 3, "initial": {"weights_std": 0.6, "readouts_std": 0.6}}
    return parse_spec(document(**{"student": student, "training": {"learning_rate": RATE}} | blocks))


def slow_run(spec, seed):
    """Final weights and heads by a plain loop."""
    networks, X = sample_networks(spec, seed, 0), signs(N)
    W, h, setting = networks.W, networks.h, Setting(eta=RATE, eta_h=RATE)
    for step in range(round(spec.duration * N)):
        p = int(step >= 2 * N)
        drawn = [(X[step % N], 0.0, np.zeros(N))]
        W, h[p] = naive.sgd_step(setting, W, h[p], networks.V[p], networks.v[p], drawn)
    return W, h


def test_another_source_in_one_file_and_one_line(monkeypatch):
    monkeypatch.setattr(sources, "SOURCES", [CyclicSigns, *sources.SOURCES])
    spec = spec_of()
    found, (W, h) = simulate(spec, "network", 3), slow_run(spec, 3)
    assert np.abs(W - sample_networks(spec, 3, 0).W).max() > 0.1
    np.testing.assert_allclose(found.student_overlaps[-1], W @ W.T / N, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.student_readouts[-1], h, rtol=0, atol=1e-12)
    assert found.training_error is None
    assert found.generalisation_error.shape == (6, 2)


def test_a_source_that_diverges_stops(monkeypatch):
    monkeypatch.setattr(sources, "SOURCES", [CyclicSigns, *sources.SOURCES])
    found = simulate(spec_of(training={"learning_rate": 1e50}), "network", 3)
    assert 0.0 <= found.diverged_at < 1.0
    assert math.isfinite(found.diverged_at)


DATA = {"file": "data.npz", "test_samples": 10, "sha256": "0" * 64}
SOURCES = {
    "fresh": ({"dimension": 30}, FreshInputs),
    "finite": ({"dimension": 30, "samples": 40}, TrainingSetInputs),
    "data set": ({"distribution": "dataset", "dimension": 30, "samples": 40, "dataset": DATA}, DataSetInputs),
}


@pytest.mark.parametrize("inputs, expected", SOURCES.values(), ids=SOURCES)
def test_each_spec_has_one_source(inputs, expected):
    spec = spec_of(inputs=inputs)
    assert sources.source_of(spec) is expected
    assert sum(source.provides(spec) for source in sources.SOURCES) == 1

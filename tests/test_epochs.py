"""Passes through finite training sets in engine network: against slow runs, resumed, and what they change."""

import math

import numpy as np
import pytest
from scipy.stats import ks_2samp

from naive import DG, G
from naive.samples import order_of_pass, samples_of_passes, sgd_step
from samples import assert_same
from teacherstudent import load_start
from teacherstudent.errors import SpecError
from teacherstudent.networks.randomness import Purpose, counter_key
from teacherstudent.networks.sampling import sample_networks
from teacherstudent.simulation.runs import simulate, simulate_runs
from teacherstudent.spec.parse import parse_spec
from teacherstudent.store.runs import write_run
from training_sets import SETTING, document, slow_set

EPOCHS = {"sampling": "epochs"}


def with_passes(**blocks):
    """Two noisy teachers, 40 samples and steps of three; both passes and steps end at other times."""
    blocks = document(**blocks)
    return blocks | {"training": blocks["training"] | EPOCHS}


# Against slow runs


def slow_run(spec, seed, run):
    """Overlaps Q, heads and training errors at the recorded times."""
    networks, N = sample_networks(spec, seed, run), spec.inputs.dimension
    (X, labels), W, h = slow_set(spec, networks, seed, run), networks.W, networks.h
    key = tuple(map(int, counter_key(seed, run, Purpose.SAMPLE_CHOICE)))

    rows = []
    for step in range(round(spec.duration * N) + 1):
        if step in [round(time * N) for time in spec.record.times]:
            outputs = h @ G["erf"](W @ X.T / math.sqrt(N))
            rows.append((W @ W.T / N, h.copy(), 0.5 * ((outputs - labels) ** 2).mean(axis=1)))
        p = int(step >= round(spec.curriculum.switch_times[0] * N))
        chosen = samples_of_passes(
            len(X), spec.training.batch_size, step, lambda number: order_of_pass(key, len(X), number)
        )
        W, h[p] = sgd_step(SETTING, W, h[p], X[chosen], labels[p, chosen])
    return [np.array(part) for part in zip(*rows, strict=True)]


def test_a_run_is_that_of_the_slow_twin():
    """The passes go on through the switch to the other teacher."""
    spec = parse_spec(with_passes(duration=5.0, record={"times": [0.0, 3.0, 5.0]}))
    trajectory = simulate(spec, "network", seed=4, run=2)
    Q, h, errors = slow_run(spec, 4, 2)
    np.testing.assert_allclose(trajectory.student_overlaps, Q, rtol=0, atol=1e-12)
    np.testing.assert_allclose(trajectory.student_readouts, h, rtol=0, atol=1e-12)
    np.testing.assert_allclose(trajectory.training_error, errors, rtol=0, atol=1e-12)


# Their effect, by plain SGD over shuffled sets: N inputs, alpha N samples

N, ALPHA, RATE, TIMES, RUNS = 20, 2, 1.0, (2.0, 20.0), 300


def errors_of_runs(sampling):
    """Generalisation and training errors at both times, (RUNS, 4)."""
    blocks = {
        "inputs": {"dimension": N, "samples": ALPHA * N},
        "teachers": {"count": 1, "hidden": 2, "output_noise": 0.3, "readouts": {"relation": "ones"}},
        "student": {"hidden": 2, "initial": {"scheme": "mixed", "readouts_value": 1.0}},
        "training": {"learning_rate": RATE, "train": ["features"], "sampling": sampling},
        "duration": TIMES[-1],
        "record": {"times": [0.0, *TIMES]},
    }
    found = simulate_runs(parse_spec(blocks), "network", 1, RUNS, threads=1)
    return np.array([np.r_[run.generalisation_error[1:, 0], run.training_error[1:, 0]] for run in found])


def errors_of_plain_sgd():
    """The same by shuffling all samples for every pass; the generalisation error from 2000 test inputs."""
    rng = np.random.default_rng(7)
    V = rng.normal(size=(RUNS, 2, N))
    V *= math.sqrt(N) / np.linalg.norm(V, axis=2, keepdims=True)
    W, test = rng.normal(size=(RUNS, 2, N)) / math.sqrt(N), rng.normal(size=(2000, N))
    X = rng.normal(size=(RUNS, ALPHA * N, N))

    def outputs(weights, x):
        return G["erf"](np.einsum("rkn,rsn->rsk", weights, x, optimize=True) / math.sqrt(N)).sum(axis=2)

    labels, tested = outputs(V, X), np.broadcast_to(test, (RUNS, *test.shape))
    labels += 0.3 * rng.normal(size=labels.shape)
    clean, found, every = outputs(V, tested), [], np.arange(RUNS)
    for step in range(round(TIMES[-1] * N) + 1):
        if step in [round(time * N) for time in TIMES]:
            found.append([
                0.5 * ((outputs(W, tested) - clean) ** 2).mean(axis=1),
                0.5 * ((outputs(W, X) - labels) ** 2).mean(axis=1),
            ])  # fmt: skip
        if step % (ALPHA * N) == 0:
            orders = rng.permuted(np.tile(np.arange(ALPHA * N), (RUNS, 1)), axis=1)
        row = orders[:, step % (ALPHA * N)]
        x, label = X[every, row], labels[every, row]
        fields = np.einsum("rkn,rn->rk", W, x) / math.sqrt(N)
        pull = (G["erf"](fields).sum(axis=1) - label)[:, None] * DG["erf"](fields)
        W = W - RATE / math.sqrt(N) * pull[:, :, None] * x[:, None]
    return np.moveaxis(np.array(found), 2, 0).swapaxes(1, 2).reshape(RUNS, 4)


def test_passes_have_the_law_of_plain_shuffling_and_another_than_replacement():
    """All four errors; with replacement, a third of the samples is not used in the first pass."""
    passes, replaced = errors_of_runs("epochs"), errors_of_runs("with_replacement")
    plain = errors_of_plain_sgd()

    def distances(one, other):
        error = np.sqrt((one.var(axis=0) + other.var(axis=0)) / RUNS)
        return (one.mean(axis=0) - other.mean(axis=0)) / error

    assert np.abs(distances(passes, plain)).max() < 3.5
    assert min(ks_2samp(*columns).pvalue for columns in zip(passes.T, plain.T, strict=True)) > 1e-3
    assert (distances(replaced, passes) > 6.0).sum() >= 2


@pytest.mark.parametrize("sampling, early, late", [
    ("epochs", 0.259, 0.0036), ("with_replacement", 0.364, 0.0066),
])  # fmt: skip
def test_the_first_pass_and_the_end(sampling, early, late):
    """Generalisation error at t = 2 and training error at t = 50, as programs of others measured them."""
    blocks = {
        "inputs": {"dimension": 100, "samples": 200},
        "teachers": {"count": 1, "hidden": 2, "output_noise": 0.3, "readouts": {"relation": "ones"}},
        "student": {"hidden": 4, "initial": {"scheme": "large", "readouts_value": 1.0}},
        "training": {"learning_rate": 0.5, "train": ["features"], "sampling": sampling},
        "duration": 50.0,
        "record": {"times": [0.0, 2.0, 50.0]},
    }
    found = list(simulate_runs(parse_spec(blocks), "network", runs=100))
    for errors, expected, rounding in (
        ([run.generalisation_error[1, 0] for run in found], early, 5e-4),
        ([run.training_error[2, 0] for run in found], late, 5e-5),
    ):
        assert np.mean(errors) == pytest.approx(expected, abs=3.5 * np.std(errors) / 10.0 + rounding)


# The same bits


def test_a_run_resumed_at_any_step_has_the_bits_of_the_whole(tmp_path):
    """Seven samples and steps of three: passes of which most end inside a step."""
    blocks = with_passes(inputs={"dimension": 10, "samples": 7}, curriculum={"period": 1.3}, duration=3.0)
    blocks["record"] = {"times": [0.0, 3.0], "state": True}
    spec, path = parse_spec(blocks), tmp_path / "part.h5"
    whole = simulate(spec, "network", 3, 0)
    for step in range(1, 30):
        record = {"times": [0.0, step / 10], "state": True}
        part = parse_spec(blocks | {"duration": step / 10, "record": record})
        write_run(path, part, "network", 3, simulate(part, "network", 3, 0))
        resumed = simulate(spec, "network", 3, 0, start=load_start(path)[0])
        for name, array in whole.state.items():
            np.testing.assert_array_equal(resumed.state[name], array, err_msg=f"{name}, step {step}")


def test_threads_change_nothing():
    spec = parse_spec(with_passes())
    one, two = (list(simulate_runs(spec, "network", seed=3, runs=4, threads=n)) for n in (1, 2))
    for first, second in zip(one, two, strict=True):
        assert_same(first, second)
    assert (one[0].training_error != one[1].training_error).any()


# What is refused


def test_passes_need_a_finite_set():
    with pytest.raises(SpecError, match=r"^training.sampling: epochs needs a finite training set"):
        parse_spec(with_passes(inputs={"dimension": 30}))


def test_a_step_takes_no_more_than_a_pass():
    parse_spec(with_passes(inputs={"dimension": 30, "samples": 3}))
    with pytest.raises(SpecError, match=r"^training.batch_size: 3 is not allowed; with .* epochs"):
        parse_spec(with_passes(inputs={"dimension": 30, "samples": 2}))

"""Training on a finite set against a slow twin, and the choice of samples against counts."""

import math

import numpy as np
import pytest
from scipy.stats import chisquare

import naive
from kernels.networks_of_tests import ALL_TERMS, HEAD, KEY, H, K, M, N, constants, gradient, networks
from naive import G, Setting, philox
from naive.samples import choice, sgd_step, visit
from teacherstudent.kernels.maths.activations import CODES
from teacherstudent.kernels.network.by_unit import PIECE, new_buffers, padded
from teacherstudent.kernels.network.passes import passes_through
from teacherstudent.kernels.network.samples import Samples, activities, choose, fill_samples, train

PLAIN_KEY = tuple(map(int, KEY))
COUNT = 7  # samples of a training set
TERMS = {name: value for name, value in ALL_TERMS.items() if not name.endswith("noise")}


def training_set(N=N, seed=3):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(COUNT, N)), rng.normal(size=COUNT)


def trained(setting, first, steps, shape=(K, M, N), dtype=np.float64, sampling=True, h=None, weights=None):
    """Weights and readouts after some steps of the kernel, and the number of steps it says it did."""
    start, readouts, V, v = networks(shape)
    W = padded(start if weights is None else weights, dtype)
    h = readouts if h is None else h
    X, labels = training_set(shape[-1])
    passes = passes_through(COUNT if sampling == "epochs" else 0)
    samples = Samples(padded(X, dtype), labels, sampling is True, passes)
    p = constants(setting, padded(V, dtype), v, shape[0], shape[-1])
    done = train(W, h, p, samples, new_buffers(len(W), len(V), setting.batch, W), *KEY, first, steps)
    assert not W[:, shape[-1] :].any()
    return W[:, : shape[-1]], h, done


def trained_slowly(setting, first, steps, shape=(K, M, N), dtype=np.float64, sampling=True):
    W, h, _, _ = networks(shape)
    X, labels = training_set(shape[-1])
    X = X.astype(dtype).astype(float)
    for step in range(first, first + steps):
        if sampling == "epochs":
            chosen = visit(PLAIN_KEY, COUNT, setting.batch, step)
        else:
            chosen = choice(PLAIN_KEY, COUNT, setting.batch, sampling, step)
        W, h[HEAD] = sgd_step(setting, W, h[HEAD], X[chosen], labels[chosen])
    return W, h


def assert_same_training(setting, steps=50, tolerance=1e-12, first=0, **others):
    W, h, done = trained(setting, first, steps, **others)
    slow_W, slow_h = trained_slowly(setting, first, steps, **others)
    assert done == steps
    np.testing.assert_allclose(W, slow_W, rtol=0, atol=tolerance * np.abs(slow_W).max())
    np.testing.assert_allclose(h, slow_h, rtol=0, atol=tolerance * np.abs(slow_h).max())


SAMPLINGS = {"without_replacement": True, "with_replacement": False, "epochs": "epochs"}


@pytest.mark.parametrize("sampling", SAMPLINGS.values(), ids=SAMPLINGS)
@pytest.mark.parametrize("student", naive.G)
def test_all_terms_for_all_activations(student, sampling):
    steps = 5 if student == "quadratic" else 50  # before its outputs diverge
    assert_same_training(Setting(student, **TERMS), steps, sampling=sampling)


@pytest.mark.parametrize("term", [name for name in naive.SINGLE_TERMS if "noise" not in name])
def test_each_term_by_itself(term):
    assert_same_training(naive.SINGLE_TERMS[term])


@pytest.mark.parametrize("units", [(1, 1), (4, 2), (17, 3)])
@pytest.mark.parametrize("N", [1, 32, PIECE - 1, PIECE, 2 * PIECE + 5])
def test_all_shapes(units, N):
    assert_same_training(Setting(**TERMS | {"frozen": ()}), steps=5, shape=(*units, N))


@pytest.mark.parametrize("N", [33, 2 * PIECE + 5])
def test_single_precision(N):
    assert_same_training(Setting(**TERMS), steps=20, shape=(K, M, N), dtype=np.float32, tolerance=3e-6)


@pytest.mark.parametrize("sampling", SAMPLINGS.values(), ids=SAMPLINGS)
def test_steps_are_numbered_beyond_32_bits(sampling):
    assert_same_training(Setting(**TERMS), first=2**32 - 2, steps=5, sampling=sampling)


def test_a_step_over_all_samples_goes_down_the_gradient_of_the_training_error():
    """Against finite differences; the readouts' rate has a factor 1 / N."""
    setting = Setting(eta=1.0, eta_h=float(N), batch=COUNT)
    W, h, _, _ = networks()
    X, labels = training_set()

    def training_error(weights, readouts):
        outputs = [naive.output("erf", weights, readouts, x) for x in X]
        return 0.5 * np.mean((np.array(outputs) - labels) ** 2)

    new_W, new_h, _ = trained(setting, 5, 1)
    slope = gradient(lambda weights: training_error(weights, h[HEAD]), W)
    np.testing.assert_allclose(W - new_W, slope, rtol=0, atol=1e-8)
    slope = gradient(lambda readouts: training_error(W, readouts), h[HEAD])
    np.testing.assert_allclose(h[HEAD] - new_h[HEAD], slope, rtol=0, atol=1e-8)


@pytest.mark.parametrize("sampling", SAMPLINGS.values(), ids=SAMPLINGS)
def test_training_in_pieces_changes_no_bit(sampling):
    W, h, _ = trained(Setting(**TERMS), 0, 61, sampling=sampling)
    W, h, _ = trained(Setting(**TERMS), 61, 39, weights=W, h=h, sampling=sampling)
    whole_W, whole_h, _ = trained(Setting(**TERMS), 0, 100, sampling=sampling)
    np.testing.assert_array_equal(W, whole_W)
    np.testing.assert_array_equal(h, whole_h)


def test_the_other_head_stays():
    _, h, _ = trained(Setting(**TERMS), 0, 20)
    np.testing.assert_array_equal(h[1 - HEAD], networks()[1][1 - HEAD])
    assert len(h) == H == 2


def test_a_diverging_run_stops():
    setting = Setting("linear", eta=50.0, eta_h=50.0)
    _, _, done = trained(setting, 0, 10_000)
    assert 0 < done < 10_000
    assert trained(setting, 0, done)[2] == done


# The choice of samples


def choices(count, batch, distinct, steps):
    chosen, found = np.empty(batch, np.int64), []
    for step in range(steps):
        choose(chosen, count, distinct, *KEY, step)
        found.append(chosen.copy())
    return np.array(found)


@pytest.mark.parametrize("distinct", [True, False])
@pytest.mark.parametrize(("count", "batch"), [(1, 1), (5, 3), (4, 4), (60_000, 2)])
def test_samples_are_those_of_the_twin(count, batch, distinct):
    slow = [choice(PLAIN_KEY, count, batch, distinct, step) for step in range(200)]
    np.testing.assert_array_equal(choices(count, batch, distinct, 200), slow)


@pytest.mark.parametrize("batch", [1, 3, 10])
def test_samples_without_replacement_are_distinct(batch):
    found = np.sort(choices(10, batch, True, 2000), axis=1)
    assert (np.diff(found, axis=1) > 0).all()
    assert found.min() == 0
    assert found.max() == 9


def test_samples_with_replacement_repeat():
    found = choices(10, 3, False, 2000)
    distinct = np.mean([len(set(row)) == 3 for row in found.tolist()])
    assert distinct == pytest.approx(0.9 * 0.8, abs=0.03)


def test_every_set_without_replacement_is_equally_likely():
    found = np.sort(choices(5, 2, True, 20_000), axis=1)
    counts = np.unique(found @ [5, 1], return_counts=True)[1]
    assert len(counts) == 10
    assert chisquare(counts).pvalue > 1e-3


def test_every_pair_with_replacement_is_equally_likely():
    counts = np.bincount(choices(5, 2, False, 20_000) @ [5, 1], minlength=25)
    assert chisquare(counts).pvalue > 1e-3


# Inputs and outputs


def test_inputs_are_normals_of_one_step_each():
    X = np.zeros((3, 64))
    fill_samples(X[:1], 33, 0, *KEY)
    fill_samples(X[1:], 33, 1, *KEY)
    expected = [philox.single_normals(33, PLAIN_KEY, i, 0) for i in range(3)]
    np.testing.assert_allclose(X[:, :33], expected, rtol=0, atol=2e-6)
    assert not X[:, 33:].any()


@pytest.mark.parametrize("activation", naive.G)
@pytest.mark.parametrize(("units", "N"), [(1, 5), (9, PIECE + 1)])
def test_activities(activation, units, N):
    rng = np.random.default_rng(1)
    W, X = rng.normal(size=(units, N)), rng.normal(size=(4, N))
    found = activities(CODES[activation], padded(W), padded(X), N)
    np.testing.assert_allclose(found, G[activation](X @ W.T / math.sqrt(N)), rtol=1e-12, atol=1e-13)

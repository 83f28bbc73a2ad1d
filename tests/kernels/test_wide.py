"""Wide networks: the same steps as the kernel for many inputs, which has the slow twin."""

import numpy as np
import pytest

import naive
from kernels.networks_of_tests import ALL_TERMS, HEAD, KEY, networks, trained_slowly
from kernels.networks_of_tests import constants as constants_by_unit
from naive import Setting
from teacherstudent.kernels.network import wide


def constants(setting, V, v, K, N):
    """The constants of `sgd`, with teachers across and padded rows of units."""
    p = constants_by_unit(setting, wide.across(V), v, K, N)
    moving = np.zeros(wide.padded_units(K))
    moving[:K] = p.moving
    return p._replace(moving=moving)


def trained(setting, shape, steps, first=0, dtype=np.float64):
    K, M, N = shape
    weights, h, V, v = networks(shape)
    W = wide.across(weights, dtype)
    buffers = wide.new_buffers(K, M, setting.batch, W)
    p = constants(setting, V, v, K, N)._replace(V=wide.across(V, dtype))
    done = wide.train(W, h, p, buffers, *KEY, first, steps)
    assert not W[:, K:].any()
    return W[:, :K].T, h, done


SHAPES = [(1, 1, 1), (3, 2, 4), (40, 17, 15), (33, 5, 2), (5, 3, 1100)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("student", naive.ACTIVATIONS)
def test_same_as_the_slow_twin(shape, student):
    setting = Setting(student, "erf", **(ALL_TERMS | {"frozen": (0,) if shape[0] > 1 else ()}), eta=0.1)
    slow_W, slow_h = trained_slowly(setting, 3, 10, shape)
    W, h, done = trained(setting, shape, 10, first=3)
    assert done == 10
    # Of one weight the decay leaves 1e-7: the error of erf, which is absolute, is relative to its start.
    largest = max(np.abs(slow_W).max(), np.abs(networks(shape)[0]).max())
    np.testing.assert_allclose(W, slow_W, rtol=0, atol=1e-12 * largest)
    np.testing.assert_allclose(h, slow_h, rtol=0, atol=1e-12 * np.abs(slow_h).max())


@pytest.mark.parametrize("term", naive.SINGLE_TERMS)
def test_each_term_by_itself(term):
    setting, shape = naive.SINGLE_TERMS[term], (20, 7, 15)
    slow_W, slow_h = trained_slowly(setting, 0, 40, shape)
    W, h, _ = trained(setting, shape, 40)
    np.testing.assert_allclose(W, slow_W, rtol=0, atol=1e-12 * np.abs(slow_W).max())
    np.testing.assert_allclose(h, slow_h, rtol=0, atol=1e-12 * np.abs(slow_h).max())


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("pieces", [(1, 19, 10), (31, 2, 40, 7)])
def test_pieces_are_the_whole(pieces, dtype):
    setting, (K, M, N) = Setting(**ALL_TERMS), (20, 7, 15)
    W, h, _ = trained(setting, (K, M, N), sum(pieces), dtype=dtype)
    weights, other_h, V, v = networks((K, M, N))
    columns = wide.across(weights, dtype)
    buffers = wide.new_buffers(K, M, setting.batch, columns)
    p = constants(setting, V, v, K, N)._replace(V=wide.across(V, dtype))
    for number, steps in enumerate(pieces):
        wide.train(columns, other_h, p, buffers, *KEY, sum(pieces[:number]), steps)
    np.testing.assert_array_equal(columns[:, :K].T, W)
    np.testing.assert_array_equal(other_h, h)


def test_single_precision_is_that_close():
    setting, shape = Setting(output_noise=0.1), (40, 17, 15)
    W, h, _ = trained(setting, shape, 200)
    rounded_W, rounded_h, _ = trained(setting, shape, 200, dtype=np.float32)
    np.testing.assert_allclose(rounded_W, W, atol=2e-5)
    np.testing.assert_allclose(rounded_h, h, atol=2e-5)
    assert np.abs(rounded_W - W).max() > 0


@pytest.mark.parametrize("N", [15, 70])
def test_both_precisions_have_the_same_inputs(N):
    seen = []
    for dtype in (np.float64, np.float32):
        weights, h, V, v = networks((20, 7, N))
        W, setting = wide.across(weights, dtype), Setting()
        buffers = wide.new_buffers(20, 7, 1, W)
        wide.train(
            W, h, constants(setting, V, v, 20, N)._replace(V=wide.across(V, dtype)), buffers, *KEY, 0, 5
        )
        assert buffers.X.dtype == dtype
        seen.append(buffers.X)
    assert np.abs(seen[0]).max() > 1.0
    np.testing.assert_array_equal(*seen)


def test_diverging_training_stops():
    W, h, done = trained(Setting("linear", "linear", eta=1e200), (4, 2, 3), 100)
    assert done < 100


def test_readouts_of_other_heads_rest():
    _, before, _, _ = networks((20, 7, 5))
    _, after, _ = trained(Setting(**ALL_TERMS), (20, 7, 5), 10)
    others = [head for head in range(len(before)) if head != HEAD]
    np.testing.assert_array_equal(after[others], before[others])
    assert (after[HEAD] != before[HEAD]).all()

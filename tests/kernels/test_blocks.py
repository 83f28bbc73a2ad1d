"""Training of networks side by side in blocks: against the slow twin, and the same bits in any company."""

from dataclasses import replace

import numpy as np
import pytest

import naive
from kernels.networks_of_tests import ALL_TERMS, HEAD, KEY, K, M, N, constants, networks, trained_slowly
from naive import Setting
from teacherstudent.kernels.network import blocks, by_unit, sgd
from teacherstudent.kernels.network.blocks import PIECE, ROWS

TERMS = ALL_TERMS | {"input_noise": 0.0}
SETTINGS = [
    Setting(),
    Setting(**TERMS),
    Setting(eta=0.3, frozen=(0, 2)),
    Setting(eta_h=0.0, decay=0.5, readout_decay=0.2),
]


class Company:
    """Networks that are trained side by side: settings with the same batch, and seeds of the weights."""

    def __init__(self, members, shape=(K, M, N), dtype=np.float64):
        drawn = [networks(shape, seed) for _, seed in members]
        self.K, self.M, self.N = shape
        W, V = (by_unit.padded(np.array([each[i] for each in drawn]), dtype) for i in (0, 2))
        G, batch = len(members), members[0][0].batch
        fields, at = np.zeros((G, self.K, ROWS), dtype), np.full(G, blocks.NONE)
        self.group = blocks.Group(W, np.array([each[1] for each in drawn]), V, fields, at)
        self.block, self.buffers = blocks.new_block(self.group), blocks.new_buffers(self.K, self.M, batch)
        self.settings = blocks.new_settings(G, self.K, self.M, 1)
        self.constants = [
            constants(setting, V[g], each[3], self.K, self.N)
            for g, ((setting, _), each) in enumerate(zip(members, drawn, strict=True))
        ]
        for g, own in enumerate(self.constants):
            blocks.set_constants(self.settings, g, own)
            self.settings.teacher[g] = g

    def train(self, first, steps, members=None):
        """Train some members, by default all; return the steps done."""
        trained = np.array(range(len(self.constants)) if members is None else members)
        settings = self.settings._replace(trained=trained, active=np.unique(self.settings.teacher[trained]))
        fixed = self.group, settings, self.constants[0], self.block, self.buffers
        blocks.train(*fixed, *KEY, first, steps)
        return settings.done[trained].tolist()

    def state(self, g=0):
        """Weights and readouts of a member."""
        assert not self.group.W[g, :, self.N :].any()
        return self.group.W[g, :, : self.N].copy(), self.group.h[g].copy()


def assert_slow_twin(setting, first=0, steps=50, shape=(K, M, N), dtype=np.float64, tolerance=1e-12):
    """Errors are relative to the largest weights in a block: those of its start, with a strong decay."""
    company = Company([(setting, 0)], shape, dtype)
    starts = company.state()
    assert company.train(first, steps) == [steps]
    slow = trained_slowly(setting, first, steps, shape)
    for ours, theirs, start in zip(company.state(), slow, starts, strict=True):
        largest = max(np.abs(theirs).max(), np.abs(start).max())
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=tolerance * largest)


def assert_same(one, other):
    for ours, theirs in zip(one, other, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("student", naive.ACTIVATIONS)
@pytest.mark.parametrize("teacher", naive.ACTIVATIONS)
def test_all_terms_for_all_activations(student, teacher):
    assert_slow_twin(Setting(student, teacher, **TERMS))


@pytest.mark.parametrize("term", [term for term in naive.SINGLE_TERMS if term != "input_noise"])
def test_each_term_by_itself(term):
    assert_slow_twin(naive.SINGLE_TERMS[term])


@pytest.mark.parametrize("batch", [1, 2, 3, 4])
@pytest.mark.parametrize("first", [0, 5, 2**32 - 2])
def test_batches_and_numbers_of_steps(batch, first):
    assert_slow_twin(Setting(**TERMS | {"batch": batch}), first, steps=20)


@pytest.mark.parametrize("units", [(1, 1), (4, 2), (2, 9), (17, 3)])
@pytest.mark.parametrize("N", [1, 32, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE + 5])
def test_all_shapes(units, N):
    assert_slow_twin(Setting(**TERMS | {"frozen": ()}), steps=11, shape=(*units, N))


@pytest.mark.parametrize("activation", naive.ACTIVATIONS)
@pytest.mark.parametrize("N", [33, 2 * PIECE + 5])
def test_single_precision(activation, N):
    setting = Setting(activation, activation, **TERMS)
    assert_slow_twin(setting, steps=20, shape=(K, M, N), dtype=np.float32, tolerance=3e-6)


def test_both_precisions_have_the_same_inputs():
    seen = []
    for dtype in (np.float64, np.float32):
        company = Company([(Setting(), 0)], (K, M, 3 * PIECE + 70), dtype)
        company.train(16, 8)
        assert company.block.X.dtype == dtype
        seen.append(company.block.X)
    assert np.abs(seen[0]).max() > 3.0
    np.testing.assert_array_equal(*seen)


@pytest.mark.parametrize("setting", SETTINGS[:2], ids=["plain", "all terms"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_training_in_pieces_changes_no_bit(setting, dtype):
    whole, pieces = (Company([(setting, 0)], dtype=dtype) for _ in range(2))
    whole.train(3, 100)
    step = 3
    for steps in (1, 1, 2, 5, 8, 16, 3, 40, 7, 17):
        assert pieces.train(step, steps) == [steps]
        step += steps
    assert step == 103
    assert_same(whole.state(), pieces.state())


@pytest.mark.parametrize("setting", SETTINGS[:2], ids=["plain", "all terms"])
def test_a_run_resumes_within_a_block_from_weights_and_fields(setting):
    whole, begun, resumed = (Company([(setting, 0)]) for _ in range(3))
    whole.train(0, 60)
    begun.train(0, 29)
    for name in ("W", "h", "fields", "at"):
        getattr(resumed.group, name)[...] = getattr(begun.group, name)
    resumed.train(29, 31)
    assert_same(whole.state(), resumed.state())


def trained_alone(member, divisions):
    alone = Company([member])
    for first, steps in divisions:
        alone.train(first, steps)
    return alone.state()


def test_company_changes_no_bit():
    """Other networks, their number and order, and the steps at which they stop."""
    members = [(replace(setting, batch=1), seed) for seed, setting in enumerate(SETTINGS)]
    alone = [trained_alone(member, [(0, 61)]) for member in members]
    for order in ([0, 1, 2, 3], [3, 1, 0, 2], [2, 0], [1, 3, 1]):
        company = Company([members[i] for i in order])
        company.train(0, 10)
        company.train(10, 13, members=[1])
        company.train(10, 13, members=[g for g in range(len(order)) if g != 1])
        company.train(23, 38)
        for g, i in enumerate(order):
            assert_same(company.state(g), alone[i])


def test_a_switch_within_a_block():
    """After another teacher and another rate begin at step 13, the steps are those of single steps."""
    one, other = Setting(eta=0.5), Setting(eta=0.9, frozen=(1,), decay=0.3)
    company = Company([(one, 0), (other, 1)])
    company.train(0, 13)
    company.settings.teacher[0] = 1
    blocks.set_constants(company.settings, 0, company.constants[1])
    company.train(13, 20, members=[0])
    W, h, V, v = networks()
    W, buffers = by_unit.padded(W), by_unit.new_buffers(K, M, 1, by_unit.padded(W))
    sgd.train(W, h, constants(one, by_unit.padded(V), v), buffers, *KEY, 0, 13)
    sgd.train(W, h, company.constants[1], buffers, *KEY, 13, 20)
    for ours, single in zip(company.state(), (W[:, :N], h), strict=True):
        np.testing.assert_allclose(ours, single, rtol=0, atol=1e-12)


@pytest.mark.parametrize("activation", ["linear", "relu"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_diverging_run_stops_at_the_step_of_single_steps(activation, dtype):
    """Or one step later, where weights overflow and fields do not, which are smaller in the last bits."""
    setting, small = (
        Setting(activation, "linear", eta=50.0, eta_h=50.0),
        Setting(activation, "linear", eta=0.1),
    )
    company = Company([(setting, 0), (small, 0)], dtype=dtype)
    done, finite = company.train(0, 10_000)
    W, h, V, v = networks()
    W, V = by_unit.padded(W, dtype), by_unit.padded(V, dtype)
    single = sgd.train(W, h, constants(setting, V, v), by_unit.new_buffers(K, M, 1, W), *KEY, 0, 10_000)
    assert 0 < single <= done <= single + (dtype == np.float32) < finite == 10_000
    alone = Company([(small, 0)], dtype=dtype)
    alone.train(0, 10_000)
    assert_same(company.state(1), alone.state())


def test_no_step_is_done_from_weights_that_are_no_numbers():
    company = Company([(Setting(), 0)])
    company.group.W[0, 0, 0] = np.nan
    assert company.train(0, 10) == [0]


def test_the_other_head_and_the_teacher_stay():
    company = Company([(Setting(**TERMS), 0)])
    company.train(0, 20)
    _, h, V, _ = networks()
    np.testing.assert_array_equal(company.group.h[0, 1 - HEAD], h[1 - HEAD])
    np.testing.assert_array_equal(company.group.V[0, :, :N], V)

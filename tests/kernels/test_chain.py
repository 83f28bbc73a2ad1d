"""The chain against its slow twin, against real weights on the same inputs, and column by column."""

import math

import numpy as np
import pytest

import naive
from naive import Setting
from naive import chain as naive_chain
from teacherstudent.kernels.chain import arrays, frames, records
from teacherstudent.kernels.chain import recursion as chain
from teacherstudent.kernels.chain.law import Law
from teacherstudent.kernels.chain.squared_error import Outputs
from teacherstudent.kernels.chain.squared_error import SquaredError as SquaredErrorOfChains
from teacherstudent.kernels.chain.two_layers import TwoLayers
from teacherstudent.kernels.maths.activations import CODES
from teacherstudent.kernels.maths.philox import normal
from teacherstudent.kernels.maths.single_normals import fill_single_normals
from teacherstudent.kernels.network import by_unit, constants, sgd
from teacherstudent.kernels.network.squared_error import SquaredError

K, M, P = 3, 2, 2
ALL_TERMS = {
    "decay": 0.8,
    "readout_decay": 0.3,
    "output_noise": 0.5,
    "input_noise": 0.4,
    "batch": 3,
    "frozen": (1,),
}
OTHER_TERMS = {"eta": 0.3, "eta_h": 0.9, "input_noise": 0.0, "output_noise": 0.0, "frozen": (0, 2)}
KEYS = [(17 + c, 400 + 3 * c) for c in range(16)]


def history(state, steps=()):
    """Memory for the states at some steps, all of whose heads are the trained one."""
    steps, head = np.array(steps, dtype=np.int64), np.zeros(len(state.finite), dtype=np.int64)
    S, h = (np.zeros((len(steps), *shape)) for shape in (state.S.shape, (1, *state.h.shape)))
    return records.History(steps, head, S, h)


class Case:
    """Some chains of one shape; chain c has its own random networks, active teacher, key and setting."""

    def __init__(self, settings, N, P=P, M=M, K=K, seeds=None):
        self.settings, self.N, self.K, self.M, self.P = settings, N, K, M, P
        self.seeds = range(len(settings)) if seeds is None else seeds
        self.p, self.r, self.q = naive_chain.axes(N, K, P * M, settings[0].batch)
        S, B, h, v = zip(*(self.networks(seed) for seed in self.seeds), strict=True)
        self.S, self.B = (np.moveaxis(np.array(part), 0, -1).copy() for part in (S, B))
        self.h, self.v = np.array(h), np.array(v)

    def networks(self, seed):
        """Coordinates S (K, p + r + q) and B (P M, r), readouts (K,) and (P, M), of random networks."""
        rng = np.random.default_rng(seed)
        G = 0.7 * np.tril(rng.normal(size=(self.K, self.p)))
        diagonal = np.arange(self.p)
        G[diagonal, diagonal] = np.abs(G[diagonal, diagonal])
        S = np.hstack([G, 0.7 * rng.normal(size=(self.K, self.r)), np.zeros((self.K, self.q))])
        B = rng.normal(size=(self.P * self.M, self.r))
        return S, B, rng.normal(size=self.K), rng.normal(size=(self.P, self.M))

    def active(self, c):
        return self.seeds[c] % self.P

    def kernel(self):
        """The arguments of the kernel."""
        one = self.settings[0]
        codes = CODES[one.student], CODES[one.teacher]
        shape = frames.Shape(self.N, self.p, self.r, one.batch, *codes)
        C = len(self.settings)
        ones, zeros = np.ones(C, dtype=np.int64), np.zeros(C, dtype=np.int64)
        state = arrays.State(self.S.copy(), self.h.T.copy(), ones, zeros)
        T = np.empty((C, len(self.B), len(self.B)))
        for i in range(len(T[0])):
            frames.fill_gram(T, self.B, i, i + 1)
        teachers = frames.Teachers(self.B, T, self.v)
        keys = np.array([KEYS[seed] for seed in self.seeds], dtype=np.uint64).T.copy()
        work = arrays.new_buffers(shape, self.K, self.M, C)
        phase = self.phase()
        return shape, arrays.terms_of(phase), teachers, state, phase, arrays.Keys(*keys), work, history(state)

    def phase(self):
        p = [self.active(c) for c in range(len(self.settings))]
        columns = [
            {"B": self.B[one * self.M : (one + 1) * self.M, :, c], "v": self.v[c, one], "active": one}
            | self.constants(setting)
            for c, (one, setting) in enumerate(zip(p, self.settings, strict=True))
        ]
        stacked = {name: np.stack([one[name] for one in columns], axis=-1) for name in columns[0]}
        return arrays.ChainConstants(**stacked, law=Law(Outputs(), SquaredErrorOfChains(), TwoLayers()))

    def constants(self, s):
        moving = np.array([0.0 if k in s.frozen else float(s.features) for k in range(self.K)])
        scale = self.N * s.batch
        return {
            "keep": 1.0 - s.decay / self.N * moving,
            "rate": s.eta / scale * moving,
            "keep_h": 1.0 - s.decay_h / self.N * s.readouts,
            "rate_h": s.eta_h / scale * s.readouts,
            "output_noise": s.output_noise,
            "input_noise": s.input_noise,
            "input_length": math.sqrt(1.0 + s.input_noise**2),
            "threshold": 0.0,
        }

    def trained(self, first, steps):
        """The state after some steps of the kernel."""
        arguments = self.kernel()
        assert chain.train(*arguments, first, first + steps, 0) == first + steps
        return arguments[3]

    def trained_slowly(self, c, first, steps):
        p = self.active(c)
        B, v = self.B[p * self.M : (p + 1) * self.M, :, c], self.v[c, p]
        start = self.S[:, :, c], self.h[c]
        return naive_chain.trained(
            self.settings[c], self.N, self.p, self.r, *start, B, v, KEYS[self.seeds[c]], first, steps
        )


def assert_same_training(case, first=0, steps=30):
    state = case.trained(first, steps)
    np.testing.assert_array_equal(state.steps, steps)
    for c in range(len(case.settings)):
        S, h = case.trained_slowly(c, first, steps)
        found, S = state.S[:, : case.p + case.r, c], S[:, : case.p + case.r]
        np.testing.assert_allclose(found, S, rtol=0, atol=1e-12 * max(1.0, np.abs(S).max()))
        np.testing.assert_allclose(state.h[:, c], h, rtol=0, atol=1e-12 * max(1.0, np.abs(h).max()))


# The slow twin


@pytest.mark.parametrize("student", naive.ACTIVATIONS)
@pytest.mark.parametrize("teacher", naive.ACTIVATIONS)
def test_all_terms_for_all_activations(student, teacher):
    one, other = Setting(student, teacher, **ALL_TERMS), Setting(student, teacher, **ALL_TERMS | OTHER_TERMS)
    assert_same_training(Case([one, other] * 4, N=50))


@pytest.mark.parametrize("term", naive.SINGLE_TERMS)
def test_each_term_by_itself(term):
    assert_same_training(Case([naive.SINGLE_TERMS[term]] * 8, N=40))


@pytest.mark.parametrize("batch", [1, 2, 5])
@pytest.mark.parametrize("N", [1, 2, 4, 5, 6, 7, 8, 9, 10, 12])
def test_few_inputs(N, batch):
    """From fewer inputs than teacher units to more than all units and samples together."""
    assert_same_training(Case([Setting(eta=0.2, batch=batch, input_noise=0.3)] * 8, N))


@pytest.mark.parametrize("P, M, K", [(1, 1, 1), (3, 1, 2), (1, 4, 2), (2, 3, 6)])
def test_other_sizes(P, M, K):
    assert_same_training(Case([Setting(**ALL_TERMS | {"frozen": (0,)})] * 8, 1000, P, M, K))


def test_steps_are_numbered_beyond_32_bits():
    assert_same_training(Case([Setting(**ALL_TERMS)] * 8, N=50), first=2**32 - 2, steps=5)


@pytest.mark.parametrize("N", [10**6, 10**9])
def test_very_many_inputs(N):
    assert_same_training(Case([Setting(eta=0.3 * math.sqrt(N), eta_h=0.3, batch=2)] * 8, N))


# Training of real weights on the same inputs


class Frame:
    """A network of N-vectors, and the orthonormal frame (p + r rows) in which a chain has its coordinates."""

    def __init__(self, case):
        N, rank = case.N, case.p + case.r
        self.case, draws = case, np.random.default_rng(5).normal(size=(N, rank))
        self.E = np.linalg.qr(draws)[0].T
        self.W = by_unit.padded(math.sqrt(N) * case.S[:, :rank, 0] @ self.E)
        V = math.sqrt(N) * case.B[:, :, 0] @ self.E[case.p :]
        self.V = by_unit.padded(V.reshape(case.P, case.M, N))
        self.heads = np.array([case.h[0], -case.h[0]])

    def order_parameters(self):
        N = self.case.N
        W, V = self.W[:, :N], self.V[..., :N].reshape(-1, N)
        return W @ W.T / N, W @ V.T / N, self.heads

    def train(self, setting, p, step):
        """One step of the network kernel on teacher p, which trains head p."""
        case = self.case
        moving = np.array([0.0 if k in setting.frozen else 1.0 for k in range(case.K)])
        phase = constants.StepConstants(
            case.N, SquaredError(setting.output_noise), CODES[setting.student], CODES[setting.teacher],
            self.V[p], case.v[0, p], p, moving,
            setting.eta, setting.eta_h, setting.decay, setting.decay_h, setting.input_noise, setting.batch,
        )  # fmt: skip
        buffers = by_unit.new_buffers(case.K, case.M, setting.batch, self.W)
        key = np.array(KEYS[0], dtype=np.uint32)
        assert sgd.train(self.W, self.heads, phase, buffers, *key, step, 1) == 1

    def inputs(self, setting, step):
        """z, u and zeta of the inputs that the network sees, and the frame with the further axes."""
        case, frame, samples = self.case, self.E, []
        for b in range(setting.batch):
            x, xi = (
                normals(case.N, step, constants.STREAMS * b + s)
                for s in (constants.INPUT, constants.INPUT_NOISE)
            )
            zeta = normal(
                *np.array(KEYS[0], dtype=np.uint32), step, constants.STREAMS * b + constants.LABEL_NOISE
            )
            seen = x + setting.input_noise * xi
            if case.p:
                rest = seen - frame.T @ (frame @ seen)
                rest -= frame.T @ (frame @ rest)
                frame = np.vstack([frame, rest / np.linalg.norm(rest)])
            samples.append((self.E[case.p :] @ x, frame @ seen, zeta))
        return samples, frame

    def turn(self, frame, unturned):
        """Follow the frame of the chain."""
        E = (naive_chain.turn(unturned, self.case.p, self.case.r).T @ frame)[: len(self.E)]
        self.E = 1.5 * E - 0.5 * E @ E.T @ E  # so that rounding does not add up


def padded(samples, width):
    """Arrays z, u and the numbers of labels of samples, for a block of one column."""
    z, u, zeta = zip(*samples, strict=True)
    u = [np.pad(one, (0, width - len(one))) for one in u]
    return (np.array(part)[..., None].copy() for part in (z, u, np.array(zeta)[:, None]))


def normals(n, step, stream):
    out = np.empty(n)
    fill_single_normals(out, *np.array(KEYS[0], dtype=np.uint32), step, stream)
    return out


def chain_order_parameters(case, state):
    S, B = state.S[:, : case.p + case.r, 0], case.B[:, :, 0]
    return S @ S.T, S[:, case.p :] @ B.T


SAME_INPUTS = {
    "plain": Setting(eta=0.8, eta_h=0.4),
    "all_terms": Setting(eta=0.8, eta_h=0.4, **ALL_TERMS),
    "relu": Setting("relu", "relu", eta=0.1, eta_h=0.05, batch=2, decay=0.3, output_noise=0.2),
    "linear": Setting("linear", "erf", eta=0.1, eta_h=0.05, input_noise=0.5, output_noise=0.2),
}


@pytest.mark.parametrize(
    "name, N",
    [*(("all_terms", N) for N in (4, 8, 12, 50, 1000)), ("plain", 12), ("relu", 50), ("linear", 50)],
)
def test_network_and_chain_agree_on_the_same_inputs(name, N):
    """Over a thousand steps, half of them on the first teacher and its head, half on the second."""
    setting, case = SAME_INPUTS[name], Case([SAME_INPUTS[name]], N)
    frame, (shape, terms, _, state, phase, _, work, _) = Frame(case), case.kernel()
    heads = frame.heads.copy()
    for step in range(1000):
        p = step // 500
        if step == 500:
            state.h[:, 0] = heads[1]
            phase.B[:, :, 0], phase.v[:, 0] = case.B[case.M :, :, 0], case.v[0, 1]
        samples, directions = frame.inputs(setting, step)
        S, h = state.S[:, :, 0].copy(), state.h[:, 0].copy()
        S[:, case.p + case.r :] = 0.0
        unturned, _ = naive_chain.step(setting, N, S, h, phase.B[:, :, 0], phase.v[:, 0], samples)
        chain.advance(shape, terms, state, phase, work, *padded(samples, S.shape[1]))
        frame.train(setting, p, step)
        frame.turn(directions, unturned)
        heads[p] = state.h[:, 0]
        for found, expected in zip(
            (*chain_order_parameters(case, state), heads), frame.order_parameters(), strict=True
        ):
            np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


# Columns by themselves


def assert_same_state(one, other, columns=slice(None), others=slice(None)):
    for found, expected in zip(one, other, strict=True):
        np.testing.assert_array_equal(found[..., columns], expected[..., others])


SETTINGS = [Setting(**ALL_TERMS), Setting(**ALL_TERMS | OTHER_TERMS)] * 8


@pytest.mark.parametrize("columns", [[0], [5, 2, 11], list(range(13))])
def test_a_chain_is_the_same_alone_and_in_any_company(columns):
    together = Case(SETTINGS, N=30).trained(0, 100)
    apart = Case([SETTINGS[c] for c in columns], N=30, seeds=columns).trained(0, 100)
    assert_same_state(apart, together, others=columns)


def test_training_in_pieces_changes_no_bit():
    case = Case(SETTINGS[:8], N=30)
    arguments = case.kernel()
    for first, end in ((0, 1), (1, 60), (60, 60), (60, 100)):
        assert chain.train(*arguments, first, end, 0) == end
    assert_same_state(arguments[3], case.trained(0, 100))


def test_teachers_and_constants_stay():
    case = Case(SETTINGS[:8], N=30)
    arguments = case.kernel()
    chain.train(*arguments, 0, 20, 0)
    for found, expected in zip(arguments, case.kernel(), strict=True):
        if not isinstance(found, arrays.State | arrays.Buffers):
            assert all(np.array_equal(*pair) for pair in zip(found, expected, strict=True))


@pytest.mark.parametrize("activation", ["linear", "relu"])
def test_a_diverging_chain_stops_and_the_others_go_on(activation):
    tame, wild = (Setting(activation, "linear", eta=eta, eta_h=eta) for eta in (0.01, 50.0))
    case = Case([tame, wild] * 4, N=30)
    state = case.trained(0, 1000)
    np.testing.assert_array_equal(state.finite, [1, 0] * 4)
    np.testing.assert_array_equal(state.steps[::2], 1000)
    assert (state.steps[1::2] > 0).all()
    assert (state.steps[1::2] < 1000).all()
    assert np.isfinite(state.S[..., ::2]).all()
    for c in (1, 3):
        before = case.trained(0, int(state.steps[c]))
        assert before.finite[c] == 1
        np.testing.assert_array_equal(before.steps[c], state.steps[c])
    alone = Case([tame] * 4, N=30, seeds=[0, 2, 4, 6]).trained(0, 1000)
    assert_same_state(alone, state, others=slice(None, None, 2))


def test_no_step_is_done_from_weights_that_are_no_numbers():
    case = Case(SETTINGS[:8], N=30)
    case.S[0, 0, 3] = np.nan
    np.testing.assert_array_equal(case.trained(0, 10).steps, [10] * 3 + [0] + [10] * 4)


def errors_of(case, state):
    """Error of each chain against its active teacher, by the slow twin."""
    found = []
    for c, setting in enumerate(case.settings):
        p, S, B = case.active(c), state.S[:, : case.p + case.r, c], case.B[:, :, c]
        own = B[p * case.M : (p + 1) * case.M]
        Q, R, T = S @ S.T, S[:, case.p :] @ own.T, own @ own.T
        arguments = (setting.student, setting.teacher, Q, R, T, state.h[:, c], case.v[c, p])
        found.append(naive.generalisation_error(*arguments))
    return np.array(found)


def test_training_stops_at_the_first_look_below_a_threshold():
    """Looks are at multiples of 7; only chains with a threshold are asked."""
    case = Case([Setting(eta=0.5, eta_h=0.5)] * 8, N=50)
    errors_at = {step: errors_of(case, case.trained(0, step)) for step in range(0, 400, 7)}
    chosen, threshold = 3, 0.8 * errors_at[0][3]
    expected = next(step for step, errors in errors_at.items() if errors[chosen] < threshold)
    assert expected > 7
    shape, terms, teachers, state, phase, *rest = case.kernel()
    phase.threshold[chosen] = threshold
    assert chain.train(shape, terms, teachers, state, phase, *rest, 0, 400, 7) == expected
    assert_same_state(state, case.trained(0, expected))
    below = chain.below_threshold(shape, teachers, state, phase)
    np.testing.assert_array_equal(below, np.arange(8) == chosen)


def measured(case, S, h, pieces=((0, 1),), start=0):
    """Overlaps and errors of n states, measured in pieces of the fractions given."""
    shape, _, teachers, *_ = case.kernel()
    (n, K, _, C), (_, P, M) = S.shape, teachers.v.shape
    found = [np.zeros((C, n + start, *part)) for part in ((K, K), (K, P * M), (P,))]
    work = [np.full((rows, C), np.nan) for rows in (K + P * M, K + P * M, P * M, P, P + 1)]
    measures = records.Measures(*found, *work)
    for first, last in pieces:
        own = int(first * n * K), int(last * n * K)
        records.measure(shape, teachers, S, h, measures, start, *own)
    if (shape.student, shape.teacher) != (CODES["erf"], CODES["erf"]):
        records.fill_errors(shape, teachers, h, measures, start, 0, n * C)
    return found


@pytest.mark.parametrize("activations", [("erf", "erf"), ("erf", "relu"), ("linear", "erf")])
def test_order_parameters_and_errors(activations):
    case = Case([Setting(*activations)] * 8, N=30)
    _, _, teachers, state, *_ = case.kernel()
    S = np.stack([state.S, 1.5 * state.S, np.zeros_like(state.S)])
    heads = np.stack([state.h, 2 * state.h])
    h = np.stack([heads, -heads, heads])
    Q, R, errors = measured(case, S, h, start=2)
    for c in range(8):
        B = case.B[:, :, c]
        np.testing.assert_allclose(teachers.T[c], B @ B.T, rtol=0, atol=1e-14)
        for n in range(3):
            one = S[n, :, : case.p + case.r, c]
            np.testing.assert_allclose(Q[c, n + 2], one @ one.T, rtol=0, atol=1e-14)
            np.testing.assert_allclose(R[c, n + 2], one[:, case.p :] @ B.T, rtol=0, atol=1e-14)
            for p in range(P):
                own = slice(p * M, (p + 1) * M)
                parts = Q[c, n + 2], R[c, n + 2][:, own], teachers.T[c][own, own], h[n, p, :, c]
                expected = naive.generalisation_error(*activations, *parts, case.v[c, p])
                assert errors[c, n + 2, p] == pytest.approx(expected, rel=1e-12)


def test_errors_of_students_that_are_their_teacher_are_zero():
    """Also of very long ones, whose correlations are 1 to rounding."""
    for length in (1e-9, 1.0, 1e9, 1e100):
        case = Case([Setting()] * 8, N=30, K=2, M=2, P=1)
        case.B *= length
        case.S[:] = 0.0
        case.S[:, case.p : case.p + case.r] = case.B
        h = np.moveaxis(case.v, 0, -1)
        errors = measured(case, case.S[None], h[None].copy())[2]
        assert (errors >= 0.0).all()
        assert errors.max() < 1e-14 * np.square(case.v).max()


def test_what_is_measured_depends_on_neither_pieces_nor_other_chains_and_records():
    case = Case([Setting()] * 16, N=30)
    _, _, _, state, *_ = case.kernel()
    S, h = (np.stack([part, 0.3 * part, 2.0 * part]) for part in (state.S, state.h[None]))
    found = measured(case, S, h)
    for first, second in zip(found, measured(case, S, h, ((0, 0.2), (0.2, 0.8), (0.8, 1))), strict=True):
        np.testing.assert_array_equal(first, second)
    for first, second in zip(found, measured(case, S[1:2].copy(), h[1:2].copy()), strict=True):
        np.testing.assert_array_equal(first[:, 1:2], second)
    alone = Case([Setting()] * 8, N=30, seeds=range(15, -1, -2))
    own = slice(None, None, -2)
    parts = (np.ascontiguousarray(part[..., own]) for part in (S, h))
    for first, second in zip(found, measured(alone, *parts), strict=True):
        np.testing.assert_array_equal(first[own], second)


def test_states_are_saved_at_their_steps():
    case = Case(SETTINGS[:8], N=30)
    *fixed, state, phase, keys, work, _ = case.kernel()
    saved = history(state, [3, 4, 10, 40])
    assert chain.train(*fixed, state, phase, keys, work, saved, 0, 20, 0) == 20
    for index, steps in enumerate((3, 4, 10)):
        then = case.trained(0, steps)
        np.testing.assert_array_equal(saved.S[index, :, : case.p + case.r], then.S[:, : case.p + case.r])
        np.testing.assert_array_equal(saved.h[index, 0], then.h)
    assert not saved.S[3].any()
    assert_same_state(state, case.trained(0, 20))


@pytest.mark.parametrize("shape", [(4, 9), (6, 4), (5, 5), (2, 1)])
def test_triangular_rows_have_the_same_products(shape):
    """With rows of zeros and equal rows among them."""
    rows = np.random.default_rng(0).normal(size=(*shape, 8))
    rows[0, :, 0], rows[1, :, 1], rows[:, 0, 2] = 0.0, rows[0, :, 1], 0.0
    found = rows.copy()
    for row in range(min(shape)):
        frames.triangularise(found, row, row + 1)
    for c in range(8):
        expected = rows[:, :, c] @ rows[:, :, c].T
        np.testing.assert_allclose(found[:, :, c] @ found[:, :, c].T, expected, rtol=0, atol=1e-13)
        np.testing.assert_array_equal(np.triu(found[:, :, c], 1), 0.0)

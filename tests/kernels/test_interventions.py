"""The right-hand side with several tasks, anchors and moving teachers, against explicit sums and samples."""

import math

import numpy as np
import pytest

import naive
from naive.interventions import Lesson, State, gram, packed, rate_of_change
from saved_code import saved
from teacherstudent.kernels.compile.references import reference_to
from teacherstudent.kernels.maths.activations import CODES
from teacherstudent.kernels.ode import interventions as kernel
from teacherstudent.kernels.ode.columns import columns_of, combined
from teacherstudent.kernels.ode.mixture import TaskOfStep, mixture
from teacherstudent.kernels.ode.pauses import LEFT
from teacherstudent.kernels.ode.units import units as law


@saved(__file__, error_model="numpy")
def derivative(y, p, dy):
    """The right-hand side for Python."""
    return kernel.derivative(y, reference_to(p), dy)


RNG = np.random.default_rng(4)
# Two tasks of two units, a companion of each unit of the first one, and anchors of three student units.
P, M, K, COMPANIONS = 2, 2, 3, 2
TURNS = [(0, 4, 0.3), (4, 0, -0.3), (1, 5, 0.3), (5, 1, -0.3), (2, 2, -0.2), (3, 3, -0.1)]
PENALTIES = np.array([0.5, 0.0, 2.0])
V = RNG.normal(size=(P, M))
LESSONS = [
    Lesson(0.7, [0, 1], V[0], 0, 0.8, 0.5, 1.0, 0.3, 0.4, (1,)),
    Lesson(0.3, [2, 3], V[1], 1, 0.6, 0.2, 0.7, 0.1, 0.2),
]


def random_state(columns):
    """Overlaps of random vectors, with all parts that the layout has."""
    n, size = columns.count, 20
    vectors = RNG.normal(size=(n + K, size)) / math.sqrt(size)
    both = vectors @ vectors.T
    return State(
        both[n:, n:], both[n:, :n], both[:n, :n], RNG.normal(size=(P, K)), np.abs(RNG.normal(size=K))
    )


def in_layout(state, columns):
    y = np.zeros(columns.size)
    F = columns.layout.F
    y[: columns.layout.size] = np.concatenate([state.Q.ravel(), state.R[:, :F].ravel(), state.h.ravel()])
    y[columns.index_of_R()] = state.R
    if columns.T >= 0:
        y[columns.index_of_T()] = state.T
    if columns.S >= 0:
        y[columns.S :] = state.S
    return y


def equations(columns, state, lessons, penalties, turns, decay=0.1, batch=3, units="erf", threshold=0.0):
    tasks = [
        TaskOfStep(
            each.probability,
            each.labels[0],
            each.v,
            each.head,
            each.eta,
            each.eta_h,
            1.0 + each.input_noise**2,
            each.fidelity,
            each.output_noise**2,
            0.0,
            np.array([0.0 if i in each.frozen else 1.0 for i in range(K)]),
        )
        for each in lessons
    ]
    pull = sum(task.probability * task.eta * task.moving for task in tasks) * penalties
    pull = pull if pull.any() else np.zeros(0)
    model = mixture(columns, state.T, tasks, tasks[0], pull, turns, (decay, decay), batch)
    return kernel.intervened(law(CODES[units], CODES[units], K, len(model.c)), threshold, model)


LAYOUTS = {
    "all": (COMPANIONS, K, True, True),
    "anchors": (0, K, False, True),
    "movement": (0, K, False, False),
    "moving teachers": (COMPANIONS, 0, True, False),
    "tasks": (0, 0, False, False),
}


@pytest.mark.parametrize("units", ["erf", "linear"])
@pytest.mark.parametrize("name", LAYOUTS)
def test_all_terms_against_explicit_sums(name, units):
    companions, anchors, moving, paths = LAYOUTS[name]
    columns = columns_of(K, P * M, P, companions, anchors, moving, paths)
    state, turns = random_state(columns), [turn for turn in TURNS if companions and moving]
    penalties = PENALTIES * (name not in ("movement", "moving teachers", "tasks"))
    p = equations(columns, state, LESSONS, penalties, turns, units=units)
    found = kernel.rate_of_change(p, in_layout(state, columns))
    expected = rate_of_change(LESSONS, state, 0.1, 3, penalties[: anchors or 0], turns, units)
    np.testing.assert_allclose(found, in_layout(expected, columns), rtol=1e-11, atol=1e-12)


def test_a_pause_between_any_two_rows_changes_nothing():
    columns = columns_of(K, P * M, P, *LAYOUTS["all"])
    state = random_state(columns)
    p, y = equations(columns, state, LESSONS, PENALTIES, TURNS), in_layout(state, columns)
    whole, dy, calls = kernel.rate_of_change(p, y), np.empty(len(y)), 1
    p.progress[LEFT] = 1
    while not derivative(y, p, dy):
        p.progress[LEFT], calls = 1, calls + 1
    assert calls == 2 * (K + M - 1) + 1
    np.testing.assert_array_equal(dy, whole)


def test_mean_change_of_a_step_with_imperfect_inputs():
    """Sampled: the student sees g x + sqrt(1 - g^2) xi + s zeta, the label is that of x."""
    columns, N, samples = columns_of(K, P * M, P, 0, 0, False, False), 40, 400_000
    lesson = LESSONS[1]._replace(probability=1.0, fidelity=0.6, input_noise=0.5)
    W, B, h = RNG.normal(size=(K, N)), RNG.normal(size=(P * M, N)), RNG.normal(size=(P, K))
    x, xi, zeta = RNG.normal(size=(3, samples, N))
    seen = lesson.fidelity * x + math.sqrt(1.0 - lesson.fidelity**2) * xi + lesson.input_noise * zeta
    fields, projections = seen @ W.T / math.sqrt(N), seen @ B.T / math.sqrt(N)
    g, slope = naive.G["erf"](fields), naive.DG["erf"](fields)
    labels = naive.G["erf"](x @ B[lesson.labels].T / math.sqrt(N)) @ lesson.v
    d = g @ h[1] - labels - lesson.output_noise * RNG.normal(size=samples)
    step = -lesson.eta * d[:, None] * h[1] * slope
    dR = step[:, :, None] * projections[:, None, :]
    length = 1.0 + lesson.input_noise**2
    dQ = step[:, :, None] * fields[:, None, :]
    dQ = dQ + dQ.swapaxes(1, 2) + length * step[:, :, None] * step[:, None, :]
    state = State(W @ W.T / N, W @ B.T / N, B @ B.T / N, h, np.zeros(K))
    p = equations(columns, state, [lesson], np.zeros(K), [], decay=0.0, batch=1)
    dy = kernel.rate_of_change(p, in_layout(state, columns))
    for sampled, found in (
        (dQ, dy[: K * K].reshape(K, K)),
        (dR, dy[columns.index_of_R()]),
        (-lesson.eta_h * d[:, None] * g, dy[columns.layout.h + K :]),
    ):
        error = sampled.std(axis=0) / math.sqrt(samples)
        assert (np.abs(found - sampled.mean(axis=0)) < 4.5 * error).all()
        assert (np.abs(found) > 30 * error).any()


def test_the_motion_of_columns_is_that_of_vectors():
    """Vectors that turn and drift by small steps, the noise of the drift along axes of its own."""
    columns, dt = columns_of(K, P * M, P, COMPANIONS, K, True, False), 1e-6
    n, state = columns.count, random_state(columns)
    p = equations(columns, state, [LESSONS[0]._replace(eta=0.0)], np.zeros(K), TURNS, decay=0.0)
    dy = kernel.rate_of_change(p, in_layout(state, columns))
    values, axes = np.linalg.eigh(gram(state))
    vectors = axes * np.sqrt(np.maximum(values, 0.0))
    moved = vectors.copy()
    for b, c, rate in TURNS:
        moved[b] += dt * rate * vectors[c]
    change = (moved @ moved.T - vectors @ vectors.T) / dt
    np.fill_diagonal(change, 0.0)
    np.testing.assert_allclose(dy[columns.index_of_T()], change[:n, :n], rtol=0, atol=1e-5)
    np.testing.assert_allclose(dy[columns.index_of_R()], change[n:, :n], rtol=0, atol=1e-5)
    assert np.abs(change[:n, :n]).max() > 0.1


def test_combined_columns_are_combinations_of_vectors():
    columns = columns_of(K, P * M, P, 0, K, False, False)
    n, state = columns.count, random_state(columns)
    values, axes = np.linalg.eigh(gram(state))
    vectors = axes * np.sqrt(np.maximum(values, 0.0))
    weights = RNG.normal(size=(5, n + K))
    R, T = combined(weights, state.Q, state.R, state.T)
    new = weights @ vectors
    np.testing.assert_allclose(T, new @ new.T, rtol=0, atol=1e-12)
    np.testing.assert_allclose(R, vectors[n:] @ new.T, rtol=0, atol=1e-12)


def test_packed_states_have_every_number():
    columns = columns_of(K, P * M, P, *LAYOUTS["all"])
    state = random_state(columns)
    assert columns.size == packed(state).size
    np.testing.assert_array_equal(np.sort(in_layout(state, columns)), np.sort(packed(state)))

"""Re-use, specialisation, movement and the replay that is needed, against closed forms and quadrature."""

import numpy as np
import pytest
from pytest import approx
from scipy.special import erf

import teacherstudent as ts
from teacherstudent import measures
from teacherstudent.spec.axes import with_values

ACTIVATIONS = {
    "erf": lambda x: erf(x / np.sqrt(2.0)),
    "relu": lambda x: np.maximum(x, 0.0),
    "linear": lambda x: x,
}
RUNS, K, N = 5, 3, 40


@pytest.fixture(scope="module")
def weights():
    """Weights and anchors of some runs, with the overlaps that a run records."""
    draw = np.random.default_rng(3)
    w, c = draw.normal(size=(2, RUNS, K, N))
    w[0, 1], c[1, 2] = c[0, 1], 0.0  # a unit that did not move, and an anchor without a direction
    overlaps = {"Q": w @ w.swapaxes(-1, -2), "A": w @ c.swapaxes(-1, -2), "C": (c**2).sum(-1)}
    return w, c, {name: value / N for name, value in overlaps.items()}


# Contributions


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_contributions_are_shares_of_the_second_moments(activation):
    """By quadrature over the local field of each unit; of relu both halves apart."""
    Q, h = np.diag([0.3, 1.0, 2.5]) + 0.1, np.array([1.0, -0.5, 0.2])
    nodes, factors = np.polynomial.hermite_e.hermegauss(180)
    fields = np.sqrt(np.diag(Q))[:, None] * nodes
    power = h**2 * (ACTIVATIONS[activation](fields) ** 2 @ factors)
    found = measures.contributions(Q, h, activation)
    assert found == approx(power / power.sum(), abs=1e-9)
    assert found.sum() == approx(1.0, abs=1e-15)


def test_contributions_of_runs_and_times_are_those_of_each():
    draw = np.random.default_rng(0)
    w, h = draw.normal(size=(2, 4, K, N)), draw.normal(size=(2, 4, K))
    Q = w @ w.swapaxes(-1, -2) / N
    found = measures.contributions(Q, h)
    assert found.shape == (2, 4, K)
    assert found[1, 2].tolist() == measures.contributions(Q[1, 2], h[1, 2]).tolist()


def test_contributions_do_not_depend_on_the_scale_of_the_readouts():
    Q = np.diag([0.3, 1.0])
    assert measures.contributions(Q, [1e-9, 2e-9]) == approx(measures.contributions(Q, [-1.0, 2.0]))


def test_an_output_of_zero_has_no_shares():
    assert np.isnan(measures.contributions(np.eye(2), [0.0, 0.0])).all()
    assert measures.contributions(np.eye(2), [0.0, 3.0]).tolist() == [0.0, 1.0]


def test_unknown_activations_are_an_error():
    with pytest.raises(ValueError, match="activation 'tanh': must be one of erf, relu, linear"):
        measures.contributions(np.eye(2), [1.0, 1.0], "tanh")


# Re-use and specialisation


def test_reuse_and_specialisation():
    first = np.array([[1.0, 0.0, 0.0], [0.5, 0.3, 0.2], [1 / 3, 1 / 3, 1 / 3]])
    second = np.array([[0.0, 0.4, 0.6], [0.1, 0.9, 0.0], [0.2, 0.3, 0.5]])
    assert measures.reuse(first, second) == approx([0.0, 0.05 + 0.27, 1 / 3])
    assert measures.specialisation(first) == approx([1.0, 0.5, 1 / 3])
    assert np.isnan(measures.reuse([np.nan, np.nan], [0.5, 0.5]))


# The state at the switch of a run of 100 units of time on a first task (two erf units, one head), and the
# specialisation there, by an independent integration of the equations.
STATES = [
    ([[0.9921976061162805, -0.12392614351816275], [-0.12392614351816275, 0.015574610764941904]],
     [0.9832268310289397, -0.11593349809792915], 0.999591177),
    ([[0.1498289231301343, -0.39698741613096133], [-0.39698741613096133, 1.0552848314156416]],
     [0.3071789726947727, -0.8370276277545401], 0.968391503),
]  # fmt: skip


@pytest.mark.parametrize("Q, h, expected", STATES)
def test_specialisation_of_learned_tasks(Q, h, expected):
    assert measures.specialisation(measures.contributions(Q, h)) == approx(expected, abs=6e-10)


# Movement


def test_movement_is_the_distance_of_weights_and_anchors(weights):
    w, c, overlaps = weights
    found = measures.movement(*overlaps.values())
    assert found == approx(((w - c) ** 2).sum(-1) / N, abs=1e-14)
    assert found[0, 1] <= 1e-15
    assert (found >= 0.0).all()


def test_cosines_are_those_of_weights_and_anchors(weights):
    w, c, overlaps = weights
    found = measures.anchor_cosines(*overlaps.values())
    with np.errstate(invalid="ignore"):
        lengths = np.linalg.norm(w, axis=-1) * np.linalg.norm(c, axis=-1)
        expected = (w * c).sum(-1) / lengths
    assert found == approx(expected, abs=1e-14, nan_ok=True)
    assert found[0, 1] == approx(1.0, abs=1e-15)
    assert np.isnan(found[1, 2])
    assert np.nanmax(np.abs(found)) <= 1.0


# The replay that is needed


def test_replay_of_an_exponential_is_exact():
    r = np.array([0.0, 0.03, 0.1, 0.3])
    F = 0.2 * np.exp(-np.outer([10.0, 20.0, 30.0], r))
    assert measures.replay_needed(r, F, factor=4.0) == approx(np.log(4.0) / np.array([10.0, 20.0, 30.0]))


def test_a_reduction_that_is_not_reached_is_nan():
    r = [0.0, 0.1, 0.2]
    found = measures.replay_needed(
        r, [[1.0, 0.5, 0.11], [1.0, 0.5, 0.1], [0.0, 0.0, 0.0], [-1.0, -2.0, -3.0]]
    )
    assert found == approx([np.nan, 0.2, np.nan, np.nan], nan_ok=True)


def test_the_first_crossing_counts():
    assert measures.replay_needed([0.0, 0.1, 0.2, 0.3], [1.0, 0.1, 0.9, 0.01]) == approx(0.1)


def test_forgetting_that_becomes_negative_is_interpolated_linearly():
    assert measures.replay_needed([0.0, 0.1, 0.2], [1.0, 0.5, -0.3], factor=10.0) == approx(0.15)
    assert measures.replay_needed([0.0, 0.4], [1.0, 0.0], factor=2.0) == approx(0.2)


def test_fractions_after_a_run_that_diverged():
    assert measures.replay_needed([0.0, 0.1, 0.2], [1.0, 0.1, np.nan]) == approx(0.1)
    assert np.isnan(measures.replay_needed([0.0, 0.1, 0.2], [np.nan, 0.1, 0.01]))


@pytest.mark.parametrize(
    "fractions, forgetting, factor, said",
    [
        ([0.1, 0.2], [1.0, 0.1], 10.0, "start with 0"),
        ([0.0, 0.2, 0.1], [1.0, 0.1, 0.1], 10.0, "ascending"),
        ([0.0, 0.0], [1.0, 0.1], 10.0, "ascending"),
        ([0.0], [1.0], 10.0, "at least two"),
        ([0.0, 0.1], [1.0, 0.1, 0.1], 10.0, "must have the 2 fractions"),
        ([0.0, 0.1], [1.0, 0.1], 1.0, "must be larger than 1"),
        ([0.0, 0.1], [1.0, 0.1], float("nan"), "must be larger than 1"),
    ],
)
def test_wrong_arguments(fractions, forgetting, factor, said):
    with pytest.raises(ValueError, match=said):
        measures.replay_needed(fractions, forgetting, factor)


# Runs

# Two tasks of similarity 0.5 with a switch at t = 100, from overlaps of random networks with an imbalanced
# first head. What follows 200 units of time later, by an independent integration of the equations: re-use,
# movement of the used and of the idle unit, and cosine of the used unit with its weights at the switch.
Q = [[9.961972635463782e-07, -1.4345486062096667e-08], [-1.4345486062096667e-08, 9.88032621740418e-07]]
R = [[-1.3371330816591973e-05, 1.4820608843897874e-05], [6.753118803049765e-07, 6.502069193306949e-06]]
H = [[0.01, -0.001], [-0.0002243573380403023, 0.0008233788498177786]]
SWITCHED = {
    "plain": ({}, [0.966153384, 1.08519974, 0.125818203, 0.520763277]),
    "replay": (
        {"curriculum.replay": {"fraction": 0.1}},
        [0.629610159, 0.472324676, 0.804475045, 0.783006836],
    ),
    "node": (
        {"training.consolidation": {"kind": "node", "strength": 0.01}},
        [0.848323051, 0.585874762, 0.410071262, 0.68537343],
    ),
}


@pytest.mark.parametrize("name", SWITCHED)
def test_measures_of_runs(name):
    changes, expected = SWITCHED[name]
    V, axes = 0.5, np.array(R)
    second = V * axes[:, 0] + np.sqrt(1 - V**2) * axes[:, 1]
    document = {
        "inputs": {"dimension": 1000},
        "training": {"learning_rate": 1.0},
        "curriculum": {"switch_times": [100.0]},
        "duration": 300.0,
        "record": {"times": [0.0, 100.0, 300.0], "movement": True},
        "initial_overlaps": {
            "student": Q,
            "student_teacher": np.stack([axes[:, 0], second])[:, :, None],
            "teacher": np.array([[1.0, V], [V, 1.0]])[:, :, None, None],
            "student_readouts": H,
            "teacher_readouts": [[1.0], [1.0]],
        },
    }
    run = ts.run(with_values(document, changes), engine="ode")
    _, switch, end = range(3)
    first = measures.contributions(run.student_overlaps[switch], run.student_readouts[switch, 0])
    second = measures.contributions(run.student_overlaps[end], run.student_readouts[end, 1])
    anchors = run.student_overlaps[end], run.anchor_overlaps[end], run.anchor_norms[end]
    moved, cosines = measures.movement(*anchors), measures.anchor_cosines(*anchors)
    found = [measures.reuse(first, second), *moved, cosines[0]]
    assert first.argmax() == 0
    assert found == approx(expected, abs=2e-8)

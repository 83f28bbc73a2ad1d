"""Losses with a margin where units of students depend on each other, or nearly: growing outputs of sums."""

from functools import lru_cache

import numpy as np
import pytest
from scipy.special import erf
from scipy.stats import chi

from classes import document
from teacherstudent.engines.labels import label_errors
from teacherstudent.engines.ode.formulation import Origin
from teacherstudent.engines.ode.summed import Summed
from teacherstudent.engines.phases import phases
from teacherstudent.engines.rates import stages
from teacherstudent.errors import RunError
from teacherstudent.kernels.ode.equations import rate_of_change
from teacherstudent.simulation.runs import simulate, simulate_runs
from teacherstudent.spec.parse import parse_spec

DIRECTIONS, RADII, FLIPS = 20_001, 40, 0.1
ONE, TWO = [[1.0, 0.0, 0.0]], [[1.0, 0.0, 0.0], [0.3, 0.9, 0.0]]
UNIT = np.array([0.8, 0.3, 0.0])
# Along the coordinate z of the teacher TWO with readouts 1 and 0.7, which alone does not decide the label.
ACROSS = 0.9 * np.array([0.61394061, -0.78935222, 0.0])
OTHER = np.array([0.0, 0.0, 1.0])


def described(W, V, h, v, loss, margin, **blocks):
    """Two equal tasks, of which the first one is trained."""
    W, V = np.array(W), np.array(V)
    overlaps = {
        "student": (W @ W.T).tolist(),
        "student_teacher": [(W @ V.T).tolist()] * 2,
        "teacher": [[(V @ V.T).tolist()] * 2] * 2,
        "student_readouts": [h] * 2,
        "teacher_readouts": [v] * 2,
    }
    blocks = {"curriculum": {}} | blocks
    return document(loss, margin, rate=0.5, flips=FLIPS, overlaps=overlaps, **blocks)


def rates(*case):
    """dQ/dt, dR/dt and dh/dt of the equations, with a tolerance of 1e-6."""
    spec = parse_spec(described(*case, numerics={"cubature_tolerance": 1e-6}))
    form, phase = Summed.at_start(Origin(spec, 0, 0), 0), phases(spec)[0]
    found = rate_of_change(form.constants(stages(spec, phase, [0], 0.0, 0.0)[0], phase), form.y)
    K, M = len(case[0]), len(case[1])
    sizes = K * K, K * 2 * M, 2 * K
    Q, R, h = np.split(found, np.cumsum(sizes)[:2])
    return np.concatenate([Q, R.reshape(K, 2 * M)[:, :M].ravel(), h[:K]])


@lru_cache
def inputs():
    """Equally probable points of three inputs: a spiral of directions, and quantiles of radii."""
    i = np.arange(DIRECTIONS) + 0.5
    z, angle = 1.0 - 2.0 * i / DIRECTIONS, np.pi * (1.0 + np.sqrt(5.0)) * i
    across = np.sqrt(1.0 - z * z)
    radii = chi(3).ppf((np.arange(RADII) + 0.5) / RADII)
    return np.multiply.outer([across * np.cos(angle), across * np.sin(angle), z], radii).reshape(3, -1)


def mean_rates(W, V, h, v, loss, margin, eta=0.5):
    """The same as means over these points."""
    W, V, h, x = np.array(W), np.array(V), np.array(h), inputs()
    fields, sign = W @ x, np.sign(np.array(v) @ erf(V @ x / np.sqrt(2.0)))
    g, slope = erf(fields / np.sqrt(2.0)), np.sqrt(2.0 / np.pi) * np.exp(-0.5 * fields**2)
    total = 0.0
    for y, weight in ((sign, 1.0 - FLIPS), (-sign, FLIPS)):
        short = np.maximum(margin - y * (h @ g), 0.0)
        D = -y * (short if loss == "squared_hinge" else short > 0.0)
        move = D * h[:, None] * slope
        drift, power = move @ np.concatenate([fields, V @ x]).T / x.shape[1], move @ move.T / x.shape[1]
        own, other = drift[:, : len(W)], drift[:, len(W) :]
        dQ = eta**2 * power - eta * (own + own.T)
        parts = dQ.ravel(), -eta * other.ravel(), -eta * (D * g).mean(axis=1)
        total = total + weight * np.concatenate(parts)
    return total


CASES = {
    "equal": ([UNIT, UNIT], ONE, [0.5, -0.8], [1.0]),
    "opposite, the second is larger": ([UNIT, -UNIT], ONE, [0.5, 0.8], [1.0]),
    "opposite, the first is larger": ([UNIT, -UNIT], ONE, [0.8, 0.5], [1.0]),
    "a unit of zero": ([0.0 * UNIT, UNIT], ONE, [0.8, -0.5], [1.0]),
    "almost the teacher without the label": ([ACROSS + 0.003 * OTHER], TWO, [0.8], [1.0, 0.7]),
    "near the teacher without the label": ([ACROSS + 0.03 * OTHER], TWO, [0.8], [1.0, 0.7]),
} | {
    f"{kind} up to {distance}": ([UNIT, sign * UNIT + distance * OTHER], ONE, [0.5, -sign * 0.8], [1.0])
    for kind, sign in (("equal", 1.0), ("opposite", -1.0))
    for distance in (1e-7, 1e-5, 1e-3, 0.01, 0.03, 0.1)
}  # fmt: skip


@pytest.mark.parametrize("loss", ["hinge", "squared_hinge"])
@pytest.mark.parametrize("name", CASES)
def test_rates_are_means_over_inputs(name, loss):
    found, expected = (rate(*CASES[name], loss, 0.1) for rate in (rates, mean_rates))
    np.testing.assert_allclose(found, expected, rtol=0, atol=3e-4)


@pytest.mark.parametrize("name", CASES)
def test_errors_are_means_over_inputs(name):
    W, V, h, v = map(np.array, CASES[name])
    spec = parse_spec(described(*CASES[name], "hinge", 0.1))
    order = (W @ W.T)[None], (W @ V.T)[None], V @ V.T
    phi, value = (a @ erf(U @ inputs() / np.sqrt(2.0)) for U, a in ((W, h), (V, v)))
    expected = np.maximum(0.1 - np.sign(value) * phi, 0.0).mean(), np.mean(phi * value <= 0.0)
    found = np.ravel(label_errors(spec, *order, np.array([[h, h]]), v[None]))
    np.testing.assert_allclose(found[0], expected[0], rtol=0, atol=1e-4)
    np.testing.assert_allclose(found[1], expected[1], rtol=0, atol=1e-3)


@pytest.mark.parametrize("units", [[UNIT, -UNIT], [UNIT, UNIT]])
def test_runs_from_equal_and_opposite_units_are_those_of_chains(units):
    h = [0.5, 0.8] if units[1] is not units[0] else [0.5, -0.8]
    blocks = {"inputs": {"dimension": 10**6}, "duration": 1.0, "record": {"count": 3}}
    spec = parse_spec(described(units, ONE, h, [1.0], "hinge", 0.1, **blocks))
    chains = list(simulate_runs(spec, "chain", 0, 8))
    for name in ("student_overlaps", "student_teacher_overlaps", "student_readouts"):
        mean = np.mean([getattr(chain, name) for chain in chains], axis=0)
        np.testing.assert_allclose(getattr(simulate(spec, "ode", 0), name), mean, rtol=0, atol=5e-3)


@pytest.mark.parametrize("sizes", [(1.0, 0.5), (0.5, 1.0), (1.0, -2.0)])
def test_outputs_that_grow_in_no_direction_are_refused(sizes):
    h = [0.5, -0.8 * np.sign(sizes[0] * sizes[1])]
    case = [size * UNIT for size in sizes], ONE, h, [1.0]
    with pytest.raises(RunError, match=r"student: at t = 0 .* depend on each other.* engine chain"):
        rates(*case, "hinge", 0.1)
    with pytest.raises(RunError, match=r"student: .* thresholds"):  # needs the classification error
        thresholds = {"order": [0, 1], "thresholds": [0.2, 0.1]}
        spec = described(*case, "logistic", None, duration=1.0, curriculum=thresholds, record={"count": 2})
        simulate(parse_spec(spec), "ode", 0)


def test_outputs_that_cancel_have_the_classification_error_of_a_constant():
    """Half of the labels are wrong, so that a threshold below that is not reached."""
    case = [UNIT, UNIT], ONE, [0.4, -0.4], [1.0]
    curriculum = {"order": [0, 1], "thresholds": [0.05, 0.01]}
    document = described(*case, "logistic", None, duration=0.5, record={"count": 2}, curriculum=curriculum)
    document["training"]["train"] = ["readouts"]  # both units remain equal
    run = simulate(parse_spec(document), "ode", 0)
    assert run.time[-1] == 0.5 and not len(run.switch_times)


def test_nodes_that_are_too_coarse_do_not_end_a_phase(monkeypatch):
    spec = parse_spec(described(*CASES["equal"], "hinge", 0.1, duration=2.0, record={"count": 2}))
    choose = Summed.choose_nodes
    monkeypatch.setattr(Summed, "choose_nodes", lambda form, time: choose(form, time) if not time else None)
    with pytest.raises(RunError, match="numerics.cubature_tolerance: at t = "):
        simulate(spec, "ode", 0)

"""Means over runs of engine `network` with interventions, against equations solved by another program.

The references (`data/means/interventions.json`) are solutions for N -> infinity by an independent program.
"""

import json
from pathlib import Path

import numpy as np
import pytest

import depth
from naive import DG, G
from teacherstudent.simulation.runs import simulate, simulate_runs
from teacherstudent.spec.parse import parse_spec

REFERENCES = json.loads(
    (Path(__file__).parent / "data" / "means" / "interventions.json").read_text(encoding="utf-8")
)
SEED, RUNS = 1, 8
# Means may differ from the limit by this number over N besides their statistical error.
FINITE_SIZE = 5.0


def consolidated(kind, strength, **keys):
    return {"training": {"consolidation": {"kind": kind, "strength": strength, **keys}}}


def replayed(time, **keys):
    return {"curriculum": {"switch_times": [time], "replay": keys}}


FEATURES = {"learning_rate": 0.5, "train": ["features"]}
PIECES = [
    {"until": 30.0, "probabilities": [1, 0, 0]},
    {"until": 60.0, "probabilities": [0.3, 0.7, 0]},
    {"probabilities": [0.2, 0.2, 0.6]},
]
NOISE = {"deficits": [{"start": 10.0, "until": 60.0, "input_noise": 1.0}]}
TURN = {"teacher": 0, "towards": 1, "rate": 0.05, "start": 40.0}
SPECS = {
    "mix_three_tasks_K3M1": {"curriculum": {"mixture": PIECES}},
    "replay_r0.1_K2M1": replayed(40.0, fraction=0.1),
    "replay_imperfect_K2M1": replayed(40.0, fraction=0.2, fidelity=0.8),
    "ewc_perunit_K2M1": consolidated("ewc", 2e4) | {"curriculum": {"switch_times": [10.0]}},
    "quadratic_three_tasks_K3M1": consolidated("quadratic", 0.02)
    | {"curriculum": {"switch_times": [60.0, 120.0]}},
    "si_K2M1": consolidated("path_integral", 1.0) | {"curriculum": {"switch_times": [40.0]}},
    "drift_scm_K2M2": {"teachers": {"drift": 0.01}, "training": FEATURES},
    "rotation_K2M1": {"teachers": {"rotation": TURN}, "curriculum": {"order": [0]}},
    "deficit_input_noise_K3M2": {"training": {"learning_rate": 0.5} | NOISE},
}
QUANTITIES = ("generalisation_error", "student_overlaps", "student_teacher_overlaps", "student_readouts")


def spec_of(name, N):
    reference, blocks = REFERENCES[name], SPECS[name]
    times = [row["time"] for row in reference["rows"]]
    return parse_spec(
        {
            "inputs": {"dimension": N},
            "initial_overlaps": reference["initial_overlaps"],
            "duration": times[-1],
            "record": {"times": times},
            "training": {"learning_rate": 1.0} | blocks.get("training", {}),
        }
        | {key: block for key, block in blocks.items() if key != "training"}
    )


@pytest.mark.parametrize("name", SPECS)
def test_means_over_runs_are_near_the_limit_of_many_inputs(name):
    N = 2000 if depth.everything else 500
    runs = list(simulate_runs(spec_of(name, N), "network", SEED, RUNS))
    for quantity in QUANTITIES:
        expected = np.array([row[quantity] for row in REFERENCES[name]["rows"]])
        found = np.stack([getattr(run, quantity) for run in runs])
        if name == "rotation_K2M1" and quantity in QUANTITIES[::2]:
            expected, found = expected[:, 0], found[:, :, 0]  # there, the other teacher turns as well
        error = found.std(axis=0, ddof=1) / np.sqrt(RUNS)
        far = np.abs(found.mean(axis=0) - expected) / (3.0 * error + FINITE_SIZE / N)
        assert far.max() < 1.0, quantity
    if "importances" in REFERENCES[name]:
        found = np.stack([run.importances for run in runs])
        assert_near(found, np.array(REFERENCES[name]["importances"]), 1.0 / N)


def assert_near(found, expected, relative):
    """Means over runs, which are the first axis, differ by statistical errors and a small fraction."""
    error = found.std(axis=0, ddof=1) / np.sqrt(len(found))
    assert (np.abs(found.mean(axis=0) - expected) < 3.0 * error + FINITE_SIZE * relative * expected).all()


# Importances against closed forms


def importances_of(kind, N, runs=RUNS, **keys):
    """Importances at the switch, (runs, K), and runs with the reference's initial order parameters."""
    reference = REFERENCES["ewc_perunit_K2M1"]
    spec = parse_spec(
        {
            "inputs": {"dimension": N},
            "initial_overlaps": reference["initial_overlaps"],
            "duration": 11.0,
            "record": {"times": [0.0, 10.0, 11.0], "state": True},
            "curriculum": {"switch_times": [10.0]},
            "training": {"learning_rate": 1.0} | consolidated(kind, 1.0, **keys)["training"],
        }
    )
    found = list(simulate_runs(spec, "network", SEED, runs))
    return np.stack([run.importances[0] for run in found]), found


def test_fisher_information_is_its_closed_form_at_the_switch():
    """h_i^2 <d^2 g'_i^2> from the order parameters of each run, by integrals of the naive twin."""
    found, runs = importances_of("ewc", 400, fisher_samples=40_000)
    for importances, run in zip(found, runs, strict=True):
        np.testing.assert_allclose(importances, run_powers(run, 1), rtol=0.05)  # statistical error 0.01


@pytest.mark.parametrize("N", [8, 24])
def test_importances_of_small_networks_are_those_of_order_parameters(N):
    """A switch before the first step: the engine chain computes them from the same overlaps."""
    blocks = {
        "inputs": {"dimension": N},
        "initial_overlaps": REFERENCES["ewc_perunit_K2M1"]["initial_overlaps"],
        "duration": 1.0,
        "record": {"times": [0.0, 1.0]},
        "curriculum": {"switch_times": [1e-6]},
        "training": {"learning_rate": 1.0} | consolidated("ewc", 0.0, fisher_samples=200_000)["training"],
    }
    found, expected = (simulate(parse_spec(blocks), engine).importances for engine in ("network", "chain"))
    np.testing.assert_allclose(found, expected, rtol=0.02)  # statistical error 0.005


def test_fisher_information_of_the_weights_of_a_unit_scatters_like_one_over_N():
    """Inputs are correlated with the fields through single weights, and their mean squares with the error."""
    scatter = []
    for N in (40, 160):
        settings = {"fisher_samples": 100_000, "runs": 3}
        of_units, _ = importances_of("ewc", N, **settings)
        found, runs = importances_of("ewc", N, importances="weights", **settings)
        np.testing.assert_allclose(N * (found / of_units - 1.0), 1.5, rtol=0, atol=1.0)
        each = np.stack([run.state["penalties"] for run in runs]) / found[:, :, None]
        scatter.append(each.std(axis=2).mean())
    assert 2.5 < scatter[0] / scatter[1] < 5.5


def test_path_integrals_are_powers_integrated_over_time():
    """eta int h_i^2 <d^2 g'_i^2> dt with label noise, by the trapezoidal rule along the recorded run."""
    reference, eta, noise = REFERENCES["si_K2M1"], 0.5, 0.3
    times = np.linspace(0.0, 10.0, 101)
    spec = parse_spec(
        {
            "inputs": {"dimension": 1000},
            "initial_overlaps": reference["initial_overlaps"],
            "duration": 10.1,
            "record": {"times": [*times.tolist(), 10.1]},
            "teachers": {"output_noise": noise},
            "curriculum": {"switch_times": [10.0]},
            "training": {"learning_rate": eta} | consolidated("path_integral", 0.0)["training"],
        }
    )
    runs = list(simulate_runs(spec, "network", SEED, RUNS))
    expected = [
        np.trapezoid([eta * run_powers(run, t, noise) for t in range(101)], times, axis=0) for run in runs
    ]
    ratios = np.stack([run.importances[0] for run in runs]) / np.array(expected)
    error = ratios.std(axis=0, ddof=1) / np.sqrt(RUNS)
    assert (np.abs(ratios.mean(axis=0) - 1.0) < 3.0 * error + FINITE_SIZE / 1000).all()
    assert error.max() < 0.02


def run_powers(run, row, noise=0.0):
    """h_i^2 <d^2 g'_i^2> of task 0 at a recorded time."""
    Q, R = run.student_overlaps[row], run.student_teacher_overlaps[row, 0]
    h, v = run.student_readouts[row, 0], run.teacher_readouts[0]
    C = np.block([[Q, R], [R.T, run.teacher_overlaps[0, 0]]])
    points, weights = np.polynomial.hermite_e.hermegauss(24)
    grid = np.stack(np.meshgrid(points, points, points, indexing="ij")).reshape(3, -1)
    product = np.prod(np.meshgrid(weights, weights, weights, indexing="ij"), axis=0).ravel()
    fields = np.linalg.cholesky(C) @ grid
    error = h @ G["erf"](fields[:2]) - v @ G["erf"](fields[2:])
    return h**2 * ((error**2 + noise**2) * DG["erf"](fields[:2]) ** 2 @ product) / product.sum()

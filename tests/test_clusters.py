"""Inputs of Gaussian clusters: laws of both engines, errors, states, and what is refused."""

import math

import numpy as np
import pytest
from scipy.special import ndtr

from depth import thorough_from
from laws import assert_other_law, assert_same_law
from naive import G, clusters
from samples import assert_same
from teacherstudent.engines import cluster_errors as cluster_errors_module
from teacherstudent.engines.base import ENGINES
from teacherstudent.engines.cluster_errors import cluster_errors
from teacherstudent.errors import SpecError
from teacherstudent.simulation.runs import simulate, simulate_runs
from teacherstudent.spec.parse import parse_spec
from teacherstudent.store.runs import write_runs
from teacherstudent.store.starts import load_start

NAMES = "student_overlaps", "student_cluster_overlaps", "student_readouts"
CASES = {
    "xor": {
        "clusters": {"means": "xor", "std": [0.5, 0.8, 1.0, 0.3], "norm": 1.2},
        "activation": "relu",
        "training": {"learning_rate": 0.3},
    },
    "opposite": {
        "clusters": {"means": "opposite", "probabilities": [0.3, 0.7], "std": 0.6},
        "training": {"batch_size": 3, "weight_decay": 0.5},
    },
    "tasks": {
        "clusters": {"means": "orthogonal", "labels": [[1, -1, 1], [-1, -1, 1]], "std": [0.5, 1.0, 1.5]},
        "count": 2,
        "curriculum": {"switch_times": [1.0]},
    },
}


def document(dimension=20, clusters=None, activation="erf", count=1, training=None, **blocks):
    return {
        "inputs": {
            "dimension": dimension,
            "distribution": "mixture",
            "clusters": clusters or {"means": "xor", "std": 0.5},
        },
        "teachers": {"count": count, "hidden": 1},
        "student": {
            "hidden": 2,
            "activation": activation,
            "heads": "per_task",
            "initial": {"weights_std": 0.7, "readouts_std": 0.7},
        },
        "training": {"learning_rate": 0.9, "readout_learning_rate": 0.6} | (training or {}),
        "duration": 2.0,
        "record": {"times": [0.0, 0.5, 2.0]},
    } | blocks


def write_file(path, spec, engine, seed, runs):
    write_runs(path, [("/", spec, engine, seed, runs)], run_axis=False)


@pytest.fixture
def few_points(monkeypatch):
    """Errors of lower accuracy, where they are not compared."""
    monkeypatch.setattr(cluster_errors_module, "POINTS", 16)


def samples(described, engine, runs, seed=0):
    found = list(simulate_runs(parse_spec(described), engine, seed=seed, runs=runs))
    return {name: np.stack([getattr(one, name) for one in found]) for name in NAMES}


@pytest.mark.parametrize("dimension", thorough_from(1, [4, 8]))
@pytest.mark.parametrize("case", CASES)
def test_the_law_of_chains_is_that_of_slow_simulations(few_points, case, dimension):
    described = document(dimension, **CASES[case])
    slow = clusters.simulate(parse_spec(described).to_dict(), 1200, 3, CASES[case].get("activation", "erf"))
    assert_same_law(slow, samples(described, "chain", 1200))


@pytest.mark.parametrize("case", CASES)
def test_the_law_of_networks_is_that_of_chains(few_points, case):
    described = document(9, **CASES[case])
    assert_same_law(samples(described, "network", 600), samples(described, "chain", 600))


def test_another_standard_deviation_is_another_law(few_points):
    case = CASES["opposite"] | {"duration": 6.0, "record": {"times": [0.0, 6.0]}}
    one, other = (document(8, **case | {"clusters": case["clusters"] | {"std": std}}) for std in (0.6, 1.2))
    assert_other_law(samples(one, "chain", 1200), samples(other, "chain", 1200, seed=1))


def given(tmp_path, N, Q, m, h):
    """Files with a student and means of opposite clusters with exact overlaps."""
    axes = np.linalg.qr(np.random.default_rng(0).normal(size=(N, 3)))[0].T * math.sqrt(N)
    mu = np.array([axes[0], -axes[0]])
    rest = np.linalg.cholesky(np.array(Q) - np.outer(np.array(m)[:, 0], np.array(m)[:, 0]))
    weights = np.outer(np.array(m)[:, 0], axes[0]) + rest @ axes[1:]
    np.savez(tmp_path / "student.npz", weights=weights, readouts=np.array([h]))
    np.savez(tmp_path / "means.npz", means=mu)
    return {
        "clusters": {
            "means": "file", "file": str(tmp_path / "means.npz"), "labels": [1, -1], "std": [0.7, 0.7]
        },
        "student": {"hidden": 2, "initial": {"scheme": "file", "file": str(tmp_path / "student.npz")}},
    }  # fmt: skip


START = {
    "Q": [[0.3, 0.05], [0.05, 0.2]],
    "m": [[0.1, -0.1], [-0.05, 0.05]],
    "h": [0.5, -0.3],
}


@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize("engine", ["chain", "network"])
def test_means_are_those_of_the_equations(tmp_path, engine, loss):
    N, runs = (20_000, 8) if engine == "chain" else (1500, 3)
    times = [0.0, 2.0, 6.0]
    described = document(
        N,
        **given(tmp_path, N, **START),
        training={"learning_rate": 1.0, "readout_learning_rate": 1.0, "loss": loss},
        duration=6.0,
        record={"times": times},
    )
    found = samples(described, engine, runs)
    Omega = np.array([[1.0, -1.0], [-1.0, 1.0]])
    setting = {"p": [0.5, 0.5], "std": [0.7, 0.7], "y": [1, -1], "eta": 1.0, "Omega": Omega, "loss": loss}
    rows = clusters.limit(**START, times=times, **setting)
    for i, row in enumerate(rows):
        for name, expected in zip(NAMES, row, strict=True):
            error = found[name][:, i].mean(axis=0) - expected
            assert np.abs(error).max() < (1e-12 if i == 0 else 10 / math.sqrt(N * runs)), (name, i)
    (one, *_) = simulate_runs(parse_spec(described), engine, seed=0, runs=1)
    np.testing.assert_allclose(one.cluster_overlaps, Omega, atol=1e-12)
    assert one.student_teacher_overlaps is None
    assert one.teacher_readouts is None


# Mean Q_00, Q_01, Q_11, m_00, m_10, h_0 and h_1 of 200 chains with N = 1000 of an independent program, at
# t = 5, 10, 20 and 30, and their standard deviations at t = 30: logistic loss, rates 1, the start of `START`.
REFERENCE = np.array([
    [0.9887509439, -0.4911768758, 0.5428970594, 0.8598060149, -0.5899382708, 1.036394723, -0.6742674686],
    [1.772251587, -1.187190872, 1.062847431, 1.241264206, -0.93570781, 1.502193594, -1.055196625],
    [2.73216016, -2.052997905, 1.771407394, 1.563966814, -1.246064358, 1.909266369, -1.420908589],
    [3.330514682, -2.576457458, 2.222012779, 1.72550071, -1.399794014, 2.065151312, -1.574119232],
])  # fmt: skip
DEVIATIONS = np.array([0.03388, 0.02410, 0.02539, 0.01020, 0.00876, 0.01220, 0.01129])


def test_chains_have_the_means_of_an_independent_program(tmp_path, few_points):
    described = document(
        1000,
        **given(tmp_path, 1000, **START),
        training={"learning_rate": 1.0, "readout_learning_rate": 1.0, "loss": "logistic"},
        duration=30.0,
        record={"times": [5.0, 10.0, 20.0, 30.0]},
    )
    found = samples(described, "chain", 64)
    Q, m, h = (found[name].mean(axis=0) for name in NAMES)
    means = np.column_stack([Q[:, 0], Q[:, 1, 1], m[:, :, 0], h[:, 0]])
    assert (np.abs(means - REFERENCE) < 4.5 * DEVIATIONS * math.sqrt(1 / 64 + 1 / 200)).all()
    deviations = np.concatenate(
        [
            found["student_overlaps"].std(axis=0)[-1][[0, 0, 1], [0, 1, 1]],
            found[NAMES[1]].std(axis=0)[-1, :, 0],
        ]
    )
    assert (np.abs(deviations / DEVIATIONS[:5] - 1.0) < 0.5).all()


def test_errors_are_those_of_sampled_inputs():
    rng = np.random.default_rng(2)
    spec = parse_spec(document(**CASES["xor"]))
    F = rng.normal(size=(2, 4))
    Q, m, h = F @ F.T / 4, rng.normal(size=(2, 4)), rng.normal(size=(1, 2))
    found = cluster_errors(spec, Q[None], m[None], h[None])
    block, count = spec.inputs.clusters, 400_000
    squares, wrong = [], []
    for c, y in enumerate(block.labels[0]):
        fields = rng.multivariate_normal(m[:, c], block.std[c] ** 2 * Q, size=count)
        phi = G["relu"](fields) @ h[0]
        squares.append(0.5 * (phi - y) ** 2)
        wrong.append((phi > 0.0) != (y > 0.0))
    for name, values in (("generalisation_error", squares), ("classification_error", wrong)):
        error = np.std(values, axis=1).mean() / math.sqrt(4 * count)
        assert abs(found[name][0, 0] - np.mean(values)) < 4 * error + 2e-4, name


def test_errors_of_linear_students_are_exact():
    spec = parse_spec(document(clusters=CASES["opposite"]["clusters"], activation="linear"))
    Q, m, h = np.array([[1.0, 0.2], [0.2, 0.6]]), np.array([[0.5, -0.5], [0.2, -0.2]]), np.array([[0.7, 0.4]])
    found = cluster_errors(spec, Q[None], m[None], h[None])
    mean, variance = h[0] @ m[:, 0], 0.36 * h[0] @ Q @ h[0]
    assert abs(found["classification_error"][0, 0] - ndtr(-mean / math.sqrt(variance))) < 1e-4
    assert abs(found["generalisation_error"][0, 0] - 0.5 * ((mean - 1.0) ** 2 + variance)) < 1e-4


def test_an_output_of_zero_has_the_label_minus_one():
    spec = parse_spec(document(clusters=CASES["opposite"]["clusters"]))
    zero = np.zeros((1, 2, 2))
    found = cluster_errors(spec, zero, zero, np.zeros((1, 1, 2)))
    np.testing.assert_allclose(found["classification_error"], [[0.3]])


@pytest.mark.parametrize("engine", ["network", "chain"])
@pytest.mark.parametrize("case", CASES)
def test_a_resumed_run_has_the_same_bits(tmp_path, engine, case):
    described = document(30, **CASES[case])
    whole = simulate(parse_spec(described), engine, 5)
    first = described | {"duration": 1.2, "record": {"times": [0.0, 0.5, 1.2], "state": True}}
    write_file(tmp_path / "first.h5", parse_spec(first), engine, 5, [simulate(parse_spec(first), engine, 5)])
    later = described | {"record": {"times": [1.6, 2.0]}}
    resumed = simulate(parse_spec(later), engine, 5, start=load_start(tmp_path / "first.h5")[0])
    for name in (*NAMES, "generalisation_error", "classification_error"):
        np.testing.assert_array_equal(getattr(resumed, name)[-1], getattr(whole, name)[-1])


@pytest.mark.parametrize("engine", ["network", "chain"])
def test_stored_runs_are_read_back(tmp_path, engine):
    spec = parse_spec(document(30, **CASES["tasks"]))
    run = simulate(spec, engine, 5)
    write_file(tmp_path / "run.h5", spec, engine, 5, [run])
    import teacherstudent

    stored = teacherstudent.read_run(tmp_path / "run.h5")
    np.testing.assert_array_equal(stored.student_cluster_overlaps, run.student_cluster_overlaps)
    assert set(stored.to_xarray().coords) >= {"cluster", "cluster_other"}


def test_order_parameters_alone_are_no_start(tmp_path):
    spec = parse_spec(document(30))
    write_file(tmp_path / "run.h5", spec, "chain", 5, [simulate(spec, "chain", 5)])
    with pytest.raises(SpecError, match="record.state"):
        load_start(tmp_path / "run.h5")


def test_chains_together_have_the_bits_of_chains_alone():
    spec = parse_spec(document(30, **CASES["xor"]))
    together = list(simulate_runs(spec, "chain", seed=1, runs=3))
    alone = list(simulate_runs(spec, "chain", seed=1, runs=1))
    assert_same(together[0], alone[0])


@pytest.mark.parametrize(
    ("blocks", "words"),
    [
        ({"curriculum": {"thresholds": [0.1]}, "count": 2}, "curriculum.thresholds: not available"),
        (
            {"curriculum": {"mixture": [{"probabilities": [0.5, 0.5]}]}, "count": 2},
            "curriculum.mixture: not available",
        ),
        (
            {"student": {"hidden": 2, "initial": {"scheme": "informed"}}},
            "student.initial.scheme: informed is not allowed; clusters need",
        ),
    ],
)
def test_what_needs_teachers_is_refused(blocks, words):
    with pytest.raises(SpecError) as caught:
        parse_spec(document(**blocks))
    assert str(caught.value).startswith(words)


def test_means_of_another_shape_are_refused(tmp_path):
    blocks = given(tmp_path, 10, **START)
    for engine in ("network", "chain"):
        with pytest.raises(SpecError, match=r"means have shape \(2, 10\); it must be \(2, 20\)"):
            ENGINES[engine].check(parse_spec(document(20, clusters=blocks["clusters"])))


def test_engine_ode_refuses_clusters():
    with pytest.raises(SpecError, match="inputs.distribution: engine ode"):
        ENGINES["ode"].check(parse_spec(document()))

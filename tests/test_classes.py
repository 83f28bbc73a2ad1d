"""Labels that are signs in engines `network` and `chain`: interventions, resumption, thresholds, refusals."""

import numpy as np
import pytest
from scipy.special import erf

from chain_cases import document
from samples import assert_equal
from samples import spec as small_spec
from teacherstudent.engines.chain.engine import batch_key
from teacherstudent.engines.class_errors import finite_rows, is_below
from teacherstudent.engines.labels import label_errors
from teacherstudent.errors import SpecError
from teacherstudent.simulation.runs import check, simulate, simulate_runs
from teacherstudent.spec.parse import parse_spec
from teacherstudent.store.runs import read_runs, write_runs
from teacherstudent.store.starts import load_start

TIMES, END = [0.0, 0.4, 1.0, 1.3, 2.0], 1.0
LABELS = {"labels": "sign", "label_flips": [0.1, 0.3]}
HINGE = {"loss": "hinge", "margin": 0.3}
# Interventions that both engines have.
CASES = {
    "replay and path integrals": {
        "curriculum": {"period": 0.6, "replay": {"fraction": 0.4, "fidelity": 0.7}},
        "training": HINGE | {"consolidation": {"kind": "path_integral", "strength": 0.3}},
    },
    "a mixture": {
        "curriculum": {"mixture": [{"probabilities": [0.4, 0.6]}]},
        "training": {"loss": "logistic", "batch_size": 2},
        "teachers": {"output_noise": [0.0, 0.5]},
    },
    "drift": {
        "teachers": {"drift": [0.5, 0.0]},
        "curriculum": {"period": 0.6},
        "training": {"loss": "logistic", "consolidation": {"kind": "node", "strength": 1.0}},
    },
    "a deficit and a schedule": {
        "curriculum": {"switch_times": [0.6]},
        "training": HINGE
        | {
            "learning_rate": [{"until": 0.8, "value": 2.0}, {"value": 0.5}],
            "deficits": [{"start": 0.1, "until": 1.0, "input_noise": 1.0, "teacher": 1}],
        },
    },
    "two variances": {
        "inputs": {
            "dimension": 20,
            "distribution": "correlated",
            "covariance": {"spectrum": "levels", "values": [0.5, 1.5], "fractions": [0.5, 0.5]},
        },
        "training": {"loss": "squared_hinge", "margin": 0.5},
        "sampled": True,
    },
    "thresholds": {"curriculum": {"thresholds": [0.36, 0.5]}, "training": {"loss": "logistic"}},
}


def blocks_of(name, **changes):
    blocks = {key: value for key, value in CASES[name].items() if key != "inputs"}
    blocks["teachers"] = LABELS | blocks.get("teachers", {}) | changes
    found = document(20, **blocks) | {key: CASES[name][key] for key in CASES[name] if key == "inputs"}
    found.pop("sampled", None)
    return found | {"record": {"times": TIMES}, "duration": TIMES[-1]}


@pytest.mark.parametrize("engine", ["network", "chain"])
@pytest.mark.parametrize("name", CASES)
def test_resumed_runs_have_the_bits_of_those_that_did_not_stop(tmp_path, name, engine):
    blocks, path = blocks_of(name), tmp_path / "a.h5"
    spec, times = parse_spec(blocks), [time for time in TIMES if time <= END]
    until = parse_spec(blocks | {"duration": END, "record": {"times": times, "state": True}})
    stopped = list(simulate_runs(until, engine, 3, 2))
    write_runs(path, [("/", until, engine, 3, stopped)], run_axis=True)
    resumed = simulate_runs(spec, engine, 3, 2, starts=load_start(path))
    for whole, other in zip(simulate_runs(spec, engine, 3, 2), resumed, strict=True):
        assert whole.arrays.keys() == other.arrays.keys()
        for array, values in whole.arrays.items():
            later = values[whole.time >= END] if len(values) == len(TIMES) else values
            assert_equal(later, other.arrays[array], array)


@pytest.mark.parametrize("engine", ["network", "chain"])
def test_errors_are_those_of_the_recorded_order_parameters(tmp_path, engine):
    """Also in files; without noise on the outputs and without flips."""
    spec = parse_spec(blocks_of("a mixture"))
    run = simulate(spec, engine, 3)
    P, K, M = run.student_teacher_overlaps.shape[1:]
    R = np.moveaxis(run.student_teacher_overlaps, 1, 2).reshape(-1, K, P * M)
    T = run.teacher_overlaps.swapaxes(1, 2).reshape(P * M, P * M)
    order = run.student_overlaps, R, T, run.student_readouts, run.teacher_readouts
    losses, errors = label_errors(spec, *order)
    np.testing.assert_allclose(run.generalisation_error, losses, rtol=1e-6)
    np.testing.assert_allclose(run.classification_error, errors, rtol=1e-6)
    assert not np.allclose(errors[0], errors[-1], atol=0.01)
    write_runs(tmp_path / "a.h5", [("/", spec, engine, 3, [run])], run_axis=False)
    (stored,) = read_runs(tmp_path / "a.h5")
    assert_equal(stored.arrays["classification_error"], run.classification_error, "classification_error")


@pytest.mark.parametrize("loss", ["hinge", "logistic"])
@pytest.mark.parametrize("scale", [1.0, pytest.param(1e-3, marks=pytest.mark.thorough)])
def test_errors_where_the_fields_of_the_student_determine_the_label(loss, scale):
    """Three units and two inputs: the label is a step along one axis, which no number of nodes resolves."""
    random, N = np.random.default_rng(5), 2
    W, V, h = (
        scale * random.standard_normal((3, N)),
        random.standard_normal((1, N)),
        np.array([0.8, -0.6, 1.1]),
    )
    training = {"loss": loss} | ({"margin": 0.5} if loss == "hinge" else {})
    spec = parse_spec(
        {
            "inputs": {"dimension": N},
            "teachers": {"count": 1, "hidden": 1, "labels": "sign"},
            "student": {"hidden": 3},
        }
        | {"training": {"learning_rate": 1.0, **training}, "curriculum": {}, "duration": 1.0}
    )
    order = W @ W.T / N, W @ V.T / N, V @ V.T / N
    found = label_errors(spec, order[0][None], order[1][None], order[2], h[None, None], np.ones((1, 1)))
    u, weights = np.polynomial.laguerre.laggauss(60)  # of half the squared length of the inputs
    angles = 2.0 * np.pi * (np.arange(20_000) + 0.5) / 20_000
    x = np.sqrt(2.0 * u)[:, None, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    agreement = np.sign(x @ V[0]) * (erf(x @ W.T / np.sqrt(2.0 * N)) @ h)
    losses = np.maximum(0.5 - agreement, 0.0) if loss == "hinge" else np.log1p(np.exp(-agreement))
    expected = weights @ losses.mean(axis=1), weights @ (agreement < 0.0).mean(axis=1)
    np.testing.assert_allclose(np.ravel(found), expected, rtol=0, atol=2e-3)


def test_errors_of_teachers_that_move_have_the_overlaps_of_each_record():
    run = simulate(parse_spec(blocks_of("drift")), "chain", 3)
    moved = np.ptp(run.teacher_overlaps_in_time, axis=0).max()
    assert moved > 0.1
    assert ((run.classification_error > 0) & (run.classification_error < 1)).all()


def test_teachers_of_many_units_have_no_coordinates(monkeypatch):
    """Their errors are means over samples; the time of the coordinates grows fast with their number."""
    monkeypatch.setattr("teacherstudent.engines.labels.teacher_axes", None)
    teachers = {"count": 1, "hidden": 8, "labels": "sign"}
    own = small_spec(teachers=teachers, curriculum={}, duration=0.1, record={"count": 2})
    found = simulate(own, "network").classification_error
    assert ((found > 0.0) & (found < 1.0)).all()


def test_only_chains_with_the_same_loss_share_a_batch():
    specs = [
        parse_spec(blocks_of("a mixture") | {"training": blocks_of(name)["training"]})
        for name in ("a mixture", "two variances")
    ]
    assert batch_key(specs[0], 0) != batch_key(specs[1], 0)
    flips = parse_spec(blocks_of("a mixture", label_flips=[0.0, 0.2]))
    assert batch_key(specs[0], 0) == batch_key(flips, 0)


# Outputs that are exactly 0


@pytest.mark.parametrize("engine", ["network", "chain"])
def test_a_teacher_that_is_silent_labels_minus_one(engine):
    """Readouts of 0: every label is -1, and so the output of the student falls."""
    blocks = blocks_of("a mixture", label_flips=[0.0, 0.0], output_noise=[0.0, 0.0])
    given = blocks["initial_overlaps"] | {"teacher_readouts": [[0.0], [0.0]]}
    student = {"activation": "relu"}
    spec = parse_spec(
        blocks
        | {"initial_overlaps": given, "student": blocks["student"] | student}
        | {"training": blocks["training"] | {"loss": "hebbian", "train": ["readouts"]}}
    )
    run = simulate(spec, engine, 3)
    assert (run.student_readouts[-1] < run.student_readouts[0]).all()


# Thresholds


def test_a_first_estimate_decides_as_the_error_itself():
    spec = parse_spec(blocks_of("thresholds"))
    run = simulate(parse_spec(blocks_of("thresholds") | {"curriculum": {}}), "chain", 3)
    K, M = run.student_teacher_overlaps.shape[2:]
    for row in range(len(TIMES)):
        order = run.student_overlaps[row], run.student_teacher_overlaps[row, 0], run.teacher_overlaps[0, 0]
        task = run.student_readouts[row, 0], run.teacher_readouts[0]
        error = run.classification_error[row, 0]
        for threshold in (0.3 * error, error - 1e-6, error + 1e-6, 1.5 * error):
            assert is_below(spec, threshold, *order, *task) == (error < threshold)


@pytest.mark.parametrize("engine", ["network", "chain"])
def test_phases_end_below_the_threshold_of_the_classification_error(engine):
    blocks = blocks_of("thresholds")
    run = simulate(parse_spec(blocks), engine, 3)
    assert len(run.switch_times)
    switch = float(run.switch_times[0])
    before = blocks | {"record": {"times": [0.0, switch - 1 / 20, switch, 2.0]}}
    errors = simulate(parse_spec(before), engine, 3).classification_error[:, 0]
    assert errors[1] >= 0.36 > errors[2]


# Divergence


def test_records_end_before_errors_that_are_not_finite():
    errors = np.array([[1.0, 2.0], [3.0, np.inf], [np.nan, 1.0]])
    assert [finite_rows(errors[:count]) for count in (0, 1, 2, 3)] == [0, 1, 1, 1]


@pytest.mark.parametrize("engine", ["network", "chain"])
@pytest.mark.parametrize("loss", ["squared", "squared_hinge"])
def test_a_run_that_diverges_stops(engine, loss):
    margin = {"margin": 1.0} if loss == "squared_hinge" else {}
    blocks = blocks_of("a deficit and a schedule")
    training = {"loss": loss, "learning_rate": 50.0} | margin
    blocks |= {"student": blocks["student"] | {"activation": "linear"}, "training": training}
    run = simulate(parse_spec(blocks | {"duration": 40.0, "record": {"times": [0.0, 1.0, 40.0]}}), engine, 3)
    assert run.diverged_at is not None
    assert np.isfinite(run.classification_error).all()
    assert len(run.time) == len(run.student_overlaps) == len(run.classification_error)


@pytest.mark.parametrize("hidden", [2, 4], ids=["sums", "samples"])
@pytest.mark.parametrize(
    "curriculum", [{}, {"thresholds": [1e-9], "look_every": 0.05}], ids=["", "thresholds"]
)
def test_outputs_whose_variance_overflows_have_no_errors(curriculum, hidden):
    """Weights, readouts and overlaps are finite numbers there."""
    blocks = {
        "inputs": {"dimension": 20},
        "teachers": {"count": 2, "hidden": hidden, "labels": "sign"},
        "student": {"hidden": 3, "activation": "linear"},
        "training": {"learning_rate": 1e30, "loss": "hinge", "margin": 0.9},
        "curriculum": curriculum,
        "duration": 2.0,
        "record": {"times": [0.0, *(step / 20 for step in range(1, 41))]},
    }
    run = simulate(parse_spec(blocks), "network", 1)
    assert run.diverged_at is not None
    assert len(run.time) > 1
    assert np.isfinite(run.generalisation_error).all()


def test_errors_of_outputs_without_a_finite_variance_are_not_numbers():
    spec = parse_spec(blocks_of("two variances") | {"student": {"hidden": 1, "activation": "linear"}})
    scales = np.array([1.0, 1e110])
    Q, R, h = scales.reshape(2, 1, 1) ** 2, np.zeros((2, 1, 2)), np.outer(scales, [1.0]).reshape(2, 1, 1)
    losses, errors = label_errors(spec, Q, R, np.eye(2), np.repeat(h, 2, axis=1), np.ones((2, 1)))
    np.testing.assert_allclose(errors, [[0.5, 0.5], [np.nan, np.nan]], atol=1e-6)
    # 1/2 <(k - x)^2> where x < k, with the normal distribution: 1/2 ((1 + k^2) Phi(k) + k phi(k)).
    k = 0.5
    expected = 0.5 * ((1 + k**2) * 0.5 * (1 + erf(k / 2**0.5)) + k * np.exp(-(k**2) / 2) / np.sqrt(2 * np.pi))
    np.testing.assert_allclose(losses, [[expected] * 2, [np.nan] * 2], rtol=1e-5)


# Refusals


def test_ewc_needs_outputs_or_engine_network():
    blocks = blocks_of("drift")
    blocks["training"]["consolidation"] = {"kind": "ewc", "strength": 1.0, "fisher_samples": 50}
    del blocks["teachers"]["drift"]
    spec = parse_spec(blocks)
    with pytest.raises(SpecError, match="ewc: engine chain has its means for labels that are outputs only"):
        check(spec, "chain")
    run = simulate(spec, "network", 3)
    assert run.importances.shape == (3, 2)
    assert (run.importances > 0).all()


def test_importances_have_the_slope_of_the_loss():
    """Hebbian: D^2 = 1, so that the importance of a unit is h^2 <g'^2>, whatever the labels are."""
    blocks = blocks_of("drift", label_flips=[0.4, 0.4])
    del blocks["teachers"]["drift"]
    blocks["training"] |= {"loss": "hebbian"}
    blocks["training"]["consolidation"] = {"kind": "ewc", "strength": 1.0, "fisher_samples": 20_000}
    blocks |= {"curriculum": {"switch_times": [1.0]}}
    run = simulate(parse_spec(blocks), "network", 3)
    Q, h = np.diagonal(run.student_overlaps[2]), run.student_readouts[2, 0]
    np.testing.assert_allclose(run.importances[0], h**2 * 2 / np.pi / np.sqrt(1 + 2 * Q), rtol=0.03)


def test_stored_inputs_have_their_labels_with_flips():
    """A buffer of all inputs of the first task: replayed labels are 1 and -1."""
    blocks = blocks_of("replay and path integrals")
    blocks["curriculum"]["replay"] = {"fraction": 0.5, "buffer": 12}
    blocks["record"]["state"] = True
    state = simulate(parse_spec(blocks), "network", 3).state
    labels = state["replay_labels"][0][: state["replay_counts"][0]]
    assert set(np.unique(labels)) == {-1.0, 1.0}

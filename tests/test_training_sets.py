"""Finite training sets in engine network: against a slow run, against fresh samples, and what is refused."""

import math

import h5py
import numpy as np
import pytest
from scipy.stats import ks_2samp

import naive
from naive import G
from naive.samples import sgd_step
from samples import assert_same
from teacherstudent.command.tables import print_run
from teacherstudent.errors import RunError, SpecError
from teacherstudent.experiments.collect import collect
from teacherstudent.experiments.grid import Grid
from teacherstudent.experiments.jobs import parse_experiment
from teacherstudent.kernels.network.samples import choose
from teacherstudent.networks.randomness import Purpose, counter_key
from teacherstudent.networks.sampling import sample_networks
from teacherstudent.simulation.runs import simulate, simulate_runs
from teacherstudent.spec.parse import parse_spec
from teacherstudent.store.curves import read_curves, write_curves
from teacherstudent.store.runs import read_run, read_runs, write_run, write_runs
from training_sets import SETTING, document, slow_set


def slow_run(spec, distinct, seed, run):
    """Overlaps Q, heads and training errors at the recorded times."""
    networks, N = sample_networks(spec, seed, run), spec.inputs.dimension
    (X, labels), W, h = slow_set(spec, networks, seed, run), networks.W, networks.h
    chosen, key = np.empty(spec.training.batch_size, np.int64), counter_key(seed, run, Purpose.SAMPLE_CHOICE)
    rows = []
    for step in range(round(spec.duration * N) + 1):
        if step in [round(time * N) for time in spec.record.times]:
            outputs = h @ G["erf"](W @ X.T / math.sqrt(N))
            rows.append((W @ W.T / N, h.copy(), 0.5 * ((outputs - labels) ** 2).mean(axis=1)))
        p = int(step >= round(spec.curriculum.switch_times[0] * N))
        choose(chosen, len(X), distinct, *key, step)
        W, h[p] = sgd_step(SETTING, W, h[p], X[chosen], labels[p, chosen])
    return [np.array(part) for part in zip(*rows, strict=True)]


@pytest.mark.parametrize("sampling", ["with_replacement", "without_replacement"])
def test_a_run_is_that_of_the_slow_twin(sampling):
    blocks = document()
    spec = parse_spec(blocks | {"training": blocks["training"] | {"sampling": sampling}})
    trajectory = simulate(spec, "network", seed=4, run=2)
    Q, h, errors = slow_run(spec, sampling == "without_replacement", 4, 2)
    np.testing.assert_allclose(trajectory.student_overlaps, Q, rtol=0, atol=1e-12)
    np.testing.assert_allclose(trajectory.student_readouts, h, rtol=0, atol=1e-12)
    np.testing.assert_allclose(trajectory.training_error, errors, rtol=0, atol=1e-12)
    assert trajectory.training_error.shape == (3, 2)
    assert trajectory.classification_error is None


def test_the_generalisation_error_is_that_of_fresh_clean_inputs():
    trajectory = simulate(parse_spec(document()), "network")
    for p in range(2):
        expected = [
            naive.generalisation_error("erf", "erf", Q, R[p], trajectory.teacher_overlaps[p, p], h[p], v)
            for Q, R, h, v in zip(
                trajectory.student_overlaps,
                trajectory.student_teacher_overlaps,
                trajectory.student_readouts,
                [trajectory.teacher_readouts[p]] * 3,
                strict=True,
            )
        ]
        np.testing.assert_allclose(trajectory.generalisation_error[:, p], expected, rtol=0, atol=1e-12)


def test_few_samples_are_learned_by_heart():
    """The training error falls below the noise, which the error on fresh noisy labels cannot do."""
    blocks = document(inputs={"dimension": 100, "samples": 20}, duration=60.0, curriculum={"order": [0]})
    blocks["training"] = {"learning_rate": 1.0}
    blocks["record"] = {"times": [0.0, 60.0]}
    trajectory = simulate(parse_spec(blocks), "network")
    assert trajectory.training_error[-1, 0] < 0.1 * 0.5 * 0.3**2
    assert trajectory.generalisation_error[-1, 0] > 0.5 * 0.3**2


# Fresh samples are the limit of many


def final_overlaps(samples, seed, runs=150):
    inputs = {"dimension": 30} | ({"samples": samples} if samples else {})
    teachers = {"count": 1, "hidden": 1, "output_noise": 0.3}
    blocks = document(inputs=inputs, teachers=teachers, curriculum={}, duration=5.0)
    blocks["training"] = {"learning_rate": 1.5, "batch_size": 2}
    blocks["record"] = {"times": [0.0, 5.0]}
    found = simulate_runs(parse_spec(blocks), "network", seed, runs, threads=1)
    return np.array([
        [one.student_overlaps[-1].trace(), one.student_overlaps[-1, 0, 1], one.generalisation_error[-1, 0]]
        for one in found
    ])  # fmt: skip


@pytest.fixture(scope="module")
def fresh():
    return final_overlaps(None, seed=0)


def distance(one, other):
    """Largest difference of the means in units of its standard error."""
    error = np.sqrt(one.var(axis=0, ddof=1) / len(one) + other.var(axis=0, ddof=1) / len(other))
    return (np.abs(one.mean(axis=0) - other.mean(axis=0)) / error).max()


def test_many_samples_have_the_law_of_fresh_ones(fresh):
    many = final_overlaps(20_000, seed=1)
    assert distance(many, fresh) < 3.5
    assert min(ks_2samp(*columns).pvalue for columns in zip(many.T, fresh.T, strict=True)) > 1e-3


def test_few_samples_do_not_have_the_law_of_fresh_ones(fresh):
    assert distance(final_overlaps(15, seed=1), fresh) > 10


def test_many_samples_of_large_networks_follow_the_ode():
    blocks = document(inputs={"dimension": 1000, "samples": 10_000}, duration=2.0)
    blocks |= {"curriculum": {"switch_times": [1.0]}, "record": {"times": [0.0, 1.0, 2.0]}}
    blocks["training"] = {key: value for key, value in blocks["training"].items() if key != "sampling"}
    network = simulate(parse_spec(blocks), "network")
    ode = simulate(parse_spec(blocks | {"inputs": {"dimension": 1000}}), "ode")
    for name in ("student_overlaps", "student_teacher_overlaps", "student_readouts"):
        np.testing.assert_allclose(
            getattr(network, name), getattr(ode, name), rtol=0, atol=0.06, err_msg=name
        )


# Reproducibility


@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_threads_change_nothing(precision):
    spec = parse_spec(document(numerics={"precision": precision}))
    one, two = (list(simulate_runs(spec, "network", seed=3, runs=4, threads=n)) for n in (1, 2))
    for first, second in zip(one, two, strict=True):
        assert_same(first, second)
    assert (one[0].training_error != one[1].training_error).any()


def test_recording_changes_nothing():
    blocks = document(curriculum={"thresholds": [0.25]})
    seldom, often = (
        simulate(parse_spec(blocks | {"record": {"count": count}}), "network") for count in (2, 100)
    )
    assert 0.0 < seldom.switch_times[0] < 8.0
    np.testing.assert_array_equal(seldom.switch_times, often.switch_times)
    np.testing.assert_array_equal(seldom.training_error[-1], often.training_error[-1])


def test_single_precision_is_near():
    """It trains on other inputs, so that only the law and the start are the same."""
    single = simulate(parse_spec(document(numerics={"precision": "float32"})), "network")
    double = simulate(parse_spec(document()), "network")
    np.testing.assert_allclose(single.student_overlaps[0], double.student_overlaps[0], atol=1e-6)
    assert np.abs(single.training_error - double.training_error).max() < 0.5


def test_a_diverging_run_ends():
    blocks = document(teachers={"count": 1, "hidden": 1, "activation": "linear"}, curriculum={})
    blocks["student"] |= {"activation": "linear"}
    blocks |= {"training": {"learning_rate": 1000.0}, "record": {"count": 200}}
    trajectory = simulate(parse_spec(blocks), "network")
    assert 0.0 < trajectory.diverged_at < 8.0
    assert trajectory.training_error.shape == (len(trajectory.time), 1)
    assert np.isfinite(trajectory.training_error).all()
    blocks["record"] = {"times": [7.9, 8.0]}
    assert simulate(parse_spec(blocks), "network").training_error.shape == (0, 1)


# Files and curves


def test_training_errors_are_stored(tmp_path, capsys):
    spec = parse_spec(document())
    trajectory = simulate(spec, "network")
    write_run(tmp_path / "one.h5", spec, "network", 0, trajectory)
    stored = read_run(tmp_path / "one.h5")
    assert_same(stored.trajectories[0], trajectory)
    print_run(stored)
    shown = capsys.readouterr().out
    assert f"{trajectory.training_error[-1, 1]:.4e}" in shown
    assert "40 training samples" in shown
    with h5py.File(tmp_path / "one.h5") as file:
        assert [dimension.label or list(dimension)[0] for dimension in file["training_error"].dims] == [
            "time",
            "teacher",
        ]
        assert "classification_error" not in file


def test_fresh_samples_have_no_training_error(tmp_path):
    spec = parse_spec(document(inputs={"dimension": 30}, training={"learning_rate": 1.0}))
    trajectory = simulate(spec, "network")
    assert trajectory.training_error is None
    write_run(tmp_path / "one.h5", spec, "network", 0, trajectory)
    assert "training_error" not in read_run(tmp_path / "one.h5").arrays


def stored_grid(folder, blocks):
    spec = parse_spec(blocks)
    runs = list(simulate_runs(spec, "network", runs=2))
    write_runs(folder / "runs.h5", [("/runs/all", spec, "network", 0, runs)], run_axis=True)
    assert_same(read_runs(folder / "runs.h5")[0].trajectories[1], runs[1])
    return Grid("network", blocks, {}, {}, 2, 0), runs


def test_training_errors_are_collected(tmp_path):
    grid, runs = stored_grid(tmp_path, document())
    write_curves(tmp_path / "curves.h5", [collect(grid, {tmp_path / "runs.h5": {}}, ["training_error"])])
    curves = read_curves(tmp_path / "curves.h5")["network"]
    np.testing.assert_array_equal(curves.values("training_error")[1], runs[1].training_error)


def test_what_runs_do_not_have_is_not_collected(tmp_path):
    grid, _ = stored_grid(tmp_path, document(inputs={"dimension": 30}, training={"learning_rate": 1.0}))
    with pytest.raises(RunError, match=r"^training_error: the runs of engine network do not record it"):
        collect(grid, {tmp_path / "runs.h5": {}}, ["training_error"])


def test_experiments_may_ask_for_training_errors():
    entry = {"spec": document(), "engines": {"network": {}}, "collect": ["training_error"]}
    assert parse_experiment("finite", entry).collect == ["training_error"]


# What is refused


@pytest.mark.parametrize("engine", ["ode", "chain"])
def test_other_engines_refuse_a_finite_set(engine):
    with pytest.raises(SpecError) as refusal:
        simulate(parse_spec(document()), engine)
    assert str(refusal.value).startswith(f"inputs.samples: engine {engine} needs fresh")


REFUSED = {
    "batch": ({"inputs": {"dimension": 30, "samples": 2}}, "training.batch_size: 3 is not allowed; with"),
    "sampling": ({"inputs": {"dimension": 30}}, "training.sampling: without_replacement needs a finite"),
    "none": ({"inputs": {"dimension": 30, "samples": 0}}, "inputs.samples: 0 is not allowed; it must be"),
    "half": ({"inputs": {"dimension": 30, "samples": 2.5}}, "inputs.samples: 2.5 is not allowed"),
    "noise": (
        {"teachers": {"count": 2, "hidden": 2, "input_noise": [0.0, 0.1]}},
        "teachers.input_noise: not available with a finite training set; set it to 0",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused_specs(name):
    blocks, said = REFUSED[name]
    with pytest.raises(SpecError) as refusal:
        parse_spec(document(**blocks))
    assert str(refusal.value).startswith(said)


def test_samples_are_counted_in_whole_numbers():
    spec = parse_spec(document(inputs={"dimension": 30, "samples": 40.0}))
    assert spec == parse_spec(document())
    assert isinstance(spec.inputs.samples, int)
    assert parse_spec(spec.to_dict()) == spec

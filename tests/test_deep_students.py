"""Runs of students with several hidden layers: engines against references and each other, and resumption."""

import numpy as np
import pytest

import teacherstudent
from deep_cases import REFERENCES, document, numbers, reference
from laws import assert_same_law
from teacherstudent.analysis.equations import equations
from teacherstudent.engines import deep_errors
from teacherstudent.errors import RunError, SpecError
from teacherstudent.networks.sampling import initial_order_parameters
from teacherstudent.spec.parse import parse_spec

EACH = pytest.mark.parametrize("engine", ["network", "chain", "ode"])
HISTORY = ("student_overlaps", "student_teacher_overlaps", "student_readouts", "student_inner")


def arrays(run):
    return {name: getattr(run, name) for name in (*HISTORY, "generalisation_error")}


def assert_same_bits(one, other):
    for name, array in arrays(one).items():
        np.testing.assert_array_equal(array, getattr(other, name), err_msg=name)


# References


@pytest.mark.parametrize(("activation", "atol"), [("linear", 1e-6), ("erf", 5e-6)])
def test_equations_have_the_reference_solution(activation, atol):
    """Closed forms of the reference are good to 1e-8, its sums over nodes to some 1e-6."""
    run = teacherstudent.run(reference(activation), engine="ode")
    limit = REFERENCES[activation]["limit"]
    np.testing.assert_allclose(numbers(run, activation), limit, rtol=0, atol=atol)


@pytest.mark.parametrize("activation", ["linear", "erf"])
def test_chains_have_the_means_of_reference_chains(activation):
    """N = 1000, 200 runs there; one of 32 deviations is above 3.5 standard errors in 2 % of all samples."""
    runs, stored = 96, REFERENCES[activation]
    found = numbers(teacherstudent.run(reference(activation), engine="chain", seed=5, runs=runs), activation)
    error = np.sqrt(1 / runs + 1 / 200) * np.maximum(stored["std"], 1e-9)
    z = (found.mean(axis=0) - stored["mean"]) / error
    assert np.abs(z).max() < 4.0
    ratio = found.std(axis=0, ddof=1)[1:, :8] / np.array(stored["std"])[1:, :8]
    assert ratio.min() > 0.7
    assert ratio.max() < 1.4


@pytest.mark.parametrize(("layers", "activation"), [(2, "erf"), (3, "erf"), (3, "linear")])
def test_the_chain_of_many_inputs_is_close_to_the_equations(layers, activation):
    """At N = 2e5 the means of 8 chains are within 0.004 of the limit, and not exactly there."""
    noise = {"output_noise": [0.2, 0.1], "input_noise": [0.3, 0.0]}
    described = document(layers, activation, inputs={"dimension": 200_000}, teachers=noise)
    described["training"] |= {"weight_decay": 0.1, "batch_size": 2, "frozen_units": [[1], []]}
    limit = teacherstudent.run(described, engine="ode")
    chains = teacherstudent.run(described, engine="chain", runs=8, seed=3)
    for name in HISTORY:
        difference = np.abs(getattr(chains, name).mean(axis=0) - getattr(limit, name)).max()
        assert 1e-6 < difference < 0.004, name


@pytest.mark.parametrize(
    ("layers", "activation", "training"),
    [
        (2, "erf", {"batch_size": 2, "weight_decay": 0.2}),
        (3, "relu", {}),
        (2, "linear", {"train": ["inner"], "inner_learning_rate": [0.5, 1.0]}),
    ],
)
def test_chains_have_the_law_of_networks(layers, activation, training):
    """Kolmogorov-Smirnov tests at N = 12, where the law is far from its limit."""
    described = document(layers, activation, inputs={"dimension": 12}, training=training)
    described |= {"duration": 2.0, "curriculum": {"switch_times": [1.0]}, "record": {"times": [1.0, 2.0]}}
    one, other = (
        teacherstudent.run(described, engine=engine, runs=600, seed=seed)
        for engine, seed in (("network", 1), ("chain", 2))
    )
    assert_same_law(*({name: getattr(runs, name) for name in HISTORY} for runs in (one, other)))


def test_replayed_tasks_train_their_heads_and_inner_layers():
    """A mixture of both tasks in each step: chain and network have one law."""
    described = document(2, inputs={"dimension": 12}, duration=2.0, record={"times": [1.0, 2.0]})
    described["curriculum"] = {"mixture": [{"probabilities": [0.3, 0.7]}]}
    described["training"] |= {"inner_learning_rate": [0.2, 1.5]}
    one, other = (
        teacherstudent.run(described, engine=engine, runs=600, seed=seed)
        for engine, seed in (("network", 1), ("chain", 2))
    )
    assert_same_law(*({name: getattr(runs, name) for name in HISTORY} for runs in (one, other)))


def test_labels_that_are_signs_train_all_layers():
    """The derivative of the logistic loss takes the place of the error: chain and network have one law."""
    described = document(2, inputs={"dimension": 12}, duration=2.0, record={"times": [1.0, 2.0]})
    described["curriculum"] = {"switch_times": [1.0]}
    described["teachers"] |= {"labels": "sign", "label_flips": 0.1}
    described["training"] |= {"loss": "logistic"}
    one, other = (
        teacherstudent.run(described, engine=engine, runs=600, seed=seed)
        for engine, seed in (("network", 1), ("chain", 2))
    )
    names = (*HISTORY, "classification_error", "generalisation_error")
    assert_same_law(*({name: getattr(runs, name) for name in names} for runs in (one, other)))
    assert one.classification_error.min() > 0.0


# An exact solution


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_a_balanced_linear_student_has_the_exact_solution(layers):
    """u' = n u^(2 - 2/n) (s - u) of the product u of n weight layers: Saxe, McClelland & Ganguli 2014."""
    n, target, u0, rate = layers + 1, 1.0, 0.1, 1e-4
    own = u0 ** (1 / n)
    start = {
        "student": [[own**2]], "student_teacher": [[[own]]], "teacher": [[[[target]]]],
        "student_readouts": [[own]], "teacher_readouts": [[1.0]],
    }  # fmt: skip
    if layers > 1:
        start["student_inner"] = [[[own]]] * (layers - 1)
    times = np.linspace(0.0, 6.0, 13)
    run = teacherstudent.run(
        {
            "inputs": {"dimension": 10**9}, "teachers": {"count": 1, "hidden": 1, "activation": "linear"},
            "student": {"hidden": 1, "layers": layers, "activation": "linear"},
            "training": {"learning_rate": rate}, "curriculum": {}, "duration": 6.0 / rate,
            "record": {"times": (times / rate).tolist()}, "initial_overlaps": start,
        },
        engine="ode",
    )  # fmt: skip
    u = run.student_readouts[:, 0, 0] * run.student_teacher_overlaps[:, 0, 0, 0]
    if layers > 1:
        u = u * run.student_inner[:, :, 0, 0].prod(axis=1)
    exact, steps = [u0], 20_000
    for _ in range(len(times) - 1):
        now = exact[-1]
        for _ in range(steps // 10):  # midpoint rule, far more precise than the term of order eta
            dt = 0.5 / (steps // 10)
            half = now + 0.5 * dt * n * now ** (2 - 2 / n) * (target - now)
            now += dt * n * half ** (2 - 2 / n) * (target - half)
        exact.append(now)
    np.testing.assert_allclose(u, exact, rtol=0, atol=1e-4)
    np.testing.assert_allclose(run.generalisation_error[:, 0], 0.5 * (1 - u) ** 2, rtol=0, atol=1e-4)


# One hidden layer


@EACH
def test_one_layer_has_the_bits_of_a_student_without_the_key(engine):
    plain = document(1)
    del plain["initial_overlaps"]["student_inner"], plain["student"]["layers"]
    given = {**plain, "student": {**plain["student"], "layers": 1}}
    assert parse_spec(given) == parse_spec(plain)
    one, other = (teacherstudent.run(each, engine=engine, seed=2) for each in (given, plain))
    for name in (*HISTORY[:3], "generalisation_error"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


# Start, resumption and thresholds


def test_sampled_inner_weights():
    described = document(3)
    del described["initial_overlaps"]
    described["student"]["initial"] = {"inner": {"scheme": "identity", "gain": 1.2, "std": 0.3}}
    chain, network, limit = (
        teacherstudent.run(described, engine=engine, seed=7).student_inner.reshape(-1, 2, 2, 2)[0]
        for engine in ("chain", "network", "ode")
    )
    np.testing.assert_array_equal(chain, network)
    np.testing.assert_array_equal(chain, limit)
    described["student"]["initial"] = {"inner": {"scheme": "gaussian", "std": 0.3}}
    gaussian = teacherstudent.run(described, engine="ode", seed=7).student_inner[0]
    np.testing.assert_allclose(chain - gaussian, np.broadcast_to(1.2 * np.eye(2), (2, 2, 2)), atol=1e-15)
    short = {**described, "duration": 0.01, "curriculum": {}, "record": {"times": [0.0, 0.01]}}
    many = teacherstudent.run(short, engine="chain", runs=200).student_inner[:, 0]
    assert abs(many.std() - 0.3) < 0.03
    assert abs(many.mean()) < 0.03


@EACH
@pytest.mark.parametrize("activation", ["linear", "erf"])
def test_a_longer_duration_goes_on_bit_for_bit(engine, activation, tmp_path):
    whole = teacherstudent.run(document(2, activation), engine=engine, seed=4, runs=2)
    first = document(2, activation, duration=3.3, record={"times": [0.0, 1.0, 2.0, 3.0], "state": True})
    teacherstudent.run(first, engine=engine, seed=4, runs=2).save(tmp_path / "first.h5")
    rest = document(2, activation, record={"times": [3.5, 4.0]})
    found = teacherstudent.run(rest, engine=engine, start=tmp_path / "first.h5", runs=2)
    for name, array in arrays(found).items():
        np.testing.assert_array_equal(array[:, -1], getattr(whole, name)[:, -1], err_msg=name)


@EACH
def test_a_start_from_order_parameters_has_the_inner_weights(engine, tmp_path):
    first = teacherstudent.run(document(2, duration=3.0, record={"times": [0.0, 3.0]}), engine=engine, seed=4)
    first.save(tmp_path / "first.h5")
    rest = document(2, record={"times": [3.0, 4.0]})
    found = teacherstudent.run(rest, engine=engine, start=tmp_path / "first.h5", at=3.0)
    np.testing.assert_allclose(found.student_inner[0], first.student_inner[-1], rtol=0, atol=1e-14)
    np.testing.assert_allclose(found.student_overlaps[0], first.student_overlaps[-1], rtol=0, atol=1e-12)


@EACH
@pytest.mark.parametrize("activation", ["linear", "erf"])
def test_a_threshold_on_the_error_ends_a_phase(engine, activation):
    """The phase ends where the recorded error is the threshold."""
    limit, dimension = 0.1, 2000
    described = document(2, activation, inputs={"dimension": dimension}, duration=40.0)
    described["curriculum"] = {"thresholds": [limit], "look_every": 0.01}
    described["record"] = {"spacing": "linear", "count": 401}
    run = teacherstudent.run(described, engine=engine, seed=1)
    (switch,) = run.switch_times
    before = run.generalisation_error[run.time < switch, 0]
    assert (before >= limit * 0.98).all()
    assert abs(before[-1] - limit) < 0.02


def test_new_nodes_are_chosen_as_fields_grow_and_a_resumed_run_has_them(tmp_path):
    """A student with small weights: its fields grow by a large factor."""
    given = document(2, duration=60.0, record={"times": [20.0, 40.0, 60.0]}, curriculum={"switch_times": []})
    given["initial_overlaps"]["student"] = [[1e-2, 1e-3], [1e-3, 1e-2]]
    given["initial_overlaps"]["student_teacher"] = [[[0.01], [0.0]], [[0.0], [0.01]]]
    whole = teacherstudent.run(given, engine="ode")
    precise = teacherstudent.run(given | {"numerics": {"cubature_tolerance": 1e-9}}, engine="ode")
    np.testing.assert_allclose(whole.student_overlaps, precise.student_overlaps, rtol=0, atol=2e-6)
    assert whole.student_overlaps[-1].max() > 50 * 1e-2
    first = {**given, "duration": 50.0, "record": {"times": [20.0, 40.0], "state": True}}
    teacherstudent.run(first, engine="ode").save(tmp_path / "first.h5")
    rest = teacherstudent.run(
        {**given, "record": {"times": [55.0, 60.0]}}, engine="ode", start=tmp_path / "first.h5"
    )
    np.testing.assert_array_equal(rest.student_overlaps[-1], whole.student_overlaps[-1])


# Errors


def test_errors_of_many_fields_are_sampled():
    """Where sums over nodes and samples are both possible they agree: three units and one teacher unit."""
    rng = np.random.default_rng(0)
    W, V, U = rng.normal(size=(2, 9)), rng.normal(size=(1, 9)), np.eye(2) + 0.3 * rng.normal(size=(2, 2, 2))
    h, v = rng.normal(size=(1, 2)), np.ones((1, 1))
    parts = ((W @ W.T / 9)[None], (W @ V.T / 9)[None], V @ V.T / 9, h[None], U[None], v)
    described = document(3, teachers={"count": 1}, curriculum={"switch_times": []})
    del described["initial_overlaps"]
    spec = parse_spec(described)
    exact = deep_errors.deep_errors(spec, *parts)["generalisation_error"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deep_errors, "MOST_FIELDS", 0)
        sampled = deep_errors.deep_errors(spec, *parts)["generalisation_error"]
    assert sampled != exact
    np.testing.assert_allclose(sampled, exact, rtol=0.05)


# Refusals


@pytest.mark.parametrize(
    ("changes", "engine", "said"),
    [
        ({"student": {"activation": "relu"}}, "ode", "student.activation: relu .* use engine chain"),
        ({"teachers": {"activation": "relu"}}, "ode", "teachers.activation: relu .* engine chain"),
        ({"curriculum": {"replay": {"fraction": 0.5}}}, "ode", "curriculum.replay: .* use engine chain"),
        ({"teachers": {"drift": [0.1, 0.0]}}, "ode", "teachers.drift: .* use engine chain"),
        ({"record": {"movement": True}}, "ode", "record.movement: .* use engine chain"),
        ({"teachers": {"labels": "sign"}}, "ode", "teachers.labels: .* use engine chain"),
        ({"inputs": {"samples": 50}}, "network", "student.layers: .* fresh inputs"),
    ],
)  # fmt: skip
def test_refusals(changes, engine, said):
    with pytest.raises(SpecError, match=said):
        teacherstudent.run(document(2, **changes), engine=engine)


def test_too_many_nodes_are_refused_by_name():
    described = document(2, numerics={"most_nodes": 100})
    with pytest.raises(RunError, match=r"numerics\.most_nodes: means over 3 fields need \d+ nodes, .* chain"):
        teacherstudent.run(described, engine="ode")


def test_fixed_points_of_several_layers_are_refused():
    spec = parse_spec(document(2, "linear"))
    with pytest.raises(SpecError, match=r"student\.layers: the analysis"):
        equations(spec, initial_order_parameters(spec, 0, 0))

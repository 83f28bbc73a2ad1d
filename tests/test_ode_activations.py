"""Engine ode for activations without closed forms: whole runs against chains, closed forms and themselves."""

import numpy as np
import pytest

from classes import document as signs
from samples import assert_same
from teacherstudent.engines.base import ENGINES
from teacherstudent.engines.ode.summed import Summed
from teacherstudent.errors import RunError, SpecError
from teacherstudent.networks import activations
from teacherstudent.simulation.runs import simulate, simulate_runs
from teacherstudent.spec.parse import parse_spec
from teacherstudent.store.runs import write_runs
from teacherstudent.store.starts import load_start

FILES = {
    "own_erf.py": (
        "import math\n\n\ndef activation(x):\n    return math.erf(x / math.sqrt(2.0))\n\n\n"
        "def derivative(x):\n    return math.sqrt(2.0 / math.pi) * math.exp(-0.5 * x * x)\n"
    ),
    "own_relu.py": (
        "def activation(x):\n    return max(x, 0.0)\n\n\n"
        "def derivative(x):\n    return 1.0 if x > 0 else 0.0\n"
    ),
}
OVERLAPS = {
    "student": [[0.5, 0.1], [0.1, 0.4]],
    "student_teacher": [[[0.2], [-0.1]], [[0.1], [0.2]]],
    "teacher": [[[[1.0]], [[0.5]]], [[[0.5]], [[1.0]]]],
    "student_readouts": [[0.6, -0.4], [0.3, 0.5]],
    "teacher_readouts": [[1.0], [-0.8]],
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, content in FILES.items():
        (tmp_path / name).write_text(content)
    return tmp_path


def layer(name):
    return {"activation": "custom", "activation_file": name} if name.endswith(".py") else {"activation": name}


def described(student="tanh", teacher="tanh", **blocks):
    """Two tasks with noise on labels and inputs, decay, batches and a frozen unit."""
    return {
        "inputs": {"dimension": 10**6},
        "teachers": {"count": 2, "hidden": 1, "output_noise": [0.3, 0.1], "input_noise": [0.2, 0.0]}
        | layer(teacher),
        "student": {"hidden": 2, "heads": "per_task"} | layer(student),
        "training": {
            "learning_rate": 0.5,
            "weight_decay": 0.01,
            "batch_size": 2,
            "frozen_units": [[], [0]],
        },
        "curriculum": {"switch_times": [2.0]},
        "duration": 4.0,
        "record": {"times": [0.0, 1.0, 2.0, 3.0, 4.0]},
        "initial_overlaps": OVERLAPS,
    } | blocks


def run_of(document):
    return simulate(parse_spec(document), "ode", 0)


NAMES = ("student_overlaps", "student_teacher_overlaps", "student_readouts", "generalisation_error")


def test_erf_units_of_a_file_have_the_equations_in_closed_form(folder):
    own, closed = run_of(described("own_erf.py", "own_erf.py")), run_of(described("erf", "erf"))
    for name in NAMES:
        np.testing.assert_allclose(getattr(own, name), getattr(closed, name), rtol=0, atol=2e-7)


@pytest.mark.parametrize(
    "student, teacher", [("tanh", "tanh"), ("sigmoid", "erf"), ("quadratic", "quadratic"), ("erf", "tanh")]
)
def test_chains_have_these_means(student, teacher):
    document = described(student, teacher) | {"inputs": {"dimension": 100_000}}
    found, chains = run_of(document), list(simulate_runs(parse_spec(document), "chain", 0, 16))
    for name in NAMES:
        values = np.array([getattr(chain, name) for chain in chains])
        mean, error = values.mean(axis=0), values.std(axis=0) / np.sqrt(len(values))
        assert error.max() < 0.005
        assert np.all(np.abs(getattr(found, name) - mean) < 5.0 * error + 1e-4)


@pytest.mark.parametrize("end", [1.3, 3.0])
@pytest.mark.parametrize("student", ["tanh", "own_erf.py"])
def test_a_resumed_run_has_the_same_bits(folder, student, end):
    def until(duration):
        times = [time for time in (0.0, 1.3, 2.0, 3.0, 4.0) if time <= duration]
        switches = {"switch_times": [2.0] if duration > 2.0 else []}
        document = described(student, duration=duration, curriculum=switches)
        return document | {"record": {"times": times, "state": True}}

    spec, path = parse_spec(until(end)), folder / "a.h5"
    write_runs(path, [("/", spec, "ode", 0, [simulate(spec, "ode", 0)])], run_axis=False)
    keep = activations._compiled(*_file("student", spec)) if student.endswith(".py") else None
    activations._compiled.cache_clear()  # activations of users are at other addresses in other processes
    (run,) = simulate_runs(parse_spec(until(4.0)), "ode", 0, starts=load_start(path))
    whole = run_of(until(4.0))
    after = whole.time >= end
    np.testing.assert_array_equal(run.student_overlaps[-after.sum() :], whole.student_overlaps[after])
    np.testing.assert_array_equal(run.student_readouts[-after.sum() :], whole.student_readouts[after])
    assert_same(run_of(until(4.0)), whole)
    assert keep is None or keep.address != activations.codes_of(spec)[0]


def _file(block, spec):
    return block, getattr(spec, block).activation_file, getattr(spec, block).activation_sha256


def test_nodes_are_chosen_again_when_the_student_grows(monkeypatch):
    times, choose = [], Summed.choose_nodes
    monkeypatch.setattr(Summed, "choose_nodes", lambda form, time: (times.append(time), choose(form, time)))
    strong = described("tanh", duration=8.0, record={"count": 3})
    strong["teachers"] |= {"output_noise": [0.0, 0.0]}
    strong["initial_overlaps"] = OVERLAPS | {"teacher_readouts": [[3.0], [-3.0]]}
    usual = run_of(strong)
    assert len(set(times)) > 3 and len(times) < 40
    fine = run_of(strong | {"numerics": {"cubature_tolerance": 1e-9, "relative_tolerance": 1e-10}})
    for name in NAMES:
        np.testing.assert_allclose(getattr(usual, name), getattr(fine, name), rtol=0, atol=2e-6)


def test_a_threshold_ends_a_phase_at_this_error():
    thresholds = {"order": [0, 1], "thresholds": [0.12, 0.01]}
    run = run_of(described(curriculum=thresholds, duration=10.0, record={"count": 3}))
    switch = run.switch_times[0]
    before = run_of(described(curriculum={}, duration=switch, record={"times": [0.0, switch]}))
    assert 0.1 < switch < 10.0
    assert abs(before.generalisation_error[-1, 0] - 0.12) < 1e-6


def test_a_kink_is_an_error_that_says_what_to_use(folder):
    with pytest.raises(RunError, match=r"numerics.most_nodes: at t = 0 a sum .* engine chain"):
        run_of(described("own_relu.py"))


SIZES = {"initial_overlaps": None}


@pytest.mark.parametrize(
    "blocks, words",
    [
        ({"student": {"hidden": 2, "activation": "relu"}}, "teachers.activation: tanh .* student.*: relu"),
        ({"teachers": {"count": 2, "hidden": 1, "activation": "relu"}}, "student.activation: tanh .*: relu"),
        (
            {"student": {"hidden": 4, "activation": "tanh"}} | SIZES,
            "student.activation: tanh .* 4 units .* 5",
        ),
        ({"student": {"hidden": 2, "layers": 2, "activation": "tanh"}} | SIZES, "student.activation: tanh"),
        ({"curriculum": {"switch_times": [2.0], "replay": {"fraction": 0.1}}}, "curriculum.replay"),
        ({"curriculum": {"mixture": [{"probabilities": [0.5, 0.5]}]}}, "curriculum.mixture"),
        ({"record": {"movement": True}}, "record.movement"),
        ({"teachers": {"count": 2, "hidden": 1, "drift": 0.1}}, "teachers.drift"),
    ],
)
def test_what_sums_do_not_support_is_refused_by_name(blocks, words):
    document = {name: block for name, block in (described() | blocks).items() if block is not None}
    with pytest.raises(SpecError, match=f"{words}.* engine chain|{words}.* or chain") as caught:
        ENGINES["ode"].check(parse_spec(document))
    message = str(caught.value)
    assert "engine ode" in message and "\n" not in message


def test_labels_that_are_signs_refuse_what_their_sums_do_not_have():
    """Overlaps with anchors, and thresholds for a teacher that is not trained, need other equations."""
    with pytest.raises(SpecError, match="record.movement"):
        ENGINES["ode"].check(parse_spec(signs("logistic", record={"count": 3, "movement": True})))
    curriculum = {"order": [0, 1], "thresholds": [0.2, 0.1]}
    document = signs("logistic", curriculum=curriculum)
    document["training"]["deficits"] = [{"start": 1.0, "until": 2.0, "teacher": 1}]
    with pytest.raises(SpecError, match="curriculum.thresholds"):
        ENGINES["ode"].check(parse_spec(document))

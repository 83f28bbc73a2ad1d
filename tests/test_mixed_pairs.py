"""Tasks made of pairs of classes, sigmoid units and biases: against a slow twin, and what is refused."""

import gzip
import io
import struct
from pathlib import Path

import numpy as np
import pytest
import yaml
from scipy.stats import kstest

import write_digits
from naive import G, Setting
from naive.pairs import members, outputs, step_with_biases, tasks
from naive.samples import choice
from samples import assert_same
from teacherstudent.command.main import main
from teacherstudent.engines.network.weights import in_memory
from teacherstudent.errors import SpecError
from teacherstudent.inputs.sources import source_of
from teacherstudent.networks.randomness import Purpose, counter_key
from teacherstudent.networks.sampling import sample_biases, sample_networks
from teacherstudent.simulation.runs import check, simulate
from teacherstudent.spec.parse import parse_spec
from teacherstudent.store.runs import read_run

PAIRS = [[3, 7], [1, 2], [5, 0]]
TRAIN, TEST = 4, 2  # images of one class
N, K = 20, 3
IMAGES = np.random.default_rng(0).integers(0, 200, size=(90, 4, 5)).astype(np.uint8)
TARGETS = np.random.default_rng(1).permutation(np.arange(90) % 10)
LAYERS = [[], ["features"], ["features", "readouts"]]


def write(name="data.npz", images=IMAGES, targets=TARGETS):
    file = io.BytesIO()
    np.savez(file, images=images, targets=targets)
    Path(name).write_bytes(file.getvalue())


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write()
    return tmp_path


def document(block=(), student=(), pairs=PAIRS, **blocks):
    dataset = {"file": "data.npz", "test_samples": 2 * TEST, "labels": "pairs", "pairs": pairs, "mixing": 0.3}
    inputs = {"distribution": "dataset", "samples": 2 * TRAIN, "dataset": {**dataset, **dict(block)}}
    own = {"hidden": K, "activation": "sigmoid", "initial": {"scheme": "large"}}
    return {
        "inputs": inputs,
        "teachers": {"count": len(pairs), "hidden": 1},
        "student": {**own, **dict(student)},
        "training": {"learning_rate": 3.0},
        "curriculum": {"switch_times": [1.0, 2.0][: len(pairs) - 1]},
        "duration": 3.0,
        "record": {"times": [0.0, 1.0, 2.0, 3.0], "weights": True},
    } | blocks


def spec_of(block=(), student=(), **blocks):
    return parse_spec(document(block, student, **blocks))


def source(spec, seed=0, run=0):
    networks = in_memory(spec, sample_networks(spec, seed, run), may_be_wide=False)
    return source_of(spec)(spec, networks, seed, run)


def inputs(spec, seed=0, run=0):
    """Inputs of each task for training and for testing, without padding."""
    found = source(spec, seed, run)
    width = spec.inputs.dimension
    return [
        [part.X[:, :width] for part in parts]
        for parts in zip(found.training_sets, found.test_sets, strict=True)
    ]


def assert_equal_tasks(found, expected):
    for own, others in zip(found, expected, strict=True):
        for X, other in zip(own, others, strict=True):
            np.testing.assert_allclose(X, other, rtol=0, atol=1e-13)


# Samples


@pytest.mark.parametrize("pixels", ["standardised", "unit"])
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_inputs_are_mixtures_of_images(folder, pixels, share):
    spec = spec_of({"mixing": share, "pixels": pixels})
    for seed, run in ((0, 0), (4, 2)):
        expected = tasks(IMAGES, TARGETS, PAIRS, share, (TRAIN, TEST), pixels, seed, run)
        assert_equal_tasks(inputs(spec, seed, run), expected)


def test_the_end_points_are_the_first_pair_and_the_own_pair(folder):
    (first, _), *others = inputs(spec_of({"mixing": 1.0}))
    for task, _ in others:
        np.testing.assert_array_equal(task, first)
    alone = [inputs(spec_of({"mixing": 0.0, "pixels": "unit"}, pairs=[pair]))[0][0] for pair in PAIRS]
    together = [task[0] for task in inputs(spec_of({"mixing": 0.0, "pixels": "unit"}))]
    for own, other in zip(together, alone, strict=True):
        np.testing.assert_allclose(own / own.max(), other / other.max(), rtol=1e-14)


def test_the_same_pair_twice_is_one_task(folder):
    for share in (0.0, 0.7):
        (first, first_test), (second, second_test) = inputs(
            spec_of({"mixing": share}, pairs=[[3, 7], [3, 7]])
        )
        np.testing.assert_allclose(first, second, rtol=0, atol=1e-15)
        np.testing.assert_allclose(first_test, second_test, rtol=0, atol=1e-15)


def test_no_image_is_for_training_and_for_testing(folder):
    for run in range(5):
        for train, test in inputs(spec_of({"mixing": 0.0}), run=run):
            rows = {tuple(row) for row in np.round(np.concatenate([train, test]), 9)}
            assert len(rows) == 2 * (TRAIN + TEST)


def test_runs_have_other_samples_and_all_shares_the_same(folder):
    one, other = (inputs(spec_of({"pixels": "unit"}), run=run)[0][0] for run in (0, 1))
    assert not np.array_equal(one, other)
    half = inputs(spec_of({"mixing": 0.5, "pixels": "unit"}))[0][0]
    np.testing.assert_array_equal(half, one)


def test_every_image_of_a_class_can_be_the_first(folder):
    count = (TARGETS == 3).sum()
    firsts = [members(TARGETS, 3, 0, run)[0] for run in range(200)]
    assert set(firsts) == set(np.flatnonzero(TARGETS == 3))
    assert np.bincount(firsts).max() < 2.5 * 200 / count


def test_idx_files_give_the_same_run(folder):
    """As those of Fashion-MNIST."""
    for name, array in (("images.gz", IMAGES), ("labels.gz", TARGETS.astype(np.uint8))):
        head = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
        Path(name).write_bytes(gzip.compress(head + array.tobytes()))
    files = {"file": "images.gz", "labels_file": "labels.gz"}
    assert_same(simulate(spec_of(files), "network"), simulate(spec_of(), "network"))


@pytest.mark.parametrize("values", [None, [0, 1], [2.0, -3.0]])
def test_labels_and_their_noise(folder, values):
    block = {} if values is None else {"label_values": values}
    noises = [0.0, 0.5, 2.0]
    found = source(spec_of(block, teachers={"count": 3, "hidden": 1, "output_noise": noises}))
    expected = np.repeat(values or [-1, 1], TRAIN)
    for task, noise in enumerate(noises):
        own = found.samples_of(task)[1] - expected
        assert own.std() == pytest.approx(noise, rel=0.7, abs=1e-15)
        np.testing.assert_array_equal(found.test_sets[task].labels[task], np.repeat(values or [-1, 1], TEST))


# Steps


def slow_run(spec, setting, seed, run):
    """States and errors at t = 0, 1, 2 and 3 of a student that changes its task at t = 1 and 2."""
    block, biases = spec.inputs.dataset, spec.student.biases
    sets = tasks(IMAGES, TARGETS, PAIRS, block.mixing, (TRAIN, TEST), block.pixels, seed, run)
    labels = [np.repeat(block.label_values, size) for size in (TRAIN, TEST)]
    net, (b, c) = sample_networks(spec, seed, run), sample_biases(spec, seed, run)
    b, c = b * ("features" in biases), c * ("readouts" in biases)
    W, h, key = net.W, net.h, tuple(map(int, counter_key(seed, run, Purpose.SAMPLE_CHOICE)))
    rows = []
    for step in range(3 * N + 1):
        if step % N == 0:
            found = [outputs(setting.student, W, b, h[p], c[p], sets[p][1]) for p in range(3)]
            middle = np.mean(block.label_values)
            wrong = [np.mean((out > middle) != (labels[1] > middle)) for out in found]
            errors = [0.5 * np.mean((out - labels[1]) ** 2) for out in found]
            fields = [sets[p][1] @ W.T / np.sqrt(N) + b for p in range(3)]
            spread = [G[setting.student](field).var(axis=0) for field in fields]
            rows.append((W.copy(), b.copy(), h.copy(), c.copy(), errors, wrong, spread))
        p = min(step // N, 2)
        chosen = choice(key, 2 * TRAIN, setting.batch, False, step)
        state = W, b, h[p], c[p]
        W, b, h[p], c[p] = step_with_biases(setting, biases, *state, sets[p][0][chosen], labels[0][chosen])
    return [np.array(part) for part in zip(*rows, strict=True)]


@pytest.mark.parametrize("biases", LAYERS, ids=["none", "features", "both"])
@pytest.mark.parametrize("activation", ["sigmoid", "erf", "relu", "linear"])
def test_runs_are_those_of_the_twin(folder, activation, biases):
    """Three tasks with a head each, all terms, and the errors of each task on its own inputs."""
    setting = Setting(student=activation, eta=0.9, eta_h=0.6, decay=0.8, batch=2, frozen=(1,))
    training = {"learning_rate": 0.9, "readout_learning_rate": 0.6, "weight_decay": 0.8, "batch_size": 2}
    student = {"activation": activation, "biases": biases, "initial": {"scheme": "uniform"}}
    spec = spec_of({"label_values": [0, 1]}, student, training=training | {"frozen_units": [[1]] * 3})
    names = (
        "student_weights",
        "student_biases",
        "student_readouts",
        "readout_biases",
        "generalisation_error",
    )
    names += ("classification_error", "activation_variances")
    trajectory = simulate(spec, "network", 5, 1)
    expected = dict(zip(names, slow_run(spec, setting, 5, 1), strict=True))
    missing = {"student_biases": "features", "readout_biases": "readouts"}
    for name, array in expected.items():
        found = getattr(trajectory, name)
        if name in missing and missing[name] not in biases:
            assert found is None
        else:
            np.testing.assert_allclose(found, array, rtol=0, atol=1e-12, err_msg=name)
    assert trajectory.switch_times.tolist() == [1.0, 2.0]


def test_a_step_goes_down_the_gradient_of_the_loss(folder):
    """Against finite differences; the rates of readouts and of both kinds of biases have a factor 1 / N."""
    training = {"learning_rate": float(N), "batch_size": 2 * TRAIN, "sampling": "without_replacement"}
    student = {"biases": ["features", "readouts"], "initial": {"scheme": "uniform"}}
    record = {"times": [0.0, 1 / N], "weights": True}
    blocks = {"training": training, "duration": 1 / N, "record": record, "curriculum": {"order": [0]}}
    spec = spec_of({}, student, **blocks)
    trajectory = simulate(spec, "network")
    X, labels = inputs(spec)[0][0], np.repeat([-1.0, 1.0], TRAIN)
    arrays = [trajectory.student_weights, trajectory.student_biases]
    arrays += [trajectory.student_readouts[:, 0], trajectory.readout_biases[:, :1]]

    def loss(W, b, h, c):
        return 0.5 * np.mean((outputs("sigmoid", W, b, h, c[0], X) - labels) ** 2)

    before = [array[0] for array in arrays]
    for number, (array, rate) in enumerate(zip(arrays, (N, 1.0, 1.0, 1.0), strict=True)):
        slope = np.zeros_like(array[0])
        for index in np.ndindex(slope.shape):
            ends = []
            for sign in (1e-5, -1e-5):
                parts = [part.copy() for part in before]
                parts[number][index] += sign
                ends.append(loss(*parts))
            slope[index] = (ends[0] - ends[1]) / 2e-5
        np.testing.assert_allclose(array[0] - array[1], rate * slope, rtol=0, atol=1e-8)


@pytest.mark.parametrize("biases", LAYERS[1:], ids=["features", "both"])
def test_biases_of_a_data_set_of_other_labels(folder, biases):
    """Teachers without biases label the images; constant moves show in the fields of all images."""
    block = {"file": "data.npz", "test_samples": 20}
    inputs = {"distribution": "dataset", "dataset": block}
    blocks = {"inputs": inputs, "teachers": {"count": 1, "hidden": 2}, "curriculum": {}}
    student = {"hidden": K, "initial": {"scheme": "large"}}
    plain = simulate(parse_spec(document() | blocks | {"student": student}), "network")
    spec = parse_spec(document() | blocks | {"student": student | {"biases": biases}})
    trajectory = simulate(spec, "network")
    np.testing.assert_array_equal(trajectory.generalisation_error[0], plain.generalisation_error[0])
    assert np.abs(trajectory.student_biases[-1]).min() > 0.0
    pixels = IMAGES.reshape(90, -1).astype(float)
    pixels = (pixels - pixels[:70].mean()) / pixels[:70].std()
    V, v = sample_networks(spec, 0, 0)[2:]
    label = v[0] @ G["erf"](V[0] @ pixels[70:].T / np.sqrt(N))
    c = 0.0 if biases == ["features"] else trajectory.readout_biases[-1, 0]
    state = trajectory.student_weights[-1], trajectory.student_biases[-1], trajectory.student_readouts[-1, 0]
    error = 0.5 * np.mean((outputs("erf", *state, c, pixels[70:]) - label) ** 2)
    assert trajectory.generalisation_error[-1, 0] == pytest.approx(error, rel=1e-12)


def test_pixels_of_other_data_sets_are_divided_by_the_largest_one(folder):
    block = {"file": "data.npz", "test_samples": 20, "pixels": "unit"}
    blocks = {"inputs": {"distribution": "dataset", "dataset": block}, "teachers": {"count": 1, "hidden": 1}}
    found = source(parse_spec(document() | blocks | {"curriculum": {}}))
    pixels = IMAGES.reshape(90, -1)
    np.testing.assert_allclose(found.training_set.X[:, :N], pixels[:70] / pixels[:70].max(), rtol=1e-15)
    np.testing.assert_allclose(found.test_set.X[:, :N], pixels[70:] / pixels[:70].max(), rtol=1e-15)


def test_single_precision(folder):
    student = {"biases": ["features", "readouts"], "initial": {"scheme": "uniform"}}
    double = simulate(spec_of({}, student), "network")
    single = simulate(spec_of({}, student, numerics={"precision": "float32"}), "network")
    for name in ("generalisation_error", "student_biases", "readout_biases", "activation_variances"):
        np.testing.assert_allclose(getattr(single, name), getattr(double, name), atol=1e-5)


# The start, stops and switches


def test_uniform_weights():
    block = {"file": "none.npz", "test_samples": 2, "sha256": "0" * 64}
    inputs = {"distribution": "dataset", "dimension": 400, "samples": 4, "dataset": block}
    student = {
        "hidden": 100,
        "biases": ["features"],
        "initial": {"scheme": "uniform"},
        "output_scale": "mean",
    }
    blocks = {"inputs": inputs, "teachers": {"count": 50, "hidden": 1}, "curriculum": {}, "student": student}
    spec = parse_spec(document() | blocks)
    net, (b, c) = sample_networks(spec, 0, 0), sample_biases(spec, 0, 0)
    for values, bound in ((net.W, 1.0), (net.h * 100, 0.1), (b, 0.05), (c * 100, 0.1)):
        assert np.abs(values).max() < bound
        assert kstest(values.ravel() / bound, "uniform", args=(-1.0, 2.0)).pvalue > 1e-3
    correlation = np.corrcoef(b, net.h[0])[0, 1]
    assert abs(correlation) < 0.4
    other, _ = sample_biases(spec, 0, 1)
    assert not np.array_equal(other, b)


def test_task_one_can_stop_early(folder):
    """A threshold is compared with the error of the task on its own test samples."""
    training = {"learning_rate": 20.0}
    blocks = {"training": training, "duration": 20.0, "record": {"count": 401}}
    alone = simulate(spec_of({}, curriculum={"order": [0]}, **blocks), "network").generalisation_error[:, 0]
    threshold = float(alone[0] + alone.min()) / 2
    stopped = simulate(
        spec_of({}, curriculum={"thresholds": [threshold], "look_every": 0.05}, **blocks), "network"
    )
    first = np.flatnonzero(alone < threshold)[0]
    assert first > 0
    assert stopped.switch_times == pytest.approx([stopped.time[first]])
    assert stopped.active_teacher[[first - 1, first]].tolist() == [0, 1]


@pytest.mark.parametrize("biases", LAYERS, ids=["none", "features", "both"])
@pytest.mark.parametrize("sampling", ["with_replacement", "epochs"])
def test_a_run_resumes_to_the_same_bits(folder, biases, sampling):
    student = {"biases": biases, "initial": {"scheme": "uniform"}}
    training = {"learning_rate": 3.0, "sampling": sampling}
    whole = simulate(spec_of({}, student, training=training), "network")
    first = document({}, student, training=training, duration=1.45, curriculum={"switch_times": [1.0]})
    first["record"] = {"times": [0.0, 1.0], "state": True}
    Path("first.yaml").write_text(yaml.safe_dump(first))
    Path("rest.yaml").write_text(yaml.safe_dump(document({}, student, training=training)))
    network = ["--engine", "network"]
    assert main(["run", "first.yaml", *network, "--output", "first.h5"]) == 0
    assert main(["run", "rest.yaml", *network, "--from", "first.h5", "--output", "rest.h5"]) == 0
    rest = read_run("rest.h5").arrays
    for name in ("student_weights", "student_readouts", "generalisation_error", "activation_variances"):
        np.testing.assert_array_equal(rest[name], getattr(whole, name)[2:])
    if biases:
        np.testing.assert_array_equal(rest["student_biases"], whole.student_biases[2:])


def test_order_parameters_have_no_biases(folder, capsys):
    student = {"biases": ["features"]}
    Path("spec.yaml").write_text(yaml.safe_dump(document({}, student)))
    assert main(["run", "spec.yaml", "--engine", "network", "--output", "out.h5"]) == 0
    command = [
        "run",
        "spec.yaml",
        "--engine",
        "network",
        "--from",
        "out.h5",
        "--at",
        "1.0",
        "--output",
        "b.h5",
    ]
    assert main(command) == 2
    assert "student.biases: not part of order parameters" in capsys.readouterr().err


def test_quantities_are_recorded_if_they_are_wanted(folder):
    student = {"biases": ["features", "readouts"]}
    record = {"times": [0.0, 3.0], "quantities": "errors"}
    trajectory = simulate(spec_of({}, student, record=record), "network")
    assert trajectory.student_biases is trajectory.readout_biases is trajectory.activation_variances is None
    assert trajectory.generalisation_error.shape == (2, 3)


def test_the_complete_spec_can_be_read_without_the_file(folder):
    spec = spec_of({}, {"biases": ["features"]})
    block = spec.inputs.dataset
    assert (block.mixing, block.label_values, block.pixels) == (0.3, (-1.0, 1.0), "standardised")
    Path("data.npz").unlink()
    assert parse_spec(spec.to_dict()) == spec


def test_the_share_is_zero_where_it_is_not_given(folder):
    given = document()
    del given["inputs"]["dataset"]["mixing"]
    assert parse_spec(given).inputs.dataset.mixing == 0.0


def test_a_head_is_copied_with_its_bias(folder):
    student = {"biases": ["features", "readouts"], "copy_head_at_switch": "first"}
    trajectory = simulate(spec_of({}, student, record={"times": [0.0, 1.0, 1.0 + 1 / N]}), "network")
    c, h = trajectory.readout_biases, trajectory.student_readouts
    assert c[1, 0] != 0.0 and c[1, 1] == 0.0
    # The first step of the second task moves the readouts by the activations times the move of the bias.
    activations = (h[2, 1] - h[1, 0]) / (c[2, 1] - c[1, 0])
    assert 0.0 < activations.min() < activations.max() < 1.0


# What is refused


REFUSED = [
    ({"pairs": None}, {}, "inputs.dataset.pairs: missing; labels: pairs needs two classes"),
    ({"pairs": [[1, 2]]}, {}, "inputs.dataset.pairs: 1 pairs for 3 teachers; give one per teacher"),
    ({"pairs": [[1, 2], [3, 3], [4, 5]]}, {}, "inputs.dataset.pairs: [3, 3] is not allowed; the classes"),
    ({"pairs": [[1, 2], [3], [4, 5]]}, {}, "inputs.dataset.pairs"),
    ({"pairs": [[1, 2], [3, 12], [4, 5]]}, {}, "pairs: 12 is not allowed; the samples of data.npz have 0, 1"),
    ({"mixing": 1.5}, {}, "inputs.dataset.mixing: 1.5 is not allowed; it must be a number >= 0 and <= 1"),
    ({"mixing": -0.1}, {}, "inputs.dataset.mixing: -0.1 is not allowed; it must be a number >= 0 and"),
    ({"label_values": [1, 1]}, {}, "inputs.dataset.label_values: [1.0, 1.0] is not allowed"),
    ({"label_values": [1]}, {}, "inputs.dataset.label_values"),
    ({"test_samples": 3}, {}, "test_samples: 3 is not allowed; with labels: pairs it must be even"),
    ({"test_samples": 14}, {}, "inputs.samples: 8 is not allowed; data.npz has 9 images of class"),
    ({"shuffle_labels": True}, {}, "shuffle_labels: not available with labels: pairs"),
    ({"labels": "teacher"}, {}, "inputs.dataset.pairs: only for labels: pairs"),
    ({"labels": "teacher", "pairs": None}, {}, "inputs.dataset.mixing: only for labels: pairs"),
    ({"classes": 3}, {}, "inputs.dataset.classes: only for labels: one_versus_rest"),
    ({"pixels": "whitened"}, {}, "pixels: 'whitened' is not allowed; it must be one of standardised, unit"),
    ({}, {"biases": ["readouts"]}, "student.biases: biases of the readouts need those of the features"),
    ({}, {"biases": ["both"]}, "student.biases"),
]  # fmt: skip


@pytest.mark.parametrize(("block", "student", "words"), REFUSED)
def test_refused(folder, block, student, words):
    given = document(block, student)
    given["inputs"]["dataset"] = {k: v for k, v in given["inputs"]["dataset"].items() if v is not None}
    with pytest.raises(SpecError) as caught:
        check(parse_spec(given), "network")
    assert words in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(("samples", "words"), [
    (None, "inputs.samples: missing; inputs.dataset.labels: pairs needs it"),
    (7, "inputs.samples: 7 is not allowed; with labels: pairs it must be even"),
])  # fmt: skip
def test_the_number_of_samples(folder, samples, words):
    with pytest.raises(SpecError) as caught:
        parse_spec(document(inputs=document()["inputs"] | {"samples": samples}))
    assert str(caught.value).startswith(words)


def test_images_without_a_scale(folder):
    write("black.npz", images=np.where((TARGETS == 9)[:, None, None], IMAGES, 0))
    for pixels, name in (("standardised", "standard deviation"), ("unit", "largest absolute value")):
        with pytest.raises(SpecError, match=f"black.npz: the {name} of the pixels is 0.0"):
            check(spec_of({"file": "black.npz", "pixels": pixels}), "network")


@pytest.mark.parametrize(("student", "words"), [
    ({"biases": ["features"]}, "student.biases: ['features'] needs a data set"),
    ({"initial": {"scheme": "uniform"}}, "student.initial.scheme: uniform needs a data set"),
])  # fmt: skip
@pytest.mark.parametrize("inputs", [{"dimension": 20}, {"dimension": 20, "samples": 5}])
def test_other_inputs_are_refused(student, words, inputs):
    with pytest.raises(SpecError) as caught:
        parse_spec(document() | {"inputs": inputs, "student": {"hidden": K} | student})
    assert str(caught.value).startswith(words)


@pytest.mark.parametrize("engine", ["ode", "chain"])
def test_other_engines_refuse_pairs(folder, engine):
    with pytest.raises(SpecError, match=rf"^inputs.distribution: engine {engine} needs"):
        check(spec_of(record={"count": 2}), engine)


def test_a_student_from_a_file_has_no_biases(folder):
    np.savez("student.npz", weights=np.zeros((K, N)), readouts=np.zeros((3, K)))
    student = {"biases": ["features"], "initial": {"scheme": "file", "file": "student.npz"}}
    with pytest.raises(SpecError, match=r"^student.biases: a student from a file has no biases"):
        spec_of({}, student)


def test_biases_of_zero_change_nothing(folder):
    training = {"learning_rate": 0.0}
    plain = simulate(spec_of({}, training=training), "network")
    biased = simulate(spec_of({}, {"biases": ["features", "readouts"]}, training=training), "network")
    np.testing.assert_array_equal(plain.generalisation_error, biased.generalisation_error)
    assert not biased.student_biases.any() and not biased.readout_biases.any()


# Against another program

# Of digits 0, 5 and then 2, 7, over 10 runs: share, then means and standard errors of the rise of the mean of
# (output - label)^2 of task 1, and of the re-use of units, by an independent program in numpy.
RECORDED = [
    (0.0, 0.01791, 0.00342, 0.00523, 0.00316),
    (0.3, 0.03125, 0.00339, 0.84129, 0.09430),
    (0.6, 0.00871, 0.00117, 0.93223, 0.01722),
    (1.0, 0.00110, 0.00039, 0.93878, 0.01864),
]


@pytest.mark.slow
@pytest.mark.parametrize("recorded", RECORDED, ids=[str(row[0]) for row in RECORDED])
def test_forgetting_and_reuse_are_those_of_another_program(tmp_path, monkeypatch, recorded):
    """Its weights are w / sqrt N; it moves them by 0.1 times the derivative of (output - label)^2."""
    monkeypatch.chdir(tmp_path)
    write_digits.main("data.npz")
    share, *expected = recorded
    block = {"pairs": [[0, 5], [2, 7]], "mixing": share, "label_values": [0, 1], "pixels": "unit"}
    student = {"hidden": 8, "biases": ["features", "readouts"], "initial": {"scheme": "uniform"}}
    blocks = {"teachers": {"count": 2, "hidden": 1}, "training": {"learning_rate": 2 * 64 * 0.1}}
    times = {"curriculum": {"switch_times": [625.0]}, "duration": 1250.0}
    given = document(block | {"test_samples": 108}, student, **blocks, **times)
    given |= {"record": {"times": [0.0, 625.0, 1250.0]}, "inputs": given["inputs"] | {"samples": 246}}
    rises, reuses = [], []
    for run in range(10):
        found = simulate(parse_spec(given), "network", 0, run)
        rises.append(2 * np.diff(found.generalisation_error[1:, 0])[0])
        first, second = (found.student_readouts[t, p] ** 2 * found.activation_variances[t, p] for t, p in
                         ((1, 0), (2, 1)))  # fmt: skip
        reuses.append(first @ second / first.sum() / second.sum())
    for values, mean, error in ((rises, *expected[:2]), (reuses, *expected[2:])):
        assert abs(np.mean(values) - mean) < 4 * np.hypot(np.std(values, ddof=1) / np.sqrt(10), error)

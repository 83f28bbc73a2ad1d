"""Data sets from files: what runs on them measure, and every way in which a file can be wrong."""

import gzip
import hashlib
import io
import math
import os
import struct
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
import yaml

from naive import G, Setting
from naive.samples import sgd_step
from samples import assert_same
from teacherstudent.command.main import main
from teacherstudent.engines.network.weights import in_memory
from teacherstudent.errors import SpecError
from teacherstudent.inputs.sources import source_of
from teacherstudent.kernels.network.samples import choose
from teacherstudent.networks.randomness import Purpose, counter_key
from teacherstudent.networks.sampling import sample_networks
from teacherstudent.simulation.runs import check, simulate
from teacherstudent.spec.parse import parse_spec
from teacherstudent.store.runs import read_run

TRAIN, TEST = 50, 10


def contents(seed=0):
    """Sixty images of 4 x 5 pixels and their classes."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, size=(TRAIN + TEST, 4, 5)).astype(np.uint8)
    return images, np.arange(TRAIN + TEST) % 10


IMAGES, CLASSES = contents()


def npz(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def hdf5(**arrays):
    file = io.BytesIO()
    with h5py.File(file, "w") as target:
        for name, array in arrays.items():
            target[name] = array
    return file.getvalue()


def idx(array, code=0x08):
    array = np.asarray(array)
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, code, array.ndim, *array.shape) + array.tobytes()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder with the data set in all formats."""
    monkeypatch.chdir(tmp_path)
    Path("data.npz").write_bytes(npz(images=IMAGES, targets=CLASSES))
    Path("data.h5").write_bytes(hdf5(images=IMAGES, targets=CLASSES))
    Path("images.idx").write_bytes(idx(IMAGES))
    Path("labels.idx").write_bytes(idx(CLASSES.astype(np.uint8)))
    Path("images.gz").write_bytes(gzip.compress(idx(IMAGES)))
    Path("labels.gz").write_bytes(gzip.compress(idx(CLASSES.astype(np.uint8))))
    return tmp_path


def document(block=(), **blocks):
    """A run on the .npz file with a head for each of two teachers."""
    dataset = {"file": "data.npz", "test_samples": TEST, **dict(block)}
    return {
        "inputs": {"distribution": "dataset", "dataset": dataset},
        "teachers": {"count": 2, "hidden": 2},
        "student": {"hidden": 3, "initial": {"weights_std": 0.6, "readouts_std": 0.6}},
        "training": {"learning_rate": 0.5},
        "duration": 4.0,
        "record": {"times": [0.0, 4.0]},
    } | blocks


ONE = {"count": 1, "hidden": 2, "output_noise": 0.3}
ONE_VERSUS_REST = {"labels": "one_versus_rest", "classes": [3, 7]}


def spec_of(block=(), **blocks):
    return parse_spec(document(block, **blocks))


def sets_of(spec, seed=0, run=0):
    networks = in_memory(spec, sample_networks(spec, seed, run), may_be_wide=False)
    source = source_of(spec)(spec, networks, seed, run)
    return source.training_set, source.test_set


def scaled():
    """Images as the networks see them."""
    pixels = IMAGES.reshape(TRAIN + TEST, -1).astype(float)
    return (pixels - pixels[:TRAIN].mean()) / pixels[:TRAIN].std()


# What a run sees and measures


def test_images_are_centred_and_scaled_by_the_training_part(folder):
    train, test = sets_of(spec_of())
    np.testing.assert_allclose(train.X[:, :20], scaled()[:TRAIN], rtol=0, atol=1e-13)
    np.testing.assert_allclose(test.X[:, :20], scaled()[TRAIN:], rtol=0, atol=1e-13)
    assert not train.X[:, 20:].any()
    assert train.X[:, :20].mean() == pytest.approx(0.0, abs=1e-13)
    assert train.X[:, :20].std() == pytest.approx(1.0)


def test_fewer_samples_are_the_first_ones(folder):
    spec = parse_spec(document(inputs=document(ONE_VERSUS_REST)["inputs"] | {"samples": 30}))
    train, test = sets_of(spec)
    pixels = IMAGES.reshape(TRAIN + TEST, -1).astype(float)
    mean, deviation = pixels[:30].mean(), pixels[:30].std()
    np.testing.assert_allclose(train.X[:, :20], (pixels[:30] - mean) / deviation, rtol=0, atol=1e-13)
    np.testing.assert_allclose(test.X[:, :20], (pixels[TRAIN:] - mean) / deviation, rtol=0, atol=1e-13)
    np.testing.assert_array_equal(test.labels[0], np.where(CLASSES[TRAIN:] == 3, 1, -1))


FORMATS = {
    "data.npz": {},
    "data.h5": {},
    "images.idx": {"labels_file": "labels.idx"},
    "images.gz": {"labels_file": "labels.gz"},
}


@pytest.mark.parametrize("name", FORMATS)
def test_formats_give_the_same_run(folder, name):
    expected = simulate(spec_of(ONE_VERSUS_REST), "network")
    assert_same(simulate(spec_of(ONE_VERSUS_REST | {"file": name} | FORMATS[name]), "network"), expected)


@pytest.mark.parametrize(
    ("code", "kind"), [(8, "u1"), (9, "i1"), (0xB, "i2"), (0xC, "i4"), (0xD, "f4"), (0xE, "f8")]
)
def test_idx_has_numbers_of_all_types(folder, code, kind):
    images = (IMAGES // 2).astype(f">{kind}")
    Path("other.idx").write_bytes(idx(images, code))
    Path("other.npz").write_bytes(npz(images=IMAGES // 2))
    one, other = (sets_of(spec_of({"file": name}))[0] for name in ("other.idx", "other.npz"))
    np.testing.assert_array_equal(one.X, other.X)


def test_arrays_may_have_other_names(folder):
    Path("other.npz").write_bytes(npz(x=IMAGES, y=CLASSES))
    block = ONE_VERSUS_REST | {"file": "other.npz", "images": "x", "targets": "y"}
    assert_same(simulate(spec_of(block), "network"), simulate(spec_of(ONE_VERSUS_REST), "network"))


def clean_labels(spec, networks):
    block = spec.inputs.dataset
    if block.labels == "teacher":
        fields = np.einsum("pmn,sn->psm", networks.V, scaled()) / math.sqrt(20)
        return np.einsum("psm,pm->ps", G["erf"](fields), networks.v)
    rules = {
        "given": lambda: [CLASSES],
        "parity": lambda: [[1 if number in (0, 2, 4, 6, 8) else -1 for number in CLASSES]],
        "one_versus_rest": lambda: [[1 if n == number else -1 for n in CLASSES] for number in block.classes],
    }
    return np.array(rules[block.labels]()) * 1.0


LABELS = {
    "teacher": ({}, {"count": 2, "hidden": 2, "output_noise": [0.0, 0.3]}),
    "parity": ({"labels": "parity"}, ONE),
    "given": ({"labels": "given"}, ONE),
    "one_versus_rest": (ONE_VERSUS_REST, {"count": 2, "hidden": 1, "output_noise": 0.1}),
    "one_class_for_all": ({"labels": "one_versus_rest", "classes": 3}, {"count": 2, "hidden": 1}),
}


@pytest.mark.parametrize("name", LABELS)
def test_labels(folder, name):
    block, teachers = LABELS[name]
    spec = spec_of(block, teachers=teachers)
    expected, (train, test) = clean_labels(spec, sample_networks(spec, 0, 0)), sets_of(spec)
    np.testing.assert_allclose(test.labels, expected[:, TRAIN:], rtol=0, atol=1e-12)
    noise = train.labels - expected[:, :TRAIN]
    np.testing.assert_allclose(noise.std(axis=1), spec.teachers.output_noise, rtol=0.4, atol=1e-12)


def test_a_pass_visits_every_image_once(folder):
    """One step on all images has the moves of one sample after the other, if these are small."""
    moves = []
    for batch, rate in ((1, 1e-6), (TRAIN, 1e-6 * TRAIN)):
        training = {"learning_rate": rate, "batch_size": batch, "sampling": "epochs"}
        steps = TRAIN // batch
        blocks = {"training": training, "duration": steps / 20, "record": {"weights": True, "count": 2}}
        weights = simulate(spec_of(**blocks), "network").student_weights
        moves.append(weights[-1] - weights[0])
    np.testing.assert_allclose(*moves, rtol=0, atol=1e-4 * np.abs(moves[0]).max())


def test_shuffled_labels_are_the_same_ones_elsewhere(folder):
    block = {"labels": "given"}
    plain = sets_of(spec_of(block, teachers=ONE))
    shuffled, again, other = (
        sets_of(spec_of(block | {"shuffle_labels": True}, teachers=ONE), run=run) for run in (0, 0, 1)
    )
    np.testing.assert_array_equal(np.sort(shuffled[0].labels), np.sort(plain[0].labels))
    assert (shuffled[0].labels != plain[0].labels).mean() > 0.8
    np.testing.assert_array_equal(shuffled[0].labels, again[0].labels)
    assert (shuffled[0].labels != other[0].labels).mean() > 0.8
    np.testing.assert_array_equal(shuffled[1].labels, plain[1].labels)


@pytest.mark.parametrize("name", LABELS)
def test_errors_are_means_over_the_samples(folder, name):
    """Against a slow run, whose labels with noise are those of the package."""
    block, teachers = LABELS[name]
    training = {"learning_rate": 0.7, "readout_learning_rate": 0.4, "batch_size": 2}
    spec = spec_of(block, teachers=teachers, training=training)
    trajectory, networks = simulate(spec, "network", 5, 1), sample_networks(spec, 5, 1)
    X, W, h, (train, _) = scaled(), networks.W, networks.h, sets_of(spec, 5, 1)
    chosen, key = np.empty(2, np.int64), counter_key(5, 1, Purpose.SAMPLE_CHOICE)
    for step in range(80):
        choose(chosen, TRAIN, False, *key, step)
        W, h[0] = sgd_step(Setting(batch=2), W, h[0], X[chosen], train.labels[0, chosen])
    outputs, labels = h @ G["erf"](W @ X.T / math.sqrt(20)), clean_labels(spec, networks)
    training_error = 0.5 * ((outputs[:, :TRAIN] - train.labels) ** 2).mean(axis=1)
    test_error = 0.5 * ((outputs - labels)[:, TRAIN:] ** 2).mean(axis=1)
    wrong = (np.sign(outputs) != np.sign(labels))[:, TRAIN:].mean(axis=1)
    np.testing.assert_allclose(trajectory.training_error[-1], training_error, rtol=0, atol=1e-12)
    np.testing.assert_allclose(trajectory.generalisation_error[-1], test_error, rtol=0, atol=1e-12)
    np.testing.assert_allclose(trajectory.classification_error[-1], wrong, rtol=0, atol=1e-12)


def test_a_student_that_says_nothing_has_no_sign_right(folder):
    student = {"hidden": 1, "initial": {"readouts_value": 0.0}}
    trajectory = simulate(spec_of(student=student), "network")
    np.testing.assert_array_equal(trajectory.classification_error[0], [1.0, 1.0])


def test_thresholds_are_those_of_the_test_error(folder):
    blocks = {"record": {"count": 401}, "duration": 20.0}
    plain = simulate(spec_of({}, curriculum={"order": [0]}, **blocks), "network").generalisation_error[:, 0]
    threshold = float(plain[0] + plain.min()) / 2
    trajectory = simulate(spec_of({}, curriculum={"thresholds": [threshold]}, **blocks), "network")
    first = np.flatnonzero(plain < threshold)[0]
    assert first > 0
    assert trajectory.switch_times == pytest.approx([trajectory.time[first]])


def test_single_precision(folder):
    blocks = {"duration": 1.0, "record": {"times": [0.0, 1.0]}}
    single = simulate(spec_of(ONE_VERSUS_REST, numerics={"precision": "float32"}, **blocks), "network")
    double = simulate(spec_of(ONE_VERSUS_REST, **blocks), "network")
    np.testing.assert_allclose(single.generalisation_error, double.generalisation_error, atol=1e-5)
    np.testing.assert_allclose(single.student_overlaps, double.student_overlaps, atol=1e-5)


# The complete spec


def test_the_complete_spec_knows_the_files(folder):
    spec = spec_of(ONE_VERSUS_REST | {"file": "images.gz", "labels_file": "labels.gz"})
    assert (spec.inputs.dimension, spec.inputs.samples) == (20, TRAIN)
    block = spec.inputs.dataset
    assert block.sha256 == hashlib.sha256(Path("images.gz").read_bytes()).hexdigest()
    assert block.labels_sha256 == hashlib.sha256(Path("labels.gz").read_bytes()).hexdigest()
    for name in ("images.gz", "labels.gz"):
        Path(name).unlink()
    assert parse_spec(spec.to_dict()) == spec


def test_a_stored_run_is_read_without_its_data_set(folder):
    assert run(ONE_VERSUS_REST) == 0
    Path("data.npz").unlink()
    stored = read_run("out.h5")
    assert stored.arrays["classification_error"].shape == (2, 2)
    assert main(["show", "out.h5"]) == 0
    assert main(["plot", "out.h5", "--output", "out.png"]) == 0


def test_defaults(folder):
    block = spec_of().inputs.dataset
    assert (block.labels, block.images, block.targets) == ("teacher", "images", "targets")
    assert block.shuffle_labels is False


# What is refused, by the command: one line, and no file


def run(block=(), **blocks):
    Path("spec.yaml").write_text(yaml.safe_dump(document(block, **blocks)))
    return main(["run", "spec.yaml", "--engine", "network", "--output", "out.h5"])


def assert_refused(capsys, *words, block=(), **blocks):
    before = set(os.listdir()) | {"spec.yaml"}
    assert run(block, **blocks) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    assert line.startswith("error: inputs") or line.startswith("error: teachers")
    for word in words:
        assert word in line
    assert set(os.listdir()) == before


RIGHT = {"images": IMAGES, "targets": CLASSES}
OBJECTS = np.array([[1, 2], [3]], dtype=object)
NOT_A_NUMBER = np.where(np.arange(1200).reshape(60, 20) == 7, np.nan, 1.0)
COMPLEX = IMAGES.astype(complex)
GOOD_IDX, GOOD_NPZ, GOOD_HDF5 = idx(IMAGES), npz(**RIGHT), hdf5(**RIGHT)
GOOD_GZ = gzip.compress(GOOD_IDX)


def evil_pickle():
    class Evil:
        def __reduce__(self):
            return os.mkdir, ("pickle-was-run",)

    return np.array([Evil()] * 60, dtype=object)


def zip_without_arrays():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("images", "text")
    return file.getvalue()


DAMAGED = {
    "empty": (b"", "not an .npz, HDF5 or IDX file"),
    "text": (b"1,2,3\n4,5,6\n", "not an .npz, HDF5 or IDX file"),
    "npy": (b"\x93NUMPY\x01\x00", "not an .npz, HDF5 or IDX file"),
    "truncated_npz": (GOOD_NPZ[:700], "cannot be read"),
    "truncated_hdf5": (GOOD_HDF5[:1500], "cannot be read"),
    "truncated_idx": (GOOD_IDX[:-3], "1213 bytes, where its header says 1216"),
    "truncated_header": (GOOD_IDX[:9], "9 bytes, where its header says"),
    "long_idx": (GOOD_IDX + b"1", "1217 bytes, where its header says 1216"),
    "truncated_gz": (GOOD_GZ[:-20], "cannot be read"),
    "corrupt_gz": (GOOD_GZ[:200] + bytes(50) + GOOD_GZ[250:], "cannot be read"),
    "corrupt_npz": (GOOD_NPZ[:600] + bytes(100) + GOOD_NPZ[700:], "cannot be read: Bad CRC-32"),
    "empty_gz": (gzip.compress(b""), "not an .npz, HDF5 or IDX file"),
    "huge_idx": (struct.pack(">BBBB3I", 0, 0, 8, 3, *[2**32 - 1] * 3), "where its header says"),
    "idx_without_images": (idx(IMAGES[:0]), "shape (0, 4, 5)"),
    "unknown_type_of_idx": (b"\0\0\x07" + GOOD_IDX[3:], "not an .npz, HDF5 or IDX file"),
    "labels_for_images": (idx(CLASSES.astype(np.uint8)), "shape (60,)"),
    "number": (npz(images=np.array(1.0)), "shape ()"),
    "no_samples": (npz(images=IMAGES[:0], targets=CLASSES[:0]), "shape (0, 4, 5)"),
    "no_pixels": (npz(images=np.zeros((60, 0))), "shape (60, 0)"),
    "other_names": (npz(x=IMAGES, y=CLASSES), "there is no array images; there are x, y"),
    "no_arrays": (hdf5(), "there is no array images; there are none"),
    "no_array_in_zip": (zip_without_arrays(), "images"),
    "objects": (npz(images=OBJECTS, targets=CLASSES), "cannot be read: Object arrays"),
    "pickle": (npz(images=evil_pickle(), targets=CLASSES), "cannot be read: Object arrays"),
    "complex": (npz(images=COMPLEX, targets=CLASSES), "of type complex128; they must be numbers"),
    "complex_hdf5": (hdf5(images=COMPLEX, targets=CLASSES), "of type complex128"),
    "texts": (npz(images=IMAGES.astype(str), targets=CLASSES), "they must be numbers"),
    "texts_hdf5": (hdf5(images=["a", "b"]), "shape (2,)"),
    "nan": (npz(images=NOT_A_NUMBER, targets=CLASSES), "the images are not all finite"),
    "infinite": (npz(images=NOT_A_NUMBER * np.inf, targets=CLASSES), "the images are not all finite"),
    "constant": (npz(images=np.ones((60, 3)), targets=CLASSES), "standard deviation of the pixels is 0.0"),
    "too_large": (npz(images=np.where(IMAGES > 9, 1e308, -1e308), targets=CLASSES), "standard deviation"),
    "fewer_targets": (npz(images=IMAGES, targets=CLASSES[:59]), "shape (59,); for 60 images it must be"),
    "targets_of_two_columns": (npz(images=IMAGES, targets=np.ones((60, 1))), "shape (60, 1)"),
    "no_targets": (npz(images=IMAGES), "there is no array targets; there are images"),
    "nan_targets": (npz(images=IMAGES, targets=CLASSES * np.nan), "the targets are not all finite"),
    "text_targets": (npz(images=IMAGES, targets=CLASSES.astype(str)), "they must be numbers"),
    "halves": (npz(images=IMAGES, targets=CLASSES + 0.5), "one_versus_rest need targets that are whole"),
    "missing_class": (npz(images=IMAGES, targets=CLASSES % 7), "classes: 7 is not allowed"),
    "few_samples": (npz(images=IMAGES[:10], targets=CLASSES[:10]), "has 10 samples, of which at least one"),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_files(folder, capsys, name):
    content, words = DAMAGED[name]
    Path("bad.file").write_bytes(content)
    assert_refused(capsys, "bad.file", words, block=ONE_VERSUS_REST | {"file": "bad.file"})


DAMAGED_LABELS = {
    "empty": (b"", "not an .npz, HDF5 or IDX file"),
    "fewer": (idx(CLASSES[:59].astype(np.uint8)), "shape (59,); for 60 images it must be (60,)"),
    "images": (GOOD_IDX, "shape (60, 4, 5)"),
    "truncated": (idx(CLASSES.astype(np.uint8))[:-1], "67 bytes, where its header says 68"),
}


@pytest.mark.parametrize("name", DAMAGED_LABELS)
def test_damaged_files_of_labels(folder, capsys, name):
    content, words = DAMAGED_LABELS[name]
    Path("bad.file").write_bytes(content)
    block = ONE_VERSUS_REST | {"file": "images.gz", "labels_file": "bad.file"}
    assert_refused(capsys, "bad.file", words, block=block)


WRONG = {"sha256": "0" * 64}
ALL = {"sha256": hashlib.sha256(GOOD_NPZ).hexdigest()}
REFUSED = [
    ({"file": "none.npz"}, "inputs.dataset.file: none.npz: No such file or directory"),
    ({"file": "."}, "inputs.dataset.file: .: Is a directory"),
    ({"file": "a\0b"}, "inputs.dataset.file: a"),
    ({"file": 3}, "inputs.dataset.file: 3 is not allowed; it must be a text"),
    ({"labels": "given", "labels_file": "none.gz"}, "labels_file: none.gz: No such file"),
    (WRONG, "inputs.dataset.sha256: the SHA-256 of data.npz is"),
    (WRONG, f"the SHA-256 of data.npz is {ALL['sha256']}"),
    ({"labels_sha256": "0" * 64}, "inputs.dataset.labels_sha256: "),
    (
        ONE_VERSUS_REST | {"file": "images.gz", "labels_file": "labels.gz"} | {"labels_sha256": "0" * 64},
        "inputs.dataset.labels_sha256: ",
    ),
    ({"labels_file": "labels.gz"}, "labels_file: not used with labels: teacher"),
    (ONE_VERSUS_REST | {"file": "images.gz"}, "labels_file: missing; images.gz is an IDX file"),
    ({"labels": "one_versus_rest"}, "inputs.dataset.classes: missing"),
    ({"labels": "one_versus_rest", "classes": [1]}, "classes: 1 values for 2 teachers"),
    ({"classes": [1, 2]}, "classes: only for labels: one_versus_rest"),
    (
        {"labels": "parity"},
        "teachers.count: 2 is not allowed; inputs.dataset.labels: parity needs exactly one",
    ),
    ({"labels": "given"}, "teachers.count: 2 is not allowed; inputs.dataset.labels: given needs exactly one"),
    ({"labels": "best"}, "labels: 'best' is not allowed; it must be one of teacher, parity"),
    ({"test_samples": 60}, "test_samples: 60 is not allowed; data.npz has 60 samples"),
    ({"test_samples": 0}, "test_samples: 0 is not allowed; it must be an integer >= 1"),
    ({"path": "data.npz"}, "inputs.dataset: unknown key path"),
]


@pytest.mark.parametrize(("block", "words"), REFUSED)
def test_refused_blocks(folder, capsys, block, words):
    assert_refused(capsys, words, block=block)


INPUTS = [
    ({"dimension": 21}, "inputs.dimension: 21 is not allowed; the images in data.npz have 20 pixels"),
    ({"samples": 51}, "inputs.samples: 51 is not allowed; data.npz has 60 samples, 10 of them for testing"),
    ({"dimension": 21, "samples": 50, "dataset": document(ALL)["inputs"]["dataset"]}, "inputs.dimension: 21"),
    ({"dimension": 20, "samples": 50, "dataset": document(WRONG)["inputs"]["dataset"]}, "dataset.sha256"),
    ({"distribution": "gaussian"}, "inputs.dataset: only for inputs.distribution: dataset"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "words"), INPUTS)
def test_refused_inputs(folder, capsys, changes, words):
    assert_refused(capsys, words, inputs=document()["inputs"] | changes)


def test_a_data_set_is_needed(folder, capsys):
    assert_refused(capsys, "inputs.dataset: missing", inputs={"distribution": "dataset", "dimension": 3})


def test_without_replacement_there_must_be_samples(folder):
    training = {"learning_rate": 1.0, "batch_size": 51, "sampling": "without_replacement"}
    with pytest.raises(
        SpecError, match=r"^training.batch_size: 51 is not allowed; with .* inputs.samples, 50"
    ):
        spec_of(training=training)


@pytest.mark.parametrize("engine", ["ode", "chain"])
def test_other_engines_refuse_a_data_set(folder, engine):
    with pytest.raises(SpecError, match=rf"^inputs.distribution: engine {engine} needs"):
        check(spec_of(), engine)

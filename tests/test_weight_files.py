"""Teachers and students from files: what networks, coordinates and order parameters become of them."""

import hashlib
import os
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
import yaml

from samples import edited
from teacherstudent.command.main import main
from teacherstudent.errors import SpecError
from teacherstudent.experiments.jobs import expand
from teacherstudent.networks.coordinates import frame_coordinates, sample_coordinates
from teacherstudent.networks.sampling import (
    initial_order_parameters,
    sample_networks,
)
from teacherstudent.simulation.runs import simulate
from teacherstudent.spec.axes import with_values
from teacherstudent.spec.parse import parse_spec
from teacherstudent.store.runs import read_run, write_run

N, P, M, K = 12, 2, 2, 3
ENGINES = ["network", "chain", "ode"]
SIZES = pytest.mark.parametrize("dimension", [N, K + P * M, 5])  # the frame of the last has all inputs


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def networks(dimension=N, seed=0):
    """W, h, V, v with a row that depends on others, and rows of very different lengths."""
    rng = np.random.default_rng(seed)
    W, h = rng.normal(size=(K, dimension)) * [[1.0], [1e-6], [10.0]], rng.normal(size=(P, K))
    V, v = rng.normal(size=(P, M, dimension)), rng.normal(size=(P, M))
    V[1, 0] = V[0, 0] - 2.0 * V[0, 1]
    return W, h, V, v


def write(W, h, V, v):
    np.savez("student.npz", weights=W, readouts=h)
    np.savez("teachers.npz", weights=V, readouts=v)


STUDENT = {"initial": {"scheme": "file", "file": "student.npz"}}
TEACHERS = {"file": "teachers.npz"}


def document(student=STUDENT, teachers=TEACHERS, dimension=N, **blocks):
    return {
        "inputs": {"dimension": dimension},
        "teachers": teachers,
        "student": student,
        "training": {"learning_rate": 1.0},
        "curriculum": {"switch_times": [1.0]},
        "duration": 2.0,
        "record": {"count": 3},
    } | blocks


def overlaps(W, V, dimension):
    rows = np.concatenate([W, V.reshape(-1, V.shape[-1])])
    return rows @ rows.T / dimension


# What becomes of the weights


@SIZES
def test_the_network_is_as_it_stands_in_the_files(folder, dimension):
    given = networks(dimension)
    write(*given)
    for part, expected in zip(
        sample_networks(parse_spec(document(dimension=dimension)), 3, 1), given, strict=True
    ):
        np.testing.assert_array_equal(part, expected)


@SIZES
@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_starts_from_the_overlaps_of_the_files(folder, engine, dimension):
    W, h, V, v = networks(dimension)
    write(W, h, V, v)
    run = simulate(parse_spec(document(dimension=dimension)), engine, 5, 2)
    C = overlaps(W, V, dimension)
    scale = np.sqrt(np.outer(np.diag(C), np.diag(C)))
    R = run.student_teacher_overlaps[0].transpose(1, 0, 2).reshape(K, P * M)
    T = run.teacher_overlaps.transpose(0, 2, 1, 3).reshape(P * M, P * M)
    found = np.block([[run.student_overlaps[0], R], [R.T, T]])
    np.testing.assert_array_less(np.abs(found - C), 1e-13 * scale)
    np.testing.assert_array_equal(run.student_readouts[0], h)
    np.testing.assert_array_equal(run.teacher_readouts, v)


@pytest.mark.parametrize("hidden", [2, 4])
def test_the_scale_of_the_output_is_in_the_readouts_of_a_file(folder, hidden):
    W, h, V, v = networks()
    write(W, h, V, v)
    scaled = document(STUDENT | {"output_scale": "mean"}, TEACHERS | {"output_scale": "mean_field"})
    run = simulate(parse_spec(scaled), "network")
    np.testing.assert_array_equal(run.student_readouts[0], h)
    np.testing.assert_array_equal(run.teacher_readouts, v)


@pytest.mark.parametrize("dimension, columns", [(12, 7), (7, 7), (5, 5)])
def test_coordinates_have_the_inner_products_of_the_rows(dimension, columns):
    W, _, V, _ = networks(dimension)
    rows = np.concatenate([V.reshape(-1, dimension), W])
    found = frame_coordinates(rows, columns)
    lengths = np.linalg.norm(rows, axis=1)
    np.testing.assert_array_less(
        np.abs(found @ found.T - rows @ rows.T), 1e-14 * dimension * np.outer(lengths, lengths)
    )
    assert np.count_nonzero(np.abs(found).sum(axis=0)) == np.linalg.matrix_rank(rows / lengths[:, None])


@pytest.mark.parametrize("which", ["student", "teachers"])
def test_networks_and_coordinates_have_one_law_where_one_part_is_given(folder, which):
    """Means and squares of all overlaps over 400 runs of each; the widest of some 60 gaps."""
    W, h, V, v = networks(8)
    write(0.3 * W[[0, 0, 1]], h, V, v)
    sampled = {
        "student": document(teachers={"count": P, "hidden": M, "features": {"norm": 1.5}}, dimension=8),
        "teachers": document({"hidden": K, "initial": {"weights_std": 0.7}}, dimension=8),
    }
    spec, runs = parse_spec(sampled[which]), 400

    def moments(sample):
        rows = [overlaps(net.W, net.V, 8).ravel() for net in (sample(spec, 5, run) for run in range(runs))]
        values = np.concatenate([rows, np.square(rows)], axis=1)
        return values.mean(axis=0), values.var(axis=0) / runs

    (one, one_error), (other, other_error) = moments(sample_networks), moments(sample_coordinates)
    np.testing.assert_array_less(np.abs(one - other), 4.5 * np.sqrt(one_error + other_error) + 1e-12)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_student_that_is_informed_by_teachers_from_a_file(folder, engine):
    """It knows the first teacher: nothing is left to learn."""
    write(*networks())
    student = {"hidden": K, "initial": {"scheme": "informed", "weights_std": 0.0, "readouts_std": 0.0}}
    run = simulate(parse_spec(document(student)), engine)
    assert np.abs(run.generalisation_error[:2, 0]).max() < 1e-14


def test_given_overlaps_and_files_of_networks_with_them_are_the_same_ode(folder):
    W, h, V, v = networks()
    write(W, h, V, v)
    one = simulate(parse_spec(document()), "ode", 1)
    start = initial_order_parameters(parse_spec(document()), 1, 0)
    P_ = (P, M, P, M)
    given = {
        "student": start.Q.tolist(),
        "student_teacher": start.R.reshape(K, P, M).transpose(1, 0, 2).tolist(),
        "teacher": start.T.reshape(P_).transpose(0, 2, 1, 3).tolist(),
        "student_readouts": h.tolist(),
        "teacher_readouts": v.tolist(),
    }
    other = simulate(
        parse_spec(document({"hidden": K}, {"count": P, "hidden": M}, initial_overlaps=given)), "ode"
    )
    np.testing.assert_array_equal(one.student_overlaps, other.student_overlaps)


@pytest.mark.parametrize("file", ["first.h5", "first.hdf5"])
def test_weights_of_a_run_with_a_state(folder, file):
    """The second run begins with the networks with which the first one ended."""
    blocks = {"record": {"count": 3, "state": True}}
    plain = parse_spec(document({"hidden": K}, {"count": P, "hidden": M}, **blocks))
    first = simulate(plain, "network", 4)
    write_run(file, plain, "network", 4, first)
    spec = parse_spec(document({"initial": {"scheme": "file", "file": file}}, {"file": file}))
    for engine in ENGINES:
        second = simulate(spec, engine, 9)
        for name in ("student_overlaps", "student_teacher_overlaps", "student_readouts"):
            found, expected = getattr(second, name)[0], getattr(first, name)[-1]
            np.testing.assert_allclose(found, expected, rtol=0, atol=1e-13)
    assert second.time[0] == 0.0


# The spec


def test_the_complete_spec_has_the_digest_and_what_the_files_say(folder):
    write(*networks())
    spec = parse_spec(document())
    assert (spec.teachers.count, spec.teachers.hidden, spec.student.hidden) == (P, M, K)
    for path, found in (("student.npz", spec.student.initial), ("teachers.npz", spec.teachers)):
        assert (found.file, found.sha256) == (path, hashlib.sha256(Path(path).read_bytes()).hexdigest())
    assert parse_spec(spec.to_dict()) == spec
    absolute = {"scheme": "file", "file": str(folder / "student.npz")}
    assert parse_spec(document({"initial": absolute})).student.initial.file == absolute["file"]


def test_content_and_not_the_path_decides(folder):
    write(*networks())
    shutil.copy("student.npz", "copy.npz")
    spec = document({"initial": {"scheme": "file", "file": "copy.npz"}})
    one, other = (parse_spec(form) for form in (document(), spec))
    assert one.student.initial.sha256 == other.student.initial.sha256
    np.savez("student.npz", weights=networks(seed=1)[0], readouts=networks()[1])
    assert parse_spec(document()).student.initial.sha256 != one.student.initial.sha256
    with pytest.raises(SpecError, match=r"student.initial.sha256: the digest of student.npz is .*, not"):
        simulate(one, "network")


def test_the_spec_of_a_stored_run_outlives_the_files(folder, capsys):
    write(*networks())
    spec = parse_spec(document())
    write_run("run.h5", spec, "ode", 0, simulate(spec, "ode"))
    os.remove("student.npz")
    os.remove("teachers.npz")
    assert read_run("run.h5").spec == spec
    assert main(["show", "run.h5"]) == 0
    assert "from teachers.npz" in capsys.readouterr().out


OVERLAPS = {
    "student": np.eye(K).tolist(),
    "student_teacher": np.zeros((P, K, M)).tolist(),
    "teacher": np.eye(P * M).reshape(P, M, P, M).transpose(0, 2, 1, 3).tolist(),
    "student_readouts": np.ones((P, K)).tolist(),
    "teacher_readouts": np.ones((P, M)).tolist(),
}


GIVEN = {"teachers": {"count": P, "hidden": M}, "student": {"hidden": K}, "initial_overlaps": OVERLAPS}
NO_FILE = "teachers.sha256: needs teachers.file"


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"student": {"hidden": K, "initial": {"scheme": "file"}}}, "student.initial.file: missing"),
        ({"student.initial.weights_std": 1.0}, "student.initial.weights_std: not used with scheme: file"),
        (
            {"student.initial.scheme": "large"},
            "student.initial.file: not used with scheme: large",
        ),
        (
            {"student.initial": {"sha256": "0"}, "student.hidden": K},
            "sha256: not used with scheme: gaussian",
        ),
        (
            {"student.initial.sha256": "0"},
            "student.initial.sha256: the digest of student.npz is",
        ),
        ({"teachers.sha256": "0"}, "teachers.sha256: the digest of teachers.npz is"),
        ({"teachers": {"count": P, "hidden": M, "sha256": "0"}}, NO_FILE),
        (
            {"teachers.features.relation": "identical"},
            "teachers.features.relation: not used with teachers.file",
        ),
        ({"teachers.features.norm": None}, "teachers.features.norm: not used with teachers.file"),
        ({"teachers.readouts.norm": 1.0}, "teachers.readouts.norm: not used with teachers.file"),
        (GIVEN | {"student": STUDENT}, "student.initial.scheme: not used with initial_overlaps"),
        (GIVEN | {"teachers": TEACHERS}, "teachers.file: cannot be combined with initial_overlaps"),
        (
            {"student.hidden": 4},
            "student.initial.file: student.npz: weights have shape (3, 12); (K, N) is (4, 12)",
        ),
        ({"student.heads": "shared"}, "student.npz: readouts have shape (2, 3); (H, K) is (1, 3)"),
        ({"teachers.count": 3}, "teachers.npz: weights have shape (2, 2, 12); (P, M, N) is (3, 2, 12)"),
        ({"inputs.dimension": 13}, "teachers.npz: weights have shape (2, 2, 12); (P, M, N) is (2, 2, 13)"),
    ],
)
def test_keys_that_contradict_each_other(folder, changes, words):
    write(*networks())
    with pytest.raises(SpecError) as error:
        parse_spec(with_values(document(), changes))
    assert words in str(error.value)
    assert "\n" not in str(error.value)


# Files that cannot be used


def bad_files():
    """Make files that cannot be used; return what must be said of each."""
    W, h, V, v = networks()
    np.savez("flat.npz", weights=W[0], readouts=h)
    np.savez("short.npz", weights=W)
    np.savez("none.npz")
    np.savez("nan.npz", weights=np.where(W > 1.0, np.nan, W), readouts=h)
    np.savez("inf.npz", weights=W, readouts=h + np.inf)
    np.savez("words.npz", weights=W.astype(str), readouts=h)
    np.savez("complex.npz", weights=W + 1j, readouts=h)
    np.savez("pickle.npz", weights=W.astype(object), readouts=h)
    np.savez("noone.npz", weights=W[:0], readouts=h[:, :0])
    np.save("array.npy", W)
    os.rename("array.npy", "array.npz")
    np.savez("whole.npz", weights=W, readouts=h)
    content = Path("whole.npz").read_bytes()
    Path("cut.npz").write_bytes(content[: len(content) // 2])
    Path("damaged.npz").write_bytes(content[:200] + bytes(100) + content[300:])
    for name in ("empty.npz", "empty.h5", "student.txt"):
        Path(name).write_bytes(b"")
    os.mkdir("folder.npz")
    plain = document({"hidden": K}, {"count": P, "hidden": M})
    spec = parse_spec(plain)
    write_run("stateless.h5", spec, "network", 0, simulate(spec, "network"))
    kept = parse_spec(plain | {"record": {"count": 3, "state": True}})
    for engine in ENGINES:
        write_run(f"{engine}.h5", kept, engine, 0, simulate(kept, engine))
    content = Path("network.h5").read_bytes()
    Path("cut.h5").write_bytes(content[: len(content) // 2])
    with h5py.File("norun.h5", "w") as file:
        file["state/student_weights"] = W
    return {
        "missing.npz": "No such file or directory",
        "folder.npz": "Is a directory",
        "empty.npz": "not an .npz file",
        "array.npz": "not an .npz file",
        "cut.npz": "not an .npz file, or cut short",
        "damaged.npz": "cannot be read",
        "none.npz": "array weights is missing; the file needs weights (K, N) and readouts (H, K)",
        "short.npz": "array readouts is missing",
        "flat.npz": "weights have shape (12,); it must be (K, N)",
        "noone.npz": "weights have shape (0, 12)",
        "nan.npz": "weights are not all finite",
        "inf.npz": "readouts are not all finite",
        "words.npz": "weights are of type",
        "complex.npz": "weights are of type complex128",
        "pickle.npz": "cannot be read",
        "student.txt": "is not allowed; its name must end in .npz, .h5 or .hdf5",
        "empty.h5": "not an HDF5 file",
        "cut.h5": "cannot be read",
        "norun.h5": "there is no run",
        "stateless.h5": "record.state: true",
        "chain.h5": "run engine network",
        "ode.h5": "run engine network",
    }


def test_files_that_cannot_be_used_are_one_line(folder, capsys):
    expected = bad_files()
    write(*networks())
    for name, words in expected.items():
        spec = document({"initial": {"scheme": "file", "file": name}})
        Path("spec.yaml").write_text(yaml.safe_dump(spec))
        before = sorted(os.listdir())
        assert main(["run", "spec.yaml", "--engine", "ode", "--output", "out.h5"]) == 2, name
        captured = capsys.readouterr()
        (line,) = captured.err.splitlines()
        assert line.startswith(f"error: student.initial.file: {name}"), line
        assert words in line, line
        assert captured.out == ""
        assert sorted(os.listdir()) == before


def test_the_same_for_teachers_and_in_a_configuration(folder):
    expected = bad_files()
    write(*networks())
    for name in ("missing.npz", "cut.npz", "stateless.h5", "student.npz"):
        spec = document({"hidden": K}, {"file": name})
        with pytest.raises(SpecError) as error:
            expand("mine", {"spec": spec, "engines": {"ode": {}}}, 1.0)
        said = str(error.value)
        assert said.startswith(f"experiment mine: engines.ode: teachers.file: {name}")
        assert expected.get(name, "weights have shape (3, 12); it must be (P, M, N)") in said


def test_a_run_that_diverged_or_has_an_axis_of_runs_gives_no_weights(folder):
    bad_files()
    shutil.copy("network.h5", "diverged.h5")
    with edited("diverged.h5") as file:
        file.attrs["diverged_at"] = 1.0
    Path("spec.yaml").write_text(yaml.safe_dump(document({"hidden": K}, {"count": P, "hidden": M})))
    options = ["--engine", "network", "--runs", "2", "--set", "record.state=true", "--output", "two.h5"]
    assert main(["run", "spec.yaml", *options]) == 0
    for name, words in (("diverged.h5", "the run in this file diverged"), ("two.h5", "contains 2 runs")):
        with pytest.raises(SpecError, match=words):
            parse_spec(document({"initial": {"scheme": "file", "file": name}}, {"count": P, "hidden": M}))


# Jobs of the workflow


def test_a_job_depends_on_the_content_of_its_files(folder):
    write(*networks())
    entry = {"spec": document(), "engines": {"ode": {}}}
    (before,) = expand("mine", entry, 1.0)
    digests = {
        name: hashlib.sha256(Path(name).read_bytes()).hexdigest() for name in ("student.npz", "teachers.npz")
    }
    assert before.work["files"] == digests
    write(*networks(seed=1))
    (after,) = expand("mine", entry, 1.0)
    assert after.work["files"].keys() == digests.keys()
    assert not set(after.work["files"].values()) & set(digests.values())


def test_files_may_be_axes(folder):
    write(*networks())
    shutil.copy("student.npz", "other.npz")
    axis = {"student.initial.file": ["student.npz", "other.npz"]}
    (one,) = expand("mine", {"spec": document(), "engines": {"ode": {"inner": axis}}}, 1.0)
    assert sorted(one.work["files"]) == ["other.npz", "student.npz", "teachers.npz"]
    jobs = expand("mine", {"spec": document(), "engines": {"ode": {"outer": axis}}}, 1e-9)
    assert [sorted(job.work["files"]) for job in jobs] == [
        ["student.npz", "teachers.npz"],
        ["other.npz", "teachers.npz"],
    ]


def test_a_job_without_files_is_as_before():
    (job,) = expand(
        "mine", {"spec": document({"hidden": K}, {"count": P, "hidden": M}), "engines": {"ode": {}}}, 1.0
    )
    assert "files" not in job.work

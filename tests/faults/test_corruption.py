"""Damaged inputs: refused in one line that names the file, or read as exactly the same numbers."""

import gzip
import sys
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import _animations
import _figures
import h5py
import numpy as np
import pytest
import yaml

import collect as collect_script
import draw_explorer
import measure_agreement
from _logs import logged
from checkouts import ROOT
from faults.counts import COUNTS
from faults.damage import damaged
from samples import document, spec, trajectory
from teacherstudent import plotting
from teacherstudent.command.main import main
from teacherstudent.errors import RunError, SpecError
from teacherstudent.experiments.collect import collect
from teacherstudent.experiments.jobs import parse_experiment
from teacherstudent.files.writing import file_digest
from teacherstudent.inputs.data_files import load_samples
from teacherstudent.networks.sampling import sample_networks
from teacherstudent.spec.parse import parse_spec
from teacherstudent.store.curves import write_curves
from teacherstudent.store.runs import read_run, write_run, write_runs

pytestmark = pytest.mark.faults

N, K, P, M = 20, 3, 2, 2
GRID = parse_experiment("sample", {"spec": document(), "engines": {"ode": {"runs": 2}}}).grids["ode"]
KEPT = ["generalisation_error", "student_overlaps"]
STATE = {
    "time": np.array(5.0),
    "switch_times": np.array([2.0]),
    "teachers": np.array([0, 1]),
    "student_weights": np.random.default_rng(1).normal(size=(K, N)),
    "student_readouts": np.random.default_rng(2).normal(size=(P, K)),
    "teacher_weights": np.random.default_rng(3).normal(size=(P, M, N)),
    "teacher_readouts": np.random.default_rng(4).normal(size=(P, M)),
}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


# The files


def job(path):
    write_runs(path, [("/runs/all", spec(), "ode", 0, [trajectory(0), trajectory(1)])], run_axis=True)


def run_with_state(path):
    whole = {**vars(trajectory()), "state": STATE}
    write_run(path, spec(), "network", 7, type(trajectory())(**whole))


def curves(path):
    job("job.h5")
    write_curves(path, [collect(GRID, {"job.h5": GRID.inner}, KEPT)])


def student(path):
    np.savez(path, weights=STATE["student_weights"], readouts=STATE["student_readouts"])


def teachers(path):
    np.savez_compressed(path, weights=STATE["teacher_weights"], readouts=STATE["teacher_readouts"])


IMAGES = np.random.default_rng(0).integers(0, 255, (12, 4, 5)).astype(np.uint8)


def images_npz(path):
    np.savez(path, images=IMAGES, targets=np.arange(12))


def images_hdf5(path):
    with h5py.File(path, "w") as file:
        file["images"], file["targets"] = IMAGES, np.arange(12)


def images_idx(path):
    header = bytes([0, 0, 8, 3]) + b"".join(size.to_bytes(4, "big") for size in IMAGES.shape)
    Path(path).write_bytes(gzip.compress(header + IMAGES.tobytes(), mtime=0))


# Their readers: each returns what it read, or fails as its users see it

OUTPUTS = Path("out.h5"), Path("out.png")


def result(path):
    """Return what a command wrote, and remove it: the bytes, of a run its numbers."""
    found = path.read_bytes() if path.suffix == ".png" else written(vars(read_run(path).trajectories[0]))
    path.unlink()
    return found


def written(found):
    """Write out all numbers."""
    with np.printoptions(threshold=sys.maxsize, floatmode="unique"):
        return repr(found)


class Read(BaseException):
    """Ends a script that has read its curves, which it carries."""


def stop(curves):
    raise Read(curves)


def numbers_of(function, *arguments):
    """Return the curves of a script that ends with `Read`, as text."""
    try:
        function(*arguments)
    except Read as read:
        return written(read.args[0])


def command(*arguments):
    """Run the command, which must leave no output where it fails."""

    def read(path, capsys):
        status = main([str(argument).format(path=path) for argument in arguments])
        told = capsys.readouterr()
        if status == 0:
            return told.out, [result(output) for output in OUTPUTS if output.exists()]
        assert not any(output.exists() for output in OUTPUTS)
        raise RunError(told.err.removesuffix("\n").removeprefix("error: "))

    return read


def plotted(path, capsys):
    """Run the command `plot`, which writes the numbers instead of drawing them: pictures take long."""

    def drawn(runs, *_):
        return written([vars(run) for stored in runs for run in stored.trajectories]).encode()

    with mock.patch.multiple(plotting, plot_runs=lambda runs: runs, as_bytes=drawn):
        return command("plot", "{path}", "--output", "out.png")(path, capsys)


def script(body):
    """Run a part of a script, whose error must be one line of its log."""

    def read(path, capsys):
        try:
            with logged("log"):
                return body(path)
        except SystemExit:
            raise RunError(Path("log").read_text(encoding="utf-8").removesuffix("\n")) from None

    return read


def collected(path):
    grid = {"ode": vars(GRID)}
    collect_script.main(grid, {"ode": {path: GRID.inner}}, KEPT, "collected.h5")
    return Path("collected.h5").read_bytes()


def drawn(path):
    output = SimpleNamespace(**{kind: kind for kind in ("pdf", "png", "csv", "caption", "claims")})
    inputs = SimpleNamespace(curves=[path], style=str(ROOT / "workflow" / "styles" / "paper.mplstyle"))
    task = SimpleNamespace(input=inputs, output=output, log=["figure.log"])
    try:
        return numbers_of(_figures.make, task, stop, lambda curves: [], "")
    except SystemExit:
        raise RunError(Path("figure.log").read_text(encoding="utf-8").removesuffix("\n")) from None


def animated(path):
    inputs = SimpleNamespace(curves=[path], style=str(ROOT / "workflow" / "styles" / "paper.mplstyle"))
    task = SimpleNamespace(input=inputs, log=["movie.log"])
    try:
        return numbers_of(_animations.make, task, stop)
    except SystemExit:
        raise RunError(Path("movie.log").read_text(encoding="utf-8").removesuffix("\n")) from None


def agreed(path):
    measure_agreement.main([path], "agreement.csv")
    return Path("agreement.csv").read_bytes()


def explored(path):
    with mock.patch.object(draw_explorer, "grid", stop):
        return numbers_of(draw_explorer.main, path, "template", "script", "explorer.html")


def networks(block, key):
    def read(path, capsys):
        found = parse_spec(document(**{block: key(path)}))
        return b"".join(array.tobytes() for array in sample_networks(found, 0, 0))

    return read


def data_set(**block):
    def read(path, capsys):
        load_samples.cache_clear()
        inputs = {"distribution": "dataset", "dataset": {"file": path, "test_samples": 2, **block}}
        changes = {"inputs": inputs, "teachers": {"count": 1, "hidden": 1}, "curriculum": {}}
        found = load_samples(parse_spec(document(**changes)).inputs)
        return b"".join(np.asarray(array, dtype=float).tobytes() for array in found if array is not None)

    return read


FROM = ("run", "spec.yaml", "--engine", "network", "--from", "{path}", "--output", "out.h5")
STUDENT = networks("student", lambda path: {"hidden": K, "initial": {"scheme": "file", "file": path}})
TEACHERS = networks("teachers", lambda path: {"file": path})
READERS = {
    "collect": (job, "damaged.h5", script(collected)),
    "show": (job, "damaged.h5", command("show", "{path}")),
    "plot": (job, "damaged.h5", plotted),
    "run --from": (run_with_state, "damaged.h5", command(*FROM)),
    "student of a run": (run_with_state, "damaged.h5", STUDENT),
    "teachers of a run": (run_with_state, "damaged.h5", TEACHERS),
    "figure": (curves, "damaged.h5", lambda path, capsys: drawn(path)),
    "animation": (curves, "damaged.h5", lambda path, capsys: animated(path)),
    "agreement": (curves, "damaged.h5", script(agreed)),
    "explorer": (curves, "damaged.h5", script(explored)),
    "student of arrays": (student, "damaged.npz", STUDENT),
    "teachers of arrays": (teachers, "damaged.npz", TEACHERS),
    "images in .npz": (images_npz, "damaged.npz", data_set(labels="parity")),
    "images in IDX": (images_idx, "damaged.gz", data_set()),
}
# Nothing in such a file could tell: its digest does, which every complete spec has.
READERS["images in HDF5"] = (images_hdf5, "damaged.h5", data_set(labels="parity"))


def test_as_many_are_tried_as_the_page_says():
    assert len(READERS) == COUNTS.readers


@pytest.mark.parametrize("name", READERS)
def test_damaged_inputs_are_refused_by_name_or_read_as_they_were(name, capsys):
    write, path, read = READERS[name]
    write(path)
    Path("spec.yaml").write_text(yaml.safe_dump(document(duration=10.0)), encoding="utf-8")
    whole = Path(path).read_bytes()
    if name == "images in HDF5":
        read = data_set(labels="parity", sha256=file_digest(path))
    before = read(path, capsys)
    for what, content in damaged(whole, seed=len(name)):
        Path(path).write_bytes(content)
        try:
            found = read(path, capsys)
        except (RunError, SpecError) as error:
            assert path in str(error) and "\n" not in str(error), what
        else:
            assert found == before, what


def test_bytes_more_are_harmless(capsys):
    job("run.h5")
    assert main(["show", "run.h5"]) == 0
    before = capsys.readouterr().out
    with open("run.h5", "ab") as file:
        file.write(b"\n" * 5000)
    assert main(["show", "run.h5"]) == 0
    assert capsys.readouterr().out == before


@pytest.mark.parametrize("write", [job, run_with_state])
def test_whole_files_are_read(write, capsys):
    write("whole.h5")
    assert main(["show", "whole.h5"]) == 0
    assert capsys.readouterr().err == ""

"""Everything that this project writes, in small forms with the same bytes each time: `WRITERS[name](path)`.

The end of a name is that of its file.
"""

import tempfile
from pathlib import Path
from types import SimpleNamespace

import _animations
import _figures
import numpy as np
import pytest
from matplotlib.figure import Figure

import measure_agreement
import write_digits
from _pages import write_page
from fetch_dataset import fetch
from samples import document, spec, trajectory
from teacherstudent.command.main import main
from teacherstudent.errors import RunError
from teacherstudent.experiments.claims import Claim, write_claims
from teacherstudent.experiments.collect import collect
from teacherstudent.experiments.jobs import parse_experiment
from teacherstudent.files.writing import file_digest
from teacherstudent.store.checkpoint_files import packed, write_checkpoint
from teacherstudent.store.curves import write_curves
from teacherstudent.store.runs import write_run, write_runs

ROWS = 200
ENGINES = {"ode": {"runs": 2}, "network": {"runs": 2}}
GRIDS = parse_experiment("sample", {"spec": document(), "engines": ENGINES}).grids


def run(path):
    write_run(path, spec(), "network", 7, trajectory(rows=ROWS))


def runs(path, engine="ode"):
    write_runs(path, [("/runs/all", spec(), engine, 0, [trajectory(seed) for seed in range(2)])], True)


def curves(path):
    with tempfile.TemporaryDirectory() as folder:
        jobs = {engine: Path(folder) / f"{engine}.h5" for engine in GRIDS}
        for engine, job in jobs.items():
            runs(job, engine)
        kept = ["generalisation_error", "student_overlaps"]
        write_curves(
            path, [collect(grid, {jobs[engine]: grid.inner}, kept) for engine, grid in GRIDS.items()]
        )


def checkpoint(path):
    write_checkpoint(path, {0: {"engine": "network"}}, {0: packed(trajectory(rows=ROWS))})


def plot(path):
    """Draw a run with the command, whose error becomes that of the others."""
    with tempfile.TemporaryDirectory() as folder:
        run(f"{folder}/run.h5")
        if main(["plot", f"{folder}/run.h5", "--output", str(path)]):
            raise RunError(f"{path}: see standard error")


def figure(kind):
    """Write a figure, all of whose files but one stand elsewhere."""

    def write(path):
        picture = Figure(figsize=(2, 2))
        _figures.plot_theory(picture.subplots(), np.arange(500.0), np.arange(500.0) ** 0.5, "line")
        with tempfile.TemporaryDirectory() as folder:
            files = {kind: f"{folder}/figure.{kind}" for kind in ("pdf", "png", "csv")} | {kind: path}
            _figures.save(picture, SimpleNamespace(**files))

    return write


def animation(kind):
    """Write a movie, of which the other form stands elsewhere."""

    def write(path):
        picture = Figure(figsize=(1.6, 1.6))
        (line,) = picture.subplots().plot([0, 1], [0, 1])
        movie = _animations.Movie(picture, 4, lambda frame: line.set_linewidth(frame))
        with tempfile.TemporaryDirectory() as folder:
            files = {"gif": f"{folder}/movie.gif", "mp4": f"{folder}/movie.mp4"} | {kind: path}
            _animations.save(movie, files["gif"], files["mp4"])

    return write


def claims(path):
    write_claims(path, [Claim(f"figure_{number}", "It holds.", number) for number in range(200)])


def agreement(path):
    with tempfile.TemporaryDirectory() as folder:
        curves(f"{folder}/curves.h5")
        measure_agreement.main([f"{folder}/curves.h5"] * 50, path)


def page(path):
    with tempfile.TemporaryDirectory() as folder:
        template = Path(folder, "page.html.jinja")
        template.write_text("<html>{% for number in numbers %}{{ number }} {% endfor %}</html>")
        write_page(template, path, numbers=range(5000))


def download(path):
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "source")
        source.write_bytes(bytes(range(256)) * 100)
        fetch(source.as_uri(), Path(path), file_digest(source))


WRITERS = {
    "run.h5": run,
    "runs.h5": runs,
    "curves.h5": curves,
    "run-0.checkpoint": checkpoint,
    "digits.npz": write_digits.main,
    "download.gz": download,
    "plot.png": plot,
    "plot.pdf": plot,
    "plot.svg": plot,
    "figure.pdf": figure("pdf"),
    "figure.png": figure("png"),
    "figure.csv": figure("csv"),
    "claims.csv": claims,
    "agreement.csv": agreement,
    "page.html": page,
    "movie.gif": animation("gif"),
    "movie.mp4": animation("mp4"),
}
# Other formats of the same figure are tried with all repetitions only.
TRIED = [
    pytest.param(name, marks=[pytest.mark.thorough] if name in ("plot.pdf", "plot.svg", "figure.pdf") else [])
    for name in WRITERS
]

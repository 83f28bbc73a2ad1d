"""Shared parts of figure scripts: the CSV has the plotted data, and the same data give the same bytes."""

import csv
import os
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import _figures
import numpy as np
import pytest

from samples import trajectory
from teacherstudent.experiments.claims import Claim, read_claims
from teacherstudent.store.curves import Curves, write_curves

STYLE = "workflow/styles/paper.mplstyle"


def curves(diverged=0):
    """Curves of two runs along three similarities."""
    one = trajectory()
    errors = np.random.default_rng(0).uniform(size=(3, 2, 6, 2))
    marks = np.arange(6).reshape(3, 2) < diverged
    return Curves(
        engine="ode",
        axes={"teachers.features.similarity": np.array([0.0, 0.5, 1.0])},
        runs=2,
        seed=0,
        time=one.time,
        quantities={"generalisation_error": errors},
        diverged=marks,
        switch_times=np.full((3, 2, 1), 2.0),
    )


def test_lines_and_points_are_in_the_table():
    fig, axes = _figures.panels(1, 2)
    x, y, error = np.array([1.0, 2.0]), np.array([0.1, 0.2]), np.array([0.01, 0.02])
    _figures.plot_theory(axes[0, 0], x, y, "task 1", color=_figures.task_color(0))
    _figures.plot_simulation(axes[0, 1], x, y, "task 1", error)
    axes[0, 0].set(xlabel="time", ylabel="error")
    rows = _figures.numbers(fig)
    assert rows[0] == {
        "panel": "a",
        "x_label": "time",
        "y_label": "error",
        "series": "task 1",
        "kind": "theory",
        "x": "1.0",
        "y": "0.1",
    }
    assert [(row["panel"], row["kind"], row["x"], row.get("error")) for row in rows[1:]] == [
        ("a", "theory", "2.0", None),
        ("b", "simulation", "1.0", "0.01"),
        ("b", "simulation", "2.0", "0.02"),
    ]


def test_theory_is_a_line_and_simulation_open_points():
    _, axes = _figures.panels()
    line = _figures.plot_theory(axes[0, 0], [1, 2], [1, 2], "theory")
    points = _figures.plot_simulation(axes[0, 0], [1, 2], [1, 2], "simulation", [0.1, 0.1])
    assert (line.get_linestyle(), line.get_marker()) == ("-", "None")
    assert (points.get_linestyle(), points.get_marker()) == ("None", "o")
    assert points.get_markerfacecolor() == "none"


def test_every_cell_of_a_heatmap_is_in_the_table():
    fig, axes = _figures.panels()
    values = np.array([[1.0, 2.0, 3.0], [4.0, np.nan, 6.0]])
    mesh = _figures.plot_heatmap(axes[0, 0], [0.0, 0.5, 1.0], [0.0, 1.0], values, "forgetting", "simulation")
    rows = _figures.numbers(fig)
    assert {row["panel"] for row in rows} == {"a"}
    assert [(row["x"], row["y"], row["value"]) for row in rows] == [
        ("0.0", "0.0", "1.0"),
        ("0.5", "0.0", "2.0"),
        ("1.0", "0.0", "3.0"),
        ("0.0", "1.0", "4.0"),
        ("0.5", "1.0", "nan"),
        ("1.0", "1.0", "6.0"),
    ]
    assert mesh.get_array().mask.tolist() == [[False] * 3, [False, True, False]]
    assert axes[0, 0].get_ylim() == (0.0, 2.0)  # the first row is at the bottom
    assert [label.get_text() for label in axes[0, 0].get_yticklabels()] == ["0", "1"]


RUNS = np.array([[1.0, 2.0, 4.0, 9.0], [0.1, np.nan, 0.3, 0.5]])


def test_runs_are_their_mean_with_standard_errors():
    fig, axes = _figures.panels()
    points = _figures.plot_runs(axes[0, 0], [2.0, 3.0], RUNS, "task 1", color="red")
    rows = _figures.numbers(fig)
    assert [(row["series"], row["kind"], row["x"]) for row in rows] == [
        ("task 1", "simulation", "2.0"),
        ("task 1", "simulation", "3.0"),
    ]
    assert [float(row["y"]) for row in rows] == pytest.approx([4.0, 0.3])
    expected = [np.sqrt(38.0 / 3.0 / 4.0), np.sqrt(0.04 / 3.0)]
    assert [float(row["error"]) for row in rows] == pytest.approx(expected)
    assert (points.get_linestyle(), points.get_marker(), points.get_markerfacecolor()) == (
        "None",
        "o",
        "none",
    )
    assert points.get_markeredgecolor() == "red"
    assert points.get_label() == "task 1"


def test_runs_are_a_median_with_a_band():
    fig, axes = _figures.panels()
    style = {"estimator": "median", "errorbar": ("pi", 50), "band": True}
    _figures.plot_runs(axes[0, 0], [2.0, 3.0], RUNS, "task 1", **style)
    rows = _figures.numbers(fig)
    points, edges = ([row for row in rows if name in row] for name in ("y", "low"))
    assert len(points) + len(edges) == len(rows) == 4
    assert [(row["x"], float(row["y"])) for row in points] == [("2.0", 3.0), ("3.0", 0.3)]
    assert [row["x"] for row in edges] == ["2.0", "3.0"]
    assert [float(row["low"]) for row in edges] == pytest.approx([1.75, 0.2])
    assert [float(row["high"]) for row in edges] == pytest.approx([5.25, 0.4])


def test_one_run_has_no_error():
    fig, axes = _figures.panels()
    _figures.plot_runs(axes[0, 0], [2.0, 3.0], RUNS[:, :1], "task 1")
    assert ["error" in row for row in _figures.numbers(fig)] == [False, False]


def test_averages_on_a_logarithmic_axis_are_refused():
    _, axes = _figures.panels()
    _figures.log_axes(axes[0, 0])
    with pytest.raises(ValueError, match="linear axis"):
        _figures.plot_runs(axes[0, 0], [2.0, 3.0], RUNS, "task 1")


def test_guides_are_not_in_the_table():
    fig, axes = _figures.panels()
    _figures.mark_switch(axes[0, 0], 1.0, 2.0)
    axes[0, 0].axhline(1.0)
    assert _figures.numbers(fig) == []


def test_panels_have_their_final_size():
    fig, axes = _figures.panels(2, 3, width=_figures.PAGE, ratio=0.8)
    assert axes.shape == (2, 3)
    assert fig.get_size_inches() == pytest.approx([6.75, 6.75 / 3 * 0.8 * 2])


def test_tasks_have_colours_of_their_own():
    assert len({_figures.task_color(task) for task in range(5)}) == 5


def test_colours_along_an_axis_go_from_dark_to_light():
    colors = np.array(_figures.colors_along([0.0, 0.5, 1.0]))[:, :3]
    assert np.all(np.diff(colors.sum(axis=1)) > 0)
    assert len(_figures.colors_along([3.0])) == 1


def test_runs_left_out_are_counted():
    assert _figures.excluded_note({"lee": {"ode": curves()}}) == ""
    note = _figures.excluded_note({"lee": {"ode": curves(2), "network": curves(1)}})
    assert note == "3 of 12 runs diverged and are left out."


def test_sizes_are_those_of_the_data():
    one = replace(curves(), engine="network", runs=1, axes={}, document={"inputs": {"dimension": 20}})
    note = _figures.sizes_note({"lee": {"ode": curves(), "network": one}, "other": {"ode": curves()}})
    assert note == (
        "Data of this figure: ode, 3 values of teachers.features.similarity, 2 runs (lee, other);"
        " network, 20 inputs, 1 run (lee). Other numbers of inputs, values and runs are those of the papers."
    )


def figure(curves):
    fig, axes = _figures.panels()
    entry = curves["lee"]["ode"]
    for task in range(2):
        mean, error = (reduce("generalisation_error")[:, -1, task] for reduce in (entry.mean, entry.sem))
        _figures.plot_simulation(axes[0, 0], entry.axis("similarity"), mean, f"task {task + 1}", error)
    return fig


def claims(curves):
    return [Claim("lee", "It is so.", curves["lee"]["ode"].excluded)]


def made(folder, root, diverged=0):
    """Make a figure in a folder as its rule would; return the bytes of its files."""
    folder.mkdir()
    write_curves(folder / "lee.h5", [curves(diverged)])
    names = {"pdf": "f.pdf", "png": "f.png", "csv": "f.csv", "caption": "f.txt", "claims": "claims.csv"}
    rule = SimpleNamespace(
        input=SimpleNamespace(curves=[str(folder / "lee.h5")], style=str(root / STYLE)),
        output=SimpleNamespace(**{kind: str(folder / name) for kind, name in names.items()}),
        log=[str(folder / "log")],
    )
    _figures.make(rule, figure, claims, "Errors of both\n  tasks.")
    return {name: (folder / name).read_bytes() for name in names.values()}


def test_a_figure_is_made_with_the_same_bytes_from_the_same_data(tmp_path, pytestconfig):
    assert made(tmp_path / "one", pytestconfig.rootpath) == made(tmp_path / "two", pytestconfig.rootpath)


def test_a_figure_has_numbers_caption_and_claims(tmp_path, pytestconfig):
    made(tmp_path / "one", pytestconfig.rootpath, diverged=1)
    with open(tmp_path / "one" / "f.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    expected = curves(1).mean("generalisation_error")[:, -1, 0]
    assert [float(row["y"]) for row in rows if row["series"] == "task 1"] == expected.tolist()
    caption = (tmp_path / "one" / "f.txt").read_text(encoding="utf-8")
    assert " ".join(caption.split()) == (
        "Errors of both tasks. Data of this figure: ode, 3 values of teachers.features.similarity, 2 runs"
        " (lee). Other numbers of inputs, values and runs are those of the papers. 1 of 6 runs diverged and"
        " are left out."
    )
    assert read_claims(tmp_path / "one" / "claims.csv") == [Claim("lee", "It is so.", 1.0)]


def test_slow_packages_that_no_figure_needs_are_not_imported():
    code = (
        "import sys, _figures\n"
        "print(sorted({'scipy', 'scipy.stats', 'jsonschema', 'numba'} & sys.modules.keys()))\n"
        "import scipy.stats\nprint(scipy.stats.norm.cdf(0.0))"
    )
    path = os.pathsep.join(("src", "workflow/scripts", "workflow/scripts/figures"))
    environment = {**os.environ, "PYTHONPATH": path}
    found = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert found.stdout == "[]\n0.5\n", found.stderr

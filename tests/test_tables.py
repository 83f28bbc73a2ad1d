import re

import numpy as np
import pytest

from samples import spec, trajectory
from teacherstudent.command.tables import print_run
from teacherstudent.store.runs import read_runs, write_runs


@pytest.fixture
def printed(tmp_path, capsys):
    """Return a function that stores runs and returns what is printed of them, as rows without their frame."""

    def show(*trajectories, group="/", **changes):
        write_runs(
            tmp_path / "x.h5", [(group, spec(**changes), "network", 7, list(trajectories))], run_axis=True
        )
        for stored in read_runs(tmp_path / "x.h5"):
            print_run(stored)
        return [
            re.split(r"\s{2,}", line.strip(), maxsplit=1) for line in capsys.readouterr().out.splitlines()
        ]

    return show


def test_the_set_up_is_told(printed):
    rows = printed(trajectory(), group="/runs/a[b]", inputs={"dimension": 20})
    assert ["group", "/runs/a[b]"] in rows
    assert ["engine", "network"] in rows
    assert ["seed", "7"] in rows
    assert ["inputs", "gaussian, N = 20"] in rows
    assert ["student", "K = 3, erf, heads per_task"] in rows
    assert ["duration", "5, 6 recorded times"] in rows


def test_relations_of_the_teachers_are_told(printed):
    features = {"relation": "rotated", "similarity": 0.25}
    rows = dict(
        row
        for row in printed(trajectory(), teachers={"count": 2, "hidden": 2, "features": features})
        if row[1:]
    )
    assert rows["teachers"] == "P = 2, M = 2, erf, features rotated (similarity 0.25), readouts independent"


def test_final_errors_and_overlaps_are_told(printed):
    run = trajectory()
    rows = printed(run)
    assert ["run 0", "at t = 5"] in rows
    assert ["switches", "t = 2"] in rows
    for p in range(2):
        assert [f"generalisation error eps, teacher {p}", f"{run.generalisation_error[-1, p]:.4e}"] in rows
    text = " ".join(" ".join(row) for row in rows).split()
    for array in (run.student_overlaps, run.student_teacher_overlaps, run.student_readouts):
        for value in array[-1].ravel():
            assert f"{value:.4g}" in text


def test_every_run_is_told_and_divergence_is_named(printed):
    rows = printed(trajectory(), trajectory(1, rows=4, switches=(), diverged_at=3.5))
    assert ["run 0", "at t = 5"] in rows
    assert ["run 1", "diverged at t = 3.5"] in rows
    assert ["switches", "none"] in rows


def test_a_run_without_rows_is_told(printed):
    rows = printed(trajectory(), trajectory(1, rows=0, switches=(), diverged_at=0.5))
    assert rows[-3:-1] == [["run 1", "diverged at t = 0.5"], ["switches", "none"]]


def test_many_runs_have_mean_and_standard_deviation(printed):
    runs = [trajectory(seed) for seed in range(12)]
    diverged = trajectory(12, rows=4, switches=(), diverged_at=3.5)
    rows = printed(*runs, diverged)
    assert ["all runs", "mean (standard deviation) of 12 runs at t = 5"] in rows
    assert ["diverged", "1 of 13 runs"] in rows
    assert ["switches", "t = 2"] in rows
    assert ["each run", "shown by `teacherstudent show --all`"] in rows
    errors = np.array([run.generalisation_error[-1] for run in runs])
    for p in range(2):
        mean, deviation = errors[:, p].mean(), errors[:, p].std(ddof=1)
        label = f"generalisation error eps, teacher {p}"
        assert [label, f"{mean:.4e} ({deviation:.1e})"] in rows
    text = " ".join(" ".join(row) for row in rows)
    overlaps = np.array([run.student_overlaps[-1] for run in runs]).reshape(12, -1)
    for mean, deviation in zip(overlaps.mean(axis=0), overlaps.std(axis=0, ddof=1), strict=True):
        assert f"{mean:.4g} ({deviation:.2g})" in text
    assert "run 0" not in text


def test_ten_runs_are_told_one_by_one(printed):
    rows = printed(*map(trajectory, range(10)))
    assert ["run 9", "at t = 5"] in rows
    assert "all runs" not in dict(row for row in rows if row[1:])


def test_switches_of_many_runs_may_differ(printed):
    rows = printed(*(trajectory(seed, switches=(1.0 + 0.1 * seed,)) for seed in range(11)))
    assert ["switches", "t = 1.5 (0.33)"] in rows
    rows = printed(*(trajectory(seed, switches=(1.0, 2.0)[: 1 + seed % 2]) for seed in range(11)))
    assert ["switches", "from 1 to 2"] in rows


def test_many_runs_that_diverged_have_no_mean(printed):
    rows = printed(*(trajectory(seed, rows=4, switches=(), diverged_at=3.5) for seed in range(11)))
    assert ["all runs", "0 did not diverge"] in rows
    assert ["diverged", "11 of 11 runs"] in rows

"""The scripts between the configuration and the figures, without Snakemake."""

import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

import collect
import gather_claims
import verify
from _logs import logged
from samples import document
from teacherstudent.errors import RunError, SpecError
from teacherstudent.experiments import simulate
from teacherstudent.experiments.claims import Claim, read_claims, write_claims
from teacherstudent.experiments.jobs import jobs, parse_experiment
from teacherstudent.experiments.simulate import job_digest, simulate_job, simulated_points
from teacherstudent.simulation.runs import simulate as run_one
from teacherstudent.spec.parse import parse_spec
from teacherstudent.store.checkpoints import CheckpointFile
from teacherstudent.store.curves import read_curves
from teacherstudent.store.runs import read_runs

RATE = "training.learning_rate"


def experiment(engine="network", rates=(0.1, 0.2), **changes):
    entry = {"inner": {RATE: list(rates)}, "runs": 2, "seed": 3}
    return parse_experiment("sample", {"spec": document(**changes), "engines": {engine: entry}})


def test_a_job_writes_the_runs_that_its_spec_describes(tmp_path):
    (job,) = jobs(experiment(), 1.0)
    simulate_job(job.work, tmp_path / "runs.h5")
    stored = read_runs(tmp_path / "runs.h5")
    assert [run.group for run in stored] == ["/runs/learning_rate~0.1", "/runs/learning_rate~0.2"]
    training = {"learning_rate": 0.2}
    alone = run_one(parse_spec(document(training=training)), "network", seed=3, run=1)
    assert np.array_equal(stored[1].trajectories[1].student_overlaps, alone.student_overlaps)


def test_a_job_notes_once_where_recorded_times_are_merged(tmp_path, capsys):
    (job,) = jobs(experiment("ode", record={"spacing": "log", "first": 0.001, "count": 20}), 40.0)
    simulate_job(job.work, tmp_path / "runs.h5")
    (note,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("note: ")]
    assert note.startswith("note: record: 20 times fall on ")


def test_runs_of_a_job_become_curves(tmp_path):
    sample = experiment()
    (job,) = jobs(sample, 1.0)
    simulate_job(job.work, tmp_path / "runs.h5")
    grids = {"network": asdict(sample.grids["network"])}
    runs = {"network": {tmp_path / "runs.h5": job.work["inner"]}}
    collect.main(grids, runs, ["student_overlaps"], tmp_path / "curves.h5")
    curves = read_curves(tmp_path / "curves.h5")["network"]
    assert curves.quantities["student_overlaps"].shape == (2, 2, 6, 3, 3)
    assert curves.seed == 3


def test_a_job_goes_on_from_what_an_ended_one_has_left(tmp_path, capsys):
    (job,) = jobs(experiment(), 40.0)
    simulate_job(job.work, tmp_path / "whole.h5")
    folder = tmp_path / "runs.h5.checkpoints"

    def report(place, fraction):
        checkpoints.asked = "a test" if place == 1 else None

    checkpoints = CheckpointFile(folder)
    with pytest.raises(RunError, match="ended by a test"):
        list(simulated_points(job.work, 1, report, checkpoints))
    left = ["finished-0.checkpoint", "run-1.checkpoint", "run-3.checkpoint"]  # side by side
    assert sorted(path.name for path in folder.glob("*")) == left
    simulate_job(job.work, tmp_path / "runs.h5")
    lines = capsys.readouterr().err.splitlines()  # slow runs report their progress as well
    said = [line.removeprefix(str(folder)) for line in lines if line.startswith(str(folder))]
    resumed = [f"/{name}: the run resumes from t = 1" for name in left[1:]]
    assert said == [": 2 of 4 runs are finished", *resumed]
    assert (tmp_path / "runs.h5").read_bytes() == (tmp_path / "whole.h5").read_bytes()
    assert not folder.exists()


def test_cells_that_share_a_job_give_the_same_curves(tmp_path):
    outer = {"student.hidden": [2, 3], RATE: [0.1, 0.2, 0.3]}
    entry = {"outer": outer, "inner": {"teachers.output_noise": [0.0, 0.1]}}
    sample = parse_experiment("sample", {"spec": document(), "engines": {"network": entry}})
    grids, written = {"network": asdict(sample.grids["network"])}, []
    cell = jobs(sample, 1e-9)[0].seconds
    for limit, files in ((1e-9, 6), (2.5 * cell, 4), (1e6, 1)):
        runs = {}
        for job in jobs(sample, limit):
            simulate_job(job.work, tmp_path / f"{job.curve}.h5")
            runs[tmp_path / f"{job.curve}.h5"] = job.work["inner"]
        assert len(runs) == files
        collect.main(grids, {"network": runs}, ["generalisation_error"], tmp_path / "curves.h5")
        written.append((tmp_path / "curves.h5").read_bytes())
    assert len(set(written)) == 1


def test_a_run_that_diverges_is_warned_of_by_name(tmp_path, capsys):
    linear = {"hidden": 3, "activation": "linear", "initial": {"weights_std": 1.0, "readouts_std": 1.0}}
    (job,) = jobs(experiment(rates=(0.1, 1e3), student=linear), 1.0)
    simulate_job(job.work, tmp_path / "runs.h5")
    warnings = capsys.readouterr().err.splitlines()
    assert [line.split(" diverged")[0] for line in warnings] == [
        "warning: learning_rate~1000.0, run 0",
        "warning: learning_rate~1000.0, run 1",
    ]


def test_output_and_errors_end_in_the_log(tmp_path):
    with logged(tmp_path / "log"):
        sys.stderr.write("a warning\n")
    assert (tmp_path / "log").read_text(encoding="utf-8") == "a warning\n"


@pytest.mark.parametrize(
    ("error", "told"),
    [(SpecError("key: wrong"), "error: key: wrong\n"), (KeyError("missing"), "Traceback")],
)
def test_an_error_ends_the_script_with_status_1(tmp_path, error, told):
    with pytest.raises(SystemExit) as caught, logged(tmp_path / "log"):
        raise error
    assert caught.value.code == 1
    assert (tmp_path / "log").read_text(encoding="utf-8").startswith(told)


def test_claims_are_gathered_in_order(tmp_path):
    claims = [Claim(name, "It is so.", 1.0) for name in ("b", "a")]
    for claim in claims:
        write_claims(tmp_path / claim.figure, [claim])
    gather_claims.main([tmp_path / "b", tmp_path / "a"], tmp_path / "claims.csv")
    assert read_claims(tmp_path / "claims.csv") == claims


@pytest.mark.parametrize(("value", "verdict", "hold"), [(1.0, "holds", True), (3.0, "FAILS", False)])
def test_verdicts_are_printed_and_failures_logged(tmp_path, capsys, value, verdict, hold):
    write_claims(tmp_path / "claims.csv", [Claim("b", "It is so.", value, 0.0, 2.0, uncertainty=0.25)])
    assert verify.main(tmp_path / "claims.csv", tmp_path / "log") is hold
    told = capsys.readouterr().out
    assert told.startswith(f"{verdict}  b: It is so.\n       {value:g} ± 0.25, expected 0 to 2 (read)\n")
    assert (verdict in (tmp_path / "log").read_text(encoding="utf-8")) is not hold


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (OSError(28, "No space left on device"), "error: No space left on device"),
        (FileNotFoundError(2, "No such file or directory", "x"), "error: x: No such file or directory"),
        (MemoryError("Unable to allocate 8 TiB"), "error: not enough memory: Unable to allocate 8 TiB"),
    ],
)
def test_what_users_can_mend_is_one_line_of_the_log(tmp_path, error, line):
    with pytest.raises(SystemExit), logged(tmp_path / "log"):
        raise error
    assert (tmp_path / "log").read_text() == line + "\n"


def test_the_code_of_a_job_is_that_of_its_runs_and_of_the_job(monkeypatch, tmp_path):
    before = {engine: job_digest(engine) for engine in ("ode", "network")}
    assert before["ode"] != before["network"]
    source = Path(simulate.__file__).read_text(encoding="utf-8")
    monkeypatch.setattr(simulate, "__file__", str(tmp_path / "simulate.py"))
    for text, same in ((f"{source}\n# a remark\n", True), (f"{source}\nOTHER = 1\n", False)):
        (tmp_path / "simulate.py").write_text(text, encoding="utf-8")
        assert (job_digest("ode") == before["ode"]) is same
    monkeypatch.setattr(simulate, "__file__", simulate.__spec__.origin)
    monkeypatch.setattr(simulate, "run_digest", lambda engine: "other")
    assert job_digest("ode") != before["ode"]

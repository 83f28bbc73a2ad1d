"""Runs that take long inside one kernel are ended by signals within a few seconds."""

import json
import signal
import subprocess
import sys
import time

import pytest

from depth import thorough_from
from faults.counts import COUNTS

WIDE = {
    "inputs": {"dimension": 400},
    "teachers": {"count": 2, "hidden": 50, "features": {"relation": "rotated", "similarity": 0.5}},
    "student": {"hidden": 120},
    "training": {"learning_rate": 0.5},
    "duration": 30.0,  # minutes
}
SECONDS = 2.0  # that are promised
SPARE = 8.0  # for a machine that does other things
ENDED = "ended by SIGTERM; the same call starts again: there are no checkpoints yet"

# Prints a line when the integration of the equations starts, after all code is imported and compiled.
TELLING = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # shells let jobs in the background ignore it
from teacherstudent.engines.ode import engine as ode

def integrate(self, phase, stage, whole=ode.Integration.integrate_stage):
    shown = self.progress

    def progress(fraction):
        sys.__stdout__.write("begun\\n")
        sys.__stdout__.flush()
        shown(fraction)

    self.progress = progress
    whole(self, phase, stage)

ode.Integration.integrate_stage = integrate
"""
COMMAND = """
from teacherstudent.command.main import main
sys.exit(main(["run", "spec.yaml", "--engine", "ode", "--runs", "2", "--threads", "2", "--output", "out.h5"]))
"""
PYTHON = """
import json, teacherstudent
try:
    teacherstudent.run(json.load(open("spec.yaml")), engine="ode", runs=3, threads=2)
except KeyboardInterrupt:
    sys.exit("as Python does")
"""
SCRIPT = """
import json
from _logs import logged
from teacherstudent.experiments.simulate import simulate_job
work = {"spec": json.load(open("spec.yaml")), "engine": "ode", "seed": 0, "runs": 1, "inner": {}}
with logged("log"):
    simulate_job(work, "out.h5")
"""
WAYS = {
    "the command, SIGINT": (COMMAND, signal.SIGINT, 130, "error: interrupted"),
    "the workflow's script, SIGTERM": (SCRIPT, signal.SIGTERM, 1, f"error: {ENDED}"),
    "Python, SIGINT": (PYTHON, signal.SIGINT, 1, "as Python does"),
    "the command, SIGTERM": (COMMAND, signal.SIGTERM, 1, f"error: {ENDED}"),
}


def test_as_many_are_tried_as_the_page_says():
    assert len(WAYS) == COUNTS.interruptions


@pytest.mark.slow
@pytest.mark.parametrize("way", thorough_from(2, WAYS))
def test_a_wide_run_is_ended_by_a_signal_within_seconds(tmp_path, way):
    code, number, status, said = WAYS[way]
    (tmp_path / "spec.yaml").write_text(json.dumps(WIDE))
    paths = f"import sys; sys.path[:0] = {[path for path in sys.path if path]}\n"
    with subprocess.Popen(
        [sys.executable, "-c", paths + TELLING + code],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline() == "begun\n"
        begin = time.monotonic()
        process.send_signal(number)
        try:
            _, errors = process.communicate(timeout=60)
        finally:
            process.kill()
    assert time.monotonic() - begin < SECONDS + SPARE
    assert process.returncode == status
    log = tmp_path / "log"
    told = log.read_text(encoding="utf-8") if log.exists() else errors
    assert told.splitlines() == [said]
    assert {path.name for path in tmp_path.iterdir()} <= {"spec.yaml", "log"}

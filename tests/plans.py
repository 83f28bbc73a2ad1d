"""Configurations for tests of plans: the one of this repository, and a small one."""

from pathlib import Path

from samples import document
from teacherstudent.experiments.plan import read_plan

ROOT = Path(__file__).parents[1]
FILES = [ROOT / "config" / "config.yaml", *sorted((ROOT / "config" / "experiments").glob("*.yaml"))]
QUICK = ROOT / "config" / "quick.yaml"


def config(**changes):
    figure = {"paper": "lee", "experiments": ["errors"]}
    experiment = {"spec": document(), "engines": {"ode": {}, "network": {}}}
    return {
        "papers": ["lee"],
        "job_seconds": 40,
        "experiments": {"errors": experiment},
        "figures": {"lee_errors": figure},
    } | changes


def read(config, files=(), overlays=()):
    return read_plan(config, files, overlays, reserved=["all", "verify"])

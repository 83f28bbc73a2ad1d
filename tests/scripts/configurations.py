"""The configuration of this repository, and a small one."""

from pathlib import Path

from snakemake.utils import update_config

from samples import document
from teacherstudent.files.yaml_documents import read_yaml

ROOT = Path(__file__).parents[2]
SCHEMA = ROOT / "workflow" / "schemas" / "config.schema.yaml"
FILES = [ROOT / "config" / "config.yaml", *sorted((ROOT / "config" / "experiments").glob("*.yaml"))]


def config(**changes):
    figure = {"paper": "lee", "experiments": ["errors"]}
    experiment = {"spec": document(), "engines": {"ode": {}, "network": {}}}
    return {
        "papers": ["lee"],
        "job_seconds": 40,
        "experiments": {"errors": experiment},
        "figures": {"lee_errors": figure},
    } | changes


def merged(paths):
    """Merge files as Snakemake does."""
    content = {}
    for path in paths:
        update_config(content, read_yaml(path))
    return content

"""The start of a job of the workflow: a job of the real script that simulates next to nothing."""

import json
import os
import tempfile
from pathlib import Path

from processes import ROOT, cpu_seconds, python

JOBS = 8
SCRIPTS = ROOT / "workflow" / "scripts"
SPEC = {
    "inputs": {"dimension": 20},
    "teachers": {"count": 2, "hidden": 1},
    "student": {"hidden": 2},
    "training": {"learning_rate": 0.5},
    "duration": 1.0,
    "record": {"count": 2},
}
SNAKEFILE = """
import json

rule all:
    input: [f"{{i}}.h5" for i in range(config["jobs"])]

rule simulate:
    output: "{{i}}.h5"
    log: "{{i}}.log"
    benchmark: "{{i}}.tsv"
    params: work=json.loads('''{work}''')
    script: "{script}"
"""


def start_seconds(engine: str = "ode", **variables: str) -> float:
    """Return the CPU time of a job, in this process of Snakemake and in that of its script.

    Parameters
    ----------
    engine : str
        The name of the engine of the job.
    **variables
        Further environment variables.
    """
    work = {"engine": engine, "spec": SPEC, "inner": {}, "runs": 1, "seed": 0}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        content = SNAKEFILE.format(work=json.dumps(work), script=SCRIPTS / "simulate.py")
        (folder / "Snakefile").write_text(content, encoding="utf-8")
        _snakemake(folder, 1, variables)
        nothing = _snakemake(folder, 1, variables)
        return (_snakemake(folder, 1 + JOBS, variables) - nothing) / JOBS


def _snakemake(folder: Path, jobs: int, variables: dict[str, str]) -> float:
    path = os.pathsep.join([str(SCRIPTS), os.environ.get("PYTHONPATH", "")])
    command = python("-m", "snakemake", "--quiet", "all", "--cores", "1", "--config", f"jobs={jobs}")
    return cpu_seconds(command, folder, PYTHONPATH=path, **variables)

"""How long processes need until the first results are there, beside the imports that no process can avoid."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import jobs
import yaml
from processes import cpu_seconds, medians, python
from timing import Line, text, within

ENGINES = ("network", "chain", "ode")
FIRST_CALL = """
import sys
from teacherstudent import parse_spec, simulate
spec = parse_spec({"inputs": {"dimension": 100}, "teachers": {"count": 2, "hidden": 2},
                   "student": {"hidden": 4}, "training": {"learning_rate": 0.5}, "duration": 1.0})
for engine in sys.argv[1:]:
    simulate(spec, engine)
"""
# The figures and jobs of the configuration in the working folder.
PLAN = """
from pathlib import Path
from teacherstudent.command.garbage import collect_rarely
collect_rarely()
from teacherstudent.experiments.configuration import merged, read_file
from teacherstudent.experiments.plan import read_plan
files = [Path("config/config.yaml"), *sorted(Path("config/experiments").glob("*.yaml"))]
read_plan(merged(map(read_file, files)), files, [], [])
"""
# What is measured, the import in the same series to which it is compared, and the aim in seconds.
AIMS = {
    **{f"teacherstudent run, engine {engine}": ("import numba", 0.5) for engine in ENGINES},
    "teacherstudent --help": ("nothing", 0.2),
    "teacherstudent list": ("import numpy", 0.2),
    "teacherstudent validate": ("import numpy", 0.2),
    "teacherstudent cost": ("import numpy", 0.3),
    "the plan of all figures": ("import numpy", 2.0),
    "snakemake --dry-run of all figures": ("import snakemake", None),
}


def lines() -> Iterator[Line]:
    """Processes with an empty cache of compiled code, and processes with all of it, in turns."""
    with tempfile.TemporaryDirectory() as folder:
        cache = {"NUMBA_CACHE_DIR": folder}
        cold = cpu_seconds(python("-c", FIRST_CALL, *ENGINES), **cache)
        found = medians(_commands(Path(folder)), **cache)
        job = jobs.start_seconds(**cache)
    yield within("start with an empty cache, all engines", cold, "s", 60.0, None)
    for what, (reference, aim) in AIMS.items():
        yield _beside(what, found[what], found[reference], aim)
    yield _beside("a job of the workflow", job, found["import numba"], 0.8)


def _commands(folder: Path) -> dict[str, list[str]]:
    """Return the commands by name."""
    spec, output = folder / "spec.yaml", str(folder / "runs.h5")
    spec.write_text(yaml.safe_dump(jobs.SPEC), encoding="utf-8")
    command = python("-m", "teacherstudent")
    run = [*command, "run", str(spec), "--output", output]
    runs = {f"teacherstudent run, engine {engine}": [*run, "--engine", engine] for engine in ENGINES}
    return {
        "nothing": python("-c", "pass"),
        "import numpy": python("-c", "import numpy"),
        "import numba": python("-c", "import numba"),
        "import snakemake": python("-c", "import snakemake.cli"),
        **runs,
        "teacherstudent --help": [*command, "--help"],
        "teacherstudent list": [*command, "list"],
        "teacherstudent validate": [*command, "validate", str(spec)],
        "teacherstudent cost": [*command, "cost", str(spec)],
        "the plan of all figures": python("-c", PLAN),
        "snakemake --dry-run of all figures": python("-m", "snakemake", "--dry-run", "--quiet", "all"),
    }


def _beside(what: str, ours: float, reference: float, aim: float | None) -> Line:
    """Return a line with the time of an import beside ours."""
    return Line(f"{what} (s)", text(ours), text(reference), ours, None, aim, at_most=True)

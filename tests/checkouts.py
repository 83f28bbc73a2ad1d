"""Copies of the repository in which tests run Snakemake."""

import fcntl
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
EXAMPLE = Path(__file__).parent / "workflow" / "example"
CODE = ("src", "workflow", "envs", "profiles")


class Checkout:
    """A copy of the repository with a small configuration of its own, which tests may edit."""

    def __init__(self, root):
        self.root = root

    def environment(self, compiled=False):
        """Return the environment in which Snakemake runs."""
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        if not compiled:
            environment["NUMBA_DISABLE_JIT"] = "1"  # to compile takes longer than these runs
        return environment

    def snakemake(self, *arguments, status=0, compiled=False):
        """Run Snakemake; return what it says."""
        command = [sys.executable, "-m", "snakemake", *arguments]
        done = subprocess.run(
            command,
            cwd=self.root,
            env=self.environment(compiled),
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert done.returncode == status, done.stdout
        return done.stdout

    def planned(self, *targets):
        """Return how many jobs of each rule a run would start, and the messages of all of them."""
        told = self.snakemake(*targets, "--dry-run", "--cores", "1")
        if "Nothing to be done" in told:
            return {}, set()
        table = told.split("Job stats:")[1].split("\n\n")[0]
        counts = {rule: int(count) for rule, count in re.findall(r"^(\w+) +(\d+)$", table, re.MULTILINE)}
        del counts["total"]
        counts.pop("all", None)
        return counts, set(re.findall(r"^Job \d+: (.+)$", told, re.MULTILINE))

    def edit(self, path, old, new):
        """Replace the first occurrence of a text in a file."""
        text = (self.root / path).read_text(encoding="utf-8")
        assert old in text
        (self.root / path).write_text(text.replace(old, new, 1), encoding="utf-8")

    def edit_experiment(self, change):
        """Let a function change the document of the example experiment."""
        path = self.root / "config" / "experiments" / "example.yaml"
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        change(document["experiments"]["example_errors"])
        path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")

    def results(self):
        """Return the bytes of all results but logs and benchmarks."""
        folder = self.root / "results"
        files = (path for path in sorted(folder.rglob("*")) if path.is_file())
        kept = [path for path in files if path.relative_to(folder).parts[0] not in ("logs", "benchmarks")]
        return {str(path.relative_to(folder)): path.read_bytes() for path in kept}


def copy_repository(root, config=EXAMPLE / "config"):
    """Copy what a run needs into a new folder, with another configuration."""
    root.mkdir()
    shutil.copy(ROOT / "Snakefile", root)
    (root / "slurm").symlink_to("profiles/slurm")
    ignored = shutil.ignore_patterns("__pycache__")
    for folder in CODE:
        shutil.copytree(ROOT / folder, root / folder, ignore=ignored)
    shutil.copytree(config, root / "config")


def make_checkout(root):
    """Copy the repository with the example, its figures too."""
    copy_repository(root)
    shutil.copytree(EXAMPLE / "figures", root / "workflow" / "scripts" / "figures", dirs_exist_ok=True)
    return Checkout(root)


def made_once(tmp_path_factory, name, make):
    """Return a folder that all processes of the tests share; `make` is called in it by the first of them."""
    base = tmp_path_factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, finished = base / name, base / name / "finished"
    with open(base / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not finished.exists():
            shutil.rmtree(folder, ignore_errors=True)  # of a process that failed
            folder.mkdir()
            make(folder)
            finished.touch()
    return folder

"""Paths of the files of this repository, and of the configuration of the folder in which Snakemake runs.

The two folders differ with `-s`, with `--directory`, and where this workflow is a module of another one.
"""

import os
from pathlib import Path

from _bootstrap import ROOT as REPOSITORY
from snakemake.io import sourcecache_entry

ROOT = REPOSITORY.resolve()


def source_file(name: str) -> str:
    """Return a file of this repository, given relative to its root, as the input of a rule.

    Snakemake records the name instead of the path: results stay up to date when the repository is moved.
    """
    return sourcecache_entry(name if Path.cwd() == ROOT else str(ROOT / name), name)


def config_folder(content: str) -> Path:
    """Return the folder `config` of the run if it has this content, otherwise that of this repository."""
    own = Path("config")
    return own if (own / content).exists() or Path.cwd() == ROOT else ROOT / own


def shown(path: str | Path) -> str:
    """Return the path of a configuration file for pages: relative to this repository if it is inside."""
    path = Path(path).resolve()
    within = path.is_relative_to(ROOT) and not path.is_relative_to(Path.cwd())
    return str(path.relative_to(ROOT)) if within else os.path.relpath(path)

"""Where files are: those of this repository, and the configuration of the folder in which Snakemake runs.

That may be another folder than this repository: with `-s`, with `--directory`, or as a module.
"""

import os
from pathlib import Path

from _bootstrap import ROOT as REPOSITORY
from snakemake.io import sourcecache_entry

ROOT = REPOSITORY.resolve()


def source_file(name: str) -> str:
    """Return a file of this repository, named from its root on, as the input of a rule.

    Snakemake records the name and not the path: results stay up to date when the repository is moved.
    """
    return sourcecache_entry(name if Path.cwd() == ROOT else str(ROOT / name), name)


def config_folder(content: str) -> Path:
    """Return the folder `config` of the run where it has this content, else that of this repository."""
    own = Path("config")
    return own if (own / content).exists() or Path.cwd() == ROOT else ROOT / own


def shown(path: str | Path) -> str:
    """Return the path of a configuration file as pages show it: from this repository on where it is in it."""
    path = Path(path).resolve()
    within = path.is_relative_to(ROOT) and not path.is_relative_to(Path.cwd())
    return str(path.relative_to(ROOT)) if within else os.path.relpath(path)

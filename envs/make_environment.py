"""Write the conda environment with the pins of the lock: make_environment.py LOCK ENVIRONMENT.

It names what pyproject.toml lists as dependencies of the package; conda finds the rest. Run by `make lock`.
"""

import re
import sys
import tomllib
from pathlib import Path

CONDA_NAMES = {"matplotlib": "matplotlib-base", "snakemake": "snakemake-minimal"}

HEADER = """\
# For `snakemake --software-deployment-method conda`. Written by `make lock` from requirements.lock.
channels:
  - conda-forge
  - bioconda
  - nodefaults
dependencies:
  - python >=3.11,<3.14
"""


def read_pins(lock: str) -> dict[str, str]:
    """Return the version of each package in the text of a lock file."""
    return dict(re.findall(r"^([a-z0-9._-]+)==([^\s;\\]+)", lock, flags=re.MULTILINE))


def environment(lock: str, requirements: list[str]) -> str:
    """Return the text of the conda environment for these requirements, as pinned in the lock."""
    pins = read_pins(lock)
    names = sorted(re.match(r"[a-z0-9._-]+", requirement)[0] for requirement in requirements)
    return HEADER + "".join(f"  - {CONDA_NAMES.get(name, name)} =={pins[name]}\n" for name in names)


def main(path_to_lock, path_to_environment):
    """Read the lock and the requirements of the package, write the environment."""
    pyproject = Path(__file__).parents[1] / "pyproject.toml"
    requirements = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]["dependencies"]
    text = environment(Path(path_to_lock).read_text(encoding="utf-8"), requirements)
    Path(path_to_environment).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])

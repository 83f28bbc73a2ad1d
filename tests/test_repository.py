"""The files around the code: the lock, the conda environment and the text agree and name no machine."""

import ast
import re
import subprocess
import tomllib
from collections import ChainMap
from pathlib import Path

import pytest
import yaml

import depth
import write_readme_table
from teacherstudent.experiments.claims import read_claims

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
CONDA_TO_PYPI = {"matplotlib-base": "matplotlib", "snakemake-minimal": "snakemake"}


def blocks_of_lock():
    """Return the text of each package in the lock: its pin and the hashes that follow."""
    return re.split(r"\n(?=[a-z0-9])", re.sub(r"^#.*\n", "", LOCK, flags=re.MULTILINE).strip())


def pins_of_lock():
    return {
        block.split("==")[0]: re.match(r"[^\s;\\]+", block.split("==")[1])[0] for block in blocks_of_lock()
    }


def requirements_of_package():
    project = PYPROJECT["project"]
    locked = {name: group for name, group in project["optional-dependencies"].items() if name != "images"}
    extras = [line for group in locked.values() for line in group]
    return [line for line in project["dependencies"] + extras if not line.startswith("teacherstudent[")]


def test_lock_names_no_index_and_no_address():
    assert "://" not in LOCK
    assert not re.search(r"^\s*-(?!-hash=sha256:[0-9a-f]{64}( \\)?$)", LOCK, flags=re.MULTILINE)


def test_every_package_in_the_lock_has_hashes():
    assert [block.split("==")[0] for block in blocks_of_lock() if "--hash=sha256:" not in block] == []


@pytest.mark.parametrize("requirement", requirements_of_package())
def test_lock_satisfies_the_lower_bounds(requirement):
    name, bound = requirement.split(">=")
    version = pins_of_lock()[name]
    assert [int(part) for part in version.split(".")] >= [int(part) for part in bound.split(".")]


def test_lock_has_the_build_backend():
    assert set(PYPROJECT["build-system"]["requires"]) <= set(pins_of_lock())


def test_conda_environment_has_the_pins_of_the_lock():
    environment = yaml.safe_load((ROOT / "envs" / "environment.yaml").read_text(encoding="utf-8"))
    python, *packages = environment["dependencies"]
    pins = dict(package.split(" ==") for package in packages)
    pins = {CONDA_TO_PYPI.get(name, name): version for name, version in pins.items()}
    needed = {line.split(">=")[0] for line in PYPROJECT["project"]["dependencies"]}
    lock = pins_of_lock()
    assert pins == {name: lock[name] for name in needed}
    assert python.startswith("python " + PYPROJECT["project"]["requires-python"])


def test_citation_has_the_version_of_the_package():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == PYPROJECT["project"]["version"]


def test_profiles_set_no_key_twice():
    """The default profile would win over the chosen one, key by key."""
    keys = {
        path.parent.name: set(yaml.safe_load(path.read_text(encoding="utf-8")))
        for path in (ROOT / "profiles").glob("*/config.yaml")
    }
    default = keys.pop("default")
    assert keys
    for name, others in keys.items():
        assert not default & others, name


def test_slurm_is_found_by_its_name():
    assert (ROOT / "slurm" / "config.yaml").samefile(ROOT / "profiles" / "slurm" / "config.yaml")


def test_text_names_no_machine():
    """No file that git does not ignore has a path of somebody's machine or the address of a package index."""
    command = ["git", "ls-files", "-coz", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    private = re.compile(r"(?<![\w.~$}])/(?:work|root|home)/|https?://[^\s)\"]*(?:pypi|/simple)")
    found = []
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if path.is_file() and path != Path(__file__):
            lines = path.read_bytes().decode("utf-8", errors="ignore").splitlines()
            found += [f"{name}:{number}" for number, line in enumerate(lines, 1) if private.search(line)]
    assert found == []


def imported(path):
    """Names of the modules that a file imports, and of what it imports from them."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{name.name}" for name in node.names)


def test_no_module_imports_a_module_of_tests():
    """What several of them need is in a module without tests."""
    files = sorted((ROOT / "tests").rglob("*.py"))
    modules = {path.stem for path in files if path.stem.startswith("test_")}
    found = {(path.name, name) for path in files for name in imported(path)}
    assert [pair for pair in sorted(found) if modules & set(pair[1].split("."))] == []
    assert ("test_network.py", "naive.Setting") in found


def test_the_files_of_tests_that_come_first_exist():
    assert all((ROOT / "tests" / name).is_file() for name in depth.LONGEST)


def test_the_readme_has_the_table_of_all_figures_and_of_the_stored_claims():
    """`make readme-table` writes it."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    figures, claims = write_readme_table.titles(ROOT), read_claims(ROOT / "docs" / "claims.csv")
    assert write_readme_table.with_table(text, figures, claims) == text


def test_every_figure_has_a_title_of_its_own():
    """Titles stand in the navigation of the documentation and in the report: they are short."""
    titles = write_readme_table.titles(ROOT)
    assert [name for name, title in titles.items() if title == name] == []
    assert len(set(titles.values())) == len(titles)
    assert [title for title in titles.values() if len(title) > 85 or "|" in title or title[-1] == "."] == []


def merged_config():
    files = [ROOT / "config" / "config.yaml", *sorted((ROOT / "config" / "experiments").glob("*.yaml"))]
    config, *papers = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in files]
    parts = {key: [paper[key] for paper in papers] for key in ("experiments", "figures")}
    return config | {key: dict(ChainMap(*found)) for key, found in parts.items()}


def test_the_stored_claims_are_about_every_configured_figure():
    config = merged_config()
    configured = {name for name, entry in config["figures"].items() if entry["paper"] in config["papers"]}
    assert {claim.figure for claim in read_claims(ROOT / "docs" / "claims.csv")} == configured


def test_the_stored_claims_are_those_of_the_scale_of_the_papers():
    """One of them names the number of inputs, which the small form makes smaller."""
    inputs = merged_config()["experiments"]["lee2021_ode_verification"]["spec"]["inputs"]["dimension"]
    (named,) = [
        claim.statement
        for claim in read_claims(ROOT / "docs" / "claims.csv")
        if claim.figure == "lee2021_ode_verification" and "N = " in claim.statement
    ]
    assert f"N = {inputs}." in named, "run `make claims-table`"

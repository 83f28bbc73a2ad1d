"""The command `list`: engines anywhere, experiments and figures in the folder of a workflow."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from samples import document
from teacherstudent.command.main import main
from teacherstudent.engines.base import ENGINES

ROOT = Path(__file__).parents[1]
GRID = {"outer": {"training.learning_rate": [0.1, 0.2]}, "inner": {"duration": [1.0, 2.0, 3.0]}, "runs": 5}
EXPERIMENT = {"spec": document(), "engines": {"ode": GRID, "network": {}}}
SCRIPT = '"""Errors at two\nlearning rates.\n\nThe reader should see more.\n"""\n'


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder with one experiment and one figure."""
    (tmp_path / "config" / "experiments").mkdir(parents=True)
    (tmp_path / "workflow" / "scripts" / "figures").mkdir(parents=True)
    figures = {"mine_rates": {"paper": "mine", "experiments": ["rates"]}}
    write(tmp_path, {"experiments": {"rates": EXPERIMENT, "other": EXPERIMENT}, "figures": figures})
    (tmp_path / "workflow" / "scripts" / "figures" / "mine_rates.py").write_text(SCRIPT)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder, content):
    (folder / "config" / "experiments" / "mine.yaml").write_text(yaml.safe_dump(content, sort_keys=False))


def listed(capsys, *arguments):
    """The rows of the tables, words of columns joined by one space."""
    assert main(["list", *arguments]) == 0
    return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines() if line.strip()]


def test_experiments_come_with_their_runs_and_figures(folder, capsys):
    rows = listed(capsys, "experiments")
    assert rows[-2:] == ["rates ode 30, network 1 mine_rates", "other ode 30, network 1"]


def test_figures_come_with_what_their_script_says(folder, capsys):
    assert listed(capsys, "figures")[-1] == "mine_rates mine Errors at two learning rates."


def test_figures_come_with_their_title(folder, capsys):
    figure = {"title": "Errors against the rate", "paper": "mine", "experiments": ["rates"]}
    write(folder, {"figures": {"mine_rates": figure}})
    assert listed(capsys, "figures")[-1] == "mine_rates mine Errors against the rate"


def test_a_figure_without_a_script_is_listed(folder, capsys):
    (folder / "workflow" / "scripts" / "figures" / "mine_rates.py").unlink()
    assert listed(capsys, "figures")[-1] == "mine_rates mine"


def test_engines_are_those_of_the_library(capsys):
    assert [row.split()[0] for row in listed(capsys, "engines")[2:]] == list(ENGINES)


def test_without_a_kind_everything_is_listed(folder, capsys):
    rows = listed(capsys)
    assert [row for row in rows if row.split()[0] in ("engine", "experiment", "figure")] == [
        "engine description",
        "experiment runs figures",
        "figure paper description",
    ]


def test_outside_of_a_workflow_there_are_engines_only(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert len(listed(capsys)) == len(listed(capsys, "engines"))
    assert main(["list", "figures"]) == 1
    assert capsys.readouterr().err == (
        "error: there is no folder config/experiments here; go to the folder of a workflow\n"
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([1], ["mine.yaml:", "must be a block of keys"]),
        ({"experiments": {"rates": 3}}, ["experiments.rates: 3 is not allowed; it must be a block of keys"]),
        ({"experiments": {"rates": {"spec": {}}}}, ["experiment rates", "missing key engines"]),
        (
            {"experiments": {"rates": EXPERIMENT | {"engines": {"ode": {"inner": {"duration": 3}}}}}},
            ["rates"],
        ),
    ],
)
def test_a_broken_configuration_is_one_line(folder, capsys, content, words):
    write(folder, content)
    assert main(["list", "experiments"]) == 2
    error = capsys.readouterr().err
    assert len(error.splitlines()) == 1
    assert all(word in error for word in words)


def test_the_workflow_of_this_repository_is_listed(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    text = " ".join(listed(capsys, "figures"))
    assert "Forgetting and transfer against task similarity" in text
    assert text.count("lee2021_") > 10


def test_names_defined_twice_and_broken_files_are_one_line(folder, capsys):
    other = folder / "config" / "experiments" / "other.yaml"
    for text, words in (
        ("experiments: {rates: {}}", "experiments.rates is already defined in "),
        ("a: [", "not valid YAML"),
    ):
        other.write_text(text)
        assert main(["list"]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("error: config/experiments/other.yaml: ")
        assert words in line


SLOW = {
    "list": {"jsonschema", "numba", "numpy", "h5py", "importlib.metadata"},
    "validate": {"jsonschema", "numba", "h5py", "importlib.metadata"},
    "cost": {"jsonschema", "numba", "h5py", "importlib.metadata"},
}


@pytest.mark.parametrize("command", SLOW)
def test_short_commands_import_no_slow_packages_that_they_do_not_need(command, tmp_path):
    spec = tmp_path / "spec.yaml"
    spec.write_text(yaml.safe_dump(document()))
    given = [command] if command == "list" else [command, str(spec)]
    code = (
        "import sys\nfrom teacherstudent.command.main import main\n"
        f"assert main({given!r}) == 0\nprint(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not SLOW[command] & {*done.stderr.split()}

"""What the guides say to type and write works as it stands there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from docs_guides import blocks, commands, named_files
from teacherstudent.api import Run
from teacherstudent.command.main import main


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for path, text in named_files("quickstart.md").items():
        (tmp_path / path).write_text(text)
    return tmp_path


def test_the_quick_start_makes_a_comparison(folder):
    for program, *arguments in commands("quickstart.md"):
        assert program == "teacherstudent"
        assert main(arguments) == 0
    assert {path.name for path in folder.iterdir()} == {
        "spec.yaml",
        "theory.h5",
        "network.h5",
        "comparison.png",
    }


def test_the_guide_of_python_runs(folder):
    names = {}
    for block in blocks("guides/python.md", "python"):
        exec(block, names)
    assert isinstance(names["run"], Run)
    assert (folder / "run.png").exists()
    assert (folder / "samples.h5").exists()


def test_the_front_page_runs(folder):
    names = {}
    (block,) = blocks("index.md", "python")
    exec(block, names)
    assert names["run"].generalisation_error.shape == (300, 2)


def test_the_files_of_a_model_exist():
    root = Path(__file__).parents[2]
    text = (root / "docs" / "guides" / "model.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:[\w*]+/)+[\w*]+\.(?:py|yaml))`", text)
    assert {"engines/base.py", "tests/test_law_seam.py"} <= set(named)
    for path in named:
        folder = root if path.startswith("tests/") else root / "src" / "teacherstudent"
        assert list(folder.glob(path)), path


def test_the_witness_of_a_model_agrees(folder):
    ((path, text),) = named_files("guides/model.md").items()
    (folder / path).write_text(text)
    subprocess.run([sys.executable, path], check=True)
    wrong = text.replace("2 / np.pi * np.arcsin", "1.99 / np.pi * np.arcsin")
    (folder / path).write_text(wrong)
    assert subprocess.run([sys.executable, path], capture_output=True).returncode == 1

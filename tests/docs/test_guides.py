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
    assert names["point"].converged and names["point"].stable
    assert names["estimate"].seconds > 0.0 and names["estimate"].bytes > 0


def test_the_guide_of_forgetting_runs_and_prints_its_numbers(folder, capsys):
    """The numbers in the table and in the text are those that the code prints."""
    page, names, printed = "guides/reduce_forgetting.md", {}, []
    for block in blocks(page, "python"):
        exec(block, names)
        printed.append(capsys.readouterr().out)
    assert (folder / "reduce_forgetting.png").read_bytes()[1:4] == b"PNG"
    text = (Path(__file__).parents[2] / "docs" / page).read_text(encoding="utf-8")
    assert "forgetting: 4.5" in printed[0]
    rows = re.findall(r"^(.{16}) error of task 1 (\S+), of task 2 (\S+)$", printed[1], re.MULTILINE)
    assert [row[0].strip() for row in rows] == ["no intervention", "replay 10 %", "EWC", "replay and EWC"]
    for name, first, second in rows:
        assert f"| {name.strip()} | {first} | {second} |" in text
    reuse = re.findall(r"re-use (\S+),", printed[2])
    assert (reuse[0], reuse[-1]) == ("0.93", "0.10")
    assert 0.03 < float(printed[3].split()[-1]) < 0.1


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

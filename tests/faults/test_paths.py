"""Folders and files whose names have spaces, quotes and letters of other alphabets."""

import shutil

import pytest
import yaml

from checkouts import make_checkout
from faults.counts import COUNTS
from faults.snakemake_processes import TARGET
from samples import document
from teacherstudent.command.main import main
from teacherstudent.store.runs import read_run

pytestmark = pytest.mark.faults

NAMES = ("a b", "ä ñ 学", "it's [1] {2}")


def test_as_many_are_tried_as_the_page_says():
    assert len(NAMES) == COUNTS.path_names


@pytest.mark.parametrize("name", NAMES)
def test_the_command(name, tmp_path, capsys):
    folder = tmp_path / name / name
    folder.mkdir(parents=True)
    spec, output, figure = folder / f"{name}.yaml", folder / f"{name}.h5", folder / f"{name}.png"
    spec.write_text(yaml.safe_dump(document()), encoding="utf-8")
    run = ["--engine", "network", "--set", "record.state=true"]
    assert main(["run", str(spec), *run, "--output", str(output)]) == 0
    further = ["--set", "duration=6.0", "--from", str(output), "--output", str(folder / f"{name} 2.h5")]
    assert main(["run", str(spec), *run, *further]) == 0
    assert main(["show", str(output)]) == 0
    assert main(["plot", str(output), "--output", str(figure)]) == 0
    assert read_run(folder / f"{name} 2.h5").trajectories[0].time[-1] == 6.0
    taken = document(teachers={"file": str(output)}, student={"hidden": 3})
    spec.write_text(yaml.safe_dump(taken, allow_unicode=True), encoding="utf-8")
    assert main(["validate", str(spec)]) == 0, capsys.readouterr().err
    assert figure.stat().st_size > 1000


@pytest.mark.thorough
@pytest.mark.slow
@pytest.mark.workflow
def test_the_workflow(undisturbed, tmp_path):
    folder = tmp_path / NAMES[0] / NAMES[1]
    folder.mkdir(parents=True)
    checkout = make_checkout(folder / "checkout of mine")
    checkout.snakemake(TARGET, "--cores", "2")
    assert checkout.results() == undisturbed.results
    shutil.rmtree(checkout.root)

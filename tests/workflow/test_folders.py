"""Snakemake runs in other folders than the repository, and other workflows use this one as a module."""

import shutil
import subprocess

import pytest

import depth
from checkouts import Checkout

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

MODULE = """
configfile: "config/config.yaml"

module teacherstudent:
    snakefile: "{snakefile}"
    config: config

use rule * from teacherstudent{names}
"""


@pytest.fixture
def folder(tmp_path):
    """An empty folder in which Snakemake runs."""
    (tmp_path / "folder").mkdir()
    return Checkout(tmp_path / "folder")


def snakefile(checkout):
    return "-s", f"../{checkout.root.name}/Snakefile"


def with_module(folder, checkout, names=""):
    """Write a workflow that uses the one of a checkout, with a copy of its configuration."""
    shutil.copytree(checkout.root / "config", folder.root / "config")
    (folder.root / "workflow").mkdir()
    text = MODULE.format(snakefile=f"../../{checkout.root.name}/Snakefile", names=names)
    (folder.root / "workflow" / "Snakefile").write_text(text, encoding="utf-8")


@pytest.mark.thorough
def test_another_folder_has_the_same_results_wherever_the_repository_is(
    new_checkout, finished_checkout, folder
):
    """Nor do the results depend on the number of cores: those of the other folder are made with two."""
    folder.snakemake(*snakefile(new_checkout), "--cores", "1")
    assert folder.results() == finished_checkout.results()
    assert not (new_checkout.root / "results").exists()
    moved = Checkout(new_checkout.root.rename(new_checkout.root.with_name("moved")))
    assert folder.planned(*snakefile(moved)) == ({}, set())
    moved.edit("workflow/scripts/figures/_figures.py", '"""', '""" ')
    counts, _ = folder.planned(*snakefile(moved))
    assert counts == {
        "draw_example_curves": 1,
        "draw_example_final": 1,
        "explorer": 1,
        "gather_claims": 1,
        "write_claims_page": 1,
    }


def test_the_directory_of_the_results_may_be_another(new_checkout, folder):
    new_checkout.snakemake("results/settings.html", "--directory", str(folder.root), "--cores", "1")
    assert list(folder.results()) == ["settings.html"]
    assert "config/experiments/example.yaml" in folder.results()["settings.html"].decode()
    assert not (new_checkout.root / "results").exists()


def test_the_configuration_of_the_folder_comes_first(fresh_checkout, tmp_path, folder):
    shutil.copytree(fresh_checkout.root / "config", folder.root / "config")
    folder.edit_experiment(lambda experiment: experiment["engines"].pop("network"))
    arguments = "-s", str(fresh_checkout.root / "Snakefile")
    assert folder.planned("results/curves/example_errors.h5", *arguments)[0]["simulate"] == 1
    shutil.rmtree(folder.root / "config")
    assert folder.planned("results/curves/example_errors.h5", *arguments)[0]["simulate"] == 3


def test_a_module_has_the_same_results(new_checkout, finished_checkout, folder):
    with_module(folder, new_checkout)
    targets = [] if depth.everything else ["example_final"]
    folder.snakemake(*targets, "--cores", "2")
    made, expected = folder.results(), finished_checkout.results()
    assert made == {name: content for name, content in expected.items() if not targets or name in made}
    assert folder.planned(*targets) == ({}, set())


def test_rules_of_a_module_may_have_other_names(new_checkout, folder):
    with_module(folder, new_checkout, " as ts_*")
    rule = "rule mine:\n    input: rules.ts_example_final.input\n"
    with open(folder.root / "workflow" / "Snakefile", "a", encoding="utf-8") as file:
        file.write(rule)
    counts, _ = folder.planned("mine")
    assert counts == {"ts_simulate": 3, "ts_collect": 1, "ts_draw_example_final": 1, "mine": 1}


@pytest.mark.thorough
def test_what_a_workflow_gives_its_module_is_laid_over_the_experiments(new_checkout, folder):
    with_module(folder, new_checkout)
    with open(folder.root / "config" / "config.yaml", "a", encoding="utf-8") as file:
        file.write("experiments: {example_errors: {engines: {ode: {runs: 7}}}}\n")
    folder.snakemake("settings", "--cores", "1")
    assert "7" in folder.results()["settings.html"].decode().split("network")[0]
    shutil.rmtree(folder.root / "config" / "experiments")  # then those of the repository
    assert folder.planned("results/curves/example_errors.h5")[0]["simulate"] == 3


@pytest.mark.skipif(shutil.which("git") is None, reason="no git")
def test_a_module_from_a_server_says_that_it_needs_a_clone(new_checkout, folder):
    """Files come one by one from a repository of git, as from a server, without the modules beside them."""
    git = "git", "-c", "user.name=a", "-c", "user.email=a@b"
    for command in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "-m", "all"], ["tag", "v1"]):
        subprocess.run([*git, *command], cwd=new_checkout.root.parent, check=True)
    with_module(folder, new_checkout)
    local = f"../../{new_checkout.root.name}/Snakefile"
    folder.edit("workflow/Snakefile", local, f"git+file://{new_checkout.root}/Snakefile@v1")
    told = folder.snakemake("--dry-run", "--cores", "1", status=1)
    assert "error: this workflow needs a clone of its repository" in told
    assert "Traceback" not in told

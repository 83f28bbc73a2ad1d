"""The commands that users type: a figure, a paper, the claims; and mistakes in the configuration."""

import os

import pytest

from checkouts import ROOT, Checkout, copy_repository
from depth import thorough_from

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

OVERLAY = "--configfile config/config.yaml"


def test_one_figure_by_its_name(fresh_checkout):
    counts, _ = fresh_checkout.planned("example_final", "--forceall")
    assert counts == {"simulate": 3, "collect": 1, "draw_example_final": 1, "example_final": 1}


@pytest.mark.thorough
def test_one_paper_by_its_name(fresh_checkout):
    counts, _ = fresh_checkout.planned("example", "--forceall")
    assert counts == {
        "simulate": 3,
        "collect": 1,
        "draw_example_curves": 1,
        "draw_example_final": 1,
        "example": 1,
    }


@pytest.mark.parametrize(
    ("papers", "animations"),
    [
        ("lee2021,saadsolla1995", 3),
        pytest.param("saadsolla1995", 1, marks=pytest.mark.thorough),
        pytest.param("goldt2019", 0, marks=pytest.mark.thorough),
    ],
)
def test_animations_of_configured_papers_are_made_by_default(tmp_path, papers, animations):
    """The front page of the documentation shows them."""
    copy_repository(tmp_path / "checkout", ROOT / "config")
    counts, _ = Checkout(tmp_path / "checkout").planned("--config", f"papers=[{papers}]")
    assert sum(rule.startswith("animate_") for rule in counts) == animations


def test_a_large_grid_is_planned_in_seconds(new_checkout):
    axes = {
        "teachers.features.similarity": {"linspace": [0.0, 1.0, 100]},
        "training.learning_rate": {"linspace": [0.1, 1.0, 200]},
    }
    new_checkout.edit_experiment(lambda experiment: experiment["engines"].update(ode={"outer": axes}))
    new_checkout.edit("config/config.yaml", "job_seconds: 0.001", "job_seconds: 40")
    before = os.times()
    counts, _ = new_checkout.planned("results/curves/example_errors.h5")
    assert 10 <= counts["simulate"] <= 200
    after = os.times()
    assert after.children_user - before.children_user < 20.0  # seconds; 4 where nothing else runs


def test_a_cluster_makes_the_same_jobs(fresh_checkout):
    counts, _ = fresh_checkout.planned("--profile", "slurm", "--forceall")
    assert counts == fresh_checkout.planned("--forceall")[0]


def test_verify_prints_every_claim(finished_checkout):
    told = finished_checkout.snakemake("verify", "--cores", "1")
    assert "holds  example_curves: The first error ends below one." in told
    assert "2 of 2 claims hold" in told


def test_verify_fails_where_a_claim_does_not_hold(checkout):
    checkout.edit("workflow/scripts/figures/example_final.py", "low=2.0", "low=4.0")
    told = checkout.snakemake("verify", "--cores", "1", status=1)
    assert "FAILS  example_final: There are at least two points." in told
    assert "1 of 2 claims hold" in told


def test_report_has_figures_with_captions_and_needs_no_network(finished_checkout, tmp_path, monkeypatch):
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # where nothing answers
    finished_checkout.snakemake("--report", str(tmp_path / "report.html"))
    report = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "example_curves" in report
    assert "The reader should see the first error fall" in report
    assert "theory (lines) and simulation (points)" in report


def test_pages_are_made(finished_checkout):
    results = finished_checkout.root / "results"
    claims = (results / "verification" / "claims.html").read_text(encoding="utf-8")
    assert "2 of 2 claims hold" in claims
    assert "network and ode" in claims
    assert "2 and 2, from the same networks" in claims
    assert "similarity: 0.0, 0.5, 1.0" in (results / "settings.html").read_text(encoding="utf-8")
    assert '"similarity":[0.0,0.5,1.0]' in (results / "explorer.html").read_text(encoding="utf-8")


@pytest.mark.thorough
def test_a_configuration_without_an_explorer_says_so(checkout):
    checkout.edit("config/config.yaml", "explorer: example_errors", "")
    assert "explorer: no experiment is given" in checkout.snakemake(
        "explorer", "--dry-run", "--cores", "1", status=1
    )
    checkout.snakemake("--dry-run", "--cores", "1")


def test_mistakes_in_an_experiment_are_one_line(checkout):
    checkout.edit("config/experiments/example.yaml", "learning_rate: 0.5", "learning_rat: 0.5")
    told = checkout.snakemake("--dry-run", "--cores", "1", status=1)
    expected = "error in the configuration: experiment example_errors: engines.ode at "
    (line,) = [line for line in told.splitlines() if line.startswith("error")]
    assert line.startswith(expected)
    assert "training: unknown key learning_rat" in line
    assert "Traceback" not in told


def test_keys_given_twice_are_refused(checkout):
    checkout.edit(
        "config/experiments/example.yaml", "        runs: 2\n", "        runs: 2\n        runs: 3\n"
    )
    told = checkout.snakemake("--dry-run", "--cores", "1", status=1)
    assert "error in the configuration: config/experiments/example.yaml: line " in told
    assert ": runs: given twice (first in line " in told


def test_a_figure_without_a_script_is_one_line(checkout):
    (checkout.root / "workflow" / "scripts" / "figures" / "example_final.py").unlink()
    told = checkout.snakemake("--dry-run", "--cores", "1", status=1)
    assert "error in the configuration: figures.example_final: there is no script" in told
    assert "Traceback" not in told


@pytest.mark.thorough
def test_a_script_that_imports_what_the_library_does_not_have_says_so(checkout):
    checkout.edit(
        "workflow/scripts/figures/example_final.py", "import _figures", "import teacherstudent.missing"
    )
    told = checkout.snakemake("--dry-run", "--cores", "1", status=1)
    assert "example_final.py: teacherstudent.missing is not a module of teacherstudent" in told


@pytest.mark.parametrize(
    ("target", "closest"),
    [
        ("verfy", "closest: verify"),
        pytest.param("exmple_final", "closest: example_final, example", marks=pytest.mark.thorough),
        ("results/curves/example_errors", "closest: results/curves/example_errors.h5, "),
        pytest.param("results/curves/mine.h5", "closest: ", marks=pytest.mark.thorough),
        pytest.param(
            "results/runs/example_errors/network/similarity~0.5.h5",
            "network/similarity~0.0.h5, ",
            marks=pytest.mark.thorough,
        ),
        pytest.param("README.md", "`snakemake --list` lists all rules", marks=pytest.mark.thorough),
        pytest.param("", "`snakemake --list` lists all rules", marks=pytest.mark.thorough),
    ],
)
def test_a_mistyped_target_is_answered_in_one_line(fresh_checkout, target, closest):
    told = fresh_checkout.snakemake(
        "--cores", "1", "--configfile", "config/config.yaml", "--", target, status=1
    )
    (line,) = [line for line in told.splitlines() if not line.startswith(("Using", "Config file"))]
    assert line.startswith(f"error: there is no target {target} (")
    assert closest in line


@pytest.mark.thorough
def test_targets_are_files_in_every_spelling_and_rules(finished_checkout):
    for target in ("./results/curves/../explorer.html", "results/logs/gather_claims.log", "settings"):
        assert finished_checkout.planned(target) == ({}, set())
    assert finished_checkout.planned("settings", "--forcerun", "collect")[0] == {}
    told = finished_checkout.snakemake("settings", "--forcerun", "colect", "--cores", "1", status=1)
    assert "there is no target colect (closest: collect)" in told


@pytest.mark.parametrize(
    "command",
    thorough_from(1, [f"{OVERLAY} -- example_final", f"example_final {OVERLAY}"]),
)
def test_options_of_a_list_end_before_the_target(finished_checkout, command):
    told = finished_checkout.snakemake("--dry-run", "--cores", "1", *command.split())
    assert "Nothing to be done" in told

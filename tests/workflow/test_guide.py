"""A reader who follows the guide adds an experiment, its figure and a claim."""

import pytest

from docs_guides import blocks, commands, named_files
from teacherstudent.experiments.claims import read_claims

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

PAGE = "guides/experiment.md"


def write_files(root):
    files = named_files(PAGE)
    for path, text in files.items():
        (root / path).write_text(text, encoding="utf-8")
    return files


def test_the_guide_makes_a_figure_and_a_claim(new_checkout):
    files = write_files(new_checkout.root)
    for program, *arguments in commands(PAGE):
        assert program == "snakemake"
        new_checkout.snakemake(*arguments, compiled=True)
    results = new_checkout.root / "results"
    assert {path.name for path in (results / "figures" / "mine").iterdir()} == {
        f"mine_rates.{ending}" for ending in ("pdf", "png", "csv", "txt")
    }
    (claim,) = read_claims(results / "claims" / "mine_rates.csv")
    assert claim.holds
    assert len((results / "figures" / "mine" / "mine_rates.csv").read_text().splitlines()) == 1 + 19
    (configuration,) = [text for path, text in files.items() if path.endswith(".yaml")]
    assert len(configuration.splitlines()) < 10


def test_simulations_are_another_engine(new_checkout):
    files = write_files(new_checkout.root)
    (path,) = [path for path in files if path.endswith(".yaml")]
    (old,) = [line for line in files[path].splitlines(keepends=True) if "engines:" in line]
    (new,) = [text for text in blocks(PAGE, "yaml") if "network:" in text]
    new_checkout.edit(path, old, new)
    counts, _ = new_checkout.planned("mine_rates")
    assert counts["simulate"] == 1 + 3

"""How often jobs write checkpoints is a resource, and no reason to make anything again."""

import pytest

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

CURVE = "results/runs/example_errors/network/similarity~0.0.h5"
LOG = "results/logs/simulate/example_errors/network/similarity~0.0.log"


def test_the_minutes_are_a_resource(checkout):
    """A file in place of the folder makes them visible."""
    whole = (checkout.root / CURVE).read_bytes()
    folder = checkout.root / f"{CURVE}.checkpoints"
    folder.touch()
    often = ["--set-resources", "simulate:checkpoint_minutes=0"]
    assert "Nothing to be done" in checkout.snakemake(CURVE, "--cores", "1", *often)
    checkout.snakemake(CURVE, "--cores", "1", "--force", *often)
    log = (checkout.root / LOG).read_text(encoding="utf-8")
    assert f"warning: checkpoint {CURVE}.checkpoints/run-0.checkpoint cannot be written" in log
    assert (checkout.root / CURVE).read_bytes() == whole
    assert folder.is_file()

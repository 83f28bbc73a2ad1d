"""The rules that get data sets: only where they are needed, and failing in one line."""

import pytest

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

SOURCE = "https://ossci-datasets.s3.amazonaws.com/mnist"


def put_on_digits(experiment):
    """Let the network of the example learn from the digits, which are not there yet."""
    block = {"file": "results/datasets/digits.npz", "test_samples": 397, "sha256": "0" * 64}
    changes = {"distribution": "dataset", "dimension": 64, "samples": 1400, "dataset": block}
    experiment["engines"]["network"]["set"] = {f"inputs.{key}": value for key, value in changes.items()}


def test_an_experiment_makes_the_data_set_that_it_needs(new_checkout):
    new_checkout.edit_experiment(put_on_digits)
    counts, _ = new_checkout.planned("example_final", "--forceall")
    assert counts["dataset_digits"] == 1


def test_a_download_that_fails_is_one_line(new_checkout):
    new_checkout.edit("workflow/scripts/fetch_dataset.py", SOURCE, "file:///nowhere")
    new_checkout.snakemake("fetch_mnist", "--cores", "1", status=1)
    log = (new_checkout.root / "results" / "logs" / "datasets" / "mnist.log").read_text(encoding="utf-8")
    assert log.startswith("error: file:///nowhere/train-images-idx3-ubyte.gz: cannot be downloaded: ")
    assert len(log.splitlines()) == 1
    assert list((new_checkout.root / "results" / "datasets" / "mnist").glob("*")) == []


def test_nothing_is_downloaded_by_default(fresh_checkout):
    counts, _ = fresh_checkout.planned("--forceall")
    assert not [rule for rule in counts if rule.startswith(("fetch", "dataset"))]

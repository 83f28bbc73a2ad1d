"""The page of faults has the numbers of the tests, and a line for each of them."""

import re

import pytest

from checkouts import ROOT
from faults.counts import ALL, FEW
from teacherstudent.engines.base import ENGINES

pytestmark = pytest.mark.faults

PAGE = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| ([^|]+) \| ([^|]+) \| [^|]+ \|$", PAGE, re.MULTILINE))
EXPECTED = {
    "Snakemake and all its jobs are killed": [ALL.workflow_kills],
    "One job is killed": [ALL.job_kills],
    "A process is killed while it writes": [ALL.writer_kills, ALL.writers],
    "A bit of an input changes": [ALL.flipped_bits, ALL.readers],
    "An input is truncated": [ALL.files_cut_short, ALL.readers],
    "An input is replaced by another file": [ALL.foreign_files, ALL.readers],
    "Checkpoints are written to a full disk": [len(ALL.full_from)],
    "The disk is full": [ALL.writers],
    "The folder of the results is read-only": [ALL.writers],
    "A generated spec": [ALL.specs, len(ENGINES)],
    "Unusual YAML": [ALL.odd_documents],
    "Two processes write one file": [ALL.writes_at_once],
    "A second Snakemake": [1],
    "The clock is set back": [ALL.clocks],
    "Files have times": [2],
    "A run is interrupted by Ctrl-C": [ALL.interruptions],
    "Folders with spaces": [ALL.path_names],
    "The folder of compiled code": [ALL.cache_folders],
    "The folder of matplotlib's list of fonts": [ALL.disks],
    "Settings of matplotlib": [ALL.settings],
    "Pickled objects": [3],
    "The process of a long run": [ALL.run_kills],
    "A long run is terminated": [2, 1, ALL.checkpoint_moments],
    "A bit of a checkpoint": [ALL.checkpoint_bits, ALL.checkpoint_kinds],
    "A checkpoint has a wrong length": [ALL.checkpoint_lengths, ALL.checkpoint_kinds],
    "A checkpoint is replaced": [ALL.checkpoint_foreign_files, ALL.checkpoint_kinds],
    "A checkpoint belongs": [5],
    "A job needs more memory": [1],
    "A job of a long run": [1],
    "A job needs more time": [1],
    "A job fails": [1],
    "A job is cancelled": [1],
    "`slurmd` is stopped": [1],
    "Snakemake is killed while its job runs": [2],
}


# Counts of trials that differ only by random numbers.
REPEATED = {
    "flipped_bits",
    "files_cut_short",
    "checkpoint_bits",
    "checkpoint_lengths",
    "workflow_kills",
    "job_kills",
    "writer_kills",
    "run_kills",
    "writes_at_once",
    "specs",
}


@pytest.mark.parametrize("fault", EXPECTED)
def test_the_page_says_how_often_a_fault_is_tried(fault):
    (row,) = [row for row in ROWS if row.startswith(fault)]
    assert [int(number) for number in re.findall(r"\d+", ROWS[row])] == EXPECTED[fault]


def test_the_page_has_no_other_faults():
    assert len(ROWS) == len(EXPECTED) + 1  # the head of the tables


def test_a_workflow_is_killed_at_a_hundred_moments_and_each_reader_gets_two_hundred_damaged_files():
    assert ALL.workflow_kills + ALL.job_kills == 100
    assert ALL.flipped_bits + ALL.files_cut_short + ALL.foreign_files == 200
    assert ALL.yaml_seconds == 2


def test_every_fault_is_tried_at_least_once_in_the_short_form():
    """Only repetitions of random faults are fewer."""
    few, every = vars(FEW), vars(ALL)
    fewer = {name for name in every if few[name] != every[name]}
    assert fewer == REPEATED
    assert all(1 <= few[name] < every[name] for name in fewer)

"""The page of faults has the numbers of the tests, and a line for each of them."""

import re

import pytest

from checkouts import ROOT
from faults.counts import (
    CORRUPTIONS,
    FULL_DISKS,
    FULL_FROM,
    KILLS,
    ODD_DOCUMENTS,
    SPECS,
    WRITES_AT_ONCE,
)
from faults.test_cache import BEFORE as DISKS
from faults.test_cache import FILES, HAS_FOLDER, MEANWHILE
from faults.test_clock import WRONG
from faults.test_corruption import READERS
from faults.test_paths import NAMES
from faults.test_yaml import SECONDS
from faults.writers import WRITERS
from teacherstudent.engines.base import ENGINES
from test_kills import KILLS as RUN_KILLS
from test_signals import WAYS
from test_user_environment import ENVIRONMENTS, IN_WORKING_FOLDER

pytestmark = pytest.mark.faults

PAGE = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| ([^|]+) \| ([^|]+) \| [^|]+ \|$", PAGE, re.MULTILINE))
OF_WRITER = KILLS["a process that writes"] // len(WRITERS)
EXPECTED = {
    "Snakemake and all its jobs are killed": [KILLS["the whole workflow"]],
    "One job is killed": [KILLS["a job"]],
    "A process is killed while it writes": [OF_WRITER, len(WRITERS)],
    "A bit of an input changes": [CORRUPTIONS["flipped bits"], len(READERS)],
    "An input is truncated": [CORRUPTIONS["files cut short"], len(READERS)],
    "An input is replaced by another file": [CORRUPTIONS["foreign files"], len(READERS)],
    "Checkpoints are written to a full disk": [len(FULL_FROM)],
    "The disk is full": [FULL_DISKS],
    "The folder of the results is read-only": [FULL_DISKS],
    "A generated spec": [SPECS, len(ENGINES)],
    "Unusual YAML": [ODD_DOCUMENTS],
    "Two processes write one file": [WRITES_AT_ONCE],
    "A second Snakemake": [1],
    "The clock is set back": [len(WRONG)],
    "Files have times": [2],
    "A run is interrupted by Ctrl-C": [len(WAYS)],
    "Folders with spaces": [len(NAMES)],
    "The folder of compiled code": [len(HAS_FOLDER) * len(DISKS) + len(MEANWHILE) + len(FILES)],
    "The folder of matplotlib's list of fonts": [len(DISKS)],
    "Settings of matplotlib": [len(ENVIRONMENTS) + len(IN_WORKING_FOLDER) + 1],
    "Pickled objects": [3],
    "The process of a long run": [RUN_KILLS],
    "A long run is terminated": [2, 1, 19],
    "A bit of a checkpoint": [200, 2],
    "A checkpoint has a wrong length": [60, 2],
    "A checkpoint is replaced": [5, 2],
    "A checkpoint belongs": [5],
    "A job needs more memory": [1],
    "A job of a long run": [1],
    "A job needs more time": [1],
    "A job fails": [1],
    "A job is cancelled": [1],
    "`slurmd` is stopped": [1],
    "Snakemake is killed while its job runs": [2],
}


@pytest.mark.parametrize("fault", EXPECTED)
def test_the_page_says_how_often_a_fault_is_tried(fault):
    (row,) = [row for row in ROWS if row.startswith(fault)]
    assert [int(number) for number in re.findall(r"\d+", ROWS[row])] == EXPECTED[fault]


def test_the_page_has_no_other_faults():
    assert len(ROWS) == len(EXPECTED) + 1  # the head of the tables


def test_a_workflow_is_killed_at_a_hundred_moments_and_each_reader_sees_two_hundred_damaged_files():
    assert KILLS["the whole workflow"] + KILLS["a job"] == 100
    assert sum(CORRUPTIONS.values()) == 200
    assert SECONDS == 2

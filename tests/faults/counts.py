"""How often each fault is tried.

`ALL` with `pytest --all`, otherwise `FEW`. docs/reliability.md states the numbers of `ALL`; test_page.py
compares them.
"""

from dataclasses import dataclass, replace

import depth


@dataclass(frozen=True)
class Counts:
    """Numbers of trials with all repetitions."""

    # inputs, for each reader
    readers: int = 15
    flipped_bits: int = 150
    files_cut_short: int = 40
    foreign_files: int = 10
    # checkpoints, for each kind
    checkpoint_kinds: int = 2
    checkpoint_bits: int = 200
    checkpoint_lengths: int = 60
    checkpoint_foreign_files: int = 5
    checkpoint_moments: int = 19  # of a signal, each in a run of its own
    # processes that are killed
    workflow_kills: int = 15
    job_kills: int = 85
    writer_kills: int = 5  # for each writer
    run_kills: int = 4
    # disks, folders and files
    writers: int = 17  # each with up to three sizes of free space
    full_from: tuple[int, ...] = (1, 2, 7)  # checkpoints of a run from which on the disk is full
    disks: int = 3  # full, without inodes, read-only
    cache_folders: int = 10  # that cannot be used
    writes_at_once: int = 100  # by two processes together
    path_names: int = 3
    # documents and settings
    specs: int = 10_000  # generated, each on all engines
    odd_documents: int = 24
    yaml_seconds: int = 2  # in which each is read or rejected
    settings: int = 13  # of matplotlib
    clocks: int = 4  # that are wrong
    interruptions: int = 4


ALL = Counts()
FEW = replace(
    ALL,
    flipped_bits=15,
    files_cut_short=5,
    checkpoint_bits=20,
    checkpoint_lengths=10,
    workflow_kills=1,
    job_kills=1,
    writer_kills=1,
    run_kills=1,
    writes_at_once=40,
    specs=1000,
)
COUNTS = ALL if depth.everything else FEW

"""The depth and the order of the tests.

`pytest --all` repeats random faults as often as docs/reliability.md states, and runs the tests that are
marked `thorough`: further cases of what other tests check too.
"""

import pytest

OPTION = "--all"
# Files of tests that take longest: they start first, so that all workers end together.
LONGEST = (
    "kernels/test_first_run.py",
    "faults/test_kills.py",
    "test_user_environment.py",
    "workflow/test_targets.py",
    "workflow/test_folders.py",
    "workflow/test_reruns.py",
    "kernels/test_chain.py",
    "faults/test_cache.py",
    "faults/test_full_disk.py",
    "test_signals.py",
    "test_start_agreement.py",
    "test_start.py",
    "test_training_sets.py",
    "test_chain_law.py",
    "workflow/test_checkpoints.py",
    "faults/test_specs.py",
    "workflow/test_jupyter.py",
)

everything = False  # set by conftest.py before tests are collected


def thorough_from(number, cases):
    """Return the cases of a parametrised test, of which the later ones are run with `--all` only."""
    names = list(cases)
    return names[:number] + [pytest.param(name, marks=pytest.mark.thorough) for name in names[number:]]

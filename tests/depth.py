"""The depth and the order of the tests.

`pytest --all` repeats random faults as often as docs/reliability.md states, and runs the tests that are
marked `thorough`: further cases of what other tests check too.
"""

from itertools import product

import pytest

OPTION = "--all"
# Files of tests that take longest: they start first, so that all workers end together.
LONGEST = (
    "test_user_environment.py",
    "workflow/test_targets.py",
    "faults/test_kills.py",
    "test_covariance_seam.py",
    "workflow/test_reruns.py",
    "faults/test_full_disk.py",
    "test_chain_law.py",
    "test_chain_groups.py",
    "workflow/test_folders.py",
    "kernels/test_first_run.py",
    "test_start_agreement.py",
    "faults/test_cache.py",
    "workflow/test_jupyter.py",
    "test_interruption.py",
    "test_accept.py",
    "test_law_seam.py",
    "test_kills.py",
    "test_memory.py",
    "test_plotting.py",
)

everything = False  # set by conftest.py before tests are collected


def thorough_from(number, cases):
    """Return the cases of a parametrised test, of which the later ones are run with `--all` only."""
    names = list(cases)
    return names[:number] + [pytest.param(name, marks=pytest.mark.thorough) for name in names[number:]]


def crossed(*axes):
    """Return all combinations of cases, one of each axis, for a parametrised test of as many arguments.

    Those that differ from the first one along more than one axis are run with `--all` only.
    """
    found = []
    for combination in product(*(list(enumerate(axis)) for axis in axes)):
        differences = sum(number > 0 for number, _ in combination)
        marks = [pytest.mark.thorough] if differences > 1 else []
        found.append(pytest.param(*(case for _, case in combination), marks=marks))
    return found

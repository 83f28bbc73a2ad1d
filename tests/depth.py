"""The depth of the tests: `pytest --all` repeats random faults as often as docs/reliability.md states."""

OPTION = "--all"

everything = False  # set by conftest.py before tests are collected

"""Starts of new runs: from the runs of a file, or from moments that the caller gives."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from teacherstudent.engines.start import Start
from teacherstudent.errors import SpecError, refuse
from teacherstudent.files.writing import file_digest
from teacherstudent.store.starts import starts_of, stored_runs


class Continuation(NamedTuple):
    """The starts of some runs, one for each; seed and SHA-256 of the file that they are from, if any."""

    starts: list[Start]
    seed: int | None = None
    sha256: str | None = None


def continuation(
    start: Start | Sequence[Start] | str | os.PathLike | None, at: float | None, runs: int | None
) -> Continuation:
    """Return the starts of some runs.

    Parameters
    ----------
    start
        The path of a file of runs, of which each is continued by one run; one start for all runs; a sequence
        with a start for each run; or None for runs from the beginning, which have no starts.
    at
        With a path: a recorded time, in steps / N; None for the end of the runs.
    runs
        Number of new runs; None for as many as there are starts (one run for a single start).

    Returns
    -------
    Continuation
        With `runs` starts, or without starts where `start` is None.

    Raises
    ------
    SpecError
        Where the file cannot be read or has another number of runs, where the time was not recorded, and
        where `at` is given without a path.
    """
    if at is not None and not isinstance(at, int | float | np.number):
        refuse("at", at, "it must be a number, a recorded time")
    if isinstance(start, str | os.PathLike):
        return _from_file(Path(start), at, runs)
    if at is not None:
        raise SpecError("at: needs the path of a file of runs to start from")
    if start is None:
        return Continuation([])
    if isinstance(start, Start):
        return Continuation([start] * (runs or 1))
    starts = list(start) if isinstance(start, Sequence) else []
    if not starts or not all(isinstance(one, Start) for one in starts):
        raise SpecError("start: must be a Start, a sequence of them, or the path of a file of runs")
    return Continuation(starts)


def _from_file(path: Path, at: float | None, runs: int | None) -> Continuation:
    stored = stored_runs(path)
    starts = starts_of(path, stored, at)
    if runs not in (None, len(starts)):
        raise SpecError(f"runs: {runs} is not allowed; {path} has {len(starts)} runs to start from")
    return Continuation(starts, stored.seed, file_digest(path))

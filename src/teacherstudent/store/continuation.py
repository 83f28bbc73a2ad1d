"""Starts of new runs: from the runs of a file, or given by the caller."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from teacherstudent.engines.start import Start
from teacherstudent.errors import SpecError
from teacherstudent.files.writing import file_digest
from teacherstudent.store.starts import check_time, starts_of, stored_runs


class Continuation(NamedTuple):
    """The starts of new runs."""

    starts: list[Start]  # one for each run; empty for runs from the beginning
    seed: int | None = None  # that of the file with the starts, if any
    sha256: str | None = None  # digest of this file, in hex


def continuation(
    start: Start | Sequence[Start] | str | os.PathLike | None, at: float | None, runs: int | None
) -> Continuation:
    """Return the starts of new runs.

    Parameters
    ----------
    start : Start, sequence of Start or path, optional
        The path of a file, each run of which is continued by one run; one start for all runs; a sequence with
        a start for each run. Default: the beginning.
    at : float, optional
        With a path: a recorded time t = steps / N. Default: the end of the runs.
    runs : int, optional
        Number of new runs. Default: the number of starts (1 for a single start).

    Returns
    -------
    Continuation
        It has one start for each run; none if `start` is None.

    Raises
    ------
    SpecError
        If the file cannot be read or has another number of runs, if the time was not recorded, and if `at` is
        given without a path.
    """
    check_time(at)
    if isinstance(start, str | os.PathLike):
        return _from_file(Path(start), at, runs)
    if at is not None:
        raise SpecError("at: needs the path of a file of runs (set start)")
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
        raise SpecError(
            f"runs: {runs} differs from the number of runs to start from: {path} has {len(starts)}"
        )
    return Continuation(starts, stored.seed, file_digest(path))

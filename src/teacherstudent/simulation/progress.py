"""Display of progress: a bar on a terminal, lines in a log; nothing for short computations."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from threading import Lock
from typing import Any, TextIO

from teacherstudent.errors import SpecError

Progress = Callable[[int, float], None]

QUIET = 2.0  # seconds before anything is shown
INTERVAL = 30.0  # seconds between the lines of a log
MINUTE, HOUR, DAY, YEAR = 60, 3600, 86_400, 31_557_600
# Seconds from which on a duration has two units; their seconds and names.
UNITS = (
    (2 * YEAR, YEAR, "years", DAY, "days"),
    (2 * DAY, DAY, "days", HOUR, "h"),
    (HOUR, HOUR, "h", MINUTE, "min"),
    (MINUTE, MINUTE, "min", 1, "s"),
)


@contextmanager
def reporter(
    total_runs: int,
    label: str,
    stream: TextIO | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Callable[[int, float], None]]:
    """Return a context that shows the progress of all runs and gives a function to report it.

    On a terminal, a bar with the remaining time is shown after two seconds. Otherwise lines such as "label:
    43 %, 1 min 20 s left" are written every half minute, and one at the end. The estimate of the remaining
    time assumes that all runs need the same time. It starts with the end of the first piece of work, before
    which kernels are compiled; until then no remaining time is shown.

    Parameters
    ----------
    total_runs : int
        The number of runs.
    label : str
        The text before the progress.
    stream : file, optional
        The stream to write to. Default: standard error.
    clock : callable
        Returns the time in seconds.

    Yields
    ------
    callable
        Called with the index of a run and the fraction of it that is done, from 0 to 1, by any thread.
    """
    stream = stream or sys.stderr
    display = _Bar(label, stream) if stream.isatty() else _Lines(label, stream)
    start, fractions, done, lock = clock(), [0.0] * total_runs, 0.0, Lock()
    first = None  # time and sum of fractions at the end of the first piece of work

    def report(run: int, fraction: float) -> None:
        nonlocal done, first
        with lock:
            before = done
            done += fraction - fractions[run]  # the sum of all fractions
            fractions[run] = fraction
            elapsed = clock() - start
            if elapsed >= QUIET:
                if first is None and done > before:
                    first = elapsed, done
                display.show(max(0.0, done / total_runs), elapsed, left(elapsed))

    def left(elapsed: float) -> float | None:
        """Return the remaining seconds at the rate since the first piece; None if it is not known."""
        if first is None or done <= first[1]:
            return None
        return (elapsed - first[0]) * (total_runs - done) / (done - first[1])

    try:
        yield report
        if clock() - start >= QUIET:
            display.finish(clock() - start)
    finally:
        display.close()


def reporting(progress: bool | Progress, total_runs: int, label: str):
    """Return a context that gives a function of the index of a run and the fraction of it that is done.

    Parameters
    ----------
    progress : bool or callable
        True: progress is shown (`reporter`). False: nothing is shown. A function is given as it is.
    total_runs : int
        The number of runs.
    label : str
        The text before the progress.

    Returns
    -------
    context manager
        It gives the function, which any thread may call.
    """
    if progress is True:
        return reporter(total_runs, label)
    return nullcontext(progress or (lambda run, fraction: None))


def check_progress(progress: Any) -> None:
    """Raise SpecError if an argument is not True, False or a function that shows progress."""
    if not isinstance(progress, bool) and not callable(progress):
        raise SpecError(
            "progress: must be True, False or a function of the number of a run and the fraction done"
        )


class _Lines:
    def __init__(self, label: str, stream: TextIO):
        self.label, self.stream, self.last = label, stream, 0.0

    def show(self, fraction: float, elapsed: float, left: float | None) -> None:
        if elapsed - self.last >= INTERVAL and fraction > 0.0:
            self.last = elapsed
            self._write(", ".join(filter(None, [f"{100.0 * fraction:.0f} %", _left(left)])))

    def finish(self, elapsed: float) -> None:
        self._write(f"done in {duration(elapsed)}")

    def close(self) -> None:
        pass

    def _write(self, text: str) -> None:
        self.stream.write(f"{self.label}: {text}\n")
        self.stream.flush()


class _Bar:
    def __init__(self, label: str, stream: TextIO):
        self.label, self.stream, self.bar = label, stream, None

    def show(self, fraction: float, elapsed: float, left: float | None) -> None:
        if self.bar is None:
            self._start()
        self.bar.update(self.task, completed=fraction, left=_left(left))

    def finish(self, elapsed: float) -> None:
        self.show(1.0, elapsed, 0.0)

    def close(self) -> None:
        if self.bar is not None:
            self.bar.stop()

    def _start(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[left]}"),
        )
        self.bar = Progress(*columns, console=Console(file=self.stream))
        self.task = self.bar.add_task(self.label, total=1.0, left="")
        self.bar.start()


def _left(seconds: float | None) -> str:
    return "" if seconds is None else f"{duration(max(0.0, seconds))} left"


def duration(seconds: float) -> str:
    """Return a duration as text, such as "35 s", "2 h 5 min", "3 days 4 h" or "5 years 20 days"."""
    whole = round(seconds)
    for least, one, name, other, part in UNITS:
        if whole >= least:
            return f"{whole // one} {name} {whole % one // other} {part}"
    return f"{whole} s"

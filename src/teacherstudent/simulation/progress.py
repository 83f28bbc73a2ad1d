"""The progress of long work: a bar on a terminal, some lines in a log, nothing for short work."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import TextIO

QUIET = 2.0  # seconds before anything is shown
INTERVAL = 30.0  # seconds between the lines of a log


@contextmanager
def reporter(
    total_runs: int,
    label: str,
    stream: TextIO | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Callable[[int, float], None]]:
    """Show the progress of all runs: a context that gives a function to report it.

    On a terminal it is a bar with the remaining time, otherwise lines such as "label: 43 %, 1 min 20 s left"
    and one at the end. The remaining time is estimated as if all runs were equally long.

    Parameters
    ----------
    total_runs
        The number of runs.
    label
        The words before the progress.
    stream
        Where it is written, by default standard error.
    clock
        Returns the time in seconds.

    Yields
    ------
    callable
        Called with the index of a run and its fraction done, by any thread.
    """
    stream = stream or sys.stderr
    display = _Bar(label, stream) if stream.isatty() else _Lines(label, stream)
    start, fractions, lock = clock(), [0.0] * total_runs, Lock()

    def report(run: int, fraction: float) -> None:
        with lock:
            fractions[run] = fraction
            elapsed = clock() - start
            if elapsed >= QUIET:
                display.show(sum(fractions) / total_runs, elapsed)

    try:
        yield report
        if clock() - start >= QUIET:
            display.finish(clock() - start)
    finally:
        display.close()


class _Lines:
    def __init__(self, label: str, stream: TextIO):
        self.label, self.stream, self.last = label, stream, 0.0

    def show(self, fraction: float, elapsed: float) -> None:
        if elapsed - self.last >= INTERVAL and fraction > 0.0:
            self.last = elapsed
            left = duration(elapsed * (1.0 - fraction) / fraction)
            self._write(f"{100.0 * fraction:.0f} %, {left} left")

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

    def show(self, fraction: float, elapsed: float) -> None:
        if self.bar is None:
            self._start()
        left = duration(elapsed * (1.0 - fraction) / fraction) if fraction > 0.0 else "?"
        self.bar.update(self.task, completed=fraction, left=left)

    def finish(self, elapsed: float) -> None:
        self.show(1.0, elapsed)

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
            TextColumn("{task.fields[left]} left"),
        )
        self.bar = Progress(*columns, console=Console(file=self.stream))
        self.task = self.bar.add_task(self.label, total=1.0, left="?")
        self.bar.start()


def duration(seconds: float) -> str:
    """Return a duration in words, such as "35 s", "1 min 20 s" or "2 h 5 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"

"""Checkpoints: files from which long work goes on after it was killed, to the same bits."""

import hashlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from threading import Lock

import numpy as np

from teacherstudent.engines.start import Snapshot
from teacherstudent.engines.trajectory import Trajectory
from teacherstudent.errors import RunError
from teacherstudent.simulation.runs import Keeper
from teacherstudent.store.checkpoint_files import (
    packed,
    read_checkpoint,
    start_digest,
    unpacked,
    write_checkpoint,
)
from teacherstudent.store.digest import engine_digest

MINUTES = 10.0  # between two checkpoints, and before the first
SIGNALS = signal.SIGTERM, signal.SIGUSR1


class Checkpoints(Keeper):
    """The checkpoints of some work, in a folder of their own that is made with the first of them.

    A run on its way is written some minutes after it began or was last written, finished ones together as
    many minutes after the work began or they were last written. Shorter work leaves no files, and after
    `remove` none does. What cannot be written is said on standard error and changes nothing else. A file that
    is damaged, or belongs to another spec, start or code, is refused in one line, and its runs start over.
    """

    def __init__(
        self, folder: str | Path, minutes: float = MINUTES, clock: Callable[[], float] = time.monotonic
    ):
        self.folder, self.interval, self.clock = Path(folder), 60.0 * minutes, clock
        self.asked: str | None = None  # the name of the signal that ends the work
        self.written: dict[int, float] = {}  # when a run began or was last written
        self.waiting: dict[int, Trajectory] = {}  # finished and in no file yet
        self.lock = Lock()

    @classmethod
    def beside(cls, output: str | Path, minutes: float = MINUTES) -> "Checkpoints":
        """Return the checkpoints of the work that makes a file, in the folder `output`.checkpoints."""
        return cls(f"{output}.checkpoints", minutes)

    @contextmanager
    def on_signals(self) -> Iterator[None]:
        """Let SIGTERM and SIGUSR1 write all runs at their next reports, and end the work with RunError."""

        def ask(number: int, _) -> None:
            self.asked = signal.Signals(number).name

        before = {number: signal.signal(number, ask) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def open(self, begun, engine, seed, runs) -> None:
        """Hear what the checkpoints are of."""

        def about(place: int) -> dict:
            spec, start = begun[place]
            code = {"code": engine_digest(engine), "numpy": version("numpy"), "numba": version("numba")}
            numbers = {"engine": engine, "seed": seed, "run": place % runs}
            return code | numbers | {"spec": _sha256(spec.to_json()), "start": start_digest(start)}

        self.about, self.places, self.together = about, range(len(begun)), self.clock()

    def finished(self) -> dict[int, Trajectory]:
        """Return the finished runs of all files."""
        found = {}
        for path in sorted(self.folder.glob("finished-*.checkpoint")):
            found |= self._read(path, self.places)
        if found:
            _say(f"{self.folder}: {len(found)} of {len(self.places)} runs are finished")
        return {place: unpacked(arrays) for place, arrays in found.items()}

    def kept(self, place: int) -> Snapshot:
        """Return what is kept of a run on its way."""
        path = self._of_run(place)
        found = self._read(path, [place]).get(place, {}) if os.path.exists(path) else {}
        if found:
            _say(f"{path}: the run goes on from t = {found['state/time']:g}")
        self.written[place] = self.clock()
        return found

    def keep(self, snapshots: Mapping[int, Callable[[], Snapshot]]) -> None:
        """Write runs on their way, if it is time to; after a signal end the work."""
        asked = self.asked  # looked at once: a signal that comes later is for the next time
        for place, snapshot in snapshots.items():
            if asked or self.clock() - self.written[place] >= self.interval:
                self._write(self._of_run(place), {place: snapshot()})
                self.written[place] = self.clock()
        self._write_finished(asked)
        self._end(asked)

    def look(self) -> None:
        """Write finished runs, if it is time to; after a signal end the work."""
        asked = self.asked
        self._write_finished(asked)
        self._end(asked)

    def keep_finished(self, places: Sequence[int], trajectories: Sequence[Trajectory]) -> None:
        """Keep finished runs in memory until it is time to write them."""
        with self.lock:
            self.waiting.update(zip(places, trajectories, strict=True))
        self._write_finished(self.asked)

    def remove(self) -> None:
        """Remove all checkpoints and the folder."""
        with suppress(OSError):  # there is no folder, it has files of others, or nothing can be changed in it
            for pattern in ("*.checkpoint", ".teacherstudent-*.part"):
                for path in self.folder.glob(pattern):
                    path.unlink(missing_ok=True)
            self.folder.rmdir()

    def _of_run(self, place: int) -> Path:
        return self.folder / f"run-{place}.checkpoint"

    def _end(self, asked: str | None) -> None:
        if asked:
            kept = self.folder.is_dir()
            then = f"goes on from {self.folder}" if kept else "starts over: there are no checkpoints yet"
            raise RunError(f"ended by {asked}; the same call {then}")

    def _write_finished(self, asked: str | None) -> None:
        with self.lock:
            if not self.waiting or not (asked or self.clock() - self.together >= self.interval):
                return
            path = self.folder / f"finished-{min(self.waiting)}.checkpoint"
            if self._write(path, {place: packed(run) for place, run in self.waiting.items()}):
                for place in self.waiting:
                    self._of_run(place).unlink(missing_ok=True)
                self.waiting = {}
            self.together = self.clock()

    def _write(self, path: Path, runs: Mapping[int, Snapshot]) -> bool:
        """Write a file; return whether that was possible."""
        about = {place: self.about(place) for place in runs}
        try:
            self.folder.mkdir(exist_ok=True)
            write_checkpoint(path, about, runs)
        except (RunError, OSError) as error:
            _say(f"warning: checkpoint {path} cannot be written: {error}; the work goes on")
            return False
        return True

    def _read(self, path: Path, places: Sequence[int]) -> dict[int, dict[str, np.ndarray]]:
        """Return the runs in a file, which may hold some; none where it is refused."""

        def check(place: int, found: Mapping) -> None:
            if place not in places:
                raise RunError("it holds other runs")
            for key, value in self.about(place).items():
                if found[key] != value:
                    raise RunError(f"it has another {key}")

        try:
            return read_checkpoint(path, check)
        except RunError as error:
            _say(f"checkpoint {path} refused: {error}; what it holds starts over")
            return {}


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")

"""Checkpoints: files from which long computations resume after an interruption, to the same bits."""

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
from teacherstudent.errors import RunError, refuse
from teacherstudent.errors.messages import shown
from teacherstudent.simulation.checkpoints import CheckpointStore
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


class CheckpointFile(CheckpointStore):
    """The checkpoints of the computation of one file of results, in a folder of their own.

    An unfinished run is written every `minutes`, and finished runs together at the same interval. The folder
    is made for the first file, so that shorter computations leave no files. If a checkpoint cannot be
    written, a warning is printed to standard error and the computation continues. If a file is damaged, or
    was written for another spec, start or code, a message is printed and its runs start again.

    Parameters
    ----------
    folder : str or Path
        The folder of the checkpoints.
    minutes : float
        The time between two checkpoints of a run, in minutes, at least 0.
    clock : callable
        Returns the time in seconds.

    Raises
    ------
    SpecError
        If `minutes` is not a number of at least 0.
    """

    def __init__(
        self, folder: str | Path, minutes: float = MINUTES, clock: Callable[[], float] = time.monotonic
    ):
        if not isinstance(minutes, int | float | np.number) or not minutes >= 0.0:
            refuse("minutes", shown(minutes), "it must be a number >= 0")
        self.folder, self.interval, self.clock = Path(folder), 60.0 * minutes, clock
        self.asked: str | None = None  # name of the signal that ends the computation
        self.written: dict[int, float] = {}  # time at which a run started or was last written
        self.waiting: dict[int, Trajectory] = {}  # finished runs that are in no file yet
        self.lock = Lock()

    @classmethod
    def beside(cls, output: str | Path, minutes: float = MINUTES) -> "CheckpointFile":
        """Return the checkpoints for the file of results `output`, in the folder `output`.checkpoints."""
        return cls(f"{output}.checkpoints", minutes)

    @contextmanager
    def on_signals(self) -> Iterator[None]:
        """Write all runs after SIGTERM or SIGUSR1, and end the computation with RunError."""

        def ask(number: int, _) -> None:
            self.asked = signal.Signals(number).name

        before = {number: signal.signal(number, ask) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def open(self, tasks, engine, seed, runs) -> None:
        """Set the descriptions of the runs, with which those in files are compared.

        Parameters
        ----------
        tasks : sequence of tuple
            Spec and start of each run.
        engine : str
            The name of the engine.
        seed : int
            The seed of all runs.
        runs : int
            The number of runs of each spec.
        """

        def about(index: int) -> dict:
            spec, start = tasks[index]
            code = {"code": engine_digest(engine), "numpy": version("numpy"), "numba": version("numba")}
            numbers = {"engine": engine, "seed": seed, "run": index % runs}
            return code | numbers | {"spec": _sha256(spec.to_json()), "start": start_digest(start)}

        self.about, self.indices, self.last_written = about, range(len(tasks)), self.clock()

    def finished(self) -> dict[int, Trajectory]:
        """Return the trajectories of finished runs in all files, by their indices."""
        found = {}
        for path in sorted(self.folder.glob("finished-*.checkpoint")):
            found |= self._read(path, self.indices)
        if found:
            _print(f"{self.folder}: {len(found)} of {len(self.indices)} runs are finished")
        return {index: unpacked(arrays) for index, arrays in found.items()}

    def saved(self, index: int) -> Snapshot:
        """Return the snapshot of a run, empty if there is none."""
        path = self._of_run(index)
        found = self._read(path, [index]).get(index, {}) if os.path.exists(path) else {}
        if found:
            _print(f"{path}: the run resumes from t = {found['state/time']:g}")
        self.written[index] = self.clock()
        return found

    def save(self, snapshots: Mapping[int, Callable[[], Snapshot]]) -> None:
        """Write unfinished runs whose interval has passed; after a signal, write all and raise RunError."""
        asked = self.asked  # read once: a later signal is handled by the next call
        for index, snapshot in snapshots.items():
            if asked or self.clock() - self.written[index] >= self.interval:
                self._write(self._of_run(index), {index: snapshot()})
                self.written[index] = self.clock()
        self._write_finished(asked)
        self._end(asked)

    def check_signals(self) -> None:
        """Write finished runs if the interval has passed; after a signal, write them and raise RunError."""
        asked = self.asked
        self._write_finished(asked)
        self._end(asked)

    def save_finished(self, indices: Sequence[int], trajectories: Sequence[Trajectory]) -> None:
        """Add finished runs to those in memory, and write them if the interval has passed."""
        with self.lock:
            self.waiting.update(zip(indices, trajectories, strict=True))
        self._write_finished(self.asked)

    def remove(self) -> None:
        """Remove all checkpoints and the folder."""
        with suppress(OSError):  # no folder, other files in it, or read-only
            for pattern in ("*.checkpoint", ".teacherstudent-*.part"):
                for path in self.folder.glob(pattern):
                    path.unlink(missing_ok=True)
            self.folder.rmdir()

    def _of_run(self, index: int) -> Path:
        return self.folder / f"run-{index}.checkpoint"

    def _end(self, asked: str | None) -> None:
        if asked:
            saved = self.folder.is_dir()
            then = f"resumes from {self.folder}" if saved else "starts again: there are no checkpoints yet"
            raise RunError(f"ended by {asked}; the same call {then}")

    def _write_finished(self, asked: str | None) -> None:
        with self.lock:
            if not self.waiting or not (asked or self.clock() - self.last_written >= self.interval):
                return
            path = self.folder / f"finished-{min(self.waiting)}.checkpoint"
            if self._write(path, {index: packed(run) for index, run in self.waiting.items()}):
                for index in self.waiting:
                    self._of_run(index).unlink(missing_ok=True)
                self.waiting = {}
            self.last_written = self.clock()

    def _write(self, path: Path, runs: Mapping[int, Snapshot]) -> bool:
        """Write a file; return whether it could be written."""
        about = {index: self.about(index) for index in runs}
        try:
            self.folder.mkdir(exist_ok=True)
            write_checkpoint(path, about, runs)
        except (RunError, OSError) as error:
            _print(f"warning: checkpoint {path} cannot be written: {error}; the computation continues")
            return False
        return True

    def _read(self, path: Path, indices: Sequence[int]) -> dict[int, dict[str, np.ndarray]]:
        """Return the runs in a file, with indices among these; none if the file cannot be used."""

        def check(index: int, found: Mapping) -> None:
            if index not in indices:
                raise RunError("it contains other runs")
            for key, value in self.about(index).items():
                if found[key] != value:
                    raise RunError(f"it has another {key}")

        try:
            return read_checkpoint(path, check)
        except RunError as error:
            _print(f"checkpoint {path} cannot be used: {error}; its runs start again")
            return {}


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _print(line: str) -> None:
    sys.stderr.write(f"{line}\n")

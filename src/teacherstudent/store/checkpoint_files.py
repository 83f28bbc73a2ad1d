"""The format of a checkpoint file: arrays of runs, a description of each run, and a SHA-256 checksum."""

import hashlib
import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from teacherstudent.engines.start import Snapshot, Start
from teacherstudent.engines.trajectory import Trajectory
from teacherstudent.errors import RunError
from teacherstudent.files.writing import DAMAGE, whole_file

KIND = b"teacherstudent checkpoint 1 "
ABOUT = "about"
STATE = "state/"


def write_checkpoint(path: Path, about: Mapping[int, Mapping], runs: Mapping[int, Snapshot]) -> None:
    """Write runs to a file, which appears complete or not at all.

    The first line has the SHA-256 checksum of the remaining bytes, which are an .npz archive.

    Parameters
    ----------
    path : Path
        The file; its folder must exist.
    about : mapping of int to mapping
        The description of each run (spec, engine, seed and so on) as values of JSON, by the index of the run.
    runs : mapping of int to mapping
        The arrays of each run by name, by the index of the run.

    Raises
    ------
    RunError, OSError
        If the file cannot be written.
    """
    arrays = {f"{index}/{name}": array for index, run in runs.items() for name, array in run.items()}
    body = io.BytesIO()
    np.savez(body, **arrays, **{ABOUT: np.array(json.dumps(about))})
    with whole_file(path) as temporary, open(temporary, "wb") as file:
        file.writelines([_first_line(body.getbuffer()), body.getbuffer()])


def read_checkpoint(path: Path, check: Callable[[int, Mapping], None]) -> dict[int, dict[str, np.ndarray]]:
    """Return the runs of a file by their indices.

    `check` is called with the index and the description of each run, and may raise RunError. Raises RunError
    with one line if the file is damaged.
    """
    try:
        first, end, body = path.read_bytes().partition(b"\n")
        if first + end != _first_line(body):
            raise RunError("it is damaged, or not a checkpoint")
        with np.load(io.BytesIO(body), allow_pickle=False) as file:
            return _runs(file, check)
    except DAMAGE as error:
        raise RunError(" ".join(str(error).split()) or type(error).__name__) from error


def packed(trajectory: Trajectory) -> dict[str, np.ndarray]:
    """Return a trajectory as arrays by name."""
    present = dict(trajectory.arrays)
    if trajectory.diverged_at is not None:
        present["diverged_at"] = trajectory.diverged_at
    return present | {f"{STATE}{name}": array for name, array in (trajectory.state or {}).items()}


def unpacked(arrays: Mapping[str, np.ndarray]) -> Trajectory:
    """Return the trajectory of arrays by name: the inverse of `packed`."""
    present = {name: array for name, array in arrays.items() if not name.startswith(STATE)}
    if "diverged_at" in present:
        present["diverged_at"] = float(present["diverged_at"])
    state = {name.removeprefix(STATE): array for name, array in arrays.items() if name.startswith(STATE)}
    return Trajectory(**present, state=state or None)


def start_digest(start: Start) -> str:
    """Return the SHA-256, in hex, of a start without its spec and order parameters."""
    digest = hashlib.sha256(json.dumps([start.time, start.switches, start.sequence]).encode())
    for name, array in sorted((start.state or {}).items()):
        digest.update(f"{name} {array.dtype} {array.shape} ".encode() + np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _first_line(body: bytes | memoryview) -> bytes:
    return KIND + hashlib.sha256(body).hexdigest().encode() + b"\n"


def _runs(file, check: Callable[[int, Mapping], None]) -> dict[int, dict[str, np.ndarray]]:
    runs: dict[int, dict] = {}
    for index, about in json.loads(str(file[ABOUT])).items():
        check(int(index), about)
        runs[int(index)] = {}
    for name in file.files:
        index, slash, array = name.partition("/")
        if slash:
            runs[int(index)][array] = file[name]
    return runs

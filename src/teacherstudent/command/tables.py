"""Tables of stored runs for the terminal."""

import json
import sys

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from teacherstudent.engines.trajectory import Trajectory
from teacherstudent.spec.model import Spec
from teacherstudent.store.curves import Curves
from teacherstudent.store.stored_run import StoredRun

UNLIMITED = 10_000  # columns, where the output is not a terminal and nothing has to be wrapped


def print_run(stored: StoredRun) -> None:
    """Print one group of a file: its set-up, and of each run the switches, final errors and final
    overlaps.
    """
    table = Table(show_header=False, box=box.SIMPLE_HEAD)
    for name, value in _setup(stored).items():
        table.add_row(Text(name), Text(value))
    for number, trajectory in enumerate(stored.trajectories):
        table.add_section()
        table.add_row(Text(f"run {number}", style="bold"), Text(_ending(trajectory), style="bold"))
        for name, value in _results(trajectory).items():
            table.add_row(Text(name), Text(value))
    print_table(table)


def print_curves(curves: Curves) -> None:
    """Print the curves of one engine: axes, sizes, and the mean error at the end of each point."""
    table = Table(show_header=False, box=box.SIMPLE_HEAD)
    for name, value in _about(curves).items():
        table.add_row(Text(name), Text(value))
    table.add_section()
    if "generalisation_error" in curves.quantities and len(curves.time):
        last = curves.mean("generalisation_error")[..., -1, :]
        for index in np.ndindex(last.shape[:-1]):
            at = zip(curves.axes.items(), index, strict=True)
            point = "".join(f", {key} {values[i]}" for (key, values), i in at)
            table.add_row(Text(f"error{point}"), Text(" ".join(f"{error:.4e}" for error in last[index])))
    print_table(table)


def _about(curves: Curves) -> dict[str, str]:
    axes = {f"axis {key}": ", ".join(map(str, values)) for key, values in curves.axes.items()}
    return {
        "curves of engine": curves.engine,
        "seed": str(curves.seed),
        **axes,
        "runs of each point": f"{curves.runs}, {curves.excluded} of {curves.diverged.size} diverged",
        "quantities": ", ".join(curves.quantities),
        "duration": f"{max(curves.time, default=0.0):g}, {len(curves.time)} recorded times",
    }


def print_table(table: Table) -> None:
    """Print a table, as wide as the terminal or as it needs to be where the output is none."""
    Console(width=None if sys.stdout.isatty() else UNLIMITED).print(table)


def _setup(stored: StoredRun) -> dict[str, str]:
    spec, attributes = stored.spec, stored.attributes
    made = ", ".join(
        f"{name} {attributes.get(f'{name}_version', '?')}" for name in ("python", "numpy", "numba")
    )
    return {
        "group": stored.group,
        "engine": stored.engine,
        **_origin(stored),
        **_accepted(stored.attributes),
        "seed": str(stored.seed),
        "runs": str(len(stored.trajectories)),
        "inputs": _inputs(spec),
        "teachers": _teachers(spec),
        "student": f"K = {spec.student.hidden}, {spec.student.activation}, heads {spec.student.heads}",
        "training": f"learning rate {spec.training.learning_rate:g}, {' and '.join(spec.training.train)}",
        "duration": f"{spec.duration:g}, {len(stored.arrays['time'])} recorded times",
        "made with": f"{made}, code {attributes.get('code_digest', '?')[:12]}",
    }


def _inputs(spec: Spec) -> str:
    inputs = spec.inputs
    source = (
        inputs.distribution if inputs.dataset is None else f"{inputs.dataset.labels} on {inputs.dataset.file}"
    )
    samples = "" if inputs.samples is None else f", {inputs.samples} training samples"
    return f"{source}, N = {inputs.dimension}{samples}"


def _origin(stored: StoredRun) -> dict[str, str]:
    """Say what the runs started from, if it was another run."""
    if "started_from" not in stored.attributes:
        return {}
    origin = json.loads(stored.attributes["started_from"])
    file = f" in the file with sha256 {origin['sha256'][:12]}" if "sha256" in origin else ""
    where = f"t = {origin['time']:g} of a run{file}"
    return {"started from": f"{origin['from']} at {where}"}


def _accepted(attributes: dict) -> dict[str, str]:
    """Say whether the content was changed after it was written."""
    return {"accepted": str(attributes["accepted"])} if "accepted" in attributes else {}


def _teachers(spec: Spec) -> str:
    teachers = spec.teachers
    if teachers.file is not None:
        return f"P = {teachers.count}, M = {teachers.hidden}, {teachers.activation}, from {teachers.file}"
    relations = [f"P = {teachers.count}, M = {teachers.hidden}, {teachers.activation}"]
    for name, relation in (("features", teachers.features), ("readouts", teachers.readouts)):
        similarity = "" if relation.similarity is None else f" (similarity {relation.similarity})"
        relations.append(f"{name} {relation.relation}{similarity}")
    return ", ".join(["initial overlaps given"] if spec.initial_overlaps else relations)


def _ending(trajectory: Trajectory) -> str:
    if trajectory.diverged_at is not None:
        return f"diverged at t = {trajectory.diverged_at:g}"
    return f"at t = {trajectory.time[-1]:g}"


def _results(trajectory: Trajectory) -> dict[str, str]:
    rows = {"switches": ", ".join(f"t = {time:g}" for time in trajectory.switch_times) or "none"}
    if not len(trajectory.time):
        return rows
    for name, errors in _errors(trajectory).items():
        rows |= {f"{name}, teacher {p}": f"{error:.4e}" for p, error in enumerate(errors[-1])}
    if trajectory.student_overlaps is not None:
        rows["Q"] = _matrix(trajectory.student_overlaps[-1])
        for p, R in enumerate(trajectory.student_teacher_overlaps[-1]):
            rows[f"R, teacher {p}"] = _matrix(R)
    if trajectory.student_readouts is not None:
        rows["readouts h"] = _matrix(trajectory.student_readouts[-1])
    return rows


def _errors(trajectory: Trajectory) -> dict[str, np.ndarray]:
    errors = {
        "error": trajectory.generalisation_error,
        "training error": trajectory.training_error,
        "classification error": trajectory.classification_error,
    }
    return {name: array for name, array in errors.items() if array is not None}


def _matrix(values: np.ndarray) -> str:
    return "\n".join(" ".join(f"{value:10.4g}" for value in row) for row in values)

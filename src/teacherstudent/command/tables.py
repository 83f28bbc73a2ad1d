"""Tables of stored runs for the terminal."""

import json
from collections.abc import Iterator

import numpy as np
from rich import box
from rich.table import Table
from rich.text import Text

from teacherstudent.command.interventions import interventions, rates
from teacherstudent.command.printing import print_table
from teacherstudent.command.structure import structure
from teacherstudent.command.summary import MOST_RUNS, summary
from teacherstudent.command.values import at_switches, matrix, rows_of, shown
from teacherstudent.engines.observables import label_of
from teacherstudent.engines.trajectory import Trajectory
from teacherstudent.spec.model import Spec
from teacherstudent.store.curves import Curves
from teacherstudent.store.stored_run import StoredRun


def print_run(stored: StoredRun, every: bool = False) -> None:
    """Print one group of a file: its spec, and the switches and last recorded values of its runs.

    More than ten runs are printed as their mean and standard deviation, unless `every` run is requested.
    """
    table = Table(show_header=False, box=box.SIMPLE_HEAD)
    for name, value in _setup(stored).items():
        table.add_row(Text(name), Text(value))
    for name, about, rows in _each_run(stored) if every or not _is_long(stored) else _all_runs(stored):
        table.add_section()
        table.add_row(Text(name, style="bold"), Text(about, style="bold"))
        for label, value in rows.items():
            table.add_row(Text(label), Text(value))
    print_table(table)


def _is_long(stored: StoredRun) -> bool:
    return len(stored.trajectories) > MOST_RUNS


def _each_run(stored: StoredRun) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Yield the heading of each run, in two parts, and its rows."""
    for number, trajectory in enumerate(stored.trajectories):
        yield f"run {number}", _ending(trajectory), _results(trajectory)


def _all_runs(stored: StoredRun) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Yield the same for the summary of all runs."""
    yield "all runs", *summary(stored)
    yield "each run", "shown by `teacherstudent show --all`", {}


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


def _setup(stored: StoredRun) -> dict[str, str]:
    spec, attributes = stored.spec, stored.attributes
    made = ", ".join(
        f"{name} {attributes.get(f'{name}_version', '?')}"
        for name in ("teacherstudent", "python", "numpy", "numba")
    )
    return {
        "group": stored.group,
        "engine": stored.engine,
        **_origin(stored),
        **_accepted(stored.attributes),
        "seed": str(stored.seed),
        "runs": str(len(stored.trajectories)),
        "inputs": _inputs(spec),
        **structure(stored),
        "teachers": _teachers(spec),
        "student": f"K = {spec.student.hidden}, {spec.student.activation}, heads {spec.student.heads}",
        "training": f"learning rate {rates(spec)}, {' and '.join(spec.training.train)}",
        **_classes(spec),
        **interventions(spec),
        "duration": f"{spec.duration:g}, {len(stored.arrays['time'])} recorded times",
        "made with": f"{made}, code {attributes.get('code_digest', '?')[:12]}",
    }


def _classes(spec: Spec) -> dict[str, str]:
    """Return a row about labels that are signs, and their loss."""
    if spec.teachers.labels is None or spec.has_rewards:
        return {}
    flips = ", ".join(f"{flip:g}" for flip in spec.teachers.label_flips)
    margin = "" if spec.training.margin is None else f" with margin {spec.training.margin:g}"
    return {"labels": f"signs, flipped with probability {flips}, loss {spec.loss}{margin}"}


def _inputs(spec: Spec) -> str:
    inputs = spec.inputs
    source = (
        inputs.distribution if inputs.dataset is None else f"{inputs.dataset.labels} on {inputs.dataset.file}"
    )
    samples = "" if inputs.samples is None else f", {inputs.samples} training samples"
    return f"{source}, N = {inputs.dimension}{samples}"


def _origin(stored: StoredRun) -> dict[str, str]:
    """Return the origin of the runs if they started from another run."""
    if "started_from" not in stored.attributes:
        return {}
    origin = json.loads(stored.attributes["started_from"])
    file = f" in the file with sha256 {origin['sha256'][:12]}" if "sha256" in origin else ""
    where = f"t = {origin['time']:g} of a run{file}"
    return {"started from": f"{origin['from']} at {where}"}


def _accepted(attributes: dict) -> dict[str, str]:
    """Return a note if the content was changed after it was written."""
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
    """Return the switches and the last values of a run: first numbers for each teacher, then matrices."""
    rows = {"switches": ", ".join(f"t = {time:g}" for time in trajectory.switch_times) or "none"}
    if not len(trajectory.time):
        return rows
    for entry in shown(trajectory.arrays):
        rows |= rows_of(label_of(entry), entry.dimensions[1:], trajectory.arrays[entry.name][-1])
    for entry in at_switches(trajectory.arrays):
        for time, values in zip(trajectory.switch_times, trajectory.arrays[entry.name], strict=True):
            rows[f"{label_of(entry)}, switch at t = {time:g}"] = matrix(values)
    return rows

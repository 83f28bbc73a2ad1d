"""A grid of specs in one call: `run_grid` simulates all points and returns one dataset."""

import json
import math
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from teacherstudent.engines.base import Engine, engine_named
from teacherstudent.engines.memory import record_memory
from teacherstudent.engines.penalties import large_steps
from teacherstudent.engines.start import BEGINNING, Start, start_for, times_from
from teacherstudent.engines.trajectory import record_times
from teacherstudent.errors import SpecError
from teacherstudent.errors.messages import in_document
from teacherstudent.files.plain_values import plain
from teacherstudent.simulation.memory import check_grid
from teacherstudent.simulation.progress import Progress, check_progress, reporting
from teacherstudent.simulation.runs import prepare, simulate_points
from teacherstudent.spec.axes import points, read_axes, with_values
from teacherstudent.spec.model import Spec
from teacherstudent.spec.parse import SpecLike, parse_spec, read_document
from teacherstudent.spec.steps import merged_times
from teacherstudent.spec.whole_numbers import RUNS, SEED
from teacherstudent.store.continuation import continuation
from teacherstudent.store.frames import xarray_for
from teacherstudent.store.grid_arrays import GridArrays, common_times
from teacherstudent.store.runs import run_attributes
from teacherstudent.store.starts import origin


def run_grid(
    spec: SpecLike,
    axes: Mapping[str, Any],
    engine: str = "ode",
    seed: int | None = None,
    runs: int | None = None,
    threads: int = 1,
    start: Start | Sequence[Start] | str | os.PathLike | None = None,
    at: float | None = None,
    progress: bool | Progress = False,
) -> Any:
    """Simulate the runs of all points of a grid, and return them as one dataset with named dimensions.

    The numbers of each run are the same as those of `run` with the spec of its point, bit for bit. Runs at
    all points are simulated in batches: with engine `ode` side by side, with engine `network` those of equal
    number with the same inputs. It needs the package xarray.

    Parameters
    ----------
    spec : Spec or mapping or path
        The base spec, as for `run`; keys that an axis gives may be missing. Of a `Spec`, defaults that follow
        from other keys are already written out: with an axis `training.learning_rate` the rate of the
        readouts is that of the base spec.
    axes : mapping of str to sequence
        The values of each axis by a dotted key of the spec, such as `teachers.features.similarity`, or
        `curriculum.switch_times.0` for an element of a list. Values are numbers, which are put in ascending
        order and rounded to 12 digits, or words; `{"linspace": [first, last, count]}` and
        `{"concatenate": [...]}` are possible as in the experiments of the workflow.
    engine : str
        Name of an engine: network, chain or ode.
    seed : int, optional
        Seed of all random numbers, from 0 to 2^63 - 1. Default: the seed of the file to start from, or 0.
    runs : int, optional
        Number of independent runs at each point, from 1 on. Default: the number of runs to start from, or 1.
    threads : int
        Number of batches that are simulated at the same time, from 1 on. It does not change the numbers.
    start : Start, sequence of Start or path, optional
        Start of the runs at every point, as for `run`.
    at : float, optional
        With the path of a file: start from the order parameters at this recorded time, in steps / N.
    progress : bool or callable
        With True, a bar with the remaining time is shown after two seconds (lines every half minute if
        standard error is not a terminal). A function is called with the index of a run, in the order of the
        points (the last axis fastest) and of the runs at each, and the fraction of it that is done, from 0 to
        1, by any of the threads.

    Returns
    -------
    xarray.Dataset
        All recorded quantities over (axes..., run, time, ...), and `diverged_at`. The name of a dimension is
        the last part of the key of its axis, or more of the key where this is ambiguous
        (`features_similarity` and `readouts_similarity`); its coordinate has the values. `time` has the times
        that all points have in common up to one step, or else the times of all points. Numbers are NaN, and
        integers -1, after the divergence of a run, at times that are recorded at other points only, and for
        units, teachers, heads and switches that other points have more of. Attributes: `spec` (the base spec)
        and `axes` (the keys by name) in JSON, `engine`, `seed`, `code_digest`, versions.

    Raises
    ------
    SpecError
        If an axis or another argument is invalid, if the spec at a point is invalid or the engine does not
        support it, if points have no common grid of times, and if there is not enough memory.
    RunError
        If a simulation fails, and if xarray is not installed.

    Examples
    --------
    >>> spec = {"inputs": {"dimension": 100}, "teachers": {"count": 1, "hidden": 1}, "student": {"hidden": 2},
    ...         "training": {"learning_rate": 0.5}, "duration": 10.0, "record": {"count": 3}}
    >>> grid = run_grid(spec, {"training.learning_rate": [0.5, 1.0], "student.hidden": [1, 2, 3]})
    >>> dict(grid.generalisation_error.sizes)
    {'learning_rate': 2, 'hidden': 3, 'run': 1, 'time': 3, 'teacher': 1}
    """
    xarray_for("run_grid")
    check_progress(progress)
    document, axes, own = _document(spec), _read_axes(axes), engine_named(engine)
    runs = None if runs is None else RUNS.checked("runs", runs)
    starts, stored_seed, sha256 = continuation(start, at, runs)
    seed = SEED.checked("seed", (stored_seed or 0) if seed is None else seed)
    runs, count = runs or len(starts) or 1, math.prod(map(len, axes.values()))
    specs = _specs(document, axes, own, starts)
    first = next(specs)
    check_grid(first, count, runs, len(record_times(first)))
    specs = [first, *specs]
    arrays = GridArrays(count, runs, *_common_times(specs, own, starts))
    check_grid(max(specs, key=record_memory), count, runs, len(arrays.time))
    with reporting(progress, count * runs, f"engine {engine}") as report:
        found = simulate_points(specs, engine, seed, runs, threads, report, starts)
        for message in _notes(specs, own):
            warnings.warn(message, stacklevel=2)
        for index, trajectory in enumerate(found):
            arrays.add(*divmod(index, runs), trajectory)
    if arrays.diverged:
        warnings.warn(f"{arrays.diverged} of {count * runs} runs diverged; see diverged_at", stacklevel=2)
    about = run_attributes(first, engine, seed, (), run_axis=True) | {"spec": json.dumps(document)}
    if starts:
        about["started_from"] = origin(sha256, start_for(first, own, starts[0])[1])
    return arrays.dataset(axes, about)


def _document(spec: Any) -> dict:
    """Return the base spec as a plain document."""
    if isinstance(spec, Spec):
        return spec.to_dict()
    if isinstance(spec, str | os.PathLike):
        return read_document(spec)
    if not isinstance(spec, Mapping):
        raise SpecError(f"spec: must be a Spec, a block of keys or a path, not {type(spec).__name__}")
    return plain(spec)


def _read_axes(axes: Any) -> dict[str, list]:
    """Write out the values of all axes."""
    if not isinstance(axes, Mapping):
        kind = type(axes).__name__
        raise SpecError(f"axes: must be a mapping of dotted keys of the spec to lists of values, not {kind}")
    return read_axes("axes", plain(axes, "axes"))


def _specs(
    document: Mapping[str, Any], axes: Mapping[str, list], engine: Engine, starts: Sequence[Start]
) -> Iterator[Spec]:
    """Yield the checked specs of all points; first each value is checked with the first ones of other axes.

    In this way a value that is not allowed is found at once, and the message names its axis only.
    """
    first = {key: values[0] for key, values in axes.items()}
    alone = [{key: value} for key, values in axes.items() for value in values[1:]]
    for values in ({}, *alone):
        _spec_at(document, first | values, values or first, engine, starts)
    for _, values in points(axes):
        yield _spec_at(document, values, values, engine, starts)


def _spec_at(
    document: Mapping[str, Any], values: dict, named: dict, engine: Engine, starts: Sequence[Start]
) -> Spec:
    """Return the spec at values of all axes; an error shows the named ones of them."""
    try:
        spec = parse_spec(with_values(document, values))
        if spec.record.state:
            raise SpecError("record.state: a grid does not contain states; remove it")
        for start in starts or [BEGINNING]:
            prepare(spec, engine.name, start)
    except SpecError as error:
        where = ", ".join(f"{key} = {in_document(value)}" for key, value in named.items())
        raise SpecError(f"axes: at {where}: {error}" if named else str(error)) from error
    return spec


def _common_times(specs: Sequence[Spec], engine: Engine, starts: Sequence[Start]) -> tuple[np.ndarray, float]:
    """Return the times of the grid, and the largest distance of times that count as equal."""
    found = {}
    for spec in specs:
        for start in starts or [BEGINNING]:
            own, began = start_for(spec, engine, start)
            found[own.record, own.duration, own.inputs.dimension, began.time] = own, began.time
    return common_times([(times_from(*item), item[0].inputs.dimension) for item in found.values()])


def _notes(specs: Sequence[Spec], engine: Engine) -> list[str]:
    """Return each warning about specs once."""
    found = [large_steps(spec, engine) for spec in specs] + [merged_times(spec) for spec in specs]
    return [message for message in dict.fromkeys(found) if message is not None]

"""The interface for scripts and notebooks: `run` simulates and `read_run` reads; both return a `Run`."""

import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from teacherstudent.engines.base import engine_named
from teacherstudent.engines.penalties import large_steps
from teacherstudent.engines.start import Start, start_for
from teacherstudent.engines.trajectory import Trajectory
from teacherstudent.errors.messages import diverged
from teacherstudent.simulation.progress import Progress, check_progress, reporting
from teacherstudent.simulation.runs import simulate_runs
from teacherstudent.spec.model import Spec
from teacherstudent.spec.parse import SpecLike, as_spec
from teacherstudent.spec.steps import merged_times
from teacherstudent.spec.whole_numbers import RUNS, SEED
from teacherstudent.store import runs as store
from teacherstudent.store.continuation import continuation
from teacherstudent.store.frames import dataset_of, frame_of
from teacherstudent.store.stacking import joined, stacked
from teacherstudent.store.starts import origin
from teacherstudent.store.stored_run import StoredRun


class Run(StoredRun):
    """One or more runs of one spec with one engine and seed, simulated or read from a file.

    Its arrays are attributes with the same names as in HDF5, such as `time`, `generalisation_error`,
    `student_overlaps` (Q), `student_teacher_overlaps` (R) and `student_readouts` (h). The first axis is time,
    after a leading axis `run` if there are several runs (in all arrays but `time`). After the divergence of a
    run its numbers are NaN (-1 in `active_teacher`).

    Parameters
    ----------
    group : str
        Path of the group in the file; "/" for simulated runs.
    engine : str
        Name of the engine.
    seed : int
        Seed of all runs.
    attributes : dict
        Attributes of the group in HDF5: `spec` in JSON, `code_digest`, versions, `diverged_at`,
        `started_from`.
    arrays : dict of str to ndarray
        The arrays by name.
    state : dict of str to ndarray, optional
        State of the engine at the end, if it is recorded (`record.state`).
    """

    @classmethod
    def of(
        cls,
        spec: Spec,
        engine: str,
        seed: int,
        trajectories: Sequence[Trajectory],
        attributes: Mapping[str, str] | None = None,
    ) -> "Run":
        """Return a `Run` of simulated trajectories.

        Parameters
        ----------
        spec : Spec
            The spec of the runs.
        engine : str
            Name of the engine.
        seed : int
            Seed of all runs.
        trajectories : sequence of Trajectory
            Results of the runs 0, 1, ..., at least one.
        attributes : mapping of str to str, optional
            Additional attributes, such as `started_from`.

        Returns
        -------
        Run
            Its arrays have a leading axis `run` if there are several runs.
        """
        several, state = len(trajectories) > 1, trajectories[0].state
        if several and state is not None:
            state = {name: stacked([one.state[name] for one in trajectories]) for name in state}
        described = store.run_attributes(spec, engine, seed, trajectories, several) | dict(attributes or {})
        return cls("/", engine, seed, described, joined(trajectories, several), state)

    def __getattr__(self, name: str) -> np.ndarray:
        """Return an array by its name."""
        arrays = self.__dict__.get("arrays", {})  # missing while a copy is made
        if name not in arrays:
            raise AttributeError(f"a run has no {name}; its arrays are {', '.join(arrays)}")
        return arrays[name]

    def __dir__(self) -> list[str]:
        """Return the names of all attributes, including the arrays, for completion in notebooks."""
        return [*super().__dir__(), *self.arrays]

    def __repr__(self) -> str:
        """Return a description in one line."""
        return f"<Run: engine {self.engine}, seed {self.seed}, runs {len(self.trajectories)}>"

    def to_frame(self, *quantities: str) -> Any:
        """Return the runs as a pandas frame in the long form, which seaborn can plot directly.

        Each row has one number. The columns are `engine`, `run`, `time`, `quantity`, the indices `teacher`,
        `head`, `student_unit`, `student_unit_other` and `teacher_unit` (categories; missing if a quantity
        does not have this index), and `value`. Rows after the divergence of a run are left out.

        Parameters
        ----------
        *quantities : str
            Names of quantities that are recorded over time. Default: all but `student_weights`.

        Returns
        -------
        pandas.DataFrame
            Sorted by quantity, run, time and indices.

        Raises
        ------
        SpecError
            If a name is not a quantity over time of these runs.

        Examples
        --------
        ``seaborn.relplot(run.to_frame("generalisation_error"), x="time", y="value", hue="teacher",
        kind="line", errorbar=("pi", 80))``
        """
        return frame_of(self, quantities)

    def to_xarray(self) -> Any:
        """Return the arrays as an xarray dataset with named dimensions, symbols and descriptions.

        It equals the dataset that `xarray.open_dataset` reads from the file that `save` writes, without the
        attribute `content_digest`.

        Returns
        -------
        xarray.Dataset
            Datasets and dimensions have the same names as in HDF5.

        Raises
        ------
        RunError
            If xarray is not installed.
        """
        return dataset_of(self, self.attributes)

    def plot(self) -> Any:
        """Plot errors, overlaps and readouts against time (`teacherstudent.plotting.plot_runs`).

        Returns
        -------
        matplotlib.figure.Figure
            The figure, which does not depend on the user's settings of matplotlib.

        Raises
        ------
        RunError
            If no overlaps are recorded.
        """
        from teacherstudent.plotting import plot_runs

        return plot_runs(self)

    def save(self, path: str | os.PathLike) -> None:
        """Write the runs to an HDF5 file, as the command `teacherstudent run` does.

        Parameters
        ----------
        path : str or path
            The file; it is replaced if it exists.

        Raises
        ------
        RunError
            If the file cannot be written.
        """
        entry = ("/", self.spec, self.engine, self.seed, list(self.trajectories))
        store.write_runs(Path(path), [entry], self.has_run_axis, self.attributes)


def run(
    spec: SpecLike,
    engine: str = "ode",
    seed: int | None = None,
    runs: int | None = None,
    threads: int = 1,
    start: Start | Sequence[Start] | str | os.PathLike | None = None,
    at: float | None = None,
    progress: bool | Progress = False,
) -> Run:
    """Simulate the runs of a spec.

    The numbers of a run depend only on spec, engine, seed, start and the number of the run. A warning is
    issued if recorded times are merged because they fall on the same step, if steps towards anchors are known
    to be large, and for each run that diverged.

    Parameters
    ----------
    spec : Spec or mapping or path
        A `Spec`, a mapping, or the path of a YAML or JSON file. In a mapping, numbers and arrays of numpy,
        tuples and ranges are converted.
    engine : str
        Name of an engine: network, chain or ode.
    seed : int, optional
        Seed of all random numbers, from 0 to 2^63 - 1. Default: the seed of the file to start from, or 0.
    runs : int, optional
        Number of independent runs, from 1 on. Default: the number of runs to start from, or 1.
    threads : int
        Number of runs that are simulated at the same time, from 1 on. It does not change the numbers.
    start : Start, sequence of Start or path, optional
        Start of the runs. Default: the beginning. With the path of a file of runs, each run is resumed from
        the state stored at its end or, if there is none for this engine, started from its last order
        parameters. One `Start` is the start of all runs; a sequence has one for each run (`load_start`).
    at : float, optional
        With the path of a file: start from the order parameters at this recorded time, in steps / N.
    progress : bool or callable
        With True, a bar with the remaining time is shown after two seconds (lines every half minute if
        standard error is not a terminal). A function is called with the number of a run and the fraction of
        it that is done, from 0 to 1, by any of the threads.

    Returns
    -------
    Run
        The first axis of its arrays is time, after a leading axis `run` if there are several runs.

    Raises
    ------
    SpecError
        If the spec or another argument is invalid, or if the engine does not support the spec.
    RunError
        If a simulation fails.

    Examples
    --------
    >>> spec = {"inputs": {"dimension": 100}, "teachers": {"count": 1, "hidden": 1}, "student": {"hidden": 2},
    ...         "training": {"learning_rate": 0.5}, "duration": 10.0, "record": {"count": 3}}
    >>> theory = run(spec, engine="ode", seed=0)
    >>> theory.time
    array([ 0.,  5., 10.])
    >>> theory.generalisation_error.shape  # time, teacher
    (3, 1)
    """
    spec = as_spec(spec)
    check_progress(progress)
    runs = None if runs is None else RUNS.checked("runs", runs)
    starts, stored_seed, sha256 = continuation(start, at, runs)
    seed = SEED.checked("seed", (stored_seed or 0) if seed is None else seed)
    attributes = {}
    if starts:
        attributes["started_from"] = origin(sha256, start_for(spec, engine_named(engine), starts[0])[1])
    runs = runs or len(starts) or 1
    with reporting(progress, runs, f"engine {engine}") as report:
        found = simulate_runs(spec, engine, seed, runs, threads, report, starts)
        if (merged := merged_times(spec)) is not None:
            warnings.warn(merged, stacklevel=2)
        if (large := large_steps(spec, engine_named(engine))) is not None:
            warnings.warn(large, stacklevel=2)
        trajectories = list(found)
    for number, trajectory in enumerate(trajectories):
        if trajectory.diverged_at is not None:
            warnings.warn(diverged(number, trajectory.diverged_at), stacklevel=2)
    return Run.of(spec, engine, seed, trajectories, attributes)


def read_run(path: str | os.PathLike, group: str = "/") -> Run:
    """Read the runs of one group of a file, with the states stored at their ends.

    Parameters
    ----------
    path : str or path
        An HDF5 file that was written by `Run.save`, the command or the workflow.
    group : str
        Path of the group: "/", or `/runs/KEY` in a file with many groups.

    Returns
    -------
    Run
        The runs, with the same content as when they were written.

    Raises
    ------
    RunError
        If the group has no runs, or if the file is damaged or was changed.
    """
    return _public(store.read_run(Path(path), group, states=True))


def read_runs(path: str | os.PathLike) -> list[Run]:
    """Read all runs of a file, with the states stored at their ends.

    Parameters
    ----------
    path : str or path
        An HDF5 file that was written by `Run.save`, the command or the workflow.

    Returns
    -------
    list of Run
        One entry for each group, ordered by name.

    Raises
    ------
    RunError
        If the file has no runs, is damaged or was changed.
    """
    return [_public(stored) for stored in store.read_runs(Path(path), states=True)]


def _public(stored: StoredRun) -> Run:
    """Return stored runs as a `Run`, without the attributes that describe the file."""
    content = {field.name: getattr(stored, field.name) for field in fields(stored)}
    content["attributes"] = {
        name: value for name, value in stored.attributes.items() if name not in store.OF_THE_FILE
    }
    return Run(**content)

"""Several runs of engine `ode`, integrated side by side where their equations have the same form."""

from collections.abc import Callable, Hashable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numba import config

from teacherstudent.engines.ode.choice import fewest_together
from teacherstudent.engines.ode.constants import constants_of_runs
from teacherstudent.engines.ode.laws import law_of
from teacherstudent.engines.phases import Phase
from teacherstudent.engines.rates import Stage
from teacherstudent.kernels.compile.alignment import aligned_zeros
from teacherstudent.kernels.compile.vectors import WIDTH
from teacherstudent.kernels.ode.equations import Constants, integrate_phases
from teacherstudent.kernels.ode.forms import form_of, mapped, numbers_of_runs
from teacherstudent.kernels.ode.integrator import EMPTY, RESUME, TIME
from teacherstudent.kernels.ode.interventions import Intervened, integrate_stages
from teacherstudent.kernels.ode.lanes import NEW, WAITING, Queue, lanes_for
from teacherstudent.kernels.ode.stages import TABLEAU
from teacherstudent.kernels.ode.tasks import Several, integrate_lessons
from teacherstudent.kernels.ode.widening import widened
from teacherstudent.networks.activations import codes_of

# The compiled functions by what is constant in a stage.
INTEGRATORS = {
    Constants: integrate_phases,
    Intervened: integrate_stages,
    Several: integrate_lessons,
}
# Work between two reports of progress, in units of `kernels.ode.pauses`.
WORK_PER_REPORT = 100_000_000


class Part(NamedTuple):
    """A stage of a run that is to be integrated."""

    run: Any  # an `Integration`
    phase: Phase
    stage: Stage
    constants: Constants | Intervened | Several | None  # None where those of all runs are made together


def integrate_together(
    runs: list, courses: list[Iterator], progress: Callable[[], None], max_tries: int
) -> None:
    """Integrate runs in rounds: in each round one stage of every run.

    Parameters
    ----------
    runs : list of Integration
        The runs.
    courses : list of iterator
        For each run: the phases and stages, one after the other (`Integration.course`).
    progress : callable
        Called regularly, after the times of the runs have changed.
    max_tries : int
        Largest number of steps of a stage.
    """
    active = list(zip(runs, courses, strict=True))
    while active:
        asked = [(run, course, next(course, None)) for run, course in active]
        active = [(run, course) for run, course, found in asked if found is not None]
        groups: dict[Hashable, list[Part]] = {}
        for run, _, found in asked:
            if found is not None:
                part = _part(run, *found)
                groups.setdefault(_key(part) if run.has_lanes else id(run), []).append(part)
        for group in groups.values():
            if (
                len(group) < fewest_together(group[0].run.spec) or config.DISABLE_JIT
            ):  # vectors of runs are a type of compiled code only
                for part in group:
                    part.run.integrate_stage(part.phase, part.stage)
            else:
                _integrate_group(group, progress, max_tries)


def _part(run, phase: Phase, stage: Stage) -> Part:
    """Return a part, with the constants that determine the form of its equations."""
    together = not run.has_lanes or run.form.is_plain(stage, phase)
    return Part(run, phase, stage, None if together else run.constants(phase, stage))


def _key(part: Part) -> Hashable:
    """Return all integers and sizes of the equations of a part."""
    form, stage = part.run.form, part.stage
    sizes = len(form.y), form.controlled, part.phase.threshold > 0.0
    if part.constants is None:
        (task,) = stage.tasks
        law = *codes_of(form.spec), form.spec.loss, form.spec.teachers.labels
        return sizes, form.columns, form.v.shape, law, task.labels, task.head, stage.batch_size
    return sizes, form_of(part.constants)


def _integrate_group(group: list[Part], progress: Callable[[], None], max_tries: int) -> None:
    """Integrate one stage of several runs with equations of the same form."""
    before = [(part.run.t, part.run.restart.mark[0]) for part in group]
    for part in group:
        part.run.check_steps(part.constants, part.phase, part.stage)
    one, numbers = _constants(group)
    tolerances = np.array([part.run.form.tolerances for part in group])
    memory = aligned_zeros((numbers.shape[1] + 2, WIDTH))
    queue = _queue(group, np.hstack([numbers, tolerances]))
    form = group[0].run.form
    lanes = lanes_for(len(form.y), form.controlled, memory, memory[-2:])
    wide, has_event = widened(one, memory), group[0].phase.threshold > 0.0
    arguments = wide, lanes, queue, TABLEAU, has_event, max_tries, _steps_per_report(wide, len(form.y))
    finished = False
    while not finished:
        finished = INTEGRATORS[type(wide)](*arguments)
        for part, status, time in zip(group, queue.status, queue.numbers[:, TIME], strict=True):
            if status >= 0:
                part.run.t = float(time)
        progress()
    for index, part in enumerate(group):
        _finish(part, queue, index, *before[index])


def _constants(group: list[Part]) -> tuple[Constants | Intervened | Several, np.ndarray]:
    """Return the constants of one run, and the numbers (J, C) of all runs."""
    first = group[0].constants
    if first is not None:
        return first, np.array([numbers_of_runs(part.constants) for part in group])
    parts = [(part.run.form.vectors, part.stage, part.phase) for part in group]
    together = constants_of_runs(parts, group[0].run.spec.heads)
    one = mapped(together, lambda x: x[0])._replace(law=law_of(group[0].run.spec))
    return one, numbers_of_runs(together, (len(group),))


def _steps_per_report(p: Constants | Intervened | Several, size: int) -> int:
    """Return the number of steps of eight runs with states of some size between two reports of progress."""
    (K, D), tasks = p.means.weights.shape[:2], _tasks(p)
    # Twelve to fifteen right-hand sides and the decisions; the arcsines of all pairs of pairs dominate.
    return max(1, WORK_PER_REPORT // (100 * tasks * (1000 + 3 * K * K * D * D + D * size)))


def _tasks(p: Constants | Intervened | Several) -> int:
    """Return the number of tasks that are trained in a stage."""
    if isinstance(p, Several):
        return len(p.lessons.task)
    return 1 if isinstance(p, Constants) else len(p.model.numbers)


def _queue(group: list[Part], constants: np.ndarray) -> Queue:
    """Return the queue of the integrations of a group."""
    runs, J = [part.run for part in group], len(group)
    y, numbers = np.array([run.y for run in runs]), np.zeros((J, 3))
    k, status = np.zeros(y.shape), np.full(J, NEW)
    numbers[:, TIME] = [run.t for run in runs]
    mark = np.array([run.restart.mark[0] for run in runs])
    for job in np.flatnonzero(mark == RESUME):
        restart = runs[job].restart
        y[job], k[job], numbers[job] = restart.y, restart.k, restart.numbers
        mark[job], status[job] = EMPTY, WAITING
    times = [run.times[run.row :] for run in runs]
    bounds = np.concatenate([[0], np.cumsum([len(part) for part in times])])
    return Queue(
        y=y,
        k=k,
        numbers=numbers,
        end=np.array([part.stage.end for part in group]),
        status=status,
        constants=constants,
        times=np.concatenate(times),
        rows=np.empty((bounds[-1], y.shape[1])),
        first=bounds[:-1].copy(),
        last=bounds[1:].copy(),
        mark=mark,
        saved_numbers=np.zeros((J, 3)),
        saved_y=np.zeros(y.shape),
        saved_k=np.zeros(y.shape),
        next=np.zeros(1, np.int64),
    )


def _finish(part: Part, queue: Queue, job: int, start: float, before: int) -> None:
    """Give a run what has been integrated."""
    run, last = part.run, queue.last[job]
    first = last - (len(run.times) - run.row)
    written = queue.first[job] - first
    states = queue.rows[first : first + written]
    run.records[run.row : run.row + written] = run.form.recorded(states, part.constants)
    run.y[:] = queue.y[job]
    run.status, run.t = int(queue.status[job]), float(queue.numbers[job, TIME])
    run.restart.mark[0] = queue.mark[job]
    if queue.mark[job] != before and queue.mark[job] != EMPTY:
        run.restart.numbers[:] = queue.saved_numbers[job]
        run.restart.y[:], run.restart.k[:] = queue.saved_y[job], queue.saved_k[job]
    run.after_stage(part.phase, part.stage, part.constants, start, written, before)

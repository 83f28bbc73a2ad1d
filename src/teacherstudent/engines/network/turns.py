"""Training of the runs of a batch in turn, or side by side on the same inputs.

A program is a generator that yields what a run needs next, as `Steps` and the step at which they end; it
continues when they are done. It returns the programs that follow it.
"""

import hashlib
from collections.abc import Callable, Generator, Iterable, Sequence

import numpy as np

from teacherstudent.engines.network import training
from teacherstudent.engines.network.training import Steps, Training
from teacherstudent.kernels.compile.alignment import aligned_zeros
from teacherstudent.kernels.network import blocks

Program = Generator[tuple[Steps, int], None, list["Program"]]
Next = tuple[Program, Steps, int]


def train_in_turn(programs: Iterable[Program], save: Callable[[], None]) -> None:
    """Execute programs one after the other.

    Parameters
    ----------
    programs : iterable of Program
        The programs.
    save : callable
        Called without arguments between pieces of training, when snapshots can be taken.
    """
    for program in programs:
        following: list[Program] = []
        for wanted, end in _collecting(program, following):
            run, piece = wanted.run, max(1, training.WORK_PER_REPORT // wanted.work)
            while run.step < end and run.finite:
                steps = min(piece, end - run.step)
                run.made(steps, wanted.train(run.step, steps))
                if run.finite:
                    save()
                run.progress(run.step / run.last)
            del wanted  # its arrays, before the next phase has its own
        train_in_turn(following, save)


def _collecting(program: Program, following: list[Program]):
    """Execute a program, and append those that follow it to a list."""
    following += yield from program


def train_side_by_side(
    runs: Sequence[Training], programs: Iterable[Program], save: Callable[[], None]
) -> None:
    """Execute programs of runs that are trained in blocks, with the same inputs, at the same time.

    In each call of the kernel all runs at the earliest step make the same number of steps.

    Parameters
    ----------
    runs : sequence of Training
        The runs, which have common shapes (`checks.shapes_in_blocks`) and inputs.
    programs : iterable of Program
        Their programs.
    save : callable
        Called without arguments between pieces of training, when snapshots can be taken.
    """
    together = SideBySide(runs)
    waiting = _started(programs)
    while waiting:
        first = min([wanted.run.step for _, wanted, _ in waiting])
        now, stop = [], waiting[0][2]
        for _, wanted, end in waiting:
            step = wanted.run.step
            if step == first:
                now.append(wanted)
            stop = min(stop, end if step == first else step)
        together.train(now, first, stop, save)
        waiting = _continued(waiting)


def _started(programs: Iterable[Program]) -> list[Next]:
    """Execute programs, and those that follow, until they need steps; return those that do not end before."""
    found, queue = [], list(programs)
    while queue:
        program = queue.pop(0)
        try:
            found.append((program, *next(program)))
        except StopIteration as ended:
            queue += ended.value
    return found


def _continued(waiting: Sequence[Next]) -> list[Next]:
    """Continue the programs that have made their steps."""
    found = []
    for program, wanted, end in waiting:
        if wanted.run.finite and wanted.run.step < end:
            found.append((program, wanted, end))
        else:
            found += _started([program])
    return found


class SideBySide:
    """Networks in common arrays, which one call of the kernel trains on the same inputs.

    The arrays of the networks become parts of the common ones. Teachers with the same bits are stored once.

    Parameters
    ----------
    runs : sequence of Training
        The runs, which have common shapes and inputs.
    """

    def __init__(self, runs: Sequence[Training]):
        self.index = {id(run): g for g, run in enumerate(runs)}
        self.key, self.buffers = runs[0].source.key, runs[0].networks.buffers
        every = [run.networks for run in runs]
        W, h, fields, at = (_in_common(every, name) for name in ("W", "h", "fields", "at"))
        V, self.rows = _different_teachers(every)
        self.group = blocks.Group(W, h, V, fields, at[:, 0])
        self.block = blocks.new_block(self.group)
        self.wanted: list[Steps] = []  # of the last call

    def train(self, wanted: list[Steps], first: int, stop: int, save: Callable[[], None]) -> None:
        """Train some of the networks from a step to another one, or until an error is not finite.

        Parameters
        ----------
        wanted : list of Steps
            The constants of each of these networks.
        first, stop : int
            Number of the first step, and that of the step after the last one.
        save : callable
            Called without arguments between pieces of training.
        """
        if wanted != self.wanted:
            self.wanted, self.settings = wanted, self._settings(wanted)
        runs, settings = [each.run for each in wanted], self.settings
        piece, fixed = self.steps_of_piece(wanted), wanted[0].constants
        while first < stop and runs:
            steps = min(piece, stop - first)
            blocks.train(self.group, settings, fixed, self.block, self.buffers, *self.key, first, steps)
            for run, done in zip(runs, settings.done[settings.trained].tolist(), strict=True):
                run.made(steps, done)
            finite = [run for run in runs if run.finite]
            if finite:
                save()
            for run in runs:
                run.progress(run.step / run.last)
            if len(finite) < len(runs):
                settings = settings._replace(trained=np.array([self.index[id(run)] for run in finite]))
            runs, first = finite, first + steps

    def steps_of_piece(self, wanted: Sequence[Steps]) -> int:
        """Return the number of steps between two reports of progress."""
        return max(1, training.WORK_PER_REPORT // sum(each.work for each in wanted))

    def _settings(self, wanted: Sequence[Steps]) -> blocks.Settings:
        """Return the constants of networks in the form of the kernel."""
        G, K, _ = self.group.W.shape
        settings = blocks.new_settings(G, K, self.group.V.shape[1], len(wanted[0].constants.law))
        trained = np.array([self.index[id(each.run)] for each in wanted])
        for g, each in zip(trained, wanted, strict=True):
            settings.teacher[g] = self.rows[g][each.labels]
            blocks.set_constants(settings, g, each.constants)
        return settings._replace(trained=trained, active=np.unique(settings.teacher[trained]))


def _in_common(networks: Sequence, name: str) -> np.ndarray:
    """Return the arrays of all networks with a name as one array, and replace them by its parts."""
    like = getattr(networks[0], name)
    common = aligned_zeros((len(networks), *like.shape), like.dtype)
    for own, each in zip(common, networks, strict=True):
        own[...] = getattr(each, name)
        setattr(each, name, own)
    return common


def _different_teachers(networks: Sequence) -> tuple[np.ndarray, list[list[int]]]:
    """Return the first layers of all teachers, each once, and their rows by network and teacher.

    The arrays V of the networks are replaced by lists of parts of the common one.
    """
    numbers: dict[bytes, int] = {}
    digests = [[hashlib.sha256(V).digest() for V in each.V] for each in networks]
    rows = [[numbers.setdefault(digest, len(numbers)) for digest in own] for own in digests]
    first = networks[0].V
    common = aligned_zeros((len(numbers), *first.shape[1:]), first.dtype)
    for own, each in zip(rows, networks, strict=True):
        for row, V in zip(own, each.V, strict=True):
            common[row] = V
        each.V = [common[row] for row in own]
    return common, rows

"""The command `teacherstudent`: run, validate, cost, show, plot, accept and list.

The exit status is 0 for success, 2 for an invalid spec or invalid arguments, 1 for an error in a run or a
file, and 130 after an interrupt. An error is one line on standard error. Modules that are slow to import are
imported by the commands that need them.
"""

import os
import signal
import sys
import threading
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from teacherstudent.command.arguments import format_of, parser
from teacherstudent.command.garbage import collect_rarely
from teacherstudent.errors import RunError, SpecError
from teacherstudent.errors.messages import readable
from teacherstudent.files.writing import reason, write_whole


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with the given arguments or those of the process; return the exit status."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the calling process
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
    if arguments is None:
        collect_rarely()
        sys.stdout.reconfigure(errors="backslashreplace")  # as standard error: a name in an ASCII terminal
    options = parser().parse_args(arguments)
    try:
        COMMANDS[options.command](options)
    except SpecError as error:
        return _failed(error, 2)
    except RunError as error:
        return _failed(error, 1)
    except OSError as error:
        return _failed(f"{error.filename}: {reason(error)}" if error.filename else reason(error), 1)
    except MemoryError as error:
        return _failed(f"not enough memory: {error}", 1)
    except KeyboardInterrupt:
        return _failed("interrupted", 130)
    return 0


def _failed(error: object, status: int) -> int:
    _note(f"error: {error}")
    return status


def _note(line: str) -> None:
    sys.stderr.write(f"{readable(line)}\n")


def run(options: Namespace) -> None:
    """Simulate the runs of a spec and store them."""
    from teacherstudent.errors.interruption import interruptible_by
    from teacherstudent.errors.messages import diverged
    from teacherstudent.simulation.runs import simulate_runs
    from teacherstudent.spec.parse import load_spec
    from teacherstudent.store.checkpoints import MINUTES, CheckpointFile
    from teacherstudent.store.runs import write_runs

    spec, engine = load_spec(options.spec, _settings(options)), options.engine
    _refuse_to_replace_inputs(options, spec)
    starts, seed, runs, origin, note = _starts(options, spec)
    threads = min(runs, options.threads or _cores())
    minutes = MINUTES if options.checkpoint_minutes is None else options.checkpoint_minutes
    checkpoints = CheckpointFile.beside(options.output, minutes)
    with checkpoints.on_signals(), _progress(runs, readable(f"{options.spec}, engine {engine}")) as report:
        found = simulate_runs(spec, engine, seed, runs, threads, report, starts, checkpoints)
        if note:
            _note(note)
        _note_merged_times(options, spec)
        _warn_of_large_steps(spec, engine)
        trajectories = list(found)
        with interruptible_by(partial(_check_signals, checkpoints, report)):
            write_runs(options.output, [("/", spec, engine, seed, trajectories)], runs > 1, origin)
    checkpoints.remove()
    for number, trajectory in enumerate(trajectories):
        if trajectory.diverged_at is not None:
            _note(f"warning: {diverged(number, trajectory.diverged_at)}")


def _refuse_to_replace_inputs(options: Namespace, spec) -> None:
    """Raise SpecError if the run reads its output: the spec, the start, or a file named in the spec."""
    from teacherstudent.files.plain_values import texts

    if not os.path.exists(options.output):
        return
    for path in (options.spec, options.start, *texts(spec.to_dict())):
        if path is not None and os.path.exists(path) and os.path.samefile(path, options.output):
            raise SpecError(
                f"--output: {options.output} is read by this run and would be lost; name another file"
            )


def _check_signals(checkpoints, report: Callable[[int, float], None]) -> None:
    """Stop the writing of a result after a signal or an interrupt."""
    checkpoints.check_signals()
    report(0, 1.0)


def _starts(options: Namespace, spec) -> tuple[list, int, int, dict[str, str], str]:
    """Return the starts of the runs, seed and number of runs, attributes about the starts, and a note."""
    if options.start is None:
        if options.at is not None:
            raise SpecError("--at: needs a file to start from (set --from)")
        return [], options.seed or 0, options.runs or 1, {}, ""
    from teacherstudent.engines.base import engine_named
    from teacherstudent.engines.start import start_for
    from teacherstudent.store.continuation import continuation
    from teacherstudent.store.starts import origin

    starts, stored_seed, sha256 = continuation(options.start, options.at, options.runs)
    _, first = start_for(spec, engine_named(options.engine), starts[0])
    source = "order parameters recorded" if first.state is None else "state stored"
    note = f"{options.start}: starting from the {source} at t = {first.time:g}"
    seed = stored_seed if options.seed is None else options.seed
    return starts, seed, len(starts), {"started_from": origin(sha256, first)}, note


def _note_merged_times(options: Namespace, spec) -> None:
    from teacherstudent.spec.steps import merged_times

    if (merged := merged_times(spec)) is not None:
        _note(f"note: {options.spec}: {merged}")


def _warn_of_large_steps(spec, engine: str) -> None:
    from teacherstudent.engines.base import engine_named
    from teacherstudent.engines.penalties import large_steps

    if (large := large_steps(spec, engine_named(engine))) is not None:
        _note(f"warning: {large}")


def validate(options: Namespace) -> None:
    """Check a spec."""
    from teacherstudent.spec.parse import load_spec

    _note_merged_times(options, load_spec(options.spec, _settings(options)))
    sys.stdout.write(readable(f"{options.spec}: valid\n"))


def cost(options: Namespace) -> None:
    """Print estimates of the time and the memory of the runs of a spec."""
    from teacherstudent.command.cost import print_costs
    from teacherstudent.spec.parse import load_spec

    print_costs(load_spec(options.spec, _settings(options)), options.engine, options.runs)


def show(options: Namespace) -> None:
    """Print tables of the runs or of the curves in a file."""
    from teacherstudent.command.tables import print_curves, print_run
    from teacherstudent.store.curves import holds_curves, read_curves
    from teacherstudent.store.runs import read_runs

    if holds_curves(options.file):
        for curves in read_curves(options.file).values():
            print_curves(curves)
        return
    for stored in read_runs(options.file):
        print_run(stored, options.all)


def plot(options: Namespace) -> None:
    """Plot the runs of several files in one figure."""
    from teacherstudent.plotting.environment import isolate

    isolate()
    from teacherstudent.plotting import as_bytes, plot_runs
    from teacherstudent.store.runs import read_runs

    figure = plot_runs([stored for path in options.files for stored in read_runs(path)])
    write_whole(options.output, as_bytes(figure, format_of(options.output)))


def accept(options: Namespace) -> None:
    """Confirm changes that were made to a file after it was written."""
    from teacherstudent.command.accept import accept

    done = "changes accepted" if accept(options.file) else "no changes to accept"
    sys.stdout.write(readable(f"{options.file}: {done}\n"))


def list_names(options: Namespace) -> None:
    """List engines, experiments and figures."""
    from teacherstudent.command.listing import print_list

    print_list(options.kind)


COMMANDS = {
    "run": run,
    "validate": validate,
    "cost": cost,
    "show": show,
    "plot": plot,
    "accept": accept,
    "list": list_names,
}


def _settings(options: Namespace) -> dict[str, Any]:
    """Return the values of --set by dotted key."""
    from teacherstudent.files.yaml_documents import parse_yaml

    settings: dict[str, Any] = {}
    for key, text in options.settings:
        shown = f"--set {key}={' '.join(text.split())}"
        if key in settings:
            raise SpecError(f"{shown}: the key is set twice")
        settings[key] = parse_yaml(text, shown)
    return settings


@contextmanager
def _progress(runs: int, label: str) -> Iterator[Callable[[int, float], None]]:
    """Show progress, and stop after an interrupt, also if Python loses its exception."""
    from teacherstudent.errors.interruption import is_interruptible
    from teacherstudent.simulation.progress import reporter

    interrupted = threading.Event()

    def interrupt(*_) -> None:
        interrupted.set()
        if not is_interruptible():  # an exception in a callback of h5py is lost
            raise KeyboardInterrupt

    with reporter(runs, label) as display:

        def report(number: int, fraction: float) -> None:
            if interrupted.is_set():
                raise KeyboardInterrupt
            display(number, fraction)

        before = signal.signal(signal.SIGINT, interrupt)
        try:
            yield report
        finally:
            signal.signal(signal.SIGINT, before)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

"""The arguments of the command `teacherstudent`."""

import argparse
import os
import sys
from collections.abc import Callable
from typing import NoReturn

from teacherstudent.engines.base import ENGINES
from teacherstudent.errors import RunError
from teacherstudent.errors.messages import readable
from teacherstudent.files.writing import check_place
from teacherstudent.spec.whole_numbers import RUNS, SEED, THREADS, Whole

LISTS = ("engines", "experiments", "figures")
RESULT_FORMATS = ("h5", "hdf5")
FIGURE_FORMATS = ("png", "pdf", "svg")


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, with exit status 2."""

    def error(self, message: str) -> NoReturn:
        """Print an error about the arguments and exit with status 2."""
        self.exit(2, readable(f"error: {message}\n"))


def parser() -> Parser:
    """Return the parser. Its result has `command`: run, validate, cost, show, plot, accept or list."""
    top = Parser(
        prog="teacherstudent",
        description="Dynamics of online learning in the teacher-student setup.",
        epilog="`teacherstudent COMMAND --help` describes the arguments of a command.",
    )
    top.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", dest="command", required=True)
    _add_run(_command(commands, "run", "simulate a spec and store the result"))
    validate = _command(commands, "validate", "check a spec without a simulation")
    validate.add_argument("spec", metavar="SPEC.yaml", help="the spec to check")
    _add_settings(validate)
    _add_cost(_command(commands, "cost", "estimate time and memory of the runs of a spec before they start"))
    show = _command(commands, "show", "print tables of the runs or curves in a file")
    show.add_argument("file", metavar="FILE.h5", help="a file of runs or curves")
    every = "print each run; by default more than ten runs are printed as mean and standard deviation"
    show.add_argument("--all", action="store_true", help=every)
    _add_plot(_command(commands, "plot", "plot errors and order parameters, all engines in the same panels"))
    accept = _command(commands, "accept", "confirm changes that were made to a file after it was written")
    accept.add_argument(
        "file", metavar="FILE.h5", help="a file of runs or curves; the acceptance is stored in it"
    )
    names = _command(
        commands, "list", "list engines, and experiments and figures of the workflow in this folder"
    )
    names.add_argument("kind", nargs="?", choices=LISTS, help="one of engines, experiments, figures")
    return top


def format_of(path: str) -> str:
    """Return the format of a file from the ending of its name, in lower case."""
    return os.path.splitext(path)[1].lstrip(".").lower()


def _command(commands, name: str, text: str) -> argparse.ArgumentParser:
    return commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")


def _add_run(command: argparse.ArgumentParser) -> None:
    engines = "; ".join(f"{engine.name}: {engine.summary}" for engine in ENGINES.values())
    add = command.add_argument
    add("spec", metavar="SPEC.yaml", help="the spec to simulate")
    _add_settings(command)
    add("--engine", required=True, choices=ENGINES, help=engines)
    add(
        "--from",
        dest="start",
        metavar="FILE.h5",
        help="start from the end of the runs in a file",
    )
    add(
        "--at",
        type=_time,
        metavar="TIME",
        help="with --from: start from the order parameters at this recorded time",
    )
    of_file = "or as in the file of --from"
    add(
        "--seed",
        type=_whole_number(SEED),
        metavar="S",
        help=f"seed of the random numbers (default 0, {of_file})",
    )
    add(
        "--runs",
        type=_whole_number(RUNS),
        metavar="R",
        help=f"number of independent runs (default 1, {of_file})",
    )
    add(
        "--threads",
        type=_whole_number(THREADS),
        metavar="T",
        help="number of runs at the same time (default: number of cores)",
    )
    saved = (
        "save long runs in FILE.h5.checkpoints every M minutes (default 10); after an interruption the same "
        "command resumes them"
    )
    add("--checkpoint-minutes", type=_minutes, metavar="M", help=saved)
    add(
        "--output",
        required=True,
        type=_output_in(RESULT_FORMATS),
        metavar="FILE.h5",
        help="the file for the result; it is replaced if it exists",
    )


def _add_cost(command: argparse.ArgumentParser) -> None:
    command.add_argument("spec", metavar="SPEC.yaml", help="the spec to estimate")
    _add_settings(command)
    add = command.add_argument
    add("--engine", choices=ENGINES, help="only this engine (default: all engines)")
    add("--runs", type=_whole_number(RUNS), default=1, metavar="R", help="number of runs (default 1)")


def _add_settings(command: argparse.ArgumentParser) -> None:
    example = "training.learning_rate=0.2 or curriculum.switch_times=[10.0]"
    command.add_argument(
        "--set",
        dest="settings",
        action="append",
        default=[],
        type=_setting,
        metavar="KEY=VALUE",
        help=f"replace the value of a key of the spec (in YAML), for example {example}; may be repeated",
    )


def _add_plot(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("files", nargs="+", metavar="FILE.h5", help="files with runs, written by `run` or by the workflow")
    add(
        "--output",
        required=True,
        type=_output_in(FIGURE_FORMATS),
        metavar="FIGURE.png",
        help="the figure: png, pdf or svg",
    )


class _Version(argparse.Action):
    def __call__(self, parser, namespace, values, option_string=None):
        """Print the version and exit; only now is it looked up."""
        from importlib.metadata import version

        sys.stdout.write(f"teacherstudent {version('teacherstudent')}\n")
        parser.exit()


def _whole_number(bounds: Whole) -> Callable[[str], int]:
    """Return a function that reads whole numbers within bounds."""

    def read(text: str) -> int:
        number = bounds.read(text)
        if number is None:
            raise argparse.ArgumentTypeError(f"{text} is not allowed; {bounds.words}")
        return number

    return read


def _time(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"{text} is not allowed; it must be a number, a recorded time"
        ) from error


def _minutes(text: str) -> float:
    try:
        minutes = float(text)
    except ValueError:
        minutes = -1.0
    if not minutes >= 0.0:
        raise argparse.ArgumentTypeError(f"{text} is not allowed; it must be a number >= 0")
    return minutes


def _setting(text: str) -> tuple[str, str]:
    """Read KEY=VALUE; the value is not yet parsed as YAML."""
    key, equals, value = text.partition("=")
    if not equals or not all(part.isidentifier() or part.isdigit() for part in key.split(".")):
        shown = " ".join(text.split())
        raise argparse.ArgumentTypeError(f"{shown} is not allowed; it must be KEY=VALUE with a dotted KEY")
    return key, value


def _output_in(formats: tuple[str, ...]) -> Callable[[str], str]:
    """Return a function that reads the path of a new file in one of some formats.

    An error is raised before the computation if the file cannot be written.
    """
    endings = " or ".join(f".{name}" for name in formats)

    def read(text: str) -> str:
        if format_of(text) not in formats:
            shown = " ".join(text.split()) or "an empty text"
            raise argparse.ArgumentTypeError(
                f"{shown} is not allowed; give the name of a file that ends in {endings}"
            )
        try:
            check_place(text)
        except RunError as error:
            raise argparse.ArgumentTypeError(str(error)) from error
        return text

    return read

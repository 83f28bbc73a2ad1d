"""CPU time of whole processes, with all processes that they start."""

import os
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
REPEATS = 7


def python(*arguments: str) -> list[str]:
    """Return the command of a process of this Python."""
    return [sys.executable, *arguments]


def cpu_seconds(command: Sequence[str], folder: Path = ROOT, **variables: str) -> float:
    """Return the seconds of CPU time of a process in a folder, with further environment variables.

    Python may save byte code, as it does by default: otherwise each process would compile the package.
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, cwd=folder, env=environment | variables, **quiet)
    _, status, usage = os.wait4(process.pid, 0)  # the time of all children could be that of an earlier one
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return usage.ru_utime + usage.ru_stime


def medians(commands: Mapping[str, Sequence[str]], **variables: str) -> dict[str, float]:
    """Return the median CPU time of each command; they run in turns, after one run of each without timing."""
    times = {name: [] for name in commands}
    for repeat in range(REPEATS + 1):
        for name, command in commands.items():
            seconds = cpu_seconds(command, **variables)
            if repeat > 0:
                times[name].append(seconds)
    return {name: statistics.median(measured) for name, measured in times.items()}

"""Snakemake with its jobs as a group of processes, which can be killed together."""

import os
import signal
import subprocess
import sys

TARGET = "example_final"  # a figure, with the runs and curves that it needs


def started(checkout, *options):
    """Start Snakemake and its jobs as a group of processes of their own."""
    command = [sys.executable, "-m", "snakemake", TARGET, "--cores", "2", *options]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    environment = checkout.environment()
    return subprocess.Popen(command, cwd=checkout.root, env=environment, start_new_session=True, **quiet)


def kill_all(driver):
    """Kill Snakemake and all its jobs at once."""
    os.killpg(driver.pid, signal.SIGKILL)
    driver.wait()

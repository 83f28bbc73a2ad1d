"""The numbers of a run do not depend on what was compiled, loaded or run before, and by how many threads."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kernels.numbers_of_all import NUMBERS

SCRIPT = Path(__file__).with_name("numbers_of_all.py")
THREADS = "NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"
ONE, THREE = ({name: count for name in THREADS} for count in "13")


def started(cache, *names, **variables):
    """Start a process that prints its numbers; without a folder it uses that of all tests."""
    folder = {} if cache is None else {"NUMBA_CACHE_DIR": str(cache)}
    environment = os.environ | folder | variables
    command = [sys.executable, str(SCRIPT), *names]
    return subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE)


def found(process):
    """Return what a process prints."""
    text, _ = process.communicate()
    assert process.returncode == 0
    return json.loads(text)


@pytest.mark.thorough  # to compile all kernels takes more than a minute
@pytest.mark.slow
def test_the_first_run_is_the_second(tmp_path):
    first = found(started(tmp_path, *NUMBERS, **THREE))
    assert first["unused"] == []
    assert first["compiled"] > 0
    second = found(started(tmp_path, *NUMBERS, **ONE))
    backwards = found(started(tmp_path, *reversed(NUMBERS), **THREE))
    assert (second["compiled"], backwards["compiled"]) == (0, 0)
    assert second["digests"] == first["digests"]
    assert backwards["digests"] == first["digests"]


@pytest.mark.thorough
@pytest.mark.slow
def test_numbers_of_all_kernels_do_not_depend_on_order_and_threads():
    forwards, backwards = started(None, **ONE), started(None, *reversed(NUMBERS), **THREE)
    assert found(backwards)["digests"] == found(forwards)["digests"]


@pytest.mark.thorough
@pytest.mark.slow
def test_numbers_do_not_depend_on_what_was_compiled_before(tmp_path):
    """Both engines have arcsines, in functions with different options; each process compiles its kernels."""
    names = "chain, interventions", "ode"
    orders = names[:1], names[1:], names, names[::-1]
    processes = [started(tmp_path / str(i), *order) for i, order in enumerate(orders)]
    alone, other, *together = (found(process)["digests"] for process in processes)
    assert together == [alone | other] * 2


@pytest.mark.thorough
@pytest.mark.slow
def test_processes_that_compile_at_the_same_time_or_keep_nothing_have_the_same_numbers(tmp_path):
    (tmp_path / "file").write_text("")  # where no folder can be made
    folders = tmp_path / "cache", tmp_path / "cache", tmp_path / "file" / "cache"
    processes = [started(folder, "errors", TMPDIR=str(tmp_path)) for folder in folders]
    digests = [found(process)["digests"] for process in processes]
    digests.append(found(started(tmp_path / "cache", "errors"))["digests"])
    assert digests == digests[:1] * 4

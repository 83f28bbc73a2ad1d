"""SIGKILL at random moments: what has its final name is whole, and work goes on to the same bytes."""

import contextlib
import os
import random
import signal
import time

import pytest

from faults.counts import KILLS
from faults.writers import WRITERS

pytestmark = [pytest.mark.faults, pytest.mark.slow]


@pytest.mark.parametrize("name", WRITERS)
def test_writers_killed_at_random_moments(name, tmp_path):
    write, place, reference = WRITERS[name], tmp_path / name, tmp_path / f"reference-{name}"
    start = time.monotonic()
    write(reference)
    seconds, expected = time.monotonic() - start, reference.read_bytes()
    rng = random.Random(name)
    for _ in range(KILLS // len(WRITERS)):
        writer = os.fork()
        if writer == 0:
            with contextlib.suppress(BaseException):
                while True:
                    write(place)
                    place.unlink()
            os._exit(1)
        time.sleep(rng.uniform(0.0, 2.0) * seconds)
        os.kill(writer, signal.SIGKILL)
        assert os.waitstatus_to_exitcode(os.waitpid(writer, 0)[1]) == -signal.SIGKILL
        assert not place.exists() or place.read_bytes() == expected
    write(place)
    assert place.read_bytes() == expected

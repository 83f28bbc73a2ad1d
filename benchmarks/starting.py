"""How long a process needs until the first results are there."""

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator

from timing import Line, within

WARM_STARTS = 7
FIRST_CALL = """
from teacherstudent import parse_spec, simulate
spec = parse_spec({"inputs": {"dimension": 100}, "teachers": {"count": 2, "hidden": 2},
                   "student": {"hidden": 4}, "training": {"learning_rate": 0.5}, "duration": 1.0})
for engine in sys.argv[1:]:
    simulate(spec, engine)
"""


def lines() -> Iterator[Line]:
    """A process that imports the package and runs engines, with nothing and with all compiled before."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "NUMBA_CACHE_DIR": folder}
        cold = first_call(environment, "network", "chain", "ode")
        one, all_three = (
            statistics.median(first_call(environment, *engines) for _ in range(WARM_STARTS))
            for engines in (("ode",), ("network", "chain", "ode"))
        )
    yield within("start with an empty cache, all engines", cold, "s", 60.0, None)
    yield within("warm start, engine ode", one, "s", 1.0, 0.5)
    yield within("warm start, all engines", all_three, "s", None, None)


def first_call(environment: dict[str, str], *engines: str) -> float:
    """Seconds of CPU time of a process that runs each engine once."""
    before = os.times()
    command = [sys.executable, "-c", f"import sys\n{FIRST_CALL}", *engines]
    subprocess.run(command, env=environment, check=True)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system

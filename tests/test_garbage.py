"""Processes of the workflow search for unreachable objects rarely, and end as usual."""

import os
import subprocess
import sys

CODE = """
import atexit, gc
atexit.register(lambda: print("not searched at the end:", gc.get_freeze_count() > 0))
import _logs
print("objects between two searches:", gc.get_threshold()[0])
print("on:", gc.isenabled())
"""


def test_scripts_collect_garbage_rarely_and_not_at_their_end():
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(("src", "workflow/scripts"))}
    found = subprocess.run(
        [sys.executable, "-c", CODE], env=environment, capture_output=True, text=True, check=True
    )
    assert found.stdout.splitlines() == [
        "objects between two searches: 100000",
        "on: True",
        "not searched at the end: True",
    ]

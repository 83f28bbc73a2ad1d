"""Make the code of this checkout importable, and matplotlib independent of the user's settings: here, in the
scripts, and on the nodes of a cluster.

Every process that runs a part of the workflow parses the Snakefile first, so that the environment set here
reaches all scripts.
"""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "workflow" / "scripts"
FOLDERS = [str(ROOT / "src"), str(SCRIPTS), str(SCRIPTS / "figures")]  # animations use helpers of figures

others = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path and path not in FOLDERS]
os.environ["PYTHONPATH"] = os.pathsep.join(FOLDERS + others)
sys.path[:0] = [path for path in FOLDERS if path not in sys.path]

from teacherstudent.command.garbage import collect_rarely  # noqa: E402
from teacherstudent.plotting.environment import isolate  # noqa: E402

collect_rarely()
isolate()

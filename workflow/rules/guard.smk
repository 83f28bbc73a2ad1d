"""A look at all files of the configuration before Snakemake reads them.

Its reader runs code in files that ask for it, lets keys be given twice, takes 0100 for 64, and walks through anchors
without end. What `--configfile` names it has read by now; of a workflow that uses this one as a module, all files.
"""

import sys
from pathlib import Path

try:
    import _bootstrap
except ModuleNotFoundError:
    sys.exit("error: this workflow needs a clone of its repository; name the Snakefile there by its path")

from _config import check_file
from _folders import ROOT, config_folder

from teacherstudent.errors import SpecError

AS_MODULE = Path(workflow.main_snakefile).resolve() != ROOT / "Snakefile"
CONFIG = config_folder("experiments" if AS_MODULE else "config.yaml")
EXPERIMENT_FILES = sorted(str(path) for path in CONFIG.glob("experiments/*.yaml"))

try:
    for path in EXPERIMENT_FILES:
        check_file(path)
    for path in [] if AS_MODULE else [CONFIG / "config.yaml", *workflow.overwrite_configfiles]:
        check_file(path)
except SpecError as error:
    sys.exit(f"error in the configuration: {error}")

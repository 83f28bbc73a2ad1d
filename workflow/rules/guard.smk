"""A check of all files of the configuration before Snakemake reads them.

The reader of Snakemake runs code in files that ask for it, accepts duplicate keys, reads 0100 as 64, and expands
anchors without a limit. Files named by `--configfile`, and those of a workflow that uses this one as a module, have
been read by Snakemake before this check.
"""

import sys
from pathlib import Path

try:
    import _bootstrap
except ModuleNotFoundError:
    sys.exit("error: this workflow needs a clone of its repository; name the Snakefile there by its path")

from _folders import ROOT, config_folder

from teacherstudent.errors import SpecError
from teacherstudent.experiments.configuration import read_file

AS_MODULE = Path(workflow.main_snakefile).resolve() != ROOT / "Snakefile"
CONFIG = config_folder("experiments" if AS_MODULE else "config.yaml")
EXPERIMENT_FILES = sorted(str(path) for path in CONFIG.glob("experiments/*.yaml"))

try:
    for path in EXPERIMENT_FILES:
        read_file(path)
    for path in [] if AS_MODULE else [CONFIG / "config.yaml", *workflow.overwrite_configfiles]:
        read_file(path)
except SpecError as error:
    sys.exit(f"error in the configuration: {error}")

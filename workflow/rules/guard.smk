"""A look at all files of the configuration before Snakemake reads them.

Its reader runs code in files that ask for it, lets keys be given twice, takes 0100 for 64, and walks through anchors
without end. What `--configfile` names it has read by now.
"""

import sys

import _bootstrap
from _config import check_file

from teacherstudent.errors import SpecError

try:
    for path in ["config/config.yaml", *glob("config/experiments/*.yaml"), *workflow.overwrite_configfiles]:
        check_file(path)
except SpecError as error:
    sys.exit(f"error in the configuration: {error}")

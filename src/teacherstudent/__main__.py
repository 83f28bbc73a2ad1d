"""`python -m teacherstudent` is the command `teacherstudent`."""

import sys

from teacherstudent.cli import main

sys.exit(main())

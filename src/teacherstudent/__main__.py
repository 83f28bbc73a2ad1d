"""`python -m teacherstudent` runs the command `teacherstudent`."""

import sys

from teacherstudent.command.main import main

sys.exit(main())

"""Pauses of the right-hand side of `ode`, which can take seconds: where it is, and what is left to do.

Work is counted in units of about a nanosecond: an arcsine along the lanes of erf units.
"""

from teacherstudent.kernels.compile.flags import inlined

DONE, LEFT = 0, 1  # rows of the means that are done, and the work left before a pause
NO_PAUSE = 2**62
CALL = 200  # units of what any call costs
PAIR = 15  # units of an integral over two fields that is not along lanes
ADDS_PER_UNIT = 4  # multiply-adds
UNITS_PER_NUMBER = 10  # of the state: for the integrator


@inlined
def row_done(progress, row, rows, work):
    """Count a row as done, and its work; return whether to pause before the next one.

    After the last row the count is zero, as for a new call.
    """
    progress[LEFT] -= work
    progress[DONE] = (row + 1) % rows
    return progress[LEFT] < 0 and progress[DONE] > 0

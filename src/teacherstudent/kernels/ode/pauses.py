"""Pauses within an evaluation of the right-hand side of `ode`, which can take seconds.

The state of an evaluation is `progress`: the number of completed rows of the means, and the work that is left
before a pause. The unit of work is the time of one arcsine along the lanes of erf units, about a nanosecond.
"""

from teacherstudent.kernels.compile.flags import inlined

DONE, LEFT = 0, 1  # indices in `progress`: completed rows of the means, and work left before a pause
NO_PAUSE = 2**62  # work left if there is to be no pause
CALL = 200  # units of work of any call
PAIR = 15  # units of work of an integral over two fields outside of the lanes
ADDS_PER_UNIT = 4  # multiply-adds per unit of work
UNITS_PER_NUMBER = 10  # units of work of the integrator per number of the state


@inlined
def row_done(progress, row, rows, work):
    """Count a row and its work as done, and decide whether to pause before the next row.

    Parameters
    ----------
    progress : (2,) int64 array
        Completed rows and work left; changed in place. After the last row the number of completed rows is 0,
        as for a new evaluation.
    row, rows : int
        Index of the row, and number of all rows.
    work : int
        Work of the row.

    Returns
    -------
    bool
        True to pause: no work is left, and the row is not the last one.
    """
    progress[LEFT] -= work
    progress[DONE] = (row + 1) % rows
    return progress[LEFT] < 0 and progress[DONE] > 0

"""States within a step of DOP853, of order seven, and events; Hairer et al., sec. II.6 and II.10."""

from teacherstudent.kernels.compile.flags import inlined, rounded
from teacherstudent.kernels.compile.vectors import select
from teacherstudent.kernels.ode.stages import STAGES, add_weighted

EVENT_HALVINGS = 60  # halvings of the step that contains the event


@rounded
def fill_dense(y, step, tableau, work):
    """Compute the coefficients of the interpolant of a step from the derivatives at all stages, sec. II.6.

    Parameters
    ----------
    y : (n,) array
        State at the start of the step.
    step : float
        Size of the step.
    tableau : Tableau
        Coefficients of the method.
    work : Buffers
        With the derivatives at all stages; receives the coefficients.
    """
    for i in range(len(y)):
        change = work.states[STAGES, i] - y[i]
        old, new = step * work.k[0, i], step * work.k[STAGES, i]
        work.dense[0, i] = change
        work.dense[1, i] = old - change
        work.dense[2, i] = 2.0 * change - new - old
        for row in range(3, 7):
            work.dense[row, i] = 0.0
    for row in range(4):
        add_weighted(work.dense[3 + row], step, tableau.D, row, work.k)


@rounded
def interpolate(y, x, dense, out):
    """Write the state at the fraction x of a step, 0 <= x <= 1, to `out`.

    Parameters
    ----------
    y : (n,) array
        State at the start of the step.
    x : float
        Fraction of the step, from 0 to 1.
    dense : (7, n) array
        From `fill_dense`.
    out : (n,) array
        Written.
    """
    for i in range(len(y)):
        value = 0.0
        for row in range(7):
            value = (value + dense[6 - row, i]) * (x if row % 2 == 0 else 1.0 - x)
        out[i] = y[i] + value


@inlined
def locate_event(event, params, y, work):
    """Return the fraction of a step at which the event function becomes negative, by bisection.

    Parameters
    ----------
    event, params : function and NamedTuple
        As in `integrator.integrate`; the event function is positive at the start of the step and negative
        at its end.
    y : (n,) array
        State at the start of the step.
    work : Buffers
        With the interpolant.

    Returns
    -------
    float
    """
    low, high = 0.0, 1.0
    for _ in range(EVENT_HALVINGS):
        middle = 0.5 * (low + high)
        interpolate(y, middle, work.dense, work.states[0])
        fired = event(work.states[0], params) < 0.0
        low, high = select(fired, low, middle), select(fired, middle, high)
    return high

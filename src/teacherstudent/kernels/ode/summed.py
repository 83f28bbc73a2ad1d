"""The equations of `equations` with means by sums over nodes, which are chosen again when the state moves."""

from teacherstudent.kernels.compile.flags import entry, inner
from teacherstudent.kernels.compile.references import reference_to
from teacherstudent.kernels.compile.variants import variant
from teacherstudent.kernels.ode import means
from teacherstudent.kernels.ode.cubature import Cubature, fill_sums, fit_of_nodes, probability_of_error
from teacherstudent.kernels.ode.equations import derivative, record_of
from teacherstudent.kernels.ode.integrator import integrate
from teacherstudent.kernels.ode.models import covariances
from teacherstudent.kernels.ode.pauses import LEFT

WORK_PER_NODE = 10  # in units of `pauses`


@variant(means.fill_means, Cubature)
def _fill_means(law, model, output_variance, flip, means, progress):
    """See `means.fill_means`; noise on the output of a teacher is part of the law."""
    K, grid, lines = len(means.output), law.grid, law.lines
    progress[LEFT] -= WORK_PER_NODE * (grid.weights.size + lines.weights.size * len(lines.x))
    fill_sums(law, model.c, model.C, flip, K, means)
    return True


@variant(means.error_of_task, Cubature)
def _error_of_task(law, model):
    """Return the classification error."""
    return probability_of_error(law, model.c, model.C, model.layout.K)


@inner
def needs_event(y, reference):
    """Event function: negative where nodes are too coarse, or the error is below the threshold.

    Parameters
    ----------
    y : (n,) array
        State.
    reference : reference to Constants
        With the law.

    Returns
    -------
    float
    """
    p = reference[0]
    covariances(p.model, y, False)
    fit = fit_of_nodes(p.law, p.model.c, p.model.C, len(p.rates.moving))
    if p.threshold <= 0.0:
        return fit
    covariances(p.model, y, True)
    return min(fit, means.error_of_task(p.law, p.model) - p.threshold)


@entry
def integrate_sums(p, y, start, end, times, rows, tableau, rtol, atol, restart, max_tries, work):
    """Integrate the equations until the end, a threshold, or until nodes must be chosen again.

    Parameters
    ----------
    p : Constants
        Everything that the right-hand side takes as given.
    y, start, end, times, rows, tableau, rtol, atol, restart, max_tries, work
        As in `integrator.integrate`.

    Returns
    -------
    tuple
        Status, time and number of rows written, as `integrator.integrate` returns them.
    """
    return integrate(
        derivative,
        needs_event,
        record_of,
        reference_to(p),
        y,
        start,
        end,
        times,
        rows,
        tableau,
        rtol,
        atol,
        restart,
        max_tries,
        work,
    )


@entry
def fit_of_state(p, y):
    """Return a number that is negative if the nodes are too coarse for a state.

    Parameters
    ----------
    p : Constants
        With the law.
    y : (n,) array
        State.

    Returns
    -------
    float
    """
    reference = reference_to(p)
    return _fit(y, reference)


@inner
def _fit(y, reference):
    """Return the fit of a state."""
    p = reference[0]
    covariances(p.model, y, False)
    return fit_of_nodes(p.law, p.model.c, p.model.C, len(p.rates.moving))

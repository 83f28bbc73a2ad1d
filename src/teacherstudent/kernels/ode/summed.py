"""The equations of `equations` with means by sums over nodes, which are chosen again when the state moves."""

from teacherstudent.kernels.compile.flags import entry, inner
from teacherstudent.kernels.compile.references import reference_to
from teacherstudent.kernels.compile.variants import variant
from teacherstudent.kernels.ode import means
from teacherstudent.kernels.ode.cubature import (
    Cubature,
    decompose,
    fill_sums,
    fit_of,
    probability_of_error,
)
from teacherstudent.kernels.ode.equations import derivative, record_of
from teacherstudent.kernels.ode.integrator import integrate
from teacherstudent.kernels.ode.models import covariances
from teacherstudent.kernels.ode.pauses import LEFT

WORK_PER_NODE = 10  # in units of `pauses`


@variant(means.fill_means, Cubature)
def _fill_means(law, model, output_variance, flip, means, progress):
    """See `means.fill_means`; noise on the output of a teacher is part of the law."""
    progress[LEFT] -= WORK_PER_NODE * law.count
    fill_sums(law, model.c, model.C, flip, len(means.output), means)
    return True


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
    law = reference_to(p.law)
    _decompose_state(y, reference, law, False)
    fit = min(fit_of(p.law.nodes, law), fit_of(p.law.error, law))
    if p.threshold <= 0.0:
        return fit
    _decompose_state(y, reference, law, True)
    return min(fit, probability_of_error(p.law.error, law) - p.threshold)


@inner
def _decompose_state(y, reference, law, clean):
    """Decompose the fields of a state."""
    p = reference[0]
    covariances(p.model, y, clean)
    decompose(law, p.model.c, p.model.C, len(p.rates.moving))


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

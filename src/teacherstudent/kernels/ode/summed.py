"""The equations of `equations` with means by sums over nodes, which are chosen again when the state moves."""

from teacherstudent.kernels.compile.flags import entry, inner
from teacherstudent.kernels.compile.references import reference_to
from teacherstudent.kernels.compile.variants import declared, variant
from teacherstudent.kernels.ode import means
from teacherstudent.kernels.ode.cubature import fill_sums
from teacherstudent.kernels.ode.cubature_fields import decompose
from teacherstudent.kernels.ode.cubature_law import Cubature, fit_of, probability_of_error
from teacherstudent.kernels.ode.equations import derivative, record_of
from teacherstudent.kernels.ode.field_sums import FieldSums, fit_of_steps
from teacherstudent.kernels.ode.integrator import integrate
from teacherstudent.kernels.ode.models import covariances
from teacherstudent.kernels.ode.pauses import LEFT

WORK_PER_NODE = 10  # in units of `pauses`


@declared
def fit_of_law(law, model):
    """Return a number that is negative where the nodes of a law are too coarse for the state.

    Parameters
    ----------
    law : Cubature or FieldSums
        Law with nodes; its type selects the variant.
    model : NamedTuple
        Covariance model, whose c and C are those of the state.

    Returns
    -------
    float
    """


@variant(means.fill_means, Cubature)
def _fill_means(law, model, output_variance, flip, means, progress):
    """See `means.fill_means`; noise on the output of a teacher is part of the law."""
    progress[LEFT] -= WORK_PER_NODE * law.count
    fill_sums(law, model.c, model.C, flip, len(means.output), means)
    return True


@variant(means.error_of_task, Cubature)
def _error_of_task(law, model):
    """Return the classification error."""
    reference = reference_to(law)
    decompose(reference, model.c, model.C, len(model.C) - law.inverse.shape[1])
    return probability_of_error(law.error, reference)


@variant(fit_of_law, Cubature)
def _fit_of_cubature(law, model):
    """Return the smallest fit of the nodes of means and of the classification error."""
    reference = reference_to(law)
    decompose(reference, model.c, model.C, len(model.C) - law.inverse.shape[1])
    return min(fit_of(law.nodes, reference), fit_of(law.error, reference))


@variant(fit_of_law, FieldSums)
def _fit_of_field_sums(law, model):
    """Return the smallest fit of the steps."""
    return fit_of_steps(law, model.C)


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
    _fill_covariances(y, reference, False)
    fit = fit_of_law(p.law, p.model)
    if p.threshold <= 0.0:
        return fit
    _fill_covariances(y, reference, True)
    return min(fit, means.error_of_task(p.law, p.model) - p.threshold)


@inner
def _fill_covariances(y, reference, clean):
    """Fill the covariances of a state; with them inlined in an event function numba warns of variables."""
    covariances(reference[0].model, y, clean)


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

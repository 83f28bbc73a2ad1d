"""The constants of the equations for eight runs side by side, made from those of one run."""

import numpy as np

from teacherstudent.kernels.compile.vectors import WIDTH
from teacherstudent.kernels.ode.equations import Constants
from teacherstudent.kernels.ode.forms import mapped, wide_law, with_wide_work
from teacherstudent.kernels.ode.interventions import Intervened
from teacherstudent.kernels.ode.means import for_lanes
from teacherstudent.kernels.ode.tasks import Several


def widened(p: Constants | Intervened | Several, constants: np.ndarray) -> Constants | Intervened | Several:
    """Return constants for eight runs whose numbers are views of an array.

    Parameters
    ----------
    p : Constants, Intervened or Several
        Constants of one run.
    constants : (C or more, 8) array
        Has the numbers of eight runs, in the order of `forms.numbers_of_runs`.

    Returns
    -------
    Constants, Intervened or Several
        With new work space; arrays (..., 8) are in place of numbers and of arrays of numbers.
    """
    done = 0

    def view(x):
        nonlocal done
        size = int(np.size(x))
        part = constants[done : done + size].reshape(*np.shape(x), WIDTH)
        done += size
        return part

    law = for_lanes(p.law, *p.means.weights.shape)
    return with_wide_work(mapped(p, view))._replace(law=wide_law(law))

"""The constants of the equations for eight runs side by side, made from those of one run."""

from collections.abc import Callable

import numpy as np

from teacherstudent.kernels.compile.alignment import aligned_zeros
from teacherstudent.kernels.compile.vectors import WIDTH
from teacherstudent.kernels.ode.equations import Constants
from teacherstudent.kernels.ode.erf import lanes_for
from teacherstudent.kernels.ode.interventions import Intervened
from teacherstudent.kernels.ode.isotropic import parts
from teacherstudent.kernels.ode.models import Means
from teacherstudent.kernels.ode.units import ErfUnits


def mapped(p: Constants | Intervened, take: Callable) -> Constants | Intervened:
    """Return constants with take(x) in place of every number or array x that can differ between runs.

    Parameters
    ----------
    p : Constants or Intervened
        Constants of the equations.
    take : callable
        Called with numbers and arrays, always in the same order.

    Returns
    -------
    Constants or Intervened
        All integers, which are equal for runs side by side, and the work space are those of p.
    """
    model = p.model._replace(factor=take(p.model.factor), fixed=take(p.model.fixed))
    if isinstance(p, Intervened):
        names = "numbers", "moving", "pull", "T", "turns", "decay", "decay_h"
        model = model._replace(**{name: take(getattr(model, name)) for name in names})
        return p._replace(threshold=take(p.threshold), model=model)
    names = "moving", "eta", "eta_h", "decay", "decay_h"
    rates = p.rates._replace(**{name: take(getattr(p.rates, name)) for name in names})
    own = {name: take(getattr(p, name)) for name in ("output_variance", "flip", "threshold")}
    return p._replace(rates=rates, model=model._replace(power=take(model.power)), **own)


def numbers_of_runs(p: Constants | Intervened, runs: tuple[int, ...] = ()) -> np.ndarray:
    """Return all numbers that can differ between runs as one array.

    Parameters
    ----------
    p : Constants or Intervened
        Constants of the equations.
    runs : tuple of int
        Leading axes of these numbers.

    Returns
    -------
    (*runs, C) array
    """
    found = []
    mapped(p, lambda x: found.append(np.reshape(x, (*runs, -1))))
    return np.concatenate(found, axis=-1)


def widened(p: Constants | Intervened, constants: np.ndarray) -> Constants | Intervened:
    """Return constants for eight runs whose numbers are views of an array.

    Parameters
    ----------
    p : Constants or Intervened
        Constants of one run.
    constants : (C or more, 8) array
        Has the numbers of eight runs, in the order of `numbers_of_runs`.

    Returns
    -------
    Constants or Intervened
        With new work space; arrays (..., 8) are in place of numbers and of arrays of numbers.
    """
    done = 0

    def view(x):
        nonlocal done
        size = int(np.size(x))
        part = constants[done : done + size].reshape(*np.shape(x), WIDTH)
        done += size
        return part

    wide, model = mapped(p, view), p.model
    (K, D), columns = p.means.weights.shape, model.drift.shape[1]
    values = aligned_zeros((len(model.values), WIDTH))
    c, C, B = (part.transpose(*range(1, part.ndim), 0) for part in parts(values.T, K, D - K, columns - K))
    work = wide.model._replace(c=c, C=C, B=B, drift=_wide(model.drift), values=values)
    law = lanes_for(K, D, padded=False)
    arrays = (_wide(x) if x.dtype == np.float64 else x for x in law)
    return wide._replace(law=ErfUnits(type(law)(*arrays)), model=work, means=Means(*map(_wide, p.means)))


def _wide(x: np.ndarray) -> np.ndarray:
    """Return zeros for eight runs in the shape of an array of one run."""
    return aligned_zeros((*x.shape, WIDTH))

"""Fixed points of the equations for structured inputs."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import root

from teacherstudent.analysis.fixed_points import is_realisable
from teacherstudent.engines.ode.formulation import Origin
from teacherstudent.engines.ode.formulations import formulation_of
from teacherstudent.engines.ode.structured import Structured
from teacherstudent.engines.phases import Phase
from teacherstudent.engines.rates import stages
from teacherstudent.errors import RunError, SpecError, refuse
from teacherstudent.kernels.ode.equations import rate_of_change
from teacherstudent.kernels.ode.groups import unpack_groups
from teacherstudent.networks.linear_algebra import one_thread
from teacherstudent.networks.sampling import OrderParameters
from teacherstudent.simulation.runs import simulate
from teacherstudent.spec.parse import SpecLike, as_spec

PRECISION = 1e-10  # rates below this fraction of the largest entry of the Jacobian count as zero
STEP = 6e-6  # of central differences, the cube root of the rounding error


@dataclass(frozen=True)
class AsymptoticState:
    """The fixed point that a run approaches, with time t = steps / N.

    Parameters
    ----------
    generalisation_error : (P,) array
        Errors against all teachers.
    student_overlaps : (K, K) array
        Covariances Q of the student's fields.
    student_teacher_overlaps : (K, P M) array
        Covariances R of the fields of student and teachers.
    student_readouts : (H, K) array
        Readouts h.
    converged : bool
        Whether the residual is small enough for a fixed point.
    realisable : bool
        Whether weights with these overlaps exist.
    residual : float
        The largest rate of change, in units of the largest entry of the Jacobian.
    growth_rate : float
        Largest real part of the eigenvalues of the Jacobian, in units of 1 / t: negative for a stable fixed
        point, and 0 up to rounding where fixed points form a continuous manifold.
    """

    generalisation_error: np.ndarray
    student_overlaps: np.ndarray
    student_teacher_overlaps: np.ndarray
    student_readouts: np.ndarray
    converged: bool
    realisable: bool
    residual: float
    growth_rate: float


@one_thread()
def asymptotic_state(spec: SpecLike, teacher: int = 0, seed: int = 0, run: int = 0) -> AsymptoticState:
    """Find the fixed point next to the end of a run with structured inputs, while one teacher is active.

    The run is integrated by engine `ode` until its duration; from there the fixed point is found by the
    method of Levenberg and Marquardt (`scipy.optimize.root`). It can take the place of a much longer run,
    whose last approach is slow. Check `converged` and `realisable`: with a start far from any fixed point the
    search can end elsewhere.

    Parameters
    ----------
    spec : Spec or mapping or path
        The run, with inputs whose covariances commute.
    teacher : int
        The active teacher, from 0 to P - 1.
    seed, run : int
        Seed and number of the run.

    Returns
    -------
    AsymptoticState

    Raises
    ------
    SpecError
        Where the inputs have no groups of modes.
    RunError
        Where the run diverges.
    """
    spec = as_spec(spec)
    if not spec.inputs.is_structured or formulation_of(spec) is not Structured:
        refuse(
            "inputs.distribution", spec.inputs.distribution, "it must have groups of modes; see fixed_point"
        )
    if not 0 <= teacher < spec.teachers.count:
        raise SpecError(f"teacher: {teacher} is not one of 0 to {spec.teachers.count - 1}")
    recorded = replace(spec, record=replace(spec.record, state=True))
    end = simulate(recorded, "ode", seed, run)
    if end.diverged_at is not None:
        raise RunError(f"the run diverges at time {end.diverged_at:g}: it has no asymptotic state")
    form = Structured.from_state(Origin(spec, seed, run), end.state)
    phase = Phase(teacher, end=np.inf, threshold=0.0)
    constants = form.constants(stages(spec, phase, [teacher], 0.0, 0.0)[0], phase)
    y, entries = form.y.copy(), _entries(form, teacher)

    def rates(x: np.ndarray) -> np.ndarray:
        y[entries] = x
        return rate_of_change(constants, y)[entries]

    found = root(rates, y[entries], method="lm", options={"xtol": 1e-15, "ftol": 1e-15, "maxiter": 100_000})
    jacobian = _jacobian(rates, found.x)
    residual = float(np.abs(rates(found.x)).max() / np.abs(jacobian).max())
    return _described(form, y, residual, float(np.linalg.eigvals(jacobian).real.max()))


def _entries(form: Structured, teacher: int) -> np.ndarray:
    """Return the indices of the trained entries: all but the readouts of other heads, or of all."""
    spec, H = form.spec, form.readouts.shape[0]
    trained = np.ones(len(form.y), bool)
    heads = trained[len(form.y) - form.readouts.size :].reshape(H, -1)
    heads[...] = False
    heads[spec.head_of(teacher)] = "readouts" in spec.training.train
    if "features" not in spec.training.train:
        trained[: len(form.y) - form.readouts.size] = False
    return np.flatnonzero(trained)


def _jacobian(rates, x: np.ndarray) -> np.ndarray:
    """Return the derivatives of the rates by central differences."""
    columns = []
    for index, value in enumerate(x):
        step, ahead, behind = STEP * max(abs(value), STEP), x.copy(), x.copy()
        ahead[index], behind[index] = value + step, value - step
        columns.append((rates(ahead) - rates(behind)) / (2.0 * step))
    rates(x)
    return np.array(columns).T


def _described(form: Structured, y: np.ndarray, residual: float, growth_rate: float) -> AsymptoticState:
    """Return a state of the equations as order parameters."""
    K, F, modes = form.spec.student.hidden, len(form.T), form.modes
    q, r, h = unpack_groups(y, K, F, len(modes.nu))
    of_laws, R = [q @ omega for omega in modes.omega], r.sum(axis=2)
    parts = of_laws[0], R, h, *of_laws, q.sum(axis=2)
    record = np.concatenate([part.ravel() for part in parts])
    state = OrderParameters(of_laws[0], R, form.T, h.copy(), form.v)
    return AsymptoticState(
        generalisation_error=form.errors(record[None])["generalisation_error"][0],
        student_overlaps=state.Q,
        student_teacher_overlaps=state.R,
        student_readouts=state.h,
        converged=residual <= PRECISION,
        realisable=is_realisable(state),
        residual=residual,
        growth_rate=growth_rate,
    )

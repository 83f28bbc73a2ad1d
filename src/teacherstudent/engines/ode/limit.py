"""Groups of modes of hidden manifolds in the limit of infinitely many inputs N and latent numbers D.

At a fixed ratio delta = D / N the eigenvalues rho of F^T F / N have the Marchenko-Pastur law. Every node of
its Gauss rule (`nodes`) is a group of modes. With orthogonal projections rho = 1, and there is one node.
"""

import numpy as np

from teacherstudent.engines.ode.modes import ROUNDING, Start, check_labels
from teacherstudent.engines.ode.nodes import delta_of, gauss_nodes, number_of_nodes
from teacherstudent.errors import RunError
from teacherstudent.inputs.structured.foldings import coefficients
from teacherstudent.inputs.structured.setting import setting_of
from teacherstudent.kernels.ode.groups import ModeGroups
from teacherstudent.networks.sampling import OrderParameters, initial_order_parameters
from teacherstudent.spec.model import Spec


def groups_in_limit(spec: Spec, T: np.ndarray) -> ModeGroups:
    """Return the groups of modes of a hidden manifold in the limit.

    Parameters
    ----------
    spec : Spec
        Spec with `numerics.latents: infinite`; all tasks have one law of the inputs.
    T : (F, F) array
        Covariances of the fields of all teachers.

    Returns
    -------
    ModeGroups
    """
    manifold, delta, count = spec.inputs.manifold, delta_of(spec), number_of_nodes(spec)
    b, c = (float(value) for value in coefficients(manifold.folding, 1.0))
    if manifold.projection == "orthogonal":
        rho, nu = np.ones(1), np.full(1, delta)
    elif delta <= 1.0:
        rho, weights = gauss_nodes(delta, count)
        nu = delta * weights
    else:  # F F^T / D, of N dimensions, has the law with 1 / delta; F^T F / N has delta times its eigenvalues
        rho, nu = gauss_nodes(1.0 / delta, count)
        rho = delta * rho
    omega = (c - b * b) + b * b * rho / delta
    if delta < 1.0:  # directions in which inputs do not depend on the latent numbers
        omega, rho, nu = np.append(omega, c - b * b), np.append(rho, 0.0), np.append(nu, 1.0 - delta)
    if manifold.labels_from == "inputs":
        share = omega**2 * nu / (omega @ nu)
    else:
        share = (b / delta) ** 2 * rho * nu
    return ModeGroups(omega[None], nu, T[:, :, None] * share, T)


def start_in_limit(spec: Spec, seed: int, run: int) -> tuple[Start, OrderParameters]:
    """Return the groups of modes in the limit, the start of a run, and its order parameters.

    Weights are w = sum_a alpha_a g_a + an isotropic remainder, with alpha and the remainder from Q and R.

    Parameters
    ----------
    spec : Spec
        Spec with `numerics.latents: infinite`.
    seed, run : int
        Seed of all random numbers, and number of the run.

    Returns
    -------
    start : Start
    parameters : OrderParameters
        Given overlaps, or those of the networks of a run with N inputs.

    Raises
    ------
    RunError
        If no weights have these overlaps.
    """
    given = _order_parameters(spec, seed, run)
    modes = groups_in_limit(spec, given.T)
    check_labels(modes)
    omega, (nu, t) = modes.omega[0], modes[1:3]
    alpha = given.R @ np.linalg.pinv(t.sum(axis=2), hermitian=True)
    along = np.einsum("ka,abg,lb->klg", alpha, t, alpha)
    rest = (given.Q - along @ omega) / (omega @ nu)
    smallest = float(np.linalg.eigvalsh(rest).min())
    if smallest < -ROUNDING * np.abs(given.Q).max():
        key = "numerics.latents" if spec.initial_overlaps is None else "initial_overlaps"
        raise RunError(
            f"{key}: no weights have the overlaps of the start with infinitely many inputs (smallest "
            f"eigenvalue {smallest:.3g} < 0); use smaller overlaps with the teachers, or larger ones of the "
            "student"
        )
    q = along + rest[:, :, None] * nu
    return Start(modes, 0.5 * (q + q.swapaxes(0, 1)), np.einsum("ka,abg->kbg", alpha, t)), given


def _order_parameters(spec: Spec, seed: int, run: int) -> OrderParameters:
    """Return the given order parameters, or those of the networks of a run with N inputs."""
    if spec.initial_overlaps is not None:
        return initial_order_parameters(spec, seed, run)
    setting = setting_of(spec, seed, run)
    overlaps = [law.overlaps(setting.networks.W) for law in setting.laws]
    R = np.concatenate([each for _, each in overlaps], axis=1)
    return OrderParameters(overlaps[0][0], R, setting.T, setting.networks.h, setting.networks.v)

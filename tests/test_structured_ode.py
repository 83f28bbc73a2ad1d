"""Engine `ode` with structured inputs: groups of modes."""

import numpy as np
import pytest

from naive import mode_groups as naive
from structured_references import (
    CASES,
    Start,
    constants,
    integrated,
    load,
    recorded,
    start_of,
)
from teacherstudent.kernels.ode import tasks
from teacherstudent.kernels.ode.equations import constants_of, rate_of_change
from teacherstudent.kernels.ode.groups import (
    ModeGroups,
    pack_groups,
    unpack_groups,
)
from teacherstudent.kernels.ode.isotropic import isotropic
from teacherstudent.kernels.ode.state import pack

# The right-hand side


def drawn(seed, K=2, M=2, P=2, G=3, L=1, H=2, N=40):
    """Return groups of modes with several directions each, from random weights and loadings."""
    rng = np.random.default_rng(seed)
    draw, F, size = rng.normal, P * M, N // G
    w, g = 0.5 * draw(size=(K, G, size)), 0.3 * draw(size=(F, G, size))
    omega = rng.uniform(0.3, 1.5, size=(L, G))
    q, r, t = (np.einsum("kgn,lgn->klg", a, b) / (G * size) for a, b in ((w, w), (w, g), (g, g)))
    T = (t / omega.min(axis=0)).sum(axis=2) + 0.1 * np.eye(F)
    h, v = draw(size=(H, K)), draw(size=(P, M))
    return Start(ModeGroups(omega, np.full(G, 1.0 / G), t, T), q, r, h, v)


ALL_TERMS = {
    "eta": 0.7,
    "eta_h": 0.4,
    "decay": 0.1,
    "decay_h": 0.2,
    "batch": 3,
    "label_noise": (0.3,),
    "input_noise": (0.5,),
    "moving": np.array([1.0, 0.0]),
}


def rates_at(start, task, **settings):
    """Return dq, dr and dh of the library."""
    y = pack_groups(start.q, start.r, start.h)
    dy = rate_of_change(constants(start, task, **settings), y)
    return unpack_groups(dy, start.h.shape[1], start.v.size, start.modes.nu.size)


@pytest.mark.parametrize("task", [0, 1])
@pytest.mark.parametrize("settings", [{"eta": 0.5, "eta_h": 0.5}, ALL_TERMS])
def test_the_right_hand_side_agrees_with_quadrature(task, settings):
    """Group by group, with means over the fields by Gauss-Hermite quadrature and without Stein's lemma."""
    start = drawn(3 + task, L=2)
    numbers = {"decay": 0.0, "decay_h": 0.0, "batch": 1, "moving": np.ones(2)} | settings
    numbers["noise"], numbers["label_noise"] = (
        settings.get(key, (0.0,))[0] for key in ("input_noise", "label_noise")
    )
    own = slice(2 * task, 2 * task + 2)
    modes = start.modes
    expected = naive.rate_of_change(
        modes.omega[task],
        modes.nu,
        modes.t,
        modes.T[own, own],
        start.q,
        start.r,
        start.h,
        start.v[task],
        own,
        task,
        numbers,
    )
    for found, value in zip(rates_at(start, task, **settings), expected, strict=True):
        assert np.abs(value).max() > 0.01
        np.testing.assert_allclose(found, value, rtol=0, atol=2e-7 * max(1.0, np.abs(value).max()))


@pytest.mark.parametrize("settings", [{"eta": 0.5, "eta_h": 0.5}, ALL_TERMS])
def test_one_group_has_the_equations_of_independent_inputs(settings):
    start = drawn(5, G=1)
    start = start._replace(modes=start.modes._replace(omega=np.ones((1, 1)), T=start.modes.t[:, :, 0]))
    dq, dr, dh = rates_at(start, 1, **settings)
    before = constants(start, 1, **settings)
    model = isotropic(
        2, 2, start.modes.T, start.v[1], 2, 1, 1.0 + settings.get("input_noise", (0.0,))[0] ** 2
    )
    same = constants_of(before.law, before.output_variance, 0.0, 0.0, before.rates, model)
    expected = rate_of_change(same, pack(start.q[:, :, 0], start.r[:, :, 0], start.h))
    found = pack(dq[:, :, 0], dr[:, :, 0], dh)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-15 * np.abs(expected).max())


def test_a_group_that_is_divided_changes_nothing():
    """Directions of equal eigenvalues in two groups, in unequal parts."""
    whole, rng = drawn(7), np.random.default_rng(1)
    parts = []
    for x in (whole.q, whole.r, whole.modes.t):
        share = rng.uniform(size=x.shape[:2])
        share = 0.5 * (share + share.T) if x.shape[0] == x.shape[1] else share
        parts.append(np.dstack([x[:, :, 0] * share, x[:, :, 0] * (1.0 - share), x[:, :, 1:]]))
    modes = ModeGroups(
        np.insert(whole.modes.omega, 0, whole.modes.omega[:, 0], axis=1),
        np.concatenate([whole.modes.nu[0] * np.array([0.2, 0.8]), whole.modes.nu[1:]]),
        parts[2],
        whole.modes.T,
    )
    divided = whole._replace(modes=modes, q=parts[0], r=parts[1])
    for one, two in zip(rates_at(whole, 0, **ALL_TERMS), rates_at(divided, 0, **ALL_TERMS), strict=True):
        if one.ndim == 3:
            two = np.dstack([two[:, :, :1] + two[:, :, 1:2], two[:, :, 2:]])
        np.testing.assert_allclose(two, one, rtol=0, atol=1e-14 * np.abs(one).max())


def test_several_tasks_have_the_weighted_sum():
    start, shares = drawn(9, L=2), [0.3, 0.7]
    y = pack_groups(start.q, start.r, start.h)
    each = [constants(start, task, **ALL_TERMS | {"eta": 0.2 + task}) for task in (0, 1)]
    rates = [one.rates for one in each]
    lessons = tasks.Lessons(
        probability=np.array(shares),
        task=np.array([0, 1]),
        head=np.array([0, 1]),
        eta=np.array([rate.eta for rate in rates]),
        eta_h=np.array([rate.eta_h for rate in rates]),
        noise=np.full(2, 0.25),
        output_variance=np.array([one.output_variance for one in each]),
        flip=np.zeros(2),
        v=start.v,
        moving=np.array([rate.moving for rate in rates]),
        decay=rates[0].decay,
        decay_h=rates[0].decay_h,
        batch=rates[0].batch,
    )
    expected = sum(share * rate_of_change(one, y) for share, one in zip(shares, each, strict=True))
    both = tasks.several(each[0].law, 0.0, each[1].model, lessons, len(y))
    found = tasks.rate_of_change(both, y)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-14 * np.abs(expected).max())


def test_records_are_sums_over_groups():
    start = drawn(11, L=2)
    found, omega = recorded(start, pack_groups(start.q, start.r, start.h), **ALL_TERMS), start.modes.omega
    np.testing.assert_allclose(found.Q[0], [start.q @ omega[0], start.q @ omega[1]], atol=1e-14)
    np.testing.assert_allclose(np.hstack(found.R[0]), start.r.sum(axis=2), atol=1e-14)
    np.testing.assert_allclose(found.W[0], start.q.sum(axis=2), atol=1e-14)
    np.testing.assert_array_equal(found.readouts[0], start.h)


# References


@pytest.mark.parametrize("case", CASES)
def test_reference_trajectories(case):
    """By a separate program, DOP853 with a relative tolerance of 1e-11."""
    data = load(case)
    found = integrated(start_of(data), data["times"], **CASES[case])
    for name in ("Q", "R", "W", "readouts", "eps"):
        np.testing.assert_allclose(getattr(found, name), data[name], rtol=0, atol=1e-8, err_msg=name)


# Published simulations and Euler integrations of hidden manifolds with sign folding, N = 1000, D = 250.
PUBLISHED = {"published_first_layer": 0.0, "published_both_layers": 0.2}


def published(case, self_averaged):
    """Return the start of a case, with teachers mode by mode or with their average in every mode."""
    data, b2, delta = load(case), 2.0 / np.pi, 0.25
    w, g, rho = data["w"], data["g"], data["rho"]
    q, r, t = (a[:, None] * b[None] / 1000.0 for a, b in ((w, w), (w, g), (g, g)))
    if self_averaged:
        t = data["T_self"][:, :, None] * (b2 / delta**2 * rho / 1000.0)
    rest = data["W"] - q.sum(axis=2)
    omega = np.append((1.0 - b2) + b2 * rho / delta, 1.0 - b2)[None]
    nu = np.append(np.full(250, 0.001), 0.75)
    pad = [(0, 0), (0, 0), (0, 1)]
    modes = ModeGroups(omega, nu, np.pad(t, pad), data["T"])
    return data, Start(modes, np.dstack([q, rest]), np.pad(r, pad), data["h"], data["v"])


@pytest.mark.parametrize(("case", "eta_h"), PUBLISHED.items())
def test_published_euler_integrations(case, eta_h):
    """They have the average of the teachers' overlaps in every mode, and steps of 0.01."""
    data, start = published(case, self_averaged=True)
    equations = constants(start, 0, eta=0.2, eta_h=eta_h)
    y, found = pack_groups(start.q, start.r, start.h), []
    steps = np.rint(data["ode"][:, 0] / 0.01).astype(int)
    for step in range(steps[-1] + 1):
        if step in steps:
            found.append(recorded(start, y, eta=0.2, eta_h=eta_h).eps[0, 0])
        y = y + 0.01 * rate_of_change(equations, y)
    np.testing.assert_allclose(found, data["ode"][:, 1], rtol=0, atol=4e-5)


@pytest.mark.parametrize(("case", "eta_h"), PUBLISHED.items())
def test_published_simulations(case, eta_h):
    """Their last error agrees with overlaps of the teachers mode by mode, and not with the average."""
    errors = []
    for self_averaged in (False, True):
        data, start = published(case, self_averaged)
        times = data["sim"][:, 0]
        errors.append(integrated(start, times, rtol=1e-7, eta=0.2, eta_h=eta_h).eps[-1, 0])
    simulated = data["sim"][-1, 1]
    assert abs(errors[0] / simulated - 1.0) < 0.015
    assert abs(errors[1] / simulated - 1.0) > 0.03

"""Plateau, specialisation and learning rates: what figures show, and what claims read."""

import numpy as np
import pytest
import saadsolla1995_dynamics as dynamics
import saadsolla1995_learning_rate as rates
from _saadsolla1995 import errors, flattest

from lee2021_samples import by_words, data
from teacherstudent.analysis import error_decay_rate, plateau, plateau_error
from teacherstudent.store.curves import Curves

RATE, NOISE = "training.learning_rate", "teachers.output_noise"


def curves(time, error, R=None, Q=None, axes=None, engine="ode", rate=0.1):
    """Curves of one run per point from errors (axes..., time), R (axes..., time, K, M) and Q (..., K, K)."""
    axes = {key: np.asarray(values) for key, values in (axes or {}).items()}
    at, error = len(axes), np.asarray(error, dtype=float)
    quantities = {"generalisation_error": np.expand_dims(error, (at, -1))}
    if R is not None:
        quantities["student_teacher_overlaps"] = np.expand_dims(R, (at, at + 2))
    if Q is not None:
        quantities["student_overlaps"] = np.expand_dims(Q, at)
    shape = (*error.shape[:-1], 1)
    units = np.eye(3).tolist()
    document = {
        "inputs": {"dimension": 100},
        "training": {"learning_rate": rate},
        "initial_overlaps": {
            "student": units,
            "student_teacher": [np.zeros((3, 3)).tolist()],
            "teacher": [[units]],
            "student_readouts": [[1.0] * 3],
            "teacher_readouts": [[1.0] * 3],
        },
    }
    return Curves(
        engine=engine,
        axes=axes,
        runs=1,
        seed=0,
        time=np.asarray(time, dtype=float),
        quantities=quantities,
        diverged=np.zeros(shape, dtype=bool),
        switch_times=np.zeros((*shape, 0)),
        document=document,
    )


def specialised(time, when, sizes=(1.0, 1.0, 1.0)):
    """R of three units, equal until unit m finds its own at once at when[m]."""
    R = np.full((len(time), 3, 3), 0.2)
    for m, (start, size) in enumerate(zip(when, sizes, strict=True)):
        R[time >= start, :, m] = 0.0
        R[time >= start, m, m] = size
    return R


def made_dynamics(when=(300.0, 200.0, 100.0), smallest=0.0, noisy=0.0, factor=1.0, level=1.0):
    """All five experiments; the plateau of the first is that of the fixed point times `level`."""
    time = np.linspace(0.0, 400.0, 401)
    height = level * plateau(3, 3, 0.1).generalisation_error[0]
    isotropic = np.where(time < 100, height, height * np.exp(-(time - 100.0) / 10.0))
    R = specialised(time, (100.0,) * 3)
    Q = R @ np.swapaxes(R, -1, -2)
    graded = curves(time, isotropic, specialised(time, when, (1.0, 2.0, 3.0)), Q)
    over = curves(
        time, np.exp(-time / 10), R[..., :2], np.broadcast_to(np.diag([1.0, smallest, 1.0]), Q.shape)
    )
    under = np.full(len(time), 0.019)
    eta, sigma = np.array([0.01, 0.02, 0.04]), np.array([0.0, 0.1, 0.3])
    floor = 0.0166 * (1.0 + noisy * sigma[:, None]) + (0.01 + sigma[:, None] ** 2) * eta + eta**2
    floor = np.repeat(floor[..., None], len(time), axis=-1)
    small = dynamics.overlaps(over)[:, :2, :2]
    return {
        dynamics.ISOTROPIC: {"ode": curves(time, isotropic, R, Q)},
        dynamics.GRADED: {"ode": graded},
        dynamics.OVER: {"ode": over, "chain": over},
        dynamics.UNDER: {
            "ode": curves(time, under, R[:, :2], small),
            "chain": curves(time, factor * under, R[:, :2], small),
        },
        dynamics.FLOOR: {"ode": curves(time, floor, axes={NOISE: sigma, RATE: eta})},
    }


def test_dynamics_shows_all_overlaps():
    made = made_dynamics()
    axes = dynamics.figure(made).axes
    shown = data(axes[0], "theory")
    assert len(shown) == 9
    np.testing.assert_array_equal(shown["R 23"][1], specialised(np.arange(401.0), (100.0,) * 3)[:, 1, 2])
    assert set(data(axes[1], "theory")) == {"Q 11", "Q 12", "Q 22", "Q 13", "Q 23", "Q 33"}
    np.testing.assert_array_equal(
        data(axes[2], "theory")["error"][1], errors(made[dynamics.ISOTROPIC]["ode"])
    )
    assert data(axes[2], "theory")[r"plateau, $\eta \to 0$"][1] == pytest.approx([plateau_error(3, 3)] * 2)
    assert [len(data(ax, "simulation")) for ax in axes] == [0, 0, 0, 0, 3, 2]
    assert [ax.get_yscale() for ax in axes] == ["linear"] * 5 + ["log"]


def test_dynamics_shows_who_leads():
    ax = dynamics.figure(made_dynamics()).axes[3]
    for m, when in ((1, 300.0), (2, 200.0), (3, 100.0)):
        time, lead = data(ax, "theory")[f"m = {m}"]
        np.testing.assert_allclose(lead, time >= when)


def test_dynamics_claims_read_the_numbers():
    found = dynamics.claims(made_dynamics())
    assert [claim.statement for claim in found if not claim.holds] == []
    assert by_words(found, "specialisation to teacher unit 3").value == pytest.approx(100.0)
    assert by_words(found, "flattest").value == pytest.approx(1.0)
    assert by_words(found, "finite and below").value == pytest.approx(0.0166)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"when": (200.0, 300.0, 100.0)}, "specialisation to teacher unit 2"),
        ({"when": (300.0, 200.0, np.inf)}, "specialisation to teacher unit 3"),
        ({"smallest": 0.01}, "smallest length"),
        ({"noisy": 0.01}, "label noise"),
        ({"factor": 1.2}, "error of the samples"),
        ({"level": 1.02}, "flattest"),
    ],
)
def test_dynamics_claims_can_fail(change, words):
    found = dynamics.claims(made_dynamics(**change))
    assert [claim.statement for claim in found if not claim.holds] == [by_words(found, words).statement]


def test_units_that_share_a_teacher_unit_are_no_permutation():
    assert dynamics.distance_from_permutation(np.eye(3)[[0, 2, 1]] + 0.01) == pytest.approx(0.01)
    assert dynamics.distance_from_permutation(np.eye(3)[[0, 0, 1]]) == 1.0


def test_flattest_looks_before_the_error_is_learnt():
    time = np.linspace(0.0, 10.0, 101)
    log = np.interp(time, [0.0, 2.0, 4.0, 6.0, 10.0], [-1.0, -1.6, -1.61, -4.0, -4.0])
    assert 2.0 < time[flattest(time, 10.0**log)] < 4.0


def made_rates(slower=1.0, taller=1.0, inside=0.8):
    """Runs that do as theory says; `slower` and `taller` are factors to decay and height."""
    eta, time = np.linspace(0.1, 0.5, 5), np.linspace(0.0, 4000.0, 4001)
    fixed = [plateau(3, 3, value) for value in eta]
    heights = taller * np.array([point.generalisation_error for point in fixed])
    apart = np.minimum(1e-6 * np.exp(np.array([point.growth_rate for point in fixed])[:, None] * time), 0.5)
    R = 0.3 + apart[..., None, None] * np.diag([1.0, 0.0, 0.0])
    first = np.array([0.005, 0.01])
    small = [[taller * plateau(3, 3, value).generalisation_error[0]] * len(time) for value in first]
    grid = np.linspace(0.2, 1.6, 8)
    length = 200.0 + 800.0 * np.abs(grid - inside)[:, None]
    return {
        rates.PLATEAU: {"ode": curves(time, small, axes={RATE: first})},
        rates.ALIKE: {"ode": curves(time, heights * step(time, 500.0), R, axes={RATE: eta})},
        rates.LENGTH: {"ode": curves(time, 0.03 * step(time, length), axes={RATE: grid})},
        **{name: {"ode": made_decay(units, slower)} for units, name in rates.DECAY.items()},
    }


def step(time, length):
    """Errors in units of the plateau: ten times it until 1, then the plateau, almost nothing after it."""
    return np.where(time < 1.0, 10.0, np.where(time < 1.0 + length, 1.0, 1e-6))


def made_decay(units, slower):
    """Exponential decay at the Jacobian's rates, up to 0.98 of the critical learning rate."""
    eta = np.linspace(0.5, 0.98, 9) * rates.CRITICAL[units]
    decay = slower * np.array([error_decay_rate(units, units, value) for value in eta])
    time = np.linspace(0.0, 2000.0, 2001)
    return curves(time, 1e-3 * np.exp(-decay[:, None] * time), axes={RATE: eta})


def test_learning_rate_shows_runs_and_jacobian():
    made = made_rates()
    axes = rates.figure(made).axes
    heights = data(axes[0], "theory")
    np.testing.assert_allclose(heights["runs"][1], errors(made[rates.PLATEAU]["ode"])[:, -1])
    lengths = data(axes[1], "theory")["independent units"]
    np.testing.assert_allclose(lengths[1], 200.0 + 800.0 * np.abs(lengths[0] - 0.8), atol=1.0)
    assert data(axes[1], "theory")["shortest"][0] == pytest.approx([0.8])
    decays = data(axes[2], "theory")
    assert {f"{name} = {units}" for name in ("K", "runs, K", "optimum, K") for units in (1, 2, 3)} <= set(
        decays
    )
    eta, shown = decays["runs, K = 2"]
    np.testing.assert_allclose(shown, [error_decay_rate(2, 2, value) for value in eta], rtol=1e-6)
    assert [ax.get_yscale() for ax in axes] == ["linear", "log", "log"]


def test_learning_rate_claims_read_the_numbers():
    found = rates.claims(made_rates())
    assert [claim.statement for claim in found if not claim.holds] == []
    assert by_words(found, "shortest plateau divided").value == pytest.approx(0.8 / 1.6206745)
    assert by_words(found, "K = M = 2: critical learning rate of the formula").value == pytest.approx(
        2.32375 / 2.30683, abs=1e-5
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"slower": 0.9}, "K = M = 3: rate of decay of the error"),
        ({"taller": 1.01}, "extrapolated to vanishing"),
        ({"inside": 1.6}, "intermediate rate"),
    ],
)
def test_learning_rate_claims_can_fail(change, words):
    assert not by_words(rates.claims(made_rates(**change)), words).holds

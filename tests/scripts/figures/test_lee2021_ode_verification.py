"""The figure of equations and simulation shows both, and its claims read known order parameters right."""

import lee2021_ode_verification as script
import numpy as np
import pytest

from lee2021_samples import by_words, curves, data

FINE, COARSE = np.linspace(0.0, 100.0, 401), np.linspace(0.0, 100.0, 101)


def order_parameters(time):
    """The published state of the switch up to it, that of the end after it, both growing with time."""
    late = time > script.SWITCH
    state = np.where(late[:, None], script.STATES[100], script.STATES[50]) * (
        time[:, None] / np.where(late, 100, 50)[:, None]
    )
    Q11, Q12, Q22, R1, R2, h1, h2 = state.T
    Q = np.stack([np.stack([Q11, Q12], -1), np.stack([Q12, Q22], -1)], -1)[None]
    R = np.repeat(np.stack([R1, R2], -1)[:, None, :, None], 2, axis=1)[None]
    active = np.stack([h1, h2], -1)
    first = np.where(late[:, None], script.STATES[50][5:], active)
    second = np.where(late[:, None], active, 0.0)
    return {
        "student_overlaps": Q,
        "student_teacher_overlaps": R,
        "student_readouts": np.stack([first, second], 1)[None],
    }


def errors(time):
    """log10 of errors that go straight from one published number to the next."""
    return [np.interp(time, list(targets), list(targets.values()))[None] for targets in script.ERRORS]


def made(shift=0.0, gap=0.0, dimension=10000):
    theory = {
        name: array + shift * (FINE > 0).reshape(1, -1, *[1] * (array.ndim - 2))
        for name, array in order_parameters(FINE).items()
    }
    simulation = {name: array + gap for name, array in order_parameters(COARSE).items()}
    engines = {
        "ode": curves(FINE, *errors(FINE), **theory),
        "network": curves(COARSE, *errors(COARSE), engine="network", dimension=dimension, **simulation),
    }
    return {script.FIGURE: engines}


def test_panels_show_all_that_is_given():
    engines = made(gap=0.01)[script.FIGURE]
    fig = script.figure({script.FIGURE: engines})
    wanted = ("$\\epsilon_1$", 0), ("$Q_{12}$", 1), ("$R_2$", 2), ("$U_1$", 3), ("$h^2_1$", 4)
    for series, panel in wanted:
        lines, points = data(fig.axes[panel], "theory"), data(fig.axes[panel], "simulation")
        assert list(lines) == list(points)
        np.testing.assert_array_equal(lines[series][0], FINE)
        np.testing.assert_array_equal(points[series][0], COARSE[::4])
    Q, R, h = (engines["ode"].quantities[name][0] for name in script.PARAMETERS)
    np.testing.assert_array_equal(data(fig.axes[1], "theory")["$Q_{12}$"][1], Q[:, 0, 1])
    np.testing.assert_array_equal(data(fig.axes[2], "theory")["$R_2$"][1], R[:, 0, 1, 0])
    np.testing.assert_array_equal(data(fig.axes[3], "theory")["$U_1$"][1], R[:, 1, 0, 0])
    np.testing.assert_array_equal(data(fig.axes[4], "theory")["$h^2_1$"][1], h[:, 1, 0])
    sampled = engines["network"].quantities["student_readouts"][0, ::4, 1, 0]
    np.testing.assert_array_equal(data(fig.axes[4], "simulation")["$h^2_1$"][1], sampled)


def test_errors_have_a_logarithmic_axis():
    fig = script.figure(made())
    assert [ax.get_yscale() for ax in fig.axes[:5]] == ["log"] + ["linear"] * 4
    assert fig.axes[0].get_ylim() == pytest.approx((10**-4.5, 10**-0.5))
    assert all(ax.get_xlabel() == "time $t$" for ax in fig.axes[:5])


def test_the_published_state_is_recognised():
    found = script.claims(made())
    assert all(claim.holds for claim in found)
    assert by_words(found, "published curves at the switch").value == pytest.approx(0.0, abs=1e-12)


def test_a_different_state_is_told():
    claim = by_words(script.claims(made(shift=0.03)), "published curves at the end")
    assert claim.value == pytest.approx(0.03)
    assert not claim.holds


def test_moving_readouts_of_the_inactive_task_are_told():
    engines = made()[script.FIGURE]
    engines["ode"].quantities["student_readouts"][0, -1, 0, 0] += 1e-15
    assert not by_words(script.claims({script.FIGURE: engines}), "inactive").holds


@pytest.mark.parametrize(("dimension", "holds"), [(100, True), (1000000, False)])
def test_agreement_is_asked_for_within_fluctuations(dimension, holds):
    claim = by_words(script.claims(made(gap=0.01, dimension=dimension)), "Equations and simulation agree")
    assert claim.value == pytest.approx(0.01)
    assert (claim.high, claim.holds) == (pytest.approx(script.FEW / np.sqrt(dimension)), holds)


def test_times_are_met_within_a_step():
    theory = made()[script.FIGURE]["ode"]
    assert script.row(theory, 50.0) == 200
    with pytest.raises(KeyError):
        script.row(theory, 50.1)

"""Deficits: what the figure of critical periods shows, and what its claims read."""

import critical_periods as figure
import numpy as np
import pytest

from continual_samples import FEATURES, curves
from lee2021_samples import by_words, data

START, LENGTH, NOISE = (f"training.deficits.0.{key}" for key in ("start", "length", "input_noise"))
STARTS, LENGTHS = np.linspace(0.0, 160.0, 9), np.linspace(0.0, 80.0, 5)
DECADE = 40.0  # time in which the error of a run without deficit falls by a decade
TIME = np.linspace(0.0, 320.0, 161)


def run(time, start, length, harm, worse=1.0):
    """Errors with a deficit that costs its time, and then a factor 10 ** harm."""
    lost = np.clip(time - start, 0.0, length) * worse
    return 10.0 ** (-(time - lost) / DECADE + harm * (time >= start + length) * (length > 0.0))


def window(**noise):
    """A document with a deficit."""
    return FEATURES | {
        "training": FEATURES["training"] | {"deficits": [{"start": 0.0, "length": 0.0} | noise]}
    }


def grid(harm):
    """Errors over start and length, with a time of 200, (start, length, run, time, task)."""
    time = TIME[TIME <= 200.0]
    rows = [[run(time, start, length, harm(start, length)) for length in LENGTHS] for start in STARTS]
    return time, np.array(rows)[:, :, None, :, None]


def frozen_harm(start, length):
    """A critical period until 10, in which harm saturates."""
    return 0.4 * (1.0 - np.exp(-length / 10.0)) if start < 10.0 else -0.05


def made(weak=0.0, frozen=frozen_harm, growing=0.01, sizes=(0.1, 0.4, 0.7)):
    """The three experiments, whose claims all hold by default."""
    time, strong = grid(lambda start, length: growing * length + 0.01 * start)
    weaker = grid(lambda start, length: weak)[1]
    noise = curves(
        {START: STARTS, NOISE: [1.0, np.sqrt(5.0)], LENGTH: LENGTHS},
        time,
        np.stack([weaker, strong], axis=1),
        document=window(input_noise=1.0),
    )
    still = curves({START: STARTS, LENGTH: LENGTHS}, time, grid(frozen)[1], document=window(frozen_units=[0]))
    ode = np.array([run(TIME, 0.0, length, length / 80.0) for length in LENGTHS])[:, None, :, None]
    lengths = LENGTHS[[0, 2, 4]]
    chain = np.array([[run(TIME, 0.0, length, harm * length / 80.0) for length in lengths] for harm in sizes])
    spread = 10.0 ** np.array([-0.01, 0.01])[:, None]
    return {
        figure.NOISE: {"ode": noise},
        figure.FROZEN: {"ode": still},
        figure.SIZES: {
            "ode": curves({LENGTH: LENGTHS}, TIME, ode, document=window(input_noise=1.0)),
            "chain": curves(
                {"inputs.dimension": [100, 1000, 10000][: len(sizes)], LENGTH: lengths},
                TIME,
                chain[:, :, None, :, None] * spread[..., None],
                engine="chain",
                document=window(input_noise=1.0),
            ),
        },
    }


@pytest.fixture(autouse=True)
def known(monkeypatch):
    """Reference numbers of these runs, with one length that is not on the grid."""
    for name, harm in (
        ("NOISY", lambda length: 0.01 * length),
        ("HALF_FROZEN", lambda x: frozen_harm(0.0, x)),
    ):
        numbers = {length: 10.0 ** (harm(length) - 3.0) for length in (0.0, 20.0, 25.0, 40.0)}
        monkeypatch.setattr(figure, name, numbers)
    for name, harm in (
        ("NOISY_STARTS", lambda start: 0.2 + 0.01 * start),
        ("HALF_FROZEN_STARTS", lambda start: frozen_harm(start, 20.0)),
    ):
        numbers = {start: 10.0 ** (harm(start) - 180.0 / DECADE) for start in (0.0, 40.0, 50.0, 160.0)}
        monkeypatch.setattr(figure, name, numbers)


def test_sections_and_maps_are_those_of_the_runs():
    axes = figure.figure(made()).axes
    courses = data(axes[0], "theory")
    np.testing.assert_allclose(courses["no deficit"][1], 10.0 ** (-courses["no deficit"][0] / DECADE))
    time, delayed = courses["lost time"]
    np.testing.assert_allclose(delayed, 10.0 ** (-(time - 20.0) / DECADE))
    lengths = data(axes[1], "theory")
    np.testing.assert_allclose(lengths["noise, variance 5"][1], 10.0 ** (0.01 * LENGTHS - 3.0))
    np.testing.assert_allclose(lengths["lost time"][1], 10.0**-3.0)
    np.testing.assert_allclose(lengths["no deficit"][1], 10.0 ** (-(LENGTHS + 120.0) / DECADE))
    starts = data(axes[2], "theory")
    np.testing.assert_allclose(starts["frozen unit"][1][1:], 10.0 ** (-180.0 / DECADE - 0.05))
    np.testing.assert_allclose(starts["lost time"][1], 10.0 ** (-180.0 / DECADE))
    assert set(data(axes[5], "simulation")) == {"N = 100", "N = 1000", "N = 10000"}


def test_excess_is_beyond_the_time_that_was_lost():
    excess = figure.excess(made()[figure.FROZEN]["ode"])
    np.testing.assert_allclose(excess[0], [frozen_harm(0.0, length) for length in LENGTHS], atol=1e-12)
    np.testing.assert_allclose(excess[:, 0], 0.0, atol=1e-12)
    np.testing.assert_allclose(excess[-1, -1], 0.0, atol=1e-12)  # the run ends within the deficit


def test_claims_read_the_numbers():
    found = figure.claims(made())
    assert [claim.statement for claim in found if not claim.holds] == []
    assert by_words(found, "frozen from the start").value == pytest.approx(frozen_harm(0.0, 20.0))
    assert by_words(found, "the smaller they are").value == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"weak": 0.1}, "variance 1"),
        ({"sizes": (0.1, 0.7, 0.4)}, "the smaller they are"),
    ],
)
def test_claims_can_fail(change, words):
    found = figure.claims(made(**change))
    assert [claim.statement for claim in found if not claim.holds] == [by_words(found, words).statement]


def test_noise_that_harms_less_and_less_is_noticed():
    found = figure.claims(made(growing=-0.01))
    assert not by_words(found, "the longer it lasts").holds
    assert not by_words(found, "other computation").holds


def test_harm_of_a_frozen_unit_that_grows_on_is_noticed():
    found = figure.claims(made(frozen=lambda start, length: 0.02 * length if start < 10.0 else 0.0))
    assert not by_words(found, "saturates").holds
    assert not by_words(found, "other computation").holds


def test_a_critical_period_without_end_is_noticed():
    found = figure.claims(made(frozen=lambda start, length: frozen_harm(0.0, length)))
    assert not by_words(found, "t = 10 or later").holds
    assert not by_words(found, "other computation").holds

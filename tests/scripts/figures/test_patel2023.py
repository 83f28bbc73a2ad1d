"""Figures of the RL perceptron: what they show, and what their claims read."""

import _patel2023
import numpy as np
import patel2023_dynamics as dynamics
import patel2023_finite_size as sizes
import patel2023_protocols as protocols
import patel2023_speed_accuracy as speed
import pytest
import rl_escape as escape

from lee2021_samples import by_words, data
from patel2023_samples import BONUS, COUNT, PENALTY, SIZE, at_least, curves

TIME = np.linspace(0.0, 200.0, 401)
KNOWN = [speed.TIMES, protocols.TIMES_ALL, protocols.TIMES_FIRST, protocols.TIMES_BONUS]
LOG = np.unique(
    [0.0, *np.geomspace(1.0, 16000.0, 1500), *(time for known in KNOWN for time in known.values())]
)


def failing(claims):
    return [claim.statement for claim in claims if not claim.holds]


def rising(time, scale, end=1.0):
    """An overlap that is half its end at some time."""
    return end * time / (time + scale)


def test_first_time_above_a_level():
    rho = np.array([[0.0, 0.2, 0.4, 0.3], [0.0, 0.1, 0.1, 0.1], [0.5, 0.6, 0.7, 0.8]])
    found = _patel2023.time_to(np.array([0.0, 1.0, 2.0, 3.0]), rho, 0.3)
    np.testing.assert_allclose(found, [1.5, np.nan, 0.0])


def test_distance_notices_what_is_missing():
    assert _patel2023.distance({1: 2.0, 2: 3.3}, {1: 2.0, 2: 3.0}) == pytest.approx(0.1)
    assert np.isnan(_patel2023.distance({1: np.nan}, {1: 2.0}))


def made_dynamics(shift=0.0, error=1.0, away=0.0):
    """Runs of short and long episodes."""
    scatter = 0.01 * np.sin(np.arange(8.0))[:, None]

    def engines(length):
        rho, norm = rising(TIME, 30.0 / error), 0.03 + 0.97 * np.exp(-TIME) + 1e-4 * TIME**2
        runs = np.clip(rho + scatter * (TIME > 0.0), -1.0, 0.999)
        return {
            "ode": curves({}, TIME, rho[None] * 0.999, norms=norm, length=length),
            "chain": curves({}, TIME, runs - away, "chain", norms=norm, length=length),
            "network": curves({}, TIME, runs[:4] + shift, "network", norms=norm, length=length),
        }

    return {dynamics.SHORT: engines(8), dynamics.LONG: engines(12)}


@pytest.fixture
def known_dynamics(monkeypatch):
    known = {50.0: (0.999 * rising(50.0, 30.0), 0.28), 100.0: (0.999 * rising(100.0, 30.0), 1.03)}
    monkeypatch.setattr(dynamics, "KNOWN", known)


def test_dynamics_shows_lines_and_means(known_dynamics):
    axes = dynamics.figure(made_dynamics()).axes
    time, rho = data(axes[0], "theory")["equations"]
    np.testing.assert_allclose(rho, 0.999 * rising(time, 30.0), atol=1e-12)
    time, norm = data(axes[3], "simulation")["networks"]
    np.testing.assert_allclose(norm, 0.03 + 0.97 * np.exp(-time) + 1e-4 * time**2)


@pytest.mark.parametrize(
    "change, words",
    [
        ({}, None),
        ({"shift": 0.1}, "networks and of the exact chain"),
        ({"error": 1.1}, "distance of overlaps"),
        ({"away": 0.1}, "T = 12: distance of the equations"),
    ],
)
def test_claims_of_dynamics(known_dynamics, change, words):
    found = dynamics.claims(made_dynamics(**change))
    if words is None:
        assert failing(found) == []
    else:
        assert by_words(found, words).statement in failing(found)


def made_protocols(slow=1.0, end=1.0, chain=0.0):
    """Curves with the times and ends of the other computation."""

    def lines(times, level, ends=None):
        ends = dict.fromkeys(times, 0.99988) if ends is None else ends
        points = [[0.0, slow * times[key], 16000.0] for key in times]
        levels = [[0.0, level, ends[key]] for key in times]
        return [
            np.interp(np.log1p(LOG), np.log1p(at), value)[None]
            for at, value in zip(points, levels, strict=True)
        ]

    everything = lines(protocols.TIMES_ALL, 0.9)
    stuck = 0.0313 * np.ones((1, len(LOG)))
    time = np.linspace(0.0, 300.0, 31)
    runs = [
        value[0] + chain + 0.001 * np.array([[-1.0], [1.0]]) * (time > 0)
        for value in protocols.CHAIN.values()
    ]
    counts = [
        [end * known[n] * np.minimum(LOG / 100.0, 1.0)[None] for n in protocols.COUNTS]
        for known in (protocols.ENDS, protocols.ENDS_PENALTY)
    ]
    bonus = lines(
        protocols.TIMES_BONUS, 0.5, {key: 1.0001 * end for key, end in protocols.ENDS_BONUS.items()}
    )
    return {
        protocols.ALL: {
            "ode": curves({PENALTY: protocols.PENALTIES}, LOG, [*everything, stuck], length=11),
            "chain": curves(
                {PENALTY: protocols.PENALTIES[:3]}, time, np.minimum(runs, 0.999), "chain", length=11
            ),
        },
        protocols.AT_LEAST: {
            "ode": curves({PENALTY: [0.0, 0.05], COUNT: protocols.COUNTS}, LOG, counts, document=at_least())
        },
        protocols.FIRST: {"ode": curves({COUNT: protocols.FIRSTS}, LOG, lines(protocols.TIMES_FIRST, 0.5))},
        protocols.PER_STEP: {"ode": curves({BONUS: protocols.BONUSES}, LOG, bonus)},
    }


def test_protocols_show_all_settings():
    axes = protocols.figure(made_protocols()).axes
    assert set(data(axes[0], "theory")) == {
        "penalty = 0",
        "penalty = 0.005",
        "penalty = 0.01",
        "penalty = 0.02",
    }
    assert set(data(axes[0], "simulation")) == {"penalty = 0", "penalty = 0.005", "penalty = 0.01"}
    assert len(data(axes[1], "theory")) == 6
    time, rho = data(axes[2], "theory")["count = 5"]
    np.testing.assert_allclose(np.interp(0.5, rho, time), protocols.TIMES_FIRST[5], rtol=1e-3)


@pytest.mark.parametrize(
    "change, words",
    [
        ({}, None),
        ({"slow": 1.01}, "(a) Times at which the overlap is 0.9"),
        ({"slow": 1.01}, "(c) Times"),
        ({"slow": 1.01}, "(d) Times"),
        ({"end": 0.99}, "penalty 0.05"),
        ({"chain": -0.2}, "inputs, penalty 0.005"),
    ],
)
def test_claims_of_protocols(change, words):
    found = list(protocols.claims(made_protocols(**change)))
    if words is None:
        assert failing(found) == []
    else:
        assert by_words(found, words).statement in failing(found)


def made_sizes(mean=0.0, spread=1.0, power=-0.4):
    """Runs whose means and standard deviations at the end are nearly those of the other computation."""
    time, scatter = np.linspace(0.0, 300.0, 31), np.tile([1.0, -1.0], 10)[:, None]
    N = np.array(list(sizes.SPREADS))
    wide = spread * 0.151 * (N / 50.0) ** power
    means = [sizes.MEANS.get(size, 0.536) + mean for size in N]
    runs = [m + w * scatter * (time / 300.0) for m, w in zip(means, wide, strict=True)]
    rho = (0.536 * time / 300.0)[None]
    return {sizes.SIZES: {"ode": curves({}, time, rho), "chain": curves({SIZE: N}, time, runs, "chain")}}


def test_finite_sizes_show_means_and_spread():
    axes = sizes.figure(made_sizes()).axes
    N, spread = data(axes[1], "simulation")["standard deviation"]
    np.testing.assert_allclose(spread * np.sqrt(19 / 20), 0.151 * (N / 50.0) ** -0.4)
    np.testing.assert_allclose(data(axes[0], "simulation")["N = 100"][1], 0.518)
    np.testing.assert_allclose(data(axes[2], "simulation")["mean"][1][0], sizes.MEANS[50])


@pytest.mark.parametrize(
    "change, words",
    [
        ({}, None),
        ({"mean": 0.1}, "root mean square distance of the mean"),
        ({"spread": 1.3}, "mean ratio of standard deviations"),
        ({"power": -0.9}, "Power of the number"),
    ],
)
def test_claims_of_finite_sizes(change, words):
    found = list(sizes.claims(made_sizes(**change)))
    if words is None:
        assert failing(found) == []
    else:
        assert by_words(found, words).statement in failing(found)


def made_speed(faster=1.0):
    """Overlaps that are those of the known times, linear in the logarithm of time between them."""
    lines = []
    for n in range(1, 13):
        known = {level: time for (m, level), time in speed.TIMES.items() if m == n}
        end = np.cos(np.pi * speed.ENDS.get(n, 0.01))
        if n == 8:
            known = {0.1: 1.6, 0.2: 3.6, 0.3: 6.3, 0.5: 18.5, 0.8: 1e4}
        elif not known:
            known = {0.05: 1e3}
        if n == 7:
            known = dict(sorted((known | {0.2: 3.4}).items()))
        points = [0.0, *np.log1p(list(known.values())), np.log1p(16000.0)]
        times = np.log1p(LOG * (faster if n == 11 else 1.0))
        lines.append(np.interp(times, points, [0.0, *known, min(end, 0.06) if n < 7 else end])[None])
    lines = np.array(lines)
    return {
        speed.AT_LEAST: {
            "ode": curves({PENALTY: [0.0], COUNT: np.arange(1, 13)}, LOG, lines[None], document=at_least()),
            "chain": curves(
                {PENALTY: [0.0], COUNT: [7, 9]}, LOG, lines[None, [6, 8]], "chain", document=at_least()
            ),
        }
    }


def test_speed_and_accuracy_show_the_envelope():
    axes = speed.figure(made_speed()).axes
    level, envelope = data(axes[1], "theory")["envelope"]
    for n in speed.SHOWN:
        _, times = data(axes[1], "theory")[f"n = {n}"]
        assert not (times < envelope).any()
    level, fastest = data(axes[2], "theory")["fastest n"]
    assert fastest[np.isclose(level, 0.5)] == 9


def test_claims_of_speed_and_accuracy():
    assert failing(speed.claims(made_speed())) == []
    found = failing(speed.claims(made_speed(faster=8.0)))
    assert any("times to reach" in words for words in found)
    assert any("overlap 0.5 is reached first" in words for words in found)


def made_escape(scale=1.0, growth=0.0044, ode=0.2):
    """Runs that learn at the quantiles of an exponential law whose mean grows with the size."""
    time, runs = np.linspace(0.0, 2000.0, 2001), 40
    quantiles = -np.log(1.0 - (np.arange(runs) + 0.5) / runs)
    N = np.array([200, 300, 400, 500, 700])
    means = scale * 20.0 * np.exp(growth * (N - 200))

    def learned(mean, time):
        return np.where(time > (mean * quantiles)[:, None], 0.95, 0.1)

    penalties = np.array([0.0, 0.9, 1.0, 1.1, 1.2, 1.3, 1.5])
    short = time[:301]
    rows = {400: [1.0, 1.0, 30.0, 40.0, 400.0, 3000.0, 1e6], 900: [1.0, 1.0, 30.0, 800.0, 1e6, 1e6, 1e6]}
    fates, late = np.where(penalties < 0.95, 0.95, 0.1), np.array([0.0, 1.0, ode / 0.1])
    late = np.where(penalties[:, None, None] < 0.95, np.array([0.0, 1.0, 1.0]), late)
    return {
        escape.SIZES: {
            "chain": curves({SIZE: N}, time, [learned(mean, time) for mean in means], "chain"),
        },
        escape.PENALTIES: {
            "ode": curves({PENALTY: penalties}, [0.0, 300.0, 1e4], fates[:, None, None] * late),
            "chain": curves(
                {SIZE: list(rows), PENALTY: penalties},
                short,
                [[learned(mean, short) for mean in row] for row in rows.values()],
                "chain",
            ),
        },
    }


def test_escape_shows_times_and_fractions():
    axes = escape.figure(made_escape()).axes
    N, times = data(axes[2], "simulation")["mean time"]
    np.testing.assert_allclose(times, 20.0 * np.exp(0.0044 * (N - 200)), rtol=0.05)
    penalty, learned = data(axes[1], "theory")["equations"]
    np.testing.assert_array_equal(learned, penalty < 0.95)


def test_runs_that_have_not_learned_count_in_the_mean_time():
    whole = escape.escape(curves({}, [0.0, 10.0, 20.0], [[0.0, 0.9, 0.9], [0.0, 0.0, 0.0]], "chain"))
    np.testing.assert_allclose(whole[0], 80.0 / 9.0 + 20.0)


@pytest.mark.parametrize(
    "change, words",
    [
        ({}, None),
        ({"scale": 2.0}, "mean logarithm of the ratio"),
        ({"growth": 0.001}, "Growth of the logarithm"),
        ({"ode": 0.9}, "Largest overlap of the equations"),
    ],
)
def test_claims_of_escape(change, words):
    found = list(escape.claims(made_escape(**change)))
    if words is None:
        assert failing(found) == []
    else:
        assert by_words(found, words).statement in failing(found)

"""Dispersed eigenvalues: what the figure shows, and what its claims read."""

import numpy as np
import pytest
import yoshida2019_plateau as figure

from continual_samples import FEATURES, curves
from lee2021_samples import by_words, data

LOW, HIGH = (f"inputs.covariance.values.{index}" for index in (0, 1))
TIME = np.linspace(0.0, 6000.0, 3001)
SLOPES = {0.0: -0.02, 0.6: -0.025, 0.9: -0.165}
DOCUMENT = FEATURES | {
    "inputs": {
        "dimension": 100,
        "distribution": "correlated",
        "covariance": {"spectrum": "levels", "values": [0.5, 1.5], "fractions": [0.5, 0.5]},
    }
}


def course(times, slope):
    """Error over time: a plateau with a slope, and given times at which it is 1e-2 and 1e-4."""
    first, second = times
    knots = np.log([1.0, 5.0, 0.8 * first, first, second, 1.1 * second])
    start = np.log(0.1)
    values = [np.log(0.4), start, start + slope * (knots[2] - knots[1]), np.log(1e-2), np.log(1e-4)]
    values.append(values[-1] + np.log(1e-2))
    return np.exp(np.interp(np.log(np.maximum(TIME, 1.0)), knots, values))


def overlaps(split):
    """Overlaps of two units whose distances are a given number, (..., P, K, M)."""
    split = np.asarray(split)[..., None, None, None]
    return 0.4 + 0.5 * split * np.array([[1.0, -1.0], [-1.0, 1.0]])


def made(early=1.0, late=1.0, flat=1.0, networks=1.0):
    """Both experiments, whose claims all hold by default; the changes are of d = 0.9, and of the networks."""
    low, high = np.array([0.1, 0.4, 1.0]), np.array([1.0, 1.6, 1.9])
    error = np.full((3, 3, 1, len(TIME), 1), 0.3)
    known = {d: [figure.KNOWN[bound][d] for bound in figure.BOUNDS] for d in SLOPES}
    known[0.9] = [known[0.9][0] * early, known[0.9][1] * late]
    slopes = SLOPES | {0.9: SLOPES[0.9] * flat}
    for row, d in enumerate((0.9, 0.6, 0.0)):
        error[row, list(high).index(round(1.0 + d, 9)), 0, :, 0] = course(known[d], slopes[d])
    split = overlaps(np.broadcast_to(1.0 - np.exp(-TIME / 100.0), (3, 3, 1, len(TIME))))

    def simulated(d, document):
        factors = networks * np.array([0.98, 1.02])
        values = [course([factor * time for time in known[d]], slopes[d]) for factor in factors]
        marks = overlaps(np.broadcast_to(np.exp(-TIME / 100.0), (2, len(TIME))))
        made_up = np.array(values)[..., None]
        return curves({}, TIME, made_up, "chain", document, student_teacher_overlaps=marks)

    theory = curves({LOW: low, HIGH: high}, TIME, error, document=DOCUMENT, student_teacher_overlaps=split)
    return {
        figure.LEVELS: {"ode": theory, "chain": simulated(0.9, DOCUMENT)},
        figure.EQUAL: {"chain": simulated(0.0, FEATURES)},
    }


def test_pairs_with_mean_1_are_shown():
    axes = figure.figure(made()).axes
    lines = data(axes[0], "theory")
    assert list(lines) == ["d = 0", "d = 0.6", "d = 0.9"]
    np.testing.assert_allclose(lines["d = 0.6"][1], course((514.0, 1671.0), -0.025)[1:])
    time, split = data(axes[1], "simulation")["d = 0.9"]
    np.testing.assert_allclose(split, np.exp(-time / 100.0), atol=1e-12)
    d, times = data(axes[2], "theory")[r"$\epsilon < 10^{-4}$"]
    np.testing.assert_allclose(d, [0.0, 0.6, 0.9])
    np.testing.assert_allclose(times, [1318.0, 1671.0, 3295.0], rtol=1e-3)
    d, times = data(axes[2], "simulation")[r"$\epsilon < 10^{-2}$"]
    np.testing.assert_allclose(times, [665.0, 384.0], rtol=1e-3)


def test_errors_that_are_never_small_have_no_time():
    entry = made()[figure.LEVELS]["ode"].select(**{"values.0": 0.1, "values.1": 1.0})
    assert np.isnan(figure.time_below(entry, 1e-2)).all()


def test_claims_read_the_numbers():
    found = figure.claims(made())
    assert [claim.statement for claim in found if not claim.holds] == []
    assert by_words(found, "The plateau is shorter").value == pytest.approx(384.0 / 665.0, rel=1e-3)
    assert by_words(found, "The end is slower").value == pytest.approx(2.5, rel=1e-3)
    (slope,) = [claim.value for claim in found if claim.statement.endswith("and d = 0.")]
    assert slope == pytest.approx(-0.02, rel=1e-2)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"early": 1.2}, ["below 0.01, d =", "The plateau is shorter"]),
        ({"late": 1.2}, ["below 0.0001, d =", "The end is slower"]),
        ({"flat": 0.2}, ["and d = 0.9", "inconspicuous"]),
        ({"networks": 1.3}, ["inputs, d = 0:", "inputs, d = 0.9:"]),
    ],
)
def test_claims_can_fail(change, words):
    found = figure.claims(made(**change))
    failed = [claim.statement for claim in found if not claim.holds]
    assert failed == [by_words(found, text).statement for text in words]

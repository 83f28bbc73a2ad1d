"""Fixed points of the reward rule: known positions and eigenvalues, the critical penalty, and the rates."""

import numpy as np
import pytest

from analysis.reward_cases import ALL, reward_spec, with_penalty, written
from naive.reward_rates import rates
from teacherstudent.analysis import critical_penalty, reward_fixed_points
from teacherstudent.analysis.reward_flow import flow
from teacherstudent.errors import SpecError

# Values of an independent program, with the digits that it gave.
CRITICAL = {
    (2, None): (8.4714481, 0.811711),
    (3, None): (1.9542444, 0.569826),
    (4, None): (0.78225196, 0.425427),
    (5, None): (0.3766521, 0.337040),
    (7, None): (0.105547, 0.236938),
    (8, None): (0.057642663, 0.206118),
    (10, None): (0.01730178, 0.163464),
    (11, None): (0.009437425, 0.148112),
    (12, None): (0.0051233962, 0.135387),
    (13, None): (0.0027676082, 0.124671),
    (15, None): (0.00079628305, 0.107623),
    (12, 10): (0.24812105, 0.19903),
    (12, 9): (0.95070735, 0.25521),
    (12, 8): (3.8660967, 0.34277),
    (12, 7): (24.605735, 0.47610),
    (6, 4): (17.153996, None),
    (5, 3): (106.50146, None),
    (3, 2): (142.8929, None),
}
# Cosine, Q and eigenvalues of node and saddle, by length, count and penalty.
POINTS = {
    (11, None, 0.02): [(0.0312797, 8.756e-6, -3.12, -7.00), (0.4298318, 0.0015809, 0.1955, -0.781)],
    (5, None, 0.4): [(0.2430209, 0.0078649, -0.594, -4.169), (0.4532940, 0.0217419, 0.2976, -2.654)],
    (12, 9, 1.0): [(0.1962298, 0.0058908, -1.396, -10.01), (0.3280712, 0.0108920, 0.859, -7.077)],
    (12, 9, 1.5): [(0.1159191, 0.0083299, None, None), (0.5114871, 0.0436826, 1.360, None)],
    (13, None, 0.05): [(0.0026222, None, None, None), (0.7408198, None, None, None)],
}
REWARDS = [
    {"condition": "all", "value": 1.3, "penalty": 0.2},
    {"condition": "at_least", "value": 0.7, "penalty": 0.4, "count": 4},
    {"condition": "first", "value": 1.0, "count": 2, "bonus": 0.2},
    {"condition": "per_step", "value": 0.8, "bonus": 0.1},
]


@pytest.mark.parametrize("reward", REWARDS, ids=lambda reward: reward["condition"])
@pytest.mark.parametrize("rho, Q", [(0.3, 2.0), (-0.5, 0.1), (0.95, 5.0)])
def test_rates_are_sums_over_all_patterns(reward, rho, Q):
    system, own = flow(reward_spec(6, reward)), rates(rho, Q, 6, **reward)
    assert system.rates(rho, Q) == pytest.approx(own, rel=1e-12)
    f, g, h = system.parts(rho)
    assert (f, np.sqrt(Q) * g + h) == pytest.approx(own, rel=1e-11)


def test_rates_scale_with_the_learning_rate():
    slow = flow(with_penalty(6, 0.3, rate=0.5)).rates(0.4, 0.25)
    assert slow == pytest.approx(rates(0.4, 0.25, 6, condition="all", value=0.5, penalty=0.15), rel=1e-12)


@pytest.mark.parametrize("case", CRITICAL)
def test_critical_penalty_is_known(case):
    length, count = case
    ratio, cosine = CRITICAL[case]
    found = critical_penalty(with_penalty(length, 0.0, count))
    assert found.ratio == pytest.approx(ratio, rel=6e-7)
    assert cosine is None or found.cosine == pytest.approx(cosine, abs=6e-6)


@pytest.mark.parametrize("length", [4, 11])
def test_critical_penalty_is_a_minimum_of_the_closed_form(length):
    rho = np.linspace(0.01, 0.99, 200_001)
    share = (1 + rho) * (1 - np.arccos(rho) / np.pi) ** (length - 1) / (2 * rho)
    found = critical_penalty(with_penalty(length, 0.0))
    assert found.ratio == pytest.approx(share.min() / (1 - share.min()), rel=1e-8)
    assert found.cosine == pytest.approx(rho[share.argmin()], abs=1e-5)


def test_one_decision_has_no_fixed_point():
    assert critical_penalty(with_penalty(1, 0.0)).ratio == np.inf
    assert reward_fixed_points(with_penalty(1, 50.0)) == ()


@pytest.mark.parametrize("case", POINTS)
def test_nodes_and_saddles_are_known(case):
    length, count, penalty = case
    found = reward_fixed_points(with_penalty(length, penalty, count))
    assert [point.stable for point in found] == [True, False]
    for point, (rho, Q, *eigenvalues) in zip(found, POINTS[case], strict=True):
        assert point.cosine == pytest.approx(rho, abs=6e-8)
        assert Q is None or point.squared_norm == pytest.approx(Q, rel=6e-5)
        for value, known in zip(point.eigenvalues, eigenvalues, strict=True):
            assert value.imag == 0.0
            assert known is None or value.real == written(known)


@pytest.mark.parametrize("case", [(11, None, 0.02), (12, 9, 1.5)])
def test_rates_vanish_and_eigenvalues_are_those_of_differences(case):
    length, count, penalty = case
    reward = {"condition": "at_least", "count": count or length, "value": 1.0, "penalty": penalty}

    def motion(y):
        return np.array(rates(y[0] / np.sqrt(y[1]), y[1], length, **reward))

    for point in reward_fixed_points(with_penalty(length, penalty, count)):
        y = np.array([point.cosine * np.sqrt(point.squared_norm), point.squared_norm])
        assert np.abs(motion(y)).max() < 1e-12
        steps = np.diag(1e-5 * y)
        columns = [(motion(y + step) - motion(y - step)) / (2 * step.sum()) for step in steps]
        values = np.sort(np.linalg.eigvals(np.transpose(columns)))[::-1]
        assert point.eigenvalues == pytest.approx(values, rel=1e-6)


@pytest.mark.parametrize("length, count", [(8, None), (12, 9)])
def test_fixed_points_appear_at_the_critical_penalty(length, count):
    ratio, cosine = critical_penalty(with_penalty(length, 0.0, count))
    assert reward_fixed_points(with_penalty(length, ratio * (1 - 1e-8), count)) == ()
    pair = [point.cosine for point in reward_fixed_points(with_penalty(length, ratio * (1 + 1e-8), count))]
    assert len(pair) == 2
    assert pair == pytest.approx([cosine] * 2, abs=1e-3)


def test_existence_depends_on_the_ratio_of_penalty_and_reward_only():
    small, large = (reward_fixed_points(with_penalty(11, 0.02 * value, value=value)) for value in (0.1, 3.0))
    for one, other in zip(small, large, strict=True):
        assert one.cosine == pytest.approx(other.cosine, abs=1e-12)
        assert one.squared_norm / 0.1**2 == pytest.approx(other.squared_norm / 3.0**2, rel=1e-9)


def test_saddle_of_a_large_penalty_is_found():
    node, saddle = reward_fixed_points(with_penalty(2, 1e4))
    assert node.stable and not saddle.stable
    assert 1.0 - saddle.cosine < 1e-6


@pytest.mark.parametrize("reward", [ALL, *REWARDS[2:]], ids=lambda reward: reward["condition"])
def test_without_penalty_there_is_no_fixed_point(reward):
    assert reward_fixed_points(reward_spec(6, reward)) == ()


@pytest.mark.parametrize(
    "spec, key",
    [
        (reward_spec(6, REWARDS[2]), "condition"),
        (reward_spec(6, schedule={"learning_rate": "optimal"}), "schedule"),
        (reward_spec(6, rate=0.0), "learning_rate"),
        (reward_spec(6, {"condition": "all", "value": 0.0}), "reward"),
        ({"training": {}}, "spec"),
    ],
    ids=["condition", "schedule", "rate", "value", "type"],
)
def test_other_specs_are_refused(spec, key):
    with pytest.raises(SpecError, match=key):
        critical_penalty(spec)

"""Random generators: what the figure shows, and what its claims read."""

import goldt2022_generators as figure
import numpy as np
import pytest
from scipy.special import erf

from continual_samples import FEATURES, curves
from lee2021_samples import by_words, data
from teacherstudent.analysis import limit_of_undetermined_labels

TIME = np.array([0.0, 1.0, 10.0, 30.0, 100.0, 300.0])
SIMULATED = TIME[:5]
T = np.array([[1.0, 0.1], [0.1, 1.2]])
REST = {1: 0.06, 2: 0.5, 4: 0.8}
RUNS = 2


def document(depth):
    """A small spec of generators of some layers."""
    layers = {"layers": [10] * depth + [100], "activation": "sign"}
    return FEATURES | {"inputs": {"dimension": 100, "distribution": "generator", "generator": layers}}


@pytest.fixture(autouse=True)
def parts(monkeypatch):
    """Undetermined parts that depend on the depth and the run only."""

    def part(spec, seed, run):
        return REST[len(spec.inputs.generator.layers) - 1] * (1.0 + 0.02 * run) * np.eye(2)

    monkeypatch.setattr(figure, "undetermined_part", part)


def made(above=1.05, closed=1.01, tested=0.98, moved=0.02, deep=1.0):
    """All experiments, whose claims all hold by default."""
    return {
        name: one(depth, above, closed, tested, moved, deep) for depth, name in figure.EXPERIMENTS.items()
    }


def one(depth, above, closed, tested, moved, deep):
    """The curves of both engines for one depth."""
    ends = np.array(
        [figure.smallest_error(T, REST[depth] * (1.0 + 0.02 * run) * np.eye(2)) for run in range(RUNS)]
    )
    ends = above * ends * (deep if depth == 4 else 1.0)
    error = ends[:, None] * (1.0 + np.exp(-TIME / 5.0))
    R = np.broadcast_to((1.0 - np.exp(-TIME / 10.0))[:, None, None, None], (RUNS, len(TIME), 1, 2, 2))
    Q = np.broadcast_to((1.0 - np.exp(-TIME / 20.0))[:, None, None], (RUNS, len(TIME), 2, 2))
    theory = {
        "student_overlaps": Q,
        "student_teacher_overlaps": R,
        "teacher_overlaps": np.broadcast_to(T, (RUNS, 1, 1, 2, 2)),
    }
    points = {
        "student_overlaps": Q[:, :5] + moved,
        "student_teacher_overlaps": R[:, :5] - moved,
        "test_error": tested * error[:, :5, None],
    }
    made_up = closed * error[:, :5, None]
    return {
        "ode": curves({}, TIME, error[..., None], document=document(depth), **theory),
        "network": curves({}, SIMULATED, made_up, "network", document(depth), **points),
    }


def test_smallest_error_is_the_limit_of_small_learning_rates():
    # Two erf units, T = 1, sign folding, D / N = 0.1 and 0.5, learning rate 0.02: errors of long runs,
    # which are above the smallest one in proportion to the learning rate.
    for delta, known in ((0.1, 0.021770), (0.5, 0.10822)):
        rest = limit_of_undetermined_labels(delta, "sign")
        assert 1.0 < known / figure.smallest_error(np.eye(2), rest * np.eye(2)) < 1.012


def test_smallest_error_is_0_if_all_is_determined_and_the_error_of_no_student_if_nothing_is():
    assert figure.smallest_error(T, np.zeros((2, 2))) == pytest.approx(0.0, abs=1e-15)
    rng = np.random.default_rng(0)
    fields = rng.multivariate_normal(np.zeros(2), T, size=200000)
    outputs = erf(fields / np.sqrt(2.0)).sum(axis=1)
    assert figure.smallest_error(T, T) == pytest.approx(0.5 * (outputs**2).mean(), rel=0.01)


def test_errors_and_overlaps_are_those_of_the_runs():
    axes = figure.figure(made()).axes
    time, error = data(axes[0], "theory")["2 layers"]
    end = 1.05 * figure.smallest_error(T, 0.5 * np.eye(2))
    np.testing.assert_allclose(error, end * (1.0 + np.exp(-time / 5.0)))
    points = data(axes[0], "simulation")
    np.testing.assert_allclose(points["2 layers"][1], 1.01 * error[:4])
    np.testing.assert_allclose(points["2 layers, test"][1], 0.98 * error[:4])
    np.testing.assert_allclose(
        data(axes[1], "simulation")["4 layers, 3"][1], 0.98 - np.exp(-TIME[1:5] / 10.0)
    )
    assert sum("4 layers" in name for name in data(axes[2], "theory")) == 3  # Q is symmetric
    parts, ends = data(axes[3], "theory")["1 layer"]
    np.testing.assert_allclose(parts, [0.06, 0.0612])
    np.testing.assert_allclose(ends[0], 1.05 * figure.smallest_error(T, 0.06 * np.eye(2)))
    rest, smallest = data(axes[3], "theory")["smallest error, T = 1"]
    np.testing.assert_allclose(smallest[50], figure.smallest_error(np.eye(2), 0.5 * np.eye(2)))


def test_claims_read_the_numbers():
    found = figure.claims(made())
    assert [claim.statement for claim in found if not claim.holds] == []
    assert by_words(found, "smallest ratio").value == pytest.approx(1.05, rel=1e-3)
    assert by_words(found, "closed form").value == pytest.approx(1.01)
    assert by_words(found, "test inputs").value == pytest.approx(0.98)
    assert by_words(found, "root mean square").value == pytest.approx(0.02)
    assert by_words(found, "2 layers: undetermined").value == pytest.approx(0.505)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"above": 0.99}, "smallest ratio"),
        ({"above": 1.35}, "largest ratio"),
        ({"closed": 1.1}, "closed form"),
        ({"tested": 0.85}, "test inputs"),
        ({"moved": 0.2}, "root mean square"),
        ({"deep": 0.6}, "grow with the depth"),
    ],
)
def test_claims_can_fail(change, words):
    assert not by_words(figure.claims(made(**change)), words).holds


def test_times_without_a_record_of_the_equations_are_noticed():
    made_up = made()[figure.EXPERIMENTS[1]]
    with pytest.raises(KeyError, match="do not have"):
        network = made_up["network"]
        figure.at(made_up["ode"], curves({}, SIMULATED + 0.5, np.ones((2, 5, 1)), "network"), network.time)

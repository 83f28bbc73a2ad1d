"""Initial students: realised overlaps and readouts of every scheme, as networks and as coordinates."""

import numpy as np
import pytest

from teacherstudent.errors import SpecError
from teacherstudent.networks.coordinates import sample_coordinates
from teacherstudent.networks.sampling import sample_networks
from teacherstudent.simulation.runs import simulate, simulate_runs
from teacherstudent.spec.parse import parse_spec

N, M, K = 40, 2, 5
SAMPLERS = {"networks": sample_networks, "coordinates": sample_coordinates}
BOTH = pytest.mark.parametrize("sample", SAMPLERS.values(), ids=SAMPLERS)
ENGINES = ["network", "chain", "ode"]
SCHEMES = {
    "gaussian": {"weights_std": 0.5, "readouts_std": 0.3},
    "large": {},
    "small": {},
    "mixed": {"readouts_value": 1.0},
    "informed": {"weights_std": 0.5, "readouts_std": 0.3},
    "denoising": {"readouts_std": 0.3},
    "one_direction": {"readouts_std": 0.3},
    "symmetric": {"weights_std": 0.7, "readouts_std": 0.3, "asymmetry": 0.5},
}


def spec(scheme, dimension=N, hidden=K, blocks=None, **initial):
    """Three teachers, of whom the second comes first, with a head each."""
    activation = {"activation": "linear"} if scheme == "one_direction" else {}
    document = {
        "inputs": {"dimension": dimension},
        "teachers": {"count": 3, "hidden": M, "features": {"norm": 1.5}},
        "student": {"hidden": hidden, "initial": {"scheme": scheme} | initial} | activation,
        "training": {"learning_rate": 1.0},
        "curriculum": {"order": [1, 0, 2]},
    }
    return parse_spec(document | (blocks or {}))


def overlaps(networks, dimension=N):
    """Q (K, K), R (K, P M) and T (P M, P M) of rows or of their coordinates."""
    V = networks.V.reshape(-1, networks.V.shape[-1])
    return [a @ b.T / dimension for a, b in ((networks.W, networks.W), (networks.W, V), (V, V))]


# Deviations


@pytest.mark.parametrize("scheme, weights, readouts", [
    ("gaussian", 0.5, 0.3), ("large", 1.0, 1.0), ("small", 0.01, 0.01), ("mixed", 0.01, 0.1),
])  # fmt: skip
def test_deviations(scheme, weights, readouts):
    """10^6 weights and 300 readouts; five standard errors."""
    given = {"weights_std": 0.5, "readouts_std": 0.3} if scheme == "gaussian" else {}
    net = sample_networks(spec(scheme, 10_000, 100, **given), 0, 0)
    assert net.W.std() == pytest.approx(weights, rel=5 / np.sqrt(2e6))
    assert net.h.std() == pytest.approx(readouts, rel=5 / np.sqrt(600))


def test_deviations_where_none_are_given():
    assert spec("gaussian").student.initial.weights_std == 0.001
    assert spec("symmetric", asymmetry=0.1).student.initial.readouts_std == 0.001
    assert spec("denoising").student.initial.readouts_std == 0.001
    assert spec("one_direction").student.initial.readouts_std == 0.001
    fixed = spec("large").student.initial
    assert fixed.weights_std is fixed.readouts_std is None
    assert spec("gaussian", readouts_value=1.0).student.initial.readouts_std is None


@pytest.mark.parametrize("scheme", SCHEMES)
def test_networks_and_coordinates_have_one_law(scheme):
    """Means and squares of all overlaps and readouts over 400 runs of each; the widest of some 100 gaps."""
    described, runs = spec(scheme, 12, **SCHEMES[scheme]), 400

    def moments(sample):
        nets = [sample(described, 5, run) for run in range(runs)]
        rows = [np.concatenate([part.ravel() for part in (*overlaps(net, 12), net.h)]) for net in nets]
        values = np.concatenate([rows, np.square(rows)], axis=1)
        return values.mean(axis=0), values.var(axis=0) / runs

    (one, one_variance), (other, other_variance) = (moments(sample) for sample in SAMPLERS.values())
    error = np.sqrt(one_variance + other_variance)
    np.testing.assert_array_less(np.abs(one - other), 4.5 * error + 1e-12)


# Students that know a teacher


@BOTH
def test_informed_units_are_those_of_the_first_teacher_in_turn(sample):
    net = sample(spec("informed", weights_std=0.1, readouts_std=0.2), 3, 1)
    np.testing.assert_array_equal(net.W[:M], net.V[1])
    np.testing.assert_array_equal(net.h[1, :M], net.v[1])
    plain = sample(spec("gaussian", weights_std=0.1, readouts_std=0.2), 3, 1)
    np.testing.assert_array_equal(net.W[M:], plain.W[M:])
    np.testing.assert_array_equal(net.h[[0, 2]], plain.h[[0, 2]])
    np.testing.assert_array_equal(net.h[1, M:], plain.h[1, M:])


@BOTH
def test_denoising_units_copy_the_first_teacher_in_turn(sample):
    """Five units: three copies of the first teacher unit and two of the second."""
    net = sample(spec("denoising", readouts_std=0.2), 3, 1)
    np.testing.assert_array_equal(net.W, net.V[1, [0, 1, 0, 1, 0]])
    np.testing.assert_array_equal(net.h[1], net.v[1, [0, 1, 0, 1, 0]] / [3, 2, 3, 2, 3])
    plain = sample(spec("gaussian", readouts_std=0.2), 3, 1)
    np.testing.assert_array_equal(net.h[[0, 2]], plain.h[[0, 2]])


@BOTH
def test_units_on_one_direction(sample):
    """All along sum_m v_m V_m of the first teacher in turn; the output is that of a linear teacher."""
    net = sample(spec("one_direction", readouts_std=0.2), 3, 1)
    np.testing.assert_allclose(net.W, np.tile(net.v[1] @ net.V[1] / np.sqrt(M * K), (K, 1)), rtol=1e-14)
    np.testing.assert_allclose(net.h[1], np.full(K, np.sqrt(M / K)), rtol=1e-14)
    np.testing.assert_allclose(net.h[1] @ net.W, net.v[1] @ net.V[1], rtol=1e-13)
    plain = sample(spec("gaussian", readouts_std=0.2), 3, 1)
    np.testing.assert_array_equal(net.h[[0, 2]], plain.h[[0, 2]])


@BOTH
def test_overlaps_of_units_on_one_direction(sample):
    """By hand for orthonormal units with readouts 3, and a scale: Q_ik = 9 / K and R_km = 3 / sqrt(M K)."""
    student = {"hidden": K, "activation": "linear", "initial": {"scheme": "one_direction"}}
    readouts, units = {"relation": "uniform", "value": 3.0}, {"units": "orthogonal"}
    blocks = {
        "teachers": {"count": 1, "hidden": M, "features": units, "readouts": readouts},
        "student": student | {"output_scale": "mean"},
        "curriculum": {},
    }
    net = sample(spec("one_direction", blocks=blocks), 0, 0)
    Q, R, _ = overlaps(net)
    np.testing.assert_allclose(Q, np.full((K, K), 9 / K), rtol=1e-13)
    np.testing.assert_allclose(R, np.full((K, M), 3 / np.sqrt(M * K)), rtol=1e-13)
    np.testing.assert_allclose(net.h, np.full((1, K), np.sqrt(M / K)), rtol=1e-13)


def test_one_direction_needs_linear_units():
    with pytest.raises(SpecError, match=r"scheme: one_direction needs linear units"):
        spec("one_direction", blocks={"student": {"hidden": K, "initial": {"scheme": "one_direction"}}})


@pytest.mark.parametrize("engine, runs", [("network", 5), ("chain", 32)])
@pytest.mark.parametrize("scheme, expected", [
    ("one_direction", [0.0043, 0.0043, 0.0043]), ("denoising", [0.0043, 0.0023, 0.0012]),
])  # fmt: skip
def test_final_errors_of_linear_students(engine, runs, scheme, expected):
    """The numbers of the authors' start and of clones; they include the finite number of inputs."""
    errors, _ = late_errors(engine, runs, scheme)
    np.testing.assert_allclose(errors.mean(axis=1), expected, rtol=0.06)


@pytest.mark.parametrize("scheme", ["one_direction", "denoising"])
def test_final_errors_of_linear_students_in_the_limit(scheme):
    """eta sigma^2 S / (4 - 2 eta S) with S = sum_k h_k^2, while the readouts move slowly."""
    errors, squares = late_errors("ode", 1, scheme)
    np.testing.assert_allclose(errors, 0.1 * 0.3**2 * squares / (4.0 - 0.2 * squares), rtol=0.01)
    assert (scheme == "one_direction") == np.allclose(errors[1:], errors[0], rtol=1e-6)


def late_errors(engine, runs, scheme):
    """Errors and sums of squared readouts of students with 2, 4, 8 units, M = 2, eta = 0.1, sigma = 0.3."""
    teachers = {"count": 1, "hidden": 2, "activation": "linear", "output_noise": 0.3}
    blocks = {
        "teachers": teachers | {"features": {"units": "orthogonal"}, "readouts": {"relation": "ones"}},
        "training": {"learning_rate": 0.1},
        "curriculum": {},
        "duration": 300.0,
        "record": {"times": {"linspace": [150.0, 300.0, 76]}},
    }
    errors, squares = [], []
    for hidden in (2, 4, 8):
        student = {"hidden": hidden, "activation": "linear", "initial": {"scheme": scheme}}
        described = spec(scheme, 200, blocks=blocks | {"student": student})
        found = list(simulate_runs(described, engine, runs=runs))
        errors.append(np.concatenate([run.generalisation_error[:, 0] for run in found]))
        squares.append(np.concatenate([(run.student_readouts[:, 0] ** 2).sum(axis=1) for run in found]))
    return np.array(errors), np.array(squares)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("scheme, given", [("informed", {"readouts_std": 0.0}), ("denoising", {})])
@pytest.mark.parametrize("heads", ["per_task", "shared"])
def test_what_knows_its_teacher_has_nothing_to_learn(engine, scheme, given, heads):
    student = {"hidden": K, "heads": heads, "initial": {"scheme": scheme} | given}
    blocks = {"student": student, "duration": 1.0, "record": {"count": 3}}
    trajectory = simulate(spec(scheme, blocks=blocks), engine)
    assert trajectory.generalisation_error[:, 1].max() < 1e-12
    assert trajectory.generalisation_error[:, 0].min() > 1e-3


COMMITTEE = {"scheme": "informed", "readouts_value": 1.0}


@pytest.mark.parametrize("hidden, rate, initial, expected", [
    (3, 0.1, COMMITTEE, 0.369526), (3, 0.2, COMMITTEE, 0.400612), (4, 0.05, COMMITTEE, 0.529271),
    (4, 0.05, {"scheme": "denoising"}, 0.092884), (6, 0.2, {"scheme": "denoising"}, 0.063061),
])  # fmt: skip
def test_asymptotic_errors_of_goldt_et_al(hidden, rate, initial, expected):
    """eps* / (sigma^2 eta) at M = 2, sigma = 0.01: first layer trained (their notebook), and both layers."""
    readouts, units = {"relation": "uniform", "value": 1.0}, {"units": "orthogonal"}
    one = {"count": 1, "hidden": M, "features": units, "readouts": readouts, "output_noise": 0.01}
    train = ["features"] if "readouts_value" in initial else ["features", "readouts"]
    blocks = {
        "teachers": one,
        "student": {"hidden": hidden, "initial": initial},
        "training": {"learning_rate": rate, "train": train},
        "curriculum": {},
        "duration": 8000.0,
        "record": {"count": 2},
    }
    error = simulate(spec(**initial, blocks=blocks), "ode").generalisation_error[-1, 0]
    assert error / (1e-4 * rate) == pytest.approx(expected, rel=1e-4)


# Equal units and equal readouts


@BOTH
def test_units_of_a_symmetric_student_are_equal(sample):
    net = sample(spec("symmetric", weights_std=0.5, readouts_std=0.2, asymmetry=0), 3, 1)
    np.testing.assert_array_equal(net.W, net.W[[0] * K])
    np.testing.assert_array_equal(net.h, net.h[:, [0] * K])
    assert len(np.unique(net.h)) == 3


@pytest.mark.parametrize("asymmetry", [0.001, 0.5, 2.0])
def test_asymmetry(asymmetry):
    """Overlaps 0.5^2 (1 + a^2 delta_ik), and differences of rows of 0.5^2 2 a^2, up to chance."""
    dimension = 100_000
    net = sample_networks(spec("symmetric", dimension, weights_std=0.5, asymmetry=asymmetry), 0, 0)
    expected = 0.25 * (1 + asymmetry**2 * np.eye(K))
    chance = 5 * np.sqrt(2 / dimension)
    np.testing.assert_allclose(net.W @ net.W.T / dimension, expected, rtol=0, atol=chance * expected.max())
    apart = np.mean((net.W[1:] - net.W[0]) ** 2, axis=1)
    np.testing.assert_allclose(apart, 0.5 * asymmetry**2, rtol=chance)


@BOTH
@pytest.mark.parametrize("scheme", ["gaussian", "large", "small", "mixed", "informed", "symmetric"])
def test_readouts_of_a_committee(sample, scheme):
    asymmetry = {"asymmetry": 0.1} if scheme == "symmetric" else {}
    net = sample(spec(scheme, readouts_value=-2.5, **asymmetry), 0, 0)
    np.testing.assert_array_equal(net.h, np.full((3, K), -2.5))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_engine_starts_from_the_scheme(engine, scheme):
    """With 10^5 inputs overlaps are those of the mean up to chance; teachers here have norm 1.5."""
    dimension, teacher = 100_000, np.zeros((K, 3 * M))
    blocks = {"duration": 1e-5, "record": {"times": [0.0, 1e-5]}}
    start = simulate(spec(scheme, dimension, blocks=blocks, **SCHEMES[scheme]), engine)
    own = {"informed": np.arange(M), "denoising": np.arange(K) % M}.get(scheme, np.arange(0))
    teacher[np.arange(len(own)), M + own] = 1.5
    deviation = {"gaussian": 0.5, "large": 1.0, "informed": 0.5, "symmetric": 0.35}.get(scheme, 0.0)
    rest = deviation**2 * (np.arange(K) >= len(own))
    if scheme == "one_direction":
        teacher[:, M : 2 * M] = 1.5 * start.teacher_readouts[1] / np.sqrt(M * K)
        rest[:] = 0.0
    Q = teacher @ teacher.T + np.diag(rest) + (0.49 if scheme == "symmetric" else 0.0)
    R = 1.5 * teacher.reshape(K, 3, M).swapaxes(0, 1)
    np.testing.assert_allclose(start.student_overlaps[0], Q, rtol=0, atol=0.04)
    np.testing.assert_allclose(start.student_teacher_overlaps[0], R, rtol=0, atol=0.04)

"""Hidden manifolds in the limit of infinitely many inputs and latent numbers."""

import numpy as np
import pytest

import teacherstudent
from structured_references import Start as StartInGroups
from structured_references import integrated
from teacherstudent.engines.ode import engine
from teacherstudent.engines.ode.limit import groups_in_limit, start_in_limit
from teacherstudent.engines.ode.nodes import gauss_nodes, number_of_nodes
from teacherstudent.errors import RunError
from teacherstudent.spec.parse import parse_spec


def manifold(**changes):
    """A document of a hidden manifold with one teacher in the limit."""
    block = {"latent_fraction": 0.25} | changes.pop("manifold", {})
    return {
        "inputs": {"distribution": "hidden_manifold", "dimension": 400, "manifold": block},
        "teachers": {"count": 1, "hidden": 2},
        "student": {"hidden": 2, "initial": {"weights_std": 1.0}},
        "training": {"learning_rate": 0.2},
        "numerics": {"latents": "infinite"} | changes.pop("numerics", {}),
        "duration": 100.0,
        "record": {"count": 5},
    } | changes


@pytest.mark.parametrize("delta", [0.01, 0.25, 1.0])
def test_nodes_have_the_moments_of_their_law(delta):
    """1, 1, 1 + delta, 1 + 3 delta + delta^2 of Marchenko and Pastur."""
    nodes, weights = gauss_nodes(delta, 8)
    moments = [1.0, 1.0, 1.0 + delta, 1.0 + 3.0 * delta + delta**2]
    np.testing.assert_allclose([weights @ nodes**n for n in range(4)], moments, rtol=1e-13)
    assert (nodes > 0.0).all()


@pytest.mark.parametrize("delta", [0.25, 2.0])
def test_moments_of_the_limit_are_those_of_large_projections(delta):
    D, N = (300, 1200) if delta < 1.0 else (1000, 500)
    F = np.random.default_rng(0).normal(size=(N, D))
    spec = parse_spec(manifold(manifold={"latent_fraction": delta, "folding": "linear"}))
    modes = start_in_limit(spec, 0, 0)[0].modes
    values = np.linalg.eigvalsh(F @ F.T / D)
    expected = [np.mean(values**n) for n in (1, 2, 3)]
    np.testing.assert_allclose([modes.omega[0] ** n @ modes.nu for n in (1, 2, 3)], expected, rtol=0.02)


@pytest.mark.parametrize("delta", [0.3, 1.0, 2.0])
def test_labels_that_linear_inputs_determine(delta):
    """All of them for D <= N, the fraction 1 / delta for D > N."""
    spec = parse_spec(manifold(manifold={"latent_fraction": delta, "folding": "linear"}))
    modes = start_in_limit(spec, 0, 0)[0].modes
    matter = modes.omega[0] > 1e-10
    explained = (modes.t[..., matter] / modes.omega[0, matter]).sum(axis=2)
    np.testing.assert_allclose(explained, modes.T * min(1.0, 1.0 / delta), rtol=1e-10)


# Nodes for an error of 1e-8, without the four additional ones, by hand.
NODES = {
    ("sign", 0.01): 4.0,
    ("sign", 0.25): 10.7,
    ("sign", 0.9): 12.8,
    ("erf", 0.5): 23.6,
    ("erf", 2.0): 21.4,
}


@pytest.mark.parametrize(("case", "count"), NODES.items())
def test_numbers_of_nodes(case, count):
    folding, delta = case
    spec = parse_spec(manifold(manifold={"latent_fraction": delta, "folding": folding}))
    assert number_of_nodes(spec) == np.ceil(count) + 4


@pytest.mark.parametrize(("folding", "delta"), [("sign", 0.1), ("erf", 0.25), ("sign", 1.0), ("erf", 2.0)])
def test_more_nodes_change_nothing(folding, delta):
    block = {"latent_fraction": delta, "folding": folding}
    few, many = (
        teacherstudent.run(manifold(manifold=block, numerics={"nodes": nodes}), engine="ode")
        for nodes in ("auto", 120)
    )
    for name in ("student_overlaps", "student_teacher_overlaps", "generalisation_error"):
        np.testing.assert_allclose(getattr(few, name), getattr(many, name), rtol=0, atol=1e-8)


def test_the_limit_starts_from_given_overlaps():
    given = {
        "student": [[1.0, 0.1], [0.1, 0.8]],
        "student_teacher": [[[0.05, 0.01], [-0.02, 0.04]]],
        "teacher": [[[[1.0, 0.1], [0.1, 0.9]]]],
        "student_readouts": [[1.0, 1.0]],
        "teacher_readouts": [[1.0, 1.0]],
    }
    found = teacherstudent.run(manifold(initial_overlaps=given), engine="ode")
    np.testing.assert_allclose(found.student_overlaps[0], given["student"], atol=1e-14)
    np.testing.assert_allclose(found.student_teacher_overlaps[0], given["student_teacher"], atol=1e-14)
    too_large = given | {"student_teacher": [[[0.9, 0.0], [0.0, 0.0]]]}
    with pytest.raises(RunError, match=r"initial_overlaps: no weights have the overlaps"):
        teacherstudent.run(manifold(initial_overlaps=too_large), engine="ode")


def test_orthogonal_projections_have_two_groups_at_any_size():
    """The limit with the overlaps of a run is this run."""
    block = {"projection": "orthogonal", "latent_fraction": 0.25}
    finite, infinite = (
        teacherstudent.run(manifold(manifold=block, numerics={"latents": latents}), engine="ode")
        for latents in ("finite", "infinite")
    )
    assert len(start_in_limit(parse_spec(manifold(manifold=block)), 0, 0)[0].modes.nu) == 2
    np.testing.assert_allclose(infinite.generalisation_error[0], finite.generalisation_error[0], rtol=1e-12)
    assert np.abs(infinite.generalisation_error - finite.generalisation_error).max() < 0.02


@pytest.mark.parametrize("folding", ["sign", "erf"])
def test_errors_of_linear_networks_at_the_end(folding):
    """(floor + eta K c sigma^2 / 4) / (1 - eta K c / 2), floor = 1/2 v (T - sum t / omega) v."""
    K, eta, sigma = 2, 0.2, 0.3
    spec = parse_spec(manifold(manifold={"folding": folding}))
    modes = start_in_limit(spec, 0, 0)[0].modes
    omega, T = modes.omega[0], np.array([[1.0, 0.2], [0.2, 0.8]])
    modes = modes._replace(t=T[:, :, None] * modes.t[0, 0] / modes.T[0, 0], T=T)
    v, c = np.array([[1.0, -0.5]]), omega @ modes.nu
    q = 0.1 * np.eye(K)[:, :, None] * modes.nu
    start = StartInGroups(modes, q, np.zeros((K, 2, omega.size)), np.ones((1, K)), v)
    settings = {"eta": eta, "eta_h": 0.0, "label_noise": (sigma,), "codes": ("linear", "linear")}
    found = integrated(start, np.array([0.0, 4000.0]), **settings).eps[-1, 0]
    floor = 0.5 * v[0] @ (T - (modes.t / omega).sum(axis=2)) @ v[0]
    expected = (floor + eta * K * c * sigma**2 / 4.0) / (1.0 - eta * K * c / 2.0)
    assert found == pytest.approx(expected, rel=1e-7)


# Of Goldt et al. 2020, by a separate program: delta = 0.01, sign, K = M = 2, first layer, eta = 0.2, T = 1.
TIMES = [0.0, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0]
ERRORS = [0.6197, 0.2506, 0.1431, 0.1258, 0.1110, 0.0625, 0.0263, 0.00745, 0.00363, 0.00231]
# Errors at the end against delta, sign and erf.
FLOORS = {
    "sign": {0.03: 0.0069566, 0.1: 0.023651, 0.25: 0.060475, 0.5: 0.11828, 0.9: 0.18675, 2.0: 0.27088},
    "erf": {0.1: 0.0019714, 0.25: 0.0058177, 0.5: 0.016270, 0.9: 0.056304, 2.0: 0.19221},
}
SOFT_COMMITTEE = {
    "student": {"hidden": 2, "initial": {"weights_std": 1.0}},
    "training": {"learning_rate": 0.2, "train": ["features"]},
}


def committee(R, W=1.0, **block):
    """A soft committee in the limit, whose start has given R and squared lengths W of the weights."""
    overlaps = {
        "student": np.eye(2),
        "student_teacher": np.array([R]),
        "teacher": np.eye(2).reshape(1, 1, 2, 2),
        "student_readouts": np.ones((1, 2)),
        "teacher_readouts": np.ones((1, 2)),
    }
    spec = parse_spec(manifold(manifold=block))
    modes = groups_in_limit(spec, np.eye(2))
    alpha = np.array(R) @ np.linalg.inv(modes.t.sum(axis=2))
    along = np.einsum("ka,abg,lb->klg", alpha, modes.t, alpha)
    rest = W * np.eye(2) - along.sum(axis=2)
    overlaps["student"] = along @ modes.omega[0] + rest * (modes.omega[0] @ modes.nu)
    given = {name: array.tolist() for name, array in overlaps.items()}
    return manifold(manifold=block, initial_overlaps=given, **SOFT_COMMITTEE)


def test_errors_of_soft_committees_in_time():
    document = committee([[0.08, -0.05], [0.02, 0.1]], latent_fraction=0.01)
    document |= {"duration": 1000.0, "record": {"times": TIMES}}
    found = teacherstudent.run(document, engine="ode")
    # The recorded numbers have three digits: half a unit of the last one.
    np.testing.assert_allclose(found.generalisation_error[:, 0], ERRORS, rtol=2.2e-3)


CASES = [(folding, delta) for folding, values in FLOORS.items() for delta in values]


@pytest.mark.parametrize(("folding", "delta"), CASES)
def test_errors_of_soft_committees_at_the_end(folding, delta):
    document = committee([[0.08, -0.05], [0.02, 0.1]], latent_fraction=delta, folding=folding)
    document |= {"duration": 30_000.0, "record": {"times": [0.0, 30_000.0]}}
    found = teacherstudent.run(document, engine="ode").generalisation_error[-1, 0]
    assert found == pytest.approx(FLOORS[folding][delta], rel=2e-4)


def test_equations_that_few_latent_numbers_make_stiff_are_one_line(monkeypatch):
    monkeypatch.setattr(engine, "MAX_STEPS", 100)
    document = manifold(manifold={"latent_fraction": 0.005})
    for duration, words in ((50.0, "is reached after 100 steps"), (1e5, r"[0-9.e+]+ steps are necessary")):
        with pytest.raises(RunError, match=rf"stiff: .*{words}.*eigenvalue .*latent_fraction") as caught:
            teacherstudent.run(document | {"duration": duration}, engine="ode")
        assert "\n" not in str(caught.value)

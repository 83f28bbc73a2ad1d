"""Floors of structured inputs: closed forms against nodes, samples and the published integrals."""

import numpy as np
import pytest
from scipy.integrate import quad

from depth import thorough_from
from structured_cases import structured
from teacherstudent.analysis import (
    asymptotic_state,
    limit_of_undetermined_labels,
    linear_error,
    linear_floor,
    undetermined_labels,
)
from teacherstudent.errors import SpecError
from teacherstudent.inputs.structured.setting import setting_of
from teacherstudent.spec.parse import parse_spec

# The integrals of Goldt et al. 2020 as computed by another program.
INTEGRALS = {
    "sign": {0.01: 0.0057322, 0.1: 0.0592723, 0.25: 0.1532722, 0.5: 0.3043938, 0.9: 0.4879285},
    "erf": {0.01: 0.00047651, 0.1: 0.00521381, 0.25: 0.0154109, 0.5: 0.0432815, 0.9: 0.152066},
}


@pytest.mark.parametrize(
    "folding, delta, value", [(folding, *item) for folding, row in INTEGRALS.items() for item in row.items()]
)
def test_limit_is_that_of_another_program(folding, delta, value):
    assert limit_of_undetermined_labels(delta, folding) == pytest.approx(
        value, abs=6e-8 if value < 0.1 else 6e-7
    )


@pytest.mark.parametrize("delta", [0.3, 1.7])
def test_limit_is_the_integral_over_the_law_of_eigenvalues(delta):
    """The law of Marchenko and Pastur; for delta > 1 a part 1 - 1 / delta of the eigenvalues is zero."""
    low, high = (1.0 - np.sqrt(delta)) ** 2, (1.0 + np.sqrt(delta)) ** 2
    z = (1.0 - 2.0 / np.pi) * delta / (2.0 / np.pi)

    def integrand(angle):
        rho = 0.5 * (low + high) - 0.5 * (high - low) * np.cos(angle)
        density = 0.5 * (high - low) * np.sin(angle) / (2.0 * np.pi * delta * rho)
        return density * z / (z + rho) * 0.5 * (high - low) * np.sin(angle)

    expected = quad(integrand, 0.0, np.pi, epsabs=1e-13)[0] + max(0.0, 1.0 - 1.0 / delta)
    assert limit_of_undetermined_labels(delta, "sign") == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("kind", ["manifold", "manifold_inputs", "generator", "levels"])
def test_undetermined_labels_are_the_residual_of_the_best_linear_predictor(kind):
    spec = parse_spec(structured(kind))
    law = setting_of(spec, 3, 1).laws[1]
    covariance = law.loadings @ law.loadings.T + np.diag(law.rest)
    expected = law.T - law.fields @ np.linalg.solve(covariance, law.fields.T) / spec.inputs.dimension
    assert undetermined_labels(spec, 1, 3, 1) == pytest.approx(expected, abs=1e-11)


def test_a_linear_folding_determines_all_labels():
    document = structured("manifold")
    document["inputs"]["manifold"]["folding"] = "linear"
    assert np.abs(undetermined_labels(parse_spec(document))).max() < 1e-12
    assert limit_of_undetermined_labels(0.4, "linear") == pytest.approx(0.0, abs=1e-15)


def test_finite_latents_approach_the_limit():
    """The mean over many teacher units, within four standard errors."""
    document = structured("manifold", teachers={"count": 1, "hidden": 100})
    manifold = {"distribution": "hidden_manifold", "manifold": {"latent_dimension": 400}}
    document["curriculum"], document["inputs"] = {}, {"dimension": 1600} | manifold
    found = np.diag(undetermined_labels(parse_spec(document)))
    error = found.std() / np.sqrt(len(found))
    assert error < 0.005
    assert found.mean() == pytest.approx(INTEGRALS["sign"][0.25], abs=4.0 * error)


def test_linear_floor_and_error():
    rest, v = np.array([[0.2, 0.05], [0.05, 0.1]]), np.array([1.0, -0.5])
    assert linear_floor(rest, v) == pytest.approx(0.5 * (0.2 - 0.05 + 0.025))
    assert linear_error(2, 1e-9, 0.0, 0.1, 1.3) == pytest.approx(0.1)
    with pytest.raises(ValueError, match=r"at least 2 / \(K c\) = 0.769231"):
        linear_error(2, 0.8, 0.0, 0.1, 1.3)


def test_inputs_without_structure_are_refused():
    document = structured("levels")
    document["inputs"] = {"dimension": 128}
    with pytest.raises(ValueError, match="inputs.distribution: gaussian determines the labels completely"):
        undetermined_labels(parse_spec(document))


def one_teacher(kind, activation="erf", hidden=2, **blocks):
    """Return a document with one teacher, of which the first layer is learned."""
    document = structured(kind, **blocks)
    document["curriculum"], document["duration"] = {}, 300.0
    document["teachers"] = {
        "count": 1,
        "hidden": hidden,
        "activation": activation,
        "features": {"units": "orthogonal"},
        "readouts": {"relation": "ones"},
    }
    document["student"] = {
        "hidden": 2,
        "activation": activation,
        "initial": {"weights_std": 1.0, "readouts_value": 1.0},
    }
    document["training"] = {"learning_rate": 0.2, "train": ["features"]}
    return document


@pytest.mark.parametrize("kind", thorough_from(3, ["manifold", "levels", "manifold_inputs", "generator"]))
def test_linear_networks_end_at_the_closed_form(kind):
    document = one_teacher(kind, "linear")
    document["teachers"]["output_noise"] = 0.3
    spec = parse_spec(document)
    power = setting_of(spec, 0, 0).laws[0].moments_of_spectrum()[0]
    floor = linear_floor(undetermined_labels(spec), np.ones(2))
    found = asymptotic_state(spec)
    assert found.converged
    assert found.generalisation_error[0] == pytest.approx(linear_error(2, 0.2, 0.3, floor, power), rel=1e-8)


# Errors in the limit of infinitely many latent numbers at late times, as integrated by another program.
LATE = {
    ("sign", 0.2): {0.01: 0.0023036, 0.1: 0.023651, 0.5: 0.11828},
    ("erf", 0.2): {0.1: 0.0019714, 0.25: 0.0058177},
    ("sign", 0.02): {0.1: 0.021770},
}


@pytest.mark.parametrize(
    "folding, rate, delta, error", [(*case, *item) for case, row in LATE.items() for item in row.items()]
)
def test_erf_networks_end_where_another_program_ends(folding, rate, delta, error):
    document = one_teacher("manifold", numerics={"latents": "infinite"})
    document["inputs"]["manifold"] = {"latent_fraction": delta, "folding": folding}
    document["inputs"]["dimension"], document["training"]["learning_rate"] = 1000, rate
    document["duration"] = 200.0 / rate
    found = asymptotic_state(parse_spec(document), seed=1)
    assert found.converged and found.realisable and found.growth_rate < 0.0
    assert found.generalisation_error[0] == pytest.approx(error, rel=3e-5)
    assert found.student_teacher_overlaps.shape == (2, 2) and found.student_readouts.tolist() == [[1.0, 1.0]]


def test_a_search_from_far_away_can_end_at_overlaps_that_no_weights_have():
    found = asymptotic_state(structured("levels", duration=5.0))
    assert found.converged
    assert not found.realisable
    assert np.linalg.eigvalsh(found.student_overlaps).min() < 0.0


def test_inputs_without_groups_have_no_asymptotic_state():
    with pytest.raises(SpecError, match="inputs.distribution: gaussian is not allowed"):
        asymptotic_state(parse_spec(one_teacher("levels") | {"inputs": {"dimension": 128}}))
    with pytest.raises(SpecError, match="teacher: 1 is not one of 0 to 0"):
        asymptotic_state(parse_spec(one_teacher("levels")), teacher=1)

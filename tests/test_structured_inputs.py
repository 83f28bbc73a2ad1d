"""Structured inputs: foldings, projections, second moments against samples, quadrature and closed forms."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.integrate import quad

from naive.structured import FOLDINGS, folded, generated
from structured_cases import structured
from teacherstudent.command.structure import structure
from teacherstudent.errors import RunError, SpecError
from teacherstudent.inputs.structured.foldings import coefficients, covariance_of_folded
from teacherstudent.inputs.structured.generators import layers_of, moments_of_layers
from teacherstudent.inputs.structured.projections import orthogonal_columns, projections_of
from teacherstudent.inputs.structured.setting import setting_of
from teacherstudent.inputs.structured.spectra import covariance_factors
from teacherstudent.inputs.structured.subspaces import directions_of_tasks
from teacherstudent.spec.parse import parse_spec

SAMPLES = 40_000
FOLDED = ("manifold", "manifold_inputs", "orthogonal", "interpolated", "orthogonal_tasks", "subspaces")


def inputs_and_fields(spec, setting, task, rng):
    """Return samples of the inputs of a task, and of the fields of its teacher."""
    N, V = spec.inputs.dimension, setting.networks.V[task]
    if spec.inputs.covariance is not None:
        x = rng.normal(size=(SAMPLES, N)) * np.sqrt(setting.laws[task].rest)
        return x, x @ V.T / np.sqrt(N)
    c = rng.normal(size=(SAMPLES, spec.inputs.latents))
    if spec.inputs.manifold is None:
        x = generated(layers_of(spec, 0, 0), c)
    else:
        F = setting.projections[task if len(setting.projections) > 1 else 0]
        x = folded(F, spec.inputs.manifold.folding, c)
    seen = x if spec.inputs.seen_by_teachers == N else c
    return x, seen @ V.T / np.sqrt(seen.shape[1])


@pytest.mark.parametrize("folding", FOLDINGS)
@pytest.mark.parametrize("s", [0.3, 1.0, 2.5])
def test_coefficients_of_foldings_are_their_averages(folding, s):
    def average(function):
        density = lambda z: np.exp(-0.5 * z**2) / np.sqrt(2.0 * np.pi)  # noqa: E731
        return quad(lambda z: density(z) * function(z), -12.0, 12.0, points=[0.0], limit=200)[0]

    f = lambda z: float(FOLDINGS[folding](np.float64(s * z), s))  # noqa: E731
    b, c = coefficients(folding, s)
    assert average(f) == pytest.approx(0.0, abs=1e-12)
    assert b == pytest.approx(average(lambda z: z * f(z)), rel=1e-10)
    assert c == pytest.approx(average(lambda z: f(z) ** 2), rel=1e-10)


@pytest.mark.parametrize("folding", ["sign", "erf", "linear"])
def test_covariance_of_two_folded_numbers_is_their_average(folding):
    C = np.array([[1.3, 0.7], [0.7, 0.8]])
    nodes, weights = np.polynomial.hermite_e.hermegauss(120)
    weights, (l11, l21, l22) = (
        weights / weights.sum(),
        (np.linalg.cholesky(C)[i] for i in ((0, 0), (1, 0), (1, 1))),
    )
    if folding == "sign":  # a discontinuous function needs the angle between the two numbers
        expected = 1.0 - 2.0 / np.pi * np.arccos(C[0, 1] / np.sqrt(C[0, 0] * C[1, 1]))
    else:
        f, z = FOLDINGS[folding], nodes[:, None]
        expected = weights @ (f(l11 * z, 1.0) * f(l21 * z + l22 * nodes, 1.0)) @ weights
    assert covariance_of_folded(folding, C)[0, 1] == pytest.approx(expected, rel=1e-10)
    assert np.diag(covariance_of_folded(folding, C)) == pytest.approx(
        coefficients(folding, np.sqrt(np.diag(C)))[1]
    )


@pytest.mark.parametrize("kind", ["levels", "power_law", *FOLDED, "generator"])
def test_laws_are_the_covariances_of_sampled_fields(kind):
    """Within five standard errors, and 2 % for what the linear part of a folding leaves out."""
    spec = parse_spec(structured(kind))
    setting, rng = setting_of(spec, 0, 0), np.random.default_rng(1)
    for task, law in enumerate(setting.laws):
        x, nu = inputs_and_fields(spec, setting, task, rng)
        lam = x @ setting.networks.W.T / np.sqrt(spec.inputs.dimension)
        Q, R = law.overlaps(setting.networks.W)
        exact = spec.inputs.covariance is not None
        for expected, a, b, left_out in (
            (Q, lam, lam, not exact),
            (R, lam, nu, False),
            (law.T, nu, nu, kind == "manifold_inputs"),
        ):
            found, products = a.T @ b / SAMPLES, a[:, :, None] * b[:, None, :]
            errors = products.std(axis=0) / np.sqrt(SAMPLES)
            allowed = 5.0 * errors + 0.02 * left_out + (0.15 if kind == "subspaces" else 0.0)
            assert (np.abs(found - expected) < allowed).all(), (kind, task, found, expected)


@pytest.mark.parametrize("folding", ["sign", "erf"])
def test_exact_covariance_of_folded_inputs(folding):
    document = structured("manifold", numerics={"covariance": "exact"})
    document["inputs"]["manifold"]["folding"] = folding
    spec = parse_spec(document)
    setting, rng = setting_of(spec, 0, 0), np.random.default_rng(2)
    x, _ = inputs_and_fields(spec, setting, 0, rng)
    lam = x @ setting.networks.W.T / np.sqrt(spec.inputs.dimension)
    errors = (lam[:, :, None] * lam[:, None, :]).std(axis=0) / np.sqrt(SAMPLES)
    Q, _ = setting.laws[0].overlaps(setting.networks.W)
    assert (np.abs(lam.T @ lam / SAMPLES - Q) < 5.0 * errors).all()
    law = setting.laws[0]
    assert np.diag(law.loadings @ law.loadings.T) == pytest.approx(
        coefficients(folding, np.sqrt((setting.projections[0] ** 2).mean(axis=1)))[1]
    )


@pytest.mark.parametrize("kind", ["levels", "power_law", *FOLDED, "generator"])
def test_labels_have_a_part_that_inputs_do_not_determine(kind):
    """T - g Omega^-1 g^T / N is positive semi-definite, and zero for teachers that see the inputs."""
    spec = parse_spec(structured(kind))
    for law in setting_of(spec, 0, 0).laws:
        covariance = law.loadings @ law.loadings.T + np.diag(law.rest)
        left = law.T - law.fields @ np.linalg.solve(covariance, law.fields.T) / spec.inputs.dimension
        assert np.linalg.eigvalsh(left).min() > -1e-12
        if spec.inputs.seen_by_teachers == spec.inputs.dimension:
            assert np.abs(left).max() < 1e-12


def test_a_linear_folding_of_fewer_latents_loses_nothing():
    document = structured("manifold")
    document["inputs"]["manifold"]["folding"] = "linear"
    law = setting_of(parse_spec(document), 0, 0).laws[0]
    found = law.fields @ np.linalg.pinv(law.loadings @ law.loadings.T) @ law.fields.T / 128
    assert found == pytest.approx(law.T, abs=1e-10)
    assert np.abs(law.rest).max() < 1e-15


@pytest.mark.parametrize("N", [64, 90])
def test_orthogonal_columns(N):
    columns = orthogonal_columns(N, 40, 3, 1)
    assert columns.T @ columns == pytest.approx(np.eye(40), abs=1e-12)
    assert (np.abs(np.abs(columns) - 1.0 / np.sqrt(N)).max() < 1e-12) == (N == 64)


def test_projections_have_the_given_similarities():
    document = structured("orthogonal_tasks", teachers={"count": 3, "hidden": 1})
    similarity = [[1.0, 0.6, 0.2], [0.6, 1.0, 0.5], [0.2, 0.5, 1.0]]
    document["inputs"]["manifold"] |= {"latent_dimension": 20, "similarity": similarity}
    document["curriculum"] = {}
    F = projections_of(parse_spec(document), 0, 0)
    for p in range(3):
        for q in range(3):
            assert F[p].T @ F[q] / 128 == pytest.approx(similarity[p][q] * np.eye(20), abs=1e-12)
    document["inputs"]["manifold"] |= {"projection": "gaussian", "latent_dimension": 400}
    F = projections_of(parse_spec(document), 0, 0)
    products = np.einsum("pnd,qnd->pq", F, F) / F[0].size
    assert products == pytest.approx(np.array(similarity), abs=5.0 / np.sqrt(F[0].size))
    assert projections_of(parse_spec(document), 0, 1)[0, 0, 0] != F[0, 0, 0]


def test_tasks_of_subspaces_have_common_directions():
    document = structured("subspaces", teachers={"count": 3, "hidden": 1})
    document["inputs"]["manifold"] |= {"similarity": [0.6, 0.0]}
    spec = parse_spec(document)
    first, second, third = directions_of_tasks(spec)
    assert len(first) == len(second) == len(third) == 10
    assert len(np.intersect1d(first, second)) == 6 and not len(np.intersect1d(third, [*first, *second]))
    setting = setting_of(spec, 0, 0)
    products = [a.loadings.T @ b.loadings for a in setting.laws for b in setting.laws]
    assert all(np.allclose(product, product.T) for product in products)  # common eigenvectors
    V = setting.networks.V
    assert np.einsum("pmd,pmd->pm", V, V) / 30 == pytest.approx(np.ones((3, 1)))


def test_spectra():
    spec = parse_spec(structured("levels"))
    assert np.unique(covariance_factors(spec)[1], return_counts=True)[1].tolist() == [64, 64]
    rest = covariance_factors(parse_spec(structured("power_law")))[1]
    assert rest.mean() == pytest.approx(1.0)
    assert rest[3] / rest[0] == pytest.approx(0.5)
    law = setting_of(parse_spec(structured("manifold")), 0, 0).laws[0]
    values = np.linalg.eigvalsh(law.loadings @ law.loadings.T + np.diag(law.rest))
    assert law.effective_dimension() == pytest.approx(values.sum() ** 2 / (values**2).sum())
    assert law.moments_of_spectrum()[0] == pytest.approx(1.0)


def test_moments_of_one_layer_are_those_of_a_sign_folding():
    """A layer with weights of any length; the loadings of the manifold are exact."""
    F = np.random.default_rng(0).normal(size=(50, 20))
    covariance, cross = moments_of_layers([F / np.sqrt(20)])
    lengths = np.sqrt((F**2).sum(axis=1))
    assert cross == pytest.approx(np.sqrt(2.0 / np.pi) * F / lengths[:, None])
    assert covariance == pytest.approx(
        2.0 / np.pi * np.arcsin(np.clip(F @ F.T / np.outer(lengths, lengths), -1, 1))
    )


OVERLAPS = {
    "student": [[1.2, 0.1], [0.1, 0.9]],
    "student_teacher": [[[0.2, 0.05], [0.02, 0.1]], [[0.1, 0.0], [0.0, -0.1]]],
    "teacher": [
        [[[1.0, 0.1], [0.1, 0.9]], [[0.3, 0.0], [0.0, 0.2]]],
        [[[0.3, 0.0], [0.0, 0.2]], [[1.0, 0.0], [0.0, 1.1]]],
    ],
    "student_readouts": [[0.5, -0.3], [0.1, 0.2]],
    "teacher_readouts": [[1.0, 0.5], [-1.0, 0.3]],
}


@pytest.mark.parametrize("kind", ["levels", "power_law", "manifold", "manifold_inputs", "orthogonal"])
def test_given_overlaps_are_realised_exactly(kind):
    document = structured(kind) | {"initial_overlaps": OVERLAPS}
    document["teachers"] = {"count": 2, "hidden": 2}
    setting = setting_of(parse_spec(document), 0, 0)
    for task, law in enumerate(setting.laws):
        Q, R = law.overlaps(setting.networks.W)
        assert pytest.approx(np.array(OVERLAPS["student"]), abs=1e-10) == Q
        assert pytest.approx(np.array(OVERLAPS["student_teacher"][task]), abs=1e-10) == R
    T = setting.T.reshape(2, 2, 2, 2).swapaxes(1, 2)
    assert pytest.approx(np.array(OVERLAPS["teacher"]), abs=1e-10) == T
    assert setting.networks.v.tolist() == OVERLAPS["teacher_readouts"]


def test_impossible_overlaps_are_an_error():
    document = structured("manifold") | {
        "initial_overlaps": OVERLAPS | {"student_teacher": [[[0.9, 0], [0, 0.8]], [[0, 0], [0, 0]]]}
    }
    document["teachers"] = {"count": 2, "hidden": 2}
    with pytest.raises(RunError, match="initial_overlaps: no weights have these overlaps with these inputs"):
        setting_of(parse_spec(document), 0, 0)


FEW_DIRECTIONS = {
    "levels": {"inputs": {"dimension": 5}},
    "manifold": {"inputs": {"manifold": {"latent_dimension": 7, "folding": "linear"}}},
}


@pytest.mark.parametrize("kind", FEW_DIRECTIONS)
def test_overlaps_need_directions_besides_those_of_the_teachers(kind):
    """Teachers of four units, and random parts of two student units that are orthogonal to them."""
    document = structured(kind, **FEW_DIRECTIONS[kind]) | {"initial_overlaps": OVERLAPS}
    document["teachers"], document["student"] = {"count": 2, "hidden": 2}, {"hidden": 2}
    with pytest.raises(RunError, match="initial_overlaps: the covariance of the inputs has too few"):
        setting_of(parse_spec(document), 0, 0)


def test_files(tmp_path):
    rng = np.random.default_rng(0)
    A = rng.normal(size=(128, 128)) / 12.0
    np.savez(tmp_path / "moments.npz", covariance=A @ A.T, cross_covariance=A[:, :7] / 3.0, mean=np.ones(128))
    np.savez(tmp_path / "projections.npz", projections=rng.normal(size=(2, 128, 9)))
    blocks = {
        "generator": {"distribution": "generator", "generator": {"file": str(tmp_path / "moments.npz")}},
        "correlated": {
            "distribution": "correlated",
            "covariance": {"spectrum": "file", "file": str(tmp_path / "moments.npz")},
        },
        "hidden_manifold": {
            "distribution": "hidden_manifold",
            "manifold": {
                "projection": "file",
                "tasks": "interpolated",
                "file": str(tmp_path / "projections.npz"),
            },
        },
    }
    for name, block in blocks.items():
        document = structured("levels")
        document["inputs"] = {"dimension": 128} | block
        spec = parse_spec(document)
        assert parse_spec(spec.to_dict()) == spec
        law = setting_of(spec, 0, 0).laws[1]
        assert spec.inputs.latents == {"generator": 7, "correlated": None, "hidden_manifold": 9}[name]
        if name != "hidden_manifold":
            assert law.loadings @ law.loadings.T == pytest.approx(A @ A.T, abs=1e-12)
        part = {"correlated": "covariance", "hidden_manifold": "manifold"}.get(name, name)
        document["inputs"][part] |= {"sha256": "0" * 64}
        with pytest.raises(SpecError, match=f"inputs.{part}.sha256: the SHA-256 of"):
            parse_spec(document)
        document["inputs"][part] |= {"file": "missing.npz"}
        with pytest.raises(SpecError, match=f"inputs.{part}.file: missing.npz: No such file"):
            parse_spec(document)


FILES = [
    ("correlated", {"covariance": np.diag([1.0, 2.0, -1.0, 1.0])}, "must be positive semi-definite"),
    ("correlated", {"covariance": np.zeros((4, 4))}, "must be positive semi-definite, and not zero"),
    ("correlated", {"covariance": np.array(1.0)}, r"has shape \(\), which is no array of numbers"),
    ("hidden_manifold", {"projections": np.array([[1.0], [0.0], [1.0], [1.0]])}, "have a row of zeros"),
    ("hidden_manifold", {"projections": np.zeros((4, 0))}, r"has shape \(4, 0\), which is no array of"),
]


@pytest.mark.parametrize("distribution, arrays, message", FILES)
def test_bad_arrays_in_files_are_refused(tmp_path, distribution, arrays, message):
    path = str(tmp_path / "arrays.npz")
    np.savez(path, **arrays)
    block = {"file": path} | (
        {"spectrum": "file"} if distribution == "correlated" else {"projection": "file"}
    )
    key = {"correlated": "covariance"}.get(distribution, "manifold")
    document = structured("levels", teachers={"features": {"relation": "identical"}})
    document["inputs"] = {"dimension": 4, "distribution": distribution, key: block}
    with pytest.raises(SpecError, match=f"inputs.{key}.file: .*{message}"):
        parse_spec(document)


def test_subspaces_cannot_come_from_a_file(tmp_path):
    np.savez(tmp_path / "two.npz", projections=np.ones((2, 128, 30)))
    document = structured("subspaces")
    del document["inputs"]["manifold"]["similarity"]
    document["inputs"]["manifold"] |= {"projection": "file", "file": str(tmp_path / "two.npz")}
    with pytest.raises(SpecError, match="inputs.manifold.projection: tasks: subspaces needs gaussian"):
        parse_spec(document)


def test_a_covariance_in_a_file_may_be_singular(tmp_path):
    np.savez(tmp_path / "one.npz", covariance=np.outer(np.arange(1.0, 5.0), np.arange(1.0, 5.0)))
    document = structured("levels", teachers={"features": {"relation": "identical"}})
    block = {"spectrum": "file", "file": str(tmp_path / "one.npz")}
    document["inputs"] = {"dimension": 4, "distribution": "correlated", "covariance": block}
    law = setting_of(parse_spec(document), 0, 0).laws[0]
    assert law.loadings @ law.loadings.T == pytest.approx(np.outer(range(1, 5), range(1, 5)), abs=1e-12)


BAD = [
    ("interpolated", {"manifold": {"latent_dimension": 9, "tasks": "interpolated", "similarity": []}}, "[]"),
    (
        "levels",
        {"covariance": {"spectrum": "levels", "values": [1.0]}},
        "inputs.covariance.fractions: missing",
    ),
    (
        "levels",
        {"covariance": {"spectrum": "levels", "values": [1.0], "fractions": [0.5]}},
        "their sum is 0.5",
    ),
    (
        "levels",
        {"covariance": {"spectrum": "levels", "values": [1.0], "fractions": [0.5, 0.5]}},
        "inputs.covariance.fractions: 2 for 1 values",
    ),
    ("levels", {"covariance": {"spectrum": "power_law"}}, "inputs.covariance.exponent: missing"),
    (
        "levels",
        {"covariance": {"spectrum": "power_law", "exponent": 1.0, "values": [1.0]}},
        "only for spectrum: levels",
    ),
    (
        "levels",
        {"manifold": {"latent_dimension": 2}},
        "inputs.manifold: only for inputs.distribution: hidden_manifold",
    ),
    ("levels", {"samples": 10}, "inputs.samples: correlated inputs are fresh"),
    ("manifold", {"manifold": {}}, "inputs.manifold: needs one of latent_dimension and latent_fraction"),
    (
        "manifold",
        {"manifold": {"latent_dimension": 3, "latent_fraction": 0.5}},
        "needs one of latent_dimension and latent_fraction",
    ),
    ("manifold", {"manifold": {"latent_dimension": 0}}, "inputs.manifold.latent_dimension: 0 is not allowed"),
    (
        "manifold",
        {"manifold": {"latent_dimension": 3, "folding": "cube"}},
        "inputs.manifold.folding: 'cube' is not allowed",
    ),
    (
        "manifold",
        {"manifold": {"latent_dimension": 129, "projection": "orthogonal"}},
        "inputs.manifold.projection: orthogonal",
    ),
    ("manifold", {"manifold": {"latent_dimension": 3, "projection": "file"}}, "inputs.manifold.file: needed"),
    (
        "manifold",
        {"manifold": {"latent_dimension": 3, "similarity": 0.5}},
        "inputs.manifold.similarity: not used",
    ),
    (
        "manifold",
        {"manifold": {"latent_dimension": 3, "tasks": "interpolated"}},
        "inputs.manifold.similarity: missing",
    ),
    (
        "manifold",
        {"manifold": {"latent_dimension": 3, "tasks": "interpolated", "similarity": [0.1, 0.2]}},
        "inputs.manifold.similarity: 2 values for 2 teachers",
    ),
    (
        "manifold",
        {
            "manifold": {
                "latent_dimension": 3,
                "tasks": "interpolated",
                "similarity": [[1.0, 2.0], [2.0, 1.0]],
            }
        },
        "inputs.manifold.similarity",
    ),
    (
        "manifold",
        {
            "manifold": {
                "latent_dimension": 3,
                "tasks": "interpolated",
                "similarity": 0.1,
                "labels_from": "inputs",
            }
        },
        "inputs.manifold.labels_from: inputs needs tasks: shared",
    ),
    (
        "manifold",
        {"manifold": {"latent_dimension": 30, "tasks": "subspaces", "similarity": [-0.1]}},
        "the fraction of common directions",
    ),
    (
        "manifold",
        {"manifold": {"latent_dimension": 1, "tasks": "subspaces", "similarity": [0.1]}},
        "at least one direction for each of the 2 tasks",
    ),
    (
        "manifold",
        {
            "manifold": {
                "latent_dimension": 30,
                "tasks": "subspaces",
                "similarity": [0.1],
                "projection": "orthogonal",
            }
        },
        "inputs.manifold.projection: tasks: subspaces needs gaussian",
    ),
    ("generator", {"generator": {}}, "inputs.generator: needs one of layers and file"),
    ("generator", {"generator": {"layers": [3, 10]}}, "the last width must be inputs.dimension, 128"),
    (
        "generator",
        {"generator": {"layers": [3, 128], "latent_dimension": 3}},
        "inputs.generator.latent_dimension",
    ),
]


@pytest.mark.parametrize("kind, inputs, message", BAD)
def test_bad_inputs_are_refused_in_one_line(kind, inputs, message):
    with pytest.raises(SpecError) as error:
        parse_spec(structured(kind, inputs=inputs))
    assert message in str(error.value) and "\n" not in str(error.value)


OTHER_BLOCKS = [
    (
        "manifold",
        {"training": {"deficits": [{"start": 1.0, "length": 1.0, "teacher": 1}]}},
        "training.deficits.teacher: not available",
    ),
    (
        "manifold",
        {"inputs": {"manifold": {"latent_fraction": 0.02}}},
        "inputs.manifold.latent_fraction: gives 3 latent numbers; exactly rotated teachers need at least 4",
    ),
    (
        "generator",
        {
            "inputs": {"generator": {"layers": [1, 128]}},
            "teachers": {"features": {"units": "orthogonal"}},
        },
        "inputs.generator.layers: gives 1 latent numbers; units: orthogonal needs at least 2",
    ),
    (
        "orthogonal_tasks",
        {"inputs": {"dimension": 59}},
        "2 x 30 orthogonal columns (tasks x latent numbers) need at least 60 inputs, there are 59",
    ),
    (
        "manifold",
        {"training": {"consolidation": {"kind": "ewc", "strength": 1.0}}},
        "training.consolidation: not available",
    ),
    ("manifold", {"teachers": {"drift": 0.1}}, "teachers.drift: not available"),
    ("manifold", {"record": {"movement": True}}, "record.movement: not available"),
    ("manifold", {"training": {"l1": 0.1}}, "training.l1: not available"),
    (
        "manifold",
        {"curriculum": {"replay": {"fraction": 0.1, "fidelity": 0.5}}},
        "curriculum.replay.fidelity: not available",
    ),
    (
        "manifold",
        {"student": {"initial": {"scheme": "informed"}}},
        "student.initial.scheme: informed is not allowed",
    ),
    (
        "manifold",
        {"numerics": {"latents": "infinite", "nodes": "many"}},
        "numerics.nodes: 'many' is not allowed; it must be an integer >= 1 and <= 1000 or auto",
    ),
    ("manifold", {"numerics": {"nodes": 8}}, "numerics.nodes: only for numerics.latents: infinite"),
    ("interpolated", {"numerics": {"latents": "infinite"}}, "numerics.latents: no closed equations"),
    (
        "levels",
        {"numerics": {"latents": "infinite"}},
        "numerics.latents: infinite is only for hidden_manifold",
    ),
    (
        "levels",
        {"numerics": {"covariance": "exact"}},
        "numerics.covariance: exact is only for hidden_manifold",
    ),
    (
        "interpolated",
        {"initial_overlaps": OVERLAPS, "teachers": {"count": 2, "hidden": 2, "features": {}}},
        "initial_overlaps: need one law",
    ),
]


@pytest.mark.parametrize("kind, changes, message", OTHER_BLOCKS)
def test_what_contradicts_other_blocks_is_refused_in_one_line(kind, changes, message):
    with pytest.raises(SpecError) as error:
        parse_spec(structured(kind, **changes))
    assert message in str(error.value) and "\n" not in str(error.value)


def test_keys_of_structured_inputs_are_refused_elsewhere():
    document = structured("levels") | {"inputs": {"dimension": 10}, "numerics": {"latents": "finite"}}
    with pytest.raises(SpecError, match="numerics.latents: only for structured inputs"):
        parse_spec(document)


def test_tables_write_similarities_and_files_as_in_the_spec(tmp_path):
    np.savez(tmp_path / "F.npz", projections=np.ones((128, 30)))
    manifold = {"projection": "file", "file": str(tmp_path / "F.npz")}
    given = structured("manifold", inputs={"manifold": manifold})
    for document, words in (
        (structured("subspaces"), "subspaces (similarity [0.6])"),
        (given, "F.npz, shared"),
    ):
        stored = SimpleNamespace(spec=parse_spec(document), seed=0)
        assert words in structure(stored)["structure"]

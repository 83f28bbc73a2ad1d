"""Engine `network` on structured inputs: plain loops with the same random numbers, laws, and divisions."""

from copy import deepcopy
from types import SimpleNamespace

import numpy as np
import pytest

from depth import crossed
from naive import G
from naive import sgd_interventions as naive
from naive.structured import folded, generated
from samples import assert_same
from structured_cases import KINDS, MANIFOLD, structured
from teacherstudent.engines.network import training
from teacherstudent.errors import RunError, SpecError
from teacherstudent.inputs import structured_inputs
from teacherstudent.inputs.structured import held_out, sizes
from teacherstudent.inputs.structured.generators import layers_of, moments_of_generator
from teacherstudent.inputs.structured.samplers import samplers_of
from teacherstudent.inputs.structured.setting import setting_of
from teacherstudent.inputs.structured.spectra import factor
from teacherstudent.kernels.maths.generalisation import generalisation_error
from teacherstudent.kernels.maths.philox import normal, random_bits
from teacherstudent.kernels.maths.single_normals import fill_single_normals
from teacherstudent.kernels.network.constants import INPUT_NOISE, LABEL_NOISE, STREAMS
from teacherstudent.networks.randomness import Purpose, counter_key
from teacherstudent.simulation.runs import simulate, simulate_points
from teacherstudent.spec.parse import parse_spec
from teacherstudent.store.runs import write_run
from teacherstudent.store.starts import load_start

SEED = 3
INTERPOLATED = MANIFOLD | {"tasks": "interpolated"}
MORE_KINDS = {
    "erf": {"distribution": "hidden_manifold", "manifold": MANIFOLD | {"folding": "erf"}},
    "linear": {"distribution": "hidden_manifold", "manifold": MANIFOLD | {"folding": "linear"}},
    "relu": {"distribution": "hidden_manifold", "manifold": MANIFOLD | {"folding": "relu"}},
    "equivalent": {
        "distribution": "hidden_manifold",
        "manifold": INTERPOLATED | {"similarity": [0.6], "equivalent": True},
    },
    "equivalent, teachers on inputs": {
        "distribution": "hidden_manifold",
        "manifold": MANIFOLD | {"labels_from": "inputs", "equivalent": True},
    },
    "equivalent generator": {
        "distribution": "generator",
        "generator": {"layers": [30, 30, 128], "equivalent": True},
    },
}
ALL_KINDS = KINDS | MORE_KINDS
GAUSSIAN = ("levels", "power_law", *list(MORE_KINDS)[3:])


def case(kind, N=128, **changes):
    """Return the document of a kind of inputs."""
    changes["inputs"] = deepcopy(ALL_KINDS[kind]) | {"dimension": N} | changes.get("inputs", {})
    if "generator" in changes["inputs"]:
        changes["inputs"]["generator"]["layers"][-1] = N
    document = structured("levels", **changes)
    replaced = {key: changes[key] for key in ("inputs", "curriculum", "record") if key in changes}
    return document | replaced


@pytest.fixture
def short_blocks(monkeypatch):
    """Blocks of 48 rows, and few test samples."""
    monkeypatch.setattr(sizes, "MOST", 48)
    monkeypatch.setattr(held_out, "SAMPLES", 1000)


# Random numbers


def normals(purpose, count, step, stream):
    """Return the first numbers of a stream."""
    out = np.zeros(count)
    fill_single_normals(out, *counter_key(SEED, 0, purpose), step, stream)
    return out


def uniform(step):
    bits, _ = random_bits(0, *counter_key(SEED, 0, Purpose.TASKS), step, 0)
    return (int(bits) >> 11) / 2**53


def pair_of(spec, setting, task, latents, rest):
    """Return the input of a task, and what its teacher sees, from functions of a number of normals."""
    N, D, law = spec.inputs.dimension, spec.inputs.latents, setting.laws[task]
    manifold, generator = spec.inputs.manifold, spec.inputs.generator
    if generator is not None and generator.layers is not None and not generator.equivalent:
        c = latents(D)
        return generated(layers_of(spec, SEED, 0), c[None])[0], c
    if generator is not None:
        covariance, cross = moments_of_generator(spec, SEED, 0)
        z = latents(D + N)
        return cross @ z[:D] + factor(covariance - cross @ cross.T) @ z[D:], z[:D]
    if manifold is not None and not manifold.equivalent:
        c, F = latents(D), setting.projections[task if len(setting.projections) > 1 else 0]
        x = folded(F, manifold.folding, c[None])[0]
    else:
        c = latents(law.loadings.shape[1])
        x = law.loadings @ c + np.sqrt(law.rest) * (rest(N) if law.rest.any() else 0.0)
    return x, c if spec.inputs.seen_by_teachers == D else x


def draws_of(spec, setting):
    """Return the random numbers of a run, as the plain loop takes them."""
    N = spec.inputs.dimension

    def pair(step, b, task):
        def latents(count):
            return normals(Purpose.LATENTS, count, step, b)

        return pair_of(
            spec, setting, task, latents, lambda count: normals(Purpose.EQUIVALENT_INPUTS, count, step, b)
        )

    def label_noise(step, b):
        return normal(*counter_key(SEED, 0, Purpose.TRAINING), step, STREAMS * b + LABEL_NOISE)

    return SimpleNamespace(
        pair=pair,
        uniform=uniform,
        label_noise=label_noise,
        input_noise=lambda step, b: normals(Purpose.TRAINING, N, step, STREAMS * b + INPUT_NOISE),
    )


# Steps


NOISES = {"output_noise": [0.1, 0.2], "input_noise": [0.3, 0.0]}
INTERVENTIONS = {
    "batches, noises, decay and frozen units": {
        "teachers": NOISES,
        "training": {"batch_size": 2, "weight_decay": 0.3, "frozen_units": [[], [0]]},
        "student": {"heads": "per_task"},
    },
    "mixture": {
        "teachers": NOISES,
        "curriculum": {
            "mixture": [{"probabilities": [0.8, 0.2], "until": 1.3}, {"probabilities": [0.3, 0.7]}]
        },
        "training": {"batch_size": 3},
        "student": {"heads": "per_task"},
    },
    "replay": {"curriculum": {"switch_times": [0.7], "replay": {"fraction": 0.3}}},
    "interleaving": {
        "curriculum": {"switch_times": [0.7], "replay": {"interleave": {"new": 5, "old": 2}}},
        "student": {"heads": "per_task"},
    },
    "schedules and deficits": {
        "training": {
            "learning_rate": [{"until": 1.1, "value": 0.4}, {"value": 0.1}],
            "deficits": [{"start": 0.4, "until": 0.9, "output_noise": 0.5, "input_noise": 0.2}],
        },
        "curriculum": {"switch_times": [0.7]},
    },
}


def assert_as_naive(document, moved=0.05):
    """The weights at the end of a run are those of the plain loop."""
    document = document | {"record": {"count": 4, "state": True}}
    spec = parse_spec(document)
    found, setting = simulate(spec, "network", SEED), setting_of(spec, SEED, 0)
    start = setting.networks
    student = start.W, start.h, start.V, start.v
    expected = naive.simulate(document, *student, draws_of(spec, setting))
    np.testing.assert_allclose(found.state["student_weights"], expected.W, rtol=0, atol=1e-11)
    np.testing.assert_allclose(found.state["student_readouts"], expected.h, rtol=0, atol=1e-11)
    assert np.abs(expected.W - start.W).max() > moved
    return found, spec, setting


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_all_steps_are_those_of_a_plain_loop(kind, short_blocks):
    changes = INTERVENTIONS["batches, noises, decay and frozen units"]
    assert_as_naive(case(kind, 64, **changes, curriculum={"switch_times": [0.71]}, duration=1.6))


@pytest.mark.parametrize("name", INTERVENTIONS)
@pytest.mark.parametrize("kind", ["interpolated", "equivalent", "manifold_inputs"])
def test_interventions(kind, name, short_blocks):
    changes = {"curriculum": {"switch_times": [0.7]}} | INTERVENTIONS[name]
    assert_as_naive(case(kind, 40, **changes, duration=2.0))


def test_inputs_and_latents_longer_than_a_piece():
    document = case("manifold", 1100, duration=0.05, curriculum={"switch_times": [0.02]})
    document["inputs"]["manifold"]["latent_dimension"] = 1050
    assert_as_naive(document, moved=0.01)


# Files


def test_files(tmp_path, short_blocks):
    """Covariances, projections and generators of files."""
    rng, N, D = np.random.default_rng(0), 48, 8
    A, F = rng.normal(size=(N, D)), rng.normal(size=(2, N, D))
    covariance = A @ A.T / D + np.eye(N)
    for kind, block, arrays in (
        ("levels", {"covariance": {"spectrum": "file"}}, {"covariance": covariance}),
        (
            "manifold",
            {"manifold": {"projection": "file", "tasks": "interpolated"}},
            {"projections": F},
        ),
        (
            "generator",
            {"generator": {}},
            {"covariance": covariance, "cross_covariance": A / np.sqrt(D), "mean": np.ones(N)},
        ),
    ):
        path = tmp_path / f"{kind}.npz"
        np.savez(path, **arrays)
        (name,) = block
        block[name]["file"] = str(path)
        document = case("levels", N, duration=3.0)
        document["inputs"] = {"dimension": N, "distribution": ALL_KINDS[kind]["distribution"]} | block
        assert_as_naive(document)


def test_moments_of_a_file_that_contradict_each_other(tmp_path):
    N = 16
    arrays = {"covariance": np.eye(N), "cross_covariance": 2.0 * np.eye(N)[:, :4], "mean": np.zeros(N)}
    np.savez(tmp_path / "moments.npz", **arrays)
    inputs = {"dimension": N, "distribution": "generator"}
    document = case("levels", N) | {"inputs": inputs | {"generator": {"file": str(tmp_path / "moments.npz")}}}
    with pytest.raises(RunError, match=r"covariance.*negative eigenvalue"):
        simulate(parse_spec(document), "network", SEED)


def test_layers_whose_moments_no_gaussian_inputs_have():
    document = case("equivalent generator", 40)
    document["inputs"]["generator"]["layers"] = [1, 5, 5, 40]
    document["teachers"] = {"count": 1, "hidden": 1}
    document["curriculum"] = {}
    with pytest.raises(RunError, match=r"inputs.generator.equivalent: no Gaussian inputs .* wider layers"):
        simulate(parse_spec(document), "network", 3)


# Laws


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_sampled_fields_have_the_covariances_of_the_laws(kind):
    """Within 4.5 standard errors; Q of folded inputs within 2 % for what the law leaves out."""
    spec, count = parse_spec(case(kind)), 40_000
    setting = setting_of(spec, SEED, 0)
    rng, N, W = np.random.default_rng(4), spec.inputs.dimension, setting.networks.W
    for task, sampler in enumerate(samplers_of(spec, setting, SEED, 0)):
        C, X = rng.normal(size=(count, sampler.numbers)), rng.normal(size=(count, N))
        sampler.fill(C, X)
        seen = X if spec.inputs.seen_by_teachers == N else C[:, : spec.inputs.latents]
        student, teacher = X @ W.T / np.sqrt(N), seen @ setting.networks.V[task].T / np.sqrt(seen.shape[1])
        exact, law = kind in GAUSSIAN, setting.laws[task]
        Q, R = law.overlaps(W)
        left_out = 0.0 if exact else 0.15 if kind == "subspaces" else 0.02
        for expected, a, b, allowed in (
            (Q, student, student, left_out),
            (R, student, teacher, left_out * (kind == "subspaces")),
            (law.T, teacher, teacher, left_out * (kind == "manifold_inputs")),
            (np.zeros_like(Q), student, np.ones_like(student), 0.0),
        ):
            products = a[:, :, None] * b[:, None, :]
            errors = products.std(axis=0) / np.sqrt(count)
            assert (np.abs(products.mean(axis=0) - expected) < 4.5 * errors + allowed).all(), (kind, task)


# Records


@pytest.mark.parametrize("kind", ["levels", "manifold", "interpolated", "generator"])
def test_records_are_covariances_with_the_recorded_weights(kind):
    spec = parse_spec(case(kind, record={"count": 3, "weights": True}))
    found, setting = simulate(spec, "network", SEED), setting_of(spec, SEED, 0)
    N, codes = spec.inputs.dimension, (1, 1)
    for row, W in enumerate(found.student_weights):
        for task, law in enumerate(setting.laws):
            Omega = law.loadings @ law.loadings.T + np.diag(law.rest)
            Q, R = W @ Omega @ W.T / N, W @ law.fields.T / N
            h, v = found.student_readouts[row, task], found.teacher_readouts[task]
            np.testing.assert_allclose(found.student_teacher_overlaps[row, task], R, atol=1e-12)
            error = generalisation_error(*codes, Q, R, law.T, h, v)
            assert found.generalisation_error[row, task] == pytest.approx(error, rel=1e-11)
            if task == 0:
                np.testing.assert_allclose(found.student_overlaps[row], Q, atol=1e-12)
            if kind == "interpolated":
                np.testing.assert_allclose(found.task_student_overlaps[row, task], Q, atol=1e-12)
        np.testing.assert_allclose(found.student_weight_overlaps[row], W @ W.T / N, atol=1e-12)
    np.testing.assert_array_equal(np.hstack(np.hstack(found.teacher_overlaps)), setting.T)
    assert (found.task_student_overlaps is None) == (kind != "interpolated")


def squared_errors(spec, setting, task, stream, W, h):
    """Return 1/2 (student - teacher)^2 of the test samples of a task, one after the other."""
    errors, (V, v) = [], (setting.networks.V[task], setting.networks.v[task])
    for i in range(sizes.SAMPLES):

        def latents(count, i=i):
            return normals(Purpose.TEST_LATENTS, count, i, stream)

        def rest(count, i=i):
            return normals(Purpose.TEST_INPUTS, count, i, stream)

        x, seen = pair_of(spec, setting, task, latents, rest)
        student = h @ G["erf"](W @ x / np.sqrt(len(x)))
        errors.append(0.5 * (student - v @ G["erf"](V @ seen / np.sqrt(len(seen)))) ** 2)
    return np.array(errors)


@pytest.mark.parametrize(
    ("kind", "stored"), crossed(["interpolated", "levels", "manifold", "equivalent"], [True, False])
)
def test_test_errors_are_means_over_samples_and_agree_with_gaussian_closed_forms(kind, stored, monkeypatch):
    monkeypatch.setattr(sizes, "STORED", sizes.STORED * stored)
    document = case(kind, 64, record={"count": 2, "weights": True}, student={"heads": "per_task"})
    if kind == "manifold":
        document["numerics"] = {"covariance": "exact"}
    spec = parse_spec(document)
    found, setting = simulate(spec, "network", SEED), setting_of(spec, SEED, 0)
    W, h = found.student_weights[-1], found.student_readouts[-1]
    for task in range(2):
        stream = task if spec.has_task_inputs else 0
        errors = squared_errors(spec, setting, task, stream, W, h[task])
        assert found.test_error[-1, task] == pytest.approx(errors.mean(), rel=1e-6)
        if kind in GAUSSIAN:
            sem = errors.std() / np.sqrt(len(errors))
            assert abs(errors.mean() - found.generalisation_error[-1, task]) < 4.0 * sem
    assert np.diff(found.test_error, axis=0).all()


@pytest.mark.parametrize("kind", ["manifold", "interpolated", "generator"])
def test_single_precision_is_close_to_double_precision(kind):
    single, double = (
        simulate(parse_spec(case(kind, numerics={"precision": precision})), "network", SEED)
        for precision in ("float32", "float64")
    )
    np.testing.assert_allclose(single.generalisation_error, double.generalisation_error, rtol=1e-4)
    np.testing.assert_allclose(single.test_error, double.test_error, rtol=3e-3)
    assert (single.generalisation_error[1:] != double.generalisation_error[1:]).all()


def test_a_threshold_is_compared_with_the_closed_form():
    times = [round(0.05 * i, 2) for i in range(81)]
    document = case("interpolated", 200, curriculum={}, record={"times": times})
    errors = simulate(parse_spec(document), "network", SEED).generalisation_error[:, 0]
    threshold = float(errors[40])
    document["curriculum"] = {"thresholds": [threshold], "look_every": 0.05}
    found = simulate(parse_spec(document), "network", SEED)
    first = np.flatnonzero(errors < threshold)[0]
    assert 2 < first < 80
    np.testing.assert_allclose(found.switch_times, [times[first]])


# Bits


@pytest.mark.parametrize("kind", ["manifold", "equivalent", "generator"])
def test_the_division_of_training_changes_no_bit(kind, monkeypatch, short_blocks):
    documents = [
        case(kind, 64, curriculum={"switch_times": [0.83], "replay": {"fraction": 0.4}}, duration=3.0)
        | {"record": record}
        for record in ({"times": [0.0, 3.0]}, {"count": 30})
    ]
    whole, _ = found = [simulate(parse_spec(document), "network", SEED) for document in documents]
    monkeypatch.setattr(training, "WORK_PER_REPORT", 20_000)
    pieces = [simulate(parse_spec(document), "network", SEED) for document in documents]
    for name in ("generalisation_error", "test_error", "student_readouts"):
        for other in (*found, *pieces):
            np.testing.assert_array_equal(getattr(other, name)[-1], getattr(whole, name)[-1])


CURRICULA = {
    "times": {"switch_times": [1.03, 2.0]},
    "threshold": {"thresholds": [0.05], "look_every": 0.1},
    "replay": {"switch_times": [1.0], "replay": {"fraction": 0.5}},
}


@pytest.mark.parametrize(
    ("kind", "curriculum", "threads"),
    [
        ("manifold", "times", 1),
        ("manifold", "times", 2),
        ("subspaces", "replay", 2),
        ("equivalent", "threshold", 2),
    ],
)
def test_runs_are_the_same_alone_and_together(kind, curriculum, threads, short_blocks):
    features = ({"relation": "rotated", "similarity": V} for V in (0.0, 0.5, 1.0))
    rule = CURRICULA[curriculum]
    documents = [
        case(kind, 64, teachers={"features": own}, curriculum=rule, duration=2.5) for own in features
    ]
    points, before = [parse_spec(document) for document in documents], len(structured_inputs._common)
    together = list(simulate_points(points, "network", SEED, runs=2, threads=threads))
    alone = [simulate(spec, "network", SEED, run) for spec in points for run in range(2)]
    for one, other in zip(together, alone, strict=True):
        assert_same(one, other)
    assert len(structured_inputs._common) <= before  # no run leaves its arrays in memory


@pytest.mark.parametrize("kind", ["manifold", "interpolated", "subspaces", "generator", "levels"])
def test_a_run_resumes_from_its_state_to_the_same_bits(kind, tmp_path, short_blocks):
    changes = {"curriculum": {"switch_times": [0.9], "replay": {"fraction": 0.4}}}
    whole = parse_spec(case(kind, 64, **changes, duration=2.0, record={"count": 5, "state": True}))
    half = parse_spec(case(kind, 64, **changes, duration=1.5, record={"count": 4, "state": True}))
    expected = simulate(whole, "network", SEED)
    write_run(tmp_path / "half.h5", half, "network", SEED, simulate(half, "network", SEED))
    (start,) = load_start(tmp_path / "half.h5")
    found = simulate(whole, "network", SEED, start=start)
    np.testing.assert_array_equal(found.state["student_weights"], expected.state["student_weights"])
    np.testing.assert_array_equal(found.test_error[-1], expected.test_error[-1])
    with pytest.raises(RunError, match=r"teachers of this seed"):
        simulate(whole, "network", SEED + 1, start=start)


@pytest.mark.parametrize(("activation", "precision"), [("linear", "float64"), ("erf", "float32")])
def test_a_run_that_diverges_ends_without_warnings(activation, precision):
    document = case("interpolated", numerics={"precision": precision}, training={"learning_rate": 1e40})
    document["student"]["activation"] = document["teachers"]["activation"] = activation
    found = simulate(parse_spec(document), "network", SEED)
    assert found.diverged_at < 0.5
    assert np.isfinite(found.test_error).all()
    assert len(found.time) >= 1


def test_a_limit_of_latents_is_refused():
    document = case("orthogonal", numerics={"latents": "infinite"})
    with pytest.raises(SpecError, match=r"^numerics.latents: infinite"):
        simulate(parse_spec(document), "network", SEED)

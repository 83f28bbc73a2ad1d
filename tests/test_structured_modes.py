"""Groups of modes of structured inputs, and runs of engine `ode` in them."""

import numpy as np
import pytest

import teacherstudent
from naive.structured import folded
from structured_cases import KINDS, structured
from teacherstudent.engines.ode.modes import check_labels, start_in_groups
from teacherstudent.engines.start import Start, of_state
from teacherstudent.errors import RunError, SpecError
from teacherstudent.inputs.structured.setting import setting_of
from teacherstudent.simulation.runs import simulate_runs
from teacherstudent.spec.parse import parse_spec
from teacherstudent.store.runs import write_runs
from teacherstudent.store.starts import load_start

# Kinds whose covariances commute.
COMMUTING = [kind for kind in KINDS if kind not in ("interpolated", "orthogonal_tasks")]
# Numbers of groups with N = 128 and D = 30.
GROUPS = {
    "levels": 2,
    "power_law": 128,
    "manifold": 31,
    "manifold_inputs": 31,
    "orthogonal": 2,
    "subspaces": 22,  # 9 common directions, and 6 of each task
    "generator": 128,
}


def setting(kind, **changes):
    return setting_of(parse_spec(structured(kind, **changes)), 0, 0)


# Groups of a setting


@pytest.mark.parametrize("kind", COMMUTING)
def test_groups_have_the_second_moments_of_the_inputs(kind):
    found, drawn = start_in_groups(setting(kind)), setting(kind)
    modes, W = found.modes, drawn.networks.W
    assert modes.nu.size == GROUPS[kind]
    assert modes.nu.sum() == pytest.approx(1.0, abs=1e-14)
    np.testing.assert_allclose(found.q.sum(axis=2), W @ W.T / W.shape[1], atol=1e-13)
    for p, law in enumerate(drawn.laws):
        omega = modes.omega[p if len(modes.omega) > 1 else 0]
        assert omega @ modes.nu == pytest.approx(law.moments_of_spectrum()[0], rel=1e-12)
        assert omega**2 @ modes.nu == pytest.approx(law.moments_of_spectrum()[1], rel=1e-12)
        Q, R = law.overlaps(W)
        np.testing.assert_allclose(found.q @ omega, Q, atol=1e-13)
        np.testing.assert_allclose(found.r[:, 2 * p : 2 * p + 2].sum(axis=2), R, atol=1e-13)


@pytest.mark.parametrize("kind", COMMUTING)
def test_inputs_determine_the_labels_of_teachers_that_see_them(kind):
    """T - sum t / omega is positive semi-definite, and 0 for teachers on the inputs."""
    modes = start_in_groups(setting(kind)).modes
    size = len(modes.T) // len(modes.omega)
    for law, omega in enumerate(modes.omega):
        own = slice(law * size, (law + 1) * size)
        missing = modes.T[own, own] - (modes.t[own, own] / omega).sum(axis=2)
        if kind in ("levels", "power_law", "manifold_inputs"):
            np.testing.assert_allclose(missing, 0.0, atol=1e-12)
        else:
            assert np.linalg.eigvalsh(missing).min() > 1e-3


@pytest.mark.parametrize("kind", ["manifold", "orthogonal"])
def test_covariances_of_fields_are_those_of_samples(kind):
    """Of equivalent Gaussian inputs: x = Psi c + sqrt(rest) z."""
    drawn, rng, n = setting(kind), np.random.default_rng(3), 100_000
    found, law = start_in_groups(drawn), drawn.laws[0]
    c, z = rng.normal(size=(n, 30)), rng.normal(size=(n, 128))
    x = c @ law.loadings.T + np.sqrt(law.rest) * z
    student = x @ drawn.networks.W.T / np.sqrt(128)
    teachers = c @ drawn.networks.V.reshape(4, 30).T / np.sqrt(30)
    np.testing.assert_allclose(student.T @ student / n, found.q @ found.modes.omega[0], atol=0.02)
    np.testing.assert_allclose(student.T @ teachers / n, found.r.sum(axis=2), atol=0.02)
    np.testing.assert_allclose(teachers.T @ teachers / n, found.modes.T, atol=0.02)


def test_covariances_of_fields_are_those_of_folded_samples():
    drawn, rng, n = setting("manifold"), np.random.default_rng(4), 100_000
    found, c = start_in_groups(drawn), rng.normal(size=(n, 30))
    x = folded(drawn.projections[0], "sign", c)
    student = x @ drawn.networks.W.T / np.sqrt(128)
    teachers = c @ drawn.networks.V.reshape(4, 30).T / np.sqrt(30)
    # The covariance of folded inputs has a further part, which is small.
    np.testing.assert_allclose(student.T @ student / n, found.q @ found.modes.omega[0], atol=0.06)
    np.testing.assert_allclose(student.T @ teachers / n, found.r.sum(axis=2), atol=0.02)


def test_rotations_among_equal_eigenvalues_change_nothing():
    """The same covariance with other loadings."""
    drawn = setting("orthogonal")
    rotation, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(30, 30)))
    law = drawn.laws[0]._replace(loadings=drawn.laws[0].loadings @ rotation)
    laws = tuple(other._replace(loadings=law.loadings) for other in drawn.laws)
    one, two = start_in_groups(drawn), start_in_groups(drawn._replace(laws=laws))
    for a, b in zip((one.q, one.r, *one.modes), (two.q, two.r, *two.modes), strict=True):
        np.testing.assert_allclose(b, a, rtol=0, atol=1e-13)


def test_covariances_that_do_not_commute_are_refused():
    with pytest.raises(RunError, match="do not commute"):
        start_in_groups(setting("interpolated"))


def test_labels_that_the_inputs_cannot_determine_are_refused():
    """As with teachers that have their average in every mode, at few latent numbers."""
    modes = start_in_groups(setting("manifold")).modes
    with pytest.raises(RunError, match=r"smallest eigenvalue of T - sum of t / omega: -[0-9.]+ < 0"):
        check_labels(modes._replace(t=3.0 * modes.t))


# Runs


@pytest.mark.parametrize("kind", COMMUTING)
def test_runs_have_all_quantities(kind):
    found = teacherstudent.run(structured(kind), engine="ode")
    drawn = setting(kind)
    W = drawn.networks.W
    np.testing.assert_allclose(found.student_weight_overlaps[0], W @ W.T / 128, atol=1e-13)
    for p, law in enumerate(drawn.laws):
        Q, R = law.overlaps(W)
        own = found.task_student_overlaps[0, p] if kind == "subspaces" else found.student_overlaps[0]
        np.testing.assert_allclose(own, Q, atol=1e-13)
        np.testing.assert_allclose(found.student_teacher_overlaps[0, p], R, atol=1e-13)
    assert ("task_student_overlaps" in found.arrays) == (kind == "subspaces")
    errors = found.generalisation_error
    assert errors[4, 0] < errors[0, 0]
    assert errors[8, 1] < errors[4, 1]


REPLAY = {"replay": {"fraction": 0.3, "of": "all"}}


def until(document, duration):
    """The same run up to a time, with its state."""
    switches = [time for time in document["curriculum"]["switch_times"] if time < duration]
    times = [time for time in np.arange(0.0, 4.1, 0.5).tolist() if time <= duration]
    changes = {"duration": duration, "record": {"times": times, "state": True}}
    curriculum = document["curriculum"] | {"switch_times": switches}
    return document | changes | {"curriculum": curriculum if switches else {"switch_times": []}}


@pytest.mark.parametrize("curriculum", [{}, REPLAY])
@pytest.mark.parametrize("kind", ["manifold", "subspaces"])
@pytest.mark.parametrize("stop", [1.3, 2.0, 3.1])
def test_runs_resume_to_the_same_bits(kind, curriculum, stop):
    document = structured(kind, curriculum=curriculum)
    whole = teacherstudent.run(until(document, 4.0), engine="ode")
    part = teacherstudent.run(until(document, stop), engine="ode")
    start = of_state(Start(0.0, engine="ode", state=part.state))
    found = teacherstudent.run(until(document, 4.0), engine="ode", start=start)
    for name in ("generalisation_error", "student_overlaps", "student_weight_overlaps"):
        array = getattr(found, name)
        np.testing.assert_array_equal(array, getattr(whole, name)[-len(array) :], err_msg=name)
    for name, array in whole.state.items():
        np.testing.assert_array_equal(found.state[name], array, err_msg=name)


def test_runs_resume_from_files(tmp_path):
    """Several runs, each with its own groups of modes."""
    first, whole = (parse_spec(until(structured("manifold"), end)) for end in (1.3, 4.0))
    write_runs(
        tmp_path / "a.h5", [("/", first, "ode", 0, list(simulate_runs(first, "ode", 0, runs=2)))], True
    )
    found = simulate_runs(whole, "ode", 0, runs=2, starts=load_start(tmp_path / "a.h5"))
    for run, same in zip(found, simulate_runs(whole, "ode", 0, runs=2), strict=True):
        errors = run.generalisation_error
        np.testing.assert_array_equal(errors, same.generalisation_error[-len(errors) :])
        for name, array in same.state.items():
            np.testing.assert_array_equal(run.state[name], array, err_msg=name)


FEW_LATENTS = {
    "modes": {"distribution": "generator", "generator": {"layers": [1, 30, 64]}, "dimension": 64},
    "joint space": {
        "distribution": "hidden_manifold",
        "manifold": {"latent_dimension": 1, "tasks": "interpolated", "similarity": [0.5]},
        "dimension": 2,
    },
}


@pytest.mark.parametrize("name", FEW_LATENTS)
def test_runs_with_spectra_of_different_lengths_resume_from_files(name, tmp_path):
    """Eigenvalues that coincide by chance, with one latent number, make the arrays of a state shorter."""
    document = structured("levels", teachers={"features": {}}) | {"inputs": FEW_LATENTS[name]}
    part, whole = (until(document, end) for end in (1.3, 4.0))
    stored = teacherstudent.run(part, engine="ode", seed=5, runs=3)
    stored.save(tmp_path / "a.h5")
    states = [run.state for run in stored.trajectories]
    shapes = {tuple(np.shape(state[key]) for key in sorted(state)) for state in states}
    assert len(shapes) > 1
    simulated = simulate_runs(parse_spec(part), "ode", 5, runs=3)
    for run, state in zip(simulated, states, strict=True):
        for key, values in run.state.items():
            np.testing.assert_array_equal(state[key], values, err_msg=key)
    expected = teacherstudent.run(whole, engine="ode", seed=5, runs=3)
    found = teacherstudent.run(whole, engine="ode", start=tmp_path / "a.h5")
    for key in ("generalisation_error", "student_overlaps", "student_teacher_overlaps"):
        values = getattr(found, key)
        np.testing.assert_array_equal(values, getattr(expected, key)[:, -values.shape[1] :], err_msg=key)


@pytest.mark.parametrize("kind", ["subspaces", "interpolated", "orthogonal_tasks"])
def test_starts_from_order_parameters_need_one_law(kind, tmp_path):
    """Even at t = 0, where runs with one law start from other networks with these overlaps."""
    spec = parse_spec(structured(kind))
    write_runs(tmp_path / "a.h5", [("/", spec, "ode", 0, list(simulate_runs(spec, "ode", 0)))], True)
    with pytest.raises(SpecError, match=rf"inputs.manifold.tasks: {spec.inputs.manifold.tasks} .* one law"):
        list(simulate_runs(spec, "ode", 0, starts=load_start(tmp_path / "a.h5", 0.0)))


OTHER_MODES = {
    "numerics.covariance": {"numerics": {"covariance": "exact"}},
    "numerics.latents": {"numerics": {"latents": "infinite"}},
    "inputs.dimension": {"inputs": {"dimension": 130}},
}


@pytest.mark.parametrize("key", OTHER_MODES)
def test_states_of_other_modes_are_refused(key, tmp_path):
    first = parse_spec(until(structured("manifold"), 1.3))
    write_runs(tmp_path / "a.h5", [("/", first, "ode", 0, list(simulate_runs(first, "ode", 0)))], True)
    other = parse_spec(until(structured("manifold", **OTHER_MODES[key]), 4.0))
    with pytest.raises(SpecError, match=rf"{key}: .* differs from the (run|state) to start from"):
        list(simulate_runs(other, "ode", 0, starts=load_start(tmp_path / "a.h5")))


def test_thresholds_end_phases_at_the_error_on_clean_inputs():
    document = structured("subspaces", teachers={"input_noise": 0.4}, duration=80.0)
    document["curriculum"] = {"thresholds": [0.2]}
    (switch,) = teacherstudent.run(document, engine="ode").switch_times
    assert 1.0 < switch < 79.0
    document["record"] = {"times": [0.0, float(switch)]}
    found = teacherstudent.run(document, engine="ode")
    assert found.generalisation_error[1, 0] == pytest.approx(0.2, abs=1e-3)


def test_replay_has_the_equations_of_its_shares():
    """The change of the state after the switch is the sum of those of both tasks."""
    times, changes = [2.0, 2.0078125], []
    for curriculum in ({"replay": {"fraction": 1.0}}, {}, {"replay": {"fraction": 0.25}}):
        document = structured("subspaces", curriculum=curriculum, duration=times[1])
        found = teacherstudent.run(document | {"record": {"times": times}}, engine="ode")
        changes.append(np.diff(found.student_weight_overlaps, axis=0)[0])
    old, new, mixed = changes
    scale = np.abs(old - new).max()
    assert scale > 1e-4
    # Up to the square of the time between the records, of a step.
    np.testing.assert_allclose(mixed, 0.25 * old + 0.75 * new, rtol=0, atol=0.02 * scale)


def test_what_the_equations_do_not_have_is_refused():
    with pytest.raises(SpecError, match=r"student.activation: .*engine ode"):
        teacherstudent.run(structured("manifold", student={"activation": "tanh"}), engine="ode")

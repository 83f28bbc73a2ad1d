"""Chains whose inputs have few distinct variances: the law of SGD, equalities, resumption and refusals."""

import tracemalloc
from itertools import product

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import naive
from chain_cases import ALL_TERMS, RELATIONS, document, given
from depth import crossed, thorough_from
from laws import assert_other_law, assert_same_law
from naive import group_laws, grouped_sgd
from samples import assert_equal, assert_same
from teacherstudent.engines.chain import engine as chain
from teacherstudent.engines.chain import estimates, support
from teacherstudent.engines.chain.group_block import GroupBlock
from teacherstudent.engines.start import BEGINNING
from teacherstudent.errors import RunError, SpecError
from teacherstudent.inputs.structured.setting import setting_of
from teacherstudent.simulation.runs import simulate, simulate_points, simulate_runs
from teacherstudent.spec.parse import parse_spec
from teacherstudent.store.runs import write_runs
from teacherstudent.store.starts import load_start

HISTORY = ("generalisation_error", "student_overlaps", "student_weight_overlaps")
NAMES = (
    *HISTORY,
    "student_teacher_overlaps",
    "student_readouts",
    "teacher_overlaps",
    "teacher_readouts",
)


def levels(values, fractions):
    covariance = {"spectrum": "levels", "values": values, "fractions": fractions}
    return {"distribution": "correlated", "covariance": covariance}


def manifold(D, folding="linear", labels="latents"):
    block = {"latent_dimension": D, "folding": folding, "projection": "orthogonal", "labels_from": labels}
    return {"distribution": "hidden_manifold", "manifold": block | {"equivalent": folding != "linear"}}


def described(dimension, inputs, sampled=True, **blocks):
    found = document(dimension, sampled, **blocks)
    return found | {"inputs": found["inputs"] | inputs}


PAIR, THREE = levels([2.0, 0.3], [0.4, 0.6]), levels([3.0, 1.0, 0.2], [0.15, 0.35, 0.5])
MIXED = {
    "teachers": {"input_noise": [0.5, 0.0]},
    "training": {"learning_rate": 1.5, "batch_size": 2},
    "curriculum": {"mixture": [{"probabilities": [0.7, 0.3]}]},
}
HEADS = [[0.6, -0.9], [0.8, 0.5]]
EVERYTHING = ALL_TERMS | {"curriculum": {"thresholds": [0.2]}}
TWO_UNITS = {name: {"teachers": {"hidden": 2, "features": rule}} for name, rule in RELATIONS.items()}


def engine_samples(spec, runs, seed=0, switches=0):
    """Runs of the engine in the shapes of the slow simulation; a switch that never comes is at infinity."""
    found = list(simulate_runs(parse_spec(spec), "chain", seed=seed, runs=runs))
    assert all(one.diverged_at is None for one in found)
    times = np.full((runs, switches), np.inf)
    for row, one in zip(times, found, strict=True):
        row[: len(one.switch_times)] = one.switch_times
    return {name: np.stack([getattr(one, name) for one in found]) for name in NAMES} | {"switch_times": times}


def assert_law_of_sgd(spec, replicas, seed, start=None):
    slow = grouped_sgd.simulate(spec, replicas, seed, start)
    assert_same_law(slow, engine_samples(spec, replicas, seed, slow["switch_times"].shape[1]))


# The law


INPUTS = {"two": PAIR, "latents": manifold(6), "three": THREE, "manifold": manifold(6, labels="inputs")}
SMALL = {
    "two": PAIR,
    "latents": manifold(4, "sign"),
    "three": THREE,
    "manifold": manifold(4, "sign", "inputs"),
}
BLOCKS = {"all_terms": EVERYTHING, "mixed": MIXED, **TWO_UNITS}
LAWS = crossed(list(BLOCKS)[:2], INPUTS)
LAWS += [pytest.param(*names, marks=pytest.mark.thorough) for names in product(TWO_UNITS, INPUTS)]


@pytest.mark.parametrize(("blocks", "inputs"), LAWS)
def test_law(inputs, blocks):
    assert_law_of_sgd(described(20, INPUTS[inputs], **BLOCKS[blocks]), 600, seed=1)


@pytest.mark.parametrize(("blocks", "inputs"), LAWS)
def test_law_where_groups_have_fewer_directions_than_units(inputs, blocks):
    assert_law_of_sgd(described(8, SMALL[inputs], **BLOCKS[blocks]), 1000, seed=2)


@pytest.mark.parametrize("inputs", thorough_from(2, INPUTS))
def test_law_where_groups_have_many_directions(inputs):
    spec = described(100, INPUTS[inputs], **ALL_TERMS)
    spec |= {"record": {"times": [0.0, 0.2, 0.35]}, "duration": 0.35, "curriculum": {"switch_times": [0.2]}}
    assert_law_of_sgd(spec, 300, seed=3)


@pytest.mark.parametrize(("relation", "inputs"), crossed(sorted(RELATIONS, reverse=True), INPUTS))
def test_law_of_sampled_networks(inputs, relation):
    """Relations between teachers act on whole first layers, in all groups."""
    spec = described(20, INPUTS[inputs], **TWO_UNITS[relation])
    assert_law_of_sgd(
        spec | {"record": {"times": [0.0, 0.05]}, "duration": 0.05, "curriculum": {}}, 1000, seed=4
    )


# Wrong laws, from fixed networks and with single steps so large that they show

SHARP = {
    "cap": (6, levels([3.0, 0.5], [1 / 6, 5 / 6]), 2.0, 1),
    "degrees": (6, levels([0.3, 2.0], [1 / 3, 2 / 3]), 4.0, 1),
    "batch": (12, levels([2.0, 0.5], [1 / 3, 2 / 3]), 8.0, 2),
}


def sharp(case):
    """One teacher and one student, and their weights."""
    dimension, inputs, rate, batch = SHARP[case]
    spec = described(
        dimension,
        inputs,
        teachers={"count": 1, "output_noise": [0.0], "input_noise": [0.0]},
        student={"hidden": 1},
        training={"learning_rate": rate, "batch_size": batch, "train": ["features"], "frozen_units": [[]]},
        curriculum={},
    )
    times = [step / dimension for step in (0, 1, 2, 4, 8)]
    rng = np.random.default_rng(4)
    start = {"W": rng.normal(size=(1, dimension)), "h": np.ones((1, 1))}
    start |= {"V": 2.0 * rng.normal(size=(1, 1, dimension)), "v": np.ones((1, 1))}
    return spec | {"record": {"times": times}, "duration": times[-1]}, start


def from_files(spec, start, folder):
    np.savez(folder / "student.npz", weights=start["W"], readouts=start["h"])
    np.savez(folder / "teachers.npz", weights=start["V"], readouts=start["v"])
    teachers = {key: value for key, value in spec["teachers"].items() if key != "features"}
    initial = {"scheme": "file", "file": str(folder / "student.npz")}
    return spec | {
        "teachers": teachers | {"file": str(folder / "teachers.npz")},
        "student": spec["student"] | {"initial": initial},
    }


@pytest.fixture(scope="module")
def sharp_samples():
    return {case: grouped_sgd.simulate(sharp(case)[0], 2000, 1, sharp(case)[1]) for case in SHARP}


@pytest.mark.parametrize("case", SHARP)
def test_law_from_given_weights_where_wrong_laws_show(case, sharp_samples, tmp_path):
    spec = from_files(*sharp(case), tmp_path)
    assert_same_law(engine_samples(spec, 2000), sharp_samples[case])


@pytest.mark.parametrize("case", SHARP)
def test_the_right_law_passes(case, sharp_samples):
    spec, start = sharp(case)
    assert_same_law(group_laws.simulate(spec, 2000, 2, start, "right"), sharp_samples[case])


@pytest.mark.parametrize(
    "case, law",
    [("cap", "no_cap"), *[(case, law) for case in ("degrees", "batch") for law in group_laws.LAWS[1:3]]],
)
def test_wrong_laws_are_rejected(case, law, sharp_samples):
    spec, start = sharp(case)
    assert_other_law(group_laws.simulate(spec, 2000, 2, start, law), sharp_samples[case])


# Equalities


def history(spec, runs=3):
    return [one.arrays for one in simulate_runs(parse_spec(spec), "chain", seed=3, runs=runs)]


IN_TURN = {"curriculum": {"switch_times": [0.3], "replay": {"interleave": {"new": 2, "old": 1}}}}
DEFICIT = {"start": 0.4, "until": 1.1, "input_noise": 1.0, "output_noise": 0.5, "frozen_units": [1]}
SCHEDULE = [{"until": 0.8, "value": 2.0}, {"value": [0.5, 1.0]}]
CHANGING = {"training": {"deficits": [DEFICIT], "learning_rate": SCHEDULE}}


@pytest.mark.parametrize("dimension", [6, 20])
@pytest.mark.parametrize("blocks", [EVERYTHING, MIXED, IN_TURN, CHANGING])
def test_one_group_of_variance_one_has_the_bits_of_independent_inputs(dimension, blocks):
    one = history(described(dimension, levels([1.0], [1.0]), **blocks))
    other = history(document(dimension, True, **blocks))
    for found, expected in zip(one, other, strict=True):
        assert_equal(found.pop("student_weight_overlaps"), found["student_overlaps"], "weights")
        found.pop("test_error", None)
        assert found.keys() == expected.keys()
        for name in found:
            assert_equal(found[name], expected[name], name)


@pytest.mark.parametrize("dimension", [8, 20])
def test_two_groups_of_one_variance_have_the_law_of_one(dimension):
    one, other = (
        engine_samples(described(dimension, levels(*block), **EVERYTHING), 1000, seed, switches=1)
        for seed, block in enumerate([([1.0], [1.0]), ([1.0, 1.0], [0.5, 0.5])])
    )
    assert_same_law(one, other)


def test_a_student_on_the_whole_manifold_is_one_of_independent_inputs():
    """A linear folding with as many latent numbers as inputs is a rotation."""
    one, other = history(described(20, manifold(20), **MIXED)), history(document(20, True, **MIXED))
    for found, expected in zip(one, other, strict=True):
        for name in expected:
            np.testing.assert_allclose(found[name], expected[name], rtol=1e-13, atol=1e-13, err_msg=name)


# The limit of many inputs

OVERLAPS = {
    "student": [[0.3, 0.05], [0.05, 0.25]],
    "student_teacher": [[[0.1], [0.05]]],
    "teacher": [[[[1.2]]]],
    "student_readouts": [[0.7, 0.4]],
    "teacher_readouts": [[1.0]],
}
TIMES = [0.0, 2.0, 5.0, 10.0]
RATE, NOISE = 1.0, 0.3


def equations(variances, shares):
    """Q and R at TIMES in the limit, from the overlaps q (K, K), r (K,), t of the weights in each group."""
    Q, R, T, h, v = (np.array(part) for part in OVERLAPS.values())
    Q, R, T, h, v, K = Q, R[0, :, 0], T[0, 0, 0, 0], h[0], v[0, 0], 2
    t = shares * T / (variances @ shares)  # isotropic weights of the teacher
    along = R / (variances**2 @ t)
    square = np.outer(along, along)
    rest = (Q - (variances**3 @ t) * square) / (variances @ shares)
    q = np.einsum("g,kl->gkl", variances**2 * t, square) + np.einsum("g,kl->gkl", shares, rest)
    r = np.outer(variances * t, along)

    def rates(_, y):
        q, r = np.split(y, [len(variances) * K * K])
        q, r = q.reshape(-1, K, K), r.reshape(-1, K)
        C = np.zeros((K + 1, K + 1))
        C[:K, :K], C[:K, K] = np.einsum("g,gkl->kl", variances, q), variances @ r
        C[K], C[K, K] = C[:, K], T
        c = np.append(h, -v)

        def drift(k, own):
            """<d g'_k y> of a field y with covariances `own` (K + 1,) with the other fields."""
            total = 0.0
            for a in range(K + 1):
                three = np.array(
                    [[C[k, k], own[k], C[k, a]], [own[k], 1.0, own[a]], [C[a, k], own[a], C[a, a]]]
                )
                total += c[a] * naive.I3("erf", "erf", three)
            return total

        power = NOISE**2 * np.array(
            [[naive.J2("erf", C[np.ix_([k, n], [k, n])]) for n in range(K)] for k in range(K)]
        )
        for a, b in np.ndindex(K + 1, K + 1):
            for k, n in np.ndindex(K, K):
                power[k, n] += (
                    c[a] * c[b] * naive.I4("erf", "erf", "erf", C[np.ix_([k, n, a, b], [k, n, a, b])])
                )
        dq, dr = np.zeros_like(q), np.zeros_like(r)
        for g, variance in enumerate(variances):
            for k in range(K):
                dr[g, k] = -RATE * h[k] * drift(k, variance * np.append(r[g], t[g]))
                for n in range(K):
                    move = -RATE * h[k] * drift(k, variance * np.append(q[g, :, n], r[g, n]))
                    dq[g, k, n] += move
                    dq[g, n, k] += move
            dq[g] += RATE**2 * np.outer(h, h) * power * variance * shares[g]
        return np.concatenate([dq.ravel(), dr.ravel()])

    start = np.concatenate([q.ravel(), r.ravel()])
    found = solve_ivp(rates, (0.0, TIMES[-1]), start, t_eval=TIMES, rtol=1e-7, atol=1e-9).y.T
    q, r = np.split(found, [len(variances) * K * K], axis=1)
    q, r = q.reshape(len(TIMES), -1, K, K), r.reshape(len(TIMES), -1, K)
    return np.einsum("g,tgkl->tkl", variances, q), np.einsum("g,tgk->tk", variances, r), q.sum(axis=1)


def test_means_follow_the_equations_of_the_limit():
    variances, shares = np.array([2.0, 0.4]), np.array([0.3, 0.7])
    spec = described(
        1000,
        levels(variances.tolist(), shares.tolist()),
        sampled=True,
        teachers={"count": 1, "output_noise": [NOISE], "input_noise": [0.0]},
        training={"learning_rate": RATE, "train": ["features"], "frozen_units": [[]]},
        curriculum={},
        initial_overlaps=OVERLAPS,
    )
    spec |= {"record": {"times": TIMES}, "duration": TIMES[-1]}
    samples, runs = engine_samples(spec, 256), 256
    Q, R, W = equations(variances, shares)
    found = samples["student_overlaps"], samples["student_teacher_overlaps"][:, :, 0, :, 0]
    for values, expected in zip((*found, samples["student_weight_overlaps"]), (Q, R, W), strict=True):
        error = values.std(axis=0) / np.sqrt(runs)
        assert (abs(values.mean(axis=0) - expected) < 4.0 * error + 2e-3).all()
    np.testing.assert_allclose(found[0][:, 0], np.stack([Q[0]] * runs), atol=1e-13)
    np.testing.assert_allclose(found[1][:, 0], np.stack([R[0]] * runs), atol=1e-13)
    assert abs(Q[-1] - Q[0]).max() > 0.1
    assert found[0][:, 1].std() > 0


# Given overlaps


SMALL_OVERLAPS = given(
    [[0.8, 0.2, 0.1, -0.1, 0.0, 0.1], [-0.1, 0.7, 0.0, 0.1, 0.2, 0.0]],
    [[[0, 0, 1.0, 0.2, 0, 0], [0, 0, 0, 0.9, 0.3, 0]], [[0, 0, 0.4, 0, 1.0, 0], [0, 0, 0, 0, 0.2, 0.8]]],
    HEADS,
)


@pytest.mark.parametrize("inputs", [THREE, PAIR, manifold(8), manifold(8, labels="inputs"), manifold(20)])
def test_given_overlaps_are_those_of_the_networks(inputs):
    spec = described(20, inputs, sampled=False, teachers={"hidden": 2}, initial_overlaps=SMALL_OVERLAPS)
    given, run = spec["initial_overlaps"], simulate(parse_spec(spec), "chain")
    for name, key in (
        ("student_overlaps", "student"),
        ("student_teacher_overlaps", "student_teacher"),
        ("student_readouts", "student_readouts"),
    ):
        expected = np.array(given[key])
        np.testing.assert_allclose(getattr(run, name)[0], expected, atol=1e-12, err_msg=name)
    np.testing.assert_allclose(run.teacher_overlaps, given["teacher"], atol=1e-12)


@pytest.mark.parametrize("inputs", [THREE, manifold(8), manifold(8, labels="inputs")])
def test_networks_with_given_overlaps_have_the_law_of_those_of_other_engines(inputs):
    spec = parse_spec(
        described(20, inputs, sampled=False, teachers={"hidden": 2}, initial_overlaps=SMALL_OVERLAPS)
    )
    found = np.stack([one.student_weight_overlaps[:1] for one in simulate_runs(spec, "chain", runs=600)])
    weights = np.stack([setting_of(spec, 1, run).networks.W for run in range(600)])
    expected = weights @ weights.swapaxes(1, 2) / 20
    assert found.std(axis=0).min() > 1e-3
    assert_same_law({"W": found[:, 0]}, {"W": expected})


# Batches and resumption


def test_a_chain_has_the_same_bits_in_every_batch():
    noisy = {"teachers": {"output_noise": [0.5, 0.2], "input_noise": [0.3, 0.6]}}
    variants = [{}, noisy, MIXED | {"training": {"learning_rate": 1.5}}, {"training": {"weight_decay": 0.5}}]
    specs = [parse_spec(described(20, THREE, **blocks)) for blocks in variants]
    assert len({chain.batch_key(spec, 0) for spec in specs}) == 1
    for place, one in enumerate(simulate_points(specs, "chain", seed=5, runs=2)):
        assert_same(one, simulate(specs[place // 2], "chain", seed=5, run=place % 2))


@pytest.mark.parametrize("inputs", [THREE, manifold(4, "sign")])
@pytest.mark.parametrize("blocks", [EVERYTHING, MIXED])
def test_resumed_runs_have_the_bits_of_those_that_did_not_stop(tmp_path, inputs, blocks):
    spec = described(16, inputs, **blocks)
    spec |= {"record": {"times": [0.0, 0.5, 1.0, 2.0]}, "duration": 2.0}
    short = parse_spec(spec | {"record": {"times": [0.0, 0.5, 1.0], "state": True}, "duration": 1.0})
    stopped = list(simulate_runs(short, "chain", seed=3, runs=3))
    write_runs(tmp_path / "a.h5", [("/", short, "chain", 3, stopped)], run_axis=True)
    starts = load_start(tmp_path / "a.h5")
    assert all(chain.can_resume(parse_spec(spec), start.state) for start in starts)
    resumed = list(simulate_runs(parse_spec(spec), "chain", seed=3, runs=3, starts=starts))
    for whole, other in zip(simulate_runs(parse_spec(spec), "chain", seed=3, runs=3), resumed, strict=True):
        for name, values in whole.arrays.items():
            later = values[whole.time >= 1.0] if len(values) == 4 else values
            assert_equal(later, other.arrays[name], name)


def test_a_state_belongs_to_its_inputs():
    spec = described(20, PAIR)
    state = simulate(parse_spec(spec | {"record": {"times": [0.0, 1.0], "state": True}}), "chain").state
    assert chain.can_resume(parse_spec(spec), state)
    for inputs in (levels([2.1, 0.3], [0.4, 0.6]), levels([2.0, 0.3], [0.5, 0.5]), THREE):
        assert not chain.can_resume(parse_spec(described(20, inputs)), state)
    assert not chain.can_resume(parse_spec(document(20, True)), state)


# Estimates


def test_estimates_grow_with_the_number_of_groups():
    """Of memory: the peak of a batch; of time: that of steps, by 60 % for each group."""
    one, two, eight = (
        parse_spec(described(1000, inputs, **ALL_TERMS))
        for inputs in ({}, PAIR, levels([1.0, 2.0] * 4, [0.125] * 8))
    )
    GroupBlock([eight], 0, range(1), [BEGINNING])  # loads or compiles all code
    tracemalloc.start()
    GroupBlock([eight] * 64, 0, range(64), [BEGINNING] * 64)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 0.5 < peak / sum(estimates.memory([eight] * 64).values()) < 2.0
    seconds = [sum(estimates.cost(spec, 64)[:2]) for spec in (one, two, eight)]  # without records
    np.testing.assert_allclose(np.array(seconds) / seconds[0], [1.0, 1.8, 5.4])


# Refusals


def power_law():
    return {"distribution": "correlated", "covariance": {"spectrum": "power_law", "exponent": 1.0}}


def changed(inputs, **keys):
    return inputs | {"manifold": inputs["manifold"] | keys}


TASKS = {"tasks": "interpolated", "similarity": [0.5]}


@pytest.mark.parametrize(
    "inputs, message",
    [
        (power_law(), "covariance.spectrum: power_law: .*one for each input; use levels"),
        (
            {"distribution": "generator", "generator": {"layers": [5, 20]}},
            "distribution: generator: .*each input",
        ),
        (changed(manifold(5), projection="gaussian"), "projection: gaussian: .*use orthogonal"),
        (changed(manifold(5), **TASKS), "tasks: interpolated: .*use shared"),
        (changed(manifold(5, "sign"), equivalent=False), "equivalent: .*needs Gaussian inputs"),
        (manifold(5, "erf"), "dimension: 20: .*a power of 2"),
    ],
)
def test_inputs_that_the_chain_cannot_sample_are_refused_in_one_line(inputs, message):
    with pytest.raises(SpecError, match=f"^inputs[^\n]*{message}[^\n]*$"):
        support.check(parse_spec(described(20, inputs)))


def test_a_student_from_a_file_needs_the_projection(tmp_path):
    spec, start = sharp("degrees")
    spec = from_files(spec | {"inputs": {"dimension": 6} | manifold(6)}, start, tmp_path)
    with pytest.raises(SpecError, match="^student.initial.file: [^\n]*projection[^\n]*$"):
        support.check(parse_spec(spec))


def test_overlaps_that_no_weights_have_are_refused():
    spec = described(20, THREE, sampled=False, initial_overlaps=given(np.eye(2), [[[1, 0]], [[0, 1]]], HEADS))
    with pytest.raises(RunError, match="initial_overlaps: no weights"):
        simulate(parse_spec(spec), "chain")

"""Output scales against a slow twin that keeps the scale where the formula has it, in front of the sum."""

import numpy as np
import pytest

import naive
from naive import DG, G
from teacherstudent.kernels.maths.philox import normal
from teacherstudent.kernels.maths.single_normals import fill_single_normals
from teacherstudent.kernels.network.constants import INPUT, LABEL_NOISE
from teacherstudent.networks.coordinates import sample_coordinates
from teacherstudent.networks.randomness import Purpose, counter_key
from teacherstudent.networks.sampling import initial_order_parameters, sample_networks
from teacherstudent.simulation.runs import simulate, simulate_runs
from teacherstudent.spec.parse import parse_spec

N, M, K, STEPS, NOISE = 12, 2, 3, 30, 0.4
ETA, ETA_U, DECAY = 1.5, 2.5, 0.7
SCALES = {"none": lambda units: 1.0, "mean": lambda units: 1 / units, "mean_field": lambda units: units**-0.5}
PAIRS = [("mean", "mean"), ("mean_field", "mean_field"), ("mean", "mean_field"), ("none", "mean")]
EACH_PAIR = pytest.mark.parametrize("student, teacher", PAIRS)
MIXED_PAIRS = pytest.mark.parametrize(
    "student, teacher", [*PAIRS[2:], *(pytest.param(*pair, marks=pytest.mark.thorough) for pair in PAIRS[:2])]
)


def spec(student="none", teacher="none", dimension=N, initial=None, **blocks):
    """One teacher with M units; the two scales, in the order of the arguments."""
    initial = initial or {"weights_std": 0.8, "readouts_std": 1.2}
    document = {
        "inputs": {"dimension": dimension},
        "teachers": {"count": 1, "hidden": M, "output_scale": teacher, "output_noise": NOISE},
        "student": {"hidden": K, "output_scale": student, "initial": initial},
        "training": {"learning_rate": ETA, "readout_learning_rate": ETA_U, "weight_decay": DECAY},
        "duration": STEPS / N,
        "record": {"times": [0.0, STEPS / N]},
    }
    return parse_spec(document | blocks)


def trained(net, student, teacher, inputs, noise):
    """W and u after steps of SGD of c_s sum_k u_k g(w_k x / sqrt N), runs (S) side by side.

    W (S, K, N), u (S, K), V (S, M, N), a (S, M), inputs (steps, S, N), noise (steps, S).
    """
    (W, u, V, a), c_s, c_t = net, SCALES[student](K), SCALES[teacher](M)
    for x, zeta in zip(inputs, noise, strict=True):
        fields, labels = (np.einsum("skn,sn->sk", rows, x) / np.sqrt(N) for rows in (W, V))
        label = c_t * np.sum(a * G["erf"](labels), axis=1) + NOISE * zeta
        error = (c_s * np.sum(u * G["erf"](fields), axis=1) - label)[:, None]
        pull = error * c_s * u * DG["erf"](fields)
        dW, du = pull[:, :, None] * x[:, None, :], error * c_s * G["erf"](fields)
        W = W - ETA / np.sqrt(N) * dW - DECAY / N * W
        u = u - ETA_U / N * du - DECAY / N * u
    return W, u


def unscaled_networks(runs):
    """Networks of the same draws without scales, stacked; one head, one teacher."""
    nets = [sample_networks(spec(), 7, run) for run in range(runs)]
    return [np.array(part) for part in zip(*((W, h[0], V[0], v[0]) for W, h, V, v in nets), strict=True)]


def measured(W, u, V, scale):
    """Q, R and the effective readouts of all runs, side by side, shape (S, numbers)."""
    parts = W @ W.swapaxes(1, 2) / N, W @ V.swapaxes(1, 2) / N, scale * u
    return np.concatenate([part.reshape(len(W), -1) for part in parts], axis=1)


def stored(trajectory, row):
    names = ("student_overlaps", "student_teacher_overlaps", "student_readouts")
    return np.concatenate([getattr(trajectory, name)[row].ravel() for name in names])


@EACH_PAIR
def test_the_network_is_the_one_with_the_scale_in_front(student, teacher):
    net, key = unscaled_networks(1), counter_key(7, 0, Purpose.TRAINING)
    x, zeta = np.empty((STEPS, 1, N)), np.empty((STEPS, 1))
    for step in range(STEPS):
        fill_single_normals(x[step, 0], *key, step, INPUT)
        zeta[step] = normal(*key, step, LABEL_NOISE)
    W, u = trained(net, student, teacher, x, zeta)
    trajectory, scale = simulate(spec(student, teacher), "network", seed=7), SCALES[student](K)
    expected = [measured(*weights, net[2], scale)[0] for weights in (net[:2], (W, u))]
    for row in (0, 1):
        np.testing.assert_allclose(stored(trajectory, row), expected[row], rtol=0, atol=1e-12)
    np.testing.assert_allclose(trajectory.teacher_readouts, SCALES[teacher](M) * net[3], rtol=1e-14)


@MIXED_PAIRS
def test_the_chain_has_the_law_of_the_one_with_the_scale_in_front(student, teacher):
    """Means and squares of all numbers over 1000 runs of each; the widest of some 40 gaps."""
    runs, rng = 1000, np.random.default_rng(1)
    net = unscaled_networks(runs)
    noises = rng.normal(size=(STEPS, runs, N)), rng.normal(size=(STEPS, runs))
    slow = measured(*trained(net, student, teacher, *noises), net[2], SCALES[student](K))
    chains = simulate_runs(spec(student, teacher), "chain", seed=2, runs=runs)
    fast = np.array([stored(chain, 1) for chain in chains])
    slow, fast = (np.concatenate([rows, rows**2], axis=1) for rows in (slow, fast))
    error = np.sqrt((slow.var(axis=0) + fast.var(axis=0)) / runs)
    np.testing.assert_array_less(np.abs(slow.mean(axis=0) - fast.mean(axis=0)), 4.5 * error)


@EACH_PAIR
def test_readouts_of_the_ode_go_down_the_gradient_of_what_is_scaled(student, teacher):
    """du/dt = -eta_u d(error)/du - decay u, by differences of the slow error in u; dh = c du."""
    after, c_s = 1e-5, SCALES[student](K)
    Q, R, T, h, v = initial_order_parameters(spec(student, teacher), 7, 0)
    given = {"student": Q, "student_teacher": R[None], "teacher": T[None, None]}
    given |= {"student_readouts": h, "teacher_readouts": v}
    blocks = {"initial_overlaps": given, "duration": 1.0, "record": {"times": [0.0, after, 1.0]}}
    trajectory = simulate(spec(student, teacher, 10**9, **blocks), "ode")
    (_, u, _, a), rates = (part[0] for part in unscaled_networks(1)), []
    for shift in 1e-5 * np.eye(K):
        ends = [c_s * (u + sign * shift) for sign in (1, -1)]
        up, down = (
            naive.generalisation_error("erf", "erf", Q, R, T, end, SCALES[teacher](M) * a) for end in ends
        )
        rates.append(-ETA_U * (up - down) / 2e-5)
    found = np.diff(trajectory.student_readouts[:2, 0], axis=0)[0] / after
    np.testing.assert_allclose(found, c_s * (np.array(rates) - DECAY * u), rtol=1e-3)


@MIXED_PAIRS
def test_network_and_chain_are_near_the_ode(student, teacher):
    blocks = {"dimension": 10_000, "duration": 2.0, "record": {"times": [0.0, 1.0, 2.0]}}
    sampled = spec(student, teacher, **blocks)
    given = spec(student, teacher, **blocks, initial_overlaps=overlaps_of(sampled))
    limit = stored(simulate(sampled, "ode", seed=7), 2)
    np.testing.assert_allclose(stored(simulate(given, "ode"), 2), limit, rtol=1e-9)
    for engine, described in {"network": sampled, "chain": given}.items():
        found = simulate(described, engine, seed=7)
        np.testing.assert_allclose(stored(found, 2), limit, rtol=0, atol=0.06)


def overlaps_of(sampled):
    """The block `initial_overlaps` with the order parameters that a sampled run starts from."""
    Q, R, T, h, v = (part.tolist() for part in initial_order_parameters(sampled, 7, 0))
    parts = {"student": Q, "student_teacher": [R], "teacher": [[T]]}
    return parts | {"student_readouts": h, "teacher_readouts": v}


@pytest.mark.parametrize("sample", [sample_networks, sample_coordinates])
@pytest.mark.parametrize("scheme", ["informed", "denoising"])
def test_students_that_know_a_teacher_have_its_output(sample, scheme):
    net = sample(spec("mean", "mean_field", initial={"scheme": scheme}), 0, 0)
    expected = net.v[0] if scheme == "informed" else net.v[0, [0, 1, 0]] / [2, 1, 2]
    np.testing.assert_array_equal(net.h[0, : len(expected)], expected)


def test_readouts_of_a_committee_are_scaled():
    readouts = {"relation": "uniform", "value": 3.0}
    teachers = {"count": 1, "hidden": M, "output_scale": "mean", "readouts": readouts}
    net = sample_networks(spec("mean_field", initial={"readouts_value": 2.0}, teachers=teachers), 0, 0)
    np.testing.assert_allclose(net.v, [[1.5, 1.5]], rtol=1e-15)
    np.testing.assert_allclose(net.h, np.full((1, K), 2.0 / np.sqrt(K)), rtol=1e-15)

"""A step of the engines `network` and `chain` against a plain numpy loop and against their random numbers."""

from collections.abc import Callable, Iterator

import numpy as np
import reference
from numba import njit
from timing import Line, dearer, faster, seconds, within

from teacherstudent import parse_spec
from teacherstudent.engines.base import ENGINES
from teacherstudent.engines.chain.block import Block
from teacherstudent.engines.chain.engine import simulate as simulate_chains
from teacherstudent.engines.chain.group_block import GroupBlock
from teacherstudent.engines.chain.reward_block import RewardBlock
from teacherstudent.engines.start import BEGINNING
from teacherstudent.kernels.chain import arrays
from teacherstudent.kernels.chain import recursion as chain_kernel
from teacherstudent.kernels.maths.activations import ERF
from teacherstudent.kernels.maths.generalisation import generalisation_errors
from teacherstudent.kernels.maths.single_normals import fill_single_normals
from teacherstudent.kernels.network import blocks as network_blocks
from teacherstudent.kernels.network import by_unit, unit_pairs
from teacherstudent.kernels.network import sgd as network_kernel
from teacherstudent.kernels.network import wide as wide_kernel
from teacherstudent.kernels.network.constants import StepConstants
from teacherstudent.kernels.network.squared_error import SquaredError
from teacherstudent.networks.sampling import Networks, order_parameters

K, M = 4, 2
WIDE_N, WIDE_K, WIDE_M = 15, 1000, 250
CHAINS, MOST_CHAINS = 64, ENGINES["chain"].batch_limit
KEY = np.uint32(1), np.uint32(2)
STREAM = np.uint32(0)
# Numbers of groups of inputs with how many times longer a step may take at most, and should take.
GROUPS = {2: (2.5, 2.0), 8: (8.0, 6.5)}
TOGETHER = 11  # networks with the same inputs
ELEMENTS = 4_000_000  # inputs drawn in one measurement
CHAIN_STEPS = 1000
SHORT_STEPS = 2000  # of runs whose start counts
RECORDS = 301  # of these runs by default

PENALTY = {"kind": "path_integral", "strength": 1e-3}
# Interventions with how many times longer a step may take at most, and should take.
INTERVENTIONS = {
    "two tasks at random": ({"curriculum": {"mixture": [{"probabilities": [0.5, 0.5]}]}}, 2.0, 1.7),
    "an anchor": ({"training": {"consolidation": PENALTY | {"kind": "node"}}}, 2.0, 1.8),
    "an anchor and path integrals": ({"training": {"consolidation": PENALTY}}, 2.5, 2.0),
    "a rotation": ({"teachers": {"rotation": {"teacher": 0, "towards": 1, "rate": 1e-3}}}, 3.0, 2.0),
    "drift of all teachers": ({"teachers": {"drift": 0.01}}, 8.0, 5.0),
}

Timed = tuple[Callable[[int], object], int]


def network(N: int, precision: type = np.float64, count: int = 1) -> Timed:
    """Steps of one network among some that are trained side by side with the same teacher."""
    random = np.random.default_rng(0)
    W = by_unit.padded(random.standard_normal((count, K, N)), precision)
    V = by_unit.padded(random.standard_normal((1, M, N)), precision)
    constants, h = step_constants(N, V[0]), 0.1 * random.standard_normal((count, 1, K))
    fields = np.zeros((count, K, network_blocks.ROWS), precision)
    group = network_blocks.Group(W, h, V, fields, np.full(count, network_blocks.NONE))
    settings = network_blocks.new_settings(count, K, M, 1)
    settings = settings._replace(trained=np.arange(count), active=np.zeros(1, np.int64))
    for g in range(count):
        network_blocks.set_constants(settings, g, constants)
    block, buffers = network_blocks.new_block(group), network_blocks.new_buffers(K, M, 1)

    def train(n: int) -> int:
        block.at[0] = network_blocks.NONE  # the same steps again
        steps = max(network_blocks.ROWS, n // count)
        network_blocks.train(group, settings, constants, block, buffers, *KEY, 0, steps)
        return int(settings.done.min())

    return train, count * max(24, ELEMENTS // N)


def single_steps(N: int) -> Timed:
    """Steps of a network that is not trained in blocks of steps."""
    random = np.random.default_rng(0)
    W, V = (by_unit.padded(random.standard_normal((units, N))) for units in (K, M))
    h, buffers, constants = (
        0.1 * random.standard_normal((1, K)),
        by_unit.new_buffers(K, M, 1, W),
        step_constants(N, V),
    )
    return lambda n: network_kernel.train(W, h, constants, buffers, *KEY, 0, n), max(20, ELEMENTS // N)


def step_constants(N: int, V: np.ndarray) -> StepConstants:
    """Constants of the steps of a network."""
    return StepConstants(
        *(N, SquaredError(0.0), ERF, ERF, V, np.ones(M), 0, np.ones(K)), eta=0.1, eta_h=0.1,
        decay=0.0, decay_h=0.0, input_noise=0.0, batch=1,
    )  # fmt: skip


def wide_network(precision: type = np.float64) -> Timed:
    """Steps of a wide network with few inputs, as in the maps of Lee et al. 2021."""
    W, h, V, v = wide_weights()
    W, V, h = wide_kernel.across(W, precision), wide_kernel.across(V, precision), h[np.newaxis] / WIDE_K
    buffers = wide_kernel.new_buffers(WIDE_K, WIDE_M, 1, W)
    moving = np.ones(wide_kernel.padded_units(WIDE_K), precision)
    constants = StepConstants(
        *(WIDE_N, SquaredError(0.0), ERF, ERF, V, v, 0, moving), eta=5.0, eta_h=75.0 / WIDE_K**2,
        decay=0.0, decay_h=0.0, input_noise=0.0, batch=1,
    )  # fmt: skip
    return lambda n: wide_kernel.train(W, h, constants, buffers, *KEY, 0, n), 20_000


def wide_numpy_loop() -> Timed:
    """Steps of the plain numpy loop for a wide network."""
    W, h, V, v = wide_weights()
    return lambda n: reference.sgd_steps(W, h / WIDE_K, V, v, 0.1, n, np.random.RandomState(0)), 500


def wide_weights() -> tuple[np.ndarray, ...]:
    """Return W (K, N), h (K,), V (M, N) and v (M,) of a wide network."""
    random = np.random.default_rng(0)
    W, V = (random.standard_normal((units, WIDE_N)) for units in (WIDE_K, WIDE_M))
    return W, random.standard_normal(WIDE_K), V, random.standard_normal(WIDE_M) / np.sqrt(WIDE_M)


def wide_errors() -> Timed:
    """Errors of a wide network against two teachers, from its weights."""
    W, h, V, v = wide_weights()
    student, teachers = unit_pairs.in_blocks(W), np.stack([unit_pairs.in_blocks(V)] * 2)
    heads, readouts = np.stack([h, -h]) / WIDE_K, np.stack([v, v])

    def measure(n: int) -> None:
        for _ in range(n):
            unit_pairs.erf_errors(student, teachers, heads, readouts)

    return measure, 20


def errors_of_overlaps() -> Timed:
    """The same errors from the overlaps of all pairs of units, which are computed first."""
    W, h, V, v = wide_weights()
    networks = Networks(W, np.stack([h, -h]) / WIDE_K, np.stack([V, V]), np.stack([v, v]))

    def measure(n: int) -> None:
        for _ in range(n):
            generalisation_errors(ERF, ERF, *order_parameters(networks))

    return measure, 5


def numpy_loop(N: int) -> Timed:
    """Steps of the plain numpy loop."""
    random = np.random.RandomState(0)
    W, h = random.randn(K, N), 0.1 * random.randn(K)
    V, v = random.randn(M, N), np.ones(M)
    return lambda n: reference.sgd_steps(W, h, V, v, 0.1, n, random), max(10, ELEMENTS // N // 10)


def network_draws(N: int, precision: type = np.float64) -> Timed:
    """The inputs of the steps of a network."""
    x = by_unit.padded(np.zeros(N), precision)[:N]
    return lambda n: draw_inputs(x, n, *KEY, STREAM), max(20, ELEMENTS // N)


@njit
def draw_inputs(x, count, key0, key1, stream):
    """Draw the inputs of `count` steps."""
    for step in range(count):
        fill_single_normals(x, key0, key1, step, stream)


def chains(N: int, count: int = CHAINS) -> Timed:
    """Steps of one chain among some that advance together."""
    block = chain_block(N, count=count)
    constants = block.constants.step
    terms = arrays.terms_of(constants)
    fixed = block.shape, terms, block.teachers, block.state, constants, block.keys, block.buffers
    fixed = *fixed, block.history()
    return lambda n: chain_kernel.train(*fixed, 0, max(1, n // count), 0), CHAIN_STEPS * count


def grouped_chains(groups: int) -> Timed:
    """Steps of one chain whose inputs have several variances."""
    values = [1.0 + 0.1 * group for group in range(groups)]
    covariance = {"spectrum": "levels", "values": values, "fractions": [1 / groups] * groups}
    block = chain_block(1000, GroupBlock, distribution="correlated", covariance=covariance)
    return lambda n: block.advance(block.step + max(1, n // CHAINS)), CHAIN_STEPS * CHAINS


def chain_block(N: int, kind: type[Block] = Block, count: int = CHAINS, **inputs: object) -> Block:
    """Chains of networks like those of `network`."""
    return kind([parse_spec(chain_document(N, **inputs))] * count, 0, range(count), [BEGINNING] * count)


def chain_document(N: int, **inputs: object) -> dict:
    """The spec of these chains."""
    return {
        "inputs": {"dimension": N} | inputs,
        "teachers": {"count": 1, "hidden": M, "readouts": {"relation": "ones"}},
        "student": {"hidden": K, "initial": {"weights_std": 1.0, "readouts_std": 0.1}},
        "training": {"learning_rate": 0.1},
        "duration": 1.0,
        "record": {"count": 2},
    }


def chains_with(**blocks: dict) -> Timed:
    """Steps of one chain with two teachers and interventions, after a switch."""
    document = {
        "inputs": {"dimension": 1000},
        "teachers": {"count": 2, "hidden": M, "readouts": {"relation": "ones"}} | blocks.get("teachers", {}),
        "student": {"hidden": K, "initial": {"weights_std": 1.0, "readouts_std": 0.1}},
        "training": {"learning_rate": 0.1} | blocks.get("training", {}),
        "curriculum": blocks.get("curriculum", {"switch_times": [0.001]}),
        "duration": 1e6,
        "record": {"count": 2},
    }
    block = Block([parse_spec(document)] * CHAINS, 0, range(CHAINS), [BEGINNING] * CHAINS)
    block.advance(1)
    block.begin_phases()
    return lambda n: block.advance(block.step + max(1, n // CHAINS)), CHAIN_STEPS * CHAINS


def episodes(length: int) -> Timed:
    """Episodes of one chain of the reward rule."""
    document = {
        "inputs": {"dimension": 900},
        "teachers": {"count": 1, "hidden": 1, "activation": "linear"},
        "student": {"hidden": 1, "activation": "linear", "initial": {"weights_std": 1.0}},
        "training": {
            "rule": "reward",
            "learning_rate": 1.0,
            "train": ["features"],
            "episode": {"length": length, "reward": {"condition": "at_least", "count": 1 + length // 2}},
        },
        "duration": 1e6,
        "record": {"count": 2},
    }
    block = RewardBlock([parse_spec(document)] * CHAINS, 0, range(CHAINS), [BEGINNING] * CHAINS)
    return lambda n: block.advance(block.step + max(1, n // CHAINS)), CHAIN_STEPS * CHAINS


def short_chains(N: int, records: int) -> Timed:
    """Steps of one chain among some that advance together, in short runs with their start and end."""
    document = chain_document(N) | {"duration": SHORT_STEPS / N, "record": {"count": records}}
    specs, runs, starts = [parse_spec(document)] * CHAINS, range(CHAINS), [BEGINNING] * CHAINS

    def run(n: int) -> None:
        for _ in range(max(1, n // (SHORT_STEPS * CHAINS))):
            simulate_chains(specs, 0, runs, lambda _: None, starts)

    return run, SHORT_STEPS * CHAINS


def chain_draws(N: int, count: int = CHAINS) -> Timed:
    """The random numbers of the steps of a chain: normal coordinates, and the length of the rest."""
    block = chain_block(N, count=count)
    terms = arrays.terms_of(block.constants.step)
    fixed = block.shape, terms, block.constants.step.law, block.keys, block.buffers
    return lambda n: draw_coordinates(*fixed, max(1, n // count)), CHAIN_STEPS * count


@njit
def draw_coordinates(shape, terms, law, keys, buffers, steps):
    """Draw the random numbers of some steps."""
    for step in range(steps):
        chain_kernel.draw(shape, terms, law, keys, buffers, 0, step)


def lines() -> Iterator[Line]:
    """Measure all of it."""
    single = np.float32
    for N, double_demand, single_demand, chain_demand, alone_aim, together_aim in (
        (1000, (20, 30), (25, 40), (700, 1500), 1.2, 0.6),
        (10_000, (15, 22), (15, 30), (5000, 12000), 11.0, 5.0),
    ):
        ours, fast, plain, drawn, chain, stepwise, together = seconds(
            network(N),
            network(N, single),
            numpy_loop(N),
            network_draws(N),
            chains(N),
            single_steps(N),
            network(N, count=TOGETHER),
        )
        yield faster(f"network, N = {N}, step against numpy loop", ours, plain, *double_demand)
        yield faster(f"network, N = {N}, float32 against numpy loop", fast, plain, *single_demand)
        yield dearer(f"network, N = {N}, step against its draws", ours, drawn, 2.2, 1.6)
        yield within(f"network, N = {N}, step", ours, "us", None, alone_aim)
        yield within(
            f"network, N = {N}, step of one of {TOGETHER} networks", together, "us", None, together_aim
        )
        yield dearer(f"network, N = {N}, the same against the draws of one", together, drawn, 1.0, 0.7)
        yield dearer(f"network, N = {N}, step in blocks against a single step", ours, stepwise, 1.0, 0.8)
        yield faster(f"chain, N = {N}, step against numpy loop", chain, plain, *chain_demand)
    plain, *others = seconds(chains_with(), *(chains_with(**blocks) for blocks, *_ in INTERVENTIONS.values()))
    for (name, (_, must, aim)), ours in zip(INTERVENTIONS.items(), others, strict=True):
        yield dearer(f"chain, step with {name} against one without", ours, plain, must, aim)
    plain, *others = seconds(chains(1000), *map(grouped_chains, GROUPS))
    for (groups, (must, aim)), ours in zip(GROUPS.items(), others, strict=True):
        yield dearer(f"chain, step with {groups} groups of inputs against one", ours, plain, must, aim)
    (episode,) = seconds(episodes(12))
    yield within("chain, reward rule, episode of 12 decisions", episode, "us", 0.3, 0.1)
    size = f"N = {WIDE_N}, K = {WIDE_K}, M = {WIDE_M}"
    wide, single, plain = seconds(wide_network(), wide_network(np.float32), wide_numpy_loop())
    yield faster(f"network, {size}, step against numpy loop", wide, plain, 12, 17)
    yield faster(f"network, {size}, float32 against numpy loop", single, plain, 25, 35)
    yield within(f"network, {size}, step", wide, "us", 3.5, 1.4)
    yield within(f"network, {size}, float32, step", single, "us", 3.5, 1.4)
    ours, plain = seconds(wide_errors(), errors_of_overlaps())
    yield faster("network, errors of 1000 units on two tasks against those from overlaps", ours, plain, 5, 10)
    small, large, drawn = seconds(chains(1000), chains(10**9), chain_draws(1000))
    yield dearer("chain, step at N = 10^9 against N = 10^3", large, small, 1.2, 1.05)
    yield dearer("chain, step against its draws", small, drawn, 5.0, 3.0)
    more, drawn = seconds(chains(1000, MOST_CHAINS), chain_draws(1000, MOST_CHAINS))
    yield dearer(f"chain, step of one of {MOST_CHAINS} runs against its draws", more, drawn, 4.5, 3.0)
    for N in (1000, 10_000):
        steady, short, recorded = seconds(chains(N), short_chains(N, 2), short_chains(N, RECORDS))
        what = f"chain, N = {N}, step in 64 runs of {SHORT_STEPS} steps with their start,"
        yield dearer(f"{what} against a later step", short, steady, 2.0, 1.25)
        yield dearer(f"{what} and {RECORDS} records", recorded, steady, 6.0, None)
        record = (recorded - short) * SHORT_STEPS / (RECORDS - 2)
        yield within(f"chain, N = {N}, a record of one of {CHAINS} runs", record, "us", 0.5, 0.3)

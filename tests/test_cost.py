"""The estimate of what curves cost, against seconds of CPU time recorded at the scale of the papers."""

from itertools import combinations
from pathlib import Path

import pytest
from snakemake.utils import update_config

from samples import document, spec
from teacherstudent.engines.base import ENGINES, engine_named
from teacherstudent.engines.chain import engine as chain
from teacherstudent.engines.chain import estimates
from teacherstudent.engines.ode import blocks, structured_estimates
from teacherstudent.engines.ode import estimates as ode
from teacherstudent.engines.ode.choice import has_lanes
from teacherstudent.experiments.cost import point_terms
from teacherstudent.experiments.jobs import jobs, parse_experiment
from teacherstudent.files.yaml_documents import read_yaml
from teacherstudent.kernels.compile.vectors import WIDTH
from teacherstudent.spec.parse import parse_spec

ROOT = Path(__file__).parents[1]
# Of all curves of an experiment on an engine, in one process with compiled code.
RECORDED = {
    ("lee2021_ode_verification", "network"): 10.8,
    ("lee2021_feature_similarity", "network"): 58.1,  # eleven curves
    ("goldt2019_first_layer_2", "chain"): 25.4,
    ("goldt2019_linear_both_layers", "chain"): 6.9,
    ("saadsolla1995_unrealisable", "chain"): 1.5,
    ("goldt2019_both_layers_random", "ode"): 4.3,
    ("goldt2019_mismatch", "ode"): 2.1,
    ("lee2021_feature_similarity", "ode"): 9.2,
    ("lee2021_feature_similarity_spread", "ode"): 1.8,
    ("saadsolla1995_length", "ode"): 2.3,
    ("saadsolla1995_alike", "ode"): 1.2,
}


@pytest.fixture(scope="module")
def experiments():
    merged = {}
    for path in sorted((ROOT / "config" / "experiments").glob("*.yaml")):
        update_config(merged, read_yaml(path))
    return merged["experiments"]


@pytest.mark.parametrize(("name", "engine"), RECORDED)
def test_the_estimate_is_within_a_factor_of_two(experiments, name, engine):
    listed = jobs(parse_experiment(name, experiments[name]), 1e9)
    (seconds,) = (job.seconds for job in listed if job.engine == engine)
    assert RECORDED[name, engine] / 2 < seconds < 2 * RECORDED[name, engine]


def test_a_wide_network_takes_microseconds_a_step():
    teachers = {"count": 1, "hidden": 250}
    few = document(inputs={"dimension": 15}, teachers=teachers, student={"hidden": 1000}, duration=1e5)
    seconds = sum(point_terms(parse_spec(few | {"curriculum": {}, "record": {"count": 2}}), "network", 1))
    assert 1.25e-6 < seconds / 1.5e6 < 5e-6  # measured: 2.5


# Seconds of runs of engine `ode` on hidden manifolds with sign folding: N = 1000, K = M = 2, eta = 0.2.
STRUCTURED = {
    "few latents": (15.1, {"latent_fraction": 0.001}, "infinite", 1e5),
    "limit": (0.035, {"latent_fraction": 0.01}, "infinite", 1e3),
    "modes": (0.035, {"latent_dimension": 250}, "finite", 1e3),
    "many steps": (0.08, {"latent_dimension": 250}, "finite", 1e4),
}


@pytest.mark.parametrize("name", STRUCTURED)
def test_runs_with_structured_inputs(name):
    seconds, manifold, latents, duration = STRUCTURED[name]
    inputs = {"distribution": "hidden_manifold", "dimension": 1000, "manifold": manifold}
    blocks = {"inputs": inputs, "numerics": {"latents": latents}, "duration": duration, "curriculum": {}}
    units = {"teachers": {"count": 1, "hidden": 2}, "student": {"hidden": 2}}
    of = parse_spec(document(**blocks, **units, training={"learning_rate": 0.2}))
    assert seconds / 2 < sum(point_terms(of, "ode", 1)) < 2 * seconds


@pytest.mark.parametrize(
    ("N", "D", "measured"), [(1000, 250, 10.2), (10_000, 1000, 345.0), (10_000, 100, 46.7), (300, 50, 1.23)]
)
def test_steps_on_a_manifold_take_microseconds(N, D, measured):
    one = document(teachers={"count": 1, "hidden": 2}, student={"hidden": 2}, curriculum={}, duration=1e6)
    one["inputs"] = {"dimension": N, "distribution": "hidden_manifold", "manifold": {"latent_dimension": D}}
    seconds = sum(point_terms(parse_spec(one), "network", 1))
    assert 0.5e-6 * measured < seconds / (1e6 * N) < 2e-6 * measured


@pytest.mark.parametrize(
    ("engine", "changes", "factor"),
    [
        ("network", {"inputs": {"dimension": 10_000}}, 100),
        ("network", {"training": {"learning_rate": 1.0, "batch_size": 10}}, 21),  # not in blocks of steps
        ("chain", {"inputs": {"dimension": 10_000}}, 10),
        ("chain", {"duration": 5000.0}, 10),
        ("ode", {"inputs": {"dimension": 10_000}}, 1),
        ("ode", {"student": {"hidden": 12}}, 13),  # not side by side; measured: 7
        ("ode", {"numerics": {"precision": "float32"}}, 1),
    ],
)
def test_the_dynamics_grow_with(engine, changes, factor):
    base = {"inputs": {"dimension": 1000}, "student": {"hidden": 6}, "duration": 500.0}
    few, many = (sum(point_terms(spec(**base | own), engine, 8)[3:]) for own in ({}, changes))
    assert many / few == pytest.approx(factor, rel=0.2)


LABELS = {"count": 1, "hidden": 2, "labels": "sign"}
XOR = {"dimension": 100, "distribution": "mixture", "clusters": {"means": "xor"}}


@pytest.mark.parametrize("engine", ["network", "chain"])
@pytest.mark.parametrize(
    ("changes", "seconds"),
    [
        ({"teachers": LABELS, "student": {"hidden": 2}}, 4e-3),  # along a run
        ({"teachers": LABELS, "student": {"hidden": 4}}, 1.4e-3),  # means over sampled fields
        ({"teachers": LABELS, "student": {"hidden": 4, "activation": "relu"}}, 1.0e-3),
        ({"teachers": LABELS, "student": {"hidden": 8, "activation": "linear"}}, 0.3e-3),
        ({"inputs": XOR, "student": {"hidden": 1, "activation": "relu"}}, 0.75e-3),
        ({"inputs": XOR, "student": {"hidden": 8, "activation": "relu"}}, 3.2e-3),
        ({"inputs": XOR, "student": {"hidden": 8, "activation": "linear"}}, 0.9e-3),
    ],
)
def test_records_with_sums_take_milliseconds(engine, changes, seconds):
    base = {"teachers": {"count": 1, "hidden": 1}, "curriculum": {}} | changes
    few, many = (
        sum(point_terms(spec(**base, record={"count": count}), engine, 64)) / 64 for count in (11, 111)
    )
    assert 0.5 * seconds < (many - few) / 100 < 2.0 * seconds


@pytest.mark.parametrize(
    ("engine", "hidden", "seconds"),
    [("network", 2, 35e-6), ("network", 32, 540e-6), ("chain", 2, 30e-6), ("chain", 8, 101e-6)],
)
def test_comparisons_with_thresholds_are_included(engine, hidden, seconds):
    """The seconds of one comparison, for `chain` of 64 runs together; the first phase is 2/3 of the run."""
    runs = 1 if engine == "network" else 64

    def cost(look_every):
        units = {"inputs": {"dimension": 1000}, "student": {"hidden": hidden}}
        units["teachers"] = {"count": 2, "hidden": 1 + hidden // 3}
        rule = {"thresholds": [1e-3], "look_every": look_every}
        return sum(point_terms(spec(**units, curriculum=rule, duration=30.0), engine, runs))

    one = (cost(0.01) - cost(0.1)) / (2000 - 200)
    assert 0.67 * seconds < one < 1.5 * seconds
    assert cost(0.001) - cost(0.002) == pytest.approx(one * (20_000 - 10_000), rel=1e-6)


@pytest.mark.parametrize(
    ("changes", "seconds"),
    [
        ({"teachers": {"count": 2, "hidden": 2, "labels": "sign"}}, 16 * 95e-6 + 65e-6),
        ({"student": {"hidden": 2, "layers": 2}}, 2.8e-3),
    ],
)
def test_comparisons_outside_of_kernels(changes, seconds):
    """Those of 16 chains."""
    base = {"student": {"hidden": 2}, "teachers": {"count": 2, "hidden": 1}, "duration": 30.0} | changes
    many, few = (
        sum(point_terms(spec(**base, curriculum={"thresholds": [1e-3], "look_every": look}), "chain", 16))
        for look in (0.1, 1.0)
    )
    assert 0.5 * seconds < (many - few) / (200 - 20) < 2.0 * seconds


@pytest.mark.parametrize(
    ("activation", "hidden", "teacher", "seconds"),
    [("sigmoid", 1, 1, 26e-6), ("sigmoid", 8, 4, 62e-6), ("tanh", 1, 1, 40e-6), ("tanh", 8, 4, 98e-6)],
)
def test_sums_over_pairs_of_units(activation, hidden, teacher, seconds):
    """Those of an error, for each of the different pairs, also of a unit with itself."""
    teachers, student = {"count": 1, "hidden": teacher}, {"hidden": hidden, "activation": activation}
    base = {"teachers": teachers, "student": student, "curriculum": {}, "duration": 100.0}
    few, many = (sum(point_terms(spec(**base, record={"count": n}), "chain", 8)[3:]) for n in (11, 1011))
    units = hidden + teacher
    assert 0.5 * seconds < (many - few) / 8000 / (units * (units + 1) / 2) < 2.0 * seconds


@pytest.mark.parametrize(
    ("activation", "units", "seconds"),
    [("erf", 8, 0.16e-3), ("erf", 12, 0.44e-3), ("relu", 12, 0.16e-3), ("tanh", 12, 0.65e-3)],
)
def test_comparisons_on_sampled_fields_grow_with_units(activation, units, seconds):
    """Three quarters of them are of the student; the others are erf units."""

    def cost(look_every):
        layer = {"hidden": 3 * units // 4, "activation": activation}
        teachers = {"count": 2, "hidden": units // 4, "labels": "sign"}
        rule = {"thresholds": [1e-3], "look_every": look_every}
        blocks = {"student": layer, "teachers": teachers, "curriculum": rule, "duration": 30.0}
        return sum(point_terms(spec(**blocks), "chain", 64)) / 64

    assert 0.5 * seconds < (cost(0.1) - cost(1.0)) / (200 - 20) < 2.0 * seconds


@pytest.mark.parametrize(
    ("runs", "hidden", "teacher", "seconds"),
    [(8, 2, 1, 2.9e-3), (64, 2, 1, 7.1e-3), (64, 8, 4, 33e-3), (256, 2, 1, 24e-3), (256, 8, 4, 127e-3)],
)
def test_short_runs_of_chains(runs, hidden, teacher, seconds):
    """300 steps, each recorded."""
    teachers = {"count": 2, "hidden": teacher, "features": {"relation": "rotated", "similarity": 0.5}}
    of = document(inputs={"dimension": 1000}, teachers=teachers, student={"hidden": hidden}, duration=0.3)
    of |= {"record": {"count": 301}, "curriculum": {"switch_times": [0.15]}}
    estimate = sum(point_terms(parse_spec(of), "chain", runs)[3:])
    assert seconds / 1.5 < estimate < 1.5 * seconds


@pytest.mark.parametrize(
    ("changes", "seconds"),
    [
        ({}, 0.05e-6),
        ({"student": {"hidden": 2, "activation": "relu"}}, 1.1e-6),  # errors chain by chain
        ({"teachers": {"count": 2, "hidden": 1, "drift": 0.01}}, 1.2e-6),  # records one by one
        ({"teachers": {"count": 2, "hidden": 4}, "student": {"hidden": 16}}, 1.8e-6),
    ],
)
def test_records_of_chains(changes, seconds):
    """Those of one of 64 chains."""
    base = {"teachers": {"count": 2, "hidden": 1}, "student": {"hidden": 2}, "duration": 100.0} | changes
    few, many = (sum(point_terms(spec(**base, record={"count": n}), "chain", 64)[3:]) for n in (11, 1011))
    assert seconds / 1.6 < (many - few) / 64_000 < 1.6 * seconds


@pytest.mark.parametrize(
    ("N", "hidden", "seconds"), [(100, 8, 0.089), (1000, 2, 0.54), (1000, 8, 0.56), (1000, 32, 1.05)]
)
def test_records_read_all_test_samples(N, hidden, seconds):
    """Networks that see inputs with a power law, for 2000 steps and 101 records."""
    inputs = {"dimension": N, "distribution": "correlated"}
    inputs["covariance"] = {"spectrum": "power_law", "exponent": 1.0}
    units = {"teachers": {"count": 1, "hidden": max(1, hidden // 2)}, "student": {"hidden": hidden}}
    one = document(**units, inputs=inputs, curriculum={}, duration=2000 / N, record={"count": 101})
    assert seconds / 1.5 < sum(point_terms(parse_spec(one), "network", 1)[3:]) < 1.5 * seconds


@pytest.mark.parametrize(
    ("engine", "runs", "duration", "seconds"), [("network", 2, 30.0, 1.4), ("chain", 64, 1000.0, 2.5)]
)
def test_episodes_of_twelve_decisions(engine, runs, duration, seconds):
    """Measured on a processor that is 1.7 times as fast as those of the other seconds."""
    episode = {"length": 12, "reward": {"condition": "all"}}
    of = parse_spec(
        document(
            inputs={"dimension": 900},
            teachers={"count": 1, "hidden": 1},
            student={"hidden": 1, "activation": "linear"},
            training={"rule": "reward", "learning_rate": 1.0, "train": ["features"], "episode": episode},
            curriculum={},
            duration=duration,
        )
    )
    assert seconds / 2 < sum(point_terms(of, engine, runs)) < 2 * seconds


def test_parts_of_a_grid_cost_what_their_points_cost():
    axes = {"student.hidden": [2, 8], "inputs.dimension": [10, 2000], "training.batch_size": [5, 10]}
    experiment = parse_experiment("grid", {"spec": document(), "engines": {"network": {"outer": axes}}})
    (whole,) = jobs(experiment, 1e9)
    cells = jobs(experiment, 1e-9)
    assert len(cells) == 8
    assert whole.seconds == pytest.approx(sum(job.seconds for job in cells))
    alone = [sum(point_terms(parse_spec(job.work["spec"]), "network", 1)) for job in cells]
    assert [job.seconds for job in cells] == pytest.approx(alone, rel=0.1)


def seconds_of_grid(engine, base, axes, runs=1):
    entry = {"spec": base, "engines": {engine: {"inner": axes, "runs": runs}}}
    (job,) = jobs(parse_experiment("grid", entry), 1e9)
    return job.seconds


LARGE = {"teachers": {"count": 2, "hidden": 2}, "student": {"hidden": 4}, "record": {"count": 2}}


@pytest.mark.parametrize(
    ("engine", "axis", "changes", "points", "shared"),
    [
        # Measured: 0.37 us a step of one of eleven networks, 0.98 us of one alone.
        ("network", "training.learning_rate", {"duration": 2000.0}, 11, 0.37 / 0.98),
        # One network until the switch at half of the duration: 1/2 + 1/2 * 1/4.
        (
            "network",
            "teachers.readouts.similarity",
            {
                "inputs": {"dimension": 15},
                "student": {"hidden": 1000},
                "teachers": {"count": 2, "hidden": 2, "readouts": {"relation": "rotated", "similarity": 0.5}},
                "duration": 1e6,
                "curriculum": {"switch_times": [5e5]},
            },
            4,
            0.625,
        ),
        # Measured: 365 us a step of 64 chains, 225 us of one chain.
        ("chain", "training.learning_rate", {"duration": 5000.0}, 64, 1.82 / (64 * 0.563)),
        # Measured: 2.4 ms of one of 32 runs, 6.3 ms of one alone; 15 ms to store a run.
        ("ode", "training.learning_rate", {"duration": 1000.0}, 32, (15 + 2.4) / (15 + 6.3)),
        ("ode", "training.learning_rate", {"duration": 1000.0, "student": {"hidden": 12}}, 32, 1.0),
        ("network", "training.learning_rate", {"teachers": {"count": 2, "hidden": 2, "drift": 0.1}}, 11, 1.0),
        ("network", "inputs.dimension", {"duration": 200.0}, 8, 1.0),
    ],
)
def test_points_of_a_grid_share_work(engine, axis, changes, points, shared):
    if axis == "inputs.dimension":
        values = [1000 + point for point in range(points)]
    else:
        values = [round(0.1 + 0.01 * point, 2) for point in range(points)]
    base = document(**{"inputs": {"dimension": 1000}} | LARGE | changes)
    alone = sum(seconds_of_grid(engine, base, {axis: [value]}) for value in values)
    together = seconds_of_grid(engine, base, {axis: values})
    assert shared / 1.4 < together / alone < min(1.4 * shared, 1.0 + 1e-9)


CHANGES = [
    {},
    {"duration": 4.0},
    {"training": {"learning_rate": 0.5}},
    {"training": {"learning_rate": 0.5, "batch_size": 2}},
    {"training": {"learning_rate": 0.5, "batch_size": 8}},
    {"inputs": {"dimension": 30}},
    {"inputs": {"dimension": 20, "samples": 10}},
    {"student": {"hidden": 2}},
    {"student": {"hidden": 12}},
    {"student": {"hidden": 3, "layers": 2}},
    {"student": {"hidden": 3, "activation": "relu"}},
    {"student": {"hidden": 3, "activation": "tanh"}},
    {"teachers": {"count": 2, "hidden": 2, "drift": 0.1}},
    {"teachers": {"count": 2, "hidden": 2, "labels": "sign"}},
    {"teachers": {"count": 1, "hidden": 2}, "curriculum": {}},
    {"curriculum": {"thresholds": [0.1]}},
    {"curriculum": {"mixture": [{"probabilities": [0.5, 0.5]}]}},
    {"record": {"count": 3}},
]


@pytest.mark.parametrize("engine", ENGINES)
def test_points_with_equal_keys_of_shared_work_can_be_in_one_batch(engine):
    specs, found = [spec(**changes) for changes in CHANGES], engine_named(engine)
    equal = 0
    for one, other in combinations(specs, 2):
        for key, same in zip(found.shared(one), found.shared(other), strict=True):
            if key is not None and key == same:
                equal += 1
                assert found.batch_key(one, 0) == found.batch_key(other, 0)
    assert equal >= 3 if engine != "chain" else equal >= 1


def test_runs_that_are_estimated_side_by_side_are_integrated_side_by_side():
    specs = [spec(**changes) for changes in CHANGES]
    for one in specs:
        key, few, many = ode.shared(one)[0], sum(ode.cost(one, 1)), sum(ode.cost(one, 8)) / 8
        assert (key is not None) == has_lanes(one)
        assert (many < few) == has_lanes(one)
    assert 8 <= sum(map(has_lanes, specs)) < len(specs)
    assert (structured_estimates.PRODUCTS, ode.LANES) == (blocks.PRODUCTS, WIDTH)


def test_a_grid_with_two_forms_of_the_equations_costs_the_sum_of_its_points():
    manifold = {"latent_dimension": 4, "tasks": "interpolated", "similarity": 0.5}
    specs = [
        document(
            inputs={
                "dimension": 20,
                "distribution": "hidden_manifold",
                "manifold": manifold | {"projection": kind},
            }
        )
        for kind in ("gaussian", "orthogonal")
    ]
    terms = [point_terms(parse_spec(one), "ode", 1) for one in specs]
    assert len(terms[0]) != len(terms[1])
    axes = {"inputs.manifold.projection": ["gaussian", "orthogonal"]}
    experiment = parse_experiment("grid", {"spec": specs[0], "engines": {"ode": {"inner": axes}}})
    (job,) = jobs(experiment, 40.0)
    assert job.seconds == pytest.approx(sum(map(sum, terms)))


def test_a_term_can_be_zero_at_the_first_point():
    """Equivalent inputs need further random numbers, for each input and step."""
    manifold = {"latent_dimension": 4, "equivalent": False}
    inputs = {"dimension": 20, "distribution": "hidden_manifold", "manifold": manifold}
    axes = {
        "inputs.manifold.equivalent": [False, True],
        "inputs.dimension": [20, 2000],
        "duration": [10.0, 1e4],
    }
    work = {"spec": document(inputs=inputs), "engines": {"network": {"inner": axes}}}
    (job,) = jobs(parse_experiment("grid", work), 1e9)
    cells = jobs(parse_experiment("grid", work | {"engines": {"network": {"outer": axes}}}), 1e-9)
    assert job.seconds == pytest.approx(sum(cell.seconds for cell in cells), rel=0.3)


def test_the_engine_chain_is_as_wide_as_the_estimate_thinks():
    assert estimates.LANES == chain.LANES

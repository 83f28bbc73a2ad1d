"""The estimates of `teacherstudent cost`, which divide grids into jobs, against the CPU time of jobs."""

import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from timing import Line, text

from teacherstudent.experiments.jobs import Job, jobs, parse_experiment
from teacherstudent.experiments.simulate import simulate_job
from teacherstudent.spec.axes import with_values

FACTOR = 2.0  # estimates are correct within this factor
WARM_UP = 0.01  # duration, as a share, of the job before, which loads or compiles all code

TWO_TASKS = {
    "inputs": {"dimension": 1000},
    "teachers": {
        "count": 2,
        "hidden": 1,
        "features": {"relation": "rotated", "similarity": 0.5},
        "readouts": {"norm": 1.0},
    },
    "student": {"hidden": 2},
    "training": {"learning_rate": 1.0},
    "curriculum": {"switch_times": [100.0]},
    "duration": 200.0,
    "record": {"count": 101},
}
WIDE = {
    "inputs": {"dimension": 15},
    "teachers": {
        "count": 2,
        "hidden": 250,
        "features": {"units": "whitened", "relation": "interpolated", "similarity": 1.0},
        "readouts": {"relation": "rotated", "similarity": 1.0},
        "output_scale": "mean_field",
    },
    "student": {
        "hidden": 1000,
        "output_scale": "mean",
        "initial": {"weights_std": 0.001, "readouts_std": 0.001},
    },
    "training": {"learning_rate": 5.0, "readout_learning_rate": 75.0},
    "curriculum": {"switch_times": [8000.0]},
    "duration": 16_000.0,
    "record": {"quantities": "errors", "count": 41},
}
EPISODES = {
    "inputs": {"dimension": 900},
    "teachers": {"count": 1, "hidden": 1, "activation": "linear"},
    "student": {"hidden": 1, "activation": "linear"},
    "training": {
        "rule": "reward",
        "learning_rate": 1.0,
        "train": ["features"],
        "episode": {"length": 12, "reward": {"condition": "all"}},
    },
    "curriculum": {},
}
SIMILARITY, READOUTS = "teachers.features.similarity", "teachers.readouts.similarity"
RATE, UNITS, TEACHERS = "training.learning_rate", "student.hidden", "teachers.hidden"


@dataclass(frozen=True)
class Case:
    """A job: the spec of two tasks with other values, for some runs at each point of some axes."""

    engine: str
    values: Mapping[str, Any] = field(default_factory=dict)
    axes: Mapping[str, Any] = field(default_factory=dict)
    runs: int = 1
    base: Mapping[str, Any] = field(default_factory=lambda: TWO_TASKS)

    def job(self, share: float = 1.0) -> Job:
        """Return the job, or one with a share of the duration."""
        values = {"duration": self.base.get("duration", 1.0)} | dict(self.values)
        spec = with_values(self.base, values | {"duration": share * values["duration"]})
        if "switch_times" in spec["curriculum"]:
            spec["curriculum"] = {"switch_times": [0.5 * spec["duration"]]}
        inner = {key: np.asarray(values).tolist() for key, values in self.axes.items()}
        entry = {"spec": spec, "engines": {self.engine: {"inner": inner, "runs": self.runs}}}
        (found,) = jobs(parse_experiment("benchmark", entry), 1e9)
        return found


def one_task(**more: Any) -> dict[str, Any]:
    """Values of a spec with one task."""
    alone = {"teachers.count": 1, "teachers.features": {}, "curriculum": {}, "student.heads": "shared"}
    return alone | more


SIX_UNITS = {
    UNITS: 4,
    TEACHERS: 2,
    "teachers.labels": "sign",
    "teachers.readouts": {},
    "training.loss": "logistic",
}
THRESHOLDS = {"curriculum": {"thresholds": [0.002]}, "training.learning_rate": 0.5}
CLUSTERS = one_task(
    inputs={"dimension": 1000, "distribution": "mixture", "clusters": {"means": "xor"}},
    **{UNITS: 8, "student.activation": "relu", "teachers.readouts": {}, "training.learning_rate": 0.1},
)
NEVER = {"curriculum": {"thresholds": [1e-9]}}  # compared until the end
SHORT = {"duration": 0.3, "record.count": 301}  # each step is recorded
POWER = {"dimension": 1000, "distribution": "correlated"}
POWER["covariance"] = {"spectrum": "power_law", "exponent": 1.0}
MANIFOLD = {"distribution": "hidden_manifold", "dimension": 1000, "manifold": {"latent_dimension": 100}}
CASES = {
    "network": Case("network", {UNITS: 4, TEACHERS: 2, "duration": 600.0}),
    "network, eleven networks": Case("network", {"duration": 200.0}, {SIMILARITY: np.linspace(0, 1, 11)}),
    "network, rates": Case("network", {UNITS: 4, TEACHERS: 2}, {RATE: np.linspace(0.1, 1, 11)}),
    "network, N = 10000": Case("network", {"inputs.dimension": 10_000, "duration": 8.0}),
    "network, float32": Case("network", {"numerics.precision": "float32", "duration": 600.0}),
    "network, batches": Case("network", {"training.batch_size": 10, "duration": 60.0}),
    "network, 1000 records": Case("network", {"record.count": 1000}, runs=4),
    "network, K = 20": Case("network", {UNITS: 20, TEACHERS: 10}),
    "network, wide": Case("network", base=WIDE),
    "network, wide, float32": Case("network", {"numerics.precision": "float32"}, runs=2, base=WIDE),
    "network, wide, four tasks": Case(
        "network", {"numerics.precision": "float32"}, {READOUTS: [0.0, 0.3, 0.6, 1.0]}, base=WIDE
    ),
    "network, wide, 500 records": Case("network", {"duration": 1000.0, "record.count": 500}, base=WIDE),
    "network, finite set": Case("network", {"inputs.samples": 5000}),
    "network, path integral": Case(
        "network", {"training.consolidation": {"kind": "path_integral", "strength": 1e-3}}
    ),
    "network, drift": Case("network", {"teachers.drift": 0.01}),
    "network, manifold": Case("network", one_task(inputs=MANIFOLD)),
    "network, two hidden layers": Case("network", {"student.layers": 2, "record.count": 11}),
    "network, episodes": Case("network", {"duration": 50.0}, runs=2, base=EPISODES),
    "network, tanh": Case("network", {"student.activation": "tanh"}),
    "network, signs": Case(
        "network", {"teachers.labels": "sign", "teachers.readouts": {}, "training.loss": "logistic"}
    ),
    "network, signs by six units": Case("network", SIX_UNITS),
    "network, thresholds": Case("network", THRESHOLDS),
    "network, thresholds never reached": Case("network", NEVER | {UNITS: 32, TEACHERS: 8, "duration": 10.0}),
    "network, clusters": Case("network", CLUSTERS | {"inputs.dimension": 100}),
    "network, power law": Case("network", one_task(inputs=POWER, duration=20.0)),
    "network, power law, K = 8": Case("network", one_task(inputs=POWER, duration=20.0) | {UNITS: 8}),
    "chain": Case("chain", {UNITS: 4, TEACHERS: 2}, runs=64),
    "chain, one run": Case("chain", {UNITS: 4, TEACHERS: 2, "duration": 1000.0}),
    "chain, 64 points": Case("chain", {UNITS: 4, TEACHERS: 2}, {SIMILARITY: np.linspace(0, 1, 64)}),
    "chain, short runs": Case("chain", {"duration": 2.0, "record.count": 301}, runs=256),
    "chain, short runs, K = 8": Case("chain", SHORT | {UNITS: 8, TEACHERS: 4}, runs=256),
    "chain, short runs, relu": Case("chain", SHORT | {"student.activation": "relu"}, runs=256),
    "chain, short runs, drift": Case("chain", SHORT | {"teachers.drift": 0.01}, runs=256),
    "chain, levels": Case(
        "chain",
        {
            "inputs": {
                "dimension": 1000,
                "distribution": "correlated",
                "covariance": {"spectrum": "levels", "values": [1.0, 2.0, 3.0], "fractions": [0.5, 0.3, 0.2]},
            }
        },
        runs=64,
    ),
    "chain, two hidden layers": Case("chain", {"student.layers": 2, "record.count": 11}, runs=64),
    "chain, episodes": Case("chain", {"duration": 100.0}, runs=64, base=EPISODES),
    "chain, tanh": Case("chain", {"student.activation": "tanh", "record.count": 11}, runs=64),
    "chain, signs": Case(
        "chain", {"teachers.labels": "sign", "teachers.readouts": {}, "training.loss": "logistic"}, runs=64
    ),
    "chain, signs by six units": Case("chain", SIX_UNITS, runs=16),
    "chain, thresholds": Case("chain", THRESHOLDS | {UNITS: 8, TEACHERS: 4}, runs=64),
    "chain, thresholds never reached": Case("chain", NEVER | {"duration": 50.0}, runs=16),
    "chain, clusters": Case("chain", CLUSTERS, runs=8),
    "chain, clusters, K = 2": Case("chain", CLUSTERS | {UNITS: 2}, runs=8),
    "ode": Case("ode", {"duration": 1000.0}, {"inputs.dimension": [1000, 2000]}),
    "ode, 401 similarities": Case("ode", {}, {SIMILARITY: np.linspace(0, 1, 401)}),
    "ode, rates, K = 4": Case("ode", {UNITS: 4, TEACHERS: 2}, {RATE: np.linspace(0.1, 1, 64)}),
    "ode, runs, K = 8": Case("ode", {UNITS: 8, TEACHERS: 4}, runs=16),
    "ode, K = 12": Case("ode", {UNITS: 12, TEACHERS: 4}),
    "ode, relu": Case("ode", {UNITS: 2, "student.activation": "relu"}),
    "ode, manifold": Case("ode", one_task(inputs=MANIFOLD), runs=8),
    "ode, two hidden layers": Case("ode", {"student.layers": 2}),
    "ode, tanh": Case("ode", {"student.activation": "tanh"}),
    "ode, thresholds": Case("ode", THRESHOLDS, runs=16),
    "ode, sigmoid": Case("ode", {"student.activation": "sigmoid", "teachers.activation": "sigmoid"}),
    "ode, sigmoid, K = M = 2": Case("ode", {"student.activation": "sigmoid", TEACHERS: 2}),
    "ode, signs": Case(
        "ode", {"teachers.labels": "sign", "teachers.readouts": {}, "training.loss": "logistic"}
    ),
    "ode, episodes": Case("ode", {"duration": 1000.0}, {RATE: np.linspace(0.5, 1, 20)}, base=EPISODES),
}


def seconds_of(case: Case) -> tuple[float, float]:
    """Return the CPU time of a job, and its estimate."""
    with tempfile.TemporaryDirectory() as folder:
        simulate_job(case.job(WARM_UP).work, Path(folder) / "first.h5")
        job, start = case.job(), time.process_time()
        simulate_job(job.work, Path(folder) / "second.h5")
        return time.process_time() - start, job.seconds


def lines() -> Iterator[Line]:
    """Measure all of it."""
    for name, case in CASES.items():
        measured, estimate = seconds_of(case)
        ratio = max(measured / estimate, estimate / measured)
        yield Line(f"estimate of {name}", text(estimate), text(measured), ratio, FACTOR, None, at_most=True)

"""The estimate of memory against what processes take, and what is refused."""

import json
import os
import re
import subprocess
import sys
import time

import pytest

from samples import spec
from teacherstudent.engines.base import ENGINES
from teacherstudent.engines.memory import record_memory
from teacherstudent.engines.network import estimates
from teacherstudent.engines.observables import OBSERVABLES
from teacherstudent.errors import SpecError
from teacherstudent.simulation import available, memory
from teacherstudent.simulation.available import available_memory, cgroup_memory
from teacherstudent.simulation.memory import check_memory
from teacherstudent.simulation.runs import simulate, simulate_runs
from teacherstudent.spec.parse import parse_spec

MEGABYTE = 1e6
REPLAYED = {"switch_times": [1e-5]}
WEIGHTS = {"learning_rate": 1.0, "consolidation": {"kind": "ewc", "strength": 1.0, "importances": "weights"}}
ROTATED = {"relation": "rotated", "similarity": 0.5}


def large(N, steps=2, P=1, M=1, K=2, batch=1, **changes):
    """A document of a short run of large networks."""
    return {
        "inputs": {"dimension": N} | changes.pop("inputs", {}),
        "teachers": {"count": P, "hidden": M} | changes.pop("teachers", {}),
        "student": {"hidden": K},
        "training": {"learning_rate": 0.1, "batch_size": batch},
        "duration": steps / N,
        "record": {"count": 2},
    } | changes


# The most memory that a run takes beyond what was taken before, in bytes; a small run loads kernels before.
# (The maximum of getrusage would be that of the process that started this one, where it had more.)
MEASURE = """
import json, sys
from pathlib import Path
import psutil
from teacherstudent import parse_spec, simulate_runs

def peak(document, runs):
    list(simulate_runs(parse_spec(document), ENGINE, 0, runs, threads=1))
    lines = Path("/proc/self/status").read_text().splitlines()
    (highest,) = (line.split()[1] for line in lines if line.startswith("VmHWM:"))
    return 1024 * int(highest)

ENGINE, RUNS, DOCUMENT, SMALL = json.loads(sys.argv[1])
peak(SMALL, 1)
before = psutil.Process().memory_info().rss
print(peak(DOCUMENT, RUNS) - before)
"""


def two_projections(D):
    """The block of inputs with a projection of D latent numbers for each task."""
    manifold = {"latent_dimension": D, "tasks": "interpolated", "similarity": 0.5}
    return {"inputs": {"distribution": "hidden_manifold", "manifold": manifold}}


REPLAY = {"fraction": 0.5}
BUFFER = {"fraction": 0.1, "buffer": 10_000}
TURNING = {"teacher": 0, "towards": 1, "rate": 0.1, "start": 0.0}
NETWORKS = {
    "inputs": large(2_000_000, P=2, M=1, K=2),
    "rotated": large(500_000, P=3, M=3, teachers={"features": ROTATED}),
    "units": large(1_000_000, M=2, K=8),
    "single": large(2_000_000, M=2, K=8, numerics={"precision": "float32"}),
    "batch": large(100_000, batch=150),
    "samples": large(1000, inputs={"samples": 25_000}),
    "weights": large(2500, steps=1000, K=4, record={"count": 1001, "weights": True}),
    "records": large(10, steps=500_000, P=2, M=2, K=4, record={"count": 50_001}),
}
SWITCH = {"switch_times": [1e-6]}
NETWORKS |= {
    "anchors": large(
        1_000_000,
        P=2,
        K=6,
        training={
            "learning_rate": 0.1,
            "consolidation": {
                "kind": "path_integral_normalised",
                "strength": 0.1,
                "importances": "weights",
                "step": "proximal",
            },
        },
        curriculum=SWITCH,
    ),
    "stored": large(1000, P=2, steps=12_000, curriculum={"switch_times": [11.0], "replay": BUFFER}),
    "manifolds": large(
        3000,
        P=2,
        inputs={
            "distribution": "hidden_manifold",
            "manifold": {"latent_dimension": 1500, "tasks": "interpolated", "similarity": [0.5]},
        },
        curriculum={"switch_times": [1e-4]},
    ),
    "generator": large(2500, inputs={"distribution": "generator", "generator": {"layers": [100, 2500]}}),
    "rotation": large(1_000_000, P=2, M=3, teachers={"rotation": TURNING}),
}
LINEAR = {"student": {"hidden": 1, "activation": "linear"}}
REWARDS = {"rule": "reward", "learning_rate": 0.1, "train": ["features"]}
EPISODE = {"length": 150, "reward": {"condition": "all"}}
NETWORKS["episodes"] = large(100_000, training=REWARDS | {"episode": EPISODE}, **LINEAR)
LONG = REWARDS | {"episode": EPISODE | {"length": 100_000}}
CASES = [("network", 1, document) for document in NETWORKS.values()] + [
    ("chain", 1, large(1000, steps=40_000, P=2, M=2, K=4, record={"count": 40_001})),
    ("chain", 1, large(10_000, P=2, M=2, K=4, batch=1500)),
    ("chain", 64, large(10_000, training=LONG, **LINEAR)),
    ("ode", 1, large(1000, steps=400_000, P=2, M=2, K=4, record={"count": 400_001})),
    ("ode", 1, large(4_000_000, P=2, M=1)),
    ("ode", 1, large(4000, P=2, M=2, K=4, curriculum={"switch_times": [2.5e-4]}, **two_projections(600))),
    ("ode", 1, large(2000, P=2, M=2, curriculum=REPLAYED | {"replay": REPLAY}, **two_projections(250))),
]
NAMES = [
    *NETWORKS,
    "chain-records",
    "chain-batch",
    "chain-episodes",
    "ode-records",
    "ode-inputs",
    "ode-modes",
    "ode-moments",
]
OFTEN = "inputs", "samples", "ode-records"
MARKED = [
    pytest.param(*case, id=name, marks=[] if name in OFTEN else pytest.mark.thorough)
    for name, case in zip(NAMES, CASES, strict=True)
]


def small_form(document):
    """The document with two steps of small networks, which the same kernels make."""
    small = document | {"duration": 2 / 40, "record": document["record"] | {"count": 2}}
    small["inputs"] = document["inputs"] | {"dimension": 40}
    if "manifold" in small["inputs"]:
        small["inputs"]["manifold"] = two_projections(5)["inputs"]["manifold"]
    if "generator" in small["inputs"]:
        small["inputs"]["generator"] = {"layers": [4, 40]}
    if "samples" in small["inputs"]:
        small["inputs"]["samples"] = 100
    if "curriculum" in small:
        small["curriculum"] = document["curriculum"] | {"switch_times": [1 / 40]}
    return small


@pytest.mark.slow
@pytest.mark.parametrize(("engine", "runs", "document"), MARKED)
def test_the_estimate_is_near_to_what_a_process_takes(engine, runs, document):
    small = small_form(document)
    simulate(parse_spec(small), engine)  # compiles here: what compiling leaves behind serves later arrays
    argument = json.dumps([engine, runs, document, small])
    done = subprocess.run([sys.executable, "-c", MEASURE, argument], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    estimate = sum(ENGINES[engine].memory([parse_spec(document)] * runs).values())
    measured = int(done.stdout)
    assert measured > 80 * MEGABYTE
    assert 1 / 1.5 < estimate / measured < memory.SLACK


@pytest.fixture
def free(monkeypatch):
    """Say that so many bytes are available."""

    def pretend(size):
        monkeypatch.setattr(available, "available_memory", lambda: (size, "a test"))

    return pretend


@pytest.mark.parametrize(
    ("engine", "document", "words"),
    [
        ("network", large(10**9), "inputs.dimension: 1000000000 needs about"),
        ("network", large(1000, inputs={"samples": 10**7}), "inputs.samples: 10000000 needs about"),
        ("network", large(1000, batch=10**6), "training.batch_size: 1000000 needs about"),
        ("network", large(10, steps=10**8, record={"count": 10**7}), "record.count: 10000000 needs about"),
        (
            "network",
            large(10**6, steps=10**5, record={"count": 10**4, "weights": True}),
            "record.weights: true, at 10000 times, needs about",
        ),
        (
            "ode",
            large(10, steps=10**5, K=60, record={"times": {"linspace": [0.0, 10.0**4, 8001]}}),
            "record.times: a list of 8001 needs about",
        ),
        ("chain", large(10**6, K=10_000), "student.hidden: 10000 needs about"),
        (
            "network",
            large(1000, P=2, curriculum=REPLAYED | {"replay": {"fraction": 0.1, "buffer": 10**7}}),
            "curriculum.replay.buffer: 10000000 needs about",
        ),
        (
            "network",
            large(10**6, steps=100, P=2, K=1000, curriculum=REPLAYED, training=WEIGHTS),
            "training.consolidation.importances: weights needs about",
        ),
    ],
)
def test_what_cannot_fit_is_refused_with_both_numbers(engine, document, words, free):
    free(0.04e9)
    with pytest.raises(SpecError) as caught:
        simulate(parse_spec(document), engine)
    message = str(caught.value)
    assert message.startswith(words)
    assert re.search(
        r" [\d.]+ [MGT]B of memory, and 40 MB are available \(a test\); use a smaller value", message
    )
    assert "\n" not in message


def test_runs_and_threads_are_named_where_one_run_fits(free):
    document = parse_spec(large(10, steps=10**6, record={"count": 100_000}))
    free(2 * sum(ENGINES["network"].memory([document]).values()))
    simulate_runs(document, "network", runs=2)
    with pytest.raises(SpecError, match="runs: 100 needs about"):
        simulate_runs(document, "network", runs=100)
    with pytest.raises(SpecError, match="threads: 4 needs about"):
        simulate_runs(parse_spec(large(2_000_000)), "network", runs=4, threads=4)


def test_what_could_fit_begins(free):
    asked = parse_spec(large(10**7))
    free(sum(ENGINES["network"].memory([asked]).values()) / memory.SLACK + 1.0)
    check_memory([[asked]], "network", runs=1, threads=1)


def test_small_runs_do_not_look_at_the_machine(monkeypatch):
    monkeypatch.setattr(available, "available_memory", lambda: pytest.fail("not asked"))
    simulate(spec(), "ode")


def test_records_are_as_large_as_their_arrays():
    names = [name for name, entry in OBSERVABLES.items() if entry.dimensions[0] == "time"]
    for record in ({}, {"weights": True}, {"quantities": "readouts"}, {"quantities": "errors"}):
        asked = spec(record={"count": 6} | record, inputs={"dimension": 20, "samples": 5})
        trajectory = simulate(asked, "network")
        arrays = [getattr(trajectory, name) for name in names if getattr(trajectory, name) is not None]
        assert record_memory(asked) == sum(array.nbytes for array in arrays)


def test_many_specs_are_estimated_quickly():
    specs = [spec(training={"learning_rate": 0.1 + 1e-6 * i}) for i in range(300)]
    for engine in ("network", "chain", "ode"):
        before = time.process_time()
        check_memory([[own] for own in specs], engine, runs=1, threads=2)
        assert time.process_time() - before < 0.3


def group(folder, files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_text(f"{content}\n", encoding="utf-8")


def test_control_groups_of_version_2(tmp_path):
    listing, root = tmp_path / "cgroup", tmp_path / "fs"
    listing.write_text("0::/slice/job\n", encoding="utf-8")
    stat = "anon 1\ninactive_file 300"
    group(root / "slice", {"memory.max": 5000, "memory.current": 2000, "memory.stat": stat})
    group(root / "slice" / "job", {"memory.max": "max", "memory.current": 900, "memory.stat": stat})
    assert list(cgroup_memory(listing, root)) == [5000 - 2000 + 300]


def test_control_groups_of_version_1_in_a_container(tmp_path):
    listing, root = tmp_path / "cgroup", tmp_path / "fs"
    listing.write_text("5:cpu,cpuacct:/docker/a\n4:memory:/docker/a\n", encoding="utf-8")
    files = {"memory.limit_in_bytes": 1000, "memory.usage_in_bytes": 1200, "memory.stat": "cache 5"}
    group(root / "memory", files)
    assert list(cgroup_memory(listing, root)) == [0.0]
    assert list(cgroup_memory(tmp_path / "nothing", root)) == []


def test_memory_that_slurm_grants(monkeypatch):
    free, _ = available_memory()
    monkeypatch.setenv("SLURM_MEM_PER_NODE", "700")
    granted, limit = available_memory()
    assert granted < min(free, 700 * 2**20)
    assert limit == "SLURM_MEM_PER_NODE" or granted == 0.0
    monkeypatch.setenv("SLURM_MEM_PER_NODE", "0")
    assert available_memory()[1] != "SLURM_MEM_PER_NODE"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="limits of processes are those of POSIX systems")
def test_the_command_says_in_one_line_what_does_not_fit(tmp_path):
    import resource

    path = tmp_path / "spec.yaml"
    path.write_text(json.dumps(large(10**9, steps=10**9)), encoding="utf-8")
    command = [sys.executable, "-m", "teacherstudent", "run", "spec.yaml", "--engine", "network"]
    done = subprocess.run(
        [*command, "--output", "out.h5"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (8 * 10**9, 8 * 10**9)),
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: inputs.dimension: 1000000000 needs about ")
    assert done.stderr.endswith("(limit of the address space, ulimit -v); use a smaller value\n")
    assert done.stderr.count("\n") == 1
    assert os.listdir(tmp_path) == ["spec.yaml"]


def test_any_number_of_runs_is_refused_at_once(free, monkeypatch):
    free(1e9)
    monkeypatch.setattr(
        "teacherstudent.simulation.runs.prepare", lambda *_: pytest.fail("not before the check")
    )
    with pytest.raises(SpecError, match="runs: 100000000 needs about"):
        simulate_runs(parse_spec(large(50)), "network", runs=10**8)


def test_the_estimate_is_made_once_for_each_spec(monkeypatch):
    made = []
    monkeypatch.setattr(estimates, "memory", lambda batch: made.append(batch) or {"a": 1.0})
    one, other = spec(), spec(duration=7.0)
    check_memory([[one], [one], [other], [one]], "network", runs=2, threads=1)
    assert made == [[one], [other]]

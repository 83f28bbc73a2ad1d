import json
import time

import pytest

from samples import document
from teacherstudent.errors import SpecError
from teacherstudent.experiments import jobs
from teacherstudent.experiments.jobs import expand, parse_experiment
from teacherstudent.spec.parse import parse_spec

SIMILARITY = "teachers.features.similarity"
EACH = 1e-9  # seconds of a job: a job for each cell


def experiment(**engines):
    """An experiment with rotated teachers; by default the ode engine without axes."""
    features = {"relation": "rotated", "similarity": 0.5}
    teachers = {"count": 2, "hidden": 1, "features": features}
    return {"spec": document(teachers=teachers), "engines": engines or {"ode": {}}}


def test_without_axes_there_is_one_job_per_engine():
    listed = expand("plain", experiment(ode={}, network={"runs": 3, "seed": 7}), EACH)
    assert [(job.experiment, job.engine, job.curve) for job in listed] == [
        ("plain", "ode", "all"),
        ("plain", "network", "all"),
    ]
    assert (listed[1].work["runs"], listed[1].work["seed"]) == (3, 7)
    assert (listed[0].work["runs"], listed[0].work["seed"]) == (1, 0)


def test_outer_axes_make_jobs_and_inner_ones_stay_inside():
    grid = {"outer": {SIMILARITY: {"linspace": [0, 1, 3]}}, "inner": {"training.learning_rate": [0.5, 1.0]}}
    listed = expand("curves", experiment(ode=grid), EACH)
    assert [job.curve for job in listed] == ["similarity~0.0", "similarity~0.5", "similarity~1.0"]
    assert [job.work["spec"]["teachers"]["features"]["similarity"] for job in listed] == [0.0, 0.5, 1.0]
    assert all(job.work["inner"] == {"training.learning_rate": [0.5, 1.0]} for job in listed)


def test_short_cells_of_outer_axes_share_a_job():
    axes = {"student.heads": ["shared", "per_task"], SIMILARITY: {"linspace": [0, 1, 5]}}
    grid = {"outer": axes, "inner": {"training.learning_rate": [0.5, 1.0]}}
    cell = expand("curves", experiment(ode=grid), EACH)[0].seconds
    listed = expand("curves", experiment(ode=grid), 3.1 * cell)
    rows = ["similarity~0.0..0.25", "similarity~0.5..1.0"]
    assert [job.curve for job in listed] == [
        f"heads~{heads}__{row}" for heads in ("shared", "per_task") for row in rows
    ]
    assert listed[-1].work["spec"]["student"]["heads"] == "per_task"
    assert listed[-1].work["inner"] == {SIMILARITY: [0.5, 0.75, 1.0], "training.learning_rate": [0.5, 1.0]}
    assert 2 * cell < listed[-1].seconds <= 3 * cell  # side by side they take less
    (whole,) = expand("curves", experiment(ode=grid), 1e6)
    assert whole.curve == "heads~shared..per_task__similarity~0.0..1.0"
    assert whole.work["spec"]["teachers"]["features"]["similarity"] == 0.5  # of the base


def test_true_and_false_share_a_job_by_these_names():
    axis = {"student.copy_head_at_switch": [False, True]}
    (job,) = expand("curves", experiment(ode={"outer": axis}), 1e6)
    assert job.curve == "copy_head_at_switch~false..true"


def test_a_job_is_a_plain_document():
    for job in expand("curves", experiment(ode={"outer": {SIMILARITY: {"linspace": [0, 1, 4]}}}), EACH):
        assert json.loads(json.dumps(job.work)) == job.work


def test_an_engine_may_have_settings_of_its_own():
    ode, network = expand("own", experiment(ode={"set": {"record.count": 50}}, network={}), EACH)
    assert ode.work["spec"]["record"]["count"] == 50
    assert network.work["spec"]["record"]["count"] == 6


def test_the_order_of_keys_makes_no_difference():
    first = experiment()
    second = json.loads(json.dumps(first, sort_keys=True))
    second["spec"] = dict(reversed(second["spec"].items()))
    assert repr(expand("same", first, EACH)[0].work) == repr(expand("same", second, EACH)[0].work)


def test_another_value_leaves_the_other_jobs_as_they_are():
    few = expand("grid", experiment(ode={"outer": {SIMILARITY: [0.0, 1.0]}}), EACH)
    more = expand("grid", experiment(ode={"outer": {SIMILARITY: [0.0, 0.5, 1.0]}}), EACH)
    assert [job for job in more if job in few] == few


def test_another_value_changes_only_the_shared_job_that_it_falls_into():
    values = [value / 20 for value in range(21)]
    few, more = (
        expand("grid", experiment(ode={"outer": {SIMILARITY: axis}}), 0.13)
        for axis in (values, [*values, 0.33])
    )
    assert [job.curve for job in more] == [job.curve for job in few]
    (changed,) = [job for job in more if job not in few]
    assert 0.33 in changed.work["inner"][SIMILARITY]


def test_errors_are_collected_unless_more_is_asked_for():
    assert parse_experiment("plain", experiment()).collect == ["generalisation_error"]
    more = experiment() | {"collect": ["student_overlaps"]}
    assert parse_experiment("plain", more).collect == ["student_overlaps"]


LONG_NAMES = {key: [1.23456789012e-5] for key in ("training.learning_rate", "training.weight_decay")}
LONG_NAMES |= {f"student.initial.{part}": [1.23456789012e-5] for part in ("weights_std", "readouts_std")}
LONG_NAMES |= {f"teachers.{part}.norm": [1.23456789012e-5] for part in ("features", "readouts")}
LONG_NAMES |= {"inputs.dimension": [100000], "duration": [1.23456789012], "record.count": [123456]}
LONG_NAMES |= {"curriculum.switch_times.0": [0.123456789012], SIMILARITY: [0.123456789012]}


def test_names_of_files_that_are_too_long_are_refused_by_name():
    words = "experiment plain: engines.ode.outer: the name of a job is longer than 240 bytes.*; move axes to"
    with pytest.raises(SpecError, match=words):
        expand("plain", experiment(ode={"outer": LONG_NAMES}), EACH)
    (job,) = expand("plain", experiment(ode={"inner": LONG_NAMES}), EACH)
    assert job.curve == "all"
    with pytest.raises(SpecError, match="its name is longer than 240 bytes"):
        expand("x" * 241, experiment(), EACH)


@pytest.mark.parametrize(("part", "count"), [("outer", 141 * 142), ("inner", 1)])
def test_large_grids_expand_in_seconds(part, count):
    axes = {SIMILARITY: {"linspace": [0, 1, 141]}, "training.learning_rate": {"linspace": [0.1, 1, 142]}}
    start = time.process_time()
    assert len(expand("large", experiment(ode={part: axes}), EACH)) == count
    assert time.process_time() - start < 10.0


def broken(**changes):
    return experiment() | changes


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"spec": {}}, ["missing key engines"]),
        (broken(engines={}), ["engines"]),
        (broken(other=1), ["unknown key other", "spec, engines, collect"]),
        (broken(collect=["weights"]), ["collect[0]", "weights", "generalisation_error"]),
        (experiment(odd={}), ["engines.odd", "network, chain, ode"]),
        (experiment(ode={"run": 2}), ["engines.ode", "unknown key run"]),
        (experiment(ode={"runs": 0}), ["engines.ode.runs", "0 is not allowed", ">= 1"]),
        (
            experiment(ode={"outer": {SIMILARITY: []}}),
            [f"engines.ode.outer.{SIMILARITY}", "at least one value"],
        ),
        (
            experiment(ode={"outer": {SIMILARITY: [0.5]}, "inner": {SIMILARITY: [0.5]}}),
            [f"engines.ode.inner.{SIMILARITY}", "already an outer axis"],
        ),
        (
            experiment(ode={"inner": {SIMILARITY: [0.5, 1.5]}}),
            ["engines.ode", f"{SIMILARITY} = 1.5", "1.5 is not allowed"],
        ),
        (experiment(ode={"inner": {"teachers.feature.similarity": [0.5]}}), ["unknown key feature"]),
        (experiment(ode={"set": {"duration": 1.0}}), ["engines.ode", "curriculum.switch_times"]),
        (broken(spec=document(duration=-1.0)), ["engines.ode: duration", "-1.0 is not allowed"]),
        ("text", ["it must be a block of keys"]),
    ],
)
def test_mistakes_are_named_in_one_line(entry, words):
    with pytest.raises(SpecError) as caught:
        expand("curves", entry, EACH)
    assert str(caught.value).startswith("experiment curves: ")
    assert "\n" not in str(caught.value)
    for word in words:
        assert word in str(caught.value)


def test_each_value_of_an_axis_is_checked_once(monkeypatch):
    parsed = []
    monkeypatch.setattr(
        jobs, "parse_spec", lambda given: parsed.append(json.dumps(given)) or parse_spec(given)
    )
    rates = [0.25, 0.5, 1.0]
    grid = {"outer": {SIMILARITY: [0.0, 1.0]}, "inner": {"training.learning_rate": rates}}
    expand("curves", experiment(ode=grid), EACH)
    assert len(parsed) == len(set(parsed)) == 1 + (2 - 1) + (3 - 1)


@pytest.mark.parametrize(
    "values, key",
    [([2.5, 3.0], "training.learning_rate = 0.5"), ([0.5, 2.5], f"{SIMILARITY} = 2.5")],
    ids=["first", "later"],
)
def test_a_value_that_is_not_valid_is_named_with_its_axis(values, key):
    grid = {"outer": {"training.learning_rate": [0.5, 1.0]}, "inner": {SIMILARITY: values}}
    with pytest.raises(
        SpecError, match=f"^experiment curves: engines.ode at {key}: {SIMILARITY}: 2.5 is not"
    ):
        expand("curves", experiment(ode=grid), EACH)

"""Penalties that are known from a spec: what is refused, and the warning about large steps."""

import json
import warnings

import pytest

import teacherstudent as ts
from teacherstudent.command.main import main
from teacherstudent.engines.base import ENGINES, engine_named
from teacherstudent.engines.penalties import large_steps
from teacherstudent.errors import RunError, SpecError
from teacherstudent.simulation.runs import check, simulate
from teacherstudent.spec.parse import parse_spec

WITH_STEPS = ["network", "chain"]
N = 40
# Learning rates, and the largest of those of the first layer after the switch at t = 1, in runs until t = 2.
RATES = {
    "one": ({"learning_rate": 0.5}, 0.5),
    "per teacher": ({"learning_rate": [2.0, 0.5]}, 0.5),
    "schedule": (
        {"learning_rate": [{"until": 1.0, "value": 4}, {"until": 1.5, "value": 1}, {"value": 2}]}, 2.0
    ),
    "schedule per teacher": ({"learning_rate": [{"until": 1.5, "value": [9, 1]}, {"value": [9, 3]}]}, 3.0),
    "frozen for a while": (
        {"learning_rate": [{"until": 1.5, "value": 4.0}, {"value": 1.0}],
         "deficits": [{"start": 1.0, "until": 1.5, "frozen_units": [0, 1]}]},
        1.0,
    ),
}  # fmt: skip


def document(strength, rates=None, curriculum=None, **keys):
    block = {"kind": "quadratic", "strength": strength} | keys
    return {
        "inputs": {"dimension": N},
        "teachers": {"count": 2, "hidden": 1},
        "student": {"hidden": 2},
        "training": (rates or {"learning_rate": 0.5}) | {"consolidation": block},
        "curriculum": curriculum or {"switch_times": [1.0]},
        "duration": 2.0,
        "record": {"count": 3},
    }


@pytest.mark.parametrize("engine", WITH_STEPS)
@pytest.mark.parametrize("name", RATES)
def test_the_largest_rate_after_the_switch_decides(engine, name):
    rates, largest = RATES[name]
    check(parse_spec(document(0.999 * N / largest, rates)), engine)
    strong = parse_spec(document(1.001 * N / largest, rates))
    with pytest.raises(SpecError, match=f"learning rate {largest:g} times the largest penalty"):
        check(strong, engine)
    check(strong, "ode")


@pytest.mark.parametrize("engine", WITH_STEPS)
def test_replayed_tasks_have_their_own_rates(engine):
    rates = {"learning_rate": [4.0, 1.0]}
    replayed = {"switch_times": [1.0], "replay": {"fraction": 0.1}}
    check(parse_spec(document(20.0, rates)), engine)
    with pytest.raises(SpecError, match="learning rate 4 "):
        check(parse_spec(document(20.0, rates, replayed)), engine)


@pytest.mark.parametrize("engine", WITH_STEPS)
def test_penalties_of_several_switches_add_up_unless_only_the_latest_counts(engine):
    curriculum = {"switch_times": [0.5, 1.0]}
    check(parse_spec(document([50.0, 40.0], curriculum=curriculum, anchors="latest")), engine)
    with pytest.raises(SpecError, match=r"strength: \[50.0, 40.0\] is too large: .* penalty 90,"):
        check(parse_spec(document([50.0, 40.0], curriculum=curriculum)), engine)
    check(parse_spec(document([50.0, 40.0], curriculum=curriculum, step="proximal")), engine)


def test_all_engines_say_it_in_the_same_words():
    """The numbers are those of the unit that the step would move beyond its anchor."""
    found = []
    for engine in WITH_STEPS:
        curriculum = {"thresholds": [1000.0]}
        with pytest.raises(RunError) as error:
            simulate(parse_spec(document(100.0, curriculum=curriculum)), engine)
        found.append(str(error.value))
    with pytest.raises(SpecError) as error:
        check(parse_spec(document(100.0)), "network")
    assert {str(error.value)} == set(found)
    assert found[0] == (
        "training.consolidation.strength: 100.0 is too large: learning rate 0.5 times the largest penalty "
        "100, strength times importance, must be below inputs.dimension, 40, with an explicit step; use a "
        "smaller strength, or step: proximal"
    )


def test_a_warning_about_large_steps(tmp_path, capsys):
    strong, weak = (document(strength) for strength in (20.0, 16.0))  # kappa = 0.25 and 0.2
    for engine in WITH_STEPS:
        with pytest.warns(UserWarning, match=r"0.25 of its distance .* 1.14 times that of small steps"):
            ts.run(strong, engine)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ts.run(weak, "chain")
        ts.run(strong, "ode")
    for others in ({"step": "proximal"}, {"kind": "node"}):
        for engine in ENGINES:
            assert large_steps(parse_spec(document(20.0, **others)), engine_named(engine)) is None
    path = tmp_path / "spec.json"
    path.write_text(json.dumps(strong), encoding="utf-8")
    assert main(["run", str(path), "--engine", "chain", "--output", str(tmp_path / "a.h5")]) == 0
    assert "warning: training.consolidation.strength: 20.0: a step moves" in capsys.readouterr().err

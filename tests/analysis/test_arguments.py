"""All functions of the analysis take a spec in each form that `run` takes; only public names are shown."""

import inspect

import numpy as np
import pytest
import yaml

import teacherstudent
from analysis.reward_cases import reward_spec, with_penalty
from structured_cases import structured
from teacherstudent import analysis
from teacherstudent.errors import SpecError
from teacherstudent.spec.parse import parse_spec

ONE_TASK = {
    "inputs": {"dimension": 50},
    "teachers": {"count": 1, "hidden": 1},
    "student": {"hidden": 1, "initial": {"weights_std": 0.5, "readouts_std": 0.5}},
    "training": {"learning_rate": 0.5},
    "duration": 5.0,
    "record": {"count": 2},
}
REWARD, PENALTY = reward_spec(5).to_dict(), with_penalty(13, 0.5).to_dict()
STRUCTURED = structured("levels", duration=300.0, record={"count": 2}) | {
    "teachers": {"count": 1, "hidden": 1, "readouts": {"relation": "ones"}},
    "student": {"hidden": 1, "initial": {"weights_std": 1.0, "readouts_value": 1.0}},
    "training": {"learning_rate": 0.2, "train": ["features"]},
    "curriculum": {},
}
# A document and the other arguments for each function of a spec.
CALLS = {
    "asymptotic_state": (STRUCTURED, ()),
    "critical_penalty": (PENALTY, ()),
    "critical_reward_rate": (PENALTY, ()),
    "fixed_point": (ONE_TASK, (analysis.long_time_state(parse_spec(ONE_TASK)),)),
    "fixed_points": (ONE_TASK, ([analysis.long_time_state(parse_spec(ONE_TASK))],)),
    "largest_penalty": (PENALTY, ()),
    "learns": (PENALTY, ()),
    "long_time_state": (ONE_TASK, ()),
    "long_time_states": (ONE_TASK, ()),
    "optimal_episode_length": (REWARD, (0.5,)),
    "optimal_reward_rate": (REWARD, (0.5,)),
    "phase_map": (PENALTY, ([1.0], [0.1, 5.0])),
    "reward_fixed_points": (PENALTY, ()),
    "separatrix": (PENALTY, ()),
    "undetermined_labels": (STRUCTURED, ()),
}


def of_specs():
    """The public functions of a spec or of several."""
    functions = {name: getattr(analysis, name) for name in analysis.__all__}
    functions = {name: value for name, value in functions.items() if inspect.isfunction(value)}
    return {
        name
        for name, value in functions.items()
        if {"spec", "specs"} & {*inspect.signature(value).parameters}
    }


def test_all_functions_of_specs_are_tried():
    assert of_specs() == set(CALLS)


@pytest.mark.parametrize("name", CALLS)
def test_mappings_and_paths_are_specs(name, tmp_path):
    document, others = CALLS[name]
    path, function = tmp_path / "spec.yaml", getattr(analysis, name)
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    several = "specs" in inspect.signature(function).parameters
    expected, *found = (
        function([given] if several else given, *others)
        for given in (parse_spec(document), document, path, str(path))
    )
    for other in found:
        assert type(other) is type(expected)
        assert repr(other) == repr(expected)
        assert "nan" not in repr(other)
    with pytest.raises(SpecError, match="^a spec is a block of keys, not a number$"):
        function([3] if several else 3, *others)


def test_documents_are_checked():
    with pytest.raises(SpecError, match="^duration: -1 is not allowed; it must be a number > 0$"):
        analysis.long_time_state(ONE_TASK | {"duration": -1})


def test_only_public_names_are_shown():
    assert dir(analysis) == sorted(analysis.__all__)
    for module in (teacherstudent.measures, teacherstudent.plotting):
        assert dir(module) == sorted(module.__all__)
    assert np.isin(["plateau", "FixedPoint"], dir(analysis)).all()

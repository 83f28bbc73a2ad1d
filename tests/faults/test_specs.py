"""Generated specs run on all engines with finite numbers, or are refused in one line."""

import faulthandler
import json
import math
import random
from collections import Counter

import numpy as np
import pytest
import yaml

from faults.counts import COUNTS
from faults.generated import draw
from teacherstudent.engines.base import ENGINES
from teacherstudent.engines.ode import engine as ode
from teacherstudent.engines.trajectory import record_times
from teacherstudent.errors import RunError, SpecError
from teacherstudent.files.yaml_documents import parse_yaml
from teacherstudent.simulation.runs import simulate
from teacherstudent.spec.parse import parse_spec

pytestmark = pytest.mark.faults

OF_PART = 1000  # specs of a test
SECONDS = 120  # in which one spec must be done, compilation included; otherwise the tests end
# What networks tell, and not their spec: no weights have the overlaps, sums over nodes are impossible, units
# are parallel, importances are large, no input is stored.
IN_A_RUN = (
    "initial_overlaps: ",
    "numerics.",
    "teachers: with labels: sign engine ode needs",
    "teachers.rotation: ",
    "training.consolidation.strength: ",
    "curriculum.replay.buffer: there is no stored input",
)
FEW_STEPS = 20_000  # of engine ode, in place of its millions


@pytest.fixture(autouse=True)
def watched(monkeypatch):
    monkeypatch.setattr(ode, "MAX_STEPS", FEW_STEPS)
    yield
    faulthandler.cancel_dump_traceback_later()


@pytest.mark.parametrize("part", range(COUNTS.specs // OF_PART))
def test_specs_run_or_are_refused(part):
    tally = Counter()
    for number in range(part * OF_PART, (part + 1) * OF_PART):
        faulthandler.dump_traceback_later(SECONDS, exit=True)
        document = draw(random.Random(number))
        try:
            tally += outcomes(document)
        except Exception as error:
            raise AssertionError(f"spec {number}: {document}") from error
    assert sum(tally[outcome] for outcome in ("refused", "accepted")) == OF_PART
    for outcome in ("refused", "accepted", *(f"{engine} ran" for engine in ENGINES)):
        assert tally[outcome] > 0.2 * OF_PART, tally
    for engine in ENGINES:
        assert tally[f"{engine} diverged"] > 0, tally


def outcomes(document):
    """Count what becomes of a document: refused, or accepted and then run by each engine."""
    before = repr(document)
    try:
        spec = parse_spec(document)
    except SpecError as error:
        assert one_line(error)
        return Counter(["refused"])
    assert repr(document) == before
    assert parse_spec(json.loads(spec.to_json())) == spec
    assert parse_spec(parse_yaml(spec.to_json(), "JSON")) == spec
    assert parse_spec(parse_yaml(yaml.safe_dump(spec.to_dict()), "YAML")) == spec
    return Counter(["accepted", *(f"{engine} {outcome(spec, engine)}" for engine in ENGINES)])


def outcome(spec, engine):
    try:
        run = simulate(spec, engine, seed=1)
    except SpecError as error:
        assert one_line(error)
        return "refused"
    except RunError as error:
        assert one_line(error)
        if str(error).startswith(IN_A_RUN):
            return "refused"
        assert engine == "ode" and "equations are stiff" in str(error)
        return "is stuck"
    check(run, spec)
    return "ran" if run.diverged_at is None else "diverged"


def one_line(error):
    return str(error) and "\n" not in str(error)


def check(run, spec):
    """What is recorded is finite, at the times of the spec, and before the run diverged."""
    flagged = run.diverged_at is not None
    for name, array in vars(run).items():
        if isinstance(array, np.ndarray) and not (flagged and name.startswith(("teacher_", "importances"))):
            assert np.isfinite(array).all(), name
    assert (run.generalisation_error >= 0.0).all()
    assert (np.diff(run.time) > 0.0).all()
    assert np.array_equal(run.time, record_times(spec)[: None if not flagged else len(run.time)])
    assert len(run.generalisation_error) == len(run.time) == len(run.active_teacher)
    if flagged:
        assert math.isfinite(run.diverged_at)
        assert (run.time <= run.diverged_at).all()
    else:
        assert len(run.time) > 0

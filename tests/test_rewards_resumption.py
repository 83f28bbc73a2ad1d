"""Runs of the reward rule that start from the state of another have the bits of runs that did not stop."""

import numpy as np
import pytest

from reward_cases import CONDITIONS, SCHEDULES, document
from samples import assert_equal
from teacherstudent.simulation.runs import simulate_runs
from teacherstudent.spec.parse import parse_spec
from teacherstudent.store.runs import write_runs
from teacherstudent.store.starts import load_start

END, TIMES = 2.0, [0.0, 0.7, 1.5, 2.0, 2.1, 3.0, 4.0]
CASES = {
    "switches": (CONDITIONS["all"], {}, {"curriculum": {"switch_times": [1.2, 3.1]}}),
    "thresholds": (CONDITIONS["per_step"], {}, {"curriculum": {"thresholds": [0.32, 0.28, 0.25]}}),
    "schedule": (*SCHEDULES["both"], {"curriculum": {"switch_times": [1.2, 3.1]}}),
    "length": (*SCHEDULES["length"], {"curriculum": {"switch_times": [2.0]}}),
}


@pytest.mark.parametrize("engine", ["network", "chain", "ode"])
@pytest.mark.parametrize("case", CASES)
def test_resumed_runs(tmp_path, engine, case):
    reward, schedule, blocks = CASES[case]
    keys = {"R": (0.3, 0.2), "dimension": 60, "schedule": schedule or None} | blocks
    whole = document(reward, 6, duration=4.0, times=TIMES, **keys)
    switches = [time for time in keys["curriculum"].get("switch_times", []) if time < END]
    until = whole | {"duration": END, "record": {"times": [t for t in TIMES if t <= END], "state": True}}
    if "switch_times" in keys["curriculum"]:
        until |= {"curriculum": {"switch_times": switches} if switches else {}}
    path, spec = tmp_path / "a.h5", parse_spec(whole)
    stopped = list(simulate_runs(parse_spec(until), engine, 3, 2, 1))
    write_runs(path, [("/", parse_spec(until), engine, 3, stopped)], run_axis=True)
    resumed = simulate_runs(spec, engine, 3, 2, 1, starts=load_start(path))
    for one, other in zip(simulate_runs(spec, engine, 3, 2, 1), resumed, strict=True):
        assert one.arrays.keys() == other.arrays.keys()
        for name, values in one.arrays.items():
            later = values[one.time >= END] if len(values) == len(TIMES) else values
            assert_equal(later, other.arrays[name], name)
        assert not np.array_equal(one.student_overlaps[0], one.student_overlaps[-1])

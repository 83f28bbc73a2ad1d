"""A second covariance model is one file, `two_groups`, with variants of three functions."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import naive
from depth import thorough_from
from saved_code import saved
from teacherstudent.engines.ode import engine
from teacherstudent.engines.phases import phases
from teacherstudent.kernels.ode import equations as kernel
from teacherstudent.kernels.ode.integrator import EVENT, REACHED_END, empty_restart_point
from teacherstudent.kernels.ode.isotropic import fields_at
from teacherstudent.kernels.ode.stages import TABLEAU, buffers_for
from teacherstudent.kernels.ode.state import pack
from teacherstudent.networks.sampling import initial_order_parameters
from teacherstudent.spec.parse import parse_spec
from two_groups import two_groups

TIMES = np.linspace(0.0, 8.0, 17)
SHARE = 0.3  # of the overlaps in the first group, at the start
NU = np.array([0.4, 0.6])
SETTINGS = {
    "plain": naive.Setting(),
    "all terms": naive.Setting(decay=0.1, output_noise=0.3, input_noise=0.4, batch=3, frozen=(1,)),
    "linear": naive.Setting("linear", "erf", eta=0.2, decay=0.1, input_noise=0.4),
}
# The library saves no code for a model that only tests have.
MODEL = Path(__file__).with_name("two_groups.py")
integrate_phase, rate_of_change = (
    saved(MODEL, error_model="numpy")(entry.py_func)
    for entry in (kernel.integrate_phase, kernel.rate_of_change)
)


def both(setting, threshold=0.0):
    """Constants and start of the isotropic model, and of two groups with the same sums."""
    overlaps = naive.random_overlaps(np.random.default_rng(5), 2, 2, 3, 1)
    described = setting.document(2, 1, initial_overlaps=overlaps.document(), duration=float(TIMES[-1]))
    described["student"]["heads"] = "shared"
    spec = parse_spec(described)
    Q, R, T, h, v = start = initial_order_parameters(spec, 0, 0)
    one = engine.phase_constants(spec, start, phases(spec)[0]._replace(threshold=threshold))
    part = 0.7 * T + 0.2 * np.diag(np.diag(T))  # any part: its sum with the other is T
    model = two_groups(len(Q), T, v[1], one.model.first, one.model.power, np.stack([part, T - part]), NU)
    two = kernel.constants_of(one.law, one.output_variance, 0.0, threshold, one.rates, model)
    halves = [pack(share * Q, share * R, h[:0]) for share in (SHARE, 1.0 - SHARE)]
    return (one, pack(Q, R, h)), (two, np.concatenate([*halves, h.ravel()]))


def summed(y, size):
    """The sums over both groups, and the readouts: what the toy records."""
    group = len(y) - size
    return np.concatenate([y[:group] + y[group : 2 * group], y[2 * group :]])


def solved(p, y, numbers, integrate=kernel.integrate_phase):
    y, rows = y.copy(), np.full((len(TIMES), numbers), np.nan)
    restart, work = empty_restart_point(len(y)), buffers_for(len(y))
    tolerances = 1e-11, 1e-12
    status, time, written = integrate(
        p, y, 0.0, TIMES[-1], TIMES, rows, TABLEAU, *tolerances, restart, 10_000, work
    )
    return status, time, rows[:written]


@pytest.mark.thorough  # they are those that the integrator uses in the next test
@pytest.mark.parametrize("name", SETTINGS)
def test_rates_of_the_groups_have_the_sums_of_the_isotropic_model(name):
    (one, y), (two, groups) = both(SETTINGS[name])
    expected, rates = kernel.rate_of_change(one, y), rate_of_change(two, groups)
    assert len(rates) > len(expected)
    np.testing.assert_allclose(summed(rates, len(y)), expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", SETTINGS)
def test_the_integrator_records_what_the_model_reduces_the_state_to(name):
    (one, y), (two, groups) = both(SETTINGS[name])
    status, time, expected = solved(one, y, len(y))
    found = solved(two, groups, len(y), integrate_phase)
    assert found[:2] == (status, time) == (REACHED_END, TIMES[-1])
    assert np.ptp(expected, axis=0).max() > 0.1
    np.testing.assert_allclose(found[2], expected, rtol=0, atol=1e-8)


def test_thresholds_are_those_of_the_clean_model():
    """Of inputs without noise, in both models."""
    setting = SETTINGS["all terms"]
    (one, y), (two, groups) = both(setting, threshold=0.55)
    status, time, expected = solved(one, y, len(y))
    found = solved(two, groups, len(y), integrate_phase)
    assert found[0] == status == EVENT
    assert 0.0 < time < TIMES[-1]
    assert found[1] == pytest.approx(time, abs=1e-8)
    np.testing.assert_allclose(found[2], expected, rtol=0, atol=1e-8)


def test_python_chooses_a_model_too():
    (one, y), _ = both(SETTINGS["plain"])
    kernel.covariances(one.model, y, False)
    np.testing.assert_array_equal(one.model.c, fields_at(one.model, y).c)
    np.testing.assert_array_equal(one.model.C, fields_at(one.model, y).C)


SCRIPT = """
import json, sys
from teacherstudent.kernels.ode import equations as kernel
from test_covariance_seam import SETTINGS, both, solved

calls = {
    "rate_of_change": kernel.rate_of_change,
    "integrate_phase": lambda constants, y: solved(constants, y, len(both(SETTINGS["all terms"])[0][1]))[2],
}
name = sys.argv[1]
found = [calls[name](*each).tobytes().hex() for each in both(SETTINGS["all terms"])]
stats = getattr(kernel, name).stats
print(json.dumps([found, sum(stats.cache_hits.values()), sum(stats.cache_misses.values())]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", thorough_from(0, ["rate_of_change", "integrate_phase"]))
def test_code_for_the_model_of_the_library_is_found_on_the_disk(name, tmp_path):
    """Code for the model of this test is compiled anew: the folder's name does not depend on its source."""
    paths = os.pathsep.join([str(Path(__file__).parent), str(Path(__file__).parents[1])])
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": paths}

    def run():
        command = [sys.executable, "-c", SCRIPT, name]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    first, second = run(), run()
    assert (first[1:], second[1:]) == ([0, 2], [1, 1])
    assert first[0] == second[0]

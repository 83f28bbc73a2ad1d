"""The benchmarks run what there is, and their verdicts are right; how fast it is, tests do not say."""

import cubature
import equations
import estimates
import lanes
import manifolds
import numpy as np
import overhead
import processes
import pytest
import reference
import simulations
import starting
from timing import Line

from depth import thorough_from
from teacherstudent.kernels.ode.equations import rate_of_change
from teacherstudent.kernels.ode.state import pack


@pytest.mark.parametrize(
    "kind", ["network", "single_steps", "numpy_loop", "network_draws", "chains", "chain_draws"]
)
def test_works_can_be_called(kind):
    call, count = getattr(simulations, kind)(200)
    call(1)
    assert count >= 1


@pytest.mark.parametrize("kind", ["network", "numpy_loop", "product"])
def test_works_on_manifolds_can_be_called(kind):
    call, count = getattr(manifolds, kind)(100, 20)
    call(1)
    assert count >= 1


@pytest.mark.parametrize("name", estimates.CASES)
def test_jobs_of_estimates_are_valid(name):
    case = estimates.CASES[name]
    assert 0.0 < case.job(estimates.WARM_UP).seconds <= case.job().seconds


def test_a_job_is_compared_with_its_estimate():
    case = estimates.Case("chain", {"inputs.dimension": 50, "duration": 2.0, "record.count": 3})
    measured, estimate = estimates.seconds_of(case)
    assert 0.0 < estimate < 1.0
    assert measured > 0.0


def test_networks_side_by_side_keep_finite():
    call, _ = simulations.network(200, count=3)
    assert call(300) == 100


def test_short_runs_of_chains_can_be_called():
    call, count = simulations.short_chains(200, 3)
    call(1)
    assert count >= 1


def test_runs_side_by_side_can_be_called():
    alone, eight = lanes.right_hand_sides(lanes.spec(2, 1))
    alone(1)
    eight(1)
    specs = lanes.part_of_map()
    assert len(specs) * lanes.PART == lanes.MAP
    lanes.simulated(specs[:3], lanes.choice.FEWEST)(1)


def test_episodes_can_be_called():
    call, count = simulations.episodes(12)
    call(1)
    assert count >= 1


def test_a_wide_network_keeps_finite():
    call, count = simulations.wide_network()
    assert call(100) == 100
    assert count >= 100


def test_the_reference_takes_euler_steps():
    """One step against the library's rates."""
    of, dt = equations.spec(3, 2), 1e-3
    start = equations.initial_order_parameters(of, seed=0, run=0)
    constants = equations.phase_constants(of, start, equations.phases(of)[0])
    y = pack(start.Q, start.R, start.h)
    C, h = np.block([[start.Q, start.R], [start.R.T, start.T]]), start.h[0].copy()
    reference.euler_step(C, h, start.v[0], 0.5, dt)
    rates = rate_of_change(constants, y)
    np.testing.assert_allclose(C[:3, :3].ravel(), (y + dt * rates)[:9], rtol=0, atol=1e-12)
    np.testing.assert_allclose(C[:3, 3:].ravel(), (y + dt * rates)[9:21], rtol=0, atol=1e-12)
    np.testing.assert_allclose(h, (y + dt * rates)[21:24], rtol=0, atol=1e-12)


def test_right_hand_sides_with_sums_are_those_of_numpy():
    """The sums over the same nodes, of which the law has the results in its work space."""
    constants, y = cubature.state("logistic", 1, 1, 1)
    rate_of_change(constants, y)
    assert cubature.nodes_of(constants) > 0
    output, *_, power = cubature.sums_in_numpy(constants)
    np.testing.assert_allclose(output, constants.means.output, atol=1e-12)
    np.testing.assert_allclose(power[0, 0], constants.means.power[0, 0], atol=1e-12)


@pytest.mark.parametrize("name", thorough_from(1, equations.INTERVENTIONS))
def test_right_hand_sides_with_interventions_can_be_called(name):
    equations.intervened(2, 1, name)(1)


@pytest.mark.thorough  # compiles the equations for groups of modes anew
def test_right_hand_sides_with_structured_inputs_can_be_called():
    equations.groups_of_modes(11)(1)


def test_runs_with_structured_inputs_can_be_called():
    equations.limit_of_manifolds()(1)


def test_every_start_has_a_command_and_a_reference(tmp_path):
    commands = starting._commands(tmp_path)
    assert all({what, reference} <= commands.keys() for what, (reference, _) in starting.AIMS.items())
    assert (tmp_path / "spec.yaml").is_file()
    assert 0.0 <= processes.cpu_seconds(commands["nothing"]) < 10.0


def test_overhead_is_starts_and_plan_over_work(tmp_path):
    folder = tmp_path / "benchmarks" / "simulate" / "errors"
    folder.mkdir(parents=True)
    for name, seconds in (("one", 11.0), ("two", 21.0)):
        (folder / f"{name}.tsv").write_text(f"s\tcpu_time\n99.0\t{seconds}\n")
    curves = overhead.curve_seconds(tmp_path)
    assert sorted(curves) == [11.0, 21.0]
    assert overhead.share(curves, jobs=5, start=1.0, plan=1.0) == pytest.approx(6.0 / 30.0)


@pytest.mark.parametrize(
    "number, must, aim, at_most, verdict",
    [
        (30.0, 20.0, 25.0, False, "aim"),
        (22.0, 20.0, 25.0, False, "must"),
        (19.0, 20.0, 25.0, False, "SHORT"),
        (1.0, 1.2, 1.05, True, "aim"),
        (1.1, 1.2, 1.05, True, "must"),
        (1.3, 1.2, 1.05, True, "SHORT"),
        (1.3, None, 1.05, True, "short of aim"),
        (1.3, None, None, True, ""),
    ],
)
def test_verdicts(number, must, aim, at_most, verdict):
    assert Line("", "", "", number, must, aim, at_most).verdict == verdict

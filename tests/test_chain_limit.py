"""The engine `chain` at large N: towards the ODE, beyond the reach of networks; the same in any batch."""

import numpy as np
import pytest

from chain_cases import ALL_TERMS, ONE, STUDENT, document, given
from samples import assert_same
from teacherstudent.simulation.runs import simulate, simulate_points, simulate_runs
from teacherstudent.spec.parse import parse_spec

ORDER_PARAMETERS = ("student_overlaps", "student_teacher_overlaps", "student_readouts")
ONE_TEACHER = {"count": 1, "output_noise": [0.0], "input_noise": [0.0]}


def approach(dimension, duration):
    """A run with large steps from given overlaps, so that finite N shows, recorded at its end."""
    training = {"learning_rate": 4.0, "readout_learning_rate": 2.0, "frozen_units": [[]]}
    described = document(dimension, teachers=ONE_TEACHER, training=training, curriculum={})
    return parse_spec(described | {"record": {"times": [0.0, duration]}, "duration": duration})


def order_parameters(trajectory):
    """All order parameters at the recorded times, shape (T, numbers)."""
    parts = [getattr(trajectory, name) for name in ORDER_PARAMETERS]
    return np.concatenate([part.reshape(len(part), -1) for part in parts], axis=1)


def power(dimensions, values, relative_errors):
    """Exponent of the power law in N that fits positive values, and its standard error."""
    lines = np.log(dimensions), np.log(values)
    fit, covariance = np.polyfit(*lines, 1, w=1 / np.array(relative_errors), cov="unscaled")
    return fit[0], np.sqrt(covariance[0, 0])


def test_mean_approaches_the_ode_like_one_over_the_dimension():
    duration, gaps, errors = 16.0, {}, []
    for dimension, runs in ((50, 1000), (100, 2000), (200, 3000), (400, 4000)):
        spec = approach(dimension, duration)
        limit = simulate(spec, "ode").generalisation_error[-1, 0]
        found = [one.generalisation_error[-1, 0] for one in simulate_runs(spec, "chain", seed=1, runs=runs)]
        gaps[dimension] = np.mean(found) - limit
        errors.append(np.std(found) / np.sqrt(runs) / gaps[dimension])
    exponent, error = power(list(gaps), list(gaps.values()), errors)
    assert error < 0.07
    assert abs(exponent + 1) < 3 * error


def test_spread_falls_like_the_root_of_the_dimension():
    """A standard deviation over R runs has the relative error 1 / sqrt(2 R), their mean no larger one."""
    dimensions, runs = (100, 1000, 10_000, 100_000), 64
    spreads = []
    for dimension in dimensions:
        found = simulate_runs(approach(dimension, 2.0), "chain", seed=1, runs=runs)
        spreads.append(np.std([order_parameters(one)[-1] for one in found], axis=0).mean())
    exponent, error = power(dimensions, spreads, [1 / np.sqrt(2 * runs)] * len(dimensions))
    assert error < 0.02
    assert abs(exponent + 0.5) < 3 * error


# Beyond the reach of networks


def test_a_billion_inputs_agree_with_the_ode():
    """Within a million steps everything moves by about 1e-3 and fluctuates by about 1e-6."""
    spec = approach(10**9, duration=1e-3)
    start, limit = order_parameters(simulate(spec, "ode"))
    assert np.abs(limit - start).min() > 1e-4
    for one in simulate_runs(spec, "chain", seed=1, runs=8):
        np.testing.assert_allclose(order_parameters(one)[-1], limit, rtol=0, atol=1e-5)


def test_a_billion_inputs_can_be_sampled():
    """Overlaps of Gaussian rows are those of the mean up to a few 1 / sqrt N."""
    described = document(10**9, True, curriculum={})
    described |= {"record": {"times": [0.0, 1e-9]}, "duration": 1e-9}
    tolerance = {"rtol": 0, "atol": 6 / np.sqrt(10**9)}
    for one in simulate_runs(parse_spec(described), "chain", runs=8):
        np.testing.assert_allclose(one.student_overlaps[0], 0.7**2 * np.eye(2), **tolerance)
        np.testing.assert_allclose(one.student_teacher_overlaps[0], 0.0, **tolerance)
        np.testing.assert_allclose(one.teacher_overlaps[:, :, 0, 0], np.eye(2), **tolerance)


def test_a_student_that_has_learnt_its_teacher_has_possible_overlaps():
    """Without noise the student comes to lie in the teacher's span, where rounding must not lead outside."""
    training = {"learning_rate": 1.0, "train": ["features"], "frozen_units": [[]]}
    start = given(STUDENT[:2], [ONE], [[1.0, 1.0]]) | {"teacher_readouts": [[1.0, 1.0]]}
    blocks = {"teachers": ONE_TEACHER | {"hidden": 2}, "training": training, "curriculum": {}}
    described = document(200, **blocks, initial_overlaps=start)
    described |= {"record": {"count": 401}, "duration": 800.0}
    for one in simulate_runs(parse_spec(described), "chain", seed=1, runs=8):
        assert len(one.time) == 401
        Q, R, T = one.student_overlaps, one.student_teacher_overlaps[:, 0], one.teacher_overlaps[0, 0]
        C = np.block([[Q, R], [R.swapaxes(1, 2), np.broadcast_to(T, Q.shape)]])
        eigenvalues = np.linalg.eigvalsh(C)
        assert one.generalisation_error[-1] < 1e-14
        assert eigenvalues.min() > -len(C[0]) * np.finfo(float).eps * eigenvalues.max()


# Company


@pytest.fixture(scope="module")
def batch():
    """Specs of one shape that differ in noise, rates, start and rank; the chains switch each on its own."""
    quiet = {"teachers": {"hidden": 2}, "student": {"hidden": 3}, "training": {"batch_size": 2}}
    return [
        parse_spec(document(20, True, **ALL_TERMS, curriculum={"thresholds": [0.3]})),
        parse_spec(document(20, **quiet, curriculum={"thresholds": [0.1]})),
        parse_spec(document(20, True, **quiet)),
    ]


def test_chains_switch_each_on_its_own(batch):
    switches = [one.switch_times.tolist() for one in simulate_points(batch[:2], "chain", seed=3, runs=20)]
    assert len({str(times) for times in switches[:20]}) > 3
    assert len({str(times) for times in switches[20:]}) > 3


def test_run_alone_and_among_others(batch):
    for runs in (2, 7, 70):
        for number, one in enumerate(simulate_runs(batch[0], "chain", seed=3, runs=runs)):
            assert_same(one, simulate(batch[0], "chain", seed=3, run=number))


def test_threads_change_nothing(batch):
    one, two = (list(simulate_runs(batch[0], "chain", seed=3, runs=150, threads=n)) for n in (1, 2))
    for first, second in zip(one, two, strict=True):
        assert_same(first, second)


def test_chains_of_other_specs_change_nothing(batch):
    alone = [one for spec in batch for one in simulate_runs(spec, "chain", seed=3, runs=5)]
    for one, other in zip(alone, simulate_points(batch, "chain", seed=3, runs=5), strict=True):
        assert_same(one, other)

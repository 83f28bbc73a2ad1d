"""Wide networks on engine `network`: how weights are kept, and what of a run is recorded."""

import numpy as np
import pytest

from samples import document
from teacherstudent import read_run, simulate, write_run
from teacherstudent.command.main import main
from teacherstudent.engines.base import ENGINES
from teacherstudent.engines.network import checks
from teacherstudent.engines.network import engine as network
from teacherstudent.engines.start import BEGINNING
from teacherstudent.errors import RunError, SpecError
from teacherstudent.plotting import plot_runs
from teacherstudent.simulation.runs import check
from teacherstudent.spec.parse import parse_spec
from teacherstudent.store.starts import load_start

OVERLAPS = ("student_overlaps", "student_teacher_overlaps", "teacher_overlaps")

TERMS = {"learning_rate": 0.5, "weight_decay": 0.2, "batch_size": 2, "frozen_units": [[0], [3, 7]]}


def wide(**blocks):
    """Twenty units on three inputs: kept by input."""
    noises = {"output_noise": 0.2, "input_noise": 0.1}
    return parse_spec(
        document(
            inputs={"dimension": 3},
            teachers={"count": 2, "hidden": 5} | noises,
            student={"hidden": 20, "output_scale": "mean", "initial": {"scheme": "large"}},
            training=TERMS,
        )
        | blocks
    )


@pytest.mark.parametrize("curriculum", [{"switch_times": [2.0]}, {"thresholds": [0.5]}])
def test_both_ways_of_keeping_weights_give_the_same_run(monkeypatch, curriculum):
    spec = wide(curriculum=curriculum, record={"count": 6, "weights": True})
    by_input = simulate(spec, "network", 4)
    monkeypatch.setattr(checks, "UNITS_PER_INPUT", 1000)
    by_unit = simulate(spec, "network", 4)
    for name in ("generalisation_error", "student_readouts", "student_weights", *OVERLAPS):
        np.testing.assert_allclose(getattr(by_input, name), getattr(by_unit, name), rtol=0, atol=1e-12)
    assert any((by_input.student_weights != by_unit.student_weights).ravel())


def test_single_precision_is_near():
    double, single = (
        simulate(wide(numerics={"precision": precision}), "network", 4)
        for precision in ("float64", "float32")
    )
    np.testing.assert_allclose(single.student_overlaps, double.student_overlaps, rtol=1e-4, atol=1e-5)
    assert (single.student_overlaps != double.student_overlaps).any()


def test_weights_are_those_that_the_overlaps_are_of():
    found = simulate(wide(record={"count": 3, "weights": True}), "network")
    expected = np.einsum("tin,tjn->tij", found.student_weights, found.student_weights) / 3
    np.testing.assert_allclose(found.student_overlaps, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("quantities", ["readouts", "errors"])
@pytest.mark.parametrize("engine", ENGINES)
def test_overlaps_and_readouts_may_be_left_out(tmp_path, engine, quantities):
    whole, short = (wide(record={"count": 3, "quantities": kept}) for kept in ("all", quantities))
    expected, found = simulate(whole, engine), simulate(short, engine)
    np.testing.assert_array_equal(found.generalisation_error, expected.generalisation_error)
    readouts = set() if quantities == "readouts" else {"student_readouts"}
    assert expected.arrays.keys() - found.arrays.keys() == {*OVERLAPS, *readouts}
    write_run(tmp_path / "short.h5", short, engine, 0, found)
    stored = read_run(tmp_path / "short.h5")
    assert not set(OVERLAPS) & set(stored.arrays)
    assert main(["show", str(tmp_path / "short.h5")]) in (0, None)
    with pytest.raises(RunError, match="runs without overlaps"):
        plot_runs([stored])
    with pytest.raises(SpecError, match="no overlaps to start from"):
        load_start(tmp_path / "short.h5")


@pytest.mark.parametrize("engine", ["chain", "ode"])
def test_only_networks_have_weights(engine):
    with pytest.raises(
        SpecError, match=rf"^record.weights: engine {engine} has no weights; use engine network$"
    ):
        check(wide(record={"weights": True}), engine)


def test_weights_are_stored(tmp_path):
    spec = wide(record={"count": 3, "weights": True})
    found = simulate(spec, "network")
    write_run(tmp_path / "run.h5", spec, "network", 0, found)
    stored = read_run(tmp_path / "run.h5").trajectories[0]
    np.testing.assert_array_equal(stored.student_weights, found.student_weights)


@pytest.mark.parametrize("engine", ["network", "chain"])
def test_thresholds_are_checked_at_the_interval_of_the_spec(engine):
    errors = simulate(parse_spec(document(curriculum={}, duration=40.0)), engine, 1).generalisation_error
    threshold = 0.5 * (errors[0, 0] + errors[:, 0].min())

    def switch(**setting):
        curriculum = {"thresholds": [threshold]} | setting
        found = simulate(parse_spec(document(curriculum=curriculum, duration=40.0)), engine, 1)
        return found.switch_times[0]

    seldom, often = switch(look_every=2.0), switch()
    assert seldom % 2.0 == 0.0
    assert 0.0 < often <= seldom <= 38.0
    assert often % 2.0 != 0.0


def test_recorded_times_in_short_form():
    times = {"concatenate": [{"linspace": [0.0, 5.0, 6]}, [2.5, 2.0]]}
    record = wide(record={"times": times}).record
    assert record.times == (0.0, 1.0, 2.0, 2.5, 3.0, 4.0, 5.0)
    with pytest.raises(SpecError, match=r"^record.times: .* it must be a list"):
        wide(record={"times": {"linspace": [0.0]}})


def test_what_stands_beside_recorded_times_is_kept():
    kept = wide(record={"times": [0.0, 1.0], "quantities": "errors", "weights": True, "state": True}).record
    assert (kept.quantities, kept.weights, kept.state) == ("errors", True, True)


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 0, 1]])
def test_a_wide_run_has_the_same_bits_alone_and_with_others(order):
    specs = [
        wide(
            teachers={
                "count": 2,
                "hidden": 5,
                "features": {"units": "whitened", "relation": "interpolated", "similarity": similarity},
            },
            numerics={"precision": "float32"},
            record={"count": 7, "quantities": "errors"},
            curriculum={"switch_times": [2.0]},
        )
        for similarity in (0.0, 0.5, 1.0)
    ]
    chosen = [specs[i] for i in order]
    together = network.simulate(chosen, 4, [0] * 3, lambda fraction: None, [BEGINNING] * 3)
    for spec, found in zip(chosen, together, strict=True):
        alone = simulate(spec, "network", 4)
        np.testing.assert_array_equal(found.generalisation_error, alone.generalisation_error)

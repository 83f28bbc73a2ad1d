"""Figures of wide networks of Lee et al. 2021: what they show, and what claims read, on made-up curves."""

import dataclasses
from functools import partial

import _lee2021_maps as maps
import _lee2021_threshold as of_threshold
import _lee2021_trends as trends
import lee2021_heatmap_sections as sections
import lee2021_heatmap_trace as trace
import lee2021_maps_full as full
import lee2021_neuron_movement as neurons
import lee2021_readout_similarity as readouts
import lee2021_relu as relu
import lee2021_similarity_heatmaps as heatmaps
import lee2021_threshold_heatmaps as threshold
import lee2021_wide_student as wide_student
import numpy as np
import pytest
from _lee2021_recorded import RECORDED, SIMILARITIES

from lee2021_samples import by_words, curves, data
from teacherstudent.experiments.claims import Claim
from teacherstudent.spec.axes import with_values
from teacherstudent.store.curves import Curves

FEATURES, READOUTS = "teachers.features.similarity", "teachers.readouts.similarity"
GRID = np.linspace(0.0, 1.0, 11)
SWITCH, END = 100_000.0, 200_000.0
ROW = 100 / 15


def wide(time, first, second, axes, switch=SWITCH, units=maps.UNITS, **quantities):
    """Curves of wide networks from log10 of errors."""
    made = curves(time, first, second, axes, "network", 15, **quantities)
    curriculum = {"switch_times": [switch]} if switch < time[-1] else {}
    changes = {"student.hidden": units, "duration": time[-1], "curriculum": curriculum}
    changed, switches = with_values(made.document, changes), np.full_like(made.switch_times, switch)
    return dataclasses.replace(made, document=changed, switch_times=switches)


def made_maps(forgotten, gained, units=maps.UNITS, runs=2):
    """Errors of task 1 that jump by `forgotten` and of task 2 that fall by `gained`, (feature, readout)."""
    scale = units / maps.UNITS
    after = np.array([0.0, 10.0, 100.0, 1000.0, 10000.0]) * ROW * scale
    time = np.concatenate([[0.0], SWITCH * scale + after, [END * scale]])
    rise, fall = np.array([0, 0, 0.1, 0.5, 1, 1, 1]), np.array([0, 0, 0.2, 0.5, 0.8, 0.9, 1])
    spread = 1.0 + 0.002 * (np.arange(runs) - 0.5 * (runs - 1))[:, None]
    first = -3.0 + forgotten[..., None, None] * rise * spread
    second = -0.5 - gained[..., None, None] * fall * spread
    axes = {FEATURES: np.linspace(0, 1, len(forgotten)), READOUTS: np.linspace(0, 1, len(forgotten))}
    return wide(time, first, second, axes, SWITCH * scale, units)


def recorded_maps(**changes):
    """Maps that resemble the recorded ones where they end."""
    return made_maps(RECORDED["maximal forgetting"], RECORDED["long-time transfer"] + 0.4, **changes)


def heatmap_curves(single, double=None):
    return {heatmaps.MAPS: {"network": single}, heatmaps.DOUBLE: {"network": double or single}}


def test_rows_and_switches_are_those_of_the_curves():
    made = recorded_maps()
    assert maps.row(made) == pytest.approx(ROW)
    assert maps.row(recorded_maps(units=100)) == pytest.approx(ROW / 10)
    assert maps.switch(made).shape == (11, 11, 2)
    np.testing.assert_array_equal(maps.switch(made), SWITCH)


def test_measures_of_maps():
    made = recorded_maps()
    found = maps.measured(made)
    largest, gained = RECORDED["maximal forgetting"], RECORDED["long-time transfer"] + 0.4
    np.testing.assert_allclose(found["rate of forgetting"].mean(axis=2), 0.01 * largest)
    np.testing.assert_allclose(found["maximal forgetting"][..., 1], 1.001 * largest)
    np.testing.assert_allclose(found["rate of transfer"].mean(axis=2), 0.02 * gained)
    np.testing.assert_allclose(found["long-time transfer"][..., 0], 0.999 * gained)


def test_heatmaps_show_means_of_all_measures_with_features_upwards():
    made = recorded_maps()
    fig = heatmaps.figure(heatmap_curves(made))
    meshes = [artist for ax in fig.axes for artist in ax.get_children() if hasattr(artist, "numbers")]
    assert [mesh.numbers["series"] for mesh in meshes] == list(maps.MEASURES)
    np.testing.assert_allclose(meshes[2].get_array(), RECORDED["maximal forgetting"])
    assert {fig.axes[0].get_xlabel(), fig.axes[0].get_ylabel()} == {
        "readout similarity",
        "feature similarity",
    }
    assert fig.axes[0].get_ylabel() == "feature similarity"


def test_titles_have_the_standard_errors_of_the_cells():
    made = recorded_maps()
    ax = heatmaps.figure(heatmap_curves(made)).axes[2]
    errors = 0.001 * RECORDED["maximal forgetting"]  # of two runs at 0.999 and 1.001 of the map
    assert ax.get_title(loc="right") == f"s.e.m. {errors.min():.2g} to {errors.max():.2g}"


def test_recorded_maps_are_like_themselves():
    found = heatmaps.claims(heatmap_curves(recorded_maps(runs=5)))
    assert by_words(found, "map of the maximal forgetting").value == pytest.approx(1.0)
    assert by_words(found, "map of the long-time transfer").value == pytest.approx(1.0)
    assert by_words(found, "Single precision").value == 0.0
    for words in ("feature", "readout"):
        slope = by_words(found, f"Slope of the maximal forgetting against {words}")
        assert slope.holds
        assert slope.value == pytest.approx((slope.low + slope.high) / 2)
    assert by_words(found, "minus that at features 0, readouts 1").holds


def test_maps_turned_around_are_unlike():
    made = made_maps(RECORDED["maximal forgetting"][::-1], RECORDED["long-time transfer"].T + 0.4, runs=5)
    found = heatmaps.claims(heatmap_curves(made))
    assert not by_words(found, "map of the maximal forgetting").holds
    assert not by_words(found, "map of the long-time transfer").holds
    assert not by_words(found, "Slope of the maximal forgetting against feature").holds
    assert not by_words(found, "Slope of the long-time transfer against readout").holds


@pytest.mark.parametrize("changes", [{"units": 100, "runs": 5}, {"runs": 2}])
def test_smaller_students_and_few_runs_are_not_compared_with_recorded_maps(changes):
    found = heatmaps.claims(heatmap_curves(recorded_maps(**changes)))
    assert not [claim for claim in found if "rank" in claim.statement or "Slope" in claim.statement]


@pytest.mark.parametrize(("change", "holds"), [(1e-4, True), (0.5, False)])
def test_single_precision_is_compared_at_the_similarities_of_both(change, holds):
    single = recorded_maps()
    log = np.log10(single.select(**{"features.similarity": 1.0}).values("generalisation_error"))[[0, 10]][
        None
    ]
    axes, after = {FEATURES: [1.0], READOUTS: [0.0, 1.0]}, single.time > SWITCH
    double = wide(single.time, log[..., 0], log[..., 1] - change * after, axes)
    found = by_words(heatmaps.claims(heatmap_curves(single, double)), "Single precision")
    assert "2 pairs" in found.statement
    assert found.holds is holds


def corner(low):
    """Maps of 1.5 but for the corner of equal tasks."""
    forgotten = 1.5 + 0.1 * np.outer(GRID, GRID)
    forgotten[-1, -1] = low
    return forgotten


@pytest.mark.parametrize(("low", "holds"), [(0.2, True), (1.4, False)])
def test_collapse_is_that_of_equal_tasks_alone(low, holds):
    found = heatmaps.claims(heatmap_curves(made_maps(corner(low), 2.9 + np.outer(GRID, GRID))))
    assert by_words(found, "of equal tasks, mean").holds is holds
    assert by_words(found, "is smallest for equal tasks").holds is holds


def test_ridges_are_differences_at_equal_tasks():
    line = 1.5 - (GRID - 0.6) ** 2
    forgotten, gained = np.minimum(line[:, None], line), 2.5 + 0.2 * GRID[:, None] + 0.001 * GRID
    forgotten[-1], forgotten[:, -1] = line, line
    found = heatmaps.claims(heatmap_curves(made_maps(forgotten, gained, runs=5)))
    for equal, end in (("readouts", "features 0"), ("features", "features 1, readouts 0")):
        words = f"Equal {equal}: maximal forgetting at"
        values = [claim.value for claim in found if words in claim.statement]
        assert values == pytest.approx([0.36, 0.16], abs=1e-9), end
    slope = by_words(found, "Slope of the long-time transfer against feature")
    assert slope.value == pytest.approx(0.2, rel=0.01)


def test_sections_are_at_equal_readouts():
    forgotten = np.outer(0.5 + GRID - GRID**2, np.where(GRID == 1.0, 1.0, 0.0))
    made = {sections.MAPS: {"network": made_maps(forgotten, np.full((11, 11), 2.9))}}
    shown = data(sections.figure(made).axes[0], "simulation")
    np.testing.assert_allclose(shown["1000 rows"][1], forgotten[:, -1], atol=1e-9)
    np.testing.assert_allclose(shown["10 rows"][1], 0.1 * forgotten[:, -1], atol=1e-9)
    found = sections.claims(made)
    assert by_words(found, "100 rows").value == pytest.approx(0.0, abs=1e-9)
    assert len(found) == 2  # later sections need several runs


def test_sections_of_several_runs_are_compared_with_the_recorded_ones():
    line = np.interp(GRID, [0.0, sections.TOP, 1.0], [0.70, 1.89, 1.58])
    forgotten = line[:, None] * np.where(GRID == 1.0, 1.0, 0.0)
    made = made_maps(forgotten, np.full((11, 11), 2.9), runs=5)
    found = sections.claims({sections.MAPS: {"network": made}})
    late = "0 rows after the switch at similarity 0.6 minus that at"
    for end, difference in ((0, 1.19), (1, 0.31)):
        at_end = by_words(found, f"Forgetting 100{late} {end},")
        assert at_end.value == pytest.approx(difference)
        assert at_end.holds
    assert not by_words(found, f"Forgetting 1000{late} 0,").holds


def test_trace_reads_its_levels():
    time = np.linspace(0.0, END, 201)
    after = time > SWITCH
    first = np.where(after, np.interp(time, [SWITCH, 110_000, END], [-0.9, -1.4, -1.3]), -3.0)
    second = np.where(after, -3.3, -0.5)
    grid = {FEATURES: [0.0, 1.0], READOUTS: [0.0, 0.8, 1.0]}
    shape = np.zeros((2, 3, 1, 1))
    made = {trace.MAPS: {"network": wide(time, first + shape, second + shape, grid)}}
    found = trace.claims(made)
    assert all(claim.holds for claim in found)
    assert by_words(found, "at its minimum").value == pytest.approx(-1.4, abs=0.01)
    assert by_words(found, "decreases after its maximum").value == pytest.approx(0.45, abs=0.06)
    assert set(data(trace.figure(made).axes[0], "simulation")) == {"task 1", "task 2"}


def threshold_maps(time, switch, runs=1):
    """Errors before and after a switch; equal tasks are not forgotten, and equal features learned faster."""
    before = time <= switch
    first = np.where(before, -4.0, -2.0) + np.zeros((2, 2, runs, 1))
    first[-1, -1] = -4.0
    second = np.where(before, -1.0, -3.0) - np.array([0.0, 0.5])[:, None, None, None] * ~before
    axes = {FEATURES: [0.0, 1.0], READOUTS: [0.0, 1.0]}
    return wide(time, first, second + np.zeros((2, 2, runs, 1)), axes, switch=switch)


def test_threshold_maps_start_from_the_last_record_before_the_switch():
    made = threshold_maps(np.linspace(0.0, 8e5, 9), 650_000.0)
    np.testing.assert_array_equal(of_threshold.start(made), 6e5)
    (at_switch,) = threshold.claims({threshold.MAPS: {"network": made}})  # others need several runs
    assert at_switch.holds
    assert len(threshold.figure({threshold.MAPS: {"network": made}}).axes) == 10


def test_measures_of_threshold_maps_end_a_fixed_number_of_steps_after_the_switch():
    time = np.linspace(0.0, 9e5, 19)
    made = threshold_maps(time, 600_000.0)
    late = time > 700_000.0
    log = np.log10(made.values("generalisation_error"))
    log[..., late, 0] = 0.0
    log[..., late, 1] = -9.0
    changed = {"generalisation_error": 10**log}
    same = dataclasses.replace(made, quantities=made.quantities | changed)
    for name, values in of_threshold.measured(made).items():
        np.testing.assert_array_equal(of_threshold.measured(same)[name], values)


@pytest.mark.parametrize("moment", [np.nan, 850_000.0])
def test_runs_whose_switch_is_late_or_missing_have_no_measures(moment):
    made = threshold_maps(np.linspace(0.0, 9e5, 19), 600_000.0, runs=2)
    switches = made.switch_times.copy()
    switches[..., 1, :] = moment
    for values in of_threshold.measured(dataclasses.replace(made, switch_times=switches)).values():
        assert np.isfinite(values[..., 0]).all()
        assert np.isnan(values[..., 1]).all()


def test_full_maps_have_the_runs_of_both_experiments():
    fixed, by_error = recorded_maps(runs=5), threshold_maps(np.linspace(0.0, 8e5, 9), 650_000.0, runs=2)
    made = {
        name + more: {"network": maps_of}
        for name, maps_of in ((full.FIXED, fixed), (full.THRESHOLD, by_error))
        for more in ("", full.MORE)
    }
    both = full.both(made)
    assert [curves.runs for curves in both] == [10, 4]
    np.testing.assert_array_equal(
        both[0].values("generalisation_error")[:, :, 5:], fixed.values("generalisation_error")
    )
    assert both[0].switch_times.shape == (11, 11, 10, 1)
    assert len(full.figure(made).axes) == 22
    assert by_words(full.claims(made), "forgotten least").value == pytest.approx(2.0)


def test_signs_are_settled_by_their_standard_errors():
    claim, per_run = partial(Claim, "figure"), np.array([0.9, 1.1, 1.0, 1.2])
    error = per_run.std(ddof=1) / 2
    found = trends.settled(claim, "Slope", per_run, 1)
    assert (found.holds, found.low) == (True, pytest.approx(3 * error))
    assert found.uncertainty == pytest.approx(error)
    assert not trends.settled(claim, "Slope", per_run, -1).holds
    assert not trends.settled(claim, "Slope", per_run - 0.9, 1).holds


@pytest.mark.parametrize(("shift", "holds"), [(0.0, True), (-1.04, True), (-1.5, False)])
def test_compatible_signs_are_not_settled_otherwise(shift, holds):
    per_run = np.array([0.9, 1.1, 1.0, 1.2]) + shift
    assert trends.compatible(partial(Claim, "figure"), "Slope", per_run, 1).holds is holds
    assert trends.compatible(partial(Claim, "figure"), "Slope", -per_run, -1).holds is holds


@pytest.mark.parametrize("gain", [0.5, -0.5])
def test_equal_tasks_of_several_runs_are_forgotten_least(gain):
    made = threshold_maps(np.linspace(0.0, 8e5, 9), 650_000.0, runs=5)
    log = np.log10(made.values("generalisation_error"))
    log[-1, -1, ..., -2:, 1] -= gain + 0.01 * np.arange(5)[:, None]
    log[-1, -1, ..., -2:, 0] += 0.01 * np.arange(5)[:, None]
    made = dataclasses.replace(made, quantities=made.quantities | {"generalisation_error": 10**log})
    found = threshold.claims({threshold.MAPS: {"network": made}})
    assert by_words(found, "forgotten least").holds
    assert by_words(found, "largest transfer at the end").holds is (gain > 0)


def test_rank_trends_do_not_depend_on_the_size_of_changes():
    values = (GRID[:, None] - 0.01 * GRID)[..., None] ** 3 * np.array([1.0, 100.0])
    found = trends.rank_trends(values, GRID, GRID)
    assert found["feature"][0] == pytest.approx(found["feature"][1])
    assert found["feature"][0] > 0.99
    assert abs(found["readout"][0]) < 0.1


def test_contrast_is_that_of_equal_tasks():
    values = np.zeros((3, 3, 2))
    values[-1, -1], values[0, 0] = (1.0, 2.0), (8.0, np.nan)
    np.testing.assert_allclose(trends.contrast(values), [0.0, 2.0])


def test_agreement_is_within_the_errors_of_both():
    claim, per_run = partial(Claim, "figure"), np.array([0.9, 1.1, 1.0, 1.2])
    spread = per_run.std(ddof=1)
    width = 3 * spread * np.sqrt(1 / 4 + 1 / 3)
    near, far = (trends.agrees(claim, "Slope.", per_run, 1.05 + shift * width) for shift in (0.99, 1.01))
    assert (near.holds, far.holds) == (True, False)


def test_resemblance_is_high_for_runs_alike_and_not_for_noise():
    random = np.random.default_rng(0)
    noise, trend = random.standard_normal((6, 6, 8)), 10.0 * np.arange(6)[:, None, None]
    assert np.median(trends.resemblance(noise + trend)) > 0.9
    assert abs(np.median(trends.resemblance(noise))) < 0.3
    assert len(trends.resemblance(noise)) == 56


def moving(ends, readout, units=maps.UNITS):
    """Two units on 15 inputs whose weights move to (1 - ends) of their length, by readout similarity."""
    scale = units / maps.UNITS
    moments = [0.0, SWITCH, *(SWITCH + np.array(neurons.STEPS) / 15), END]
    time = np.array(moments) * scale
    ends = np.asarray(ends)
    shrink = np.sqrt(ends)[:, None] * np.linspace(0, 1, len(time) - 1)
    factor = np.concatenate([np.zeros((len(ends), 1)), 1.0 - shrink], axis=1)
    weights = factor[:, None, :, None, None] * np.ones((2, 15)) * np.array([[1.0], [2.0]])
    h = np.broadcast_to(np.asarray(readout) / units, (len(ends), 1, len(time), 2, 2))
    axes = {READOUTS: np.linspace(0, 1, len(ends))}
    log = np.zeros((len(ends), 1, len(time)))
    extra = {"student_weights": weights, "student_readouts": h}
    return wide(time, log, log, axes, SWITCH * scale, units, **extra)


def test_movement_of_the_first_layer():
    units = moving([0.77, 0.5, 0.23], [[-4.0, 0.5], [9.0, 9.0]])
    moved = readouts.movement(units)
    np.testing.assert_allclose(moved[:, 0], 1.0)
    np.testing.assert_allclose(moved[:, 1], 0.0)
    np.testing.assert_allclose(moved[:, -1], [0.77, 0.5, 0.23])
    made = {readouts.MAPS: {"network": recorded_maps()}, readouts.MOVEMENT: {"network": units}}
    found = readouts.claims(made)
    assert by_words(found, "at the end, readout similarity 0.").value == pytest.approx(0.77)
    assert by_words(found, "moves less").value == pytest.approx(-0.27)
    gained = RECORDED["long-time transfer"][-1] + 0.4
    assert by_words(found, "plotted run at readout similarity 1.").value == pytest.approx(0.999 * gained[-1])
    change = by_words(found, "minus unrelated readouts, mean")
    assert change.value == pytest.approx(gained[-1] - gained[0])
    assert (change.low + change.high) / 2 == pytest.approx(2.777 - 2.619)
    shown = data(readouts.figure(made).axes[0], "simulation")
    np.testing.assert_allclose(shown["mean over runs"][1], gained, rtol=1e-6)
    assert len(data(readouts.figure(made).axes[1], "simulation")) == 3


@pytest.mark.parametrize("units", [1000, 100])
def test_movement_of_single_units(units):
    made = moving([0.77, 0.5], [[-4.0, 0.5], [9.0, 9.0]], units)
    np.testing.assert_allclose(neurons.readouts(made), [[4.0, 0.5]] * 2)
    moved = neurons.movement(made, neurons.STEPS[0])
    np.testing.assert_allclose(moved, np.array([0.77, 0.5])[:, None] / 25 * np.array([1.0, 4.0]))
    found = neurons.claims({neurons.MOVEMENT: {"network": made}})
    assert by_words(found, "largest step").holds
    size = [claim.value for claim in found if "moves most" in claim.statement]
    assert size == ([pytest.approx(0.5)] if units == maps.UNITS else [])
    fig = neurons.figure({neurons.MOVEMENT: {"network": made}})
    assert [len(data(ax, "simulation")) for ax in fig.axes] == [2] * 4


def test_linear_floor_is_what_least_squares_leave():
    random = np.random.default_rng(1)
    N, M, samples = 6, 4, 400_000
    V, v = random.standard_normal((M, N)), random.standard_normal(M)
    X = random.standard_normal((samples, N))
    from scipy.special import erf

    f = erf(X @ V.T / np.sqrt(2 * N)) @ v
    left = f - X @ np.linalg.lstsq(X, f, rcond=None)[0]
    assert wide_student.floor(V @ V.T / N, v) == pytest.approx(np.mean(left**2), rel=0.01)


def made_students(two, linear):
    """One teacher with two units; errors are half of the squares asked for."""
    time = np.array([0.0, 10.0, 100.0])
    T, v = np.broadcast_to(np.eye(2), (3, 1, 1, 2, 2)), np.ones((3, 1, 2))
    half = np.log10(2.0)
    runs = np.zeros((3, 1))

    def student(end, **quantities):
        return wide(time, runs + np.array([0.0, -1.0, end]) - half, -1.0, {}, **quantities)

    straight = student(linear, teacher_overlaps=T, teacher_readouts=v)
    return {wide_student.FIGURE: {"network": student(two)}, wide_student.LINEAR: {"network": straight}}


def test_wide_student_claims():
    floor = wide_student.floor(np.eye(2), np.ones(2))
    assert floor == pytest.approx(4 / np.pi * (np.pi / 6 - 0.5))
    found = wide_student.claims(made_students(-2.6, np.log10(floor)))
    assert by_words(found, "best linear").value == pytest.approx(1.0)
    assert by_words(found, "of two layers at the end").value == pytest.approx(-2.6)
    assert by_words(found, "not linear").holds
    assert not by_words(wide_student.claims(made_students(-1.5, -1.6)), "not linear").holds
    shown = data(wide_student.figure(made_students(-2.6, -1.8)).axes[0], "simulation")
    assert shown["linear"][1][-1] == pytest.approx(10**-1.8)


@pytest.mark.parametrize(
    ("bump", "apart", "words"),
    [
        (0.0, 0.0, []),
        (0.5, 0.0, ["decreases with similarity"]),
        (0.0, 0.2, ["equations of motion"]),
        (0.0, -0.2, ["equations of motion"]),
    ],
)
def test_relu_claims(bump, apart, words):
    time, V = np.linspace(0.0, 100.0, 11), np.linspace(0.0, 1.0, 5)
    ends = -0.33 - 1.6 * V + bump * (V == 0.75)
    log = np.where(time < 100.0, -1.0, ends[:, None, None]) + np.zeros((5, 2, 1))
    one = {engine: curves(time, log, log, {FEATURES: V}, engine) for engine in ("chain", "network")}
    line = ends + apart * (V == 0.5)
    runs = log + (line - ends)[:, None, None] + np.array([[-0.3], [0.3]])
    one["ode"] = curves(time, runs, runs, {FEATURES: V}, "ode")
    for made in one.values():
        made.document.update(duration=100.0, curriculum={})
    found = relu.claims({relu.FIGURE: one})
    failing = [claim.statement for claim in found if not claim.holds]
    assert failing == [by_words(found, some).statement for some in words]
    assert by_words(found, "at V = 1").value == pytest.approx(-1.93)
    assert by_words(found, "equations of motion").value == pytest.approx(abs(apart))
    ax = relu.figure({relu.FIGURE: one}).axes[0]
    assert set(data(ax, "simulation")) == {"chain", "network"}
    assert set(data(ax, "theory")) == {"equations of motion"}
    np.testing.assert_array_equal(data(ax, "theory")["equations of motion"][0], V)
    np.testing.assert_allclose(data(ax, "theory")["equations of motion"][1], line)


def test_recorded_maps_are_complete():
    assert set(RECORDED) == set(maps.MEASURES)
    assert all(np.shape(RECORDED[name]) == (11, 11) for name in maps.MEASURES)
    np.testing.assert_allclose(SIMILARITIES, GRID)
    assert RECORDED["long-time forgetting"][-1, -1] == pytest.approx(0.204)
    assert isinstance(recorded_maps(), Curves)

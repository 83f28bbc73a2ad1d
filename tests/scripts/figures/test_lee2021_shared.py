"""What the figures of Lee et al. 2021 share: places of peaks, medians, colours by similarity."""

import _figures
import _lee2021
import numpy as np
import pytest

from lee2021_samples import SIMILARITY, curves, data


def test_peak_of_a_parabola_is_found_between_the_points():
    x = np.linspace(0.0, 1.0, 11)
    assert _lee2021.peak(x, 3.0 - 2.0 * (x - 0.37) ** 2) == pytest.approx(0.37, abs=1e-12)


@pytest.mark.parametrize(("slope", "end"), [(1.0, 1.0), (-1.0, 0.0)])
def test_peak_at_an_end_is_that_end(slope, end):
    x = np.linspace(0.0, 1.0, 11)
    assert _lee2021.peak(x, slope * x) == end


def test_peak_of_a_flat_top_is_on_the_grid():
    assert _lee2021.peak([0.0, 0.5, 1.0], [1.0, 1.0, 1.0]) == 0.0


def test_peak_of_runs_that_diverged_is_no_number():
    assert np.isnan(_lee2021.peak([0.0, 0.5, 1.0], [1.0, np.nan, 0.0]))


def test_inverted_u_compares_with_the_higher_end():
    values = np.array([[0.0, 3.0], [2.0, 1.0], [1.0, 0.0]])
    assert _lee2021.inverted_u(values).tolist() == [1.0, 0.0]


def test_median_leaves_out_what_is_no_number():
    found = _lee2021.median([1.0, np.nan, 2.0, 6.0])
    assert found["value"] == 2.0
    assert found["uncertainty"] == pytest.approx(np.sqrt(np.pi / 2) * np.std([1, 2, 6], ddof=1) / np.sqrt(3))


def test_median_of_one_run_has_no_uncertainty():
    assert _lee2021.median([4.0]) == {"value": 4.0, "uncertainty": None}


def test_levels_are_taken_at_recorded_times_only():
    made = curves([0.0, 1.0], np.array([[-1.0, -2.0]]), -3.0)
    assert _lee2021.levels(made, 0, 1.0) == pytest.approx([-2.0])
    with pytest.raises(KeyError, match=r"t = 0\.5"):
        _lee2021.levels(made, 0, 0.5)


def test_inputs_are_those_of_the_spec():
    assert _lee2021.inputs(curves([0.0], [[0.0]], [[0.0]], dimension=7)) == 7


def test_errors_are_drawn_for_every_so_many_similarities():
    time, similarity = np.arange(4.0), np.linspace(0.0, 1.0, 5)
    log = -np.arange(20.0).reshape(5, 1, 4) / 10
    made = curves(time, log, -1.0, {SIMILARITY: similarity})
    fig, axes = _figures.panels()
    _lee2021.plot_errors(axes[0, 0], made, 0, every=2, start=1.0)
    _lee2021.error_axes(axes[0, 0], 0, -4.5, -0.5, xlabel="time")
    shown = data(axes[0, 0], "theory")
    assert list(shown) == ["V = 0", "V = 0.5", "V = 1"]
    np.testing.assert_array_equal(shown["V = 0.5"][0], time - 1.0)
    np.testing.assert_allclose(shown["V = 0.5"][1], 10.0 ** log[2, 0])
    assert axes[0, 0].get_yscale() == "log"
    assert axes[0, 0].get_ylim() == pytest.approx((10**-4.5, 10**-0.5))
    assert fig.axes[-1].get_ylabel() == "similarity $V$"


def test_colours_are_those_of_the_bar():
    for task in (0, 1):
        scale = _lee2021.similarity_scale(task)
        assert (scale.norm.vmin, scale.norm.vmax) == (0.0, 1.0)
        np.testing.assert_allclose(scale.to_rgba(0.0), scale.cmap(0.0))

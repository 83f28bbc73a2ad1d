"""Figures of Lee et al. 2022: what they show of known curves, and what their claims read from them."""

import _lee2022 as lee
import lee2022_forgetting_similarity as starts
import lee2022_node_sharing as sharing
import numpy as np
import pytest
from scipy.special import erf

from lee2021_samples import SIMILARITY, by_words, curves, data
from lee2022_samples import GRID, START, finite, grown, hill

COPY, SIZE = "student.copy_head_at_switch", "inputs.dimension"
STRENGTH = "training.consolidation.strength"


def test_forgetting_is_the_increase_of_the_error_over_runs():
    entry = grown(hill(0.3), {SIMILARITY: GRID})
    assert lee.forgetting(entry).shape == (21, 2)
    np.testing.assert_allclose(lee.mean(lee.forgetting(entry)), hill(0.3))
    np.testing.assert_allclose(lee.mean_log10(lee.second(entry)), -4.0)


def test_values_are_taken_at_similarities_of_the_grid_only():
    np.testing.assert_array_equal(lee.at(GRID, np.arange(21), 0.1, 0.3), [2, 6])
    with pytest.raises(KeyError, match="0.33"):
        lee.at(GRID, np.arange(21), 0.1, 0.33)


@pytest.mark.parametrize("similarity", [0.0, 0.3, 0.8, 1.0])
def test_the_reuse_law_is_the_distance_of_two_units(similarity):
    """Against quadrature over both fields."""
    x, weights = np.polynomial.hermite_e.hermegauss(80)
    one, two = np.meshgrid(x, x, indexing="ij")
    other = similarity * one + np.sqrt(1 - similarity**2) * two
    square = (erf(one / np.sqrt(2)) - erf(other / np.sqrt(2))) ** 2
    mean = np.einsum("i,j,ij", weights, weights, square) / weights.sum() ** 2
    assert lee.reuse_law(similarity) == pytest.approx(0.5 * mean, abs=1e-6)


def made_starts(law=1.05, apart=0.0, decreasing=True):
    """Students as expected: the specialised one follows the law from V = 0.2 on."""
    special = np.where(GRID < 0.19, GRID, law * lee.reuse_law(GRID))
    line = 0.36 * (1.0 - GRID) if decreasing else hill(0.3)
    both = np.stack([hill(0.35, 0.2), line])
    few, sizes = GRID[::2], np.array([1000, 100000])
    special[0] = 0.0006
    special_few = np.maximum(special[::2] + apart, 0.0)
    return {
        starts.SPECIALISED: {"ode": grown(special, {SIMILARITY: GRID})},
        starts.RANDOM: {"ode": grown(both, {COPY: np.array(["never", "first"]), SIMILARITY: GRID})},
        starts.SYMMETRIC: {"ode": grown(line[None], {STRENGTH: np.array([0.0]), SIMILARITY: GRID})},
        lee.FINITE: {
            "network": finite(special_few[None, None], [0.0], [0.0], few),
            "chain": grown(np.array([0.02, 0.001]), {SIZE: sizes}, engine="chain"),
        },
    }


def test_starts_are_drawn_with_the_law_and_simulations():
    made = made_starts()
    fig = starts.figure(made)
    over_time, by_start, simulated, by_size = [ax for ax in fig.axes if ax.get_title(loc="left")]
    assert len(data(over_time, "theory")) == 21
    shown = data(by_start, "theory")
    assert set(shown) == {"specialised", "random", "symmetric", "copied head", "re-use law"}
    np.testing.assert_allclose(shown["random"][1], hill(0.35))
    np.testing.assert_allclose(shown["copied head"][1], 0.36 * (1 - GRID))
    points = data(simulated, "simulation")
    assert set(points) == {"networks"}
    np.testing.assert_array_equal(points["networks"][0], GRID[::2])
    np.testing.assert_allclose(data(by_size, "simulation")["chain"][1], [0.02, 0.001])
    assert by_size.get_xscale() == by_size.get_yscale() == "log"


def test_claims_about_starts_read_peaks_law_and_sizes():
    found = starts.claims(made_starts())
    assert by_words(found, "Specialised student: similarity of").value == pytest.approx(0.2, abs=0.03)
    assert by_words(found, "law for V from 0.3 to 0.9, smallest").value == pytest.approx(1.05)
    assert by_words(found, "law for V from 0.3 to 0.9, largest").value == pytest.approx(1.05)
    assert by_words(found, "Random students, fresh head: similarity").value == pytest.approx(0.35)
    assert by_words(found, "Copied head: forgetting decreases").value == pytest.approx(-0.018)
    assert by_words(found, "smallest networks over").value == pytest.approx(20.0)
    assert by_words(found, "Networks, N = 1000").value == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"law": 1.12}, "law for V from 0.3 to 0.9, largest"),
        ({"law": 1.0}, "law for V from 0.3 to 0.9, smallest"),
        ({"apart": 0.02}, "Networks, N = 1000"),
        ({"apart": -0.02}, "Networks, N = 1000"),
        ({"decreasing": False}, "Copied head: forgetting decreases"),
        ({"decreasing": False}, "Symmetric: forgetting decreases"),
    ],
)
def test_claims_about_starts_notice_a_difference(changes, words):
    assert by_words(starts.claims(made_starts()), words).holds
    assert not by_words(starts.claims(made_starts(**changes)), words).holds


SHARED = "teachers.features.shared"
WHEN = "curriculum.switch_times.0"


def made_sharing(order=1.0):
    """Forgetting by switch, shared units and similarity, 10 runs that differ."""
    V = np.linspace(0.0, 1.0, 11)
    inner = 0.13 - 0.8 * (V - 0.4) ** 2
    shared = np.stack([np.maximum(inner, 0.005), 0.07 * order + 0.0 * V, 0.03 * order + 0.0 * V])
    forgetting = np.stack([shared, 0.2 * shared])[..., None] * np.linspace(0.9, 1.1, 10)
    times = np.array([0.0, 100.0, 200.0, 1000.0, 1100.0])
    after = np.array([0.0, 0.0, 1.0, 0.0, 1.0])
    axes = {WHEN: [100.0, 1000.0], SHARED: [0, 1, 2], SIMILARITY: V}
    return {
        sharing.FIGURE: {"ode": curves(times, np.log10(START + forgetting[..., None] * after), -3.0, axes)}
    }


def test_node_sharing_is_drawn_for_both_switches():
    fig = sharing.figure(made_sharing())
    for ax, factor in zip(fig.axes, (1.0, 0.2), strict=True):
        shown = data(ax, "theory")
        assert set(shown) == {"0 shared", "1 shared", "2 shared"}
        np.testing.assert_allclose(shown["1 shared"][1], 0.07 * factor)


def test_claims_about_node_sharing():
    found = sharing.claims(made_sharing())
    assert by_words(found, "similarity of maximal").value == pytest.approx(0.4)
    apart = by_words(found, "One shared unit causes")
    assert apart.value == pytest.approx(0.065)
    spread = 0.065 * np.linspace(0.9, 1.1, 10).std(ddof=1) / np.sqrt(10)
    assert apart.uncertainty == pytest.approx(spread)
    assert by_words(found, "Equal units").value == pytest.approx(5.0)
    assert all(claim.holds for claim in found)
    assert not by_words(sharing.claims(made_sharing(order=3.0)), "mean with 0 minus mean with 1").holds

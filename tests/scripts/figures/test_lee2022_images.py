"""The figures on the mixing of images: what they show, and what their claims read."""

import _lee2022_images as shared
import lee2022_image_mixing as digits
import lee2022_image_mixing_fashion as fashion
import lee2022_image_mixing_mnist as mnist
import numpy as np
import pytest

from lee2021_samples import by_words, data
from teacherstudent.store.curves import Curves

SHARES = np.array([0.0, 0.3, 0.5, 1.0])
TIME = np.linspace(0.0, 20.0, 5)
RUNS, K = 4, 3
RISE = np.array([0.02, 0.05, 0.03, 0.001])  # losses
USED = np.array([0.0, 0.5, 0.9, 0.9])  # re-use
SPEC = {
    "inputs": {
        "distribution": "dataset",
        "dimension": 64,
        "samples": 4,
        "dataset": {"file": "none.npz", "sha256": "0" * 64, "test_samples": 2}
        | {"labels": "pairs", "pairs": [[0, 5], [2, 7]]},
    },
    "teachers": {"count": 2, "hidden": 1},
    "student": {"hidden": K},
    "training": {"learning_rate": 1.0},
    "curriculum": {"switch_times": [10.0]},
}


def curves(values, rise=RISE, used=USED, accuracy=0.99, before=0.002):
    """Runs with given means of the rise of the loss, and the same re-use in each."""
    shape = (len(SHARES), RUNS, len(TIME))
    around = 1.0 + 0.1 * np.linspace(-1.0, 1.0, RUNS)
    first = np.where(TIME < 5.0, 0.5, before) + np.where(
        TIME > 10.0, rise[:, None, None] * around[:, None], 0.0
    )
    losses = np.stack([first, np.full(shape, 0.1)], axis=-1)
    # Head 1 is unit 0 alone; that of task 2 has a part of it, and unit 1 has the rest.
    h = np.zeros((*shape, 2, K))
    h[..., 0, 0] = 2.0
    h[..., 1, 0], h[..., 1, 1] = np.sqrt(used)[:, None, None], 0.5 * np.sqrt(1.0 - used)[:, None, None]
    variances = np.zeros((*shape, 2, K))
    variances[..., 0, :], variances[..., 1, :] = [0.1, 0.3, 0.2], [0.05, 0.2, 0.1]
    spec = {
        **SPEC,
        "inputs": {**SPEC["inputs"], "dataset": {**SPEC["inputs"]["dataset"], "label_values": values}},
    }
    distance = values[1] - values[0]
    return Curves(
        engine="network",
        axes={"inputs.dataset.mixing": SHARES},
        runs=RUNS,
        seed=0,
        time=TIME,
        quantities={
            "generalisation_error": losses * distance**2 / 2.0,
            "classification_error": np.full((*shape, 2), 1.0 - accuracy),
            "student_readouts": h,
            "activation_variances": variances,
        },
        diverged=np.zeros(shape[:-1], dtype=bool),
        switch_times=np.full((*shape[:-1], 1), 10.0),
        document=spec,
    )


def made(zero=None, signs=None):
    signs = {"rise": RISE * [0.5, 1.0, 1.0, 1.0]} | (signs or {})
    values = {"lee2022_mixing_digits": ([0, 1], zero or {}), "lee2022_mixing_digits_signs": ([-1, 1], signs)}
    return {name: {"network": curves(*found, **changes)} for name, (*found, changes) in values.items()}


def test_losses_do_not_depend_on_the_distance_of_the_labels():
    np.testing.assert_allclose(shared.rise(curves([-1, 1])), shared.rise(curves([0, 1])))
    np.testing.assert_allclose(shared.rise(curves([2, 5])).mean(axis=1), RISE)


def test_reuse_is_the_common_share():
    """A unit with a variance of a quarter needs twice the readout for the same share."""
    np.testing.assert_allclose(
        shared.reuse(curves([0, 1])), np.repeat(USED[:, None], RUNS, axis=1), atol=1e-12
    )
    parts = shared.shares_of_units(curves([0, 1]), -1, 1)
    np.testing.assert_allclose(parts.sum(axis=-1), 1.0)


def test_everything_is_shown():
    axes = digits.figure(made()).axes
    over_time, risen, used, correct = (data(ax, "simulation") for ax in axes)
    assert list(over_time) == ["$a = 0$", "$a = 0.3$", "$a = 1$"]
    np.testing.assert_allclose(over_time["$a = 0.3$"][1][-1], 0.052)
    np.testing.assert_allclose(risen["labels 0, 1"], [SHARES, RISE])
    np.testing.assert_allclose(risen["labels -1, 1"][1][0], 0.01)
    np.testing.assert_allclose(used["labels -1, 1"], [SHARES, USED], atol=1e-12)
    assert set(correct) == {f"task {task}, labels {name}" for task in (1, 2) for name in ("0, 1", "-1, 1")}
    np.testing.assert_allclose(correct["task 2, labels 0, 1"][1], 0.99)


def test_claims_read_the_numbers():
    found = digits.claims(made())
    assert [claim.statement for claim in found if not claim.holds] == []
    assert by_words(found, "Labels 0, 1: fraction of runs").value == 1.0
    ratio = "at its peak divided by that at the larger end"
    assert by_words(found, f"Labels 0, 1: mean rise of the loss of task 1 {ratio}").value == pytest.approx(
        2.5
    )
    assert by_words(found, "Labels -1, 1: share at which").value == 0.3
    assert by_words(found, "with labels -1, 1 relative").value == pytest.approx(5.0 / 2.5)
    assert by_words(found, "crosses 1/2").value == pytest.approx(0.3)
    peak = by_words(found, "Labels 0, 1: mean rise of the loss of task 1 at its peak.")
    assert (peak.value, peak.uncertainty > 0.0) == (pytest.approx(0.05), True)
    assert by_words(found, "lowest mean loss").value == pytest.approx(1.0)


@pytest.mark.parametrize(("zero", "signs", "words"), [
    ({"rise": np.array([0.03, 0.02, 0.01, 0.0])}, {}, "Labels 0, 1: fraction of runs"),
    ({"used": np.array([0.0, 0.5, 0.6, 0.9])}, {}, "Labels 0, 1: smallest mean re-use"),
    ({"used": np.array([0.3, 0.5, 0.9, 0.9])}, {}, "Labels 0, 1: mean re-use at share 0"),
    ({"accuracy": 0.97}, {}, "Labels 0, 1: smallest mean accuracy"),
    ({}, {"rise": RISE * [1.3, 1.0, 1.0, 1.0]}, "with labels -1, 1 relative"),
    ({}, {"rise": RISE * [0.1, 0.1, 0.1, 60.0]}, "Labels -1, 1: mean rise of the loss of task 1 if both"),
    ({"used": np.array([0.0, 0.0, 0.1, 0.9])}, {}, "crosses 1/2"),
    ({"rise": RISE * 3.0}, {}, "Labels 0, 1: mean rise of the loss of task 1 at its peak."),
])  # fmt: skip
def test_other_numbers_make_claims_fail(zero, signs, words):
    assert not by_words(digits.claims(made(zero, signs)), words).holds


@pytest.mark.parametrize(("figure", "name"), [(mnist, "mnist"), (fashion, "fashion")])
def test_the_other_data_sets_have_the_same_figure(figure, name):
    found = {f"lee2022_mixing_{name}": {"network": curves([0, 1])}}
    axes = figure.figure(found).axes
    np.testing.assert_allclose(data(axes[1], "simulation")["labels 0, 1"], [SHARES, RISE])
    claims = figure.claims(found)
    assert [claim.statement for claim in claims if not claim.holds] == []
    assert {claim.figure for claim in claims} == {figure.FIGURE}

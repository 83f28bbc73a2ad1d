"""Finite training sets: what the figure shows, and what its claims read."""

import dataclasses

import goldt2019_finite_dataset as finite
import numpy as np
import pytest
from _goldt2019 import late
from _goldt2019_limits import repeats_at_rate, repeats_in_passes

from goldt2019_samples import HIDDEN, TIME, curves, document
from lee2021_samples import by_words, data

SAMPLES, SAMPLING = "inputs.samples", "training.sampling"
ALPHAS, SIZES, SIGMA = (3, 10, 100), (2, 8), 0.3
FRESH = {"first layer": (0.004, 0.03), "both layers": (0.003, 0.002)}
# Final errors in passes by alpha and K, to which replacement adds a tenth.
FINAL = {
    "first layer": ((0.09, 0.09), (0.025, 0.09), (0.0043, 0.032)),
    "both layers": ((0.1, 0.1), (0.03, 0.036), (0.0039, 0.003)),
}
TRAINING = ((0.01, 0.001), (0.03, 0.02), (0.045, 0.044))
REPLACED = 1.1
# How far below their end errors were in the middle of runs.
EARLY = (0.5, 0.7, 0.9)

RISE = "First layer, 10 samples per input or more: "
FLAT = "Both layers, 10 samples per input or more: "
END = "{} layer{}: error at the end divided by that at the best common stopping time of all runs, {}"


def failing(found):
    return [claim.statement for claim in found if not claim.holds]


def runs(values, axes, spec, early=(1.0,), **quantities):
    """Four runs a little apart, from t = 100 on at a part `early` of where they rest from 200 on."""
    values, early = np.asarray(values), np.reshape(early, (-1, *[1] * (np.ndim(values) > 1)))
    early = np.broadcast_to(early, values.shape)[..., None, None]
    shape = np.where(TIME < 100.0, 2.0, np.where(TIME < 200.0, early, 1.0))
    around = 1.0 + 0.02 * np.linspace(-1.0, 1.0, 4)[:, None]
    return curves(values[..., None, None] * around * shape, axes, time=TIME, spec=spec, **quantities)


def made(first=1.0, both=1.0, training=1.0, early=EARLY, most=1.0, replaced=REPLACED):
    """Curves in the form of files; factors change the error of the largest student, or one kind of error."""
    spec = document(noise=SIGMA) | {"inputs": {"dimension": 100}}
    found = {}
    for name, factor in (("first layer", first), ("both layers", both)):
        final = np.array(FINAL[name])
        final[:, 1] *= factor
        final[-1] *= most
        seen = training * np.array(TRAINING)
        final, seen = (np.stack([array, replaced * array]) for array in (final, seen))
        shown = np.broadcast_to(seen[..., None, None, None], (2, 3, 2, 4, 31, 1))
        samplings = [finite.PASSES, finite.REPLACED]
        axes = {SAMPLING: samplings, SAMPLES: [100 * alpha for alpha in ALPHAS], HIDDEN: SIZES}
        layers = finite.LAYERS[name]
        network = runs(final, axes, spec, early, training_error=shown)
        found[f"goldt2019_finite_{layers}"] = {"network": network}
        found[f"goldt2019_fresh_{layers}"] = {"chain": runs(FRESH[name], {HIDDEN: SIZES}, spec)}
    return found


def test_all_errors_are_shown():
    axes = finite.figure(made()).axes
    at_time = data(axes[0], "simulation")
    assert set(at_time) == {
        f"{name}, {what}{how}"
        for name in finite.LAYERS
        for what in ("generalisation", "training")
        for how in ("", ", with replacement")
    }
    np.testing.assert_allclose(at_time["both layers, training, with replacement"][1], 0.022)
    np.testing.assert_allclose(at_time["first layer, generalisation"][1][[0, -1]], [0.18, 0.09])
    np.testing.assert_allclose(at_time["both layers, training"][1], 0.02)
    end, best, seen = (data(ax, "simulation") for ax in axes[1:])
    np.testing.assert_allclose(end[r"both layers, $\alpha = 10$"], [SIZES, FINAL["both layers"][1]])
    np.testing.assert_allclose(end["first layer, fresh samples"][1], FRESH["first layer"])
    replaced = REPLACED * np.array(FINAL["first layer"][0])
    np.testing.assert_allclose(end[r"first layer, $\alpha = 3$, with replacement"][1], replaced)
    np.testing.assert_allclose(best[r"first layer, $\alpha = 3$"][1], [0.045, 0.045])
    np.testing.assert_allclose(seen[r"first layer, $\alpha = 100$"][1], TRAINING[2])
    assert [ax.get_yscale() for ax in axes] == ["log"] * 4
    texts = [text.get_text() for text in axes[1].get_legend().get_texts()]
    assert [text.get_text() for text in axes[3].get_legend().get_texts()] == ["thin: with replacement"]
    assert texts == [r"$\alpha = 3$", r"$\alpha = 10$", r"$\alpha = 100$", "fresh samples"]


def test_claims_read_the_numbers():
    found = finite.claims(made())
    assert failing(found) == []
    assert by_words(found, "First layer, 10 samples per input or more: final").value == pytest.approx(3.6)
    added = by_words(found, "most samples with replacement: final").value
    assert added == pytest.approx((REPLACED * 0.0043 - 0.004) / (SIGMA**2 / 100.0))
    part = repeats_in_passes(2, 0.2, 100.0, TIME[TIME >= 200.0])
    assert by_words(found, "in passes: final").value == pytest.approx(0.0003 / (SIGMA**2 / 100.0) / part)
    replaced = by_words(found, "Both layers, most samples: final error with replacement").value
    assert replaced == pytest.approx(REPLACED)
    assert by_words(found, END.format("Both", "s", "smallest")).value == pytest.approx(2.0)
    training = by_words(found, "First layer: final training error divided by the error for fresh").value
    assert training == pytest.approx(0.045 / (0.0043 + 0.045))


def turned(entry):
    """The same curves with the axes of samples and units in the other order."""
    sampling, *others = entry.axes.items()
    arrays = {name: np.swapaxes(values, 1, 2) for name, values in entry.quantities.items()}
    return dataclasses.replace(
        entry,
        axes=dict([sampling, *reversed(others)]),
        quantities=arrays,
        diverged=np.swapaxes(entry.diverged, 1, 2),
        switch_times=np.swapaxes(entry.switch_times, 1, 2),
    )


def test_the_order_of_the_axes_does_not_matter():
    given = made()
    network = turned(given["goldt2019_finite_first_layer"]["network"])
    assert late(network).shape == (2, 2, 3, 4)
    other = finite.claims(given | {"goldt2019_finite_first_layer": {"network": network}})
    assert [claim.value for claim in other] == [claim.value for claim in finite.claims(given)]


@pytest.mark.parametrize("rate, alpha, time", [(0.05, 20, 150), (0.02, 30, 100), (0.3, 10, 95)])
def test_repeated_samples_in_passes(rate, alpha, time):
    """Against averages over shuffled passes: squares of the weights of samples, less those of all steps."""
    rng, N, count = np.random.default_rng(0), 4, 400
    ages = time - (np.arange(time * N) + 0.5) / N
    weights = 2.0 * np.sinh(0.5 * rate / N) * np.exp(-rate * ages)
    orders = [
        rng.permuted(np.tile(np.arange(alpha * N), (count, 1)), axis=1) for _ in range(-(-time // alpha))
    ]
    samples, total = np.hstack(orders)[:, : time * N], np.zeros((count, alpha * N))
    np.add.at(total, (np.arange(count)[:, None], samples), weights)
    excess = (total**2).sum(axis=1) - (weights**2).sum()
    found, error = excess.mean() * alpha * N, excess.std() / np.sqrt(count) * alpha * N
    assert repeats_at_rate(rate, alpha, time) == pytest.approx(found, abs=4.0 * error + 0.005)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"first": 0.5}, [RISE + "final", RISE + "minimal"]),
        ({"both": 1.9}, [FLAT + "final", FLAT + "minimal"]),
        ({"training": 1.2}, ["First layer: final training", "Both layers: final training"]),
        ({"training": 6.0}, ["First layer, fewest samples: final", "Both layers, fewest samples: final"]),
        (
            {"early": (0.95, 0.9, 0.98)},
            [END.format("First", "", "smallest"), END.format("Both", "s", "smallest")],
        ),
        ({"early": (0.8, 0.8, 0.7)}, [END.format("First", "", "with"), END.format("Both", "s", "with")]),
        (
            {"most": 2.1},
            [
                "First layer, most samples: final error divided",
                "Both layers, most samples: final error divided",
                "in passes: final",
                "most samples with replacement: final",
            ],
        ),
        (
            {"replaced": 0.99},
            [
                "First layer, fewest samples: training error with replacement",
                "Both layers, fewest samples: training error with replacement",
                "Both layers, most samples: final error with replacement",
            ],
        ),
    ],
)
def test_claims_can_fail(change, words):
    found = finite.claims(made(**change))
    assert {by_words(found, some).statement for some in words} <= set(failing(found))

"""Students of erf units on a finite training set, with one layer trained and with both.

The case of a finite training set in Goldt et al. 2019; the number of the published figure is not known. The
reader should see that larger students have larger final errors if only the first layer is trained and not
if both are, as with fresh samples, that students fit the noise of their samples, and the effect of early
stopping.
"""

from functools import partial

import _figures
import numpy as np
from _goldt2019 import COLORS, GUESSED, LATE, averages, errors, growth, late, medians
from _goldt2019_finite import (
    LAYERS,
    PASSES,
    REPLACED,
    by_samples,
    engines,
    means,
    minimal,
    noise_floor,
    over_time,
    ratios,
    training,
)
from _goldt2019_limits import repeats_in_passes
from matplotlib.ticker import NullFormatter, NullLocator

from teacherstudent.experiments.claims import Claim

FIGURE = "goldt2019_finite_dataset"
MARKERS = dict(zip(LAYERS, "os", strict=True))
WORDS = {PASSES: "in passes", REPLACED: "with replacement"}
THIN = {"label": None, "marker": "none", "linewidth": 0.5}
MANY = 10.0
CAPTION = """
Students with K erf units and a teacher with M = 2 orthonormal units, readouts 1 and label noise sigma =
0.3; learning rate 0.2. All steps use the same alpha N samples with fixed noisy labels, in passes: each
pass uses every sample once in a new random order. Thin lines: samples drawn with replacement. Runs are
networks with N = 200 inputs (100 in the small form); means over runs with standard errors. All start from
weights of standard deviation 1 / sqrt N. If the first layer is trained (circles, blue in a), readouts are
fixed to 1; if both layers are trained (squares, orange in a), readouts start with standard deviation 1 /
sqrt K. (a) Generalisation error, for fresh inputs without noise (open), and training error, for the
samples with their noisy labels (filled), over time at alpha = 10 for the largest K. Dotted here and in
(d): sigma^2 / 2, the contribution of the noise to an error with noisy labels. (b) Generalisation error at
the end, mean over the last third of runs; black: fresh samples in every step, exact samples of networks
of the same size from engine chain. (c) Smallest generalisation error along each run, as with early
stopping. (d) Training error at the end.
Replacement makes the steps noisier: with many samples the final error is larger than in passes (at the
scale of the paper by 11 percent for the first layer, 25 percent for both layers, mean over K); with few
samples it is the same, but the training error decreases more slowly (to 2.2 and 1.2 times as much at the
end). No statement about the size of students depends on it. Passes are the method of the authors' program
for both layers (Goldt et al., NeurIPS 2019). Sizes, noise, rate, samples and initial weights are guessed:
those of the paper are not known.
"""
claim = partial(Claim, FIGURE, source=GUESSED, certainty="remembered")
recomputed = partial(Claim, FIGURE, certainty="recomputed")


def figure(curves):
    """Draw both errors over time, and final, minimal and training errors against the number of units."""
    fig, axes = _figures.panels(2, 2, _figures.PAGE, 0.72)
    plot_time(axes[0, 0], curves)
    for name in LAYERS:
        finite, fresh = engines(curves, name)
        for ax, of in zip(axes.flat[1:], (late, minimal, training), strict=True):
            plot_sizes(ax, engines(curves, name, REPLACED)[0], name, of, thin=True)
            plot_sizes(ax, finite, name, of)
        plot_points(axes[0, 1], fresh, name, late(fresh), "fresh samples", "k")
    titles = ("over time", "at the end", "stopped at its minimum", "training error at the end")
    for ax, title in zip(axes.flat, titles, strict=True):
        _figures.log_axes(ax)
        ax.set(title=title, ylabel=r"error $\epsilon$")
        ax.yaxis.set_minor_formatter(NullFormatter())
    for ax in (axes[0, 0], axes[1, 1]):
        ax.axhline(noise_floor(engines(curves, "first layer")[0]), color="0.6", linestyle=":", zorder=0)
    add_legends(axes, finite)
    _figures.letter(axes)
    return fig


def plot_time(ax, curves):
    """Draw both errors of the largest student for the middle number of samples."""
    for name, color in zip(LAYERS, COLORS, strict=False):
        finite, replaced = (engines(curves, name, sampling)[0] for sampling in (PASSES, REPLACED))
        after = finite.time > 0.0
        x = finite.time[after]
        for what, face in (("generalisation", "none"), ("training", color)):
            mean, error = over_time(finite, what)
            style = {"color": color, "marker": MARKERS[name], "markerfacecolor": face}
            _figures.plot_simulation(ax, x, mean[after], f"{name}, {what}", error[after], **style)
            series, thin = f"{name}, {what}, with replacement", THIN | {"color": color, "linestyle": "-"}
            _figures.plot_simulation(ax, x, over_time(replaced, what)[0][after], series, **thin)
    _figures.log_axes(ax, "x")
    ax.set_xlabel("time $t$")


def plot_sizes(ax, finite, name, of, thin=False):
    """Draw one error against the number of units, a colour for each number of samples."""
    alphas = ratios(finite)
    colors = _figures.colors_along(range(len(alphas)))
    for alpha, color, values in zip(alphas, colors, by_samples(finite, of), strict=True):
        plot_points(ax, finite, name, values, rf"$\alpha = {alpha:g}$", color, thin)


def plot_points(ax, entry, name, values, series, color, thin=False):
    """Draw means over runs, joined by lines: dashed for both layers; thin with replacement."""
    style, K = {"color": color, "linestyle": "-" if MARKERS[name] == "o" else "--"}, entry.axis("hidden")
    if thin:
        series = f"{name}, {series}, with replacement"
        _figures.plot_simulation(ax, K, averages(values)[0], series, **style | THIN)
    else:
        style |= {"marker": MARKERS[name], "linewidth": 0.7}
        _figures.plot_runs(ax, K, values, f"{name}, {series}", **style)
    ax.set(xlabel="student units $K$", xticks=K)
    ax.xaxis.set_minor_locator(NullLocator())


def add_legends(axes, finite):
    """Add legends of colours and markers to the panels with free space."""
    axes[0, 0].set_ylim(2e-3, None)
    axes[0, 0].legend(loc="lower left")
    handles, labels = axes[0, 1].get_legend_handles_labels()
    short = [label.split(", ")[1] for label in labels]
    distinct = [short.index(text) for text in dict.fromkeys(short)]
    low, high = axes[0, 1].get_ylim()
    axes[0, 1].set_ylim(low, high * 4.0)
    axes[0, 1].legend([handles[i] for i in distinct], [short[i] for i in distinct], loc="upper left", ncols=2)
    (thin,) = axes[1, 1].plot(
        [], [], color="0.3", linewidth=THIN["linewidth"], label="thin: with replacement"
    )
    axes[1, 1].legend(handles=[thin], loc="lower left")


def claims(curves):
    """State how errors depend on the size, on the samples and on the stopping time."""
    first, both = (engines(curves, name)[0] for name in LAYERS)
    return [
        *size_claims(first, both),
        *training_claims(first, both),
        *stopping_claims(first, both),
        *(fresh_claim(name, *engines(curves, name)) for name in LAYERS),
        *(classical_claim(curves, sampling) for sampling in WORDS),
        *replacement_claims(curves),
    ]


def size_claims(first, both):
    """State that errors increase with K if the first layer is trained and not if both are."""
    text = (
        "{}, 10 samples per input or more: {} error of the largest student divided by that of the "
        "smallest, {}."
    )
    for what, of in (("final", late), ("minimal", minimal)):
        rise, flat = (growth(means(finite, of))[ratios(finite) >= MANY] for finite in (first, both))
        yield claim(text.format("First layer", what, "smallest ratio"), value=rise.min(), low=2.0)
        yield claim(text.format("Both layers", what, "largest ratio"), value=flat.max(), low=0.0, high=1.5)


def training_claims(first, both):
    """State that students fit the noise of their samples."""
    for name, finite in zip(LAYERS, (first, both), strict=True):
        seen, clean = means(finite, training), means(finite, late)
        yield claim(
            f"{name.capitalize()}: final training error divided by the error for fresh noisy labels, "
            "largest ratio.",
            value=(seen / (clean + noise_floor(finite))).max(),
            low=0.0,
            high=0.99,
        )
        yield claim(
            f"{name.capitalize()}, fewest samples: final training error divided by the generalisation error "
            "for clean labels, largest ratio.",
            value=(seen / clean)[0].max(),
            low=0.0,
            high=0.5,
        )


def stopping_claims(first, both):
    """State that early stopping reduces the error, and more so with fewer samples."""
    for name, finite in zip(LAYERS, (first, both), strict=True):
        best = by_samples(finite, lambda entry: errors(entry).mean(axis=-2).min(axis=-1))
        gain = means(finite, late) / best
        text = (
            f"{name.capitalize()}: error at the end divided by that at the best common stopping time of all "
            "runs, "
        )
        yield claim(text + "smallest with the fewest samples.", value=gain[0].min(), low=1.1)
        lost = (gain[0] / gain[-1]).min()
        yield claim(text + "with the fewest samples relative to the most, smallest.", value=lost, low=1.0)


def fresh_claim(name, finite, fresh):
    """State that many samples have the same effect as fresh ones."""
    many, limit = medians(by_samples(finite, late))[-1], medians(late(fresh))
    return claim(
        f"{name.capitalize()}, most samples: final error divided by that with fresh samples, medians over "
        "runs, furthest from one.",
        value=max(many / limit, key=lambda ratio: abs(np.log(ratio))),
        low=0.7,
        high=2.0,
    )


def classical_claim(curves, sampling):
    """Compare the excess error over fresh samples with that of a least-squares fit, by repeated samples."""
    finite, fresh = engines(curves, "first layer", sampling)
    mean, error = averages(by_samples(finite, late))
    base, base_error = averages(late(fresh))
    M, sigma = finite.spec.teachers.hidden, finite.spec.teachers.output_noise[0]
    alpha, expected = ratios(finite)[-1], sigma**2 * M / (2.0 * ratios(finite)[-1])
    if sampling == PASSES:
        times = finite.time[finite.time >= LATE * finite.time[-1]]
        expected *= repeats_in_passes(M, finite.spec.training.learning_rate, alpha, times)
    return recomputed(
        f"First layer, K = M, most samples {WORDS[sampling]}: final error minus that with fresh samples, in "
        "units of the expected effect of repeated samples.",
        value=(mean[-1, 0] - base[0]) / expected,
        uncertainty=np.hypot(error[-1, 0], base_error[0]) / expected,
        low=0.4,
        high=1.8,
        source="sigma^2 M / (2 alpha) as for a fit; in passes without pairs in one pass; derived",
    )


def replacement_claims(curves):
    """State the effect of sampling with replacement; runs of both ways share their training sets."""
    text = (
        "{}, {} samples: {} error with replacement divided by that in passes, geometric mean over students."
    )
    for name, what, of, row, samples in (
        ("first layer", "training", training, 0, "fewest"),
        ("both layers", "training", training, 0, "fewest"),
        ("both layers", "final", late, -1, "most"),
    ):
        passes, replaced = (by_samples(engines(curves, name, way)[0], of)[row] for way in WORDS)
        mean, error = averages(np.log(replaced / passes).mean(axis=0))
        yield recomputed(
            text.format(name.capitalize(), samples, what),
            value=np.exp(mean),
            uncertainty=np.exp(mean) * error,
            low=1.0,
            source="steps with replacement are noisier, derived",
        )


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)

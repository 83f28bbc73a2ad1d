"""Final error of linear and ReLU students with label noise, with one layer trained and with both.

Believed to be figure 4 of Goldt et al. 2019. The reader should see that larger students have larger final
errors if only the first layer is trained, as for erf units, and that the error depends on the initial
weights if both layers are: linear and ReLU units can exchange the scale of their weights and of their
readouts.
"""

from functools import partial

import _figures
import numpy as np
from _goldt2019 import APART, COLORS, GUESSED, averages, late_errors
from matplotlib.ticker import MaxNLocator

from teacherstudent.analysis import linear_error
from teacherstudent.experiments.claims import Claim

FIGURE = "goldt2019_linear_relu"
LINEAR_FIRST, LINEAR_BOTH, RELU_FIRST, RELU_BOTH = (
    f"goldt2019_{activation}_{layers}"
    for activation in ("linear", "relu")
    for layers in ("first_layer", "both_layers")
)
CAPTION = """
Students with K units and a teacher with M = 4 orthonormal units, both linear (a) or both ReLU (b),
readouts of the teacher 1, label noise sigma = 0.1: error after long times in units of sigma^2 eta,
average over the last third of runs, mean over runs with standard errors. Runs are exact samples of the
order parameters of networks with 500 inputs (fewer in the small form) from engine chain. Learning rates
are 0.05 (linear) and 0.1 (ReLU). Circles: first layer trained, readouts 1, from random weights. Other
points: both layers trained, from K / M equal clones of each teacher unit (squares), from random weights
and readouts of standard deviation 1 / sqrt N (triangles; for ReLU the run with the smallest final error,
since many remain on plateaus), for ReLU from the teacher's units and small other units (diamonds), and
for linear students from units in one direction (crosses). Lines (a): eta sigma^2 S / (4 - 2 eta S), exact
for fixed readouts v with S = sum_k v_k^2. S is K for the first layer, M^2 / K for clones, M for units in
one direction (weights sum_m B_m / sqrt(M K) with the teacher's units B_m, readouts sqrt(M / K)), and sqrt
M for small starts: the length of the one effective unit of the teacher, since both layers grow to equal
lengths. Lines (b): equations of motion from the same kinds of initial weights, mean over 8 runs (for random
weights of both layers the run with the smallest final error), averaged over the same times.
With both layers trained the error of linear students therefore decreases with K or does not depend on it,
according to their initial weights. The published decrease is remembered; the authors' program starts
linear students in one direction, for which the error does not decrease. Believed to be figure 4 of Goldt
et al. (NeurIPS 2019). The sizes are believed to be close to the published ones; noise, rates and initial
weights are guessed.
"""
claim = partial(Claim, FIGURE, source=GUESSED, certainty="remembered")
recomputed = partial(Claim, FIGURE, certainty="recomputed")
TINY = np.finfo(float).tiny
STYLES = {
    "first layer": {"color": COLORS[0], "marker": "o"},
    "denoising": {"color": COLORS[1], "marker": "s"},
    "small": {"color": COLORS[2], "marker": "^"},
    "informed": {"color": COLORS[3], "marker": "D"},
    "one_direction": {"color": COLORS[4], "marker": "x"},
}
NAMES = {
    "denoising": "both, clones",
    "small": "both, random",
    "informed": "both, teacher's units",
    "one_direction": "both, one direction",
}


def figure(curves):
    """Draw errors against the number of units, linear on the left and ReLU on the right."""
    fig, axes = _figures.panels(1, 2, _figures.PAGE, 0.72)
    plot_linear(axes[0, 0], curves[LINEAR_FIRST]["chain"], curves[LINEAR_BOTH]["chain"])
    plot_relu(axes[0, 1], curves[RELU_FIRST]["chain"], curves[RELU_BOTH]["chain"])
    plot_equations(axes[0, 1], curves[RELU_FIRST]["ode"], curves[RELU_BOTH]["ode"])
    for ax, name in zip(axes[0], ("linear", "ReLU"), strict=True):
        ax.set(title=name, xlabel="student units $K$", ylabel=r"error $\epsilon / (\sigma^2 \eta)$")
        ax.set_ylim(0.0, None)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        add_legend(ax)
    _figures.letter(axes)
    return fig


def add_legend(ax):
    """Add a legend that starts with the first layer; matplotlib would list points with error bars last."""
    entries = zip(*ax.get_legend_handles_labels(), strict=True)
    handles, labels = zip(*sorted(entries, key=lambda entry: entry[1] != "first layer"), strict=True)
    ax.legend(handles, labels, loc="upper left")


def plot_linear(ax, first, both):
    """Draw runs and closed forms of linear students."""
    plot_means(ax, first, "first layer", "first layer")
    plot_formula(ax, first, first.axis("hidden"), "first layer")
    for start in both.axis("scheme"):
        plot_means(ax, both.select(scheme=start), NAMES[start], start)
        plot_formula(ax, both, squared_readouts(both, start), start)


def plot_relu(ax, first, both):
    """Draw runs of ReLU students."""
    plot_means(ax, first, "first layer", "first layer")
    for start in both.axis("scheme"):
        chain = both.select(scheme=start)
        if start == "small":
            best = np.nanmin(late_errors(chain), axis=-1)
            name = f"{NAMES[start]}, best run"
            _figures.plot_simulation(ax, chain.axis("hidden"), best, name, **STYLES[start])
        else:
            plot_means(ax, chain, NAMES[start], start)


def plot_equations(ax, first, both):
    """Draw the equations of motion of ReLU students."""
    lines = {"first layer": first} | {start: both.select(scheme=start) for start in both.axis("scheme")}
    for start, entry in lines.items():
        values = (best_runs if start == "small" else averages)(late_errors(entry))[0]
        style = {"label": None, "color": STYLES[start]["color"]}
        _figures.plot_theory(ax, entry.axis("hidden"), values, f"{start}, equations", **style)


def plot_means(ax, chain, series, start):
    """Draw means over runs with standard errors."""
    _figures.plot_runs(ax, chain.axis("hidden"), late_errors(chain), series, **STYLES[start])


def plot_formula(ax, chain, S, start):
    """Draw the closed form for given sums S of squared readouts."""
    style = {"label": None, "color": STYLES[start]["color"]}
    _figures.plot_theory(ax, chain.axis("hidden"), formula(chain, S), f"{start}, formula", **style)


def squared_readouts(chain, start):
    """Return the final sum of squared readouts for one kind of initial weights of both layers, for each K."""
    M, K = chain.spec.teachers.hidden, chain.axis("hidden").astype(float)
    if start != "denoising":
        return np.full(len(K), np.sqrt(M) if start == "small" else M)
    copies = [np.bincount(np.arange(int(k)) % M, minlength=M) for k in K]
    return np.array([np.sum(1.0 / count) for count in copies])


def formula(chain, S):
    """Return eps / (sigma^2 eta) of linear students: the error of one unit with learning rate eta S."""
    eta = chain.spec.training.learning_rate
    return np.array([linear_error(1, eta * s, 1.0) for s in S]) / eta


def claims(curves):
    """State the closed forms, and how errors depend on the size."""
    first, both = curves[LINEAR_FIRST]["chain"], curves[LINEAR_BOTH]["chain"]
    return [
        *linear_claims(first),
        *(both_claim(both, start) for start in both.axis("scheme")),
        *trend_claims(both),
        *relu_claims(curves[RELU_FIRST]["chain"], curves[RELU_BOTH]["chain"]),
        *equation_claims(curves[RELU_FIRST], curves[RELU_BOTH]),
    ]


def linear_claims(chain):
    """Compare linear students with the closed form."""
    mean, error = averages(late_errors(chain))
    expected = formula(chain, chain.axis("hidden"))
    said = partial(recomputed, source="closed form eta sigma^2 K / (4 - 2 eta K), derived")
    yield said(
        "Linear, first layer: error of runs against the closed form, largest relative difference.",
        value=np.abs(mean / expected - 1.0).max(),
        low=0.0,
        high=0.05,
    )
    yield said(
        "Linear, first layer: distance of the error of runs from the closed form in standard errors, median.",
        value=np.median(np.abs(mean - expected) / error),
        low=0.0,
        high=APART,
    )
    yield claim(
        "Linear, first layer: smallest increase of the error from one K to the next.",
        value=np.diff(mean).min(),
        low=TINY,
    )


def both_claim(chain, start):
    """Compare both layers with the closed form for the readouts of one kind of initial weights."""
    mean, _ = averages(late_errors(chain.select(scheme=start)))
    words = start.replace("_", "-")
    return recomputed(
        f"Linear, both layers from {words} starts: error of runs against the closed form with the sum of "
        "squared readouts for K, largest relative difference.",
        value=np.abs(mean / formula(chain, squared_readouts(chain, start)) - 1.0).max(),
        low=0.0,
        high=0.06,
        source="closed form for fixed readouts, derived",
    )


def ratio(chain, start, over=averages):
    """Return the error of the largest student divided by that of the smallest."""
    values = over(late_errors(chain.select(scheme=start)))[0]
    return values[-1] / values[0]


def trend_claims(both):
    """State that the error of linear students with both layers trained does not increase with K."""
    text = "Linear, both layers from {} starts: error of the largest student divided by that of the smallest."
    falls = f"{GUESSED}; not so from the one-direction start of the authors' program"
    yield claim(text.format("denoising"), value=ratio(both, "denoising"), low=0.0, high=0.7, source=falls)
    yield claim(text.format("small"), value=ratio(both, "small"), low=0.9, high=1.1)
    yield recomputed(
        text.format("one-direction"),
        value=ratio(both, "one_direction"),
        low=0.9,
        high=1.1,
        source="start of the authors' program; closed form for fixed readouts, derived",
    )


def relu_claims(first, both):
    """State how the error of ReLU students depends on K."""
    mean, _ = averages(late_errors(first))
    yield claim(
        "ReLU, first layer: smallest increase of the error from one K to the next.",
        value=np.diff(mean).min(),
        low=TINY,
    )
    text = "ReLU, both layers from {}: error of the largest student divided by that of the smallest."
    yield claim(text.format("denoising starts"), value=ratio(both, "denoising"), low=0.0, high=0.7)
    yield claim(text.format("the teacher's units"), value=ratio(both, "informed"), low=0.9, high=1.1)
    value = ratio(both, "small", over=best_runs)
    yield claim(text.format("small starts, best runs"), value=value, low=0.0, high=1.25)


def equation_claims(first, both):
    """Compare ReLU students with the equations of motion, from starts without plateaus."""
    starts = {"first layer": first} | {
        f"both layers from {name}": {engine: both[engine].select(scheme=start) for engine in ("ode", "chain")}
        for start, name in (("denoising", "denoising starts"), ("informed", "the teacher's units"))
    }
    for name, engines in starts.items():
        mean, line = (averages(late_errors(engines[engine]))[0] for engine in ("chain", "ode"))
        yield recomputed(
            f"ReLU, {name}: error of runs against the equations of motion, largest relative difference.",
            value=np.abs(mean / line - 1.0).max(),
            low=0.0,
            high=0.1,
            source="the equations of this project",
        )


def best_runs(values):
    """Return the minimum over runs, the last axis, in the form of `averages`."""
    return np.nanmin(values, axis=-1), None


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)

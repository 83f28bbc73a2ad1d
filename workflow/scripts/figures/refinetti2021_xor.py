"""Gaussian clusters arranged as an exclusive or: students with ReLU units and with odd ones.

Refinetti et al. 2021 compare two-layer networks with kernel methods on such clusters. The reader should see
that a few ReLU units reach nearly the best possible error from nearly every start, more reliably the more
units there are, and that erf units, whose networks are odd functions, stay at chance.
"""

from functools import partial

import _figures
import numpy as np
from scipy.special import ndtr

from teacherstudent.experiments.claims import Claim

FIGURE = "refinetti2021_xor"
TIME, ODD = "refinetti2021_time", "refinetti2021_noise_erf"
UNITS = {units: f"refinetti2021_noise_{units}" for units in (2, 4, 8)}
CAPTION = """
Students with two layers learn to classify inputs from four Gaussian clusters by online gradient descent on
the squared loss. The means are u + v and -u - v (label 1), u - v and v - u (label -1), with orthogonal u and
v of length 1; sigma is the standard deviation of each of the 1000 inputs around the mean. Learning rate
0.1, weights initially of standard deviation 1, readouts of 1 / sqrt K. (a) Classification error over time,
that is steps divided by the number of inputs, of students with K = 4 units: medians and quartiles of 16
chains of the order parameters (fewer in the small form, which has 100 inputs). Crosses: the best of four
simulated networks (three in the small form) for sigma = 0.35. Dashed: the best possible error, 2 q (1 - q)
with q = Phi(-1 / sigma). (b) Median error at the end against sigma. (c) Share of students whose error at the
end is at most 1.5 times the best possible one. Refinetti, Goldt, Krzakala and Zdeborova (ICML 2021) find that
networks with a few ReLU units come close to the best error on such clusters, where kernel methods need many
more samples; this is from memory, and parameters and panels are our own. Kernel methods are not shown. Two
ReLU units are too few. Networks of erf units without biases are odd functions of the input, and the labels
are even: their error is that of chance. Errors are means over 16 384 evenly spread points of the fields in
each cluster, and correct to about 0.0002.
"""
NEAR = 1.5  # times the best error that counts as learned
COLORS = {
    2: _figures.series_color(0),
    4: _figures.series_color(1),
    8: _figures.series_color(2),
    "erf": "0.35",
}
claim = partial(Claim, FIGURE, certainty="recomputed")
best_claim = partial(claim, source="the best possible error in closed form")


def best(std):
    """Return the best possible error, 2 q (1 - q) with q = Phi(-1 / std)."""
    q = ndtr(-1.0 / np.asarray(std))
    return 2.0 * q * (1.0 - q)


def errors(curves):
    """Return classification errors, (axes..., run, time)."""
    return curves.values("classification_error")[..., 0]


def figure(curves):
    """Draw errors over time, errors at the end, and the share of students that have learned."""
    fig, axes = _figures.panels(1, 3, _figures.PAGE, 1.05)
    axes = np.ravel(axes)
    plot_time(axes[0], curves[TIME])
    plot_ends(axes[1], axes[2], curves)
    _figures.letter(axes)
    return fig


def plot_time(ax, engines):
    """Draw medians and quartiles of errors over time."""
    chain, network = engines["chain"], engines["network"]
    stds = chain.axis("std").tolist()
    shades = dict(zip(stds, _figures.colors_along(range(len(stds) + 1)), strict=False))
    for std in stds:
        for name in ("relu", "erf"):
            values = errors(chain.select(std=std, activation=name))
            label = rf"{'ReLU' if name == 'relu' else name}, $\sigma = {std:g}$"
            style = {"label": label, "color": shades[std], "linestyle": "-" if name == "relu" else ":"}
            middle = np.median(values, axis=0)
            _figures.plot_theory(ax, chain.time, middle, f"{name}, sigma = {std:g}", **style)
            if name == "relu":
                low, high = np.percentile(values, [25, 75], axis=0)
                ax.fill_between(chain.time, low, high, color=shades[std], alpha=0.2, linewidth=0)
        ax.axhline(best(std), color=shades[std], linestyle="--", linewidth=0.8)
    for std in network.axis("std").tolist():
        found = errors(network.select(std=std))
        found = found[np.argmin(found[:, -1])]
        style = {"color": shades[std], "marker": "x", "label": "network"}
        _figures.plot_simulation(ax, network.time, found, f"network, sigma = {std:g}", **style)
    _figures.log_axes(ax, "xy")
    ax.set(xlabel="time $t$", ylabel="classification error", ylim=(2e-3, 1.0), xlim=(1.0, None))
    ax.legend(loc="lower left", fontsize="xx-small", bbox_to_anchor=(0.0, 0.17))


def ends(curves, which):
    """Return standard deviations, and errors at the end, (stds, runs)."""
    chain = curves[ODD if which == "erf" else UNITS[which]]["chain"]
    return chain.axis("std"), errors(chain)[..., -1]


def plot_ends(ax, share, curves):
    """Draw median errors at the end, and the share of students near the best error."""
    for which, color in COLORS.items():
        std, found = ends(curves, which)
        name = "erf, K = 4" if which == "erf" else f"ReLU, K = {which}"
        style = {"color": color, "label": name, "linestyle": "-", "linewidth": 0.6}
        _figures.plot_simulation(ax, std, np.median(found, axis=1), name, **style)
        near = np.mean(found <= NEAR * best(std)[:, None], axis=1)
        _figures.plot_simulation(share, std, near, name, **style)
    wide = np.linspace(0.3, 1.0, 57)
    _figures.plot_theory(
        ax, wide, best(wide), "best possible", color="k", linestyle="--", label="best possible"
    )
    _figures.log_axes(ax)
    ax.set(xlabel=r"standard deviation $\sigma$", ylabel="error at the end", ylim=(3e-4, 1.0))
    share.set(xlabel=r"standard deviation $\sigma$", ylabel="share that has learned", ylim=(-0.03, 1.03))
    ax.legend(loc="lower right", fontsize="xx-small")


def claims(curves):
    """State the distance from the best error, the share that learns, and that odd students do not."""
    return [*near_the_best(curves), *more_units(curves), odd(curves), networks(curves[TIME])]


def near_the_best(curves):
    """State the median error of four units over the best one."""
    for std in (0.35, 0.5):
        stds, found = ends(curves, 4)
        median = float(np.median(found[np.isclose(stds, std)]))
        yield best_claim(
            f"Four ReLU units, sigma = {std:g}: median classification error at the end divided by the best "
            "possible one.",
            value=median / float(best(std)),
            low=0.95,
            high=1.25,
        )


def shares(curves, units):
    """Return the share of students near the best error, over all sigma."""
    std, found = ends(curves, units)
    return float(np.mean(found <= NEAR * best(std)[:, None]))


def more_units(curves):
    """State that two units are too few, and that more units learn from more starts."""
    yield claim(
        "Two ReLU units: share of students near the best error, over all sigma.",
        source="own expectation: an exclusive or of clusters needs four units",
        value=shares(curves, 2),
        low=0.0,
        high=0.05,
    )
    yield claim(
        "Share of students near the best error over all sigma: with eight ReLU units minus with four.",
        source="own expectation",
        value=shares(curves, 8) - shares(curves, 4),
        low=0.0,
        high=0.5,
    )


def odd(curves):
    """State that erf students stay at chance."""
    return claim(
        "Erf units: the median error at the end that is farthest from 1/2, over all sigma.",
        source="networks of erf units are odd functions",
        value=float(min(np.median(ends(curves, "erf")[1], axis=1), key=lambda one: -abs(one - 0.5))),
        low=0.47,
        high=0.53,
    )


def networks(engines):
    """State that a simulated network has the error of the chains."""
    chain = engines["chain"].select(std=0.35, activation="relu")
    network = engines["network"].select(std=0.35)
    return claim(
        "Four ReLU units, sigma = 0.35: smallest error of simulated networks at the end divided by that of "
        "the chains.",
        source="the chains of this project",
        value=float(errors(network)[:, -1].min() / errors(chain)[:, -1].min()),
        low=0.9,
        high=1.15,
    )


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)

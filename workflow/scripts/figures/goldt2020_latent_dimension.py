"""Asymptotic error on a hidden manifold against the ratio of latent numbers and inputs.

Figure 5 of Goldt et al. 2020 shows this for signs. The reader should see that the asymptotic error is
proportional to delta = D / N where there are few latent numbers, that it does not vanish at small learning
rates, that smooth foldings have much smaller errors, and that networks of finite size agree.
"""

from functools import partial

import _figures
import numpy as np
from _goldt2020 import OURS, REFERENCE, errors, errors_on_samples, farthest

from teacherstudent.experiments.claims import Claim
from teacherstudent.store.curves import mean_over, sem_over

FIGURE, EXPERIMENT, SLOW = "goldt2020_latent_dimension", "goldt2020_latent_dimension", "goldt2020_small_rate"
COLORS = {"sign": _figures.series_color(0), "erf": _figures.series_color(1)}
CAPTION = """
Asymptotic error of soft committee machines (K = M = 2 erf units, first layer trained) on inputs f(F c /
sqrt D) with D = delta N latent numbers c and Gaussian projections F, for the foldings f = sign and erf. (a)
Lines: equations in the limit of infinitely many inputs at learning rates 0.2 and 0.02 (dashed, just below).
Points: networks of 1000 inputs with signs at t = 1000 (300 inputs at t = 300 in the small form), error in
closed form (circles) and on 10 000 test samples (crosses), means of two networks with standard errors.
Grey: line of slope 1. Vertical lines: ratios of estimated intrinsic dimension and number of pixels of two
collections of images, about 14 of 784 (MNIST) and 35 of 3072 (CIFAR-10). (b) Error at learning rate 0.2
divided by that at 0.02. The equations are integrated from given overlaps to t = 30 000 at rate 0.2 and 300
000 at 0.02, where errors are asymptotic up to a part in a thousand.
The subject is that of Goldt, Mezard, Krzakala and Zdeborova (Phys. Rev. X 10, 041044, 2020).
Its figure 5 shows the asymptotic error against delta at learning rate 0.2, as read in a talk about it; the
intrinsic dimensions are from memory, the other learning rate and folding are our choice.
"""
# Asymptotic errors by another program: folding and rate; delta.
RATIOS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.25, 0.5, 0.9, 2.0, 10.0)
KNOWN = {
    ("sign", 0.2): (
        *(
            0.00022965,
            0.00068942,
            0.0023036,
            0.0069566,
            0.023651,
            0.060475,
            0.11828,
            0.18675,
            0.27088,
            0.3338,
        ),
    ),
    ("sign", 0.02): (
        *(
            0.00021169,
            0.00063549,
            0.0021232,
            0.0064100,
            0.021770,
            0.055535,
            0.10822,
            0.17023,
            0.24695,
            0.3172,
        ),
    ),
    ("erf", 0.2): (
        *(
            0.00001793,
            0.00005379,
            0.00018036,
            0.00055147,
            0.0019714,
            0.0058177,
            0.016270,
            0.056304,
            0.19221,
            0.31395,
        ),
    ),
    ("erf", 0.02): (
        *(
            0.00001747,
            0.00005239,
            0.00017569,
            0.00053718,
            0.0019203,
            0.0056663,
            0.015843,
            0.054773,
            0.18629,
            0.30430,
        ),
    ),
}
IMAGES = {"MNIST": 14.0 / 784.0, "CIFAR-10": 35.0 / 3072.0}
NETWORK_FOLDING = "sign"
claim = partial(Claim, FIGURE, source=OURS, certainty="recomputed")


def figure(curves):
    """Draw asymptotic errors, and their dependence on the learning rate."""
    fig, axes = _figures.panels(1, 2, _figures.PAGE, 0.75)
    rates = {0.2: curves[EXPERIMENT]["ode"], 0.02: curves[SLOW]["ode"]}
    plot_errors(axes[0, 0], rates, curves[EXPERIMENT]["network"])
    plot_ratio(axes[0, 1], *rates.values())
    for ax in axes.flat:
        _figures.log_axes(ax, "x")
        ax.set_xlabel(r"$\delta = D / N$")
    _figures.letter(axes)
    return fig


def last(entry, folding):
    """Return delta and the last errors of a folding."""
    chosen = entry.select(folding=folding)
    return chosen.axis("latent_fraction"), errors(chosen)[:, 0, -1]


def plot_errors(ax, rates, network):
    """Draw asymptotic errors in the limit, and the last errors of networks."""
    for folding, color in COLORS.items():
        for (rate, entry), style in zip(rates.items(), ("-", "--"), strict=True):
            name = rf"{folding}, $\eta = {rate:g}$"
            _figures.plot_theory(ax, *last(entry, folding), name, color=color, linestyle=style)
    ratios = network.axis("latent_fraction")
    for name, of, marker in (("closed form", errors, "o"), ("test samples", errors_on_samples, "x")):
        values = of(network)[..., -1]
        how = {"marker": marker, "color": "0.2" if marker == "x" else COLORS["sign"], "markersize": 4}
        _figures.plot_simulation(
            ax, ratios, mean_over(values, 1), f"networks, {name}", sem_over(values, 1), **how
        )
    for name, ratio in IMAGES.items():
        ax.axvline(ratio, color="0.7", linewidth=0.6, linestyle=":", zorder=0)
        place = {"transform": ax.get_xaxis_transform(), "rotation": 90, "ha": "right", "va": "top"}
        ax.text(ratio, 0.99, name, fontsize=6, color="0.4", **place)
    ends = np.array([rates[0.2].axis("latent_fraction")[0], 0.1])
    ax.plot(ends, 0.5 * ends, color="0.6", linewidth=0.6, zorder=0)
    _figures.log_axes(ax)
    ax.set_ylabel(r"asymptotic error $\epsilon^*$")
    ax.legend(loc="lower right")


def plot_ratio(ax, fast, slow):
    """Draw the ratio of errors at the two learning rates."""
    for folding, color in COLORS.items():
        ratios, error = last(fast, folding)
        _figures.plot_theory(ax, ratios, error / last(slow, folding)[1], folding, color=color)
    ax.set(ylabel=r"$\epsilon^*(\eta = 0.2)\,/\,\epsilon^*(\eta = 0.02)$", ylim=(1.0, None))
    ax.legend(loc="best")


def claims(curves):
    """State the distance from other numbers, the slope, the small rate, the folding, and networks."""
    rates = {0.2: curves[EXPERIMENT]["ode"], 0.02: curves[SLOW]["ode"]}
    return [
        *(known_claim(rates[rate], folding, rate) for folding, rate in KNOWN),
        *(slope_claim(rates[0.2], folding) for folding in COLORS),
        folding_claim(rates[0.2]),
        *network_claims(curves[EXPERIMENT]),
    ]


def known_claim(entry, folding, rate):
    """State the distance of asymptotic errors from those of another program."""
    ratios, error = last(entry, folding)
    at = [int(np.argmin(np.abs(ratios - ratio))) for ratio in RATIOS if np.isclose(ratios, ratio).any()]
    known = [
        value
        for ratio, value in zip(RATIOS, KNOWN[folding, rate], strict=True)
        if np.isclose(ratios, ratio).any()
    ]
    return claim(
        f"Folding {folding}, learning rate {rate:g}: asymptotic errors at {len(known)} ratios delta from "
        f"{ratios[at[0]]:g} to {ratios[at[-1]]:g}, largest relative distance from those of the other "
        "computation.",
        value=np.abs(error[at] / np.array(known) - 1.0).max(),
        low=0.0,
        high=5e-3,
        source=REFERENCE,
    )


def slope_claim(entry, folding):
    """State that the asymptotic error is proportional to a small delta."""
    ratios, error = last(entry, folding)
    return claim(
        f"Folding {folding}: slope of log error against log delta at the smallest delta.",
        value=np.diff(np.log(error[:2]))[0] / np.diff(np.log(ratios[:2]))[0],
        low=0.98,
        high=1.1,
        source=REFERENCE,
    )


def folding_claim(entry):
    """State that a smooth folding has a smaller error."""
    (ratios, signs), (_, smooth) = last(entry, "sign"), last(entry, "erf")
    return claim(
        f"Asymptotic error with signs divided by that with erf at delta = {ratios[0]:g}.",
        value=signs[0] / smooth[0],
        low=12.0,
        high=13.5,
        source=REFERENCE,
    )


def network_claims(engines):
    """Compare networks of finite size with the limit at the same time."""
    network, ode = engines["network"], engines["ode"].select(folding=NETWORK_FOLDING)
    index = int(np.argmin(np.abs(ode.time - network.time[-1])))
    for name, of in (("in closed form", errors), ("on test samples", errors_on_samples)):
        values = mean_over(of(network)[..., -1], 1)
        limit = [
            errors(ode.select(latent_fraction=ratio))[0, index] for ratio in network.axis("latent_fraction")
        ]
        yield claim(
            f"Networks of {network.spec.inputs.dimension} inputs with signs at t = {network.time[-1]:g}: "
            f"mean error {name} divided by that of the limit, farthest from 1 of {len(limit)} ratios delta.",
            value=farthest(values / np.array(limit)),
            low=0.85,
            high=1.15,
        )


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)

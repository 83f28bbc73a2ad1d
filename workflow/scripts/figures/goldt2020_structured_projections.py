"""Hidden manifolds with orthogonal projections: one or two groups of modes in place of a spectrum.

Figure 4 of Goldt et al. 2020 shows that projections need not be random. The reader should see that
equations with one group of modes (as many latent numbers as inputs) and two groups (fewer latent numbers)
describe networks whose projection is a part of a Hadamard matrix, and that errors are a little smaller than
with Gaussian projections.
"""

from functools import partial

import _figures
import numpy as np
from _continual import legend_above
from _goldt2020 import OURS, REFERENCE, at, errors, errors_on_samples, farthest

from teacherstudent.experiments.claims import Claim
from teacherstudent.store.curves import mean_over, sem_over

FIGURE, EXPERIMENT = "goldt2020_structured_projections", "goldt2020_projections"
RATIOS = (0.01, 0.1, 0.25, 1.0)  # delta of the time courses
COLORS = dict(zip(RATIOS, _figures.colors_along(range(len(RATIOS))), strict=True))
CAPTION = """
A soft committee machine (K = M = 2 erf units, first layer trained, learning rate 0.2) learns from signs of
projections of D = delta N latent numbers; all runs start with the same overlaps Q and R. (a) Error over
time for projections with orthogonal columns, F^T F = N. Lines: equations, which have one group of modes at
delta = 1 and two groups below. Points: networks of 1024 inputs whose projection is a part of a Hadamard
matrix with random signs of the rows, error in closed form, mean of two networks with standard errors (256
inputs in the small form). Dashed: equations in the limit of infinitely many inputs with Gaussian
projections. (b) Error at t = 10 000 for both kinds of projections.
The subject is that of Goldt, Mezard, Krzakala and Zdeborova (Phys. Rev. X 10, 041044, 2020).
That its figure 4 shows such projections (Hadamard matrices, cosine transforms) is known from memory, its
parameters are not; ratios and initial overlaps are our choice.
"""
# Errors of orthogonal projections at t = 10 000 by another program.
KNOWN = {1.0: 0.1405, 0.1: 0.0216}
LATE = 30.0  # earliest time at which networks are compared
claim = partial(Claim, FIGURE, source=OURS, certainty="recomputed")


def figure(curves):
    """Draw errors over time, and asymptotic errors against delta."""
    fig, axes = _figures.panels(1, 2, _figures.PAGE, 0.7)
    ode, network = curves[EXPERIMENT]["ode"], curves[EXPERIMENT]["network"]
    plot_time(axes[0, 0], ode, network)
    plot_end(axes[0, 1], ode)
    legend_above(fig, [axes[0, 0]], r"$\delta = D / N$")
    _figures.letter(axes)
    return fig


def plot_time(ax, ode, network):
    """Draw errors over time."""
    later, seen = ode.time > 0.0, network.time > 0.0
    for ratio in RATIOS:
        name, color = f"delta = {ratio:g}", COLORS[ratio]
        for projection, style in (("gaussian", "--"), ("orthogonal", "-")):
            line = errors(ode.select(projection=projection, latent_fraction=ratio))[0]
            label = f"{ratio:g}" if style == "-" else None
            how = {"label": label, "color": color, "linestyle": style, "linewidth": 1.2 if label else 0.8}
            _figures.plot_theory(ax, ode.time[later], line[later], f"{name}, {projection}", **how)
        if ratio in network.axis("latent_fraction"):
            values = errors(network.select(projection="orthogonal", latent_fraction=ratio))
            mean, error = mean_over(values, 0)[seen], sem_over(values, 0)[seen]
            how = {"label": None, "color": color, "markersize": 3}
            _figures.plot_simulation(ax, network.time[seen], mean, f"{name}, networks", error, **how)
    _figures.log_axes(ax, "xy")
    ax.set(xlabel="time $t$", ylabel=r"error $\epsilon$")


def plot_end(ax, ode):
    """Draw the last errors against delta."""
    for index, (projection, style) in enumerate((("orthogonal", "-"), ("gaussian", "--"))):
        entry = ode.select(projection=projection)
        how = {"linestyle": style, "marker": ".", "color": _figures.series_color((0, 7)[index])}
        _figures.plot_theory(
            ax, entry.axis("latent_fraction"), errors(entry)[:, 0, -1], projection.capitalize(), **how
        )
    _figures.log_axes(ax, "xy")
    ax.set(xlabel=r"$\delta = D / N$", ylabel=rf"error at $t = {ode.time[-1]:g}$")
    ax.legend(loc="upper left", title="projections")


def claims(curves):
    """State the last errors, the agreement with networks, and the difference from Gaussian projections."""
    ode, network = curves[EXPERIMENT]["ode"], curves[EXPERIMENT]["network"]
    return [known_claim(ode), *network_claims(ode, network), gaussian_claim(ode)]


def known_claim(ode):
    """State the distance of the last errors from those of another program."""
    found = [
        errors(ode.select(projection="orthogonal", latent_fraction=ratio))[0, -1] / known
        for ratio, known in KNOWN.items()
    ]
    return claim(
        "Orthogonal projections, delta = 0.1 and 1: errors at t = 10 000, largest relative distance from "
        "those of the other computation, which are rounded.",
        value=np.abs(np.array(found) - 1.0).max(),
        low=0.0,
        high=3e-3,
        source=REFERENCE,
    )


def network_claims(ode, network):
    """Compare networks with the equations at late times."""
    late = network.time >= LATE
    sizes = f"Hadamard projections, networks of {network.spec.inputs.dimension} inputs"
    for name, of in (("in closed form", errors), ("on test samples", errors_on_samples)):
        ratios = []
        for ratio in network.axis("latent_fraction").tolist():
            line = errors(ode.select(projection="orthogonal", latent_fraction=ratio))[0]
            values = of(network.select(projection="orthogonal", latent_fraction=ratio))[:, late]
            ratios.append(mean_over((values / at(ode.time, line, network.time[late])).mean(axis=1), 0))
        yield claim(
            f"{sizes}: error {name} divided by that of the equations, mean over t >= {LATE:g} and "
            "networks, farthest from 1 of all delta.",
            value=farthest(ratios),
            low=0.95,
            high=1.05,
        )


def gaussian_claim(ode):
    """State that orthogonal projections give smaller errors."""
    last = {name: errors(ode.select(projection=name))[:, 0, -1] for name in ("gaussian", "orthogonal")}
    return claim(
        "Gaussian projections: error at t = 10 000 divided by that of orthogonal ones, smallest of all "
        "delta.",
        value=(last["gaussian"] / last["orthogonal"]).min(),
        low=1.0,
    )


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)

"""Forgetting and transfer between two tasks whose inputs lie on different manifolds.

A map of our own. The reader should see that with independent inputs only the similarity of the teachers
matters, but on manifolds that of the projections decides whether it matters at all: on orthogonal manifolds
neither forgetting nor transfer depend on it, there is no transfer, and forgetting is due to the part of the
inputs outside the manifolds, without which there is none.
"""

import _figures
import numpy as np
from _continual import legend_above
from _lee2021 import errors
from _manifold import FOLDINGS, INDEPENDENT, LINES, MAP, forgotten, switch, transferred
from _manifold_claims import claims
from matplotlib.lines import Line2D

from teacherstudent.store.curves import mean_over, sem_over

CAPTION = """
Two tasks are learned one after the other, for a time of 100 each, by a student of two erf units with a head
per task (both layers trained, learning rate 0.2). The inputs of task p are x = f(F_p c / sqrt D) with 1000
inputs and D = 100 latent numbers c, which its teacher of one unit sees. The projections have F_1^T F_2 = N
alpha 1: alpha is their similarity, V that of the teachers. (a, b) Forgetting: increase of log10 of the
error of task 1 from the switch to the end, with a linear folding f and with the sign. (d, e) Transfer:
decrease of log10 of the error of task 2 until 10 after the switch. (c, f) Linear folding: sections of (a)
and (d) at some alpha; dashed: independent inputs (D inputs, readouts slower by D / N, time longer by N / D,
which is what one projection with a linear folding amounts to). Lines and maps: equations of motion, means
over four initial networks (two in the small form). (g, h) Forgetting against alpha, means over the first
two of them (one in the small form). Solid lines and circles: orthogonal projections as in the maps; dashed
lines and squares: interpolated Gaussian projections. Points: simulated networks from the same initial ones
(fewer in the small form). (i) Error of task 1 after the switch, sign, V = 0.5, for the networks of (h). For
alpha = 0 or V = 0 little decides when a student leaves its plateau, so that networks and equations, and
initial networks, differ there. What structure changes: with independent inputs the similarity of the
teachers alone determines forgetting; it is largest for teachers that are neither orthogonal nor identical.
On manifolds this holds for alpha = 1; for alpha = 0 the teachers have no influence, and nothing is
transferred. A linear folding has no inputs outside of the manifolds: nothing is forgotten at alpha = 0. The
sign has them in all directions, so that the student unlearns weights on the old manifold, by an amount that
differs between initial networks. Identical teachers are forgotten on different manifolds: most at
intermediate alpha with a linear folding, and at small alpha with the sign. Independent Gaussian projections
are not orthogonal (squared cosines of D / N), and much is forgotten. Not a published figure; tasks and
student are those of Lee, Goldt and Saxe (ICML 2021), who have independent inputs, with other times and
learning rates.
"""
SECTIONS = (0.0, 0.25, 0.5, 0.75, 1.0)
COLORS = dict(zip(SECTIONS, _figures.colors_along(range(len(SECTIONS))), strict=True))
MIDDLE = 0.5  # similarity of the teachers in (i)
STYLES = {"orthogonal": ("-", "o"), "gaussian": ("--", "s")}


def figure(curves):
    """Draw the maps, their sections, and the comparison with Gaussian projections and simulations."""
    fig, axes = _figures.panels(3, 3, _figures.PAGE, 0.85)
    entry, independent = curves[MAP]["ode"], curves[INDEPENDENT]["ode"]
    rows = ((forgotten, "forgetting", "magma"), (transferred, "transfer", "viridis"))
    for row, (measure, name, cmap) in zip(axes[:2], rows, strict=True):
        for ax, folding in zip(row[:2], FOLDINGS, strict=True):
            plot_map(ax, entry.select(folding=folding), measure, name, cmap)
            ax.set_title(folding)
        plot_sections(row[2], entry.select(folding="linear"), independent, measure, f"{name} (decades)")
    for ax, folding in zip(axes[2, :2], FOLDINGS, strict=True):
        plot_projections(ax, curves[LINES], folding)
    plot_course(axes[2, 2], curves[LINES])
    legend_below(fig, axes[2, 0])
    legend_above(fig, [axes[0, 2]], r"similarity $\alpha$ of the projections in (c), (f) and (i)")
    _figures.letter(axes)
    return fig


def plot_map(ax, entry, measure, name, cmap):
    """Draw a measure over the similarities of the teachers (across) and of the projections (up)."""
    teachers, projections = entry.axis("features.similarity"), entry.axis("manifold.similarity")
    steps = {
        "xticklabels": max(1, len(teachers) // 2),
        "yticklabels": max(1, len(projections) // 4),
        "vmin": 0.0,
    }
    values = mean_over(measure(entry), -1)
    _figures.plot_heatmap(ax, teachers, projections, values, name, "theory", cmap, **steps)
    ax.set(xlabel="teachers $V$", ylabel=r"projections $\alpha$")


def plot_sections(ax, entry, independent, measure, label):
    """Draw a measure against the similarity of the teachers, for some similarities of the projections."""
    available = entry.axis("manifold.similarity")
    for alpha in (value for value in SECTIONS if np.isclose(available, value).any()):
        section = entry.select(**{"manifold.similarity": alpha})
        style = {"label": f"{alpha:g}", "color": COLORS[alpha]}
        values = mean_over(measure(section), -1)
        _figures.plot_theory(ax, section.axis("features.similarity"), values, f"alpha = {alpha:g}", **style)
    values = mean_over(measure(independent), -1)
    style = {"label": "independent inputs", "color": "0.2", "linestyle": "--"}
    V = independent.axis("features.similarity")
    _figures.plot_theory(ax, V, values, "independent inputs", **style)
    ax.set(xlabel="teachers $V$", ylabel=label, xlim=(0.0, 1.0))


def plot_projections(ax, engines, folding):
    """Draw forgetting against the similarity of the projections, for both kinds of them."""
    for projection, (line, marker) in STYLES.items():
        at = {"projection": projection, "folding": folding}
        for index, V in enumerate(engines["ode"].axis("features.similarity").tolist()):
            entry = engines["ode"].select(**at, **{"features.similarity": V})
            style = {"color": _figures.series_color(index)}
            label = f"V = {V:g}" if projection == "orthogonal" else None
            values = mean_over(forgotten(entry), -1)
            _figures.plot_theory(
                ax,
                entry.axis("similarity"),
                values,
                f"V = {V:g}, {projection}",
                linestyle=line,
                label=label,
                **style,
            )
        plot_networks(ax, engines, at, marker)
    ax.set(xlabel=r"projections $\alpha$", ylabel="forgetting (decades)", title=folding)


def legend_below(fig, ax):
    """Write the teachers and projections of (g) and (h) below the figure."""
    handles, labels = ax.get_legend_handles_labels()
    for projection, (line, marker) in STYLES.items():
        style = {
            "color": "0.3",
            "linestyle": line,
            "marker": marker,
            "markerfacecolor": "none",
            "markersize": 3.0,
        }
        handles.append(Line2D([], [], **style))
        labels.append(projection.replace("gaussian", "Gaussian"))
    fig.legend(
        handles,
        labels,
        loc="outside lower center",
        ncols=len(labels),
        title="teachers and projections in (g) and (h)",
    )


def plot_networks(ax, engines, at, marker):
    """Draw the forgetting of simulated networks, if there are networks with this projection and folding."""
    network, lines = engines["network"], engines["ode"].axis("features.similarity").tolist()
    if any(value not in network.axis(name) for name, value in at.items()):
        return
    for V in network.axis("features.similarity").tolist():
        entry = network.select(**at, **{"features.similarity": V})
        values = forgotten(entry)
        style = {"color": _figures.series_color(lines.index(V)), "label": None, "markersize": 3.0}
        error = sem_over(values, -1) if values.shape[-1] > 1 else None
        name, x = f"V = {V:g}, {at['projection']}", entry.axis("similarity")
        _figures.plot_simulation(ax, x, mean_over(values, -1), name, error, marker=marker, **style)


def plot_course(ax, engines):
    """Draw the error of task 1 after the switch for some similarities of orthogonal projections."""
    at = {"projection": "orthogonal", "folding": "sign", "features.similarity": MIDDLE}
    ode, network = engines["ode"].select(**at), engines["network"].select(**at)
    start = switch(ode)
    for alpha in (0.0, 0.5, 1.0):
        for entry, plot, style in (
            (ode, _figures.plot_theory, {}),
            (network, _figures.plot_simulation, {"markersize": 2.5}),
        ):
            if not np.isclose(entry.axis("similarity"), alpha).any():
                continue
            later = entry.time >= start
            values = mean_over(errors(entry.select(similarity=alpha), 0), 0)[later]
            style = {"color": COLORS[alpha], "label": None, **style}
            plot(ax, entry.time[later] - start, values, f"alpha = {alpha:g}", **style)
    _figures.log_axes(ax)
    ax.set(xlabel="time since the switch", ylabel=r"error $\epsilon_1$, sign")


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)

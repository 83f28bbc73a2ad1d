"""Networks on a hidden manifold and on its Gaussian equivalent: where theory agrees, and what it leaves out.

The reader should see that the equations describe networks with Gaussian inputs of the same covariances at
any number D of latent numbers, and networks on the manifold up to a term of order 1 / D, whatever the
number of inputs is. For signs this term is known: the inputs depend on the direction of the latent numbers
only, the labels also on their length.
"""

from functools import partial

import _figures
import numpy as np
from _goldt2020 import OURS, errors, errors_on_samples, farthest

from teacherstudent.experiments.claims import Claim
from teacherstudent.store.curves import mean_over, sem_over

FIGURE = EXPERIMENT = "goldt2020_equivalence"
KINDS = {False: "manifold", True: "Gaussian equivalent"}
COLORS = {False: _figures.series_color(1), True: _figures.series_color(0)}
MARKERS = {False: "o", True: "x"}
LATE = 0.8  # start of late times, as a part of the run
# 1/4 sum_m v_m^2 <g'(nu)^2 nu^2> = M/4 (2/pi) 3^(-3/2) for M = 2 erf units: the term of order 1 / D.
TERM = 2.0 / 4.0 * (2.0 / np.pi) * 3.0**-1.5
LENGTHS = r"$(M/4D)\,\langle g'(\nu)^2 \nu^2 \rangle$"
CAPTION = """
A soft committee machine (K = M = 2 erf units, first layer trained, learning rate 0.2) learns from signs of
Gaussian projections of D latent numbers ("manifold"), and from Gaussian inputs that have the same
covariances with each other and with the latent numbers; N = 1000 inputs, eight networks of each kind (500
inputs and two networks in the small form). (a) Mean error over time for some D: equations with the modes of
the projections (lines), error on 10 000 test samples of networks of both kinds from the same weights. (b)
Late error on test samples (mean over the last fifth of the run) relative to that of the equations with the
same weights; means over networks with standard errors. Line: (M / 4D) <g'(nu)^2 nu^2>, g(x) = erf(x / sqrt
2), divided by the error of the equations: the effect of the lengths of the latent vectors, on which labels
depend and signs do not, for a teacher that is learnt completely. (c) Late error in closed form divided by
that of the equations.
The subject is that of Goldt, Mezard, Krzakala and Zdeborova (Phys. Rev. X 10, 041044, 2020).
It uses the Gaussian equivalence for its theory; this comparison is our own. The effect of the lengths is of
order 1 / D at any number of inputs, so that it matters where the error itself is of order D / N, for D^2 <
N. The equations also leave out the part of the covariances of signs that is not linear in the latent
numbers.
"""
claim = partial(Claim, FIGURE, certainty="recomputed")


def figure(curves):
    """Draw errors over time, and what the equations leave out against the number of latent numbers."""
    fig, axes = _figures.panels(1, 3, _figures.PAGE, 0.95)
    ode, network = curves[EXPERIMENT]["ode"], curves[EXPERIMENT]["network"]
    plot_time(axes[0, 0], ode, network)
    plot_excess(axes[0, 1], ode, network)
    plot_ratio(axes[0, 2], ode, network)
    _figures.letter(axes)
    return fig


def plot_time(ax, ode, network):
    """Draw errors over time for the smallest, a middle and the largest number of latent numbers."""
    latents = ode.axis("latent_dimension").tolist()
    later, seen = ode.time > 0.0, (network.time > 0.0) & (network.time <= LATE * network.time[-1])
    seen[-1] = True  # of the late times the last one
    for index, D in enumerate(dict.fromkeys((latents[0], latents[len(latents) // 2], latents[-1]))):
        line = mean_over(errors(ode.select(latent_dimension=D)), 0)[later]
        _figures.plot_theory(ax, ode.time[later], line, f"D = {D}", label=None, color="0.2", linewidth=0.9)
        ax.annotate(
            f"$D = {D}$", (ode.time[-1], line[-1]), xytext=(5, -2), textcoords="offset points", fontsize=6
        )
        for kind, name in KINDS.items():
            values = errors_on_samples(network.select(latent_dimension=D, equivalent=kind))[:, seen]
            how = {"color": COLORS[kind], "marker": MARKERS[kind], "label": name if index == 0 else None}
            mean, error = mean_over(values, 0), sem_over(values, 0)
            _figures.plot_simulation(ax, network.time[seen], mean, f"{name}, D = {D}", error, **how)
    _figures.log_axes(ax, "xy")
    ax.set(xlabel="time $t$", ylabel=r"error on test samples $\epsilon$", xlim=(0.07, 8.0 * ode.time[-1]))
    ax.set_ylim(None, 4.0)
    ax.legend(loc="upper right")


def late(entry, of):
    """Return the mean over late times, (axes..., run)."""
    return of(entry)[..., entry.time >= LATE * entry.time[-1]].mean(axis=-1)


def excess(ode, network, kind, of):
    """Return late errors of networks minus those of the equations, run by run, (D, run)."""
    return late(network.select(equivalent=kind), of) - late(ode, errors)


def plot_excess(ax, ode, network):
    """Draw the late test error relative to that of the equations against D."""
    latents, theory = ode.axis("latent_dimension"), late(ode, errors)
    line = 100.0 * TERM / latents / mean_over(theory, 1)
    _figures.plot_theory(ax, latents, line, "effect of lengths", label=LENGTHS, color="0.3", linewidth=0.9)
    for kind, name in KINDS.items():
        values = 100.0 * excess(ode, network, kind, errors_on_samples) / theory
        how = {"color": COLORS[kind], "marker": MARKERS[kind], "label": None}
        _figures.plot_simulation(ax, latents, mean_over(values, 1), name, sem_over(values, 1), **how)
    latent_axis(ax, latents, 0.0)
    ax.set_yscale("symlog", linthresh=2.0, linscale=0.7)
    ax.set_yticks([-2, -1, 0, 1, 2, 10, 30], ["-2", "-1", "0", "1", "2", "10", "30"])
    ax.minorticks_off()
    ax.set_ylabel(r"test error relative to theory (%)")
    ax.legend(loc="upper right")


def latent_axis(ax, latents, level):
    """Set the axis of the numbers of latent numbers, and draw a horizontal line."""
    ax.axhline(level, color="0.7", linewidth=0.6, zorder=0)
    _figures.log_axes(ax, "x")
    ax.set_xticks(latents, [f"{value:g}" for value in latents])
    ax.minorticks_off()
    ax.set_xlabel("latent numbers $D$")


def plot_ratio(ax, ode, network):
    """Draw the late error in closed form divided by that of the equations."""
    latents = ode.axis("latent_dimension")
    for kind, name in KINDS.items():
        values = 1.0 + excess(ode, network, kind, errors) / late(ode, errors)
        how = {"color": COLORS[kind], "marker": MARKERS[kind], "label": None}
        _figures.plot_simulation(ax, latents, mean_over(values, 1), name, sem_over(values, 1), **how)
    latent_axis(ax, latents, 1.0)
    ax.set_ylabel("closed form / theory")


def claims(curves):
    """State the agreement of the Gaussian equivalent, the term that is left out, and its decrease with D."""
    ode, network = curves[EXPERIMENT]["ode"], curves[EXPERIMENT]["network"]
    return [*sample_claims(ode, network), *closed_form_claims(ode, network)]


def sample_claims(ode, network):
    """State late errors on test samples for the smallest and the largest number of latent numbers."""
    latents, sizes = ode.axis("latent_dimension"), f"N = {network.spec.inputs.dimension}"
    for kind, low, high in ((True, -0.3, 0.3), (False, 0.4, 1.3)):
        values = excess(ode, network, kind, errors_on_samples)[0] * latents[0] / TERM
        yield claim(
            f"{sizes}, D = {latents[0]}, {KINDS[kind]}: late error on test samples minus that of the "
            "equations, divided by the effect of the lengths of the latent vectors.",
            value=float(mean_over(values, 0)),
            low=low,
            high=high,
            uncertainty=float(sem_over(values, 0)),
            source="derivation in this project",
        )
    for kind, name in KINDS.items():
        values = (excess(ode, network, kind, errors_on_samples) / late(ode, errors))[-1]
        yield claim(
            f"{sizes}, D = {latents[-1]}, {name}: relative distance of the late error on test samples from "
            "that of the equations.",
            value=float(mean_over(values, 0)),
            low=-0.04,
            high=0.04,
            uncertainty=float(sem_over(values, 0)),
            source=OURS,
        )


def closed_form_claims(ode, network):
    """State late errors in closed form for both kinds of inputs."""
    sizes, few = f"N = {network.spec.inputs.dimension}", ode.axis("latent_dimension")[0]
    ratios = {
        kind: mean_over(1.0 + excess(ode, network, kind, errors) / late(ode, errors), 1) for kind in KINDS
    }
    yield claim(
        f"{sizes}, D = {few}: late error in closed form divided by that of the equations, on the manifold.",
        value=float(ratios[False][0]),
        low=1.0,
        high=1.15,
        source=OURS,
    )
    yield claim(
        f"{sizes}, Gaussian equivalent: late error in closed form divided by that of the equations, "
        "farthest from 1 of all D.",
        value=farthest(ratios[True]),
        low=0.96,
        high=1.04,
        source=OURS,
    )


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)

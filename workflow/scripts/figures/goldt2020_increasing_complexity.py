"""Students of different sizes that learn one large teacher on a hidden manifold.

Figure 8 of Goldt et al. 2020 has this quantity. The reader should see that the curves of small students
part from those of larger ones and become constant, in the order of their size, and that larger students
need more time for their smaller errors: functions of increasing complexity are learnt in turn.
"""

from functools import partial

import _figures
import numpy as np
from _continual import legend_above
from _goldt2020 import OURS, REFERENCE, distance_in_decades, errors

from teacherstudent.experiments.claims import Claim

FIGURE = EXPERIMENT = "goldt2020_increasing_complexity"
RATES = {"both layers": 0.2, "first layer": 0.0}
SIZES = (1, 2, 3, 4, 6, 8)  # K
COLORS = dict(zip(SIZES, _figures.colors_along(range(len(SIZES))), strict=True))
CAPTION = """
Error of soft committee machines with K erf units over time; the teacher has M = 10 orthonormal units that
act on D = 100 latent numbers of a hidden manifold with 2000 inputs, signs of Gaussian projections (D = 25
and 500 inputs in the small form); learning rate 0.2. (a) Both layers are trained, (b) only the first layer
with readouts 1. Lines: equations with the modes of the projections, from random students with weights of
standard deviation 1 and readouts 1; a smaller student has the first units of a larger one. Points: one
network for some K, from the same weights, error in closed form.
The subject is that of Goldt, Mezard, Krzakala and Zdeborova (Phys. Rev. X 10, 041044, 2020).
That its figure 8 shows such curves for K up to 8 and M = 10 is read in a talk about it, where D / N = 0.05;
initial weights are our choice. With these the curves of different sizes differ at first, where the error is
that of the initial student.
"""
# Errors at t = 3000 in the limit of infinitely many inputs by another program.
KNOWN = {
    "both layers": dict(zip(SIZES, (0.2425, 0.1889, 0.1632, 0.1454, 0.1157, 0.0900), strict=True)),
    "first layer": dict(zip(SIZES, (0.684, 0.299, 0.181, 0.146, 0.121, 0.103), strict=True)),
}
CLOSE = 1.05  # an error is constant after the time at which it is below this multiple of the last one
claim = partial(Claim, FIGURE, source=REFERENCE, certainty="recomputed")


def figure(curves):
    """Draw errors over time for all sizes, both layers and first layer."""
    fig, axes = _figures.panels(1, 2, _figures.PAGE, 0.75)
    ode, network = curves[EXPERIMENT]["ode"], curves[EXPERIMENT]["network"]
    for ax, layers in zip(axes.flat, RATES, strict=True):
        for K in ode.axis("student.hidden").tolist():
            line = of_size(ode, layers, K)
            later = line.time > 0.0
            style = {"label": f"{K}", "color": COLORS[K]}
            _figures.plot_theory(ax, line.time[later], errors(line)[0, later], f"K = {K}", **style)
        _figures.log_axes(ax, "xy")
        ax.set(xlabel="time $t$", ylabel=r"error $\epsilon$", title=layers)
    for K in network.axis("student.hidden").tolist():
        points = network.select(**{"student.hidden": K})
        later = points.time > 0.0
        style = {"label": None, "color": COLORS[K], "markersize": 3}
        _figures.plot_simulation(
            axes[0, 0], points.time[later], errors(points)[0, later], f"K = {K}", **style
        )
    legend_above(fig, [axes[0, 0]], "units of the student, $K$")
    _figures.letter(axes)
    return fig


def of_size(ode, layers, K):
    """Return the solution for one number of units."""
    return ode.select(**{"readout_learning_rate": RATES[layers], "student.hidden": K})


def claims(curves):
    """State the last errors, their order, the times after which they are constant, and networks."""
    ode, network = curves[EXPERIMENT]["ode"], curves[EXPERIMENT]["network"]
    found = []
    for layers in RATES:
        found += [known_claim(ode, layers), order_claim(ode, layers), time_claim(ode, layers)]
    return [*found, network_claim(ode, network)]


def last(ode, layers):
    """Return the sizes K and their last errors."""
    entry = ode.select(readout_learning_rate=RATES[layers])
    return entry.axis("student.hidden"), errors(entry)[:, 0, -1]


def known_claim(ode, layers):
    """State the distance of the last errors from those of another program."""
    K, error = last(ode, layers)
    known = np.array([KNOWN[layers][size] for size in K.tolist()])
    return claim(
        f"{layers.capitalize()}, K from {K[0]} to {K[-1]}: errors at t = 3000, largest relative distance "
        "from those of the other computation for infinitely many inputs and other initial students.",
        value=np.abs(error / known - 1.0).max(),
        low=0.0,
        high=0.05,
    )


def order_claim(ode, layers):
    """State that larger students have smaller errors at the end."""
    _, error = last(ode, layers)
    return claim(
        f"{layers.capitalize()}: last error of a student divided by that of the next larger one, smallest "
        "of all pairs.",
        value=(error[:-1] / error[1:]).min(),
        low=1.1,
    )


def time_claim(ode, layers):
    """State that larger students need more time."""
    sizes = ode.axis("student.hidden").tolist()
    times = [settled(of_size(ode, layers, K)) for K in (sizes[0], sizes[-1])]
    return claim(
        f"{layers.capitalize()}: time after which the error is within 5 % of the last one, for K = "
        f"{sizes[-1]} divided by that for K = {sizes[0]}.",
        value=times[1] / times[0],
        low=3.0,
        source=OURS,
    )


def settled(entry):
    """Return the time after which the error is close to the last one."""
    error = errors(entry)[0]
    return entry.time[np.flatnonzero(error > CLOSE * error[-1])[-1] + 1]


def network_claim(ode, network):
    """Compare networks with the equations."""
    distances = [
        distance_in_decades(of_size(ode, "both layers", K), network.select(**{"student.hidden": K}))[0]
        for K in network.axis("student.hidden").tolist()
    ]
    return claim(
        f"Networks of {network.spec.inputs.dimension} inputs, both layers: distance of log10 error in "
        "closed form from that of the equations, median over recorded times, largest of all K.",
        value=max(distances),
        low=0.0,
        high=0.02,
        source=OURS,
    )


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)

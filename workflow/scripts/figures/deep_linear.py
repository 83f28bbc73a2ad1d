"""Linear students of several layers with one unit each, and the exact solution for small learning rates.

The result of Saxe, McClelland & Ganguli 2014 that the reader should see: the product u of n balanced layers
follows u' = n u^(2 - 2/n) (s - u), with longer plateaus and sharper transitions of deeper students; a finite
learning rate changes this by an amount in proportion to the rate.
"""

from functools import partial

import _figures
import numpy as np

from teacherstudent.experiments.claims import Claim
from teacherstudent.store.curves import mean_over

FIGURE = "deep_linear"
LAYERS = (1, 2, 3)
START, HALF = 0.01, 0.5
CAPTION = """
A linear student with L hidden layers of one unit learns a linear teacher with one unit of weight 1. All n =
L + 1 layers start with the same weight, with the product u = 0.01. (a) The product u of all layers against
time multiplied by the learning rate eta, for eta = 0.001, and (b) the generalisation error at the same
times. Lines: equations of motion; points: means of chains with 1000 inputs at eta = 0.1 (8 runs, fewer in
the small form); grey: the exact solution for vanishing learning rates, u' = n u^(2 - 2/n) (1 - u), of Saxe,
McClelland and Ganguli (International Conference on Learning Representations 2014), integrated numerically.
(c) Largest distance of u from this solution against the learning rate. The equation of the paper is from
memory; that deviations are proportional to the rate is a result of the equations here. Panels and parameters
are our own.
"""
claim = partial(Claim, FIGURE, source="Saxe et al. 2014, solved numerically", certainty="remembered")


def figure(curves):
    """Draw the product, the error, and the distance from the exact solution."""
    fig, axes = _figures.panels(1, 3, _figures.PAGE, 0.9)
    for index, layers in enumerate(LAYERS):
        engines = curves[f"{FIGURE}_{layers}"]
        style = {"series": f"L = {layers}", "color": _figures.series_color(index)}
        plot_runs(axes[0, :2], engines, layers, **style)
        rates, distances = deviations(engines["ode"], layers)
        _figures.plot_theory(axes[0, 2], rates, distances, marker="o", markersize=3, label=None, **style)
    axes[0, 0].legend(title="hidden layers", loc="lower right")
    _figures.log_axes(axes[0, 2], "xy")
    axes[0, 0].set(xlabel=r"$\eta\, t$", ylabel="product $u$", xlim=(0.0, 10.0))
    axes[0, 1].set(xlabel=r"$\eta\, t$", ylabel=r"error $\epsilon$", xlim=(0.0, 10.0))
    axes[0, 2].set(xlabel=r"learning rate $\eta$", ylabel="largest distance of $u$")
    _figures.letter(axes)
    return fig


def product(curves):
    """Return the product of all layers, (axes..., run, time)."""
    u = curves.values("student_readouts")[..., 0, 0] * curves.values("student_teacher_overlaps")[..., 0, 0, 0]
    if curves.spec.is_deep:
        u = u * curves.values("student_inner")[..., 0, 0].prod(axis=-1)
    return u


def exact(layers, times, steps=200):
    """Return the exact solution at times in units of 1 / eta, by Runge-Kutta steps between them."""
    n, u, found = layers + 1, START, [START]

    def rate(u):
        return n * u ** (2.0 - 2.0 / n) * (1.0 - u)

    for dt in np.diff(times) / steps:
        for _ in range(steps):
            k1 = rate(u)
            k2 = rate(u + 0.5 * dt * k1)
            k3 = rate(u + 0.5 * dt * k2)
            u += dt * (k1 + 2.0 * k2 + 2.0 * k3 + rate(u + dt * k3)) / 6.0
        found.append(u)
    return np.array(found)


def of_rate(curves, rate):
    """Return times in units of 1 / eta up to 12, and which records these are."""
    scaled = curves.time * rate
    kept = np.flatnonzero(scaled <= 12.0 + 1e-9)
    return scaled[kept], kept


def deviations(ode, layers):
    """Return the learning rates and the largest distances from the exact solution."""
    rates, found = ode.axis("learning_rate"), []
    for rate in rates.tolist():
        times, kept = of_rate(ode, rate)
        found.append(
            np.abs(product(ode.select(learning_rate=rate))[0, kept] - exact(layers, times, 20)).max()
        )
    return rates, np.array(found)


def plot_runs(axes, engines, layers, series, color):
    """Draw the product and the error for the smallest rate, of chains, and of the exact solution."""
    ode, chain = engines["ode"], engines["chain"]
    rate = float(ode.axis("learning_rate").min())
    times, kept = of_rate(ode, rate)
    entry = ode.select(learning_rate=rate)
    error = entry.values("generalisation_error")[0, kept, 0]
    shown = np.arange(0, len(times), max(1, len(times) // 120))
    u, of_chains = product(entry)[0, kept], chain.time * chain.spec.training.learning_rate
    line = exact(layers, times[shown])
    for ax, values in zip(axes, (line, 0.5 * (1.0 - line) ** 2), strict=True):
        ax.plot(times[shown], values, color="0.75", linewidth=4.0, zorder=0)
    style = {"color": color, "label": series[-1]}
    _figures.plot_theory(axes[0], times[shown], u[shown], series, **style)
    _figures.plot_theory(axes[1], times[shown], error[shown], series, **style)
    style = {"color": color, "label": None, "markersize": 3}
    values = mean_over(product(chain), 0), mean_over(chain.values("generalisation_error")[..., 0], 0)
    for ax, mean in zip(axes, values, strict=True):
        _figures.plot_simulation(ax, of_chains, mean, series, **style)


def claims(curves):
    """State the distance from the exact solution, its scaling, the times of learning, and chains."""
    ode = {layers: curves[f"{FIGURE}_{layers}"]["ode"] for layers in LAYERS}
    return [
        distance_claim(ode),
        scaling_claim(ode),
        *(time_claim(layers, ode[layers]) for layers in LAYERS),
        chain_claim(curves),
    ]


def distance_claim(ode):
    """State that the smallest rate has the exact solution."""
    found = [deviations(entry, layers)[1][0] for layers, entry in ode.items()]
    return claim(
        f"Learning rate {ode[1].axis('learning_rate').min():g}: largest distance of the product from the "
        "exact solution, of one, two and three hidden layers.",
        value=max(found),
        low=0.0,
        high=0.002,
    )


def scaling_claim(ode):
    """State that the distance is proportional to the rate."""
    slopes = []
    for layers, entry in ode.items():
        rates, found = deviations(entry, layers)
        slopes.append(np.log(found[-1] / found[0]) / np.log(rates[-1] / rates[0]))
    return claim(
        "Power of the learning rate with which the largest distance grows: the depth with the value farthest "
        "from 1.",
        value=float(slopes[int(np.argmax(np.abs(np.array(slopes) - 1.0)))]),
        low=0.85,
        high=1.15,
        source="the equations of this project",
        certainty="recomputed",
    )


def time_claim(layers, entry):
    """State the time at which half of the product is learned."""
    rate = float(entry.axis("learning_rate").min())
    times, kept = of_rate(entry, rate)
    found = float(np.interp(HALF, product(entry.select(learning_rate=rate))[0, kept], times))
    fine = np.linspace(0.0, 12.0, 1201)
    expected = float(np.interp(HALF, exact(layers, fine, 10), fine))
    return claim(
        f"L = {layers}: time at which the product is 1/2, multiplied by the learning rate {rate:g}.",
        value=found,
        low=expected - 0.02,
        high=expected + 0.02,
    )


def chain_claim(curves):
    """State that chains have the product of the equations."""
    found = []
    for layers in LAYERS:
        ode, chain = (curves[f"{FIGURE}_{layers}"][engine] for engine in ("ode", "chain"))
        rate = chain.spec.training.learning_rate
        times, kept = of_rate(ode, rate)
        line = np.interp(chain.time * rate, times, product(ode.select(learning_rate=rate))[0, kept])
        found.append(np.abs(mean_over(product(chain), 0) - line).max())
    return claim(
        f"Means of chains with {chain.spec.inputs.dimension} inputs: largest distance of the product from "
        "that of the equations.",
        value=max(found),
        low=0.0,
        high=0.05,
        source="the equations of this project",
        certainty="recomputed",
    )


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)

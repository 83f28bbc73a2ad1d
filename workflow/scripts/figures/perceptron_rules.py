"""Rules of a single linear unit that learns the labels of another one.

Subjects of Biehl & Riegler 1994 and Kinouchi & Caticha 1992; the panels are our own. The reader should see
that the errors of Hebb, perceptron and AdaTron fall with the powers -1/2, -1/3 and -1 of the time, that the
squared loss stops at an error, and that flipped labels stop the perceptron rule at an error and keep the
AdaTron at one, but only slow down Hebb's rule.
"""

from functools import partial

import _figures
import numpy as np
from _continual import legend_above

from teacherstudent.experiments.claims import Claim
from teacherstudent.store.curves import Curves, mean_over, sem_over

FIGURE = "perceptron_rules"
HEBB, PERCEPTRON, ADATRON, FLIPPED, SQUARED = (
    f"perceptron_rules_{name}" for name in ("hebb", "perceptron", "adatron", "adatron_flips", "squared")
)
FAST = "adatron_fast"
ADATRON_RATES = {ADATRON: 1.0, FAST: 1.5}
CAPTION = """
A linear unit (readout 1, only its weights are trained) learns the signs of another one from fresh Gaussian
inputs; in training a label is turned with probability p. Classification error on labels without flips over
time for (a) Hebb's rule, (b) the perceptron rule (hinge loss with margin 0), (c) the AdaTron (squared hinge
loss with margin 0), all at learning rate 1, and (d) the squared loss at three learning rates without flips.
Lines: equations of motion from R = 0.1 and Q = 1; with flips those of the AdaTron end at t = 1000, because
its length vanishes exponentially. Points: means over samples of the exact chain for 1000
inputs with standard errors. Thin lines: the limits at long times, (a) 1 / sqrt(2 pi t) and (b) (2 / 3)^(1/3)
t^(-1/3) / pi without flips and arccos(1 - 2 p) / pi with them, (c) 3 / (2 t), (d) the fixed point. Rules and
limits are known to the authors of this project from memory (Biehl and Riegler, Europhys. Lett. 28, 525, 1994;
Kinouchi and Caticha, J. Phys. A 25, 6243, 1992); the equations are derived here.
"""
FLIPS = (0.0, 0.05, 0.1, 0.2)
RATES = (0.1, 0.5, 1.0)
COLORS = dict(zip(FLIPS, _figures.colors_along(range(len(FLIPS))), strict=True))
LONG = 1e4  # time at which limits at long times are compared
# What t^x eps approaches without flips, and x.
LIMITS = {
    HEBB: ("Hebb", 0.5, 1.0 / np.sqrt(2.0 * np.pi)),
    PERCEPTRON: ("Perceptron rule", 1.0 / 3.0, (2.0 / 3.0) ** (1.0 / 3.0) / np.pi),
    ADATRON: ("AdaTron", 1.0, 1.5),
    FAST: ("AdaTron at learning rate 1.5", 1.0, 4.0 / 3.0),
}
# Errors of the AdaTron at long times, by the probability of a flip, by an independent program.
KNOWN_ADATRON = {0.05: 0.159953, 0.1: 0.207585}
claim = partial(Claim, FIGURE, source="the equations of this project", certainty="recomputed")
compared = partial(claim, source="independent integration of the equations, and limits at long times")


def figure(curves):
    """Draw the error over time for each rule."""
    fig, axes = _figures.panels(2, 2, _figures.PAGE, 0.6)
    flat = np.ravel(axes)
    for ax, name in zip(flat, (HEBB, PERCEPTRON, ADATRON), strict=False):
        title, power, factor = LIMITS[name]
        plot_limit(ax, power, factor)
        if name == ADATRON:
            plot_flips(ax, curves[FLIPPED], without=without_flips(curves, ADATRON))
        else:
            plot_flips(ax, curves[name])
        ax.set(title=title)
    for flips in FLIPS[1:]:
        axes[0, 1].axhline(stopped(flips), color="0.6", linewidth=0.6, zorder=0)
    plot_rates(axes[1, 1], curves[SQUARED])
    legend_above(fig, [axes[0, 0]], "probability $p$ of a flip")
    _figures.letter(axes)
    return fig


def stopped(flips: float) -> float:
    """Return the error at which flips stop the perceptron rule, arccos(1 - 2 p) / pi."""
    return float(np.arccos(1.0 - 2.0 * flips) / np.pi)


def fixed_error(rate: float) -> float:
    """Return the error of the squared loss at its fixed point without flips."""
    Q = (4.0 / np.pi + rate * (1.0 - 4.0 / np.pi)) / (2.0 - rate)
    return float(np.arccos(np.sqrt(2.0 / np.pi / Q)) / np.pi)


def without_flips(curves, name: str) -> Curves:
    """Return the equations of a rule without flips."""
    if name in ADATRON_RATES:
        return curves[ADATRON]["ode"].select(learning_rate=ADATRON_RATES[name])
    return curves[name]["ode"].select(label_flips=0.0)


def wrong(curves: Curves) -> np.ndarray:
    """Return classification errors (axes..., run, time)."""
    return curves.values("classification_error")[..., 0]


def plot_flips(ax, engines, without: Curves | None = None):
    """Draw the error of a rule over time for each probability of a flip; `without` is a longer run."""
    for flips in engines["ode"].axis("label_flips").tolist():
        entry = engines["ode"].select(label_flips=flips)
        entry = without if without is not None and flips == 0.0 else entry
        style = {"label": f"{flips:g}", "color": COLORS[flips]}
        _figures.plot_theory(ax, entry.time, wrong(entry)[0], f"p = {flips:g}", **style)
    for flips in engines["chain"].axis("label_flips").tolist():
        plot_chains(ax, engines["chain"].select(label_flips=flips), f"p = {flips:g}", COLORS[flips])
    _figures.log_axes(ax, "xy")
    ax.set(xlabel="time $t$", ylabel="classification error", xlim=(0.1, None))


def plot_chains(ax, entry: Curves, series: str, color):
    """Draw means over samples of the chain with standard errors."""
    values, time = wrong(entry), entry.time
    mean, error = mean_over(values, 0), sem_over(values, 0)
    style = {"color": color, "label": None, "markersize": 2.5}
    _figures.plot_simulation(ax, time[1:], mean[1:], series, error[1:], **style)


def plot_limit(ax, power: float, factor: float):
    """Draw the limit at long times, which is not data."""
    time = np.array([1e2, 1e5])
    ax.plot(time, factor * time**-power, color="0.6", linewidth=0.6, zorder=0)


def plot_rates(ax, engines):
    """Draw the error of the squared loss over time at each learning rate."""
    rates = engines["ode"].axis("learning_rate").tolist()
    for index, rate in enumerate(rates):
        entry, color = engines["ode"].select(learning_rate=rate), _figures.series_color(index)
        style = {"label": rf"$\eta = {rate:g}$", "color": color}
        _figures.plot_theory(ax, entry.time, wrong(entry)[0], f"eta = {rate:g}", **style)
        ax.axhline(fixed_error(rate), color="0.6", linewidth=0.6, zorder=0)
        if rate in engines["chain"].axis("learning_rate"):
            plot_chains(ax, engines["chain"].select(learning_rate=rate), f"eta = {rate:g}", color)
    _figures.log_axes(ax, "xy")
    ax.set(xlabel="time $t$", ylabel="classification error", title="Squared loss", xlim=(0.1, None))
    ax.legend(loc="lower left")


def at(entry: Curves, time: float) -> float:
    """Return the error of the first run at a time, between records by powers."""
    return float(np.exp(np.interp(np.log(time), np.log(entry.time[1:]), np.log(wrong(entry)[0, 1:]))))


def claims(curves):
    """State the powers of the time, what flips do, fixed points, and samples of the chain."""
    for name, (title, power, factor) in LIMITS.items():
        entry = without_flips(curves, name)
        yield compared(
            f"{title} without flips: error at t = {LONG:g} divided by its limit at long times.",
            value=at(entry, LONG) / (factor * LONG**-power),
            low=0.999,
            high=1.001,
        )
    yield from flip_claims(curves)
    for rate in curves[SQUARED]["ode"].axis("learning_rate").tolist():
        yield compared(
            f"Squared loss, learning rate {rate:g}: last error divided by that of the fixed point.",
            value=float(wrong(curves[SQUARED]["ode"].select(learning_rate=rate))[0, -1]) / fixed_error(rate),
            low=0.99999,
            high=1.00001,
        )
    yield chain_claim(curves)


def flip_claims(curves):
    """State where flips stop the perceptron rule and the AdaTron, and that Hebb's rule learns."""
    for flips in FLIPS[1:]:
        entry = curves[PERCEPTRON]["ode"].select(label_flips=flips)
        yield compared(
            f"Perceptron rule, flips {flips:g}: last error divided by arccos(1 - 2 p) / pi.",
            value=float(wrong(entry)[0, -1]) / stopped(flips),
            low=0.999,
            high=1.001,
        )
    for flips, value in KNOWN_ADATRON.items():
        entry = curves[FLIPPED]["ode"].select(label_flips=flips)
        yield compared(
            f"AdaTron, flips {flips:g}: last error divided by that of the other computation.",
            value=float(wrong(entry)[0, -1]) / value,
            low=0.9999,
            high=1.0001,
        )
    entry = curves[HEBB]["ode"].select(label_flips=0.2)
    yield compared(
        "Hebb's rule, flips 0.2: error at t = 10 000 divided by the limit without flips over 1 - 2 p.",
        value=at(entry, LONG) / (LONG**-0.5 / np.sqrt(2.0 * np.pi) / 0.6),
        low=0.99,
        high=1.01,
    )


def chain_claim(curves):
    """State how far samples of the chain are from the equations."""
    ratios = []
    for name in (HEBB, PERCEPTRON, FLIPPED):
        for flips in curves[name]["chain"].axis("label_flips").tolist():
            entry = curves[name]["chain"].select(label_flips=flips)
            last, line = wrong(entry)[:, -1], curves[name]["ode"].select(label_flips=flips)
            ratios.append(float(mean_over(last, 0)) / at(line, float(entry.time[-1])))
    return claim(
        "Samples of the chain at the end: mean error divided by that of the equations; the value "
        "farthest from 1, "
        "over Hebb, perceptron and AdaTron, without and with flips.",
        value=ratios[int(np.argmax(np.abs(np.array(ratios) - 1.0)))],
        low=0.9,
        high=1.1,
    )


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)

"""A teacher that drifts at random: stationary errors, loss of specialisation, learning rate and weight decay.

Figures of Straat et al. 2018 have these quantities; their panels are not known. The reader should see that
the error of a drifting teacher does not vanish, that it grows in proportion to a slow drift, that the student
loses its specialisation beyond a drift which depends on the learning rate, that there is a best learning
rate, and that weight decay gains little.
"""

from functools import partial

import _figures
import numpy as np
from _continual import legend_above
from _lee2021 import errors

from teacherstudent.experiments.claims import Claim
from teacherstudent.store.curves import Curves, mean_over, sem_over

FIGURE = "straat2018_drift"
TIME, STATIONARY, SMALL, DECAY = (
    f"straat2018_{name}" for name in ("time", "stationary", "small_rate", "decay")
)
CAPTION = """
A soft committee machine (two erf units, readouts 1, only the first layer trained) learns a teacher with two
orthogonal units, which lose their direction at random at a rate delta and have constant length. (a) Error
over time at learning rate 1, and (b) specialisation, the mean over student units of the distance |R_i1 -
R_i2| between their overlaps with the two teacher units. Lines: equations of motion. Points: means over
simulated networks of 600 inputs with standard errors (fewer in the small form), which start from the same
overlaps; their noise changes the time at which they leave the plateau. (c) Stationary error (colours as in
d) and (d) stationary specialisation against the ratio of drift and learning rate eta; for eta to 0 with a
rate of 0.0001. (e) Stationary error against the learning rate. (f) Stationary error with weight decay gamma
at learning rate 1, divided by that without, against gamma over delta. Stationary values are those at t =
3000. The subject is that of Straat, Abadi, Goepfert, Hammer and Biehl (Entropy 20, 775, 2018). Only their
abstract was read; the rule of the drift is from memory, parameters and panels are our own. Their abstract
says that weight decay matters differently for sigmoidal and ReLU units; here only erf is shown.
"""
RATES = (0.5, 1.0, 1.5)
DRIFTS = (0.003, 0.01, 0.02, 0.03)
COLORS = dict(zip((0.0, *DRIFTS), _figures.colors_along(range(len(DRIFTS) + 1)), strict=True))
SETTLED = 250.0  # time after which networks are stationary
SPLIT = 0.05  # specialisation that counts as lost
REFERENCE = "independent integration of the equations"
claim = partial(Claim, FIGURE, source="the equations of this project", certainty="recomputed")
compared = partial(claim, source=REFERENCE)
# Stationary errors by an independent program: at rate and drift, and at drift and decay for rate 1.
KNOWN = {
    (0.5, 0.003): 0.00692420421,
    (0.5, 0.01): 0.0198927134,
    (0.5, 0.03): 0.0419697591,
    (1.0, 0.003): 0.00483745329,
    (1.0, 0.01): 0.015325353,
    (1.0, 0.03): 0.0399059659,
    (1.5, 0.003): 0.00511253508,
    (1.5, 0.01): 0.0168749921,
    (1.5, 0.03): 0.0487381029,
}
KNOWN_DECAY = {
    (0.003, 0.001): 0.0047783475,
    (0.003, 0.01): 0.00596801894,
    (0.01, 0.003): 0.0148277134,
    (0.01, 0.03): 0.0205199087,
    (0.03, 0.01): 0.0372239669,
    (0.03, 0.1): 0.0430573329,
}


def figure(curves):
    """Draw time courses, stationary states, the learning rate and weight decay."""
    fig, axes = _figures.panels(2, 3, _figures.PAGE, 0.85)
    plot_time(axes[0, :2], curves[TIME])
    plot_drift(axes[0, 2], axes[1, 0], curves[STATIONARY]["ode"], curves[SMALL]["ode"])
    plot_rate(axes[1, 1], curves[STATIONARY]["ode"])
    plot_decay(axes[1, 2], curves[DECAY]["ode"])
    legend_above(fig, [axes[0, 0]], r"drift $\delta$")
    _figures.letter(axes)
    return fig


def split(curves: Curves) -> np.ndarray:
    """Return the mean over student units of |R_i1 - R_i2|, (axes..., run, time)."""
    R = curves.values("student_teacher_overlaps")[..., 0, :]
    return np.abs(R[..., 0] - R[..., 1]).mean(axis=-1)


def final(curves: Curves) -> np.ndarray:
    """Return the error at the end of the first run, (axes...)."""
    return errors(curves, 0)[..., 0, -1]


def plot_time(axes, engines):
    """Draw error and specialisation over time for each drift."""
    ode, network = engines["ode"], engines["network"]
    drifts = ode.axis("drift").tolist()
    for ax, quantity in zip(axes, (lambda entry: errors(entry, 0), split), strict=True):
        for drift in drifts:
            line = quantity(ode.select(drift=drift))[0]
            _figures.plot_theory(
                ax, ode.time, line, f"delta = {drift:g}", label=f"{drift:g}", color=COLORS[drift]
            )
        for drift in network.axis("drift").tolist():
            values = quantity(network.select(drift=drift))[:, ::10]
            style = {"color": COLORS[drift], "label": None, "markersize": 2.5}
            mean, error = mean_over(values, 0), sem_over(values, 0)
            _figures.plot_simulation(ax, network.time[::10], mean, f"delta = {drift:g}", error, **style)
        ax.set(xlabel="time $t$", xlim=(0.0, min(ode.time[-1], 400.0)))
    _figures.log_axes(axes[0])
    axes[0].set(ylabel=r"error $\epsilon$", ylim=(1e-4, 0.5))
    axes[1].set(ylabel="specialisation")


def plot_drift(error, specialised, map_, small):
    """Draw stationary error and specialisation against the ratio of drift and learning rate."""
    rates = {r"\eta \to 0": small, **{rf"\eta = {rate:g}": map_.select(learning_rate=rate) for rate in RATES}}
    for index, (name, entry) in enumerate(rates.items()):
        ratio = entry.axis("drift") / entry.spec.training.learning_rate
        style = {"series": name, "label": f"${name}$", "color": _figures.series_color(index)}
        _figures.plot_theory(error, ratio, final(entry), **style)
        _figures.plot_theory(specialised, ratio, split(entry)[:, 0, -1], **style)
    for ax, what in ((error, r"error $\epsilon$"), (specialised, "specialisation")):
        ax.set(xlabel=r"drift $\delta / \eta$", ylabel=f"stationary {what}", xlim=(0.0, 0.1))
    specialised.legend(loc="upper right")
    error.set(ylim=(0.0, None))


def plot_rate(ax, map_):
    """Draw the stationary error against the learning rate."""
    for drift in DRIFTS:
        entry = map_.select(drift=drift)
        style = {"color": COLORS[drift]}
        _figures.plot_theory(ax, entry.axis("learning_rate"), final(entry), f"delta = {drift:g}", **style)
    _figures.log_axes(ax)
    ax.set(xlabel=r"learning rate $\eta$", ylabel=r"stationary error $\epsilon$")


def plot_decay(ax, entry):
    """Draw the stationary error with weight decay, divided by that without."""
    decay = entry.axis("weight_decay")
    for drift in (value for value in DRIFTS if np.isclose(entry.axis("drift"), value).any()):
        ratio, shown = final(entry.select(drift=drift)), decay <= 2.0 * drift
        style = {"color": COLORS[drift]}
        _figures.plot_theory(
            ax, decay[shown] / drift, (ratio / ratio[0])[shown], f"delta = {drift:g}", **style
        )
    ax.axhline(1.0, color="0.6", linewidth=0.6, zorder=0)
    ax.set(xlabel=r"weight decay $\gamma / \delta$", ylabel="relative error")


def claims(curves):
    """State the comparison, slopes, the loss of specialisation, the best rate, decay, and networks."""
    map_, small, decay = (curves[name]["ode"] for name in (STATIONARY, SMALL, DECAY))
    return [
        known_values(map_, decay),
        slope(small),
        *specialisation_claims(map_, small),
        best_rate(map_),
        decay_claim(decay),
        network_claim(curves[TIME]),
    ]


def known_values(map_, decay):
    """State the distance of stationary errors from those of another program."""
    rows = [(map_, {"learning_rate": rate, "drift": drift}, value) for (rate, drift), value in KNOWN.items()]
    rows += [
        (decay, {"drift": drift, "weight_decay": gamma}, value)
        for (drift, gamma), value in KNOWN_DECAY.items()
    ]
    found = [float(final(entry.select(**at))) / value for entry, at, value in rows if has(entry, at)]
    return compared(
        f"Stationary errors at {len(found)} combinations of learning rate, drift and weight decay: largest "
        "relative distance from those of the other computation.",
        value=np.abs(np.array(found) - 1.0).max(),
        low=0.0,
        high=1e-4,
    )


def has(entry, at):
    """Return whether the axes of curves have some values."""
    return all(np.isclose(entry.axis(name), value, rtol=1e-9, atol=0).any() for name, value in at.items())


def slope(small):
    """State that the error is proportional to a slow drift."""
    drift, error = small.axis("drift"), final(small)
    first = np.flatnonzero(drift > 0.0)[0]
    return compared(
        "Vanishing learning rates: stationary error divided by drift over learning rate, at the smallest "
        "drift.",
        value=error[first] / (drift[first] / small.spec.training.learning_rate),
        low=0.95,
        high=1.05,
    )


def specialisation_claims(map_, small):
    """State the drift beyond which specialisation is lost, at vanishing rates and at rate 1."""
    cases = (
        (small, "Vanishing learning rates", 0.0575, 0.0675),
        (map_.select(learning_rate=1.0), "Learning rate 1", 0.0399, 0.0501),
    )
    for entry, name, low, high in cases:
        lost = entry.axis("drift")[np.argmax(split(entry)[:, 0, -1] < SPLIT)]
        yield compared(
            f"{name}: smallest drift over learning rate of the grid at which the specialisation is below "
            f"{SPLIT}.",
            value=lost / entry.spec.training.learning_rate,
            low=low,
            high=high,
        )


def best_rate(map_):
    """State that there is a best learning rate for a drift."""
    entry = map_.select(drift=0.01)
    rates, error = entry.axis("learning_rate"), final(entry)
    return compared(
        "Drift 0.01: learning rate of the grid with the smallest stationary error.",
        value=rates[np.argmin(error)],
        low=0.9,
        high=1.3,
    )


def decay_claim(entry):
    """State that weight decay gains a few percent."""
    gains = 1.0 - final(entry).min(axis=1) / final(entry)[:, 0]
    return compared(
        "Largest gain by weight decay, as a part of the stationary error, over the drifts "
        f"{', '.join(f'{value:g}' for value in entry.axis('drift'))} at learning rate 1.",
        value=gains.max(),
        low=0.0,
        high=0.08,
    )


def network_claim(engines):
    """State that networks have the stationary error of the equations."""
    ode, network = engines["ode"], engines["network"]
    late = network.time >= SETTLED
    ratios, deviations = [], []
    for drift in network.axis("drift").tolist():
        means = errors(network.select(drift=drift), 0)[:, late].mean(axis=1)
        level = float(errors(ode.select(drift=drift), 0)[0, -1])
        ratios.append(mean_over(means, 0) / level)
        deviations.append(sem_over(means, 0) / level)
    worst = int(np.argmax(np.abs(np.array(ratios) - 1.0)))
    drifts = ", ".join(f"{value:g}" for value in network.axis("drift"))
    return claim(
        f"Networks of {network.spec.inputs.dimension} inputs, drifts {drifts}: mean error over "
        f"t >= {SETTLED:g} divided by that of the equations; the value farthest from 1.",
        value=float(ratios[worst]),
        low=0.93,
        high=1.07,
        uncertainty=float(deviations[worst]),
    )


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)

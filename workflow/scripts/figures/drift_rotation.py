"""A teacher that turns: the stationary error behind it, and forgetting against the speed of a change of task.

No published figure. The reader should see that a slowly turning teacher costs an error proportional to the
square of its rate, and that a student forgets the original task more if the task changes slowly than if it
changes at once, where the tasks are dissimilar: it follows a slow change with the unit that it has, and its
idle unit remains idle.
"""

from functools import partial

import _figures
import numpy as np
from _lee2021 import errors

from teacherstudent.experiments.claims import Claim
from teacherstudent.store.curves import Curves, mean_over, sem_over

FIGURE, ROTATION = "drift_rotation", "straat2018_rotation"
CHANGES = {similarity: f"straat2018_gradual_{round(100 * similarity)}" for similarity in (0.0, 0.1, 0.5)}
CAPTION = """
(a) A student of one unit (readout 1, only the first layer trained) behind a teacher of one unit that turns
in a plane at rate omega: stationary error against the ratio of rate and learning rate eta; dotted: the law
for small rates, (pi sqrt 3 / 4) (omega / eta)^2. (b) The same error at learning rate 1 with weight decay,
divided by that without. (c-f) A student of two units, both layers trained, learns a task until t = 100 (one
unit learns it, the other one is idle), and then, with a new head, a task that turns from the original one
to another of similarity V at constant rate, and stays there until t = 300. (c) Error of the original task
since the start of the change, with the old head, for V = 0.1; colours: duration of the change. (d) Error of
the original task at the end (colours as in f) against the duration of the change; dotted: the error if the
trained unit turns completely to the new task, 1/3 - (2 / pi) arcsin(V / 2). (e) Error of the task that is
trained, averaged over the whole time from the change to the end. (f) Share of the new task that the unit of
the original task carries at the end. The shortest changes are practically at once. Lines: equations of
motion. Points in (d): networks of 1000 inputs, V = 0, means and standard errors over runs. No published
figure is known. The law in (a) is derived from the linearised equations. At V = 0 and a sudden change, the
result depends on which unit has the larger overlap by chance, so that finite networks differ.
"""
LAW = np.pi * np.sqrt(3.0) / 4.0  # of the stationary error, in units of (rate / learning rate)^2
ORIGINAL, MOVING = 0, 1  # teachers
COURSES, SHOWN = 0.1, (0.02, 0.2, 0.5, 1.0, 100.0)  # similarity and rates of the time courses
STRETCH = 40.0  # of these courses, in time
SHORT = {"handlelength": 1.0, "columnspacing": 1.0}  # of legends in a row
SLOW, FAST = 0.01, 0.1  # rates with weight decay
# Stationary errors by an independent program, at learning rate, rate of the rotation, and weight decay.
KNOWN = {
    (0.5, 0.003, 0.0): 5.58321617e-05,
    (0.5, 0.01, 0.01): 0.00150550867,
    (0.5, 0.1, 0.0): 0.041703143,
    (1.0, 0.003, 0.0): 1.62491275e-05,
    (1.0, 0.01, 0.0): 0.000180421685,
    (1.0, 0.01, 0.03): 0.00232522749,
    (1.0, 0.1, 0.0): 0.0167791671,
    (1.0, 0.1, 0.03): 0.012707208,
    (2.0, 0.01, 0.0): 6.71143007e-05,
    (2.0, 0.1, 0.1): 0.00916669704,
}
AXES = ("learning_rate", "rate", "weight_decay")
claim = partial(Claim, FIGURE, source="the equations of this project", certainty="recomputed")
compared = partial(claim, source="independent integration of the equations")


def figure(curves):
    """Draw the stationary errors, and the change of task."""
    fig, axes = _figures.panels(2, 3, _figures.PAGE, 0.85)
    plot_law(axes[0, 0], curves[ROTATION]["ode"])
    plot_decay(axes[0, 1], curves[ROTATION]["ode"])
    changes = {similarity: curves[name]["ode"] for similarity, name in CHANGES.items()}
    plot_courses(axes[0, 2], changes[COURSES])
    plot_against_duration(axes[1], changes)
    plot_networks(axes[1, 0], curves[CHANGES[0.0]]["network"])
    _figures.letter(axes)
    return fig


def stationary(entry: Curves) -> np.ndarray:
    """Return the error at the end, (axes...)."""
    return errors(entry, 0)[..., 0, -1]


def end(entry: Curves, teacher: int) -> np.ndarray:
    """Return the error of a task at the end, (rate,)."""
    return errors(entry, teacher)[:, 0, -1]


def durations(entry: Curves, similarity: float) -> np.ndarray:
    """Return the time that the change takes, (rate,)."""
    return np.arccos(similarity) / entry.axis("rotation.rate")


def mean_error(entry: Curves) -> np.ndarray:
    """Return the mean over time of the error of the trained task since the change began, (rate,)."""
    since = entry.time >= change(entry)
    time, error = entry.time[since], errors(entry, MOVING)[:, 0, since]
    return np.trapezoid(error, time, axis=-1) / (time[-1] - time[0])


def change(entry: Curves) -> float:
    """Return the time at which the task begins to change."""
    return entry.spec.teachers.rotation.start


def full(similarity: float) -> float:
    """Return the error of the original task if its unit turns completely to the new one."""
    return 1.0 / 3.0 - 2.0 / np.pi * np.arcsin(similarity / 2.0)


def share(entry: Curves) -> np.ndarray:
    """Return the share of the new task, at the end, carried by the unit of the original one, (rate,)."""
    before = int(np.flatnonzero(entry.time <= change(entry))[-1])
    old, new = carried(entry, ORIGINAL, before), carried(entry, MOVING, -1)
    used = old.argmax(axis=-1)[:, None]
    return np.take_along_axis(new, used, axis=-1)[:, 0]


def carried(entry: Curves, head: int, when: int) -> np.ndarray:
    """Return h_k^2 <g_k^2> of each unit divided by their sum, (rate, unit)."""
    h = entry.values("student_readouts")[:, 0, when, head]
    Q = np.diagonal(entry.values("student_overlaps")[:, 0, when], axis1=-2, axis2=-1)
    parts = h**2 * 2.0 / np.pi * np.arcsin(Q / (1.0 + Q))
    return parts / parts.sum(axis=-1, keepdims=True)


def plot_law(ax, entry):
    """Draw the stationary error against rate over learning rate, and the law for small rates."""
    rates = entry.axis("learning_rate").tolist()
    for rate, color in zip(rates, _figures.colors_along(range(len(rates))), strict=True):
        chosen = entry.select(learning_rate=rate, weight_decay=0.0)
        ratio = chosen.axis("rotation.rate") / rate
        _figures.plot_theory(
            ax, ratio, stationary(chosen), f"eta = {rate:g}", label=rf"$\eta = {rate:g}$", color=color
        )
    ratio = np.array([3e-4, 0.3])
    _figures.plot_theory(ax, ratio, LAW * ratio**2, "law", color="0.3", linestyle=":")
    _figures.log_axes(ax, "xy")
    ax.set(xlabel=r"rate $\omega / \eta$", ylabel=r"stationary error $\epsilon$", ylim=(1e-8, 1.0))
    ax.legend(loc="lower right")


def plot_decay(ax, entry):
    """Draw the stationary error against weight decay, divided by that without."""
    decay = entry.axis("weight_decay")
    for rate, color in zip((SLOW, FAST), map(_figures.series_color, (0, 1)), strict=True):
        error = stationary(entry.select(learning_rate=1.0, rate=rate))
        style = {"label": rf"$\omega = {rate:g}$", "color": color, "marker": ".", "markersize": 4}
        _figures.plot_theory(ax, decay, error / error[0], f"omega = {rate:g}", **style)
    ax.axhline(1.0, color="0.6", linewidth=0.6, zorder=0)
    ax.set_xscale("symlog", linthresh=0.001)
    ax.set_yscale("log")
    ax.set(xlabel=r"weight decay $\gamma$", ylabel="error / error without decay", xlim=(0.0, decay[-1]))
    ax.legend(loc="upper left")


def plot_courses(ax, entry):
    """Draw the error of the original task over time since the change began."""
    shown = [rate for rate in SHOWN if np.isclose(entry.axis("rotation.rate"), rate).any()]
    time, since = entry.time - change(entry), entry.time >= change(entry)
    for rate, color in zip(shown[::-1], _figures.colors_along(range(len(shown))), strict=True):
        error = errors(entry.select(**{"rotation.rate": rate}), ORIGINAL)[0]
        duration = np.arccos(COURSES) / rate
        style = {"label": f"{duration:.2g}", "color": color}
        _figures.plot_theory(ax, time[since], error[since], f"duration {duration:.2g}", **style)
    ax.axhline(full(COURSES), color="0.5", linestyle=":", zorder=0)
    ax.set(
        xlabel="time since the change began",
        ylabel="error of the original task",
        xlim=(0.0, STRETCH),
        ylim=(0.0, 0.5),
    )
    ax.legend(title="duration of the change", loc="upper center", ncols=3, **SHORT)


def plot_against_duration(axes, changes):
    """Draw forgetting, the error on the way, and re-use against the duration of the change."""
    for (similarity, entry), color in zip(
        changes.items(), map(_figures.series_color, (0, 1, 2)), strict=True
    ):
        duration = durations(entry, similarity)
        values = end(entry, ORIGINAL), mean_error(entry), share(entry)
        for ax, value in zip(axes, values, strict=True):
            style = {"label": f"$V = {similarity:g}$", "color": color}
            _figures.plot_theory(ax, duration, value, f"V = {similarity:g}", **style)
        axes[0].axhline(full(similarity), color=color, linestyle=":", linewidth=0.9, zorder=0)
    labels = ("error of the original task", "mean error, trained task", "share of the trained unit")
    for ax, label in zip(axes, labels, strict=True):
        ax.set_xscale("log")
        ax.set(xlabel="duration of the change", ylabel=label)
    axes[0].set(ylim=(0.0, None))
    axes[1].set(ylim=(0.0, None))
    axes[2].set(ylim=(-0.03, 1.03))
    axes[2].legend(loc="center left")


def plot_networks(ax, entry):
    """Draw the error of the original task in networks with orthogonal tasks, mean over runs."""
    last = errors(entry, ORIGINAL)[..., -1]
    style = {"color": _figures.series_color(0), "label": None}
    mean, error = mean_over(last, 1), sem_over(last, 1)
    _figures.plot_simulation(ax, durations(entry, 0.0), mean, "V = 0", error, **style)


def claims(curves):
    """State the law, the comparison, decay, and forgetting against the speed of the change."""
    rotation = curves[ROTATION]["ode"]
    changes = {similarity: curves[name]["ode"] for similarity, name in CHANGES.items()}
    networks = network_claim(curves[CHANGES[0.0]]["network"])
    return [known_values(rotation), law(rotation), decay_claim(rotation), *change_claims(changes), networks]


def known_values(entry):
    """State the distance of stationary errors from those of another program."""
    found = [
        float(stationary(entry.select(**dict(zip(AXES, at, strict=True))))) / value
        for at, value in KNOWN.items()
        if all(np.isclose(entry.axis(name), x).any() for name, x in zip(AXES, at, strict=True))
    ]
    return compared(
        f"Stationary errors at {len(found)} combinations of learning rate, rate and weight decay: largest "
        "relative distance from those of the other computation.",
        value=np.abs(np.array(found) - 1.0).max(),
        low=0.0,
        high=1e-4,
    )


def law(entry):
    """State the law for small rates."""
    rates = entry.axis("learning_rate")
    smallest = entry.select(learning_rate=rates[0], weight_decay=0.0)
    rate = smallest.axis("rotation.rate")[0]
    return claim(
        f"Learning rate {rates[0]:g}, rate {rate:g}: stationary error divided by (rate / learning rate)^2, "
        "over its value for vanishing rates, pi sqrt 3 / 4.",
        value=stationary(smallest)[0] / (rate / rates[0]) ** 2 / LAW,
        low=0.95,
        high=1.1,
        source="linearised equations",
    )


def decay_claim(entry):
    """State that weight decay helps behind a fast teacher."""
    fast = stationary(entry.select(learning_rate=1.0, rate=FAST))
    return compared(
        f"Weight decay helps behind a fast teacher (rate {FAST:g}): smallest error over that without decay.",
        value=fast.min() / fast[0],
        low=0.65,
        high=0.85,
    )


def change_claims(changes):
    """State forgetting of slow and of sudden changes."""
    orthogonal, last = changes[0.0], {}
    for similarity, entry in changes.items():
        slowest = np.argmax(durations(entry, similarity))
        last[similarity] = end(entry, ORIGINAL)[slowest] / full(similarity)
    yield claim(
        "The slowest changes: largest distance from 1 of the error of the original task over that of a unit "
        "that turns completely, over the similarities.",
        value=np.abs(np.array(list(last.values())) - 1.0).max(),
        high=0.1,
    )
    sudden = np.argmin(durations(orthogonal, 0.0))
    yield claim(
        "Orthogonal tasks: error of the original task after a sudden change.",
        value=end(orthogonal, ORIGINAL)[sudden],
        high=0.01,
    )
    yield claim(
        "Orthogonal tasks: duration of the change at which the unit of the original task carries half of the "
        "new one.",
        value=half(durations(orthogonal, 0.0), share(orthogonal)),
        low=1.0,
        high=10.0,
    )
    means = mean_error(orthogonal)
    yield claim(
        "Orthogonal tasks: mean error of the trained task of a sudden change over that of the slowest one.",
        value=means[sudden] / means[np.argmax(durations(orthogonal, 0.0))],
        low=5.0,
    )


def network_claim(entry):
    """State that networks with orthogonal tasks forget more of a slow change."""
    duration, error = durations(entry, 0.0), errors(entry, ORIGINAL)[..., -1]
    difference = error[np.argmax(duration)] - error[np.argmin(duration)]
    return claim(
        f"Networks of {entry.spec.inputs.dimension} inputs, orthogonal tasks: error of the original task "
        f"after a change of duration {duration.max():.2g} minus that after one of {duration.min():.2g}, mean "
        "over runs.",
        value=mean_over(difference, 0),
        low=0.2,
        high=0.4,
        uncertainty=sem_over(difference, 0),
    )


def half(duration, value):
    """Return the duration at which a value passes 1/2, between neighbouring ones in log."""
    order = np.argsort(duration)
    return float(np.exp(np.interp(0.5, value[order], np.log(duration[order]))))


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)

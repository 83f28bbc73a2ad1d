"""A student with two ReLU units that learns a teacher with two: equations, samples and networks.

Our own figure. The reader should see that the equations of motion describe simulated networks through the
plateau, on which the units of the student are alike, that the error then decays exponentially, and that the
plateau of erf units from the same start is longer.
"""

from functools import partial

import _figures
import numpy as np

from teacherstudent.experiments.claims import Claim
from teacherstudent.store.curves import mean_over, sem_over

FIGURE, ERF = "relu_dynamics", "relu_dynamics_erf"
CAPTION = """
A student with two ReLU units and readouts 1 learns a teacher with two orthonormal ReLU units and readouts 1
from fresh Gaussian inputs at learning rate 0.5; only the first layer is trained. (a) Generalisation error;
(b) overlaps R of the student's units with both units of the teacher. Lines: equations of motion, whose means
over the fields are closed forms and orthant probabilities. Circles: means over 20 samples of the exact chain
of order parameters for 2000 inputs; crosses: means over 5 simulated networks of this size; both with standard
errors, which are often smaller than the symbols. On a plateau near 0.08 both units of the student are similar
to both of the teacher; then each one becomes one of them, and the error decays exponentially. Grey: two erf
units from the same start and at the same rate. That plateaus of ReLU units are shorter than those of erf
units is remembered from Straat and Biehl 2019; settings and numbers are our own.
"""
# Errors at t = 0, 6, ..., 60 by another program.
KNOWN = np.array(
    [
        0.448020,
        0.119850,
        0.081588,
        0.058501,
        0.031975,
        0.013076,
        0.004403,
        0.001340,
        0.000389,
        0.000111,
        3.2e-5,
    ]
)
LEARNT = 1e-3  # error below which the teacher is learnt
own = partial(Claim, FIGURE, source="the equations of this project", certainty="recomputed")


def figure(curves):
    """Draw errors on the left and overlaps on the right."""
    fig, axes = _figures.panels(1, 2, _figures.PAGE, 0.72)
    engines, colors = curves[FIGURE], [_figures.series_color(index) for index in range(4)]
    ax = axes[0, 0]
    erf = curves[ERF]["ode"]
    grey = {"label": "erf units", "color": "0.6"}
    _figures.plot_theory(ax, erf.time, errors(erf)[0], "erf units", **grey)
    plot(ax, engines, errors, "error", colors[0], "ReLU units")
    _figures.log_axes(ax, "y")
    ax.set(xlabel="time $t$", ylabel=r"error $\epsilon$", xlim=(-1.0, 62.0), ylim=(1e-5, 1.0))
    ax.legend(loc="lower left")
    ax = axes[0, 1]
    for index, (i, m) in enumerate(np.ndindex(2, 2)):
        name = f"R_{{{i + 1}{m + 1}}}"
        plot(ax, engines, partial(overlap, i=i, m=m), name, colors[index], f"${name}$")
    ax.set(xlabel="time $t$", ylabel="overlap with the teacher", xlim=(-1.0, 62.0))
    ax.legend(loc="center right")
    _figures.letter(axes)
    return fig


def errors(entry):
    """Return errors (run, time)."""
    return entry.values("generalisation_error")[..., 0]


def overlap(entry, i: int, m: int):
    """Return overlaps of unit i of the student with unit m of the teacher, (run, time)."""
    return entry.values("student_teacher_overlaps")[..., 0, i, m]


def plot(ax, engines, quantity, series: str, color: str, label: str):
    """Draw a line of the equations, and means over samples and networks with standard errors."""
    ode = engines["ode"]
    _figures.plot_theory(ax, ode.time, quantity(ode)[0], series, label=label, color=color)
    for engine, marker in (("chain", "o"), ("network", "x")):
        entry = engines[engine]
        mean, error = mean_over(quantity(entry), 0), sem_over(quantity(entry), 0)
        style = {"color": color, "marker": marker, "label": None, "markersize": 3}
        _figures.plot_simulation(ax, entry.time, mean, f"{series}, {engine}", error, **style)


def claims(curves):
    """State the errors of the equations, how far samples and networks are, and the end of the plateau."""
    engines = curves[FIGURE]
    ode = engines["ode"]
    found = np.interp(np.linspace(0.0, 60.0, 11), ode.time, errors(ode)[0])
    yield own(
        "Error of the equations at t = 0, 6, ..., 60: largest difference from the other computation, divided "
        "by its last digit.",
        value=np.abs(found - KNOWN).max() / 1e-6,
        low=0.0,
        high=1.0,
        source="independent integration of the equations",
    )
    for engine, high in (("chain", 0.02), ("network", 0.03)):
        entry = engines[engine]
        distances = [
            np.abs(
                mean_over(overlap(entry, i, m), 0) - np.interp(entry.time, ode.time, overlap(ode, i, m)[0])
            )
            for i, m in np.ndindex(2, 2)
        ]
        yield own(
            f"Overlaps R, engine {engine}: largest distance of the mean over runs from the equations.",
            value=np.abs(distances).max(),
            low=0.0,
            high=high,
        )
    decay = np.log(errors(ode)[0][ode.time >= 50.0])
    slopes = np.diff(decay) / np.diff(ode.time[ode.time >= 50.0])
    yield own(
        "Rate of decay of the error at t = 50 to 60: relative change.",
        value=np.ptp(slopes) / np.abs(slopes).mean(),
        low=0.0,
        high=0.02,
    )
    relu, erf = (first_time(entry) for entry in (ode, curves[ERF]["ode"]))
    yield own(
        f"Time at which the error falls below {LEARNT:g}: erf units divided by ReLU units.",
        value=erf / relu,
        low=1.5,
        source="Straat & Biehl 2019, from memory: plateaus of ReLU units are shorter",
        certainty="remembered",
    )


def first_time(entry) -> float:
    """Return the first recorded time at which the error is small."""
    return float(entry.time[np.argmax(errors(entry)[0] < LEARNT)])


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)

"""Learning curves of soft committee machines that are smaller than their teacher, of its size, and larger.

Believed to be figure 1 of Goldt et al. 2019. The reader should see that the equations describe a single
network for its whole training, that all students pass through a plateau, that an error remains for a
student that is too small, and that label noise causes a larger final error in a larger student.
"""

from functools import partial

import _figures
import numpy as np
from _goldt2019 import COLORS, GUESSED, NOISE, PLOTTED, TEACHER, errors, informed_error

from teacherstudent.analysis import plateau
from teacherstudent.experiments.claims import Claim

FIGURE = "goldt2019_dynamics"
SIZES = (2, 4, 6)  # K
EXPERIMENTS = {K: f"goldt2019_dynamics_{K}" for K in SIZES}
TEACHER_UNITS, RATE = 4, 0.2
CAPTION = """
Online learning of soft committee machines (erf units, readouts 1, first layer trained) with K units from
a teacher with M = 4 orthonormal units and label noise sigma = 0.01; 784 inputs, learning rate 0.2,
initial weights of standard deviation 1. (a) Generalisation error: equations of motion (lines), one
network of each size from the same initial weights (points), and the final errors, from the equations, of
students of 4 and 6 units that start near the teacher (dotted). The latter belong to the fixed point at
which K - M units have zero weights. (b-d) Overlaps R_im for the three students. Colours: for each teacher
unit m the overlap with the student unit that is most similar to it at the end (lines and points as
before). Grey: all other overlaps (equations only).
For K - M = 2 the fixed point is a weak saddle: two units with opposite weights do not change the output,
students with random initial weights retain such a pair, and their final error is slightly smaller. For K
= 2 fluctuations decide which of many equally good solutions the students reach, so that networks then
have other overlaps than the equations, at the same error. The sizes are those of the published figure of
Goldt et al. (NeurIPS 2019); its learning rate, noise and initial weights are known from memory, and the
orthogonality of the teacher units is our choice.
"""
SIZE_MAP = "plasma"  # colours of students, apart from those of teacher units
NEAR = 0.02  # 12 seeds give 0.001 to 0.007
WINDOW = 10.0  # start of the search for a plateau
claim = partial(Claim, FIGURE, source=GUESSED, certainty="remembered")
recomputed = partial(Claim, FIGURE, certainty="recomputed")


def figure(curves):
    """Draw errors, and the overlaps with the teacher for each size."""
    fig, axes = _figures.panels(2, 2, _figures.PAGE, 0.68)
    plot_errors(axes[0, 0], curves)
    for ax, K in zip(axes.flat[1:], SIZES, strict=True):
        plot_overlaps(ax, theory(curves, K), curves[EXPERIMENTS[K]]["network"])
        ax.set_title(f"$K = {K}$")
    for ax in axes.flat:
        ax.set_xlabel("time $t$")
        _figures.log_axes(ax, "x")
    _figures.letter(axes)
    return fig


def theory(curves, K, noise=NOISE):
    """Return the solutions of the equations with K student units at one label noise."""
    return curves[EXPERIMENTS[K]]["ode"].select(output_noise=noise)


def plot_errors(ax, curves):
    """Draw one run of the equations and the network of each size, and the final errors from the equations."""
    for K, color in zip(SIZES, _figures.colors_along(SIZES, SIZE_MAP), strict=True):
        ode, network = theory(curves, K), curves[EXPERIMENTS[K]]["network"]
        later = slice(1, None)  # time 0 has no logarithm
        _figures.plot_theory(ax, ode.time[later], errors(ode)[PLOTTED, later], f"$K = {K}$", color=color)
        points = network.time[later], errors(network)[PLOTTED, later]
        _figures.plot_simulation(ax, *points, f"K = {K}", label=None, color=color, markersize=3)
        if K >= TEACHER_UNITS:
            ends, floor = ode.time[[1, -1]], [floor_of(K)] * 2
            style = {"color": color, "linestyle": ":", "linewidth": 0.9}
            _figures.plot_theory(ax, ends, floor, f"fixed point, K = {K}", label=None, **style)
    _figures.log_axes(ax)
    ax.set(ylabel=r"error $\epsilon$")
    ax.legend(loc="lower left", bbox_to_anchor=(0.0, 0.12))


def floor_of(K):
    """Return the error of the fixed point next to the teacher, K >= M."""
    return informed_error(TEACHER_UNITS, K, RATE) * NOISE**2 * RATE


def teacher_overlaps(entry):
    """Return the overlaps R of student with teacher units in all runs, (run, time, K, M)."""
    return entry.values("student_teacher_overlaps")[:, :, TEACHER]


def plot_overlaps(ax, ode, network):
    """Draw R: coloured for the student unit most similar to each teacher unit at the end, others grey."""
    R, sampled, later = teacher_overlaps(ode)[PLOTTED], teacher_overlaps(network)[PLOTTED], slice(1, None)
    best = np.abs(R[-1]).argmax(axis=0)
    for i, m in np.ndindex(R.shape[1:]):
        name, mine = f"R {i + 1}{m + 1}", i == best[m]
        color, width = (COLORS[m], 1.2) if mine else ("0.75", 0.6)
        style = {"color": color, "linewidth": width, "zorder": 2 if mine else 1}
        _figures.plot_theory(ax, ode.time[later], R[later, i, m], name, label=None, **style)
        if mine:
            points = network.time[later], sampled[later, i, m]
            _figures.plot_simulation(ax, *points, name, label=None, color=color, markersize=2.5)
    for m in range(R.shape[2]):
        ax.plot([], [], color=COLORS[m], label=f"{m + 1}")
    ax.set_ylabel("overlaps $R_{im}$")
    ax.legend(loc="upper left", title="teacher unit $m$", ncols=2, handlelength=1.0, columnspacing=1.0)


def claims(curves):
    """State the agreement of networks and equations, the plateaus, and the remaining errors."""
    return [
        *(found for K in SIZES for found in agreement_claims(curves, K)),
        *(plateau_claim(theory(curves, K), K) for K in SIZES[1:]),
        *unrealisable_claims(curves),
        *floor_claims(curves),
    ]


def agreement_claims(curves, K):
    """Compare networks and equations from the same weights, run by run."""
    ode, network = theory(curves, K), curves[EXPERIMENTS[K]]["network"]
    later, runs = network.time > 0.0, slice(network.runs)  # the runs that both have
    ratio = errors(network) / at_times(ode, errors(ode)[runs], network.time)
    said = partial(recomputed, source="the equations of motion")
    yield said(
        f"K = {K}: distance of log10 error of a network from that of the equations, "
        "median over recorded times (equally spaced in log t), largest of the runs.",
        value=np.median(np.abs(np.log10(ratio[:, later])), axis=1).max(),
        low=0.0,
        high=NEAR,
    )
    difference = teacher_overlaps(network) - at_times(ode, teacher_overlaps(ode)[runs], network.time)
    yield said(
        f"K = {K}: distance of the overlaps R of a network from those of the equations, "
        "root mean square over entries, median over recorded times, largest of the runs.",
        value=np.median(np.sqrt((difference**2).mean(axis=(2, 3)))[:, later], axis=1).max(),
        low=0.0,
        high=NEAR,
    )


def at_times(entry, values, times):
    """Return values (run, time, ...) at other times, linear in log(0.1 + t) between recorded ones."""
    x, known = np.log(0.1 + times), np.log(0.1 + entry.time)
    right = np.clip(np.searchsorted(known, x), 1, len(known) - 1)
    weight = (x - known[right - 1]) / (known[right] - known[right - 1])
    weight = weight.reshape(-1, *[1] * (values.ndim - 2))
    return (1.0 - weight) * values[:, right - 1] + weight * values[:, right]


def plateau_claim(ode, K):
    """State that the error is close to that of the symmetric fixed point where it is flattest."""
    height = plateau(TEACHER_UNITS, K, RATE, NOISE).generalisation_error[TEACHER]
    return recomputed(
        f"K = {K}: error at its flattest point in log t divided by that of the symmetric fixed point, "
        "median over runs.",
        value=np.median([flattest(ode.time, error, height) for error in errors(ode)]) / height,
        low=0.9,
        high=1.15,
        source="symmetric fixed point of the equations",
    )


def flattest(time, error, height):
    """Return the error where log error against log t is flattest, between WINDOW and half the height."""
    end = int(np.argmax(error < height / 2.0)) or len(time)
    among = np.flatnonzero(time[:end] >= WINDOW)
    if len(among) < 2:
        return np.nan
    return error[among[np.argmin(np.abs(np.gradient(np.log(error[among]), np.log(time[among]))))]]


def final(curves, K, noise=NOISE):
    """Return the median over runs of the error of the equations at the end."""
    return float(np.median(errors(theory(curves, K, noise))[:, -1]))


def unrealisable_claims(curves):
    """State that the final error of a student that is too small does not depend on the noise."""
    ode, K = theory(curves, SIZES[0]), SIZES[0]
    last = errors(ode)[:, ode.time >= ode.time[-1] / 3.0]
    yield claim(
        f"K = {K} < M: largest relative change of the error in the last two thirds of the run.",
        value=(np.ptp(last, axis=1) / last[:, -1]).max(),
        low=0.0,
        high=0.01,
    )
    yield claim(
        f"K = {K} < M: remaining error in units of sigma^2 eta: far above the effect of the noise.",
        value=final(curves, K) / (NOISE**2 * RATE),
        low=100.0,
    )
    yield claim(
        f"K = {K} < M: relative change of the remaining error if the noise is doubled.",
        value=final(curves, K, 2.0 * NOISE) / final(curves, K) - 1.0,
        low=-2e-3,
        high=2e-3,
    )


def floor_claims(curves):
    """State the final errors that noise causes in students that are large enough."""
    said = partial(recomputed, source="fixed point of the equations next to the teacher")
    for K, low, high in ((SIZES[1], 0.99, 1.01), (SIZES[2], 0.75, 1.02)):
        yield said(
            f"K = {K} >= M: remaining error divided by that of the fixed point next to the teacher.",
            value=final(curves, K) / floor_of(K),
            low=low,
            high=high,
        )
        yield claim(
            f"K = {K} >= M: remaining error with noise 2 sigma divided by four times that with noise sigma.",
            value=final(curves, K, 2.0 * NOISE) / final(curves, K) / 4.0,
            low=0.85,
            high=1.15,
        )
    yield claim(
        "Larger students have larger final errors: remaining error for K = 6 divided by that for K = 4 "
        "(fixed points: 2.18).",
        value=final(curves, SIZES[2]) / final(curves, SIZES[1]),
        low=1.3,
    )


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)

"""Shared parts of the figures on the mixing of images: quantities, panels and claims.

A test loss is the mean of (output - label)^2 over the test samples, divided by the squared distance of the
two labels, so that labels 0, 1 and -1, 1 have the same scale.
"""

from collections.abc import Callable, Mapping

import _figures
import numpy as np

from teacherstudent.experiments.claims import Claim
from teacherstudent.store.curves import Curves

AUTHORS = "Lee, Mannelli, Clopath, Goldt and Saxe, ICML 2022: abstract"
CODE = "the authors' code for images"
PROGRAM = "an independent program with the same protocol"
MARKERS = "os"
SHOWN = (0.0, 0.3, 0.6, 1.0)  # shares whose loss is shown over time
LATE = 0.4  # from this share on, task 2 uses the units of task 1


def loss(curves: Curves) -> np.ndarray:
    """Return the test losses of both tasks, (share, run, time, task)."""
    low, high = curves.spec.inputs.dataset.label_values
    return 2.0 * curves.values("generalisation_error") / (high - low) ** 2


def switch(curves: Curves) -> int:
    """Return the index of the recorded time of the switch."""
    return int(np.argmin(np.abs(curves.time - curves.spec.curriculum.switch_times[0])))


def rise(curves: Curves) -> np.ndarray:
    """Return the rise of the test loss of task 1 from the switch to the end, (share, run)."""
    first = loss(curves)[..., 0]
    return first[..., -1] - first[..., switch(curves)]


def shares_of_units(curves: Curves, index: int, task: int) -> np.ndarray:
    """Return the share of each unit in the output of a head, (share, run, unit).

    It is h_k^2 times the variance of the activation over the test samples of the task, divided by the sum
    over units.
    """
    h = curves.values("student_readouts")[..., index, task, :]
    parts = h**2 * curves.values("activation_variances")[..., index, task, :]
    return parts / parts.sum(axis=-1, keepdims=True)


def reuse(curves: Curves) -> np.ndarray:
    """Return sum_k of the shares of unit k in task 1 at the switch and in task 2 at the end, (share, run).

    It is 1 if both tasks use the same unit, and 0 if they use different ones.
    """
    first = shares_of_units(curves, switch(curves), 0)
    return (first * shares_of_units(curves, -1, 1)).sum(axis=-1)


def accuracy(curves: Curves, task: int) -> np.ndarray:
    """Return the fraction of test samples on the right side at the end, (share, run)."""
    return 1.0 - curves.values("classification_error")[..., -1, task]


def average(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard error over runs, the last axis; NaN values are left out."""
    count = np.isfinite(values).sum(axis=-1)
    return np.nanmean(values, axis=-1), np.nanstd(values, axis=-1, ddof=1) / np.sqrt(count)


def draw(entries: Mapping[str, Curves]):
    """Draw the four panels.

    Parameters
    ----------
    entries : mapping of str to Curves
        Runs along an axis `mixing`, by the name of their labels; the first ones are shown over time.

    Returns
    -------
    Figure
    """
    fig, axes = _figures.panels(2, 2, _figures.PAGE, 0.72)
    plot_time(axes[0, 0], next(iter(entries.values())))
    for number, (name, curves) in enumerate(entries.items()):
        x = curves.axis("mixing")
        style = {"marker": MARKERS[number], "linestyle": "-", "linewidth": 0.7}
        labels = {**style, "color": _figures.series_color((0, 3)[number])}
        _figures.plot_runs(axes[0, 1], x, rise(curves), f"labels {name}", **labels)
        _figures.plot_runs(axes[1, 0], x, reuse(curves), f"labels {name}", **labels)
        for task in (0, 1):
            series, color = f"task {task + 1}, labels {name}", _figures.task_color(task)
            _figures.plot_runs(axes[1, 1], x, accuracy(curves, task), series, **style, color=color)
    titles = ("loss of task 1 over time", "forgetting", "re-use of units", "accuracy at the end")
    names = ("test loss of task 1", "rise of the test loss of task 1", "re-use", "fraction correct")
    for ax, title, label in zip(axes.flat, titles, names, strict=True):
        ax.set(title=title, ylabel=label)
    for ax in axes.flat[1:]:
        ax.set_xlabel("share $a$ of task 1 in the inputs of task 2")
        ax.legend()
    axes[0, 1].set_ylim(0.0, None)
    axes[1, 0].set_ylim(-0.03, 1.03)
    axes[1, 0].legend(loc="lower right")
    _figures.letter(axes)
    return fig


def plot_time(ax, curves: Curves) -> None:
    """Draw the mean test loss of task 1 over time for some shares."""
    shares = curves.axis("mixing")
    shown = [index for index, share in enumerate(shares) if np.isclose(share, SHOWN).any()]
    means = average(np.moveaxis(loss(curves)[..., 0], 1, -1))[0]
    for index, color in zip(shown, _figures.colors_along(range(len(shown))), strict=True):
        style = {"color": color, "linestyle": "-", "linewidth": 0.9, "markersize": 2.5}
        _figures.plot_simulation(ax, curves.time, means[index], f"$a = {shares[index]:g}$", **style)
    _figures.mark_switch(ax, *curves.spec.curriculum.switch_times)
    _figures.log_axes(ax)
    ax.set_xlabel("time $t$ (steps / $N$)")
    ax.legend()


def statements(
    claim: Callable[..., Claim], name: str, curves: Curves, ratio: tuple[float, float], used: float
) -> list[Claim]:
    """Return the claims about the runs with one kind of labels.

    Parameters
    ----------
    claim : callable
        `Claim` with the name of the figure.
    name : str
        The labels, for the statements.
    curves : Curves
        Runs along an axis `mixing`.
    ratio : pair of float
        Expected range of the mean rise at the peak divided by that at the larger end.
    used : float
        Smallest expected re-use from the share `LATE` on.

    Returns
    -------
    list of Claim
    """
    risen, shares = rise(curves), curves.axis("mixing")
    mean, error = average(risen)
    inner = risen[1:-1].max(axis=0) > np.maximum(risen[0], risen[-1])
    again, spread = average(reuse(curves))
    late = shares > LATE - 1e-9
    lowest = late.argmax() + again[late].argmin()
    best = average(accuracy(curves, 1))[0]
    top = int(mean.argmax())
    return [
        claim(
            f"Labels {name}: fraction of runs with an inverted U: the loss of task 1 rises more at a share "
            "between 0 and 1 than at both ends.",
            value=inner.mean(),
            low=0.8,
            source=f"{AUTHORS}: forgetting is largest at intermediate similarity; 9 of 10 runs of {PROGRAM}",
        ),
        claim(
            f"Labels {name}: mean rise of the loss of task 1 at its peak divided by that at the larger end.",
            value=mean.max() / max(mean[0], mean[-1]),
            low=ratio[0],
            high=ratio[1],
            source=PROGRAM,
            certainty="recomputed",
        ),
        claim(
            f"Labels {name}: share at which the mean rise of the loss of task 1 is largest.",
            value=shares[top],
            low=0.1,
            high=0.5,
            source=f"{CODE}: about 0.3 to 0.45 in one run on Fashion-MNIST",
        ),
        claim(
            f"Labels {name}: mean rise of the loss of task 1 if both tasks have the same images (share 1), "
            "relative to the peak.",
            value=mean[-1] / mean.max(),
            uncertainty=error[-1] / mean.max(),
            low=-0.05,
            high=0.1,
            source=PROGRAM,
            certainty="recomputed",
        ),
        claim(
            f"Labels {name}: mean re-use at share 0: task 2 uses other units than task 1.",
            value=again[0],
            uncertainty=spread[0],
            low=0.0,
            high=0.15,
            source=PROGRAM,
            certainty="recomputed",
        ),
        claim(
            f"Labels {name}: smallest mean re-use from share {LATE} on: task 2 uses the units of task 1.",
            value=again[lowest],
            uncertainty=spread[lowest],
            low=used,
            source=PROGRAM,
            certainty="recomputed",
        ),
        claim(
            f"Labels {name}: smallest mean accuracy of task 2 of all shares.",
            value=best.min(),
            low=0.98,
            source=f"{CODE}: 0.98 or more in one run on Fashion-MNIST",
        ),
    ]

"""Shared parts of the figures of interventions: one legend for all panels of a figure."""

from collections.abc import Iterable

from matplotlib.axes import Axes
from matplotlib.figure import Figure


def legend_above(fig: Figure, axes: Iterable[Axes], title: str | None = None) -> None:
    """Write the series of some panels above the figure, each label once, in one row.

    Parameters
    ----------
    fig : Figure
        The figure.
    axes : iterable of Axes
        Panels whose series have labels; equal labels have equal colours.
    title : str, optional
        Title of the legend.
    """
    named = {}
    for ax in axes:
        handles, labels = ax.get_legend_handles_labels()
        named |= dict(zip(labels, handles, strict=True))
    fig.legend(named.values(), named.keys(), loc="outside upper center", ncols=len(named), title=title)

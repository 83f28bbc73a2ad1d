"""The figures of the workflow, in a module that is quick to import."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from teacherstudent.experiments.configuration import read_folder


@dataclass(frozen=True)
class Figure:
    """A figure: its title, its paper, and the experiments that it needs."""

    name: str
    title: str
    paper: str
    experiments: list[str]


def read_figures(root: str | Path = "") -> dict[str, Figure]:
    """Return the figures of the workflow in a folder by name, those of selected papers first.

    Raises RunError if the folder has no workflow, SpecError if its configuration is not valid.
    """
    return sorted_figures(read_folder(root))


def sorted_figures(config: Mapping[str, Any]) -> dict[str, Figure]:
    """Return the figures of a configuration by name, those of selected papers first."""
    figures = figures_of(config)
    order = [*config["papers"], *(figure.paper for figure in figures.values())]
    return dict(sorted(figures.items(), key=lambda item: order.index(item[1].paper)))


def figures_of(config: Mapping[str, Any]) -> dict[str, Figure]:
    """Return the figures of a configuration; one without a title has its name as its title."""
    entries = config.get("figures", {})
    return {name: Figure(name, **{"title": name, **entry}) for name, entry in entries.items()}

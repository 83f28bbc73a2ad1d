"""The plan of the workflow: figures, the experiments that they need, and the jobs of these experiments."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from teacherstudent.errors import SpecError
from teacherstudent.experiments.configuration import read_configuration
from teacherstudent.experiments.figures import Figure, figures_of
from teacherstudent.experiments.jobs import LONGEST_NAME, Experiment, Job, jobs, parse_experiment

# The keys of the block `inputs.dataset` of a spec that name files.
DATA_KEYS = ("file", "labels_file")
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Plan:
    """A checked configuration, with all jobs of its experiments."""

    papers: list[str]  # papers whose figures are made by default
    experiments: dict[str, Experiment]
    jobs: dict[tuple[str, str, str], Job]  # by experiment, engine, curve
    figures: dict[str, Figure]
    explorer: str | None  # the experiment of the page with sliders
    job_seconds: float  # largest estimated CPU time of a job with several cells

    @property
    def paper_names(self) -> list[str]:
        """All papers with figures, including those that are not selected."""
        return list(dict.fromkeys(figure.paper for figure in self.figures.values()))

    def experiment(self, name: str) -> Experiment:
        """Return an experiment. Raises SpecError if the configuration does not define it."""
        if name not in self.experiments:
            known = ", ".join(self.experiments) or "none"
            raise SpecError(f"no experiment {name} in the configuration; there are {known}")
        return self.experiments[name]

    def job(self, experiment: str, engine: str, curve: str) -> Job:
        """Return the job of a curve.

        Parameters
        ----------
        experiment, engine, curve : str
            The names in the path of the file of its runs.

        Returns
        -------
        Job
            The job that computes the curve.

        Raises
        ------
        SpecError
            If no experiment of the configuration has this curve.
        """
        key = (experiment, engine, curve)
        if key not in self.jobs:
            raise SpecError(f"no experiment in the configuration has the curve {'/'.join(key)}")
        return self.jobs[key]

    def jobs_of(self, experiment: str) -> dict[str, list[Job]]:
        """Return the jobs of an experiment by engine, in the order of the outer axes."""
        found: dict[str, list[Job]] = {}
        for job in self.jobs.values():
            if job.experiment == self.experiment(experiment).name:
                found.setdefault(job.engine, []).append(job)
        return found

    def grids(self, experiment: str) -> dict[str, dict]:
        """Return the grids of an experiment by engine, as plain documents."""
        return {engine: asdict(grid) for engine, grid in self.experiment(experiment).grids.items()}

    def inner_axes(self, experiment: str) -> dict[str, list[dict]]:
        """Return the inner axes of each job of an experiment, by engine."""
        return {
            engine: [job.work["inner"] for job in found] for engine, found in self.jobs_of(experiment).items()
        }

    def figures_of(self, papers: Iterable[str]) -> list[Figure]:
        """Return all figures of some papers."""
        return [figure for figure in self.figures.values() if figure.paper in papers]

    @property
    def selected_figures(self) -> list[Figure]:
        """The figures of the selected papers."""
        return self.figures_of(self.papers)

    @property
    def figures_by_experiment(self) -> dict[str, list[str]]:
        """The experiments that figures of the selected papers need, each with the names of these figures."""
        found: dict[str, list[str]] = {}
        for figure in self.selected_figures:
            for name in figure.experiments:
                found.setdefault(name, []).append(figure.name)
        return found

    @property
    def compared_experiments(self) -> list[str]:
        """The selected experiments that run on more than one engine."""
        return [name for name in self.figures_by_experiment if len(self.experiments[name].grids) > 1]


def read_plan(
    config: Mapping[str, Any],
    files: Sequence[str | Path],
    overlays: Sequence[str | Path],
    reserved: Sequence[str],
) -> Plan:
    """Read and check the configuration of a run of Snakemake, and expand its experiments into jobs.

    Parameters
    ----------
    config : mapping
        The configuration as merged by Snakemake.
    files : sequence of path
        The files of the configuration.
    overlays : sequence of path
        Files that replace values of the others, as given to `--configfile`.
    reserved : sequence of str
        Names of other targets, which figures and papers must not have.

    Returns
    -------
    Plan
        The figures, experiments and jobs, in the order of the files.

    Raises
    ------
    SpecError
        If the configuration is not valid; one line that names the experiment or the figure, the key and the
        value.
    """
    config = read_configuration(config, files, overlays)
    experiments = {
        name: parse_experiment(name, entry) for name, entry in config.get("experiments", {}).items()
    }
    figures = figures_of(config)
    _check_names(experiments, figures, reserved)
    _check_references(config, experiments, figures)
    listed = [job for experiment in experiments.values() for job in jobs(experiment, config["job_seconds"])]
    by_name = {(job.experiment, job.engine, job.curve): job for job in listed}
    explorer = config.get("explorer")
    return Plan(config["papers"], experiments, by_name, figures, explorer, config["job_seconds"])


def data_files(work: Mapping[str, Any]) -> list[str]:
    """List the files of data sets that a job needs (the `work` of `teacherstudent.experiments.jobs.Job`)."""
    block = work["spec"]["inputs"].get("dataset", {})
    axes = {key: work["inner"].get(f"inputs.dataset.{key}", [block.get(key)]) for key in DATA_KEYS}
    return [path for paths in axes.values() for path in paths if path is not None]


def _check_names(experiments: Mapping, figures: Mapping[str, Figure], reserved: Sequence[str]) -> None:
    """Raise SpecError for a name that is not valid for a file or a target, or that another target has."""
    papers = {figure.paper for figure in figures.values()}
    for kind, names in (("experiment", experiments), ("figure", figures), ("paper", papers)):
        for name in names:
            if not NAME.fullmatch(name):
                raise SpecError(
                    f"{kind} {name}: a name must consist of letters, digits and _, and start with a letter"
                )
            if len(name) > LONGEST_NAME:
                raise SpecError(f"{kind} {name[:40]}...: has {len(name)} letters; use at most {LONGEST_NAME}")
    for name in (*figures, *papers):
        if name in reserved or (name in figures and name in papers):
            raise SpecError(f"{name}: this name is already that of another target; choose another name")


def _check_references(config: Mapping[str, Any], experiments: Mapping, figures: Mapping[str, Figure]) -> None:
    """Raise SpecError if a figure, the explorer or `papers` names something that is not defined."""
    names = [
        (f"figures.{figure.name}.experiments", name)
        for figure in figures.values()
        for name in figure.experiments
    ]
    names += [("explorer", config["explorer"])] if "explorer" in config else []
    for key, name in names:
        if name not in experiments:
            known = ", ".join(experiments) or "none"
            raise SpecError(f"{key}: unknown experiment {name}; there are {known}")
    papers = sorted({figure.paper for figure in figures.values()})
    for paper in config["papers"]:
        if paper not in papers:
            known = ", ".join(papers) or "none"
            raise SpecError(f"papers: {paper} has no figures; papers with figures are {known}")

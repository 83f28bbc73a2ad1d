"""The files in `results/` that the workflow makes."""

from collections.abc import Iterable

from teacherstudent.errors import SpecError
from teacherstudent.experiments.jobs import Job
from teacherstudent.experiments.plan import Figure, Plan

RUNS = "results/runs/{experiment}/{engine}/{curve}.h5"
CURVES = "results/curves/{experiment}.h5"
DATASETS = "results/datasets"
CLAIMS = "results/claims/{figure}.csv"
EXPLORER = "results/explorer.html"
FIGURE = "results/figures/{paper}/{figure}.{ending}"
FIGURE_ENDINGS = {"pdf": "pdf", "png": "png", "csv": "csv", "caption": "txt"}
ANIMATION = "results/animations/{animation}.{ending}"
ANIMATION_ENDINGS = ("gif", "mp4")


def run_file(job: Job) -> str:
    """Return the file of the runs of a job."""
    return RUNS.format(experiment=job.experiment, engine=job.engine, curve=job.curve)


def run_files(plan: Plan, experiment: str) -> dict[str, list[str]]:
    """Return the files of all jobs of an experiment by engine, in the order of the outer axes."""
    return {engine: list(map(run_file, found)) for engine, found in plan.jobs_of(experiment).items()}


def curve_files(experiments: Iterable[str]) -> list[str]:
    """Return the files of the collected curves of some experiments."""
    return [CURVES.format(experiment=name) for name in experiments]


def claim_files(figures: Iterable[Figure]) -> list[str]:
    """Return the files of the claims about some figures."""
    return [CLAIMS.format(figure=figure.name) for figure in figures]


def figure_file(figure: Figure, kind: str) -> str:
    """Return one of the files of a figure: its pdf, png, csv or caption."""
    return FIGURE.format(paper=figure.paper, figure=figure.name, ending=FIGURE_ENDINGS[kind])


def figure_files(figures: Iterable[Figure]) -> list[str]:
    """Return all files of some figures."""
    return [figure_file(figure, kind) for figure in figures for kind in FIGURE_ENDINGS]


def animation_files(animations: Iterable[str]) -> list[str]:
    """Return all files of some animations."""
    return [ANIMATION.format(animation=name, ending=end) for name in animations for end in ANIMATION_ENDINGS]


def explorer_curves(plan: Plan) -> str:
    """Return the file of curves of the page with sliders. Raises SpecError if none is configured."""
    if plan.explorer is None:
        raise SpecError("explorer: no experiment is given; set it to the name of an experiment")
    return CURVES.format(experiment=plan.explorer)


def explorer_page(plan: Plan) -> list[str]:
    """Return the page with sliders if a figure of the selected papers needs its experiment, else nothing."""
    return [EXPLORER] if plan.explorer in plan.figures_by_experiment else []

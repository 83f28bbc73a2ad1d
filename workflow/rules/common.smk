"""The configuration, checked, and what the rules look up in it."""

import ast
import sys
from dataclasses import asdict
from pathlib import Path

import _bootstrap
from _config import data_files, read_plan
from _folders import ROOT, shown, source_file
from _groups import curve_group, experiment_groups, minutes
from _imports import helpers, library
from fetch_dataset import COLLECTIONS
from snakemake.exceptions import WorkflowError
from snakemake.utils import update_config

from teacherstudent.store.digest import code_digest, run_digest
from teacherstudent.files.yaml_documents import read_yaml
from teacherstudent.errors import SpecError

ENVIRONMENT = "../../envs/environment.yaml"
DATASET_RULES = ("dataset_digits", *(f"fetch_{collection}" for collection in COLLECTIONS))
WORKFLOW = ROOT / "workflow"
SCRIPTS = _bootstrap.SCRIPTS
TARGETS = (
    "all",
    "simulate",
    "collect",
    "gather_claims",
    "measure_agreement",
    "write_claims_page",
    "verify",
    "settings",
    "explorer",
    "animations",
    *DATASET_RULES,
)

RUNS = "results/runs/{experiment}/{engine}/{curve}.h5"
CURVES = "results/curves/{experiment}.h5"
DATASETS = "results/datasets"
CLAIMS = "results/claims/{figure}.csv"
EXPLORER = "results/explorer.html"
FIGURE = {
    "pdf": "results/figures/{paper}/{figure}.pdf",
    "png": "results/figures/{paper}/{figure}.png",
    "csv": "results/figures/{paper}/{figure}.csv",
    "caption": "results/figures/{paper}/{figure}.txt",
}
# The animations, and the experiment that each is drawn from.
ANIMATIONS = {
    "sgd_on_ode": "lee2021_ode_verification",
    "specialisation": "saadsolla1995_isotropic",
    "forgetting": "lee2021_feature_similarity",
}

# Of a module Snakemake leaves out `configfile:`; what the other workflow gives is laid over the experiments.
if AS_MODULE:
    given, config = config, {}
    for document in [*map(read_yaml, EXPERIMENT_FILES), given]:
        update_config(config, document)
    FILES, OVERLAYS = EXPERIMENT_FILES, []
else:
    FILES = [path for path in workflow.configfiles if path not in workflow.overwrite_configfiles]
    OVERLAYS = workflow.overwrite_configfiles

try:
    PLAN = read_plan(
        config,
        files=FILES,
        overlays=OVERLAYS,
        schema=WORKFLOW / "schemas" / "config.schema.yaml",
        reserved=TARGETS,
    )
except SpecError as error:
    sys.exit(f"error in the configuration: {error}")


GROUPS = experiment_groups(PLAN)


wildcard_constraints:
    experiment=r"\w+",
    engine=r"\w+",
    curve=r"[^/]+",


def job_of(wildcards):
    """The job that makes a curve."""
    key = (wildcards.experiment, wildcards.engine, wildcards.curve)
    if key not in PLAN.jobs:
        raise WorkflowError(f"no experiment in the configuration has the curve {'/'.join(key)}")
    return PLAN.jobs[key]


def work(wildcards):
    """All that a curve depends on, from the configuration."""
    return job_of(wildcards).work


def runtime(wildcards, attempt):
    """Minutes that a curve may take."""
    return minutes(job_of(wildcards).seconds, attempt)


def grouped(name):
    """The name of a group where jobs are sent to a cluster; what runs here or is only planned has no groups."""
    return None if workflow.local_exec else name


def group_of_curve(wildcards):
    """The job of a cluster in which a curve is made."""
    own = GROUPS.get(wildcards.experiment) or curve_group(job_of(wildcards), PLAN.job_seconds)
    return grouped(own)


def group_of_curves(wildcards):
    """The job of a cluster in which the curves of an experiment are collected."""
    return grouped(GROUPS.get(wildcards.experiment))


def group_of_figure(figure):
    """The job of a cluster in which a figure is drawn, as Snakemake asks for it."""

    def group(wildcards):
        return grouped(figure.name)

    return group


def datasets(wildcards):
    """Files of the data sets that a curve needs."""
    return data_files(work(wildcards))


def engine_code(wildcards):
    """Digest of the code that the runs of an engine depend on."""
    return run_digest(wildcards.engine)


def experiment(wildcards):
    """The experiment that is asked for."""
    if wildcards.experiment not in PLAN.experiments:
        known = ", ".join(PLAN.experiments) or "none"
        raise WorkflowError(f"no experiment {wildcards.experiment} in the configuration; there are {known}")
    return PLAN.experiments[wildcards.experiment]


def runs(wildcards):
    """Files of all jobs of an experiment, by engine, in order."""
    found = {}
    for job in PLAN.jobs_of(experiment(wildcards).name):
        path = RUNS.format(experiment=job.experiment, engine=job.engine, curve=job.curve)
        found.setdefault(job.engine, []).append(path)
    return found


def looped(wildcards):
    """The axes that are looped inside each job of an experiment, by engine, in order."""
    found = {}
    for job in PLAN.jobs_of(experiment(wildcards).name):
        found.setdefault(job.engine, []).append(job.work["inner"])
    return found


def grids(wildcards):
    """Axes and runs of an experiment, by engine."""
    return {engine: asdict(grid) for engine, grid in experiment(wildcards).grids.items()}


def kept(wildcards):
    """Quantities that the figures of an experiment need."""
    return experiment(wildcards).collect


def figures_of(*papers):
    """All figures of some papers."""
    return [figure for figure in PLAN.figures.values() if figure.paper in papers]


def figure_files(*figures):
    """All files of some figures."""
    return [figure_file(figure, kind) for figure in figures for kind in FIGURE]


def figure_file(figure, kind):
    """One of the files that a figure consists of."""
    return FIGURE[kind].format(paper=figure.paper, figure=figure.name)


def animation_files(*experiments):
    """The files of the animations that are drawn from some experiments."""
    names = [name for name, source in ANIMATIONS.items() if source in experiments]
    return [f"results/animations/{name}.{kind}" for name in names for kind in ("gif", "mp4")]


def in_report(figure, kind, shown):
    """A file of a figure, marked for the report; what it shows is first in the alphabet where it is shown first."""
    labels = {"name": figure.name, "title": figure.title, "show": shown}
    return report(
        figure_file(figure, kind), caption="../report/figure.rst", category=figure.paper, labels=labels
    )


def script_of(figure):
    """The script that draws a figure."""
    script = SCRIPTS / "figures" / f"{figure.name}.py"
    if not script.exists():
        sys.exit(f"error in the configuration: figures.{figure.name}: there is no script {script}")
    return script


def about(figure):
    """What the script of a figure says about it, for the report."""
    return ast.get_docstring(ast.parse(script_of(figure).read_text(encoding="utf-8")))


def helpers_of(script):
    """The files of code that a script, found from the folder of scripts, shares with others."""
    found = (path.relative_to(SCRIPTS) for path in helpers(SCRIPTS / script))
    return [source_file(f"workflow/scripts/{path.as_posix()}") for path in found]


def code_of(script):
    """The digest of all code of the library that a script uses, as Snakemake asks for it."""

    def code(wildcards):
        try:
            return code_digest(*library(SCRIPTS / script))
        except ValueError as error:
            raise WorkflowError(f"{script}: {error}") from error

    return code


def configuration_files():
    """The files of the configuration, later ones over earlier ones."""
    overlays = [shown(path) for path in workflow.overwrite_configfiles]
    base = [path for path in map(shown, [*workflow.configfiles, *FILES]) if path not in overlays]
    return [*dict.fromkeys(base), *overlays]


def configured_experiments(engines=1):
    """The experiments that the figures of the configured papers are drawn from and that have so many engines."""
    names = dict.fromkeys(name for figure in figures_of(*PLAN.papers) for name in figure.experiments)
    return [name for name in names if len(PLAN.experiments[name].grids) >= engines]


def configured_grids():
    """What each engine runs in the configured experiments."""
    return {
        name: {engine: asdict(grid) for engine, grid in PLAN.experiments[name].grids.items()}
        for name in configured_experiments()
    }


def figures_by_experiment():
    """The figures that are drawn from each of the configured experiments."""
    figures = figures_of(*PLAN.papers)
    return {
        name: [figure.name for figure in figures if name in figure.experiments]
        for name in configured_experiments()
    }


def explored(wildcards):
    """The curves of the experiment that the page with sliders shows."""
    if PLAN.explorer is None:
        raise WorkflowError("the configuration names no experiment under `explorer`")
    return CURVES.format(experiment=PLAN.explorer)


def explorer_page():
    """The page with sliders, if its experiment is one of the configured ones."""
    return [EXPLORER] if PLAN.explorer in configured_experiments() else []

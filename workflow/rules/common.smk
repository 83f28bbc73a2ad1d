"""The checked configuration, and functions of the rules that read it."""

from functools import cache

from _bootstrap import SCRIPTS
from _folders import shown, source_file
from _targets import RULES
from snakemake.exceptions import WorkflowError

from teacherstudent.experiments import paths
from teacherstudent.experiments.configuration import merged
from teacherstudent.experiments.groups import curve_group, experiment_groups, minutes
from teacherstudent.experiments.plan import data_files, read_plan
from teacherstudent.experiments.scripts import Scripts, description
from teacherstudent.experiments.sharing import shared_collections, shared_jobs
from teacherstudent.experiments.simulate import job_digest

ENVIRONMENT = "../../envs/environment.yaml"
# The animations, each with its experiment.
ANIMATIONS = {
    "sgd_on_ode": "lee2021_ode_verification",
    "specialisation": "saadsolla1995_isotropic",
    "forgetting": "lee2021_feature_similarity",
}

# In a module Snakemake skips `configfile:`; the values of the other workflow replace those of the experiments.
OVERLAYS = [] if AS_MODULE else workflow.overwrite_configfiles
FILES = EXPERIMENT_FILES if AS_MODULE else [p for p in workflow.configfiles if p not in OVERLAYS]
config = merged([*map(read_file, EXPERIMENT_FILES), config]) if AS_MODULE else config

try:
    PLAN = read_plan(config, FILES, OVERLAYS, reserved=RULES)
    CODE = Scripts(SCRIPTS)
    digest_of_script, digest_of_job = cache(CODE.digest), cache(job_digest)
    FIGURE_SCRIPTS = {name: CODE.figure(name) for name in PLAN.figures}
except SpecError as error:
    sys.exit(f"error in the configuration: {error}")

GROUPS = experiment_groups(PLAN)
SHARED_JOBS = shared_jobs(PLAN)
SHARED_COLLECTIONS = shared_collections(PLAN)
SELECTED_ANIMATIONS = [name for name, source in ANIMATIONS.items() if source in PLAN.figures_by_experiment]


wildcard_constraints:
    experiment=r"\w+",
    engine=r"\w+",
    curve=r"[^/]+",


def looked_up(function, *names):
    """The result of a function of the library; a SpecError ends Snakemake with one line."""
    try:
        return function(*names)
    except SpecError as error:
        raise WorkflowError(str(error)) from error


def job_of(wildcards):
    """The job that makes the file of a curve."""
    return looked_up(PLAN.job, wildcards.experiment, wildcards.engine, wildcards.curve)


def common_group(experiments):
    """The name of the group of experiments that are in the same one; otherwise None."""
    groups = {GROUPS.get(name) for name in experiments}
    return groups.pop() if len(groups) == 1 else None


def collected(experiment):
    """What `collect.main` takes for an experiment, except for the path of its curves."""
    files, inner_axes = paths.run_files(PLAN, experiment), PLAN.inner_axes(experiment)
    runs = {engine: dict(zip(files[engine], axes, strict=True)) for engine, axes in inner_axes.items()}
    return {"grids": PLAN.grids(experiment), "runs": runs, "quantities": PLAN.experiment(experiment).collect}


def on_cluster(group):
    """The name of a group if jobs are sent to a cluster; local runs and dry runs have no groups."""
    return None if workflow.local_exec else group


def no_start_of(names, follows):
    """A constraint of a wildcard: words that are not one of some names, which something else follows."""
    return rf"(?!(?:{'|'.join(names)}){follows})\w+"


def helpers_of(script):
    """The private modules that a script, named from the folder of scripts, imports."""
    found = (path.relative_to(SCRIPTS) for path in CODE.helpers(SCRIPTS / script))
    return [source_file(f"workflow/scripts/{path.as_posix()}") for path in found]


def code_of(script):
    """The digest of all code of the library that a script uses, as a function of the wildcards."""
    return lambda wildcards: looked_up(digest_of_script, SCRIPTS / script)


def in_report(figure, kind, shown):
    """A file of a figure, marked for the report, which sorts the files of a figure by `shown`."""
    labels = {"name": figure.name, "title": figure.title, "show": shown}
    file = paths.figure_file(figure, kind)
    return report(file, caption="../report/figure.rst", category=figure.paper, labels=labels)


def configuration_files():
    """The files of the configuration as shown on pages, in ascending priority."""
    overlays = [shown(path) for path in workflow.overwrite_configfiles]
    base = [path for path in map(shown, [*workflow.configfiles, *FILES]) if path not in overlays]
    return [*dict.fromkeys(base), *overlays]

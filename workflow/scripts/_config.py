"""Reads the configuration as a whole: every mistake is found before anything runs, and told in one line."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from snakemake.utils import update_config

from teacherstudent.errors import SpecError
from teacherstudent.experiments.jobs import LONGEST_NAME, Experiment, Job, jobs, parse_experiment
from teacherstudent.files.plain_values import plain
from teacherstudent.files.yaml_documents import read_yaml
from teacherstudent.spec.schema import check_document

# The keys of the block `inputs.dataset` of a spec that name files.
DATA_KEYS = ("file", "labels_file")
TEMPLATE = "__use_yte__"  # the key by which a file asks Snakemake to run code in it
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Figure:
    """A figure: its title, its paper, the experiments that it is drawn from, and its script."""

    name: str
    title: str
    paper: str
    experiments: list[str]


@dataclass(frozen=True)
class Plan:
    """The configuration, checked and written out."""

    papers: list[str]
    experiments: dict[str, Experiment]
    jobs: dict[tuple[str, str, str], Job]  # by experiment, engine, curve
    figures: dict[str, Figure]
    explorer: str | None  # the experiment of the page with sliders
    job_seconds: float

    @property
    def paper_names(self) -> list[str]:
        """All papers with figures, configured to be made or not."""
        return list(dict.fromkeys(figure.paper for figure in self.figures.values()))

    def jobs_of(self, experiment: str) -> list[Job]:
        """List the jobs of an experiment, in order."""
        return [job for job in self.jobs.values() if job.experiment == experiment]


def read_plan(
    config: Mapping[str, Any],
    files: Sequence[str | Path],
    overlays: Sequence[str | Path],
    schema: str | Path,
    reserved: Sequence[str],
) -> Plan:
    """Check a configuration that was merged from files and from overlays on them, and expand its experiments.

    `reserved` are names of targets that figures and papers may not have. Raises SpecError with one line.
    """
    config = plain(_merged(config, files, overlays))
    check_document(config, Draft202012Validator(read_yaml(schema)), "configuration")
    experiments = {
        name: parse_experiment(name, entry) for name, entry in config.get("experiments", {}).items()
    }
    figures = {
        name: Figure(name, **{"title": name, **entry}) for name, entry in config.get("figures", {}).items()
    }
    _check_names(experiments, figures, reserved)
    _check_references(config["papers"], experiments, figures)
    explorer = config.get("explorer")
    if explorer is not None:
        _check_experiment("explorer", explorer, experiments)
    listed = [job for experiment in experiments.values() for job in jobs(experiment, config["job_seconds"])]
    by_name = {(job.experiment, job.engine, job.curve): job for job in listed}
    return Plan(config["papers"], experiments, by_name, figures, explorer, config["job_seconds"])


def check_file(path: str | Path) -> dict:
    """Return the content of a file of the configuration, with plain values.

    Raises SpecError where it is not YAML or JSON with one block of keys that are texts.
    """
    document = read_yaml(path)
    if not isinstance(document, Mapping):
        raise SpecError(f"{path}: a configuration is a block of keys, not {type(document).__name__}")
    if TEMPLATE in document:
        raise SpecError(f"{path}: {TEMPLATE}: templates, which run code, are not allowed")
    try:
        return plain(document)
    except SpecError as error:
        raise SpecError(f"{path}: {error}") from error


def data_files(work: Mapping[str, Any]) -> list[str]:
    """List the files of data sets that a job needs (the `work` of `teacherstudent.experiments.jobs.Job`)."""
    block = work["spec"]["inputs"].get("dataset", {})
    axes = {key: work["inner"].get(f"inputs.dataset.{key}", [block.get(key)]) for key in DATA_KEYS}
    return [path for paths in axes.values() for path in paths if path is not None]


def _merged(config: Mapping[str, Any], files: Sequence[str | Path], overlays: Sequence[str | Path]) -> dict:
    """Merge the files as Snakemake does, but as this project reads them, where 1e-3 is a number.

    Where `config` differs from the files as Snakemake reads them, it was set elsewhere (`--config`, or the
    `config` of a module) and counts most. Keys are in the order of the files: Snakemake puts those of an
    overlay first, which would turn the axes of a grid around.
    """
    own: dict[str, Any] = {}
    seen: dict[str, Any] = {}
    for document in _read_files(files, overlays):
        update_config(own, document)
    for path in (*files, *overlays):
        update_config(seen, _as_snakemake_reads(path))
    _adopt(own, seen, config)
    return own


def _as_snakemake_reads(path: str | Path) -> dict:
    text = Path(path).read_text(encoding="utf-8")
    try:
        return json.loads(text)
    except ValueError:
        return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def _adopt(own: dict, seen: Mapping[str, Any], config: Mapping[str, Any]) -> None:
    """Change one's own reading where a configuration differs from what Snakemake reads in the same files."""
    for key in seen.keys() - config.keys():
        own.pop(key, None)
    for key, value in config.items():
        if isinstance(value, Mapping) and isinstance(seen.get(key), Mapping):
            _adopt(own.get(key, {}), seen[key], value)
        elif key not in seen or value != seen[key]:
            own[key] = value


def _read_files(files: Sequence[str | Path], overlays: Sequence[str | Path]) -> list[dict]:
    """Read all files, and look for what is lost when they are merged: keys given twice, in one or in two."""
    homes: dict[tuple[str, str], Any] = {}
    documents = [check_file(path) for path in files]
    for path, document in zip(files, documents, strict=True):
        for kind in ("experiments", "figures"):
            for name in document.get(kind) or {}:
                if (kind, name) in homes:
                    raise SpecError(f"{path}: {kind}.{name}: stands in {homes[kind, name]} already")
                homes[kind, name] = path
    return documents + [check_file(path) for path in overlays]


def _check_names(experiments: Mapping, figures: Mapping[str, Figure], reserved: Sequence[str]) -> None:
    papers = {figure.paper for figure in figures.values()}
    for kind, names in (("experiment", experiments), ("figure", figures), ("paper", papers)):
        for name in names:
            if not NAME.fullmatch(name):
                raise SpecError(f"{kind} {name}: a name has letters, digits and _ only, and a letter first")
            if len(name) > LONGEST_NAME:
                raise SpecError(f"{kind} {name[:40]}...: has {len(name)} letters; use at most {LONGEST_NAME}")
    for name in (*figures, *papers):
        if name in reserved or (name in figures and name in papers):
            raise SpecError(f"{name}: is the name of another target already")


def _check_references(papers: Sequence[str], experiments: Mapping, figures: Mapping[str, Figure]) -> None:
    for figure in figures.values():
        for name in figure.experiments:
            _check_experiment(f"figures.{figure.name}.experiments", name, experiments)
    known = sorted({figure.paper for figure in figures.values()})
    for paper in papers:
        if paper not in known:
            raise SpecError(
                f"papers: {paper} has no figures; papers with figures are {', '.join(known) or 'none'}"
            )


def _check_experiment(key: str, name: str, experiments: Mapping) -> None:
    if name not in experiments:
        known = ", ".join(experiments) or "none"
        raise SpecError(f"{key}: unknown experiment {name}; there are {known}")

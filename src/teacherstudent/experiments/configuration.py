"""The only reader of the configuration: its files are read, merged and checked here.

A configuration is a block of keys, whose schema is `spec/schemas/configuration.yaml`. It comes from
`config/config.yaml`, the files in `config/experiments`, and overlays such as `config/quick.yaml`.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from pathlib import Path
from typing import Any

import yaml

from teacherstudent.errors import RunError, SpecError
from teacherstudent.errors.documents import kind_of
from teacherstudent.files.plain_values import plain
from teacherstudent.files.yaml_documents import read_yaml
from teacherstudent.spec.schema import complete

MAIN_FILE = Path("config") / "config.yaml"
EXPERIMENTS = Path("config") / "experiments"
TEMPLATE = "__use_yte__"  # a file with this key asks Snakemake to run code in it


def read_file(path: str | Path) -> dict:
    """Return the content of one file of the configuration, with plain values.

    Raises SpecError if it is not YAML or JSON, or not a block whose keys are texts.
    """
    document = read_yaml(path)
    if document is None:
        raise SpecError(f"{path}: the file is empty; write a block of keys, or remove the file")
    if not isinstance(document, Mapping):
        raise SpecError(f"{path}: a configuration must be a block of keys, not {kind_of(document)}")
    if TEMPLATE in document:
        raise SpecError(f"{path}: remove {TEMPLATE}: templates run code and are not supported")
    try:
        return plain(document)
    except SpecError as error:
        raise SpecError(f"{path}: {error}") from error


def read_files(files: Sequence[str | Path], overlays: Sequence[str | Path] = ()) -> list[dict]:
    """Read the files and the overlays of a configuration.

    Raises SpecError if two of the files define the same experiment or figure; an overlay may redefine it.
    """
    sources: dict[tuple[str, str], str | Path] = {}
    documents = [read_file(path) for path in files]
    for path, document in zip(files, documents, strict=True):
        for kind in ("experiments", "figures"):
            block = document.get(kind)
            for name in block if isinstance(block, Mapping) else ():
                if (kind, name) in sources:
                    raise SpecError(f"{path}: {kind}.{name} is already defined in {sources[kind, name]}")
                sources[kind, name] = path
    return documents + [read_file(path) for path in overlays]


def merged(documents: Iterable[Mapping[str, Any]]) -> dict:
    """Merge documents block by block; values of later documents replace those of earlier ones.

    The result is that of `update_config` of Snakemake, and shares no block with the documents.
    """
    return reduce(_updated, documents, {})


def _updated(value: Any, changes: Mapping[str, Any]) -> Any:
    """Merge a block into a value; a value that is not a block is replaced if there are changes."""
    for key, item in changes.items():
        value = value if isinstance(value, dict) else {}
        value[key] = _updated(value.get(key, {}), item) if isinstance(item, Mapping) else item
    return value


def read_configuration(
    config: Mapping[str, Any], files: Sequence[str | Path], overlays: Sequence[str | Path]
) -> dict:
    """Read the configuration of a run of Snakemake, merged and checked against the schema.

    Values that differ from those in the files were set elsewhere (`--config`, or the `config` of a module)
    and replace them. All others are read from the files again, because Snakemake reads numbers such as 1e-3
    as texts, and places the keys of an overlay first, which would reverse the axes of a grid.

    Parameters
    ----------
    config : mapping
        The configuration as merged by Snakemake.
    files : sequence of path
        The files of the configuration.
    overlays : sequence of path
        Files that replace values of the others, as given to `--configfile`.

    Returns
    -------
    dict
        The configuration with plain values.

    Raises
    ------
    SpecError
        If a file or a value is not valid; one line that names the file or the key.
    """
    own = merged(read_files(files, overlays))
    _adopt(own, merged(map(_as_snakemake_reads, (*files, *overlays))), config)
    return complete(own, "configuration")


def _as_snakemake_reads(path: str | Path) -> dict:
    """Read a file with the standard readers of JSON and YAML."""
    text = Path(path).read_text(encoding="utf-8")
    try:
        return json.loads(text)
    except ValueError:
        return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def _adopt(own: dict, seen: Mapping[str, Any], config: Mapping[str, Any]) -> None:
    """Change `own` where a configuration differs from `seen`, the reading of the same files by Snakemake."""
    for key in seen.keys() - config.keys():
        own.pop(key, None)
    for key, value in config.items():
        if isinstance(value, Mapping) and isinstance(seen.get(key), Mapping):
            _adopt(own.get(key, {}), seen[key], value)
        elif key not in seen or value != seen[key]:
            own[key] = value


def read_folder(root: str | Path = "") -> dict:
    """Read the configuration of the workflow in a folder, without overlays.

    Unlike a run, a listing does not need a main file: no paper is selected without it.

    Raises
    ------
    RunError
        If the folder has no workflow.
    SpecError
        If a file cannot be read, or if the configuration does not follow the schema.
    """
    root = Path(root)
    if not (root / EXPERIMENTS).is_dir():
        raise RunError(f"there is no folder {root / EXPERIMENTS} here; go to the folder of a workflow")
    files = [path for path in [root / MAIN_FILE] if path.is_file()]
    documents = read_files([*files, *sorted((root / EXPERIMENTS).glob("*.yaml"))])
    return complete(merged([{"papers": [], "job_seconds": 1.0}, *documents]), "configuration")

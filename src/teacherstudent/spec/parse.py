"""The spec: one run, described completely by one validated document.

`parse_spec` turns a mapping (from YAML, JSON or Python) into frozen dataclasses. `schemas/spec.yaml` contains
every key with its description, range and default.
"""

import dataclasses
import os
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import groupby
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args

import numpy as np

from teacherstudent.errors import SpecError
from teacherstudent.errors.documents import kind_of
from teacherstudent.files.plain_values import plain
from teacherstudent.files.yaml_documents import read_yaml
from teacherstudent.spec.activation_files import fill_in_activations
from teacherstudent.spec.axes import read_values, with_values
from teacherstudent.spec.memo import Blocks
from teacherstudent.spec.model import INITIAL_KEYS, Spec
from teacherstudent.spec.rules import check_spec
from teacherstudent.spec.rules_inputs import completed_inputs
from teacherstudent.spec.rules_laws import completed_laws, fill_in_layers
from teacherstudent.spec.rules_structured import check_structured_files, completed_numerics
from teacherstudent.spec.schema import complete_blocks
from teacherstudent.spec.weight_files import check_files, fill_from_files

# Default standard deviation of initial weights and readouts.
SMALL_STD = 0.001
# Keys that can be combined with `record.times`.
BESIDE_TIMES = ("quantities", "weights", "state", "movement")
# The forms in which users give a spec.
SpecLike = Spec | Mapping[str, Any] | str | os.PathLike


def as_spec(given: SpecLike) -> Spec:
    """Return a spec as it is, of a mapping (`parse_spec`), or of the path of a file (`load_spec`)."""
    if isinstance(given, Spec):
        return given
    return load_spec(given) if isinstance(given, str | os.PathLike) else parse_spec(given)


def load_spec(path: str | Path, settings: Mapping[str, Any] = MappingProxyType({})) -> Spec:
    """Read and check a spec from a YAML file.

    Parameters
    ----------
    path : str or Path
        The file.
    settings : Mapping, optional
        Values that replace those of the file, by dotted key such as `training.learning_rate`.

    Returns
    -------
    Spec
        The complete spec.

    Raises
    ------
    SpecError
        If the file cannot be read or the spec is not valid.
    """
    return parse_spec(with_values(read_document(path), settings))


def read_document(path: str | Path) -> dict:
    """Read the document of a spec from a YAML file. Raises SpecError if it is not a block of keys."""
    document = read_yaml(path)
    if not isinstance(document, Mapping):
        found = "an empty file" if document is None else kind_of(document)
        raise SpecError(f"{path}: a spec is a block of keys, not {found}")
    return document


def parse_spec(document: Mapping[str, Any], files: bool = True) -> Spec:
    """Check a document and fill in the defaults.

    Parameters
    ----------
    document : Mapping
        The spec, as read from YAML or JSON or made in Python. It is not changed.
    files : bool, optional
        Whether files that the document names are read. False is for the complete documents of stored runs,
        whose files may be missing.

    Returns
    -------
    Spec
        The complete spec.

    Raises
    ------
    SpecError
        With one line that names the key, what is wrong, and what to do.

    Examples
    --------
    >>> spec = parse_spec({"inputs": {"dimension": 100}, "teachers": {"count": 2, "hidden": 1},
    ...                    "student": {"hidden": 2}, "training": {"learning_rate": 0.5}})
    >>> spec.student.activation, spec.duration, spec.heads
    ('erf', 300.0, 2)
    >>> parse_spec({"duration": 0})
    Traceback (most recent call last):
    teacherstudent.errors.SpecError: duration: 0 is not allowed; it must be a number > 0
    """
    if not isinstance(document, Mapping):
        raise SpecError(f"a spec is a block of keys, not {kind_of(document)}")
    document = plain(document)
    fill_in_layers(document)
    _counts_from_overlaps(document)
    _write_out_times(document)
    if files:
        fill_from_files(document)
        fill_in_activations(document)
    filled = complete_blocks(document, "spec")
    if "times" in filled["record"]:
        kept = {key: filled["record"][key] for key in BESIDE_TIMES}
        filled["record"] = {"times": _times_alone(filled["record"]["times"], document["record"])} | kept
    filled["inputs"] = completed_inputs(filled["inputs"], filled["teachers"]["count"])
    filled["numerics"] = completed_numerics(filled["numerics"], filled["inputs"])
    completed_laws(filled)
    spec = _spec(_resolved(filled))
    check_spec(spec)
    if files:
        check_files(spec)
        check_structured_files(spec)
    return spec


def _counts_from_overlaps(document: dict) -> None:
    """Take P, K, M from given overlaps if the blocks do not give them."""
    overlaps = document.get("initial_overlaps")
    if not isinstance(overlaps, Mapping):
        return
    for block, source, counts in (
        ("teachers", "teacher_readouts", ("count", "hidden")),
        ("student", "student", ("hidden",)),
    ):
        try:
            shape = np.shape(overlaps.get(source))
        except ValueError as error:
            raise SpecError(f"initial_overlaps.{source}: rows of different lengths") from error
        asked = document.setdefault(block, {})
        if isinstance(asked, Mapping) and len(shape) == 2:
            document[block] = dict(zip(counts, shape, strict=False)) | dict(asked)


def _write_out_times(document: dict) -> None:
    """Replace recorded times in a short form by all of them."""
    record = document.get("record")
    if isinstance(record, Mapping) and isinstance(record.get("times"), Mapping):
        document["record"] = dict(record) | {"times": read_values("record.times", record["times"])}


def _times_alone(times: list, record: Mapping) -> list:
    others = [key for key in record if key not in ("times", *BESIDE_TIMES)]
    if others:
        raise SpecError(f"record.{others[0]}: cannot be combined with record.times; remove one of them")
    return times


def _resolved(filled: dict) -> dict:
    """Write out the short forms of values: one number for all teachers, default order, default rates."""
    teachers, training, curriculum = filled["teachers"], filled["training"], filled["curriculum"]
    count = teachers["count"]
    for key in ("output_noise", "input_noise", "drift"):
        if key in teachers and not isinstance(teachers[key], list):
            teachers[key] = [teachers[key]] * count
    if training["readout_learning_rate"] is None:
        training["readout_learning_rate"] = training["learning_rate"]
    if training["readout_weight_decay"] is None:
        training["readout_weight_decay"] = training["weight_decay"]
    training["frozen_units"] = training["frozen_units"] or [[] for _ in range(count)]
    for index, window in enumerate(training.get("deficits", [])):
        _write_out_end(f"training.deficits[{index}]", window)
    if "mixture" in curriculum:
        curriculum["order"] = _main_teachers(curriculum)
    curriculum.setdefault("order", list(range(count)))
    student = filled["student"]
    student["initial"] = _initial_with_defaults(student["initial"])
    if isinstance(student["copy_head_at_switch"], bool):  # as in older specs
        student["copy_head_at_switch"] = "first" if student["copy_head_at_switch"] else "never"
    return filled


def _write_out_end(key: str, window: dict) -> None:
    """Replace the length of a window of time by its end."""
    if "length" in window:
        if "until" in window:
            raise SpecError(f"{key}.length: cannot be combined with until; remove one of them")
        window["until"] = window["start"] + window.pop("length")


def _main_teachers(curriculum: dict) -> list[int]:
    """Return the main teachers of the pieces of a mixture: those with the largest probability."""
    rows = [piece["probabilities"] for piece in curriculum["mixture"]]
    main = [teacher for teacher, _ in groupby(row.index(max(row)) for row in rows)]
    if curriculum.get("order", main) != main:
        raise SpecError("curriculum.order: follows from the mixture; remove one of them")
    return main


def _initial_with_defaults(initial: dict) -> dict:
    """Add the standard deviations that the scheme uses and that are not given."""
    given = "readouts_value" in initial or None not in initial.get("readouts", [None])
    deviations = ["weights_std"] if given else ["weights_std", "readouts_std"]
    taken = [key for key in deviations if key in INITIAL_KEYS[initial["scheme"]]]
    return dict.fromkeys(taken, SMALL_STD) | initial


class _Kind:
    """Properties of the type of a field, found once because grids build thousands of specs."""

    def __init__(self, kind: Any) -> None:
        parts = list(_parts(kind))
        self.block = next((part for part in parts if dataclasses.is_dataclass(part)), None)
        self.item = int if int in parts else float
        self.fraction = float in parts


def _parts(kind: Any) -> Iterator[Any]:
    """Yield a type, and the types in its arguments."""
    yield kind
    for part in get_args(kind):
        yield from _parts(part)


def _spec(document: dict) -> Spec:
    """Build a spec; equal blocks of several specs are the same objects."""
    kinds = _field_kinds(Spec)
    return Spec(
        **{
            key: _blocks.of(key, value, lambda key=key, value=value: _convert(kinds[key], value))
            for key, value in document.items()
        }
    )


_blocks = Blocks()


def _build(cls: type, values: dict) -> Any:
    """Build nested dataclasses from nested mappings, with tuples for lists and floats for fractions."""
    kinds = _field_kinds(cls)
    return cls(**{key: _convert(kinds[key], value) for key, value in values.items()})


@cache
def _field_kinds(cls: type) -> dict[str, _Kind]:
    return {field.name: _Kind(field.type) for field in dataclasses.fields(cls)}


def _convert(kind: _Kind, value: Any) -> Any:
    if isinstance(value, dict):
        return _build(kind.block, value)
    if isinstance(value, list):
        return tuple(
            _convert(kind, item) if isinstance(item, dict) else _tupled(item, kind.item) for item in value
        )
    return float(value) if kind.fraction and isinstance(value, int) else value


def _tupled(value: Any, number: type) -> Any:
    if isinstance(value, list):
        return tuple(_tupled(item, number) for item in value)
    return value if isinstance(value, str) or value is None else number(value)

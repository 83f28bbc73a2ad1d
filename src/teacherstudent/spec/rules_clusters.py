"""Gaussian clusters of inputs in a spec: completion of the block, and checks. Each error is one line."""

import math

from teacherstudent.errors import SpecError, refuse
from teacherstudent.spec.model import Spec
from teacherstudent.spec.structured_files import read_array

BLOCK = "inputs.clusters"
# Precision of the sum of probabilities.
ROUNDING = 1e-9
# The labels of the kinds of means that have labels of their own.
LABELS = {"opposite": [1.0, -1.0], "xor": [1.0, 1.0, -1.0, -1.0]}

# Schemes of the initial student that do not depend on teachers.
SCHEMES = ("gaussian", "symmetric", "file")


def completed_clusters(block: dict, teachers: int) -> dict:
    """Return the block with one number per cluster, and one row of labels per teacher.

    Raises SpecError if something is missing or has another length than the number of clusters.
    """
    block, means = dict(block), block["means"]
    if (means == "file") != ("file" in block):
        raise SpecError(f"{BLOCK}.file: needed with means: file, and only there")
    count = None
    if means == "file":
        found, block["sha256"] = read_array(BLOCK, block["file"], block.get("sha256"), "means")
        count = len(found)
    labels = block.get("labels", LABELS.get(means))
    if labels is None:
        raise SpecError(f"{BLOCK}.labels: missing; means: {means} needs a label for each cluster")
    rows = labels if isinstance(labels[0], list) else [labels] * teachers
    count = count or len(LABELS.get(means, rows[0]))
    block["labels"] = rows
    if means != "file":
        block.setdefault("norm", 1.0)
    if not isinstance(block.setdefault("std", 1.0), list):
        block["std"] = [block["std"]] * count
    block.setdefault("probabilities", [1.0 / count] * count)
    for key, values in (("std", block["std"]), ("probabilities", block["probabilities"])):
        if len(values) != count:
            raise SpecError(f"{BLOCK}.{key}: {len(values)} values for {count} clusters; give one for each")
    if len(rows) != teachers or any(not isinstance(row, list) or len(row) != count for row in rows):
        raise SpecError(f"{BLOCK}.labels: must be one row of {count} labels, or {teachers} such rows")
    return block


def check_clusters(spec: Spec) -> None:
    """Raise SpecError where clusters contradict other blocks."""
    clusters, training = spec.inputs.clusters, spec.training
    if clusters is None:
        return
    if abs(math.fsum(clusters.probabilities) - 1.0) > ROUNDING:
        raise SpecError(f"{BLOCK}.probabilities: their sum is {sum(clusters.probabilities):g}; it must be 1")
    if any(label not in (-1.0, 1.0) for row in clusters.labels for label in row):
        raise SpecError(f"{BLOCK}.labels: each label is 1 or -1")
    if clusters.means == "file" and clusters.norm is not None:
        raise SpecError(f"{BLOCK}.norm: not used with means: file; remove it")
    directions = {"opposite": 1, "xor": 2, "file": 0}.get(clusters.means, len(clusters.std))
    if directions > spec.inputs.dimension:
        raise SpecError(f"inputs.dimension: {BLOCK}.means need at least {directions} inputs")
    scheme = spec.student.initial.scheme
    if scheme not in SCHEMES:
        refuse("student.initial.scheme", scheme, f"clusters need one of {', '.join(SCHEMES)}")
    for key, is_given in (
        ("teachers.labels", spec.teachers.labels is not None),
        ("teachers.file", spec.teachers.file is not None),
        ("teachers.drift", spec.has_moving_teachers),
        ("teachers.output_noise", any(spec.teachers.output_noise)),
        ("teachers.input_noise", any(spec.teachers.input_noise)),
        ("training.consolidation", training.consolidation is not None),
        ("training.l1", training.l1 is not None),
        ("training.deficits", training.deficits is not None),
        ("curriculum.replay", spec.curriculum.replay is not None),
        ("curriculum.mixture", spec.curriculum.mixture is not None),
        ("curriculum.thresholds", spec.curriculum.thresholds is not None),
        ("inputs.samples", spec.inputs.samples is not None),
        ("record.movement", spec.record.movement),
        ("initial_overlaps", spec.initial_overlaps is not None),
        ("student.layers", spec.is_deep),
    ):
        if is_given:
            raise SpecError(f"{key}: not available with inputs.distribution: mixture; remove it")

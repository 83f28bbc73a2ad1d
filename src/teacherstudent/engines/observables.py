"""The recorded quantities. Each is declared once, in `OBSERVABLES`.

The layout in HDF5, the padding of runs that diverged, the estimates of memory and cost, the tables of
`teacherstudent show`, the quantities that experiments can collect and the coordinates in xarray follow from
this table. A new quantity is one entry here, and an engine that passes its array to `Trajectory`.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from teacherstudent.engines.state_variables import StateVariable
from teacherstudent.spec.memo import once_per_spec
from teacherstudent.spec.model import Spec
from teacherstudent.spec.steps import record_steps

SCHEMA_VERSION = 1


class Dimension(NamedTuple):
    """A dimension of recorded arrays."""

    name: str
    symbol: str
    description: str
    size: Callable[[Spec], int] | None = None  # None: not determined by the spec alone
    units: str = "1"


class Observable(NamedTuple):
    """A recorded quantity of one run: the shape, type and meaning of its array."""

    name: str  # of the dataset, and of the attribute of a trajectory
    dimensions: tuple[str, ...]
    symbol: str
    description: str
    when: Callable[[Spec], bool] | None = None  # whether it is recorded; None: always
    dtype: str | None = "float64"  # None: `numerics.precision` of the spec
    engines: tuple[str, ...] | None = None  # those that record it; None: all
    units: str = "1"

    def itemsize(self, spec: Spec) -> int:
        """Return the bytes of one number."""
        return np.dtype(self.dtype or spec.numerics.precision).itemsize


def _by_name(*entries):
    return {entry.name: entry for entry in entries}


def _records_overlaps(spec: Spec) -> bool:
    return spec.record.quantities == "all"


def _records_readouts(spec: Spec) -> bool:
    return spec.record.quantities in ("all", "readouts")


def _records_teachers(spec: Spec) -> bool:
    return _records_overlaps(spec) and spec.inputs.clusters is None


def _has_pairs(spec: Spec) -> bool:
    return spec.inputs.dataset is not None and spec.inputs.dataset.labels == "pairs"


def _count(spec: Spec) -> int:
    return spec.teachers.count


def _units(spec: Spec) -> int:
    return spec.student.hidden


def _teacher_units(spec: Spec) -> int:
    return spec.teachers.hidden


def _clusters(spec: Spec) -> int:
    return 0 if spec.inputs.clusters is None else len(spec.inputs.clusters.probabilities)


# In the order in which they are stored.
OBSERVABLES = _by_name(
    Observable("time", ("time",), symbol="t", description="time t = steps / N", units="steps / N"),
    Observable(
        "generalisation_error",
        ("time", "teacher"),
        symbol="eps",
        description="generalisation error 1/2 <(student - teacher)^2> against each noiseless teacher; of a "
        "data set its mean over the test samples; of labels that are signs the mean loss without flips; "
        "of rule reward the probability of a wrong decision",
    ),
    Observable(
        "student_overlaps",
        ("time", "student_unit", "student_unit_other"),
        symbol="Q",
        description="overlaps of student units, w_i.w_k / N; of structured inputs the covariances of their "
        "fields, those with the inputs of the first task where tasks differ",
        when=_records_overlaps,
    ),
    Observable(
        "task_student_overlaps",
        ("time", "teacher", "student_unit", "student_unit_other"),
        symbol="Q_p",
        description="covariances of the fields of student units with the inputs of each task",
        when=lambda spec: spec.has_task_inputs and _records_overlaps(spec),
    ),
    Observable(
        "student_weight_overlaps",
        ("time", "student_unit", "student_unit_other"),
        symbol="W",
        description="overlaps of the weights of student units, w_i.w_k / N, of structured inputs",
        when=lambda spec: spec.inputs.is_structured and _records_overlaps(spec),
    ),
    Observable(
        "student_teacher_overlaps",
        ("time", "teacher", "student_unit", "teacher_unit"),
        symbol="R",
        description="overlaps of student and teacher units, w_k.v_m / N; of structured inputs the "
        "covariances of their fields, with the inputs of the task of the teacher",
        when=_records_teachers,
    ),
    Observable(
        "student_readouts",
        ("time", "head", "student_unit"),
        symbol="h",
        description="readouts of the student times its output scale, one row per head",
        when=_records_readouts,
    ),
    Observable(
        "student_inner",
        ("time", "inner_layer", "student_unit", "student_unit_other"),
        symbol="U",
        description="weights between the hidden layers of the student",
        when=lambda spec: spec.is_deep and _records_readouts(spec),
    ),
    Observable(
        "student_cluster_overlaps",
        ("time", "student_unit", "cluster"),
        symbol="m",
        description="overlaps of student units with the means of the clusters, w_k.mu_c / N",
        when=lambda spec: spec.inputs.clusters is not None and _records_overlaps(spec),
    ),
    Observable(
        "cluster_overlaps",
        ("cluster", "cluster_other"),
        symbol="Omega",
        description="overlaps of the means of the clusters, mu_c.mu_d / N",
        when=lambda spec: spec.inputs.clusters is not None and _records_overlaps(spec),
    ),
    Observable(
        "teacher_overlaps",
        ("teacher", "teacher_other", "teacher_unit", "teacher_unit_other"),
        symbol="T",
        description="overlaps of teacher units, v_m.v_n / N; of structured inputs the covariances of their "
        "fields; between teachers with latent numbers of their own v_m.v_n / D",
        when=_records_teachers,
    ),
    Observable(
        "teacher_readouts",
        ("teacher", "teacher_unit"),
        symbol="v",
        description="readouts of the teachers times their output scale",
        when=lambda spec: spec.inputs.clusters is None,
    ),
    Observable(
        "active_teacher",
        ("time",),
        symbol="p*",
        description="teacher trained on at that time, counted from 0; -1 after a run diverged",
        dtype="int64",
    ),
    Observable(
        "task_probabilities",
        ("time", "teacher"),
        symbol="p",
        description="probability of each task in the next step; the average where tasks are trained in turn",
        when=lambda spec: spec.mixes_tasks,
    ),
    Observable(
        "teacher_overlaps_in_time",
        ("time", "teacher", "teacher_other", "teacher_unit", "teacher_unit_other"),
        symbol="T(t)",
        description="overlaps of teacher units, v_m.v_n / N, of teachers that move",
        when=lambda spec: spec.has_moving_teachers and _records_overlaps(spec),
    ),
    Observable(
        "anchor_overlaps",
        ("time", "student_unit", "student_unit_other"),
        symbol="A",
        description="overlaps of student units with the anchors, w_i.c_k / N: the weights at the last "
        "switch, or the centres of the penalties",
        when=lambda spec: spec.has_anchors and _records_overlaps(spec),
    ),
    Observable(
        "anchor_norms",
        ("time", "student_unit"),
        symbol="C",
        description="squared lengths of the anchors, c_k.c_k / N",
        when=lambda spec: spec.has_anchors and _records_overlaps(spec),
    ),
    Observable(
        "importances",
        ("switch", "student_unit"),
        symbol="a",
        description="importance of each student unit for the task before a switch; of importances per weight "
        "the mean over the weights of a unit",
        when=lambda spec: spec.training.consolidation is not None,
    ),
    Observable(
        "switch_times",
        ("switch",),
        symbol="s",
        description="times of the switches that took place",
        units="steps / N",
    ),
    Observable(
        "student_weights",
        ("time", "student_unit", "input"),
        symbol="w",
        description="first layer of the student",
        when=lambda spec: spec.record.weights,
        dtype=None,
    ),
    Observable(
        "student_biases",
        ("time", "student_unit"),
        symbol="b",
        description="biases of the student's units",
        when=lambda spec: "features" in spec.student.biases and _records_readouts(spec),
    ),
    Observable(
        "readout_biases",
        ("time", "head"),
        symbol="c",
        description="constants in the outputs of the heads",
        when=lambda spec: "readouts" in spec.student.biases and _records_readouts(spec),
    ),
    Observable(
        "activation_variances",
        ("time", "teacher", "student_unit"),
        symbol="var g",
        description="variance of the activation of each unit over the test samples of each task",
        when=lambda spec: _has_pairs(spec) and _records_readouts(spec),
    ),
    Observable(
        "training_error",
        ("time", "teacher"),
        symbol="eps_t",
        description="mean of 1/2 (student - label)^2 over the finite training set, for each teacher",
        when=lambda spec: spec.inputs.samples is not None,
    ),
    Observable(
        "test_error",
        ("time", "teacher"),
        symbol="eps_test",
        description="mean of 1/2 (student - teacher)^2 over test samples of the inputs of each task, without "
        "noise (engine network)",
        when=lambda spec: spec.inputs.is_structured,
        engines=("network",),
    ),
    Observable(
        "classification_error",
        ("time", "teacher"),
        symbol="eps_c",
        description="fraction of the inputs (of a data set, of the test samples) where student and label "
        "differ in sign, for each teacher; labels without flips",
        when=lambda spec: spec.inputs.dataset is not None or spec.has_classes,
    ),
    Observable(
        "reward_rate",
        ("time", "teacher"),
        symbol="P_r",
        description="probability that an episode is rewarded, for each teacher",
        when=lambda spec: spec.has_rewards,
    ),
)

# All dimensions but `time`, which is an observable itself.
DIMENSIONS = _by_name(
    Dimension("run", symbol="r", description="number of the run"),
    Dimension("teacher", symbol="p", description="teacher, counted from 0", size=_count),
    Dimension("teacher_other", symbol="q", description="other teacher, counted from 0", size=_count),
    Dimension("student_unit", symbol="k", description="unit of the student, counted from 0", size=_units),
    Dimension(
        "student_unit_other", symbol="l", description="other unit of the student, counted from 0", size=_units
    ),
    Dimension(
        "teacher_unit", symbol="m", description="unit of the teacher, counted from 0", size=_teacher_units
    ),
    Dimension(
        "teacher_unit_other",
        symbol="n",
        description="unit of the other teacher, counted from 0",
        size=_teacher_units,
    ),
    Dimension(
        "input", symbol="i", description="input, counted from 0", size=lambda spec: spec.inputs.dimension
    ),
    Dimension(
        "head", symbol="a", description="head of the student, counted from 0", size=lambda spec: spec.heads
    ),
    Dimension(
        "inner_layer",
        symbol="l",
        description="matrix between hidden layers, counted from 0",
        size=lambda spec: spec.student.depth - 1,
    ),
    Dimension("cluster", symbol="c", description="cluster, counted from 0", size=_clusters),
    Dimension("cluster_other", symbol="d", description="other cluster, counted from 0", size=_clusters),
    Dimension("switch", symbol="j", description="number of the switch, counted from 0"),
)


def is_recorded(observable: Observable, spec: Spec) -> bool:
    """Return whether an observable is recorded in runs of a spec."""
    return observable.when is None or observable.when(spec)


@once_per_spec
def recorded(spec: Spec) -> dict[str, Observable]:
    """Return the observables that are recorded in runs of a spec, in the order of storage."""
    return {name: entry for name, entry in OBSERVABLES.items() if is_recorded(entry, spec)}


def sizes(spec: Spec) -> dict[str, int]:
    """Return the lengths of the dimensions that are determined by a spec, for runs that do not diverge."""
    lengths = {name: entry.size(spec) for name, entry in DIMENSIONS.items() if entry.size is not None}
    return {"time": len(record_steps(spec))} | lengths


@once_per_spec
def row_sizes(spec: Spec) -> dict[str, int]:
    """Return the number of values at each recorded time, by observable."""
    lengths = sizes(spec)
    return {
        name: math.prod(lengths[dimension] for dimension in entry.dimensions[1:])
        for name, entry in recorded(spec).items()
        if entry.dimensions[0] == "time"
    }


def label_of(entry: Observable | Dimension) -> str:
    """Return the name of a quantity in words, with its symbol."""
    return f"{entry.name.replace('_', ' ')} {entry.symbol}"


def attributes_of(entry: Observable | Dimension | StateVariable) -> dict[str, str]:
    """Return the attributes of a stored array; xarray labels plots with `long_name` and `units`."""
    about = {"symbol": entry.symbol, "description": entry.description}
    if isinstance(entry, StateVariable):
        return about
    return about | {"long_name": label_of(entry), "units": entry.units}


def dimensions_of(name: str, run_axis: bool) -> tuple[str, ...]:
    """Return the dimensions of a stored array; with `run_axis` all but `time` have a leading `run`."""
    lead = ("run",) if run_axis and name != "time" else ()
    return (*lead, *OBSERVABLES[name].dimensions)

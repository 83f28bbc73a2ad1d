"""Checks of how teachers and student are set up; each failure is one line."""

from teacherstudent.errors import SpecError, refuse
from teacherstudent.spec.model import INITIAL_KEYS, Spec
from teacherstudent.spec.schema import package_schema
from teacherstudent.spec.similarity import similarity_factor


def check_networks(spec: Spec) -> None:
    """Raise SpecError where the keys of teachers and student contradict each other."""
    _check_relations(spec)
    _check_teachers_file(spec)
    _check_initial(spec)


def _check_relations(spec: Spec) -> None:
    teachers = spec.teachers
    for name, relation, with_similarity in (
        ("features", teachers.features, ("rotated", "interpolated", "shared_nodes")),
        ("readouts", teachers.readouts, ("rotated",)),
    ):
        key = f"teachers.{name}.similarity"
        if relation.relation in with_similarity:
            if relation.similarity is None:
                raise SpecError(f"{key}: missing; relation {relation.relation} needs a number in [-1, 1]")
            similarity_factor(relation.similarity, teachers.count, key)
        elif relation.similarity is not None:
            refuse(key, relation.similarity, f"relation {relation.relation} takes no similarity")
    _check_shared(teachers.features, teachers.hidden)
    _check_readout_cosine(teachers)
    _check_uniform(spec)
    _check_units(spec)
    _check_room(spec)


def _check_shared(features, hidden: int) -> None:
    if features.relation == "shared_nodes":
        if features.shared is None:
            raise SpecError("teachers.features.shared: missing; relation shared_nodes needs a number of rows")
        if features.shared > hidden:
            refuse("teachers.features.shared", features.shared, f"a teacher has {hidden} hidden units")
    elif features.shared is not None:
        refuse("teachers.features.shared", features.shared, "only relation shared_nodes takes it")


def _check_readout_cosine(teachers) -> None:
    readouts = teachers.readouts
    if readouts.relation != "rotated":
        return
    rank = similarity_factor(readouts.similarity, teachers.count).shape[1]
    if rank > teachers.hidden:
        refuse(
            "teachers.readouts.similarity",
            readouts.similarity,
            f"it needs readouts of at least {rank} entries and teachers.hidden is {teachers.hidden}",
        )


def _check_uniform(spec: Spec) -> None:
    readouts = spec.teachers.readouts
    if readouts.relation != "uniform":
        if readouts.value is not None:
            refuse("teachers.readouts.value", readouts.value, "only relation uniform takes it")
    elif spec.initial_overlaps is not None:
        refuse("teachers.readouts.relation", "uniform", "initial_overlaps are given in its place")
    elif readouts.value is None:
        raise SpecError("teachers.readouts.value: missing; relation uniform needs a number")
    elif readouts.norm is not None:
        refuse("teachers.readouts.norm", readouts.norm, "relation uniform takes value in its place")


def _check_units(spec: Spec) -> None:
    features, hidden = spec.teachers.features, spec.teachers.hidden
    key, units = "teachers.features.units", features.units
    if units == "independent":
        return
    if spec.initial_overlaps is not None:
        refuse(key, units, "initial_overlaps are given in its place")
    if features.norm is None:
        refuse("teachers.features.norm", "null", f"units {units} need a number")
    if units == "whitened":
        if hidden < spec.inputs.dimension:
            refuse(
                "teachers.hidden",
                hidden,
                f"whitened units are at least as many as inputs, {spec.inputs.dimension}",
            )
        return
    if features.relation == "interpolated":
        refuse(key, units, "relation interpolated mixes in Gaussian rows, which are not orthogonal")
    if hidden > spec.inputs.dimension:
        refuse("inputs.dimension", spec.inputs.dimension, f"units {units} need at least {hidden} inputs")


def _check_room(spec: Spec) -> None:
    """Exactly rotated first layers need one direction per row of every independent part."""
    features, hidden = spec.teachers.features, spec.teachers.hidden
    if spec.initial_overlaps is not None or features.relation not in ("rotated", "shared_nodes"):
        return
    rank = similarity_factor(features.similarity, spec.teachers.count).shape[1]
    rotated = hidden - (features.shared or 0)
    needed = hidden + (rank - 1) * rotated
    if needed > spec.inputs.dimension:
        refuse(
            "inputs.dimension",
            spec.inputs.dimension,
            f"exactly rotated teachers need at least {needed} inputs",
        )


def _check_teachers_file(spec: Spec) -> None:
    """A file gives the first layers and readouts as they are: nothing else may be said about them."""
    teachers = spec.teachers
    if teachers.file is None:
        if teachers.sha256 is not None:
            refuse("teachers.sha256", teachers.sha256, "only teachers.file takes it")
        return
    if spec.initial_overlaps is not None:
        refuse("teachers.file", teachers.file, "initial_overlaps are given in its place")
    for block in ("features", "readouts"):
        keys = package_schema("spec")["properties"]["teachers"]["properties"][block]["properties"]
        for key, entry in keys.items():
            value = getattr(getattr(teachers, block), key)
            if value != entry.get("default"):
                shown = "null" if value is None else value
                refuse(f"teachers.{block}.{key}", shown, "teachers.file is given in its place")


def _check_initial(spec: Spec) -> None:
    initial, K, M = spec.student.initial, spec.student.hidden, spec.teachers.hidden
    _check_initial_keys(initial)
    if spec.initial_overlaps is not None:
        for name, value in (("scheme", initial.scheme), ("readouts_value", initial.readouts_value)):
            if value not in ("gaussian", None):
                refuse(f"student.initial.{name}", value, "initial_overlaps are given in its place")
    elif initial.scheme == "one_direction" and spec.student.activation != "linear":
        needed = "it needs linear units (set student.activation: linear)"
        refuse("student.initial.scheme", initial.scheme, needed)
    elif initial.scheme in ("informed", "denoising") and K < M:
        needed = f"it needs as many student units as a teacher has, {M}, and student.hidden is {K}"
        refuse("student.initial.scheme", initial.scheme, needed)


def _check_initial_keys(initial) -> None:
    taken = INITIAL_KEYS[initial.scheme]
    for key in dict.fromkeys(key for keys in INITIAL_KEYS.values() for key in keys):
        if getattr(initial, key) is not None and key not in taken:
            only = f"scheme {initial.scheme} takes only {', '.join(taken)}"
            refuse(f"student.initial.{key}", getattr(initial, key), only)
    if initial.readouts_value is not None and initial.readouts_std is not None:
        refuse("student.initial.readouts_std", initial.readouts_std, "readouts_value is given already")
    if initial.file is None and "file" in taken:
        raise SpecError("student.initial.file: missing; scheme file needs the path of an .npz or .h5 file")
    if initial.asymmetry is None and "asymmetry" in taken:
        raise SpecError(f"student.initial.asymmetry: missing; scheme {initial.scheme} needs a number >= 0")

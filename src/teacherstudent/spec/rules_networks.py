"""Checks of the keys of teachers and student. Each error is one line."""

from typing import NoReturn

from teacherstudent.errors import SpecError, refuse
from teacherstudent.spec.activation_files import check_activations
from teacherstudent.spec.model import INITIAL_KEYS, Spec
from teacherstudent.spec.schema import package_schema
from teacherstudent.spec.similarity import similarity_factor


def check_networks(spec: Spec) -> None:
    """Raise SpecError where the keys of teachers and student contradict each other."""
    _check_relations(spec)
    _check_teachers_file(spec)
    _check_initial(spec)
    _check_data_sets_only(spec)
    check_activations(spec)


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
            raise SpecError(
                f"{key}: not used with relation: {relation.relation}; remove it or change the relation"
            )
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
            refuse(
                "teachers.features.shared", features.shared, f"it can be at most teachers.hidden, {hidden}"
            )
    elif features.shared is not None:
        raise SpecError(
            "teachers.features.shared: only for relation: shared_nodes; remove it or change the relation"
        )


def _check_readout_cosine(teachers) -> None:
    readouts = teachers.readouts
    if readouts.relation != "rotated":
        return
    rank = similarity_factor(readouts.similarity, teachers.count).shape[1]
    if rank > teachers.hidden:
        raise SpecError(
            f"teachers.readouts.similarity: {readouts.similarity} needs at least {rank} units per teacher;"
            f" teachers.hidden is {teachers.hidden}"
        )


def _check_uniform(spec: Spec) -> None:
    readouts = spec.teachers.readouts
    if readouts.relation != "uniform":
        if readouts.value is not None:
            raise SpecError(
                "teachers.readouts.value: only for relation: uniform; remove it or change the relation"
            )
    elif spec.initial_overlaps is not None:
        raise SpecError(
            "teachers.readouts.relation: not used with initial_overlaps, which give the readouts; remove it"
        )
    elif readouts.value is None:
        raise SpecError("teachers.readouts.value: missing; relation uniform needs a number")
    elif readouts.norm is not None:
        raise SpecError("teachers.readouts.norm: not used with relation: uniform; set value instead")


def _check_units(spec: Spec) -> None:
    features, hidden = spec.teachers.features, spec.teachers.hidden
    key, units = "teachers.features.units", features.units
    if units == "independent":
        return
    if spec.initial_overlaps is not None:
        raise SpecError(f"{key}: not used with initial_overlaps, which give the teachers; remove it")
    if features.norm is None:
        refuse("teachers.features.norm", "null", f"units: {units} needs a number")
    if units == "whitened":
        if hidden < spec.inputs.seen_by_teachers:
            refuse(
                "teachers.hidden",
                hidden,
                f"units: whitened needs at least {_key_of_teacher_inputs(spec)}, "
                f"{spec.inputs.seen_by_teachers}",
            )
        return
    if features.relation == "interpolated":
        raise SpecError(
            f"{key}: {units} is not available with relation: interpolated, whose rows are not orthogonal"
        )
    if hidden > spec.inputs.seen_by_teachers:
        _refuse_few_inputs(spec, f"units: {units} needs", hidden)


def _check_room(spec: Spec) -> None:
    """Exactly rotated first layers need one direction per row of every independent part."""
    features, hidden = spec.teachers.features, spec.teachers.hidden
    if spec.initial_overlaps is not None or features.relation not in ("rotated", "shared_nodes"):
        return
    rank = similarity_factor(features.similarity, spec.teachers.count).shape[1]
    rotated = hidden - (features.shared or 0)
    needed = hidden + (rank - 1) * rotated
    if needed > spec.inputs.seen_by_teachers:
        _refuse_few_inputs(spec, "exactly rotated teachers need", needed)


def _refuse_few_inputs(spec: Spec, what: str, needed: int) -> NoReturn:
    """Raise SpecError where the teachers see too few numbers: inputs, or latent numbers."""
    key, seen = _key_of_teacher_inputs(spec), spec.inputs.seen_by_teachers
    if key == "inputs.dimension":
        refuse(key, seen, f"{what} at least {needed} inputs")
    raise SpecError(f"{key}: gives {seen} latent numbers; {what} at least {needed}")


def _key_of_teacher_inputs(spec: Spec) -> str:
    """Return the key that gives the number of inputs of the teachers."""
    inputs = spec.inputs
    if inputs.latents is None or (inputs.manifold is not None and inputs.manifold.labels_from == "inputs"):
        return "inputs.dimension"
    if inputs.manifold is not None:
        given = "latent_dimension" if inputs.manifold.latent_fraction is None else "latent_fraction"
        return f"inputs.manifold.{given}"
    return "inputs.generator.file" if inputs.generator.layers is None else "inputs.generator.layers"


def _check_teachers_file(spec: Spec) -> None:
    """A file contains first layers and readouts: other keys that describe them are an error."""
    teachers = spec.teachers
    if teachers.file is None:
        if teachers.sha256 is not None:
            raise SpecError("teachers.sha256: needs teachers.file; remove it or give the file")
        return
    if spec.initial_overlaps is not None:
        raise SpecError("teachers.file: cannot be combined with initial_overlaps; remove one of them")
    for block in ("features", "readouts"):
        keys = package_schema("spec")["properties"]["teachers"]["properties"][block]["properties"]
        for key, entry in keys.items():
            value = getattr(getattr(teachers, block), key)
            if value != entry.get("default"):
                raise SpecError(f"teachers.{block}.{key}: not used with teachers.file; remove one of them")


def _check_initial(spec: Spec) -> None:
    initial, K, M = spec.student.initial, spec.student.hidden, spec.teachers.hidden
    _check_initial_keys(initial)
    if spec.initial_overlaps is not None:
        for name in ("scheme", "readouts_value", "readouts", "readouts_imbalance"):
            if getattr(initial, name) not in ("gaussian", None):
                raise SpecError(f"student.initial.{name}: not used with initial_overlaps; remove one of them")
    elif initial.readouts is not None:
        _check_readouts(spec)
    elif initial.scheme == "one_direction" and spec.student.activation != "linear":
        raise SpecError(
            f"student.initial.scheme: {initial.scheme} needs linear units (set student.activation: linear)"
        )
    elif initial.scheme in ("informed", "denoising") and K < M:
        raise SpecError(
            f"student.initial.scheme: {initial.scheme} needs at least as many student units as a teacher has"
            f" (student.hidden is {K}, teachers.hidden is {M})"
        )


def _check_readouts(spec: Spec) -> None:
    rows, H, K = spec.student.initial.readouts, spec.heads, spec.student.hidden
    if len(rows) != H or any(row is not None and len(row) != K for row in rows):
        raise SpecError(
            f"student.initial.readouts: must be {H} rows, one per head, each of {K} numbers or null"
        )
    if None not in rows and spec.student.initial.readouts_std is not None:
        raise SpecError("student.initial.readouts_std: not used where readouts gives all rows; remove it")


def _check_data_sets_only(spec: Spec) -> None:
    """Biases and uniform weights are for data sets."""
    student = spec.student
    if student.biases == ("readouts",):
        raise SpecError("student.biases: biases of the readouts need those of the features; add features")
    if "readouts" in student.biases and student.activation == "custom":
        raise SpecError("student.biases: biases of the readouts are not available with activation: custom")
    if student.biases and student.initial.scheme == "file":
        raise SpecError("student.biases: a student from a file has no biases; use another scheme")
    if spec.inputs.dataset is not None:
        return
    for key, value, is_used in (
        ("student.biases", list(student.biases), bool(student.biases)),
        ("student.initial.scheme", student.initial.scheme, student.initial.scheme == "uniform"),
    ):
        if is_used:
            raise SpecError(f"{key}: {value} needs a data set (set inputs.distribution: dataset)")


def _check_initial_keys(initial) -> None:
    taken = INITIAL_KEYS[initial.scheme]
    for key in dict.fromkeys(key for keys in INITIAL_KEYS.values() for key in keys):
        if getattr(initial, key) is not None and key not in taken:
            raise SpecError(
                f"student.initial.{key}: not used with scheme: {initial.scheme} (keys: {', '.join(taken)})"
            )
    if initial.readouts_value is not None and initial.readouts_std is not None:
        raise SpecError(
            "student.initial.readouts_std: cannot be combined with readouts_value; remove one of them"
        )
    for key in ("readouts_value", "readouts_imbalance"):
        if initial.readouts is not None and getattr(initial, key) is not None:
            raise SpecError(f"student.initial.{key}: cannot be combined with readouts; remove one of them")
    if initial.readouts_imbalance is not None and initial.readouts_value is not None:
        raise SpecError(
            "student.initial.readouts_imbalance: cannot be combined with readouts_value; remove one of them"
        )
    if initial.file is None and "file" in taken:
        raise SpecError("student.initial.file: missing; scheme file needs the path of an .npz or HDF5 file")
    if initial.asymmetry is None and "asymmetry" in taken:
        raise SpecError(f"student.initial.asymmetry: missing; scheme {initial.scheme} needs a number >= 0")

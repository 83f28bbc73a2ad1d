"""Which errors on labels that are signs are sums over nodes or closed forms; no compiled code."""

from teacherstudent.spec.model import Spec

MOST_FIELDS = 4  # of student and teacher together, of sums over both


def has_label_sums(spec: Spec, unit: int | None) -> tuple[bool, bool]:
    """Return whether the mean loss and the classification error have sums or closed forms.

    Parameters
    ----------
    spec : Spec
        Spec of the run: activations, number of units and loss.
    unit : int or None
        The number of fields on which the sign of the teacher depends; None if it has no such coordinates.

    Returns
    -------
    tuple of bool
        Errors without sums are means over sampled fields.
    """
    if unit is None or spec.is_deep or spec.inputs.clusters is not None:
        return False, False
    student, K = spec.student.activation, spec.student.hidden
    by_unit = spec.loss in ("squared", "hebbian")
    if student == "relu":
        return by_unit and unit <= MOST_FIELDS - 1, K <= 2 and unit == 1
    if student not in ("erf", "linear"):
        return False, False
    few = label_fields(spec, unit) <= MOST_FIELDS
    return few or (by_unit and unit <= MOST_FIELDS - 1), few


def label_fields(spec: Spec, unit: int) -> int:
    """Return the number of fields on which the output of the student and the label depend."""
    return (1 if spec.student.activation == "linear" else spec.student.hidden) + unit

"""Estimated time of errors that are sums over nodes or points; no compiled code."""

from teacherstudent.spec.model import Spec

# Activations whose means of products have closed forms.
CLOSED = {"erf", "relu", "linear"}
# Seconds of a mean of a product by sums, and of one unit at a point of a cluster, of which there are so many.
PAIR_SUM, POINT, POINTS = 1e-4, 8e-9, 16_384
# Seconds of the errors on labels that are signs, by number of fields.
SIGNS, MOST_FIELDS = {2: 2e-4, 3: 4e-4, 4: 1e-3}, 4


def measured_by_sums(spec: Spec, rows: float) -> tuple[float, ...]:
    """Return the seconds of errors that are sums, as the terms of a sum.

    Parameters
    ----------
    spec : Spec
        Spec of the runs.
    rows : float
        Number of recorded times of all runs.

    Returns
    -------
    tuple of float
        Nothing for errors in closed form.
    """
    K, P, M = spec.student.hidden, spec.teachers.count, spec.teachers.hidden
    if spec.inputs.clusters is not None:
        return (POINT * rows * POINTS * (K + 2 * P) * len(spec.inputs.clusters.std),)
    if spec.teachers.labels == "sign" and not spec.has_rewards and not spec.is_deep:
        return (SIGNS[min(K + M, MOST_FIELDS)] * rows * P,)
    other = not {spec.student.activation, spec.teachers.activation} <= CLOSED
    if other and not spec.has_classes and spec.inputs.dataset is None:
        return (PAIR_SUM * rows * (P * (K * K + M * M) / 2 + K * P * M),)
    return ()

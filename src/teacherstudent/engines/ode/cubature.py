"""The nodes of sums over fields (`kernels.ode.cubature`) for a state of the equations."""

import math
from typing import NamedTuple

import numpy as np

from teacherstudent.engines.sum_limits import most_nodes_of, tolerance_of
from teacherstudent.errors import RunError
from teacherstudent.kernels.maths.activations import CODES, LINEAR
from teacherstudent.kernels.maths.class_steps import (
    gauss_legendre,
    growing_axes,
    line_steps,
    nearest_pole,
    points_of_lines,
    sharpest_axes,
    smooth_steps,
    turned,
)
from teacherstudent.kernels.maths.nodes import (
    Nodes,
    ball,
    logarithm,
    number_of_nodes,
    reach_of,
)
from teacherstudent.kernels.maths.sums import Fields, crossings, fields_of
from teacherstudent.kernels.maths.teacher_axes import TeacherAxes, roots, teacher_axes
from teacherstudent.kernels.ode.cubature_law import (
    BLOCK,
    HINGE,
    LOGISTIC,
    LOSSES,
    Absent,
    Cubature,
    Grid,
    Lines,
    space_for,
)
from teacherstudent.spec.model import Spec

# The rules for steps and radius take a smaller tolerance, by this factor, so that errors are below ten
# times the one that is asked for: without it the largest ones found were fourteen times as large.
FINER = 0.3
# Tolerance of the radius of sums for linear students, whose integrands grow, divided by that of the steps.
SMALLER = 0.01
# Readouts with a smaller sum need no smaller steps for the poles of the logistic loss.
SMALLEST_TOTAL = 0.1
# The points on a line are this much more than in the state at which they are chosen: its end moves.
MORE_POINTS = 1.1


class Accuracy(NamedTuple):
    """How fine sums are."""

    tolerance: float
    radius: float  # tolerance that determines the radius
    most: int  # nodes


def accuracy_of(spec: Spec) -> Accuracy:
    """Return tolerance and node limit of a spec."""
    tolerance = FINER * tolerance_of(spec)
    radius = tolerance * (SMALLER if spec.student.activation == "linear" else 1.0)
    return Accuracy(tolerance, radius, most_nodes_of(spec))


def axes_of(spec: Spec, T: np.ndarray, v: np.ndarray, noise: float) -> TeacherAxes:
    """Return the coordinates of a teacher's fields.

    Parameters
    ----------
    spec : Spec
        Spec of the run.
    T : (M, M) array
        Overlaps of the units of the teacher.
    v : (M,) array
        Its readouts.
    noise : float
        Variance of the noise on its output; 0 unless it is linear.

    Returns
    -------
    TeacherAxes

    Raises
    ------
    RunError
        If its units depend on each other, or all readouts are 0.
    """
    if np.any(v):
        try:
            return teacher_axes(CODES[spec.teachers.activation], T, v, noise)
        except np.linalg.LinAlgError:
            pass
    raise RunError(
        "teachers: with labels: sign engine ode needs units that do not depend on each other, and a readout "
        "that is not 0; units that are equal are refused; use other teachers or engine chain"
    )


def cubature_law(
    spec: Spec, teacher: TeacherAxes, c: np.ndarray, C: np.ndarray, with_error: bool, time: float
) -> Cubature:
    """Return the law of a teacher's labels with nodes for a state.

    Parameters
    ----------
    spec : Spec
        Spec of the run.
    teacher : TeacherAxes
        Coordinates of the fields of the teacher.
    c : (D,) array
        Signed readouts in this state, those of the K student units first.
    C : (D, D) array
        Covariance of the units of student and teacher.
    with_error : bool
        Whether the classification error is needed, for a threshold.
    time : float
        Time of the state, for the message of an error.

    Returns
    -------
    Cubature

    Raises
    ------
    RunError
        If a sum needs more nodes than `numerics.most_nodes`, or the output of the student does not grow.
    """
    K, student, loss = spec.student.hidden, CODES[spec.student.activation], LOSSES[spec.loss]
    h, Q, R = c[:K].copy(), C[:K, :K], C[:K, K:]
    if student == LINEAR:
        h, Q, R = np.ones(1), (h @ Q @ h)[None, None], (h @ R)[None]
    fields, accuracy, kappa = fields_of(teacher, Q, R), accuracy_of(spec), spec.training.margin or 0.0
    build = _Builder(student, teacher, fields, h, accuracy, time)
    nodes = build.lines((0.0, kappa)) if loss >= HINGE else build.grid(loss == LOGISTIC)
    error = Absent(0)
    if with_error:
        error = nodes if loss >= HINGE else build.lines((0.0,))
    return Cubature(
        student=student,
        loss=loss,
        kappa=kappa,
        inverse=np.ascontiguousarray(teacher.inverse),
        slopes=teacher.slopes,
        digits=logarithm(accuracy.tolerance),
        count=nodes.weights.size * (len(nodes.x) if loss >= HINGE else 1),
        nodes=nodes,
        error=error,
        space=space_for(len(h), len(teacher.slopes)),
    )


class _Builder(NamedTuple):
    """A state, from which nodes are chosen."""

    student: int
    teacher: TeacherAxes
    fields: Fields
    h: np.ndarray
    accuracy: Accuracy
    time: float

    def grid(self, poles: bool) -> Grid:
        """Return the nodes of smooth losses."""
        axes, tolerance = sharpest_axes(self.fields), self.accuracy.tolerance
        fields, total = turned(self.fields, axes), max(float(np.abs(self.h).sum()), SMALLEST_TOTAL)
        steps = smooth_steps(self.student, self.teacher, fields, np.array([total]), tolerance, poles)
        self._check(0.5 * number_of_nodes(steps, self.accuracy.radius))
        nodes, pole = ball(steps, self.accuracy.radius, half=True), 0.0
        if poles:
            pole = logarithm(tolerance) / (2.0 * math.pi * nearest_pole(self.student, total))
        return Grid(axes, *self._blocks(nodes), steps, pole, total)

    def lines(self, bounds: tuple[float, ...]) -> Lines:
        """Return lines, with enough points for integrals up to each of some values of phi."""
        found = growing_axes(self.fields, self.h)
        if found is None:
            raise RunError(
                f"student: at t = {self.time:g} the fields of its units depend on each other, so that its "
                "output grows in no direction, and there are no sums for losses with a margin or for "
                "thresholds; use other initial units or engine chain"
            )
        fields, reach = turned(self.fields, found.axes), reach_of(self.accuracy.radius)
        steps = line_steps(self.student, self.teacher, fields, found.signs, self.accuracy.tolerance)
        self._check(10.0 * number_of_nodes(steps, self.accuracy.radius))
        nodes = ball(steps, self.accuracy.radius, half=False)
        W = np.concatenate([fields.P, fields.F[:, :-1]], axis=1)
        line = self.student, self.h, W, np.ascontiguousarray(fields.F[:, -1]), nodes.points, reach
        tops = [crossings(bound, *line) for bound in bounds]
        rule = self.student, fields, self.accuracy.radius
        counts = [points_of_lines(*rule, each, nodes.weights) for each in tops]
        count = math.ceil(MORE_POINTS * max(counts))
        self._check(count * len(nodes.weights))
        length = np.abs(fields.F[:, -1]).max() if self.student != LINEAR else 0.0
        growth = 1.0 + 2.0 * length**2 + (fields.c[-1] / fields.s) ** 2
        blocks = self._blocks(nodes)
        guess = np.zeros(blocks[1].shape)
        guess.ravel()[: len(tops[-1])] = tops[-1]
        numbers = reach, steps, growth, self.h
        return Lines(*found, *blocks, guess, *gauss_legendre(count), *numbers)

    def _blocks(self, nodes: Nodes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return points, weights and roots b in blocks; the last one is filled with nodes of weight 0."""
        rows = np.concatenate(
            [nodes.points, [nodes.weights], [roots(self.teacher, nodes.points[: len(self.teacher.slopes)])]]
        )
        blocks = -(-rows.shape[1] // BLOCK)
        padded = np.zeros((len(rows), blocks * BLOCK))
        padded[:, : rows.shape[1]] = rows
        parts = np.ascontiguousarray(padded.reshape(len(rows), blocks, BLOCK).swapaxes(0, 1))
        return tuple(map(np.ascontiguousarray, (parts[:, :-2], parts[:, -2], parts[:, -1])))

    def _check(self, nodes: float) -> None:
        """Raise RunError for more nodes than a sum may have."""
        report_most_nodes(nodes, self.accuracy.most, self.time)


def report_most_nodes(nodes: float, most: int, time: float) -> None:
    """Raise RunError if a sum at a time needs more than so many nodes.

    Parameters
    ----------
    nodes : float
        Number of nodes.
    most : int
        Largest number, `numerics.most_nodes`.
    time : float
        Time of the state.
    """
    if nodes > most:
        raise RunError(
            f"numerics.most_nodes: at t = {time:g} a sum over the fields needs {nodes:.2g} nodes, "
            f"more than {most} (student and teacher are nearly aligned, or have many or steep "
            "units); use engine chain, or a larger numerics.cubature_tolerance or most_nodes"
        )

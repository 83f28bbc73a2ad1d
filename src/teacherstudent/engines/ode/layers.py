"""The formulation of students with several hidden layers: order parameters and inner weights."""

from collections.abc import Callable, Sequence
from typing import Self

import numpy as np

from teacherstudent.engines.deep_errors import deep_errors
from teacherstudent.engines.ode.constants import rates_of_task
from teacherstudent.engines.ode.formulation import Formulation, Origin
from teacherstudent.engines.phases import Phase
from teacherstudent.engines.rates import Stage
from teacherstudent.engines.start import State
from teacherstudent.engines.sum_limits import most_nodes_of, tolerance_of
from teacherstudent.errors import RunError
from teacherstudent.kernels.maths.activations import CODES, LINEAR
from teacherstudent.kernels.maths.integrals import I2, J2
from teacherstudent.kernels.maths.layer_nodes import frame
from teacherstudent.kernels.maths.nodes import ball, number_of_nodes
from teacherstudent.kernels.ode.deep import Layers, integrate_layers, work_for
from teacherstudent.kernels.ode.deep_erf import Sums, sums
from teacherstudent.kernels.ode.deep_linear import Linear
from teacherstudent.kernels.ode.pauses import NO_PAUSE
from teacherstudent.kernels.ode.state import Layout, layout_of, pack, unpack
from teacherstudent.networks.sampling import OrderParameters, initial_order_parameters, sample_inner
from teacherstudent.spec.model import Spec


class DeepStudents(Formulation):
    """State (Q, R, h, U), with the inner weights U (L - 1, K, K).

    Parameters
    ----------
    spec : Spec
        Spec of the run.
    y : array
        State.
    start : OrderParameters
        T and v of the teachers are used.
    spacings : array (D,) or None
        Spacings of the nodes of the present phase; None where they are chosen for the state.
    """

    def __init__(self, spec: Spec, y: np.ndarray, start: OrderParameters, spacings: np.ndarray | None = None):
        super().__init__(spec, y, start.T, start.v)
        self.start, self.layout, self.spacings = start, _layout(spec), spacings

    @classmethod
    def at_start(cls, origin: Origin, switches: int) -> Self:
        """Return the formulation with the initial networks of a run."""
        start = initial_order_parameters(*origin)
        y = np.concatenate([pack(start.Q, start.R, start.h), sample_inner(*origin).ravel()])
        return cls(origin.spec, y, start)

    @classmethod
    def from_state(cls, origin: Origin, state: State) -> Self:
        """Return the formulation at the end of a stored run."""
        y, T, v = (
            np.array(state[name]) for name in ("order_parameters", "teacher_overlaps", "teacher_readouts")
        )
        layout = _layout(origin.spec)
        Q, R, h = unpack(y[: layout.size], layout)
        return cls(origin.spec, y, OrderParameters(Q, R, T, h, v), _stored(state["node_spacings"]))

    def at_restart(self, state: State) -> Self:
        """Return the formulation at the restart point of the state that this one is from."""
        spacings = _stored(state["integrator_node_spacings"])
        return type(self)(self.spec, np.array(state["integrator_y"]), self.start, spacings)

    @staticmethod
    def fits(spec: Spec, state: State) -> bool:
        """Return whether a state has the order parameters and inner weights of a spec."""
        size = _layout(spec).size + (spec.student.depth - 1) * spec.student.hidden**2
        return "node_spacings" in state and len(state["order_parameters"]) == size

    @property
    def record_layout(self) -> Layout:
        """Layout of (Q, R, h) at the start of each record."""
        return self.layout

    @property
    def readouts(self) -> np.ndarray:
        """View of the readouts (H, K) in the state."""
        return unpack(self.y[: self.layout.size], self.layout)[2]

    def choose_nodes(self, time: float) -> None:
        """Choose the nodes for the present state."""
        self.spacings = None

    def constants(self, stage: Stage, phase: Phase) -> Layers:
        """Return the constants of the equations in a stage of a phase."""
        (task,), spec, layout = stage.tasks, self.spec, self.layout
        M, depth = spec.teachers.hidden, spec.student.depth
        first, v, power = task.labels * M, self.v[task.labels], 1.0 + task.input_noise**2
        is_linear = spec.student.activation == "linear"
        return Layers(
            units=self._linear(first, v) if is_linear else self._sums(first, power),
            layout=layout,
            T=self.T,
            v=v,
            first=first,
            power=power,
            output_variance=float(task.output_noise) ** 2,
            threshold=phase.threshold,
            rates=rates_of_task(stage, task),
            eta_u=float(task.inner_rate),
            decay_u=float(stage.inner_decay),
            work=work_for(layout.K, M, layout.F, depth),
            progress=np.array([0, NO_PAUSE]),
        )

    def _linear(self, first: int, v: np.ndarray) -> Linear:
        """Return the units of a linear student."""
        code, layers, K, F = CODES[self.spec.teachers.activation], self.spec.student.depth, *self.layout[:2]
        T = self.T[first : first + len(v), first : first + len(v)]
        gain = np.array([v[m] * J2(LINEAR, code, 1.0, 0.0, T[m, m]) for m in range(len(v))])
        square = 0.0
        for m in range(len(v)):
            for n in range(len(v)):
                square += v[m] * v[n] * I2(code, code, T[m, m], T[m, n], T[n, n])
        return Linear(gain, square, np.zeros((layers, K)), np.zeros((layers, K)), np.zeros(K + F))

    def _sums(self, first: int, power: float) -> Sums:
        """Return the units of an erf student, with the nodes of the present phase or new ones."""
        tolerance, M = tolerance_of(self.spec), self.spec.teachers.hidden
        if self.spacings is None:
            Q, R, _ = unpack(self.y[: self.layout.size], self.layout)
            own = slice(first, first + M)
            C = np.block([[self.T[own, own], R[:, own].T], [R[:, own], power * Q]])
            self.spacings = frame(C, M, self._inner(self.y), tolerance)[1]
        most, count = most_nodes_of(self.spec), 0.5 * number_of_nodes(self.spacings, tolerance)
        if count > most:
            raise RunError(
                f"numerics.most_nodes: means over {len(self.spacings)} fields need {count:.0f} nodes, over "
                f"{most}; use engine chain, or a larger numerics.cubature_tolerance"
            )
        K, F = self.layout[:2]
        sizes, code = (K, M, F, self.spec.student.depth), CODES[self.spec.teachers.activation]
        return sums(code, tolerance, self.spacings, *ball(self.spacings, tolerance, True), sizes)

    def _inner(self, y: np.ndarray) -> np.ndarray:
        """Return the inner weights (..., L - 1, K, K) in states or records (..., size)."""
        K, U = self.layout.K, y[..., self.layout.size :]
        return U.reshape(*U.shape[:-1], -1, K, K)

    def integrator(self, constants: Layers) -> Callable:
        """Return the compiled function that integrates the equations."""
        return integrate_layers

    @property
    def has_nodes(self) -> bool:
        """Whether means are sums over nodes, those of erf students."""
        return self.spec.student.activation != "linear"

    def numbers(self, constants: Layers) -> np.ndarray:
        """Return the numbers that determine the equations of a stage."""
        p, r = constants, constants.rates
        before = p.first, r.head, *r.moving, r.eta, r.eta_h, r.decay, r.decay_h, p.eta_u, p.decay_u
        precision = (p.units.tolerance, *p.units.h) if isinstance(p.units, Sums) else ()
        return np.array([*before, p.output_variance, p.power, r.batch, p.threshold, *precision], dtype=float)

    def between_switches(self) -> dict[str, np.ndarray]:
        """Return the spacings of the nodes, which determine the means."""
        return {"node_spacings": np.zeros(0) if self.spacings is None else self.spacings.copy()}

    def state_arrays(self, switches: int) -> dict[str, np.ndarray]:
        """Return the further arrays of a state."""
        return self.between_switches()

    def errors(self, records: np.ndarray) -> dict[str, np.ndarray]:
        """Return the generalisation errors (T, P) of records, by name."""
        Q, R, h = self.overlaps(records)
        return deep_errors(self.spec, Q, R, self.T, h, self._inner(records), self.v)

    def observables(
        self, records: np.ndarray, times: np.ndarray, switches: Sequence[float]
    ) -> dict[str, np.ndarray]:
        """Return the inner weights of records.

        Parameters
        ----------
        records : (T, width) array
            Records.
        times : (T,) array
            Their times t = steps / N.
        switches : sequence of float
            Times of the switches of the run.

        Returns
        -------
        dict of str to array
        """
        return {"student_inner": self._inner(records)}


def _layout(spec: Spec) -> Layout:
    """Return the layout of (Q, R, h)."""
    return layout_of(spec.student.hidden, spec.teachers.count * spec.teachers.hidden, spec.heads)


def _stored(spacings: np.ndarray) -> np.ndarray | None:
    """Return stored spacings, None where there are none."""
    return np.array(spacings) if len(spacings) else None

"""The formulation of means by sums over nodes: labels that are signs, and units without closed forms."""

from collections.abc import Callable
from typing import Self

import numpy as np

from teacherstudent.engines.ode.constants import rates_of_task
from teacherstudent.engines.ode.cubature import axes_of, cubature_law
from teacherstudent.engines.ode.field_sums import field_law
from teacherstudent.engines.ode.formulation import Origin
from teacherstudent.engines.ode.independent import Independent
from teacherstudent.engines.phases import Phase
from teacherstudent.engines.rates import Stage
from teacherstudent.engines.start import State
from teacherstudent.kernels.maths.activations import LARGEST
from teacherstudent.kernels.ode.equations import Constants, constants_of
from teacherstudent.kernels.ode.field_sums import FieldSums
from teacherstudent.kernels.ode.isotropic import isotropic
from teacherstudent.kernels.ode.models import covariances
from teacherstudent.kernels.ode.summed import integrate_sums
from teacherstudent.spec.model import Spec


class Summed(Independent):
    """The state (Q, R, h), and the one at which the nodes of the sums were chosen."""

    has_nodes = True

    @classmethod
    def at_start(cls, origin: Origin, switches: int) -> Self:
        """Return the formulation with the initial networks of a run, after a number of switches."""
        found = super().at_start(origin, switches)
        found.choose_nodes(0.0)
        return found

    def choose_nodes(self, time: float) -> None:
        """Choose the nodes for the present state, at a time."""
        self.at_nodes = np.append(self.y, time)

    def at_restart(self, state: State) -> Self:
        """Return the formulation at the restart point of the state that this one is from."""
        found = super().at_restart(state)
        found.at_nodes = np.array(state["integrator_state_of_nodes"])
        return found

    @staticmethod
    def fits(spec: Spec, state: State) -> bool:
        """Return whether a state is one of sums over nodes with the units of a spec."""
        return "state_of_nodes" in state and Independent.fits(spec, state)

    @classmethod
    def from_state(cls, origin: Origin, state: State) -> Self:
        """Return the formulation at the end of a stored run."""
        found = super().from_state(origin, state)
        found.at_nodes = np.array(state["state_of_nodes"])
        return found

    def constants(self, stage: Stage, phase: Phase) -> Constants:
        """Return the constants of the equations in a stage of a phase."""
        spec, (task,), M = self.spec, stage.tasks, self.spec.teachers.hidden
        first, v = task.labels * M, self.v[task.labels]
        K, noise = spec.student.hidden, task.output_noise**2
        T = np.ascontiguousarray(self.T[first : first + M, first : first + M])
        model = isotropic(K, spec.heads, self.T, v, first, task.head, 1.0 + task.input_noise**2)
        covariances(model, self.at_nodes[:-1], False)
        time = float(self.at_nodes[-1])
        if spec.teachers.labels == "sign":
            teacher = axes_of(spec, T, v, noise)
            law = cubature_law(spec, teacher, model.c, model.C, phase.threshold > 0.0, time)
        else:
            law = field_law(spec, model.c, model.C, noise, time)
        return constants_of(law, noise, task.label_flip, phase.threshold, rates_of_task(stage, task), model)

    def integrator(self, constants: Constants) -> Callable:
        """Return the compiled function that integrates the equations."""
        return integrate_sums

    def numbers(self, constants: Constants) -> np.ndarray:
        """Return the numbers that determine the equations of a stage, without addresses of activations."""
        law = constants.law
        if isinstance(law, FieldSums):
            codes = {name: min(getattr(law, name), LARGEST) for name in ("student", "teacher")}
            constants = constants._replace(law=law._replace(**codes))
        return super().numbers(constants)

    def between_switches(self) -> dict[str, np.ndarray]:
        """Return the state at which the nodes were chosen, and its time."""
        return {"state_of_nodes": self.at_nodes}

"""Learning rates and noise of a phase, as numbers."""

from typing import NamedTuple

import numpy as np

from teacherstudent.engines.phases import Phase
from teacherstudent.spec.model import Spec


class PhaseRates(NamedTuple):
    """Rates and noise of a phase, the same for all engines; rates of a layer that is not trained are 0."""

    learning_rate: float  # of the first layer
    readout_rate: float  # of the second layer
    weight_decay: float  # of the first layer
    readout_decay: float  # of the second layer
    moving: np.ndarray  # (K,) 1.0 for units whose weights are trained, 0.0 for frozen ones
    output_noise: float  # standard deviation at the output of the teacher
    input_noise: float  # standard deviation at each input of the student, in units of that of the input
    batch_size: int  # number of inputs of a step


def rates_of(spec: Spec, phase: Phase) -> PhaseRates:
    """Return the rates and the noise of a phase of a run."""
    training, teachers, p = spec.training, spec.teachers, phase.teacher
    features, readouts = "features" in training.train, "readouts" in training.train
    moving = np.ones(spec.student.hidden)
    moving[list(training.frozen_units[p])] = 0.0
    return PhaseRates(
        learning_rate=training.learning_rate * features,
        readout_rate=spec.readout_rate * readouts,
        weight_decay=training.weight_decay * features,
        readout_decay=training.weight_decay * readouts,
        moving=moving,
        output_noise=teachers.output_noise[p],
        input_noise=teachers.input_noise[p],
        batch_size=training.batch_size,
    )

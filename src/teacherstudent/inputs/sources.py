"""The sources of inputs, and the choice of one of them."""

from teacherstudent.inputs.clusters import ClusterInputs
from teacherstudent.inputs.data_sets import DataSetInputs
from teacherstudent.inputs.fresh import FreshInputs
from teacherstudent.inputs.mixed_pairs import MixedPairInputs
from teacherstudent.inputs.source import Source
from teacherstudent.inputs.structured_inputs import StructuredInputs
from teacherstudent.inputs.training_sets import TrainingSetInputs
from teacherstudent.spec.model import Spec

SOURCES = [
    FreshInputs,
    TrainingSetInputs,
    DataSetInputs,
    MixedPairInputs,
    StructuredInputs,
    ClusterInputs,
]


def source_of(spec: Spec) -> type[Source]:
    """Return the class of the inputs of a spec."""
    return next(source for source in SOURCES if source.provides(spec))

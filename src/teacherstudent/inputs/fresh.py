"""Fresh inputs: independent standard normal numbers in every step, with labels of the active teacher."""

from teacherstudent.inputs.source import Source
from teacherstudent.networks.randomness import Purpose, counter_key
from teacherstudent.spec.model import Spec


class FreshInputs(Source):
    """Gaussian inputs, each of which is used once (online learning)."""

    is_independent_of_later_teachers = True
    has_wide_kernel = True
    has_blocks = True

    def __init__(self, spec: Spec, networks, seed: int, run: int):
        super().__init__(spec, networks, seed, run)
        self.key = counter_key(seed, run, Purpose.TRAINING)

    @classmethod
    def provides(cls, spec: Spec) -> bool:
        """Return whether a spec has Gaussian inputs without a number of samples."""
        return spec.inputs.distribution == "gaussian" and spec.inputs.samples is None

    def train(self, networks, constants, teacher: int, first: int, steps: int) -> int:
        """Train for some steps on new inputs (`Source.train`)."""
        return networks.train_on_fresh_inputs(constants, *self.key, first, steps)

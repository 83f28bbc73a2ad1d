"""What an engine is, and the registry: the one place that lists the engines.

A new engine is a module with the functions that `Engine` describes, and a line in `ENGINES`. No engine is
imported before one of its functions is called, so that the registry is fast to import.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType

from teacherstudent.errors import refuse
from teacherstudent.spec.model import Spec

PACKAGE = "teacherstudent.engines"


@dataclass(frozen=True)
class Engine:
    """A way to turn specs into trajectories.

    The methods call functions of the same names in two modules of the engine, which are imported then: `cost`
    and `memory` in `estimates`, which imports no compiled code, all others in `dynamics`. An engine in one
    file gives its own name for both.

    Parameters
    ----------
    name : str
        The name that specs of experiments, files and the command use.
    summary : str
        What the engine does, in some words for `--help` and `teacherstudent list`.
    batch_limit : int
        The largest number of runs that `simulate` takes together. With 1 there is no `batch_key`.
    supports_checkpoints : bool
        Whether `simulate` takes `saved` and `save`, to resume interrupted runs.
    deterministic : bool
        Whether only the initial networks of a run are random: plots show it as a line.
    has_weights : bool
        Whether there are weights of N inputs, which `record.weights` asks for.
    samples_weights : bool
        Whether initial networks are sampled as weights of N inputs: engines that do so start runs of one seed
        from the same networks.
    dynamics, estimates : str
        Full names of the modules; by default `engine` and `estimates` in the package of this name.
    """

    name: str
    summary: str
    batch_limit: int = 1
    supports_checkpoints: bool = False
    deterministic: bool = False
    has_weights: bool = False
    samples_weights: bool = False
    dynamics: str = ""
    estimates: str = ""

    @property
    def modules(self) -> tuple[str, str]:
        """The full names of the modules with the dynamics and with the estimates."""
        own = f"{PACKAGE}.{self.name}"
        return self.dynamics or f"{own}.engine", self.estimates or f"{own}.estimates"

    def check(self, spec: Spec) -> None:
        """Raise SpecError with the reason where a spec lies outside the range of the engine."""
        self._dynamics.check(spec)

    def can_resume(self, spec: Spec, state: Mapping) -> bool:
        """Return whether a run of a spec can start from a state (`start.State`) of this engine."""
        return self._dynamics.can_resume(spec, state)

    def batch_key(self, spec: Spec, run: int) -> Hashable:
        """Return a key that is equal for runs that `simulate` can take together."""
        return self._dynamics.batch_key(spec, run)

    def simulate(
        self,
        specs: Sequence[Spec],
        seed: int,
        runs: Sequence[int],
        progress: Callable[[float], None],
        starts: Sequence,
        **checkpoints,
    ) -> list:
        """Simulate a batch: runs with one batch key, one start time, and all from states or none.

        Parameters
        ----------
        specs
            The spec of each run, checked (`check`); at most `batch_limit` of them.
        seed
            The seed of all runs.
        runs
            The number of each run: its random numbers are those of (seed, run).
        progress
            Called now and then with the fraction done of the batch; what it raises ends the batch.
        starts
            Where each run starts (`start.Start`), with a state of this engine or none.
        **checkpoints
            With `supports_checkpoints` only. `saved`: for each run the snapshot to resume from, empty for a
            run that has none. `save`: called between steps with functions that return snapshots, by the index
            of the run in the batch. A run resumed from its snapshot ends with the same bits.

        Returns
        -------
        list of Trajectory
            One for each run; it depends on spec, seed, number and start of this run only.
        """
        return self._dynamics.simulate(specs, seed, runs, progress, starts, **checkpoints)

    def cost(self, spec: Spec, runs: int) -> tuple[float, ...]:
        """Estimate the CPU seconds of all runs of a spec, as terms that are products of what axes change."""
        return self._estimates.cost(spec, runs)

    def memory(self, specs: Sequence[Spec]) -> dict[str, float]:
        """Estimate the most bytes that a batch takes, by the key of the spec that is responsible for them."""
        return self._estimates.memory(specs)

    @property
    def state_names(self) -> tuple[str, ...]:
        """The names of the arrays of a state, which a run needs to resume: `STATE_NAMES` of the dynamics."""
        return self._dynamics.STATE_NAMES

    @property
    def _dynamics(self) -> ModuleType:
        return import_module(self.modules[0])

    @property
    def _estimates(self) -> ModuleType:
        return import_module(self.modules[1])


_REGISTERED = (
    Engine(
        "network",
        "SGD of real weights",
        batch_limit=16,  # runs whose weights are in memory together
        supports_checkpoints=True,
        has_weights=True,
        samples_weights=True,
    ),
    # As many chains as keep vector units busy and still fit into the first-level cache.
    Engine("chain", "the exact law of the order parameters", batch_limit=64),
    Engine("ode", "the limit of infinitely many inputs", deterministic=True, samples_weights=True),
)
ENGINES = {engine.name: engine for engine in _REGISTERED}


def engine_named(name: str) -> Engine:
    """Return the engine of a name; SpecError where there is none."""
    if name not in ENGINES:
        refuse("engine", name, f"it must be one of {', '.join(ENGINES)}")
    return ENGINES[name]

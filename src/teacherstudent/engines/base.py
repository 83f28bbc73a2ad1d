"""The interface of engines, and the registry: the one place that lists them.

A new engine is a module with the functions that `Engine` describes, and a line in `ENGINES`. An engine is
imported when one of its functions is called for the first time, so that the registry is fast to import.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType

from teacherstudent.errors import refuse
from teacherstudent.networks.linear_algebra import one_thread
from teacherstudent.spec.model import Spec

PACKAGE = "teacherstudent.engines"


@dataclass(frozen=True)
class Engine:
    """A way to turn specs into trajectories.

    Each method calls the function of the same name in a module of the engine, which is imported then: `check`
    in `support`, `cost` and `memory` in `estimates`, which import no compiled code for most specs, all others
    in `dynamics`. For an engine in one file all three are the name of this file.

    Parameters
    ----------
    name : str
        The name in specs of experiments, in files and in the command.
    summary : str
        A short description for `--help` and `teacherstudent list`.
    batch_limit : int
        The largest number of runs in one call of `simulate`. With 1 the engine needs no `batch_key`.
    supports_checkpoints : bool
        Whether `simulate` has the parameters `saved` and `save`, to resume interrupted runs.
    deterministic : bool
        Whether only the initial networks of a run are random. Plots show such runs as lines.
    has_state : bool
        Whether runs end with a state to resume from (arrays `STATE_NAMES`), which `record.state` needs.
    has_weights : bool
        Whether there are weights of N inputs, which `record.weights` needs.
    samples_weights : bool
        Whether initial networks are sampled as weights of N inputs. Such engines start runs of one seed from
        the same networks.
    dynamics, support, estimates : str
        Full names of the modules; by default `engine`, `support` and `estimates` in the package of this name.
    """

    name: str
    summary: str
    batch_limit: int = 1
    supports_checkpoints: bool = False
    deterministic: bool = False
    has_state: bool = False
    has_weights: bool = False
    samples_weights: bool = False
    dynamics: str = ""
    support: str = ""
    estimates: str = ""

    @property
    def modules(self) -> tuple[str, str, str]:
        """The full names of the modules with the dynamics, with the check of specs and with the estimates."""
        own = f"{PACKAGE}.{self.name}"
        named = self.dynamics, self.support, self.estimates
        defaults = f"{own}.engine", f"{own}.support", f"{own}.estimates"
        return tuple(name or default for name, default in zip(named, defaults, strict=True))

    def check(self, spec: Spec) -> None:
        """Check that the engine supports a spec.

        Parameters
        ----------
        spec : Spec
            A complete spec.

        Raises
        ------
        SpecError
            If it does not, with the key and the reason.
        """
        import_module(self.modules[1]).check(spec)

    def can_resume(self, spec: Spec, state: Mapping) -> bool:
        """Return whether a run can start from a state.

        Parameters
        ----------
        spec : Spec
            The spec of the run; numbers of units, teachers and heads are those of the state.
        state : mapping of str to ndarray
            A state of this engine (`start.State`).

        Returns
        -------
        bool
            If it is False, the run starts from order parameters.
        """
        return self._dynamics.can_resume(spec, state)

    def batch_key(self, spec: Spec, run: int) -> Hashable:
        """Return a key that is equal for runs that one call of `simulate` can simulate.

        Parameters
        ----------
        spec : Spec
            The spec of the run.
        run : int
            The number of the run.

        Returns
        -------
        hashable
            Only engines with a `batch_limit` above 1 need it.
        """
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
        """Simulate a batch: runs with one batch key and one start time, which all start from states, or none.

        Parameters
        ----------
        specs : sequence of Spec
            The spec of each run, already checked (`check`); at most `batch_limit` of them.
        seed : int
            The seed of all runs.
        runs : sequence of int
            The number of each run: its random numbers are those of (seed, run).
        progress : callable
            Called regularly with the fraction of the batch that is done, from 0 to 1; an exception that it
            raises ends the batch.
        starts : sequence of Start
            The start of each run, with a state of this engine or without a state.
        **checkpoints
            With `supports_checkpoints` only. `saved`: for each run the snapshot to resume from, empty for a
            run without one. `save`: called between steps with functions that return snapshots, by the index
            of the run in the batch. A run resumed from its snapshot ends with the same bits.

        Returns
        -------
        list of Trajectory
            One for each run, which depends on spec, seed, number and start of this run only.

        Notes
        -----
        Linear algebra has one thread: small products take up to ten times as long with several threads that
        wait for each other.
        """
        with one_thread():
            return self._dynamics.simulate(specs, seed, runs, progress, starts, **checkpoints)

    def shared(self, spec: Spec) -> tuple[Hashable, ...]:
        """Return keys of work that the points of a grid share: those with an equal key share it.

        Parameters
        ----------
        spec : Spec
            The spec of a point.

        Returns
        -------
        tuple of hashable
            A key for each kind of work. None where the point shares none of it. Empty for an engine without
            the function `shared` in `estimates`.
        """
        keys = getattr(self._estimates, "shared", None)
        return () if keys is None else keys(spec)

    def cost(self, spec: Spec, runs: int, sharing: Sequence[float] = ()) -> tuple[float, ...]:
        """Estimate the CPU seconds of all runs of a spec, as the terms of a sum.

        Parameters
        ----------
        spec : Spec
            The spec.
        runs : int
            The number of its runs.
        sharing : sequence of float
            For each key of `shared`: the number of points of a grid that have it, at least 1. Default: the
            spec is alone.

        Returns
        -------
        tuple of float
            Seconds, correct within a factor of two; those of shared work are the part of this point. Without
            other points each term is a product of functions of single keys.
        """
        return self._estimates.cost(spec, runs, *([tuple(sharing)] if sharing else []))

    def memory(self, specs: Sequence[Spec]) -> dict[str, float]:
        """Estimate the peak memory of a batch.

        Parameters
        ----------
        specs : sequence of Spec
            The specs of the runs of the batch.

        Returns
        -------
        dict of str to float
            Bytes by the key of the spec that is responsible for them; the estimate is their sum.
        """
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
        return import_module(self.modules[2])


_REGISTERED = (
    Engine(
        "network",
        "stochastic gradient descent with sampled inputs",
        batch_limit=16,  # runs whose weights are in memory together
        supports_checkpoints=True,
        has_state=True,
        has_weights=True,
        samples_weights=True,
    ),
    # Enough chains that loops over them take longer than to start these, few enough for the caches.
    Engine(
        "chain",
        "exact Markov chain of the order parameters for finitely many inputs",
        batch_limit=128,
        has_state=True,
    ),
    # Enough runs of small models to fill the lanes until the last ones, few enough to report progress.
    Engine(
        "ode",
        "differential equations in the limit of infinitely many inputs",
        batch_limit=256,
        deterministic=True,
        has_state=True,
        samples_weights=True,
    ),
)
ENGINES = {engine.name: engine for engine in _REGISTERED}


def engine_named(name: str) -> Engine:
    """Return the engine of a name. Raises SpecError if there is none."""
    if not isinstance(name, str) or name not in ENGINES:
        refuse("engine", name, f"it must be one of {', '.join(ENGINES)}")
    return ENGINES[name]

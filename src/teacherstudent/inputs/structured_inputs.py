"""Structured inputs: correlated, on a hidden manifold, or from a generator; each is used once."""

from weakref import WeakValueDictionary

import numpy as np

from teacherstudent.errors import refuse
from teacherstudent.inputs.source import Source
from teacherstudent.inputs.structured.blocks import Blocks
from teacherstudent.inputs.structured.held_out import TestSamples
from teacherstudent.inputs.structured.samplers import samplers_of
from teacherstudent.inputs.structured.setting import Setting
from teacherstudent.inputs.structured.sizes import PRODUCTS_PER_WEIGHT, latents_of_teachers, stores_tests
from teacherstudent.kernels.maths.generalisation import generalisation_error
from teacherstudent.kernels.network import structured as kernel
from teacherstudent.kernels.network.constants import StepConstants
from teacherstudent.kernels.network.tasks import Tasks
from teacherstudent.networks.randomness import Purpose, counter_key
from teacherstudent.networks.sampling import OrderParameters, overlap
from teacherstudent.spec.model import Spec


class Common:
    """The large arrays that do not depend on the networks, for all runs with one seed and number.

    Parameters
    ----------
    spec : Spec
        Spec of the run.
    setting : Setting
        The setting of the run.
    seed, run : int
        Seed of all random numbers, and number of the run.

    Attributes
    ----------
    samplers : tuple of Sampler
        How the inputs of each task are computed; one object for tasks with the same inputs.
    tests : list of TestSamples
        Test samples of each task, in the same way.
    """

    def __init__(self, spec: Spec, setting: Setting, seed: int, run: int):
        self.samplers = samplers_of(spec, setting, seed, run)
        self.factors = [(law.loadings, law.rest) for law in setting.laws]
        N, distinct = spec.inputs.dimension, list(dict.fromkeys(self.samplers))
        D, stores = latents_of_teachers(spec), stores_tests(spec)
        made = {
            sampler: TestSamples(sampler, N, D, stream, stores, seed, run)
            for stream, sampler in enumerate(distinct)
        }
        self.tests = [made[sampler] for sampler in self.samplers]

    def without_copies(self, setting: Setting) -> Setting:
        """Return an equal setting that refers to the arrays of this object, and has no projections."""
        pairs = zip(setting.laws, self.factors, strict=True)
        laws = tuple(law._replace(loadings=loadings, rest=rest) for law, (loadings, rest) in pairs)
        return setting._replace(laws=laws, projections=None)


_common: WeakValueDictionary[tuple, Common] = WeakValueDictionary()


class StructuredInputs(Source):
    """Structured inputs with labels of teachers that see latent numbers or the inputs.

    Blocks of inputs are computed by matrix products; then the network is trained on them row by row. Errors
    are recorded in the closed form for Gaussian inputs with the same second moments, and on test samples.
    """

    is_independent_of_later_teachers = True

    def __init__(self, spec: Spec, networks, seed: int, run: int):
        super().__init__(spec, networks, seed, run)
        self.key = counter_key(seed, run, Purpose.TRAINING)
        name = spec.inputs, spec.teachers.count, spec.numerics, seed, run
        self.common = _common.get(name) or Common(spec, networks.setting, seed, run)
        self.common = _common.setdefault(name, self.common)
        networks.setting = self.common.without_copies(networks.setting)
        N, numbers = spec.inputs.dimension, max(sampler.numbers for sampler in self.common.samplers)
        self.work = N * numbers // PRODUCTS_PER_WEIGHT
        sizes = N, latents_of_teachers(spec), spec.training.batch_size
        self.blocks = Blocks(self.common.samplers, networks.W, *sizes, seed, run)
        self.labels: dict[TestSamples, np.ndarray] = {}

    @classmethod
    def provides(cls, spec: Spec) -> bool:
        """Return whether a spec has structured inputs."""
        return spec.inputs.is_structured

    @classmethod
    def check(cls, spec: Spec) -> None:
        """Raise SpecError if there are no inputs of a limit (`Source.check`)."""
        if spec.numerics.latents == "infinite":
            remedy = "engine network samples finitely many latent numbers; use finite, or engine ode"
            refuse("numerics.latents", "infinite", remedy)

    def train(self, networks, constants, teacher: int, first: int, steps: int) -> int:
        """Train for some steps on new inputs of one task (`Source.train`)."""
        return self.train_tasks(networks, constants, one_task(constants, teacher, networks), first, steps)

    def train_tasks(self, networks, constants: StepConstants, tasks: Tasks, first: int, steps: int) -> int:
        """Train for some steps of a stage with several tasks (`Source.train_tasks`)."""
        done = 0
        while done < steps:
            step = first + done
            rows = self.blocks.rows_at(step, tasks)
            count = min(first + steps, rows.first + self.blocks.steps) - step
            student = networks.W, networks.h
            made = kernel.train(*student, constants, tasks, rows, networks.buffers, *self.key, step, count)
            done += made
            if made < count:
                break
        return done

    def release(self) -> None:
        """Free the memory of the present block (`Source.release`)."""
        self.blocks.release()

    def observe(self, networks, now: OrderParameters) -> dict[str, np.ndarray]:
        """Return errors in closed form and on test samples, and overlaps (`Source.observe`)."""
        if self.spec.has_task_inputs:
            found = networks.covariances()
        else:
            found = [(now.Q, R) for R in np.split(now.R, self.spec.teachers.count, axis=1)]
        errors = [self._closed_form(networks, p, *own) for p, own in enumerate(found)]
        with np.errstate(over="ignore", invalid="ignore"):  # in a run that diverges
            W = networks.student().astype(float, copy=False)
            weight_overlaps = overlap(W, W)
        return {
            "generalisation_error": np.array(errors),
            "task_student_overlaps": np.array([Q for Q, _ in found]),
            "student_weight_overlaps": weight_overlaps,
            "test_error": self._test_errors(networks),
        }

    def error(self, networks, teacher: int) -> float:
        """Return the generalisation error on a task in closed form (`Source.error`)."""
        return self._closed_form(networks, teacher, *networks.covariances_of_task(teacher))

    def _closed_form(self, networks, teacher: int, Q: np.ndarray, R: np.ndarray) -> float:
        h, v = networks.h[self.spec.head_of(teacher)], networks.v[teacher]
        return generalisation_error(*self.codes, Q, R, networks.setting.laws[teacher].T, h, v)

    def _test_errors(self, networks) -> np.ndarray:
        """Return 1/2 mean (student - teacher)^2 over the test samples of each task, (P,)."""
        errors, (student, teacher) = np.empty(len(networks.v)), self.codes
        for test in dict.fromkeys(self.common.tests):
            own = [p for p, other in enumerate(self.common.tests) if other is test]
            if test not in self.labels:
                self.labels[test] = test.labels(teacher, networks.teachers[own], networks.v[own])
            units = test.activities(student, networks.student())
            heads = networks.h[[self.spec.head_of(p) for p in own]]
            with np.errstate(over="ignore", invalid="ignore"):  # in a run that diverges
                wrong = np.einsum("pk,nk->pn", heads, units) - self.labels[test]
                errors[own] = 0.5 * np.mean(wrong**2, axis=1)
        return errors


def one_task(p: StepConstants, teacher: int, networks) -> Tasks:
    """Return the tasks of a stage with one task.

    Parameters
    ----------
    p : StepConstants
        Its constants.
    teacher : int
        Number of the teacher, counted from 0.
    networks : InMemory
        Networks that are trained.

    Returns
    -------
    Tasks
    """
    return Tasks(
        ends=np.ones(1),
        turns=np.zeros(3, np.int64),
        labels=np.array([teacher], np.int64),
        heads=np.array([p.head], np.int64),
        moving=p.moving[None],
        eta=np.array([p.eta]),
        eta_h=np.array([p.eta_h]),
        eta_u=np.array([p.eta_u], float),
        input_noise=np.array([p.input_noise], float),
        fidelity=np.ones(1),
        laws=np.array([[*p.law]], float),
        V=networks.V,
        v=networks.v,
    )

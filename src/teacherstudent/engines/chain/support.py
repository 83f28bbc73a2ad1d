"""Which specs engine `chain` supports; compiled code only where files or given overlaps are checked."""

from teacherstudent.engines.penalties import check_strength
from teacherstudent.errors import SpecError, refuse
from teacherstudent.spec.model import Spec
from teacherstudent.spec.rules_inputs import refuse_finite_sets

# Activations whose importances are known in closed form.
CLOSED = {"erf", "relu", "linear"}


def check(spec: Spec) -> None:
    """Raise SpecError for what depends on single weights or on inputs that return, for too few inputs, and
    for activations that cannot be compiled.
    """
    if spec.inputs.clusters is not None:
        from teacherstudent.networks.clusters import check_means  # slow to import

        check_means(spec)
    if spec.inputs.is_structured:
        _check_groups(spec)
    if spec.training.l1 is not None:
        raise SpecError("training.l1: engine chain has no single weights; use engine network")
    if spec.curriculum.replay is not None and spec.curriculum.replay.buffer is not None:
        raise SpecError("curriculum.replay.buffer: engine chain has fresh inputs only; use engine network")
    _check_consolidation(spec)
    refuse_finite_sets(spec, "chain")
    if spec.initial_overlaps is not None:
        from teacherstudent.networks.sampling import check_overlaps_fit  # slow to import

        check_overlaps_fit(spec)
    if "custom" in (spec.student.activation, spec.teachers.activation):
        from teacherstudent.networks.activations import codes_of  # slow to import

        codes_of(spec)


def _check_groups(spec: Spec) -> None:
    """Raise SpecError for structured inputs that are not Gaussian, or have too many eigenvalues."""
    inputs, spectrum = spec.inputs, spec.inputs.covariance and spec.inputs.covariance.spectrum
    if spec.numerics.latents == "infinite":
        refuse("numerics.latents", "infinite", "engine chain has finite networks; use engine ode")
    if inputs.generator is not None:
        raise SpecError(
            "inputs.distribution: generator: engine chain needs few distinct eigenvalues, and there is one "
            "for each input; use engine network or ode"
        )
    if spectrum not in (None, "levels"):
        raise SpecError(
            f"inputs.covariance.spectrum: {spectrum}: engine chain needs few distinct eigenvalues, and there "
            "is one for each input; use levels, or engine network or ode"
        )
    if inputs.manifold is not None:
        _check_manifold(spec)


def _check_manifold(spec: Spec) -> None:
    block, N = spec.inputs.manifold, spec.inputs.dimension
    if block.projection != "orthogonal":
        raise SpecError(
            f"inputs.manifold.projection: {block.projection}: engine chain needs few distinct eigenvalues, "
            "and there is one for each latent number; use orthogonal, or engine network or ode"
        )
    if spec.has_task_inputs:
        raise SpecError(
            f"inputs.manifold.tasks: {block.tasks}: engine chain needs one law of the inputs; use shared, or "
            "engine network or ode"
        )
    if spec.student.initial.file is not None:
        raise SpecError(
            "student.initial.file: engine chain does not draw the projection on which the order parameters "
            "of given weights depend; use engine network or ode"
        )
    if block.folding == "linear":
        return
    if not block.equivalent:
        raise SpecError(
            "inputs.manifold.equivalent: false: engine chain needs Gaussian inputs, which those with "
            f"folding: {block.folding} are not; use true, or engine network or ode"
        )
    if N & (N - 1):
        raise SpecError(
            f"inputs.dimension: {N}: with folding: {block.folding} engine chain needs a projection whose "
            "rows have equal lengths; use a power of 2 (Hadamard matrices), or engine network or ode"
        )


def _check_consolidation(spec: Spec) -> None:
    """Raise SpecError for importances that the chain does not have, and for penalties that are too strong."""
    rule = spec.training.consolidation
    if rule is None:
        return
    if rule.kind == "path_integral_normalised":
        raise SpecError(
            "training.consolidation.kind: engine chain has no path_integral_normalised; use engine network"
        )
    if rule.kind == "ewc" and not {spec.student.activation, spec.teachers.activation} <= CLOSED:
        raise SpecError(
            "training.consolidation.kind: engine chain has ewc for erf, relu and linear units; use engine "
            "network"
        )
    if rule.kind == "ewc" and spec.teachers.labels is not None:
        raise SpecError(
            "training.consolidation.kind: ewc: engine chain has its means for labels that are outputs only; "
            "use another kind, or engine network"
        )
    if rule.importances == "weights":
        raise SpecError("training.consolidation.importances: engine chain has no weights; use units")
    check_strength(spec)

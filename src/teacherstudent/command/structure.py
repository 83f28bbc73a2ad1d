"""Structured inputs in words and numbers, for tables."""

from teacherstudent.errors import SpecError
from teacherstudent.errors.messages import in_document
from teacherstudent.inputs.structured.laws import Law
from teacherstudent.spec.model import Spec
from teacherstudent.store.stored_run import StoredRun


def structure(stored: StoredRun) -> dict[str, str]:
    """Return the structure of the inputs, and the spectrum of those of the first task in run 0."""
    spec = stored.spec
    if not spec.inputs.is_structured:
        return {}
    described = {"structure": _described(spec)}
    if spec.numerics.latents == "infinite":
        return described
    from teacherstudent.inputs.structured.setting import setting_of  # slow to import

    try:
        law = setting_of(spec, stored.seed, 0).laws[0]
    except SpecError:  # a file of the inputs is missing
        return described
    return described | {"spectrum": _spectrum(law)}


def _described(spec: Spec) -> str:
    inputs = spec.inputs
    if inputs.covariance is not None:
        block = inputs.covariance
        if block.spectrum == "levels":
            pairs = zip(block.values, block.fractions, strict=True)
            return "eigenvalues " + ", ".join(f"{value:g} ({part:.3g} of all)" for value, part in pairs)
        return f"power law i^-{block.exponent:g}" if block.spectrum == "power_law" else f"from {block.file}"
    if inputs.generator is not None:
        block = inputs.generator
        kind = f"layers {' '.join(map(str, block.layers))}" if block.layers else f"from {block.file}"
        return f"D = {inputs.latents}, {kind}"
    block = inputs.manifold
    tasks = block.tasks
    if block.similarity is not None:
        tasks = f"{tasks} (similarity {in_document(block.similarity)})"
    projections = block.projection if block.file is None else f"from {block.file}"
    size = f"D = {inputs.latents}, folding {block.folding}, projections {projections}, {tasks}"
    return f"{size}, labels from {block.labels_from}"


def _spectrum(law: Law) -> str:
    mean, _ = law.moments_of_spectrum()
    effective = law.effective_dimension()
    return (
        f"mean {mean:.4g}, largest {law.largest_eigenvalue():.4g}, effective number N_eff = {effective:.4g}"
    )

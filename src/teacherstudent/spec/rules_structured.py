"""Structured inputs in a spec: completion of their blocks, and checks. Each error is one line."""

import numpy as np

from teacherstudent.errors import SpecError, refuse
from teacherstudent.spec.model import Spec
from teacherstudent.spec.rules_clusters import completed_clusters
from teacherstudent.spec.similarity import similarity_factor
from teacherstudent.spec.structured import STRUCTURED
from teacherstudent.spec.structured_files import check_square, read_array

# The block of each distribution.
BLOCKS = {"correlated": "covariance", "hidden_manifold": "manifold", "generator": "generator",
          "mixture": "clusters"}  # fmt: skip
# The keys of a block that only one value of another key uses.
SPECTRUM_KEYS = {"levels": ("values", "fractions"), "power_law": ("exponent",), "file": ("file",)}
# Precision of the sum of fractions.
ROUNDING = 1e-9


def completed_structure(inputs: dict, teachers: int) -> dict:
    """Return the block `inputs` with what follows from other keys and from files of structured inputs.

    Parameters
    ----------
    inputs : dict
        The block of the document.
    teachers : int
        Number of teachers.

    Returns
    -------
    dict

    Raises
    ------
    SpecError
        If a block is missing or belongs to another distribution, or a file cannot be read.
    """
    needed = BLOCKS.get(inputs["distribution"])
    for distribution, block in BLOCKS.items():
        if block in inputs and block != needed:
            raise SpecError(
                f"inputs.{block}: only for inputs.distribution: {distribution}; set it or remove the block"
            )
    if needed is None:
        return inputs
    if needed not in inputs:
        raise SpecError(f"inputs.{needed}: missing; inputs.distribution: {inputs['distribution']} needs it")
    if needed == "clusters":
        return inputs | {needed: completed_clusters(inputs[needed], teachers)}
    block = _with_digest(f"inputs.{needed}", dict(inputs[needed]))
    if "layers" in block:
        block.setdefault("activation", "sign")
    if isinstance(block.get("similarity"), list) and not isinstance(block["similarity"][0], list):
        block["similarity"] = _to_the_first(block, teachers)
    return inputs | {needed: block}


def completed_numerics(numerics: dict, inputs: dict) -> dict:
    """Return the block `numerics` with the defaults that only structured inputs have."""
    if inputs["distribution"] not in STRUCTURED:
        return numerics
    numerics = {"latents": "finite", "covariance": "loadings"} | numerics
    return numerics if numerics["latents"] == "finite" else {"nodes": "auto"} | numerics


def _with_digest(key: str, block: dict) -> dict:
    """Fill in the digest of a file, and the number of latent numbers in it."""
    sizes = {"inputs.manifold": "projections", "inputs.generator": "cross_covariance"}
    size = sizes.get(key)
    needs_size = size is not None and "latent_dimension" not in block and "latent_fraction" not in block
    if "file" not in block or ("sha256" in block and not needs_size):
        return block
    found, block["sha256"] = read_array(key, block["file"], block.get("sha256"), size or "covariance")
    return block | {"latent_dimension": found.shape[-1]} if needs_size else block


def _to_the_first(block: dict, teachers: int) -> list:
    """Return the matrix of similarities of projections that are related to the first one only."""
    numbers = block["similarity"]
    if block["tasks"] == "subspaces":
        return numbers
    if len(numbers) != teachers - 1:
        raise SpecError(
            f"inputs.manifold.similarity: {len(numbers)} values for {teachers} teachers;"
            " give one for each teacher after the first"
        )
    first = np.array([1.0, *numbers])
    return np.where(np.eye(teachers) > 0, 1.0, np.outer(first, first)).tolist()


def check_structure(spec: Spec) -> None:
    """Raise SpecError where structured inputs contradict themselves or other blocks."""
    _check_numerics(spec)
    if not spec.inputs.is_structured:
        return
    if spec.inputs.samples is not None:
        raise SpecError(
            f"inputs.samples: {spec.inputs.distribution} inputs are fresh in every step; set it to null"
        )
    checks = {"covariance": _check_covariance, "manifold": _check_manifold, "generator": _check_generator}
    checks[BLOCKS[spec.inputs.distribution]](spec)
    _refuse_interventions(spec)
    _check_start(spec)


def _check_numerics(spec: Spec) -> None:
    numerics, inputs = spec.numerics, spec.inputs
    given = [key for key in ("latents", "nodes", "covariance") if getattr(numerics, key) is not None]
    if given and not inputs.is_structured:
        raise SpecError(f"numerics.{given[0]}: only for structured inputs; remove it")
    if numerics.nodes is not None and numerics.latents != "infinite":
        raise SpecError("numerics.nodes: only for numerics.latents: infinite; remove it")
    if numerics.latents == "infinite":
        _check_limit(spec)
    if numerics.covariance != "exact":
        return
    if inputs.manifold is None:
        raise SpecError("numerics.covariance: exact is only for hidden_manifold; remove it")
    if inputs.manifold.folding == "relu":
        raise SpecError("numerics.covariance: exact is not available for folding: relu; use loadings")
    if inputs.manifold.equivalent or numerics.latents == "infinite" or spec.has_task_inputs:
        raise SpecError(
            "numerics.covariance: exact needs tasks: shared, equivalent: false and finite latents;"
            " use loadings"
        )


def _check_limit(spec: Spec) -> None:
    manifold = spec.inputs.manifold
    if manifold is None:
        raise SpecError("numerics.latents: infinite is only for hidden_manifold; use finite")
    interpolated = manifold.tasks == "interpolated" and manifold.projection != "orthogonal"
    if manifold.tasks == "subspaces" or (interpolated and spec.teachers.count > 1):
        raise SpecError(
            "numerics.latents: no closed equations for infinitely many latents exist with Gaussian "
            "projections that differ between tasks; use projection: orthogonal, or finite latents"
        )
    if manifold.projection == "file":
        raise SpecError("numerics.latents: infinite cannot use projections of a file; use finite")


def _check_covariance(spec: Spec) -> None:
    block = spec.inputs.covariance
    for spectrum, keys in SPECTRUM_KEYS.items():
        for key in keys:
            given = getattr(block, key) is not None
            if given and spectrum != block.spectrum:
                raise SpecError(f"inputs.covariance.{key}: only for spectrum: {spectrum}; remove the key")
            if not given and spectrum == block.spectrum:
                raise SpecError(f"inputs.covariance.{key}: missing; spectrum: {spectrum} needs it")
    if block.spectrum != "levels":
        return
    if len(block.values) != len(block.fractions):
        raise SpecError(
            f"inputs.covariance.fractions: {len(block.fractions)} for {len(block.values)} values;"
            " give one each"
        )
    if abs(sum(block.fractions) - 1.0) > ROUNDING:
        raise SpecError(f"inputs.covariance.fractions: their sum is {sum(block.fractions):g}; it must be 1")


def _check_manifold(spec: Spec) -> None:
    block, N, D = spec.inputs.manifold, spec.inputs.dimension, spec.inputs.manifold.latent_dimension
    if (block.latent_fraction is None) == (D is None):
        raise SpecError(
            "inputs.manifold: needs one of latent_dimension and latent_fraction; give exactly one"
        )
    if (block.projection == "file") != (block.file is not None):
        raise SpecError("inputs.manifold.file: needed for projection: file, and only there")
    if block.labels_from == "inputs" and block.tasks != "shared":
        raise SpecError(
            f"inputs.manifold.labels_from: inputs needs tasks: shared; with {block.tasks} use latents"
        )
    rank = _check_tasks(spec)
    if block.projection == "orthogonal" and rank * spec.inputs.latents > N:
        raise SpecError(
            f"inputs.manifold.projection: orthogonal: {rank} x {spec.inputs.latents} orthogonal columns "
            f"(tasks x latent numbers) need at least {rank * spec.inputs.latents} inputs, there are {N};"
            " use fewer latent numbers, or projection: gaussian"
        )


def _check_tasks(spec: Spec) -> int:
    """Check the relation of the projections of the tasks; return the number of independent ones."""
    block, P = spec.inputs.manifold, spec.teachers.count
    key = "inputs.manifold.similarity"
    if block.tasks == "subspaces" and block.projection != "gaussian":
        raise SpecError("inputs.manifold.projection: tasks: subspaces needs gaussian; change one of them")
    if block.tasks == "shared" or block.projection == "file":
        if block.similarity is not None:
            raise SpecError(f"{key}: not used with tasks: shared or projection: file; remove it")
        return 1
    if block.similarity is None:
        raise SpecError(f"{key}: missing; tasks: {block.tasks} needs it")
    if block.tasks == "interpolated":
        return similarity_factor(block.similarity, P, key).shape[1]
    _check_subspaces(spec, key)
    return 1


def _check_subspaces(spec: Spec, key: str) -> None:
    similarity, P = spec.inputs.manifold.similarity, spec.teachers.count
    numbers = similarity if isinstance(similarity, tuple) else (similarity,) * (P - 1)
    if len(numbers) != P - 1 or any(not isinstance(number, float) for number in numbers):
        raise SpecError(f"{key}: tasks: subspaces needs one number for each teacher after the first")
    if min(numbers, default=0.0) < 0.0:
        refuse(key, min(numbers), "the fraction of common directions must be in [0, 1]")
    if spec.inputs.latents < P:
        refuse(
            "inputs.manifold.latent_dimension",
            spec.inputs.latents,
            f"tasks: subspaces needs at least one direction for each of the {P} tasks",
        )
    if spec.inputs.latents > spec.inputs.dimension:
        refuse(
            "inputs.manifold.latent_dimension",
            spec.inputs.latents,
            "tasks: subspaces needs at most as many latents as inputs",
        )


def _check_generator(spec: Spec) -> None:
    block, N = spec.inputs.generator, spec.inputs.dimension
    if (block.layers is None) == (block.file is None):
        raise SpecError("inputs.generator: needs one of layers and file; give exactly one of them")
    if block.layers is None and block.activation is not None:
        raise SpecError("inputs.generator.activation: not used with a file; remove it")
    if block.layers is not None and block.layers[-1] != N:
        refuse("inputs.generator.layers", list(block.layers), f"the last width must be inputs.dimension, {N}")
    if block.layers is not None and block.latent_dimension is not None:
        raise SpecError("inputs.generator.latent_dimension: is the first of layers; remove it")


def check_structured_files(spec: Spec) -> None:
    """Raise SpecError if files of structured inputs have other sizes or digests than the spec."""
    inputs, N, D = spec.inputs, spec.inputs.dimension, spec.inputs.latents
    if inputs.covariance is not None and inputs.covariance.file is not None:
        key, block = "inputs.covariance", inputs.covariance
        matrix, _ = read_array(key, block.file, block.sha256, "covariance")
        check_square(key, block.file, "covariance", matrix, N)
    if inputs.manifold is not None and inputs.manifold.file is not None:
        key, block, P = "inputs.manifold", inputs.manifold, spec.teachers.count
        found, _ = read_array(key, block.file, block.sha256, "projections")
        shape = (N, D) if block.tasks == "shared" else (P, N, D)
        if found.shape != shape:
            raise SpecError(
                f"{key}.file: {block.file}: projections have shape {found.shape}; it must be {shape}"
            )
        if not found.any(axis=-1).all():
            raise SpecError(
                f"{key}.file: {block.file}: projections have a row of zeros; each input needs latent numbers"
            )
    if inputs.generator is not None and inputs.generator.file is not None:
        key, block = "inputs.generator", inputs.generator
        shapes = {"covariance": (N, N), "cross_covariance": (N, D), "mean": (N,)}
        for name, shape in shapes.items():
            array, _ = read_array(key, block.file, block.sha256, name)
            if array.shape != shape:
                raise SpecError(
                    f"{key}.file: {block.file}: {name} has shape {array.shape}; it must be {shape}"
                )
        covariance, _ = read_array(key, block.file, block.sha256, "covariance")
        check_square(key, block.file, "covariance", covariance, N)


def _refuse_interventions(spec: Spec) -> None:
    """Raise SpecError for what is defined for independent inputs only."""
    replay, deficits = spec.curriculum.replay, spec.training.deficits or ()
    for key, given in (
        ("training.consolidation", spec.training.consolidation is not None),
        ("record.movement", spec.record.movement),
        ("teachers.drift", any(spec.teachers.drift or ())),
        ("teachers.rotation", spec.teachers.rotation is not None),
        ("training.l1", spec.training.l1 is not None),
        ("student.biases", bool(spec.student.biases)),
        ("curriculum.replay.buffer", replay is not None and replay.buffer is not None),
        ("curriculum.replay.fidelity", replay is not None and replay.fidelity not in (None, 1.0)),
        ("training.deficits.teacher", any(window.teacher is not None for window in deficits)),
    ):
        if given:
            what = f"{spec.inputs.distribution} inputs; remove it, or use inputs.distribution: gaussian"
            raise SpecError(f"{key}: not available with {what}")


def _check_start(spec: Spec) -> None:
    scheme, given = spec.student.initial.scheme, spec.initial_overlaps is not None
    if spec.inputs.latents is not None and scheme in ("informed", "denoising", "one_direction"):
        refuse(
            "student.initial.scheme",
            scheme,
            "it copies first layers of teachers, which see latent numbers here; use another scheme",
        )
    if given and (spec.has_task_inputs or spec.inputs.generator is not None):
        raise SpecError(
            "initial_overlaps: need one law of the inputs (distribution correlated, or hidden_manifold with "
            "tasks: shared); give networks in files or remove them"
        )

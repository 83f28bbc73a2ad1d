"""The block `inputs` of a spec: completion from the files of a data set, and checks against other blocks."""

from teacherstudent.errors import SpecError, refuse
from teacherstudent.files.arrays import images_of, read_content
from teacherstudent.spec.model import Spec
from teacherstudent.spec.rules_structured import completed_structure


def completed_inputs(inputs: dict, teachers: int) -> dict:
    """Return the block with digests, dimension and samples filled in from the files of a data set.

    If all of them are given, no file is read: a stored run can be read without its data set.
    """
    block, inputs = inputs.get("dataset"), completed_structure(inputs, teachers)
    if inputs["distribution"] != "dataset":
        if block is not None:
            raise SpecError(
                "inputs.dataset: only for inputs.distribution: dataset; set it or remove the data set"
            )
        if "dimension" not in inputs:
            raise SpecError("inputs: missing key dimension in the inputs")
        return inputs
    if block is None:
        raise SpecError("inputs.dataset: missing; inputs.distribution: dataset needs it")
    block = _with_pairs(_with_classes(block, teachers), inputs["samples"])
    found = _from_file(inputs | {"dataset": block})
    return inputs | found | {"dataset": _with_labels_digest(block)}


def _from_file(inputs: dict) -> dict:
    block = inputs["dataset"]
    if "sha256" in block and "dimension" in inputs and inputs["samples"] is not None:
        return {}
    content, block["sha256"] = read_content("file", block["file"], block.get("sha256"))
    count, pixels = images_of(content, block["file"], block["images"]).shape
    if count <= block["test_samples"]:
        most = f"{block['file']} has {count} samples, of which at least one must be for training"
        refuse("inputs.dataset.test_samples", block["test_samples"], most)
    known = {"samples": count - block["test_samples"], "dimension": pixels}
    return known | {key: value for key, value in inputs.items() if key in known and value is not None}


def _with_labels_digest(block: dict) -> dict:
    if "labels_file" in block and "labels_sha256" not in block:
        block["labels_sha256"] = read_content("labels_file", block["labels_file"], None)[1]
    return block


def _with_classes(block: dict, teachers: int) -> dict:
    if not isinstance(block.get("classes", []), list):
        block["classes"] = [block["classes"]] * teachers
    return block


def _with_pairs(block: dict, samples: int | None) -> dict:
    if block["labels"] != "pairs":
        return block
    if samples is None:
        raise SpecError("inputs.samples: missing; inputs.dataset.labels: pairs needs it")
    return {"mixing": 0.0, "label_values": [-1.0, 1.0]} | block


def check_inputs(spec: Spec) -> None:
    """Raise SpecError where the inputs contradict each other or other blocks."""
    sampling, batch, samples = spec.training.sampling, spec.training.batch_size, spec.inputs.samples
    if samples is None:
        if sampling != "with_replacement":
            raise SpecError(f"training.sampling: {sampling} needs a finite training set (set inputs.samples)")
        return
    if sampling != "with_replacement" and batch > samples:
        most = f"with sampling: {sampling} it can be at most inputs.samples, {samples}"
        refuse("training.batch_size", batch, most)
    if any(spec.teachers.input_noise):
        raise SpecError("teachers.input_noise: not available with a finite training set; set it to 0")
    if spec.inputs.dataset is not None:
        _check_labels(spec)
        _check_pairs(spec)


def _check_pairs(spec: Spec) -> None:
    inputs, block = spec.inputs, spec.inputs.dataset
    if block.labels != "pairs":
        for key in ("pairs", "mixing", "label_values"):
            if getattr(block, key) is not None:
                raise SpecError(
                    f"inputs.dataset.{key}: only for labels: pairs; remove the key or change labels"
                )
        return
    if block.pairs is None:
        raise SpecError("inputs.dataset.pairs: missing; labels: pairs needs two classes for each teacher")
    if len(block.pairs) != spec.teachers.count:
        raise SpecError(
            f"inputs.dataset.pairs: {len(block.pairs)} pairs for {spec.teachers.count} teachers;"
            " give one per teacher"
        )
    for first, second in block.pairs:
        if first == second:
            refuse("inputs.dataset.pairs", [first, second], "the classes of a pair must differ")
    if block.label_values[0] == block.label_values[1]:
        refuse("inputs.dataset.label_values", list(block.label_values), "the two labels must differ")
    sizes = {"inputs.samples": inputs.samples, "inputs.dataset.test_samples": block.test_samples}
    for key, number in sizes.items():
        if number % 2:
            refuse(key, number, "with labels: pairs it must be even, half of it for each class")
    if block.shuffle_labels:
        raise SpecError("inputs.dataset.shuffle_labels: not available with labels: pairs; set it to false")


def _check_labels(spec: Spec) -> None:
    block, count = spec.inputs.dataset, spec.teachers.count
    if block.labels in ("parity", "given") and count > 1:
        refuse("teachers.count", count, f"inputs.dataset.labels: {block.labels} needs exactly one teacher")
    if block.labels == "teacher" and block.labels_file is not None:
        raise SpecError(
            "inputs.dataset.labels_file: not used with labels: teacher; remove it or change labels"
        )
    if block.labels_sha256 is not None and block.labels_file is None:
        raise SpecError("inputs.dataset.labels_sha256: needs a labels_file; remove it or give the file")
    if block.labels != "one_versus_rest":
        if block.classes is not None:
            raise SpecError(
                "inputs.dataset.classes: only for labels: one_versus_rest; remove them or change labels"
            )
    elif block.classes is None:
        raise SpecError("inputs.dataset.classes: missing; labels: one_versus_rest needs a class")
    elif len(block.classes) != count:
        raise SpecError(
            f"inputs.dataset.classes: {len(block.classes)} values for {count} teachers; give one per teacher"
        )


def refuse_finite_sets(spec: Spec, engine: str) -> None:
    """Raise SpecError if a spec does not have fresh Gaussian inputs, which the engine assumes."""
    if spec.inputs.dataset is not None:
        raise SpecError(
            f"inputs.distribution: engine {engine} needs gaussian inputs; use engine network for data sets"
        )
    if spec.inputs.samples is not None:
        raise SpecError(
            f"inputs.samples: engine {engine} needs fresh samples in every step;"
            " use engine network for finite training sets"
        )

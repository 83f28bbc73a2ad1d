"""The law of one step: labels, errors and moves from the coordinates of samples.

A law has three parts, NamedTuples with their own parameters, in `ChainConstants.law`. Each part is defined in
one file, by its variants (`compile.variants`, with `flags.BY_COLUMN`) of the functions here; the type of the
part selects them. Random numbers are drawn and the frame is rotated before a law is applied.

- `labels`: who labels an input, `label_numbers` and `label`. Such a part may also change the distribution of
  the inputs, as it receives the coordinates of a sample before the student does.
- `loss`: its derivative with respect to the output of the student, `differentiate`.
- `student`: the network, `respond` and `move`.
"""

from typing import NamedTuple

from teacherstudent.kernels.compile.variants import declared


class Law(NamedTuple):
    """The law of the steps of all chains; parameters of a task are rows of `tasks.Tasks.now`."""

    labels: NamedTuple
    loss: NamedTuple
    student: NamedTuple


@declared
def label_numbers(labels):
    """Return the number of standard normals that the label of a sample takes at most, at least 1."""


@declared
def label(labels, shape, constants, buffers, b, z, numbers):
    """Compute the labels of sample b.

    Parameters
    ----------
    labels : NamedTuple
        Part of the law; its type selects the variant.
    shape : Shape
        Sizes and activations, the same for all chains.
    constants : ChainConstants
        Constants of the phases.
    buffers : Buffers
        Row b of `target` receives the labels. Row b of `u` has the coordinates of the sample.
    b : int
        Number of the sample in the batch.
    z : array (n, C)
        Coordinates of the input in the frame of the teachers, whose axes are the first ones: rho = B z.
    numbers : array (>= label_numbers, C)
        Standard normal numbers.
    """


@declared
def differentiate(loss, error, target):
    """Replace outputs by errors: the derivatives of the loss with respect to the output.

    Parameters
    ----------
    loss : NamedTuple
        Part of the law; its type selects the variant.
    error : array (C,)
        Outputs of the students; receives the errors.
    target : array (C,)
        Labels.
    """


@declared
def respond(student, shape, state, buffers, b):
    """Compute the fields and the outputs of the students for sample b, and what the moves need.

    Parameters
    ----------
    student : NamedTuple
        Part of the law; its type selects the variant. It may have arrays, for further layers.
    shape : Shape
        Sizes and activations, the same for all chains.
    state : State
        The students.
    buffers : Buffers
        Coordinates `u` of the sample. Row b of `error` receives the outputs; `units` has space for three
        numbers of each unit.
    b : int
        Number of the sample in the batch.
    """


@declared
def move(student, shape, terms, S, h, constants, buffers, k):
    """Move unit k, and what belongs to it in later layers, by the mean gradient of the samples of a step.

    Parameters
    ----------
    student : NamedTuple
        Part of the law; its type selects the variant.
    shape : Shape
        Sizes and activations, the same for all chains.
    terms : Terms
        Terms that at least one of the chains has.
    S : array (p + r + q, C)
        Coordinates of the unit, / sqrt N, changed in place.
    h : array (C,)
        Readout number k, changed in place.
    constants : ChainConstants
        Constants of the phases.
    buffers : Buffers
        Coordinates and errors of the samples, and the results of `respond`.
    k : int
        Number of the unit.
    """

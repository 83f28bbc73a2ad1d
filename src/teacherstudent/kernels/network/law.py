"""The law of one step: errors and moves from the fields of the first layer.

A law is a NamedTuple with its own parameters, `StepConstants.law`. It is defined in one file, by its variants
(`compile.variants`) of `learn`, for fresh inputs with labels of the active teacher, and of
`learn_from_labels`, for samples with given labels; one of the two may be missing. The kernels compute the
fields w_k x before a law is applied, and move the first layer afterwards. A law of gradient descent computes
outputs by `output` and moves by `descend`, whose variants are for both memory layouts of networks with two
layers and for several hidden layers (`deep`). Runs whose steps are on several tasks, and those that
are trained in blocks of steps (`blocks`), need a variant of `with_parameters` too.
"""

from teacherstudent.kernels.compile.variants import declared


@declared
def learn(law, h, p, buffers, key0, key1, step):
    """Compute the moves of the first layer from fields of student and teacher, and move the readouts.

    Parameters
    ----------
    law : NamedTuple
        Parameters of the law; its type selects the variant.
    h : array (K,)
        Readouts of the head that is trained, changed in place.
    p : StepConstants
        Constants of the phase.
    buffers : by_unit.Buffers or wide.Buffers
        For each sample of the batch, row FIELD of `student` and `teacher` has w_k x and v_m x, without the
        factor 1 / sqrt N. Receives the errors, and the moves of each w_k in units of x.
    key0, key1 : uint32
        Key of the random numbers, see `maths.philox`.
    step : int
        Number of the step, counted from the start of the run.

    Returns
    -------
    bool
        False where an error is not finite; then nothing has moved.
    """


@declared
def learn_from_labels(law, h, p, buffers, labels, chosen):
    """Compute the moves of the first layer from fields of the student and labels, and move the readouts.

    Parameters
    ----------
    law, h, p, buffers
        As for `learn`; the fields of the teacher are not used.
    labels : array (samples,)
        Labels of all samples, noise included.
    chosen : array (batch,) of int64
        The samples of the batch.

    Returns
    -------
    bool
        False where an error is not finite; then nothing has moved.
    """


@declared
def with_parameters(law, numbers):
    """Return the law with other parameters, for tasks and for networks side by side that differ in them.

    Parameters
    ----------
    law : NamedTuple
        The law.
    numbers : array (parameters,)
        Its parameters in order.

    Returns
    -------
    NamedTuple
        A law of the same type.
    """


@declared
def output(buffers, code, h, units, N):
    """Return the output sum_k h_k g(lambda_k) of a network with two layers.

    Parameters
    ----------
    buffers : by_unit.Buffers or wide.Buffers
        Its type, the memory layout, selects the variant.
    code : int
        Code of the activation g, see `maths.activations`.
    h : array (K,)
        Readouts.
    units : array (3, k)
        Row FIELD has w_k x; receives lambda_k = w_k x / sqrt N, g(lambda_k) and g'(lambda_k) in its rows.
    N : int
        Number of inputs.

    Returns
    -------
    float
        The output.
    """


@declared
def descend(buffers, h, p):
    """Compute the moves of gradient descent of a network with two layers from the errors of a batch.

    d_b is the error of sample b, that is, the derivative of its loss with respect to the output, and B the
    size of the batch. With the old h, for every sample w_k moves by

        -(eta / (sqrt N B)) d_b h_k g'(lambda_bk) x_b,

    and h_k moves by

        -(gamma_h / N) h_k - (eta_h / (N B)) sum_b d_b g(lambda_bk).

    First layer: Saad & Solla, Phys. Rev. E 52 (1995) 4225. Readouts and their scaling: Goldt et al.,
    NeurIPS 2019.

    Parameters
    ----------
    buffers : by_unit.Buffers or wide.Buffers
        Errors, and the results of `output`; receives the moves of each w_k in units of x. Its type, the
        memory layout, selects the variant.
    h : array (K,)
        Readouts of the head that is trained, changed in place.
    p : StepConstants
        Constants of the phase.
    """

"""The law of one step: from the fields of the first layer to errors and moves.

A law is a NamedTuple with its own parameters, `StepConstants.law`. It is defined in one file, by its variants
(`compile.variants`) of `learn`, for fresh inputs that the active teacher labels, and of `learn_from_labels`,
for samples with given labels; it may leave one out. The kernels find the fields w_k x before and apply the
moves of the first layer after it. In both memory layouts a law of two layers finds outputs by `output` and
follows the gradient by `descend`.
"""

from teacherstudent.kernels.compile.variants import declared


@declared
def learn(law, h, p, buffers, key0, key1, step):
    """Find the moves of the first layer from fields of student and teacher, and move the readouts.

    Parameters
    ----------
    law : NamedTuple
        Parameters of the law; its type chooses the variant.
    h : array (K,)
        Readouts of the head that is trained, changed in place.
    p : StepConstants
        Constants of the phase.
    buffers : by_unit.Buffers or wide.Buffers
        For each sample of the batch, row FIELD of `student` and `teacher` has w_k x and v_m x, without the
        factor 1 / sqrt N. Receives the errors, and the moves of each w_k in units of x.
    key0, key1, step : uint32, uint32, int
        Key of the random numbers and number of the step, see `maths.philox`.

    Returns
    -------
    bool
        False where an error is not finite; then nothing has moved.
    """


@declared
def learn_from_labels(law, h, p, buffers, labels, chosen):
    """Find the moves of the first layer from fields of the student and given labels, and move the readouts.

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
def output(buffers, code, h, units, N):
    """Return the output sum_k h_k g(lambda_k) of a network of two layers.

    Parameters
    ----------
    buffers : by_unit.Buffers or wide.Buffers
        Its type, the memory layout, chooses the variant.
    code : int
        Code of the activation g, see `maths.activations`.
    h : array (K,)
        Readouts.
    units : array (3, k)
        Row FIELD has w_k x; receives lambda_k = w_k x / sqrt N, g(lambda_k) and g'(lambda_k) in its rows.
    N : int
        Number of inputs.
    """


@declared
def descend(buffers, h, p):
    """Turn the errors of a batch into the moves of gradient descent of a network of two layers.

    With d_b the error of sample b, the derivative of its loss by the output: w_k moves by
    -(eta / (sqrt N B)) d_b h_k g'(lambda_bk) x_b, from the old h, and
    h_k by -(gamma_h / N) h_k - (eta_h / (N B)) sum_b d_b g(lambda_bk), B the size of the batch.
    Saad & Solla, Phys. Rev. E 52 (1995) 4225, for the first layer; the second one as Goldt et al., NeurIPS
    2019, scale it.

    Parameters
    ----------
    buffers : by_unit.Buffers or wide.Buffers
        Errors, and units as `output` leaves them; receives the moves of each w_k in units of x. Its type
        chooses the variant.
    h : array (K,)
        Readouts of the head that is trained, changed in place.
    p : StepConstants
        Constants of the phase.
    """

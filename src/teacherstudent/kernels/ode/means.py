"""Means over the fields for the right-hand side of `ode`, the same for all covariance models.

The law of the labels and units is a NamedTuple with its parameters and work space, `Constants.law`. It is
defined in one file, by its variants (`compile.variants`) of the two functions below, and `engines.ode.laws`
selects it for a spec. Numbers of a law are constant in a stage, and its arrays are work space.
"""

from functools import singledispatch

from teacherstudent.kernels.compile.variants import declared


@declared
def fill_means(law, model, output_variance, flip, means, progress):
    """Compute the means over the fields of D, the derivative of the loss with respect to the output.

        output_i = < D g(x_i) >,  < D g'(x_i) z > = sum_a weights[i, a] < x_a z >,
        power_ik = < D^2 g'(x_i) g'(x_k) >.

    For the squared loss D is the error, student minus noisy label. Saad & Solla 1995, appendix; with noise on
    the labels and readouts Goldt et al. 2019, supplement.

    Parameters
    ----------
    law : NamedTuple
        Parameters of units and labels, and work space; its type selects the variant.
    model : NamedTuple
        Covariance model with the signed readouts c (D,) and the covariance C (D, D) of the error units: the K
        student units, then those of the active teacher.
    output_variance : float
        Variance sigma^2 >= 0 of the noise on the output of the teacher.
    flip : float
        Probability from 0 to 1/2 that a label, a sign, is turned.
    means : Means
        Receives the results.
    progress : (2 or more,) int64 array
        Rows that are done and work left before a pause, see `pauses`.

    Returns
    -------
    bool
        False at a pause, from which the next call resumes; then the means are not complete.
    """


@declared
def error_of_task(law, model):
    """Return the error to which thresholds refer, for labels without noise.

    Parameters
    ----------
    law : NamedTuple
        As for `fill_means`.
    model : NamedTuple
        Covariance model, whose c and C are those of inputs without noise.

    Returns
    -------
    float
        The generalisation error, or the classification error where labels are signs.
    """


@singledispatch
def for_lanes(law, K, D):
    """Return the form of a law that is compiled for vectors of runs, with work space of one run.

    Parameters
    ----------
    law : NamedTuple
        As for `fill_means`; its type selects the variant.
    K, D : int
        Numbers of student units, and of error units, which include them.

    Returns
    -------
    NamedTuple
    """
    raise TypeError(f"{type(law).__name__} is not compiled for vectors of runs")

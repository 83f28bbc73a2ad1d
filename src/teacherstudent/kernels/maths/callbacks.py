"""Activations of users, which kernels call at an address: their code is an integer like that of other ones.

A kernel is compiled once for all activations, and calls a compiled function whose address is the code. All
addresses are larger than the codes of `activations`.
"""

from collections.abc import Callable

from llvmlite import ir
from numba import carray, cfunc, njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from teacherstudent.kernels.compile.flags import inner

SIGNATURE = types.void(types.float64, types.CPointer(types.float64))
BOTH = types.UniTuple(types.float64, 2)


def compiled(activation: Callable, derivative: Callable):
    """Compile an activation g and its derivative g' of a user.

    Parameters
    ----------
    activation, derivative : callable
        Python functions of one number, which numba can compile.

    Returns
    -------
    CFunc
        Its `address` is the code for kernels, as long as this object exists.

    Raises
    ------
    numba.core.errors.NumbaError
        If one of them cannot be compiled, or does not return a real number.
    """
    g, slope = (njit("float64(float64)", error_model="numpy")(part) for part in (activation, derivative))

    @cfunc(SIGNATURE)
    def both(x, out):
        numbers = carray(out, 2)
        numbers[0], numbers[1] = g(x), slope(x)

    return both


@intrinsic
def _call(typing_context, code, x):
    """Return g(x) and g'(x), computed by the function at the address `code`."""

    def generate(context, builder, signature, arguments):
        code, x = arguments
        number = ir.DoubleType()
        function = ir.FunctionType(ir.VoidType(), [number, number.as_pointer()])
        out = cgutils.alloca_once(builder, number, size=ir.Constant(ir.IntType(32), 2))
        builder.call(builder.inttoptr(code, function.as_pointer()), [x, out])
        values = [builder.load(cgutils.gep_inbounds(builder, out, i)) for i in (0, 1)]
        return context.make_tuple(builder, BOTH, values)

    return BOTH(types.int64, types.float64), generate


@inner
def call(code, x, value, slope):
    """Compute an activation of a user and its derivative at fields x.

    Parameters
    ----------
    code : int
        Address of the function from `compiled`.
    x : (n,) array
        Fields.
    value, slope : (n,) array
        Receive g(x) and g'(x).
    """
    for i in range(len(x)):
        value[i], slope[i] = _call(code, x[i])

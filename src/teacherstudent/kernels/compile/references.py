"""References to NamedTuples of arrays.

Numba passes a NamedTuple as all the numbers of its fields, seven or more for each array, and copies them at
every call: with thirty arrays this takes longer than the arithmetic for a small network. A reference is one
number. It is made in a function that Python calls, and is valid until this function returns. Functions that
read it do not count references to arrays (`flags.inner`), or they would count those to all of them.
"""

from numba import types
from numba.core import cgutils
from numba.extending import lower_builtin, type_callable


def reference_to(p):
    """Return a reference to a NamedTuple.

    Parameters
    ----------
    p : NamedTuple
        Of arrays and numbers; numba cannot read a bool at an address.

    Returns
    -------
    sequence
        Its only item, number 0, is the NamedTuple. In Python it is a tuple, in kernels an address.
    """
    return (p,)


@type_callable(reference_to)
def _type(_):
    """Return the types of references."""
    return lambda p: types.CPointer(p)


@lower_builtin(reference_to, types.BaseTuple)
def _address(context, builder, signature, arguments):
    """Store the NamedTuple on the stack of the function that calls, and return where."""
    (kind,), (value,) = signature.args, arguments
    return cgutils.alloca_once_value(builder, context.data_model_manager[kind].as_data(builder, value))

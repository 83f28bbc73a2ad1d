"""Functions of which the compiler chooses a variant by the type of the first argument.

A stub declares name and arguments; a variant of it belongs to one NamedTuple. The choice is made while a
kernel is compiled, so that the kernel has the speed of one written for that variant.
"""

from collections.abc import Callable

from numba.extending import overload

from teacherstudent.kernels.compile.flags import PART


def variant(stub: Callable, kind: type) -> Callable:
    """Return a decorator that makes a function the variant of a stub for a NamedTuple.

    Parameters
    ----------
    stub : callable
        Function without a body of its own; kernels call it by this name.
    kind : type
        NamedTuple class of the first argument for which the variant is used. It has at most one variant of
        each stub.

    Returns
    -------
    callable
        Decorator of a function with the arguments of the stub, which is compiled as a `flags.part` of each
        kernel that calls the stub; it returns the function as it is.
    """

    def decorate(function: Callable) -> Callable:
        @overload(stub, jit_options=PART, strict=False)  # not strict: `choose` may name its arguments freely
        def choose(first, *_):
            return function if getattr(first, "instance_class", None) is kind else None

        return function

    return decorate

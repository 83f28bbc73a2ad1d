"""Functions of which the compiler chooses a variant by the type of the first argument.

A declaration has the name, the arguments and the docstring; each variant of it belongs to one NamedTuple. The
choice is made while a kernel is compiled, so a kernel is as fast as one written for that variant.
"""

from collections.abc import Callable
from functools import wraps

from numba.extending import overload

from teacherstudent.kernels.compile.flags import PART


def declared(declaration: Callable) -> Callable:
    """Return a function that kernels call in place of its variants; Python can call it too."""

    @wraps(declaration)
    def call(first, *others):
        return call.variants[type(first)](first, *others)

    call.variants = {}
    return call


def variant(function: Callable, kind: type, inline: bool = False) -> Callable:
    """Return a decorator that makes a function the variant of another one for a NamedTuple.

    Parameters
    ----------
    function : callable
        Function made by `declared`.
    kind : type
        NamedTuple class of the first argument for which the variant is used.
    inline : bool
        Whether numba puts the statements of the function into each kernel in place of the call. Otherwise it
        is compiled as a `flags.part` of each kernel. Which is faster is a matter of measurement.

    Returns
    -------
    callable
        Decorator of a function with the arguments of the declaration; it returns the function as it is.
    """

    def decorate(implementation: Callable) -> Callable:
        function.variants[kind] = implementation

        options = {"inline": "always"} if inline else {"jit_options": PART}

        @overload(function, **options, strict=False)  # otherwise `choose` must name all arguments
        def choose(first, *_):
            return implementation if getattr(first, "instance_class", None) is kind else None

        return implementation

    return decorate

"""Functions with variants, which the compiler selects by the type of the first argument.

A declaration has the name, the arguments and the docstring; each of its variants belongs to one NamedTuple
class. The selection takes place while a kernel is compiled, so a kernel is as fast as one that is written for
that variant.
"""

from collections.abc import Callable, Mapping
from functools import wraps

from numba.extending import overload

from teacherstudent.kernels.compile.flags import PART


def declared(declaration: Callable) -> Callable:
    """Return a function that calls the variant for its first argument, in kernels and in Python."""

    @wraps(declaration)
    def call(first, *others):
        return call.variants[type(first)](first, *others)

    call.variants = {}
    return call


def variant(
    function: Callable, kind: type, options: Mapping[str, object] = PART, inline: bool = False
) -> Callable:
    """Return a decorator that makes a function the variant of another one for a NamedTuple.

    Parameters
    ----------
    function : callable
        Function made by `declared`.
    kind : type
        NamedTuple class of the first argument for which the variant is used.
    options : mapping of str to object
        How the function is compiled, see `flags`; as a part of each kernel by default.
    inline : bool
        Whether numba puts the statements of the function into each kernel in place of the call, without
        these options. Which is faster is a matter of measurement.

    Returns
    -------
    callable
        Decorator of a function with the arguments of the declaration; it returns the function as it is.
    """

    def decorate(implementation: Callable) -> Callable:
        function.variants[kind] = implementation

        how = {"inline": "always"} if inline else {"jit_options": dict(options)}

        @overload(function, **how, strict=False)  # otherwise `choose` must name all arguments
        def choose(first, *_):
            return implementation if getattr(first, "instance_class", None) is kind else None

        return implementation

    return decorate

"""Results of functions of immutable documents, which are computed once."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from teacherstudent.spec.model import Spec

LARGEST_KEY = 2000  # characters; larger blocks are rare, and would fill the memory
MOST_BLOCKS = 2000


def once_per_spec(function: Callable[[Spec], Any]) -> Callable[[Spec], Any]:
    """Return a function of a spec alone whose result is stored in the spec, which is immutable.

    The result must not be changed by the caller.
    """
    name = f"{function.__module__}.{function.__qualname__}"

    @wraps(function)
    def found(spec: Spec) -> Any:
        own = vars(spec)
        if name not in own:
            own[name] = function(spec)
        return own[name]

    return found


class Blocks:
    """Results for blocks of documents by their content, because neighbouring points of grids share blocks.

    The key of a block is its representation as text, which is unique for plain values.
    """

    def __init__(self) -> None:
        self.found: dict[tuple, Any] = {}

    def of(self, name: str, block: Any, make: Callable[[], Any]) -> Any:
        """Return the result for a block, which is made if it is not known.

        Parameters
        ----------
        name : str
            The name of the block.
        block : object
            Its plain content.
        make : callable
            Returns the result.

        Returns
        -------
        object
            It must not be changed.
        """
        key = name, repr(block)
        if len(key[1]) > LARGEST_KEY:
            return make()
        found = self.found  # several threads may parse
        if key in found:
            return found[key]
        if len(found) >= MOST_BLOCKS:
            self.found = {}
        result = self.found[key] = make()
        return result

"""The check that an engine supports a spec; for most specs it imports no compiled code."""

from teacherstudent.engines.base import ENGINES, engine_named
from teacherstudent.errors import SpecError
from teacherstudent.spec.model import Spec


def check(spec: Spec, engine: str) -> None:
    """Check that an engine supports a spec.

    Parameters
    ----------
    spec : Spec
        A complete spec.
    engine : str
        The name of the engine.

    Raises
    ------
    SpecError
        If it does not, with the key and the reason, and if there is no such engine.
    """
    own = engine_named(engine)
    for key in ("state", "weights"):
        if getattr(spec.record, key) and not getattr(own, f"has_{key}"):
            others = " or ".join(other.name for other in ENGINES.values() if getattr(other, f"has_{key}"))
            raise SpecError(f"record.{key}: engine {engine} has no {key}; use engine {others}")
    own.check(spec)

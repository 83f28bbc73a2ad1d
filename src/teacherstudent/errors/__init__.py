"""The two ways a request can fail, each with one line for the user."""

from typing import NoReturn


class SpecError(ValueError):
    """A document asks for something that is malformed, impossible or not available.

    The message is one line that names the key, the value and what is allowed.
    """


def refuse(key: str, value: object, allowed: str) -> NoReturn:
    """Raise SpecError for a value that cannot stand at a key."""
    raise SpecError(f"{key}: {value} is not allowed; {allowed}")


class RunError(RuntimeError):
    """A well-formed run could not be finished or its result could not be stored."""

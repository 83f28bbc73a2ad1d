"""The two errors that users see. Each has a message of one line."""

from typing import NoReturn


class SpecError(ValueError):
    """A document is malformed, contradicts itself or needs something that is not available.

    The message is one line that names the key, what is wrong, and what to do.
    """


def refuse(key: str, value: object, allowed: str) -> NoReturn:
    """Raise SpecError for a value that is not allowed.

    Parameters
    ----------
    key : str
        Dotted key of the value.
    value : object
        The value as it is shown to the user.
    allowed : str
        The allowed values, in words.

    Raises
    ------
    SpecError
        Always.
    """
    raise SpecError(f"{key}: {value} is not allowed; {allowed}")


class RunError(RuntimeError):
    """A valid run could not be completed, or a file could not be read or written."""

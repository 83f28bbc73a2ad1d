"""The two ways a request can fail, each with one line for the user."""


class SpecError(ValueError):
    """A document asks for something that is malformed, impossible or not available.

    The message is one line that names the key, the value and what is allowed.
    """


class RunError(RuntimeError):
    """A well-formed run could not be finished or its result could not be stored."""

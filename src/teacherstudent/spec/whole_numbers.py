"""Numbers of runs, threads and seeds: their bounds, for the command and for Python alike."""

import re
from dataclasses import dataclass
from typing import Any

from teacherstudent.errors import refuse
from teacherstudent.errors.messages import shown, whole_number

DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9]*)")


@dataclass(frozen=True)
class Whole:
    """Whole numbers within bounds, the ends included."""

    low: int
    high: int | None = None

    @property
    def words(self) -> str:
        """Allowed numbers in words."""
        return whole_number(self.low, self.high)

    def read(self, text: str) -> int | None:
        """Read a number in decimal digits; None if it is not one or out of bounds."""
        if not DECIMAL.fullmatch(text) or len(text) > 30:
            return None
        return self.of(int(text))

    def of(self, value: Any) -> int | None:
        """Return a number of Python or numpy as int; None if it is not whole or out of bounds."""
        number = value.item() if getattr(value, "ndim", None) == 0 else value
        if isinstance(number, float) and number.is_integer():
            number = int(number)
        fits = type(number) is int and number >= self.low and (self.high is None or number <= self.high)
        return number if fits else None

    def checked(self, key: str, value: Any) -> int:
        """Return a number as int; SpecError names the key if it is not allowed."""
        number = self.of(value)
        if number is None:
            refuse(key, shown(value), self.words)
        return number


SEED = Whole(0, 2**63 - 1)  # stored as a signed integer of 64 bits
RUN = Whole(0)
RUNS = Whole(1)
THREADS = Whole(1)

"""Timing in turns, and the lines of the table."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

REPEATS = 7
UNITS = {"ns": 1e9, "us": 1e6, "ms": 1e3, "s": 1.0}


@dataclass(frozen=True)
class Line:
    """One measured target: what must hold of a number, and what it aims at (None: no such demand).

    The number is the ratio of reference over ours, or, without a reference, our time or ratio itself.
    """

    what: str
    ours: str
    reference: str
    number: float
    must: float | None
    aim: float | None
    at_most: bool = False

    @property
    def verdict(self) -> str:
        """aim, must or SHORT; empty without demands."""
        if self.aim is not None and self._meets(self.aim):
            return "aim"
        if self.must is None:
            return "" if self.aim is None else "short of aim"
        return "must" if self._meets(self.must) else "SHORT"

    def _meets(self, bound: float) -> bool:
        return self.number <= bound if self.at_most else self.number >= bound

    def cells(self) -> tuple[str, ...]:
        """Return what the table shows, as texts."""
        sign = "<= " if self.at_most else ">= "
        bounds = ("" if bound is None else f"{sign}{bound:g}" for bound in (self.must, self.aim))
        return self.what, self.ours, self.reference, f"{self.number:.3g}", *bounds, self.verdict


COLUMNS = ("what", "ours", "reference", "number", "must", "aim", "verdict")


def seconds(*works: tuple[Callable[[int], object], int]) -> list[float]:
    """Median CPU time of a unit of each work (call, count), where call(count) does `count` units.

    They are timed in turns, so that a change of the machine's speed meets all of them.
    """
    times: list[list[float]] = [[] for _ in works]
    for call, _ in works:
        call(1)
    for _ in range(REPEATS):
        for (call, count), measured in zip(works, times, strict=True):
            start = time.thread_time()
            call(count)
            measured.append((time.thread_time() - start) / count)
    return [statistics.median(measured) for measured in times]


def text(duration: float) -> str:
    """A time with three digits in the unit that suits it."""
    unit = next((unit for unit in UNITS if duration * UNITS[unit] < 1000), "s")
    return f"{duration * UNITS[unit]:.3g} {unit}"


def faster(what: str, ours: float, reference: float, must: float | None, aim: float | None) -> Line:
    """Line for a demand on how many times faster ours is than a reference."""
    return Line(what, text(ours), text(reference), reference / ours, must, aim)


def dearer(what: str, ours: float, reference: float, must: float, aim: float) -> Line:
    """Line for a demand on how many times longer ours may take than a reference."""
    return Line(what, text(ours), text(reference), ours / reference, must, aim, at_most=True)


def within(what: str, ours: float, unit: str, must: float | None, aim: float | None) -> Line:
    """Line for a demand on a time in some unit."""
    return Line(f"{what} ({unit})", text(ours), "", ours * UNITS[unit], must, aim, at_most=True)

import time
from typing import NamedTuple

import pytest

from checkouts import Checkout, make_checkout

TARGET = "example_final"  # a figure, with the runs and curves that it needs


class Undisturbed(NamedTuple):
    """A checkout in which a figure is made, not to be changed."""

    checkout: Checkout
    results: dict[str, bytes]
    seconds: float  # that it took


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory):
    checkout = make_checkout(tmp_path_factory.mktemp("undisturbed") / "checkout")
    start = time.monotonic()
    checkout.snakemake(TARGET, "--cores", "2")
    return Undisturbed(checkout, checkout.results(), time.monotonic() - start)

import time
from typing import NamedTuple

import pytest

from checkouts import Checkout, made_once, make_checkout
from faults.snakemake_processes import TARGET


class Undisturbed(NamedTuple):
    """A checkout in which a figure is made, not to be changed."""

    checkout: Checkout
    results: dict[str, bytes]
    seconds: float  # that it took


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory):
    def make(folder):
        checkout, start = make_checkout(folder / "checkout"), time.monotonic()
        checkout.snakemake(TARGET, "--cores", "2")
        (folder / "seconds").write_text(str(time.monotonic() - start))

    folder = made_once(tmp_path_factory, "undisturbed", make)
    checkout = Checkout(folder / "checkout")
    return Undisturbed(checkout, checkout.results(), float((folder / "seconds").read_text()))

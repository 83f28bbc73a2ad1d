import shutil

import pytest

from checkouts import Checkout, made_once, make_checkout


@pytest.fixture(scope="session")
def fresh_checkout(tmp_path_factory):
    """A checkout without results; not to be changed."""
    return make_checkout(tmp_path_factory.mktemp("fresh") / "checkout")


@pytest.fixture
def new_checkout(tmp_path):
    """A checkout without results to be changed."""
    return make_checkout(tmp_path / "checkout")


@pytest.fixture(scope="session")
def finished_checkout(tmp_path_factory):
    """A checkout in which everything is made; not to be changed."""

    def make(folder):
        make_checkout(folder / "checkout").snakemake("--cores", "2")

    made = made_once(tmp_path_factory, "finished", make) / "checkout"
    return Checkout(shutil.copytree(made, tmp_path_factory.mktemp("copy") / "checkout"))  # Snakemake locks it


@pytest.fixture
def checkout(finished_checkout, tmp_path):
    """A finished checkout to be changed."""
    shutil.copytree(finished_checkout.root, tmp_path / "checkout")
    return Checkout(tmp_path / "checkout")

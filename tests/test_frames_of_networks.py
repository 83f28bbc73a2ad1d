"""Order parameters of initial networks from a frame of few axes, against those of vectors of N numbers."""

import numpy as np
import pytest

from teacherstudent import parse_spec
from teacherstudent.networks import frames
from teacherstudent.networks.frames import order_parameters_in_frame
from teacherstudent.networks.sampling import initial_order_parameters

CASES = {
    "rotated": {"features": {"relation": "rotated", "similarity": 0.3}},
    "orthogonal units": {"features": {"relation": "rotated", "similarity": 0.3, "units": "orthogonal"}},
    "graded": {"features": {"relation": "independent", "units": "graded", "norm": 2.0}},
    "interpolated": {"features": {"relation": "interpolated", "similarity": 0.7}},
    "identical": {"features": {"relation": "identical"}},
    "shared nodes": {"features": {"relation": "shared_nodes", "shared": 1, "similarity": 0.2}},
    "informed": {"initial": {"scheme": "informed"}},
    "denoising": {"initial": {"scheme": "denoising"}},
    "symmetric": {"initial": {"scheme": "symmetric", "weights_std": 0.1, "asymmetry": 1e-3}},
    "few inputs": {"dimension": 6},
}


def spec_of(features=None, initial=None, dimension=50):
    teachers = {"count": 2, "hidden": 2, "readouts": {"relation": "rotated", "similarity": 0.5}}
    if features is not None:
        teachers["features"] = features
    student = {"hidden": 3, "heads": "per_task"}
    if initial is not None:
        student["initial"] = initial
    blocks = {"inputs": {"dimension": dimension}, "teachers": teachers, "student": student}
    return parse_spec(blocks | {"training": {"learning_rate": 0.1}, "duration": 1.0})


@pytest.mark.parametrize("name", CASES)
def test_order_parameters_are_those_of_the_vectors(name):
    spec = spec_of(**CASES[name])
    for run in (0, 1):
        found, expected = (of(spec, 4, run) for of in (order_parameters_in_frame, initial_order_parameters))
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)


def test_they_do_not_depend_on_what_was_computed_before(monkeypatch):
    specs = [spec_of({"relation": "rotated", "similarity": value}) for value in (0.1, 0.9)]
    first = [order_parameters_in_frame(spec, 4, 0) for spec in specs]
    first[0].Q[:] = 0.0  # results are copies
    frames._FOUND.clear()
    frames._frame.cache_clear()
    for spec, before in zip(specs[::-1], first[::-1], strict=True):
        again = order_parameters_in_frame(spec, 4, 0)
        assert all(np.array_equal(one, other) for one, other in zip(again[1:], before[1:], strict=True))
        assert again.Q.any()

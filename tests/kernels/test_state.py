"""The layout of the state: Python and compiled code agree, and other axes come first."""

import numpy as np
import pytest

from saved_code import saved
from teacherstudent.kernels.ode.state import at_h, at_Q, at_R, layout_of, pack, unpack


@saved(__file__)
def positions(layout):
    found = [at_Q(layout, i, k) for i in range(layout.K) for k in range(layout.K)]
    found += [at_R(layout, i, a) for i in range(layout.K) for a in range(layout.F)]
    found += [at_h(layout, e, i) for e in range(layout.H) for i in range(layout.K)]
    return np.array(found)


@pytest.mark.parametrize("K, F, H", [(1, 1, 1), (3, 4, 2)])
def test_compiled_code_uses_the_positions_that_python_unpacks(K, F, H):
    layout = layout_of(K, F, H)
    np.testing.assert_array_equal(positions(layout), np.arange(layout.size))
    Q, R, h = unpack(np.arange(layout.size), layout)
    assert (Q.shape, R.shape, h.shape) == ((K, K), (K, F), (H, K))
    np.testing.assert_array_equal(np.concatenate([Q.ravel(), R.ravel(), h.ravel()]), positions(layout))


def test_unpacked_parts_are_views_of_states_with_any_axes_before():
    layout = layout_of(2, 3, 1)
    states = np.zeros((4, 5, layout.size))
    Q, R, h = unpack(states, layout)
    Q[1, 2], R[1, 2], h[1, 2] = 1.0, 2.0, 3.0
    np.testing.assert_array_equal(states[1, 2], pack(Q[1, 2], R[1, 2], h[1, 2]))
    assert (states[1, 2] > 0).all()
    assert states.sum() == states[1, 2].sum()

"""Linear algebra does not depend on the number of threads that BLAS may use."""

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from samples import spec
from teacherstudent.analysis import committee, error_decay_rate, fixed_point, informed_state
from teacherstudent.engines.base import ENGINES
from teacherstudent.engines.start import BEGINNING
from teacherstudent.networks.linear_algebra import one_thread


def point():
    """Numbers of a fixed point with matrices so large that BLAS divides the work."""
    start = informed_state(8, 10)
    found = fixed_point(committee(start, 0.3, 0.1), start)
    return [*found.state, found.eigenvalues, found.generalisation_error]


@pytest.mark.slow
@pytest.mark.parametrize("numbers", [point, lambda: [np.array(error_decay_rate(8, 10, 0.3))]])
def test_numbers_do_not_depend_on_threads(numbers):
    found = []
    for threads in (1, 2, 3):
        with threadpool_limits(threads, "blas"):
            found.append([array.tobytes() for array in numbers()])
    assert found == found[:1] * 3


def threads():
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


def test_one_thread_ends_with_its_block():
    @one_thread()
    def inside():
        with one_thread():
            return threads()

    with threadpool_limits(2, "blas"):
        assert (threads(), inside(), threads()) == ({2}, {1}, {2})


@pytest.mark.parametrize("engine", ENGINES.values(), ids=list(ENGINES))
def test_engines_have_one_thread(engine):
    seen = []
    with threadpool_limits(2, "blas"):
        engine.simulate([spec()], 0, [0], lambda _: seen.append(threads()), [BEGINNING])
        assert threads() == {2}
    assert seen
    assert all(number == {1} for number in seen)

"""Chi-square variates: the slow twin, the law for few and for many degrees of freedom, reproducibility."""

import numpy as np
import pytest
from scipy import stats

from naive import chain as naive_chain
from saved_code import saved
from teacherstudent.kernels.maths.chi_square import chi
from teacherstudent.kernels.maths.philox import four_normals

COLUMNS = 64
DEGREES = pytest.mark.parametrize("dof", [1, 2, 3, 10, 1000, 10**9, 2**40])


@saved(__file__)
def fill(out, normals, dof, key0, key1, first):
    """Variates (step, column) from the first two normals of stream 0 and from stream 1."""
    x = np.empty(len(key0))
    for s in range(len(out)):
        for c in range(len(key0)):
            y, x[c], _, _ = four_normals(0, key0[c], key1[c], first + s, 0)
            out[s, c], normals[s, c, 0], normals[s, c, 1] = y, y, x[c]
        chi(out[s], x, dof, key0, key1, first + s, 1)


def drawn(dof, steps, columns=COLUMNS, first=0):
    """Variates (steps, columns) and the pairs of normals that they were made from."""
    out, normals = np.empty((steps, columns)), np.empty((steps, columns, 2))
    key0, key1 = np.arange(7, 7 + columns, dtype=np.uint64), np.arange(3, 3 + columns, dtype=np.uint64)
    fill(out, normals, dof, key0, key1, first)
    return out, normals


@pytest.mark.parametrize("dof", [0, 1, 2, 3, 5, 40, 10**9])
def test_variates_are_those_of_the_slow_twin(dof):
    out, normals = drawn(dof, 100, first=2**32 - 10)
    for (step, c), found in np.ndenumerate(out):
        expected = naive_chain.chi(*normals[step, c], dof, (7 + c, 3 + c), 2**32 - 10 + step, 1)
        assert found == pytest.approx(expected, rel=1e-13)


def test_proposals_are_refused_now_and_then():
    """So that the twin has seen what happens then."""
    out, normals = drawn(2, 100)
    d = 2 / 3
    first = np.sqrt(2 * d * np.maximum(0.0, 1 + normals[..., 1] / np.sqrt(9 * d)) ** 3)
    assert np.sum(~np.isclose(out, first)) > 50


@DEGREES
def test_variates_have_the_law(dof):
    squares = drawn(dof, 5000)[0].ravel() ** 2
    assert 1e-4 < stats.kstest(squares, "chi2", args=(dof,)).pvalue < 1 - 1e-4


@DEGREES
def test_moments_of_a_million_variates(dof):
    squares = drawn(dof, 16_000)[0].ravel() ** 2
    scaled = (squares - dof) / np.sqrt(2 * dof)
    law = stats.chi2(dof)
    skewness, kurtosis = (float(value) for value in law.stats("sk"))
    size = np.sqrt(len(scaled))
    assert abs(scaled.mean()) < 5 / size
    assert abs(scaled.var() - 1) < 5 * np.sqrt(2 + kurtosis) / size
    assert abs((scaled**3).mean() - skewness) < 0.05 * max(1.0, skewness**3)


@DEGREES
def test_tails_are_as_heavy_as_they_should_be(dof):
    squares = drawn(dof, 16_000)[0].ravel() ** 2
    for chance in (1e-4, 1e-3, 1 - 1e-3, 1 - 1e-4):
        expected = len(squares) * min(chance, 1 - chance)
        bound = stats.chi2.ppf(chance, dof)
        found = np.sum(squares < bound) if chance < 0.5 else np.sum(squares > bound)
        assert abs(found - expected) < 5 * np.sqrt(expected)


def test_no_degrees_of_freedom_give_zero():
    np.testing.assert_array_equal(drawn(0, 3)[0], 0.0)


@pytest.mark.parametrize("dof", [2, 3, 1000])
def test_a_column_is_the_same_alone_and_in_company(dof):
    together = drawn(dof, 500)[0]
    for columns in (1, 8, 13):
        np.testing.assert_array_equal(drawn(dof, 500, columns)[0], together[:, :columns])


def test_variates_of_different_steps_are_independent():
    variates, _ = drawn(3, 4000, 8)
    assert abs(np.corrcoef(variates[1:].ravel(), variates[:-1].ravel())[0, 1]) < 5 / np.sqrt(variates.size)

"""Two-sample Kolmogorov-Smirnov tests of whether samples of many numbers have one law."""

import numpy as np
from scipy.stats import ks_2samp

# The chance that a right engine fails in one or more of all tests, and an upper bound of their number.
LEVEL, TESTS = 1e-3, 250


def p_values(one, other):
    """Kolmogorov-Smirnov p-value of every number that both have, by name and indices.

    Symmetric duplicates count once. Numbers are rounded, so that constants are equal.
    """
    values = {}
    for name in one.keys() & other.keys():
        for index in np.ndindex(one[name].shape[1:]):
            if name != "student_overlaps" or index[-2] <= index[-1]:
                pair = [np.round(samples[name][(slice(None), *index)], 9) for samples in (one, other)]
                values[name, *index] = ks_2samp(*pair, method="asymp").pvalue
    return values


def corrected_p(one, other):
    """Chance that samples of one law differ as much in any of these numbers, and the number that does."""
    values = p_values(one, other)
    worst = min(values, key=values.get)
    return values[worst] * len(values), worst


def assert_same_law(one, other):
    p, worst = corrected_p(one, other)
    assert p > LEVEL / TESTS, (p, *worst)


def assert_other_law(one, other):
    p, worst = corrected_p(one, other)
    assert p < LEVEL / TESTS, (p, *worst)

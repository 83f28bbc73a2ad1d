"""Normals of single precision that networks have as inputs: nothing distinguishes them from the normal law.

The numbers are collected once, and each test looks at sums and counts of them: 8 million, or 400 million with
`--all`.
"""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import special, stats

from depth import thorough_from
from teacherstudent.kernels.maths.philox import PART, fill_normals
from teacherstudent.kernels.maths.single_normals import box_muller_float32, fill_single_normals

KEY = np.uint32(0xDEADBEEF), np.uint32(0x01234567)
PIECE = 1_000_000  # numbers of one step
LARGEST = np.sqrt(64.0 * np.log(2.0))
BINS = 1000
SQUARE = 32  # bins of the radius, and of the angle, of a table of both
POWERS = range(1, 9)
THRESHOLDS = np.array([3.0, 4.0, 4.5, 5.0, 5.5, 6.0, 6.3, 6.6])
SMALL = 2.0 ** -np.arange(1.0, 28.0)


def drawn(n, step=0, dtype=np.float64, fill=fill_single_normals):
    out = np.empty(n, dtype)
    fill(out, *KEY, step, 3)
    return out


def products(x, y):
    """Products of independent numbers with mean 0, and their variances."""
    squares = x * x - 1.0, y * y - 1.0
    return (x * y, 1.0), (squares[0] * squares[1], 4.0), (x * squares[1], 2.0), (squares[0] * y, 2.0)


def sums_of(x):
    """Sums and counts of one piece."""
    one, other = x[::2], x[1::2]
    v = 0.5 * (one * one + other * other)  # exponentially distributed
    u, turns = np.exp(-v), np.arctan2(other, one) / (2.0 * np.pi) % 1.0
    power, moments = np.ones_like(x), []
    for _ in POWERS:
        power *= x
        moments.append(power.sum())
    ordered, sizes, small = np.sort(x), np.sort(np.abs(x)), np.sort(v)
    return SimpleNamespace(
        count=x.size,
        moments=np.array(moments),
        bins=np.histogram(special.ndtr(x), BINS, (0.0, 1.0))[0],
        above=x.size - np.searchsorted(ordered, THRESHOLDS),
        below=np.searchsorted(ordered, -THRESHOLDS),
        near_0=np.searchsorted(sizes, SMALL),
        radii=np.histogram(u, BINS, (0.0, 1.0))[0],
        angles=np.histogram(turns, BINS, (0.0, 1.0))[0],
        table=np.histogram2d(u, turns, SQUARE, [[0.0, 1.0]] * 2)[0].astype(int),
        small_radii=np.searchsorted(small, SMALL),
        large_radii=len(small) - np.searchsorted(small, -np.log(SMALL)),
        products=np.array([np.sum(each) for each, _ in products(one, other)]),
        apart=np.array([np.sum(each) for each, _ in products(x[1:-1:2], x[2::2])]),
        between=np.array([np.sum(each) for each, _ in products(x[:-2], x[2:])]),
        largest=sizes[-1:],
    )


@pytest.fixture(scope="module", params=thorough_from(1, [8, 400]))
def many(request):
    """Sums over some millions of numbers."""
    total = vars(sums_of(drawn(PIECE, 2**32 - 5)))
    for step in range(2**32 - 4, 2**32 - 5 + request.param):
        piece = vars(sums_of(drawn(PIECE, step)))
        total = {name: total[name] + piece[name] for name in total} | {
            "largest": np.append(total["largest"], piece["largest"])
        }
    return SimpleNamespace(**total)


def assert_poisson(counts, expected):
    """Each count is one that its mean makes likely."""
    low, high = stats.poisson.cdf(counts, expected), stats.poisson.sf(np.asarray(counts) - 1, expected)
    assert np.minimum(low, high).min() > 1e-5, (counts, expected)


def assert_equally_likely(counts):
    assert 1e-4 < stats.chisquare(counts.ravel()).pvalue < 1 - 1e-4


def test_moments_up_to_order_8(many):
    """The k-th sample moment has the variance (<x^2k> - <x^k>^2) / n."""
    k = np.array(POWERS)
    mean = np.where(k % 2 == 0, special.factorial2(k - 1), 0.0)
    error = np.sqrt((special.factorial2(2 * k - 1) - mean**2) / many.count)
    assert np.abs((many.moments / many.count - mean) / error).max() < 4.5


def test_equally_likely_bins(many):
    assert many.bins.sum() == many.count
    assert_equally_likely(many.bins)


def test_tails(many):
    for counts in (many.above, many.below):
        assert_poisson(counts, many.count * special.ndtr(-THRESHOLDS))
    assert 5.0 < many.largest.max() <= LARGEST * (1.0 + 1e-6)


def test_numbers_next_to_0(many):
    assert_poisson(many.near_0, many.count * special.erf(SMALL * np.sqrt(0.5)))


def test_radii_of_pairs_from_the_smallest_to_the_largest(many):
    pairs = many.count / 2
    assert_equally_likely(many.radii)
    assert_poisson(many.small_radii, -pairs * np.expm1(-SMALL))
    assert_poisson(many.large_radii, pairs * SMALL)


def test_angles_of_pairs(many):
    assert_equally_likely(many.angles)
    assert_equally_likely(many.table)


def test_numbers_of_a_pair_and_neighbouring_pairs_are_independent(many):
    variances = np.array([variance for _, variance in products(np.zeros(1), np.zeros(1))])
    pairs, pieces = many.count / 2, many.count // PIECE
    for sums, count in (
        (many.products, pairs),
        (many.apart, pairs - pieces),
        (many.between, many.count - 2 * pieces),
    ):
        assert np.abs(sums / np.sqrt(variances * count)).max() < 4.5


def test_both_precisions_have_the_same_numbers():
    for n in (1, 2, 3, 33, PART - 1, PART, PART + 1, 3 * PART + 70):
        single, double = drawn(n, dtype=np.float32), drawn(n)
        np.testing.assert_array_equal(double, single)
        assert double.dtype == np.float64


def test_they_are_those_of_double_precision_up_to_rounding():
    """Except next to the largest radius, where that of double precision has further bits."""
    single, double = drawn(PIECE), drawn(PIECE, fill=fill_normals)
    far = np.abs(single) < 4.0
    np.testing.assert_allclose(single[far], double[far], rtol=0, atol=2e-5)
    assert np.abs(single - double).max() > 0.0


def test_the_largest_and_the_smallest_radius():
    low = np.random.default_rng(0).integers(2**32, size=1000, dtype=np.uint64)
    for word, radius in ((0, LARGEST), (2**32 - 1, np.sqrt(2.0**-31))):
        pairs = np.array([box_muller_float32((np.uint64(word) << np.uint64(32)) | each) for each in low])
        np.testing.assert_allclose(np.hypot(*pairs.T.astype(float)), radius, rtol=3e-7)
    word = np.uint64(2**31) >> np.uint64(2)  # of the angle 0, an eighth of a turn after the first one
    assert box_muller_float32(word) == (pytest.approx(LARGEST, rel=3e-7), 0.0)

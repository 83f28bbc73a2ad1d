"""Normals in both precisions: known answers, the slow twin, the normal law, independence, reproducibility."""

import numpy as np
import pytest
from scipy import special, stats

from naive import philox as naive
from teacherstudent.kernels.maths.philox import (
    PART,
    box_muller,
    fill_normals,
    four_normals,
    normal,
    philox,
)
from teacherstudent.kernels.maths.single_normals import box_muller_float32, fill_single_normals

KEY = (np.uint32(0x12345678), np.uint32(0x9ABCDEF0))
STEP = 5 * 2**32 + 3  # both words of the step count
STREAM = 7

BOTH_PRECISIONS = pytest.mark.parametrize("dtype", [np.float64, np.float32])

ONES = 0xFFFFFFFF
RANDOM123_KNOWN_ANSWERS = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((ONES, ONES, ONES, ONES), (ONES, ONES), (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


def filled(n, dtype=np.float64, key=KEY, step=STEP, stream=STREAM):
    """Normals of philox in double precision, and of single_normals in single precision."""
    out = np.full(n, np.nan, dtype)
    fill = fill_normals if dtype == np.float64 else fill_single_normals
    fill(out, *key, step, stream)
    return out


@pytest.fixture(scope="module", params=[np.float64, np.float32])
def many(request):
    """Ten million normals (step, position), as a simulation with 10 000 inputs draws them."""
    return np.array([filled(10_000, request.param, step=step) for step in range(1000)])


@pytest.mark.parametrize("counter, key, words", RANDOM123_KNOWN_ANSWERS)
def test_philox_gives_the_known_answers(counter, key, words):
    assert philox(*(np.uint64(word) for word in counter + key)) == words
    assert naive.philox(counter, key) == words


@pytest.mark.parametrize(
    "key, step, stream", [((0, 0), 0, 0), (KEY, STEP, STREAM), ((ONES, ONES), 2**62 + 1, ONES)]
)
def test_normals_are_those_of_the_slow_twin(key, step, stream):
    key = tuple(np.uint32(word) for word in key)
    plain_key = tuple(int(word) for word in key)
    n = 2 * PART // 2 + 101
    normals = filled(n, np.float64, key, step, stream)
    np.testing.assert_allclose(normals, naive.normals(n, plain_key, step, stream), rtol=0, atol=1e-14)
    normals = filled(n, np.float32, key, step, stream)
    np.testing.assert_allclose(normals, naive.single_normals(n, plain_key, step, stream), rtol=0, atol=2e-6)


@BOTH_PRECISIONS
def test_a_shorter_array_holds_the_beginning_of_a_longer_one(dtype):
    longest = filled(4 * PART // 2 + 70, dtype)
    for n in [*range(71), *range(2 * PART // 2 - 2, 2 * PART // 2 + 40), 4 * PART // 2 + 69]:
        np.testing.assert_array_equal(filled(n, dtype), longest[:n])


@BOTH_PRECISIONS
def test_bits_do_not_depend_on_alignment(dtype):
    longest = filled(70, dtype)
    for offset in range(8):
        buffer = np.zeros(80, dtype)
        fill = fill_normals if dtype == np.float64 else fill_single_normals
        fill(buffer[offset : offset + 70], *KEY, STEP, STREAM)
        np.testing.assert_array_equal(buffer[offset : offset + 70], longest)
        assert not buffer[:offset].any()
        assert not buffer[offset + 70 :].any()


def test_single_normals_are_elements_of_the_filled_array():
    normals = filled(8)
    assert normal(*KEY, STEP, STREAM) == normals[0]
    for block in range(2):
        assert four_normals(block, *KEY, STEP, STREAM) == tuple(normals[4 * block : 4 * block + 4])


@pytest.mark.parametrize("transform, digits", [(box_muller, 64), (box_muller_float32, 32)])
def test_the_radius_is_finite_for_all_bits(transform, digits):
    ones, none = np.uint64(2**64 - 1), np.uint64(0)
    largest = np.sqrt(2 * digits * np.log(2))
    assert np.hypot(*transform(none)) == pytest.approx(largest, rel=1e-6)
    assert np.hypot(*transform(ones)) == pytest.approx(0.0, abs=1e-4)


def test_beyond_the_resolution_of_one_word_the_radius_still_has_its_law():
    """High word 0: u = f / 2^32 with f uniform, at every angle."""
    bits = np.random.default_rng(0).integers(0, 2**32, 100_000).astype(np.uint64)
    pairs = np.array([box_muller(pair) for pair in bits])
    u = np.exp(-0.5 * (pairs**2).sum(axis=1)) * 2**32
    assert stats.kstest(u, "uniform").pvalue > 1e-3
    assert abs(np.corrcoef(u, np.arctan2(*pairs.T))[0, 1]) < 4.5 / np.sqrt(bits.size)
    for quadrant in [np.all(pairs * signs > 0, axis=1) for signs in ((1, 1), (1, -1), (-1, 1), (-1, -1))]:
        assert stats.kstest(u[quadrant], "uniform").pvalue > 1e-3


def test_moments(many):
    """The k-th sample moment has the variance (<x^2k> - <x^k>^2) / n."""
    power = np.ones(many.size)
    for k in range(1, 9):
        power *= many.ravel()
        mean = special.factorial2(k - 1) if k % 2 == 0 else 0.0
        error = np.sqrt((special.factorial2(2 * k - 1) - mean**2) / many.size)
        assert abs(power.mean() - mean) < 4.5 * error, f"moment {k}"


def test_chi_square_of_equally_likely_bins(many):
    bins = 1000
    counts = np.histogram(special.ndtr(many), bins, (0.0, 1.0))[0]
    assert counts.sum() == many.size
    assert 1e-4 < stats.chisquare(counts).pvalue < 1 - 1e-4


@pytest.mark.parametrize("threshold", [3.0, 4.0, 4.5, 5.0])
def test_tails(many, threshold):
    for count in [np.count_nonzero(many > threshold), np.count_nonzero(many < -threshold)]:
        assert 1e-4 < stats.poisson.cdf(count, many.size * special.ndtr(-threshold)) < 1 - 1e-4


def neighbours_in_step(draw):
    return draw[:, :-1], draw[:, 1:]


def halves_of_pairs(draw):
    return draw[:, ::2], draw[:, 1::2]


def neighbouring_pairs(draw):
    return draw[:, :-2], draw[:, 2:]


def consecutive_steps(draw):
    return draw[:-1], draw[1:]


@pytest.mark.parametrize(
    "choose", [neighbours_in_step, halves_of_pairs, neighbouring_pairs, consecutive_steps]
)
def test_neighbours_are_uncorrelated(many, choose):
    assert_uncorrelated(*choose(many[:300]))


@BOTH_PRECISIONS
@pytest.mark.parametrize(
    "other",
    [
        {"key": (KEY[0] ^ np.uint32(1), KEY[1])},
        {"key": (KEY[0], KEY[1] ^ np.uint32(1))},
        {"key": (KEY[1], KEY[0])},
        {"step": STEP + 1},
        {"step": STEP + 2**32},
        {"stream": STREAM + 1},
        {"stream": STREAM + 2**31},
    ],
)
def test_other_keys_steps_and_streams_are_uncorrelated(dtype, other):
    n = 300_000
    assert_uncorrelated(filled(n, dtype), filled(n, dtype, **other))


def assert_uncorrelated(a, b):
    """Values, their squares and their product with squares: each correlation has the error 1 / sqrt(n)."""
    a, b = a.ravel().astype(np.float64), b.ravel().astype(np.float64)
    for f, g in [(a, b), (a * a, b * b), (a, b * b), (a * a, b)]:
        assert abs(np.corrcoef(f, g)[0, 1]) < 4.5 / np.sqrt(a.size)

"""The polynomials of kernels.special against NumPy in extended precision and SciPy."""

import numpy as np
import pytest
from numba import config
from scipy import special as scipy_special

from saved_code import saved
from teacherstudent.kernels.maths.special import (
    acos,
    asin,
    erf_and_derivative,
    fma,
    inverse_root,
    log,
    log_of_word,
    sincos_turns,
    sincos_turns_float32,
)

WIDE = np.longdouble
WIDE_PI = np.arccos(WIDE(-1.0))
REFERENCE_ERROR = 4 * np.finfo(WIDE).eps  # where long double is no wider than double, it counts


@saved(__file__)
def compiled_fma(a, b, c):
    return fma(a, b, c)


@saved(__file__)
def asin_of(x, out):
    for i in range(x.size):
        out[i] = asin(x[i])


@saved(__file__)
def log_of(x, out):
    for i in range(x.size):
        out[i] = log(x[i])


@saved(__file__)
def log_of_words(words, out):
    for i in range(words.size):
        out[i] = log_of_word(words[i])


@saved(__file__)
def erf_of(x, out, derivative):
    for i in range(x.size):
        out[i], derivative[i] = erf_and_derivative(x[i])


@saved(__file__)
def sincos_of(bits, sine, cosine):
    for i in range(bits.size):
        sine[i], cosine[i] = sincos_turns(bits[i])


@saved(__file__)
def sincos_float32_of(bits, sine, cosine):
    for i in range(bits.size):
        sine[i], cosine[i] = sincos_turns_float32(bits[i])


def applied(loop, x, outputs=1, dtype=np.float64):
    """Outputs (outputs, x.size) of a loop over x."""
    out = np.full((outputs, x.size), np.nan, dtype)
    loop(x, *out)
    return out


def around(centres, widths):
    """Points on both sides of each centre, at distances from rounding errors to the widest."""
    return (np.asarray(centres)[:, None] + np.concatenate([-widths, [0.0], widths])).ravel()


WIDTHS = np.logspace(-17, -1, 500)


def asin_points():
    x = np.concatenate([np.linspace(-1.0, 1.0, 200_001), around([-1.0, -0.5, 0.0, 0.5, 1.0], WIDTHS)])
    return x[np.abs(x) <= 1.0]


def log_points():
    exponents = np.linspace(-700.0, 700.0, 50_001)
    return np.concatenate([np.exp(exponents), np.exp(exponents / 20.0), around([1.0], WIDTHS)])


def quadrant_bits():
    """Random angles and those next to each multiple of an eighth of a turn."""
    eighths = np.arange(8, dtype=np.uint64) << np.uint64(61)
    steps = np.uint64(1) << np.arange(60, dtype=np.uint64)
    random = np.random.default_rng(1).integers(2**64, size=200_000, dtype=np.uint64)
    edges = eighths[:, None]
    return np.concatenate([random, eighths, (edges + steps).ravel(), (edges - steps).ravel()])


@pytest.mark.skipif(config.DISABLE_JIT, reason="Python has no fused multiply-add before 3.13")
def test_fma_rounds_once():
    assert compiled_fma(1.0 + 2.0**-30, 1.0 - 2.0**-30, -1.0) == -(2.0**-60)


def test_asin():
    x = asin_points()
    (y,) = applied(asin_of, x)
    assert np.abs(y - np.arcsin(x.astype(WIDE))).max() < 3e-16 + REFERENCE_ERROR


def test_asin_is_odd_and_keeps_not_a_number():
    (y,) = applied(asin_of, np.array([-0.75, 0.75, -0.3, 0.3, np.nan]))
    assert y[0] == -y[1]
    assert y[2] == -y[3]
    assert np.isnan(y[4])


def test_erf():
    x = np.concatenate(
        [np.linspace(-9.0, 9.0, 200_001), np.linspace(-50.0, 50.0, 1_001), around([0.0], WIDTHS)]
    )
    erf, derivative = applied(erf_of, x, 2)
    slope = np.sqrt(2.0 / np.pi) * np.exp(-0.5 * x * x)
    assert np.abs(erf - scipy_special.erf(x * np.sqrt(0.5))).max() < 7e-16
    assert np.abs(derivative - slope).max() < 3e-16
    assert np.abs(erf).max() <= 1.0


def test_erf_of_special_values():
    erf, derivative = applied(erf_of, np.array([0.0, np.inf, -np.inf, 1e300, np.nan]), 2)
    np.testing.assert_array_equal(erf, [0.0, 1.0, -1.0, 1.0, np.nan])
    np.testing.assert_allclose(
        derivative, [np.sqrt(2.0 / np.pi), 0.0, 0.0, 0.0, np.nan], rtol=1e-15, atol=1e-290
    )


def test_log():
    x = log_points()
    (y,) = applied(log_of, x)
    reference = np.log(x.astype(WIDE))
    assert np.all(np.abs(y - reference) <= (6e-16 + REFERENCE_ERROR) * np.abs(reference))


def words():
    """Random words, and those next to 0, to 2^32, to all powers of 2, and to powers of 2 times sqrt(1/2)."""
    near = np.arange(-5000, 5000)
    edges = np.ldexp([1.0, np.sqrt(0.5)], np.arange(33)[:, None]).ravel().astype(np.int64)
    random = np.random.default_rng(3).integers(2**32, size=300_000)
    found = np.concatenate([random, (edges[:, None] + near).ravel()])
    return found[(found >= 0) & (found < 2**32)].astype(np.uint32)


def test_log_of_words():
    """Everywhere with a relative error; u = odd / 2^32 and 1 - u are exact in double precision."""
    word = words()
    (y,) = applied(log_of_words, word, dtype=np.float32)
    u = (word | 1) / 2.0**32
    reference = np.where(u > 0.5, np.log1p(-(1.0 - u)), np.log(u))
    assert u.min() == 2.0**-32
    assert u.max() == 1.0 - 2.0**-32
    assert np.all(np.abs(y - reference) <= 3.5e-7 * np.abs(reference))
    assert np.abs(y / reference - 1.0).max() > 1e-7  # in single precision


def test_sincos():
    bits = quadrant_bits()
    angle = 2 * WIDE_PI * (np.ldexp(bits.astype(WIDE), -64) - WIDE(0.125))
    sine, cosine = applied(sincos_of, bits, 2)
    assert np.abs(sine - np.sin(angle)).max() < 2e-16 + REFERENCE_ERROR
    assert np.abs(cosine - np.cos(angle)).max() < 2e-16 + REFERENCE_ERROR


def test_sincos_float32():
    bits = (quadrant_bits() >> np.uint64(32)).astype(np.uint32)
    angle = 2 * np.pi * (bits / 2.0**32 - 0.125)
    sine, cosine = applied(sincos_float32_of, bits, 2, np.float32)
    assert np.abs(sine - np.sin(angle)).max() < 1.2e-7
    assert np.abs(cosine - np.cos(angle)).max() < 1.2e-7


@pytest.mark.parametrize("loop, outputs", [(asin_of, 1), (erf_of, 2)])
def test_bits_do_not_depend_on_the_length_of_the_array(loop, outputs):
    x = np.random.default_rng(2).uniform(-1.0, 1.0, 70)
    whole = applied(loop, x, outputs)
    for n in range(1, x.size):
        np.testing.assert_array_equal(applied(loop, x[:n], outputs), whole[:, :n])


@saved(__file__)
def acos_of(x, out):
    for i in range(x.size):
        out[i] = acos(x[i])


@saved(__file__)
def inverse_root_of(x, out):
    for i in range(x.size):
        out[i] = inverse_root(x[i])


def test_acos_has_small_relative_errors_also_near_one():
    x = np.clip(
        np.concatenate([np.linspace(-1.0, 1.0, 20_001), around([-1.0, -0.5, 0.5, 1.0], WIDTHS)]), -1.0, 1.0
    )
    (found,) = applied(acos_of, x)
    expected = np.arccos(x.astype(WIDE))
    assert np.abs(found - expected).max() < 5e-16
    assert (np.abs(found - expected) <= 5e-16 * expected).all()


@pytest.mark.skipif(bool(config.DISABLE_JIT), reason="Python starts from double precision")
def test_inverse_roots_have_small_relative_errors():
    x = np.logspace(-36, 30, 50_001)
    (found,) = applied(inverse_root_of, x)
    assert np.abs(found * np.sqrt(x.astype(WIDE)) - 1.0).max() < 4e-16

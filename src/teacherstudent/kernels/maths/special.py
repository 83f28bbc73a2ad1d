"""Elementary functions as polynomials without branches or tables, which LLVM vectorises in a loop.

LLVM does not vectorise calls of the functions of libm; it vectorises a plain loop over an array that calls
one of these. Every operation is rounded according to IEEE 754 (explicit fused multiply-adds, no fastmath), so
the bits of an element depend neither on its index nor on the other elements of the array. The coefficients
are those of minimax approximations, computed by the Remez algorithm for this module.
"""

import math

import numpy as np

from teacherstudent.kernels.compile.flags import scalar
from teacherstudent.kernels.compile.vectors import first_guess, fma, select

LN_2 = math.log(2.0)
INVERSE_LN_2 = 1.0 / LN_2
PI = math.pi
HALF_PI = 0.5 * math.pi
SQRT_2_OVER_PI = math.sqrt(2.0 / math.pi)

MANTISSA_BITS = np.int64(52)
SQRT_HALF_BITS = np.float64(math.sqrt(0.5)).view(np.int64)
ROUNDER = 1.5 * 2.0**52  # adding it rounds to an integer, which is in the low bits of the sum
# Larger |x| are replaced by it: erf(x / sqrt 2) is rounded to 1, and exp(-x^2 / 2) is a normal number.
ERF_LIMIT = 37.0

ONE = np.uint64(1)
TWO = np.uint64(2)
QUADRANT_BIT = np.uint64(1 << 62)
SIGN_BIT = np.uint64(1 << 63)
UNIT_64 = 2.0**-64

# The same in single precision: every constant needs a type of 32 bits, or the result would have 64.
ZERO_32 = np.int32(0)
ONE_32 = np.uint32(1)
TWO_32 = np.uint32(2)
QUADRANT_BIT_32 = np.uint32(1 << 30)
SIGN_BIT_32 = np.uint32(1 << 31)
UNIT_32 = np.float32(2.0**-32)
MANTISSA_BITS_32 = np.int32(23)
SQRT_HALF_BITS_32 = np.float32(math.sqrt(0.5)).view(np.int32)
ONE_FLOAT32 = np.float32(1.0)
ZERO_FLOAT32 = np.float32(0.0)
HALF_FLOAT32 = np.float32(0.5)
INVERSE_LN_2_FLOAT32 = np.float32(INVERSE_LN_2)
ROUNDER_FLOAT32 = np.float32(1.5 * 2.0**23)
# Larger |x| are replaced by these: erf(x / sqrt 2) is rounded to 1, and exp(-x^2 / 2) is a normal number.
ERF_LIMIT_FLOAT32 = np.float32(5.4)
DERIVATIVE_LIMIT_FLOAT32 = np.float32(13.0)
SQRT_2_OVER_PI_FLOAT32 = np.float32(SQRT_2_OVER_PI)


@scalar
def _asin_of_root(s, z):
    """Return asin(s) = s + s^3 P(z) for 0 <= s <= 1/2 and z = s^2."""
    p = fma(z, 0.03195895031376429, -0.0162940613271775)
    p = fma(z, p, 0.019573905045614147)
    p = fma(z, p, 0.0065108511934055665)
    p = fma(z, p, 0.012173280429903365)
    p = fma(z, p, 0.013884598196160424)
    p = fma(z, p, 0.017359771145957024)
    p = fma(z, p, 0.022371753520131103)
    p = fma(z, p, 0.03038195933138123)
    p = fma(z, p, 0.044642856823481125)
    p = fma(z, p, 0.0750000000034304)
    p = fma(z, p, 0.16666666666665383)
    return fma(s * z, p, s)


@scalar
def asin(x):
    """Return the arcsine of -1 <= x <= 1, with an error below 3e-16.

    asin(s) = s + s^3 P(s^2) for s <= 1/2, and asin(s) = pi/2 - 2 asin(sqrt((1 - s) / 2)) above.
    """
    a = abs(x)
    large = a > 0.5
    z = select(large, 0.5 - 0.5 * a, a * a)
    s = select(large, math.sqrt(z), a)
    p = _asin_of_root(s, z)
    result = select(large, fma(-2.0, p, HALF_PI), p)
    return select(x < 0.0, -result, result)


@scalar
def acos(x):
    """Return the arccosine of -1 <= x <= 1, with a relative error below 5e-16.

    acos(x) = pi/2 - asin(x) for |x| <= 1/2, 2 asin(sqrt((1 - x) / 2)) above, and pi - acos(-x) below.
    """
    a = abs(x)
    large = a > 0.5
    z = select(large, 0.5 - 0.5 * a, a * a)
    p = _asin_of_root(select(large, math.sqrt(z), a), z)
    negative = x < 0.0
    below = select(negative, fma(-2.0, p, PI), 2.0 * p)
    return select(large, below, HALF_PI - select(negative, -p, p))


@scalar
def at_least(bound, x):
    """Return the larger one of a bound and x, or x where it is not a number."""
    return select(x < bound, bound, x)


@scalar
def within_one(x):
    """Return the number nearest to x between -1 and 1, or x where it is not a number."""
    x = select(x > 1.0, 1.0, x)
    return select(x < -1.0, -1.0, x)


@scalar
def inverse_root(x):
    """Return 1 / sqrt x for 1e-37 < x < 1e38, with a relative error below 3e-16.

    Two Newton steps y (3 - x y^2) / 2 that start from single precision take a third of the time of a square
    root and a division.
    """
    y, half = first_guess(x), 0.5 * x
    y *= fma(-half * y, y, 1.5)
    return y * fma(-half * y, y, 1.5)


@scalar
def erf_and_derivative(x):
    """Return the activation erf(x / sqrt 2) and its derivative sqrt(2 / pi) exp(-x^2 / 2).

    With y = |x| and e = exp(-y^2 / 2): erf(y / sqrt 2) = 1 - e Q(t), t = (y - 6) / (y + 6), where
    Q = exp(y^2 / 2) erfc(y / sqrt 2) is smooth in t. Absolute errors are below 7e-16 and 3e-16; the values
    at 0 are exact, and NaN gives NaN.
    """
    y = abs(x)
    y = ERF_LIMIT if y > ERF_LIMIT else y
    e = exp_minus(0.5 * y * y)
    t = (y - 6.0) / (y + 6.0)
    p = fma(t, -2.7658005504936257e-05, -0.00019538270235072987)
    p = fma(t, p, -0.00031233012986165456)
    p = fma(t, p, -0.00012893094686553048)
    p = fma(t, p, -0.0025361367100884434)
    p = fma(t, p, 0.006443663554228386)
    p = fma(t, p, -0.017919942520038402)
    p = fma(t, p, 0.037876257126395384)
    p = fma(t, p, -0.07014143374619841)
    p = fma(t, p, 0.11363855164699259)
    p = fma(t, p, -0.1638133975488276)
    p = fma(t, p, 0.21166283730005556)
    p = fma(t, p, -0.24639347701659925)
    p = fma(t, p, 0.1295586283444256)
    erf = fma(-e, p, 1.0)
    return -erf if x < 0.0 else erf, SQRT_2_OVER_PI * e


@scalar
def exp_minus(z):
    """Return exp(-z) for 0 <= z < 700: 2^-k exp(-r) with z = k log 2 + r, |r| <= log(2) / 2."""
    shifted = fma(z, INVERSE_LN_2, ROUNDER)
    r = fma(ROUNDER - shifted, LN_2, z)
    p = fma(r, -2.5119699573216424e-08, 2.7632640448353783e-07)
    p = fma(r, p, -2.7557209005968873e-06)
    p = fma(r, p, 2.4801485479916103e-05)
    p = fma(r, p, -0.00019841269928378083)
    p = fma(r, p, 0.0013888888952317353)
    p = fma(r, p, -0.008333333333299458)
    p = fma(r, p, 0.041666666666488085)
    p = fma(r, p, -0.16666666666666724)
    p = fma(r, p, 0.5000000000000019)
    p = fma(r, p, -1.0)
    p = fma(r, p, 1.0)
    k = np.float64(shifted).view(np.int64) << MANTISSA_BITS
    return np.int64(np.float64(p).view(np.int64) - k).view(np.float64)


@scalar
def log(x):
    """Return the natural logarithm of a positive normal number, with a relative error below 6e-16.

    x = 2^k m with sqrt(1/2) <= m < sqrt(2), and log m = 2 artanh(s), s = (m - 1) / (m + 1).
    """
    bits = np.float64(x).view(np.int64)
    k = (bits - SQRT_HALF_BITS) >> MANTISSA_BITS
    m = np.int64(bits - (k << MANTISSA_BITS)).view(np.float64)
    s = (m - 1.0) / (m + 1.0)
    z = s * s
    p = fma(z, 0.16819823656938127, 0.18123642509122173)
    p = fma(z, p, 0.22223371682117107)
    p = fma(z, p, 0.28571417129853244)
    p = fma(z, p, 0.4000000005227299)
    p = fma(z, p, 0.6666666666658722)
    return fma(np.float64(k), LN_2, s * fma(z, p, 2.0))


@scalar
def sincos_turns(bits):
    """Return sine and cosine of 2 pi u for u = bits / 2^64 - 1/8, bits a uint64, with errors below 2e-16.

    The angle is pi/2 (q + f) with -1/2 <= f < 1/2; q, the two highest bits, selects the sign and the
    function, sine or cosine of pi f / 2.
    """
    f = np.float64(np.uint64((bits << TWO) ^ SIGN_BIT).view(np.int64)) * UNIT_64
    z = f * f
    p = fma(z, 5.6339385066888405e-08, -3.5986433884509993e-06)
    p = fma(z, p, 0.0001604411507521738)
    p = fma(z, p, -0.004681754132342273)
    p = fma(z, p, 0.07969262624604308)
    p = fma(z, p, -0.6459640975062443)
    sine = f * fma(z, p, 1.5707963267948966)
    p = fma(z, -6.3218920267827366e-09, 4.710615654225485e-07)
    p = fma(z, p, -2.5202036991426026e-05)
    p = fma(z, p, 0.0009192602742250169)
    p = fma(z, p, -0.020863480763315442)
    p = fma(z, p, 0.2536695079010469)
    p = fma(z, p, -1.2337005501361697)
    cosine = fma(z, p, 1.0)
    odd = (bits & QUADRANT_BIT) != 0
    a = np.float64(cosine if odd else sine).view(np.uint64) ^ (bits & SIGN_BIT)
    b = np.float64(sine if odd else cosine).view(np.uint64) ^ ((bits ^ (bits << ONE)) & SIGN_BIT)
    return np.uint64(a).view(np.float64), np.uint64(b).view(np.float64)


@scalar
def log_of_word(word):
    """Return the logarithm of u = (word | 1) / 2^32 in single precision, word uint32.

    The relative error is below 3.5e-7. Where u > sqrt(1/2), u - 1 is computed from the integer: near u = 1 it
    is smaller than the rounding error of u.
    """
    odd = np.uint32(word | ONE_32)
    u = np.float32(odd) * UNIT_32
    bits = np.float32(u).view(np.int32)
    k = np.int32(np.int32(bits - SQRT_HALF_BITS_32) >> MANTISSA_BITS_32)
    m = np.int32(bits - np.int32(k << MANTISSA_BITS_32)).view(np.float32)
    below_1 = np.float32(odd.view(np.int32)) * UNIT_32
    s = select(k == ZERO_32, below_1, m - ONE_FLOAT32) / (m + ONE_FLOAT32)
    z = s * s
    p = fma(z, 0.298717142, 0.399775422)
    p = fma(z, p, 0.666667764)
    return fma(np.float32(k), LN_2, s * fma(z, p, 2.0))


@scalar
def sincos_turns_float32(bits):
    """Return `sincos_turns` in single precision: u = bits / 2^32 - 1/8, bits uint32, errors below 1.2e-7."""
    f = np.float32(np.uint32(np.uint32(bits << TWO_32) ^ SIGN_BIT_32).view(np.int32)) * UNIT_32
    z = f * f
    p = fma(z, -0.004602177, 0.0796802281)
    p = fma(z, p, -0.645963479)
    sine = f * fma(z, p, 1.57079632)
    p = fma(z, 0.000904021883, -0.0208602886)
    p = fma(z, p, 0.253669244)
    p = fma(z, p, -1.23370054)
    cosine = fma(z, p, 1.0)
    odd = np.uint32(bits & QUADRANT_BIT_32) != 0
    flip = np.uint32(bits ^ np.uint32(bits << ONE_32))
    a = np.uint32(np.float32(cosine if odd else sine).view(np.uint32) ^ np.uint32(bits & SIGN_BIT_32))
    b = np.uint32(np.float32(sine if odd else cosine).view(np.uint32) ^ np.uint32(flip & SIGN_BIT_32))
    return a.view(np.float32), b.view(np.float32)


@scalar
def erf_and_derivative_float32(x):
    """Return `erf_and_derivative` in single precision, with errors below 4e-7 and 2e-7.

    erf(x / sqrt 2) = x P(x^2) / Q(x^2) with polynomials of degree 5, so that the error is relative.
    """
    y = abs(x)
    z = y * y
    tail = DERIVATIVE_LIMIT_FLOAT32 * DERIVATIVE_LIMIT_FLOAT32
    e = exp_minus_float32(HALF_FLOAT32 * (tail if z > tail else z))
    y = ERF_LIMIT_FLOAT32 if y > ERF_LIMIT_FLOAT32 else y
    z = y * y
    p = fma(z, 4.718230428579773e-08, 1.2646916729863733e-05)
    p = fma(z, p, 0.00032135762739926577)
    p = fma(z, p, 0.009257723577320576)
    p = fma(z, p, 0.06605590134859085)
    p = fma(z, p, 0.7978845238685608)
    q = fma(z, 1.2198092917969916e-06, 7.116695633158088e-05)
    q = fma(z, q, 0.0018385627772659063)
    q = fma(z, q, 0.028179245069622993)
    q = fma(z, q, 0.2494552582502365)
    q = fma(z, q, 1.0)
    erf = y * p / q
    erf = ONE_FLOAT32 if erf > ONE_FLOAT32 else erf
    return -erf if x < ZERO_FLOAT32 else erf, SQRT_2_OVER_PI_FLOAT32 * e


@scalar
def exp_minus_float32(z):
    """Return `exp_minus` in single precision for 0 <= z < 87, with an absolute error below 2e-7."""
    shifted = fma(z, INVERSE_LN_2_FLOAT32, ROUNDER_FLOAT32)
    r = fma(ROUNDER_FLOAT32 - shifted, LN_2, z)
    p = fma(r, -0.008290229365229607, 0.041898392140865326)
    p = fma(r, p, -0.16667640209197998)
    p = fma(r, p, 0.49999144673347473)
    p = fma(r, p, -0.9999997019767761)
    p = fma(r, p, 1.0)
    k = np.int32(np.float32(shifted).view(np.int32) << MANTISSA_BITS_32)
    return np.int32(np.float32(p).view(np.int32) - k).view(np.float32)

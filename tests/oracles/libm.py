"""The logarithms and the exponential of the `libm` crate, which are part of the method: operation by operation, after musl and FreeBSD.

Python's own `math.log1p` and `math.log` are those of the system's C library and may differ in the last bit. Source of the method and
of its constants: Sun Microsystems, s_log1p.c and e_log.c (1993), as in FreeBSD's msun and musl.
"""

import math
import struct

LN2_HI, LN2_LO = 6.93147180369123816490e-01, 1.90821492927058770002e-10
LG = (
    None,
    6.666666666666735130e-01,
    3.999999999940941908e-01,
    2.857142874366239149e-01,
    2.222219843214978396e-01,
    1.818357216161805012e-01,
    1.531383769920937332e-01,
    1.479819860511658591e-01,
)


def bits(x):
    return struct.unpack("<Q", struct.pack("<d", x))[0]


def double(word):
    return struct.unpack("<d", struct.pack("<Q", word))[0]


def reduced(x):
    """k and y with x = 2^k y and y in [sqrt(1/2), sqrt(2))."""
    word = bits(x)
    high = (word >> 32) + 0x3FF00000 - 0x3FE6A09E
    k = (high >> 20) - 0x3FF
    return k, double(((high & 0x000FFFFF) + 0x3FE6A09E) << 32 | word & 0xFFFFFFFF)


def of_one_plus(f, k, c):
    """k ln 2 + ln(1 + f) + c."""
    hfsq = 0.5 * f * f
    s = f / (2.0 + f)
    z = s * s
    w = z * z
    t1 = w * (LG[2] + w * (LG[4] + w * LG[6]))
    t2 = z * (LG[1] + w * (LG[3] + w * (LG[5] + w * LG[7])))
    r = t2 + t1
    return s * (hfsq + r) + (k * LN2_LO + c) - hfsq + f + k * LN2_HI


def log1p(x):
    """ln(1 + x) for finite x > -1."""
    high = bits(x) >> 32
    if high & 0x7FFFFFFF < 0x3CA00000:
        return x
    if high < 0x3FDA827A or 0x80000000 <= high <= 0xBFD2BEC4:
        return of_one_plus(x, 0.0, 0.0)
    u = 1.0 + x
    k, y = reduced(u)
    c = 0.0 if k >= 54 else (1.0 - (u - x) if k >= 2 else x - (u - 1.0)) / u
    return of_one_plus(y - 1.0, float(k), c)


def log(x):
    """ln x for finite x > 0."""
    if x == 1.0:
        return 0.0
    scale = 0
    if x < 2.0**-1022:
        x, scale = x * 2.0**54, -54
    k, y = reduced(x)
    return of_one_plus(y - 1.0, float(k + scale), 0.0)


def log_return(before, after):
    """ln(after / before), as the module `panel` defines it."""
    change = (after - before) / before
    if -0.5 <= change <= 1.0:
        return log1p(change)
    ratio = after / before
    return log(ratio) if 2.0**-1022 <= ratio < float("inf") else log(after) - log(before)


EXP_P = (
    1.66666666666666019037e-01,
    -2.77777777770155933842e-03,
    6.61375632143793436117e-05,
    -1.65339022054652515390e-06,
    4.13813679705723846039e-08,
)


def exp(x):
    """e^x for |x| below 700 (e_exp.c of the same source)."""
    size = bits(x) >> 32 & 0x7FFFFFFF
    k, high, low = 0, x, 0.0
    if size > 0x3FD62E42:
        negative = x < 0.0
        k = int(1.44269504088896338700e00 * x + (-0.5 if negative else 0.5)) if size >= 0x3FF0A2B2 else (
            -1 if negative else 1
        )
        high, low = x - k * LN2_HI, k * LN2_LO
        x = high - low
    elif size <= 0x3E300000:
        return 1.0 + x
    xx = x * x
    p1, p2, p3, p4, p5 = EXP_P
    c = x - xx * (p1 + xx * (p2 + xx * (p3 + xx * (p4 + xx * p5))))
    return math.ldexp(1.0 + (x * c / (2.0 - c) - low + high), k)

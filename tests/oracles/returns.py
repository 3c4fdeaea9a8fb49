"""Golden log returns and levels, by exact and by arbitrary-precision arithmetic.

Usage: python tests/oracles/returns.py tests/golden

Writes returns.csv (`before,after,return`: two doubles and ln(after/before) to 20 digits, by mpmath) and levels.csv
(`confidence,lower,upper`: the doubles nearest to (1 - c)/2 and (1 + c)/2, where c is the shortest decimal of the confidence,
by fractions).
"""

import math
import random
import sys
from fractions import Fraction
from pathlib import Path

import mpmath


def returns(numbers):
    for exponent in (-300, -6, 0, 2, 5, 9, 12, 300):
        for _ in range(12):
            before = numbers.uniform(1.0, 10.0) * 10.0**exponent
            yield before, math.nextafter(before, math.inf)
            yield before, math.nextafter(before, 0.0)
            yield before, before * (1.0 + numbers.gauss(0.0, 1e-9))
            yield before, before * (1.0 + numbers.gauss(0.0, 1e-3))
            yield before, before * numbers.uniform(0.5, 2.0)
    for ratio in (0.5, 2.0, 0.49, 2.01, 1e-10, 1e10, 1e-30, 1e30):
        yield 123.456, 123.456 * ratio
    yield 1e-300, 1e300
    yield 5e-324, 1.7e308
    yield 1.7e308, 5e-324


def confidences(numbers):
    for digits in range(1, 18):
        for _ in range(40):
            yield float(f"0.{numbers.randrange(1, 10**digits):0{digits}}")
    for _ in range(100):
        yield numbers.random()
        yield 10.0 ** -numbers.uniform(0, 25)
        yield 1.0 - 10.0 ** -numbers.uniform(1, 15)


def main(folder):
    numbers = random.Random(2007)
    mpmath.mp.dps = 60
    lines = ["before,after,return"]
    for before, after in returns(numbers):
        if before != after:
            exact = mpmath.log(mpmath.mpf(after) / mpmath.mpf(before))
            lines.append(f"{before!r},{after!r},{mpmath.nstr(exact, 20)}")
    Path(folder, "returns.csv").write_text("\n".join(lines) + "\n", newline="\n")
    lines = ["confidence,lower,upper"]
    for confidence in confidences(numbers):
        exact = Fraction(repr(confidence))
        if 0 < exact < 1:
            # The division of a fraction's integers rounds correctly.
            lines.append(f"{confidence!r},{float((1 - exact) / 2)!r},{float((1 + exact) / 2)!r}")
    Path(folder, "levels.csv").write_text("\n".join(lines) + "\n", newline="\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])

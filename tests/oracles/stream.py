"""Golden values of the random stream, version 1, computed apart from the Rust code (plain Python integers).

Usage: python tests/oracles/stream.py
Prints the values pinned in src/random/index.rs and, for the schemes, in src/resample/scheme.rs.
"""

from fractions import Fraction
from math import isqrt

MASK = (1 << 32) - 1


def philox4x32_10(counter, key):
    """Philox4x32-10 after Salmon et al. (2011), figure 4 and table 2."""
    c, k = list(counter), list(key)
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(p1 >> 32) ^ c[1] ^ k[0], p1 & MASK, (p0 >> 32) ^ c[3] ^ k[1], p0 & MASK]
        k = [(k[0] + 0x9E3779B9) & MASK, (k[1] + 0xBB67AE85) & MASK]
    return c


def word(seed, purpose, day, sample, number, attempt):
    counter = (number // 4, sample, day, purpose << 24 | attempt)
    return philox4x32_10(counter, (seed & MASK, seed >> 32))[number % 4]


def rows(n, seed, day, sample, purpose=0, count=None):
    """Draws of one sample, in order: two a word up to n = 2048 (accept unless x n^2 mod 2^32 < 2^32 mod n^2)."""
    per_word = 2 if n <= 2048 else 1
    outcomes = n**per_word
    out = []
    number = 0
    count = n if count is None else count
    while len(out) < count:
        attempt = 0
        while (x := word(seed, purpose, day, sample, number, attempt)) * outcomes % 2**32 < 2**32 % outcomes:
            attempt += 1
        pair = x * outcomes >> 32  # first * n + second
        out += [pair // n, pair % n] if per_word == 2 else [pair]
        number += 1
    return out[:count]


def wild(n, seed, day, sample):
    """Rows whose word is below round(p 2^32), p = 1/2 - 3/sqrt(186) with 40 digits of the root."""
    root = Fraction(isqrt(186 * 10**80), 10**40)
    threshold = round((Fraction(1, 2) - 3 / root) * 2**32)
    return [row for row in range(n) if word(seed, 1, day, sample, row, 0) < threshold]


def block(n, length, seed, day, sample):
    """Circular blocks: starts are draws of purpose 4, the last block is cut to n rows in all."""
    starts = rows(n, seed, day, sample, purpose=4, count=-(-n // length))
    return [(start + t) % n for start in starts for t in range(length)][:n]


def stationary(n, length, seed, day, sample):
    """A place begins a block where its word of purpose 7 is below round(2^32 / length); starts are of purpose 5."""
    starts = iter(rows(n, seed, day, sample, purpose=5))
    out = []
    for place in range(n):
        begins = place == 0 or word(seed, 7, day, sample, place, 0) < round(Fraction(2**32) / Fraction(length))
        out.append(next(starts) if begins else (out[-1] + 1) % n)
    return out


if __name__ == "__main__":
    assert philox4x32_10((0,) * 4, (0, 0)) == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]
    print("n = 385:", rows(385, 0, 20070103, 0)[:12])
    print("n = 23400:", rows(23400, 0, 20070103, 0)[:8])
    print("n = 1799, seed 2^40+5, sample 3000000000:", rows(1799, 2**40 + 5, 20241231, 3_000_000_000)[-4:])
    far = (2**40 + 5, 20241231, 3_000_000_000)
    for n in (11, 385, 2500):
        for found in (wild(n, *far), block(n, 4, *far), stationary(n, 3.5, *far)):
            print(f"n = {n}:", found[:12], found[-4:], sum((place + 1) * row for place, row in enumerate(found)))

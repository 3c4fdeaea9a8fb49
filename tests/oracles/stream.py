"""Golden values of the random stream, version 1, computed apart from the Rust code (plain Python integers).

Usage: python tests/oracles/stream.py
Prints the values pinned in src/random/index.rs.
"""

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


def rows(n, seed, day, sample):
    """Draws of one sample, in order: two a word up to n = 2048 (accept unless x n^2 mod 2^32 < 2^32 mod n^2)."""
    per_word = 2 if n <= 2048 else 1
    outcomes = n**per_word
    out = []
    number = 0
    while len(out) < n:
        attempt = 0
        while (x := word(seed, 0, day, sample, number, attempt)) * outcomes % 2**32 < 2**32 % outcomes:
            attempt += 1
        pair = x * outcomes >> 32  # first * n + second
        out += [pair // n, pair % n] if per_word == 2 else [pair]
        number += 1
    return out[:n]


if __name__ == "__main__":
    assert philox4x32_10((0,) * 4, (0, 0)) == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]
    print("n = 385:", rows(385, 0, 20070103, 0)[:12])
    print("n = 23400:", rows(23400, 0, 20070103, 0)[:8])
    print("n = 1799, seed 2^40+5, sample 3000000000:", rows(1799, 2**40 + 5, 20241231, 3_000_000_000)[-4:])

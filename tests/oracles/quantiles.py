"""Golden values of np.quantile's default method (linear interpolation, Hyndman and Fan type 7).

Usage: python tests/oracles/quantiles.py tests/golden/quantiles.csv

Each row of the file is one probability of one case:

    case,count,modulus,shift,exponent,probability,quantile

`probability` and `quantile` are the bits of an f64 in hexadecimal (16 digits); the rest are decimal integers. The data of
a case, `count` numbers, are made from the random stream (seed 2007, purpose Rows, day = case, sample 0), words
2 i and 2 i + 1 making a 64-bit number, low word first:

    value[i] = (number[i] mod modulus - shift) * 2^exponent            i = 0 ... count - 1

modulus <= 2^53 and |exponent| <= 900, so every value is exact. In Rust:

    let stream = Stream { seed: 2007, purpose: Purpose::Rows, day: case, sample: 0 };
    let value = |i: u32| {
        let number = u64::from(stream.word(2 * i, 0)) | u64::from(stream.word(2 * i + 1, 0)) << 32;
        ((number % modulus) as i64 - shift) as f64 * 2f64.powi(exponent)
    };
    let values: Vec<f64> = (0..count).map(value).collect();
    assert_eq!(quantile(&values, f64::from_bits(probability)).to_bits(), expected);

(as bits, except that 0 and -0 are the same number here). Modulus 1 makes all values equal, a small one heavy ties,
2^50 integers such as two 32-bit limbs hold. Rows of one case follow each other, so that its data are made once.
"""

import struct
import sys

import numpy as np

SEED = 2007
MASK = np.uint64(0xFFFFFFFF)


def words(case, count):
    """Words 0 ... 4 ceil(count/4) - 1 of the case's stream: Philox4x32-10, vectorized over the blocks."""
    blocks = -(-count // 4)
    c0 = np.arange(blocks, dtype=np.uint64)
    c1, c2, c3 = (np.full(blocks, value, dtype=np.uint64) for value in (0, case, 0))
    k0, k1 = np.uint64(SEED), np.uint64(0)
    for _ in range(10):
        p0, p1 = np.uint64(0xD2511F53) * c0, np.uint64(0xCD9E8D57) * c2
        c0, c1, c2, c3 = (p1 >> np.uint64(32)) ^ c1 ^ k0, p1 & MASK, (p0 >> np.uint64(32)) ^ c3 ^ k1, p0 & MASK
        k0, k1 = (k0 + np.uint64(0x9E3779B9)) & MASK, (k1 + np.uint64(0xBB67AE85)) & MASK
    return np.stack([c0, c1, c2, c3], axis=1).ravel()


def data(case, count, modulus, shift, exponent):
    word = words(case, 2 * count)[: 2 * count]
    number = word[0::2] | word[1::2] << np.uint64(32)
    return np.ldexp((number % np.uint64(modulus)).astype(np.int64) - np.int64(shift), exponent)


def bits(value):
    return struct.pack(">d", value).hex()


def main(path):
    from stream import word  # the scalar definition

    assert [int(x) for x in words(5, 9)[:9]] == [word(SEED, 0, 5, 0, i, 0) for i in range(9)]

    rng = np.random.default_rng(7)
    counts = [1, 2, 3, 4, 5, 7, 10, 11, 100, 101, 199, 200, 201, 999, 1000, 1001, 9999, 10000]
    moduli = [1, 2, 3, 10, 1000, 2**20, 2**32, 2**50, 2**53, 3**30]
    always = [0.0, 1.0, 0.005, 0.995, 0.025, 0.975, 0.5]
    lines = ["case,count,modulus,shift,exponent,probability,quantile"]
    cases = [(count, modulus) for count in counts for modulus in moduli]
    cases += [(int(10 ** rng.uniform(0, 4)), int(2 ** rng.uniform(0, 53))) for _ in range(120)]
    for case, (count, modulus) in enumerate(cases):
        exponent = int(rng.choice([0, -31, -62, -75, -900, 900, int(rng.integers(-200, 200))]))
        # A quarter of the cases straddles zero, where interpolation cancels.
        shift = modulus // 2 if rng.random() < 0.25 else 0
        values = data(case, count, modulus, shift, exponent)
        random = [rng.random(), rng.random() ** 4]
        # A probability that should hit an order statistic, but may round to beside it.
        on_grid = [int(rng.integers(0, count)) / (count - 1)] if count > 1 else []
        for probability in [*always, *random, *on_grid]:
            quantile = np.quantile(values, probability)
            lines.append(f"{case},{count},{modulus},{shift},{exponent},{bits(probability)},{bits(quantile)}")
    with open(path, "w", newline="\n") as file:
        file.write("\n".join(lines) + "\n")
    print(f"{len(cases)} cases, {len(lines) - 1} quantiles, made with NumPy {np.__version__}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])

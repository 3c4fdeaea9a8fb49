"""Golden intervals: the whole flow from prices to the ends of intervals, written from the documentation in NumPy.

Usage: python tests/oracles/intervals.py . tests/golden/intervals     writes the files that tests/library/golden.rs compares with
       python tests/oracles/intervals.py --check PANEL OUTPUT.csv B CONFIDENCE SEED [MEASURE AGAINST INTERVAL]
                                                  compares a panel's intervals with those of the program, bit for bit

Nothing is shared with the Rust code. Panels are folders of `DATE,HHMM,PRICE` files whose stocks share their times.

* returns: module `panel` (log1p of the relative change; `libm.py`); rv: squares added in row order
* rows: module `random` (Philox4x32-10; one or two rows a word; `stream.py` has it number by number)
* columns: module `columns` (scaled by a power of two, rounded to integers)
* quantiles: np.quantile of the sums in f64, at levels evaluated in decimal
* an end on the wrong side of rv by rounding alone is rv: module `bootstrap`

Other measures, schemes and intervals: `flow.py`, of which the conventions are in `ends.py`.
"""

import csv
import math
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np

from libm import exp, log, log_return

MASK = np.uint64(0xFFFFFFFF)
LIMB = 40

# name, panel, samples, confidence, seed, and the measure (with its second stock) and interval: as in tests/library/golden.rs.
GOLDEN = [
    ("sample", "data/sample", 1000, 0.99, 0),
    ("sample_95", "data/sample", 10_000, 0.95, 7),
    ("sample_few", "data/sample", 37, 0.5, 2**64 - 1),
    ("panel", "tests/golden/panel", 1000, 0.99, 0),
    ("panel_90", "tests/golden/panel", 999, 0.9, 20_070_103),
    ("panel_one", "tests/golden/panel", 1, 0.5, 3),
    ("long_day", "tests/golden/long_day", 500, 0.975, 3),
    ("studentized", "data/sample", 1000, 0.95, 0, "variance", None, "studentized"),
    ("studentized_log", "data/sample", 1000, 0.95, 0, "variance", None, "studentized-log"),
    ("studentized_panel", "tests/golden/panel", 999, 0.9, 1, "variance", None, "studentized"),
    ("studentized_log_panel", "tests/golden/panel", 999, 0.9, 1, "variance", None, "studentized-log"),
    ("covariance", "data/sample", 1000, 0.99, 0, "covariance", "S0002", "percentile"),
    ("correlation", "data/sample", 1000, 0.99, 0, "correlation", "S0002", "percentile"),
    ("beta", "tests/golden/panel", 999, 0.9, 1, "beta", "A", "percentile"),
]


def philox(c0, c1, c2, c3, k0, k1):
    c0, c1, c2, c3 = (np.asarray(c, dtype=np.uint64) for c in (c0, c1, c2, c3))
    for _ in range(10):
        p0, p1 = np.uint64(0xD2511F53) * c0, np.uint64(0xCD9E8D57) * c2
        c0, c1, c2, c3 = (p1 >> np.uint64(32)) ^ c1 ^ k0, p1 & MASK, (p0 >> np.uint64(32)) ^ c3 ^ k1, p0 & MASK
        k0, k1 = (k0 + np.uint64(0x9E3779B9)) & MASK, (k1 + np.uint64(0xBB67AE85)) & MASK
    return np.stack(np.broadcast_arrays(c0, c1, c2, c3), axis=-1)


def rows(n, seed, day, samples):
    """samples x n row numbers."""
    key = np.uint64(seed & 0xFFFFFFFF), np.uint64(seed >> 32)
    per_word = 2 if n <= 2048 else 1
    outcomes = n**per_word
    words = -(-n // per_word)
    sample = np.arange(samples, dtype=np.uint64)[:, None]
    block = np.arange(-(-words // 4), dtype=np.uint64)[None, :]
    word = philox(block, sample, day, 0, *key).reshape(samples, -1)[:, :words]
    threshold = np.uint64(2**32 % outcomes)

    def fraction(word):
        # x n^2 mod 2^32, without overflow of 64 bits.
        f = word * np.uint64(n) & MASK
        return f * np.uint64(n) & MASK if per_word == 2 else f

    attempt = 0
    rejected = np.argwhere(fraction(word) < threshold)
    while len(rejected):
        attempt += 1
        s, w = rejected[:, 0], rejected[:, 1]
        again = philox(w // 4, s, day, attempt, *key)[np.arange(len(w)), w % 4]
        word[s, w] = again
        rejected = rejected[fraction(again) < threshold]
    product = word * np.uint64(n)
    first = product >> np.uint64(32)
    if per_word == 1:
        return first.astype(np.int64)[:, :n]
    second = (product & MASK) * np.uint64(n) >> np.uint64(32)
    return np.stack([first, second], axis=-1).reshape(samples, -1)[:, :n].astype(np.int64)


def in_order(values):
    """The sum in f64, from left to right."""
    return float(np.cumsum(np.append(0.0, values))[-1])


def column(values):
    """The integers of a column, the exponent of their scale, and the bound on the rounding of any sum."""
    n = len(values)
    largest = values.max()
    if largest == 0.0:
        return [0] * n, 0, 0.0
    fifth = np.sort(values)[-5] if n >= 5 else 0.0
    others = int((values >= fifth).sum())
    bulk = in_order(np.where(values < fifth, values, 0.0)) + float(max(others - 5, 0)) * fifth
    bulk = max(bulk, in_order(values) * 2.0**-60)
    cap = (2**32 - 1) // n
    exponent = 0
    while Fraction(largest) * Fraction(2) ** (exponent + 1) <= cap:
        exponent += 1
    while Fraction(largest) * Fraction(2) ** exponent > cap:
        exponent -= 1
    while n * 0.5 / math.ldexp(bulk, exponent) > 1e-6 - 2.0**-49:
        exponent += 1
    # Python rounds fractions to nearest, ties to even.
    return [round(Fraction(v) * Fraction(2) ** exponent) for v in values], exponent, math.ldexp(0.5 * n, -exponent)


def resampled(values, drawn):
    """Resampled sums in f64: exact integer sums times a power of two, rounded once."""
    integers, exponent, rounding = column(values)
    total = np.zeros(len(drawn), dtype=object)
    for place in range(0, max(integers).bit_length() or 1, LIMB):
        limb = np.array([q >> place & (1 << LIMB) - 1 for q in integers], dtype=np.int64)
        sums = np.array([int(limb[r].sum()) for r in drawn], dtype=object)
        total = total + sums * (1 << place)
    return np.array([math.ldexp(float(t), -exponent) for t in total]), rounding


def levels(confidence):
    c = Fraction(repr(confidence))
    return float((1 - c) / 2), float((1 + c) / 2)


def interval(squares, drawn, confidence):
    """The percentile interval of realized variance."""
    values, rounding = resampled(squares, drawn)
    rv = in_order(squares)
    rounding += (len(squares) + 16.0) * 2.0**-53 * rv
    lower, upper = (float(np.quantile(values, level)) for level in levels(confidence))
    lower = rv if 0.0 < lower - rv <= rounding else lower
    upper = rv if 0.0 < rv - upper <= rounding else upper
    return rv, lower, upper


def type7(values, level):
    """np.quantile, which makes NaN of two infinite neighbours."""
    values = np.sort(values)
    place = (len(values) - 1) * level
    below = int(place)
    low, high = float(values[below]), float(values[min(below + 1, len(values) - 1)])
    return float(np.quantile(values, level)) if math.isfinite(low) and math.isfinite(high) else (
        low if low == high or place == below else low if math.isinf(low) else high
    )


def studentized(returns, drawn, confidence, in_logs):
    """Percentile-t intervals of realized variance: equal-tailed, or symmetric in logarithms."""
    squares = returns * returns
    n, rv, quarticity = len(returns), in_order(squares), in_order(squares * squares)
    (s2, _), (s4, _) = resampled(squares, drawn), resampled(squares * squares, drawn)
    square = s4 - s2 * s2 / float(n)

    def student(numerator, square):
        if numerator == 0.0:
            return 0.0
        return numerator / math.sqrt(square) if square > 0.0 else math.copysign(math.inf, numerator)

    error = math.sqrt(2.0 * quarticity / 3.0)
    if not in_logs:
        t = np.array([student(value - rv, e) for value, e in zip(s2, square)])
        low, high = (type7(t, level) for level in levels(confidence))
        reach = (lambda q: error * q) if error > 0.0 else (lambda q: 0.0)
        return rv, rv - reach(high), rv - reach(low)
    if rv <= 0.0:
        return rv, rv, rv

    def pivot(value, e):
        if value == rv:
            return 0.0
        return abs(student(log(value / rv) * value, e)) if value > 0.0 else math.inf

    q = type7(np.array([pivot(value, e) for value, e in zip(s2.tolist(), square.tolist())]), confidence)
    reach = (error * q if error > 0.0 else 0.0) / rv
    if math.isinf(reach):
        return rv, 0.0, math.inf
    return rv, rv * exp(-reach), rv * exp(reach)


def of_pair(measure, one, other, drawn, confidence):
    """Percentile intervals of covariance, correlation and beta, from three columns of squares."""
    both = one + other
    s, s1, s2 = (resampled(column, drawn)[0] for column in (both * both, one * one, other * other))
    covariance = 0.5 * (s - s1 - s2)
    estimate = (in_order(one * other), in_order(one * one), in_order(other * other))

    def statistic(c, v1, v2):
        if measure == "covariance":
            return c
        scale = math.sqrt(v1) * math.sqrt(v2) if measure == "correlation" else v2
        if c == 0.0 or scale == 0.0:
            return 0.0
        return c / scale if measure == "beta" else min(max(c / scale, -1.0), 1.0)

    values = np.array([statistic(*sums) for sums in zip(covariance.tolist(), s1.tolist(), s2.tolist())])
    return statistic(*estimate), *(float(np.quantile(values, level)) for level in levels(confidence))


def prices(folder):
    """{stock: {YYYYMMDD: [prices]}}, stocks sorted."""
    panel = {}
    for path in sorted(Path(folder).glob("*.csv")):
        days = panel.setdefault(path.stem, {})
        with open(path, newline="") as file:
            for date, _, price in csv.reader(file):
                days.setdefault(int(date), []).append(float(price))
    return panel


def intervals(folder, samples, confidence, seed, measure="variance", against=None, kind="percentile"):
    panel = prices(folder)
    for date in sorted(set.union(*(set(days) for days in panel.values()))):
        returns = {
            stock: np.array([log_return(a, b) for a, b in zip(days[date], days[date][1:])])
            for stock, days in panel.items()
        }
        drawn = rows(len(next(iter(returns.values()))), seed, date, samples)
        for stock, r in returns.items():
            if measure != "variance":
                if stock != against:
                    yield date, stock, *of_pair(measure, r, returns[against], drawn, confidence)
            elif kind == "percentile":
                yield date, stock, *interval(r * r, drawn, confidence)
            else:
                yield date, stock, *studentized(r, drawn, confidence, kind == "studentized-log")


def text(number):
    """The shortest decimal that is read as `number`, with Rust's exponents."""
    return "0.0" if number == 0.0 else repr(number).replace("e-0", "e-").replace("e+", "e")


def line(date, stock, *numbers):
    return ",".join([f"{date // 10000}-{date // 100 % 100:02}-{date % 100:02}", stock, *map(text, numbers)])


def table(folder, samples, confidence, seed, measure="variance", against=None, kind="percentile"):
    run = folder, samples, confidence, seed, measure, against, kind
    name = "rv" if measure == "variance" else measure
    return "\n".join([f"date,stock,{name},lower,upper"] + [line(*row) for row in intervals(*run)]) + "\n"


if __name__ == "__main__":
    if len(sys.argv) == 3:
        for name, panel, *run in GOLDEN:
            Path(sys.argv[2], f"{name}.csv").write_text(table(Path(sys.argv[1], panel), *run), newline="\n")
            print(name)
    elif len(sys.argv) in (7, 10) and sys.argv[1] == "--check":
        _, _, panel, output, samples, confidence, seed, *method = sys.argv
        expected = table(panel, int(samples), float(confidence), int(seed), *method).splitlines()
        found = Path(output).read_text().splitlines()
        differing = [pair for pair in zip(found, expected) if pair[0] != pair[1]]
        print(f"{len(expected) - 1} cells, {len(differing)} differ", *differing[:3], sep="\n")
        sys.exit(1 if differing or len(found) != len(expected) else 0)
    else:
        sys.exit(__doc__)

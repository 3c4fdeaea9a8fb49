"""Golden intervals of every measure, scheme and interval that go together: from a day's returns to ends.

Usage: python tests/oracles/flow.py tests/golden/flow.csv

Nothing is shared with the Rust code. Returns are those of some days of tests/golden/measures_returns.csv, the first stock
against the second. Columns and their integers: `intervals.py`. Estimates and standard errors: `measures.py`. Ends: `ends.py`.
Here are the schemes, from the documentation of module `resample::scheme`, and the columns, statistics and squared errors of
resamples, from that of module `measure`.

Each row of the file is one interval of one day:

    day,measure,scheme,length,interval,estimate,lower,upper

of 99 resamples, confidence 0.9, seed 5, and the date 2012-01-02 for the first day, 2012-01-03 for the second and so on.
"""

import csv
import math
import sys
from pathlib import Path

import numpy as np

import ends
import measures
from intervals import MASK, column, in_order, philox

SAMPLES, CONFIDENCE, SEED, FIRST_DATE = 99, 0.9, 5, 20120102
DAYS = ("simulated 12", "ticks 12", "jump 78", "simulated 385")
# Name and length of blocks.
SCHEMES = (("iid", ""), ("wild", ""), ("block", "4"), ("stationary", "3.5"))
ROWS, WEIGHTS, BLOCK_STARTS, STATIONARY_STARTS, STATIONARY_LENGTHS = 0, 1, 4, 5, 7
KEY = np.uint64(SEED & 0xFFFFFFFF), np.uint64(SEED >> 32)


def words(purpose, date, count, attempt=0):
    """samples x count words of a purpose's streams."""
    sample = np.arange(SAMPLES, dtype=np.uint64)[:, None]
    block = np.arange(-(-count // 4), dtype=np.uint64)[None, :]
    return philox(block, sample, date, purpose << 24 | attempt, *KEY).reshape(SAMPLES, -1)[:, :count]


def drawn(purpose, date, n, count):
    """samples x count exactly uniform row numbers below n."""
    per_word = 2 if n <= 2048 else 1
    wanted = -(-count // per_word)
    word, outcomes = words(purpose, date, wanted), n**per_word
    attempt, rejected = 0, (word * np.uint64(outcomes) & MASK) < np.uint64(2**32 % outcomes)
    while rejected.any():
        attempt += 1
        word = np.where(rejected, words(purpose, date, wanted, attempt), word)
        rejected = (word * np.uint64(outcomes) & MASK) < np.uint64(2**32 % outcomes)
    first = word * np.uint64(n)
    digits = [first >> np.uint64(32)]
    if per_word == 2:
        digits.append((first & MASK) * np.uint64(n) >> np.uint64(32))
    return np.stack(digits, axis=-1).reshape(SAMPLES, -1)[:, :count].astype(np.int64)


def counts(scheme, length, date, n):
    """How often each row enters each resample, samples x n; of the wild scheme, whether it drew the first weight."""
    if scheme == "wild":
        return (words(WEIGHTS, date, n) < np.uint64(round(ends.WILD_P * 2**32))).astype(np.int64)
    places = np.arange(n)
    if scheme == "iid":
        rows = drawn(ROWS, date, n, n)
    elif scheme == "block":
        size = int(length)
        starts = drawn(BLOCK_STARTS, date, n, -(-n // size))
        rows = (starts[:, places // size] + places % size) % n
    else:
        begins = words(STATIONARY_LENGTHS, date, n) < np.uint64(round(2**32 / float(length)))
        begins[:, 0] = True
        starts, number = drawn(STATIONARY_STARTS, date, n, n), np.cumsum(begins, axis=1) - 1
        since = places - np.maximum.accumulate(np.where(begins, places, 0), axis=1)
        rows = (np.take_along_axis(starts, number, axis=1) + since) % n
    return np.stack([np.bincount(r, minlength=n) for r in rows])


def sums(values, weights, scheme, degree):
    """A column's resampled sums, and its own, both from its integers."""
    integers, exponent, _ = column(values)
    unit = lambda total: math.ldexp(float(total), -exponent)
    # Objects are Python's integers, which do not overflow.
    found = [unit(total) for total in weights.astype(object) @ np.array(integers, dtype=object)]
    if scheme == "wild":
        a, b = ends.WILD_A**degree, ends.WILD_B**degree
        found = [b * in_order(values) + (a - b) * subset for subset in found]
    return found, unit(sum(integers))


def columns(measure, a, b):
    """The columns of a measure, with their degrees, and then those of its standard error."""
    n, absolute = len(a), np.abs(a)
    lacking = lambda lost: n / (n - lost)
    if measure in ("covariance", "correlation", "beta"):
        more = [((a * b) ** 2, 4)] if measure == "covariance" else []
        return [((a + b) ** 2, 2), (a**2, 2), (b**2, 2)], more
    if measure == "quarticity":
        return [(a**4, 4)], [(a**8, 8)]
    if measure.endswith("semivariance"):
        return [(np.where(a > 0 if measure[0] == "p" else a < 0, a, 0.0) ** 2, 2)], []
    if measure == "bipower":
        return [(math.pi / 2 * lacking(1) * np.append(absolute[:-1] * absolute[1:], 0.0), 2)], []
    if measure == "minrv":
        low = np.append(np.minimum(absolute[:-1], absolute[1:]), 0.0)
        return [(math.pi / (math.pi - 2) * lacking(1) * low**2, 2)], []
    if measure == "medrv":
        median = np.concatenate([[0.0], np.median(measures.neighbours(absolute, 3), axis=0), [0.0]])
        return [(math.pi / (6 - 4 * math.sqrt(3) + math.pi) * lacking(2) * median**2, 2)], []
    return [(a**2, 2)], [(a**4, 4)]


def statistic(measure, n, s):
    if measure in ("covariance", "correlation", "beta"):
        covariance = (s[0] - s[1] - s[2]) / 2
        scale = {"covariance": 1.0, "correlation": math.sqrt(s[1] * s[2]), "beta": s[2]}[measure]
        value = covariance / scale if scale else 0.0
        return min(max(value, -1.0), 1.0) if measure == "correlation" else value
    if measure == "log-variance":
        return math.log(s[0]) if s[0] else -math.inf
    factor = {"volatility": 1.0, "annual-volatility": 252.0}.get(measure)
    return math.sqrt(factor * s[0]) if factor else n / 3 * s[0] if measure == "quarticity" else s[0]


def squared_error(measure, n, s, scheme):
    """Of a resample, by the delta method."""
    total = statistic("covariance", n, s) if measure == "covariance" else s[0]
    share = 24 / 49 if measure == "quarticity" else 6 / 31
    variance = share * s[-1] if scheme == "wild" else s[-1] - total * total / n
    slope = {
        "variance": lambda: 1.0, "covariance": lambda: 1.0, "quarticity": lambda: n / 3,
        "volatility": lambda: 0.5 / math.sqrt(total), "annual-volatility": lambda: 0.5 * math.sqrt(252 / total),
        "log-variance": lambda: 1 / total,
    }[measure]
    return slope() ** 2 * variance if total or measure == "covariance" else 0.0


def goes(measure, scheme, interval, more, has_error):
    """Whether the three go together."""
    neighbours, blocks = measure in ("bipower", "minrv", "medrv"), scheme in ("block", "stationary")
    if "-log" in interval and measure in ("log-variance", "covariance", "correlation", "beta"):
        return False
    if interval.startswith("asymptotic"):
        return has_error and scheme == "iid"
    if neighbours and not blocks or scheme == "wild" and measure.endswith("semivariance"):
        return False
    if interval.startswith("studentized"):
        return bool(more) and not blocks
    return interval != "bca" or not blocks


def acceleration(measure, own):
    """By the jackknife, of sums made anew."""
    values = np.stack([values for values, _ in own])
    if len(own) == 1:
        return ends.acceleration_of_column(values[0])
    n = values.shape[1]
    return ends.acceleration(
        [statistic(measure, n - 1, [math.fsum(np.delete(row, i)) for row in values]) for i in range(n)]
    )


def rows_of(day, date, a, b):
    known = {name: (value, square) for name, value, square in measures.quantities(a, b)}
    n = len(a)
    for measure, (estimate, e2) in known.items():
        own, more = columns(measure, a, b)
        for scheme, length in SCHEMES:
            weights = counts(scheme, length, date, n)
            found = [sums(values, weights, scheme, degree) for values, degree in own + more]
            resampled = list(zip(*(star for star, _ in found)))
            star = [statistic(measure, n, s) for s in resampled]
            errors = [squared_error(measure, n, s, scheme) for s in resampled] if more else None
            whole = statistic(measure, n, [total for _, total in found])
            for interval in ends.INTERVALS:
                if goes(measure, scheme, interval, more, e2 is not None):
                    a_of = acceleration(measure, own) if interval == "bca" else None
                    pair = ends.ends(interval, estimate, star, e2, errors, a_of, CONFIDENCE, "both", whole)
                    yield day, measure, scheme, length, interval, estimate, *pair


def main(path):
    stored = {}
    with open(Path(path).with_name("measures_returns.csv"), newline="") as file:
        for day, first, second in list(csv.reader(file))[1:]:
            stored.setdefault(day, []).append((float(first), float(second)))
    with open(path, "w", newline="\n") as file:
        file.write("day,measure,scheme,length,interval,estimate,lower,upper\n")
        for number, day in enumerate(DAYS):
            pair = np.array(stored[day])
            for row in rows_of(day, FIRST_DATE + number, pair[:, 0], pair[:, 1]):
                file.write(",".join(x if isinstance(x, str) else repr(float(x)) for x in row) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])

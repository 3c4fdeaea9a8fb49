"""Golden quantiles of the exact law of a resampled sum, for many kinds of days.

Usage: python tests/oracles/exact_quantiles.py tests/golden/exact.csv

Rows are `scheme,kind,rows,parameter,days,level,quantile,tolerance`. The values of a day are made by `values`, with integer
arithmetic and a few IEEE operations, which `tests/library/exact_quantiles.rs` repeats to the bit. `tolerance` is what the oracle
itself may be off by, in the units of the quantile.

Three methods, none of them the library's:

* list: every outcome with its probability as a whole number (of draws from distinct values, or of subsets). For days of few
  outcomes; the quantile is the least outcome whose cumulative probability, a fraction, reaches the level.
* whole: values that are whole numbers. The law on the integers by the discrete Fourier transform: no rounding to a lattice.
* lattice: values split over the three nearest points of a lattice, so that a draw keeps its mean and variance (`exact.py` tells
  why); n-th power, transform back, cumulate. Done with 2^21 and 2^22 points; the tolerance is twice the difference between
  both, and 1e-10 of the sum.
"""

import itertools
import math
import sys
from fractions import Fraction

import numpy as np
from scipy import fft

LEVELS = ["0.0005", "0.005", "0.025", "0.25", "0.5", "0.975", "0.995", "0.9995"]

# Squares of the wild factors -sqrt(31 - sqrt 186)/5 and sqrt(31 + sqrt 186)/5, and the probability of the second.
LOW, HIGH, CHANCE = 0.69447307, 1.78552693, 0.28003

TAIL = 1e-13

# scheme, kind, rows, parameter, days
CELLS = (
    [("iid", "normal", n, 0, 1) for n in (1, 2, 3, 10, 78, 385, 5000, 100000)]
    + [("iid", "products", n, 0, 1) for n in (3, 78, 385)]
    + [("iid", "equal", n, 0, 1) for n in (2, 385)]
    + [("iid", "ticks", n, tick, 1) for n, tick in ((78, 10), (385, 20), (385, 5), (385, 2), (5000, 10))]
    + [("iid", "whole", n, tick, 1) for n, tick in ((3, 4), (78, 10), (385, 20), (385, 3), (5000, 4))]
    + [("iid", "zeros", n, 0, 1) for n in (78, 385, 5000)]
    + [("iid", "jump", n, size, 1) for n, size in ((10, 1), (78, 1), (385, 1), (385, 5), (385, 100), (385, 10000))]
    + [("iid", "jump", n, size, 1) for n, size in ((5000, 1), (100000, 1))]
    + [("iid", "jumps", 385, 2, 1), ("iid", "jumps", 5000, 2, 1)]
    + [("iid", "few", n, 0, 1) for n in (3, 10, 78, 385)]
    + [("wild", "normal", n, 0, 1) for n in (1, 3, 10, 20, 78, 385)]
    + [("wild", "products", 78, 0, 1), ("wild", "jump", 385, 5, 1), ("wild", "ticks", 385, 5, 1)]
    + [("wild", "zeros", 385, 0, 1), ("wild", "equal", 78, 0, 1)]
    + [("iid", kind, n, parameter, days) for days in (5, 21) for kind, n, parameter in (("normal", 78, 0), ("jump", 385, 5))]
    + [("iid", "ticks", 78, 5, 5), ("iid", "normal", 2, 0, 5), ("wild", "normal", 78, 0, 5)]
)


def uniform(row, stream):
    """A number in (0, 1) with 32 binary digits."""
    mask = 0xFFFFFFFF
    x = ((row + 1) * 0x9E3779B1 + stream * 0x85EBCA77) & mask
    x ^= x >> 15
    x = x * 0x2C1B3C6D & mask
    x ^= x >> 12
    x = x * 0x297A2D39 & mask
    x ^= x >> 15
    return (x + 0.5) / 4294967296.0


def bell(row, stream):
    """A number in (-2, 2), bell-shaped: four uniform numbers less 2."""
    return (
        uniform(row, 4 * stream)
        + uniform(row, 4 * stream + 1)
        + uniform(row, 4 * stream + 2)
        + uniform(row, 4 * stream + 3)
        - 2.0
    )


def values(kind, rows, parameter, day):
    """A day's values. All operations are IEEE operations of doubles, in this order."""
    out = []
    for row in range(rows):
        z = bell(row, 2 * day)
        if kind in ("normal", "jump", "jumps"):
            value = z * z
        elif kind == "products":
            value = z * (z + 2.0 * bell(row, 2 * day + 1))
        elif kind == "equal":
            value = 0.7
        elif kind == "ticks":
            # A price that drifts by 2 % over the day, and moves by whole ticks.
            r = math.floor(z * parameter + 0.5) / (1.0 + 0.02 * row / rows)
            value = r * r
        elif kind == "whole":
            k = math.floor(z * parameter + 0.5)
            value = float(k * k)
        elif kind == "zeros":
            value = 0.0 if uniform(row, 1000 + day) < 0.8 else z * z
        elif kind == "few":
            value = (0.0, 0.0, 0.0, 1.0, 2.3)[int(uniform(row, 2000 + day) * 5.0)]
        else:
            raise ValueError(kind)
        out.append(value)
    # Jumps last, so that their sizes are in terms of the rest.
    if kind == "jump":
        out[0] = float(parameter) * rows * 0.25
    if kind == "jumps":
        out[0], out[1] = float(parameter) * rows * 0.25, float(parameter) * rows * 0.0611
    return out


def drawn(day):
    """Outcomes of a day under iid resampling, as a dictionary to whole numbers that add up to n^n."""
    distinct, counts = np.unique(day, return_counts=True)
    n, found = len(day), {}
    factorial = math.factorial
    # Numbers of draws of each distinct value: stars and bars.
    for bars in itertools.combinations(range(n + len(distinct) - 1), len(distinct) - 1):
        edges = (-1, *bars, n + len(distinct) - 1)
        taken = [edges[k + 1] - edges[k] - 1 for k in range(len(distinct))]
        ways = factorial(n)
        for t, count in zip(taken, counts):
            ways = ways // factorial(t) * int(count) ** t
        total = math.fsum(t * value for t, value in zip(taken, distinct))
        found[total] = found.get(total, 0) + ways
    return found


def outcomes_drawn(day):
    distinct = len(set(day))
    return math.comb(len(day) + distinct - 1, distinct - 1)


def chosen(day):
    """Outcomes under the wild scheme: values and probabilities."""
    sums, masses = np.zeros(1), np.ones(1)
    for value in day:
        sums = np.concatenate([sums + LOW * value, sums + HIGH * value])
        masses = np.concatenate([masses * (1.0 - CHANCE), masses * CHANCE])
    return sums, masses


def by_list(pairs, levels):
    """Quantiles of (sum, probability) pairs; sums that only rounding holds apart count as one."""
    pairs = sorted(pairs)
    scale = max(abs(s) for s, _ in pairs)
    grouped = []
    for s, p in pairs:
        if grouped and s - grouped[-1][0] <= 1e-12 * scale:
            grouped[-1][1] += p
        else:
            grouped.append([s, p])
    total = sum(p for _, p in grouped)
    out = []
    for level in levels:
        cumulative = type(total)(0)
        wanted = Fraction(level) * total if isinstance(total, int) else float(level) - 1e-13
        for s, p in grouped:
            cumulative += p
            if cumulative >= wanted:
                out.append((s, 1e-11 * scale))
                break
    return out


def log_mgf(scheme, days, s):
    total = 0.0
    for day in days:
        if scheme == "iid":
            top = s * (day.max() if s > 0 else day.min())
            total += len(day) * (top + np.log(np.mean(np.exp(s * day - top))))
        else:
            total += np.logaddexp(np.log(1 - CHANCE) + s * LOW * day, np.log(CHANCE) + s * HIGH * day).sum()
    return total


def reach(scheme, days, sign):
    """Where Chernoff's bound of a tail is TAIL."""
    scale = max(np.abs(day).max() for day in days)
    best = np.inf
    for s in np.geomspace(1e-6, 1e2, 1000) / scale:
        best = min(best, (log_mgf(scheme, days, sign * s) - math.log(TAIL)) / s)
    return best


def by_lattice(scheme, days, levels, points):
    days = [np.asarray(day) for day in days]
    if scheme == "iid":
        # What all outcomes have in common is taken off.
        offset = sum(len(day) * day.min() for day in days)
        days = [day - day.min() for day in days]
        rows = days
    else:
        offset = sum(np.minimum(LOW * day, HIGH * day).sum() for day in days)
    upper = reach(scheme, days, 1) - (offset if scheme == "wild" else 0.0)
    lower = -reach(scheme, days, -1) - (offset if scheme == "wild" else 0.0)
    lower = max(lower, 0.0)
    step = (upper - lower) / (points - 64)
    first = math.floor(lower / step) - 32
    turns = np.arange(points // 2 + 1) / points

    def split(value):
        """The transform of a value's three points."""
        nearest = np.rint(value / step)
        f = value / step - nearest
        one = np.exp(-2j * np.pi * turns)
        around = f * (f - 1) / 2 / one + (1 - f * f) + f * (f + 1) / 2 * one
        return around * np.exp(-2j * np.pi * np.fmod(turns * nearest, 1.0))

    transform = np.ones(points // 2 + 1, dtype=complex)
    for day in days:
        if scheme == "iid":
            place = day / step
            nearest = np.rint(place).astype(np.int64)
            f = place - nearest
            mass = np.zeros(points)
            np.add.at(mass, (nearest - 1) % points, f * (f - 1.0) / 2.0)
            np.add.at(mass, nearest % points, 1.0 - f * f)
            np.add.at(mass, (nearest + 1) % points, f * (f + 1.0) / 2.0)
            base, exponent = fft.rfft(mass / len(day)), len(day)
            while exponent:
                if exponent & 1:
                    transform *= base
                base = base * base
                exponent >>= 1
        else:
            for value in day:
                difference = (HIGH - LOW) * value
                chance = CHANCE if difference >= 0 else 1 - CHANCE
                if difference != 0:
                    transform *= (1 - chance) + chance * split(abs(difference))
    cumulative = np.cumsum(np.roll(fft.irfft(transform, points), -first))
    out = []
    for level in levels:
        level = float(level)
        right = int(np.argmax(cumulative >= level))
        left = cumulative[right - 1]
        share = (level - left) / (cumulative[right] - left)
        out.append((first + right + share - 0.5) * step + offset)
    return out, step


def by_whole(day, levels):
    """Whole values: no step but 1."""
    n, most = len(day), int(max(day))
    points = 1 << max(10, (min(n * most, int(sum(day) + 60 * math.sqrt(sum(v * v for v in day))))).bit_length() + 1)
    transform = fft.rfft(np.bincount(np.asarray(day, dtype=int), minlength=points) / n) ** n
    cumulative = np.cumsum(fft.irfft(transform, points))
    return [(float(np.argmax(cumulative >= float(level) - 1e-13)), 1e-9) for level in levels]


def quantiles(scheme, kind, rows, parameter, days):
    each = [values(kind, rows, parameter, day) for day in range(days)]
    if scheme == "iid" and days == 1 and outcomes_drawn(each[0]) <= 200_000:
        return "list", by_list(drawn(each[0]).items(), LEVELS)
    if scheme == "iid" and rows <= 2:
        found = {0.0: 1}
        for day in each:
            grown = {}
            for (s, p), (t, q) in itertools.product(found.items(), drawn(day).items()):
                grown[s + t] = grown.get(s + t, 0) + p * q
            found = grown
        return "list", by_list(found.items(), LEVELS)
    if scheme == "wild" and kind == "equal":
        pairs = [
            (0.7 * (LOW * (rows - k) + HIGH * k), math.comb(rows, k) * CHANCE**k * (1 - CHANCE) ** (rows - k))
            for k in range(rows + 1)
        ]
        return "list", by_list(pairs, LEVELS)
    if scheme == "wild" and rows * days <= 20:
        sums, masses = chosen(each[0])
        return "list", by_list(list(zip(sums.tolist(), masses.tolist())), LEVELS)
    if scheme == "iid" and kind == "whole" and days == 1:
        return "whole", by_whole(each[0], LEVELS)
    points = 1 << (22 if scheme == "iid" else 19)
    coarse, _ = by_lattice(scheme, each, LEVELS, points // 2)
    fine, step = by_lattice(scheme, each, LEVELS, points)
    size = sum(abs(value) for day in each for value in day)
    return "lattice", [(b, 2 * abs(a - b) + 1e-10 * size) for a, b in zip(coarse, fine)]


def main(path):
    lines = ["scheme,kind,rows,parameter,days,level,quantile,tolerance"]
    for scheme, kind, rows, parameter, days in CELLS:
        method, found = quantiles(scheme, kind, rows, parameter, days)
        for level, (quantile, tolerance) in zip(LEVELS, found):
            lines.append(f"{scheme},{kind},{rows},{parameter},{days},{level},{float(quantile)!r},{tolerance:.2e}")
        worst = max(t / max(abs(q), 1e-300) for q, t in found)
        print(f"{scheme} {kind} {rows} {parameter} {days}: {method}, tolerance up to {worst:.1e} of the quantile", flush=True)
    with open(path, "w", newline="\n") as file:
        file.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])

"""Coverage of bootstrap intervals in the two-factor model, written from the documentation in NumPy.

Usage: python tests/oracles/coverage_rates.py [--returns 78] [--replications 4000] [--samples 999] [--confidence 0.95] [--seed 1]
                                                   prints coverage, its error, misses on each side, median relative length
       python tests/oracles/coverage_rates.py ... --check FILE.csv
                                                   compares with the rows of `bellwether coverage --model sv2 -o FILE.csv`;
                                                   fails where a share or a length is more than 4 errors apart

Nothing is shared with the Rust code: neither the random numbers, nor how the model steps through a day (all replications at
once), nor how resamples are drawn (multinomial counts).

* model: module `simulate::model`, `sv2`
* percentile: quantiles of RV*; studentized-log: symmetric, of |ln RV* - ln RV| / (se*/RV*), se*^2 = S4* - RV*^2/n, and
  RV exp(-+ q se/RV), se^2 = 2/3 S4, where S4 is the sum of the fourth powers
"""

import argparse
import csv
import math
import sys

import numpy as np


def spliced(x):
    knot = math.log(1.5)
    tail = 1.5 / math.sqrt(knot) * np.sqrt(np.maximum(knot - knot * knot + x * x, 0.0))
    return np.where(x > knot, tail, np.exp(np.minimum(x, knot)))


def simulate(replications, returns, rng):
    """Returns (replications x returns) and integrated variances."""
    per_return = max(-(-4680 // returns), 10)
    steps = per_return * returns
    dt = 1.0 / steps
    slow = rng.standard_normal(replications) / math.sqrt(2 * 0.00137)
    fast = np.zeros(replications)
    for _ in range(3000):
        fast += -1.386 * fast / 400 + (1 + 0.25 * fast) * rng.standard_normal(replications) / math.sqrt(400)
    price = np.zeros((replications, returns))
    variance = np.zeros(replications)
    for step in range(steps):
        t = (step + 0.5) * dt
        u = 0.88929198 + 0.75 * math.exp(-10 * t) + 0.25 * math.exp(-10 * (1 - t))
        sigma = u * spliced(-1.2 + 0.04 * slow + 1.5 * fast)
        w1, w2, w3 = rng.standard_normal((3, replications)) * math.sqrt(dt)
        price[:, step // per_return] += 0.03 * dt + sigma * (-0.3 * w1 - 0.3 * w2 + math.sqrt(1 - 0.18) * w3)
        variance += sigma * sigma * dt
        slow += -0.00137 * slow * dt + w1
        fast += -1.386 * fast * dt + (1 + 0.25 * fast) * w2
    return price, variance


def intervals(r, samples, confidence, rng):
    """Ends by name, from one day's returns."""
    n = len(r)
    squares = r * r
    counts = rng.multinomial(n, np.full(n, 1 / n), size=samples)
    rv, s4 = squares.sum(), (squares * squares).sum()
    rv_star, s4_star = counts @ squares, counts @ (squares * squares)
    levels = [(1 - confidence) / 2, (1 + confidence) / 2]
    se_star = np.sqrt(np.maximum(s4_star - rv_star**2 / n, 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.abs(np.log(rv_star) - math.log(rv)) / (se_star / rv_star)
        t_plain = (rv_star - rv) / se_star
    half = np.quantile(t, confidence) * math.sqrt(2 / 3 * s4) / rv
    upper, lower = np.quantile(t_plain, levels) * math.sqrt(2 / 3 * s4)
    return {
        "percentile": np.quantile(rv_star, levels),
        "studentized": [rv - lower, rv - upper],
        "studentized-log": [rv * math.exp(-half), rv * math.exp(half)],
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--returns", type=int, default=78)
    parser.add_argument("--replications", type=int, default=4000)
    parser.add_argument("--samples", type=int, default=999)
    parser.add_argument("--confidence", type=float, default=0.95)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--check")
    args = parser.parse_args()
    rng = np.random.default_rng(args.seed)
    paths, truth = simulate(args.replications, args.returns, rng)
    found = {}
    for r, iv in zip(paths, truth):
        for name, (lower, upper) in intervals(r, args.samples, args.confidence, rng).items():
            found.setdefault(name, []).append((iv < lower, iv > upper, (upper - lower) / iv))
    theirs = {}
    if args.check:
        for row in csv.DictReader(open(args.check)):
            if int(row["returns"]) == args.returns and float(row["confidence"]) == args.confidence:
                theirs[row["interval"]] = row
    wrong = checked = 0
    for name, days in found.items():
        days = np.array(days, dtype=float)
        below, above, _ = days.mean(axis=0)
        error = math.sqrt((below + above) * (1 - below - above) / len(days))
        # The median, whose error follows from the order statistics that a binomial count puts around it.
        ordered, spread = np.sort(days[:, 2]), int(math.sqrt(len(days)) / 2)
        length = np.median(ordered)
        length_error = (ordered[len(days) // 2 + spread] - ordered[len(days) // 2 - spread]) / 2
        print(
            f"n = {args.returns}, {name}: coverage {100 * (1 - below - above):.2f} (error {100 * error:.2f}), "
            f"below {100 * below:.2f}, above {100 * above:.2f} %, median length {length:.4f} (error {length_error:.4f}) of IV"
        )
        if name not in theirs:
            continue
        checked += 1
        row = {key: float(value) for key, value in theirs[name].items() if key not in ("model", "interval")}
        share = math.sqrt(len(days) / row["replications"])
        for what, ours, other, error in [
            ("coverage", 1 - below - above, row["coverage"], error),
            ("below", below, row["below"], math.sqrt(max(below, 1e-3) / len(days))),
            ("above", above, row["above"], math.sqrt(max(above, 1e-3) / len(days))),
            ("median length", length, row["median_relative_length"], length_error),
        ]:
            apart = (other - ours) / (error * math.hypot(1, share))
            print(f"    {what}: {ours:.4f} here, {other:.4f} there, {apart:+.1f} errors apart")
            wrong += abs(apart) > 4
    if args.check and (wrong or not checked):
        sys.exit(f"{wrong} of {4 * checked} figures differ" if checked else "nothing to compare with")


if __name__ == "__main__":
    main()

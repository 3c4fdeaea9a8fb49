"""Compares Bellwether's percentile intervals with the exact bootstrap distribution, cell by cell (a day of a stock).

Usage: python tests/oracles/exact_bootstrap.py PANEL_DIR OUTPUT_CSV --samples 100000 --confidence 0.99
       python tests/oracles/exact_bootstrap.py PANEL_DIR --self-test 60 --samples 100000 --confidence 0.99

PANEL_DIR holds one DATE,HHMM,PRICE file a stock; OUTPUT_CSV is `date,stock,rv,lower,upper` as written by
`bellwether bootstrap PANEL_DIR --samples 100000 --confidence 0.99 -o OUTPUT_CSV`, whole or any part of its rows.
The comparison means something from about 20 samples beyond each end on: samples * (1 - confidence) / 2 >= 20.

Statistic. Let F be the exact distribution function of RV* (`exact.py`). An end at level p is the order statistic at
k = (B - 1) p, counted from 0, of B independent draws, so that F(end) ~ Beta(k + 1, B - k), with standard deviation
about sqrt(p (1 - p)/B). (k is fractional; treating it so is off by a relative 1/(B p).) z is F(end) taken through the
beta distribution to the normal one: N(0, 1) if the program is right.
Where RV* has an atom, F(end) could be anything between F(end-) and F(end); z is then drawn at random from its
distribution given that interval, which leaves it N(0, 1) (the randomized probability integral transform). The interval
taken is F(end -+ 4 steps of the lattice), which also covers the lattice's error and the program's fixed-point rounding.

Verdict. Stocks share their rows, so that the cells of a day are dependent. Therefore the mean of z and of z^2 are tested
with standard errors clustered by day (each end apart), and z against N(0, 1) by Kolmogorov and Smirnov within each stock
and end, Bonferroni-corrected; the worst |z| by Bonferroni over all cells. Each kind at level 1e-4. Exits with 1 where
one of them rejects.

--self-test CELLS simulates the bootstrap by NumPy for CELLS random cells, which must pass, and four wrong programs, each of
which must be found: level 1.2 times as large, a row never drawn, one draw too few, a tenth of the samples.
"""

import argparse
import sys
import time
from multiprocessing import Pool

import numpy as np
import pandas as pd
from scipy import stats

from exact import ExactSum
from panel import load_output, load_prices, squared_returns

LEVEL = 1e-4


def normal_score(low, high, p, samples, uniform):
    """z of an end at level p, drawn by `uniform` in [0, 1] from the interval F in [low, high]."""
    k = (samples - 1) * p
    beta = stats.beta(k + 1.0, samples - k)
    # From the nearer tail, for precision.
    if low + high > 2.0 * p:
        z = stats.norm.isf(beta.sf(high) + (1.0 - uniform) * (beta.sf(low) - beta.sf(high)))
    else:
        z = stats.norm.ppf(beta.cdf(low) + uniform * (beta.cdf(high) - beta.cdf(low)))
    return float(np.clip(z, -38.0, 38.0))


def check_cell(task):
    """One row of the report for each end of one cell."""
    date, stock, y, ends, levels, samples, points, finer = task
    rv = y.sum()
    rng = np.random.default_rng([date, *stock.encode()])
    exact = ExactSum(y, points=points) if rv > 0 else None
    twice = ExactSum(y, points=2 * points) if rv > 0 and finer else None
    rows = []
    for name, x, p in zip(("lower", "upper"), ends, levels):
        error = np.sqrt(p * (1.0 - p) / samples)
        row = dict(date=date, stock=stock, end=name, p=p, z=np.nan, atom=np.nan, moved=np.nan)
        row |= dict(share=y.max() / rv if rv > 0 else np.nan, zeros=int((y == 0).sum()), kinds=len(np.unique(y)))
        if exact is None:
            # Nothing to resample but zeros: the only answer is 0.
            row["z"] = 0.0 if x == 0 else 38.0
        else:
            reach = 4.0 * exact.step
            low, high = exact.cdf([x - reach, x + reach])
            row["F"] = float(exact.cdf(x))
            row["atom"] = (high - low) / error
            row["z"] = normal_score(low, high, p, samples, rng.random())
            if twice is not None:
                row["moved"] = abs(twice.cdf(x) - exact.cdf(x)) / error
        rows.append(row)
    return rows


def check(squares, table, arguments, pool):
    """The report on all cells of `table`."""
    tail = (1.0 - arguments.confidence) / 2.0
    levels = (tail, 1.0 - tail)
    days = dict(list(squares.groupby(level="date")))
    tasks = []
    for number, row in enumerate(table.itertuples()):
        y = days[row.date][row.stock].dropna().to_numpy()
        # The resolution is checked on some hundred cells, or on all.
        finer = arguments.check_resolution or number % max(1, len(table) // 100) == 0
        ends = (row.lower, row.upper)
        tasks.append((row.date, row.stock, y, ends, levels, arguments.samples, arguments.points, finer))
    rows = pool.imap(check_cell, tasks, chunksize=8)
    return pd.DataFrame([row for rows_of_cell in rows for row in rows_of_cell])


def clustered_t(values, days):
    """t statistic and p-value of mean 0, with a standard error clustered by day."""
    values = np.asarray(values, dtype=float)
    sums = pd.Series(values - values.mean()).groupby(np.asarray(days)).sum().to_numpy()
    count = len(sums)
    error = np.sqrt((sums**2).sum() * count / max(count - 1, 1)) / len(values)
    t = values.mean() / error
    return t, 2.0 * stats.t.sf(abs(t), max(count - 1, 1))


def verdict(report, quiet=False):
    """Prints the summary of a report; true where nothing is rejected."""
    say = (lambda *text: None) if quiet else print
    failures = []

    def test(name, p, tests=1):
        if min(1.0, p * tests) < LEVEL:
            failures.append(f"{name}: p = {p:.2g}" + (f" ({tests} tests)" if tests > 1 else ""))

    say(f"cells: {len(report) // 2}, days: {report['date'].nunique()}, stocks: {report['stock'].nunique()}")
    for end, part in report.groupby("end"):
        z = part["z"].to_numpy()
        mean_t, mean_p = clustered_t(z, part["date"])
        square_t, square_p = clustered_t(z**2 - 1.0, part["date"])
        ks = stats.kstest(z, "norm")
        say(
            f"{end}: mean z {z.mean():+.4f} (t {mean_t:+.2f}), variance {z.var(ddof=1):.4f} (t of z^2 {square_t:+.2f}), "
            f"worst |z| {np.abs(z).max():.2f}, KS {ks.statistic:.4f} (p {ks.pvalue:.2g} as if cells were independent)"
        )
        test(f"mean of z, {end}", mean_p)
        test(f"mean of z^2, {end}", square_p)
    groups = [(key, part["z"]) for key, part in report.groupby(["stock", "end"]) if len(part) >= 8]
    if groups:
        worst = min((stats.kstest(z, "norm").pvalue, key) for key, z in groups)
        say(f"KS within stock and end, {len(groups)} groups: smallest p {worst[0]:.2g} ({' '.join(worst[1])})")
        test(f"KS of {' '.join(worst[1])}", worst[0], len(groups))
    worst = report["z"].abs().max()
    test("worst |z|", 2.0 * stats.norm.sf(worst), len(report))
    say(
        f"lattice: at twice the points F(end) moves by at most {report['moved'].max():.2g} binomial standard errors "
        f"({report['moved'].notna().sum()} ends checked; half of them by less than {report['moved'].median():.2g}); "
        f"{(report['atom'] > 0.5).sum()} ends lie in an atom wider than half a standard error"
    )
    say("worst ends:")
    say("      date stock      end        F       z  largest return's share  zero returns  distinct values  atom (s.e.)")
    for _, row in report.reindex(report["z"].abs().sort_values(ascending=False).index)[:8].iterrows():
        say(
            f"  {row['date']} {row['stock']:10} {row['end']} {row['F']:.6f} {row['z']:+7.2f} {row['share']:22.1%}"
            f" {row['zeros']:13} {row['kinds']:16} {row['atom']:12.2g}"
        )
    say("PASS" if not failures else "FAIL: " + "; ".join(failures))
    return not failures


def simulate(squares, cells, samples, levels, rng, draw=None):
    """Ends as a program would write them: NumPy's resampling for each cell. `draw(rng, rows)` gives row numbers."""
    draw = draw or (lambda rng, n, batch: rng.integers(0, n, (batch, n)))
    out = []
    for date, stock in cells:
        y = squares.loc[date, stock].dropna().to_numpy()
        sums = [y[draw(rng, len(y), 1000)].sum(axis=1) for _ in range(-(-samples // 1000))]
        lower, upper = np.quantile(np.concatenate(sums)[:samples], levels)
        out.append(dict(date=date, stock=stock, rv=y.sum(), lower=lower, upper=upper))
    return pd.DataFrame(out)


def self_test(squares, arguments, pool):
    """True where the right program passes and every wrong one fails."""
    rng = np.random.default_rng(arguments.seed)
    cells = squares.groupby(level="date").sum().stack()
    cells = list(cells[cells > 0].index)
    cells = sorted(cells[i] for i in rng.choice(len(cells), arguments.self_test, replace=False))
    tail = (1.0 - arguments.confidence) / 2.0
    right, samples = (tail, 1.0 - tail), arguments.samples
    programs = {
        "right": dict(levels=right),
        "level 1.2 times as large": dict(levels=(1.2 * tail, 1.0 - 1.2 * tail)),
        "the last row is never drawn": dict(draw=lambda rng, n, batch: rng.integers(0, n - 1, (batch, n))),
        "one draw too few": dict(draw=lambda rng, n, batch: rng.integers(0, n, (batch, n - 1))),
        "a tenth of the samples": dict(samples=samples // 10),
    }
    good = True
    for name, change in programs.items():
        print(f"\n== {name}", flush=True)
        output = simulate(squares, cells, rng=rng, **(dict(levels=right, samples=samples) | change))
        good &= verdict(check(squares, output, arguments, pool)) == (name == "right")
    print("\nself-test: " + ("the right program passes, the wrong ones fail" if good else "FAILED"))
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("panel")
    parser.add_argument("output", nargs="?")
    parser.add_argument("--samples", type=int, required=True)
    parser.add_argument("--confidence", type=float, default=0.99)
    parser.add_argument("--points", type=int, default=1 << 18, help="lattice points, a power of two")
    parser.add_argument("--check-resolution", action="store_true", help="on every cell, not only on a hundred")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--self-test", type=int, metavar="CELLS")
    parser.add_argument("--seed", type=int, default=0, help="of the self-test")
    parser.add_argument("--save", help="write z of every end to this CSV file")
    arguments = parser.parse_args()
    if (arguments.output is None) == (arguments.self_test is None):
        parser.error("give either OUTPUT_CSV or --self-test CELLS")

    begin = time.perf_counter()
    squares = squared_returns(load_prices(arguments.panel))
    with Pool(arguments.workers) as pool:
        if arguments.self_test:
            good = self_test(squares, arguments, pool)
        else:
            report = check(squares, load_output(arguments.output), arguments, pool)
            good = verdict(report)
            if arguments.save:
                report.to_csv(arguments.save, index=False)
    print(f"{time.perf_counter() - begin:.0f} s")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

"""Golden quantiles of the exact bootstrap distribution, for six cells of the shipped sample.

Usage: python tests/oracles/exact_sample.py data/sample tests/golden/exact_sample.csv

Rows are `date,stock,p,quantile,density`: the p-quantile of RV* (see `exact.py`), and the density of RV* there, as the mean
over the probabilities p -+ 3 sqrt(p (1 - p)/100000). Quantiles are in units of RV, densities in 1/RV. A cell whose
largest return makes up 86 % of its realized variance is among them: its distribution has several modes.

A test with B samples has two ways to use a row:

* count: the share of samples <= quantile is p, with standard error sqrt(p (1 - p)/B). Needs no density; exact.
* quantile: its standard error is sqrt(p (1 - p)/B) / density, for B of 100,000 and more.

The lattice's own error: F moves by less than 1e-6 between 2^20 points and 2^21 (printed, and asserted), 200 times less than the
binomial error at B = 100,000. Mean and variance of RV*, which the test computes itself from the squared returns y, are
sum(y) and sum(y^2) - sum(y)^2/n.
"""

import sys

import numpy as np

from exact import ExactSum
from panel import load_prices, squared_returns

# Three quiet days, a jump of a third, one of two thirds, and one of 86 % of the day's RV.
CELLS = [
    (20070103, "S0001"),
    (20070110, "S0001"),
    (20070111, "S0002"),
    (20070124, "S0001"),
    (20070124, "S0003"),
    (20070131, "S0003"),
]
PROBABILITIES = [0.005, 0.025, 0.5, 0.975, 0.995]
POINTS = 1 << 20


def main(folder, path):
    squares = squared_returns(load_prices(folder))
    lines = ["date,stock,p,quantile,density"]
    for date, stock in CELLS:
        y = squares.loc[date, stock].dropna().to_numpy()
        exact, finer = ExactSum(y, points=POINTS), ExactSum(y, points=2 * POINTS)
        moved = []
        for p in PROBABILITIES:
            quantile = exact.quantile(p)
            moved.append(abs(finer.cdf(quantile) - p))
            reach = 3.0 * np.sqrt(p * (1.0 - p) / 1e5)
            density = 2.0 * reach / (exact.quantile(p + reach) - exact.quantile(p - reach))
            day = f"{date // 10000}-{date // 100 % 100:02}-{date % 100:02}"
            lines.append(f"{day},{stock},{p},{quantile:.9e},{density:.6e}")
        print(f"{date} {stock}: largest return {y.max() / y.sum():.0%} of RV, F moves by {max(moved):.1e}")
        assert max(moved) < 1e-6
    with open(path, "w", newline="\n") as file:
        file.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])

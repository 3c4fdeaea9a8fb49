"""Compares the realized variances of Bellwether's long output with the lecture's pandas computation.

Usage: python tests/oracles/realized_variance.py PANEL_DIR OUTPUT_CSV

PANEL_DIR holds one DATE,HHMM,PRICE file a stock; OUTPUT_CSV is `date,stock,rv,lower,upper` as written by
`bellwether bootstrap PANEL_DIR -o OUTPUT_CSV`, whole or any part of its rows. Prints the number of rows and the worst
relative difference; exits with 1 where it is above 1e-12 (or a row is unknown, or the file has no rows).
"""

import sys

import numpy as np

from panel import load_output, load_prices, squared_returns

TOLERANCE = 1e-12


def main(folder, output):
    rv = squared_returns(load_prices(folder)).groupby(level="date").sum().stack()
    table = load_output(output)
    expected = rv.reindex(list(zip(table["date"], table["stock"]))).to_numpy()
    got = table["rv"].to_numpy()
    with np.errstate(invalid="ignore", divide="ignore"):
        # A day without any price change has RV 0, which must be met exactly.
        difference = np.where(got == expected, 0.0, np.abs(got - expected) / np.abs(expected))
    print(f"rows: {len(table)} of {len(rv)}")
    if len(table) == 0:
        return 1
    worst = int(np.argmax(np.where(np.isnan(difference), np.inf, difference)))
    row = table.iloc[worst]
    print(f"worst relative difference: {difference[worst]:.3g} ({row['date']} {row['stock']})")
    return 0 if difference[worst] <= TOLERANCE else 1


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))

"""A panel of prices in the lecture's format, read by pandas: what the other oracles start from."""

import os

import numpy as np
import pandas as pd


def load_prices(folder):
    """Prices, (date YYYYMMDD, time) x stocks, of a folder of `STOCK.csv` files with lines DATE,HHMM,PRICE.

    AppleDouble files (`._STOCK.csv`) and the folder `__MACOSX` are skipped.
    """
    columns = {}
    for path, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != "__MACOSX")
        for name in sorted(files):
            if name.endswith(".csv") and not name.startswith("."):
                table = pd.read_csv(
                    os.path.join(path, name), header=None, names=["date", "time", "price"], index_col=[0, 1]
                )
                columns[name.removesuffix(".csv")] = table["price"]
    if not columns:
        raise SystemExit(f"no CSV file in {folder}")
    return pd.DataFrame(columns)


def squared_returns(prices):
    """Squared log returns within each day, aligned with the prices; the first row of a day is NaN."""
    return np.log(prices).groupby(level="date").diff() ** 2


def load_output(path):
    """Bellwether's long output, with the date as the number YYYYMMDD: columns date, stock, rv, lower, upper."""
    # round_trip: pandas' default parser can be off in the last bit.
    table = pd.read_csv(path, float_precision="round_trip")
    table["date"] = table["date"].astype(str).str.replace("-", "").astype(int)
    return table

"""Writes Parquet files whose groups of rows must be told apart by their days, and prices that are missing integers;
and what pandas reads of them.

Usage: python tests/oracles/parquet_groups.py [FOLDER]

`groups.parquet`: two stocks, a price each hour of eight days in UTC, a group of rows for each stock and day, so that
the days of other zones lie in two groups. `groups.json` has for each zone, stock and day there the number of prices
and their sum by `float.hex()` (all are multiples of 1/4, so that sums are exact in any order), and the prices of
`integers.parquet` that are there, by pandas.
"""

import json
import pathlib
import sys

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

FOLDER = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "tests/data/parquet")
ZONES = ["UTC", "Asia/Tokyo", "Pacific/Honolulu", "America/New_York"]


def main():
    # Over the change of clocks in New York, on 11 March 2007.
    hours = pd.date_range("2007-03-07", periods=8 * 24, freq="h", tz="UTC")
    prices = {stock: [first + (7 * i % 50) / 4 for i in range(len(hours))] for stock, first in [("A", 20.0), ("B", 40.0)]}
    table = pd.concat(pd.DataFrame({"stock": stock, "timestamp": hours, "price": of}) for stock, of in prices.items())
    schema = pa.schema([("stock", pa.string()), ("timestamp", pa.timestamp("us", "UTC")), ("price", pa.float64())])
    with pq.ParquetWriter(FOLDER / "groups.parquet", schema) as writer:
        for _, group in table.groupby(["stock", table["timestamp"].dt.date]):
            writer.write_table(pa.Table.from_pandas(group, schema, preserve_index=False))

    read = pd.read_parquet(FOLDER / "groups.parquet")
    days = {}
    for zone in ZONES:
        date = read["timestamp"].dt.tz_convert(zone).dt.strftime("%Y-%m-%d")
        found = read.groupby(["stock", date])["price"].agg(["count", "sum"])
        days[zone] = [[stock, day, int(row["count"]), float(row["sum"]).hex()] for (stock, day), row in found.iterrows()]

    stamps = pd.date_range("2007-03-07 09:30", periods=8, freq="5min")
    integers = pa.table({"timestamp": pa.array(stamps, pa.timestamp("us")), "price": pa.array([5, None, 7, 8, None, None, 9, 5], pa.int64())})
    pq.write_table(integers, FOLDER / "integers.parquet")
    there = pd.read_parquet(FOLDER / "integers.parquet")["price"].dropna()
    expected = {"days": days, "integers": [float(price) for price in there]}
    (FOLDER / "groups.json").write_text(json.dumps(expected, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()

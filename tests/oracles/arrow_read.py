"""Checks that intervals from Arrow files are those from CSV files, byte for byte.

Usage: python tests/oracles/arrow_read.py [PROGRAM]
Needs pandas, polars, pyarrow. Runs from the repository's root, on the sample, as pandas, polars and pyarrow write it: a
long table, a wide one, bars of dates and times, times in UTC, a file a stock, partitions, a stream.
"""

import pathlib
import subprocess
import sys
import tempfile

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as dataset

PROGRAM = sys.argv[1] if len(sys.argv) > 1 else "target/release/bellwether"


def intervals(panel, *more):
    options = ["-B", "99", "--device", "cpu", "--quiet", *more]
    return subprocess.run([PROGRAM, "bootstrap", str(panel), *options], check=True, capture_output=True).stdout


def main():
    folder = pathlib.Path(tempfile.mkdtemp())
    subprocess.run([PROGRAM, "panel", "data/sample", "-o", str(folder / "long.csv")], check=True, capture_output=True)
    rows = pd.read_csv(folder / "long.csv")
    rows["timestamp"] = pd.to_datetime(rows["date"] + " " + rows["time"])
    long = rows[["stock", "timestamp", "price"]]
    long.to_feather(folder / "pandas.feather")
    long.to_feather(folder / "zstd.feather", compression="zstd")
    pl.from_pandas(long).write_ipc(folder / "polars.arrow")
    pl.from_pandas(long).write_ipc_stream(folder / "stream.arrow")
    wide = long.pivot(index="timestamp", columns="stock", values="price").reset_index()
    wide.columns.name = None
    wide.to_feather(folder / "wide.feather")
    bars = rows.assign(
        date=pd.to_datetime(rows["date"]).dt.date, time=pd.to_datetime(rows["time"], format="%H:%M:%S").dt.time
    )
    bars[["stock", "date", "time", "price"]].to_feather(folder / "bars.feather")
    (folder / "each").mkdir()
    for stock, own in long.groupby("stock"):
        own[["timestamp", "price"]].reset_index(drop=True).to_feather(folder / "each" / f"{stock}.feather")
    by_stock = dataset.partitioning(pa.schema([("stock", pa.string())]), flavor="hive")
    table = pa.Table.from_pandas(long, preserve_index=False)
    dataset.write_dataset(table, folder / "partitions", format="feather", partitioning=by_stock)
    zone = "America/New_York"
    utc = long.assign(timestamp=long["timestamp"].dt.tz_localize(zone).dt.tz_convert("UTC"))
    utc.to_feather(folder / "utc.feather")

    wanted = intervals("data/sample")
    names = ["pandas.feather", "zstd.feather", "polars.arrow", "stream.arrow", "wide.feather", "bars.feather"]
    for name in names + ["each", "partitions"]:
        assert intervals(folder / name) == wanted, name
    assert intervals(folder / "utc.feather", "--timezone", zone) == wanted
    print(f"{len(names) + 3} panels in Arrow files have the intervals of the CSV files, byte for byte")


if __name__ == "__main__":
    main()

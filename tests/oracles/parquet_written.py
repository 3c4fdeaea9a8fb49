"""Checks with pandas, polars and DuckDB that the program's Parquet files hold what its CSV files do.

Usage: python tests/oracles/parquet_written.py [PROGRAM]
Needs numpy, pandas, pyarrow, polars, duckdb. Runs from the repository's root, on the sample.
"""

import pathlib
import subprocess
import sys
import tempfile

import duckdb
import numpy as np
import pandas as pd
import polars as pl

PROGRAM = sys.argv[1] if len(sys.argv) > 1 else "target/release/bellwether"
BOOTSTRAP = ["bootstrap", "data/sample", "-B", "99", "--device", "cpu", "--quiet"]


def run(arguments, file, more=()):
    subprocess.run([PROGRAM, *arguments, "-o", str(file), *more], check=True)


def same(csv, parquet):
    """Compares a table as CSV and as Parquet, bit for bit."""
    plain = pd.read_csv(csv, float_precision="round_trip")
    table = pd.read_parquet(parquet)
    lazy = pl.read_parquet(parquet)
    counted = duckdb.sql(f"select count(*) from '{parquet}'").fetchall()[0][0]
    assert list(plain.columns) == list(table.columns) == lazy.columns, (list(plain.columns), lazy.columns)
    assert len(plain) == len(table) == lazy.height == counted
    for name in plain.columns:
        left, right = plain[name], table[name]
        if left.dtype == np.float64 or left.dtype == np.int64:
            np.testing.assert_array_equal(left.to_numpy(), right.to_numpy(), err_msg=name)
            np.testing.assert_array_equal(left.to_numpy(), lazy[name].to_numpy(), err_msg=name)
        elif name == "date":
            assert left.tolist() == [str(day) for day in right]
            assert lazy[name].dtype == pl.Date, lazy[name].dtype
        else:
            assert left.tolist() == right.tolist(), name
            assert isinstance(right.dtype, pd.CategoricalDtype), right.dtype
            assert lazy[name].dtype in (pl.Categorical, pl.Enum), lazy[name].dtype
    return len(plain)


def main():
    folder = pathlib.Path(tempfile.mkdtemp())
    rows = 0
    for number, (arguments, more) in enumerate([
        (BOOTSTRAP, []),
        (BOOTSTRAP, ["--details"]),
        (BOOTSTRAP, ["--measure", "variance,quarticity", "--interval", "percentile,basic", "--details"]),
        (["growth", "--quiet"], []),
        (["coverage", "--replications", "20", "-B", "19", "--quiet"], []),
    ]):
        csv, parquet = folder / f"{number}.csv", folder / f"{number}.parquet"
        run(arguments, csv, more)
        run(arguments, parquet, more)
        rows += same(csv, parquet)
    cell = pd.read_csv(folder / "0.csv").iloc[0]
    for ending in ["csv", "parquet"]:
        run(BOOTSTRAP, folder / f"x.{ending}",
            ["--resamples", str(folder / f"resamples.{ending}"), "--cell", f"{cell['stock']},{cell['date']}"])
    rows += same(folder / "resamples.csv", folder / "resamples.parquet")
    run(BOOTSTRAP, folder / "wide.csv", ["--layout", "wide"])
    run(BOOTSTRAP, folder / "wide.parquet", ["--layout", "wide"])
    wide = pd.read_csv(folder / "wide.csv", header=[0, 1], index_col=0, float_precision="round_trip")
    table = pd.read_parquet(folder / "wide.parquet")
    assert list(wide.columns) == list(table.columns), table.columns
    assert [str(day) for day in table.index] == wide.index.tolist()
    np.testing.assert_array_equal(wide.to_numpy(), table.to_numpy())
    print(f"{rows} records and a wide table of {wide.shape} are the same in CSV and Parquet")


if __name__ == "__main__":
    main()

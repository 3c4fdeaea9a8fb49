"""Checks with pandas, pyarrow, polars and DuckDB that the program's Parquet and Arrow files hold what its CSV files do.

Usage: python tests/oracles/columns_written.py [PROGRAM]
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
import pyarrow as pa
import pyarrow.ipc as ipc
import pyarrow.parquet as pq

PROGRAM = sys.argv[1] if len(sys.argv) > 1 else "target/release/bellwether"
BOOTSTRAP = ["bootstrap", "data/sample", "-B", "99", "--device", "cpu", "--quiet"]


def run(arguments, file, more=()):
    subprocess.run([PROGRAM, *arguments, "-o", str(file), *more], check=True)


def same(csv, file):
    """Compares a table as CSV and as Parquet or Arrow, bit for bit."""
    plain = pd.read_csv(csv, float_precision="round_trip")
    if file.suffix == ".parquet":
        table, lazy = pd.read_parquet(file), pl.read_parquet(file)
        counted = duckdb.sql(f"select count(*) from '{file}'").fetchall()[0][0]
        metadata = pq.read_metadata(file).metadata
    else:
        table, lazy = pd.read_feather(file), pl.read_ipc(file)
        whole = ipc.open_file(file).read_all()
        whole.validate(full=True)
        counted = duckdb.from_arrow(whole).shape[0]
        metadata = whole.schema.metadata
        for field in whole.schema:
            wanted = {"date": pa.date32()}.get(field.name)
            if plain[field.name].dtype == object and wanted is None:
                wanted = pa.dictionary(pa.int32(), pa.string())
            assert wanted is None or field.type == wanted, field
    assert b"bellwether" in metadata, metadata
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
        csv = folder / f"{number}.csv"
        run(arguments, csv, more)
        for ending in ["parquet", "arrow", "feather"]:
            run(arguments, folder / f"{number}.{ending}", more)
            rows += same(csv, folder / f"{number}.{ending}")
    cell = pd.read_csv(folder / "0.csv").iloc[0]
    for ending in ["csv", "parquet", "arrow"]:
        run(BOOTSTRAP, folder / f"x.{ending}",
            ["--resamples", str(folder / f"resamples.{ending}"), "--cell", f"{cell['stock']},{cell['date']}"])
    for ending in ["parquet", "arrow"]:
        rows += same(folder / "resamples.csv", folder / f"resamples.{ending}")
    for ending in ["csv", "parquet", "arrow"]:
        run(BOOTSTRAP, folder / f"wide.{ending}", ["--layout", "wide"])
    wide = pd.read_csv(folder / "wide.csv", header=[0, 1], index_col=0, float_precision="round_trip")
    for table in [pd.read_parquet(folder / "wide.parquet"), pd.read_feather(folder / "wide.arrow")]:
        assert list(wide.columns) == list(table.columns), table.columns
        assert [str(day) for day in table.index] == wide.index.tolist()
        np.testing.assert_array_equal(wide.to_numpy(), table.to_numpy())
    # Prices, in several record batches.
    simulate = ["simulate", "--stocks", "3", "--days", "30", "--per-day", "23400"]
    run(simulate, folder / "ticks")
    for ending in ["parquet", "arrow"]:
        run(["panel", str(folder / "ticks"), "--quiet"], folder / f"ticks.{ending}")
    left, right = pd.read_parquet(folder / "ticks.parquet"), pd.read_feather(folder / "ticks.arrow")
    assert ipc.open_file(folder / "ticks.arrow").num_record_batches > 1
    assert left.equals(right) and pl.read_ipc(folder / "ticks.arrow").height == len(left)
    assert str(right["timestamp"].dtype) == "datetime64[ns]" and right["stock"].dtype == "category"
    print(f"{rows} records, a wide table of {wide.shape} and {len(right)} prices are the same in all formats")


if __name__ == "__main__":
    main()

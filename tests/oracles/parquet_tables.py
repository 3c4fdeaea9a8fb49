"""Writes the Parquet files under tests/data/parquet, by pandas, pyarrow, polars and DuckDB, and what they hold.

Usage: python tests/oracles/parquet_tables.py [FOLDER]
Needs numpy, pandas, pyarrow, polars, duckdb.

Every file is small and holds what users have: long tables (a row a price), wide ones (a column a stock, as
`DataFrame.to_parquet` writes a panel), each type of column that is read, each codec and encoding, and some
files that must be refused. `expected.json` has for each file that can be read the values of each column, times
in nanoseconds, days since 1970, numbers by `float.hex()`, null where a value is missing.
"""

import datetime
import decimal
import json
import pathlib
import sys

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

FOLDER = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "tests/data/parquet")
EXPECTED = {}
EPOCH = datetime.date(1970, 1, 1)


def plain(value):
    """A value as `expected.json` has it."""
    if value is None or value is pd.NaT:
        return None
    if isinstance(value, (bool, str)):
        return value
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return float(value).hex()
    if isinstance(value, decimal.Decimal):
        return float(value).hex()
    if isinstance(value, datetime.date):
        return (value - EPOCH).days
    raise TypeError(type(value))


def column(array):
    """The values of an Arrow column."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        array = array.cast(kind.value_type)
    if pa.types.is_timestamp(kind):
        scale = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}[kind.unit]
        whole = array.cast(pa.int64()).to_pylist()
        return [None if value is None else value * scale for value in whole]
    if pa.types.is_time(kind):
        scale = {"ms": 10**6, "us": 10**3, "ns": 1}[kind.unit]
        whole = array.cast(pa.int32() if kind.unit == "ms" else pa.int64()).to_pylist()
        return [None if value is None else value * scale for value in whole]
    return [plain(value) for value in array.to_pylist()]


def expect(name):
    """Keeps what pyarrow reads."""
    table = pq.read_table(FOLDER / name)
    EXPECTED[name] = {field: column(table[i].combine_chunks()) for i, field in enumerate(table.schema.names)}


def write(name, table, **options):
    """Writes an Arrow table."""
    pq.write_table(table, FOLDER / name, **options)
    expect(name)


def panel(stocks, days, times, seed):
    """A long table: stock, time stamp, price; sorted by stock, then time."""
    rng = np.random.default_rng(seed)
    rows = []
    for number, stock in enumerate(stocks):
        price = 50.0 + 10 * number
        for day in days:
            for time in times:
                price = round(price * float(np.exp(rng.normal(0, 1e-3))), 4)
                rows.append((stock, datetime.datetime.combine(day, time), price))
    return rows


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    days = [datetime.date(2007, 1, 3), datetime.date(2007, 1, 4), datetime.date(2007, 1, 5)]
    times = [datetime.time(9 + (35 + 5 * i) // 60, (35 + 5 * i) % 60) for i in range(12)]
    rows = panel(["AAPL", "BRK.B", "ÖMV"], days, times, 1)
    stock, stamp, price = map(list, zip(*rows))
    long = pd.DataFrame({"stock": stock, "timestamp": pd.to_datetime(stamp), "price": price})

    # A long table by each of the four writers.
    long.to_parquet(FOLDER / "long.parquet", index=False, row_group_size=36)
    expect("long.parquet")
    long.assign(stock=long["stock"].astype("category")).to_parquet(FOLDER / "category.parquet", compression="zstd")
    expect("category.parquet")
    pl.from_pandas(long).write_parquet(FOLDER / "polars.parquet", row_group_size=50)
    expect("polars.parquet")
    duckdb.from_df(long).write_parquet(str(FOLDER / "duckdb.parquet"))
    expect("duckdb.parquet")

    # Wide tables: a column a stock, the index unnamed, named, with a time zone; two levels of names.
    wide = long.pivot(index="timestamp", columns="stock", values="price")
    wide.columns.name = None
    wide.to_parquet(FOLDER / "wide_named.parquet")
    expect("wide_named.parquet")
    wide.index.name = None
    wide.iloc[3, 1] = np.nan
    wide.to_parquet(FOLDER / "wide.parquet")
    expect("wide.parquet")
    wide.tz_localize("America/New_York").to_parquet(FOLDER / "wide_zone.parquet")
    expect("wide_zone.parquet")
    levels = pd.concat({"price": wide, "size": wide.round()}, axis=1).swaplevel(axis=1).sort_index(axis=1)
    levels.to_parquet(FOLDER / "wide_levels.parquet")
    expect("wide_levels.parquet")

    # Each type of column, with and without missing values; each codec, version of pages and encoding.
    full, holes = types(missing=False), types(missing=True)
    write("types.parquet", full, compression="none")
    write("missing.parquet", holes, compression="snappy", write_page_checksum=True)
    for codec in ["gzip", "brotli", "lz4", "none"]:
        write(f"{codec}.parquet", holes.select(["us", "f64", "text"]), compression=codec)
    write("pages_v2.parquet", holes, compression="none", data_page_version="2.0", use_dictionary=False)
    few = ["us", "f64", "f32", "i32", "text", "bytes3"]
    encodings = {
        "us": "DELTA_BINARY_PACKED",
        "f64": "BYTE_STREAM_SPLIT",
        "f32": "BYTE_STREAM_SPLIT",
        "i32": "DELTA_BINARY_PACKED",
        "text": "DELTA_BYTE_ARRAY",
        "bytes3": "PLAIN",
    }
    write("encodings.parquet", holes.select(few), compression="none", use_dictionary=False, column_encoding=encodings)
    lengths = {"text": "DELTA_LENGTH_BYTE_ARRAY", "bytes3": "DELTA_BYTE_ARRAY"}
    write("lengths.parquet", holes.select(["text", "bytes3"]), compression="none", use_dictionary=False, column_encoding=lengths)
    # Dictionaries that become too large, so that pages behind hold values themselves.
    many = pa.table({"text": [f"name {i % 700}" for i in range(1400)], "f64": [i / 7 for i in range(1400)]})
    # Their values are those of the two formulas, in the test too.
    pq.write_table(many, FOLDER / "fallback.parquet", dictionary_pagesize_limit=1500, data_page_size=1000)
    write("int96.parquet", full.select(["ns"]), compression="none", use_deprecated_int96_timestamps=True)
    write("empty.parquet", full.slice(0, 0))
    pq.write_table(full.select(["dec"]), FOLDER / "dec_integer.parquet", store_decimal_as_integer=True)
    expect("dec_integer.parquet")

    # What is refused: lists, structures, truth values, times that do not fit; encrypted files.
    refused = pa.table({
        "list": [[1.0], [2.0, 3.0]],
        "structure": [{"a": 1}, {"a": 2}],
        "truth": [True, False],
        "far": pa.array([0, 2**62], pa.timestamp("ms")),
        "price": [1.0, 2.0],
    })
    pq.write_table(refused, FOLDER / "refused.parquet")
    (FOLDER / "expected.json").write_text(json.dumps(EXPECTED, ensure_ascii=False, separators=(",", ":")) + "\n")


def types(missing):
    """A table with a column of each type that is read, of eight rows."""
    us = [1_167_816_900_000_000 + 300_000_000 * i for i in range(8)]
    numbers = [12.5, -0.0, 1e-300, 1.7976931348623157e308, 0.1, 5e-324, float("inf"), 3.0]
    integers = [0, 1, -1, 2**31 - 1, -(2**31), 42, 7, -8]
    texts = ["a", "", "bc", "a", "ü", "a", "bc", "d" * 40]
    cents = ["0.01", "-1.50", "123.45", "99.99", "0.00", "7.07", "-0.01", "1.10"]
    decimals = [decimal.Decimal(text) for text in cents]
    noon = 43_200
    columns = {
        "ms": ([value // 1000 for value in us], pa.timestamp("ms")),
        "us": (us, pa.timestamp("us")),
        "ns": ([value * 1000 + 1 for value in us], pa.timestamp("ns")),
        "utc": (us, pa.timestamp("us", "UTC")),
        "date": ([EPOCH + datetime.timedelta(13_516 + i) for i in range(8)], pa.date32()),
        "t_ms": ([noon * 10**3 + i for i in range(8)], pa.time32("ms")),
        "t_us": ([noon * 10**6 + i for i in range(8)], pa.time64("us")),
        "t_ns": ([noon * 10**9 + i for i in range(8)], pa.time64("ns")),
        "f64": (numbers, pa.float64()),
        "f32": ([0.1, 1.5, -2.0, 3e38, 1e-40, 0.0, 7.0, 8.0], pa.float32()),
        "i8": ([value % 100 for value in integers], pa.int8()),
        "i32": (integers, pa.int32()),
        "i64": ([value * 2**31 for value in integers], pa.int64()),
        "u32": ([value % 2**32 for value in integers], pa.uint32()),
        "u64": ([value % 2**32 for value in integers], pa.uint64()),
        "text": (texts, pa.string()),
        "dec": (decimals, pa.decimal128(9, 2)),
        "dec18": (decimals, pa.decimal128(18, 2)),
        "dec38": ([value * 10**30 + value for value in decimals], pa.decimal128(38, 2)),
        "bytes3": ([b"abc", b"abd", b"xyz", b"abc", b"abc", b"q12", b"abc", b"zzz"], pa.binary(3)),
    }
    arrays = {}
    for number, (name, (values, kind)) in enumerate(columns.items()):
        some = [None if missing and (i + number) % 3 == 1 else value for i, value in enumerate(values)]
        arrays[name] = pa.array(some, kind)
    return pa.table(arrays)


if __name__ == "__main__":
    main()

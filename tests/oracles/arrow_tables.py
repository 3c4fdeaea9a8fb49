"""Writes the Arrow files under tests/data/arrow, by pandas, pyarrow and polars, and what they hold.

Usage: python tests/oracles/arrow_tables.py [FOLDER]
Needs numpy, pandas, pyarrow, polars.

The tables are those of `parquet_tables.py`, as files and as streams, plain and compressed, with each type of column
that is read; and some files that must be refused. `expected.json` has for each file that can be read the values of
each column, as that of the Parquet files.
"""

import datetime
import decimal
import json
import pathlib
import sys

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.ipc as ipc

import parquet_tables as tables

FOLDER = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "tests/data/arrow")
EXPECTED = {}


def column(array):
    """The values of an Arrow column; of types that Parquet does not have, by those that it has."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        values = column(array.dictionary)
        return [None if code is None else values[code] for code in array.indices.to_pylist()]
    if pa.types.is_time(kind) and kind.unit == "s":
        array = array.cast(pa.int32()).cast(pa.int64())
        return [None if value is None else value * 10**9 for value in array.to_pylist()]
    if pa.types.is_date64(kind):
        array = array.cast(pa.date32())
    if kind == pa.string_view():
        array = array.cast(pa.string())
    return tables.column(array)


def expect(name):
    """Keeps what pyarrow reads."""
    file = FOLDER / name
    try:
        table = ipc.open_file(file).read_all()
    except pa.ArrowInvalid:
        table = ipc.open_stream(file).read_all()
    values = [[value for chunk in chunks.chunks for value in column(chunk)] for chunks in table.columns]
    EXPECTED[name] = dict(zip(table.schema.names, values))


def write(name, table, rows=None, stream=False, **options):
    """Writes an Arrow table, `rows` rows a record batch."""
    new = ipc.new_stream if stream else ipc.new_file
    with new(FOLDER / name, table.schema, options=ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table, max_chunksize=rows)
    expect(name)


def types(missing):
    """A table with a column of each type that is read, of eight rows."""
    def some(values, number):
        return [None if missing and (i + number) % 3 == 1 else value for i, value in enumerate(values)]

    table = tables.types(missing)
    noon = 43_200
    dates = [tables.EPOCH + datetime.timedelta(13_516 + i) for i in range(8)]
    texts = ["a", "", "bc", "a", "ü", "twelve bytes", "of thirteen by", "d" * 40]
    cents = [decimal.Decimal(text) for text in ["0.01", "-1.50", "123.45", "99.99", "0.00", "7.07", "-0.01", "1.10"]]
    columns = {
        "s": ([1_167_816_900 + 300 * i for i in range(8)], pa.timestamp("s")),
        "zone": ([1_167_816_900 + 300 * i for i in range(8)], pa.timestamp("s", "America/New_York")),
        "date64": (dates, pa.date64()),
        "t_s": ([noon + i for i in range(8)], pa.time32("s")),
        "i16": ([0, 1, -1, 2**15 - 1, -(2**15), 42, 7, -8], pa.int16()),
        "u8": ([0, 1, 255, 3, 4, 5, 6, 7], pa.uint8()),
        "u16": ([0, 1, 65535, 3, 4, 5, 6, 7], pa.uint16()),
        "large": (texts, pa.large_string()),
        "view": (texts, pa.string_view()),
        "bytes": ([text.encode() for text in texts], pa.binary()),
        "dec256": (cents, pa.decimal256(50, 2)),
        "dec32": (cents, pa.decimal32(9, 2)),
        "dec64": (cents, pa.decimal64(18, 2)),
    }
    for number, (name, (values, kind)) in enumerate(columns.items()):
        table = table.append_column(name, pa.array(some(values, number), kind))
    codes = pa.array(some([0, 1, 2, 1, 0, 2, 2, 1], 1), pa.int8())
    table = table.append_column("category", pa.DictionaryArray.from_arrays(codes, ["x", "yy", "zzz"]))
    stamps = pa.array([1_167_816_900, 1_167_817_200, None], pa.timestamp("s"))
    return table.append_column("stamps", pa.DictionaryArray.from_arrays(codes.cast(pa.uint32()), stamps))


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    days = [datetime.date(2007, 1, 3), datetime.date(2007, 1, 4), datetime.date(2007, 1, 5)]
    times = [datetime.time(9 + (35 + 5 * i) // 60, (35 + 5 * i) % 60) for i in range(12)]
    rows = tables.panel(["AAPL", "BRK.B", "ÖMV"], days, times, 1)
    stock, stamp, price = map(list, zip(*rows))
    long = pd.DataFrame({"stock": stock, "timestamp": pd.to_datetime(stamp), "price": price})
    category = long.assign(stock=long["stock"].astype("category"))

    # A long table by each of the three writers.
    long.to_feather(FOLDER / "long.arrow")
    expect("long.arrow")
    category.to_feather(FOLDER / "category.feather", compression="zstd")
    expect("category.feather")
    feather.write_feather(category, FOLDER / "chunks.feather", chunksize=36, compression="uncompressed")
    expect("chunks.feather")
    frame = pl.from_pandas(long)
    frame.write_ipc(FOLDER / "polars.arrow")
    expect("polars.arrow")
    frame.with_columns(pl.col("stock").cast(pl.Categorical)).write_ipc(FOLDER / "polars_category.arrow", compression="lz4")
    expect("polars_category.arrow")
    frame.write_ipc_stream(FOLDER / "polars_stream.arrow", compression="zstd")
    expect("polars_stream.arrow")
    table = pa.Table.from_pandas(category, preserve_index=False)
    write("stream.arrow", table, 36, stream=True)
    write("old.arrow", table, 50, use_legacy_format=True)
    write("version_4.arrow", table, metadata_version=ipc.MetadataVersion.V4)

    # Dictionaries that grow, or are replaced, from one record batch to the next.
    parts = [pa.Table.from_pandas(long[long["stock"] == name], preserve_index=False) for name in ["AAPL", "BRK.B", "ÖMV"]]
    codes = [pa.array([i] * 36, pa.int32()) for i in range(3)]
    growing = [pa.DictionaryArray.from_arrays(codes[i], ["AAPL", "BRK.B", "ÖMV"][: i + 1]) for i in range(3)]
    grown = pa.concat_tables([part.set_column(0, "stock", codes) for part, codes in zip(parts, growing)])
    write("deltas.arrow", grown, emit_dictionary_deltas=True)
    write("deltas_stream.arrow", grown, stream=True, emit_dictionary_deltas=True)
    other = [pa.DictionaryArray.from_arrays(codes[0], [name]) for name in ["AAPL", "BRK.B", "ÖMV"]]
    write("replaced.arrow", pa.concat_tables([part.set_column(0, "stock", one) for part, one in zip(parts, other)]), stream=True)

    # Wide tables: a column a stock, the index unnamed, named, with a time zone; two levels of names.
    wide = long.pivot(index="timestamp", columns="stock", values="price")
    wide.columns.name = None
    write("wide_named.arrow", pa.Table.from_pandas(wide))
    wide.index.name = None
    wide.iloc[3, 1] = np.nan
    write("wide.arrow", pa.Table.from_pandas(wide), compression="lz4")
    write("wide_zone.arrow", pa.Table.from_pandas(wide.tz_localize("America/New_York")))
    levels = pd.concat({"price": wide, "size": wide.round()}, axis=1).swaplevel(axis=1).sort_index(axis=1)
    write("wide_levels.arrow", pa.Table.from_pandas(levels))

    # Each type of column, with and without missing values, plain and compressed, as a file and as a stream.
    full, holes = types(missing=False), types(missing=True)
    write("types.arrow", full)
    write("missing.arrow", holes, 3)
    write("missing_lz4.arrow", holes, compression="lz4")
    write("missing_zstd.arrow", holes, 5, stream=True, compression="zstd")
    write("empty.arrow", full.slice(0, 0))
    # Slices, whose offsets do not begin at 0 and whose bits begin within a byte.
    write("slice.arrow", holes.slice(3, 4))

    # Columns that are not read come before one that is.
    nested = pa.table({
        "nothing": pa.nulls(2),
        "list": [[1.0], [2.0, 3.0]],
        "views": pa.array([["a text of more than twelve bytes"], []], pa.list_(pa.string_view())),
        "fixed": pa.array([[1, 2], [3, 4]], pa.list_(pa.int8(), 2)),
        "structure": [{"a": 1, "b": "x"}, {"a": 2, "b": None}],
        "map": pa.array([[("a", 1)], []], pa.map_(pa.string(), pa.int8())),
        "dense": pa.UnionArray.from_dense(pa.array([0, 1], pa.int8()), pa.array([0, 0], pa.int32()), [pa.array([1]), pa.array(["x"])]),
        "sparse": pa.UnionArray.from_sparse(pa.array([0, 1], pa.int8()), [pa.array([1, 2]), pa.array(["x", "y"])]),
        "runs": pa.RunEndEncodedArray.from_arrays(pa.array([2], pa.int32()), pa.array([7.0])),
        "list_view": pa.array([[1], [2, 3]], pa.list_view(pa.int8())),
        "half": pa.array(np.array([1, 2], np.float16)),
        "duration": pa.array([1, 2], pa.duration("s")),
        "truth": [True, False],
        "far": pa.array([0, 2**62], pa.timestamp("ms")),
        "u64": pa.array([1, 2**63], pa.uint64()),
        "cents": pa.array([decimal.Decimal(1), decimal.Decimal(10) ** 40], pa.decimal256(50, 0)),
        "price": [1.0, 2.0],
    })
    with ipc.new_file(FOLDER / "refused.arrow", nested.schema) as writer:
        writer.write_table(nested)
    feather.write_feather(long, FOLDER / "version_1.feather", version=1)
    (FOLDER / "expected.json").write_text(json.dumps(EXPECTED, ensure_ascii=False, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()

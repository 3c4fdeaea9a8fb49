"""The same prices give the same bytes, whoever holds them; other prices do not."""

from __future__ import annotations

from pathlib import Path

import bellwether as bw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from command import run

HOW = {
    "samples": 300,
    "confidence": 0.95,
    "seed": 3,
    "interval": ["percentile", "studentized-log"],
    "details": True,
}
TYPED = "-B 300 --confidence 0.95 --seed 3 --interval percentile,studentized-log --details".split()


def text(prices: object, **more: object) -> str:
    return bw.bootstrap(prices, **HOW, **more).to_csv()


@pytest.fixture(scope="module")
def expected(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the command line writes."""
    out = tmp_path_factory.mktemp("out") / "intervals.csv"
    written = run("bootstrap", str(folder), *TYPED, output=out).decode()
    assert written.startswith("date,stock,interval,rv,lower,upper,n,se,") and len(written.splitlines()) == 19
    return written


def test_files(folder: Path, expected: str) -> None:
    assert text(folder) == expected
    assert text(str(folder)) == expected
    assert text(sorted(folder.glob("*.csv"))) == expected
    assert text(folder, threads=1) == expected


def test_blocks_of_days(tmp_path: Path) -> None:
    """A panel that does not fit in memory, whose days are read again."""
    panel = bw.simulate(stocks=3, days=60, per_day=79, seed=7, folder=tmp_path / "prices")
    result = bw.bootstrap(tmp_path / "prices", **HOW, memory="400kB")
    assert result.to_csv() == text(panel)
    with pytest.raises(ValueError, match="too large to be held in memory"):
        result.resamples("S0001", "2007-01-03")


def test_written_file(folder: Path, expected: str, tmp_path: Path) -> None:
    result = bw.bootstrap(folder, **HOW)
    result.write(tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_bytes() == expected.encode()
    result.write(tmp_path / "a.parquet")
    frame = pd.read_parquet(tmp_path / "a.parquet")
    ours = result.to_frame()
    assert list(frame.columns) == list(ours.columns)
    assert np.array_equal(frame.lower, ours.lower) and list(frame.stock) == list(ours.stock)
    read = pd.read_csv(tmp_path / "a.csv", parse_dates=["date"], float_precision="round_trip")
    for name in read:
        assert list(read[name]) == list(ours[name]), name


def test_pandas(prices: pd.DataFrame, long: pd.DataFrame, expected: str) -> None:
    assert text(prices) == expected
    array = np.asfortranarray(prices.to_numpy())
    assert text(pd.DataFrame(array, prices.index, prices.columns)) == expected
    # Not contiguous: every other column of a wider frame.
    wider = prices.loc[:, ["S0001", "S0001", "S0002", "S0002", "S0003", "S0003"]].iloc[:, ::2]
    assert text(wider) == expected
    assert text(prices.iloc[::-1], sort=True) == expected
    assert text(prices.sample(frac=1, random_state=1), sort=True) == expected
    assert text(prices.tz_localize("America/New_York")) == expected
    assert (
        text(prices.tz_localize("America/New_York").tz_convert("UTC"), timezone="America/New_York")
        == expected
    )
    assert text(prices.tz_localize("Etc/GMT+5").tz_convert("-05:00")) == expected
    assert text(prices.rename_axis(None)) == expected
    assert text(prices.rename_axis("when")) == expected
    assert text(prices.reset_index()) == expected
    assert text(prices.astype(object)) == expected
    assert text(prices.convert_dtypes()) == expected
    assert text(prices[["S0003", "S0001", "S0002"]]) == expected
    assert text(prices.set_index(prices.index.astype("datetime64[s]"))) == expected
    assert text(long) == expected
    assert text(long.astype({"stock": "category"})) == expected
    assert text(long.set_index(["time", "stock"])) == expected
    assert text(long.set_index("time")) == expected
    assert (
        text(
            long.rename(columns={"time": "x", "stock": "y", "price": "z"}),
            columns={"time": "x", "stock": "y", "price": "z"},
        )
        == expected
    )
    apart = long.assign(date=long.time.dt.strftime("%Y%m%d").astype(int), time=long.time.dt.strftime("%H:%M"))
    assert text(apart) == expected
    stamps = long.assign(time=long.time.astype(str))
    assert text(stamps) == expected
    assert text(prices.to_period("min")) == expected


def test_missing_rows_are_skipped_as_in_files(prices: pd.DataFrame, expected: str) -> None:
    # Rows without any price change nothing.
    more = pd.concat([prices, pd.DataFrame(np.nan, prices.index + pd.Timedelta("30s"), prices.columns)])
    assert text(more.sort_index(), missing="skip") == expected
    with pytest.raises(ValueError, match="row 1 .from 0., column .S0001.: the price"):
        text(more.sort_index())


def test_polars(prices: pd.DataFrame, long: pd.DataFrame, expected: str) -> None:
    wide = pl.from_pandas(prices.reset_index())
    assert text(wide) == expected
    assert text(pl.from_pandas(long)) == expected
    assert text(pl.from_pandas(long).with_columns(pl.col("stock").cast(pl.Categorical))) == expected
    assert text(wide.with_columns(pl.col("Time").dt.cast_time_unit("ms"))) == expected
    zoned = wide.with_columns(pl.col("Time").dt.replace_time_zone("America/New_York"))
    assert text(zoned) == expected
    chunks = pl.concat([wide[:50], wide[50:51], wide[51:]], rechunk=False)
    assert text(chunks) == expected
    decimals = wide.with_columns(pl.col("S0001").cast(pl.Decimal(12, 2)))
    assert text(decimals) == expected
    split = pl.from_pandas(long).with_columns(
        pl.col("time").dt.date().alias("date"), pl.col("time").dt.time()
    )
    assert text(split) == expected


def test_arrow(prices: pd.DataFrame, long: pd.DataFrame, expected: str) -> None:
    assert text(pa.Table.from_pandas(prices.reset_index())) == expected
    table = pa.Table.from_pandas(long)
    assert text(table) == expected
    assert text(table.to_reader(max_chunksize=17)) == expected
    coded = table.set_column(1, "stock", table.column("stock").dictionary_encode())
    assert text(coded) == expected

    class Anything:
        """What knows Arrow's stream and nothing else."""

        def __arrow_c_stream__(self, requested_schema: object = None) -> object:
            return table.__arrow_c_stream__(requested_schema)

    assert text(Anything()) == expected


def test_numpy(prices: pd.DataFrame, expected: str) -> None:
    array, dates, names = prices.to_numpy(), prices.index.to_numpy(), list(prices.columns)
    assert text(array, dates=dates, names=names) == expected
    assert text(array, dates=dates) == expected, "S0001 and so on"
    assert text(np.asfortranarray(array), dates=dates) == expected
    assert text(np.repeat(array, 2, axis=1)[:, ::2], dates=dates) == expected
    assert text(array[::-1][::-1], dates=list(dates)) == expected
    assert text(array, dates=prices.index.tz_localize("America/New_York")) == expected
    assert text(array, dates=dates.astype("M8[m]")) == expected
    assert text(array, dates=dates.astype(str)) == expected


def test_panels(folder: Path, prices: pd.DataFrame, expected: str) -> None:
    assert text(bw.read_panel(folder)) == expected
    assert text(bw.read_panel(prices)) == expected
    assert text(bw.simulate(stocks=3, days=3, per_day=79, seed=7)) == expected
    # And back again.
    assert text(bw.read_panel(folder).to_frame()) == expected
    assert text(bw.read_panel(folder).to_frame(layout="long")) == expected
    pd.testing.assert_frame_equal(
        bw.read_panel(folder).to_frame(), prices.rename_axis("time"), check_index_type=False
    )


def test_returns(folder: Path, expected: str) -> None:
    days = bw.read_panel(folder)._panel.returns()
    values = np.concatenate([returns for _, _, returns in days])
    dates = np.concatenate([np.full(len(returns), day) for day, _, returns in days]).astype("M8[D]")
    assert bw.bootstrap(returns=values, dates=dates, **HOW).to_csv() == expected
    times = dates.astype("M8[m]") + np.tile(np.arange(78), 3)
    frame = pd.DataFrame(values, pd.DatetimeIndex(times), ["S0001", "S0002", "S0003"])
    assert bw.bootstrap(returns=frame, **HOW).to_csv() == expected
    assert (
        bw.bootstrap(returns=pl.from_pandas(frame.rename_axis("time").reset_index()), **HOW).to_csv()
        == expected
    )
    first = np.zeros(len(values), dtype=bool)
    first[::78] = True
    with_first = pd.concat(
        [frame, pd.DataFrame(np.nan, frame.index[first] - pd.Timedelta("1s"), frame.columns)]
    )
    assert bw.bootstrap(returns=with_first.sort_index(), missing="skip", **HOW).to_csv() == expected
    with pytest.raises(
        ValueError, match=r"row 0 \(from 0\), column .S0001.: the return NaN is no finite number"
    ):
        bw.bootstrap(returns=with_first.sort_index(), **HOW)


def test_the_lectures_returns(prices: pd.DataFrame, returns: pd.DataFrame) -> None:
    ours = bw.bootstrap(returns=returns, samples=200).to_frame()
    theirs = (returns**2).groupby(returns.index.date).sum().stack().to_numpy()
    assert np.allclose(ours.rv, theirs, rtol=1e-12, atol=0)
    assert np.allclose(ours.lower, bw.bootstrap(prices, samples=200).to_frame().lower, rtol=1e-6, atol=0)


@pytest.mark.parametrize("mutant", ["a day shifted", "columns swapped", "a price changed"])
def test_mutants_differ(prices: pd.DataFrame, expected: str, mutant: str) -> None:
    other = prices.copy()
    if mutant == "a day shifted":
        shift = np.where(prices.index.day == prices.index.day.min(), -1, 0)
        other.index = prices.index + pd.to_timedelta(shift, unit="D")
    elif mutant == "columns swapped":
        other.columns = ["S0002", "S0001", "S0003"]
    else:
        other.iloc[100, 1] += 0.01
    found = text(other)
    assert found != expected
    different = [(one, two) for one, two in zip(found.splitlines(), expected.splitlines()) if one != two]
    assert len(different) == {"a day shifted": 6, "columns swapped": 12, "a price changed": 2}[mutant]


def test_cleaning_is_that_of_files(folder: Path, prices: pd.DataFrame, tmp_path: Path) -> None:
    for options, typed in [
        ({"every": "10min"}, ["--every", "10min"]),
        (
            {"every": "10min", "subsample": 2, "interval": "studentized-log"},
            "--every 10min --subsample 2 --interval studentized-log".split(),
        ),
        (
            {"every": "20min", "subsample": 4, "scheme": "block", "by": "all"},
            "--every 20min --subsample 4 --scheme block --by all".split(),
        ),
        ({"session": "10:00-15:00"}, ["--session", "10:00-15:00"]),
        ({"every": "3ticks", "stocks": ["S0001", "S0003"]}, ["--every", "3ticks", "--stocks", "S0001,S0003"]),
        ({"from_day": "2007-01-04"}, ["--from", "2007-01-04"]),
        ({"to_day": pd.Timestamp("2007-01-04")}, ["--to", "2007-01-04"]),
        ({"outliers": "20,0.1,0.01"}, ["--outliers", "20,0.1,0.01"]),
        (
            {"measure": "correlation", "against": "S0002", "interval": "bca"},
            "--measure correlation --against S0002 --interval bca".split(),
        ),
        ({"by": "week", "measure": ["rv", "volatility"]}, "--by week --measure variance,volatility".split()),
        ({"scheme": "block", "block": 5}, "--scheme block --block 5".split()),
        ({"scheme": "stationary"}, "--scheme stationary".split()),
        ({"samples": "exact", "side": "upper"}, "--samples exact --side upper".split()),
    ]:
        out = tmp_path / "out.csv"
        samples = [] if "samples" in options else ["-B", "100"]
        written = run("bootstrap", str(folder), *samples, *typed, output=out).decode()
        for source in (prices, folder):
            assert bw.bootstrap(source, **{"samples": 100, **options}).to_csv() == written, options

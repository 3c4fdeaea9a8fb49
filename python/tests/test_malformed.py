"""Frames that can't be used: each is refused by a message of its own, which says where."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import bellwether as bw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

TIMES = pd.date_range("2007-01-03 09:35", periods=6, freq="min")


def wide(**columns: Any) -> pd.DataFrame:
    """Two stocks; the columns given are exchanged."""
    whole = {"AXP": [60.0, 60.5, 60.25, 60.5, 61.0, 60.0], "BA": [89.0, 89.5, 88.75, 89.0, 89.25, 89.5]}
    return pd.DataFrame({**whole, **columns}, index=TIMES)


def long(**columns: Any) -> pd.DataFrame:
    """One stock, a row a price."""
    whole = {"time": TIMES, "stock": ["AXP"] * 6, "price": [60.0, 60.5, 60.25, 60.5, 61.0, 60.0]}
    return pd.DataFrame({**whole, **columns})


def with_price(price: Any, row: int = 2) -> list[Any]:
    """Prices of which one is another."""
    prices: list[Any] = [60.0, 60.5, 60.25, 60.5, 61.0, 60.0]
    prices[row] = price
    return prices


def with_time(time: Any, row: int = 3) -> pd.DataFrame:
    """Times of which one is another."""
    times = list(TIMES)
    times[row] = time
    return wide().set_index(pd.DatetimeIndex(times))


def levels() -> pd.DataFrame:
    return pd.concat({"Close": wide(), "Open": wide()}, axis=1)


ARRAY = wide().to_numpy()
DATES = TIMES.to_numpy()

# What it is, what is called, and what must be said.
CASES: list[tuple[str, Callable[[], Any], str]] = [
    (
        "NaN",
        lambda: bw.bootstrap(wide(BA=with_price(np.nan))),
        r'prices: row 2 \(from 0\), column "BA": the price .* is missing or not finite.*missing="skip"',
    ),
    (
        "NaN, float32",
        lambda: bw.bootstrap(wide(AXP=np.array(with_price(np.nan, 4), dtype="f4"))),
        r'row 4 \(from 0\), column "AXP": the price',
    ),
    (
        "first of several",
        lambda: bw.bootstrap(wide(AXP=with_price(-1, 5), BA=with_price(np.nan, 4))),
        r'row 4 \(from 0\), column "BA"',
    ),
    (
        "infinity",
        lambda: bw.bootstrap(wide(BA=with_price(np.inf))),
        r'row 2 \(from 0\), column "BA": the price inf is missing or not finite',
    ),
    (
        "zero",
        lambda: bw.bootstrap(wide(BA=with_price(0.0))),
        r'row 2 \(from 0\), column "BA": the price 0 is not positive',
    ),
    (
        "negative",
        lambda: bw.bootstrap(wide(AXP=with_price(-60.5))),
        r'row 2 \(from 0\), column "AXP": the price -60.5 is not positive',
    ),
    (
        "text",
        lambda: bw.bootstrap(wide(BA=with_price("n.a."))),
        r'row 2 \(from 0\), column "BA": the price "n.a." is not a number',
    ),
    (
        "decimal comma",
        lambda: bw.bootstrap(wide(BA=with_price("60,25"))),
        r'row 2 .*column "BA": the price "60,25" has a comma.*decimal="comma"',
    ),
    (
        "None",
        lambda: bw.bootstrap(wide(BA=with_price(None, 1))),
        r'row 1 \(from 0\), column "BA": the price .* is missing',
    ),
    (
        "bool",
        lambda: bw.bootstrap(wide(BA=[True] * 6)),
        r'row 0 .*column "BA": the price "True" is not a number',
    ),
    (
        "complex",
        lambda: bw.bootstrap(wide(BA=[1j] * 6)),
        r'row 0 .*column "BA": the price "1j" is not a number',
    ),
    (
        "nullable NA",
        lambda: bw.bootstrap(wide(BA=pd.array(with_price(None, 3), dtype="Float64"))),
        r'row 3 \(from 0\), column "BA": the price .* is missing',
    ),
    (
        "days as prices",
        lambda: bw.bootstrap(wide(BA=TIMES)),
        r'row 0 .*column "BA": the price .* is not a number',
    ),
    (
        "NaT",
        lambda: bw.bootstrap(with_time(pd.NaT)),
        r'row 3 \(from 0\), column "timestamp": a missing value is not a day and a time',
    ),
    (
        "unsorted",
        lambda: bw.bootstrap(wide().iloc[[0, 2, 1, 3, 4, 5]]),
        r'row 2 \(from 0\), column "timestamp": the time 09:36 does not come after 09:37.*sort',
    ),
    (
        "repeated time",
        lambda: bw.bootstrap(with_time(TIMES[2])),
        r'row 3 \(from 0\), column "timestamp": the time 09:37 does not come after 09:37',
    ),
    (
        "days back",
        lambda: bw.bootstrap(with_time(TIMES[3] - pd.Timedelta("1D"))),
        r'row 3 .*column "timestamp": the day 2007-01-02 does not come after 2007-01-03',
    ),
    (
        "a year beyond",
        lambda: bw.bootstrap(
            wide().set_index(pd.DatetimeIndex(TIMES.astype("datetime64[s]") + pd.Timedelta(days=365 * 300)))
        ),
        r'row 0 \(from 0\), column "timestamp": 2306.* lies outside of the years 1678 to 2261',
    ),
    ("no rows", lambda: bw.bootstrap(wide().iloc[:0]), r"prices: there are no rows"),
    ("no columns", lambda: bw.bootstrap(wide()[[]]), r"prices: the header names no column for the price"),
    (
        "nothing",
        lambda: bw.bootstrap(pd.DataFrame()),
        r"prices: the header names no column for the time|there are no rows",
    ),
    (
        "one row",
        lambda: bw.bootstrap(wide().iloc[:1]),
        r"no day is left: 2 day\(s\) of a stock with fewer than two prices",
    ),
    (
        "levels of columns",
        lambda: bw.bootstrap(levels()),
        r"the columns have 2 levels, the first is \('Close', 'AXP'\); choose one by prices\[NAME\]",
    ),
    (
        "levels of rows",
        lambda: bw.bootstrap(pd.concat({1: wide(), 2: wide()})),
        r"the rows have an index of 2 levels without names",
    ),
    (
        "two columns of a name",
        lambda: bw.bootstrap(pd.concat([wide(), wide()[["BA"]]], axis=1)),
        r"two columns for the stock: BA",
    ),
    (
        "a stock without a name",
        lambda: bw.bootstrap(wide().rename(columns={"BA": ""})),
        r"prices: the header names no column for the price|the stock is empty",
    ),
    (
        "a stock named by a line feed",
        lambda: bw.bootstrap(wide().rename(columns={"BA": "B\nA"})),
        r"the stock .*B\\+nA.* has control characters in its name",
    ),
    (
        "open, high, low",
        lambda: bw.bootstrap(wide().rename(columns={"AXP": "open", "BA": "high"})),
        r'the header names no column for the price \(its columns are "timestamp", "open", "high"\)',
    ),
    (
        "no times",
        lambda: bw.bootstrap(wide().reset_index(drop=True)),
        r'the header names no column for the time \(its columns are "AXP", "BA"\)',
    ),
    (
        "two times",
        lambda: bw.bootstrap(wide().assign(datetime=TIMES)),
        r"the header names two columns for the time",
    ),
    (
        "two prices",
        lambda: bw.bootstrap(long().assign(close=1.0)),
        r'the header names two columns for the price: "price", "close"',
    ),
    (
        "no such column",
        lambda: bw.bootstrap(long(), columns={"price": "mid"}),
        r'there is no column "mid"; there are "time", "stock", "price"',
    ),
    (
        "no such role",
        lambda: bw.bootstrap(long(), columns={"prices": "price"}),
        r'columns has the role "prices", but there are date, time, price and stock',
    ),
    (
        "a row without a stock",
        lambda: bw.bootstrap(long(stock=["AXP", "AXP", None, "AXP", "AXP", "AXP"])),
        r'row 2 \(from 0\), column "stock": the stock is empty',
    ),
    (
        "long, a price",
        lambda: bw.bootstrap(long(price=with_price("x"))),
        r'row 2 \(from 0\), column "price": the price "x" is not a number',
    ),
    (
        "long, a time",
        lambda: bw.bootstrap(long(time=["2007-01-03 09:35"] + ["later"] * 5)),
        r'row 1 \(from 0\), column "time": "later" is not a day and a time',
    ),
    (
        "a date in two ways",
        lambda: bw.bootstrap(long(time=[f"01/03/2007 09:3{i}" for i in range(6)])),
        r'row 0 .*"01/03/2007".* can be read in two ways; say date_format="mdy"',
    ),
    (
        "no such stock",
        lambda: bw.bootstrap(wide(), stocks="IBM"),
        r'the panel has no stock "IBM"; it has AXP, BA',
    ),
    (
        "no such day",
        lambda: bw.bootstrap(wide(), from_day="2008-01-01"),
        r"the panel has no day from 2008-01-01 on; it has 1 day\(s\) from 2007-01-03",
    ),
    (
        "days exchanged",
        lambda: bw.bootstrap(wide(), from_day="2007-02-01", to_day="2007-01-01"),
        r"the range of days is empty",
    ),
    ("no filter's column", lambda: bw.bootstrap(long(), where="EX=N"), r'there is no column "EX"'),
    (
        "a series without times",
        lambda: bw.bootstrap(pd.Series([1.0, 2.0], name="AXP")),
        r"a series must have times for an index, not int64",
    ),
    ("an array without dates", lambda: bw.bootstrap(ARRAY), r"prices: an array needs dates"),
    (
        "dates of another number",
        lambda: bw.bootstrap(ARRAY, dates=DATES[:5]),
        r"there are 5 dates for 6 rows",
    ),
    (
        "names of another number",
        lambda: bw.bootstrap(ARRAY, dates=DATES, names=["A"]),
        r"there must be 2 names, one a column, not \['A'\]",
    ),
    (
        "an array of three dimensions",
        lambda: bw.bootstrap(ARRAY.reshape(6, 2, 1), dates=DATES),
        r"rows × stocks, not float64 in 3 dimensions",
    ),
    (
        "an array of texts",
        lambda: bw.bootstrap(ARRAY.astype(str), dates=DATES),
        r"an array must hold numbers",
    ),
    (
        "an array, NaN",
        lambda: bw.bootstrap(np.where(ARRAY == 88.75, np.nan, ARRAY), dates=DATES),
        r'prices: row 2 \(from 0\), column "S0002": the price',
    ),
    (
        "an array of years beyond",
        lambda: bw.bootstrap(ARRAY, dates=DATES.astype("M8[s]") + np.timedelta64(400 * 365, "D")),
        r'row 0 \(from 0\), column "time": 2406.* lies outside',
    ),
    (
        "days for prices, sampled",
        lambda: bw.bootstrap(ARRAY, dates=DATES.astype("M8[D]"), every="5min"),
        r"dates are days without times, so that every means nothing",
    ),
    (
        "polars, null",
        lambda: bw.bootstrap(pl.from_pandas(wide(BA=with_price(None, 5)).rename_axis("time").reset_index())),
        r'row 5 \(from 0\), column "BA": the price',
    ),
    (
        "polars, a list",
        lambda: bw.bootstrap(pl.DataFrame({"time": list(TIMES), "AXP": [[1.0]] * 6, "BA": [1.0] * 6})),
        r'row 0 .*column "AXP": the price "a value of Arrow\'s type Large.* is not a number',
    ),
    (
        "arrow, no table",
        lambda: bw.bootstrap(pa.chunked_array([[1.0, 2.0]])),
        r"prices: Arrow's stream can't be read",
    ),
    (
        "arrow, a zone that is none",
        lambda: bw.bootstrap(
            pa.table({"time": pa.array([1, 2], pa.timestamp("s", "Nowhere/City")), "AXP": [1.0, 2.0]})
        ),
        r'the times are in the zone "Nowhere/City", which is not known',
    ),
    (
        "arrow, a time beyond",
        lambda: bw.bootstrap(pa.table({"time": pa.array([1, 2**60], pa.timestamp("s")), "AXP": [1.0, 2.0]})),
        r'row 1 \(from 0\), column "time": the time lies outside',
    ),
    (
        "returns, infinite",
        lambda: bw.bootstrap(returns=wide(BA=with_price(-np.inf))),
        r'returns: row 2 \(from 0\), column "BA": the return -inf is no finite number',
    ),
    (
        "returns, text",
        lambda: bw.bootstrap(returns=wide(BA=with_price("x"))),
        r'returns: row 2 \(from 0\), column "BA": the return .*x.* is no finite number|row 0',
    ),
    (
        "returns, sampled",
        lambda: bw.bootstrap(returns=wide(), every="5min"),
        r"every is given, but returns are taken as they are",
    ),
    (
        "returns, unsorted",
        lambda: bw.bootstrap(returns=wide().iloc[::-1]),
        r'returns: row 1 \(from 0\), column "timestamp": the time 09:39 does not come after 09:40',
    ),
    ("returns of files", lambda: bw.bootstrap(returns="prices"), r"files hold prices"),
]


@pytest.mark.parametrize(("make", "said"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_refused(make: Callable[[], Any], said: str) -> None:
    with pytest.raises(ValueError, match=said) as refused:
        make()
    text = str(refused.value)
    assert "panicked" not in text and "`" not in text and "--" not in text and "\n" not in text.strip()


def test_each_has_a_message_of_its_own() -> None:
    assert len(CASES) >= 40
    texts = set()
    for _, make, _ in CASES:
        with pytest.raises(ValueError) as refused:
            make()
        texts.add(str(refused.value))
    assert len(texts) == len(CASES)


@pytest.mark.parametrize("what", [5, object(), {"AXP": [1.0]}, [1.0, 2.0], b"prices", lambda: 0])
def test_other_types(what: object) -> None:
    with pytest.raises(TypeError, match="prices can't be a"):
        bw.bootstrap(what)


def test_one_table_at_a_time() -> None:
    with pytest.raises(TypeError, match="either prices or returns"):
        bw.bootstrap()
    with pytest.raises(TypeError, match="either prices or returns"):
        bw.bootstrap(wide(), returns=wide())


def test_names_that_are_those_of_quantities() -> None:
    # LOW is Lowe's; a low is a low.
    frame = wide().rename(columns={"AXP": "LOW", "BA": "OPEN"})
    assert list(bw.bootstrap(frame, samples=10).to_frame().stock) == ["LOW", "OPEN"]
    assert bw.bootstrap(wide()["AXP"], samples=10).stocks == ["AXP"]
    assert bw.bootstrap(wide()["AXP"].rename("close"), samples=10).stocks == ["close"]

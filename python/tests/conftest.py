"""A small panel, in files and in memory."""

from __future__ import annotations

from pathlib import Path

import bellwether as bw
import numpy as np
import pandas as pd
import pytest

STOCKS, DAYS, PER_DAY = 3, 3, 79


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A panel in files: one a stock, lines of day, time and price."""
    folder = tmp_path_factory.mktemp("panel") / "prices"
    bw.simulate(stocks=STOCKS, days=DAYS, per_day=PER_DAY, seed=7, folder=folder)
    return folder


@pytest.fixture(scope="session")
def prices(folder: Path) -> pd.DataFrame:
    """The same by pandas, as the lecture reads it: an index of times, a column a stock."""
    columns = {}
    for file in sorted(folder.glob("*.csv")):
        table = pd.read_csv(file, header=None, names=["day", "time", "price"])
        times = pd.to_datetime(table.day * 10**4 + table.time, format="%Y%m%d%H%M")
        columns[file.stem] = pd.Series(table.price.to_numpy(), index=pd.DatetimeIndex(times, name="Time"))
    return pd.DataFrame(columns)


@pytest.fixture(scope="session")
def long(prices: pd.DataFrame) -> pd.DataFrame:
    """The same, a row a price."""
    table = prices.stack().reset_index()
    table.columns = ["time", "stock", "price"]
    return table


@pytest.fixture(scope="session")
def returns(prices: pd.DataFrame) -> pd.DataFrame:
    """The lecture's returns."""
    return np.log(prices).groupby(prices.index.date).diff().dropna()

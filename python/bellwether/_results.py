"""What functions give back: panels, intervals, comparisons, devices."""

from __future__ import annotations

import importlib
import json
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from ._options import OF_TWO, measure_names

if TYPE_CHECKING:
    import datetime
    import os

    import numpy as np
    import numpy.typing as npt
    import pandas as pd
    import polars as pl

    from . import _bellwether

    Floats = npt.NDArray[np.float64]
    Layout = Literal["long", "wide"]


def _days(numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.datetime64]:
    """Days, from their numbers since 1970-01-01."""
    return numbers.astype("M8[D]")


class Panel:
    """A panel of intraday prices in memory, read by :func:`read_panel` or made by :func:`simulate`.

    Attributes
    ----------
    stocks : list of str
        The stocks, sorted.
    understood : list of str
        How tables were understood, one line each.
    steps : list of str
        How many rows filters, cleaning and sampling took, one line each.

    Examples
    --------
    >>> import bellwether as bw
    >>> panel = bw.simulate(stocks=3, days=2, per_day=40)
    >>> panel
    Panel of 3 stocks, 2 days, 2007-01-03 to 2007-01-04
    >>> panel.to_frame().shape
    (80, 3)
    """

    def __init__(self, panel: _bellwether.Panel, truth: dict[str, Any] | None = None) -> None:
        self._panel = panel
        self._truth = truth

    @property
    def stocks(self) -> list[str]:
        """The stocks, sorted."""
        return self._panel.stocks

    @property
    def understood(self) -> list[str]:
        """How tables were understood, one line each."""
        return self._panel.understood

    @property
    def steps(self) -> list[str]:
        """How many rows filters, cleaning and sampling took, one line each."""
        return self._panel.steps

    @property
    def dates(self) -> npt.NDArray[np.datetime64]:
        """The days, in order."""
        return _days(self._panel.day_numbers())

    def to_frame(self, *, layout: Layout = "wide") -> pd.DataFrame:
        """The prices as a frame of pandas.

        Parameters
        ----------
        layout : {"wide", "long"}
            A column a stock under an index of times, NaN where a stock has no price; or the columns
            ``time``, ``stock`` and ``price``.

        Returns
        -------
        pandas.DataFrame
            Times × stocks, or a row a price.

        Raises
        ------
        ValueError
            Where there is no such layout.
        """
        import pandas as pd

        times, prices = self.to_numpy()
        if layout == "wide":
            return pd.DataFrame(prices, index=pd.DatetimeIndex(times, name="time"), columns=self.stocks)
        if layout != "long":
            raise ValueError(f'layout is {layout!r}, but it must be "wide" or "long"')
        row, stock = (prices == prices).nonzero()
        names = pd.Index(self.stocks)
        return pd.DataFrame({"time": times[row], "stock": names.take(stock), "price": prices[row, stock]})

    def to_numpy(self) -> tuple[npt.NDArray[np.datetime64], Floats]:
        """Times and prices as arrays: N of ``datetime64[ns]``, and N × stocks, NaN where there is none."""
        times, prices = self._panel.prices()
        return times.view("M8[ns]"), prices

    def truth(self) -> pd.DataFrame:
        """The variances that simulated prices were drawn from.

        Returns
        -------
        pandas.DataFrame
            ``date``, ``stock``, ``integrated_variance``, ``quadratic_variation``; in squared log returns,
            from a day's first price to its last.

        Raises
        ------
        ValueError
            Where the panel was not simulated.

        Examples
        --------
        >>> import bellwether as bw
        >>> bw.simulate(stocks=1, days=1, per_day=40).truth().shape
        (1, 4)
        """
        import pandas as pd

        if self._truth is None:
            raise ValueError("the truth is known of simulated panels alone")
        columns = dict(self._truth)
        columns["date"] = columns["date"].astype("M8[s]")
        columns["stock"] = [self.stocks[number] for number in columns["stock"]]
        return pd.DataFrame(columns)

    def __repr__(self) -> str:
        days = self.dates
        stocks, count = len(self.stocks), len(days)
        stocks_ = f"{stocks} stock{'' if stocks == 1 else 's'}"
        days_ = f"{count} day{'' if count == 1 else 's'}"
        return f"Panel of {stocks_}, {days_}, {days[0]} to {days[-1]}"


class Intervals:
    """Confidence intervals of every day and stock: what :func:`bootstrap` and :func:`exact` give.

    Attributes
    ----------
    stocks : list of str
        The panel's stocks.
    device : str
        What was computed on, and why.
    seconds : float
        From returns in memory to intervals, by the clock.
    """

    def __init__(self, intervals: _bellwether.Intervals, measures: list[str]) -> None:
        self._intervals = intervals
        self._measures = measures

    @property
    def stocks(self) -> list[str]:
        """The panel's stocks."""
        return self._intervals.stocks

    @property
    def device(self) -> str:
        """What was computed on, and why."""
        return self._intervals.device

    @property
    def seconds(self) -> float:
        """From returns in memory to intervals, by the clock."""
        return self._intervals.seconds

    @property
    def method(self) -> list[dict[str, Any]]:
        """Each measure's method with all parameters, versions and the bound on the rounding error.

        Examples
        --------
        >>> import bellwether as bw
        >>> result = bw.bootstrap(bw.simulate(stocks=1, days=1, per_day=40), samples=100)
        >>> result.method[0]["samples"], result.method[0]["random_stream"]
        (100, 1)
        """
        found: list[dict[str, Any]] = json.loads(self._intervals.description())
        return found

    def to_dict(self) -> dict[str, npt.NDArray[Any]]:
        """The long table's columns as arrays, a value a record, by date, then stock.

        Returns
        -------
        dict of numpy.ndarray
            ``date`` (``datetime64[D]``), ``stock``, with several measures or intervals ``measure`` and
            ``interval``, the estimate (``rv``), ``lower``, ``upper``, and the details' columns.

        Examples
        --------
        >>> import bellwether as bw
        >>> result = bw.bootstrap(bw.simulate(stocks=1, days=1, per_day=40), samples=100)
        >>> list(result.to_dict())
        ['date', 'stock', 'rv', 'lower', 'upper']
        """
        import numpy as np

        columns: dict[str, npt.NDArray[Any]] = {}
        for name, kind, values, dictionary in self._intervals.columns():
            if kind == "date":
                columns[name] = _days(values)
            elif kind == "text":
                columns[name] = np.array(dictionary, dtype=object)[values]
            else:
                columns[name] = values
        return columns

    def to_frame(self, *, layout: Layout = "long") -> pd.DataFrame:
        """The intervals as a frame of pandas.

        Parameters
        ----------
        layout : {"long", "wide"}
            A record for each day and stock; or a row a day under two levels of columns, the stock and
            ``lower``, ``upper``: what the lecture's ``getCI`` gives.

        Returns
        -------
        pandas.DataFrame
            In the units of the measure: squared log returns for realized variance.

        Raises
        ------
        ValueError
            Where the wide layout is asked for of several measures, intervals, or with details.

        Examples
        --------
        >>> import bellwether as bw
        >>> result = bw.bootstrap(bw.simulate(stocks=2, days=2, per_day=79, seed=1), samples=1000)
        >>> result.to_frame(layout="wide")
                       S0001               S0002
                       lower     upper     lower     upper
        2007-01-03  0.000115  0.000291  0.000107  0.000268
        2007-01-04  0.000109  0.000195  0.000150  0.000298
        """
        import pandas as pd

        if layout == "wide":
            days, stocks, values = self._intervals.wide()
            columns = pd.MultiIndex.from_tuples(
                [(stock, end) for stock in stocks for end in ("lower", "upper")]
            )
            return pd.DataFrame(values, index=pd.Index(_days(days).tolist(), dtype=object), columns=columns)
        if layout != "long":
            raise ValueError(f'layout is {layout!r}, but it must be "long" or "wide"')
        columns_ = self.to_dict()
        columns_["date"] = columns_["date"].astype("M8[s]")
        return pd.DataFrame(columns_)

    def to_polars(self) -> pl.DataFrame:
        """The long table as a frame of polars.

        Examples
        --------
        >>> import bellwether as bw
        >>> result = bw.bootstrap(bw.simulate(stocks=1, days=1, per_day=40), samples=100)
        >>> result.to_polars().shape
        (1, 5)
        """
        import polars as pl

        return pl.DataFrame({name: self._plain(values) for name, values in self.to_dict().items()})

    def to_arrow(self) -> Any:
        """The long table as a ``pyarrow.Table``.

        Examples
        --------
        >>> import bellwether as bw
        >>> result = bw.bootstrap(bw.simulate(stocks=1, days=1, per_day=40), samples=100)
        >>> result.to_arrow().num_rows
        1
        """
        return importlib.import_module("pyarrow").table(
            {name: self._plain(values) for name, values in self.to_dict().items()}
        )

    @staticmethod
    def _plain(values: npt.NDArray[Any]) -> Any:
        return values.tolist() if values.dtype == object else values

    def to_csv(self, *, layout: Layout = "long") -> str:
        """The table as the command line writes it: the same bytes.

        Examples
        --------
        >>> import bellwether as bw
        >>> result = bw.bootstrap(bw.simulate(stocks=1, days=1, per_day=40), samples=100)
        >>> result.to_csv().splitlines()[0]
        'date,stock,rv,lower,upper'
        """
        return self._intervals.bytes("csv", layout).decode()

    def write(
        self, path: str | os.PathLike[str], *, format: str | None = None, layout: Layout = "long"
    ) -> None:
        """Write the table to a file, whole or not at all, as the command line does.

        Parameters
        ----------
        path : str or path
            The file; its extension says the format: ``.csv``, ``.json`` or ``.parquet``.
        format : {"csv", "json", "parquet"}, optional
            The format, where the extension does not say it.
        layout : {"long", "wide"}
            As in :meth:`to_frame`.

        Raises
        ------
        ValueError
            Where the extension is of no such format.
        OSError
            Where the file can't be written.
        """
        self._intervals.write(path, format, layout)

    def resamples(self, stock: str, date: str | datetime.date, *, measure: str | None = None) -> Floats:
        """The resampled statistics of one stock and day: what percentile intervals are quantiles of.

        They are drawn again, by the same stream, and the array is the library's own, not a copy.

        Parameters
        ----------
        stock : str
            The stock.
        date : str or date
            The day.
        measure : str, optional
            Which measure, where there are several.

        Returns
        -------
        numpy.ndarray
            As many as samples, in the units of the measure, in the order of their numbers: those of a run
            with fewer samples come first.

        Raises
        ------
        ValueError
            Where there is no such stock, day or measure, or nothing was drawn.

        Examples
        --------
        >>> import bellwether as bw
        >>> result = bw.bootstrap(bw.simulate(stocks=2, days=2, per_day=79), samples=1000)
        >>> draws = result.resamples("S0001", "2007-01-03")
        >>> draws.shape
        (1000,)
        >>> import numpy as np
        >>> float(np.quantile(draws, 0.005)) == float(result.to_frame().lower[0])
        True
        """
        number = 0
        if measure is not None:
            (name,) = measure_names(measure)
            if name not in self._measures:
                raise ValueError(f"measure is {measure!r}, but there are {', '.join(self._measures)}")
            number = self._measures.index(name)
        elif len(self._measures) > 1:
            raise ValueError(f"say which measure: {', '.join(self._measures)}")
        return self._intervals.resamples(stock, date, number)

    def __repr__(self) -> str:
        method = self.method[0]
        how = "exact" if method["exact"] else f"{method['samples']} samples"
        measures, kinds = ", ".join(self._intervals.names), ", ".join(method["intervals"])
        sure, stocks = f"confidence {method['confidence']}", f"{len(self.stocks)} stocks"
        return f"Intervals: {measures}, {kinds}, {sure}, {how}, {stocks}"


class Comparison:
    """Times of the same work at several sizes on several devices: what :func:`compare` gives.

    Attributes
    ----------
    records : list of dict
        A record for each size and device; times are in seconds.
    machine : dict
        The machine and the versions.
    """

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.records: list[dict[str, Any]] = document["records"]
        self.machine: dict[str, Any] = document["machine"]

    def to_frame(self) -> pd.DataFrame:
        """The records as a frame of pandas: ``size``, ``device``, ``median``, ``min``, ``max``, and more."""
        import pandas as pd

        return pd.DataFrame(self.records)

    def __repr__(self) -> str:
        lines = [
            f"{record['size']:>12,}  {record['device']:<24} {record['median']:.6f} s"
            for record in self.records
        ]
        return "\n".join(lines)


class Device(NamedTuple):
    """An adapter of this machine."""

    number: int
    name: str
    backend: str
    kind: str
    driver: str
    software: bool
    binding_bytes: int
    unusable: str | None


class Devices(NamedTuple):
    """What this machine can compute on.

    Attributes
    ----------
    threads : int
        Threads of the CPU.
    adapters : list of Device
        GPUs, and drivers that compute on the CPU.
    left_out : list of str
        Drivers that crashed or hung when they were tried, one line each.
    """

    threads: int
    adapters: list[Device]
    left_out: list[str]


def is_of_two(measures: list[str]) -> bool:
    """Whether a measure is of two stocks."""
    return any(name in OF_TWO for name in measures)

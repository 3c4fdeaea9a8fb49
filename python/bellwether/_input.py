"""Tables of prices, whoever made them, as panels of the library.

pandas and polars are never imported here: a table of theirs can only come from who has.
"""

from __future__ import annotations

import datetime
import os
import re
import sys
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Union

from . import _bellwether
from ._options import BellwetherWarning, check_options, size

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    from ._results import Panel

    Path = Union[str, os.PathLike[str]]
    # A panel, files, a frame of pandas, anything with `__arrow_c_stream__`, or an array with dates.
    Table = Union[Panel, Path, Sequence[Path], "pd.DataFrame", "pd.Series[Any]", npt.NDArray[Any], Any]
    Column = dict[str, Any]

# Names of an index of times that the library knows.
_KNOWN = frozenset(["time", "date", "datetime", "timestamp", "dt", "ts"])


def read(
    prices: Table,
    returns: Table,
    options: dict[str, Any],
    *,
    dates: Any = None,
    names: Sequence[str] | None = None,
    default_align: str = "none",
    threads: int | None = None,
    memory: int | str | None = None,
    keep_prices: bool = False,
) -> _bellwether.Panel:
    """The panel of a table of prices or of returns."""
    options = check_options(options)
    if (prices is None) == (returns is None):
        raise TypeError("give either prices or returns")
    what = "prices" if returns is None else "returns"
    table: Any = prices if returns is None else returns
    panel = getattr(table, "_panel", None)
    if isinstance(panel, _bellwether.Panel):
        if options:
            given = ", ".join(options)
            raise ValueError(f"the panel was read already; give {given} to read_panel")
        return panel
    if not _is_array(table) and (dates is not None or names is not None):
        raise ValueError("dates and names are of arrays; a table has them in it")
    asked = {
        "options": options,
        "default_align": default_align,
        "threads": threads,
        "memory": size(memory),
        "keep_prices": keep_prices,
    }
    are_returns = returns is not None
    if isinstance(table, (str, os.PathLike)) or _are_paths(table):
        if are_returns:
            raise ValueError("files hold prices; read returns by pandas or polars, and give the frame")
        paths = [table] if isinstance(table, (str, os.PathLike)) else list(table)
        panel = _bellwether.read_files(paths, asked)
    elif _is_of("pandas", table, "DataFrame", "Series"):
        columns, wide = _of_pandas(table, what, options)
        panel = _bellwether.read_columns(what, columns, wide, are_returns, asked)
    elif _is_array(table):
        columns = _of_array(table, what, dates, names, options)
        panel = _bellwether.read_columns(what, columns, True, are_returns, asked)
    elif hasattr(table, "__arrow_c_stream__"):
        panel = _bellwether.read_arrow(what, table, are_returns, asked)
    else:
        raise TypeError(
            f"{what} can't be a {type(table).__module__}.{type(table).__qualname__}: give a DataFrame, "
            "anything with __arrow_c_stream__, an array with dates, a Panel, or a path"
        )
    tell(panel.warnings, panel.left_out)
    return panel


def tell(lines: Sequence[str], left_out: Sequence[str] = ()) -> None:
    """Warns of what the user should look at."""
    level = 1
    # The first frame outside of this package.
    frame = sys._getframe(0)
    while frame.f_back is not None and frame.f_globals.get("__package__") == __package__:
        frame, level = frame.f_back, level + 1
    for line in [*(f"left out {line}" for line in left_out), *lines]:
        warnings.warn(line, BellwetherWarning, stacklevel=level)


def _is_of(module: str, value: Any, *names: str) -> bool:
    """Whether a value is of one of a module's classes, without importing the module."""
    loaded = sys.modules.get(module)
    classes = tuple(found for name in names if (found := getattr(loaded, name, None)) is not None)
    return isinstance(value, classes)


def _is_array(table: Any) -> bool:
    return _is_of("numpy", table, "ndarray")


def _are_paths(table: Any) -> bool:
    return (
        isinstance(table, (list, tuple))
        and len(table) > 0
        and all(isinstance(path, (str, os.PathLike)) for path in table)
    )


def _of_pandas(table: Any, what: str, options: dict[str, Any]) -> tuple[list[Column], bool]:
    """The columns of a frame or a series of pandas, times first, and whether the others are all stocks."""
    import pandas as pd

    wide = isinstance(table, pd.Series)
    frame: pd.DataFrame = table.to_frame(what if table.name is None else table.name) if wide else table
    if frame.columns.nlevels > 1:
        first = tuple(frame.columns[0]) if len(frame.columns) else ()
        raise ValueError(
            f"{what}: the columns have {frame.columns.nlevels} levels, the first is {first!r}; choose one by "
            f"{what}[NAME] or {what}.xs(NAME, axis=1, level=LEVEL), or take the long form by stack()"
        )
    index = frame.index
    columns: list[Column] = []
    if isinstance(index, pd.MultiIndex):
        if any(name is None for name in index.names):
            raise ValueError(
                f"{what}: the rows have an index of {index.nlevels} levels without names; name them like "
                'columns: index.names = ["time", "stock"]'
            )
        columns = [
            _column(pd.Series(index.get_level_values(i)), str(index.names[i]), options)
            for i in range(index.nlevels)
        ]
    elif isinstance(index, (pd.DatetimeIndex, pd.PeriodIndex)):
        stamps = index.to_timestamp() if isinstance(index, pd.PeriodIndex) else index
        columns = [_column(pd.Series(stamps), _time_name(index.name, options), options)]
    elif index.name is not None:
        columns = [_column(pd.Series(index), str(index.name), options)]
    elif not pd.api.types.is_integer_dtype(index.dtype):
        columns = [_column(pd.Series(index), "", options)]
    if wide and not isinstance(index, (pd.DatetimeIndex, pd.PeriodIndex)):
        raise ValueError(f"{what}: a series must have times for an index, not {index.dtype}")
    columns += [_column(frame.iloc[:, i], str(name), options) for i, name in enumerate(frame.columns)]
    return columns, wide


def _time_name(name: Any, options: dict[str, Any]) -> str:
    """What an index of times is called: what the library knows, or was told."""
    roles = options.get("columns", {})
    told = str(roles) if isinstance(roles, str) else " ".join(map(str, roles.values()))
    if name is not None and (re.sub(r"[^a-z0-9]", "", str(name).lower()) in _KNOWN or str(name) in told):
        return str(name)
    return "timestamp"


def _column(values: pd.Series[Any], name: str, options: dict[str, Any]) -> Column:
    """A column of pandas, in one of the forms that the library takes."""
    import numpy as np
    import pandas as pd

    kind = values.dtype
    if isinstance(kind, pd.DatetimeTZDtype):
        zone = _zone(kind.tz)
        # A zone without a name is taken at its clock, unless another is asked for.
        if zone is None and "timezone" not in options:
            return _times(values.dt.tz_localize(None), name)
        column = _times(values.dt.tz_convert("UTC").dt.tz_localize(None), name)
        return {**column, "utc": True, "zone": zone}
    if pd.api.types.is_datetime64_dtype(kind):
        return _times(values, name)
    if pd.api.types.is_timedelta64_dtype(kind):
        nanoseconds = values.astype("timedelta64[ns]").to_numpy().view("i8")
        return {"name": name, "kind": "time of day", "values": np.ascontiguousarray(nanoseconds)}
    if pd.api.types.is_bool_dtype(kind) or pd.api.types.is_complex_dtype(kind):
        return _texts(values.astype(str), name)
    if pd.api.types.is_integer_dtype(kind) and not values.hasnans:
        array = values.to_numpy()
        if array.dtype.kind == "u" and array.size and int(array.max()) > 2**63 - 1:
            return {"name": name, "kind": "number", "values": np.ascontiguousarray(array, dtype="f8")}
        return {"name": name, "kind": "integer", "values": np.ascontiguousarray(array, dtype="i8")}
    if pd.api.types.is_numeric_dtype(kind):
        array = (
            values.to_numpy() if isinstance(kind, np.dtype) else values.to_numpy(dtype="f8", na_value=np.nan)
        )
        return {"name": name, "kind": "number", "values": np.ascontiguousarray(array, dtype="f8")}
    return _texts(values, name)


def _times(values: pd.Series[Any], name: str) -> Column:
    """Times without a zone."""
    import numpy as np

    import pandas as pd

    try:
        nanoseconds = values.astype("datetime64[ns]").to_numpy().view("i8")
    except pd.errors.OutOfBoundsDatetime:
        within = values.between(pd.Timestamp.min.ceil("s"), pd.Timestamp.max.floor("s")) | values.isna()
        row = int(np.flatnonzero(~within.to_numpy())[0])
        raise ValueError(
            f'row {row} (from 0), column "{name}": {values.iloc[row]} lies outside of the years 1678 to 2261'
        ) from None
    return {
        "name": name,
        "kind": "time",
        "values": np.ascontiguousarray(nanoseconds),
        "utc": False,
        "zone": None,
    }


def _texts(values: Any, name: str) -> Column:
    """Anything else, as it is written: one number a row, of one of the texts."""
    import numpy as np
    import pandas as pd

    if isinstance(values.dtype, pd.CategoricalDtype):
        codes, dictionary = values.cat.codes.to_numpy(), values.cat.categories
    else:
        codes, dictionary = pd.factorize(values)
    texts = [str(one) for one in dictionary]
    return {
        "name": name,
        "kind": "text",
        "values": np.ascontiguousarray(codes, dtype="i8"),
        "dictionary": texts,
    }


def _zone(zone: Any) -> str | None:
    """A zone by its name or its offset; none where it has neither."""
    for attribute in ("key", "zone"):
        name = getattr(zone, attribute, None)
        if isinstance(name, str):
            return name
    if isinstance(zone, datetime.timezone):
        minutes = round(zone.utcoffset(None).total_seconds() / 60)
        return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
    return None


def _of_array(
    array: npt.NDArray[Any], what: str, dates: Any, names: Sequence[str] | None, options: dict[str, Any]
) -> list[Column]:
    """The columns of an array, rows by stocks, whose rows are of these dates."""
    import numpy as np

    if array.ndim not in (1, 2) or array.dtype.kind not in "fiu":
        raise ValueError(
            f"{what}: an array must hold numbers, rows × stocks, not {array.dtype} in {array.ndim} dimensions"
        )
    if dates is None:
        raise ValueError(
            f"{what}: an array needs dates, the time of each row (or the day, for rows in order)"
        )
    array = array.reshape(len(array), -1)
    if len(dates) != len(array):
        raise ValueError(f"{what}: there are {len(dates)} dates for {len(array)} rows")
    if names is None:
        names = [f"S{number + 1:04}" for number in range(array.shape[1])]
    if isinstance(names, str) or len(names) != array.shape[1]:
        raise ValueError(f"{what}: there must be {array.shape[1]} names, one a column, not {names!r}")
    if _is_of("pandas", dates, "Index", "Series"):
        import pandas as pd

        first = _column(pd.Series(dates), "time", options)
    else:
        first = _stamps(np.asarray(dates), what, options)
    numbers = np.ascontiguousarray(array.T, dtype="f8")
    columns = [{"name": str(name), "kind": "number", "values": one} for name, one in zip(names, numbers)]
    return [first, *columns]


def _stamps(dates: npt.NDArray[Any], what: str, options: dict[str, Any]) -> Column:
    """The times of an array's rows. Rows of days without times are in order."""
    import numpy as np

    if dates.dtype.kind == "O" and all(type(day) is datetime.date for day in dates):
        dates = dates.astype("M8[D]")
    if dates.dtype.kind == "M":
        nanoseconds = dates.astype("M8[ns]")
        if not np.array_equal(nanoseconds.astype(dates.dtype), dates, equal_nan=True):
            row = int(np.flatnonzero((nanoseconds.astype(dates.dtype) != dates) & ~np.isnat(dates))[0])
            raise ValueError(
                f'{what}: row {row} (from 0), column "time": {dates[row]} lies outside of 1678 to 2261'
            )
        values = nanoseconds.view("i8")
        if np.datetime_data(dates.dtype)[0] == "D" and len(values):
            for option in ("every", "session", "outliers"):
                if option in options:
                    raise ValueError(f"{what}: dates are days without times, so that {option} means nothing")
            number = np.arange(len(values))
            begins = np.concatenate([[True], values[1:] != values[:-1]])
            # The rows of a day a microsecond apart, in their order.
            values = values + (number - np.maximum.accumulate(np.where(begins, number, 0))) * 1000
        values = np.ascontiguousarray(values)
        return {"name": "time", "kind": "time", "values": values, "utc": False, "zone": None}
    texts, codes = np.unique(dates.astype(str), return_inverse=True)
    codes = np.ascontiguousarray(codes.reshape(-1), dtype="i8")
    return {"name": "time", "kind": "text", "values": codes, "dictionary": [str(text) for text in texts]}

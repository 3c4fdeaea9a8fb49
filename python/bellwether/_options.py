"""What all functions are told: how a panel is read, and what to compute on."""

from __future__ import annotations

import operator
import re
import sys
from typing import TYPE_CHECKING, Any, TypedDict, Union

if TYPE_CHECKING:
    import datetime
    from collections.abc import Mapping, Sequence

    Day = Union[str, datetime.date]


class BellwetherWarning(UserWarning):
    """What the user should look at: days that a stock lacks, prices that do not change, and the like."""


class PanelOptions(TypedDict, total=False):
    """How a panel of prices is read: the options of the command line, by the same names.

    Attributes
    ----------
    stocks : str or sequence of str
        Only these stocks.
    from_day, to_day : str or date
        Only days from this one on, or up to this one, itself included.
    align : {"none", "exact", "inner", "previous", "refresh"}
        At which times of a day stocks have their prices: each its own; refuse other than common ones; the
        times that all have; all times, with a stock's previous price of the day; the times when all have a
        new one. By default ``"none"``, and ``"exact"`` for measures of two stocks.
    every : str
        Take prices at this step: ``"5min"``, ``"300s"``, ``"10ticks"``.
    subsample : int
        Average over so many grids of `every`, each begun an equal part of the step later than the one before:
        for variance, volatilities and log-variance, with studentized or asymptotic intervals, or by blocks.
    missing : {"error", "skip"}
        Rows without a price.
    duplicates : {"error", "last", "mean", "median"}
        Several prices of a stock at one time.
    session : str
        Use the times of a day from one to the other: ``"09:30-16:00"``.
    holidays : {"keep", "short", "drop"}
        Half days of the New York Stock Exchange.
    outliers : str
        Prices around, share trimmed, and gamma of the rule of Brownlees and Gallo: ``"60,0.1,0.02"``.
    sort : bool
        Sort rows that come in any order.
    columns : dict or str
        Which columns hold what: ``{"time": "ts", "price": "mid", "stock": "sym"}``, of date, time, price and
        stock.
    where : str or sequence of str
        Keep the rows whose column holds this: ``"CORR=0"``, ``"EX=N|Q"``, ``"COND!=Z"``.
    timezone, times_in : str
        The zone whose clock days and times are put on, and that of times that do not say theirs.
    keep_going : bool
        Leave out broken files and days that are too short, with a warning.
    separator, decimal, date_format : str
        How text is written, in files.
    """

    stocks: str | Sequence[str] | None
    from_day: Day | None
    to_day: Day | None
    align: str | None
    every: str | None
    subsample: int | None
    missing: str
    duplicates: str
    session: str | None
    holidays: str
    outliers: str | None
    sort: bool
    columns: str | Mapping[str, str] | None
    where: str | Sequence[str] | None
    timezone: str | None
    times_in: str | None
    keep_going: bool
    separator: str | None
    decimal: str
    date_format: str | None


OPTIONS = frozenset(PanelOptions.__annotations__)

# Names that the literature and the tables have.
MEASURES = {"rv": "variance"}
OF_TWO = frozenset(["covariance", "correlation", "beta"])

_UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
_UNITS |= {"k": 2**10, "kib": 2**10, "m": 2**20, "mib": 2**20, "g": 2**30, "gib": 2**30, "tib": 2**40}


def own_command() -> list[str]:
    """How this package is started in a process of its own; empty where the interpreter has no program."""
    return [sys.executable, "-m", "bellwether"] if sys.executable else []


def resources(device: str, threads: int | None, memory: int | str | None) -> dict[str, Any]:
    """What to compute on."""
    if threads is not None:
        threads = whole("threads", threads, 1, 2**32 - 1)
    return {"device": str(device), "threads": threads, "memory": size(memory), "own": own_command()}


def size(memory: int | str | None) -> int | None:
    """Bytes."""
    if memory is None:
        return None
    if not isinstance(memory, str):
        return whole("memory", memory, 1, 2**63 - 1)
    found = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)\s*", memory)
    if found is None or found[2].lower() not in _UNITS:
        raise ValueError(f'memory is {memory!r}, but it must be bytes or a size such as "512MiB" or "4GiB"')
    return whole("memory", int(float(found[1]) * _UNITS[found[2].lower()]), 1, 2**63 - 1)


def whole(name: str, value: Any, least: int, most: int) -> int:
    """A whole number within bounds."""
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be a whole number, not {type(value).__name__}") from None
    if not least <= number <= most:
        raise ValueError(f"{name} is {number}, but it must lie between {least} and {most}")
    return number


def names(value: str | Sequence[str]) -> list[str]:
    """Each name once, where it comes first."""
    if isinstance(value, str):
        value = value.split(",")
    return list(dict.fromkeys(name.strip() for name in value))


def measure_names(value: str | Sequence[str]) -> list[str]:
    """Measures, as the library calls them."""
    return [MEASURES.get(name, name) for name in names(value)]


def check_options(given: Mapping[str, Any]) -> dict[str, Any]:
    """The options that were given."""
    for name in given:
        if name not in OPTIONS:
            raise TypeError(
                f"there is no parameter {name!r}; of a panel there are {', '.join(sorted(OPTIONS))}"
            )
    options = {name: value for name, value in given.items() if value is not None}
    if not isinstance(options.get("columns", ""), (str, dict)):
        options["columns"] = dict(options["columns"])
    for name in ("stocks", "where"):
        if name in options and not isinstance(options[name], str):
            options[name] = [str(one) for one in options[name]]
    if "subsample" in options:
        options["subsample"] = whole("subsample", options["subsample"], 1, 2**63 - 1)
    return options

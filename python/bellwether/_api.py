"""Panels, intervals, devices and comparisons: the functions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

from . import _bellwether
from . import _input
from ._options import (
    OF_TWO,
    measure_names,
    names as name_list,
    own_command,
    resources,
    whole,
)
from ._progress import maybe
from ._results import Comparison, Device, Devices, Intervals, Panel, is_of_two

if TYPE_CHECKING:
    import datetime
    from collections.abc import Sequence

    from typing_extensions import Unpack

    from ._input import Path, Table
    from ._options import PanelOptions


def read_panel(
    prices: Table,
    *,
    dates: Any = None,
    names: Sequence[str] | None = None,
    threads: int | None = None,
    **panel: Unpack[PanelOptions],
) -> Panel:
    """Read a panel of prices into memory, cleaned, sampled and aligned as asked.

    Parameters
    ----------
    prices : path, list of paths, frame, array
        A folder of tables, or files (CSV or Parquet, plain or compressed); a frame of pandas (an index of
        times and a column a stock, or long with columns of times, stocks and prices); anything with
        ``__arrow_c_stream__``, such as frames of polars; an array, rows × stocks, with `dates`.
    dates : array-like, optional
        Of an array: the time of each row.
    names : sequence of str, optional
        Of an array: the stocks, one a column.
    threads : int, optional
        Threads of the CPU; one a core unless given.
    **panel
        Which stocks and days, and how prices are cleaned, sampled and aligned: :class:`PanelOptions`.

    Returns
    -------
    Panel
        The prices, and their log returns within each day.

    Raises
    ------
    ValueError
        Where the prices can't be used; with the file and line, or the row and column.
    FileNotFoundError
        Where there is no such file.

    Examples
    --------
    >>> import bellwether as bw, pandas as pd
    >>> times = pd.date_range("2007-01-03 09:35", periods=4, freq="min")
    >>> frame = pd.DataFrame({"AXP": [60.0, 60.5, 60.25, 60.5]}, index=times)
    >>> bw.read_panel(frame)
    Panel of 1 stock, 1 day, 2007-01-03 to 2007-01-03
    """
    options: dict[str, Any] = dict(panel)
    found = _input.read(prices, None, options, dates=dates, names=names, threads=threads, keep_prices=True)
    return Panel(found)


def bootstrap(
    prices: Table = None,
    *,
    returns: Table = None,
    samples: int | Literal["exact"] = 10_000,
    confidence: float = 0.99,
    measure: str | Sequence[str] = "variance",
    interval: str | Sequence[str] = "percentile",
    scheme: str = "iid",
    block: float | Literal["auto"] | None = None,
    against: str | None = None,
    side: str = "both",
    by: str = "day",
    details: bool = False,
    against_exact: bool = False,
    seed: int | None = None,
    dates: Any = None,
    names: Sequence[str] | None = None,
    device: str | int = "auto",
    threads: int | None = None,
    memory: int | str | None = None,
    progress: bool = True,
    **panel: Unpack[PanelOptions],
) -> Intervals:
    """Bootstrap confidence intervals of realized measures, for every day and stock.

    A sample draws as many of a day's returns as there are, with replacement, the same rows for all stocks.
    The digits are those of the command line, whatever the device, the threads and the memory.

    Parameters
    ----------
    prices : path, frame, array, Panel
        Prices, as in :func:`read_panel`.
    returns : frame, array
        Log returns within days, instead of prices.
    samples : int or "exact"
        Number of bootstrap samples, B; or infinitely many, without draws and a seed.
    confidence : float
        Confidence of the intervals, between 0 and 1.
    measure : str or sequence of str
        ``"variance"`` (or ``"rv"``), ``"volatility"``, ``"annual-volatility"``, ``"log-variance"``,
        ``"positive-semivariance"``, ``"negative-semivariance"``, ``"quarticity"``, ``"bipower"``,
        ``"minrv"``, ``"medrv"``; with `against` ``"covariance"``, ``"correlation"``, ``"beta"``.
    interval : str or sequence of str
        ``"percentile"``, ``"basic"``, ``"normal"``, ``"bc"``, ``"bca"``, ``"studentized"``,
        ``"studentized-symmetric"``, ``"studentized-log"``, ``"studentized-log-equal-tailed"``,
        ``"asymptotic"``, ``"asymptotic-log"``.
    scheme : {"iid", "wild", "block", "stationary"}
        How rows enter a sample.
    block : float or "auto", optional
        Rows of a block, on average for ``"stationary"``; by the rule of Politis and White unless given.
    against : str, optional
        The second stock of measures of two.
    side : {"both", "lower", "upper"}
        Both ends, or one.
    by : {"day", "week", "month", "all"}
        Intervals of each day, or of the sums over the days of a period.
    details : bool
        Add columns: n, standard error, bias, Monte Carlo errors, and what the returns show.
    against_exact : bool
        Add the ends of infinitely many samples.
    seed : int, optional
        Seed of the random stream, 0 unless given.
    dates, names
        Of an array, as in :func:`read_panel`. Of returns, dates may be days.
    device : str or int
        ``"auto"``, ``"cpu"``, ``"gpu"``, ``"software"``, or an adapter's number or part of its name.
    threads : int, optional
        Threads of the CPU; one a core unless given.
    memory : int or str, optional
        Bytes, or a size such as ``"4GiB"``; half of what is free unless given.
    progress : bool
        Show a bar where the work takes a while and tqdm is installed.
    **panel
        Which stocks and days, and how prices are cleaned, sampled and aligned: :class:`PanelOptions`.

    Returns
    -------
    Intervals
        A record for each day and stock, in the units of the measure: squared log returns for realized
        variance.

    Raises
    ------
    ValueError
        Where the prices can't be used (with the row and the column), or parameters do not go together.
    FileNotFoundError
        Where there is no such file.
    MemoryError
        Where a day does not fit into `memory`.
    GpuError
        Where a device was asked for that is not there, or that failed.

    Examples
    --------
    >>> import bellwether as bw
    >>> prices = bw.simulate(stocks=2, days=2, per_day=79, seed=1).to_frame()
    >>> result = bw.bootstrap(prices, samples=999, confidence=0.95, interval="studentized-log")
    >>> result
    Intervals: rv, studentized-log, confidence 0.95, 999 samples, 2 stocks
    >>> bw.bootstrap(prices, measure=["rv", "beta"], against="S0002", samples=100).to_frame().shape
    (6, 6)
    """
    measures = measure_names(measure)
    if samples == "exact":
        if seed is not None:
            raise ValueError(
                "infinitely many samples are without draws; leave seed out, or give a number of samples"
            )
        count = None
    elif isinstance(samples, str):
        raise ValueError(f'samples is {samples!r}, but it must be a whole number or "exact"')
    else:
        count = whole("samples", samples, 1, 2**32 - 1)
    if is_of_two(measures) and panel.get("align") == "none":
        raise ValueError(
            f'align is "none", but {", ".join(one for one in measures if one in OF_TWO)} needs the returns '
            'of two stocks over the same times; take "exact", "inner", "previous" or "refresh"'
        )
    method = {
        "samples": count,
        "confidence": float(confidence),
        "seed": None if seed is None else whole("seed", seed, 0, 2**64 - 1),
        "measures": measures,
        "against": against,
        "scheme": scheme,
        "block": None if block == "auto" else block,
        "intervals": name_list(interval),
        "side": side,
        "by": by,
        "details": bool(details),
        "against_exact": bool(against_exact),
    }
    found = _input.read(
        prices,
        returns,
        dict(panel),
        dates=dates,
        names=names,
        default_align="exact" if is_of_two(measures) else "none",
        threads=threads,
        memory=memory,
    )
    bar = maybe(progress, "bootstrap")
    intervals = None
    try:
        intervals = _bellwether.bootstrap(found, method, resources(str(device), threads, memory), bar)
    finally:
        if bar is not None:
            bar.close(complete=intervals is not None)
    _input.tell(intervals.warnings)
    return Intervals(intervals, measures)


def exact(
    prices: Table = None,
    *,
    returns: Table = None,
    confidence: float = 0.99,
    measure: str | Sequence[str] = "variance",
    interval: str | Sequence[str] = "percentile",
    scheme: str = "iid",
    side: str = "both",
    by: str = "day",
    details: bool = False,
    dates: Any = None,
    names: Sequence[str] | None = None,
    threads: int | None = None,
    memory: int | str | None = None,
    progress: bool = True,
    **panel: Unpack[PanelOptions],
) -> Intervals:
    """Intervals of infinitely many samples, by inversion of the characteristic function: no draws, no seed.

    Known for measures that are a function of one column's sum, with percentile, basic, normal, bc and bca
    intervals.

    Parameters
    ----------
    prices, returns, confidence, measure, interval, scheme, side, by, details
        As in :func:`bootstrap`.
    dates, names, threads, memory, progress, **panel
        As in :func:`bootstrap`.

    Returns
    -------
    Intervals
        As of :func:`bootstrap`. :attr:`Intervals.method` has the stated error of the ends, relative to the
        estimate, as ``relative_error``.

    Raises
    ------
    ValueError
        As :func:`bootstrap`, and where no exact form is known.

    Examples
    --------
    >>> import bellwether as bw
    >>> prices = bw.simulate(stocks=1, days=1, per_day=79, seed=1)
    >>> bw.exact(prices, confidence=0.95).to_frame()
            date  stock        rv     lower     upper
    0 2007-01-03  S0001  0.000195  0.000128  0.000273
    """
    given: dict[str, Any] = {name: value for name, value in locals().items() if name != "panel"}
    return bootstrap(**given, **panel, samples="exact", device="cpu")


def simulate(
    *,
    stocks: int = 12,
    days: int = 251,
    per_day: int = 386,
    seed: int = 1,
    start: str | datetime.date = "2007-01-03",
    jumps: float | Literal["rare", "often", "none"] = "rare",
    noise: float = 0.75,
    folder: Path | None = None,
    force: bool = False,
) -> Panel:
    """Simulate a panel of intraday prices.

    Volatility is stochastic and U-shaped within the day, stocks are correlated, jump, and bounce between bid
    and ask.

    Parameters
    ----------
    stocks, days, per_day : int
        Numbers of stocks, of trading days (weekends are skipped), and of prices a day, the last at 16:00.
    seed : int
        Seed of the random stream.
    start : str or date
        The first day.
    jumps : {"rare", "often", "none"} or float
        How often: as in real prices, often, never, or the probability of one a stock and day.
    noise : float
        Half the spread of the bid-ask bounce, in cents.
    folder : path, optional
        Also write the panel there, a file a stock, as the command line does.
    force : bool
        Replace files of the same names.

    Returns
    -------
    Panel
        The prices; :meth:`Panel.truth` has the variances they were drawn from.

    Raises
    ------
    ValueError
        Where a number is out of range.
    OSError
        Where the folder can't be written, or holds what it must not.

    Examples
    --------
    >>> import bellwether as bw
    >>> bw.simulate(stocks=2, days=2, per_day=3).to_frame()
                         S0001  S0002
    time
    2007-01-03 09:30:00  91.36  59.03
    2007-01-03 12:45:00  90.49  58.14
    2007-01-03 16:00:00  90.71  57.73
    2007-01-04 09:30:00  90.97  58.05
    2007-01-04 12:45:00  91.72  58.69
    2007-01-04 16:00:00  90.99  58.91
    """
    if isinstance(jumps, str):
        known = {"rare": 0.0066, "often": 0.08, "none": 0.0}
        if jumps not in known:
            raise ValueError(f'jumps is {jumps!r}, but it must be "rare", "often", "none" or a probability')
        jumps = known[jumps]
    panel, day, stock, integrated, quadratic = _bellwether.simulate(
        whole("stocks", stocks, 0, 2**32 - 1),
        whole("days", days, 0, 2**32 - 1),
        whole("per_day", per_day, 0, 2**32 - 1),
        whole("seed", seed, 0, 2**64 - 1),
        start,
        float(jumps),
        float(noise),
        folder,
        bool(force),
    )
    truth = {
        "date": day.astype("M8[D]"),
        "stock": stock,
        "integrated_variance": integrated,
        "quadratic_variation": quadratic,
    }
    return Panel(panel, truth)


def devices() -> Devices:
    """List what this machine can compute on.

    Drivers are tried in a process of their own, where a crash harms nothing.

    Returns
    -------
    Devices
        The CPU's threads, the adapters, and drivers that crashed.

    Examples
    --------
    >>> import bellwether as bw
    >>> bw.devices().threads >= 1
    True
    """
    threads, found, left_out = _bellwether.devices(own_command())
    return Devices(threads, [Device(**one) for one in found], left_out)


def compare(
    workload: Literal["bootstrap", "growth", "uniform"] = "bootstrap",
    prices: Table = None,
    *,
    returns: Table = None,
    sizes: Sequence[int] | None = None,
    devices: str | Sequence[str] = ("one", "all"),
    confidence: float = 0.99,
    seed: int = 0,
    tolerance: float = 1e-6,
    min_runs: int = 5,
    min_time: float = 0.25,
    threads: int | None = None,
    memory: int | str | None = None,
    **panel: Unpack[PanelOptions],
) -> Comparison:
    """Time the same work on one core, all cores and adapters, and check that the answers are equal.

    Parameters
    ----------
    workload : {"bootstrap", "growth", "uniform"}
        Intervals of realized variance from returns in memory; the growth model, to the same guaranteed
        error; the mean of a square matrix of uniform random numbers.
    prices, returns
        Of ``"bootstrap"``, as there.
    sizes : sequence of int, optional
        Numbers of samples, of grid points, or of rows and columns.
    devices : str or sequence of str
        ``"one"`` core, ``"all"`` cores, ``"gpu"``, ``"software"``, ``"adapters"``, or an adapter's number or
        name.
    confidence, seed
        Of ``"bootstrap"``; the seed of ``"uniform"``, too.
    tolerance : float
        Of ``"growth"``: the guaranteed error of V, in units of utility.
    min_runs : int
        Fewest timed runs of a size on a device.
    min_time : float
        Least time of all of them, in seconds.
    threads, memory, **panel
        As in :func:`bootstrap`.

    Returns
    -------
    Comparison
        A record for each size and device; a time is the median of the runs after a warm-up.

    Raises
    ------
    ValueError
        Where a parameter is out of range.
    RuntimeError
        Where two devices do not give the same answer.

    Examples
    --------
    >>> import bellwether as bw
    >>> times = bw.compare("growth", sizes=[100], devices="one", min_runs=1, min_time=0)
    >>> sorted(set(times.to_frame()["size"]))
    [100]
    """
    if sizes is None:
        sizes = {
            "bootstrap": [1, 5, 10, 50, 100, 200, 500, 1000],
            "growth": [100, 200, 500, 1000, 2000, 5000, 10000],
        }.get(workload, [1000])
    found = None
    if prices is not None or returns is not None:
        found = _input.read(prices, returns, dict(panel), threads=threads)
    text, warned = _bellwether.compare(
        workload,
        found,
        [whole("sizes", one, 0, 2**64 - 1) for one in dict.fromkeys(sizes)],
        name_list(devices),
        float(confidence),
        whole("seed", seed, 0, 2**64 - 1),
        float(tolerance),
        whole("min_runs", min_runs, 0, 2**63 - 1),
        float(min_time),
        resources("cpu", threads, memory),
    )
    _input.tell(warned)
    return Comparison(json.loads(text))

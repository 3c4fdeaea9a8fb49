"""Golden values of cleaning and sampling ticks, by pandas.

Usage: python tests/oracles/clean.py tests/golden
           writes the files below there
       python tests/oracles/clean.py --trades TRADES.csv.gz SPEC
           writes such trades, cleaned and sampled, to standard output
       python tests/oracles/clean.py --trades TRADES.csv.gz SPEC --check FILE.csv
           compares a file with them

Nothing is shared with the Rust code; the rules are those of the documentation of modules `panel::clean`,
`outliers`, `sample`, `refresh` and `half_day`.

A SPEC is a list of settings with spaces between, each NAME=VALUE:

    date=2018-07-03 session=09:30-16:00 half_days=short duplicates=median outliers=60,0.1,0.02 every=5min
    subsample=5 grid=2

clean_ticks.csv: series,time,price      simulated ticks, times in nanoseconds after midnight: bursts (many
                                        ticks of one time), gaps, fractions of a second, outliers, ticks
                                        outside of the session
clean_cases.csv: case,series,spec       what is done to a series (slashes stand for the commas of a SPEC)
clean.csv: case,time,price              what a case leaves of its series
clean_refresh.csv: series,time,prices   refresh times of several series (joined by '+'), and their previous
                                        prices (joined by ' ')
clean_half_days.csv: date,close         early closes of the New York Stock Exchange, by exchange_calendars

Prices of trades are read by Python. The file has the columns DT, SYMBOL and PRICE. It may have EX, COND and
CORR: then times are in UTC and become New York's, and kept are corrections 0, the exchange N, and conditions
without a letter but E and F. FILE.csv has the columns date,stock,time,price, with times HH:MM:SS.fraction.
"""

import argparse
import csv
import functools
import re
import sys
from pathlib import Path

import exchange_calendars
import numpy as np
import pandas as pd

MIDNIGHT = pd.Timestamp("2018-01-02")
UNITS = dict(h="h", min="min", s="s", ms="ms")


# Ticks of a day are a pandas series of prices, indexed by times on MIDNIGHT's day.


def at(nanoseconds):
    return MIDNIGHT + pd.to_timedelta(nanoseconds, unit="ns")


def nanoseconds(index):
    return (index - MIDNIGHT).as_unit("ns").astype("int64")


def settings(spec):
    return dict(setting.split("=", 1) for setting in spec.split() if setting)


def session_of(of):
    start, end = of["session"].split("-")
    return MIDNIGHT + pd.Timedelta(long_time(start)), MIDNIGHT + pd.Timedelta(long_time(end))


def long_time(text):
    return text if text.count(":") == 2 else text + ":00"


@functools.cache
def closes():
    """Early closes of the New York Stock Exchange, by day."""
    schedule = exchange_calendars.get_calendar("XNYS", start="1990-01-01", end="2026-12-31").schedule
    close = schedule["close"].dt.tz_convert("America/New_York")
    return close[close.dt.strftime("%H:%M") != "16:00"].dt.tz_localize(None)


def outliers_kept(prices, neighbours, trim, granularity):
    """By the formulas, one neighbourhood at a time. Prints how near to its bound a price came."""
    prices = np.asarray(prices)
    n = len(prices)
    k = min(neighbours, n)
    cut = int(np.floor(k * trim / 2 + 1e-9))
    kept, nearest = [], np.inf
    for i in range(n):
        first = min(max(i - k // 2, 0), n - k)
        near = np.sort(prices[first : first + k])
        mean = near[cut : k - cut].mean()
        bound = 3 * (near.std(ddof=1) if k > 1 else 0.0) + granularity
        nearest = min(nearest, abs(abs(prices[i] - mean) / bound - 1))
        kept.append(abs(prices[i] - mean) < bound)
    found = n - sum(kept)
    print(f"outliers: {found} of {n}; the nearest to its bound is {nearest:.1e} of it away", file=sys.stderr)
    if nearest < 1e-9:
        sys.exit("rounding would decide")
    return np.array(kept, dtype=bool)


def apply(ticks, of):
    """What the settings leave of the ticks of a day."""
    if "session" in of:
        start, end = session_of(of)
        ticks = ticks.loc[start:end]
    close = None
    if of.get("half_days", "keep") != "keep":
        early = closes().get(pd.Timestamp(of["date"]))
        if early is not None:
            ticks = ticks[:0] if of["half_days"] == "drop" else ticks
            close = MIDNIGHT + (early - pd.Timestamp(of["date"]))
            ticks = ticks[ticks.index <= close]
    if "duplicates" in of:
        by_time = ticks.groupby(level=0, sort=False)
        ticks = getattr(by_time, of["duplicates"])()
    if "outliers" in of:
        neighbours, trim, granularity = of["outliers"].split(",")
        ticks = ticks[outliers_kept(ticks, int(neighbours), float(trim), float(granularity))]
    if "every" in of:
        ticks = sample(ticks, of, close)
    return ticks


def sample(ticks, of, close):
    number, unit = re.fullmatch(r"(\d+)(\w+)", of["every"]).groups()
    grids, grid = int(of.get("subsample", 1)), int(of.get("grid", 0))
    if unit.startswith("tick"):
        return ticks.iloc[int(number) // grids * grid :: int(number)]
    step = pd.Timedelta(int(number), unit=UNITS[unit])
    start, end = session_of(of) if "session" in of else (MIDNIGHT, None)
    start = start + step / grids * grid
    if close is not None and end is not None:
        end = min(end, close)
    sampled = ticks.resample(step, closed="right", label="right", origin=start).last().ffill()
    # Bins before the first point: prices before it are the previous ones there.
    sampled = sampled.groupby(sampled.index.where(sampled.index >= start, start)).last()
    sampled = sampled[sampled.index <= MIDNIGHT + pd.Timedelta(days=1)]
    if end is not None and len(sampled):
        # Carried forward, from the first point with a price on.
        points = pd.date_range(start, end, freq=step)
        sampled = sampled.reindex(points, method="ffill").dropna()
    return sampled


def refresh(stocks):
    """Refresh times in plain Python, and the previous prices there."""
    times, left = [], [list(stock.index) for stock in stocks]
    while stocks and all(left):
        time = max(stock[0] for stock in left)
        times.append(time)
        left = [[other for other in stock if other > time] for stock in left]
    return times, [[stock[stock.index <= time].iloc[-1] for stock in stocks] for time in times]


def simulated():
    rng = np.random.default_rng(20180102)
    second = 10**9
    open_, close = 34_200 * second, 57_600 * second

    def prices(n, start, volatility, tick=0.01):
        return np.round(start * np.exp(np.cumsum(rng.normal(0, volatility, n))) / tick) * tick

    def decimals(values, digits=2):
        return [float(f"{value:.{digits}f}") for value in values]

    series = {}
    # Microseconds, in bursts: many ticks of one time, as of one order that meets several.
    times = np.sort(rng.integers(open_ // 1000 - 300 * 10**6, close // 1000 + 300 * 10**6, 320)) * 1000
    times = np.sort(np.repeat(times, rng.geometric(0.45, len(times))))
    walk = prices(len(times), 157.0, 2e-4)
    for row in rng.choice(len(times), 40, replace=False):
        walk[row] += rng.choice([-1, 1]) * rng.choice([0.2, 0.5, 1.0, 20.0])
    series["burst"] = times, decimals(walk)
    # Few ticks, in whole seconds, with gaps of more than an hour, from the open to the close.
    times = np.sort(rng.choice(np.r_[34_200:38_000, 46_000:47_000, 55_000:57_601], 60, replace=False)) * second
    times[[0, -1]] = open_, close
    series["gaps"] = times, decimals(prices(60, 23.8, 1e-3))
    # Milliseconds, through the whole day, from midnight to the last nanosecond.
    times = np.sort(rng.integers(0, 86_400_000, 90)) * 10**6
    times[[0, -1]] = 0, 86_400 * second - 1
    series["night"] = times, decimals(prices(90, 1.1, 3e-4, 1e-5), 5)
    # On the minute.
    series["minutes"] = np.arange(36_000, 36_000 + 31 * 60, 60) * second, decimals(prices(31, 50.0, 1e-3))
    series["one"] = np.array([40_000 * second + 1]), [9.99]
    return series


CASES = {
    "burst": [
        "session=09:30-16:00 duplicates=last",
        "session=09:30-16:00 duplicates=mean",
        "session=09:30-16:00 duplicates=median",
        "session=09:30-16:00 duplicates=median outliers=60,0.1,0.02",
        "session=09:30-16:00 duplicates=median outliers=25,0.3,0.05",
        "session=10:00:00.5-11:59:59.999999999 duplicates=median outliers=10,0,0.01",
        "date=2018-07-03 session=09:30-16:00 half_days=short duplicates=median",
        "date=2018-07-03 session=09:30-16:00 half_days=drop duplicates=median",
        "date=2018-07-05 session=09:30-16:00 half_days=drop duplicates=median every=1h",
        "date=1992-12-24 half_days=short duplicates=last every=7ticks",
        "session=09:30-16:00 duplicates=median outliers=60,0.1,0.02 every=5min",
        "date=2018-07-03 session=09:30-16:00 half_days=short duplicates=median every=5min",
        "duplicates=last every=5min",
        "duplicates=last every=10ticks",
    ]
    + [f"session=09:30-16:00 duplicates=median every=15min subsample=5 grid={grid}" for grid in range(5)]
    + [f"session=09:30-16:00 duplicates=median every=10ticks subsample=5 grid={grid}" for grid in range(5)],
    "gaps": [
        "every=5min",
        "session=09:30-16:00 every=5min",
        "session=09:30-16:00 every=7min",
        "session=09:30-16:00 every=390min",
        "session=09:45-15:00 every=1h",
        "every=2h",
        "every=1ticks",
        "outliers=60,0.1,0.001",
        "outliers=200,0.1,0.001",
    ],
    "night": ["every=1h", "every=7h", "every=13min", "every=24h", "session=00:00-24:00 every=30min", "outliers=20,0.25,0.0001"],
    "minutes": [
        "every=1min",
        "every=2min",
        "every=90s",
        "session=10:00-10:30 every=1min",
        "session=10:00:00.001-10:30 every=30500ms",
    ]
    + [f"every=4min subsample=4 grid={grid}" for grid in range(4)],
    "one": ["every=5min", "session=09:30-16:00 every=1h", "every=3ticks", "outliers=10,0.1,0.01", "duplicates=median"],
}
REFRESH = [
    "burst+gaps",
    "gaps+night",
    "night+burst+gaps",
    "minutes+minutes",
    "gaps",
    "one+night",
    "minutes+gaps+burst+night",
    "one+minutes",
]


def golden(folder):
    series = simulated()
    write(folder / "clean_ticks.csv", ["series", "time", "price"],
          [[name, time, repr(price)] for name, day in series.items() for time, price in zip(*day)])
    ticks = {name: pd.Series(prices, index=at(times)) for name, (times, prices) in series.items()}
    cases = [(name, spec) for name, specs in CASES.items() for spec in specs]
    # The settings of outliers have commas of their own.
    rows = [[case, name, spec.replace(",", "/")] for case, (name, spec) in enumerate(cases)]
    write(folder / "clean_cases.csv", ["case", "series", "spec"], rows)
    rows = []
    for case, (name, spec) in enumerate(cases):
        left = apply(ticks[name], settings(spec))
        rows += [[case, time, repr(float(price))] for time, price in zip(nanoseconds(left.index), left)]
    write(folder / "clean.csv", ["case", "time", "price"], rows)
    rows = []
    for names in REFRESH:
        for time, prices in zip(*refresh([ticks[name].groupby(level=0).last() for name in names.split("+")])):
            rows.append([names, (time - MIDNIGHT).as_unit("ns").value, " ".join(repr(float(price)) for price in prices)])
    write(folder / "clean_refresh.csv", ["series", "time", "prices"], rows)
    rows = [[day.strftime("%Y-%m-%d"), close.strftime("%H:%M")] for day, close in closes().items()]
    write(folder / "clean_half_days.csv", ["date", "close"], rows)


def write(path, head, rows):
    with open(path, "w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([head, *rows])


def trades(path, spec):
    """date, stock, time and price of trades, cleaned and sampled day by day."""
    table = pd.read_csv(path, dtype={"PRICE": str}, keep_default_na=False)
    table["PRICE"] = table["PRICE"].map(float)
    if "EX" in table:
        # Letters that are no price of a trade like any other; @ and blanks are none.
        usual = ~table["COND"].str.contains("[A-DG-Z]", regex=True)
        table = table[(table["CORR"] == 0) & (table["EX"] == "N") & usual]
        utc = pd.to_datetime(table["DT"], format="ISO8601", utc=True)
        table["DT"] = utc.dt.tz_convert("America/New_York").dt.tz_localize(None)
    else:
        table["DT"] = pd.to_datetime(table["DT"], format="ISO8601")
    table = table[table["PRICE"] > 0].sort_values("DT", kind="stable")
    rows = []
    for (date, stock), day in table.groupby([table["DT"].dt.normalize(), "SYMBOL"]):
        ticks = pd.Series(day["PRICE"].to_numpy(), index=MIDNIGHT + (pd.DatetimeIndex(day["DT"]).as_unit("ns") - date))
        date = date.strftime("%Y-%m-%d")
        left = apply(ticks, {**settings(spec), "date": date})
        print(f"{stock} on {date}: {len(left)} of {len(ticks)} ticks", file=sys.stderr)
        rows += [(date, stock, int(time), float(price)) for time, price in zip(nanoseconds(left.index), left)]
    return rows


def clock(time):
    seconds, fraction = divmod(time, 10**9)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{fraction:09}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--trades", nargs=2, metavar=("TRADES", "SPEC"))
    parser.add_argument("--check")
    args = parser.parse_args()
    if args.folder:
        golden(args.folder)
    if not args.trades:
        return
    ours = [(date, stock, clock(time), price) for date, stock, time, price in trades(*args.trades)]
    if not args.check:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerows([("date", "stock", "time", "price"), *ours])
        return
    theirs = {}
    for row in csv.DictReader(open(args.check)):
        time = row["time"].count(":") == 1 and row["time"] + ":00" or row["time"]
        whole, _, fraction = time.partition(".")
        theirs[row["date"], row["stock"], f"{whole}.{fraction:0<9}"] = float(row["price"])
    ours = {(date, stock, time): price for date, stock, time, price in ours}
    apart = [key for key in ours.keys() | theirs.keys() if not (
        key in ours and key in theirs and abs(ours[key] - theirs[key]) <= 1e-12 * abs(ours[key]))]
    if apart or not ours:
        sys.exit(f"{len(apart)} of {len(ours)} prices differ, the first at {min(apart, default=None)}")
    print(f"all {len(ours)} prices are alike")


if __name__ == "__main__":
    main()

"""The program's cleaning, sampling and alignment against pandas: simulated ticks, and real trades where they are.

Usage: python tests/oracles/ticks.py --program target/release/bellwether [--trades FOLDER] [--panel FOLDER]

Ticks of 20 stocks on 3 days are simulated with gaps, bursts of equal times and missing prices, and written as one
table. For each way to clean and to sample them the prices of `bellwether panel` must be those of pandas, and the
realized variances of `bellwether bootstrap` theirs to 1e-12. With --trades the same for trades_raw_2018.csv.gz and
trades_multi_2014.csv.gz of R's highfrequency; with --panel for five-minute prices of a folder of one-minute ones.
Exits with 1 where they differ.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

TOLERANCE = 1e-12


def simulated(seed: int) -> pd.DataFrame:
    """Ticks in the order of time: symbol, time, price (NaN where it is missing)."""
    random = np.random.default_rng(seed)
    parts = []
    for number in range(20):
        for day in ["2007-01-03", "2007-01-04", "2007-01-05"][number % 2 :]:
            count = int(random.integers(50, 3000))
            # In microseconds from 09:00 to 16:30; bursts are ticks of one time.
            times = random.integers(9 * 3600_000_000, 16 * 3600_000_000 + 1800_000_000, count)
            times = np.sort(np.where(random.random(count) < 0.3, times // 10_000_000 * 10_000_000, times))
            gap = (times > 12 * 3600_000_000) & (times < 13 * 3600_000_000)
            prices = np.round(50 * np.exp(np.cumsum(random.normal(0, 2e-4, count))), 2)
            prices[random.random(count) < 0.01] = np.nan
            frame = pd.DataFrame({"time": pd.Timestamp(day) + pd.to_timedelta(times, "us"), "price": prices})
            parts.append(frame[~gap if number % 3 == 0 else slice(None)].assign(symbol=f"S{number:02}"))
    return pd.concat(parts).sort_values("time", kind="stable")[["symbol", "time", "price"]]


class Program:
    def __init__(self, program: Path, folder: Path):
        self.program, self.folder, self.wrong = program, folder, 0

    def table(self, command: str, arguments: list) -> pd.DataFrame:
        file = self.folder / "out.csv"
        subprocess.run([self.program, command, *arguments, "-o", file, "-q"], check=True)
        return pd.read_csv(file)

    def prices(self, arguments: list) -> pd.DataFrame:
        found = self.table("panel", arguments)
        found["time"] = pd.to_datetime(found.date + " " + found.time, format="ISO8601")
        return found.set_index(["stock", "time"]).price

    def variances(self, arguments: list) -> pd.Series:
        found = self.table("bootstrap", ["-B", "10", *arguments])
        return found.set_index(["stock", "date"]).rv

    def same(self, what: str, found: pd.Series, expected: pd.Series, tolerance: float = 0.0):
        expected = expected.sort_index()
        found = found.sort_index()
        if len(found) != len(expected) or not (found.index == expected.index).all():
            off = f"{len(found)} values at other places than {len(expected)}"
        else:
            worst = np.abs(found.to_numpy() / expected.to_numpy() - 1).max()
            off = f"off by {worst:.1e}" if worst > tolerance else ""
        print(f"{what}: {len(expected)} values, {off or 'the same'}")
        self.wrong += bool(off)


def variances(prices: pd.Series) -> pd.Series:
    """Σ r² of each stock and day, of prices by (stock, time); days of one price have none."""
    days = prices.index.get_level_values(1).date.astype(str)
    groups = prices.groupby([prices.index.get_level_values(0), days])
    found = groups.apply(lambda day: (np.log(day).diff() ** 2).sum() if len(day) > 1 else np.nan)
    return found.rename_axis(["stock", "date"]).dropna()


def on_grid(prices: pd.Series, step: str, end: str) -> pd.Series:
    """The last price up to each point of a grid, up to the session's end."""
    parts = {}
    for (stock, day), own in prices.groupby([prices.index.get_level_values(0), prices.index.get_level_values(1).date]):
        own = own.droplevel(0)
        own = own.resample(step, closed="right", label="right").last().ffill()
        last = pd.Timestamp(f"{day} {end}")
        grid = pd.date_range(own.index[0], last, freq=step)
        parts[stock, day] = own.reindex(grid).ffill()
    parts = [part.rename_axis("time").to_frame("price").assign(stock=stock) for (stock, _), part in parts.items()]
    return pd.concat(parts).set_index("stock", append=True).price.swaplevel()


def averaged(prices: pd.Series, step: str, grids: int, start: str, end: str) -> pd.Series:
    """The mean over offset grids of Σ r² of each, scaled to the number of returns of the first: 1/m Σ RV_o N_0/N_o."""
    found = {}
    for (stock, day), own in prices.groupby([prices.index.get_level_values(0), prices.index.get_level_values(1).date]):
        own = own.droplevel(0)
        of_grids = []
        for grid in range(grids):
            first = pd.Timestamp(f"{day} {start}") + pd.Timedelta(step) / grids * grid
            points = pd.date_range(first, f"{day} {end}", freq=step)
            sampled = own.reindex(own.index.union(points)).ffill().reindex(points).dropna()
            returns = np.log(sampled).diff().dropna()
            of_grids.append(((returns**2).sum(), len(returns)))
        scaled = [rv * of_grids[0][1] / count for rv, count in of_grids if count]
        found[stock, str(day)] = np.mean(scaled)
    return pd.Series(found).rename_axis(["stock", "date"])


def refresh(ticks: pd.DataFrame) -> pd.DataFrame:
    """Prices of all stocks at the refresh times of one day, by going through the ticks."""
    wide = ticks.pivot(index="time", columns="symbol", values="price")
    seen, times = set(), []
    for time, row in wide.iterrows():
        seen |= set(row.dropna().index)
        if len(seen) == wide.shape[1]:
            times.append(time)
            seen = set()
    return wide.ffill().loc[times]


def check_simulated(program: Program):
    ticks = simulated(1)
    file = program.folder / "ticks.csv"
    ticks.to_csv(file, index=False)
    base = [file, "--missing", "skip", "--session", "09:30-16:00"]
    clean = ticks.dropna().set_index("time").between_time("09:30", "16:00").set_index("symbol", append=True).price
    for rule in ["median", "mean", "last"]:
        merged = getattr(clean.swaplevel().groupby(level=[0, 1], sort=True), rule)()
        arguments = [*base, "--duplicates", rule]
        tolerance = TOLERANCE if rule == "mean" else 0.0
        program.same(f"simulated, {rule}", program.prices(arguments), merged, tolerance)
        for step in ["1min", "5min"]:
            grid = on_grid(merged, step, "16:00")
            sampled = [*arguments, "--every", step]
            program.same(f"simulated, {rule}, {step}", program.prices(sampled), grid, tolerance)
            program.same(f"simulated, {rule}, {step}, rv", program.variances(sampled), variances(grid), TOLERANCE)
        for step, grids in [("5min", 5), ("15min", 3)]:
            sampled = [*arguments, "--every", step, "--subsample", str(grids), "--interval", "asymptotic"]
            expected = averaged(merged, step, grids, "09:30", "16:00")
            program.same(f"simulated, {rule}, {step} on {grids} grids", program.variances(sampled), expected, TOLERANCE)
        every = merged.groupby([merged.index.get_level_values(0), merged.index.get_level_values(1).date])
        every = every.apply(lambda day: day.iloc[::10].droplevel(0)).droplevel(1)
        sampled = [*arguments, "--every", "10ticks"]
        program.same(f"simulated, {rule}, 10 ticks", program.prices(sampled), every, tolerance)


def check_trades(program: Program, folder: Path):
    file = folder / "trades_raw_2018.csv.gz"
    raw = pd.read_csv(file, keep_default_na=False)
    zone = pd.to_datetime(raw.DT).dt.tz_localize("UTC").dt.tz_convert("America/New_York")
    raw["time"] = zone.dt.tz_localize(None)
    kept = raw[(raw.CORR == 0) & (raw.EX == "N")].set_index("time").between_time("09:30", "16:00")
    clean = kept.set_index("SYMBOL", append=True).PRICE.astype(float).swaplevel().groupby(level=[0, 1]).median()
    base = [file, "--timezone", "America/New_York", "--times-in", "UTC", "--where", "CORR=0", "--where", "EX=N"]
    base += ["--session", "09:30-16:00", "--duplicates", "median"]
    program.same("trades of 2018", program.prices(base), clean)
    for step in ["1min", "5min"]:
        grid = on_grid(clean, step, "16:00")
        program.same(f"trades of 2018, {step}", program.prices([*base, "--every", step]), grid)
        found = program.variances([*base, "--every", step])
        program.same(f"trades of 2018, {step}, rv", found, variances(grid), TOLERANCE)
    found = program.variances([*base, "--every", "5min", "--subsample", "5", "--interval", "studentized"])
    program.same("trades of 2018, on 5 grids", found, averaged(clean, "5min", 5, "09:30", "16:00"), TOLERANCE)

    file = folder / "trades_multi_2014.csv.gz"
    ticks = pd.read_csv(file).rename(columns={"SYMBOL": "symbol", "DT": "time", "PRICE": "price"})
    ticks["time"] = pd.to_datetime(ticks.time)
    own = ticks.set_index(["symbol", "time"]).price
    program.same("trades of 2014, own times", program.variances([file]), variances(own), TOLERANCE)
    wide = ticks.pivot(index="time", columns="symbol", values="price").ffill().dropna()
    for align, prices in [("previous", wide), ("refresh", refresh(ticks))]:
        expected = variances(prices.stack().swaplevel().sort_index())
        found = program.variances([file, "--align", align])
        program.same(f"trades of 2014, {align}", found, expected, TOLERANCE)


def check_panel(program: Program, folder: Path):
    parts = []
    for file in sorted(folder.glob("*.csv")):
        rows = pd.read_csv(file, header=None, names=["date", "time", "price"])
        time = pd.to_datetime(rows.date.astype(str) + rows.time.astype(str).str.zfill(4), format="%Y%m%d%H%M")
        rows = rows.assign(time=time, stock=file.stem).set_index(["stock", "time"]).price
        parts.append(rows[rows.index.get_level_values(1).minute % 5 == 0])
    found = program.variances([folder, "--every", "5min"])
    program.same("five minutes of a panel, rv", found, variances(pd.concat(parts)), TOLERANCE)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", type=Path, required=True)
    parser.add_argument("--trades", type=Path)
    parser.add_argument("--panel", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        program = Program(arguments.program.resolve(), Path(folder))
        check_simulated(program)
        if arguments.trades is not None:
            check_trades(program, arguments.trades)
        if arguments.panel is not None:
            check_panel(program, arguments.panel)
    return 1 if program.wrong else 0


if __name__ == "__main__":
    sys.exit(main())

"""From files of prices to realized variances of five-minute returns: bellwether beside pandas, polars and DuckDB.

Usage: python benches/peers/load.py --program target/release/bellwether [--bars STOCKS,DAYS] [--ticks STOCKS,DAYS,N]
           [--runs 3] [--folder DIR]

Two panels are simulated: bars of one minute, and ticks (a few an N-th second, at random). Each lies there as CSV, as
gzip of it and as Parquet, one table with a column of stocks. Every program reads the same file and gives Σ r² for
each stock and day, of the last price up to each point of a five-minute grid; all must agree to 1e-9. Whole processes
are timed, in turn, each run after the others'; the minimum of the runs is told, and what it is to the fastest peer.
The peers use as many threads as bellwether: two, where pandas does not have one alone.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

THREADS = "2"

PANDAS = """
import sys, numpy as np, pandas as pd
path = sys.argv[1]
if path.endswith(".parquet"):
    table = pd.read_parquet(path)
    table["stock"] = table["stock"].astype("category")
    table["date"] = table["timestamp"].dt.normalize()
    clock = table["timestamp"] - table["date"]
else:
    table = pd.read_csv(path, dtype={"stock": "category", "date": "category", "time": str})
    clock = pd.to_timedelta(table["time"].where(table["time"].str.count(":") == 2, table["time"] + ":00"))
table["point"] = -(-clock // pd.Timedelta("5min"))
last = table.groupby(["stock", "date", "point"], observed=True)["price"].last()
squares = np.log(last).groupby(level=[0, 1], observed=True).diff() ** 2
found = squares.groupby(level=[0, 1], observed=True).sum()
print(len(found), repr(float(found.sum())))
"""

POLARS = """
import sys, polars as pl
path = sys.argv[1]
if path.endswith(".parquet"):
    table = pl.scan_parquet(path).with_columns(date=pl.col("timestamp").dt.date())
    clock = pl.col("timestamp").dt.time().cast(pl.Int64)
else:
    table = pl.scan_csv(path, schema_overrides={"time": pl.String, "stock": pl.String})
    parts = pl.col("time").str.split(":").list
    seconds = parts.get(2, null_on_oob=True).cast(pl.Float64).fill_null(0.0)
    clock = (parts.get(0).cast(pl.Int64) * 3600 + parts.get(1).cast(pl.Int64) * 60) * 10**9 + (seconds * 1e9).round().cast(pl.Int64)
step = 300 * 10**9
found = (
    table.with_columns(point=(clock + step - 1) // step)
    .group_by("stock", "date", "point", maintain_order=True).agg(pl.col("price").last())
    .sort("stock", "date", "point")
    .group_by("stock", "date").agg((pl.col("price").log().diff() ** 2).sum().alias("rv"))
    .collect(engine="streaming")
)
print(len(found), repr(found["rv"].sum()))
"""

DUCKDB = """
import sys, duckdb
path = sys.argv[1]
duckdb.sql("SET threads = %s")
if path.endswith(".parquet"):
    source = f"SELECT stock, timestamp::DATE AS date, timestamp::TIME AS clock, price FROM '{path}'"
else:
    source = f"SELECT stock, date, (CASE length(time) WHEN 5 THEN time || ':00' ELSE time END)::TIME AS clock, price FROM read_csv('{path}', types={{'time': 'VARCHAR'}})"
found = duckdb.sql(f'''
    WITH ticks AS ({source}),
    points AS (
        SELECT stock, date, ceil(epoch_us(clock) / 300e6)::INT AS point, arg_max(price, clock) AS price
        FROM ticks GROUP BY ALL),
    returns AS (
        SELECT stock, date, ln(price) - lag(ln(price)) OVER (PARTITION BY stock, date ORDER BY point) AS r FROM points),
    variances AS (SELECT stock, date, sum(r * r) AS rv FROM returns GROUP BY ALL)
    SELECT count(*), sum(rv) FROM variances''').fetchall()[0]
print(found[0], repr(found[1]))
""" % THREADS


def simulate_ticks(path: Path, stocks: int, days: int, count: int):
    import numpy as np
    import pandas as pd

    random = np.random.default_rng(1)
    parts = []
    for stock in range(stocks):
        for day in pd.bdate_range("2007-01-03", periods=days):
            # Distinct milliseconds of the session.
            times = np.sort(random.choice(23_400_000, count, replace=False)) + 34_200_000
            prices = np.round(50 * np.exp(np.cumsum(random.normal(0, 2e-5, count))), 2)
            stamp = day + pd.to_timedelta(times, "ms")
            parts.append(pd.DataFrame({"stock": f"S{stock:04}", "time": stamp, "price": prices}))
    table = pd.concat(parts)
    text = pd.DataFrame({"stock": table.stock, "date": table.time.dt.strftime("%Y-%m-%d"), "time": table.time.dt.strftime("%H:%M:%S.%f").str[:12], "price": table.price})
    text.to_csv(path, index=False)


def ours(program: Path, path: Path, folder: Path) -> tuple[int, float]:
    out = folder / "rv.csv"
    arguments = ["bootstrap", path, "--every", "5min", "--interval", "asymptotic", "--threads", THREADS, "-q", "-o", out]
    subprocess.run([program, *arguments], check=True)
    with open(out) as file:
        rows = [float(line.split(",")[2]) for line in file.readlines()[1:]]
    return len(rows), sum(rows)


def peer(code: str, path: Path) -> tuple[int, float]:
    environment = {**os.environ, "POLARS_MAX_THREADS": THREADS}
    ran = subprocess.run([sys.executable, "-c", code, path], check=True, capture_output=True, text=True, env=environment)
    # Behind a progress bar, if there is one.
    count, total = ran.stdout.split()[-2:]
    return int(count), float(total)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path, required=True)
    parser.add_argument("--bars", default="40,250")
    parser.add_argument("--ticks", default="5,10,100000")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    program = arguments.program.resolve()
    wrong = 0
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        folder = Path(folder)
        stocks, days = arguments.bars.split(",")
        bars = folder / "bars"
        subprocess.run([program, "simulate", "-o", bars, "--stocks", stocks, "--days", days, "-q"], check=True)
        subprocess.run([program, "panel", bars, "-q", "-o", folder / "bars.csv"], check=True)
        simulate_ticks(folder / "ticks.csv", *map(int, arguments.ticks.split(",")))
        print("| file | MB | bellwether, s | GB/s | pandas | polars | DuckDB | fastest peer / bellwether |")
        print("|---|--:|--:|--:|--:|--:|--:|--:|")
        for name in ["bars", "ticks"]:
            csv = folder / f"{name}.csv"
            subprocess.run([program, "panel", csv, "-q", "-o", folder / f"{name}.parquet"], check=True)
            subprocess.run(["gzip", "-k", "-1", csv], check=True)
            for ending in ["csv", "csv.gz", "parquet"]:
                path = folder / f"{name}.{ending}"
                runners = {
                    "bellwether": lambda: ours(program, path, folder),
                    "pandas": lambda: peer(PANDAS, path),
                    "polars": lambda: peer(POLARS, path),
                    "duckdb": lambda: peer(DUCKDB, path),
                }
                best, found = dict.fromkeys(runners, float("inf")), {}
                for _ in range(arguments.runs):
                    for who, run in runners.items():
                        started = time.perf_counter()
                        found[who] = run()
                        best[who] = min(best[who], time.perf_counter() - started)
                count, total = found["bellwether"]
                apart = [who for who, (n, sum_) in found.items() if n != count or abs(sum_ / total - 1) > 1e-9]
                wrong += len(apart)
                size, peers = path.stat().st_size / 1e6, {who: s for who, s in best.items() if who != "bellwether"}
                cells = " | ".join(f"{best[who]:.2f}" for who in ["pandas", "polars", "duckdb"])
                print(
                    f"| {name}.{ending} | {size:.0f} | {best['bellwether']:.2f} | {size / 1e3 / best['bellwether']:.2f} | {cells} "
                    f"| {min(peers.values()) / best['bellwether']:.1f} |{' DIFFERS: ' + str(apart) if apart else ''}",
                    flush=True,
                )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

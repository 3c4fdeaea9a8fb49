"""From files of prices to realized variances of five-minute returns: bellwether beside pandas, polars and DuckDB.

Usage: python benches/peers/load.py --program target/release/bellwether [--bars STOCKS,DAYS] [--per-day PRICES]
           [--ticks STOCKS,DAYS,N] [--runs 3] [--threads 2] [--formats csv,csv.gz,...] [--folder DIR]

Two panels are simulated: bars, and ticks (at random milliseconds of the session). Each lies there as one table with a
column of stocks: as CSV, gzip and Zstandard of it; as Parquet and as Arrow (file and stream) by pyarrow. Every program
reads the same file and gives Σ r² for each stock and day, of the last price up to each point of a five-minute grid; all
must agree to 1e-9. Whole processes are timed, in turn, each run after the others'; minima of the runs are told: the
time, the processor's time (of all threads), and the largest resident memory. The peers use as many threads as
bellwether, where pandas does not have one alone. The start of Python and of each library, timed by a file of a few
rows, is told below: it is part of the peers' times.
"""

import argparse
import multiprocessing
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
if path.endswith((".parquet", ".arrow")):
    import pyarrow as pa
    if path.endswith(".parquet"):
        table = pd.read_parquet(path)
    else:
        read = pa.ipc.open_stream if ".stream." in path else pa.ipc.open_file
        table = read(pa.memory_map(path)).read_all().to_pandas()
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
if path.endswith((".parquet", ".arrow")):
    if path.endswith(".parquet"):
        table = pl.scan_parquet(path)
    elif ".stream." in path:
        table = pl.read_ipc_stream(path).lazy()
    else:
        table = pl.scan_ipc(path)
    table = table.with_columns(date=pl.col("timestamp").dt.date())
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
if path.endswith((".parquet", ".arrow")):
    table = f"'{path}'"
    if path.endswith(".arrow"):
        import pyarrow as pa
        read = pa.ipc.open_stream if ".stream." in path else pa.ipc.open_file
        arrow = read(pa.memory_map(path)).read_all()
        table = "arrow"
    source = f"SELECT stock, timestamp::DATE AS date, timestamp::TIME AS clock, price FROM {table}"
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


def apart(work, *arguments):
    """Does this in a process of its own: a process that is started counts the memory of who starts it as its own."""
    child = multiprocessing.Process(target=work, args=arguments)
    child.start()
    child.join()
    if child.exitcode:
        raise SystemExit(f"{work.__name__} ends with {child.exitcode}")


def formats(csv: Path, wanted: list[str]):
    """Writes the table of a CSV in these formats, by their endings."""
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    text = pd.read_csv(csv, dtype={"stock": "category"})
    table = pa.table({
        "stock": pa.array(text["stock"]),
        "timestamp": pa.array(pd.to_datetime(text["date"] + " " + text["time"], format="mixed").astype("datetime64[us]")),
        "price": pa.array(text["price"]),
    })
    for ending in wanted:
        path = csv.with_name(f"{csv.stem}.{ending}")
        parts = ending.split(".")
        codec = None if parts[0] in ("none", "stream", "arrow") else parts[0]
        if ending == "csv.gz":
            subprocess.run(["gzip", "-kf1", csv], check=True)
        elif ending == "csv.zst":
            path.write_bytes(pa.compress(csv.read_bytes(), "zstd", asbytes=True))
        elif parts[-1] == "parquet":
            pq.write_table(table, path, compression=codec or "none")
        elif parts[-1] == "arrow":
            new = pa.ipc.new_stream if "stream" in parts else pa.ipc.new_file
            with new(path, table.schema, options=pa.ipc.IpcWriteOptions(compression=codec)) as writer:
                writer.write_table(table, max_chunksize=1 << 17)


class Measured:
    """The least time, processor's time and memory of some runs."""

    def __init__(self):
        self.wall = self.cpu = self.memory = float("inf")

    def run(self, command: list, environment=None) -> str:
        with tempfile.TemporaryFile("w+") as out:
            started = time.perf_counter()
            child = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL, env=environment)
            _, status, usage = os.wait4(child.pid, 0)
            self.wall = min(self.wall, time.perf_counter() - started)
            child.returncode = os.waitstatus_to_exitcode(status)
            if child.returncode:
                raise SystemExit(f"{command} ends with {child.returncode}")
            self.cpu = min(self.cpu, usage.ru_utime + usage.ru_stime)
            self.memory = min(self.memory, usage.ru_maxrss / 1024)
            out.seek(0)
            return out.read()


def ours(program: Path, path: Path, folder: Path, measured: Measured) -> tuple[int, float]:
    out = folder / "rv.csv"
    arguments = ["bootstrap", path, "--every", "5min", "--interval", "asymptotic", "--threads", THREADS, "-q", "-o", out]
    measured.run([program, *arguments])
    with open(out) as file:
        rows = [float(line.split(",")[2]) for line in file.readlines()[1:]]
    return len(rows), sum(rows)


def peer(code: str, path: Path, measured: Measured) -> tuple[int, float]:
    environment = {**os.environ, "POLARS_MAX_THREADS": THREADS}
    # Behind a progress bar, if there is one.
    count, total = measured.run([sys.executable, "-c", code, path], environment).split()[-2:]
    return int(count), float(total)


FORMATS = (
    "csv,csv.gz,csv.zst,snappy.parquet,zstd.parquet,none.parquet,none.arrow,lz4.arrow,zstd.arrow,stream.arrow,"
    "lz4.stream.arrow"
)


def main() -> int:
    global THREADS, DUCKDB
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path, required=True)
    parser.add_argument("--bars", default="40,250")
    parser.add_argument("--per-day", default="386")
    parser.add_argument("--ticks", default="5,10,100000")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--threads", default=THREADS)
    parser.add_argument("--formats", default=FORMATS)
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    DUCKDB = DUCKDB.replace(f"SET threads = {THREADS}", f"SET threads = {arguments.threads}")
    THREADS = arguments.threads
    program = arguments.program.resolve()
    wrong = 0
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        folder = Path(folder)
        stocks, days = arguments.bars.split(",")
        bars = folder / "bars"
        simulated = [program, "simulate", "-o", bars, "--stocks", stocks, "--days", days, "--per-day", arguments.per_day]
        subprocess.run([*simulated, "-q"], check=True)
        subprocess.run([program, "panel", bars, "-q", "-o", folder / "bars.csv"], check=True)
        apart(simulate_ticks, folder / "ticks.csv", *map(int, arguments.ticks.split(",")))
        # A few rows: what remains is the start.
        lines = (folder / "bars.csv").read_text().splitlines(keepends=True)[:20]
        (folder / "start.csv").write_text("".join(lines))
        print("Seconds, those of the processor in brackets; MB of memory.\n")
        print("| file | MB | bellwether | memory | pandas | polars | DuckDB | fastest peer / bellwether |")
        print("|---|--:|--:|--:|--:|--:|--:|--:|")
        paths = [folder / "start.csv"]
        for name in ["bars", "ticks"]:
            apart(formats, folder / f"{name}.csv", arguments.formats.split(","))
            paths += [folder / f"{name}.{ending}" for ending in arguments.formats.split(",")]
        for path in paths:
            runners = {
                "bellwether": lambda measured: ours(program, path, folder, measured),
                "pandas": lambda measured: peer(PANDAS, path, measured),
                "polars": lambda measured: peer(POLARS, path, measured),
                "duckdb": lambda measured: peer(DUCKDB, path, measured),
            }
            best, found = {who: Measured() for who in runners}, {}
            for _ in range(arguments.runs):
                for who, run in runners.items():
                    found[who] = run(best[who])
            count, total = found["bellwether"]
            others = [who for who, (n, sum_) in found.items() if n != count or abs(sum_ / total - 1) > 1e-9]
            wrong += len(others)
            size, own = path.stat().st_size / 1e6, best["bellwether"]
            cells = " | ".join(f"{best[who].wall:.2f} ({best[who].cpu:.2f})" for who in ["pandas", "polars", "duckdb"])
            fastest = min(best[who].wall for who in ["pandas", "polars", "duckdb"])
            print(
                f"| {path.name} | {size:.1f} | {own.wall:.2f} ({own.cpu:.2f}) | {own.memory:.0f} | {cells} "
                f"| {fastest / own.wall:.1f} |{' DIFFERS: ' + str(others) if others else ''}",
                flush=True,
            )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

"""Runs `bellwether panel` over tables in every shape that it reads, whole and damaged, against what was written.

Usage: python tests/fuzz/shapes.py --seconds 60 --seed 1 --program target/release/bellwether [--only KIND] [--keep DIR]

Each case is made from the seed and its number alone: ticks of a few stocks, each on its own times, written by pandas
or pyarrow as one table or several: a stock a file, a column of stocks, a column for each; any separator, decimal
commas, days and times in any way, epochs, zones; plain, gzip, Zstandard, Parquet. `--only` takes one KIND of these:
single, long, wide, gzip, zstd, parquet, dates.

A  What is not damaged is read, and the prices are those written, bit for bit.
B  A damaged file is refused with one message that names it, and no output; or what is read is what gzip, Zstandard,
   pyarrow and pandas read of the same bytes, where they can.
C  It ends with 0 or 1, within ten seconds, in peace: no panic, no file left.
D  Little memory changes nothing.

Prints executions and findings; exits with 1 where there are any.
"""

import argparse
import collections
import csv
import datetime
import gzip
import io
import os
import re
import subprocess
import sys
import tempfile
import time
import zlib
from random import Random
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

try:
    from compression import zstd
except ImportError:
    import zstandard

    class zstd:
        """As Python's own of later versions."""

        @staticmethod
        def compress(content):
            return zstandard.ZstdCompressor(write_checksum=True).compress(content)

        @staticmethod
        def decompress(content):
            out = zstandard.ZstdDecompressor().stream_reader(content, read_across_frames=True)
            return out.read()


TIMEOUT = 10
NEW_YORK = ZoneInfo("America/New_York")
KINDS = ["single", "long", "wide", "gzip", "zstd", "parquet", "dates"]
DAYS = [datetime.date(2007, 1, 3), datetime.date(2007, 3, 9), datetime.date(2007, 11, 2), datetime.date(2024, 2, 28)]
UNITS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}


# As the documents have it.
MISSING = ["", "na", "n/a", "nan", "null", "none", "nat", ".", "-", "#n/a"]
PRICES = ["price", "close", "Last", "px"]


def stem(name):
    """The stock that a file is named after."""
    return name.split(".csv")[0].split(".parquet")[0]


class Finding(Exception):
    def __init__(self, kind, what):
        super().__init__(what)
        self.kind, self.what = kind, what


class Clock:
    """How days and times are written: columns of texts, made of nanoseconds since 1970 of a local clock."""

    def __init__(self, random, dates):
        self.unit = random.choice(["s", "ms", "us", "ns"])
        self.way = random.choice(["apart", "apart", "stamp", "stamp", "zone", "epoch"])
        self.iso = random.random() < 0.5
        self.flags = []
        self.day = random.choice(["%Y%m%d", "%Y-%m-%d", "%Y/%m/%d", "%d%b%Y"]) if dates else "%Y-%m-%d"
        if self.way == "apart" and random.random() < 0.3:
            self.day, flag = random.choice([("%m/%d/%Y", "mdy"), ("%d.%m.%Y", "dmy"), ("%d-%m-%y", "%d-%m-%y")])
            self.flags = ["--date-format", flag]
        if self.way in ("zone", "epoch"):
            self.offset = random.choice(["Z", "+00:00", "local"])
            self.flags = ["--timezone", "America/New_York"]

    def names(self, random):
        if self.way == "apart":
            return random.choice([("date", "time"), ("DATE", "TIME"), ("Day", "hhmmss")])
        return (random.choice(["timestamp", "time", "datetime", "date_time"]),)

    def fraction(self, nanoseconds):
        digits = {"s": 0, "ms": 3, "us": 6, "ns": 9}[self.unit]
        return f".{nanoseconds:09}"[: digits + 1] if digits else ""

    def texts(self, stamp):
        seconds, rest = divmod(stamp, 10**9)
        local = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).replace(tzinfo=None)
        clock = local.strftime("%H:%M:%S") + self.fraction(rest)
        if self.way == "apart":
            if not self.iso and self.unit in ("s", "ms"):
                clock = clock.replace(":", "").replace(".", "")
            day = local.strftime(self.day)
            return (day.upper() if "%b" in self.day else day), clock
        if self.way == "stamp":
            return (local.strftime("%Y-%m-%d") + ("T" if self.iso else " ") + clock,)
        instant = local.replace(tzinfo=NEW_YORK).astimezone(datetime.timezone.utc)
        if self.way == "epoch":
            whole = int(instant.timestamp()) * 10**9 + rest
            return (str(whole // UNITS[self.unit]),)
        if self.offset == "local":
            zone = local.replace(tzinfo=NEW_YORK).strftime("%z")
            return (local.strftime("%Y-%m-%dT") + clock + zone[:3] + ":" + zone[3:],)
        return (instant.strftime("%Y-%m-%dT%H:%M:%S") + self.fraction(rest) + self.offset,)


class Case:
    def __init__(self, seed, number, only):
        self.random = random = Random(f"{seed}/{number}")
        kind = only or random.choice(KINDS)
        self.shape = kind if kind in ("single", "long", "wide") else random.choice(["single", "long", "wide"])
        self.coding = {"gzip": "gzip", "zstd": "zstd", "parquet": "parquet"}.get(kind, "plain")
        if not only and random.random() < 0.3:
            self.coding = random.choice(["gzip", "zstd", "parquet", "plain"])
        self.kind = kind
        self.clock = Clock(random, kind == "dates")
        self.separator = random.choice([",", ";", "\t", "|"])
        self.comma = self.separator != "," and random.random() < 0.3
        self.stocks = random.sample(["AAPL", "BRK.B", "MSFT", "IBM", "S0001"], random.randint(2, 4))
        self.flags = list(self.clock.flags)
        self.rows = self.ticks()
        self.damaged = None

    def ticks(self):
        """(stock, nanoseconds since 1970 of the local clock, price), in the order of time."""
        random, unit = self.random, UNITS[self.clock.unit]
        first = random.choice(DAYS)
        days = [first + datetime.timedelta(days=day) for day in range(random.choice([1, 2, 4]))]
        rows = []
        for stock in self.stocks:
            for day in random.sample(days, random.randint(1, len(days))):
                midnight = int((day - datetime.date(1970, 1, 1)).total_seconds()) * 10**9
                step = max(unit, 10**6 if self.clock.unit == "ns" else unit)
                times = random.sample(range(34_200 * 10**9 // step, 57_600 * 10**9 // step), random.choice([2, 5, 60]))
                price = 10 ** random.uniform(-2, 5)
                for place in times:
                    # Finer digits than the step, where there are any.
                    time = place * step + (random.randrange(step) if step > unit else 0)
                    price *= np.exp(random.gauss(0, 1e-3))
                    digits = random.choice([2, 4, 6, 17])
                    rows.append((stock, midnight + time, float(f"{price:.{digits}g}") or 1.0))
        return sorted(rows, key=lambda row: (row[1], row[0]))

    def price(self, price):
        text = repr(float(price))
        return text.replace(".", ",") if self.comma else text

    def tables(self):
        """The files: name, data frame of texts."""
        names = list(self.clock.names(self.random))
        price = self.random.choice(PRICES)
        if self.shape == "wide":
            self.flags += ["--missing", "skip"]
            cells = collections.defaultdict(dict)
            for stock, stamp, value in self.rows:
                cells[stamp][stock] = value
            lines = [
                [*self.clock.texts(stamp), *(self.price(own[s]) if s in own else "" for s in self.stocks)]
                for stamp, own in sorted(cells.items())
            ]
            return [("wide", pd.DataFrame(lines, columns=[*names, *self.stocks]))]
        if self.shape == "long":
            lines = [[stock, *self.clock.texts(stamp), self.price(value)] for stock, stamp, value in self.rows]
            return [("long", pd.DataFrame(lines, columns=["symbol", *names, price]))]
        tables = []
        for stock in sorted({row[0] for row in self.rows}):
            lines = [[*self.clock.texts(stamp), self.price(value)] for own, stamp, value in self.rows if own == stock]
            tables.append((stock, pd.DataFrame(lines, columns=[*names, price])))
        return tables

    def parquet(self, table):
        """Typed columns of the same."""
        random, columns = self.random, {}
        for name in table.columns:
            texts = table[name]
            if name in self.stocks or name in PRICES:
                values = [float(text.replace(",", ".")) if text else None for text in texts]
                columns[name] = pa.array(values, pa.float64())
            elif name == "symbol":
                columns[name] = pa.array(list(texts), pa.string())
            elif self.clock.way == "stamp" and random.random() < 0.8:
                columns[name] = pa.array(pd.to_datetime(texts, format="ISO8601").astype("datetime64[ns]")).cast(
                    pa.timestamp(self.clock.unit)
                )
            elif self.clock.way == "zone" and random.random() < 0.8:
                stamps = pd.to_datetime(texts, format="ISO8601", utc=True).astype("datetime64[ns, UTC]")
                columns[name] = pa.array(stamps).cast(pa.timestamp(self.clock.unit, random.choice(["UTC", "Europe/Berlin"])))
            elif self.clock.way == "epoch" and random.random() < 0.5:
                columns[name] = pa.array([int(text) for text in texts])
            elif random.random() < 0.5:
                columns[name] = pa.array(list(texts)).dictionary_encode()
            else:
                columns[name] = pa.array(list(texts))
        out = io.BytesIO()
        pq.write_table(
            pa.table(columns),
            out,
            compression=random.choice(["none", "snappy", "zstd", "gzip", "lz4"]),
            use_dictionary=random.random() < 0.5,
            row_group_size=random.choice([3, 50, 10**6]),
            data_page_version=random.choice(["1.0", "2.0"]),
            write_page_checksum=random.random() < 0.3,
        )
        return out.getvalue()

    def files(self):
        random = self.random
        self.columns = {}
        for stem, table in self.tables():
            self.columns[stem] = list(table.columns)
            if self.coding == "parquet":
                yield f"{stem}.parquet", self.parquet(table)
                continue
            end = random.choice(["\n", "\r\n"])
            text = table.to_csv(index=False, sep=self.separator, lineterminator=end).encode()
            if self.coding == "plain":
                yield f"{stem}.csv", text
                continue
            pack = gzip.compress if self.coding == "gzip" else zstd.compress
            cut = random.randrange(len(text)) if random.random() < 0.3 else len(text)
            packed = b"".join(pack(part) for part in (text[:cut], text[cut:]) if part)
            yield f"{stem}.csv.{'gz' if self.coding == 'gzip' else 'zst'}", packed

    def damage(self, content):
        random = self.random
        content = bytearray(content)
        for _ in range(random.choice([1, 1, 2])):
            place = random.randrange(len(content))
            # The end of a Parquet file holds the footer.
            if self.coding == "parquet" and random.random() < 0.5:
                place = max(place, len(content) * 2 // 3)
            how = random.randrange(6)
            if how == 0:
                content[place] ^= 1 << random.randrange(8)
            elif how == 1:
                del content[place : place + random.choice([1, 4, 40])]
            elif how == 2:
                content[place:place] = random.choice([b"\0", b"\xff", b"\n", b"9", b";", b",", b'"', b"-", b"x", b"2007"])
            elif how == 3:
                content[place : place + 4] = bytes(random.randrange(256) for _ in range(4))
            elif how == 4:
                content[place:place] = content[place : place + random.choice([1, 4, 40])]
            else:
                del content[place:]
            if not content:
                break
        return bytes(content)

    def run(self, program, counts):
        with tempfile.TemporaryDirectory(prefix="bellwether-shapes-") as folder:
            panel = os.path.join(folder, "panel")
            os.mkdir(panel)
            files = dict(self.files())
            self.before = dict(files)
            if self.random.random() < 0.6:
                self.damaged = self.random.choice(sorted(files))
                files[self.damaged] = self.damage(files[self.damaged])
            self.contents = files
            for name, content in files.items():
                with open(os.path.join(panel, name), "wb") as out:
                    out.write(content)
            if self.comma and self.coding != "parquet":
                self.flags += ["--decimal", "comma"]
            first = self.once(program, folder, [])
            counts["executions"] += 1
            counts[f"exit {first[0]}"] += 1
            counts["damaged"] += self.damaged is not None
            if self.random.random() < 0.3:
                counts["executions"] += 1
                again = self.once(program, folder, ["--memory", self.random.choice(["64KiB", "8KiB", "1MiB"])])
                # Little memory may be too little.
                if again != first and not (again[0] == 1 and " of memory, but " in again[2]):
                    raise Finding("D: little memory differs", f"{first} and {again}")
            self.check(*first)

    def once(self, program, folder, more):
        output = os.path.join(folder, "out.csv")
        self.command = ["panel", "panel", *self.flags, "-q", "-o", "out.csv", *more]
        try:
            ran = subprocess.run([program, *self.command], cwd=folder, capture_output=True, timeout=TIMEOUT, check=False)
        except subprocess.TimeoutExpired:
            raise Finding("C: time", f"more than {TIMEOUT} s") from None
        said = ran.stderr.decode(errors="backslashreplace")
        if ran.returncode not in (0, 1) or "panic" in said:
            raise Finding(f"C: exit code {ran.returncode}", said)
        table = None
        if os.path.exists(output):
            with open(output, encoding="utf-8") as file:
                table = file.read()
            os.remove(output)
        if left := sorted(set(os.listdir(folder)) - {"panel"}):
            raise Finding("C: files left", f"{left}")
        if ran.returncode == 1 and (table is not None or said.count("\n") != 1 or not said.startswith("bellwether: ")):
            raise Finding("B: not one message, or output beside it", said)
        return ran.returncode, table, said

    def check(self, code, table, said):
        if code == 1:
            if self.damaged is None:
                raise Finding("A: refused", said)
            whole = re.match(r"bellwether: (no day is left|the panel has no )", said)
            if f"panel/{self.damaged}" not in said and not whole:
                raise Finding("B: the file is not named", f"{self.damaged}: {said}")
            return
        expected = collections.defaultdict(list)
        for name, content in self.contents.items():
            if self.damaged != name:
                for stock, stamp, price in self.rows:
                    if self.shape != "single" or stock == stem(name):
                        expected[stock].append((stamp, price))
                continue
            read = self.read_again(name, content)
            if read is None:
                return
            for stock, rows in read.items():
                expected[stock] += rows
        found = collections.defaultdict(list)
        for stock, date, clock, price in list(csv.reader(io.StringIO(table)))[1:]:
            hours, minutes, rest = (clock + ":00" if clock.count(":") == 1 else clock).split(":")
            second, _, fraction = rest.partition(".")
            day = (datetime.date.fromisoformat(date) - datetime.date(1970, 1, 1)).days
            seconds = day * 86_400 + int(hours) * 3600 + int(minutes) * 60 + int(second)
            found[stock].append((seconds * 10**9 + int(f"{fraction:0<9}"), float(price)))
        # A stock's file with a damaged name has none.
        expected = {stock: rows for stock, rows in expected.items() if rows}
        if dict(found) != expected:
            apart = next((s for s in sorted(found.keys() | expected.keys()) if found.get(s) != expected.get(s)), None)
            raise Finding(
                "A: other prices" if self.damaged is None else "B: other prices than those of the same bytes",
                f"{apart}: {found.get(apart, [])[:4]} instead of {expected.get(apart, [])[:4]}",
            )

    def read_again(self, name, content):
        """What others read of a damaged file that was accepted: rows by stock; None where they can't tell."""
        if self.coding == "parquet":
            try:
                table = pq.read_table(io.BytesIO(content)).to_pandas()
            except Exception:  # Whatever pyarrow makes of damaged bytes.
                return None
            before = pq.read_table(io.BytesIO(self.before[name])).to_pandas()
            if list(table.columns) != list(before.columns) or len(table) != len(before):
                return None
            prices = [name for name in table.columns if name in self.stocks or name in PRICES]
            if not table.drop(columns=prices).equals(before.drop(columns=prices)):
                return None
            return self.with_prices(name, table[prices])
        try:
            if self.coding == "gzip":
                content = gzip.decompress(content)
            elif self.coding == "zstd":
                content = zstd.decompress(content)
        except (OSError, EOFError, zlib.error, Exception) as error:
            raise Finding("B: accepted, though it can't be decompressed", f"{name}: {error}") from None
        table = self.table(content)
        return None if table is None else self.of_texts(name, table)

    def with_prices(self, name, prices):
        """The rows of a table as it was written, with these prices."""
        rows = collections.defaultdict(list)
        if self.shape == "wide":
            for stamp, line in zip(sorted({stamp for _, stamp, _ in self.rows}), prices.itertuples(index=False)):
                for stock, price in zip(prices.columns, line):
                    if not np.isnan(price):
                        rows[stock].append((stamp, price))
            return rows
        own = [row for row in self.rows if self.shape == "long" or row[0] == stem(name)]
        for (stock, stamp, _), price in zip(own, prices.iloc[:, 0]):
            rows[stock].append((stamp, price))
        return rows

    def table(self, content):
        try:
            return pd.read_csv(io.BytesIO(content), sep=self.separator, dtype=str, keep_default_na=False, skipinitialspace=True)
        except Exception:  # Whatever pandas makes of damaged bytes.
            return None

    def of_texts(self, name, table):
        """The rows that texts stand for which are those written, by looking each up; None where any is new."""
        known = {}
        for stock, stamp, price in self.rows:
            known[self.clock.texts(stamp)] = stamp
        rows = collections.defaultdict(list)
        columns = list(table.columns)
        count = len(self.clock.texts(self.rows[0][1]))
        offset = 1 if self.shape == "long" else 0
        if columns != self.columns[stem(name)]:
            return None
        for line in table.itertuples(index=False):
            moment = tuple(text.strip() for text in line[offset : offset + count])
            if moment not in known:
                return None
            cells = (
                zip(self.stocks, line[count:])
                if self.shape == "wide"
                else [(line[0].strip() if offset else stem(name), line[-1])]
            )
            for stock, text in cells:
                text = text.strip()
                if self.shape == "wide" and text.lower() in MISSING:
                    continue
                try:
                    price = float(text.replace(",", ".") if self.comma else text)
                except ValueError:
                    raise Finding("B: accepted a price that is none", f"{name}: {text!r}") from None
                rows[stock].append((known[moment], price))
        return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="target/release/bellwether")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--cases", type=int, help="end after so many cases, if the seconds are not over before")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--case", type=int, help="run this case alone")
    parser.add_argument("--only", choices=KINDS)
    parser.add_argument("--keep", metavar="DIR", help="folder for the cases with findings")
    arguments = parser.parse_args()
    program = os.path.abspath(arguments.program)
    if not os.access(program, os.X_OK):
        sys.exit(f"{program} is no program; build it with `cargo build --release`")
    counts, found, examples = collections.Counter(), collections.Counter(), {}
    started, number = time.monotonic(), arguments.case or 0
    while True:
        case = Case(arguments.seed, number, arguments.only)
        counts["cases"] += 1
        try:
            case.run(program, counts)
        except Finding as finding:
            found[finding.kind] += 1
            examples.setdefault(finding.kind, (number, f"{case.command}: {finding.what}"))
            if arguments.keep and found[finding.kind] <= 3:
                target = os.path.join(arguments.keep, f"{re.sub(r'[^a-z]+', '-', finding.kind.lower())}-{number}")
                os.makedirs(target, exist_ok=True)
                for name, content in case.contents.items():
                    with open(os.path.join(target, name), "wb") as out:
                        out.write(content)
        number += 1
        if arguments.case is not None or time.monotonic() - started >= arguments.seconds:
            break
        if arguments.cases is not None and counts["cases"] >= arguments.cases:
            break
    print(
        f"{counts['executions']} executions of {counts['cases']} tables ({counts['damaged']} damaged) in "
        f"{time.monotonic() - started:.0f} s, seed {arguments.seed}{f', {arguments.only}' if arguments.only else ''}: "
        f"{counts['exit 0']} read, {counts['exit 1']} refused"
    )
    for kind, count in sorted(found.items()):
        example, what = examples[kind]
        print(f"{count} x {kind}; the first: --seed {arguments.seed} --case {example}\n    {what.strip()[:1000]}")
    print(f"{sum(found.values())} findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

"""Runs `bellwether bootstrap` over small panels, valid and damaged ones, and compares what it says with
pandas.

Usage: python tests/fuzz/panel.py --seconds 60 --seed 1 --program target/release/bellwether [--keep DIR]

Every case is made from the seed and its number alone (`generate.py`): a folder of files, some files or a long
file in one of the allowed spellings, mostly damaged by some mutations, and options. `oracle.py` reads the
same bytes, and these rules must hold:

A  Where the program ends with 0, its number of prices, stocks, days and realized variances are those of
   pandas.
B  It ends with 0, 1 or 3; with 1 there is one message, which names the file and line at fault where there is
   one, and no output. No file is left behind.
C  What the format allows is not refused.
D  `--memory`, `--threads`, `--format`, `--layout`, `--output`, `--quiet` and reading from a pipe change no
   result.
E  With `--quiet` and exit code 0 there is nothing on standard error.
F  It takes less than ten seconds.
G  Intervals are finite, in order, and possible: from n times the least to n times the largest squared return.
H  On small days, rv and both ends are those of `tests/oracles/intervals.py`, bit for bit.

Prints the number of executions, and findings; exits with 1 where there are any. `--keep DIR` saves the files,
command and output of the first findings of each kind; `--case N` runs one case alone.
"""

import argparse
import collections
import csv
import datetime
import io
import itertools
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
import traceback

import numpy as np

import generate
import oracle

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "oracles"))
import intervals  # noqa: E402  (it lies with the other oracles)

TIMEOUT = 10
# Prices times samples of a day that is computed again bit for bit.
SMALL = 5000
# Findings of one kind of which the files are kept.
KEPT = 3
SIZES = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
# Messages about a panel as a whole, which name no file.
PANEL_MESSAGES = re.compile(
    r"(the stocks do not share their (days|times): on "
    r"|on \d{4}-\d\d-\d\d the stocks have \d+ time\(s\) in common"
    r"|no day is left|the panel has no (stock|day) )"
)
SUMMARY = re.compile(
    r"read ([\d,]+) prices? from ([\d,]+) files? \(.*\): ([\d,]+) stocks?, ([\d,]+) days?, "
    r"(\S+)(?: to (\S+))?"
)
BOUND = re.compile(r"rounding error of any resampled sum at most (\S+) of itself")
TOO_LITTLE = re.compile(r"needs at least ([\d.]+) (\w+) of memory, but ([\d.]+) (\w+) may be used")


class Finding(Exception):
    """A rule that does not hold: its letter and kind, and what was seen."""

    def __init__(self, kind, what):
        super().__init__(what)
        self.kind = kind
        self.what = what


class Options:
    """What is asked for beside the panel."""

    def __init__(self, random, names):
        self.samples = random.choice([1, 2, 7, 50, 200])
        self.confidence = random.choice([0.99, 0.95, 0.5, 0.001, 0.9999])
        self.seed = random.choice([0, 1, 2**40 + 5, 2**64 - 1])
        self.align = random.choice(["none"] * 6 + ["exact"] * 5 + ["inner", "previous", "previous"])
        # Found out where it is not said.
        self.separator = None
        self.keep_going = random.random() < 0.15
        plain = [name for name in names if "," not in name]
        self.stocks = (
            random.sample(plain, random.randint(1, len(plain))) if plain and random.random() < 0.1 else None
        )
        bounds = [datetime.date(2007, 1, 3) + datetime.timedelta(days=random.randint(0, 5)) for _ in range(2)]
        self.first = min(bounds) if random.random() < 0.07 else None
        self.last = max(bounds) if random.random() < 0.07 else None

    def arguments(self):
        arguments = [
            "-B",
            self.samples,
            "--confidence",
            self.confidence,
            "--seed",
            self.seed,
        ]
        if self.separator:
            arguments += ["--separator", "tab" if self.separator == "\t" else self.separator]
        # The default, half of the time.
        if self.align != "none" or self.seed:
            arguments += ["--align", self.align]
        arguments += ["--keep-going"] * self.keep_going + ["--device", "cpu"]
        # With an equals sign, as a stock may be named with a dash.
        arguments += [f"--stocks={','.join(self.stocks)}"] if self.stocks else []
        arguments += ["--from", self.first] if self.first else []
        arguments += ["--to", self.last] if self.last else []
        return list(map(str, arguments))


class Run:
    """One execution and what came of it."""

    def __init__(self, program, arguments, folder, stdin=None):
        self.command = ["bootstrap", *arguments]
        with open(os.path.join(folder, stdin) if stdin else os.devnull, "rb") as file:
            # A pipe, which can be read once, not a file.
            content = file.read()
        try:
            ran = subprocess.run(
                [program, *self.command],
                cwd=folder,
                input=content,
                capture_output=True,
                timeout=TIMEOUT,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise Finding("F: time", f"more than {TIMEOUT} s: {self.command}") from None
        self.code, self.out = ran.returncode, ran.stdout
        try:
            self.err = ran.stderr.decode()
        except UnicodeDecodeError:
            raise Finding("B: message is no text", repr(ran.stderr)) from None

    def failures(self):
        """The lines on standard error that tell a failure."""
        return [line for line in self.err.split("\n") if line.startswith("bellwether: ")]


class Case:
    """A case: its files, its options, and the checks of it."""

    def __init__(self, seed, number, program, counts):
        self.random = random.Random(f"{seed}/{number}")
        self.program = program
        self.counts = counts
        self.panel = generate.panel(self.random)
        self.options = Options(self.random, self.panel.stocks)
        if self.random.random() < 0.1:
            generate.widen(self.random, self.panel)
        if self.random.random() < 0.003:
            generate.pad(self.random, self.panel)
        if self.random.random() < 0.75:
            for _ in range(self.random.choice([1, 1, 1, 2, 3])):
                generate.mutate(self.random, self.panel)
        if not self.panel.valid or self.random.random() < 0.5:
            self.options.separator = self.panel.separator
        self.runs = []

    def write(self, folder):
        """Writes the files, and returns the paths to name."""
        os.mkdir(os.path.join(folder, "panel"))
        self.paths = {}
        for file in self.panel.files:
            path = self.paths[file] = "panel/" + file.name
            with open(os.path.join(folder, path), "wb") as out:
                out.write(file.content)
        return ["panel"] if self.panel.folder else list(self.paths.values())

    def run(self, *arguments, **how):
        run = Run(self.program, arguments, self.folder, **how)
        self.runs.append(run)
        self.counts["executions"] += 1
        self.check_ending(run)
        return run

    def check(self, folder):
        self.folder = folder
        named = self.write(folder)
        arguments = [*self.options.arguments(), "--", *named]
        base = self.run(*arguments)
        self.counts[f"exit {base.code}"] += 1
        expected = Expected(self)
        if base.code == 1:
            self.check_refusal(base, expected)
        else:
            self.check_result(base, expected)
        if self.random.random() < 0.7:
            self.check_variant(base, arguments)
        if base.code != 1 and self.random.random() < 0.05:
            self.check_formats(base, arguments)
        if len(named) == 1 and named[0].startswith("panel/stdin.") and not self.options.keep_going:
            self.check_pipe(base, named[0])

    def check_ending(self, run):
        """Rules that hold for any run, whatever it read."""
        if run.code not in (0, 1, 3):
            raise Finding(f"B: exit code {run.code}", run.err)
        if run.code == 3 and not self.options.keep_going:
            raise Finding("B: exit code 3 without --keep-going", run.err)
        for text in ("panic", "please report this", "RUST_BACKTRACE"):
            # The text may stand in a file's name or field, which messages show; those of the generator have
            # none of these.
            if text in run.err:
                raise Finding(f"B: {text}", run.err)
        if any(
            ord(character) < 32 and character != "\n" or 127 <= ord(character) < 160 for character in run.err
        ):
            raise Finding("B: control characters in a message", repr(run.err))
        failures = run.failures()
        quiet = "-q" in run.command
        if run.code == 1:
            # Files left out are listed before it turns out that there is nothing left, or not enough memory.
            if self.options.keep_going:
                failures = [line for line in failures if not line.startswith("bellwether: left out ")]
                quiet = False
            if (
                len(failures) != 1
                or not run.err.endswith(failures[0] + "\n")
                or quiet
                and run.err != failures[0] + "\n"
            ):
                raise Finding("B: not one message", run.err)
            if run.out:
                raise Finding("B: output in spite of a failure", repr(run.out))
        if run.code == 0 and failures:
            raise Finding("B: a failure told, and exit code 0", run.err)
        if run.code == 3 and not failures:
            raise Finding("B: exit code 3, and no failure told", run.err)
        if run.code == 0 and quiet and run.err:
            raise Finding("E: not quiet", run.err)
        left = set(os.listdir(self.folder)) - {"panel"} - ({"out"} if run.code != 1 else set())
        left |= set(os.listdir(os.path.join(self.folder, "panel"))) - {file.name for file in self.panel.files}
        if left:
            raise Finding("B: files left", f"{sorted(left)}; {run.err}")

    def check_refusal(self, run, expected):
        message = run.failures()[-1].removeprefix("bellwether: ")
        if expected.must_accept():
            what = "refused a valid panel" if self.panel.valid else "refused what the format allows"
            raise Finding(f"C: {what} ({expected.doubt()})", message)
        if self.panel.valid and not expected.panel_refusals:
            raise Finding("oracle: a valid panel is refused", str(expected))
        message = re.sub(r"^none of the \d+ files could be used; the first: ", "", message)
        if PANEL_MESSAGES.match(message):
            if not any(message.startswith(start) or start in message for start in expected.panel_refusals):
                raise Finding(
                    f"B: refused for another reason ({expected.doubt()})", f"{message}; expected: {expected}"
                )
            return
        for path, line in expected.places():
            if message.startswith(f"{path}:{line}: " if line else f"{path}: "):
                return
        raise Finding(f"B: wrong place in a message ({expected.doubt()})", f"{message}; expected: {expected}")

    def check_result(self, run, expected):
        if not expected.panels and "header" in expected.doubt():
            # A column of an unknown name may be a stock's prices: what was said is what must have been read.
            self.counts["headers in doubt"] += 1
            if not expected.understand(self, run):
                self.counts["headers in doubt, not compared"] += 1
                return
        if not expected.panels:
            raise Finding(
                f"A: accepted, though it must be refused ({expected.doubt()})",
                f"expected: {expected}; {run.err}",
            )
        problems = []
        for panel in expected.panels:
            try:
                panel.check(run)
                if self.random.random() < 0.3:
                    panel.check_bits(run, self.options, self.counts)
                return
            except Finding as finding:
                problems.append(finding)
        raise Finding(f"{problems[0].kind} ({expected.doubt()})", problems[0].what)

    def check_variant(self, base, arguments):
        """The same with less memory, other threads, quietly, to a file."""
        more = random_subset(
            self.random, [["-q"], ["--threads", self.random.choice(["1", "2"])], ["-o", "out"]]
        )
        # Less than what the prices take, so that they are read in blocks; where that is too little for
        # anything, what is said to be needed.
        size = sum(len(file.content) for file in self.panel.files)
        memory = self.random.choice([None, 64, 16 << 10, max(size, 1), 2 * size + 1])
        extra = [part for parts in more for part in parts]
        for _ in range(12):
            run = self.run(*extra, *(["--memory", f"{memory}B"] if memory else []), *arguments)
            too_little = TOO_LITTLE.search(run.err)
            if not (memory and run.code == 1 and too_little):
                break
            self.counts["too little memory"] += 1
            needed, unit, allowed, allowed_unit = too_little.groups()
            needed, allowed = float(needed) * SIZES[unit], float(allowed) * SIZES[allowed_unit]
            if needed < allowed * 0.97:
                raise Finding("D: refused for memory that there is", run.err)
            memory = int(max(needed, memory) * 1.04 + 64)
        else:
            raise Finding("D: the memory asked for never suffices", run.err)
        blocks = re.search(r"reading (\d+) blocks of days", run.err)
        self.counts["read in blocks"] += bool(blocks)
        out = run.out
        if "-o" in extra and run.code != 1:
            path = os.path.join(self.folder, "out")
            if out:
                raise Finding("D: output beside the file", repr(out))
            with open(path, "rb") as file:
                out = file.read()
            os.remove(path)
        if (run.code, out, run.failures()) != (base.code, base.out, base.failures()):
            raise Finding(
                "D: differs",
                f"{run.command}: {run.code}, {out!r}, {run.err!r} instead of {base.code}, {base.out!r}, "
                f"{base.err!r}",
            )
        if "-q" not in extra:
            kept = [
                line for line in run.err.split("\n") if not line.startswith(("time: ", "reading ", "drew "))
            ]
            # Which of several things is told first does not count.
            if sorted(kept) != sorted(
                line for line in base.err.split("\n") if not line.startswith(("time: ", "drew "))
            ):
                raise Finding("D: says something else", f"{run.command}: {run.err} instead of {base.err}")

    def check_formats(self, base, arguments):
        """JSON and the wide layout hold the same numbers."""
        rows = list(csv.reader(io.StringIO(base.out.decode())))[1:]
        long = self.run("-q", "--format", "json", *arguments)
        records = [
            [row["date"], row["stock"], row["rv"], row["lower"], row["upper"]] for row in json.loads(long.out)["data"]
        ]
        if records != [[date, stock, *map(float, numbers)] for date, stock, *numbers in rows]:
            raise Finding("D: JSON differs", f"{long.out!r} instead of {base.out!r}")
        wide = self.run("-q", "--layout", "wide", *arguments)
        (_, *stocks), (_, *ends), *days = csv.reader(io.StringIO(wide.out.decode()))
        cells = {
            (date, stock, end): text
            for date, *texts in days
            for stock, end, text in zip(stocks, ends, texts)
            # Empty where a stock has no prices on a day.
            if text
        }
        if cells != {
            (row[0], row[1], end): row[place] for row in rows for place, end in [(3, "lower"), (4, "upper")]
        }:
            raise Finding("D: the wide layout differs", f"{wide.out!r} instead of {base.out!r}")

    def check_pipe(self, base, path):
        self.counts["from a pipe"] += 1
        run = self.run(*self.options.arguments(), "/dev/stdin", stdin=path)
        if (run.code, run.out, run.failures()) != (
            base.code,
            base.out,
            [line.replace(path, "/dev/stdin") for line in base.failures()],
        ):
            raise Finding(
                "D: from a pipe differs",
                f"{run.code}, {run.out!r}, {run.err!r} instead of {base.out!r}, {base.err!r}",
            )


def random_subset(random, parts):
    return [part for part in parts if random.random() < 0.5]


class ExpectedPanel:
    """A panel that the files may be read as."""

    def __init__(self, days, short, files, broken):
        self.days = days
        self.short = short
        self.files = files
        self.broken = broken

    def check(self, run):
        # Days too short and broken files are left out with exit code 3.
        complete = not (self.short or self.broken)
        if complete != (run.code == 0):
            left_out = "short days" if self.short and not self.broken else "broken files"
            raise Finding(
                f"A: exit code {run.code} with {left_out if not complete else 'nothing'} left out", run.err
            )
        dates = list(self.days)
        stocks = list(self.days[dates[0]].columns)
        summary = SUMMARY.search(run.err)
        if not summary:
            raise Finding("A: no summary", run.err)
        said = [int(text.replace(",", "")) for text in summary.groups()[:4]]
        said += [summary[5], summary[6] or summary[5]]
        prices = sum(int(day.notna().to_numpy().sum()) for day in self.days.values())
        true = [prices, self.files, len(stocks), len(dates), dates[0].isoformat(), dates[-1].isoformat()]
        if said != true:
            raise Finding(
                "A: another panel",
                f"read (prices, files, stocks, days, first, last) {said} instead of {true}",
            )
        try:
            header, *rows = csv.reader(io.StringIO(run.out.decode()))
            cells = [(row[0], row[1]) for row in rows]
            numbers = np.array([[float(text) for text in row[2:]] for row in rows])
        except (ValueError, IndexError):
            raise Finding("A: output is no table", repr(run.out)) from None
        if header != ["date", "stock", "rv", "lower", "upper"] or numbers.shape != (len(rows), 3):
            raise Finding("A: output is no table", repr(run.out))
        expected = [
            (date.isoformat(), stock) for date in dates for stock in stocks if self.days[date][stock].notna().any()
        ]
        if cells != expected:
            raise Finding("A: other cells", f"{cells} instead of {expected}")
        bound = BOUND.search(run.err)
        if not bound or not 0 <= float(bound[1]) <= 1.0e-6:
            raise Finding("G: no bound, or a large one", run.err)
        for (date, stock), (rv, lower, upper) in zip(cells, numbers):
            prices = self.days[datetime.date.fromisoformat(date)][stock].dropna().to_numpy()
            squares, errors = oracle.squared_returns(prices)
            true, error = squares.sum(), errors.sum()
            where = f"{date} {stock}: rv {rv!r}, interval {lower!r} to {upper!r}; expected rv {true!r}"
            if not abs(rv - true) <= max(1e-12 * true, error + len(squares) * 1e-15 * true):
                raise Finding("A: another realized variance", f"{where} with an error of at most {error}")
            # The bound is printed with one decimal.
            slack = float(bound[1]) * 1.06 * rv + len(squares) * errors.max() + 1e-12 * true
            least, most = len(squares) * squares.min() - slack, len(squares) * squares.max() + slack
            if not (0 <= lower <= upper and least <= lower and upper <= most and np.isfinite(upper)):
                raise Finding("G: an impossible interval", f"{where}, an interval from {least} to {most}")

    def check_bits(self, run, options, counts):
        """Everything again, from the prices to the ends of the intervals, as the documents have it."""
        rows = iter(csv.reader(io.StringIO(run.out.decode())))
        next(rows)
        for date, day in self.days.items():
            for stock in day.columns:
                prices = day[stock].dropna().tolist()
                if not prices:
                    continue
                row = next(rows)
                if len(prices) * options.samples > SMALL:
                    continue
                number = date.year * 10000 + date.month * 100 + date.day
                # Stocks with as many returns share them, whatever their times.
                drawn = intervals.rows(len(prices) - 1, options.seed, number, options.samples)
                returns = np.array([intervals.log_return(a, b) for a, b in itertools.pairwise(prices)])
                true = intervals.interval(returns * returns, drawn, options.confidence)
                got = tuple(float(text) for text in row[2:])
                counts["cells bit for bit"] += 1
                if got != true:
                    raise Finding("H: not the documented numbers", f"{date} {stock}: {got} instead of {true}")


class Expected:
    """What may come of a case."""

    def __init__(self, case):
        self.panels, self.panel_refusals, self.nothing_left = [], set(), False
        self.options = options = case.options
        wanted = options.stocks
        files = sorted(case.panel.files, key=lambda file: file.name.rsplit(".", 1)[0])
        self.alone = not case.panel.folder and len(files) == 1
        stems = {file: file.name.rsplit(".", 1)[0] for file in files}
        self.readings = []
        self.separator = case.panel.separator
        reads = {
            file: oracle.read_file(file.content, self.alone, wanted, self.separator, generate.STOCK_NAMES)
            for file in files
        }
        if wanted and self.alone and stems[files[0]] not in wanted:
            # Told first, where the file turns out to be one stock's.
            self.panel_refusals.add("the panel has no stock")
            # Of rows of a stock that is not wanted the number of columns is all that is looked at, so that a
            # later line may be the first at fault.
            lines = files[0].content.count(b"\n") + 1
            reads[files[0]].refusals.update(range(1, lines + 1))
        elif wanted and not self.alone:
            if not set(wanted) <= set(stems.values()):
                self.panel_refusals.add("the panel has no stock")
                return
            files = [file for file in files if stems[file] in wanted]
        self.readings = [(case.paths[file], reads[file]) for file in files]
        self.try_all([(file, stems[file], file.content, reads[file]) for file in files])

    def try_all(self, files):
        options = self.options
        skips = options.keep_going and not self.alone
        choices = []
        for _, _, content, reading in files:
            tables = [table for table in reading.tables if self.agrees(content, table)]
            choices.append(tables + ([None] if skips and (reading.refusals or not reading.tables) else []))
        for tables in itertools.product(*choices):
            stocks = {}
            for (_, stem, _, _), table in zip(files, tables):
                if table is None:
                    continue
                if (
                    self.alone
                    and options.stocks
                    and not set(options.stocks) <= set(table.available if table.long else [stem])
                ):
                    self.panel_refusals.add("the panel has no stock")
                    break
                stocks.update(table.stocks if table.long else {stem: table.stocks[""]})
            else:
                used = sum(table is not None for table in tables)
                if not stocks:
                    self.nothing_left = True
                    continue
                try:
                    days, short = oracle.align(
                        stocks, options.align, options.first, options.last, options.keep_going
                    )
                    self.panels.append(ExpectedPanel(days, short, used, used < len(tables)))
                except oracle.PanelRefused as refused:
                    self.panel_refusals.add(str(refused))

    def agrees(self, content, table):
        """Whether pandas reads the same as the first reading, or raises a finding of this program."""
        try:
            by_pandas = oracle.read_by_pandas(content, table.header, table.columns, self.separator)
        except oracle.Refused:
            by_pandas = None
        if by_pandas is None and self.options.stocks and table.long:
            # Rows of stocks that are not wanted may hold anything.
            return True
        if by_pandas is None or any(by_pandas.get(stock) != rows for stock, rows in table.stocks.items()):
            raise Finding("oracle: the two readings differ", f"{table.stocks} and {by_pandas}")
        return True

    def understand(self, case, run):
        """Takes what the program says that it understood of the files for what they are. Returns whether that
        can be held against what it made of them."""
        said = [line.removeprefix("read ") for line in run.err.split("\n") if line.startswith("read ")]
        said = [line for line in said if not SUMMARY.match(f"read {line}")]
        files = sorted(case.panel.files, key=lambda file: file.name.rsplit(".", 1)[0])
        # One way of reading for all of them.
        if len(said) != 1 or run.code != 0:
            return False
        readings = []
        for file in files:
            try:
                table = oracle.understood(said[0], file.content, self.separator, self.options.stocks)
            except (oracle.Refused, UnicodeDecodeError):
                raise Finding("A: accepted as what it is not", f"{said[0]}; {run.err}") from None
            if table is None:
                return False
            readings.append((file, file.name.rsplit(".", 1)[0], file.content, oracle.Reading([table])))
        self.try_all(readings)
        return True

    def must_accept(self):
        """Whether refusing is wrong: each file must be accepted, and so must the panel."""
        skipped = self.options.keep_going and not self.alone
        faulty = any(reading.refusals for _, reading in self.readings) and not (skipped and self.panels)
        wrong_stock = self.panel_refusals == {"the panel has no stock"} and self.alone and self.panels
        return (
            bool(self.panels)
            and not self.nothing_left
            and (not self.panel_refusals or wrong_stock)
            and not faulty
        )

    def places(self):
        """Files and lines that a message may name: up to the first file that must be refused."""
        for path, reading in self.readings:
            yield from ((path, line) for line in reading.refusals)
            # A header in doubt may be read, so that a later file is the first to be refused.
            if not reading.tables and reading.doubt != "header":
                break

    def doubt(self):
        """What about the files is not plain, if anything: findings about it have one cause."""
        doubts = sorted({reading.doubt for _, reading in self.readings if reading.doubt})
        return ", ".join(doubts) or "rows"

    def __str__(self):
        accepted = f"{len(self.panels)} way(s) to accept it, " if self.panels else ""
        return f"{accepted}refusal at {sorted(self.places(), key=str)} {sorted(self.panel_refusals)}"


def keep(folder, name, case, finding):
    """Saves a case for a person to look at."""
    target = os.path.join(folder, name)
    shutil.rmtree(target, ignore_errors=True)
    os.makedirs(target)
    case.write(target)
    with open(os.path.join(target, "finding.txt"), "w", encoding="utf-8") as out:
        out.write(f"{finding.kind}\n\n{finding.what}\n\nmutations: {case.panel.mutations}\n")
        for run in case.runs:
            out.write(f"\n$ bellwether {subprocess.list2cmdline(run.command)}\nexit code {run.code}\n")
            out.write(f"{run.out.decode(errors='backslashreplace')}\n{run.err}\n")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--program", default="target/release/bellwether")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--cases", type=int, help="end after so many cases, if the seconds are not over before")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--case", type=int, help="run this case alone")
    parser.add_argument("--first", type=int, default=0, help="the number of the first case")
    parser.add_argument("--keep", metavar="DIR", help="folder for the cases with findings")
    arguments = parser.parse_args()
    program = os.path.abspath(arguments.program)
    if not os.access(program, os.X_OK):
        sys.exit(f"{program} is no program; build it with `cargo build --release`")

    counts, found, examples = collections.Counter(), collections.Counter(), {}
    started = time.monotonic()
    number = arguments.first if arguments.case is None else arguments.case
    while True:
        case = Case(arguments.seed, number, program, counts)
        counts["cases"] += 1
        counts["unmutated"] += case.panel.valid
        with tempfile.TemporaryDirectory(prefix="bellwether-fuzz-") as folder:
            try:
                case.check(folder)
            except Finding as finding:
                found[finding.kind] += 1
                examples.setdefault(finding.kind, (number, finding.what))
                if arguments.keep and found[finding.kind] <= KEPT:
                    name = re.sub(r"\W+", "-", finding.kind).strip("-")
                    keep(arguments.keep, f"{name}-{arguments.seed}-{number}", case, finding)
            except Exception:
                print(f"--seed {arguments.seed} --case {number}:\n{traceback.format_exc()}", file=sys.stderr)
                raise
        number += 1
        if arguments.case is not None or time.monotonic() - started >= arguments.seconds:
            break
        if arguments.cases is not None and counts["cases"] >= arguments.cases:
            break

    seconds = time.monotonic() - started
    print(
        f"{counts['executions']} executions of {counts['cases']} panels ({counts['unmutated']} undamaged) in "
        f"{seconds:.0f} s, seed {arguments.seed}: {counts['exit 0']} accepted, {counts['exit 3']} in part, "
        f"{counts['exit 1']} refused; {counts['read in blocks']} or more read in blocks of days, "
        f"{counts['from a pipe']} from a pipe; {counts['cells bit for bit']} intervals compared bit for bit; "
        f"{counts['headers in doubt']} accepted with headers in doubt, "
        f"{counts['headers in doubt, not compared']} of these not compared"
    )
    for kind, count in sorted(found.items()):
        example, what = examples[kind]
        print(
            f"{count} x {kind}; the first: --seed {arguments.seed} --case {example}\n    {what.strip()[:1000]}"
        )
    print(f"{sum(found.values())} findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

"""What a panel's bytes say, read twice without the program's code: line by line by the documented format, and
by pandas.

The first reading says which lines must be refused, the second how many prices there are and what they make.
Where the documents leave a choice (a header with unknown names may be skipped or refused) both are allowed.
"""

import datetime
import io
import itertools
import re
import unicodedata

import numpy as np
import pandas as pd

COLUMNS = ("date", "time", "price")
# What headers may call the columns, by the documents, and what is "the like": known or refused. Case does not
# count, nor does anything but letters and digits.
NAMES = {
    "stock": {"stock", "symbol", "ticker"},
    "date": {"date", "day", "yyyymmdd"},
    "time": {"time", "hhmm", "hhmmss"},
    "price": {"price", "close", "last", "px"},
}
LIKE = {
    "stock": {
        "sym",
        "symroot",
        "tic",
        "ric",
        "isin",
        "cusip",
        "sedol",
        "figi",
        "permno",
        "secid",
        "security",
    },
    "date": {"tradedate", "tradingdate", "tradingday"},
    "time": {"tradetime", "timeofday"},
    "price": {
        "prices",
        "prc",
        "adjclose",
        "adjustedclose",
        "closeprice",
        "closingprice",
        "lastprice",
        "tradeprice",
        "pxlast",
        "pxclose",
    },
}
BLANKS = " \t\f"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"

DATE = re.compile(r"(\d{4})(\d\d)(\d\d)|(\d{4})-(\d\d)-(\d\d)", re.ASCII)
TIMES = {
    "HHMM": re.compile(r"(\d{0,2}?)(\d{1,2})", re.ASCII),
    "HHMMSS": re.compile(r"(\d{1,2})(\d\d)(\d\d)", re.ASCII),
    "HH:MM": re.compile(r"(\d{1,2}):(\d\d)", re.ASCII),
    "HH:MM:SS": re.compile(r"(\d{1,2}):(\d\d):(\d\d)", re.ASCII),
}
PRICE = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


class Refused(Exception):
    """A row or a file that the format does not allow."""


class Reading:
    """What one file may be read as: tables (one or none), lines at which it may be refused, and what is in
    doubt."""

    def __init__(self, tables=(), refusals=(), doubt=None):
        self.tables = list(tables)
        self.refusals = set(refusals)
        self.doubt = doubt


class Table:
    """The rows of a file: for each stock (one of no name, but in long files) the list of (date, seconds after
    midnight, price); the line of the header, and the places of the columns."""

    @property
    def long(self):
        """Whether it names its stocks: in a column, or with a column for each."""
        return "stock" in self.columns or "wide" in self.columns

    def __init__(self, stocks, header, columns, available=None):
        self.stocks = stocks
        self.header = header
        self.columns = columns
        self.available = available or list(stocks)


def parse_date(text):
    found = DATE.fullmatch(text)
    if not found:
        raise Refused
    try:
        return datetime.date(*(int(part) for part in found.groups() if part is not None))
    except ValueError:
        raise Refused from None


def parse_time(text):
    """Seconds after midnight, and how they are written."""
    style = (
        ("HH:MM" if text.count(":") == 1 else "HH:MM:SS")
        if ":" in text
        else "HHMM" if len(text) <= 4 else "HHMMSS"
    )
    if style == "HHMM":
        if not re.fullmatch(r"\d{1,4}", text, re.ASCII):
            raise Refused
        parts = [int(text) // 100, int(text) % 100]
    else:
        found = TIMES[style].fullmatch(text)
        if not found:
            raise Refused
        parts = [int(part) for part in found.groups()]
    hour, minute, second = (parts + [0])[:3]
    if hour > 23 or minute > 59 or second > 59:
        raise Refused
    return hour * 3600 + minute * 60 + second, style


def parse_price(text):
    if not PRICE.fullmatch(text):
        raise Refused
    price = float(text)
    if not 0 < price < float("inf"):
        raise Refused
    return price


class _Rows:
    """Parses the rows of one file, and checks their order."""

    def __init__(self):
        self.stocks = {}
        self.style = None

    def add(self, stock, date, time, price):
        date, (time, style), price = parse_date(date), parse_time(time), parse_price(price)
        if self.style not in (None, style):
            raise Refused
        rows = self.stocks.setdefault(stock, [])
        if rows and (date, time) <= rows[-1][:2]:
            raise Refused
        self.style = style
        rows.append((date, time, price))


def _fields(line, separator):
    """The fields of a line of text, and whether quotation marks stand where some readers do not take them."""
    fields, odd, place = [], False, 0
    while True:
        if line.startswith('"', place):
            end = place + 1
            while (end := line.find('"', end)) >= 0 and line.startswith('"', end + 1):
                end += 2
            if end < 0:
                # Left open.
                raise Refused
            comma = line.find(separator, end)
            after = line[end + 1 : comma if comma >= 0 else len(line)]
            fields.append(line[place + 1 : end].replace('""', '"') + after)
            odd |= after.strip(" \t\r") != ""
        else:
            comma = line.find(separator, place)
            fields.append(line[place : comma if comma >= 0 else len(line)])
            odd |= '"' in fields[-1]
        if comma < 0:
            return [field.strip(BLANKS + "\r") for field in fields], odd
        place = comma + 1


def read_file(content, alone, wanted=None, separator=",", stocks=()):
    """Reads a file by the documented format. `alone`: named alone, so that it may be a long file; `stocks`: names
    that a wide table may have."""
    faults = []
    for find in (_first_bad_utf8, lambda content: content.find(b"\0")):
        place = find(content)
        if place >= 0:
            faults.append(content[:place].count(b"\n") + 1)
    text = content.removeprefix(BYTE_ORDER_MARK).decode(errors="surrogateescape")
    lines, returns, amid = [], [], False
    for number, line in enumerate(text.split("\n"), 1):
        line = line.removesuffix("\r")
        if line.startswith("#"):
            # A comment, unless it is a header that names every column.
            header = _header(line[1:], separator, stocks) if not lines else None
            if header is None or header.columns is None:
                continue
            line = line[1:]
        if line.strip(BLANKS + "\r"):
            lines.append((number, line))
            if "\r" in line and not amid:
                returns.append(number)
                # Several at the end may be taken for the line's end.
                amid = "\r" in line.rstrip("\r")
    if not lines:
        return Reading(refusals=faults or [None])
    number, first = lines[0]
    header = _header(first, separator, stocks)
    if header is None:
        plain = {name: place for place, name in enumerate(COLUMNS)}
        reading = _rows(lines, plain, 3, header=None, separator=separator)
        if re.search(r"[^\W\d_]", first) and not re.search(r"\d", first, re.ASCII):
            # Names that are not known.
            reading = Reading(refusals=[number], doubt="header")
    elif "stock" in header.kinds and not alone:
        # Made of a file of one stock, whose rows do not have the columns of this header.
        reading = Reading(refusals=[number for number, _ in lines], doubt="header")
    elif header.columns is None:
        # A column of days or of times alone may hold whole time stamps, one of an unknown name a stock's prices:
        # a row tells.
        reading = Reading(refusals=[number for number, _ in lines], doubt="header")
    else:
        count = len(header.kinds)
        reading = _rows(lines[1:], header.columns, count, number, wanted=wanted, separator=separator)
        if header.kinds != list(COLUMNS) and "wide" not in header.columns:
            reading.doubt = "header"
        if not header.plain:
            reading.refusals.add(number)
            reading.doubt = "header"
    if header is not None and len(lines) == 1:
        # Told of the file, where the line passes for a header.
        reading.refusals.add(None)
    if faults:
        # A file is read in pieces, so that another fault may be found before this one.
        reading.tables = []
        reading.refusals.update(faults)
    elif returns:
        # A carriage return inside a line is a line's end for some readers and a blank for others, thus to be
        # refused. Where it was not, only pandas can say whether what was read is right.
        reading.refusals.update(returns)
        reading.doubt = "carriage return"
        reading.tables = []
        columns = header.columns if header else {name: place for place, name in enumerate(COLUMNS)}
        try:
            line = number if header else None
            if columns:
                read = read_by_pandas(content, line, columns, separator)
                kept = {
                    stock: rows
                    for stock, rows in read.items()
                    if not {"stock", "wide"} & columns.keys() or wanted is None or stock in wanted
                }
                reading.tables = [Table(kept, line, columns, list(read))]
        except (Refused, KeyError):
            pass
    return reading


def _first_bad_utf8(content):
    try:
        content.decode()
    except UnicodeDecodeError as error:
        return error.start
    return -1


class _Header:
    """What a header names: for each column what it holds (None: anything else), where each of these is, and
    whether that is plain from the documents alone."""

    def __init__(self, names, stocks=()):
        written = names
        names = ["".join(filter(str.isalnum, name)).lower() for name in names]
        self.kinds = []
        for name in names:
            kinds = [kind for kind in NAMES if name in NAMES[kind] | LIKE[kind]]
            self.kinds.append(kinds[0] if kinds else None)
        needed = ["stock"] * ("stock" in self.kinds) + list(COLUMNS)
        plain = {kind: [place for place, name in enumerate(names) if name in NAMES[kind]] for kind in needed}
        wide = {kind: [place for place, found in enumerate(self.kinds) if found == kind] for kind in needed}
        # A column that is plainly named goes before those of other names.
        chosen = {
            kind: plain[kind] if len(plain[kind]) == 1 and kind == "stock" else wide[kind] for kind in needed
        }
        self.columns = None
        if all(len(places) == 1 for places in chosen.values()):
            self.columns = {kind: places[0] for kind, places in chosen.items()}
        self.plain = plain == wide
        places = {kind: [place for place, found in enumerate(self.kinds) if found == kind] for kind in NAMES}
        others = [place for place, kind in enumerate(self.kinds) if kind is None]
        if (
            [len(places[kind]) for kind in ("date", "time", "price", "stock")] == [1, 1, 0, 0]
            and len(others) > 1
            and len({written[place] for place in others}) == len(others)
            and all(written[place] in stocks for place in others)
        ):
            self.columns = {kind: places[kind][0] for kind in ("date", "time")}
            self.columns["wide"] = [(place, written[place]) for place in others]
            self.plain = all(names[places[kind][0]] in NAMES[kind] for kind in ("date", "time"))


def _header(line, separator, stocks=()):
    """The header that a first line is, if it names any column that is known."""
    try:
        fields, odd = _fields(line, separator)
    except Refused:
        return None
    header = _Header(fields, stocks)
    header.plain &= not odd
    return header if any(header.kinds) else None


def _rows(lines, columns, count, header, wanted=None, separator=","):
    rows, available, doubts = _Rows(), [], set()
    names = {"stock", "wide"} & columns.keys()
    for number, line in lines:
        try:
            fields, odd = _fields(line, separator)
            if odd:
                doubts.add(number)
            if len(fields) != count:
                raise Refused
            cells = [(fields[place], name) for place, name in columns.get("wide", [])]
            if "wide" not in columns:
                cells = [(fields[columns["price"]], fields[columns["stock"]] if "stock" in columns else "")]
            for price, stock in cells:
                if "stock" in columns and not stock:
                    raise Refused
                if any(unicodedata.category(character) == "Cc" for character in stock):
                    doubts.add(number)
                if stock not in available:
                    available.append(stock)
                if not names or wanted is None or stock in wanted:
                    rows.add(stock, fields[columns["date"]], fields[columns["time"]], price)
        except Refused:
            return Reading(refusals=[number, *doubts], doubt="characters" if doubts else None)
    if not available:
        return Reading(refusals=[None])
    return Reading([Table(rows.stocks, header, columns, available)], doubts, "characters" if doubts else None)


def read_by_pandas(content, header, columns, separator=",", wanted=None):
    """What pandas reads: as `Table.stocks`, for a table whose header (None: there is none) and columns are
    known.

    Raises `Refused` where pandas cannot read the bytes as a table of such columns.
    """
    # Comments are for people; a header among them is a header.
    lines = content.split(b"\n")
    if header and lines[header - 1].startswith(b"#"):
        lines[header - 1] = lines[header - 1][1:]
    # Nor are lines of blanks rows, tabs between fields or not.
    content = b"\n".join(line for line in lines if not line.startswith(b"#") and line.strip(b" \t\f\r"))
    try:
        table = pd.read_csv(
            # A form feed is a blank here, and a character there.
            io.BytesIO(content.replace(b"\f", b" ")),
            sep=separator,
            header=None,
            dtype=str,
            keep_default_na=False,
            na_filter=False,
            encoding="utf-8-sig",
        )
    except (ValueError, pd.errors.ParserError):
        raise Refused from None
    # Fields that a row lacks are no texts.
    if not all((column.map(type) == str).all() for _, column in table.items()):
        raise Refused
    table = table.apply(lambda column: column.str.strip(BLANKS))
    if header:
        table = table.iloc[1:]
    if wanted and "stock" in columns:
        # Rows of other stocks may hold anything.
        table = table[table[columns["stock"]].isin(wanted)]
    if table.empty:
        raise Refused
    if "wide" in columns:
        parts = [(table[place], [name] * len(table)) for place, name in columns["wide"]]
    else:
        parts = [(table[columns["price"]], table[columns["stock"]] if "stock" in columns else [""] * len(table))]
    if "time" in columns and "date" not in columns:
        moments = [_parse_stamp(text) for text in table[columns["time"]]]
    else:
        moments = [
            (parse_date(date), parse_time(time)[0])
            for date, time in zip(table[columns["date"]], table[columns["time"]])
        ]
    rows = pd.concat(
        pd.DataFrame(
            {
                "stock": list(stocks),
                "date": [date for date, _ in moments],
                "time": [time for _, time in moments],
                "price": [parse_price(text) for text in prices],
            }
        )
        for prices, stocks in parts
    )
    groups = rows.groupby("stock", sort=False)
    read = {
        stock: list(group[["date", "time", "price"]].itertuples(index=False, name=None))
        for stock, group in groups
    }
    if any(
        earlier[:2] >= later[:2] for stock in read.values() for earlier, later in itertools.pairwise(stock)
    ):
        raise Refused
    return read


def _parse_stamp(text):
    """A day and a time in one, without a zone."""
    found = re.fullmatch(r"(\S+)[ T](\d{1,2}:\d\d(?::\d\d)?)", text, re.ASCII)
    if not found:
        raise Refused
    return parse_date(found[1]), parse_time(found[2])[0]


UNDERSTOOD = re.compile(r"(?:\d+ files? like )?(.*?): (.*?)(?:; separated by (?:tabs|'(.)'))?")


def understood(line, content, separator, stocks):
    """What a file is by what the program says that it understood: a table of one header, read by pandas.

    None where the words can't be taken apart, or times are written in a way that is not read here.
    """
    said = UNDERSTOOD.fullmatch(line)
    text = content.removeprefix(BYTE_ORDER_MARK).decode()
    lines = [
        (number, line.removesuffix("\r"))
        for number, line in enumerate(text.split("\n"), 1)
        if line.strip(BLANKS + "\r") and not line.startswith("#")
    ]
    if not said or not lines or said[2].endswith(" (no header)"):
        return None
    number, first = lines[0]
    names, _ = _fields(first, separator)
    columns = {}
    wide = re.fullmatch(r"(.*), a column of prices for each of .*", said[2])
    for part in (wide[1] if wide else said[2]).split(", "):
        name, role = part.split(" → ") if " → " in part else (part, part)
        if name == "the first column":
            columns[role] = 0
        elif names.count(name) == 1 and role in NAMES:
            columns[role] = names.index(name)
        else:
            return None
    if wide:
        own = set(columns.values())
        columns["wide"] = [(place, name) for place, name in enumerate(names) if place not in own and name]
    try:
        read = read_by_pandas(content, number, columns, separator, stocks)
    except Refused:
        if "date" not in columns:
            return None
        raise
    kept = {
        stock: rows
        for stock, rows in read.items()
        if not {"stock", "wide"} & columns.keys() or not stocks or stock in stocks
    }
    return Table(kept, number, columns, list(read))


class PanelRefused(Exception):
    """A panel whose files are right, but not together. Its argument: a part of the message."""


def align(stocks, how, first=None, last=None, drop_short=False):
    """The panel: for each day the prices, a data frame of times x stocks; and the short days that were
    dropped."""
    series = {}
    for stock, rows in sorted(stocks.items()):
        dates, times, prices = zip(*rows)
        series[stock] = pd.Series(
            prices, index=pd.MultiIndex.from_arrays([dates, times], names=["date", "time"])
        )
    table = pd.concat(series, axis=1, sort=True)
    dates = table.index.get_level_values("date")
    keep = np.ones(len(table), bool)
    if first is not None:
        keep &= dates >= first
    if last is not None:
        keep &= dates <= last
    if not keep.any():
        raise PanelRefused("the panel has no day")
    days, dropped, problems = {}, [], []
    if how == "none":
        # Each stock's own times; of those with one price on a day there is nothing there.
        for date, day in table[keep].groupby(level="date"):
            day = day.droplevel("date")
            day = day.copy()
            day.loc[:, day.notna().sum() < 2] = np.nan
            if day.notna().any(axis=None):
                days[date] = day
        if not days:
            raise PanelRefused("no day is left")
        return days, dropped
    for date, day in table[keep].groupby(level="date"):
        day = day.droplevel("date")
        if day.isna().all().any():
            if how == "exact":
                # This is found before any day is looked into.
                raise PanelRefused(f"do not share their days: on {date}")
            continue
        if how == "exact" and day.isna().any(axis=None):
            problems.append(f"do not share their times: on {date}")
            continue
        if how == "previous":
            day = day.ffill()
        day = day.dropna()
        if len(day) < 2:
            if not drop_short:
                problems.append(f"on {date} the stocks have {len(day)} time(s)")
            dropped.append(date)
            continue
        days[date] = day
    if problems:
        raise PanelRefused(problems[0])
    if not days:
        raise PanelRefused("no day is left")
    return days, dropped


def squared_returns(prices):
    """Squared log returns of a column of prices, and a bound on their errors in the program, where logarithms
    of prices are good to a unit in the last place and their difference is rounded once."""
    before, after = prices[:-1], prices[1:]
    with np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore"):
        ratio = after / before
        # Exact differences where the prices are close (Sterbenz), so that small returns lose no digits.
        near = np.log1p((after - before) / before)
        far = np.log(ratio)
        apart = np.log(after) - np.log(before)
    returns = np.where(
        (ratio > 0.5) & (ratio < 2), near, np.where((ratio > 1e-300) & (ratio < 1e300), far, apart)
    )
    unit = np.finfo(float).eps
    error = np.where(
        before == after, 0.0, unit * (np.abs(np.log(before)) + np.abs(np.log(after)) + 4 * np.abs(returns))
    )
    return returns**2, 2 * np.abs(returns) * error + error**2 + 4 * unit * returns**2

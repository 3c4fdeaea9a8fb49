"""Small panels in every spelling that the input format allows, and mutations that damage them.

Everything is drawn from one `random.Random`, so that a case is determined by its seed and number.
"""

import datetime
import math

STOCK_NAMES = [
    "A",
    "B",
    "AXP",
    "BRK.B",
    "zz",
    "S0001",
    "a b",
    "Ä",
    "x,y",
    'q"q',
    "=1",
    "-",
    "日経",
    "1",
    "stdin",
]
OTHER_COLUMNS = ["volume", "note", "exchange", "bid", "open price", "", "x,y", "flags2", "Größe"]
OTHER_VALUES = ["", "0", "100", "N", "a,b", 'say ""x""', "-1", "nan", "日本", " ", "1e999", "12:00"]

# What the mutations put in: bytes that mean something to a reader of CSV, or look as if they did.
BYTES = [
    b"\r",
    b"\n",
    b"\r\n",
    b"\r\r",
    b'"',
    b'""',
    b",",
    b",,",
    b"\0",
    b"\xef\xbb\xbf",
    b"NaN",
    b"nan",
    b"NA",
    b"inf",
    b"-inf",
    b"1e999",
    b"1e-999",
    b"1e-310",
    b"-",
    b"+",
    b" ",
    b"  ",
    b"\t",
    b";",
    b":",
    b".",
    b"e",
    b"0",
    b"9",
    b"\xd9\xa1",
    b"\xef\xbc\x91",
    b"\xc2\xa0",
    b"\xe2\x80\xa8",
    b"\x0b",
    b"\x0c",
    b"\x1a",
    b"\x1b[31m",
    b"\x1c",
    b"\xff",
    b"\xc3",
    b"#",
    b"'",
    b"_",
    b"0x",
    b"$",
    b"\x85",
    b"\xe2\x88\x92",
    b"date,time,price\n",
    b"stock,",
    b"\\",
    b"=",
]
HEADERS = [
    b"date,price,time",
    b"date,time,volume",
    b"time,date,price",
    b"price,time,date",
    b"date,time",
    b"date,time,price,volume",
    b"Date,Time,Price",
    b"volume,date,time,price",
    b"Datum,Zeit,Kurs",
    b"date;time;price",
    b"date,time,price,",
    b"date,time,price\r",
    b"#date,time,price",
    b"date,date,price",
    b"date,time,close",
    b"time,price,date",
    b"a,b,c",
    b"stock,date,time,price",
    b"date,time,price,stock",
    b"symbol,ticker,date,time,price",
    b"date,time,nan",
    b",,",
    b'"date","time","price"',
    b"date,time,Volume",
    b"open,high,low",
    b"stock,date,time",
    b"date,time,bid",
]

# The program reads files of one stock in pieces of this many bytes, and looks for a long file's header in so
# many.
PIECE = 4 << 20
HEADER_PIECE = 64 << 10


class File:
    """One file: its name, the lines and how they end."""

    def __init__(self, name, content):
        self.name = name
        self.content = content


class Panel:
    """What a case consists of: files, whether they lie in a folder, and whether a mutation damaged them."""

    def __init__(self, stocks, files, folder, long, separator):
        self.separator = separator
        self.stocks = stocks
        self.files = files
        self.folder = folder
        self.long = long
        self.valid = True
        self.mutations = []


def panel(random):
    """A valid panel."""
    shape = random.choices(["single", "long", "wide"], [5, 3, 2])[0]
    separator = random.choice([",", ",", ";", "\t", "|"])
    names = random.sample(STOCK_NAMES, random.choice([1, 1, 2, 2, 3, 4]))
    days = _days(random)
    # A few cases are larger, so that reading in blocks has blocks to read.
    most = random.choice([3, 8, 20, 40, 40]) if random.random() < 0.85 else 300
    seconds = random.random() < 0.3
    times = [_times(random, random.randint(2, most), seconds) for _ in days]
    prices = {name: [_prices(random, len(day)) for day in times] for name in names}
    rows = {
        name: [
            (day, time, price)
            for day, day_times, day_prices in zip(days, times, prices[name])
            for time, price in zip(day_times, day_prices)
        ]
        for name in names
    }
    if shape == "wide" and len(names) > 1:
        file = File("wide.csv", _wide_file(_Writer(random, separator), names, rows, seconds))
        return Panel(names, [file], False, True, separator)
    if random.random() < 0.3:
        # Each stock with times and days of its own.
        for name, own in rows.items():
            share = random.choice([0.02, 0.2, 0.9])
            rows[name] = [row for row in own if random.random() > share] or own[:1]
    if shape == "long":
        file = File("long.csv", _long_file(_Writer(random, separator), names, rows, seconds))
        return Panel(names, [file], False, True, separator)
    files = [
        File(
            name + random.choice([".csv"] * 5 + [".CSV"]),
            _single_file(_Writer(random, separator), rows[name], seconds),
        )
        for name in names
    ]
    folder = len(files) > 1 and random.random() < 0.7 or random.random() < 0.5
    return Panel(names, files, folder, False, separator)


def _days(random):
    start = (
        datetime.date(2007, 1, 3)
        if random.random() < 0.8
        else datetime.date(
            random.choice([1, 999, 1900, 2000, 2024, 9998]), random.randint(1, 12), random.choice([1, 28])
        )
    )
    gaps = [random.choice([1, 1, 1, 3, 40]) for _ in range(random.choice([1, 1, 2, 3, 4, 5]))]
    days = [start]
    for gap in gaps[1:]:
        days.append(days[-1] + datetime.timedelta(days=gap))
    return days


def _times(random, count, seconds):
    """Increasing times of a day, in seconds after midnight."""
    step = 1 if seconds else 60
    first = random.choice([0, 5, 9 * 60 + 30, 9 * 60 + 59]) * 60
    if random.random() < 0.7:
        return [first + step * number for number in range(count)]
    return sorted(step * number for number in random.sample(range(86400 // step), count))


def _prices(random, count):
    """Texts of a day's prices: random walks of any magnitude, constants, tiny changes, jumps."""
    price = 10 ** random.uniform(-6, 12) if random.random() < 0.97 else 10 ** random.uniform(-300, 300)
    kind = random.choice(["walk", "walk", "walk", "constant", "ticks", "jump", "wild"])
    style = random.choice(["repr", "repr", "cents", "short", "exponent", "odd", "long"])
    texts = []
    jump = random.randrange(count)
    for number in range(count):
        if kind == "walk":
            price *= math.exp(random.gauss(0, 1e-3))
        elif kind == "ticks":
            price *= 1 + random.choice([0, 1, -1]) * 10 ** random.uniform(-15, -9)
        elif kind == "jump":
            price *= math.exp(random.gauss(0, 1e-4)) * (2 if number == jump else 1)
        elif kind == "wild":
            price = min(max(price * 10 ** random.uniform(-3, 3), 1e-300), 1e300)
        texts.append(_price(random, price, style))
    return texts


def _price(random, price, style):
    if style == "cents" and 0.01 <= price < 1e15:
        return f"{price:.2f}"
    if style == "short":
        return f"{price:.6g}"
    if style == "exponent":
        return f"{price:.{random.randint(0, 17)}{random.choice('eE')}}"
    if style == "odd" and 1 <= price < 1e12:
        whole = str(int(price))
        return random.choice([whole, whole + ".", "00" + whole, whole + ".50", "." + whole, whole + "e0"])
    if style == "long" and 1e-6 <= price < 1e15:
        return f"{price:.20f}"
    return repr(price)


def _date_text(random, day, iso):
    return day.isoformat() if iso else day.isoformat().replace("-", "")


def _time_style(random, seconds):
    """How a file writes its times."""
    choices = ["HHMMSS", "HH:MM:SS"] if seconds else ["HHMM", "HHMM", "HH:MM", "HHMMSS", "HH:MM:SS"]
    return random.choice(choices), random.choice(["always", "never", "mixed"])


def _time_text(random, time, style):
    form, zero = style
    hour, minute, second = time // 3600, time // 60 % 60, time % 60
    text = {
        "HHMM": f"{hour:02}{minute:02}",
        "HHMMSS": f"{hour:02}{minute:02}{second:02}",
        "HH:MM": f"{hour:02}:{minute:02}",
        "HH:MM:SS": f"{hour:02}:{minute:02}:{second:02}",
    }[form]
    if text[0] == "0" and (zero == "never" or zero == "mixed" and random.random() < 0.5):
        text = text[1:]
    return text


class _Writer:
    """Writes lines: how they end, what stands around and between their fields."""

    def __init__(self, random, separator):
        self.random = random
        self.separator = separator
        # A tab is a blank, or it separates.
        self.blanks = [" ", "\t ", "  "] if separator != "\t" else [" ", "  "]
        self.end = random.choice(["\n", "\n", "\r\n", "mixed"])
        self.quote = random.choice([0, 0, 0, 0.3, 1])
        self.blank = random.choice([0, 0, 0, 0.3, 1])
        self.empty = random.choice([0, 0, 0, 0.2])
        self.text = "\ufeff" if random.random() < 0.1 else ""

    def field(self, text):
        random = self.random
        if self.separator in text or '"' in text or random.random() < self.quote:
            # A blank before a quotation mark would make the mark a part of the field.
            return '"' + text.replace('""', '"').replace('"', '""') + '"' + random.choice(["", "", " "])
        if random.random() < self.blank:
            return random.choice(["", *self.blanks]) + text + random.choice(["", *self.blanks])
        return text

    def line(self, fields):
        end = self.random.choice(["\n", "\r\n"]) if self.end == "mixed" else self.end
        while self.random.random() < self.empty:
            self.text += self.random.choice(["", " ", "\t", "   "]) + end
        self.text += self.separator.join(map(self.field, fields)) + end

    def bytes(self):
        text = self.text
        if self.random.random() < 0.2:
            text = text.removesuffix("\n").removesuffix("\r")
        return text.encode()


SPELLINGS = {
    "stock": ["stock", "symbol", "ticker", "Stock", "SYMBOL", "Ticker", "<TICKER>"],
    "date": ["date", "date", "DATE", "Date", "day", "YYYYMMDD", "<DATE>", "yyyy-mm-dd"],
    "time": ["time", "time", "TIME", "Time", "HHMM", "hhmmss", "<TIME>", "HH:MM"],
    "price": ["price", "price", "PRICE", "Price", "close", "Last", "PX", "<CLOSE>"],
}


class _Table:
    """The columns of a file in some order, with others among them where there is a header."""

    def __init__(self, random, kinds):
        self.random = random
        self.kinds = list(kinds)
        # Most files have what the documents show first.
        if random.random() < 0.4:
            self.kinds += [None] * random.choice([0, 1, 2, 3])
            random.shuffle(self.kinds)
        others = iter(random.sample(OTHER_COLUMNS, self.kinds.count(None)))
        self.names = [random.choice(SPELLINGS[kind]) if kind else next(others) for kind in self.kinds]

    def row(self, values):
        return [values[kind] if kind else self.random.choice(OTHER_VALUES) for kind in self.kinds]


def _single_file(writer, rows, seconds):
    random = writer.random
    table = None
    if random.random() < 0.4:
        table = _Table(random, ["date", "time", "price"])
        writer.line(table.names)
    iso = random.random() < 0.3
    style = _time_style(random, seconds)
    for day, time, price in rows:
        row = {
            "date": _date_text(random, day, iso),
            "time": _time_text(random, time, style),
            "price": price,
        }
        writer.line(table.row(row) if table else row.values())
    return writer.bytes()


def _long_file(writer, names, rows, seconds):
    random = writer.random
    table = _Table(random, ["stock", "date", "time", "price"])
    writer.line(table.names)
    iso = random.random() < 0.3
    style = _time_style(random, seconds)
    order = [name for name in names for _ in rows[name]]
    arrangement = random.choice(["stock by stock", "in the order of time", "shuffled"])
    if arrangement == "in the order of time":
        moments = sorted((row[:2], place) for place, name in enumerate(names) for row in rows[name])
        order = [names[place] for _, place in moments]
    elif arrangement == "shuffled":
        random.shuffle(order)
    left = {name: iter(rows[name]) for name in names}
    for name in order:
        day, time, price = next(left[name])
        row = {
            "stock": name,
            "date": _date_text(random, day, iso),
            "time": _time_text(random, time, style),
            "price": price,
        }
        writer.line(table.row(row))
    return writer.bytes()


def _wide_file(writer, names, rows, seconds):
    """A column of prices for each stock, with the day and the time before, between or behind them."""
    random = writer.random
    columns = [random.choice(SPELLINGS["date"]), random.choice(SPELLINGS["time"]), *names]
    order = list(range(len(columns)))
    if random.random() < 0.4:
        random.shuffle(order)
    writer.line(columns[place] for place in order)
    iso = random.random() < 0.3
    style = _time_style(random, seconds)
    for of_stocks in zip(*(rows[name] for name in names)):
        day, time, _ = of_stocks[0]
        fields = [_date_text(random, day, iso), _time_text(random, time, style)]
        fields += [price for _, _, price in of_stocks]
        writer.line(fields[place] for place in order)
    return writer.bytes()


def mutate(random, panel):
    """Damages one of the panel's files in some way, which is noted."""
    file = random.choice(panel.files)
    mutation = random.choices(MUTATIONS, WEIGHTS)[0]
    file.content = mutation(random, file.content, panel.separator.encode())
    panel.valid = False
    panel.mutations.append(f"{mutation.__name__[1:]} in {file.name}")


def pad(random, panel):
    """Puts blank lines, megabytes of them, where they move a line across the ends of the pieces that are
    read."""
    file = random.choice(panel.files)
    piece = random.choice([PIECE, HEADER_PIECE]) if panel.long else PIECE
    place = (
        0
        if random.random() < 0.3 and not file.content.startswith(b"\xef\xbb\xbf")
        else random.randrange(len(file.content))
    )
    # After the end of the line.
    place = 0 if place == 0 else file.content.find(b"\n", place) + 1 or len(file.content)
    before, after = file.content[:place], file.content[place:]
    if before and not before.endswith(b"\n"):
        before += b"\n"
    blank = random.choice([b"\n", b" \r\n", b" " * 1000 + b"\n"] if piece < PIECE else [b" " * 1000 + b"\n"])
    size = piece - len(before) - random.randint(-40, 40)
    padding = (blank * (size // len(blank) + 1))[-size:]
    if not padding.endswith(b"\n"):
        padding += b"\n"
    file.content = before + padding + after
    panel.mutations.append(f"{len(padding)} bytes of blank lines at {place} of {file.name}")


def widen(random, panel):
    """Long blank lines here and there: few prices in large files, which are read in blocks of days where
    memory is short."""
    for file in panel.files:
        lines = file.content.split(b"\n")
        for _ in range(random.randint(2, 6)):
            # Not the first line, which may begin with a byte order mark, and not what follows the last line's
            # end.
            lines.insert(random.randint(1, max(len(lines) - 1, 1)), b" " * random.randint(5000, 20000))
        file.content = b"\n".join(lines)


def _flip(random, content, separator):
    if not content:
        return content
    place = random.randrange(len(content))
    return content[:place] + bytes([content[place] ^ 1 << random.randrange(8)]) + content[place + 1 :]


def _delete(random, content, separator):
    place = random.randrange(len(content) + 1)
    return content[:place] + content[place + random.choice([1, 1, 2, 5, 30]) :]


def _duplicate(random, content, separator):
    place, length = random.randrange(len(content) + 1), random.choice([1, 1, 2, 5, 30])
    return content[: place + length] + content[place:]


def _insert(random, content, separator):
    place = random.randrange(len(content) + 1)
    return content[:place] + random.choice(BYTES) + content[place:]


def _replace(random, content, separator):
    place = random.randrange(len(content) + 1)
    return content[:place] + random.choice(BYTES) + content[place + random.choice([1, 1, 2, 5]) :]


def _truncate(random, content, separator):
    return content[: random.randrange(len(content) + 1)]


def _line_end(random, content, separator):
    """Another end for one line, or for all."""
    end = random.choice([b"\r", b"\r\r\n", b"\n\r", b"\x0c", b"\xe2\x80\xa8", b"", b" \n", b"\r\n"])
    if random.random() < 0.3:
        return content.replace(b"\n", end)
    places = [place for place, byte in enumerate(content) if byte == 10]
    if not places:
        return content
    place = random.choice(places)
    return content[:place] + end + content[place + 1 :]


def _of_lines(change):
    def mutation(random, content, separator):
        lines = content.splitlines(keepends=True)
        if lines:
            change(random, lines, separator)
        return b"".join(lines)

    mutation.__name__ = change.__name__
    return mutation


@_of_lines
def _swap_lines(random, lines, separator):
    a, b = random.randrange(len(lines)), random.randrange(len(lines))
    lines[a], lines[b] = lines[b], lines[a]


@_of_lines
def _drop_line(random, lines, separator):
    del lines[random.randrange(len(lines))]


@_of_lines
def _drop_lines(random, lines, separator):
    start = random.randrange(len(lines))
    del lines[start : start + random.randint(1, len(lines))]


@_of_lines
def _duplicate_line(random, lines, separator):
    place = random.randrange(len(lines))
    lines.insert(place, lines[place])


@_of_lines
def _repeat_lines(random, lines, separator):
    """Some lines once more at the end, such as a day that comes twice."""
    start = random.randrange(len(lines))
    lines += lines[start : start + random.randint(1, 8)]


@_of_lines
def _change_header(random, lines, separator):
    header = random.choice(HEADERS).replace(b",", separator) + random.choice([b"\n", b"\n", b"\r\n"])
    lines[random.choice([0, 0, 0, random.randrange(len(lines))])] = header


@_of_lines
def _add_header(random, lines, separator):
    header = random.choice(HEADERS).replace(b",", separator) + random.choice([b"\n", b"\n", b"\r\n"])
    lines.insert(random.choice([0, 0, 0, random.randrange(len(lines))]), header)


def _of_fields(change):
    """A change of the fields of one line, or the same of all."""

    def mutation(random, content, separator):
        lines = content.splitlines(keepends=True)
        if not lines:
            return content
        which = range(len(lines)) if random.random() < 0.3 else [random.randrange(len(lines))]
        state = random.getstate()
        for place in which:
            random.setstate(state)
            body = lines[place].rstrip(b"\r\n")
            fields = body.split(separator)
            change(random, fields)
            lines[place] = separator.join(fields) + lines[place][len(body) :]
        return b"".join(lines)

    mutation.__name__ = change.__name__
    return mutation


@_of_fields
def _drop_field(random, fields):
    del fields[random.randrange(len(fields))]


@_of_fields
def _duplicate_field(random, fields):
    place = random.randrange(len(fields))
    fields.insert(place, fields[place])


@_of_fields
def _swap_fields(random, fields):
    a, b = random.randrange(len(fields)), random.randrange(len(fields))
    fields[a], fields[b] = fields[b], fields[a]


@_of_fields
def _quote_field(random, fields):
    place = random.randrange(len(fields))
    text = fields[place].replace(b'"', b'""')
    fields[place] = (
        random.choice([b'"%s"', b'"%s', b'%s"', b' "%s"', b'"%s\r"', b'"%s,"', b'"%s""', b'""%s', b"'%s'"])
        % text
    )


@_of_fields
def _set_field(random, fields):
    fields[random.randrange(len(fields))] = random.choice(
        [
            b"",
            b" ",
            b"nan",
            b"0",
            b"-1",
            b"1e999",
            b"1e400",
            b"1e-400",
            b"5e-324",
            b"1.7976931348623157e308",
            b"inf",
            b"00",
            b"2400",
            b"2359",
            b"235959",
            b"24:00",
            b"9:5",
            b"0:00",
            b"00000101",
            b"20070229",
            b"20080229",
            b"2007-1-3",
            b"99991231",
            b"1,5",
            b"1 000",
            b"1_000",
            b"+1",
            b"0x1p3",
            b"1e",
            b"1e+",
            b".",
            b"..1",
            b"12.5.",
            b"\xd9\xa1\xd9\xa2",
            b"1d3",
            b"1f",
            b"infinity",
            b"123456789012345678",
            b"0.1234567890123456789",
            b"9007199254740993",
            b"1e5",
            b"1E-5",
            b"null",
            b"A",
        ]
    )


MUTATIONS = [
    _flip,
    _delete,
    _duplicate,
    _insert,
    _replace,
    _truncate,
    _line_end,
    _swap_lines,
    _drop_line,
    _drop_lines,
    _duplicate_line,
    _repeat_lines,
    _change_header,
    _add_header,
    _drop_field,
    _duplicate_field,
    _swap_fields,
    _quote_field,
    _set_field,
]
WEIGHTS = [4, 3, 2, 6, 4, 1, 3, 1, 3, 2, 1, 1, 2, 2, 1, 1, 1, 3, 4]

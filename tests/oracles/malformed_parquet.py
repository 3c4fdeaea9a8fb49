"""Writes Parquet files that are damaged, or no panel, by pyarrow.

Usage: python tests/oracles/malformed_parquet.py tests/data/malformed_parquet

What must be said of each is in `tests/common/malformed_tables.rs`. Files of another version of pyarrow differ in
their bytes: edits of a footer are by place and must be looked at again.
"""

import datetime
import io
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

DAY = datetime.datetime(2007, 1, 3)
TIMES = [DAY.replace(hour=9, minute=35), DAY.replace(hour=9, minute=36)]


def written(**columns) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


def stamps(*times) -> pa.Array:
    return pa.array(times, pa.timestamp("us"))


def with_price(price, **more) -> bytes:
    return written(time=stamps(*TIMES), **more, price=price)


def with_time(time) -> bytes:
    return written(time=time, price=[1.0, 2.0][: len(time)])


def damaged() -> dict:
    good = with_price([1.0, 2.0])
    length = int.from_bytes(good[-8:-4], "little")
    head, footer, end = good[: -8 - length], good[-8 - length : -8], good[-8:]
    return {
        "magic_alone": b"PAR1",
        "magic_twice": b"PAR1PAR1",
        "cut_short": good[: len(good) // 2],
        "without_its_last_byte": good[:-1],
        "a_footer_longer_than_the_file": good[:-8] + (2**31 - 1).to_bytes(4, "little") + b"PAR1",
        "a_footer_of_no_length": good[:-8] + bytes(4) + b"PAR1",
        "an_encrypted_footer": good[:-4] + b"PARE",
        "a_damaged_footer": head + bytes(byte ^ 0x5A for byte in footer) + end,
        "a_footer_of_zeros": head + bytes(length) + end,
        # Two rows, and 63 instead: numbers of seven bits with the sign last.
        "a_footer_that_lies_of_rows": head + footer.replace(b"\x16\x04", b"\x16\x7e") + end,
        "pages_damaged": good[:4] + bytes(byte ^ 0xFF for byte in good[4:40]) + good[40:],
        "pages_of_zeros": good[:4] + bytes(60) + good[64:],
        "that_is_text": b"20070103,935,12.34\n20070103,936,x\n",
    }


def no_panels() -> dict:
    forward = datetime.datetime(2007, 3, 11, 2, 30)
    back = datetime.datetime(2007, 11, 4, 1, 30)
    day = pa.array([datetime.date(2007, 1, 3)])
    return {
        "no_rows": written(time=stamps(), price=pa.array([], pa.float64())),
        "no_price": written(time=stamps(*TIMES), volume=[1, 2]),
        "no_time": written(price=[1.0, 2.0]),
        "two_prices": with_price([1.0, 2.0], last=[1.0, 2.0]),
        "prices_of_truth_values": with_price([True, False]),
        "prices_of_text": with_price(["1.0", "free"]),
        "prices_of_lists": with_price([[1.0], [2.0]]),
        "prices_of_days": with_price(pa.array([1, 2], pa.date32())),
        "a_price_missing": with_price(pa.array([1.0, None])),
        "a_price_that_is_no_number": with_price([1.0, float("nan")]),
        "a_price_of_infinity": with_price([1.0, float("inf")]),
        "a_price_of_zero": with_price([0.0, 1.0]),
        "a_stock_missing": with_price([1.0, 2.0], stock=["A", None]),
        "times_of_numbers": with_time([0.5, 1.5]),
        "times_of_truth_values": with_time([True, False]),
        "a_time_missing": with_time(stamps(TIMES[0], None)),
        "a_time_that_repeats": with_time(stamps(TIMES[0], TIMES[0])),
        "a_time_that_goes_back": with_time(stamps(*reversed(TIMES))),
        "a_time_beyond_the_calendar": with_time(pa.array([2**62, 2**62 + 1]).cast(pa.timestamp("ms"))),
        "a_clock_put_forward": with_time(stamps(forward)),
        "a_clock_put_back": with_time(stamps(back)),
        "stamps_of_text_in_two_zones": with_time(["2007-01-03T09:35:00Z", "2007-01-03T09:36:00"]),
        "wide_prices_of_text": written(date=day, time=["09:35"], A=[1.0], B=["x"]),
    }


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in {**damaged(), **no_panels()}.items():
        (folder / f"{name}.parquet").write_bytes(content)


if __name__ == "__main__":
    main()

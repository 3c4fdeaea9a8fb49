"""Writes Arrow files that are damaged, or no panel, by pyarrow.

Usage: python tests/oracles/malformed_arrow.py tests/data/malformed_arrow

What must be said of each is in `tests/common/malformed_arrow.rs`. Files of another version of pyarrow differ in
their bytes: edits are by what is looked for, each of which must be there once.
"""

import io
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.ipc as ipc

from malformed_parquet import TIMES, stamps


def written(table: pa.Table, new=ipc.new_file, **options) -> bytes:
    out = io.BytesIO()
    with new(out, table.schema, options=ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table)
    return out.getvalue()


def priced(price, **more) -> pa.Table:
    return pa.table({"time": stamps(*TIMES), **more, "price": price})


def with_time(time) -> bytes:
    return written(pa.table({"time": time, "price": [1.0, 2.0][: len(time)]}))


def edited(content: bytes, old: bytes, new: bytes, which=0, count=None) -> bytes:
    """With what is there in place of something of the same length: of all that are like it, one."""
    assert len(old) == len(new), (old, new)
    places = [i for i in range(len(content)) if content.startswith(old, i)]
    assert len(places) == (count or len(places)) > which, places
    place = places[which]
    return content[:place] + new + content[place + len(old):]


def long(*numbers) -> bytes:
    return b"".join(number.to_bytes(8, "little", signed=True) for number in numbers)


def damaged() -> dict:
    good = written(priced([1.0, 2.0]))
    stream = written(priced([1.0, 2.0]), ipc.new_stream)
    length = int.from_bytes(good[-10:-6], "little")
    head, footer, tail = good[: -10 - length], good[-10 - length : -10], good[-10:]
    texts = written(priced([1.0, 2.0], stock=["AB", "CD"]))
    views = written(priced([1.0, 2.0], stock=pa.array(["of thirteen by", "of thirteen too"], pa.string_view())))
    codes = written(priced([1.0, 2.0], stock=pa.DictionaryArray.from_arrays(pa.array([0, 1], pa.int32()), ["AB", "CD"])))
    # The codes come behind the times.
    times = long(*stamps(*TIMES).cast(pa.int64()).to_pylist())
    packed = written(priced([1.0] * 2), compression="zstd")
    large = pa.table({"time": stamps(*TIMES * 100), "price": [1.0, 2.0] * 100})
    lz4 = written(large, compression="lz4")
    # The record batch says its rows, the nodes theirs and their nulls, the buffers their places and lengths.
    node = long(2, 0)
    return {
        "magic_alone": b"ARROW1",
        "magic_twice": b"ARROW1\0\0ARROW1",
        "cut_short": good[: len(good) // 2],
        "without_its_last_byte": good[:-1],
        "a_footer_longer_than_the_file": good[:-10] + (2**31 - 1).to_bytes(4, "little") + good[-6:],
        "a_footer_of_a_negative_length": good[:-10] + (-1).to_bytes(4, "little", signed=True) + good[-6:],
        "a_footer_of_no_length": good[:-10] + bytes(4) + good[-6:],
        "a_footer_of_zeros": head + bytes(length) + tail,
        "a_footer_damaged": head + bytes(byte ^ 0x5A for byte in footer) + tail,
        "a_place_beyond_the_file": head + edited(footer, long(batch_at(good)), long(2**40)) + tail,
        "a_stream_cut_in_its_schema": stream[:100],
        "a_stream_cut_in_a_batch": stream[:-20],
        "a_stream_without_a_schema": stream[schema_ends(stream):],
        "a_message_of_a_negative_length": stream[:4] + (-8).to_bytes(4, "little", signed=True) + stream[8:],
        "a_message_of_two_gigabytes": stream[:4] + (2**31 - 8).to_bytes(4, "little") + stream[8:],
        "nodes_of_more_rows": edited(good, node, long(3, 0), 0, 2),
        "nodes_of_nulls_that_are_not_there": edited(good, node, long(2, 1), 1, 2),
        "a_buffer_beyond_its_batch": edited(good, long(16, 16), long(16, 2**40), 1, 2),
        "a_buffer_at_a_negative_place": edited(good, long(16, 16), long(-16, 16), 1, 2),
        "a_buffer_that_is_too_short": edited(good, long(16, 16), long(16, 15), 1, 2),
        "offsets_that_go_back": edited(texts, b"\0\0\0\0\2\0\0\0\4\0\0\0", b"\0\0\0\0\5\0\0\0\4\0\0\0"),
        "offsets_beyond_the_texts": edited(texts, b"\0\0\0\0\2\0\0\0\4\0\0\0", b"\0\0\0\0\2\0\0\0\xff\xff\xff\x7f"),
        "offsets_that_are_negative": edited(texts, b"\0\0\0\0\2\0\0\0\4\0\0\0", b"\xff\xff\xff\xff\2\0\0\0\4\0\0\0"),
        "texts_that_are_no_text": edited(texts, b"ABCD", b"\xff\xfeCD"),
        "views_of_another_buffer": edited(views, b"\x0e\0\0\0of t\0\0\0\0", b"\x0e\0\0\0of t\7\0\0\0"),
        "views_beyond_their_buffer": edited(views, b"\x0e\0\0\0of t\0\0\0\0\0\0\0\0", b"\x0e\0\0\0of t\0\0\0\0\xff\0\0\0"),
        "codes_beyond_their_dictionary": edited(codes, times + b"\0\0\0\0\1\0\0\0", times + b"\0\0\0\0\2\0\0\0"),
        "codes_that_are_negative": edited(codes, times + b"\0\0\0\0\1\0\0\0", times + b"\xff\xff\xff\xff\1\0\0\0"),
        "a_compressed_buffer_that_lies": edited(lz4, long(1600), long(2**50)),
        "a_compressed_buffer_that_is_short": edited(lz4, long(1600), long(1500), 0, 2),
        "a_compressed_buffer_damaged": edited(lz4, b"\x04\x22\x4d\x18", b"\x04\x22\x4d\xff", 0, 2),
        "a_compressed_buffer_of_zeros": edited(packed, b"\x28\xb5\x2f\xfd", bytes(4)),
        "that_is_text": b"20070103,935,12.34\n20070103,936,x\n",
    }


def schema_ends(stream: bytes) -> int:
    """Where the message behind the schema begins."""
    return 8 + int.from_bytes(stream[4:8], "little")


def batch_at(good: bytes) -> int:
    """Where a file's first message behind the schema begins."""
    return 8 + schema_ends(good[8:])


def no_panels() -> dict:
    pick = lambda values, kind: pa.array(values, kind)
    return {
        "no_rows": written(pa.table({"time": stamps(), "price": pick([], pa.float64())})),
        "no_price": written(pa.table({"time": stamps(*TIMES), "volume": [1, 2]})),
        "two_prices": written(priced([1.0, 2.0], last=[1.0, 2.0])),
        "prices_of_truth_values": written(priced([True, False])),
        "prices_of_lists": written(priced([[1.0], [2.0]])),
        "prices_of_half": written(priced(pa.array(np.array([1, 2], np.float16)))),
        "prices_of_text": written(priced(pa.array(["1.0", "free"], pa.string_view()))),
        "a_price_missing": written(priced(pick([1.0, None], pa.float64()))),
        "a_price_of_infinity": written(priced([1.0, float("inf")])),
        "a_price_of_zero": written(priced([0, 1])),
        "a_stock_missing": written(priced([1.0, 2.0], stock=pa.array(["A", None]).dictionary_encode())),
        "a_time_missing": with_time(stamps(TIMES[0], None)),
        "a_time_that_repeats": with_time(stamps(TIMES[0], TIMES[0])),
        "a_time_beyond_the_calendar": with_time(pick([2**62, 2**62 + 1], pa.timestamp("ms"))),
        "a_day_within_the_day": written(pa.table({
            "date": pa.Array.from_buffers(pa.date64(), 1, [None, pa.py_buffer(long(1_167_816_900_000))]),
            "time": pick([34_500], pa.time32("s")),
            "price": [1.0],
        })),
        "a_time_of_the_day_too_late": written(pa.table({
            "date": pick([13_516], pa.date32()),
            "time": pick([86_400], pa.int32()).view(pa.time32("s")),
            "price": [1.0],
        })),
        "a_zone_that_is_not_known": with_time(pick([1, 2], pa.timestamp("s", "Mars/Olympus"))),
    }


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in {**damaged(), **no_panels()}.items():
        (folder / f"{name}.arrow").write_bytes(content)


if __name__ == "__main__":
    main()

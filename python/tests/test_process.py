"""The package as a part of a process: errors, panics, Ctrl-C, threads, other processes, memory, imports."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import bellwether as bw
import numpy as np
import pandas as pd
import pytest
from bellwether import _bellwether
from command import BELLWETHER
from lecture import intervals


def python(code: str, **more: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, **more)


def test_files_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as missing:
        bw.bootstrap(tmp_path / "none")
    assert str(missing.value.filename).endswith("none") and missing.value.errno == 2
    (tmp_path / "A.csv").write_text("20070103,935,60\n20070103,936,x\n")
    with pytest.raises(ValueError, match=r"A.csv:2: the price \"x\" is not a number"):
        bw.bootstrap(tmp_path)
    with pytest.raises(OSError):
        bw.bootstrap(bw.simulate(stocks=1, days=1, per_day=20), samples=10).write(
            tmp_path / "no" / "folder.csv"
        )
    with pytest.raises(MemoryError, match="memory"):
        bw.bootstrap(bw.simulate(stocks=1, days=1, per_day=20000), samples=10**6, interval="bca", memory=1000)


@pytest.mark.parametrize("at_work", [False, True])
def test_panics_become_errors(at_work: bool, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RuntimeError, match=r"bellwether panicked: all is lost \(at .*lib.rs:\d+:\d+\)"):
        _bellwether._panic("all is lost", at_work)
    assert capfd.readouterr() == ("", "")
    assert bw.growth().error <= 1e-4, "and life goes on"


LONG_RUNS = {
    "bootstrap": "bw.bootstrap(panel, samples=2**32 - 1, confidence=0.9999999, progress=False)",
    "exact": "bw.exact(bw.simulate(stocks=200, days=300, per_day=80), scheme='wild', progress=False)",
    "growth": "bw.growth(grid=10_000, choice='grid', maximizer='brute', method='vfi', progress=False)",
    "compare": "bw.compare('growth', sizes=[100], min_runs=10**9, devices='one')",
}


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is another thing there")
@pytest.mark.parametrize("run", ["bootstrap", "growth"])
def test_an_interrupt_ends_a_run_soon(run: str, tmp_path: Path) -> None:
    code = f"""
import os, signal, sys, threading, time
import bellwether as bw
# A shell ignores the signal for what it runs in the background.
signal.signal(signal.SIGINT, signal.default_int_handler)
panel = bw.simulate(stocks=4, days=30, per_day=386)
threads = len(os.listdir("/proc/self/task")) if os.path.exists("/proc/self/task") else 0
print("ready", flush=True)
try:
    {LONG_RUNS[run]}
except KeyboardInterrupt:
    print(time.monotonic(), flush=True)
    for _ in range(100):
        left = len(os.listdir("/proc/self/task")) if threads else 0
        if left <= threads:
            break
        time.sleep(0.01)
    print(left - threads, flush=True)
    print(bw.growth().error <= 1e-4, flush=True)
"""
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=tmp_path)
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    time.sleep(0.7)
    sent = time.monotonic()
    child.send_signal(signal.SIGINT)
    ended, left, alive = (child.stdout.readline().strip() for _ in range(3))
    child.wait()
    # On one machine the clock is the same for all processes.
    print(f"{run}: {float(ended) - sent:.3f} s")
    assert float(ended) - sent < float(os.environ.get("BELLWETHER_INTERRUPT", "5"))
    assert (left, alive, child.returncode) == ("0", "True", 0)
    assert list(tmp_path.iterdir()) == []


def test_other_threads_go_on_meanwhile() -> None:
    panel = bw.simulate(stocks=2, days=5, per_day=386)
    counts = []
    done = threading.Event()

    def count() -> None:
        number = 0
        while not done.is_set():
            number += 1
            time.sleep(0.001)
        counts.append(number)

    thread = threading.Thread(target=count)
    thread.start()
    begin = time.monotonic()
    bw.bootstrap(panel, samples=30_000, progress=False)
    spent = time.monotonic() - begin
    done.set()
    thread.join()
    assert counts[0] > 10 or spent < 0.1


def test_threads_get_the_same(prices: pd.DataFrame) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(intervals, [prices] * 8))
    assert set(found) == {intervals(prices)}


@pytest.mark.parametrize("how", multiprocessing.get_all_start_methods())
def test_processes_get_the_same(prices: pd.DataFrame, how: str) -> None:
    # Used before: what a fork leaves behind must not be missed.
    expected = intervals(prices)
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(how)) as executor:
        assert set(executor.map(intervals, [prices] * 4)) == {expected}


def resident() -> int:
    """Bytes in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is told by /proc")
def test_memory_does_not_grow(prices: pd.DataFrame) -> None:
    import pyarrow as pa

    table = pa.Table.from_pandas(prices.reset_index())
    bad = prices.copy()
    bad.iloc[5, 1] = np.nan

    def calls(count: int) -> None:
        for _ in range(count):
            bw.bootstrap(prices, samples=20, progress=False, threads=1).to_dict()
            bw.bootstrap(table, samples=20, progress=False, threads=1).resamples("S0001", "2007-01-04")
            with pytest.raises(ValueError):
                bw.bootstrap(bad, samples=20)

    calls(50)
    before = resident()
    calls(1000)
    grown = resident() - before
    print(f"grown by {grown / 1024:.0f} KiB in 3,000 calls")
    # A frame has 5.6 KB: if one stayed of each call, it would be 17 MB.
    assert grown < 4 << 20


def test_imports_are_light() -> None:
    done = python(
        "import sys, bellwether\n"
        "print([name for name in ('pandas', 'polars', 'numpy', 'tqdm') if name in sys.modules])"
    )
    assert done.stdout.strip() == "[]", done.stderr
    code = (
        "import sys, bellwether as bw; bw.growth(); print('pandas' in sys.modules, 'polars' in sys.modules)"
    )
    assert python(code).stdout.strip() == "False False"
    code = """
import sys, numpy, bellwether as bw
result = bw.bootstrap(numpy.full((9, 2), 5.0), dates=numpy.arange(9).astype("M8[m]"), samples=10)
assert result.to_dict()["rv"].sum() == 0.0
print('pandas' in sys.modules, 'polars' in sys.modules)
"""
    done = python(code)
    assert done.stdout.strip() == "False False", done.stderr


def test_the_command_line_is_in_the_package(tmp_path: Path) -> None:
    version = subprocess.run([BELLWETHER, "--version"], capture_output=True, text=True, check=True).stdout
    assert version == f"bellwether {bw.__version__}\n"
    for command in ([BELLWETHER], [sys.executable, "-m", "bellwether"]):
        wrong = subprocess.run(
            [*command, "bootstrap", str(tmp_path / "none")], capture_output=True, text=True
        )
        assert wrong.returncode == 1 and "cannot read" in wrong.stderr
        assert subprocess.run([*command, "bootstrap"], capture_output=True).returncode == 2
        listed = subprocess.run([*command, "devices"], capture_output=True, text=True, check=True)
        assert listed.stdout.startswith("cpu: ") and "usage" not in listed.stderr


def test_progress_bars(prices: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    import tqdm.auto

    bars = []

    class Bar:
        def __init__(self, *, total: int, **_: object) -> None:
            self.total, self.n, self.closed = total, 0, False
            bars.append(self)

        def update(self, more: int) -> None:
            self.n += more

        def close(self) -> None:
            self.closed = True

    monkeypatch.setattr(tqdm.auto, "tqdm", Bar)
    monkeypatch.setattr("bellwether._progress.Progress.__init__.__kwdefaults__", {"delay": 0.0})
    bw.bootstrap(prices, samples=200_000)
    assert bars and bars[-1].closed and bars[-1].n == bars[-1].total == 9 * 78 * 200_000
    del bars[:]
    bw.bootstrap(prices, samples=200_000, progress=False)
    assert not bars

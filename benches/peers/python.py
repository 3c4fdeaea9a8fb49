"""What the Python package costs: its import, from a frame of pandas to intervals, and the lecture's own code.

Usage: python benches/peers/python.py PANEL [--program bellwether] [--rounds 9] [--samples 1000,10000]
           [--skip-lecture]

PANEL is a folder of files `YYYYMMDD,HHMM,PRICE`, one a stock. Run it by the Python whose package is measured. Times are
of the clock, in seconds; what is compared is run in turn, round after round, and minima are told, beside medians.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

# Instead of this folder, whose bellwether.py is no package.
sys.path[0] = str(Path(__file__).parents[2] / "python" / "notebooks")


def clock(work):
    start = time.perf_counter()
    done = work()
    return done, time.perf_counter() - start


def told(times):
    return f"{min(times):.4f} s ({statistics.median(times):.4f} s)"


def of_import(rounds):
    """The import alone, from files that are in the system's memory, and from files that are not."""
    code = (
        "import time; start, spent = time.perf_counter(), time.process_time(); import bellwether; "
        "print(time.perf_counter() - start, time.process_time() - spent)"
    )

    def once():
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        return [float(seconds) for seconds in done.stdout.split()]

    import importlib.util

    package = Path(importlib.util.find_spec("bellwether").origin).parent
    once()
    warm, cold = [], []
    for _ in range(rounds):
        warm.append(once())
        for file in package.rglob("*"):
            if file.is_file() and hasattr(os, "posix_fadvise"):
                with open(file, "rb") as opened:
                    os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        cold.append(once())
    for what, times in (("warm", warm), ("the package's files read anew", cold)):
        clocks, processes = zip(*times)
        print(f"import, {what}: {told(clocks)}, of which the processor {told(processes)}")
    listed = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", "import bellwether"],
        capture_output=True,
        text=True,
        check=True,
    ).stderr
    lines = [re.findall(r"[\d]+|[\w.]+$", line) for line in listed.splitlines()]
    rows = [(int(line[1]), line[-1]) for line in lines if len(line) == 3 and line[1].isdigit()]
    rows.sort(reverse=True)
    print(
        "importtime, cumulative:",
        ", ".join(f"{name} {microseconds / 1000:.1f} ms" for microseconds, name in rows[:8]),
    )


def of_frames(frame, folder, program, samples, rounds):
    """From a frame in memory to intervals, beside the library's own time, and the command line's on the files."""
    import bellwether as bw

    whole, own, stated, line = [], [], [], []
    for _ in range(rounds):
        result, seconds = clock(lambda: bw.bootstrap(frame, samples=samples, progress=False))
        whole.append(seconds)
        own.append(result.seconds)
        command = [program, "bootstrap", str(folder), "-B", str(samples), "-o", os.devnull, "--format", "csv"]
        done, seconds = clock(lambda: subprocess.run(command, capture_output=True, text=True, check=True))
        line.append(seconds)
        stated.append([text.strip() for text in done.stderr.splitlines() if re.search(r"\d m?s\b", text)])
    ratio = min(whole) / min(own)
    print(
        f"{samples} samples: from the frame {told(whole)}, the library {told(own)}, ratio of minima {ratio:.3f}"
    )
    print(f"  the command line, from files: {told(line)}; it says {stated[line.index(min(line))]}")
    read = [clock(lambda: bw.read_panel(frame))[1] for _ in range(rounds)]
    print(f"  read_panel of the frame, prices kept: {told(read)}")


def of_the_lecture(returns, prices, samples, rounds):
    """January and two stocks, by the lecture's own code and by ours."""
    import bellwether as bw
    import numpy as np
    from pcomputations import sample_to_statistic
    from scipy.stats import binom

    np.random.seed(0)
    draws, pandas_seconds = clock(lambda: [sample_to_statistic(returns) for _ in range(samples)])
    stacked = np.array([one.to_numpy() for one in draws])
    theirs = np.quantile(stacked, [0.005, 0.995], axis=0)
    times = []
    for _ in range(rounds):
        result, seconds = clock(lambda: bw.bootstrap(prices, samples=samples, threads=1, progress=False))
        times.append(seconds)
    wide = result.to_frame(layout="wide")
    columns = list(draws[0].columns)
    ours = np.array([[wide[stock][end] for stock in columns] for end in ("lower", "upper")]).transpose(
        0, 2, 1
    )

    def exact(level):
        wide = bw.exact(prices, confidence=1 - 2 * level).to_frame(layout="wide")
        return np.array([[wide[stock][end] for stock in columns] for end in ("lower", "upper")]).transpose(
            0, 2, 1
        )

    # The lower end lies between the 5th and the 6th draw of 1,000 (counted from 1), so that it lies below the exact
    # quantile of level a only if 5 draws do, and above that of level b only if at most 5 draws lie below it.
    rank = int(0.005 * (samples - 1)) + 1
    sure = 1e-3 / (2 * theirs.size)
    levels = np.linspace(1e-6, 0.05, 200_001)
    outside = levels[np.searchsorted(binom.sf(rank - 1, samples, levels), sure)]
    inside = levels[np.searchsorted(-binom.cdf(rank, samples, levels), -sure)]
    outer, inner, middle = exact(outside), exact(inside), exact(0.005)
    for name, ends in (("pandas", theirs), ("ours", ours)):
        held = ((outer[0] < ends[0]) & (ends[0] < inner[0])).sum() + (
            (inner[1] < ends[1]) & (ends[1] < outer[1])
        ).sum()
        off = np.abs(ends / middle - 1)
        print(
            f"{name}: {held} of {ends.size} ends where the exact law has them with probability .999 jointly (levels "
            f"{outside:.5f} to {inside:.5f}); median distance to the exact ends {np.median(off):.4f}, largest {off.max():.4f}"
        )
    print(f"pandas against ours: median distance of ends {np.median(np.abs(theirs / ours - 1)):.4f}")
    best = min(times)
    print(
        f"pandas {pandas_seconds:.2f} s, ours on one thread {told(times)}: {pandas_seconds / best:,.0f} times"
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("panel", type=Path)
    parser.add_argument("--program", default=str(Path(sys.executable).with_name("bellwether")))
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--samples", default="1000,10000")
    parser.add_argument("--skip-lecture", action="store_true")
    given = parser.parse_args()
    of_import(given.rounds)

    import warnings

    import bellwether as bw
    import numpy as np
    import pandas as pd

    warnings.simplefilter("ignore", bw.BellwetherWarning)
    panel, seconds = clock(lambda: bw.read_panel(given.panel))
    frame = panel.to_frame()
    print(
        f"{frame.shape[0]:,} times, {frame.shape[1]} stocks; read in {seconds:.2f} s; bellwether {bw.__version__}"
    )
    for samples in given.samples.split(","):
        of_frames(frame, given.panel, given.program, int(samples), given.rounds)
    print("load average", os.getloadavg() if hasattr(os, "getloadavg") else "unknown")
    if given.skip_lecture:
        return
    month = str(frame.index[0].to_period("M"))
    stocks = ["CSCO", "BA"] if {"CSCO", "BA"} <= set(frame) else list(frame.columns[:2])
    prices = frame.loc[month, stocks].dropna()
    returns = np.log(prices).groupby(prices.index.date).diff().dropna()
    print(f"{month}, {' and '.join(stocks)}: {len(returns):,} returns a stock, pandas {pd.__version__}")
    of_the_lecture(returns, prices, 1000, given.rounds)
    print("load average", os.getloadavg() if hasattr(os, "getloadavg") else "unknown")


if __name__ == "__main__":
    main()

"""The Markdown report: provenance, tables of times and ratios, checks."""

import datetime
import importlib.metadata
import os
import platform
import shlex
import subprocess
import sys

import bellwether

PACKAGES = ["numpy", "pandas", "scipy", "numba", "llvmlite", "arch", "quantecon"]
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


def provenance():
    def git(*arguments):
        done = subprocess.run(["git", "-C", ROOT, *arguments], capture_output=True, text=True)
        return done.stdout.strip() if done.returncode == 0 else "unknown"

    changed = " with uncommitted changes" if git("status", "--porcelain", "--untracked-files=no") else ""
    packages = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
    load = ", ".join(f"{value:.2f}" for value in os.getloadavg()) if hasattr(os, "getloadavg") else "unknown"
    return [
        f"- date: {datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M} UTC",
        f"- commit: {git('rev-parse', 'HEAD')}{changed}",
        f"- program: {bellwether.version()}",
        f"- processor: {processor()}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}",
        f"- load before the first run (1, 5, 15 minutes): {load}",
        f"- Python {platform.python_version()}, {packages}",
        f"- command: `benches/peers/run {shlex.join(shown_arguments())}`",
    ]


def shown_arguments():
    """The command line; paths from the root of the file system by their last part alone."""
    return [os.path.basename(os.path.normpath(a)) if os.path.isabs(a) else a for a in sys.argv[1:]]


def processor():
    """Model and family: the model's name alone says little on rented machines."""
    try:
        with open("/proc/cpuinfo") as file:
            facts = dict(line.split(":", 1) for line in file.read().split("\n\n")[0].splitlines() if ":" in line)
        facts = {name.strip(): value.strip() for name, value in facts.items()}
        return f"{facts['model name']} (family {facts['cpu family']}, model {facts['model']})"
    except (OSError, KeyError):
        return platform.processor() or "unknown"


def seconds(value):
    """Three significant digits, in a unit that suits."""
    if value >= 1.0:
        return f"{value:.3g} s" if value < 1000 else f"{value:,.0f} s"
    return f"{value * 1e3:.3g} ms" if value >= 1e-3 else f"{value * 1e6:.3g} µs"


def ratio(spread, base):
    """How many times as long as `base`, from minima (and from medians)."""
    if base is None or base.minimum <= 0 or base.median <= 0:
        return "–"
    figures = [spread.minimum / base.minimum, spread.median / base.median]
    text = [f"{value:,.0f}" if value >= 100 else f"{value:.3g}" for value in figures]
    return f"{text[0]} ({text[1]})"


def table(rows, bases):
    """A row is (what, threads, part timed, spread); `bases` are Bellwether's spreads by threads.

    Ratios above 1: Bellwether is faster. The first compares with as many threads, the second with Bellwether's best.
    """
    best = min(bases.values(), key=lambda spread: spread.minimum) if bases else None
    lines = [
        "| what | threads | timed | runs | minimum | median | ÷ Bellwether, same threads | ÷ Bellwether at its best |",
        "|---|--:|---|--:|--:|--:|--:|--:|",
    ]
    for what, threads, part, spread in rows:
        lines.append(
            f"| {what} | {threads} | {part} | {spread.runs} | {seconds(spread.minimum)} | {seconds(spread.median)} "
            f"| {ratio(spread, bases.get(threads))} | {ratio(spread, best)} |"
        )
    return lines


def who_is_faster(rows, bases, own):
    """Says plainly which peers beat Bellwether with as many threads, by minima."""
    faster = [
        f"{what} ({threads} thread{'s' if threads > 1 else ''}, {bases[threads].minimum / spread.minimum:.2f} times)"
        for what, threads, _, spread in rows
        if not what.startswith(own) and threads in bases and spread.minimum < bases[threads].minimum
    ]
    return ["", "Faster than Bellwether here: " + ("; ".join(faster) if faster else "none") + "."]

"""Runs the Bellwether binary, and reads its own clock."""

import os
import re
import subprocess
import sys
import time

BINARY = os.environ.get("BELLWETHER", "bellwether")
UNITS = {"s": 1.0, "ms": 1e-3, "µs": 1e-6, "us": 1e-6, "ns": 1e-9}


def run(arguments):
    """Wall seconds of the whole process, and what it wrote on standard error."""
    begin = time.perf_counter()
    done = subprocess.run([BINARY, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    wall = time.perf_counter() - begin
    if done.returncode:
        sys.exit(f"bellwether {' '.join(arguments)} failed:\n{done.stderr}")
    return wall, done.stderr


def has_command(name):
    return subprocess.run([BINARY, name, "--help"], capture_output=True).returncode == 0


def version():
    return subprocess.run([BINARY, "--version"], capture_output=True, text=True, check=True).stdout.strip()


def phases(text):
    """{phase: seconds} of the line that begins with `time`: names and figures with units, between commas."""
    lines = [line for line in text.splitlines() if re.match(r"time\b", line)]
    if len(lines) != 1:
        sys.exit(f"no line (or more than one) that begins with `time` on Bellwether's standard error:\n{text}")
    # What stands in parentheses is a part of the phase before it.
    line = re.sub(r"\([^)]*\)", "", lines[0].removeprefix("time").removeprefix(":"))
    found = re.findall(r"([a-z][a-z ]*?)\s+([0-9.]+(?:e-?[0-9]+)?)\s*(ms|µs|us|ns|s)\b", line)
    if not found:
        sys.exit(f"no phases in this line of Bellwether's:\n{lines[0]}")
    return {name: float(value) * UNITS[unit] for name, value, unit in found}


def measured(arguments):
    """A `measure` for the clock: Bellwether's own phases, and the `process`."""

    def measure():
        wall, text = run(arguments)
        return phases(text) | {"process": wall}

    return measure

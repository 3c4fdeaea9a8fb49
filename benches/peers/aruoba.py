"""Aruoba and Fernandez-Villaverde's benchmark under their rule: C++, Numba and Bellwether, in turn, in one run.

    PYTHON benches/peers/aruoba.py [--rounds 5] [--cxx c++] [--bellwether PROGRAM]

The C++ is `aruoba.cpp`, compiled here with -O3 -march=native; both loops start at the choice of the row before and end at the
first decline. All must do 257 iterations, end with a change of 9.716e-8, choose 0.146549 at capital 1,000 and productivity 3,
and make the same 89,100 choices, whose checksum Bellwether's own test knows (`src/growth/aruoba.rs`).

C++ and Numba say how much processor time a run took, too: on a machine that is shared, that is what can be compared.
"""

import argparse
import csv
import math
import os
import subprocess
import tempfile
import time
import zlib

import numpy as np
from numba import njit

HERE = os.path.dirname(os.path.abspath(__file__))
ALPHA, BETA, TOLERANCE = 0.33333333333, 0.95, 1e-7
PRODUCTIVITY = np.array([0.9792, 0.9896, 1.0000, 1.0106, 1.0212])
TRANSITION = np.array(
    [
        [0.9727, 0.0273, 0.0, 0.0, 0.0],
        [0.0041, 0.9806, 0.0153, 0.0, 0.0],
        [0.0, 0.0082, 0.9837, 0.0082, 0.0],
        [0.0, 0.0, 0.0153, 0.9806, 0.0041],
        [0.0, 0.0, 0.0, 0.0273, 0.9727],
    ]
)
CHECKSUM = 0x63465797
ITERATIONS, CHANGE, CHECKED = 257, "9.716e-08", "0.146549"


def problem():
    steady = (ALPHA * BETA) ** (1.0 / (1.0 - ALPHA))
    grid = 0.5 * steady + 1e-5 * np.arange(17_820)
    return grid, PRODUCTIVITY[:, None] * grid[None, :] ** ALPHA


@njit
def solve(grid, output, transition):
    """(iterations, last change, choices by state)."""
    states, points = output.shape
    value, new = np.zeros((states, points)), np.empty((states, points))
    choice = np.zeros((states, points), np.int32)
    change, iterations = 10.0, 0
    while change > TOLERANCE:
        expected = transition @ value
        change = 0.0
        for z in range(states):
            start = 0
            for i in range(points):
                best = -1e5
                for j in range(start, points):
                    total = (1.0 - BETA) * math.log(output[z, i] - grid[j]) + BETA * expected[z, j]
                    if not total > best:
                        break
                    best = total
                    start = j
                new[z, i] = best
                choice[z, i] = start
                change = max(change, abs(best - value[z, i]))
        value, new = new, value
        iterations += 1
    return iterations, change, choice


def check(who, iterations, change, checked, choices=None):
    found = (iterations, f"{change:.3e}", f"{checked:.6f}")
    if found != (ITERATIONS, CHANGE, CHECKED):
        raise SystemExit(f"{who}: {found}, not {(ITERATIONS, CHANGE, CHECKED)}")
    if choices is not None and zlib.crc32(choices) != CHECKSUM:
        raise SystemExit(f"{who}: other choices (checksum {zlib.crc32(choices):#x}, not {CHECKSUM:#x})")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cxx", default="c++")
    parser.add_argument("--bellwether", default=os.environ.get("BELLWETHER"))
    settings = parser.parse_args()
    grid, output = problem()
    ours = {"their rule": "Bellwether", "collocation": "Bellwether to a guaranteed 1e-7"}
    times = {"C++": [], "Numba": [], **{who: [] for who in ours.values()}}
    with tempfile.TemporaryDirectory() as folder:
        program, choices = os.path.join(folder, "aruoba"), os.path.join(folder, "choices")
        source = os.path.join(HERE, "aruoba.cpp")
        subprocess.run([settings.cxx, "-O3", "-march=native", "-std=c++17", "-o", program, source], check=True)
        solve(grid, output, TRANSITION)
        for _ in range(settings.rounds):
            line = subprocess.run([program, "1", choices], check=True, capture_output=True, text=True).stdout.split()
            with open(choices, "rb") as file:
                check("C++", int(line[2]), float(line[3]), float(line[4]), file.read())
            times["C++"].append((float(line[0]), float(line[1])))
            began, processor = time.perf_counter(), time.process_time()
            iterations, change, choice = solve(grid, output, TRANSITION)
            times["Numba"].append((time.perf_counter() - began, time.process_time() - processor))
            check("Numba", iterations, change, grid[choice[2, 999]], choice.astype("<u4").tobytes())
            if settings.bellwether:
                path = os.path.join(folder, "times.csv")
                command = [settings.bellwether, "compare", "growth", "--benchmark", "aruoba", "--devices", "one"]
                told = subprocess.run(
                    [*command, "--min-runs", "5", "-o", path], check=True, capture_output=True, text=True
                ).stdout
                if "257 iterations, last change 9.716e-8" not in told or "productivity 3: 0.146549" not in told:
                    raise SystemExit(f"Bellwether: {told}")
                with open(path, newline="") as file:
                    for row in csv.DictReader(file):
                        times[ours[row["method"]]].append((float(row["min"]), float("nan")))
    print("| who | seconds | processor seconds | runs |\n|---|--:|--:|--:|")
    for who, found in times.items():
        if found:
            wall, processor = (min(column) for column in zip(*found))
            print(f"| {who} | {wall:.4f} | {processor:.4f} | {len(found)} |")


if __name__ == "__main__":
    main()

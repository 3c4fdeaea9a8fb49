"""The crafted panels behind the golden intervals: days that are short, constant, coarse, dominated by jumps, or long.

Usage: python tests/oracles/golden_panel.py tests/golden

Writes panel/{A,B,C}.csv and long_day/L.csv. Plain Python without a library: prices come from a linear congruential
generator and decimal rounding, so that the files are the same everywhere.
"""

import sys
from pathlib import Path


class Numbers:
    """Knuth's MMIX generator; the top bits as numbers in 0..1."""

    def __init__(self, seed):
        self.state = seed

    def uniform(self):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 11) / 2**53

    def centred(self):
        """The sum of four uniforms about their mean: bell-shaped enough."""
        return sum(self.uniform() for _ in range(4)) - 2.0


def walk(numbers, start, count, step, jumps=(), still=0.0, tick=None):
    """Prices with relative changes of about `step`; `jumps` maps rows to changes, `still` is a share of no change."""
    prices = [start]
    for row in range(1, count):
        change = 0.0 if numbers.uniform() < still else step * numbers.centred()
        price = prices[-1] * (1.0 + change + dict(jumps).get(row, 0.0))
        prices.append(round(price / tick) * tick if tick else price)
    return prices


def clock(minute):
    return f"{9 + (30 + minute) // 60}{(30 + minute) % 60:02}"


def main(folder):
    numbers = Numbers(1)
    days = [("20070103", 2), ("20070104", 3), ("20070105", 6), ("20070108", 7), ("20070109", 79), ("20070110", 79),
            ("20070111", 386)]
    lines = {"A": [], "B": [], "C": []}
    for date, count in days:
        prices = {name: walk(numbers, 50.0 + 30.0 * place, count, 1e-3) for place, name in enumerate(lines)}
        if date == "20070109":
            prices["A"] = walk(numbers, 100.0, count, 1e-5, jumps={40: 0.5})
            prices["C"] = [12.5] * count
        if date == "20070110":
            prices["A"] = walk(numbers, 100.0, count, 1e-4, jumps={40: 0.2})
            prices["B"] = walk(numbers, 20.0, count, 1e-3, still=0.8, tick=0.01)
            prices["C"] = walk(numbers, 100000.0, count, 1e-9)
        if date == "20070111":
            prices["B"] = walk(numbers, 80.0, count, 1e-4, jumps={100: 0.03, 101: -0.02})
            prices["C"] = walk(numbers, 8.0, count, 2e-3, still=0.97, tick=0.01)
        for name, values in prices.items():
            lines[name] += [f"{date},{clock(row)},{value:.12g}" for row, value in enumerate(values)]
    long_day = walk(numbers, 42.0, 2401, 1e-4, jumps={1234: 0.01})
    for row, value in enumerate(long_day):
        second = 34200 + 9 * row
        time = f"{second // 3600:02}{second // 60 % 60:02}{second % 60:02}"
        lines.setdefault("L", []).append(f"20070112,{time},{value:.6f}")
    for name, rows in lines.items():
        path = Path(folder) / ("long_day" if name == "L" else "panel") / f"{name}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(rows) + "\n", newline="\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])

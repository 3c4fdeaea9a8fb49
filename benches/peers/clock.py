"""Timing: contestants take turns, so that a slow moment of the machine meets all of them alike."""

import gc
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class Contestant:
    """Something to time. `measure()` runs it once and returns the seconds of each of its phases, {phase: seconds}."""

    name: str
    threads: int
    measure: Callable[[], dict[str, float]]
    # Seconds are multiplied by this, where only a part of the work is timed; `part` says which.
    scale: float = 1.0
    part: str = "all"


@dataclass
class Spread:
    """Seconds of several runs, scaled to the whole of the work."""

    minimum: float
    median: float
    runs: int

    def plus(self, other):
        return Spread(self.minimum + other.minimum, self.median + other.median, min(self.runs, other.runs))


def clocked(work):
    """A `measure` whose only phase is the time that `work()` takes."""

    def measure():
        begin = time.perf_counter()
        work()
        return {"total": time.perf_counter() - begin}

    return measure


def race(contestants, rounds, budget):
    """Spreads of all contestants, by (name, threads) and phase.

    Each runs `rounds` times, or as often as fits into `budget` seconds, at least once. The first round is preceded by one
    run of each that is not counted (compilation, caches, page faults), unless that alone takes half of the budget.
    """
    seconds = {}
    spent = {}
    for number in range(rounds + 1):
        for contestant in contestants:
            key = contestant.name, contestant.threads
            if number and spent[key] * (number + 1) / number > budget and seconds[key]:
                continue
            gc.collect()
            begin = time.perf_counter()
            phases = contestant.measure()
            elapsed = time.perf_counter() - begin
            print(f"  {contestant.name}, {contestant.threads} thread(s): {elapsed:.3f} s", file=sys.stderr, flush=True)
            if number == 0:
                spent[key] = 0.0
                seconds[key] = []
                if elapsed < budget / 2:
                    continue
            spent[key] += elapsed
            seconds[key].append({phase: value * contestant.scale for phase, value in phases.items()})
    return {key: spread(runs) for key, runs in seconds.items()}


def spread(runs):
    phases = {}
    for phase in runs[0]:
        values = [run[phase] for run in runs]
        phases[phase] = Spread(min(values), statistics.median(values), len(values))
    return phases

"""Value function iteration for the growth model in Numba, as well as we can write it, for the default model (sigma = 2).

V is on N equally spaced points k. `resources` are k^alpha + (1 - delta) k, of which c = resources - k' is consumed. U(c) = 1 - 1/c.
A step fills `new` with T V, and `changes` with the largest |T V - V| of each chunk of the grid; chunks run in parallel.
"""

import math
import os

os.environ.setdefault("NUMBA_SLP_VECTORIZE", "1")

import numpy as np  # noqa: E402
from numba import njit, prange  # noqa: E402

ALPHA, BETA, DELTA = 0.33, 0.95, 0.1
STEADY = (ALPHA / (1.0 / BETA - 1.0 + DELTA)) ** (1.0 / (1.0 - ALPHA))
GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0
# Lets LLVM vectorize a maximum; nothing here is NaN.
RELAXED = {"nnan", "nsz", "reassoc"}


def grid(points, low=0.25, high=1.75):
    """Capital and resources."""
    k = np.linspace(low * STEADY, high * STEADY, points)
    return k, k**ALPHA + (1.0 - DELTA) * k


@njit(inline="always")
def chunk(number, chunks, points):
    return number * points // chunks, (number + 1) * points // chunks


@njit(fastmath=RELAXED, inline="always")
def best_on_grid(resources, k, scaled, top):
    best = -np.inf
    for j in range(top):
        best = max(best, scaled[j] - 1.0 / (resources - k[j]))
    return best


@njit(parallel=True)
def step_grid_brute(k, resources, v, new, changes, work):
    """k' on the grid, every feasible point tried."""
    points, chunks = len(k), len(changes)
    for j in range(points):
        work[j] = BETA * v[j]
    for number in prange(chunks):
        begin, end = chunk(number, chunks, points)
        change = 0.0
        for i in range(begin, end):
            top = np.searchsorted(k, resources[i])
            new[i] = 1.0 + best_on_grid(resources[i], k, work, top)
            change = max(change, abs(new[i] - v[i]))
        changes[number] = change


@njit(inline="always")
def objective(resources, k, v, j):
    c = resources - k[j]
    return BETA * v[j] - 1.0 / c if c > 0.0 else -np.inf


@njit(parallel=True)
def step_grid_sweep(k, resources, v, new, changes, work):
    """k' on the grid: the objective is concave in k', and the best k' increases with k."""
    points, chunks = len(k), len(changes)
    for number in prange(chunks):
        begin, end = chunk(number, chunks, points)
        # The chunk's first maximizer by bisection, on whether the next point is better.
        low, high = 0, points - 1
        while low < high:
            middle = (low + high) // 2
            if objective(resources[begin], k, v, middle + 1) > objective(resources[begin], k, v, middle):
                low = middle + 1
            else:
                high = middle
        j = low
        change = 0.0
        for i in range(begin, end):
            best = objective(resources[i], k, v, j)
            while j + 1 < points:
                other = objective(resources[i], k, v, j + 1)
                if other <= best:
                    break
                best = other
                j += 1
            new[i] = 1.0 + best
            change = max(change, abs(new[i] - v[i]))
        changes[number] = change


@njit(inline="always")
def interpolated(resources, x, k, v, per_step):
    j = min(int((x - k[0]) * per_step), len(k) - 2)
    value = v[j] + (v[j + 1] - v[j]) * per_step * (x - k[j])
    return BETA * value - 1.0 / (resources - x)


@njit(parallel=True)
def step_golden(k, resources, v, new, changes, work):
    """k' anywhere on [k_min, k_max], V linear in between: golden section, to a bracket of 1e-8."""
    points, chunks = len(k), len(changes)
    per_step = (points - 1) / (k[-1] - k[0])
    for number in prange(chunks):
        begin, end = chunk(number, chunks, points)
        change = 0.0
        for i in range(begin, end):
            f = resources[i]
            a, d = k[0], min(k[-1], f - 1e-10)
            b, c = d - GOLDEN * (d - a), a + GOLDEN * (d - a)
            at_b, at_c = interpolated(f, b, k, v, per_step), interpolated(f, c, k, v, per_step)
            while d - a > 1e-8:
                if at_b > at_c:
                    d, c, at_c = c, b, at_b
                    b = d - GOLDEN * (d - a)
                    at_b = interpolated(f, b, k, v, per_step)
                else:
                    a, b, at_b = b, c, at_c
                    c = a + GOLDEN * (d - a)
                    at_c = interpolated(f, c, k, v, per_step)
            new[i] = 1.0 + max(at_b, at_c)
            change = max(change, abs(new[i] - v[i]))
        changes[number] = change


@njit(inline="always")
def ideal_consumption(slope):
    """(beta s)^(-1/sigma): what is consumed where U'(c) = beta s."""
    return 1.0 / math.sqrt(BETA * slope) if slope > 0.0 else np.inf


@njit(inline="always")
def on_cell(f, j, consumption, k, v, per_step):
    x = min(max(f - consumption, k[j]), k[j + 1])
    if x >= f:
        return -np.inf
    return 1.0 - 1.0 / (f - x) + BETA * (v[j] + (v[j + 1] - v[j]) * per_step * (x - k[j]))


@njit(parallel=True)
def step_cells(k, resources, v, new, changes, work):
    """k' anywhere, V linear in between: on a cell the best k' is clip(resources - (beta s)^(-1/sigma)), exactly.

    V is concave, so that this consumption increases with the cell, and the best cell with k.
    """
    points, chunks = len(k), len(changes)
    per_step = (points - 1) / (k[-1] - k[0])
    for number in prange(chunks):
        begin, end = chunk(number, chunks, points - 1)
        for j in range(begin, end):
            work[j] = ideal_consumption((v[j + 1] - v[j]) * per_step)
    for number in prange(chunks):
        begin, end = chunk(number, chunks, points)
        low, high = 0, points - 2
        while low < high:
            middle = (low + high) // 2
            if resources[begin] - work[middle] > k[middle + 1]:
                low = middle + 1
            else:
                high = middle
        j = low
        change = 0.0
        for i in range(begin, end):
            f = resources[i]
            while j < points - 2 and f - work[j] > k[j + 1]:
                j += 1
            new[i] = on_cell(f, j, work[j], k, v, per_step)
            change = max(change, abs(new[i] - v[i]))
        changes[number] = change


@njit(parallel=True)
def step_cells_brute(k, resources, v, new, changes, work):
    """As `step_cells`, every cell tried: needs no concavity. Not a contestant; it checks the others."""
    points, chunks = len(k), len(changes)
    per_step = (points - 1) / (k[-1] - k[0])
    for j in range(points - 1):
        work[j] = ideal_consumption((v[j + 1] - v[j]) * per_step)
    for number in prange(chunks):
        begin, end = chunk(number, chunks, points)
        change = 0.0
        for i in range(begin, end):
            best = -np.inf
            for j in range(points - 1):
                if k[j] >= resources[i]:
                    break
                best = max(best, on_cell(resources[i], j, work[j], k, v, per_step))
            new[i] = best
            change = max(change, abs(new[i] - v[i]))
        changes[number] = change


def driver(step):
    """A solver (k, resources, chunks, tolerance, most iterations) -> (V, iterations, last change): V <- T V from V = 0."""

    @njit
    def solve(k, resources, chunks, tolerance, most):
        v = np.zeros(len(k))
        new = np.empty(len(k))
        work = np.empty(len(k))
        changes = np.empty(chunks)
        iterations = 0
        change = np.inf
        while change >= tolerance and iterations < most:
            step(k, resources, v, new, changes, work)
            v, new = new, v
            change = changes.max()
            iterations += 1
        return v, iterations, change

    return solve


SOLVERS = {
    ("grid", "Numba, grid, brute force"): driver(step_grid_brute),
    ("grid", "Numba, grid, monotone and concave sweep"): driver(step_grid_sweep),
    ("continuous", "Numba, continuous, golden section"): driver(step_golden),
    ("continuous", "Numba, continuous, exact cell formula"): driver(step_cells),
}
# Every candidate tried, for checking V on up to 10,000 points.
BRUTE = {"grid": step_grid_brute, "continuous": step_cells_brute}
SWEEP = {"grid": step_grid_sweep, "continuous": step_cells}


def apply(step, k, resources, v, chunks=4):
    """T V."""
    new = np.empty_like(v)
    step(k, resources, v, new, np.empty(chunks), np.empty_like(v))
    return new

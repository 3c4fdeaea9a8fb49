"""Simulated paths of the growth model, computed apart from the Rust code.

Usage: python tests/oracles/simulate_growth.py > tests/golden/simulate_growth.csv
prints golden values: states of productivity from the random stream (Philox in plain Python integers), and
moments of series by NumPy.

Usage: python tests/oracles/simulate_growth.py --program target/release/bellwether
has the program solve and simulate, and checks three things. The path is the one that the stream and the
solution's table give, bit for bit in productivity and capital. Its moments are NumPy's of the path. And they are
those of 400 paths of 2,500 periods that NumPy's own generator draws from the solution's table, within five
standard errors, of which these independent paths are the batches.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from math import fsum, sqrt
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from stream import word

PURPOSE = 8
NAMES = ("k", "z", "c", "y", "i")


def number(seed, path, time):
    """The 64-bit number of a period: two words of the stream, the low one first."""
    low, high = (word(seed, PURPOSE, 0, path, 2 * time + half, 0) for half in (0, 1))
    return low | high << 32


def after(row, u):
    """The state that follows where `u` was drawn."""
    sums = np.cumsum(row)
    return sum(u >= int(share * 2.0**64) for share in (sums / sums[-1])[:-1])


def moment(x, y):
    """Mean, standard deviation, first autocorrelation, correlation with y; sums are exact, and so the same everywhere."""
    n = len(x)
    a, b = (series - fsum(series) / n for series in (np.asarray(x, dtype=float), np.asarray(y, dtype=float)))
    square = fsum(a * a)
    return [fsum(x) / n, sqrt(square / n), fsum(a[1:] * a[:-1]) / square, fsum(a * b) / sqrt(square * fsum(b * b))]


def rouwenhorst(rho, sd, n):
    """States and transition matrix (Kopecky and Suen 2010, by their recursion)."""
    p = (1 + rho) / 2
    matrix = np.array([[p, 1 - p], [1 - p, p]])
    for size in range(3, n + 1):
        larger = np.zeros((size, size))
        for share, rows, columns in ((p, 0, 0), (1 - p, 0, 1), (1 - p, 1, 0), (p, 1, 1)):
            larger[rows:rows + size - 1, columns:columns + size - 1] += share * matrix
        larger[1:-1] /= 2
        matrix = larger
    end = sd / np.sqrt(1 - rho * rho) * np.sqrt(n - 1)
    return np.exp(np.linspace(-end, end, n)), matrix


ARUOBA = np.array([[0.9727, 0.0273, 0, 0, 0], [0.0041, 0.9806, 0.0153, 0, 0], [0, 0.0082, 0.9837, 0.0082, 0],
                   [0, 0, 0.0153, 0.9806, 0.0041], [0, 0, 0, 0.0273, 0.9727]])


def golden():
    for name, matrix in (("rouwenhorst", rouwenhorst(0.6, 0.02, 7)[1]), ("aruoba", ARUOBA)):
        for seed, path, first in ((0, 0, 0), (2**40 + 5, 3, 0), (7, 2**32 - 1, 1_999_999_901)):
            state, states = (len(matrix) - 1) // 2, []
            for time in range(first, first + 100):
                state = after(matrix[state], number(seed, path, time))
                states.append(state)
            print("states", name, seed, path, first, " ".join(map(str, states)), sep=",")
    for length, level in ((2, 1), (5000, 1), (9000, 1e6)):
        t = np.arange(length, dtype=np.int64)
        x = level + (t * 7919 % 1009) / 1009 + t % 3
        y = 2 + (t * 104_729 % 1013) / 1013 + 1e-5 * t - 0.5 * (t % 3)
        print("moments", length, level, *map(repr, moment(x, y)), sep=",")


class Solution:
    """The policy of a table that the program wrote, with lines between its points."""

    def __init__(self, folder, alpha, delta, choice):
        table = np.genfromtxt(folder / "solution.csv", delimiter=",", names=True)
        self.states = np.unique(table["z"])
        shape = (len(self.states), -1)
        self.capital = table["k"].reshape(shape)[0]
        self.policy = table["capital_next"].reshape(shape)
        self.alpha, self.delta, self.on_grid = alpha, delta, choice == "grid"

    def next(self, state, k):
        """k' for arrays of states and capital."""
        grid = self.capital
        j = np.clip(np.searchsorted(grid, k, side="right") - 1, 0, len(grid) - 2)
        low, high = self.policy[state, j], self.policy[state, j + 1]
        if self.on_grid:
            return np.where(k - grid[j] > grid[j + 1] - k, high, low)
        share = (k - grid[j]) / (grid[j + 1] - grid[j])
        return np.clip(low + share * (high - low), grid[0], grid[-1])

    def period(self, state, k, after):
        """k, z, c, y, i."""
        z = self.states[state]
        y, kept = z * k**self.alpha, (1 - self.delta) * k
        return k, z, y + kept - after, y, after - kept


def own_path(solution, chain, run):
    """The path of the stream, from the start and after the burn-in."""
    state, k, rows = (len(chain) - 1) // 2, run["from_capital"], []
    for time in range(run["burn_in"] + run["length"]):
        after_k = float(solution.next(state, k))
        if time >= run["burn_in"]:
            rows.append([float(x) for x in solution.period(state, k, after_k)])
        state, k = after(chain[state], number(run["seed"], 0, time)), after_k
    return np.array(rows)


def numpy_moments(solution, chain, k, paths=400, periods=2500, burn_in=1500):
    """Moments of the mean over paths, and standard errors: paths are independent, and are the batches."""
    rng = np.random.default_rng(20100101)
    sums = np.cumsum(chain, axis=1)
    sums /= sums[:, -1:]
    state, k = np.full(paths, (len(chain) - 1) // 2), np.full(paths, k)
    series = np.empty((len(NAMES), periods, paths))
    for time in range(burn_in + periods):
        after_k = solution.next(state, k)
        if time >= burn_in:
            series[:, time - burn_in] = solution.period(state, k, after_k)
        state, k = (rng.random(paths)[:, None] >= sums[state, :-1]).sum(axis=1), after_k
    found = {}
    means = series.mean(axis=(1, 2), keepdims=True)
    apart = series - means
    variance, output = (apart**2).mean(axis=(1, 2)), NAMES.index("y")
    for name, x, v, mean in zip(NAMES, apart, variance, means.ravel()):
        # Ratios are linear in their parts near the truth, which gives their errors.
        lagged, with_y = (x[1:] * x[:-1]).mean(axis=0), (x * apart[output]).mean(axis=0)
        square, of_y = (x**2).mean(axis=0), (apart[output] ** 2).mean(axis=0)
        r, c = lagged.mean() / v, with_y.mean() / np.sqrt(v * variance[output])
        batches = {
            "mean": (mean, x.mean(axis=0)),
            "sd": (np.sqrt(v), square / (2 * np.sqrt(v))),
            "autocorrelation": (r, (lagged - r * square) / v),
            "output_correlation": (c, with_y / np.sqrt(v * variance[output]) - c / 2 * (square / v + of_y / variance[output])),
        }
        found[name] = {moment: (value, each.std(ddof=1) / np.sqrt(paths)) for moment, (value, each) in batches.items()}
    return found


def young(solution, chain):
    """The stationary distribution of the histogram's chain, as the null vector of its whole sparse matrix."""
    from scipy.sparse import csc_matrix, lil_matrix
    from scipy.sparse.linalg import spsolve

    grid, states, n = solution.capital, len(chain), len(solution.capital)
    rows, columns, entries = [], [], []
    for state in range(states):
        after_k = solution.policy[state]
        j = np.clip(np.searchsorted(grid, after_k, side="right") - 1, 0, n - 2)
        share = np.clip((after_k - grid[j]) / (grid[j + 1] - grid[j]), 0, 1)
        for to, p in enumerate(chain[state] / np.sum(chain[state])):
            for point, weight in ((j, 1 - share), (j + 1, share)):
                rows.append(to * n + point)
                columns.append(state * n + np.arange(n))
                entries.append(p * weight)
    matrix = csc_matrix((np.concatenate(entries), (np.concatenate(rows), np.concatenate(columns))), (states * n,) * 2)
    # The last equation is replaced: probabilities sum to 1.
    system = lil_matrix(matrix)
    system.setdiag(system.diagonal() - 1)
    system[-1, :] = 1
    right = np.zeros(states * n)
    right[-1] = 1
    return spsolve(system.tocsc(), right)


def check(program, arguments, chain, alpha=0.33, delta=0.1, choice="continuous"):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        flags = f"{arguments} --choice {choice} --alpha {alpha} --delta {delta} --seed 1099511627781 --burn-in 300"
        run = [program, "growth", "-q", *flags.split(), "--simulate", "3000", "-o", folder / "solution.csv"]
        subprocess.run([*run, "--paths", folder / "path.csv", "--ergodic", folder / "ergodic.csv"], check=True)
        document = json.loads(subprocess.run([*run[:-2], "--format", "json"], check=True, capture_output=True).stdout)
        solution = Solution(folder, alpha, delta, choice)
        path = np.genfromtxt(folder / "path.csv", delimiter=",", names=True)
        simulated = document["simulation"]

        own = own_path(solution, chain, simulated)
        for column, name in enumerate(NAMES):
            if name in "kz":
                assert np.array_equal(path[name], own[:, column]), f"{arguments}: {name} differs"
            # Powers of NumPy and of the program may differ in the last bit; c and i are differences.
            assert np.allclose(path[name], own[:, column], rtol=1e-13, atol=1e-14), f"{arguments}: {name} differs"
            moments = simulated["moments"][name]
            expected = moment(path[name], path["y"])
            for (what, found), expected in zip(moments.items(), expected):
                assert abs(found / expected - 1) < 1e-11, f"{arguments}: {what} of {name} is {found}, not {expected}"

        # The path itself is short; a long one is compared with NumPy's.
        run[run.index("--simulate") + 1] = "1000000"
        document = json.loads(subprocess.run([*run[:-2], "--format", "json"], check=True, capture_output=True).stdout)
        theirs, most = numpy_moments(solution, chain, simulated["from_capital"]), 0
        for name in NAMES:
            for what, (value, error) in theirs[name].items():
                found = document["simulation"]["moments"][name][what]
                # Two simulations, of a million periods each.
                off = abs(found - value) / max(np.sqrt(2) * error, 1e-12)
                most = max(most, off)
                assert off < 5, f"{arguments}: {what} of {name} is {found}, not {value} ± {error}"

        # Young's distribution, against elimination.
        table = np.genfromtxt(folder / "ergodic.csv", delimiter=",", names=True)
        if choice == "continuous":
            apart = np.abs(table["probability"] - young(solution, chain)).sum()
            assert apart < 1e-9, f"{arguments}: the distribution is {apart} off"
            print(f"{arguments}: the same path; moments within {most:.1f} standard errors; distribution within {apart:.1e}")
        else:
            print(f"{arguments} --choice {choice}: the same path; moments within {most:.1f} standard errors")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--program")
    arguments = parser.parse_args()
    if arguments.program is None:
        golden()
        sys.exit()
    five = "--shocks rouwenhorst --persistence 0.9 --deviation 0.02 --states 5 --grid"
    own = rouwenhorst(0.9, 0.02, 5)[1]
    check(arguments.program, f"{five} 200", own)
    check(arguments.program, f"{five} 150 --grid-spacing log --sigma 1", own, alpha=0.36, delta=0.025)
    check(arguments.program, f"{five} 400", own, choice="grid")
    with tempfile.TemporaryDirectory() as name:
        # With a row that sums to 1.0001.
        file = Path(name) / "aruoba.csv"
        states = (0.9792, 0.9896, 1.0, 1.0106, 1.0212)
        file.write_text("".join(",".join(map(repr, map(float, (z, *row)))) + "\n" for z, row in zip(states, ARUOBA)))
        check(arguments.program, f"--shocks {file} --row-sums any --grid 200", ARUOBA)

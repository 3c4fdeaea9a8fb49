"""Bootstrap intervals of daily realized variance: the peers, the race, and whether they agree.

All compute, for each day and stock of one panel, the percentile interval of the realized variance from B samples of the
day's returns, drawn with replacement, the same rows for all stocks. In the race proper the squared returns (or returns, for the
lecture's way) are in memory; reading the files is timed apart.

Agreement. The peers' draws differ, so the ends differ by Monte Carlo error. Bellwether runs with `REFERENCES` other
seeds; if a peer does the same thing, its end is exchangeable with theirs, so that its rank among them is uniform, whatever
the distribution (ties broken at random). z is that rank taken to the normal distribution: N(0, 1) in every cell.
The means of z and of z^2 - 1 are tested with standard errors clustered by day, since the stocks of a day share rows.
"""

import os
import sys
import tempfile
from dataclasses import dataclass

import numba
import numpy as np
import pandas as pd
from arch.bootstrap import IIDBootstrap
from scipy import stats

import bellwether
import bootstrap_numba
import report
from clock import Contestant, clocked, race

sys.path.append(os.path.join(report.ROOT, "tests", "oracles"))
from exact_bootstrap import clustered_t  # noqa: E402
from panel import load_output, load_prices, squared_returns  # noqa: E402

REFERENCES = 39
# Of a false alarm, in each test.
LEVEL = 1e-4
PHASE = "resample and quantiles"


@dataclass
class Panel:
    folder: str
    # Log returns within the day: (date, time) x stocks, as the lecture has them, and days x n x stocks squared.
    returns: pd.DataFrame
    squares: np.ndarray
    dates: list
    stocks: list


def load(folder):
    prices = load_prices(folder)
    table = squared_returns(prices).dropna()
    counts = table.groupby(level="date").size()
    if counts.nunique() != 1:
        sys.exit("the peers need a panel with as many prices on every day, at the same times for all stocks")
    squares = np.ascontiguousarray(table.to_numpy().reshape(len(counts), -1, table.shape[1]))
    returns = np.log(prices).groupby(level="date").diff().dropna()
    stamp = returns.index.get_level_values(0) * 10_000 + returns.index.get_level_values(1)
    returns.index = pd.to_datetime(stamp, format="%Y%m%d%H%M")
    return Panel(folder, returns, squares, list(counts.index), list(table.columns))


# The lecture's functions, word for word.
def compute_rv(returns):
    return returns.groupby(returns.index.date).apply(lambda x: (x**2).sum())


def bootstrap_returns(returns):
    groups = returns.groupby(returns.index.date, group_keys=False)
    return groups.apply(lambda group: group.sample(n=group.shape[0], replace=True))


def lecture(returns, samples, level):
    everything = np.array([compute_rv(bootstrap_returns(returns)).values for _ in range(samples)])
    lower, upper = (np.quantile(everything, p, axis=0) for p in (level, 1.0 - level))
    return np.stack([lower, upper], axis=-1)


def quantiles(sums, level):
    """Ends, (stocks, 2), from sums, samples x stocks."""
    return np.quantile(sums, [level, 1.0 - level], axis=0).T


def numpy_gather(squares, samples, level, seed):
    rng = np.random.default_rng(seed)
    n = squares.shape[1]
    return np.array([quantiles(day[rng.integers(0, n, (samples, n))].sum(axis=1), level) for day in squares])


def numpy_counts(squares, samples, level, seed):
    """How often each row is drawn, times the rows, as a product of matrices."""
    rng = np.random.default_rng(seed)
    n = squares.shape[1]
    start = n * np.arange(samples)[:, None]
    out = []
    for day in squares:
        place = rng.integers(0, n, (samples, n), dtype=np.int32) + start
        counts = np.bincount(place.ravel(), minlength=samples * n).reshape(samples, n)
        out.append(quantiles(counts.astype(float) @ day, level))
    return np.array(out)


def arch_package(squares, samples, level, seed):
    out = []
    for number, day in enumerate(squares):
        bootstrap = IIDBootstrap(day, seed=np.random.default_rng([seed, number]))
        size = 1.0 - 2.0 * level
        out.append(bootstrap.conf_int(lambda y: y.sum(axis=0), samples, method="percentile", size=size).T)
    return np.array(out)


def scipy_package(squares, samples, level, seed):
    out = []
    for number, day in enumerate(squares):
        interval = stats.bootstrap(
            (day.T,),
            lambda y, axis: y.sum(axis=axis),
            n_resamples=samples,
            vectorized=True,
            axis=-1,
            confidence_level=1.0 - 2.0 * level,
            method="percentile",
            rng=np.random.default_rng([seed, number]),
        ).confidence_interval
        out.append(np.stack([interval.low, interval.high], axis=-1))
    return np.array(out)


# Name, peer, and the number of days to check.
PACKAGES = (
    ("NumPy, drawn rows summed, a day at a time", numpy_gather, 10_000),
    ("NumPy, counts of rows times rows, a day at a time", numpy_counts, 10_000),
    ("SciPy, `stats.bootstrap`, vectorized", scipy_package, 42),
    ("arch, `IIDBootstrap`", arch_package, 42),
)


def numba_peers(panel):
    """{name: (samples, level, seed) -> ends}"""
    return {
        f"Numba, {generator}, {np.dtype(dtype).name}": bootstrap_numba.variant(panel.squares, generator, dtype)
        for generator, dtype in (("hash", np.float64), ("LCG", np.float64), ("LCG", np.float32))
    }


def command(panel, samples, level, seed, *more):
    confidence = repr(round(1.0 - 2.0 * level, 12))
    arguments = ["bootstrap", panel.folder, "-B", str(samples), "--confidence", confidence, "--seed", str(seed)]
    return [*arguments, "--device", "cpu", *more]


def with_threads(threads, work):
    def run():
        numba.set_num_threads(threads)
        return work()

    return clocked(run)


def spaced(count, part):
    """`part` of `count` days, spread evenly."""
    return np.unique(np.linspace(0, count - 1, min(part, count)).round().astype(int))


def compete(panel, settings):
    """The race: Markdown lines."""
    samples, level, days = settings.samples, settings.level, len(panel.dates)
    threads = sorted({1, numba.config.NUMBA_NUM_THREADS})
    contestants = []

    def add(name, count, measure, **part):
        contestants.append(Contestant(name, count, measure, **part))

    folder = tempfile.TemporaryDirectory()
    output = os.path.join(folder.name, "intervals.csv")
    for count in threads:
        arguments = command(panel, samples, level, 0, "--threads", str(count), "-o", output)
        add("Bellwether", count, bellwether.measured(arguments))
    for name, peer in numba_peers(panel).items():
        # To compile.
        peer(10, level, 0)
        for count in threads:
            add(name, count, with_threads(count, lambda peer=peer: peer(samples, level, 1)))
    for name, peer, size in PACKAGES:
        few = spaced(days, 10 if settings.quick or size < 100 else days)
        part = panel.squares[few]
        name_of_part = "all" if len(few) == days else f"{len(few)} of {days} days"
        work = clocked(lambda peer=peer, part=part: peer(part, samples, level, 1))
        add(name, 1, work, scale=days / len(few), part=name_of_part)
    few = 2 if settings.quick else 5
    work = clocked(lambda: lecture(panel.returns, few, level))
    add("pandas, the lecture's code", 1, work, scale=samples / few, part=f"{few} of {samples:,} samples")
    add(
        "pandas, reading the files and squaring the returns",
        1,
        clocked(lambda: squared_returns(load_prices(panel.folder))),
    )
    spreads = race(contestants, settings.rounds, settings.budget)
    folder.cleanup()

    rows = [(c.name, c.threads, c.part, spreads[c.name, c.threads]) for c in contestants]
    own = {count: spreads["Bellwether", count] for count in threads}
    bases = {count: phases[PHASE] for count, phases in own.items()}
    memory = [(f"Bellwether, its phase “{PHASE}”", count, "all", base) for count, base in bases.items()]
    memory += [(name, *row, phases["total"]) for name, *row, phases in rows[len(threads) : -1]]
    memory.sort(key=lambda row: row[-1].minimum)

    reading = rows[-1][-1]["total"]
    whole = {count: phases["process"] for count, phases in own.items()}
    files = [("Bellwether, whole process", count, "all", base) for count, base in whole.items()]
    files += [(rows[-1][0], 1, "all", reading)]
    best = min((row for row in memory if row[0].startswith("Numba")), key=lambda row: row[-1].minimum)
    files += [(f"the same, then {best[0]}", best[1], "all", reading.plus(best[-1]))]
    stocks, n = len(panel.stocks), panel.squares.shape[1]
    loads = ", ".join(f"{report.seconds(phases['load'].minimum)} on {count}" for count, phases in own.items())
    return [
        f"{days} days × {stocks} stocks × {n} returns, {samples:,} samples, confidence {1 - 2 * level:g}, percentile interval.",
        "",
        "### Returns in memory, intervals in memory",
        "",
        *report.table(memory, bases),
        *report.who_is_faster(memory, bases, "Bellwether"),
        "",
        "### From files to intervals",
        "",
        *report.table(files, whole),
        *report.who_is_faster(files[-1:], whole, "Bellwether"),
        "",
        f"Bellwether writes its intervals, the peer does not. Of Bellwether's process, loading takes (threads): {loads}.",
    ]


class Agreement:
    """Bellwether's ends for many seeds, and how a peer's rank among them."""

    def __init__(self, panel, settings):
        self.panel, self.settings = panel, settings
        runs = []
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "intervals.csv")
            for seed in range(100, 100 + settings.references):
                bellwether.run(command(panel, settings.samples, settings.level, seed, "--quiet", "-o", path))
                runs.append(self.read(path))
        self.runs = np.array(runs)

    def read(self, path):
        """Ends, days x stocks x 2, of Bellwether's output; its realized variances must be those of the panel in memory."""
        table = load_output(path).set_index(["date", "stock"])
        wanted = pd.MultiIndex.from_product([self.panel.dates, self.panel.stocks])
        table = table.reindex(wanted)
        rv = self.panel.squares.sum(axis=1)
        if not np.allclose(table["rv"].to_numpy().reshape(rv.shape), rv, rtol=1e-12, atol=0):
            sys.exit("Bellwether's realized variances are not those of the panel that the peers were given")
        return table[["lower", "upper"]].to_numpy().reshape(*rv.shape, 2)

    def check(self, name, found, days=None):
        """A Markdown row, and whether nothing is rejected. `found` has the ends of the days numbered `days`."""
        days = np.arange(len(self.panel.dates)) if days is None else days
        runs = self.runs[:, days]
        rng = np.random.default_rng(7)
        below = (runs < found).sum(axis=0)
        # Bellwether's sums are rounded to 1e-6, so that ends on an atom of RV* are near, not equal.
        near = np.abs(runs - found) <= 2e-6 * found
        below, ties = (below - ((runs < found) & near).sum(axis=0)), near.sum(axis=0)
        rank = below + rng.random(found.shape) * (ties + 1)
        z = stats.norm.ppf(rank / (len(runs) + 1))
        # A day without any price change has nothing to say.
        live = found > 0
        label = np.broadcast_to(np.asarray(days)[:, None], live.shape[:2])
        cells, good = [], True
        for end in (0, 1):
            mask = live[:, :, end]
            values, cluster = z[:, :, end][mask], label[mask]
            tests = [clustered_t(values, cluster), clustered_t(values**2 - 1.0, cluster)]
            good &= all(p >= LEVEL for _, p in tests)
            cells += [f"{values.mean():+.3f} (t {tests[0][0]:+.1f})", f"{values.var():.3f} (t {tests[1][0]:+.1f})"]
        verdict = "agrees" if good else "**DIFFERS**"
        return f"| {name} | {live[:, :, 0].sum():,} | {' | '.join(cells)} | {verdict} |", good

    HEADER = [
        "| what | cells | lower end: mean z | variance of z | upper end: mean z | variance of z | |",
        "|---|--:|--:|--:|--:|--:|---|",
    ]


def agree(panel, settings):
    """Markdown lines, and whether every peer agrees."""
    samples, level = settings.samples, settings.level
    agreement = Agreement(panel, settings)
    count = len(panel.dates)
    # A seed each, or some would draw the same.
    peers = {}
    for seed, (name, peer) in enumerate(numba_peers(panel).items(), 1):
        peers[name] = (lambda days, peer=peer, seed=seed: peer(samples, level, seed), count)
    for seed, (name, peer, size) in enumerate(PACKAGES, 11):
        size = min(size, 21) if settings.quick else size
        peers[name] = (lambda days, peer=peer, seed=seed: peer(panel.squares[days], samples, level, seed), size)
    dates = pd.Index(panel.returns.index.date)

    def lecture_of(days):
        np.random.seed(1)
        return lecture(panel.returns[dates.isin(dates.unique()[days])], samples, level)

    peers["pandas, the lecture's code"] = (lecture_of, 6 if settings.quick else 21)
    lines, good = [], True
    for name, (peer, size) in peers.items():
        days = np.arange(count) if size >= count else spaced(count, size)
        print(f"  checking {name}", file=sys.stderr, flush=True)
        line, agrees = agreement.check(name, peer(days), days)
        lines.append(line)
        good &= agrees
    words = (
        f"Ranks of each peer's ends among those of {settings.references} runs of Bellwether with other seeds, as normal scores z: mean 0 "
        f"and variance 1 if both do the same (t: clustered by day). Rejected where a p-value is below {LEVEL:g}."
    )
    return [words, "", *agreement.HEADER, *lines], good


def self_test(panel, settings):
    """Whether a right result passes, and deliberately wrong ones are found."""
    samples, level = settings.samples, settings.level
    agreement = Agreement(panel, settings)

    def simulate(samples=samples, level=level, fewer=0):
        rng = np.random.default_rng(3)
        n = panel.squares.shape[1]
        draws = ((day, rng.integers(0, n, (samples, n - fewer))) for day in panel.squares)
        return np.array([quantiles(day[rows].sum(axis=1), level) for day, rows in draws])

    results = {
        "right": simulate(),
        "level twice as large": simulate(level=2.0 * level),
        "5 % of the draws left out": simulate(fewer=panel.squares.shape[1] // 20),
        "a tenth of the samples": simulate(samples=samples // 10),
        "days shifted by one": np.roll(simulate(), 1, axis=0),
    }
    lines, good = [], True
    for name, found in results.items():
        line, agrees = agreement.check(name, found)
        lines.append(line)
        good &= agrees == (name == "right")
    return [
        "Self-test of the comparison: the first must agree, the others must not.",
        "",
        *agreement.HEADER,
        *lines,
    ], good

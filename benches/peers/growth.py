"""The growth model by value function iteration: the peers, the race, and whether they agree.

The default problem: sigma 2, beta 0.95, delta 0.1, alpha 0.33, N points on [0.25 k*, 1.75 k*], V = 0 to start; k' on the
grid, or anywhere with V linear between points. Two races:

* the same iteration: V <- T V until the largest change is below 1e-6 (213 iterations). All get the same V, up to
  rounding and the tolerance of their maximizers. QuantEcon's other methods get to the same fixed point V_N in another way.
* the same guarantee: |V - V_N| <= 1e-6, by whatever method.

Checks. V_N itself comes from the Numba iteration, run until beta/(1 - beta) times the change is below 1e-10, with an
operator that tries every candidate (up to 10,000 points) to see that it is a fixed point. It must have the known distance from the true V, and
the true V the known values (ORACLE, LEVELS; from a global Chebyshev solution). Then each V is compared with V_N, and
with the other V of the same iteration.
"""

import os
import tempfile

import numba
import numpy as np
import pandas as pd
from quantecon.markov import DiscreteDP
from scipy import sparse
from scipy.optimize import fminbound

import bellwether
import growth_numba as model
import report
from clock import Contestant, clocked, race

TOLERANCE = 1e-6
ITERATIONS = 213
# What a change below the tolerance leaves.
LEFT = model.BETA / (1.0 - model.BETA) * TOLERANCE
BASE = "Bellwether"

# k / k*: the true V.
ORACLE = {
    0.25: -0.834006724939,
    0.50: 0.821873760814,
    0.75: 1.822434802670,
    1.00: 2.546086761245494,
    1.25: 3.114508271528,
    1.50: 3.583020099955,
    1.75: 3.981627955638,
}
# max |V_N - V|, to two digits.
LEVELS = {
    ("grid", 100): 5.4e-3,
    ("grid", 1_000): 6.7e-5,
    ("grid", 10_000): 8.0e-7,
    ("continuous", 100): 1.8e-3,
    ("continuous", 1_000): 2.1e-5,
    ("continuous", 10_000): 2.5e-7,
}
# How far two runs of the same iteration may be apart: rounding (an ulp of V is 9e-16, and errors don't grow: T is a
# contraction, so that e a step makes e/(1 - beta) = 20 e at most) ...
EXACT = 1e-12
# ... and the maximizer's tolerance d: V's kinks and the bracket make d times a change of slope a step, for golden section
# (d = 1e-8) and for fminbound (1e-5 by default; the slope of the objective changes by up to 0.1 at a kink of V_100).
INEXACT = {"Numba, continuous, golden section": 20 * 1e-8, "SciPy, `fminbound` a point": 20 * 1e-5 * 0.1}


def scipy_fminbound(points, most):
    """The lecture's suggestion: a scalar minimizer at every grid point."""
    k, resources = model.grid(points)
    v = np.zeros(points)
    change, iterations = np.inf, 0
    while change >= TOLERANCE and iterations < most:
        new = np.empty(points)
        for i, f in enumerate(resources):

            def loss(x, f=f):
                return 1.0 / (f - x) - 1.0 - model.BETA * np.interp(x, k, v)

            x = fminbound(loss, k[0], min(k[-1], f - 1e-10))
            new[i] = -loss(x)
        change = np.abs(new - v).max()
        v = new
        iterations += 1
    return v


def quantecon_problem(points):
    """States are k, actions k': the feasible pairs, in product form, which is QuantEcon's economical one."""
    k, resources = model.grid(points)
    state, action = np.nonzero(resources[:, None] > k[None, :])
    reward = 1.0 - 1.0 / (resources[state] - k[action])
    pairs = len(state)
    transition = sparse.csr_matrix((np.ones(pairs), action, np.arange(pairs + 1)), shape=(pairs, points))
    return DiscreteDP(reward, transition, model.BETA, state, action)


# The change at which QuantEcon stops is epsilon (1 - beta)/(2 beta).
EPSILON = 2.0 * LEFT
QUANTECON = {
    "QuantEcon, value iteration": dict(method="value_iteration", epsilon=EPSILON),
    "QuantEcon, modified policy iteration": dict(method="modified_policy_iteration", epsilon=EPSILON),
    "QuantEcon, policy iteration": dict(method="policy_iteration"),
}


class Fixed:
    """V_N, by (choice, points), and what of it did not check."""

    def __init__(self):
        self.values = {}
        self.lines = []
        self.good = True
        self.truth = None

    def say(self, text, good):
        self.good &= bool(good)
        self.lines.append(f"- {text}: {'as it should be' if good else '**WRONG**'}")

    def value(self, choice, points):
        if (choice, points) not in self.values:
            k, resources = model.grid(points)
            solver = next(
                s for (c, name), s in model.SOLVERS.items() if c == choice and ("sweep" in name or "cell" in name)
            )
            v = solver(k, resources, 4, 1e-10 * (1.0 - model.BETA) / model.BETA, 10_000)[0]
            if points <= 10_000:
                residual = np.abs(model.apply(model.BRUTE[choice], k, resources, v) - v).max() / (1.0 - model.BETA)
                self.say(
                    f"{choice} choice, N = {points:,}: every candidate tried, V_N is known to {residual:.0e}",
                    residual < 2e-10,
                )
            self.values[choice, points] = v
        return self.values[choice, points]

    def check_levels(self, points):
        fine = 100_000
        if self.truth is None:
            self.truth = model.grid(fine)[0], self.value("continuous", fine)
            found = np.interp(np.array(list(ORACLE)) * model.STEADY, *self.truth)
            worst = np.abs(found - np.array(list(ORACLE.values()))).max()
            # The levels' rate, 1/N^2, says 2.5e-9 for N = 100,000.
            self.say(
                f"continuous choice, N = {fine:,}: at the seven known points V is off by at most {worst:.1e}",
                worst < 5e-9,
            )
        for choice in ("grid", "continuous"):
            k, _ = model.grid(points)
            error = np.abs(self.value(choice, points) - np.interp(k, *self.truth)).max()
            level = LEVELS[choice, points]
            # Half a unit of its second digit, and the error of the fine solution.
            allowed = 0.5 * 10.0 ** (np.floor(np.log10(level)) - 1) + 5e-9
            self.say(
                f"{choice} choice, N = {points:,}: max |V_N − V| = {error:.2e}, known {level:.1e}",
                abs(error - level) <= allowed,
            )


def read(path, points):
    """Bellwether's V; and the largest deviation of what it says about its policy: budget, and U(c) + beta V(k') = V."""
    table = pd.read_csv(path, float_precision="round_trip")
    k, resources = model.grid(points)
    if len(table) != points or not np.allclose(table["k"], k, rtol=1e-13, atol=0):
        raise SystemExit("Bellwether's grid is not the peers'")
    budget = np.abs(table["consumption"] + table["capital_next"] - resources).max()
    v = table["value"].to_numpy()
    follows = 1.0 - 1.0 / table["consumption"] + model.BETA * np.interp(table["capital_next"], k, v)
    return v, budget, np.abs(follows - v).max()


def command(points, choice, threads, output, stop):
    arguments = ["growth", "--grid", str(points), "--choice", choice, "--tolerance", repr(TOLERANCE)]
    arguments += ["--method", "vfi", "--stop", "change"] if stop == "change" else []
    return [*arguments, "--device", "cpu", "--threads", str(threads), "-o", output]


def own_measure(arguments, phases):
    """Bellwether's clock, with the phases that do what the peers do as `total`."""
    inner = bellwether.measured(arguments)

    def measure():
        found = inner()
        return {"total": sum(found.get(phase, 0.0) for phase in phases), "process": found["process"]}

    return measure


def verdict(name, choice, points, error, allowed, note=""):
    good = error <= allowed
    line = f"| {name} | {choice} | {points:,} | {error:.1e} | {allowed:.1e} | {'agrees' if good else '**DIFFERS**'}{note} |"
    return line, good


class Race:
    """One table: contestants on one grid, their V, and what these are compared with."""

    def __init__(self, settings, points, guaranteed):
        self.settings, self.points, self.guaranteed = settings, points, guaranteed
        self.threads = sorted({1, numba.config.NUMBA_NUM_THREADS})
        self.k, self.resources = model.grid(points)
        self.contestants = []
        # (name, choice): V, for the check; contestants timed on a part have none.
        self.found = {}
        self.folder = tempfile.TemporaryDirectory()

    def add(self, name, choice, threads, work, **part):
        """`work()` gives V, or None."""

        def run():
            v = work()
            if v is not None:
                self.found[name, choice] = v

        self.contestants.append((choice, Contestant(name, threads, clocked(run), **part)))

    def add_numba(self, choice, name, solver, tolerance, expected):
        # Brute force on a large grid: the time of some iterations, all being alike.
        few = 4 if "brute" in name and self.points > 1_000 else None
        part = dict(scale=expected / few, part=f"{few} of {expected} iterations") if few else {}
        # One iteration, to compile.
        solver(self.k, self.resources, 1, tolerance, 1)
        for threads in self.threads:
            # More chunks than threads, where they are long enough, to balance the load.
            chunks = threads if self.points < 5_000 or threads == 1 else 4 * threads

            def work(threads=threads, chunks=chunks):
                numba.set_num_threads(threads)
                v, iterations, _ = solver(self.k, self.resources, chunks, tolerance, few or 10_000)
                if few is None and iterations != expected:
                    raise SystemExit(f"{name}, N = {self.points}: {iterations} iterations, not {expected}")
                return v if few is None else None

            self.add(name, choice, threads, work, **part)

    def add_bellwether(self):
        stop = "bound" if self.guaranteed else "change"
        # What the guarantee costs is Bellwether's to pay; the same iteration alone gives none.
        phases = ["solve", "polish", "certify"] if self.guaranteed else ["solve", "polish"]
        for choice in ("grid", "continuous"):
            for threads in self.threads:
                output = os.path.join(self.folder.name, f"{choice}.csv")
                arguments = command(self.points, choice, threads, output, stop)
                measure = own_measure(arguments, phases)
                self.contestants.append((choice, Contestant(f"{BASE}, {choice}", threads, measure)))

    def run(self):
        self.spreads = race([c for _, c in self.contestants], self.settings.rounds, self.settings.budget)

    def table(self):
        lines = []
        for choice in ("grid", "continuous"):
            bases, rows = {}, []
            for own, c in self.contestants:
                if own != choice:
                    continue
                phases = self.spreads[c.name, c.threads]
                what = c.name
                if c.name.startswith(BASE):
                    bases[c.threads] = phases["total"]
                    what = f"{BASE}, " + (
                        "default method, solve and certify" if self.guaranteed else "`--method vfi`, solve"
                    )
                    rows.append((f"{BASE}, whole process", c.threads, c.part, phases["process"]))
                rows.append((what, c.threads, c.part, phases["total"]))
            rows.sort(key=lambda row: row[-1].minimum)
            lines += ["", f"N = {self.points:,}, {choice} choice:", "", *report.table(rows, bases)]
            if bases:
                lines += report.who_is_faster(rows, bases, BASE)
        return lines

    def check(self, fixed):
        """Markdown rows, and whether all agree."""
        lines, good = [], True
        found = dict(self.found)

        def compare(name, choice, error, allowed, note=""):
            nonlocal good
            line, agrees = verdict(name, choice, self.points, error, allowed, note)
            lines.append(line)
            good &= agrees

        for choice in ("grid", "continuous"):
            path = os.path.join(self.folder.name, f"{choice}.csv")
            if os.path.exists(path):
                v, budget, follows = read(path, self.points)
                found[BASE, choice] = v
                compare(f"{BASE}: c + k' = resources", choice, budget, 1e-13)
                compare(f"{BASE}: U(c) + β V(k') = V", choice, follows, 2.0 * TOLERANCE)
        for (name, choice), v in found.items():
            left = TOLERANCE if self.guaranteed else LEFT
            inexact = INEXACT.get(name, 0.0)
            # V_N is itself known to 1e-10.
            allowed = left + inexact + 2e-10
            compare(f"{name}: V against V_N", choice, np.abs(v - fixed.value(choice, self.points)).max(), allowed)
            reference = {
                "grid": "Numba, grid, monotone and concave sweep",
                "continuous": "Numba, continuous, exact cell formula",
            }[choice]
            same = not self.guaranteed and name not in (
                "QuantEcon, modified policy iteration",
                "QuantEcon, policy iteration",
            )
            if same and name != reference:
                error = np.abs(v - found[reference, choice]).max()
                compare(f"{name}: V against {reference}'s", choice, error, inexact or EXACT)
        self.folder.cleanup()
        return lines, good


def plain_race(settings, points, with_bellwether):
    """The same iteration: to a change of 1e-6."""
    contest = Race(settings, points, False)
    if with_bellwether:
        contest.add_bellwether()
    for (choice, name), solver in model.SOLVERS.items():
        contest.add_numba(choice, name, solver, TOLERANCE, ITERATIONS)
    if points == 100:
        most = 20 if settings.quick else 10_000
        part = dict(scale=ITERATIONS / most, part=f"{most} of {ITERATIONS} iterations") if settings.quick else {}

        def work():
            v = scipy_fminbound(points, most)
            return None if settings.quick else v

        contest.add("SciPy, `fminbound` a point", "continuous", 1, work, **part)
    if points <= 1_000:
        problem = quantecon_problem(points)
        for name, options in QUANTECON.items():

            def work(options=options):
                return problem.solve(v_init=np.zeros(points), max_iter=10_000, **options).v

            contest.add(name, "grid", 1, work)
    contest.run()
    return contest


def guaranteed_race(settings, points, with_bellwether):
    """The same guarantee: beta/(1 - beta) times the change below 1e-6, for plain iteration."""
    contest = Race(settings, points, True)
    if with_bellwether:
        contest.add_bellwether()
    change = TOLERANCE * (1.0 - model.BETA) / model.BETA
    for (choice, name), solver in model.SOLVERS.items():
        if "sweep" in name or "cell" in name:
            contest.add_numba(choice, name, solver, change, expected_iterations(choice, solver, change))
    contest.run()
    return contest


def expected_iterations(choice, solver, change):
    """As many as on a small grid: the change shrinks by beta an iteration, whatever N."""
    return solver(*model.grid(1_000), 1, change, 10_000)[1]


HEADER = ["| what | choice | N | difference | allowed | |", "|---|---|--:|--:|--:|---|"]


def compete(settings):
    """The races and the checks: Markdown lines, and whether all agree."""
    own = bellwether.has_command("growth")
    lines = ["σ = 2, β = 0.95, δ = 0.1, α = 0.33, points on [0.25 k*, 1.75 k*], V = 0 to start, 64-bit floating point."]
    if not own:
        lines += ["", "**Skipped for Bellwether: this binary has no command `growth`.** The peers alone:"]
    fixed = Fixed()
    checks, good = [], True
    plain = (100, 1_000) if settings.quick else (100, 1_000, 10_000)
    large = (10_000, 100_000) if settings.quick else (10_000, 100_000, 1_000_000)
    parts = [
        (f"Value iteration to a change of 1e-6 ({ITERATIONS} iterations)", plain_race, plain),
        ("To a guaranteed |V − V_N| ≤ 1e-6", guaranteed_race, large),
    ]
    for title, start, sizes in parts:
        lines += ["", f"### {title}"]
        for points in sizes:
            contest = start(settings, points, own)
            lines += contest.table()
            more, agrees = contest.check(fixed)
            checks += more
            good &= agrees
            if start is plain_race:
                fixed.check_levels(points)
    lines += ["", "### Agreement", "", *fixed.lines, "", *HEADER, *checks]
    return lines, good and fixed.good


def self_test():
    """Whether right values pass, and wrong ones are found."""
    points = 1_000
    k, resources = model.grid(points)
    fixed = Fixed()
    fixed.check_levels(points)
    right = model.SOLVERS["continuous", "Numba, continuous, exact cell formula"](k, resources, 1, TOLERANCE, 10_000)[0]
    bump = np.zeros(points)
    bump[points // 3] = 2.0 * LEFT
    values = {
        "right": right,
        "one value off by 4e-5": right + bump,
        "beta off by 1e-5": right * (1.0 + 1e-5 / (1.0 - model.BETA)),
        "the other rule of choice": fixed.value("grid", points),
        "grid moved by one point": np.roll(right, 1),
    }
    lines, good = [], fixed.good
    for name, v in values.items():
        line, agrees = verdict(
            name, "continuous", points, np.abs(v - fixed.value("continuous", points)).max(), LEFT + 2e-10
        )
        lines.append(line)
        good &= agrees == (name == "right")
    return [
        "Self-test of the comparison: the first must agree, the others must not.",
        "",
        *fixed.lines,
        "",
        *HEADER,
        *lines,
    ], good

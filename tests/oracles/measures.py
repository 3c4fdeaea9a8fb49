"""Golden values of the measures: estimates, squared standard errors and jump tests, in NumPy from the formulas.

Usage: python tests/oracles/measures.py tests/golden/measures.csv
       python tests/oracles/measures.py --size          how often the jump test rejects without jumps, n = 385, of 400,000 days

Nothing is shared with the Rust code. The formulas are those of R's package highfrequency too: rRVar and rCov, rSemiCov (its
positive and negative parts), rQuar, rBPCov, rMinRVar, rMedRVar, rMinRQuar, rMedRQuar, rTPQuar, rQPVar, and
BNSjumpTest(type = "ratio", max = TRUE, IVestimator = "BV", IQestimator = "TP" or "QP").

Each row of the file is one quantity of one day:

    day,measure,value

The days' returns, of two stocks, are in the file measures_returns.csv beside it (day,first,second), row by row, as the shortest
decimals that are read as the same numbers. They are simulated: with few and many rows, ticks (zeros and ties), a jump, only one
row that moves, a stock that never does, and two stocks that move alike.

Sums are exact (math.fsum), so that a value is within a few units of the last place of the formula's. The constants of
the limit theorems of MinRV and MedRV are integrals, evaluated here:

    z, z_i independent N(0,1), c the factor that makes the estimator unbiased
    MinRV: c^2 (Var m_1 + 2 Cov(m_1, m_2)),                       m_i = min(|z_i|, |z_{i+1}|)^2
    MedRV: c^2 (Var m_1 + 2 Cov(m_1, m_2) + 2 Cov(m_1, m_3)),     m_i = med(|z_i|, |z_{i+1}|, |z_{i+2}|)^2
"""

import math
import sys
from pathlib import Path

import numpy as np
from scipy import integrate, special

def normal(x):
    return math.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def size_below(x):
    """P(|z| < x)."""
    return math.erf(x / math.sqrt(2))


def second_below(x):
    """E(z^2; |z| < x)."""
    return size_below(x) - 2 * x * normal(x)


EXACT = dict(epsabs=1e-14, epsrel=1e-14, limit=200)
FAR = 12.0


def over_sizes(f):
    """E f(|z|)."""
    return integrate.quad(lambda x: f(x) * 2 * normal(x), 0, FAR, **EXACT)[0]


def min_theta():
    c = math.pi / (math.pi - 2)
    fourth = (3 * math.pi - 8) / math.pi
    product = over_sizes(lambda b: (b * b * (1 - size_below(b)) + second_below(b)) ** 2)
    return c * c * (fourth - c**-2 + 2 * (product - c**-2))


def med_theta():
    c = math.pi / (6 - 4 * math.sqrt(3) + math.pi)
    fourth = (9 * math.pi + 72 - 52 * math.sqrt(3)) / (3 * math.pi)

    def of_two(low, high):
        """E med^2 with a third, low < high given."""
        return low**2 * size_below(low) + high**2 * (1 - size_below(high)) + second_below(high) - second_below(low)

    # Smooth on either side of the diagonal: Gauss-Legendre on triangles.
    nodes, weights = np.polynomial.legendre.leggauss(120)
    nodes, weights = (nodes + 1) / 2, weights / 2

    def over_pairs(f):
        total = 0.0
        for u, wu in zip(nodes, weights):
            high = FAR * u
            inner = sum(wv * f(high * v, high) * 2 * normal(high * v) for v, wv in zip(nodes, weights))
            total += wu * FAR * high * inner * 2 * normal(high)
        return 2 * total

    assert abs(over_pairs(of_two) - 1 / c) < 1e-13
    one_shared = over_pairs(lambda low, high: of_two(low, high) ** 2)

    def of_one(b):
        """E med^2 with two others: both below b, both above, or one each."""
        below = integrate.quad(lambda t: t * t * 4 * size_below(t) * normal(t), 0, b, epsabs=1e-13)[0]
        above = integrate.quad(lambda t: t * t * 4 * (1 - size_below(t)) * normal(t), b, FAR, epsabs=1e-13)[0]
        return 2 * size_below(b) * (1 - size_below(b)) * b * b + below + above

    two_apart = over_sizes(lambda b: of_one(b) ** 2)
    return c * c * (fourth - c**-2 + 2 * (one_shared - c**-2) + 2 * (two_apart - c**-2))


THETA_MIN, THETA_MED = min_theta(), med_theta()
THETA_BIPOWER = math.pi**2 / 4 + math.pi - 3
# As the papers round them.
assert [round(x, 2) for x in (THETA_BIPOWER, THETA_MIN, THETA_MED)] == [2.61, 3.81, 2.96]

total = math.fsum


def days():
    rng = np.random.default_rng(2012)

    def simulated(n, scale=0.012):
        t = (np.arange(n) + 0.5) / n
        sigma = scale / math.sqrt(n) * (0.9 + 0.75 * np.exp(-10 * t) + 0.25 * np.exp(10 * (t - 1)))
        z = rng.standard_normal((n, 2))
        return np.stack([sigma * z[:, 0], sigma * (0.4 * z[:, 0] + 0.9 * z[:, 1])], axis=1)

    def ticks(returns):
        return np.round(returns / 2e-4) * 2e-4

    for n in (3, 12, 78, 385):
        yield f"simulated {n}", simulated(n)
    for n in (12, 385):
        yield f"ticks {n}", ticks(simulated(n))
    jump = simulated(78)
    jump[40, 0] += 0.03
    yield "jump 78", jump
    one = np.zeros((12, 2))
    one[5] = 0.01, -0.02
    yield "one row 12", one
    still = simulated(12)
    still[:, 1] = 0.0
    yield "still second 12", still
    still = simulated(12)
    still[:, 0] = 0.0
    yield "still first 12", still
    alike = simulated(78)
    alike[:, 1] = alike[:, 0] * 0.5
    yield "alike 78", alike
    yield "tiny 78", simulated(78) * 1e-30


def neighbours(absolute, count):
    """count rows of neighbours beside each other."""
    n = len(absolute) - count + 1
    return np.stack([absolute[i : i + n] for i in range(count)])


def multipower(absolute, count, power):
    mu = 2 ** (power / 2) * special.gamma((power + 1) / 2) / special.gamma(0.5)
    n = len(absolute)
    return mu**-count * n / (n - count + 1) * total(np.prod(neighbours(absolute, count) ** power, axis=0))


def quantities(a, b):
    n = len(a)
    s2, s4, s8 = (total(a**p) for p in (2, 4, 8))
    # RV's error divided before, so that nothing underflows.
    yield "variance", s2, 2 / 3 * s4
    yield "volatility", math.sqrt(s2), 2 / 3 * s4 / (4 * s2) if s2 else 0.0
    yield "annual-volatility", math.sqrt(252 * s2), 252 * (2 / 3 * s4 / (4 * s2)) if s2 else 0.0
    yield "log-variance", math.log(s2) if s2 else -math.inf, 2 / 3 * s4 / s2 / s2 if s2 else 0.0
    yield "positive-semivariance", total(a[a > 0] ** 2), None
    yield "negative-semivariance", total(a[a < 0] ** 2), None
    yield "quarticity", n / 3 * s4, n**2 / 9 * 96 / 105 * s8

    def neighbour_variance(x):
        """sum x^2 - sum x x_{+1}, Barndorff-Nielsen and Shephard 2004."""
        return total(np.concatenate([x * x, -x[:-1] * x[1:]]))

    covariance, first, second = total(a * b), s2, total(b**2)
    yield "covariance", covariance, neighbour_variance(a * b)
    beta = covariance / second if second else 0.0
    yield "beta", beta, neighbour_variance(a * b - beta * b * b) / second**2 if second else 0.0
    scale = math.sqrt(first) * math.sqrt(second)
    correlation = covariance / scale if scale else 0.0
    influence = a * b / scale - correlation / 2 * (a * a / first + b * b / second) if scale else a * 0.0
    yield "correlation", correlation, neighbour_variance(influence)

    absolute = np.abs(a)
    yield "bipower", multipower(absolute, 2, 1), THETA_BIPOWER * multipower(absolute, 3, 4 / 3)
    low = neighbours(absolute, 2).min(axis=0)
    median = np.median(neighbours(absolute, 3), axis=0)
    pi, root = math.pi, math.sqrt(3)
    yield "minrv", pi / (pi - 2) * n / (n - 1) * total(low**2), (
        THETA_MIN * pi / (3 * pi - 8) * n / (n - 1) * total(low**4)
    )
    yield "medrv", pi / (6 - 4 * root + pi) * n / (n - 2) * total(median**2), (
        THETA_MED * 3 * pi / (9 * pi + 72 - 52 * root) * n / (n - 2) * total(median**4)
    )


def jump_test(a, power, count):
    n = len(a)
    largest = np.abs(a).max()
    if largest == 0.0:
        return 0.0, 0.5
    absolute = np.abs(a) / largest
    rv, bv = total(absolute**2), multipower(absolute, 2, 1)
    quarticity = n * multipower(absolute, count, power)
    theta = math.pi**2 / 4 + math.pi - 5
    ratio = max(1.0, quarticity / bv**2) if bv else 1.0
    z = (1 - bv / rv) / math.sqrt(theta / n * ratio)
    return z, float(special.ndtr(-z))


def size(n=385, days=400_000, together=4000):
    """The share of days of constant volatility whose p value is below 10, 5 and 1 %, for both quarticities."""
    rng, rejected = np.random.default_rng(1), np.zeros((2, 3), dtype=int)
    mu = 2 ** (2 / 3) * special.gamma(7 / 6) / special.gamma(0.5)
    for _ in range(days // together):
        a = np.abs(rng.standard_normal((together, n)))
        rv, bv = (a * a).sum(axis=1), math.pi / 2 * n / (n - 1) * (a[:, 1:] * a[:, :-1]).sum(axis=1)
        c = np.cbrt(a) ** 4
        tripower = n * mu**-3 * n / (n - 2) * (c[:, 2:] * c[:, 1:-1] * c[:, :-2]).sum(axis=1)
        quadpower = n * (math.pi / 2) ** 2 * n / (n - 3) * (a[:, 3:] * a[:, 2:-1] * a[:, 1:-2] * a[:, :-3]).sum(axis=1)
        for row, quarticity in enumerate((tripower, quadpower)):
            spread = (math.pi**2 / 4 + math.pi - 5) / n * np.maximum(1, quarticity / bv**2)
            p = special.ndtr(-(1 - bv / rv) / np.sqrt(spread))
            rejected[row] += [(p < level).sum() for level in (0.1, 0.05, 0.01)]
    return rejected / days


def main(path):
    with open(path, "w", newline="\n") as file, open(
        Path(path).with_name("measures_returns.csv"), "w", newline="\n"
    ) as returns:
        file.write("day,measure,value\n")
        returns.write("day,first,second\n")
        for day, pair in days():
            for one, other in pair:
                returns.write(f"{day},{float(one)!r},{float(other)!r}\n")
            values = []
            for name, value, square in quantities(pair[:, 0], pair[:, 1]):
                values.append((name, value))
                values += [] if square is None else [(f"{name} squared error", square)]
            if len(pair) > 3:
                for name, power, count in (("tripower", 4 / 3, 3), ("quadpower", 1, 4)):
                    values += zip((f"{name} jump statistic", f"{name} jump p value"), jump_test(pair[:, 0], power, count))
            for name, value in values:
                file.write(f"{day},{name},{float(value)!r}\n")
    print(THETA_BIPOWER, THETA_MIN, THETA_MED)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    if sys.argv[1] == "--size":
        print(size())
    else:
        main(sys.argv[1])

"""Ends of bootstrap and asymptotic confidence intervals, from what resamples gave: the conventions, and NumPy code of them.

Usage: python tests/oracles/ends.py                          checks this file with scipy.stats.bootstrap, explicit
                                                             jackknifes and (where it is installed) the package arch
       python tests/oracles/ends.py tests/golden/ends.json   the same, then writes the golden values

Nothing is shared with the Rust code.

Numbers. A cell has the estimate E from its returns, its squared standard error e2, and E', the statistic of the columns' own
integer sums (of the resample that draws every row once), which is E but for the rounding of columns; resample b = 0 ... B - 1 has the statistic V_b and its
squared standard error v2_b. z(p) is the standard normal quantile, Phi its distribution function. Q(p) is np.quantile's default
(type 7); where one of its two order statistics decides alone it is that one, though the other be infinite, and between a finite
and an infinite one the infinite one counts; between -inf and +inf the nearer, +inf at equal distance (NumPy makes NaN of all three).

Side. Of confidence c, `both` puts a = (1 - c)/2 beyond each end. `lower` has a lower end alone and puts a = 1 - c below it, the
upper end is +inf; `upper` has an upper end alone and puts a = 1 - c above it, the lower end is -inf, or 0 for the intervals of
logarithms. Levels a and 1 - a are those of decimal arithmetic: 0.99 gives 0.005 and 0.995, one-sided 0.01 and 0.99.

    percentile             Q(a), Q(1 - a) of V
    basic                  2 E - Q(1 - a), 2 E - Q(a)
    normal                 (E - bias) -+ z(1 - a) s, bias = mean V - E', s the standard deviation of V with the divisor B - 1
    bc                     Q at the levels Phi(2 z0 + z(a)), Phi(2 z0 + z(1 - a))
    bca                    Q at the levels Phi(z0 + w/(1 - A w)), w = z0 + z(a) and w = z0 + z(1 - a), A the acceleration
    studentized            E - e Q(1 - a), E - e Q(a) of t
    studentized-symmetric  E -+ e Q(c) of |t|
    studentized-log        E exp(-+ (e/E) Q(c)) of |l|
    studentized-log-equal-tailed   E exp(-(e/E) Q(1 - a)), E exp(-(e/E) Q(a)) of l
    asymptotic             E -+ e z(1 - a)
    asymptotic-log         E exp(-+ (e/E) z(1 - a))

Symmetric ones (studentized-symmetric, studentized-log) have two ends, or none. Ends are not cut: basic, normal, studentized and asymptotic ones of a variance may be negative.

t_b = (V_b - E)/v_b, l_b = (ln V_b - ln E)/(v_b/V_b) = ln(V_b/E) V_b/v_b.
* Equal V_b and E (infinite ones too, of the logarithm of a variance 0) make t and l 0, whatever v_b.
* v2_b <= 0 (rounding may make a zero negative) makes them +inf or -inf, by the sign of the numerator. None is dropped.
* V_b <= 0 < E makes l -inf.
* e2 = 0 makes the ends E, though Q be infinite. E <= 0 makes both ends of an interval of logarithms E.

z0 = z(share), share = (#{V_b < E'} + #{V_b = E'}/2)/B, so that ties are exact ties.
* share 0 or 1: z0 is infinite, both levels are 0 (or 1): both ends are the least (largest) V.
* 1 - A w <= 0 (w too far out for the acceleration): the level is 1 where w > 0 and 0 where w < 0, its limit.

A is from the jackknife: with J_i the statistic without row i and m their mean, d_i = m - J_i,

    A = sum d_i^3 / (6 (sum d_i^2)^(3/2)),   0 where all d_i are 0.

Of the sum of a column q, d_i = q_i - mean q in exact arithmetic: no sum need be made anew. Multiplying by a constant (n/(n-1) for the
missing row) changes nothing. Of an increasing function of a column's sum (volatility, log variance, quarticity) A is that of the sum:
the infinitesimal jackknife d_i = f'(S)(q_i - mean q) gives the same A, and percentile, bc and bca ends are f of the sum's ends.
(np.quantile interpolates after f, so f is applied to order statistics and not to quantiles.) Of correlation and beta J_i is
evaluated from sums without the row.

normal needs B >= 2. Where some V_b is infinite its ends are -inf and +inf.

Accuracy. Percentile, basic and studentized ends are f64 operations in the order written, the same to the last bit; the others are met to
1e-12 relative to the larger end (Phi and z of different libraries differ in the last digits, and so do sums in other orders).

Standard errors of resamples are v2 = sum q*^2 - (sum q*)^2/n for the sum of a column q of an iid resample, and (6/31) sum r*^4 for
realized variance of a wild one (Goncalves and Meddahi 2009), where r* = r eta and eta = a or b,

    a = sqrt(31 + sqrt(186))/5 with probability 1/2 - 3/sqrt(186),  b = -sqrt(31 - sqrt(186))/5,

so that t = (RV* - RV)/sqrt((6/31) sum r*^4) and l = (ln RV* - ln RV) RV*/sqrt((6/31) sum r*^4).

Differences from other programs: arch's `norm` has no bias and the divisor B, its share counts no ties; SciPy and arch have
no end where z0 or the level is infinite, and no intervals of |t|, of logarithms, or without draws.

Sources: B. Efron, "Better bootstrap confidence intervals", JASA 82, 1987; B. Efron and R. J. Tibshirani, "An Introduction to the
Bootstrap", 1993; P. Hall, "The Bootstrap and Edgeworth Expansion", 1992; A. C. Davison and D. V. Hinkley, "Bootstrap Methods and
their Application", 1997 (normal, basic).
"""

import json
import math
import sys
from fractions import Fraction

import numpy as np
from scipy import stats
from scipy.special import ndtr, ndtri

INTERVALS = (
    "percentile basic normal bc bca studentized studentized-symmetric studentized-log studentized-log-equal-tailed "
    "asymptotic asymptotic-log"
).split()
SYMMETRIC = ("studentized-symmetric", "studentized-log")
INFINITE = math.inf


def quantile(values, level):
    """np.quantile, with infinite order statistics."""
    values = np.sort(np.asarray(values, dtype=float))
    place = (len(values) - 1) * level
    below = int(math.floor(place))
    low, high = float(values[below]), float(values[min(below + 1, len(values) - 1)])
    if math.isfinite(low) and math.isfinite(high):
        return float(np.quantile(values, level))
    if low == high or place == below:
        return low
    if math.isinf(low) and math.isinf(high):
        return low if place - below < 0.5 else high
    return low if math.isinf(low) else high


def levels(confidence, side):
    c = Fraction(repr(confidence))
    beyond = (1 - c) / 2 if side == "both" else 1 - c
    return float(beyond), float(1 - beyond)


def student(numerator, square):
    if numerator == 0.0:
        return 0.0
    return numerator / math.sqrt(square) if square > 0.0 else math.copysign(INFINITE, numerator)


def t_of(value, square, estimate):
    return 0.0 if value == estimate else student(value - estimate, square)


def l_of(value, square, estimate):
    if value == estimate:
        return 0.0
    return student(math.log(value / estimate) * value, square) if value > 0.0 else -INFINITE


def acceleration(jackknife):
    """A, from the statistics without one row each."""
    jackknife = np.asarray(jackknife, dtype=float)
    away = jackknife.mean() - jackknife
    # In units of the largest, so that no cube underflows.
    largest = np.abs(away).max()
    if not largest > 0.0:
        return 0.0
    away = away / largest
    return float((away**3).sum() / (6.0 * (away**2).sum() ** 1.5))


def acceleration_of_column(column):
    """A of the sum of a column: the jackknife's, without its sums."""
    return acceleration(-np.asarray(column, dtype=float))


def bias_z(estimate, values):
    values = np.asarray(values)
    share = ((values < estimate).sum() + (values == estimate).sum() / 2) / len(values)
    return float(ndtri(share))


def bca_level(z0, z, a):
    if math.isinf(z0):
        return 1.0 if z0 > 0.0 else 0.0
    w = z0 + z
    if 1.0 - a * w <= 0.0:
        return 1.0 if w > 0.0 else 0.0
    return float(ndtr(z0 + w / (1.0 - a * w)))


def ends(interval, theta_hat, theta_star, se_hat, se_star, a, confidence, side="both", own=None):
    """The two ends. `se_hat` and `se_star` are squared standard errors, `a` is the acceleration, `own` is E' (E if not given);
    None where without use."""
    own = theta_hat if own is None else own
    if interval in SYMMETRIC and side != "both":
        raise ValueError(f"{interval} has two ends")
    low, high = levels(confidence, side)
    z = float(ndtri(high))
    if interval == "percentile":
        lower, upper = quantile(theta_star, low), quantile(theta_star, high)
    elif interval == "basic":
        lower, upper = (2.0 * theta_hat - quantile(theta_star, level) for level in (high, low))
    elif interval == "normal":
        star = np.asarray(theta_star, dtype=float)
        if np.isinf(star).any():
            lower, upper = -INFINITE, INFINITE
        else:
            middle, reach = theta_hat - (float(star.mean()) - own), z * float(star.std(ddof=1))
            lower, upper = middle - reach, middle + reach
    elif interval in ("bc", "bca"):
        z0 = bias_z(own, theta_star)
        lower, upper = (
            quantile(theta_star, bca_level(z0, s * z, a if interval == "bca" else 0.0)) for s in (-1.0, 1.0)
        )
    elif interval == "asymptotic":
        reach = math.sqrt(se_hat) * z
        lower, upper = theta_hat - reach, theta_hat + reach
    elif interval == "asymptotic-log":
        if theta_hat <= 0.0:
            lower = upper = theta_hat
        else:
            reach = math.sqrt(se_hat) * z / theta_hat
            lower, upper = theta_hat * math.exp(-reach), theta_hat * math.exp(reach)
    elif interval.startswith("studentized-log") and theta_hat <= 0.0:
        lower = upper = theta_hat
    else:
        in_logs = interval.startswith("studentized-log")
        pivot = l_of if in_logs else t_of
        pivots = [pivot(value, square, theta_hat) for value, square in zip(theta_star, se_star)]
        if interval in SYMMETRIC:
            down = up = quantile(np.abs(pivots), confidence)
        else:
            down, up = quantile(pivots, high), -quantile(pivots, low)
        error = math.sqrt(se_hat) if se_hat > 0.0 else 0.0
        down, up = (error * q if error > 0.0 else 0.0 for q in (down, up))
        if in_logs:
            lower, upper = (theta_hat * exp(reach / theta_hat) for reach in (-down, up))
        else:
            lower, upper = theta_hat - down, theta_hat + up
    if side == "lower":
        upper = INFINITE
    if side == "upper":
        lower = 0.0 if "-log" in interval else -INFINITE
    return lower, upper


def exp(x):
    return 0.0 if x == -INFINITE else INFINITE if x == INFINITE else math.exp(x)


# The wild bootstrap's two factors.
WILD_A = math.sqrt(31 + math.sqrt(186)) / 5
WILD_B = -math.sqrt(31 - math.sqrt(186)) / 5
WILD_P = 0.5 - 3 / math.sqrt(186)


def wild(returns, count, rng):
    """RV* and its squared standard error of so many wild resamples."""
    eta = np.where(rng.random((count, len(returns))) < WILD_P, WILD_A, WILD_B)
    star = returns * eta
    return (star**2).sum(axis=1), 6 / 31 * (star**4).sum(axis=1)


def iid(returns, count, rng):
    """The same of iid resamples."""
    n = len(returns)
    star = returns[rng.integers(0, n, (count, n))]
    rv = (star**2).sum(axis=1)
    return rv, (star**4).sum(axis=1) - rv**2 / n


def close(found, expected, tolerance=1e-12):
    scale = max((abs(x) for x in expected if math.isfinite(x)), default=0.0)
    for x, y in zip(found, expected):
        assert x == y or abs(x - y) <= tolerance * scale, (found, expected)


def check_scipy(returns, values):
    squares = returns**2

    def statistic(x, axis):
        return x.sum(axis=axis)

    class Given:
        bootstrap_distribution = values
        standard_error = values.std(ddof=1)

    a = acceleration_of_column(squares)
    for name, method in (("percentile", "percentile"), ("basic", "basic"), ("bca", "BCa")):
        for side, alternative in (("both", "two-sided"), ("lower", "greater"), ("upper", "less")):
            for confidence in (0.5, 0.9, 0.99):
                given = stats.bootstrap(
                    (squares,), statistic, n_resamples=0, bootstrap_result=Given, method=method,
                    alternative=alternative, confidence_level=confidence, vectorized=True,
                )
                found = ends(name, float(squares.sum()), values, None, None, a, confidence, side)
                close(found, (given.confidence_interval.low, given.confidence_interval.high))


def check_jackknife(rng):
    """The closed form against sums made anew; the statistic's scale is of no account; transformations keep it."""
    for n in (2, 3, 12, 385):
        q = rng.standard_normal(n) ** 2
        anew = np.array([np.delete(q, i).sum() for i in range(n)])
        a = acceleration_of_column(q)
        assert abs(a - acceleration(anew)) <= 1e-12, (n, a)
        assert abs(a - acceleration(anew * n / (n - 1) * 1e-9)) <= 1e-12
        # d_i of f(S) = ln S, by its derivative.
        assert abs(a - acceleration(-(q - q.mean()) / q.sum())) <= 1e-12
        if n == 385:
            assert a > 0.0 and abs(a - stats.skew(q) / (6 * math.sqrt(n))) <= 1e-14
            assert abs(acceleration(np.log(anew)) - a) < 0.01
    assert acceleration_of_column([0.25] * 7) == 0.0 and acceleration_of_column([0.3]) == 0.0


def check_arch(squares, confidence=0.9):
    try:
        from arch.bootstrap import IIDBootstrap
    except ImportError:
        return "not installed"

    def rv(x):
        return np.array([x.sum()])

    def error(_, x):
        # Passed the estimates and the data; returns standard errors.
        return np.array([math.sqrt((x**2).sum() - x.sum() ** 2 / len(x))])

    a = acceleration_of_column(squares)
    star = IIDBootstrap(squares, seed=7).apply(rv, 999)[:, 0]
    assert not (star == squares.sum()).any()
    draw = IIDBootstrap(squares, seed=7)
    error_star = np.array([error(None, data[0])[0] ** 2 for data, _ in draw.bootstrap(999)])
    # The estimate's own standard error is the bootstrap's there.
    e2 = float(star.var())
    for name in ("percentile", "basic", "bc", "bca", "studentized"):
        for side in ("both", "lower", "upper"):
            given = IIDBootstrap(squares, seed=7).conf_int(
                rv, reps=999, method=name, size=confidence, tail={"both": "two"}.get(side, side),
                **({"std_err_func": error} if name == "studentized" else {}),
            )
            found = ends(name, float(squares.sum()), star, e2, error_star, a, confidence, side)
            close(found, [float(x) for x in np.ravel(given)])
    return "agrees"


def check_conventions():
    flat = [2.0] * 9
    assert ends("bca", 2.0, flat, None, None, 0.0, 0.9) == (2.0, 2.0) and bias_z(2.0, flat) == 0.0
    assert ends("bc", 9.0, [1.0, 2.0, 3.0], None, None, None, 0.9) == (3.0, 3.0)
    assert ends("bca", 0.0, [1.0, 2.0, 3.0], None, None, 0.1, 0.9) == (1.0, 1.0)
    assert bca_level(0.0, 2.0, 0.5) == 1.0 and bca_level(0.0, -2.0, -0.5) == 0.0
    assert t_of(-INFINITE, 0.0, -INFINITE) == 0.0 and t_of(1.0, -1e-30, 2.0) == -INFINITE
    assert l_of(0.0, 0.0, 2.0) == -INFINITE and l_of(3.0, 0.0, 2.0) == INFINITE
    assert ends("studentized", 2.0, [1.0, 3.0], 1.0, [0.0, 0.0], None, 0.9) == (-INFINITE, INFINITE)
    assert ends("studentized-log", 2.0, [1.0, 3.0], 1.0, [0.0, 0.0], None, 0.9) == (0.0, INFINITE)
    assert ends("studentized", 2.0, [1.0, 3.0], 0.0, [0.0, 0.0], None, 0.9) == (2.0, 2.0)
    assert ends("normal", 2.0, [-INFINITE, 3.0], None, None, None, 0.9) == (-INFINITE, INFINITE)
    assert levels(0.99, "both") == (0.005, 0.995) and levels(0.99, "lower") == (0.01, 0.99)
    moment = lambda k: WILD_P * WILD_A**k + (1 - WILD_P) * WILD_B**k
    for k, expected in ((2, 1), (4, 31 / 25), (6, 31 / 25 * 37 / 25), (8, 47089 / 15625)):
        assert abs(moment(k) - expected) < 1e-13, k
    assert abs((moment(4) - 1) / moment(4) - 6 / 31) < 1e-13
    assert abs((moment(8) - moment(4) ** 2) / moment(8) - 24 / 49) < 1e-13


def cases():
    """(name, estimate, E', its squared error, statistics, their squared errors, the column), of simulated returns."""
    rng = np.random.default_rng(2009)
    for n, count in ((12, 99), (78, 199)):
        returns = 0.01 / math.sqrt(n) * rng.standard_normal(n)
        rv, e2 = float((returns**2).sum()), float(2 / 3 * (returns**4).sum())
        for scheme in (iid, wild):
            values, errors = scheme(returns, count, rng)
            yield f"{scheme.__name__} {n}", rv, rv * (1 + 1e-9), e2, values, errors, returns**2
    # Four returns on two ticks: ties with the estimate, and resamples without spread.
    returns = 0.001 * np.array([1.0, -2.0, 2.0, 1.0])
    values, errors = iid(returns, 40, rng)
    rv = float(np.float64(1e-5))
    values = np.array([round(float(v) * 1e6) * 1e-6 for v in values])
    values[np.isclose(values, rv)] = rv
    errors = np.where(errors < 1e-16, 0.0, errors)
    yield "ties", rv, rv, float(2 / 3 * (returns**4).sum()), values, errors, returns**2
    yield "jump", 1.0, 1.0, 0.4, np.array([0.0, 0.0, 3.0, 1.0, 2.0, 0.0]), np.array([0.0, 0.0, 3.0, 1.0, 2.0, 0.0]), [0.0, 0.0, 1.0]
    yield "still", 0.0, 0.0, 0.0, np.zeros(5), np.zeros(5), np.zeros(5)


def golden():
    for name, estimate, own, e2, values, errors, column in cases():
        a = acceleration_of_column(column)
        found = [
            {"interval": interval, "confidence": confidence, "side": side, "ends": [repr(float(end)) for end in pair]}
            for interval in INTERVALS
            for confidence in (0.5, 0.95)
            for side in ("both", "lower", "upper")
            if interval not in SYMMETRIC or side == "both"
            for pair in [ends(interval, estimate, values, e2, errors, a, confidence, side, own)]
        ]
        yield {
            "name": name, "estimate": estimate, "own": own, "squared_error": e2, "values": [float(v) for v in values],
            "squared_errors": [float(v) for v in errors], "column": [float(q) for q in column],
            "acceleration": a, "ends": found,
        }


if __name__ == "__main__":
    rng = np.random.default_rng(1993)
    check_conventions()
    check_jackknife(rng)
    for n in (12, 78, 385):
        returns = rng.standard_normal(n)
        check_scipy(returns, iid(returns, 999, rng)[0])
    print("scipy agrees; arch", check_arch(rng.standard_normal(78) ** 2))
    if len(sys.argv) == 2:
        lines = [json.dumps(case) for case in golden()]
        with open(sys.argv[1], "w", newline="\n") as file:
            file.write("[\n" + ",\n".join(lines) + "\n]\n")
        print(f"{len(lines)} cases")

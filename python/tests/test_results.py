"""What comes back: the lecture's frame, its distribution, warnings, other functions."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import bellwether as bw
import numpy as np
import pandas as pd
import pytest
from lecture import computeRV, getCI, sample_to_statistic


def test_wide_is_the_lectures_frame(prices: pd.DataFrame, returns: pd.DataFrame) -> None:
    """Its own function, on our resamples, gives our frame: index, columns, and every bit."""
    result = bw.bootstrap(prices, samples=500)
    wide = result.to_frame(layout="wide")
    like = computeRV(returns)
    draws = np.array([[result.resamples(stock, day) for stock in like] for day in like.index])
    frames = [pd.DataFrame(draws[:, :, b], index=like.index, columns=like.columns) for b in range(500)]
    pd.testing.assert_frame_equal(wide, getCI(frames), check_exact=True)
    # A file of it, read back as the documentation says.
    read = pd.read_csv(
        pd.io.common.StringIO(result.to_csv(layout="wide")), header=[0, 1], index_col=0, parse_dates=True,
        float_precision="round_trip",
    )
    assert np.array_equal(read.to_numpy(), wide.to_numpy())
    assert list(read.columns) == list(wide.columns)


def test_intervals_agree_with_the_lectures_code(returns: pd.DataFrame) -> None:
    """pandas' own draws: its ends lie within what so many samples leave, by the exact distribution."""
    samples = 300
    draws = [sample_to_statistic(returns) for _ in range(samples)]
    ci = getCI(draws)
    # The ends lie between the second and the third of 300 draws from either side: of these the third is beyond
    # the quantile of level .075 (on its way to the middle) with probability 1e-7, and any is beyond that of
    # 1e-7 (on its way outside) with 3e-5.
    assert sum(math.comb(samples, k) * 0.075**k * 0.925 ** (samples - k) for k in range(3)) < 1e-7
    outer = bw.exact(returns=returns, confidence=1 - 2e-7).to_frame(layout="wide")
    inner = bw.exact(returns=returns, confidence=1 - 2 * 0.075).to_frame(layout="wide")
    # Mean and variance of the resampled variances: within 4.5 standard errors, n draws of squares.
    result = bw.bootstrap(returns=returns, samples=20_000)
    ours = np.array([[result.resamples(stock, day) for stock in returns] for day in ci.index])
    theirs = np.array([frame.to_numpy() for frame in draws])
    apart = (theirs.mean(axis=0) - ours.mean(axis=2)) / (ours.std(axis=2) / math.sqrt(samples))
    assert np.abs(apart).max() < 4.5
    assert 0.7 < (theirs.std(axis=0) / ours.std(axis=2)).mean() < 1.3
    for stock in returns:
        lower, upper = ci[stock].lower, ci[stock].upper
        assert (lower > outer[stock].lower).all() and (lower < inner[stock].lower).all()
        assert (upper < outer[stock].upper).all() and (upper > inner[stock].upper).all()


def test_resamples_are_the_librarys_own(prices: pd.DataFrame) -> None:
    result = bw.bootstrap(prices, samples=1000, measure=["rv", "quarticity"])
    draws = result.resamples("S0002", "2007-01-04", measure="rv")
    assert draws.dtype == np.float64 and draws.flags.c_contiguous and draws.base is not None
    assert np.array_equal(draws[:100], bw.bootstrap(prices, samples=100).resamples("S0002", pd.Timestamp("2007-01-04")))
    assert not np.array_equal(draws, result.resamples("S0001", "2007-01-04", measure="rv"))
    for arguments, said in [
        (("S0002", "2007-01-04"), "say which measure"),
        (("X", "2007-01-04", "rv"), 'no stock "X"'),
        (("S0002", "2008-01-04", "rv"), "no returns on 2008-01-04"),
        (("S0002", "January", "rv"), 'date is "January"'),
        (("S0002", "2007-01-04", "beta"), "measure is 'beta'"),
    ]:
        with pytest.raises(ValueError, match=said):
            result.resamples(*arguments[:2], measure=arguments[2] if len(arguments) > 2 else None)
    with pytest.raises(ValueError, match="infinitely many"):
        bw.exact(prices).resamples("S0001", "2007-01-04")
    with pytest.raises(ValueError, match="leave by out"):
        bw.bootstrap(prices, by="all", samples=10).resamples("S0001", "2007-01-04")


def test_other_frames(prices: pd.DataFrame) -> None:
    result = bw.bootstrap(prices, samples=100)
    frame = result.to_frame()
    assert result.to_polars()["lower"].to_list() == list(frame.lower)
    assert result.to_arrow().column("stock").to_pylist() == list(frame.stock)
    assert str(frame.date.dtype).startswith("datetime64[")
    with pytest.raises(ValueError, match="wide layout"):
        bw.bootstrap(prices, samples=100, details=True).to_frame(layout="wide")
    with pytest.raises(ValueError, match='"long" or "wide"'):
        result.to_frame(layout="square")
    with pytest.raises(ValueError, match="not as .xlsx|can't be written"):
        result.write("a.xlsx")


def test_warnings(prices: pd.DataFrame) -> None:
    some = prices.copy()
    some.loc["2007-01-04", "S0002"] = np.nan
    with pytest.warns(bw.BellwetherWarning, match="no prices on some of the 3 day") as told:
        frame = bw.bootstrap(some, samples=50, missing="skip").to_frame()
    assert len(frame) == 8 and told[0].filename == __file__


def test_parameters_are_refused_by_name(prices: pd.DataFrame) -> None:
    for options, said in [
        ({"samples": 0}, "samples is 0"),
        ({"samples": 2**32}, "samples is 4294967296"),
        ({"samples": "many"}, "samples is 'many'"),
        ({"confidence": 1.0}, "confidence is 1, but"),
        ({"confidence": float("nan")}, "confidence is NaN"),
        ({"measure": "rvv"}, "measure is rvv, but there are variance"),
        ({"measure": "beta"}, "name the second by against"),
        ({"measure": "beta", "against": "X"}, 'against is "X", but the panel has no such stock'),
        ({"measure": "beta", "against": "S0001", "align": "none"}, "needs the returns of two stocks"),
        ({"against": "S0001"}, "it is of one stock"),
        ({"interval": "studentised"}, "interval is studentised, but there are"),
        ({"scheme": "jackknife"}, "scheme is jackknife"),
        ({"scheme": "block", "block": 2.5}, "whole number of rows"),
        ({"block": 5}, "block"),
        ({"side": "left"}, 'side is "left", but it must be one of "both", "lower", "upper"'),
        ({"by": "year"}, 'by is "year"'),
        ({"seed": -1}, "seed is -1"),
        ({"samples": "exact", "seed": 1}, "without draws"),
        ({"samples": "exact", "interval": "studentized"}, "exact distribution"),
        ({"every": "5m"}, "every is 5m, but m could be minutes"),
        ({"every": "3h", "session": "10:00-11:00"}, "every is 3h"),
        ({"session": "16:00-09:30"}, "session is"),
        ({"align": "both"}, 'align is "both", but it must be one of "none"'),
        ({"missing": "drop"}, 'missing is "drop"'),
        ({"holidays": "x"}, 'holidays is "x"'),
        ({"outliers": "1"}, "outliers is"),
        ({"timezone": "Mars"}, 'timezone is "Mars"'),
        ({"times_in": "UTC"}, "timezone must say"),
        ({"from_day": "January"}, 'from_day is "January"'),
        ({"device": "gpux"}, "gpux"),
        ({"device": ""}, 'device is ""'),
        ({"threads": 0}, "threads is 0"),
        ({"threads": 10**6}, "threads is 1000000"),
        ({"memory": "lots"}, "memory is 'lots'"),
    ]:
        with pytest.raises((ValueError, bw.GpuError), match=said):
            bw.bootstrap(prices, **{"samples": 10, **options})
    for options in ({"sample": 10}, {"session": 5}, {"sort": "yes"}, {"samples": 1.5}):
        with pytest.raises(TypeError):
            bw.bootstrap(prices, **options)
    with pytest.raises(ValueError, match="give every to read_panel"):
        bw.bootstrap(bw.read_panel(prices), every="5min")


def test_growth_is_that_of_the_command_line(tmp_path: Path) -> None:
    bellwether = str(Path(sys.executable).with_name("bellwether"))
    for options, typed in [
        ({}, ["--grid", "100"]),
        ({"grid": 200, "choice": "grid", "method": "howard"}, "--grid 200 --choice grid --method howard".split()),
        ({"sigma": 1, "delta": 1, "spacing": "log", "stop": "change"}, "--sigma 1 --delta 1 --grid-spacing log --stop change".split()),
    ]:
        ours, theirs = tmp_path / "ours.csv", tmp_path / "theirs.csv"
        bw.growth(**options).write(ours)
        subprocess.run([bellwether, "growth", *typed, "--quiet", "-o", str(theirs)], check=True)
        assert ours.read_bytes() == theirs.read_bytes()


def test_growth_solves_the_model() -> None:
    solution = bw.growth(grid=1000, tolerance=1e-8)
    frame = solution.to_frame()
    # The oracle's values at half and one and a half of k*; on this grid V is 2.1e-5 off at most.
    steady = solution.steady_state["capital"]
    assert abs(steady - 3.160860199072236) < 1e-12
    for share, value in [(0.5, 0.821873760814), (1.5, 3.583020099955)]:
        assert abs(np.interp(share * steady, frame.k, frame.value) - value) < 4e-5
    assert solution.bound <= 1e-8 and "GrowthSolution: 1000 grid points" in repr(solution)
    closed = bw.growth(sigma=1, delta=1, grid=2000)
    assert np.allclose(closed.capital_next, 0.33 * 0.95 * closed.k**0.33, rtol=2e-3)
    for options, said in [
        ({"beta": 1}, "beta is 1"),
        ({"grid": 1}, "grid"),
        ({"choice": "any"}, 'choice is "any"'),
        ({"maximizer": "sweep"}, "maximizer is sweep"),
        ({"tolerance": 1e-30}, "tolerance"),
        ({"max_iterations": 1}, "iteration"),
    ]:
        with pytest.raises(ValueError, match=said):
            bw.growth(**options)
    with pytest.raises(ValueError, match="the grid runs from"):
        solution.path(5, 100.0)
    with pytest.raises(MemoryError, match="grid"):
        bw.growth(grid=10**9, memory="1MB")


def test_growth_with_shocks() -> None:
    solution = bw.growth_shocks(grid=1000)
    frame = solution.to_frame()
    assert list(frame.columns) == ["z", "k", "value", "capital_next", "consumption", "euler_error"]
    assert len(frame) == 5000 and solution.bound <= 1e-6
    steady = solution.steady_state["capital"]
    # The value at the steady state in the middle state, by another method.
    middle = frame[frame.z == 1.0]
    assert abs(np.interp(steady, middle.k, middle.value) - 2.542824570404) < 4e-5
    # Closed form: σ = 1, δ = 1, k' = αβ z k^α.
    closed = bw.growth_shocks(sigma=1, delta=1, grid=2000, states=3, low=0.5, high=1.5)
    assert np.allclose(closed.capital_next, 0.33 * 0.95 * closed.z * closed.k**0.33, rtol=2e-3)
    # One state without shocks is the model without.
    one = bw.growth_shocks(productivity=[1.0], transition=[[1.0]], grid=100)
    assert np.array_equal(one.value, bw.growth(grid=100).value)
    for options, said in [
        ({"rho": 1.0}, "rho is 1"),
        ({"states": 0}, "states is 0"),
        ({"chain": "markov"}, 'chain is "markov"'),
        ({"productivity": [1.0, 2.0]}, "go together"),
        ({"productivity": [1.0, 2.0], "transition": [[0.5, 0.5]]}, "transition is 2 probabilities"),
        ({"productivity": [1.0, 2.0], "transition": [[0.5, 0.5], [0.5, 0.6]]}, "row 2|transition"),
        ({"productivity": [1.0], "transition": [[1.0]], "row_sums": "two"}, 'row_sums is "two"'),
    ]:
        with pytest.raises(ValueError, match=said):
            bw.growth_shocks(**options)


def test_simulated_truth(tmp_path: Path) -> None:
    panel = bw.simulate(stocks=2, days=4, per_day=40, jumps="none", noise=0, folder=tmp_path / "p")
    truth = panel.truth()
    assert list(truth.columns) == ["date", "stock", "integrated_variance", "quadratic_variation"] and len(truth) == 8
    assert (truth.integrated_variance == truth.quadratic_variation).all()
    ratio = bw.bootstrap(panel, samples=10).to_frame().rv.to_numpy() / truth.integrated_variance.to_numpy()
    assert 0.5 < ratio.mean() < 1.5
    with pytest.raises(ValueError, match="simulated panels alone"):
        bw.read_panel(tmp_path / "p").truth()
    with pytest.raises(OSError, match="holds this file already|simulate over"):
        bw.simulate(stocks=2, days=4, per_day=40, folder=tmp_path / "p")
    with pytest.raises(ValueError, match="stocks is 0"):
        bw.simulate(stocks=0)
    with pytest.raises(ValueError, match="jumps is 'some'"):
        bw.simulate(jumps="some")


def test_comparisons(prices: pd.DataFrame) -> None:
    times = bw.compare("bootstrap", prices, sizes=[10, 20], min_runs=1, min_time=0)
    frame = times.to_frame()
    assert list(frame["size"]) == [10, 10, 20, 20] and (frame["median"] > 0).all()
    assert set(bw.compare("uniform", sizes=[50], devices="one", min_runs=1, min_time=0).to_frame()["size"]) == {50}
    with pytest.raises(ValueError, match="needs prices"):
        bw.compare("bootstrap")
    with pytest.raises(ValueError, match="workload is sort"):
        bw.compare("sort")
    with pytest.raises(ValueError, match="min_runs is 0"):
        bw.compare("uniform", sizes=[50], min_runs=0)


def test_devices() -> None:
    found = bw.devices()
    assert found.threads >= 1
    for device in found.adapters:
        assert device.name and device.backend
    if not any(not device.software for device in found.adapters):
        with pytest.raises(bw.GpuError, match='try device="cpu"'):
            bw.bootstrap(bw.simulate(stocks=1, days=1, per_day=20), device="gpu", samples=10)

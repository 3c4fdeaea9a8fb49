"""What comes back: the lecture's frame, its distribution, warnings, refusals, panels, comparisons."""

from __future__ import annotations

import math
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
        pd.io.common.StringIO(result.to_csv(layout="wide")),
        header=[0, 1],
        index_col=0,
        parse_dates=True,
        float_precision="round_trip",
    )
    assert np.array_equal(read.to_numpy(), wide.to_numpy())
    assert list(read.columns) == list(wide.columns)


def test_intervals_agree_with_the_lectures_code(returns: pd.DataFrame) -> None:
    """pandas' own draws: its ends lie within what so many samples leave, by the exact distribution."""
    samples = 300
    draws = [sample_to_statistic(returns) for _ in range(samples)]
    ci = getCI(draws)
    # The ends lie between the second and the third of 300 draws from either side: of these the third is
    # beyond the quantile of level .075 (on its way to the middle) with probability 1e-7, and any is beyond
    # that of 1e-7 (on its way outside) with 3e-5.
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
    assert np.array_equal(
        draws[:100], bw.bootstrap(prices, samples=100).resamples("S0002", pd.Timestamp("2007-01-04"))
    )
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
        (
            {"subsample": 3},
            'subsample is 3, but offset grids are those of a step; give it by every, as in every="5min"',
        ),
        ({"every": "10min", "subsample": 0}, "subsample is 0"),
        ({"every": "10min", "subsample": 7}, "subsample is 7, but grids are offset by equal parts"),
        ({"every": "10min", "subsample": 2, "align": "inner"}, 'subsample is 2, but .* use align="none"'),
        (
            {"every": "10min", "subsample": 2},
            "interval is percentile, but rows that are averaged .* by scheme",
        ),
        (
            {"every": "10min", "subsample": 2, "measure": "bipower", "interval": "asymptotic"},
            "measure is bipower",
        ),
        ({"every": "10min", "subsample": 2, "scheme": "block", "block": 1}, "block is 1"),
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
    for options in ({"sample": 10}, {"session": 5}, {"sort": "yes"}, {"samples": 1.5}, {"subsample": 2.5}):
        with pytest.raises(TypeError):
            bw.bootstrap(prices, **options)
    with pytest.raises(ValueError, match="give every to read_panel"):
        bw.bootstrap(bw.read_panel(prices), every="5min")


def test_simulated_truth(tmp_path: Path) -> None:
    panel = bw.simulate(stocks=2, days=4, per_day=40, jumps="none", noise=0, folder=tmp_path / "p")
    truth = panel.truth()
    assert (
        list(truth.columns) == ["date", "stock", "integrated_variance", "quadratic_variation"]
        and len(truth) == 8
    )
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
    assert set(
        bw.compare("uniform", sizes=[50], devices="one", min_runs=1, min_time=0).to_frame()["size"]
    ) == {50}
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

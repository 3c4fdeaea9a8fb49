"""The growth model: the command line's bytes, independent solutions, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bellwether as bw
import numpy as np
import pandas as pd
import pytest
from command import run

# Rows of probabilities that sum to 1 but for the second.
CHAIN = "z,low,high\n0.98,0.9,0.1\n1.02,0.2,0.81\n"


def typed(options: str, output: Path) -> bytes:
    """What the command line writes."""
    return run("growth", *options.split(), output=output)


@pytest.mark.parametrize(
    ("options", "flags"),
    [
        ({}, ""),
        ({"accuracy": 1e-5}, "--accuracy 1e-5"),
        (
            {"accuracy": 1e-3, "method": "howard", "spacing": "linear"},
            "--accuracy 1e-3 --method howard --grid-spacing linear",
        ),
        ({"method": "collocation", "grid": 60}, "--method collocation --grid 60"),
        ({"low": 2, "high": 3, "accuracy": 1e-3}, "--low 2 --high 3 --accuracy 1e-3"),
        ({"grid": 200, "choice": "grid", "method": "howard"}, "--grid 200 --choice grid --method howard"),
        ({"method": "egm", "tolerance": 1e-4}, "--method egm --tolerance 1e-4"),
        (
            {"sigma": 1, "delta": 1, "spacing": "log", "stop": "change"},
            "--sigma 1 --delta 1 --grid-spacing log --stop change",
        ),
    ],
)
def test_bytes_are_those_of_the_command_line(options: dict[str, Any], flags: str, tmp_path: Path) -> None:
    ours = tmp_path / "ours.csv"
    bw.growth(**options).write(ours)
    assert ours.read_bytes() == typed(flags, tmp_path / "theirs.csv")


@pytest.mark.parametrize(
    ("options", "flags"),
    [
        ({}, "--shocks rouwenhorst"),
        (
            {"chain": "tauchen", "states": 3, "width": 2, "rho": 0.9, "shock_sd": 0.01, "grid": 50},
            "--shocks tauchen --states 3 --width 2 --persistence .9 --deviation .01 --grid 50",
        ),
        (
            {"states": 5, "accuracy": 1e-3, "beta": 0.9},
            "--shocks rouwenhorst --states 5 --accuracy 1e-3 --beta .9",
        ),
        (
            {"chain": Path("chain.csv"), "row_sums": "any", "grid": 40},
            "--shocks chain.csv --row-sums any --grid 40",
        ),
        (
            {
                "productivity": [0.98, 1.02],
                "transition": [[0.9, 0.1], [0.2, 0.81]],
                "row_sums": "scaled",
                "grid": 40,
            },
            "--shocks chain.csv --row-sums scaled --grid 40",
        ),
    ],
)
def test_bytes_with_shocks(
    options: dict[str, Any], flags: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("chain.csv").write_text(CHAIN)
    ours = tmp_path / "ours.csv"
    bw.growth_shocks(**options).write(ours)
    assert ours.read_bytes() == typed(flags, tmp_path / "theirs.csv")


def test_other_files(tmp_path: Path) -> None:
    solution = bw.growth(grid=50)
    ours, frame = tmp_path / "ours.json", solution.to_frame()
    solution.write(ours)
    mine, theirs = json.loads(ours.read_bytes()), json.loads(typed("--grid 50", tmp_path / "theirs.json"))
    for document in (mine, theirs):
        del document["seconds"]
    assert mine == theirs
    rows = mine.pop("rows")
    assert mine == {name: value for name, value in solution.description.items() if name != "seconds"}
    pd.testing.assert_frame_equal(pd.DataFrame(rows), frame, check_exact=True)
    solution.write(tmp_path / "ours.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "ours.parquet"), frame, check_exact=True)
    solution.write(tmp_path / "ours.txt", format="csv")
    assert (tmp_path / "ours.txt").read_text().startswith("k,value,")
    with pytest.raises(ValueError, match="xlsx"):
        solution.write(tmp_path / "other.xlsx")


def test_the_model_is_solved() -> None:
    solution = bw.growth(grid=1000, tolerance=1e-8)
    # The oracle's values at half and one and a half of k*; on this grid V is 2.1e-5 off at most.
    steady = solution.steady_state["capital"]
    assert abs(steady - 3.160860199072236) < 1e-12
    for share, value in [(0.5, 0.821873760814), (1.5, 3.583020099955)]:
        assert abs(np.interp(share * steady, solution.k, solution.value) - value) < 4e-5
    assert solution.bound <= 1e-8 < solution.error < 1e-4
    assert repr(solution).startswith("GrowthSolution: 1000 grid points, |V - V_true| <= ")
    closed = bw.growth(sigma=1, delta=1, grid=2000)
    assert np.allclose(closed.capital_next, 0.33 * 0.95 * closed.k**0.33, rtol=2e-3)


@pytest.mark.parametrize("method", [None, "collocation", "accelerated"])
def test_bounds_hold_the_closed_form(method: str | None) -> None:
    """Brock and Mirman: V = A + B ln k, B = α/(1 − αβ)."""
    alpha, beta = 0.33, 0.95
    slope = alpha / (1 - alpha * beta)
    level = (np.log(1 - alpha * beta) + alpha * beta / (1 - alpha * beta) * np.log(alpha * beta)) / (1 - beta)
    for accuracy in (1e-3, 1e-6):
        solution = bw.growth(sigma=1, delta=1, alpha=alpha, beta=beta, accuracy=accuracy, method=method)
        truth = level + slope * np.log(solution.k)
        assert (solution.value_low <= truth).all() and (truth <= solution.value_high).all()
        off = np.abs(solution.value - truth).max()
        assert off <= solution.error <= accuracy
        assert solution.error == solution.enclosure["error"] and not solution.enclosure["confined"]
        # The bounds are about as far apart as they need be, and another economy's V lies outside of them.
        assert solution.enclosure["width"] < 3 * accuracy
        assert not (truth + 3 * accuracy <= solution.value_high).all()


def test_the_model_with_shocks_is_solved() -> None:
    solution = bw.growth_shocks(states=5, grid=1000)
    frame = solution.to_frame()
    assert list(frame.columns)[:3] == ["z", "k", "value"] and list(frame.columns)[-1] == "value_high"
    assert len(frame) == 5000 and solution.bound <= 1e-6
    steady = solution.steady_state["capital"]
    # The value at the steady state in the middle state, by another method.
    middle = frame[frame.z == 1.0]
    assert abs(np.interp(steady, middle.k, middle.value) - 2.542824570404) < 4e-5
    closer = bw.growth_shocks(states=5, accuracy=1e-6).to_frame().query("z == 1")
    lower, upper = (np.interp(steady, closer.k, closer[name]) for name in ("value_low", "value_high"))
    # Between grid points the chord of the lower bound is one, too; that of the upper one by 1e-7 or so.
    assert lower <= 2.542824570404 <= upper + 1e-6 and upper - lower <= 2e-6
    # Closed form: σ = 1, δ = 1, k' = αβ z k^α.
    closed = bw.growth_shocks(sigma=1, delta=1, grid=2000, states=3, low=0.5, high=1.5)
    assert np.allclose(closed.capital_next, 0.33 * 0.95 * closed.z * closed.k**0.33, rtol=2e-3)
    # One state without shocks is the model without.
    one = bw.growth_shocks(productivity=[1.0], transition=[[1.0]], grid=100)
    assert np.array_equal(one.value, bw.growth(grid=100).value)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"beta": 1}, "beta is 1"),
        ({"grid": 1}, "grid"),
        ({"grid": 1.5}, "grid must be a whole number"),
        ({"choice": "any"}, 'choice is "any", but it must be one of "continuous", "grid"'),
        ({"spacing": "even"}, 'spacing is "even"'),
        ({"method": "newton"}, 'method is "newton", but it must be one of .*"collocation"'),
        ({"stop": "soon"}, 'stop is "soon"'),
        ({"maximizer": "sweep"}, 'maximizer is sweep, but choice="continuous" takes cell or golden'),
        ({"tolerance": 1e-30}, "tolerance is 1e-30, .* ask for that or more"),
        ({"tolerance": 0}, "tolerance is 0"),
        ({"max_iterations": 1}, "raise max_iterations"),
        ({"low": 2, "high": 1}, "low|high"),
        ({"accuracy": 0}, "accuracy is 0, but the error of V against the true value function"),
        ({"accuracy": -1e-4}, "accuracy is -0.0001"),
        ({"accuracy": float("nan")}, "accuracy is NaN"),
        ({"accuracy": float("inf")}, "accuracy is inf"),
        ({"accuracy": 1e-16}, "accuracy is 1e-16, but .* ask for that or more"),
        ({"accuracy": 1e-4, "grid": 100}, "grid is 100, but accuracy chooses the number of points"),
        ({"accuracy": 1e-4, "tolerance": 1e-6}, "tolerance is 1e-6, but"),
        ({"accuracy": 1e-4, "stop": "change"}, "stop is given, but accuracy stops"),
        ({"accuracy": 1e-4, "device": "software"}, "device is a GPU, but"),
        ({"accuracy": 1e-4, "max_iterations": 10}, 'max_iterations is 10, but method="collocation"'),
        ({"method": "collocation", "grid": 100, "tolerance": 1e-8}, "tolerance is 1e-8, but"),
        ({"method": "collocation", "choice": "grid"}, "method is collocation, but"),
    ],
)
def test_parameters_are_refused_by_name(options: dict[str, Any], said: str) -> None:
    with pytest.raises((ValueError, TypeError), match=said) as refused:
        bw.growth(**options)
    assert "`" not in str(refused.value) and "--" not in str(refused.value)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"rho": 1.0}, "rho is 1"),
        ({"states": 0}, "states is 0"),
        ({"chain": "markov"}, 'chain is "markov"'),
        ({"width": 2}, 'width is 2, but the states of chain="tauchen"'),
        ({"row_sums": "any"}, "row_sums is 'any', but it is for a chain that is given"),
        ({"productivity": [1.0, 2.0]}, "go together"),
        ({"productivity": [1.0, 2.0], "transition": [[0.5, 0.5]]}, "transition is 2 probabilities"),
        ({"productivity": [1.0, 2.0], "transition": [[0.5, 0.5], [0.5, 0.6]]}, "row 2|transition"),
        ({"productivity": [1.0], "transition": [[1.0]], "row_sums": "two"}, 'row_sums is "two"'),
        (
            {"productivity": [1.0], "transition": [[1.0]], "states": 3},
            "states is 3, but a chain that is given",
        ),
        ({"productivity": [1.0], "transition": [[1.0]], "chain": "tauchen"}, "chain is 'tauchen', but"),
        ({"accuracy": 1e-4, "grid": 100}, "grid is 100, but accuracy chooses"),
    ],
)
def test_chains_are_refused_by_name(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        bw.growth_shocks(**options)


def test_files_of_chains_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "chain.csv"
    with pytest.raises(FileNotFoundError):
        bw.growth_shocks(chain=file)
    file.write_text(CHAIN)
    with pytest.raises(ValueError, match=r"chain.csv.*sum"):
        bw.growth_shocks(chain=file)
    with pytest.raises(ValueError, match="rho is 0.5, but a chain that is given has its own"):
        bw.growth_shocks(chain=file, rho=0.5)


@pytest.mark.parametrize("call", [bw.growth, bw.growth_shocks])
def test_what_does_not_fit(call: Callable[..., bw.GrowthSolution]) -> None:
    with pytest.raises(MemoryError, match="choose a smaller grid"):
        call(grid=10**9, memory="1MB")
    with pytest.raises(TypeError, match="sigmas"):
        call(sigmas=1)


def test_paths() -> None:
    solution = bw.growth(grid=200)
    path = solution.path(50, from_capital=1.0)
    assert list(path.columns) == ["t", "k", "c", "output", "investment"] and len(path) == 51
    # Goods: output is consumed or invested; capital follows.
    assert np.allclose(path.output, path.c + path.investment, rtol=1e-12)
    assert np.allclose(path.k[1:], 0.9 * path.k[:-1].to_numpy() + path.investment[:-1].to_numpy(), rtol=1e-12)
    with pytest.raises(ValueError, match="from_capital is 100, but the grid runs from"):
        solution.path(5, 100.0)
    with pytest.raises(ValueError, match="leave the shocks out"):
        bw.growth_shocks(grid=50).path(5, 3.0)

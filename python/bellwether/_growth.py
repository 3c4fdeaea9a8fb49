"""The growth model: its functions, and what they give."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, TypedDict

from . import _bellwether
from ._options import resources, whole
from ._progress import maybe

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt
    import pandas as pd
    from typing_extensions import Unpack

    Floats = npt.NDArray[np.float64]


class GrowthOptions(TypedDict, total=False):
    """The parameters of :func:`growth`, which says what they are."""

    sigma: float
    beta: float
    delta: float
    alpha: float
    accuracy: float | None
    grid: int | None
    low: float
    high: float
    spacing: str | None
    choice: str | None
    method: str | None
    maximizer: str | None
    stop: str | None
    tolerance: float | None
    max_iterations: int | None
    device: str | int
    threads: int | None
    memory: int | str | None
    progress: bool


def growth(
    *,
    sigma: float = 2.0,
    beta: float = 0.95,
    delta: float = 0.1,
    alpha: float = 0.33,
    accuracy: float | None = None,
    grid: int | None = None,
    low: float = 0.25,
    high: float = 1.75,
    spacing: str | None = None,
    choice: str | None = None,
    method: str | None = None,
    maximizer: str | None = None,
    stop: str | None = None,
    tolerance: float | None = None,
    max_iterations: int | None = None,
    device: str | int = "auto",
    threads: int | None = None,
    memory: int | str | None = None,
    progress: bool = True,
) -> GrowthSolution:
    """Solve the deterministic growth model to an accuracy or on a grid, with a certificate.

    max Σ β^t U(c_t) with k_{t+1} = k_t^α − c_t + (1 − δ) k_t and U(c) = (c^(1−σ) − 1)/(1 − σ).

    Without any parameter V is within 1e-4 of the true value function. Whoever names a part of the iteration
    on a grid (its points, `choice`, `stop`, `tolerance`, `maximizer`, `max_iterations`, one of its methods, a
    GPU) asks for that iteration, on the lecture's 100 points unless `grid` or `accuracy` says otherwise.

    Parameters
    ----------
    sigma, beta, delta, alpha : float
        Relative risk aversion (1 is logarithmic utility), discount factor, depreciation a period, capital
        share.
    accuracy : float, optional
        The error of V that is allowed, against the true value function of the economy, in units of utility:
        the number of grid points follows.
    grid : int, optional
        Number of grid points, instead of an accuracy.
    low, high : float
        The grid's ends, as multiples of the steady state's capital.
    spacing : {"linear", "log"}, optional
        Of the grid points; linear, and log with an accuracy, unless given.
    choice : {"continuous", "grid"}, optional
        Where next period's capital may lie; continuous unless given.
    method : {"collocation", "accelerated", "vfi", "howard", "egm"}, optional
        How V is found: without a grid, by Chebyshev polynomials to rounding (what an accuracy takes), or by
        iterating the Bellman operator (accelerated, with a grid).
    maximizer : {"cell", "golden", "brute", "sweep", "bisection"}, optional
        How the best next capital is found.
    stop : {"bound", "change"}, optional
        Iterations stop at a guaranteed iteration error, or at a small change; bound unless given.
    tolerance : float, optional
        That error (the distance of V to the exact solution on this grid) or change, in units of utility; 1e-6
        unless given.
    max_iterations : int, optional
        Give up after so many, 100,000 unless given.
    device, threads, memory, progress
        As in :func:`bootstrap`.

    Returns
    -------
    GrowthSolution
        V with bounds on the true one, the policy and consumption at the grid points, and what is guaranteed.

    Raises
    ------
    ValueError
        Where a parameter is out of range or would not be used, or the accuracy or the tolerance can't be
        guaranteed in 64 bits; with one that can.
    MemoryError
        Where the grid does not fit into `memory`.
    GpuError
        Where a device was asked for that is not there, or that failed.

    Examples
    --------
    To an accuracy against the true value function:

    >>> import bellwether as bw
    >>> solution = bw.growth(accuracy=1e-6)
    >>> solution.error <= 1e-6
    True
    >>> round(solution.steady_state["capital"], 6)
    3.16086

    On the lecture's grid, whose own solution is known to 1e-6, and the true V less closely:

    >>> lecture = bw.growth(grid=100)
    >>> lecture.bound <= 1e-6 < lecture.error < 1e-2
    True
    """
    return _solve(locals(), None)


def growth_shocks(
    *,
    chain: str | os.PathLike[str] = "rouwenhorst",
    states: int | None = None,
    rho: float | None = None,
    shock_sd: float | None = None,
    width: float | None = None,
    productivity: Sequence[float] | None = None,
    transition: Any = None,
    row_sums: str | None = None,
    **growth_options: Unpack[GrowthOptions],
) -> GrowthSolution:
    """Solve the growth model with productivity shocks, with a certificate.

    Output is z k^α, and ln z' = ρ ln z + ε is a Markov chain with the states and the transition matrix of
    Rouwenhorst or Tauchen, or the chain is given, or read from a file.

    Parameters
    ----------
    chain : {"rouwenhorst", "tauchen"} or path
        How the chain is made; or a CSV file with a row for each state, its productivity and the probabilities
        of the next state.
    states : int, optional
        States of the chain, 7 unless given.
    rho, shock_sd : float, optional
        Autocorrelation of ln z, .95 unless given, and standard deviation of its shocks, .007 unless given.
    width : float, optional
        Of Tauchen's chain: standard deviations of ln z to either side, 3 unless given.
    productivity : sequence of float, optional
        The states z themselves, increasing, with `transition`.
    transition : array-like, optional
        States × states: row z has the probabilities of tomorrow's states.
    row_sums : {"one", "scaled", "any"}, optional
        What is done with rows of a given chain that do not sum to 1: refused (unless said otherwise), divided
        by their sums, or taken as they are.
    **growth_options
        The parameters of :func:`growth`.

    Returns
    -------
    GrowthSolution
        A value a node, states × grid points, state by state; ``z`` has the states.

    Raises
    ------
    ValueError
        As :func:`growth`, and where the chain is not valid.
    MemoryError
        Where the solution does not fit into `memory`.

    Examples
    --------
    >>> import bellwether as bw
    >>> solution = bw.growth_shocks(states=3, grid=50)
    >>> solution.to_frame().shape
    (150, 8)
    >>> bw.growth_shocks(states=3, accuracy=1e-5).error <= 1e-5
    True
    >>> chain = {"productivity": [0.99, 1.01], "transition": [[0.9, 0.1], [0.1, 0.9]]}
    >>> sorted(set(bw.growth_shocks(**chain, grid=50).z.tolist()))
    [0.99, 1.01]
    """
    if (productivity is None) != (transition is None):
        raise ValueError(
            "productivity and transition go together: the states, and a row of probabilities of each"
        )
    is_file, is_given = isinstance(chain, os.PathLike), productivity is not None
    if is_given and chain != "rouwenhorst":
        raise ValueError(
            f"chain is {chain!r}, but productivity and transition are one; leave one of the two out"
        )
    made = {"states": states, "rho": rho, "shock_sd": shock_sd, "width": width}
    for name, value in made.items():
        if value is not None and (is_file or is_given):
            raise ValueError(f"{name} is {value}, but a chain that is given has its own; leave it out")
    if width is not None and chain == "rouwenhorst":
        raise ValueError(f'width is {width}, but the states of chain="tauchen" reach so far; leave it out')
    if row_sums is not None and not (is_file or is_given):
        raise ValueError(f"row_sums is {row_sums!r}, but it is for a chain that is given; leave it out")
    rows: list[float] = []
    if is_given:
        import numpy as np

        rows = [float(one) for one in np.asarray(transition, dtype=float).ravel()]
    shocks = {
        "chain": None if is_file or is_given else chain,
        "rho": 0.95 if rho is None else float(rho),
        "shock_sd": 0.007 if shock_sd is None else float(shock_sd),
        "states": 7 if states is None else whole("states", states, 0, 2**63 - 1),
        "width": 3.0 if width is None else float(width),
        "file": chain if is_file else None,
        "productivity": [float(one) for one in productivity or ()],
        "transition": rows,
        "row_sums": row_sums,
    }
    defaults: dict[str, Any] = dict(growth.__kwdefaults__ or {})
    for name in growth_options:
        if name not in defaults:
            raise TypeError(
                f"there is no parameter {name!r}; of growth there are {', '.join(sorted(defaults))}"
            )
    return _solve({**defaults, **growth_options}, shocks)


# How the parameters of the model and of the method are handed over; what is None was not named.
_NUMBERS = ("sigma", "beta", "delta", "alpha", "accuracy", "low", "high", "tolerance")
_COUNTS = ("grid", "max_iterations")
_NAMES = ("spacing", "choice", "method", "maximizer", "stop")


def _solve(given: dict[str, Any], shocks: dict[str, Any] | None) -> GrowthSolution:
    """Solve the model of these parameters."""
    wanted: dict[str, Any] = {name: given[name] for name in _NAMES}
    wanted |= {name: None if given[name] is None else float(given[name]) for name in _NUMBERS}
    counts = {name: given[name] for name in _COUNTS}
    wanted |= {name: None if one is None else whole(name, one, 0, 2**63 - 1) for name, one in counts.items()}
    means = resources(str(given["device"]), given["threads"], given["memory"])
    bar = maybe(given["progress"], "growth")
    solution = None
    try:
        solution = _bellwether.growth({**wanted, "shocks": shocks}, means, bar)
    finally:
        if bar is not None:
            bar.close(complete=False)
    return GrowthSolution(solution)


class GrowthSolution:
    """The growth model, solved and certified: what :func:`growth` and :func:`growth_shocks` give.

    Attributes
    ----------
    k, value, capital_next, consumption, euler_error : numpy.ndarray
        A value a grid point (with shocks state by state, and ``z`` beside): capital, V(k) in units of
        utility, the best k', consumption, and the Euler error at k (log10).
    value_low, value_high : numpy.ndarray
        Bounds on the true V, rounding included.
    error : float
        No ``value`` is farther from the true value function of the economy.
    bound : float
        No ``value`` is farther from the exact solution on this grid: the iteration error.

    Examples
    --------
    >>> import bellwether as bw
    >>> solution = bw.growth(accuracy=1e-3)
    >>> bool(((solution.value_low <= solution.value) & (solution.value <= solution.value_high)).all())
    True
    >>> list(solution.to_frame())
    ['k', 'value', 'capital_next', 'consumption', 'euler_error', 'value_low', 'value_high']
    """

    def __init__(self, solution: _bellwether.Growth) -> None:
        self._solution = solution
        self._description: dict[str, Any] = json.loads(solution.description())
        del self._description["rows"]

    @property
    def z(self) -> Floats:
        """Productivity at the nodes; 1 without shocks."""
        return self._solution.column("z")

    @property
    def k(self) -> Floats:
        """Capital at the grid points."""
        return self._solution.column("k")

    @property
    def value(self) -> Floats:
        """V at the grid points, in units of utility."""
        return self._solution.column("value")

    @property
    def capital_next(self) -> Floats:
        """Next period's capital, the policy."""
        return self._solution.column("capital_next")

    @property
    def consumption(self) -> Floats:
        """Consumption."""
        return self._solution.column("consumption")

    @property
    def euler_error(self) -> Floats:
        """Euler errors at the grid points, log10."""
        return self._solution.column("euler_error")

    @property
    def value_low(self) -> Floats:
        """A lower bound on the true V at the grid points, rounding included."""
        return self._solution.column("value_low")

    @property
    def value_high(self) -> Floats:
        """An upper bound on the true V at the grid points, rounding included."""
        return self._solution.column("value_high")

    @property
    def error(self) -> float:
        """The guaranteed distance of ``value`` to the true value function, in units of utility."""
        return self._solution.error

    @property
    def enclosure(self) -> dict[str, Any]:
        """The bounds on the true V: their largest width, error, rounding, iterations; and whether the economy
        is confined to the grid, as its best capital would leave it."""
        found: dict[str, Any] = self._description["enclosure"]
        return found

    @property
    def certificate(self) -> dict[str, float]:
        """What holds on this grid: residual, iteration_error, rounding; and euler_max, euler_mean (log10)."""
        found: dict[str, float] = self._description["certificate"]
        return found

    @property
    def bound(self) -> float:
        """The guaranteed iteration error of ``value``: its distance to the exact solution on this grid."""
        return self.certificate["iteration_error"]

    @property
    def steady_state(self) -> dict[str, float]:
        """Capital, consumption and value at the steady state."""
        found: dict[str, float] = self._description["steady_state"]
        return found

    @property
    def iterations(self) -> int:
        """Applications of the Bellman operator on the grid itself; by collocation, steps of Newton."""
        found: int = self._description["iterations"]
        return found

    @property
    def description(self) -> dict[str, Any]:
        """Model, grid, settings, enclosure, certificate, seconds: the command line's JSON without rows."""
        return self._description

    @property
    def device(self) -> str:
        """What was computed on, and why."""
        return self._solution.device

    def to_frame(self) -> pd.DataFrame:
        """The solution as a frame of pandas, a row a grid point: the columns that the command line writes."""
        import pandas as pd

        names = ["k", "value", "capital_next", "consumption", "euler_error", "value_low", "value_high"]
        if self._solution.has_shocks:
            names.insert(0, "z")
        return pd.DataFrame({name: self._solution.column(name) for name in names})

    def path(self, periods: int, from_capital: float) -> pd.DataFrame:
        """The transition path: what the household does from a capital on.

        Parameters
        ----------
        periods : int
            Periods after the first.
        from_capital : float
            Capital at the start, within the grid.

        Returns
        -------
        pandas.DataFrame
            ``t``, ``k``, ``c``, ``output``, ``investment``; goods in units of output.

        Raises
        ------
        ValueError
            Where the grid does not hold the capital.

        Examples
        --------
        >>> import bellwether as bw
        >>> solution = bw.growth()
        >>> path = solution.path(100, from_capital=solution.k[0])
        >>> bool(abs(path.k.iloc[-1] / solution.steady_state["capital"] - 1) < 0.01)
        True
        """
        import pandas as pd

        return pd.DataFrame(self._solution.path(periods, from_capital))

    def write(self, path: str | os.PathLike[str], *, format: str | None = None) -> None:
        """Write the solution to a file, whole or not at all, as the command line does.

        Parameters
        ----------
        path : str or path
            The file; its extension says the format: ``.csv``, ``.json`` or ``.parquet``.
        format : {"csv", "json", "parquet"}, optional
            The format, where the extension does not say it.

        Raises
        ------
        ValueError
            Where the extension is of no such format.
        OSError
            Where the file can't be written.
        """
        self._solution.write(path, format)

    def __repr__(self) -> str:
        nodes = "nodes" if self._solution.has_shocks else "grid points"
        return f"GrowthSolution: {len(self.k)} {nodes}, |V - V_true| <= {self.error:.2e}"

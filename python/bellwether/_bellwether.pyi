"""The library, compiled. The package's own modules are what to use."""

import datetime
import os
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

__version__: str

class GpuError(RuntimeError):
    """No usable device, or a device that failed."""

class Panel:
    @property
    def stocks(self) -> list[str]: ...
    @property
    def warnings(self) -> list[str]: ...
    @property
    def understood(self) -> list[str]: ...
    @property
    def steps(self) -> list[str]: ...
    @property
    def left_out(self) -> list[str]: ...
    def day_numbers(self) -> npt.NDArray[np.int64]: ...
    def prices(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]: ...
    def returns(self) -> list[tuple[int, list[int], npt.NDArray[np.float64]]]: ...

class Intervals:
    @property
    def stocks(self) -> list[str]: ...
    @property
    def names(self) -> list[str]: ...
    @property
    def warnings(self) -> list[str]: ...
    @property
    def device(self) -> str: ...
    @property
    def seconds(self) -> float: ...
    def columns(self) -> list[tuple[str, str, npt.NDArray[Any], list[str]]]: ...
    def wide(self) -> tuple[npt.NDArray[np.int64], list[str], npt.NDArray[np.float64]]: ...
    def bytes(self, format: str, layout: str) -> bytes: ...
    def write(self, path: str | os.PathLike[str], format: str | None, layout: str) -> None: ...
    def description(self) -> str: ...
    def resamples(
        self, stock: str, day: str | datetime.date, method: int
    ) -> npt.NDArray[np.float64]: ...

class Growth:
    @property
    def has_shocks(self) -> bool: ...
    @property
    def device(self) -> str: ...
    def column(self, name: str) -> npt.NDArray[np.float64]: ...
    def description(self) -> str: ...
    def path(self, periods: int, from_capital: float) -> dict[str, npt.NDArray[Any]]: ...
    def write(self, path: str | os.PathLike[str]) -> None: ...

def main(arguments: list[str], own: list[str]) -> int: ...
def _panic(message: str, at_work: bool) -> None: ...
def devices(own: list[str]) -> tuple[int, list[dict[str, Any]], list[str]]: ...
def bootstrap(
    panel: Panel,
    method: dict[str, Any],
    resources: dict[str, Any],
    progress: Callable[[int, int], None] | None = None,
) -> Intervals: ...
def growth(
    wanted: dict[str, Any],
    resources: dict[str, Any],
    progress: Callable[[int, int], None] | None = None,
) -> Growth: ...
def compare(
    workload: str,
    panel: Panel | None,
    sizes: list[int],
    devices: list[str],
    confidence: float,
    seed: int,
    tolerance: float,
    min_runs: int,
    min_time: float,
    resources: dict[str, Any],
) -> tuple[str, list[str]]: ...
def read_files(
    paths: list[Any],
    options: dict[str, Any],
    default_align: str,
    threads: int | None,
    memory: int | None,
    keep_prices: bool,
) -> Panel: ...
def read_columns(
    name: str,
    columns: list[dict[str, Any]],
    wide: bool,
    are_returns: bool,
    options: dict[str, Any],
    default_align: str,
    threads: int | None,
    keep_prices: bool,
) -> Panel: ...
def read_arrow(
    name: str,
    table: Any,
    are_returns: bool,
    options: dict[str, Any],
    default_align: str,
    threads: int | None,
    keep_prices: bool,
) -> Panel: ...
def simulate(
    stocks: int,
    days: int,
    per_day: int,
    seed: int,
    start: str | datetime.date,
    jumps: float,
    noise: float,
    folder: Any,
    force: bool,
) -> tuple[
    Panel, npt.NDArray[np.int64], list[int], npt.NDArray[np.float64], npt.NDArray[np.float64]
]: ...

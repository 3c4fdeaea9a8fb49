"""What users write, for mypy --strict."""

from __future__ import annotations

from pathlib import Path

import bellwether as bw
import numpy as np
import numpy.typing as npt
import pandas as pd


def session(prices: pd.DataFrame, folder: Path) -> pd.DataFrame:
    panel: bw.Panel = bw.read_panel(folder, session="09:30-16:00", every="5min", subsample=5)
    result: bw.Intervals = bw.bootstrap(
        prices, samples=1000, measure=["rv", "bipower"], memory="1GiB", sort=True
    )
    draws: npt.NDArray[np.float64] = result.resamples("AXP", "2007-01-03", measure="rv")
    solution: bw.GrowthSolution = bw.growth(grid=1000)
    shocks: bw.GrowthSolution = bw.growth_shocks(chain=folder / "chain.csv", row_sums="any", accuracy=1e-5)
    bound: float = max(solution.bound, shocks.error, bw.growth(method="collocation").error) + float(
        draws.mean()
    )
    names: list[str] = [device.name for device in bw.devices().adapters]
    print(bound, names, bw.compare("growth", sizes=[100]).records[0]["median"])
    bw.exact(panel, stocks=["AXP"], columns={"price": "mid"}).write("intervals.parquet")
    return bw.bootstrap(returns=prices, samples="exact").to_frame(layout="wide")

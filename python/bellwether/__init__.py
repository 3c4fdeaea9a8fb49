"""Bootstrap confidence intervals of realized measures, and certified value function iteration.

The same digits on every CPU and GPU, from prices in files, pandas, polars, Arrow or NumPy:

>>> import bellwether as bw
>>> prices = bw.simulate(stocks=2, days=3, per_day=79, seed=1)
>>> result = bw.bootstrap(prices, samples=1000, confidence=0.95)
>>> result.to_frame().round(6)
        date  stock        rv     lower     upper
0 2007-01-03  S0001  0.000147  0.000103  0.000198
1 2007-01-03  S0002  0.000206  0.000152  0.000269
2 2007-01-04  S0001  0.000179  0.000119  0.000251
3 2007-01-04  S0002  0.000226  0.000165  0.000293
4 2007-01-05  S0001  0.000155  0.000107  0.000210
5 2007-01-05  S0002  0.000274  0.000204  0.000351
"""

from __future__ import annotations

from ._api import bootstrap, compare, devices, exact, growth, read_panel, simulate
from ._bellwether import GpuError, __version__
from ._options import BellwetherWarning
from ._results import Comparison, Device, Devices, GrowthSolution, Intervals, Panel

__all__ = [
    "BellwetherWarning",
    "Comparison",
    "Device",
    "Devices",
    "GpuError",
    "GrowthSolution",
    "Intervals",
    "Panel",
    "__version__",
    "bootstrap",
    "compare",
    "devices",
    "exact",
    "growth",
    "read_panel",
    "simulate",
]

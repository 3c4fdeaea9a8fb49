"""Bootstrap confidence intervals of realized measures, and certified value function iteration.

The same digits on every CPU and GPU, from prices in files, pandas, polars, Arrow or NumPy:

>>> import bellwether as bw
>>> prices = bw.simulate(stocks=2, days=3, per_day=79, seed=1)
>>> result = bw.bootstrap(prices, samples=1000, confidence=0.95)
>>> result.to_frame()
        date  stock        rv     lower     upper
0 2007-01-03  S0001  0.000195  0.000126  0.000270
1 2007-01-03  S0002  0.000187  0.000129  0.000250
2 2007-01-04  S0001  0.000150  0.000118  0.000183
3 2007-01-04  S0002  0.000220  0.000166  0.000278
4 2007-01-05  S0001  0.000204  0.000148  0.000269
5 2007-01-05  S0002  0.000213  0.000151  0.000290
"""

from __future__ import annotations

from ._api import bootstrap, compare, devices, exact, read_panel, simulate
from ._bellwether import GpuError, __version__
from ._growth import GrowthSolution, growth, growth_shocks
from ._options import BellwetherWarning
from ._results import Comparison, Device, Devices, Intervals, Panel

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
    "growth_shocks",
    "read_panel",
    "simulate",
]

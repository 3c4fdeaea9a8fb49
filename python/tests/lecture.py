"""The lecture's own functions, as it has them: those of the notebook, and what it does with them.

In a file of their own, as other processes import them."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parent.parent / "notebooks"))

from pcomputations import computeRV, sample_to_statistic  # noqa: E402, F401


def getCI(df_iterable):
    df1 = df_iterable[0]
    all_stats = np.array([df.values for df in df_iterable])
    cols = df1.columns.values
    cols_lower = pd.MultiIndex.from_tuples(zip(cols, ["lower"] * len(cols)))
    lower = pd.DataFrame(data=np.quantile(all_stats, 0.005, axis=0), index=df1.index, columns=cols_lower)
    cols_upper = pd.MultiIndex.from_tuples(zip(cols, ["upper"] * len(cols)))
    upper = pd.DataFrame(data=np.quantile(all_stats, 0.995, axis=0), index=df1.index, columns=cols_upper)
    ci = pd.merge(left=lower, right=upper, left_index=True, right_index=True)
    return ci.sort_index(axis=1, level=0)


def intervals(prices):
    """What another process is asked for."""
    import bellwether as bw

    return bw.bootstrap(prices, samples=200, progress=False).to_csv()

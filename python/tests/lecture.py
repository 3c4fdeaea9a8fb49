"""The lecture's own functions, as it has them (in a file of their own: other processes import them)."""

from __future__ import annotations

import numpy as np
import pandas as pd


def computeRV(returns):
    return returns.groupby(returns.index.date).apply(lambda x: (x**2).sum())


def bootstrap_returns(returns):
    groups = returns.groupby(returns.index.date, group_keys=False)
    return groups.apply(lambda group: group.sample(n=group.shape[0], replace=True))


def sample_to_statistic(data):
    return computeRV(bootstrap_returns(data))


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

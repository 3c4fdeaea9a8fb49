"""The lecture's functions that other processes run. On Windows and macOS they must not be in the notebook."""

from __future__ import annotations

import numpy as np


def computeRV(returns):
    return returns.groupby(returns.index.date).apply(lambda x: (x**2).sum())


def bootstrap_returns(returns):
    groups = returns.groupby(returns.index.date, group_keys=False)
    return groups.apply(lambda group: group.sample(n=group.shape[0], replace=True))


def sample_to_statistic(data):
    return computeRV(bootstrap_returns(data))


def best_choices(task):
    """Problem 2: the maximum of the Bellman equation at some points of the grid, by a minimizer."""
    from scipy.optimize import minimize_scalar

    resources, grid, value, sigma, beta = task

    def best(resource):
        def loss(capital_next):
            consumption = resource - capital_next
            utility = (consumption ** (1 - sigma) - 1) / (1 - sigma)
            return -(utility + beta * np.interp(capital_next, grid, value))

        highest = min(grid[-1], resource - 1e-9)
        return -minimize_scalar(loss, bounds=(grid[0], highest), method="bounded").fun

    return np.array([best(resource) for resource in resources])

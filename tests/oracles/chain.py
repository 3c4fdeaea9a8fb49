"""Golden chains of productivity, by the Python package `quantecon` (0.11.4): `rouwenhorst` and `tauchen`.

Usage: python tests/oracles/chain.py > tests/golden/chain.csv
A line is one row of a transition matrix: the logarithms of the states, the row's probabilities, and the stationary
distribution, each separated by spaces. Chains of 50 states have three of their rows.
"""

import sys
import warnings

# This folder has a script named coverage, which Numba would take for the package of that name.
sys.path.pop(0)

from quantecon.markov import rouwenhorst, tauchen

warnings.simplefilter("ignore")


def spaced(values):
    return " ".join(repr(float(value)) for value in values)


if __name__ == "__main__":
    print("method,rho,shock_sd,states,width,row,log_states,probabilities,stationary")
    for rho, sd, n in ((0.95, 0.007, 5), (0.95, 0.007, 7), (0.0, 0.1, 2), (-0.6, 0.2, 4), (0.9, 0.4, 9), (0.99, 0.01, 50)):
        chains = [("rouwenhorst", "", rouwenhorst(n, rho, sd))]
        chains += [("tauchen", width, tauchen(n, rho, sd, n_std=width)) for width in ((3, 2) if n != 7 else (3, 1.5))]
        for method, width, chain in chains:
            stationary = chain.stationary_distributions
            assert len(stationary) == 1
            for row in (0, 17, 49) if n == 50 else range(n):
                print(f"{method},{rho},{sd},{n},{width},{row}", spaced(chain.state_values), spaced(chain.P[row]),
                      spaced(stationary[0]), sep=",")

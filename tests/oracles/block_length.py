"""Golden block lengths, by the Python package `arch` (8.0.0): `arch.bootstrap.optimal_block_length`.

Usage: python tests/oracles/block_length.py > tests/golden/block_length.csv
The series of a line is x_t = phi x_{t-1} + theta u_{t-1} + u_t, with x and u zero before the first, and u_t the
state of the generator s <- 1664525 s + 1013904223 mod 2^32 over 2^32, less a half: the same bits in any language.
"""

import numpy as np
from arch.bootstrap import optimal_block_length


def series(n, phi, theta, seed):
    x, last, state, out = 0.0, 0.0, seed, []
    for _ in range(n):
        state = (1664525 * state + 1013904223) % 2**32
        u = state / 2**32 - 0.5
        x = phi * x + theta * last + u
        last = u
        out.append(x)
    return np.array(out)


if __name__ == "__main__":
    print("n,phi,theta,seed,circular,stationary")
    for n in (12, 25, 78, 385, 1000, 10007):
        for phi, theta in ((0.0, 0.0), (0.3, 0.0), (0.9, 0.0), (0.99, 0.0), (-0.5, 0.0), (0.0, 0.8), (0.5, -0.9)):
            seed = 7 * n + int(100 * phi) + 3
            found = optimal_block_length(series(n, phi, theta, seed))
            circular, stationary = (float(found[name].iloc[0]) for name in ("circular", "stationary"))
            print(f"{n},{phi},{theta},{seed},{circular!r},{stationary!r}")

"""The exact distribution of a bootstrapped realized variance.

Under iid resampling RV* is the sum of n independent draws, each uniform on the day's n squared returns y_1 ... y_n, so
its distribution is the n-fold convolution of the empirical distribution of y. Here it is computed on a lattice of M
points with step h by the discrete Fourier transform: transform, n-th power, transform back.

Accuracy. Three things make an error, and each is small or bounded:

* Wrap-around. The lattice ends where P(RV* beyond) < 1e-12, by Chernoff's bound (the tightest exponential one).
* Rounding to the lattice. A value between lattice points is split over its three nearest ones with the weights of
  quadratic interpolation, f (f - 1)/2, 1 - f^2, f (f + 1)/2 at offset f in [-1/2, 1/2] steps. That keeps its mean
  and its variance, so RV* has exactly the right mean and variance too; the third cumulant is off by
  n mean(f - f^3) h^3, below 200 h^3 for n = 385 and typically some 4 h^3. A weight may be negative; the transform
  is at most 1 in modulus all the same (this is the stability of the Lax-Wendroff scheme), so its power is harmless.
* Atoms. Where RV* itself has atoms (many equal returns, a day with a few price changes) the lattice shows each as a
  peak some lattice steps wide: the distribution function is right on either side of it, a few steps away. Ask for
  F(x - d) and F(x + d) with d = 4 h, and treat what lies between as one atom.

Doubling M halves h: `exact_bootstrap.py --check-resolution` reports by how much the answers then move.
"""

import numpy as np
from scipy import fft

TAIL = 1e-12


def upper_limit(y, n):
    """The least x that Chernoff's bound gives with P(RV* >= x) < TAIL."""
    largest = y.max()
    scaled = y / largest

    def bound(t):
        weight = np.exp(t * (scaled - 1.0))
        slope = (weight * scaled).sum() / weight.sum()
        # log E exp(t (RV* - x)) at the x whose minimizer is t, x = n slope.
        return n * (t + np.log(weight.mean()) - t * slope), n * slope

    low, high = 0.0, 1.0
    while bound(high)[0] > np.log(TAIL) and high < 1e3:
        high *= 2.0
    for _ in range(60):
        middle = (low + high) / 2.0
        low, high = (middle, high) if bound(middle)[0] > np.log(TAIL) else (low, middle)
    # Never beyond n times the largest value, where the sum ends.
    return min(bound(high)[1], n) * largest


class ExactSum:
    """Distribution of the sum of `n` draws (as many as there are values, by default) from the values `y` >= 0."""

    def __init__(self, y, n=None, points=1 << 18, workers=1):
        y = np.asarray(y, dtype=float)
        self.n = len(y) if n is None else n
        # A few steps more at either end, for the split weights.
        self.step = upper_limit(y, self.n) / (points - 16)
        place = y / self.step
        nearest = np.rint(place).astype(np.int64)
        f = place - nearest
        one = np.zeros(points)
        np.add.at(one, nearest - 1, f * (f - 1.0) / 2.0)  # index -1 wraps around, as a cyclic lattice should
        np.add.at(one, nearest, 1.0 - f * f)
        np.add.at(one, nearest + 1, f * (f + 1.0) / 2.0)
        transform = fft.rfft(one / len(y), workers=workers)
        power, base, exponent = np.ones_like(transform), transform, self.n
        while exponent:
            if exponent & 1:
                power = power * base
            base = base * base
            exponent >>= 1
        self.mass = fft.irfft(power, points, workers=workers)
        # The few points that the split weights put below 0 have wrapped around to the end.
        self.offset = 8
        self.cumulative = np.cumsum(np.roll(self.mass, self.offset))

    def cdf(self, x):
        """P(RV* <= x): the mass of a lattice point is spread evenly over one step around it."""
        place = np.asarray(x) / self.step + self.offset + 0.5
        return np.clip(np.interp(place, np.arange(1, len(self.cumulative) + 1), self.cumulative, left=0.0), 0, 1)

    def quantile(self, p):
        """Smallest x with P(RV* <= x) >= p, interpolated as in `cdf`."""
        # Rounding leaves ripples of 1e-17 where the mass is 0; they are not the p-quantile of any p in use.
        right = int(np.argmax(self.cumulative >= p))
        left = self.cumulative[right - 1]
        share = (p - left) / (self.cumulative[right] - left)
        return (right + share - self.offset - 0.5) * self.step

    def density(self, x, width):
        """Mean density over x - width/2 ... x + width/2."""
        return (self.cdf(x + width / 2.0) - self.cdf(x - width / 2.0)) / width

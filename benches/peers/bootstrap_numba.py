"""The bootstrap in Numba, as well as we can write it.

Every sample sums n drawn rows of a day, a row being the squared returns of all stocks. What made it fast, in
the order of what it gained:

* One accumulator a stock, as a scalar: the source is generated, because Numba keeps a local array of
  accumulators in memory. LLVM then joins them to vectors, but only with NUMBA_SLP_VECTORIZE=1, which is not
  Numba's default and halves the time.
* The generator is inlined, and one 64-bit word makes four row numbers: each 32-bit half is multiplied by n, which gives
  a number and a remainder, and the remainder serves for the second. Without rejection; a row's probability is off by at
  most n^2/2^32 (3e-5 of it, for n = 385), which no comparison here can see.
* Both ends of the interval come from one scan that keeps the few smallest and largest sums.

Tried and not faster: row numbers into a buffer first (by a loop that vectorizes), two sets of accumulators, rows padded to
16 stocks in f64, counting the draws and multiplying matrices.
"""

import os

os.environ.setdefault("NUMBA_SLP_VECTORIZE", "1")

import numpy as np  # noqa: E402
from numba import njit, prange  # noqa: E402

u64 = np.uint64


@njit(inline="always")
def mix(x):
    """SplitMix64's output function (Steele, Lea and Flood 2014)."""
    x = (x ^ (x >> u64(30))) * u64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> u64(27))) * u64(0x94D049BB133111EB)
    return x ^ (x >> u64(31))


@njit(inline="always")
def order(sums, low, high):
    """Fills `low` with the smallest sums, ascending, and `high` with the largest, descending."""
    if len(low) > 64:
        parted = np.sort(sums)
        for j in range(len(low)):
            low[j] = parted[j]
            high[j] = parted[len(sums) - 1 - j]
        return
    # Insertion: few sums come that far.
    low[:] = np.inf
    high[:] = -np.inf
    last = len(low) - 1
    for x in sums:
        if x < low[last]:
            j = last
            while j > 0 and low[j - 1] > x:
                low[j] = low[j - 1]
                j -= 1
            low[j] = x
        if x > high[last]:
            j = last
            while j > 0 and high[j - 1] < x:
                high[j] = high[j - 1]
                j -= 1
            high[j] = x


@njit(inline="always")
def ends(sums, level):
    """np.quantile's default method at `level` and 1 - `level`, level < 1/2."""
    last = len(sums) - 1
    position = level * last
    k = int(position)
    share = position - k
    low = np.empty(k + 2)
    high = np.empty(k + 2)
    order(sums, low, high)
    return low[k] + share * (low[k + 1] - low[k]), high[k] + share * (high[k + 1] - high[k])


# What one step of a generator does to make the 64-bit word x: a hash of the counter (nothing carried along), or a
# linear congruential generator of Knuth's with a multiplicative output function (one multiplication less).
GENERATORS = {
    "hash": "x = mix(start + u64(q) * u64(0x9E3779B97F4A7C15))",
    "LCG": """
                state = state * u64(6364136223846793005) + u64(1442695040888963407)
                x = (state ^ (state >> u64(32))) * u64(0xD6E8FEB86659FD93)
                x = x ^ (x >> u64(32))""",
}

SOURCE = """
def intervals(rows, samples, level, seed, out):
    days, n, columns = rows.shape
    size = u64(n)
    low_half = u64(0xFFFFFFFF)
    for d in prange(days):
        day = rows[d]
        zero = day[0, 0] - day[0, 0]
        sums = np.empty(({stocks}, samples), rows.dtype)
        for b in range(samples):
            start = mix(mix(u64(seed)) + (u64(d) << u64(32) | u64(b)))
            state = start
{begin}
            for q in range(n // 4):
                {generator}
                product = (x >> u64(32)) * size
                i = product >> u64(32)
{add}
                i = ((product & low_half) * size) >> u64(32)
{add}
                product = (x & low_half) * size
                i = product >> u64(32)
{add}
                i = ((product & low_half) * size) >> u64(32)
{add}
            for q in range(n - n % 4, n):
                {generator}
                i = ((x >> u64(32)) * size) >> u64(32)
{add}
{store}
        for s in range({stocks}):
            out[d, s, 0], out[d, s, 1] = ends(sums[s], level)
"""


def compile_for(stocks, columns, generator):
    """A function of (rows: days x n x columns, samples, level, seed, out: days x stocks x 2) that fills `out`."""
    source = SOURCE.format(
        stocks=stocks,
        generator=GENERATORS[generator],
        begin="\n".join(f"            a{s} = zero" for s in range(columns)),
        add="\n".join(f"                a{s} += day[i, {s}]" for s in range(columns)),
        store="\n".join(f"            sums[{s}, b] = a{s}" for s in range(stocks)),
    )
    names = {"np": np, "u64": u64, "prange": prange, "mix": mix, "ends": ends}
    exec(source, names)
    return njit(parallel=True)(names["intervals"])


def variant(squares, generator, dtype):
    """The peer (samples, level, seed) -> ends for squared returns, days x n x stocks. f32 rows are padded to 64 bytes."""
    days, n, stocks = squares.shape
    columns = -(-stocks // 16) * 16 if dtype == np.float32 and stocks > 8 else stocks
    rows = np.zeros((days, n, columns), dtype)
    rows[:, :, :stocks] = squares
    function = compile_for(stocks, columns, generator)

    def intervals(samples, level, seed):
        out = np.empty((days, stocks, 2))
        function(rows, samples, level, seed, out)
        return out

    return intervals

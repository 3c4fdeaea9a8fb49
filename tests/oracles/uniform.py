"""Golden sums of uniform matrices, computed apart from the Rust code (plain Python integers).

Usage: python tests/oracles/uniform.py
Prints the values pinned in src/compare/uniform/mod.rs: rows and columns, seed, sum of the words.
"""

from stream import word

UNIFORM_MEAN = 3  # the purpose

if __name__ == "__main__":
    for n, seed in [(1, 0), (10, 1), (130, 7), (67, 2**32 + 5)]:
        total = sum(word(seed, UNIFORM_MEAN, 0, row, column, 0) for row in range(n) for column in range(n))
        print(f"({n}, {seed}, {total})  # mean {total / (n * n * 2**32):.17g}")

"""The command line: ``bellwether``, or ``python -m bellwether``."""

from __future__ import annotations

import sys

from ._bellwether import main as _main
from ._options import own_command


def main() -> None:
    """Run the command of the process's arguments, and end the process with its exit code."""
    sys.exit(_main(["bellwether", *sys.argv[1:]], own_command()))


if __name__ == "__main__":
    main()

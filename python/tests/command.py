"""The command line, as it is installed beside the package."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

BELLWETHER = str(
    Path(sysconfig.get_path("scripts")) / f"bellwether{'.exe' if sys.platform == 'win32' else ''}"
)


def run(*arguments: str, output: Path) -> bytes:
    """What a command writes to a file."""
    subprocess.run([BELLWETHER, *arguments, "--quiet", "-o", str(output)], check=True)
    return output.read_bytes()

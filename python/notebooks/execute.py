"""Executes a notebook: ``python execute.py NOTEBOOK [RESULT]``. A cell that fails is an error."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

WIDGET = "application/vnd.jupyter.widget-view+json"


def main() -> None:
    source, *results = (Path(name) for name in sys.argv[1:])
    notebook = nbformat.read(source, as_version=4)
    start = time.perf_counter()
    NotebookClient(notebook, timeout=3600, resources={"metadata": {"path": str(source.parent)}}).execute()
    for cell in notebook.cells:
        # When it ran, and where, is nobody's business; bars of progress live with the kernel alone.
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if WIDGET not in output.get("data", {})]
    notebook.metadata.pop("widgets", None)
    notebook.metadata.get("language_info", {}).pop("version", None)
    for result in results:
        nbformat.write(notebook, result)
    print(f"{source.name}: {len(notebook.cells)} cells in {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()

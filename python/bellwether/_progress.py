"""Bars of progress, by tqdm where it is installed."""

from __future__ import annotations

import importlib
import sys
import time
from typing import Any


class Progress:
    """Shows how far the work is, once that takes a while. Called with what is done and what is planned."""

    def __init__(self, what: str, *, delay: float = 0.5) -> None:
        self._what = what
        self._begin = time.monotonic() + delay
        self._bar: Any = None
        self._off = False

    def __call__(self, done: int, planned: int) -> None:
        """Move the bar, which appears with the first call after the delay."""
        if self._off or time.monotonic() < self._begin or planned <= 0:
            return
        if self._bar is None:
            try:
                tqdm = importlib.import_module("tqdm.auto").tqdm
            except ImportError:
                self._off = True
                return
            # In notebooks there is no terminal, but bars.
            disable = False if "ipykernel" in sys.modules else None
            self._bar = tqdm(total=planned, desc=self._what, unit="draw", unit_scale=True, disable=disable)
        self._bar.total = planned
        self._bar.update(done - self._bar.n)

    def close(self, *, complete: bool) -> None:
        """End the bar."""
        if self._bar is not None:
            if complete and self._bar.total:
                self._bar.update(self._bar.total - self._bar.n)
            self._bar.close()


def maybe(progress: bool, what: str) -> Progress | None:
    """A bar where one is wanted."""
    return Progress(what) if progress else None

"""Annotations and examples."""

from __future__ import annotations

import doctest
import subprocess
import sys
from pathlib import Path

import bellwether
import pytest
from bellwether import _api, _growth, _options, _results

HERE = Path(__file__).parent


@pytest.mark.parametrize("module", [bellwether, _api, _growth, _results, _options])
def test_examples_of_the_documentation(module: object) -> None:
    found = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert found.failed == 0
    assert found.attempted > 0 or module is _options


def test_everything_public_is_documented_with_an_example() -> None:
    for name in bellwether.__all__:
        value = getattr(bellwether, name)
        if callable(value):
            assert value.__doc__, name
        if name in (
            "bootstrap",
            "compare",
            "devices",
            "exact",
            "growth",
            "growth_shocks",
            "read_panel",
            "simulate",
        ):
            for section in ("Returns\n", "Examples\n", ">>> "):
                assert section in value.__doc__, (name, section)


def test_options_of_growth_are_its_parameters() -> None:
    assert set(_growth.GrowthOptions.__annotations__) == set(bellwether.growth.__kwdefaults__)


def test_annotations_are_strict() -> None:
    package = Path(bellwether.__file__).parent
    assert (package / "py.typed").exists()
    command = [sys.executable, "-m", "mypy", "--strict"]
    # By its name, as it is installed: by its path all that is installed beside it would be taken for its own.
    for what in (["-p", "bellwether"], [str(HERE / "typed.py")]):
        done = subprocess.run([*command, *what], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
    wrong = subprocess.run(
        [*command, str(HERE / "wrongly_typed.py")], capture_output=True, text=True, check=False
    )
    assert wrong.stdout.count("error:") == 5, wrong.stdout

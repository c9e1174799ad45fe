"""Programs that tests of steps run for real."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest


def need(*names: str) -> None:
    """Skip the test unless these programs are installed."""
    missing = [name for name in names if shutil.which(name) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")


def of_python(name: str) -> str:
    """A program that belongs to the Python that runs the tests."""
    path = Path(sys.executable).with_name(name)
    if not path.exists():
        pytest.skip(f"not installed: {name}")
    return str(path)

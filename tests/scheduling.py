"""Which process of a parallel run gets which tests.

A process gets whole files, so that what a module's tests share is made once. What takes long comes first, so that the
end of the run is not one process at work and the others idle.
"""

from __future__ import annotations

import functools
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).parents[1]
TOGETHER = ("tests/browser/",)
"""Folders whose modules share a master, but for those that have one of their own: they say its address."""
OWN_ADDRESS = "\ndef address("
LONG = ("browser", "interop", "faults", "packaging", "integration", "simulation", "docs", "security")
"""Folders below `tests` that start programs, those with the longest files first."""


class ByFile(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """See the module."""

    def _split_scope(self, nodeid: str) -> str:
        return scope_of(nodeid.partition("::")[0])


@functools.cache
def scope_of(path: str) -> str:
    """What a file is run together with: a folder, or the file alone."""
    for folder in TOGETHER:
        if path.startswith(folder) and OWN_ADDRESS not in (ROOT / path).read_text(encoding="utf-8"):
            return folder
    return path


def put_long_ones_first(items: list[pytest.Item]) -> None:
    """Change the order of the files; within one it stays."""
    order = {folder: number for number, folder in enumerate(LONG)}
    items.sort(key=lambda item: order.get(item.nodeid.split("/")[1], len(LONG)))

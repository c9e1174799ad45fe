"""Which process of a parallel run gets which tests.

A process gets whole files, so that what a module's tests share is made once. What takes long comes first, so that the
end of the run is not one process at work and the others idle.
"""

from __future__ import annotations

import pytest
from xdist.scheduler import LoadScopeScheduling

TOGETHER = ("tests/browser/",)
"""Folders whose tests share a master."""
LONG = ("browser", "interop", "faults", "packaging", "integration", "simulation", "docs", "security")
"""Folders below `tests` that start programs, those with the longest files first."""


class ByFile(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """See the module."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        return next((folder for folder in TOGETHER if path.startswith(folder)), path)


def put_long_ones_first(items: list[pytest.Item]) -> None:
    """Change the order of the files; within one it stays."""
    order = {folder: number for number, folder in enumerate(LONG)}
    items.sort(key=lambda item: order.get(item.nodeid.split("/")[1], len(LONG)))

"""Lists that are too long for one ``IN``."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TypeVar

T = TypeVar("T")

AT_ONCE = 500


def chunks(values: Collection[T]) -> Iterator[list[T]]:
    """The values in lists of at most `AT_ONCE`."""
    everything = list(values)
    for start in range(0, len(everything), AT_ONCE):
        yield everything[start : start + AT_ONCE]

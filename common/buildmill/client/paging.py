"""Reading a long collection page by page, so that rows that come or go meanwhile are neither missed nor doubled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from buildmill.client.paths import Collection, FieldsOfMany

PAGE_ROWS = 500
_BOUNDS = ("__gt", "__ge", "__lt", "__le")


class Paging:
    """Which page comes next.

    Pages go by id where the order is that of ids, or none is asked for; else by their distance from the beginning,
    where rows that come meanwhile shift the rest.

    Args:
        what: the collection; its own limit holds for all pages together.
        page_rows: how many rows a page has.
    """

    def __init__(self, what: Collection[Any] | FieldsOfMany, page_rows: int = PAGE_ROWS) -> None:
        named: dict[str, list[str]] = {}
        for name, value in what.parameters:
            named.setdefault(name, []).append(value)
        limits = named.pop("limit", [])
        self._left = min(map(int, limits)) if limits else None
        self._offset = int(named.pop("offset", ["0"])[-1])
        self._page_rows = page_rows
        order = named.get("order", [])
        key = what.id_field
        self._by_id = bool(key) and not self._offset and order in ([], [key], [f"-{key}"])
        self._by_id = self._by_id and not any(f"{key}{bound}" in named for bound in _BOUNDS)
        self._is_descending = order == [f"-{key}"]
        self._key = key
        if self._by_id and not order:
            named["order"] = [key]
        self._fixed = [(name, value) for name, values in named.items() for value in values]
        self._last: int | None = None
        self._asked = 0
        self.is_done = self._left == 0

    def parameters(self) -> list[tuple[str, str]]:
        """Of the next page."""
        self._asked = self._page_rows if self._left is None else min(self._left, self._page_rows)
        found = [*self._fixed, ("limit", str(self._asked))]
        if not self._by_id:
            return [*found, ("offset", str(self._offset))] if self._offset else found
        if self._last is not None:
            found.append((f"{self._key}__{'lt' if self._is_descending else 'gt'}", str(self._last)))
        return found

    def took(self, rows: Sequence[Any]) -> None:
        """These rows have come."""
        self._offset += len(rows)
        self._left = None if self._left is None else self._left - len(rows)
        self.is_done = len(rows) < self._asked or self._left == 0
        if rows and self._by_id:
            last = rows[-1]
            self._last = last[self._key] if isinstance(last, dict) else getattr(last, self._key)

"""What code of users gives to ``master.data.get`` to narrow a collection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from buildmill.common.errors import InvalidInput
from buildmill.master.domain.queries import Operator


class Filter:
    """Only rows whose `field` compares so with `values`.

    Args:
        field: name of a field of the resource.
        op: ``eq``, ``ne``, ``lt``, ``le``, ``gt``, ``ge``, ``contains``, ``in`` or ``notin``.
        values: what it is compared with.

    Raises:
        InvalidInput: an unknown operator, or no values in a list.
    """

    def __init__(self, field: str, op: str, values: Sequence[Any]) -> None:
        known = [operator.value for operator in Operator]
        if op not in known:
            raise InvalidInput("op", f"expected one of {', '.join(known)}, got {op!r}")
        if isinstance(values, str) or not isinstance(values, Sequence):
            raise InvalidInput("values", f"expected a list, got {values!r}")
        self.field = field
        self.op = op
        self.values = list(values)

    def __repr__(self) -> str:
        return f"Filter({self.field!r}, {self.op!r}, {self.values!r})"

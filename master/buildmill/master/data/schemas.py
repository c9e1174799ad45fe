"""JSON schemas of what is sent to the API: parameters in a query, and those of actions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

TEXT: dict[str, Any] = {"type": "string", "pattern": "^[^\\u0000]*$"}
FLAG: dict[str, Any] = {"type": "boolean"}
ANYTHING: dict[str, Any] = {"type": "object"}
"""Parameters that are known only to whoever takes them."""


def whole_number(least: int, most: int = 2**63 - 1) -> dict[str, Any]:
    """A number within limits."""
    return {"type": "integer", "minimum": least, "maximum": most}


def ids(most: int) -> dict[str, Any]:
    """Several ids."""
    return {"type": "array", "items": whole_number(1), "minItems": 1, "maxItems": most}


def text(most: int) -> dict[str, Any]:
    """A text of so many characters at most, or null."""
    return {**TEXT, "type": ["string", "null"], "maxLength": most}


def parameters(*required: str, only_these: bool = False, **schemas: Any) -> dict[str, Any]:
    """Parameters of an action, by name.

    Args:
        required: those that must be there.
        only_these: others are refused; otherwise they are passed over.
    """
    found: dict[str, Any] = {"type": "object", "properties": schemas}
    if required:
        found["required"] = _listed(required)
    if only_these:
        found["additionalProperties"] = False
    return found


def _listed(names: Sequence[str]) -> list[str]:
    return sorted(names)

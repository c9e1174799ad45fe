"""Changes and source stamps as objects, made of the dictionaries that ``master.data`` gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from buildmill.master.domain.properties import Properties


class TempChange:
    """A change.

    Args:
        d: its fields, as attributes; `who` stands for ``author``.
    """

    def __init__(self, d: dict[str, Any]) -> None:
        self._fields = d

    def __getattr__(self, name: str) -> Any:
        field = "author" if name == "who" else name
        if name.startswith("_") or field not in self._fields:
            raise AttributeError(name)
        value = self._fields[field]
        return Properties.fromDict(value) if name == "properties" else value

    def asChDict(self) -> dict[str, Any]:
        """The fields that it was made of."""
        return self._fields


class TempSourceStamp:
    """A source stamp.

    Args:
        ssdict: its fields, as attributes.

    Attributes:
        patch: level, body and subdirectory of its patch; None without one.
        patch_info: author and comment of its patch; (None, None) without one.
    """

    ATTRS: ClassVar = ("branch", "revision", "repository", "project", "codebase")
    PATCH_ATTRS: ClassVar = tuple((f"patch_{name}", name) for name in ("level", "body", "subdir", "author", "comment"))

    def __init__(self, ssdict: dict[str, Any]) -> None:
        self._fields = ssdict
        patch: Mapping[str, Any] = ssdict.get("patch") or {}
        self.patch = (patch["level"], patch["body"], patch["subdir"]) if patch else None
        self.patch_info = (patch.get("author"), patch.get("comment"))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self._fields:
            raise AttributeError(name)
        return self._fields[name]

    def asSSDict(self) -> dict[str, Any]:
        """The fields that it was made of."""
        return self._fields

    def asDict(self) -> dict[str, Any]:
        """All that is known of it, flat: ``branch``, ..., ``patch_level``, ..."""
        patch: Mapping[str, Any] = self._fields.get("patch") or {}
        flat = {name: self._fields.get(name) for name in self.ATTRS}
        return flat | {name: patch.get(inner) for name, inner in self.PATCH_ATTRS}

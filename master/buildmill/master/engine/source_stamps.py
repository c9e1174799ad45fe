"""Source stamps as user code sees them: as a document for renderables, as an object for everybody else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Source:
    """A source stamp with its fields as attributes."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.__dict__.update(document)
        self.patch: tuple[int, bytes, str | None] | None = document.get("patch")
        self.codebase: str = document["codebase"]

    def asDict(self) -> dict[str, Any]:
        """The fields."""
        return dict(self.__dict__)


def source_document(stamp: Any) -> dict[str, Any]:
    """The fields of a source stamp's row, those of its patch among them."""
    patch = stamp.patch
    document = {
        "branch": stamp.branch,
        "codebase": stamp.codebase,
        "created_at": stamp.created_at,
        "project": stamp.project,
        "repository": stamp.repository,
        "revision": stamp.revision,
        "ssid": stamp.ssid,
        "patch": None,
    }
    if patch is not None:
        document["patch"] = (patch.level, patch.body, patch.subdir)
        document |= {
            "patch_level": patch.level,
            "patch_body": patch.body,
            "patch_subdir": patch.subdir,
            "patch_author": patch.author,
            "patch_comment": patch.comment,
        }
    return document

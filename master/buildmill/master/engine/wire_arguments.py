"""Commands about files, as authors of steps write them, become what workers understand.

Authors name paths below the builder's directory, by keys that differ from those of the wire; what is given in the
wire's form already is left as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class Paths(Protocol):
    """The part of a build that knows where its directory is on the worker."""

    @property
    def path_module(self) -> Any: ...

    def worker_path(self, path: str) -> str: ...


def on_the_wire(command: str, args: Mapping[str, Any], build: Paths) -> dict[str, Any]:
    """The arguments of a command as the worker expects them."""
    changed = dict(args)
    if command in ("mkdir", "rmdir"):
        if "dir" in changed and "paths" not in changed:
            given = changed.pop("dir")
            changed["paths"] = [build.worker_path(path) for path in ([given] if isinstance(given, str) else given)]
    elif command == "cpdir":
        for ours, theirs in (("fromdir", "from_path"), ("todir", "to_path")):
            if ours in changed and theirs not in changed:
                changed[theirs] = build.worker_path(changed.pop(ours))
    elif command == "stat":
        if "file" in changed and "path" not in changed:
            folder = changed.pop("workdir", None) or ""
            changed["path"] = build.worker_path(build.path_module.join(folder, changed.pop("file")))
    elif command == "listdir":
        if "dir" in changed and "path" not in changed:
            changed["path"] = build.worker_path(changed.pop("dir"))
    elif command in ("glob", "rmfile") and isinstance(changed.get("path"), str):
        changed["path"] = build.worker_path(changed["path"])
    return changed

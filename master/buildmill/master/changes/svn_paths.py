"""What `SVNPoller` makes of paths in a repository: usual functions for its argument ``split_file``."""

from __future__ import annotations

SplitFile = dict[str, str]


def split_file_alwaystrunk(path: str) -> SplitFile:
    """Everything belongs to no branch."""
    return {"path": path}


def split_file_branches(path: str) -> tuple[str | None, str] | None:
    """For a repository with ``trunk/`` and ``branches/NAME/``; the trunk is no branch, all else is no sources.

    Args:
        path: relative to the address that is polled; of a directory it ends with a slash.

    Returns:
        The branch, as ``branches/NAME``, and the path in it; None for what belongs to neither.
    """
    first, _, rest = path.partition("/")
    if first == "trunk":
        return None, rest
    if first == "branches":
        name, slash, inner = rest.partition("/")
        if name and slash:
            return f"branches/{name}", inner
    return None


def split_file_projects_branches(path: str) -> SplitFile | None:
    """For a repository with a ``trunk/`` and ``branches/`` in the directory of each project."""
    project, slash, rest = path.partition("/")
    found = split_file_branches(rest) if slash else None
    if found is None:
        return None
    branch, inner = found
    return {"project": project, "path": inner, **({} if branch is None else {"branch": branch})}

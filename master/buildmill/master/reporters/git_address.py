"""Where on a forge the repository of an address is."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_SCP = re.compile(r"(?:[^@/:]+@)?[^@/:]+:(?!//)(?P<path>.+)")


def path_of(url: str) -> str | None:
    """``owner/repository`` of ``https://host/owner/repository.git`` or ``git@host:owner/repository``; None without."""
    if "://" in url:
        try:
            path = urlsplit(url).path
        except ValueError:
            return None
    elif (matched := _SCP.fullmatch(url)) is not None:
        path = matched["path"]
    else:
        return None
    path = path.strip("/").removesuffix(".git")
    return path if "/" in path else None

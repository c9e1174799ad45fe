"""The environment of a command: what the master asks for, merged over the worker's own."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence

_REFERENCE = re.compile(r"\$\{([0-9a-zA-Z_]*)\}")


def merge_environment(
    own: Mapping[str, str], changes: Mapping[str, str | Sequence[str] | None], workdir: str
) -> dict[str, str]:
    """The environment for a command that runs in `workdir`.

    Args:
        own: the worker's environment.
        changes: what the step wants. A list is joined with the path separator, None unsets the variable,
            `${NAME}` stands for the worker's value of NAME (empty if it has none). PYTHONPATH is put before
            the worker's own instead of replacing it. Everything else is passed on untouched.
        workdir: becomes PWD, as a shell would have it.
    """
    merged = {**own, "PWD": workdir}
    for name, value in changes.items():
        if value is None:
            merged.pop(name, None)
            continue
        text = value if isinstance(value, str) else os.pathsep.join(value)
        text = _REFERENCE.sub(lambda match: own.get(match[1], ""), text)
        if name == "PYTHONPATH" and own.get(name):
            text += os.pathsep + own[name]
        merged[name] = text
    return merged

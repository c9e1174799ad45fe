"""Which paths a master may have changed, sent or fetched by the worker itself.

A master owns its worker's account anyway (a shell command can do all that the account may do). This fence is
against mistakes: a `RemoveDirectory` with an empty property must not take the worker's home with it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from buildmill.common.errors import Forbidden
from buildmill.worker.spool.layout import DIRECTORY


class Workspace:
    """The base directory, and what `allow_paths` adds to it.

    Args:
        basedir: absolute path of the worker's base directory.
        allow_paths: more absolute paths; everything below them is allowed too. `/` allows everything.
    """

    def __init__(self, basedir: str, allow_paths: Sequence[str] = ()) -> None:
        self.basedir = os.path.abspath(basedir)
        self._own = os.path.join(os.path.realpath(basedir), DIRECTORY)
        self._allowed = [os.path.realpath(p) for p in (basedir, *allow_paths)]

    def check_blocking(self, path: str) -> str:
        """The path with every symbolic link resolved, once it is known to be inside.

        Raises:
            Forbidden: the path, or what a link in it leads to, is outside.
        """
        real = os.path.realpath(os.path.join(self.basedir, os.path.expanduser(path)))
        self._check(path, real)
        return real

    def check_entry_blocking(self, path: str) -> str:
        """The same for a directory entry that is to be removed or made: a link at the end isn't followed.

        Raises:
            Forbidden: outside, or it is one of the allowed directories itself.
        """
        full = os.path.abspath(os.path.join(self.basedir, os.path.expanduser(path)))
        parent, name = os.path.split(full)
        real = os.path.join(os.path.realpath(parent), name)
        self._check(path, real)
        if any(_is_inside(allowed, real) for allowed in self._allowed if allowed != os.sep):
            raise Forbidden(f"{path!r} holds the worker's base directory or an allowed one: it stays")
        return real

    def _check(self, path: str, real: str) -> None:
        if _is_inside(real, self._own):
            raise Forbidden(f"{path!r} holds what the worker knows of its running commands: it stays")
        if not any(_is_inside(real, allowed) for allowed in self._allowed):
            raise Forbidden(
                f"{path!r} is outside of the worker's base directory; "
                "allow_paths in the worker's worker.toml can allow it"
            )


def _is_inside(path: str, directory: str) -> bool:
    return path == directory or path.startswith(directory.rstrip(os.sep) + os.sep)

"""Small commands on files: `mkdir`, `rmfile`, `stat`, `glob`, `listdir`."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable
from typing import TypeVar

import msgspec

from buildmill.common.errors import Forbidden
from buildmill.worker.commands.base import Command
from buildmill.worker.output import header
from buildmill.worker.spool.layout import DIRECTORY

T = TypeVar("T")
A = TypeVar("A")


class PathArgument(msgspec.Struct, frozen=True, kw_only=True):
    """One path; relative ones are relative to the base directory."""

    path: str


class PathsArgument(msgspec.Struct, frozen=True, kw_only=True):
    """Several paths."""

    paths: list[str]


class _FileCommand(Command[A]):
    """Does one thing in a thread; an error is a header line and its number the `rc`."""

    async def attempt(self, what: str, key: str | None, work: Callable[[], T]) -> None:
        """Do `work`; say its result under `key`, then `rc`."""
        try:
            result = await self.host.threads.run(work)
        except OSError as problem:
            self._failed(what, problem.strerror or str(problem), problem.errno or 1)
        except (Forbidden, ValueError) as problem:
            self._failed(what, str(problem), 1)
        else:
            if key is not None:
                self.output.value(key, result)
            self.output.value("rc", 0)

    def _failed(self, what: str, problem: str, code: int) -> None:
        header(self.output, f"{what} failed: {problem}")
        self.output.value("rc", code)

    def full(self, path: str) -> str:
        """Absolute, `~` expanded."""
        return os.path.join(self.host.basedir, os.path.expanduser(path))


class MakeDirectories(_FileCommand[PathsArgument]):
    """Makes directories and their parents; those that exist are fine."""

    arguments = PathsArgument

    async def run(self) -> None:
        """Make them, in order, up to the first that can't be made."""
        paths = [self.full(path) for path in self.args.paths]

        def make_blocking() -> None:
            for path in paths:
                os.makedirs(path, exist_ok=True)

        await self.attempt(f"mkdir {' '.join(paths)}", None, make_blocking)


class RemoveFile(_FileCommand[PathArgument]):
    """Removes a file or a symbolic link."""

    arguments = PathArgument

    async def run(self) -> None:
        """Remove it."""
        path = self.args.path

        def remove_blocking() -> None:
            os.remove(self.host.workspace.check_entry_blocking(path))

        await self.attempt(f"rmfile {path}", None, remove_blocking)


class Stat(_FileCommand[PathArgument]):
    """Says what `os.stat` says."""

    arguments = PathArgument

    async def run(self) -> None:
        """Ask for ten numbers: mode, inode, device, links, user, group, size, access, change, creation."""
        path = self.full(self.args.path)
        await self.attempt(f"stat {path}", "stat", lambda: list(os.stat(path)))


class Glob(_FileCommand[PathArgument]):
    """Finds paths by a pattern; `**` goes through directories."""

    arguments = PathArgument

    async def run(self) -> None:
        """Find them, sorted."""
        pattern = self.full(self.args.path)
        await self.attempt(f"glob {pattern}", "files", lambda: sorted(map(_text, glob.iglob(pattern, recursive=True))))


class ListDirectory(_FileCommand[PathArgument]):
    """Lists the names in a directory."""

    arguments = PathArgument

    async def run(self) -> None:
        """List them, sorted; without the worker's own in the base directory."""
        path = self.full(self.args.path)

        def list_blocking() -> list[str]:
            names = sorted(map(_text, os.listdir(path)))
            # A master takes every name in the base directory for a builder's directory, and may remove it.
            if DIRECTORY in names and os.path.samefile(path, self.host.basedir):
                names.remove(DIRECTORY)
            return names

        await self.attempt(f"listdir {path}", "files", list_blocking)


def _text(name: str) -> str:
    """A name that can go over the wire; bytes that are no UTF-8 become U+FFFD."""
    return os.fsencode(name).decode("utf-8", "replace")

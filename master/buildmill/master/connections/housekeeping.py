"""The master's own commands on a worker: run one to its end, keep the directories in order."""

from __future__ import annotations

import stat
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any

from attrs import Factory, define, frozen
from twisted.internet.defer import Deferred

from buildmill.common.errors import BuildmillError, ConnectionLost
from buildmill.master.connections.commands import FileEnd
from buildmill.master.connections.info import WorkerInfo
from buildmill.master.connections.updates import CommandUpdate, Output

# Enough for every message of a file system command; more of a talkative one is not kept.
_MOST_OUTPUT = 64 * 1024


@frozen(kw_only=True)
class CompletedCommand:
    """How a command ended.

    Attributes:
        rc: its exit code; None if the worker sent none.
        values: everything else it reported, by key; of a key that came twice the last.
        output: the first 64 KiB of all its streams, as they came.
        failure: what broke in the worker, or None.
    """

    rc: int | None
    values: Mapping[str, Any]
    output: bytes
    failure: str | None

    @property
    def is_success(self) -> bool:
        """Whether it did what it was asked to."""
        return self.rc == 0 and self.failure is None


class HousekeepingFailed(BuildmillError):
    """A command of the master's own ended without success.

    Attributes:
        command: its name.
        completed: how it ended.
    """

    def __init__(self, command: str, completed: CompletedCommand) -> None:
        said = completed.failure or completed.output.decode(errors="replace").strip() or "it said nothing"
        super().__init__(f"{command} failed on the worker (rc {completed.rc}): {said[-500:]}")
        self.command = command
        self.completed = completed


@define
class Collector:
    """An observer that keeps everything until the end."""

    files: FileEnd | None = None
    done: Deferred[CompletedCommand] = Factory(Deferred)
    _values: dict[str, Any] = Factory(dict)
    _output: bytearray = Factory(bytearray)

    def updated(self, updates: Sequence[CommandUpdate]) -> None:
        """Keep output and values."""
        for update in updates:
            if isinstance(update, Output):
                self._output += update.data[: _MOST_OUTPUT - len(self._output)]
            else:
                self._values[update.key] = update.value

    def completed(self, failure: str | None) -> None:
        """Fire `done`."""
        self._fire(
            CompletedCommand(
                rc=self._values.pop("rc", None),
                values=self._values,
                output=bytes(self._output),
                failure=failure,
            )
        )

    def disconnected(self, reason: str) -> None:
        """Fail `done`."""
        self._fire(ConnectionLost(reason))

    def _fire(self, outcome: CompletedCommand | ConnectionLost) -> None:
        if self.done.called:  # nobody waits any more
            return
        if isinstance(outcome, ConnectionLost):
            self.done.errback(outcome)
        else:
            self.done.callback(outcome)


Run = Callable[[str, Mapping[str, object]], Awaitable[CompletedCommand]]

# What a worker keeps for itself in its directory: its descriptions, and the spool of ours.
_ALWAYS_KEPT = frozenset({"info", ".bm"})


async def prepare_directories(run: Run, info: WorkerInfo, builder_dirs: Sequence[str], keep: Collection[str]) -> None:
    """Remove what belongs to no builder, if the worker wants that, and make what is missing.

    Raises:
        HousekeepingFailed: the listing, a removal or a creation did not succeed. An entry that cannot be looked at
            (it may be gone by now) is left alone.
    """
    listing = await _succeed(run, "listdir", {"path": info.basedir})
    entries = listing.values.get("files")
    if entries is None:
        raise HousekeepingFailed("listdir", listing)
    if info.delete_leftover_dirs:
        wanted = {info.first_part(path) for path in builder_dirs} | _ALWAYS_KEPT | set(keep)
        await _remove_directories(run, info, [name for name in entries if name not in wanted])
    present = set(entries)
    # a nested directory is not in the listing; making one that is there does no harm
    missing = [path for path in sorted({*builder_dirs, "info"}) if path not in present]
    if missing:
        await _succeed(run, "mkdir", {"paths": [info.join(path) for path in missing]})


async def _remove_directories(run: Run, info: WorkerInfo, names: Sequence[str]) -> None:
    directories = []
    for name in names:
        seen = await run("stat", {"path": info.join(name)})
        fields = seen.values.get("stat")
        if seen.is_success and fields and stat.S_ISDIR(fields[0]):
            directories.append(info.join(name))
    if directories:
        await _succeed(run, "rmdir", {"paths": directories, "timeout": 1200, "logEnviron": False})


async def _succeed(run: Run, name: str, args: Mapping[str, object]) -> CompletedCommand:
    completed = await run(name, args)
    if not completed.is_success:
        raise HousekeepingFailed(name, completed)
    return completed

"""Rules of the protocol, switched off one at a time: a simulation that does not notice is worth nothing."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from buildmill.common.protocol import durable as wire
from buildmill.master.db import commands as command_rows
from buildmill.master.domain.durability import Durability
from buildmill.master.engine.durable import DurableCommand as LiveCommand
from buildmill.master.engine.durable import DurableCommands as MasterCommands
from buildmill.worker.durable.commands import DurableCommand, DurableCommands
from buildmill.worker.shepherd.core import Action, ShepherdCore
from tests.simulation.durable.world import DURATIONS

Patch = Callable[[pytest.MonkeyPatch], None]


def _idempotent_start(patch: pytest.MonkeyPatch) -> None:
    """R1: the worker starts a command once more when it is told so once more."""

    async def begin(self: DurableCommands, request: wire.Start) -> Any:
        known = self._commands.pop(request.cmd_uid, None)
        if known is not None:
            shutil.rmtree(known.directory, ignore_errors=True)
        return await self._create(request)

    patch.setattr(DurableCommands, "begin", begin)


def _lease(patch: pytest.MonkeyPatch) -> None:
    """R4: commands run on for ever without a master."""
    tick = ShepherdCore.tick

    def without_lease(self: ShepherdCore, now: float, _lease: float) -> list[Action]:
        return tick(self, now, now + 1e6)

    patch.setattr(ShepherdCore, "tick", without_lease)


def _fence(patch: pytest.MonkeyPatch) -> None:
    """R4b: the worker obeys whoever asks."""

    async def obey(_self: DurableCommands, command: DurableCommand, fence: int) -> None:
        command.fence = fence

    patch.setattr(DurableCommands, "_obey", obey)


def _repeats(patch: pytest.MonkeyPatch) -> None:
    """R9: the master takes records that it has already once more."""
    data = MasterCommands._data

    async def take_all(self: MasterCommands, message: wire.Data) -> object:
        command = self._live.get(message.cmd_uid)
        if command is not None:
            command.taken = min(command.taken, message.first - 1)
        return await data(self, message)

    patch.setattr(MasterCommands, "_data", take_all)


def _gaps(patch: pytest.MonkeyPatch) -> None:
    """R9: the master takes records although some before them are missing."""
    data = MasterCommands._data

    async def take_any(self: MasterCommands, message: wire.Data) -> object:
        command = self._live.get(message.cmd_uid)
        if command is not None:
            command.taken = max(command.taken, message.first - 1)
        return await data(self, message)

    patch.setattr(MasterCommands, "_data", take_any)


def _resume(patch: pytest.MonkeyPatch) -> None:
    """R7: the worker sends on from where it believes to be, not from where the master is."""
    from buildmill.worker.durable.link import DurableLink

    async def resume(self: DurableLink, uid: str, fence: int, _acked: int) -> None:
        command = self._commands.find(uid)
        if command is not None:
            await self._commands.obey(command, fence)
            self._send_from(command, command.head)

    patch.setattr(DurableLink, "_resume", resume)


def _bury(patch: pytest.MonkeyPatch) -> None:
    """R10: the next attempt begins while something of the last one may run."""

    async def bury(_self: MasterCommands, _build: int) -> None: ...

    patch.setattr(MasterCommands, "bury", bury)


def _acknowledge_owner(patch: pytest.MonkeyPatch) -> None:
    """R9: whoever is connected writes about a command, whatever the build's fence."""
    patch.setattr(command_rows, "acknowledge", lambda _tx, _uid, _fence, _last: True)


def _kill_again(patch: pytest.MonkeyPatch) -> None:
    """A wish to end a command is told once, and not again after the connection broke."""
    kill = MasterCommands._send_kill

    def once(self: MasterCommands, command: LiveCommand) -> None:
        kill(self, command)
        command.kill = None

    patch.setattr(MasterCommands, "_send_kill", once)


PATCHES: dict[str, Patch] = {
    "idempotent start": _idempotent_start,
    "lease": _lease,
    "fence": _fence,
    "cut of repeats": _repeats,
    "no gaps": _gaps,
    "resume from acked": _resume,
    "retry after bury": _bury,
    "owner in the acknowledgement": _acknowledge_owner,
    "kill is repeated": _kill_again,
    "reclaim after the lease": lambda _: None,
}
"""By the name of the rule that is switched off."""


@contextlib.contextmanager
def switched_off(rule: str) -> Iterator[Durability]:
    """While inside, a rule does not hold; gives the durations to run with."""
    with pytest.MonkeyPatch.context() as patch:
        PATCHES[rule](patch)
        durations = dataclasses.replace(DURATIONS)
        if rule == "reclaim after the lease":
            object.__setattr__(durations, "reclaim", 10.0)  # no configuration may say that
        yield durations

"""Rules of the protocol, switched off one at a time: a simulation that does not notice is worth nothing."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from buildmill.common.protocol import durable as wire
from buildmill.master.domain.durability import Durability
from buildmill.master.engine.durable import DurableCommands as MasterCommands
from buildmill.worker.durable.command import DurableCommand
from buildmill.worker.durable.commands import DurableCommands
from buildmill.worker.durable.link import DurableLink
from buildmill.worker.shepherd.core import Action, ShepherdCore
from tests.simulation.durable.machine import SimulatedMachine
from tests.simulation.durable.world import DURATIONS

Patch = Callable[[pytest.MonkeyPatch], None]


def _idempotent_start(patch: pytest.MonkeyPatch) -> None:
    """R1: the worker starts a command once more when it is told so once more."""

    async def begin(self: DurableCommands, request: wire.Start) -> Any:
        known = self._shelf._commands.pop(request.cmd_uid, None)
        if known is not None:
            shutil.rmtree(known.directory, ignore_errors=True)
        return await self._starting.create(request, self._limits.orphan_ttl)

    patch.setattr(DurableCommands, "begin", begin)


def _lease(patch: pytest.MonkeyPatch) -> None:
    """R4: commands run on for ever without a master."""
    tick = ShepherdCore.tick

    def without_lease(self: ShepherdCore, now: float, _lease: float) -> list[Action]:
        return tick(self, now, now + 1e6)

    patch.setattr(ShepherdCore, "tick", without_lease)


def _resume_from(patch: pytest.MonkeyPatch, position: Callable[[DurableCommand], int]) -> None:
    async def resume(self: DurableLink, uid: str, fence: int, _acked: int) -> None:
        command = self._commands.find(uid)
        if command is not None:
            await self._commands.obey(command, fence)
            self._send_from(command, position(command))

    patch.setattr(DurableLink, "_resume", resume)


def repeat_everything(patch: pytest.MonkeyPatch) -> None:
    """No rule is broken: the worker sends more than it was asked for."""
    _resume_from(patch, lambda _: 0)


def _resume(patch: pytest.MonkeyPatch) -> None:
    """R7: the worker sends on from where it believes to be, not from where the master is."""
    _resume_from(patch, lambda command: command.head)


def _repeats(patch: pytest.MonkeyPatch) -> None:
    """R9: the master takes records that it has already once more."""
    repeat_everything(patch)
    data = MasterCommands._data

    async def take_all(self: MasterCommands, message: wire.Data) -> object:
        command = self._live.get(message.cmd_uid)
        if command is not None:
            command.taken = min(command.taken, message.first - 1)
        return await data(self, message)

    patch.setattr(MasterCommands, "_data", take_all)


def _gaps(patch: pytest.MonkeyPatch) -> None:
    """R9: the master takes records although some before them are missing, from a worker that leaves some out."""
    _resume(patch)
    data = MasterCommands._data

    async def take_any(self: MasterCommands, message: wire.Data) -> object:
        command = self._live.get(message.cmd_uid)
        if command is not None:
            command.taken = max(command.taken, message.first - 1)
        return await data(self, message)

    patch.setattr(MasterCommands, "_data", take_any)


def _bury(patch: pytest.MonkeyPatch) -> None:
    """R4d, R10: a command whose shepherd is dead is told as lost while it runs on."""
    patch.setattr(SimulatedMachine, "kill_blocking", lambda _self, _uid, _seconds: True)


PATCHES: dict[str, Patch] = {
    "idempotent start": _idempotent_start,
    "lease": _lease,
    "cut of repeats": _repeats,
    "no gaps": _gaps,
    "resume from acked": _resume,
    "retry after bury": _bury,
    "reclaim after the lease": lambda _: None,
}
"""By the name of the rule that is switched off. Fences are not among them: with one master the rule that only the
newest connection is obeyed keeps out all that a fence would."""


@contextlib.contextmanager
def switched_off(rule: str) -> Iterator[Durability]:
    """While inside, a rule does not hold; gives the durations to run with."""
    with pytest.MonkeyPatch.context() as patch:
        PATCHES[rule](patch)
        durations = dataclasses.replace(DURATIONS)
        if rule == "reclaim after the lease":
            object.__setattr__(durations, "reclaim", 10.0)  # no configuration may say that
        yield durations

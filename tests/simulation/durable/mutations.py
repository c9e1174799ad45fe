"""Rules of the protocol, switched off one at a time: a simulation that does not notice is worth nothing."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from buildmill.common.protocol import durable as wire
from buildmill.master.db import commands as command_rows
from buildmill.master.db import ownership, sessions
from buildmill.master.db import tables as t
from buildmill.master.db.statement import Statement
from buildmill.master.db.transaction import Transaction
from buildmill.master.domain.durability import Durability
from buildmill.master.engine.durable import DurableCommands as MasterCommands
from buildmill.master.engine.lease import MasterLease
from buildmill.worker.durable.command import DurableCommand
from buildmill.worker.durable.commands import DurableCommands
from buildmill.worker.durable.link import DurableLink
from buildmill.worker.durable.shelf import Shelf
from buildmill.worker.shepherd.core import Action, ShepherdCore
from tests.simulation.durable.machine import SimulatedMachine
from tests.simulation.durable.world import DURATIONS, Setting

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
    """R4d, R10: a command whose shepherd is dead is told as lost while it runs on. Two programs would end it."""
    patch.setattr(SimulatedMachine, "zygote_hears", lambda _self, _uid: None)
    patch.setattr(SimulatedMachine, "kill_blocking", lambda _self, _uid, _seconds, _cgroup: True)


def _adoption(patch: pytest.MonkeyPatch) -> None:
    """R7: a master that is connected to a worker leaves its builds with the master that had them."""

    def adopt(*args: Any) -> sessions.Adoption | None:
        tx, worker_id, _, session, install_id = args
        taken = ADOPT(tx, worker_id, tx.scalar(_OWNER, worker=worker_id) or args[2], session, install_id)
        return None if taken is None else taken._replace(taken_over=[])

    patch.setattr(sessions, "adopt", adopt)


def _ownership(patch: pytest.MonkeyPatch) -> None:
    """R9: a master writes about a build whether it is its own or not."""
    patch.setattr(ownership, "check", lambda *_args, **_kwargs: None)


def _acknowledged_ownership(patch: pytest.MonkeyPatch) -> None:
    """R9: a master acknowledges records whether the fence is its own or not."""

    def acknowledge(tx: Transaction, uid: str, _fence: int, last: int) -> bool:
        fence = tx.scalar(_FENCE, command=uid)
        ACKNOWLEDGE(tx, uid, fence, last)
        return True

    patch.setattr(command_rows, "acknowledge", acknowledge)


def _all_ownership(patch: pytest.MonkeyPatch) -> None:
    _ownership(patch)
    _acknowledged_ownership(patch)


def _self_fencing(patch: pytest.MonkeyPatch) -> None:
    """R5: a master without a lease of its own prolongs those of workers."""
    patch.setattr(MasterLease, "holds", property(lambda _self: True))


def _sessions(patch: pytest.MonkeyPatch) -> None:
    """R6: a hello is taken however late it is read."""

    def adopt(tx: Transaction, worker_id: int, master_id: int, session: int, install_id: str) -> Any:
        known = tx.scalar(_SESSION, worker=worker_id)
        return ADOPT(tx, worker_id, master_id, max(session, known + 1), install_id)

    patch.setattr(sessions, "adopt", adopt)


def _ownership_check(patch: pytest.MonkeyPatch) -> None:
    """R8: a master that renews its lease does not look what has become of its workers and builds."""

    def renew(*args: Any) -> sessions.Renewal:
        return RENEW(*args)._replace(stale_workers=[], moved=[])

    patch.setattr(sessions, "renew", renew)


def _master_bury(patch: pytest.MonkeyPatch) -> None:
    """R10: the next attempt begins while something of the last one runs."""

    async def bury(*_args: Any, **_kwargs: Any) -> None:
        pass

    patch.setattr(MasterCommands, "bury", bury)


def _repeated_start(patch: pytest.MonkeyPatch) -> None:
    """R12: a start is sent once."""
    send, sent = MasterCommands._send_start, set[str]()

    def once(self: MasterCommands, command: Any) -> None:
        if command.uid not in sent:
            sent.add(command.uid)
            send(self, command)

    patch.setattr(MasterCommands, "_send_start", once)


def _repeated_kill(patch: pytest.MonkeyPatch) -> None:
    """R12, crash point 31: a kill is sent once."""
    send, sent = MasterCommands._send_kill, set[str]()

    def once(self: MasterCommands, command: Any) -> None:
        if command.uid not in sent:
            sent.add(command.uid)
            send(self, command)

    patch.setattr(MasterCommands, "_send_kill", once)


def _fence(patch: pytest.MonkeyPatch) -> None:
    """R4b: the worker obeys whoever commands."""

    async def obey(_self: Shelf, command: DurableCommand, fence: int) -> None:
        command.fence = fence

    patch.setattr(Shelf, "obey", obey)


ADOPT, RENEW, ACKNOWLEDGE = sessions.adopt, sessions.renew, command_rows.acknowledge
_SESSION = Statement(sa.select(t.workers.c.session).where(t.workers.c.id == sa.bindparam("worker")))
_OWNER = Statement(
    sa.select(t.builds.c.master_id).where(
        t.builds.c.worker_id == sa.bindparam("worker"), t.builds.c.complete_at.is_(None)
    )
)
_FENCE = Statement(
    sa.select(t.builds.c.fence)
    .join(t.commands, t.commands.c.build_id == t.builds.c.id)
    .where(t.commands.c.uid == sa.bindparam("command"))
)


@dataclasses.dataclass(frozen=True)
class Rule:
    """A rule that can be switched off.

    Attributes:
        setting: runs that notice it more often than others.
        defended: another rule stands before or behind it: no run notices.
    """

    patch: Patch
    setting: Setting = dataclasses.field(default_factory=Setting)
    defended: bool = False


_SHORT = dataclasses.replace(DURATIONS)
object.__setattr__(_SHORT, "reclaim", 10.0)  # no configuration may say that
_QUICK = Durability(orphan_ttl=20.0, reclaim=1.05 * 20 + 15 + 12 + 10, spool_hold=60.0)
_AWAY = ("away",)
_TAKEN = ("pause_master", "part", "cut_off")

RULES: dict[str, Rule] = {
    "idempotent start": Rule(_idempotent_start),
    "lease": Rule(_lease, Setting(focus=_AWAY, durations=_QUICK)),
    "cut of repeats": Rule(_repeats),
    "no gaps": Rule(_gaps),
    "resume from acked": Rule(_resume),
    "retry after bury": Rule(_bury, Setting(focus=("kill_shepherd",))),
    "reclaim after the lease": Rule(lambda _: None, Setting(focus=_AWAY, durations=_SHORT)),
    "adoption": Rule(_adoption, Setting(masters=2)),
    "owner of what is written": Rule(_ownership, Setting(masters=2, focus=_TAKEN)),
    "owner of what is acknowledged": Rule(_acknowledged_ownership, Setting(masters=2, focus=_TAKEN), defended=True),
    "self-fencing": Rule(_self_fencing, Setting(masters=2, focus=("cut_off",), durations=_QUICK)),
    "sessions": Rule(_sessions, Setting(masters=2, focus=_TAKEN), defended=True),
    "ownership check": Rule(_ownership_check, Setting(masters=2, focus=_TAKEN)),
    "bury by the master": Rule(_master_bury, Setting(masters=2, focus=("change_steps",))),
    "repeated start": Rule(_repeated_start),
    "repeated kill": Rule(_repeated_kill, defended=True),
    "fence of the worker": Rule(_fence, Setting(masters=2, focus=_TAKEN), defended=True),
}


@contextlib.contextmanager
def switched_off(rule: str) -> Iterator[Setting]:
    """While inside, a rule does not hold; gives what to run with."""
    with pytest.MonkeyPatch.context() as patch:
        RULES[rule].patch(patch)
        yield RULES[rule].setting

"""The durable commands of one worker, as this master sees them: they outlive the connections.

A command is *live* from when a step asks for it until its final record came or it was given up. While the worker is
away nothing happens to live commands; when it is back they go on where they were. Only when it stays away for longer
than commands may run there without a master are they given up, and their builds tried again.

Specification: docs/internals/durability.md.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from buildmill.common.errors import BuildmillError, ConnectionLost, RemoteError
from buildmill.common.failpoints import failpoint
from buildmill.common.protocol import durable as wire
from buildmill.common.tasks import TaskOwner
from buildmill.master.connections.connection import WorkerConnection
from buildmill.master.data.updates import Updates
from buildmill.master.db import commands as command_rows
from buildmill.master.domain.durability import Durability
from buildmill.master.engine.durable_command import CommandLost, DurableCommand, Observer, build_of
from buildmill.master.engine.records import understand
from buildmill.master.engine.spool_hold import SpoolHold
from buildmill.master.engine.user_code import RAISED

START_SECONDS = 1.0
"""How long a lease must still hold for a command to be started under it."""

FULL_SECONDS = 5.0
"""After how long a worker without room for a new command is asked again."""


class DurableCommands:
    """All durable commands on one worker.

    Args:
        worker_name: for people.
        is_alive: whether a build, by its id, is under way here.
        may_grant: whether this master holds its lease in the database.
        gone: called when the worker has been away for too long.
        draining: called when the worker is about to leave.

    Attributes:
        durations: in force from when they are used next.
    """

    _log = Logger()

    def __init__(
        self,
        *,
        worker_name: str,
        updates: Updates,
        clock: IReactorTime,
        is_alive: Callable[[int], bool],
        may_grant: Callable[[], bool],
        gone: Callable[[str], None],
        durations: Durability,
        draining: Callable[[], None] = lambda: None,
    ) -> None:
        self.durations = durations
        self._name = worker_name
        self._updates = updates
        self._clock = clock
        self._is_alive = is_alive
        self._may_grant = may_grant
        self._gone = gone
        self._draining = draining
        self._is_drained = False
        self._connection: WorkerConnection | None = None
        self._greeted: WorkerConnection | None = None
        self._live: dict[str, DurableCommand] = {}
        self._listed: dict[str, wire.SpooledCommand] = {}
        self._hold = SpoolHold(clock, self._forget)
        self._reclaim_call: IDelayedCall | None = None
        self._fences: dict[int, int] = {}
        self._unsent: list[DurableCommand] = []
        self._unsaid: list[str] = []
        self._leased_until = float("-inf")
        self._tasks = TaskOwner(f"durable commands on {worker_name}")
        self.session = 0

    @property
    def connection(self) -> WorkerConnection | None:
        """The connection that the worker's commands are on now."""
        return self._connection

    # -- connections ---------------------------------------------------------------------------

    async def adopt(
        self, connection: WorkerConnection, hello: wire.HelloAnswer, fences: Mapping[int, int], is_reinstalled: bool
    ) -> list[wire.SpooledCommand]:
        """The worker's commands are this master's now: say so, and go on with those that are live.

        Args:
            fences: of the worker's unfinished builds.
            is_reinstalled: the worker's directory is another than before.

        Returns:
            The commands that the worker has and no build wants; it ends and forgets them.
        """
        self._fences = dict(fences)
        self._unsent.clear()  # whatever is live is started below
        self._unsaid.clear()
        self._listed = {command.cmd_uid: command for command in hello.commands}
        self.session = hello.session
        actions: list[wire.Action] = []
        resumed: set[str] = set()
        for command in tuple(self._live.values()):
            command.fence = self._fences.get(build_of(command.uid), command.fence)
            command.start = msgspec.structs.replace(command.start, fence=command.fence)
            known = command.uid in self._listed
            if known:
                command.was_seen = True
                resumed.add(command.uid)
                actions.append(wire.Action(op="resume", cmd_uid=command.uid, fence=command.fence, acked=command.taken))
            elif is_reinstalled or command.was_seen:
                why = "the worker's directory was made anew" if is_reinstalled else "the worker has lost its spool"
                self._lose(command, why)
        held = self._hold.uids
        # a build that is about to be entered again will ask for its commands; the rest is wanted by nobody
        unwanted = [
            spooled
            for uid, spooled in self._listed.items()
            if uid not in self._live
            and not (uid in held and spooled.state == "finished")
            and not self._is_alive(build_of(uid))
        ]
        actions += [wire.Action(op="forget", cmd_uid=spooled.cmd_uid) for spooled in unwanted]
        failpoint("master.adopted")
        # its beats and records may come before the answer
        self._greeted = connection
        connection.durable = self
        await connection.ask(wire.Welcome(session=hello.session, lease_grant=self._grant(), actions=actions))
        failpoint("master.welcomed")
        if not connection.is_connected:
            raise ConnectionLost("lost while it was welcomed")
        self._connection = connection
        self._is_drained = False
        self._cancel_reclaim()
        # those that a step has asked for while the answer was on its way, too
        for command in tuple(self._live.values()):
            if command.uid not in resumed:
                self._start_or_lose(command)
        for command in self._live.values():
            if command.kill is not None:
                self._send_kill(command)
        for uid in self._unsaid:
            self._say_forget(uid)
        return unwanted

    def lost(self, reason: str) -> None:
        """The connection has ended: wait for the next."""
        self._connection = self._greeted = None
        self.expect(reason)

    def expect(self, reason: str) -> None:
        """The worker is away; unless it comes in time, its builds are tried again."""
        if self._reclaim_call is None:
            self._reclaim_call = self._clock.callLater(self.durations.reclaim, self._reclaim, reason)

    def expect_anew(self, reason: str) -> None:
        """As `expect`, but the time begins now: the worker was heard of, or its builds have a new owner."""
        self._cancel_reclaim()
        self.expect(reason)

    def abandon(self, why: str) -> None:
        """The worker has nothing of it any more: whatever is live is lost."""
        self._cancel_reclaim()
        for command in tuple(self._live.values()):
            self._lose(command, why)
        self._gone(why)

    def drain(self, why: str) -> None:
        """This master starts no more commands here: say so, if the worker listens. Nobody waits for the answer."""
        self._is_drained = True
        if self._connection is not None:
            self._tasks.start(self._say(wire.Drain(why=why)), name="drain")

    def stop(self) -> None:
        """This master ends: leave everything as it is."""
        self._cancel_reclaim()
        self._hold.stop()
        self._live.clear()
        # what still comes is refused, not answered: "forget" would end what the next run goes on with
        self._connection = self._greeted = None

    def _cancel_reclaim(self) -> None:
        if self._reclaim_call is not None and self._reclaim_call.active():
            self._reclaim_call.cancel()
        self._reclaim_call = None

    def _reclaim(self, reason: str) -> None:
        self._reclaim_call = None
        why = f"worker {self._name} was away for {self.durations.reclaim:g} s: {reason}"
        self._log.warn("{why}", why=why)
        for command in tuple(self._live.values()):
            self._lose(command, why)
        self._gone(why)

    def _grant(self) -> float:
        if not self._may_grant():
            return 0.0
        self._leased_until = self._clock.seconds() + self.durations.orphan_ttl
        return self.durations.orphan_ttl

    def _start_unsent(self) -> None:
        """The worker knows of its lease by now: what was not started without one is."""
        unsent, self._unsent = self._unsent, []
        for command in unsent:
            if self._connection is not None and self._live.get(command.uid) is command:
                self._start_or_lose(command)

    # -- for commands of steps --------------------------------------------------------------------

    def run(self, start: wire.Start, observer: Observer, *, was_seen: bool = False) -> DurableCommand:
        """Start a command, or go on with one that was started before; its uid tells which.

        Args:
            start: its fence is filled in here.
            was_seen: records of it have come in an earlier run of this master: it must be there.
        """
        fence = self._fences.get(build_of(start.cmd_uid), start.fence)
        start = msgspec.structs.replace(start, fence=fence)
        command = DurableCommand(start, observer, was_seen=was_seen)
        self._live[command.uid] = command
        if self._connection is not None:
            self._start_or_lose(command)
        return command

    def _start_or_lose(self, command: DurableCommand) -> None:
        if command.was_seen and command.uid not in self._listed:
            self._clock.callLater(0, self._lose, command, "the worker has lost its spool")
        elif self._is_drained or self._clock.seconds() >= self._leased_until - START_SECONDS:
            self._unsent.append(command)  # the worker would not begin it, or end it before it has begun
        else:
            self._send_start(command)

    def kill(self, command: DurableCommand, why: str, *, abort: bool = False) -> None:
        """End a command early; told again at each new connection until its final record comes."""
        command.kill = wire.Kill(cmd_uid=command.uid, fence=command.fence, why=why, abort=abort)
        self._send_kill(command)

    def give_up(self, command: DurableCommand, why: str) -> None:
        """Wait no longer for a command that cannot be ended; the worker ends it when it hears of that."""
        self._lose(command, why)

    def forget_later(self, uids: Sequence[str]) -> None:
        """All that these commands told is committed: the worker may delete it, after a while."""
        self._hold.add(uids, self.durations.spool_hold)

    def release(self, build_id: int) -> None:
        """A build has ended: what it still has on the worker is wanted by nobody."""
        held = self._hold.uids
        left = [uid for uid in self._listed if build_of(uid) == build_id and uid not in held]
        self.forget_later([uid for uid in left if self._listed[uid].state == "finished"])
        for uid in left:
            if self._listed[uid].state != "finished":  # it was given up, and may run
                del self._listed[uid]
                self._say_forget(uid)

    def let_go(self, build_id: int) -> None:
        """Another master goes on with a build: none of its commands is waited for any more."""
        for uid in [uid for uid in self._live if build_of(uid) == build_id]:
            del self._live[uid]

    async def bury(self, build_id: int, wanted: Callable[[], bool]) -> None:
        """End whatever a build still has on the worker; returns when nothing of it runs, or it is not wanted any more.

        While the worker is away this waits, at most until its commands have ended by themselves.
        """
        while wanted():
            uids = sorted(uid for uid in self._listed if build_of(uid) == build_id)
            if not uids:
                return
            if self._connection is None:
                if self._reclaim_call is None:
                    return  # away for so long that nothing can run any more
                await deferLater(self._clock, 1.0)
                continue
            try:
                for uid in uids:
                    await self._connection.ask(wire.Forget(cmd_uid=uid), patient=True)
                    self._listed.pop(uid, None)
            except BuildmillError as error:
                self._log.warn("{worker}: {error}", worker=self._name, error=error)
                await deferLater(self._clock, 1.0)

    # -- what the worker says ------------------------------------------------------------------------

    def handle(self, message: Any, connection: WorkerConnection) -> object:
        """Answer a request of the worker."""
        if connection is not self._greeted:
            raise RemoteError("stale: another connection of this worker has been taken")
        if type(message) is wire.Data:
            return self._data(message)
        if type(message) is wire.Beat:
            grant = self._grant()
            if grant and self._unsent:
                self._clock.callLater(0, self._start_unsent)  # the answer to the beat goes first
            return msgspec.to_builtins(wire.BeatAnswer(n=message.n, grant=grant))
        if type(message) is wire.Drain:
            self._log.info("worker {worker} leaves: {why}", worker=self._name, why=message.why[:1000])
            self._is_drained = True
            self._draining()
            return None
        raise RemoteError(f"{message.op} is not expected here")

    async def _data(self, message: wire.Data) -> object:
        command = self._live.get(message.cmd_uid)
        if command is None:
            if self._is_alive(build_of(message.cmd_uid)) and message.cmd_uid not in self._hold.uids:
                raise RemoteError("this command is not wanted yet")
            return _answer(wire.DataAnswer(forget=message.cmd_uid not in self._hold.uids, acked=_last(message)))
        if message.fence != command.fence:
            raise RemoteError(f"stale: fence {message.fence}, it is {command.fence}")
        if message.first > command.taken + 1:
            return _answer(wire.DataAnswer(acked=command.taken, rewind=True))
        fresh = message.records[command.taken + 1 - message.first :]
        command.was_seen = True
        if not fresh:
            return _answer(wire.DataAnswer(acked=command.taken))
        updates, final = understand(fresh)
        command.taken = _last(message)
        pressure: Awaitable[None] | None = None
        failpoint("master.before_batch")
        if updates:
            try:
                pressure = command.observer.updated(updates)
            except RAISED:  # an observer of the user's
                self._log.failure("command {uid}: an observer failed", uid=command.uid)
        acknowledged = Deferred.fromCoroutine(
            self._updates.run(command_rows.acknowledge, command.uid, command.fence, command.taken)
        )
        if final is not None:
            failpoint("master.after_final")
            del self._live[command.uid]
            if (listed := self._listed.get(command.uid)) is not None:
                self._listed[command.uid] = msgspec.structs.replace(listed, state="finished")
            if final.is_known:
                command.end(final)
            else:
                command.end(Failure(CommandLost(f"{final.how}: {final.why}" if final.why else final.how)))
        if not await acknowledged and final is None:
            raise RemoteError("stale: this master does not own the build any more")
        if pressure is not None:
            await pressure
        failpoint("master.after_batch")
        return _answer(wire.DataAnswer(acked=_last(message)))

    def _lose(self, command: DurableCommand, why: str) -> None:
        if self._live.get(command.uid) is command:
            del self._live[command.uid]
            command.end(Failure(CommandLost(why)))

    # -- what is said to the worker ----------------------------------------------------------------------

    def _send_start(self, command: DurableCommand) -> None:
        assert self._connection is not None
        # from now on it may be there
        self._listed.setdefault(
            command.uid,
            wire.SpooledCommand(
                cmd_uid=command.uid,
                fence=command.fence,
                state="intent",
                head=0,
                args_digest=command.start.args_digest,
            ),
        )
        self._tasks.start(self._start(command, self._connection), name="start a command")

    async def _start(self, command: DurableCommand, connection: WorkerConnection) -> None:
        failpoint("master.before_start")
        try:
            answer = msgspec.convert(await connection.ask(command.start), wire.Started)
            failpoint("master.after_start")
            if answer.state == "full":
                self._clock.callLater(FULL_SECONDS, self._start_again, command)
                return
            if answer.state == "forgotten":
                self._lose(command, "the worker has forgotten it")
            elif not answer.is_new:
                await connection.ask(wire.Resume(cmd_uid=command.uid, fence=command.fence, acked=command.taken))
            command.was_seen = True
        except ConnectionLost:
            pass  # it is sent again
        except (BuildmillError, msgspec.ValidationError) as error:
            if self._live.get(command.uid) is command:
                del self._live[command.uid]
                command.end(Failure(RemoteError(str(error))))

    def _start_again(self, command: DurableCommand) -> None:
        if self._connection is not None and self._live.get(command.uid) is command and not command.was_seen:
            self._start_or_lose(command)

    def _send_kill(self, command: DurableCommand) -> None:
        if self._connection is not None and command.kill is not None and self._live.get(command.uid) is command:
            message = msgspec.structs.replace(command.kill, fence=command.fence)
            self._tasks.start(self._say(message), name="kill a command")

    def _forget(self, uid: str) -> None:
        self._listed.pop(uid, None)
        failpoint("master.before_forget")
        self._say_forget(uid)

    def _say_forget(self, uid: str) -> None:
        if self._connection is not None:
            self._tasks.start(self._forget_there(uid), name="forget a command")
        elif self._greeted is not None:  # it has been listed, and what follows from that is on its way
            self._unsaid.append(uid)
        # else the next hello lists it

    async def _forget_there(self, uid: str) -> None:
        await self._say(wire.Forget(cmd_uid=uid))
        failpoint("master.after_forget")

    async def _say(self, message: wire.DurableRequest) -> None:
        try:
            if self._connection is not None:
                await self._connection.ask(message, patient=True)
        except ConnectionLost:
            pass
        except RemoteError as error:
            self._log.warn("{worker}: {op}: {error}", worker=self._name, op=message.op, error=error)


def _last(message: wire.Data) -> int:
    return message.first + len(message.records) - 1


def _answer(answer: wire.DataAnswer) -> object:
    return msgspec.to_builtins(answer)

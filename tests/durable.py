"""A worker with durable commands that follows a script: for tests of the engine without processes.

What the worker's machine keeps is in `Machine`, which outlives connections and masters.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec
from twisted.internet.defer import Deferred

from buildmill.common.protocol import GetWorkerInfo, Request
from buildmill.common.protocol import durable as wire
from tests.harness import Harness, ScriptedWorker


@dataclass
class Spooled:
    """One command on the machine."""

    start: wire.Start
    records: list[wire.Record] = field(default_factory=list)
    is_running: bool = True
    sent: int = 0
    acked: int = 0
    is_detached: bool = False

    @property
    def state(self) -> str:
        return "running" if self.is_running else "finished"


class DurableWorker(ScriptedWorker):
    """See the module.

    Attributes:
        commands: what is on the machine, by uid, oldest first.
        spawned: uid of every command that was ever spawned, in order.
        forgotten: uids, in order.
        script: called with each new command; may write and end it.
        loses_data: messages with records are not sent any more.
        is_full: no new command can be written down.
        welcomed: if given, what a welcome is answered with.
        drains: what the master has said of its leaving.
        loses_starts: the connection breaks before it reads what it is to start.
    """

    def __init__(self, harness: Harness, name: str) -> None:
        super().__init__(harness, name)
        self.commands: dict[str, Spooled] = {}
        self.spawned: list[str] = []
        self.forgotten: list[str] = []
        self.killed: list[str] = []
        self.answers: list[object] = []
        self.welcomes: list[wire.Welcome] = []
        self.session = 0
        self.install_id = f"install of {name}"
        self.script: Any = lambda _worker, _command: None
        self.loses_data = False
        self.is_full = False
        self.loses_starts = False
        self.welcomed: Deferred[None] | None = None
        self.drains: list[str] = []

    @property
    def command(self) -> Spooled:
        """The only one that runs."""
        (command,) = [command for command in self.commands.values() if command.is_running]
        return command

    def connect(self) -> None:
        self.session += 1
        super().connect()

    def beat(self) -> float:
        """It shows that it is there; what the master grants, in seconds."""
        assert self._line is not None
        answers: list[Any] = []
        self._line._peer.call(wire.Beat(session=self.session, n=1, running=1, spool_used=0)).addBoth(answers.append)
        self.harness.turn()
        return msgspec.convert(answers[0], wire.BeatAnswer).grant

    # -- what happens on the machine -----------------------------------------------------------

    def write(self, command: Spooled, stream: str, data: bytes) -> None:
        """The command writes."""
        command.records.append((stream, data, 1_700_000_000_000_000))
        self._send(command)

    def end(self, command: Spooled, rc: int = 0, how: str = "exit", why: str = "") -> None:
        """The command ends."""
        command.is_running = False
        if how == "exit":
            command.records.append((wire.VALUES, msgspec.msgpack.encode({"rc": rc}), 0))
        final = wire.Final(how=how, why=why, rc=rc)
        command.records.append((wire.FINAL, wire.encode_final(final), 0))
        self._send(command)

    def leave(self, why: str) -> None:
        """Say that this worker is about to go."""
        assert self._line is not None
        self._line.call(wire.Drain(why=why))
        self.harness.turn()

    def _send(self, command: Spooled) -> None:
        if self._line is None or not self._line._is_open or command.is_detached or self.loses_data:
            return
        fresh = command.records[command.sent :]
        if fresh:
            message = wire.Data(
                cmd_uid=command.start.cmd_uid,
                fence=command.start.fence,
                first=command.sent + 1,
                records=fresh,
                crc32=wire.checksum(fresh),
            )
            command.sent = len(command.records)
            answer = self._line._peer.call(message)
            answer.addCallbacks(lambda result: self._answered(command, result), self.answers.append)
        self.harness.turn()

    def _answered(self, command: Spooled, result: Any) -> None:
        self.answers.append(result)
        answer = msgspec.convert(result, wire.DataAnswer)
        if answer.rewind:
            command.sent = answer.acked
            self._send(command)
        elif not answer.forget:
            command.acked = max(command.acked, answer.acked)

    # -- what the master says --------------------------------------------------------------------

    def handle(self, message: Request) -> object:
        match message:
            case GetWorkerInfo():
                info: Any = super().handle(message)
                info["worker_commands"][wire.DURABLE_EXTENSION] = str(wire.DURABLE_VERSION)
                return info
            case wire.Hello():
                for command in self.commands.values():
                    command.is_detached = True
                listed = [
                    wire.SpooledCommand(
                        cmd_uid=uid,
                        fence=command.start.fence,
                        state=command.state,
                        head=len(command.records),
                        args_digest=command.start.args_digest,
                    )
                    for uid, command in self.commands.items()
                ]
                answer = wire.HelloAnswer(
                    session=self.session,
                    install_id=self.install_id,
                    worker_boot="boot",
                    machine_boot="machine",
                    commands=listed,
                    spool_free=1 << 30,
                )
                return msgspec.to_builtins(answer)
            case wire.Welcome():
                self.welcomes.append(message)
                for action in message.actions:
                    if action.op == "resume":
                        self._resume(action.cmd_uid, action.fence, action.acked)
                    else:
                        self._forget(action.cmd_uid)
                return self.welcomed
            case wire.Start():
                if self.loses_starts:
                    assert self._line is not None
                    self._line.cut("cable cut")
                    return None
                return self._durable_start(message)
            case wire.Resume():
                self._resume(message.cmd_uid, message.fence, message.acked)
            case wire.Kill():
                self.killed.append(message.cmd_uid)
                command = self.commands[message.cmd_uid]
                if command.is_running and self.obeys:
                    self.harness.clock.callLater(0, self.end, command, -1, "killed")
            case wire.Forget():
                self._forget(message.cmd_uid)
            case wire.Drain():
                self.drains.append(message.why)
            case _:
                return super().handle(message)
        return None

    def _durable_start(self, start: wire.Start) -> object:
        if self.is_full:
            return {"state": "full", "head": 0, "is_new": False}
        if start.cmd_uid in self.forgotten:
            return {"state": "forgotten", "head": 0, "is_new": False}
        known = self.commands.get(start.cmd_uid)
        if known is not None:
            assert known.start.args_digest == start.args_digest
            return {"state": known.state, "head": len(known.records), "is_new": False}
        command = self.commands[start.cmd_uid] = Spooled(start)
        self.spawned.append(start.cmd_uid)
        self.harness.clock.callLater(0, self.script, self, command)
        return {"state": "running", "head": 0, "is_new": True}

    def _resume(self, uid: str, fence: int, acked: int) -> None:
        command = self.commands[uid]
        command.start = msgspec.structs.replace(command.start, fence=fence)
        command.sent = acked
        command.is_detached = False
        self.harness.clock.callLater(0, self._send, command)

    def _forget(self, uid: str) -> None:
        if self.commands.pop(uid, None) is not None:
            self.forgotten.append(uid)

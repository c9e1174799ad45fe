"""A master that speaks the durable extension by a script, and keeps what it is sent as a database would."""

from __future__ import annotations

import secrets
from typing import Any

import msgspec
from twisted.internet.defer import Deferred

from buildmill.common.errors import RemoteError
from buildmill.common.protocol import durable
from buildmill.common.protocol.durable import FINAL, Final, HelloAnswer, Record, Started, decode_final
from buildmill.common.protocol.messages import Request
from tests.integration.worker.wire_master import WireMaster

SECONDS = 40  # generous: the machine may be busy


class DurableMaster(WireMaster):
    """Stores records in order, acknowledges what it stores.

    Attributes:
        stored: per command, all records.
        grant: seconds of lease that a beat is answered with; None: beats are refused.
        rewinds: how often it was sent something out of order.
        is_stale: refuses all records.
        unwanted: commands whose records it does not want.
        holds: records are not answered.
    """

    def __init__(self, reactor: Any) -> None:
        super().__init__(reactor)
        self.stored: dict[str, list[Record]] = {}
        self.grant: float | None = 600.0
        self.rewinds = 0
        self.is_stale = False
        self.unwanted: set[str] = set()
        self.holds = False
        self.repeats = 0
        self.hello: HelloAnswer | None = None
        self.limits = durable.DurableLimits()
        self._held: list[Deferred[object]] = []

    def answer(self, request: Request) -> object:
        match request:
            case durable.Beat():
                return durable.BeatAnswer(n=request.n, grant=self.grant or 0.0)
            case durable.Data():
                if self.is_stale:
                    raise RemoteError("stale")
                if request.cmd_uid in self.unwanted:
                    return durable.DataAnswer(forget=True)
                if self.holds:
                    held: Deferred[object] = Deferred()
                    self._held.append(held)
                    return held
                return self._store(request)
        return None

    def _store(self, request: durable.Data) -> durable.DataAnswer:
        have = self.stored.setdefault(request.cmd_uid, [])
        if request.first > len(have) + 1:
            self.rewinds += 1
            return durable.DataAnswer(acked=len(have), rewind=True)
        new = request.records[len(have) + 1 - request.first :]
        self.repeats += len(request.records) - len(new)
        have += new
        return durable.DataAnswer(acked=len(have))

    # -- what a test does --------------------------------------------------------------

    async def greet(self, *actions: durable.Action, lease: float = 600.0) -> HelloAnswer:
        """Attach a fresh connection, say hello and welcome; what the worker has."""
        listed = await self.say_hello()
        assert self.peer is not None
        await self.peer.call(durable.Welcome(session=listed.session, lease_grant=lease, actions=list(actions)))
        return listed

    async def say_hello(self) -> HelloAnswer:
        info = await self.attach()
        assert info["worker_commands"][durable.DURABLE_EXTENSION] == "1"
        assert self.peer is not None
        answer = await self.peer.call(
            durable.Hello(
                version=1,
                cluster_id="test",
                master_id=1,
                master_boot="b",
                server_time=0.0,
                limits=self.limits,
            )
        )
        self.hello = msgspec.convert(answer, HelloAnswer)
        return self.hello

    def new_uid(self) -> str:
        return f"1.1.1.1.{secrets.token_hex(12)}"

    async def launch(
        self, command: object, *, uid: str | None = None, fence: int = 1, mask: list[str] | None = None, **args: Any
    ) -> str:
        """Start a shell command; its id."""
        uid = uid or self.new_uid()
        started = await self.start_again(uid, command, fence=fence, mask=mask, **args)
        assert started.is_new
        return uid

    async def start_again(
        self,
        uid: str,
        command: object,
        *,
        fence: int = 1,
        mask: list[str] | None = None,
        digest: str = "d" * 32,
        name: str = "shell",
        **args: Any,
    ) -> Started:
        assert self.peer is not None
        given = {"command": command, "workdir": "work", "logEnviron": False, **args}
        answer = await self.peer.call(
            durable.Start(cmd_uid=uid, fence=fence, command_name=name, args=given, args_digest=digest, mask=mask or [])
        )
        return msgspec.convert(answer, Started)

    async def call(self, request: Request) -> object:
        assert self.peer is not None
        return await self.peer.call(request).addTimeout(SECONDS, self._reactor)

    async def final(self, uid: str) -> Final:
        """Wait for the end of a command."""
        await self.until(lambda: self.has_final(uid)).addTimeout(SECONDS, self._reactor)
        return decode_final(self.stored[uid][-1][1])

    async def said(self, uid: str, text: bytes, kind: str = "o") -> None:
        """Wait until a command has said something."""
        await self.until(lambda: text in self.bytes_of(uid, kind)).addTimeout(SECONDS, self._reactor)

    def has_final(self, uid: str) -> bool:
        records = self.stored.get(uid)
        return bool(records and records[-1][0] == FINAL)

    def bytes_of(self, uid: str, kind: str) -> bytes:
        return b"".join(data for found, data, _ in self.stored.get(uid, []) if found == kind)

    def values(self, uid: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for kind, data, _ in self.stored[uid]:
            if kind == "s":
                found |= msgspec.msgpack.decode(data)
        return found

    def kinds(self, uid: str) -> list[str]:
        return [kind for kind, _, _ in self.stored[uid]]

    async def cut(self) -> None:
        """Drop the connection."""
        gone = self.until(lambda: self.current is None)
        self.current.dropConnection(abort=True)
        await gone.addTimeout(SECONDS, self._reactor)

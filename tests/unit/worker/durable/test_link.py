"""Hello, welcome, beats and leases, on a clock that a test moves; no command runs here."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from buildmill.common.errors import Conflict, RemoteError
from buildmill.common.protocol import durable, messages
from buildmill.common.protocol.messages import FROM_WORKER, Request
from buildmill.common.protocol.peer import Peer
from buildmill.worker.commands.base import Host
from buildmill.worker.durable.command import DurableCommand
from buildmill.worker.durable.commands import DurableCommands
from buildmill.worker.durable.link import BEAT_SECONDS, BEAT_TIMEOUT_SECONDS, MUTE_SECONDS
from buildmill.worker.durable.shelf import Shelf
from buildmill.worker.durable.store import State, Store
from buildmill.worker.session import SessionEvents, WorkerSession
from buildmill.worker.spool.layout import read_file, read_lease
from buildmill.worker.spool.meta import FENCE
from buildmill.worker.testing.processes import Script, ScriptedProcesses
from buildmill.worker.threads import NoThreads
from buildmill.worker.workspace import Workspace
from tests.support import async_test

HELLO = durable.Hello(version=1, cluster_id="c", master_id=1, master_boot="b", server_time=0.0)


class House:
    """A worker's durable commands, and as many connections to masters as a test wants."""

    def __init__(self, basedir: Path) -> None:
        self.clock = Clock()
        self.host = Host(
            basedir=str(basedir),
            environ={},
            clock=self.clock,
            threads=NoThreads(),
            processes=ScriptedProcesses(self.clock, lambda _: Script()),
            workspace=Workspace(str(basedir)),
            unique=itertools.count().__next__,
        )
        self.store = Store(str(basedir), self.clock.seconds)
        self.store.open_blocking()
        self.commands = DurableCommands(
            reactor=self.clock, host=self.host, store=self.store, monotonic=self.clock.seconds, boot_id="boot"
        )

    @property
    def lease(self) -> float:
        return read_lease(self.store.layout.lease)


class Line:
    """One connection, seen from the master's end."""

    def __init__(self, house: House) -> None:
        self.requests: list[Request] = []
        self.grant: float | None = 100.0
        self.is_deaf = False
        self.closed = 0
        self.session = WorkerSession(
            send=lambda payload: self.master.received(payload),
            host=house.host,
            describe=self._describe,
            events=SessionEvents(attached=_nothing, shutdown=_nothing, idle=_nothing),
            durable=house.commands,
            close=self._close,
        )
        self.master = Peer(send=self.session.received, handler=self._handle, accepted=FROM_WORKER)

    async def welcome(self, grant: float = 600.0) -> dict[str, Any]:
        told: Any = await self.master.call(HELLO)
        await self.master.call(durable.Welcome(session=told["session"], lease_grant=grant))
        return dict(told)

    @property
    def beats(self) -> list[int]:
        return [request.n for request in self.requests if isinstance(request, durable.Beat)]

    def _handle(self, request: Request) -> object:
        self.requests.append(request)
        if self.is_deaf:
            return Deferred()
        if isinstance(request, durable.Beat):
            if self.grant is None:
                return Deferred()
            return durable.BeatAnswer(n=request.n, grant=self.grant)
        return None

    async def _describe(self) -> Mapping[str, object]:
        return {}

    def _close(self) -> None:
        self.closed += 1


def _nothing() -> None:
    pass


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    Deferred.fromCoroutine(house.commands.stop())


@async_test
async def test_hello_tells_who_is_here_and_welcome_starts_the_lease(house: House) -> None:
    house.clock.advance(50.0)
    await house.commands.before_dial()
    house.clock.advance(3.0)
    line = Line(house)
    told = await line.welcome(grant=600.0)

    assert told["session"] == 1
    assert told["worker_boot"] == "boot"
    assert told["install_id"] == house.store.install_id
    assert told["commands"] == []
    assert house.lease >= 650.0
    await line.session.lost("over")


@async_test
async def test_lease_counts_from_when_the_beat_was_sent(house: House) -> None:
    await house.commands.before_dial()
    line = Line(house)
    await line.welcome(grant=1.0)
    assert (line.beats, house.lease) == ([1], 100.0)
    house.clock.advance(BEAT_SECONDS)
    line.grant = 0.0
    house.clock.advance(BEAT_SECONDS)

    assert line.beats == [1, 2, 3]
    assert house.lease == BEAT_SECONDS + 100.0
    assert line.closed == 0
    await line.session.lost("over")


@async_test
async def test_silent_master_loses_the_connection(house: House) -> None:
    await house.commands.before_dial()
    line = Line(house)
    line.grant = None
    await line.welcome()
    house.clock.advance(BEAT_TIMEOUT_SECONDS - 0.1)
    assert line.closed == 0
    house.clock.advance(0.1)

    assert (line.beats, line.closed) == ([1], 1)
    await line.session.lost("over")


@pytest.mark.parametrize("has_choice", [True, False])
@async_test
async def test_master_that_grants_nothing_is_left_by_who_knows_another(house: House, has_choice: bool) -> None:
    house.commands.has_choice = has_choice
    await house.commands.before_dial()
    line = Line(house)
    await line.welcome()
    house.clock.advance(BEAT_SECONDS)
    assert not line.session.wants_another_master

    line.grant = 0.0
    for _ in range(int(MUTE_SECONDS / BEAT_SECONDS) + 1):
        house.clock.advance(BEAT_SECONDS)

    assert line.closed == has_choice
    assert line.session.wants_another_master == has_choice
    await line.session.lost("over")


@async_test
async def test_older_fence_is_refused_and_a_newer_one_is_on_disk_before_it_is_obeyed(
    house: House, tmp_path: Path
) -> None:
    shelf = Shelf(house.store, house.host.threads, _nothing)
    command = DurableCommand("x", str(tmp_path), fence=2, args_digest="d", state=State.RUNNING)

    with pytest.raises(Conflict, match="1 is older than 2"):
        await shelf.obey(command, 1)
    await shelf.obey(command, 2)
    await shelf.obey(command, 3)

    assert command.fence == int(read_file(str(tmp_path / FENCE))) == 3


@async_test
async def test_only_the_newest_connection_is_obeyed(house: House) -> None:
    await house.commands.before_dial()
    old, new = Line(house), Line(house)
    await old.welcome()
    await new.welcome()

    with pytest.raises(RemoteError, match="newer connection"):
        await old.master.call(durable.Kill(cmd_uid="x", fence=1, why="w"))
    await new.master.call(durable.Kill(cmd_uid="x", fence=1, why="w"))
    await old.session.lost("over")
    await new.master.call(durable.Forget(cmd_uid="x"))
    await new.session.lost("over")


@async_test
async def test_nothing_is_started_without_a_lease(house: House) -> None:
    await house.commands.before_dial()
    line = Line(house)
    start = durable.Start(cmd_uid="x", fence=1, command_name="shell", args={}, args_digest="d")
    with pytest.raises(RemoteError, match="no bm_hello"):
        await line.master.call(start)
    told: Any = await line.master.call(HELLO)

    with pytest.raises(RemoteError, match="bm_welcome"):
        await line.master.call(start)
    with pytest.raises(RemoteError, match="session"):
        await line.master.call(durable.Welcome(session=told["session"] + 1, lease_grant=1.0))
    await line.session.lost("over")


@async_test
async def test_after_a_drain_no_new_command_is_started_on_this_connection(house: House) -> None:
    await house.commands.before_dial()
    line = Line(house)
    await line.welcome()
    await line.master.call(durable.Drain(why="the master stops"))

    start = durable.Start(cmd_uid="x", fence=1, command_name="shell", args={}, args_digest="d")
    assert await line.master.call(start) == {"state": "full", "head": 0, "is_new": False}
    assert await house.commands.list() == []
    await line.session.lost("over")


@async_test
async def test_a_worker_that_stops_says_so_before_it_leaves(house: House) -> None:
    await house.commands.before_dial()
    line = Line(house)
    await line.welcome()

    await line.session.stop_commands()

    assert line.requests[-1] == durable.Drain(why="the worker stops")
    await line.session.lost("over")


@async_test
async def test_a_dead_master_does_not_keep_a_worker_from_stopping(house: House) -> None:
    await house.commands.before_dial()
    line = Line(house)
    await line.welcome()
    line.is_deaf = True

    await line.session.stop_commands()
    await line.session.lost("over")


@async_test
async def test_what_a_stop_interrupts_is_not_told_as_its_result_to_a_master_that_does_it_again(house: House) -> None:
    await house.commands.before_dial()
    line = Line(house)
    await line.welcome()
    shell = {"command": ["make"], "workdir": "build", "env": {}}
    await line.master.call(messages.StartCommand("1", "shell", shell, "b1"))

    stopped = Deferred.fromCoroutine(line.session.stop_commands())
    house.clock.pump([1.0] * 30)

    await stopped
    assert not [request for request in line.requests if isinstance(request, messages.Complete)]
    await line.session.lost("over")

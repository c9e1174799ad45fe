"""Masters in turn, delays, giving up; on a clock, with a pretended network."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from buildmill.worker.connection import (
    ATTACH_SECONDS,
    STOP_SECONDS,
    Backoff,
    ConnectionEvents,
    GaveUp,
    MasterConnection,
)
from buildmill.worker.masters import parse_master


class Session:
    """A session that has nothing to do."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.stopping: Deferred[None] | None = None
        self.wants_another_master = False

    async def lost(self, reason: str) -> None:
        self.calls.append(f"lost: {reason}")

    async def stop_commands(self) -> None:
        self.calls.append("stop")
        if self.stopping is not None:
            await self.stopping


class Network:
    """Remembers the attempts; a test decides what becomes of each."""

    def __init__(self, masters: list[str], max_retries: int | None = None) -> None:
        self.clock = Clock()
        self.attempts: list[str] = []
        self.told: list[str] = []
        self.ended: Deferred[str] = Deferred()
        self.session = Session()
        self.opened: Callable[[Any], Any] = lambda _: None
        self._attached: Callable[[], None] = lambda: None
        self.connection = MasterConnection(
            masters=[parse_master(text) for text in masters],
            dial=self._dial,
            new_session=self._new_session,
            events=ConnectionEvents(
                attached=lambda m: self.told.append(f"attached {m.host}"),
                failed=lambda m, reason: self.told.append(f"failed {m.host}: {reason}"),
            ),
            clock=self.clock,
            backoff=Backoff(Random(1), 60),
            max_retries=max_retries,
        )
        self.done = Deferred.fromCoroutine(self.connection.run())

    def _dial(self, address: Any, opened: Callable[[Any], Any]) -> Deferred[str]:
        self.attempts.append(address.host)
        self.ended, self.opened = Deferred(), opened
        return self.ended

    def _new_session(self, socket: Any, attached: Callable[[], None]) -> Any:
        self._attached = attached
        return self.session

    def open(self) -> None:
        self.opened(self)
        self._attached()

    def close(self) -> None:
        self.ended.callback("closed")

    def refuse(self) -> None:
        self.session.wants_another_master = True


def test_masters_are_tried_in_turn_and_then_there_is_a_pause() -> None:
    network = Network(["a", "b"])

    network.ended.callback("refused")
    assert network.attempts == ["a", "b"]
    network.ended.callback("refused")
    assert network.attempts == ["a", "b"]
    network.clock.advance(1)

    assert network.attempts == ["a", "b", "a"]
    assert network.told == ["failed a: refused", "failed b: refused"]


def test_pauses_grow_to_their_limit_and_differ() -> None:
    backoff, other = Backoff(Random(1), 10), Backoff(Random(2), 10)

    delays = [backoff.delay() for _ in range(20)]

    assert delays != [other.delay() for _ in range(20)]
    assert 0.5 <= delays[0] <= 1
    assert all(5 <= delay <= 10 for delay in delays[10:])
    backoff.reset()
    assert backoff.delay() <= 1


def test_the_master_that_worked_is_tried_again_soon() -> None:
    network = Network(["a", "b"])
    network.ended.callback("refused")
    network.open()

    network.ended.callback("cable")
    network.clock.advance(1)

    assert network.attempts == ["a", "b", "b"]
    assert network.session.calls == ["lost: cable"]
    assert "attached b" in network.told


def test_a_master_that_grants_no_time_is_left_for_the_other_one() -> None:
    network = Network(["a", "b"])
    network.open()

    network.refuse()
    network.ended.callback("it grants nothing")
    network.clock.advance(1)

    assert network.attempts == ["a", "b"]


@pytest.mark.parametrize("masters", [["a", "b"], ["a"]])
def test_only_who_knows_another_master_leaves_one_that_does_not_take_it(masters: list[str]) -> None:
    network = Network(masters)
    network.open()
    network.refuse()

    network.clock.advance(ATTACH_SECONDS)
    assert network.ended.called == (len(masters) > 1)
    network.clock.advance(1)

    assert network.attempts == masters


def test_a_master_that_takes_a_worker_in_time_is_not_left() -> None:
    network = Network(["a", "b"])
    network.open()

    network.clock.advance(10 * ATTACH_SECONDS)

    assert not network.ended.called


def test_it_gives_up_when_it_was_told_to() -> None:
    network = Network(["a"], max_retries=2)
    for _ in range(3):
        network.ended.callback("refused")
        network.clock.advance(60)

    assert network.attempts == ["a", "a", "a"]
    failed: list[Any] = []
    network.done.addErrback(failed.append)
    assert failed[0].type is GaveUp


def test_attempts_are_counted_anew_after_a_success() -> None:
    network = Network(["a"], max_retries=1)
    network.ended.callback("refused")
    network.clock.advance(60)
    network.open()

    network.ended.callback("cable")
    network.clock.advance(60)
    network.ended.callback("refused")
    network.clock.advance(60)

    assert len(network.attempts) == 4
    assert not network.done.called


@pytest.mark.parametrize("is_open", [True, False])
def test_stop_ends_whatever_it_is_doing(is_open: bool) -> None:
    network = Network(["a"])
    if is_open:
        network.open()

    stopped = Deferred.fromCoroutine(network.connection.stop())

    assert stopped.called
    assert network.done.called
    assert ("stop" in network.session.calls) == is_open
    assert network.clock.getDelayedCalls() == []


def test_stop_does_not_wait_for_a_dead_master() -> None:
    network = Network(["a"])
    network.open()
    network.session.stopping = Deferred()

    stopped = Deferred.fromCoroutine(network.connection.stop())
    network.clock.advance(STOP_SECONDS)

    assert stopped.called
    assert network.done.called


def test_stop_ends_a_pause() -> None:
    network = Network(["a"])
    network.ended.callback("refused")

    Deferred.fromCoroutine(network.connection.stop())

    assert network.done.called
    assert network.clock.getDelayedCalls() == []

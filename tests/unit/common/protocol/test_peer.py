"""Peers: calling, being called, limits, and the end of a connection."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, cast

import msgpack
import pytest
from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import ILogObserver, LogEvent, globalLogPublisher
from twisted.python.failure import Failure

from buildmill.common.errors import ConnectionLost, InvalidInput, NotFound, ProtocolError, RemoteError
from buildmill.common.protocol import (
    FROM_WORKER,
    Limits,
    Peer,
    Print,
    ReadFile,
    Request,
    Update,
    encode_request,
    encode_response,
)
from tests.leftovers import FailureLog
from tests.support import async_test


class Wire:
    """Both ends of a connection in memory; a payload travels when `deliver` is called."""

    def __init__(
        self,
        answer: Callable[[Request], object] = lambda _: None,
        ask: Callable[[Request], object] = lambda _: None,
        limits: Limits | None = None,
    ) -> None:
        self.to_far: list[bytes] = []
        self.to_near: list[bytes] = []
        self.pauses: list[str] = []
        self.near = Peer(send=self.to_far.append, handler=ask, limits=limits or Limits())
        self.far = Peer(
            send=self.to_near.append,
            handler=answer,
            limits=limits or Limits(),
            pause=lambda: self.pauses.append("pause"),
            resume=lambda: self.pauses.append("resume"),
        )

    def deliver(self) -> None:
        while self.to_far or self.to_near:
            if self.to_far:
                self.far.received(self.to_far.pop(0))
            if self.to_near:
                self.near.received(self.to_near.pop(0))


def outcome(deferred: Deferred[Any]) -> list[Any]:
    got: list[Any] = []
    deferred.addBoth(lambda result: got.append(result.value if isinstance(result, Failure) else result))
    return got


@pytest.fixture
def logged() -> Iterator[list[LogEvent]]:
    events: list[LogEvent] = []
    observer = cast("ILogObserver", events.append)  # any callable is one
    globalLogPublisher.addObserver(observer)
    yield events
    globalLogPublisher.removeObserver(observer)


@async_test
async def test_a_call_returns_what_the_other_side_answers() -> None:
    heard = []

    def answer(message: Request) -> object:
        heard.append(message)
        return b"data"

    wire = Wire(answer)
    call = wire.near.call(ReadFile("1", 4))
    assert wire.near.outstanding == 1

    wire.deliver()

    assert await call == b"data"
    assert heard == [ReadFile("1", 4)]
    assert wire.near.outstanding == 0


def test_answers_find_their_calls_in_any_order() -> None:
    results: dict[str, Deferred[str]] = {"a": Deferred(), "b": Deferred()}
    wire = Wire(lambda message: results[message.message] if isinstance(message, Print) else None)
    first, second = outcome(wire.near.call(Print("a"))), outcome(wire.near.call(Print("b")))
    wire.deliver()

    results["b"].callback("B")
    wire.deliver()
    assert (first, second) == ([], ["B"])
    results["a"].callback("A")
    wire.deliver()

    assert (first, second) == (["A"], ["B"])


def test_a_coroutine_may_answer() -> None:
    gate: Deferred[None] = Deferred()

    async def answer(_: Request) -> int:
        await gate
        return 5

    wire = Wire(answer)
    got = outcome(wire.near.call(Print("a")))
    wire.deliver()
    assert got == []

    gate.callback(None)
    wire.deliver()

    assert got == [5]


def test_an_expected_error_reaches_the_caller_and_no_log(logged: list[LogEvent]) -> None:
    def answer(_: Request) -> object:
        raise NotFound("no such thing")

    wire = Wire(answer)
    got = outcome(wire.near.call(Print("a")))
    wire.deliver()

    assert isinstance(got[0], RemoteError)
    assert str(got[0]) == "no such thing"
    assert logged == []


@pytest.mark.parametrize("is_async", [False, True])
def test_a_bug_in_a_handler_is_logged_and_answered(is_async: bool, logged_failures: FailureLog) -> None:
    def answer(_: Request) -> object:
        raise ZeroDivisionError("oops")

    async def answer_late(message: Request) -> object:
        return answer(message)

    wire = Wire(answer_late if is_async else answer)
    got = outcome(wire.near.call(Print("a")))
    wire.deliver()

    assert isinstance(got[0], RemoteError)
    assert str(got[0]) == "oops"
    assert len(logged_failures.flush(ZeroDivisionError)) == 1


def test_a_result_that_cannot_be_sent_is_an_error_at_the_caller() -> None:
    wire = Wire(lambda _: "\ud800")
    got = outcome(wire.near.call(Print("a")))
    wire.deliver()

    assert "cannot be sent" in str(got[0])


def test_a_call_that_cannot_be_sent_fails_and_leaves_nothing_behind() -> None:
    wire = Wire(limits=Limits(message_bytes=1024))

    got = [*outcome(wire.near.call(Print("\ud800"))), *outcome(wire.near.call(Print("x" * 1024)))]

    assert [type(error) for error in got] == [InvalidInput, InvalidInput]
    assert wire.near.outstanding == 0
    assert wire.to_far == []


def test_a_result_over_the_limit_is_an_error_at_the_caller() -> None:
    wire = Wire(lambda _: "x" * 2000, limits=Limits(message_bytes=1024))
    got = outcome(wire.near.call(Print("a")))
    wire.deliver()

    assert "too long" in str(got[0])


def test_what_does_not_exist_is_refused() -> None:
    sent: list[bytes] = []
    peer = Peer(send=sent.append, handler=lambda _: None, accepted=FROM_WORKER)

    peer.received(encode_request(9, Print("a")))

    assert msgpack.unpackb(sent[0]) == {
        "op": "response",
        "seq_number": 9,
        "result": "Command print does not exist.",
        "is_exception": True,
    }


def test_what_cannot_be_answered_is_logged(logged: list[LogEvent]) -> None:
    wire = Wire()

    wire.far.received(msgpack.packb({"x": 1}))

    assert wire.to_near == []
    assert [event["reason"] for event in logged] == ["message without op"]


@pytest.mark.parametrize("payload", [b"\xc1", encode_response(0, None)])
def test_a_broken_message_or_an_answer_to_nothing_passes_to_the_glue(payload: bytes) -> None:
    with pytest.raises(ProtocolError):
        Wire().far.received(payload)


def test_a_handler_may_refuse_the_whole_connection() -> None:
    def answer(_: Request) -> object:
        raise ProtocolError("pairs, please")

    with pytest.raises(ProtocolError):
        Wire(answer).far.received(encode_request(0, Update("1", [1])))


def test_reading_pauses_while_too_much_is_under_way_and_nothing_is_dropped() -> None:
    gates: list[Deferred[None]] = []

    def answer(_: Request) -> object:
        gates.append(Deferred())
        return gates[-1]

    wire = Wire(answer, limits=Limits(unanswered=2))
    calls = [outcome(wire.near.call(Print(str(number)))) for number in range(4)]

    wire.deliver()
    assert wire.pauses == ["pause"]
    assert wire.far.is_paused
    assert len(gates) == 4
    gates[0].callback(None)
    assert wire.pauses == ["pause"]
    gates[3].errback(NotFound("x"))
    assert wire.pauses == ["pause", "resume"]
    assert not wire.far.is_paused
    gates[1].callback(None)
    gates[2].callback(None)
    wire.deliver()

    assert all(len(got) == 1 for got in calls)
    assert wire.pauses == ["pause", "resume"]


def test_a_sender_waits_until_its_requests_are_answered() -> None:
    wire = Wire(limits=Limits(unanswered=2))
    assert outcome(wire.near.drained()) == [None]
    for _ in range(3):
        wire.near.call(Print("x"))

    waiting, given_up = outcome(wire.near.drained()), wire.near.drained()
    given_up.addErrback(lambda failure: failure.trap(CancelledError))
    given_up.cancel()
    wire.far.received(wire.to_far.pop(0))
    wire.near.received(wire.to_near.pop(0))
    assert waiting == []
    wire.deliver()

    assert waiting == [None]


def test_the_end_of_the_connection_ends_every_wait() -> None:
    wire = Wire(limits=Limits(unanswered=1))
    calls = [outcome(wire.near.call(Print("a"))), outcome(wire.near.call(Print("b")))]
    given_up = wire.near.call(Print("c"))
    given_up.addErrback(lambda failure: failure.trap(CancelledError))
    given_up.cancel()
    waiting = outcome(wire.near.drained())

    wire.near.lost("cut")
    wire.near.lost("again")

    later = outcome(wire.near.call(Print("d")))
    assert [type(got[0]) for got in [*calls, later]] == [ConnectionLost] * 3
    assert {str(got[0]) for got in [*calls, later]} == {"cut"}
    assert waiting == [None]
    assert outcome(wire.near.drained()) == [None]
    assert wire.near.is_lost


def test_after_the_end_nothing_is_handled_or_sent() -> None:
    gates: list[Deferred[None]] = []

    def answer(_: Request) -> object:
        gates.append(Deferred())
        return gates[-1]

    wire = Wire(answer)
    for _ in range(2):
        wire.near.call(Print("a")).addErrback(lambda _: None)
    wire.deliver()
    wire.far.lost("cut")

    gates[0].callback(None)
    gates[1].errback(NotFound("x"))
    wire.far.received(b"\xc1")

    assert wire.to_near == []


def test_an_answer_after_giving_up_is_taken_quietly() -> None:
    wire = Wire()
    call = wire.near.call(Print("a"))
    call.addErrback(lambda failure: failure.trap(CancelledError))
    call.cancel()

    wire.deliver()

    assert wire.near.outstanding == 0

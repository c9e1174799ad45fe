"""Reading: a question that takes long holds up as few others as possible."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import make_url
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock

from buildmill.master.db.database import Database
from buildmill.master.db.engine import create_engine
from buildmill.master.db.lanes import InlineLane, Lanes
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.allowance import Allowance


class HeldLane:
    """Does nothing until it is told."""

    def __init__(self) -> None:
        self.held: list[tuple[Callable[[], Any], Callable[[Any], None]]] = []

    def run(self, work: Callable[[], Any], done: Callable[[Any], None]) -> None:
        self.held.append((work, done))

    def go_on(self) -> None:
        work, done = self.held.pop(0)
        done(work())

    def stop(self) -> Deferred[None]:
        return succeed(None)


def one(connection: Connection) -> Any:
    return connection.sql.scalar(sa.text("SELECT 1"))


def test_a_question_goes_to_the_reader_that_has_least_to_do() -> None:
    clock, lanes = Clock(), [HeldLane(), HeldLane()]
    engine = create_engine(make_url("sqlite://"))
    database = Database(
        engine, engine, writer_lane=InlineLane(clock), reader_lanes=lanes, clock=clock, publish=lambda _: None
    )

    answers = [database.read(one) for _ in range(4)]
    assert [len(lane.held) for lane in lanes] == [2, 2]

    # one of them is held up by a long question; the other one goes on
    lanes[0].go_on()
    lanes[0].go_on()
    answers += [database.read(one) for _ in range(2)]

    assert [len(lane.held) for lane in lanes] == [2, 2]
    for lane in lanes:
        while lane.held:
            lane.go_on()
    found: list[Any] = []
    for answer in answers:
        answer.addCallback(found.append)
    assert found == [1] * 6
    engine.dispose()


def test_what_a_question_took_is_noted() -> None:
    clock, lane = Clock(), HeldLane()
    engine = create_engine(make_url("sqlite://"))
    database = Database(
        engine, engine, writer_lane=InlineLane(clock), reader_lanes=[lane], clock=clock, publish=lambda _: None,
        monotonic=clock.seconds,
    )  # fmt: skip
    allowance = Allowance()

    def slow(connection: Connection) -> Any:
        clock.advance(2)
        return one(connection)

    answer = database.ask(allowance, slow)
    clock.advance(100)  # what it waits for others does not count
    lane.go_on()

    found: list[Any] = []
    answer.addCallback(found.append)
    assert (found, allowance.spent) == ([1], 2.0)
    engine.dispose()


def test_a_lane_that_fails_is_free_again() -> None:
    held = HeldLane()
    lanes = Lanes([held])

    def wrong(_lane: int) -> None:
        raise ValueError("wrong")

    answers: list[Deferred[Any]] = [lanes.run(wrong), lanes.run(lambda lane: lane)]
    found: list[Any] = []
    for answer in answers:
        answer.addBoth(found.append)
    held.go_on()
    held.go_on()

    failure, number = found
    assert failure.check(ValueError)
    assert number == 0

"""Answers that cost something: asked for once, given to all, good for a moment."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock

from buildmill.common.errors import Conflict, Unavailable
from buildmill.master.data.recent import Recent


class Source:
    """Gives answers when it is told to."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.recent: Recent[str, str] = Recent(self.clock, 1.0, 2)
        self.asked: list[Deferred[str]] = []

    async def _ask(self) -> str:
        self.asked.append(Deferred())
        return await self.asked[-1]

    def get(self, key: str) -> list[Any]:
        found: list[Any] = []
        self.last = Deferred.fromCoroutine(self.recent.get(key, self._ask))
        self.last.addBoth(found.append)
        return found


def test_all_who_wait_get_one_answer_which_is_good_for_a_second() -> None:
    source = Source()
    waiting = [source.get("a") for _ in range(3)]
    source.asked[0].callback("first")

    assert waiting == [["first"]] * 3
    source.clock.advance(0.9)
    assert source.get("a") == ["first"]
    source.clock.advance(0.2)
    assert source.get("a") == []
    assert len(source.asked) == 2


def test_who_leaves_takes_the_answer_from_nobody() -> None:
    source = Source()
    first = source.get("a")
    leaving = source.last
    second = source.get("a")

    leaving.cancel()
    source.asked[0].callback("found")

    assert first[0].check(CancelledError)
    assert second == ["found"]


def test_a_failure_is_everybody_s_and_is_not_kept() -> None:
    source = Source()
    waiting = [source.get("a"), source.get("a")]
    source.asked[0].errback(Conflict("no"))

    assert all(found[0].check(Conflict) for found in waiting)
    assert source.get("a") == []


def test_only_so_many_are_asked_for_at_a_time() -> None:
    source = Source()
    source.get("a")
    source.get("b")

    (refused,) = source.get("c")

    assert refused.check(Unavailable)
    with pytest.raises(Unavailable, match="too many questions"):
        refused.raiseException()
    source.asked[0].callback("x")
    assert source.get("c") == []

"""Events for those who do not get to everything: in order, each asked about, none that nobody can place."""

from __future__ import annotations

import pytest
from twisted.internet.defer import Deferred

from buildmill.common.errors import Unavailable
from buildmill.master.domain.events import Event
from buildmill.master.domain.projects import Reach
from buildmill.master.mq.bus import SimpleBus
from buildmill.master.web.sieve import Sieve
from buildmill.master.web.told import Told

PART = Reach(frozenset({"secret"}))


class Asked:
    """Answers when a test says so."""

    def __init__(self) -> None:
        self.waiting: list[tuple[str, Deferred[bool]]] = []

    def __call__(self, reach: Reach, family: str, id_: str) -> Deferred[bool]:
        assert reach == PART
        self.waiting.append((f"{family}/{id_}", Deferred()))
        return self.waiting[-1][1]

    def answer(self, verdict: bool) -> str:
        what, deferred = self.waiting.pop(0)
        deferred.callback(verdict)
        return what


class Ear:
    waiting_bytes = 0
    reach = PART

    def __init__(self) -> None:
        self.patterns: set[str] = set()
        self.heard: list[str] = []
        self.is_ended = False

    def hear(self, told: Told) -> None:
        self.heard.append(told.id)

    def is_too_slow(self) -> None:
        self.is_ended = True


def told(id_: str, *key: str) -> Told:
    return Told(Event((key,), {"about": "x" * 50}), key, id_)


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
def bus() -> SimpleBus:
    return SimpleBus()


@pytest.fixture
def sieve(asked: Asked, bus: SimpleBus) -> Sieve:
    return Sieve(bus, asked, 1000)


def test_events_come_in_their_order_without_those_out_of_reach(sieve: Sieve, asked: Asked) -> None:
    ear = Ear()
    for number in range(1, 4):
        sieve.tell(ear, told(str(number), "builds", str(number), "new"))

    assert [asked.answer(verdict) for verdict in (True, False, True)] == ["builds/1", "builds/2", "builds/3"]
    assert ear.heard == ["1", "3"]


def test_what_is_known_of_a_build_is_not_asked_again_until_builders_change(
    sieve: Sieve, asked: Asked, bus: SimpleBus
) -> None:
    ear = Ear()
    sieve.tell(ear, told("1", "builds", "1", "new"))
    asked.answer(True)
    sieve.tell(ear, told("2", "builds", "1", "finished"))
    known = ear.heard.copy()

    bus.publish([Event((("builders", "1", "updated"),), {})])
    sieve.tell(ear, told("3", "builds", "1", "update"))

    assert known == ["1", "2"]
    assert asked.answer(False) == "builds/1"
    assert ear.heard == ["1", "2"]


def test_a_request_is_asked_about_each_time(sieve: Sieve, asked: Asked) -> None:
    ear = Ear()
    for id_ in ("1", "2"):
        sieve.tell(ear, told(id_, "buildsets", "1", "new"))
        asked.answer(True)

    assert ear.heard == ["1", "2"]


def test_a_client_for_which_too_much_waits_is_ended(sieve: Sieve, asked: Asked) -> None:
    ear = Ear()
    for number in range(20):
        sieve.tell(ear, told(str(number), "builds", "1", "new"))

    assert ear.is_ended
    asked.answer(True)
    assert ear.heard == []


def test_a_client_that_has_left_hears_nothing_more(sieve: Sieve, asked: Asked) -> None:
    ear = Ear()
    sieve.tell(ear, told("1", "builds", "1", "new"))

    sieve.forget(ear)
    asked.answer(True)

    assert ear.heard == []


def test_a_client_is_ended_when_nobody_can_tell(sieve: Sieve, asked: Asked) -> None:
    ear = Ear()
    sieve.tell(ear, told("1", "builds", "1", "new"))

    asked.waiting.pop()[1].errback(Unavailable("the database is away"))

    assert (ear.is_ended, ear.heard) == (True, [])


@pytest.mark.parametrize(
    ("keys", "subject"),
    [
        ((("builders", "3", "builds", "7", "new"), ("builds", "12", "new")), ("builds", "12")),
        ((("builds", "12", "properties", "update"),), ("builds", "12")),
        ((("builds", "12", "steps", "4", "new"), ("steps", "4", "new")), ("steps", "4")),
        ((("control", "builds", "12", "stop"),), ("control", "builds")),
    ],
)
def test_an_event_is_about_what_its_shortest_key_names(
    keys: tuple[tuple[str, ...], ...], subject: tuple[str, str]
) -> None:
    assert Told(Event(keys, {}), keys[0], "1").subject == subject

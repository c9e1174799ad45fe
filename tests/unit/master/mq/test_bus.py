from __future__ import annotations

import pytest

from buildmill.master.domain.events import Event, Key
from buildmill.master.mq.bus import SimpleBus
from tests.leftovers import FailureLog


def event(*keys: Key) -> Event:
    return Event(keys, {"text": "/".join(keys[0])})


def test_a_subscription_hears_the_keys_that_match_its_pattern() -> None:
    bus, heard = SimpleBus(), list[Key]()
    bus.subscribe(("builds", None, "new"), lambda key, _: heard.append(key))

    bus.publish([event(("builds", "1", "new"), ("workers", "7", "builds", "1", "new")), event(("builds", "1", "end"))])
    bus.publish([event(("steps", "1", "new")), event(("builds", "2", "new"))])

    assert heard == [("builds", "1", "new"), ("builds", "2", "new")]


def test_a_pattern_may_leave_its_first_element_open() -> None:
    bus, heard = SimpleBus(), list[Key]()
    subscription = bus.subscribe((None, None, "new"), lambda key, _: heard.append(key))
    bus.subscribe(("builds", None, "new"), lambda key, _: None)

    bus.publish([event(("builds", "1", "new")), event(("steps", "1", "new")), event(("a", "b", "c", "new"))])
    subscription.cancel()
    bus.publish([event(("steps", "2", "new"))])

    assert heard == [("builds", "1", "new"), ("steps", "1", "new")]


def test_an_empty_pattern_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one element"):
        SimpleBus().subscribe((), lambda key, event: None)


def test_a_failing_subscriber_harms_no_other(logged_failures: FailureLog) -> None:
    bus, heard = SimpleBus(), list[Key]()

    def fail(_key: Key, _event: Event) -> None:
        raise LookupError("a bug")

    bus.subscribe(("builds",), fail)
    bus.subscribe(("builds",), lambda key, _: heard.append(key))

    bus.publish([event(("builds",))])

    assert heard == [("builds",)]
    assert len(logged_failures.flush(LookupError)) == 1


def test_a_cancelled_subscription_hears_nothing_even_of_the_present_event() -> None:
    bus, heard = SimpleBus(), list[str]()

    def first(_key: Key, _event: Event) -> None:
        heard.append("first")
        second.cancel()

    bus.subscribe(("builds",), first)
    second = bus.subscribe(("builds",), lambda key, _: heard.append("second"))

    bus.publish([event(("builds",))])
    second.cancel()

    assert heard == ["first"]


def test_what_a_subscriber_publishes_comes_after_the_present_event_for_all() -> None:
    bus, heard = SimpleBus(), list[tuple[str, int]]()

    def answer(_key: Key, _event: Event) -> None:
        bus.publish([event(("answers",))])

    bus.subscribe(("questions",), answer)
    bus.subscribe(("questions",), lambda key, _: heard.append((key[0], bus.sequence)))
    bus.subscribe(("answers",), lambda key, _: heard.append((key[0], bus.sequence)))

    bus.publish([event(("questions",)), event(("questions",))])

    assert heard == [("questions", 1), ("questions", 2), ("answers", 3), ("answers", 4)]


def test_a_tap_gets_each_event_once_after_its_subscribers(logged_failures: FailureLog) -> None:
    bus, heard = SimpleBus(), list[str]()

    def fail(_event: Event) -> None:
        raise LookupError("a bug")

    bus.tap(fail)
    tap = bus.tap(lambda event: heard.append(f"tap {bus.sequence}"))
    bus.subscribe(("builds", None), lambda key, _: heard.append(key[1]))

    bus.publish([event(("builds", "1"), ("builds", "2"))])
    tap.cancel()
    tap.cancel()
    bus.publish([event(("steps",))])

    assert heard == ["1", "2", "tap 1"]
    assert len(logged_failures.flush(LookupError)) == 2

"""Where a client of events goes on, connection after connection."""

from __future__ import annotations

from random import Random

import pytest

from buildmill.client.errors import UnexpectedAnswer
from buildmill.client.events import Blocks, Delays, Event, Progress, Reread, StreamEvents
from buildmill.client.resources import Master

NEW, OTHER = ("builds", "1", "new"), ("builders", "1", "builds", "1", "new")


def test_after_a_break_the_client_goes_on_after_the_last_event_that_was_whole() -> None:
    progress = Progress()
    progress.connected("e-5")
    assert progress.since == "e-5"

    assert progress.is_news("e-6", NEW)
    assert progress.since == "e-5"  # more of the sixth may come

    assert progress.is_news("e-7", NEW)
    assert progress.since == "e-6"


def test_what_is_told_again_after_a_break_is_no_news_and_what_was_missing_is() -> None:
    progress = Progress()
    progress.connected("e-5")
    progress.is_news("e-6", NEW)

    progress.connected("e-9")  # it goes on after e-5

    assert progress.since == "e-5"
    assert [progress.is_news("e-6", key) for key in (NEW, OTHER)] == [False, True]
    assert [progress.is_news("e-7", key) for key in (NEW, OTHER)] == [True, True]


def test_an_event_under_one_key_twice_is_told_twice_and_not_more() -> None:
    progress = Progress()
    progress.connected("e-5")
    assert [progress.is_news("e-6", NEW) for _ in range(2)] == [True, True]

    progress.connected("e-9")

    assert [progress.is_news("e-6", NEW) for _ in range(3)] == [False, False, True]


def test_after_a_loss_the_client_goes_on_where_the_master_says() -> None:
    progress = Progress("old-5")
    progress.connected("new-0")
    assert progress.since == "old-5"

    progress.lost("new-0")

    assert progress.since == "new-0"
    assert progress.is_news("new-1", NEW)


def test_a_stream_is_cut_at_its_blank_lines_wherever_it_is_split() -> None:
    stream = (
        b"event: handshake\ndata: u-1\nid: e-1\n\n:\n\nevent: event\n"
        b'data: {"key":["builds","1","new"],"message":{"a":1}}\n'
        b'id: e-2\n\nevent: reread\ndata: {"reason":"slow"}\nid: e-9\n\n'
    )

    for size in (1, 7, len(stream)):
        progress, blocks = Progress(), Blocks()
        meaning = StreamEvents(progress)
        parts = [stream[at : at + size] for at in range(0, len(stream), size)]
        heard = [meaning.heard(block) for part in parts for block in blocks.feed(part)]

        assert heard == [None, Event("e-2", NEW, {"a": 1}), Reread("slow")]
        assert progress.since == "e-9"


def test_a_message_becomes_its_resource_or_an_error_that_names_the_field() -> None:
    whole = Event("1", ("masters", "1", "x"), {"active": True, "last_active": 3, "masterid": 1, "name": "m", "new": 1})

    assert whole.resource(Master) == Master(active=True, last_active=3, masterid=1, name="m")
    with pytest.raises(UnexpectedAnswer, match=r"masters/1/x.*active"):
        Event("1", ("masters", "1", "x"), {}).resource(Master)


def test_waits_grow_to_a_limit_and_begin_anew() -> None:
    delays = Delays(Random(1))
    waits = [delays.next() for _ in range(20)]
    delays.reset()

    assert waits[0] <= 0.5
    assert 15 <= waits[-1] <= 30
    assert delays.next() <= 0.5

from __future__ import annotations

import pytest
from twisted.internet.defer import CancelledError, Deferred

from buildmill.master.domain.events import Event
from buildmill.master.mq.bus import SimpleBus
from buildmill.master.mq.queue import Delivery, EventQueue, Overrun
from tests.support import async_test


def event(number: int, size: int = 0) -> Event:
    return Event((("builds", str(number), "new"), ("all", str(number))), "x" * size)


@async_test
async def test_events_come_in_order_with_their_numbers() -> None:
    bus = SimpleBus()
    queue = EventQueue(bus)
    bus.publish([event(1)])
    queue.listen(("builds", None, "new"))
    two, three = event(2), event(3)

    bus.publish([two, three])

    assert await anext(queue) == Delivery(2, ("builds", "2", "new"), two)
    assert await anext(queue) == Delivery(3, ("builds", "3", "new"), three)
    assert (len(queue), queue.byte_count) == (0, 0)


@async_test
async def test_a_waiting_consumer_is_woken_by_the_next_event() -> None:
    bus = SimpleBus()
    queue = EventQueue(bus)
    queue.listen(("builds", None, "new"))
    got = Deferred.fromCoroutine(anext_of(queue))
    assert not got.called

    bus.publish([event(1)])

    assert (await got).sequence == 1


@async_test
async def test_a_consumer_that_is_too_slow_is_cut_off_and_told_how_much_it_lost() -> None:
    bus = SimpleBus()
    queue = EventQueue(bus, max_events=3)
    queue.listen(("builds", None, "new"))
    bus.publish([event(0)])
    await anext(queue)

    bus.publish(event(n) for n in range(1, 10))

    assert (len(queue), queue.byte_count) == (0, 0)
    with pytest.raises(Overrun, match="4 events from number 2 on") as error:
        await anext(queue)
    assert (error.value.lost, error.value.sequence) == (4, 2)
    with pytest.raises(Overrun):
        await anext(queue)
    with pytest.raises(Overrun):
        queue.listen(("builds", None, "new"))


@async_test
async def test_the_limit_in_bytes_counts_what_waits() -> None:
    bus = SimpleBus()
    queue = EventQueue(bus, max_bytes=1000)
    queue.listen(("builds", None, "new"))
    for number in range(10):
        bus.publish([event(number, 900)])
        await anext(queue)
    bus.publish([event(10, 900)])
    assert queue.byte_count == 902

    bus.publish([event(11, 97)])

    with pytest.raises(Overrun) as error:
        await anext(queue)
    assert (error.value.lost, error.value.sequence) == (2, 11)


@async_test
async def test_without_a_limit_in_bytes_messages_are_not_encoded() -> None:
    bus = SimpleBus()
    queue = EventQueue(bus, max_bytes=None)
    queue.listen(("builds", None, "new"))
    cannot_be_encoded = Event((("builds", "1", "new"),), object())

    bus.publish([cannot_be_encoded])

    assert (await anext(queue)).event is cannot_be_encoded


@async_test
async def test_an_event_lost_under_two_keys_counts_once() -> None:
    bus = SimpleBus()
    queue = EventQueue(bus, max_events=3)
    queue.listen(("builds", None, "new"))
    queue.listen(("all", None))

    bus.publish([event(1), event(2)])

    with pytest.raises(Overrun) as error:
        await anext(queue)
    assert (error.value.lost, error.value.sequence) == (2, 1)


@async_test
async def test_a_slow_consumer_does_not_cut_off_another() -> None:
    bus = SimpleBus()
    slow, quick = EventQueue(bus, max_events=1), EventQueue(bus)
    slow.listen(("all", None))
    quick.listen(("all", None))

    bus.publish([event(1), event(2)])

    assert [(await anext(quick)).sequence, (await anext(quick)).sequence] == [1, 2]
    with pytest.raises(Overrun):
        await anext(slow)


@async_test
async def test_closing_ends_the_loop_of_a_waiting_consumer() -> None:
    bus = SimpleBus()
    queue = EventQueue(bus)
    queue.listen(("all", None))

    async def consume() -> list[int]:
        return [delivery.sequence async for delivery in queue]

    consumer = Deferred.fromCoroutine(consume())
    bus.publish([event(1)])
    queue.close()
    queue.close()
    bus.publish([event(2)])

    assert await consumer == [1]


@async_test
async def test_a_cancelled_subscription_is_heard_no_more() -> None:
    bus = SimpleBus()
    queue = EventQueue(bus)
    queue.listen(("all", None)).cancel()
    queue.listen(("builds", None, "new"))

    bus.publish([event(1)])

    assert (await anext(queue)).key == ("builds", "1", "new")
    assert len(queue) == 0


@async_test
async def test_a_cancelled_consumer_leaves_the_queue_usable() -> None:
    bus = SimpleBus()
    queue = EventQueue(bus)
    queue.listen(("all", None))
    got = Deferred.fromCoroutine(anext_of(queue))

    got.cancel()
    with pytest.raises(CancelledError):
        await got
    bus.publish([event(1)])

    assert (await anext(queue)).sequence == 1


@async_test
async def test_a_second_consumer_is_a_mistake() -> None:
    queue = EventQueue(SimpleBus())
    got = Deferred.fromCoroutine(anext_of(queue))

    with pytest.raises(RuntimeError, match="one consumer"):
        await anext(queue)
    queue.close()
    with pytest.raises(StopAsyncIteration):
        await got
    with pytest.raises(ValueError, match="closed"):
        queue.listen(("all", None))


async def anext_of(queue: EventQueue) -> Delivery:
    return await anext(queue)

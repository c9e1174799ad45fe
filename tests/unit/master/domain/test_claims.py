"""Which request goes where, and why the others wait."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildmill.master.domain.claims import Because, Queue, Reason, Waiting, WorkerSlot

NOW = 100.0


def no_obstacle(_builder: int, _slot: WorkerSlot) -> Reason | None:
    return None


def worker(number: int, **state: object) -> WorkerSlot:
    """A connected worker with room for one build."""
    values: dict[str, object] = {"max_builds": 1, "is_connected": True, **state}
    return WorkerSlot(number, f"w{number}", **values)  # type: ignore[arg-type]  # only names of its fields are used


def queue_of(*requests: Waiting, workers: tuple[WorkerSlot, ...] = (worker(1),), builders: int = 1) -> Queue:
    queue = Queue()
    queue.workers = {slot.worker_id: slot for slot in workers}
    for builder in range(1, builders + 1):
        queue.set_builder(builder, f"b{builder}", [slot.worker_id for slot in workers])
    for request in requests:
        queue.add(request)
    return queue


def wait(request: int, builder: int = 1, priority: int = 0) -> Waiting:
    return Waiting(request, builder, priority, 0)


def order(queue: Queue) -> list[int]:
    """The ids in which the queue would give its requests to a worker that is always free."""
    given_out: list[int] = []
    while (builder := next(iter(queue.builders_in_order(NOW)), None)) is not None:
        first = queue.first(builder)
        assert first is not None
        given_out.append(first.request_id)
        queue.remove(first.request_id)
    return given_out


def kinds(reasons: list[Reason] | None) -> list[Because]:
    assert reasons is not None
    return [reason.kind for reason in reasons]


def test_higher_priority_goes_first_then_the_older_request() -> None:
    queue = queue_of(wait(1), wait(2, builder=2, priority=5), wait(3, builder=2), wait(4), builders=2)

    assert order(queue) == [2, 1, 3, 4]


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(-2, 2)), max_size=40), st.data())
def test_any_sequence_of_changes_gives_the_order_of_a_sorted_list(
    requests: list[tuple[int, int]], data: st.DataObject
) -> None:
    queue = queue_of(builders=5)
    model: dict[int, Waiting] = {}
    for number, (builder, priority) in enumerate(requests):
        model[number] = wait(number, builder, priority)
        queue.add(model[number])
        is_changed: bool = data.draw(st.booleans())
        if is_changed:
            chosen = data.draw(st.sampled_from(sorted(model)))
            is_removed: bool = data.draw(st.booleans())
            if is_removed:
                queue.remove(chosen)
                del model[chosen]
            else:
                model[chosen] = wait(chosen, model[chosen].builder_id, data.draw(st.integers(-2, 2)))
                queue.add(model[chosen])
            list(queue.builders_in_order(NOW))

    assert order(queue) == [w.request_id for w in sorted(model.values(), key=lambda w: w.rank)]


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ({"is_connected": False}, Because.OFFLINE),
        ({"is_paused": True}, Because.PAUSED),
        ({"is_paused": True, "pause_reason": "new disk"}, Because.PAUSED),
        ({"is_graceful": True}, Because.GRACEFUL),
        ({"quarantined_until": NOW + 10}, Because.QUARANTINED),
        ({"running": {7: 9}}, Because.BUSY),
        ({"running": {7: 9, 8: 9}, "max_builds": 2}, Because.BUSY),
        ({"running": {7: 1}, "max_builds": 2}, Because.BUSY),
    ],
)
def test_worker_that_takes_nothing_says_why(state: dict[str, object], kind: Because) -> None:
    slot = worker(1, **state)
    queue = queue_of(wait(1), workers=(slot,))

    assert list(queue.builders_in_order(NOW)) == []
    assert queue.free_workers(1, NOW) == []
    assert kinds(queue.explain(1, NOW, no_obstacle)) == [kind]


def test_worker_without_a_limit_is_never_busy() -> None:
    assert worker(1, max_builds=None, running=dict.fromkeys(range(50), 9)).refusal(1, NOW) is None


def test_reason_of_a_paused_worker_is_told() -> None:
    refusal = worker(1, is_paused=True, pause_reason="new disk").refusal(1, NOW)

    assert refusal is not None
    assert refusal.text == "worker w1 is paused: new disk"


def test_builder_whose_workers_are_busy_does_not_hold_up_others() -> None:
    queue = queue_of(wait(1), wait(2, builder=2), workers=(worker(1, running={9: 9}), worker(2)), builders=0)
    queue.set_builder(1, "b1", [1])
    queue.set_builder(2, "b2", [2])

    assert list(queue.builders_in_order(NOW)) == [2]


def test_builders_that_were_passed_are_left_out() -> None:
    queue = queue_of(wait(1), wait(2, builder=2), builders=2)

    assert list(queue.builders_in_order(NOW, passed=[1])) == [2]
    assert list(queue.builders_in_order(NOW)) == [1, 2]


def test_request_of_an_unknown_builder_waits_until_the_builder_is_there() -> None:
    queue = queue_of(wait(1, builder=3))

    assert list(queue.builders_in_order(NOW)) == []
    assert kinds(queue.explain(1, NOW, no_obstacle)) == [Because.NO_WORKER]

    queue.set_builder(3, "b3", [1])

    assert order(queue) == [1]


def test_builder_that_is_gone_is_given_nothing() -> None:
    queue = queue_of(wait(1))

    queue.remove_builder(1)

    assert list(queue.builders_in_order(NOW)) == []
    assert queue.remove(1) == wait(1)
    assert queue.remove(1) is None


def test_builder_can_get_other_workers() -> None:
    queue = queue_of(wait(1), workers=(worker(1), worker(2)))

    queue.set_builder(1, "b1", [2, 99])

    assert [slot.name for slot in queue.free_workers(1, NOW)] == ["w2"]
    assert queue.explain(1, NOW, no_obstacle) == []


def test_held_request_waits_whatever_is_free_and_goes_on_when_released() -> None:
    queue = queue_of(wait(1), wait(2))
    queue.hold(wait(1), "its last attempt may still run")

    assert order(queue) == [2]
    assert kinds(queue.explain(1, NOW, no_obstacle)) == [Because.HELD]
    assert len(queue) == 1

    queue.add(wait(1, priority=3))  # told again, as one that is waiting: still held
    assert order(queue) == []
    queue.release(1)
    queue.release(1)

    assert order(queue) == [1]


def test_held_request_can_be_cancelled() -> None:
    queue = queue_of()
    queue.hold(wait(1), "why")

    assert queue.remove(1) == wait(1)
    assert len(queue) == 0


def test_explanation_counts_those_ahead_and_names_obstacles() -> None:
    queue = queue_of(wait(1), wait(2), wait(3))
    lock = Reason(Because.LOCK, "lock db is held", "w1")

    assert kinds(queue.explain(3, NOW, lambda _b, _s: lock)) == [Because.BEHIND, Because.LOCK]
    assert queue.explain(3, NOW, no_obstacle)[0].text == "2 requests of its builder go first"  # type: ignore[index]  # not None
    assert queue.explain(2, NOW, no_obstacle)[0].text == "1 request of its builder go first"  # type: ignore[index]  # not None
    assert queue.explain(99, NOW, no_obstacle) is None


def test_waiting_requests_of_a_builder_are_listed_best_first() -> None:
    queue = queue_of(wait(1), wait(2, priority=1), wait(3, builder=2), builders=2)

    assert [w.request_id for w in queue.waiting_for(1)] == [2, 1]


def test_what_nobody_can_run_takes_no_more_memory_the_more_often_it_changes() -> None:
    queue = queue_of(builders=2)
    for slot in queue.workers.values():
        slot.is_connected = False

    for turn in range(5_000):
        queue.add(wait(1, 1, priority=turn))
        queue.add(wait(2, 1, priority=-turn))
        queue.add(wait(turn + 10, 2))
        queue.remove(turn + 10)

    assert len(queue._order) < 200
    assert len(queue._builders[1].heap) < 200
    assert queue.first(1) == wait(1, 1, priority=4_999)
    for slot in queue.workers.values():
        slot.is_connected = True
    assert list(queue.builders_in_order(NOW)) == [1]

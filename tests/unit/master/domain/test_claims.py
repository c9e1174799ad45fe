"""Which request goes where, and why the others wait."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildmill.master.domain.claims import Queue
from buildmill.master.domain.lines import Waiting, Wake
from buildmill.master.domain.reasons import Because, Reason
from buildmill.master.domain.worker_slot import WorkerSlot

NOW = 100.0
HELD = Reason(code=Because.HELD, text="its last attempt may still run")


def no_obstacle(_waiting: Waiting, _slot: WorkerSlot) -> Reason | None:
    return None


def worker(number: int, running: dict[int, int] | None = None, **state: object) -> WorkerSlot:
    """A connected worker with room for one build."""
    values: dict[str, object] = {"max_builds": 1, "is_connected": True, **state}
    slot = WorkerSlot(number, f"w{number}", **values)  # type: ignore[arg-type]  # only names of its fields are used
    for request, builder in (running or {}).items():
        slot.occupy(request, builder)
    return slot


def queue_of(*requests: Waiting, workers: tuple[WorkerSlot, ...] = (worker(1),), builders: int = 1) -> Queue:
    queue = Queue()
    queue.workers = {slot.worker_id: slot for slot in workers}
    for builder in range(1, builders + 1):
        queue.set_builder(builder, [slot.worker_id for slot in workers])
    for request in requests:
        queue.add(request)
    return queue


def wait(request: int, builder: int = 1, priority: int = 0) -> Waiting:
    return Waiting(request, builder, priority, 0)


def order(queue: Queue) -> list[int]:
    """The ids in which the queue would give its requests to a worker that is always free."""
    given_out: list[int] = []
    while (builder := queue.next(NOW)) is not None:
        first = queue.first(builder)
        assert first is not None
        given_out.append(first.request_id)
        queue.remove(first.request_id)
    return given_out


def builders(queue: Queue, now: float = NOW) -> list[int]:
    """The builders in the order in which the queue names them, when each is set aside."""
    named: list[int] = []
    while (builder := queue.next(now)) is not None:
        named.append(builder)
        queue.set_aside(builder, Wake.CALL)
    for builder in named:
        queue.bring_back(builder)
    return named


def kinds(reasons: list[Reason] | None) -> list[Because]:
    assert reasons is not None
    return [reason.code for reason in reasons]


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
            queue.next(NOW)

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
    slot = worker(1, **state)  # type: ignore[arg-type]  # only names of its fields are used
    queue = queue_of(wait(1), workers=(slot,))

    assert queue.next(NOW) is None
    assert queue.candidates(NOW) == []
    assert not queue.can_start(1, NOW)
    assert queue.free_workers(1, NOW) == []
    assert kinds(queue.explain(1, NOW, no_obstacle)) == [kind]


def test_change_of_a_worker_to_what_it_was_is_none() -> None:
    slot, told = worker(1), list[str]()
    slot.changed = lambda changed: told.append(changed.name)

    slot.is_paused = False
    slot.is_paused = True

    assert told == ["w1"]


def test_worker_without_a_limit_is_never_busy() -> None:
    assert worker(1, max_builds=None, running=dict.fromkeys(range(50), 9)).refusal(1, NOW) is None


def test_reason_of_a_paused_worker_is_told() -> None:
    refusal = worker(1, is_paused=True, pause_reason="new disk").refusal(1, NOW)

    assert refusal is not None
    assert refusal.text == "worker w1 is paused: new disk"


def test_builder_whose_workers_are_busy_does_not_hold_up_others() -> None:
    queue = queue_of(wait(1), wait(2, builder=2), workers=(worker(1, running={9: 9}), worker(2)), builders=0)
    queue.set_builder(1, [1])
    queue.set_builder(2, [2])

    assert builders(queue) == [2]
    assert queue.candidates(NOW) == [2]


def test_builder_that_is_set_aside_is_left_out_until_it_is_brought_back() -> None:
    queue = queue_of(wait(1), wait(2, builder=2), builders=2)

    queue.set_aside(1, Wake.CALL)
    queue.add(wait(3))
    assert builders(queue) == [2]
    assert queue.candidates(NOW) == [2]
    queue.bring_back(1)
    queue.bring_back(1)

    assert builders(queue) == [1, 2]


def test_worker_that_gets_room_brings_back_who_waits_for_one() -> None:
    slot, busy = worker(1), worker(2, running={9: 9})
    queue = queue_of(wait(1), workers=(slot, busy))
    queue.set_aside(1, Wake.WORKER)
    assert builders(queue) == []

    busy.vacate(9)
    busy.vacate(9)

    assert builders(queue) == [1]
    queue.set_aside(1, Wake.WORKER)
    slot.occupy(7, 8)
    assert builders(queue) == []  # that makes nothing possible
    queue.set_aside(1, Wake.CALL)
    slot.vacate(7)
    assert builders(queue) == []


def test_end_of_a_build_brings_back_who_waits_though_the_worker_had_room() -> None:
    slot = worker(1, max_builds=3, running={8: 1, 9: 9})
    queue = queue_of(wait(1), workers=(slot,))
    assert queue.next(NOW) is None  # the only worker is building for it

    slot.vacate(9)
    assert queue.next(NOW) is None
    slot.vacate(8)

    assert queue.next(NOW) == 1


def test_end_of_a_build_on_a_worker_that_takes_nothing_more_changes_nothing() -> None:
    slot = worker(1, running={8: 9}, is_paused=True)
    queue = queue_of(wait(1), workers=(slot,))

    slot.vacate(8)

    assert queue.next(NOW) is None


def test_quarantine_ends_with_time_and_not_before() -> None:
    slot = worker(1)
    queue = queue_of(wait(1), workers=(slot,))
    assert queue.next(NOW) == 1

    slot.quarantined_until = NOW + 10
    assert queue.next(NOW + 9) is None
    slot.quarantined_until = NOW + 20
    assert queue.next(NOW + 19) is None
    queue.workers = {2: worker(2, quarantined_until=NOW + 30)}
    queue.set_builder(1, [2])

    assert queue.next(NOW + 29) is None
    assert queue.next(NOW + 30) == 1


def test_kept_place_is_for_one_builder_only() -> None:
    slot = worker(1)
    queue = queue_of(wait(1), wait(2, builder=2), workers=(slot,), builders=2)
    queue.set_aside(1, Wake.CALL)

    queue.keep(1, slot)
    queue.keep(2, slot)  # it has no other place

    assert queue.next(NOW) is None
    assert queue.free_workers(1, NOW) == [slot]
    [reason] = queue.explain(2, NOW, no_obstacle) or []
    assert (reason.code, reason.text) == (
        Because.BUSY,
        "worker w1 keeps its last place for a builder whose function is being asked",
    )
    queue.give_up(2)
    queue.give_up(1)
    queue.give_up(1)
    assert queue.next(NOW) == 2


def test_who_missed_a_kept_place_gets_it_when_it_is_given_up_and_nobody_else_is_woken() -> None:
    kept, other, third = worker(1), worker(2), worker(3)
    queue = queue_of(*(wait(n, builder=n) for n in (1, 2, 3)), workers=(kept, other), builders=3)
    queue.set_builder(3, [3])
    queue.workers = {1: kept, 2: other, 3: third}
    queue.set_aside(1, Wake.WORKER)
    queue.keep(1, kept)
    queue.set_aside(2, Wake.WORKER)
    queue.set_aside(3, Wake.WORKER)  # has another worker

    queue.give_up(1)

    assert builders(queue) == [2]


def test_kept_place_of_a_worker_that_has_gone_is_nobodys() -> None:
    slot = worker(1)
    queue = queue_of(wait(1), wait(2, builder=2), workers=(slot,), builders=2)
    queue.keep(1, slot)

    queue.workers = {}
    queue.give_up(1)

    assert queue.next(NOW) is None


def test_worker_that_is_configured_no_more_is_given_nothing() -> None:
    gone, stays = worker(1), worker(2)
    queue = queue_of(wait(1), workers=(gone, stays))

    queue.workers = {2: stays}
    gone.is_paused = True

    assert queue.free_workers(1, NOW) == [stays]
    assert queue.next(NOW) == 1


def test_quarantined_worker_that_is_gone_when_its_time_is_over_is_not_looked_for() -> None:
    queue = queue_of(wait(1), workers=(worker(1, quarantined_until=NOW + 1),))

    queue.workers = {}

    assert queue.next(NOW + 2) is None


def test_request_of_an_unknown_builder_waits_until_the_builder_is_there() -> None:
    queue = queue_of(wait(1, builder=3))

    assert builders(queue) == []
    assert queue.free_workers(3, NOW) == []
    assert not queue.can_start(3, NOW)
    queue.set_aside(3, Wake.CALL)
    queue.bring_back(3)
    assert kinds(queue.explain(1, NOW, no_obstacle)) == [Because.NO_BUILDER]

    queue.set_builder(3, [1])

    assert order(queue) == [1]


def test_builder_that_is_gone_is_given_nothing() -> None:
    queue = queue_of(wait(1), wait(2, builder=2), builders=2)

    queue.remove_builder(1)
    queue.remove_builder(1)

    assert builders(queue) == [2]
    assert queue.is_waiting(wait(1))
    assert queue.get(1) == wait(1)
    assert queue.remove(1) == wait(1)
    assert queue.remove(1) is None
    assert not queue.is_waiting(wait(1))
    queue.remove_builder(2)
    assert builders(queue) == []


def test_builder_can_get_other_workers() -> None:
    queue = queue_of(wait(1), workers=(worker(1), worker(2)))

    queue.set_builder(1, [2, 99])
    queue.set_aside(1, Wake.CALL)
    queue.set_builder(1, [2, 99])

    assert builders(queue) == [1]
    assert [slot.name for slot in queue.free_workers(1, NOW)] == ["w2"]
    assert queue.explain(1, NOW, no_obstacle) == []


def test_builder_without_workers_says_that_it_will_never_run() -> None:
    queue = queue_of(wait(1))

    queue.set_builder(1, [])

    assert kinds(queue.explain(1, NOW, no_obstacle)) == [Because.NO_WORKER]


def test_held_request_waits_whatever_is_free_and_goes_on_when_released() -> None:
    queue = queue_of(wait(1), wait(2))
    queue.hold(wait(1), HELD)
    assert queue.request_ids() >= {1}

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
    queue.hold(wait(1), HELD)

    assert queue.remove(1) == wait(1)
    assert len(queue) == 0


def test_explanation_counts_those_ahead_and_names_obstacles() -> None:
    queue = queue_of(wait(1), wait(2), wait(3))
    lock = Reason(code=Because.LOCK, text="lock db is held", worker="w1")

    assert kinds(queue.explain(3, NOW, lambda _w, _s: lock)) == [Because.BEHIND, Because.LOCK]
    third, second = (queue.explain(request, NOW, no_obstacle) or [] for request in (3, 2))
    assert (third[0].text, third[0].position) == ("2 requests of its builder go first", 3)
    assert (second[0].text, second[0].position) == ("1 request of its builder goes first", 2)
    assert queue.explain(99, NOW, no_obstacle) is None


def test_waiting_requests_of_a_builder_are_listed_best_first() -> None:
    queue = queue_of(wait(1), wait(2, priority=1), wait(3, builder=2), builders=2)

    assert [w.request_id for w in queue.waiting_for(1)] == [2, 1]
    assert [w.request_id for w in queue.best(1, 1)] == [2]
    assert [w.request_id for w in queue.best(1, 9)] == [2, 1]


def test_best_names_each_once_and_takes_nothing_away() -> None:
    queue = queue_of(wait(1), wait(1), wait(2), wait(3, priority=1), wait(3))

    assert [w.request_id for w in queue.best(1, 9)] == [1, 2, 3]
    assert order(queue) == [1, 2, 3]


def test_oldest_is_the_one_that_was_submitted_first_whatever_its_rank() -> None:
    queue = queue_of(Waiting(1, 1, 0, 50), Waiting(2, 1, 5, 60), Waiting(3, 1, 5, 40))

    assert queue.oldest(1) == Waiting(3, 1, 5, 40)
    queue.remove(3)
    assert queue.oldest(1) == Waiting(1, 1, 0, 50)
    queue.remove(1)
    queue.remove(2)
    assert queue.oldest(1) is None


def test_busy_worker_names_its_builds_when_all_are_known() -> None:
    slot = worker(1, running={7: 9, 8: 10}, max_builds=2)
    texts = []
    for request, build in ((7, 70), (8, 80)):
        slot.builds[request] = build
        refusal = slot.refusal(1, NOW)
        assert refusal is not None
        texts.append((refusal.text, refusal.buildid, refusal.buildids))

    assert texts == [
        ("worker w1 is busy with builds", 70, [70]),
        ("worker w1 is busy with builds 70, 80", 70, [70, 80]),
    ]


def test_one_build_in_the_way_is_named_alone() -> None:
    slot = worker(1, running={7: 1}, max_builds=2)
    before = slot.refusal(1, NOW)
    slot.builds[7] = 70
    after = slot.refusal(1, NOW)

    assert before is not None
    assert after is not None
    assert before.text == "worker w1 is busy with a build of the same builder"
    assert after.text == "worker w1 is busy with build 70 of the same builder"


def test_absence_that_is_known_better_is_told() -> None:
    slot = worker(1, is_connected=False)
    slot.absence = Reason(code=Because.COMING, text="worker w1 is being started")

    assert slot.refusal(1, NOW) is slot.absence


@pytest.mark.parametrize("is_connected", [False, True])
def test_what_nobody_decides_about_takes_no_more_memory_the_more_often_it_changes(is_connected: bool) -> None:
    queue = queue_of(builders=2)
    for slot in queue.workers.values():
        slot.is_connected = is_connected

    for turn in range(5_000):
        queue.add(wait(1, 1, priority=turn))
        queue.add(wait(2, 1, priority=-turn))
        queue.add(wait(turn + 10, 2))
        queue.remove(turn + 10)

    line = queue._lines[1]
    assert line.group is not None
    assert max(len(queue._order), len(line.group.order), len(line.heap), len(line.ages)) < 200
    assert queue.first(1) == wait(1, 1, priority=4_999)
    for slot in queue.workers.values():
        slot.is_connected = True
    assert builders(queue) == [1]

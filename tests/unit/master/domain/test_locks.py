"""Who gets which lock, and in which order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from buildmill.master.domain.locks import LockTable, Mode, Need


def counting(key: str = "db", count: int = 1, most: int = 2) -> Need:
    return Need(key, Mode.COUNTING, count, most)


def exclusive(key: str = "db", most: int = 2) -> Need:
    return Need(key, Mode.EXCLUSIVE, 1, most)


class Ledger:
    """A lock table, and who was granted what later."""

    def __init__(self) -> None:
        self.table = LockTable()
        self.granted: list[str] = []

    def wait(self, holder: str, *needs: Need) -> bool:
        """Whether the locks were free at once."""
        return self.table.wait(holder, needs, lambda: self.granted.append(holder)) is None


def test_counting_lock_is_shared_up_to_its_count() -> None:
    table = LockTable()

    assert table.take("a", [counting()])
    assert table.take("b", [counting()])
    assert not table.take("c", [counting()])
    assert table.holders("db") == ("a", "b")


def test_exclusive_lock_is_alone() -> None:
    table = LockTable()
    assert table.take("a", [exclusive()])

    assert not table.take("b", [counting()])
    found = table.obstacle([exclusive()])

    assert found == (exclusive(), ("a",))


def test_locks_are_taken_together_or_not_at_all() -> None:
    table = LockTable()
    table.take("a", [exclusive("x")])

    assert not table.take("b", [counting("y"), exclusive("x")])
    assert table.holders("y") == ()


def test_waiters_are_served_in_order() -> None:
    ledger = Ledger()
    assert ledger.wait("a", exclusive())
    assert not ledger.wait("b", exclusive())
    assert not ledger.wait("c", counting())

    ledger.table.release("a", [exclusive()])
    assert ledger.granted == ["b"]
    ledger.table.release("b", [exclusive()])
    assert ledger.granted == ["b", "c"]


def test_nobody_overtakes_a_waiter_for_the_same_lock() -> None:
    ledger = Ledger()
    ledger.wait("a", counting())
    ledger.wait("b", exclusive())

    assert not ledger.wait("c", counting())
    assert ledger.wait("d", counting("other"))


def test_a_waiter_is_in_nobodys_way_at_locks_that_are_free_for_it() -> None:
    ledger = Ledger()
    ledger.wait("a", exclusive("x"))
    assert not ledger.wait("b", exclusive("x"), exclusive("y"))

    assert ledger.wait("a, step s", exclusive("y"))  # or a would wait for b, and b for a
    ledger.table.release("a", [exclusive("x")])
    assert ledger.granted == []
    ledger.table.release("a, step s", [exclusive("y")])
    assert ledger.granted == ["b"]


def test_who_stands_in_line_is_served_by_itself_and_before_those_behind() -> None:
    ledger = Ledger()
    ledger.wait("a", counting())
    place = ledger.table.stand_in_line("b", [exclusive()], lambda: True)

    assert not ledger.wait("c", counting())
    assert ledger.table.obstacle([exclusive()], place) == (exclusive(), ("a",))
    ledger.table.release("a", [counting()])
    assert ledger.table.obstacle([exclusive()], place) is None
    ledger.table.hold("b", [exclusive()])
    ledger.table.withdraw(place)
    assert ledger.granted == []
    ledger.table.release("b", [exclusive()])
    assert ledger.granted == ["c"]


def test_who_stands_in_line_and_could_not_go_on_lets_others_pass() -> None:
    ledger = Ledger()
    ledger.wait("a", counting())
    ledger.table.stand_in_line("b", [exclusive()], lambda: False)

    assert ledger.wait("c", counting())


def test_waiter_that_withdraws_lets_those_behind_it_pass() -> None:
    ledger = Ledger()
    ledger.wait("a", counting())
    waiter = ledger.table.wait("b", [exclusive()], lambda: None)
    assert waiter is not None
    ledger.wait("c", counting())

    ledger.table.withdraw(waiter)
    ledger.table.withdraw(waiter)

    assert ledger.granted == ["c"]


def test_count_of_zero_needs_nothing() -> None:
    table = LockTable()
    table.take("a", [exclusive()])

    assert table.take("b", [counting(count=0)])


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans(), st.booleans()), max_size=60))
def test_limits_hold_and_everybody_is_served_at_last(actions: list[tuple[str, bool, bool]]) -> None:
    ledger = Ledger()
    held: dict[str, Need] = {}
    waiting: dict[str, Need] = {}
    for number, (key, alone, release) in enumerate(actions):
        if release and held:
            holder = sorted(held)[0]
            ledger.table.release(holder, [held.pop(holder)])
        else:
            name, need = f"{number:03d}", exclusive(key) if alone else counting(key)
            if ledger.wait(name, need):
                held[name] = need
            else:
                waiting[name] = need
        for name in ledger.granted:
            if name in waiting:
                held[name] = waiting.pop(name)
        for each in "abc":
            mine = [need for need in held.values() if need.key == each]
            assert len(mine) <= 2
            assert len(mine) == 1 or not any(need.mode is Mode.EXCLUSIVE for need in mine)

    while held:
        holder = sorted(held)[0]
        ledger.table.release(holder, [held.pop(holder)])
        for name in ledger.granted:
            if name in waiting:
                held[name] = waiting.pop(name)
    assert not waiting


def test_whoever_lets_go_of_a_lock_or_leaves_its_line_tells_which() -> None:
    ledger, freed = Ledger(), list[list[object]]()
    ledger.table.freed = lambda keys: freed.append(list(keys))
    ledger.wait("build 1", exclusive("a"))
    ledger.wait("build 1, step x", exclusive("b"))
    waiter = ledger.table.wait("build 2", [exclusive("a")], lambda: None)
    assert waiter is not None
    ledger.wait("build 3", exclusive("c"), exclusive("a"))

    ledger.table.withdraw(waiter)
    ledger.table.withdraw(waiter)
    ledger.table.abandon("build 3")
    ledger.table.abandon("build 1")
    ledger.wait("build 4", exclusive("d"))
    ledger.table.release("build 4", [exclusive("d")])

    assert freed == [["a"], ["c", "a"], ["a", "b"], ["d"]]

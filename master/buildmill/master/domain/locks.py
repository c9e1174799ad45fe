"""Who holds which lock and who waits, in order: decided here, without I/O.

All locks of a build or step are taken together or not at all. First come, first served for each lock: a waiter
stands in line at those of its locks that somebody holds against it. At the others it lets everybody pass, or two
could wait for one another: one for what the other holds, which needs what only the first one stands before.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Mode(StrEnum):
    """How a lock is used: by several up to its count, or by one alone."""

    COUNTING = "counting"
    EXCLUSIVE = "exclusive"


@dataclass(frozen=True, slots=True)
class Need:
    """One lock as somebody needs it.

    Attributes:
        key: which lock: for a worker lock, name and worker; for a master lock, its name.
        mode, count: how it is used; a counting need of 0 is none.
        max_count: how much the lock gives at a time.
    """

    key: Hashable
    mode: Mode
    count: int
    max_count: int


@dataclass(slots=True, eq=False)
class Waiter:
    """Somebody who waits for all of `needs`.

    Attributes:
        granted: called once, when they are taken; None for who only stands in line, and takes them by itself.
        is_ready: whether it would go on if it had them now; who would not is in nobody's way.
    """

    holder: str
    needs: tuple[Need, ...]
    granted: Callable[[], None] | None
    is_ready: Callable[[], bool] = lambda: True


class LockTable:
    """All locks of one master.

    A *holder* is a text that names who holds, for people: ``build 12`` or ``build 12, step compile``.

    Attributes:
        freed: called with the keys of locks that somebody let go of, or stands in line for no more.
    """

    def __init__(self) -> None:
        self._held: dict[Hashable, list[tuple[str, Need]]] = {}
        self._waiting: list[Waiter] = []
        self.freed: Callable[[Sequence[Hashable]], None] = lambda _: None

    def obstacle(self, needs: Iterable[Need], place: Waiter | None = None) -> tuple[Need, tuple[str, ...]] | None:
        """The first of `needs` that could not be taken now, with those who are in its way; None when all could.

        Args:
            place: where the asker stands in line; None for who would be the last.
        """
        ahead = self._waiting[: self._waiting.index(place)] if place in self._waiting else self._waiting
        return self._obstacle(needs, ahead)

    def stand_in_line(self, holder: str, needs: Sequence[Need], is_ready: Callable[[], bool]) -> Waiter:
        """Take a place in line without being served: the caller looks again when `freed` tells of the locks.

        Args:
            is_ready: see `Waiter`.
        """
        waiter = Waiter(holder, tuple(needs), None, is_ready)
        self._waiting.append(waiter)
        return waiter

    def take(self, holder: str, needs: Sequence[Need]) -> bool:
        """Take all, if nobody is in the way; False changes nothing."""
        if self._obstacle(needs, self._waiting) is not None:
            return False
        self._hold(holder, needs)
        return True

    def wait(self, holder: str, needs: Sequence[Need], granted: Callable[[], None]) -> Waiter | None:
        """Take all now (None), or stand in line: the waiter's `granted` is called when all are taken."""
        if self.take(holder, needs):
            return None
        waiter = Waiter(holder, tuple(needs), granted)
        self._waiting.append(waiter)
        return waiter

    def withdraw(self, waiter: Waiter) -> None:
        """Leave the line; harmless when it is not in it any more."""
        if waiter in self._waiting:
            self._waiting.remove(waiter)
            self._grant()
            self.freed([need.key for need in waiter.needs])

    def release(self, holder: str, needs: Sequence[Need]) -> None:
        """Give back what `holder` took; those who wait get their turn."""
        for need in needs:
            held = self._held.get(need.key, [])
            if (holder, need) in held:
                held.remove((holder, need))
            if not held:
                self._held.pop(need.key, None)
        self._grant()
        self.freed([need.key for need in needs])

    def abandon(self, holder: str) -> None:
        """Give back all that `holder` and its parts (``holder, step compile``) hold, and leave every line."""
        freed = [need.key for waiter in self._waiting if _is_of(waiter.holder, holder) for need in waiter.needs]
        for key, held in tuple(self._held.items()):
            kept = [(name, need) for name, need in held if not _is_of(name, holder)]
            if len(kept) < len(held):
                freed.append(key)
            if kept:
                self._held[key] = kept
            else:
                del self._held[key]
        self._waiting = [waiter for waiter in self._waiting if not _is_of(waiter.holder, holder)]
        self._grant()
        self.freed(freed)

    def hold(self, holder: str, needs: Iterable[Need]) -> None:
        """Note what `holder` holds already, whoever is in the way: it was taken before this master was started."""
        self._hold(holder, needs)

    def holds(self, holder: str, needs: Iterable[Need]) -> bool:
        """Whether `holder` holds all of them."""
        return all(not need.count or (holder, need) in self._held.get(need.key, ()) for need in needs)

    def holders(self, key: Hashable) -> tuple[str, ...]:
        """Who holds a lock, longest first."""
        return tuple(holder for holder, _ in self._held.get(key, ()))

    def _hold(self, holder: str, needs: Iterable[Need]) -> None:
        for need in needs:
            self._held.setdefault(need.key, []).append((holder, need))

    def _grant(self) -> None:
        ahead: list[Waiter] = []
        for waiter in tuple(self._waiting):
            if waiter not in self._waiting:
                continue  # withdrawn by somebody who was granted just now
            if waiter.granted is None:
                ahead.append(waiter)
            elif self._obstacle(waiter.needs, ahead) is None:
                self._waiting.remove(waiter)
                self._hold(waiter.holder, waiter.needs)
                waiter.granted()
            else:
                ahead.append(waiter)

    def _obstacle(self, needs: Iterable[Need], ahead: Sequence[Waiter]) -> tuple[Need, tuple[str, ...]] | None:
        for need in needs:
            if not need.count:
                continue
            held = self._held.get(need.key, [])
            waiting = [
                (w.holder, n)
                for w in ahead
                for n in w.needs
                if n.key == need.key and n.count and (_is_against(n, held) or self._has_its_turn(w)) and w.is_ready()
            ]
            before = [*held, *waiting]
            if _is_against(need, before):
                return need, tuple(holder for holder, _ in before)
        return None

    def _has_its_turn(self, waiter: Waiter) -> bool:
        """Whether somebody who stands in line has only to take the locks."""
        return waiter.granted is None and not any(
            need.count and _is_against(need, self._held.get(need.key, ())) for need in waiter.needs
        )


def _is_against(need: Need, others: Sequence[tuple[str, Need]]) -> bool:
    """Whether a lock cannot be had beside those who have it."""
    if not others:
        return False
    if need.mode is Mode.EXCLUSIVE or any(n.mode is Mode.EXCLUSIVE for _, n in others):
        return True
    return sum(n.count for _, n in others) + need.count > need.max_count


def _is_of(name: str, holder: str) -> bool:
    return name == holder or name.startswith(f"{holder}, ")

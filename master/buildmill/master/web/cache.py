"""Finished answers, kept while nothing they depend on has changed."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import NamedTuple

from buildmill.master.data.api import Found
from buildmill.master.data.versions import Stamp
from buildmill.master.web.bodies import Form

DEFAULT_LIMIT_BYTES = 32 * 1024 * 1024
LARGEST_ENTRY_PART = 16
ENTRY_OVERHEAD_BYTES = 700


class CacheKey(NamedTuple):
    """What tells answers apart.

    Attributes:
        uri: path and query, as sent.
        withheld: parts that were left out for whoever asks.
        rows: how many it may have at once.
    """

    uri: bytes
    form: Form
    withheld: frozenset[str] = frozenset()
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished answer.

    Attributes:
        found: where it came from; its present stamp decides whether it is still right.
        stamp: what it was when reading began.
        head: status line and headers.
        tag: the body's entity tag; empty where nobody may ask for it with a condition.
    """

    found: Found
    stamp: Stamp | None
    head: bytes
    body: bytes
    tag: bytes = b""


class AnswerCache:
    """The answers used last, within `limit_bytes`; an answer too large for it is simply not kept."""

    def __init__(self, limit_bytes: int = DEFAULT_LIMIT_BYTES) -> None:
        self._limit = limit_bytes
        self._answers: OrderedDict[CacheKey, Answer] = OrderedDict()
        self.size = 0

    def get(self, key: CacheKey) -> Answer | None:
        answer = self._answers.get(key)
        if answer is not None:
            self._answers.move_to_end(key)
        return answer

    def put(self, key: CacheKey, answer: Answer) -> None:
        self.drop(key)
        cost = _cost(key, answer)
        if cost > self._limit // LARGEST_ENTRY_PART:
            return
        self._answers[key] = answer
        self.size += cost
        while self.size > self._limit:
            old_key, old = self._answers.popitem(last=False)
            self.size -= _cost(old_key, old)

    def drop(self, key: CacheKey) -> None:
        answer = self._answers.pop(key, None)
        if answer is not None:
            self.size -= _cost(key, answer)


def _cost(key: CacheKey, answer: Answer) -> int:
    return len(key.uri) + len(answer.body) + ENTRY_OVERHEAD_BYTES

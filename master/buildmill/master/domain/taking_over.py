"""What a build takes over from the one whose failed part it builds again: a pure decision.

Only builds that were triggered can be taken over. What a step itself has left behind is nowhere written down.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import msgspec

from buildmill.common.errors import InvalidInput
from buildmill.common.results import SKIPPED, SUCCESS, WARNINGS, Result

GOOD: Final = frozenset({SUCCESS, WARNINGS, SKIPPED})
"""Results of builds that need not be built once more."""


class Part(StrEnum):
    """How much of a build is built again."""

    ALL = "all"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Triggered:
    """A request that a step has made, or has found done when it took a build over.

    Attributes:
        builder_id: whom it asked.
        build_id: its last build; None if there was none.
        results: of that build; None: it has none yet, or its request is open.
        from_build_id: the build that has triggered it; None if that one is gone.
    """

    builder_id: int
    build_id: int | None
    results: int | None
    from_build_id: int | None

    @property
    def is_good(self) -> bool:
        """Whether there is a build, and it went well."""
        return self.build_id is not None and self.results is not None and Result(self.results) in GOOD


@dataclass(frozen=True, slots=True)
class Division:
    """What becomes of the requests of an earlier call.

    Attributes:
        taken: their builds stand for new ones.
        again: they are asked for once more.
    """

    taken: tuple[Triggered, ...]
    again: tuple[Triggered, ...]


def divide(earlier: Iterable[Triggered], asked: frozenset[int] | None) -> Division:
    """Divide the requests of the same call of an earlier build.

    Args:
        asked: builders that the call would ask now; None when that is not known beforehand. An earlier build of any
            other one is not taken over: nobody wants it any more.
    """
    wanted = [one for one in earlier if asked is None or one.builder_id in asked]
    return Division(
        taken=tuple(one for one in wanted if one.is_good), again=tuple(one for one in wanted if not one.is_good)
    )


def part_of(value: object) -> Part:
    """The part that a caller has named; all if none.

    Raises:
        InvalidInput: there is no such part.
    """
    if value is None:
        return Part.ALL
    try:
        return Part(str(value))
    except ValueError:
        raise InvalidInput("part", f"expected one of {', '.join(Part)}") from None


class NothingToTakeOver(InvalidInput):
    """The failed part of a build was asked for, and that is all of it."""

    def __init__(self, build_id: int) -> None:
        super().__init__("part", f"build {build_id} has triggered no build that ended well: build all of it again")
        self.build_id = build_id


class NotOver(InvalidInput):
    """The failed part of a build was asked for that has not ended."""

    def __init__(self, build_id: int) -> None:
        super().__init__("part", f"build {build_id} has not ended: what fails is not known yet")
        self.build_id = build_id


class TakenBuild(msgspec.Struct, frozen=True, kw_only=True):
    """A build that was taken over, as the record of a step has it.

    Attributes:
        builder_id: of the builder that its request asked.
        shown_builder_id, builder: where it is shown, which is elsewhere for a virtual builder.
        from_number: of the build that has triggered it; None if that one is gone.
    """

    build_id: int
    builder_id: int
    shown_builder_id: int
    builder: str
    number: int
    results: int
    from_number: int | None


class Takeover(msgspec.Struct, frozen=True, kw_only=True):
    """What a step takes over instead of asking for it.

    Attributes:
        asked: fingerprint of the call that triggers.
        taken: in the order of their requests.
        again: builders whose earlier build has a failed part, and that build: only that part is asked for.
    """

    asked: str
    taken: list[TakenBuild]
    again: list[tuple[int, int]]

    @property
    def done(self) -> frozenset[int]:
        """The builders that need not be asked."""
        return frozenset(one.builder_id for one in self.taken)

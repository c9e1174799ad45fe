"""Which changes may have made a difference between two builds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from buildmill.master.domain.page_documents import PropertyDifference, SourceDifference, StepDifference
from buildmill.master.domain.resources import SourceStamp, Step


@dataclass(frozen=True, slots=True)
class ChangeRange:
    """Changes of one place with ids from behind `after` up to `through`."""

    branch: str | None
    codebase: str
    project: str
    repository: str
    after: int
    through: int


def ranges_between(
    good: Sequence[SourceStamp], now: Sequence[SourceStamp], newest: Mapping[int, int]
) -> list[ChangeRange]:
    """Where the changes are that a build has, and a good build before it had not.

    They are looked for by place, not by build: a change whose own request was collapsed into a later one belongs to
    no build's source stamps, and counts all the same.

    Args:
        good, now: source stamps of both builds.
        newest: id of the newest change of each source stamp that has one.

    Returns:
        One range for each codebase with newer changes. A codebase that was not there, or came from another branch or
        repository, has its newest change only: what came before has nothing to do with the good build.
    """
    was = {stamp.codebase: stamp for stamp in good}
    found = []
    for stamp in now:
        through, before = newest.get(stamp.ssid), was.get(stamp.codebase)
        if through is None or (before is not None and before.ssid == stamp.ssid):
            continue
        after = through - 1
        if before is not None and _place(before) == _place(stamp) and before.ssid in newest:
            after = newest[before.ssid]
        if after < through:
            found.append(ChangeRange(*_place(stamp), after=after, through=through))
    return found


def _place(stamp: SourceStamp) -> tuple[str | None, str, str, str]:
    return (stamp.branch, stamp.codebase, stamp.project, stamp.repository)


def source_differences(good: Iterable[SourceStamp], now: Iterable[SourceStamp]) -> list[SourceDifference]:
    """Codebases with another source, by name."""
    was, becomes = ({stamp.codebase: stamp for stamp in stamps} for stamps in (good, now))
    return [
        SourceDifference(becomes.get(codebase), codebase, was.get(codebase))
        for codebase in sorted(was.keys() | becomes.keys())
        if was.get(codebase) != becomes.get(codebase)
    ]


def step_differences(good: Iterable[Step], now: Sequence[Step]) -> list[StepDifference]:
    """Steps that have ended otherwise, in the order of the build; then those that are not there any more."""
    was, becomes = ({step.name: step.results for step in steps} for steps in (good, now))
    return [
        StepDifference(becomes.get(name), name, was.get(name))
        for name in dict.fromkeys((*becomes, *was))
        if (name in becomes, becomes.get(name)) != (name in was, was.get(name))
    ]


def property_differences(
    good: Mapping[str, Any], now: Mapping[str, Any], text: Any, sources: Sequence[SourceDifference] = ()
) -> list[PropertyDifference]:
    """Properties with another value, by name; who has set them does not matter.

    Args:
        good, now: ``{name: (value, source)}``.
        text: makes the text of a value.
        sources: what the reader is told of the source stamps; a property that only says the same is left out.
    """
    found = []
    for name in sorted(good.keys() | now.keys()):
        was, becomes = (text(values[name][0]) if name in values else None for values in (good, now))
        before, after = (values[name][0] if name in values else None for values in (good, now))
        if was != becomes and not _is_told(name, before, after, sources):
            found.append(PropertyDifference(becomes, name, was))
    return found


_OF_SOURCES: Final = {
    "branch": "branch",
    "got_revision": "revision",
    "project": "project",
    "repository": "repository",
    "revision": "revision",
}
"""Properties that repeat what source stamps have, and the name that it has there."""


def _is_told(name: str, was: Any, becomes: Any, sources: Sequence[SourceDifference]) -> bool:
    """Whether the sources tell the same of a property with another value; of several codebases each has its value."""
    attribute = _OF_SOURCES.get(name)
    if attribute is None:
        return False
    told = {one.codebase: (getattr(one.was, attribute, None), getattr(one.becomes, attribute, None)) for one in sources}
    if not isinstance(was, Mapping) or not isinstance(becomes, Mapping):
        return (was, becomes) in told.values()
    ends = {codebase: (was.get(codebase), becomes.get(codebase)) for codebase in was.keys() | becomes.keys()}
    return all(end == told.get(codebase) for codebase, end in ends.items() if end[0] != end[1])

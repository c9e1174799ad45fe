"""Who provides what to whom: the build plan of a group, found by trying alternatives.

Source: the Buildpack specification, "Phase #1: Detection".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from buildmill.common.errors import InvalidInput


class Requirement(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that a buildpack needs, with what it says about it.

    Attributes:
        version: where older buildpacks have what is ``metadata.version`` now.
    """

    name: str
    metadata: dict[str, Any] = {}
    version: str = ""

    def modern(self) -> Requirement:
        """With the version among the metadata.

        Raises:
            InvalidInput: there is one in both places.
        """
        if not self.version:
            return self
        if "version" in self.metadata:
            raise InvalidInput(self.name, "has its version twice, as version and as metadata.version")
        return Requirement(name=self.name, metadata={**self.metadata, "version": self.version})


class Provision(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a buildpack can give."""

    name: str


class Alternative(msgspec.Struct, frozen=True, kw_only=True):
    """One of the ways in which a buildpack can take part."""

    provides: list[Provision] = []
    requires: list[Requirement] = []


class Alternatives(Alternative, frozen=True, kw_only=True):
    """What a buildpack wrote in its detection: the alternative at the top, then the others."""

    others: list[Alternative] = msgspec.field(default_factory=list, name="or")

    def all(self) -> list[Alternative]:
        """All of them, in the order in which they are tried.

        Raises:
            InvalidInput: a requirement says too much.
        """
        return [
            Alternative(provides=one.provides, requires=[need.modern() for need in one.requires])
            for one in (self, *self.others)
        ]


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A buildpack of the group that passed its own detection.

    Attributes:
        alternatives: at least one.
    """

    id: str
    is_optional: bool = False
    alternatives: list[Alternative]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What is required under one name, and who provides it, in the order of the group."""

    name: str
    providers: list[str]
    requires: list[Requirement]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Entries that nobody has met yet; a build takes them out as it goes."""

    entries: list[Entry] = []

    def of(self, buildpack: str) -> list[Requirement]:
        """What this buildpack is asked for."""
        return [need for entry in self.entries if buildpack in entry.providers for need in entry.requires]

    def after(self, buildpack: str, unmet: frozenset[str]) -> Plan:
        """What is left once this buildpack has met all it was asked for but these names."""
        left = [entry for entry in self.entries if buildpack not in entry.providers or entry.name in unmet]
        return Plan(entries=left)


class Resolution(msgspec.Struct, frozen=True, kw_only=True):
    """A group that works: ids of its members in order, and their plan."""

    members: list[str]
    plan: Plan


def resolve(members: Sequence[Member]) -> Resolution | None:
    """The first trial that works, the alternatives of the last member varying fastest; None: no trial works."""
    for trial in _trials(members):
        if resolution := _judge(trial):
            return resolution
    return None


_Choice = tuple[Member, Alternative]


def _trials(members: Sequence[Member]) -> Iterator[list[_Choice]]:
    # itertools.product, but one trial at a time: its number grows with each member
    if not members:
        yield []
        return
    first, *rest = members
    for alternative in first.alternatives:
        for others in _trials(rest):
            yield [(first, alternative), *others]


def _judge(trial: list[_Choice]) -> Resolution | None:
    """Leave out optional members as long as they violate a rule; taking one out can only add violations."""
    while violators := _violators(trial):
        if any(not member.is_optional for member in violators):
            return None
        trial = [choice for choice in trial if choice[0] not in violators]
    if not trial:
        return None
    return Resolution(members=[member.id for member, _ in trial], plan=Plan(entries=_entries(trial)))


def _violators(trial: Sequence[_Choice]) -> list[Member]:
    """Members that require what no earlier one provides, or provide what no later one requires."""
    found: list[Member] = []
    for at, (member, alternative) in enumerate(trial):
        provided = {one.name for _, other in trial[: at + 1] for one in other.provides}
        required = {one.name for _, other in trial[at:] for one in other.requires}
        if any(one.name not in provided for one in alternative.requires) or any(
            one.name not in required for one in alternative.provides
        ):
            found.append(member)
    return found


def _entries(trial: Sequence[_Choice]) -> list[Entry]:
    """One entry for each name, in the order in which the names are provided first."""
    names = dict.fromkeys(one.name for _, alternative in trial for one in alternative.provides)
    return [
        Entry(
            name=name,
            providers=[m.id for m, alternative in trial if any(one.name == name for one in alternative.provides)],
            requires=[need for _, alternative in trial for need in alternative.requires if need.name == name],
        )
        for name in names
    ]

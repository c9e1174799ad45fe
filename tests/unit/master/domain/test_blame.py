"""What differs between two builds, and what is not said twice."""

from __future__ import annotations

import json
from typing import Any

import pytest

from buildmill.master.domain.blame import property_differences, source_differences
from buildmill.master.domain.resources import SourceStamp

Values = dict[str, tuple[Any, str]]


def stamp(revision: str | None, branch: str | None = "main", codebase: str = "", repository: str = "") -> SourceStamp:
    return SourceStamp(
        branch=branch, codebase=codebase, created_at=0, patch=None, project="", repository=repository,
        revision=revision, ssid=0,
    )  # fmt: skip


def named(was: Values, becomes: Values, good: list[SourceStamp], now: list[SourceStamp]) -> list[str]:
    """Names of the properties that are listed."""
    found = property_differences(was, becomes, json.dumps, source_differences(good, now))
    return [one.name for one in found]


def values(**given: Any) -> Values:
    return {name: (value, "Build") for name, value in given.items()}


@pytest.mark.parametrize("name", ["revision", "got_revision"])
def test_a_revision_that_the_sources_tell_is_no_difference_of_a_property(name: str) -> None:
    assert named(values(**{name: "r1"}), values(**{name: "r2"}), [stamp("r1")], [stamp("r2")]) == []


@pytest.mark.parametrize("name", ["branch", "repository", "project"])
def test_so_is_every_other_thing_that_a_source_stamp_has(name: str) -> None:
    was = SourceStamp("main", "", 0, None, "old", "git://old", "r1", 0)
    now = SourceStamp("topic", "", 0, None, "new", "git://new", "r1", 0)
    before, after = getattr(was, name), getattr(now, name)

    assert named(values(**{name: before}), values(**{name: after}), [was], [now]) == []


def test_what_the_sources_tell_otherwise_is_listed() -> None:
    was, becomes = values(got_revision="r1", revision=None), values(got_revision="r2", revision="r2")

    assert named(was, becomes, [stamp(None)], [stamp("r2")]) == ["got_revision"]


def test_a_checkout_that_was_not_reached_is_listed() -> None:
    assert named(values(got_revision="r1"), {}, [stamp("r1")], [stamp("r2")]) == ["got_revision"]


def test_revisions_of_several_codebases_are_compared_one_by_one() -> None:
    good = [stamp("a1", codebase="a"), stamp("b1", codebase="b")]
    now = [stamp("a2", codebase="a"), stamp("b1", codebase="b")]
    was = values(got_revision={"a": "a1", "b": "b1"})

    assert named(was, values(got_revision={"a": "a2", "b": "b1"}), good, now) == []
    assert named(was, values(got_revision={"a": "a2", "b": "b2"}), good, now) == ["got_revision"]
    assert named(was, values(got_revision={"a": "a2"}), good, now) == ["got_revision"]


def test_other_properties_are_listed_whatever_they_hold() -> None:
    assert named(values(tag="r1"), values(tag="r2"), [stamp("r1")], [stamp("r2")]) == ["tag"]


def test_without_sources_every_property_is_listed() -> None:
    assert named(values(revision="r1"), values(revision="r2"), [], []) == ["revision"]

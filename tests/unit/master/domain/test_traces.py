"""Ids of spans, and the spans of a build."""

from __future__ import annotations

from typing import Any

import pytest

from buildmill.common.results import CANCELLED, FAILURE, SUCCESS
from buildmill.master.domain.resources import Build, Step
from buildmill.master.domain.traces import (
    Period,
    SeenTimes,
    Span,
    TraceContext,
    TracedBuild,
    TracedCommand,
    TracedOrigin,
    TraceIds,
    parse_traceparent,
    spans_of,
)

IDS = TraceIds("http://ci/")
ORIGIN = TracedOrigin(7, 100)


def step(number: int, name: str, **values: Any) -> Step:
    defaults: dict[str, Any] = {"started_at": 110, "complete_at": 120, "results": SUCCESS, "state_string": "done"}
    return Step(
        buildid=7, complete=True, hidden=False, locks_acquired_at=None, name=name, number=number, stepid=number + 50,
        urls=[], **{**defaults, **values},
    )  # fmt: skip


def build(**values: Any) -> TracedBuild:
    made = Build(
        builderid=3, buildid=7, buildrequestid=9, complete=True, complete_at=130, locks_duration_s=0, masterid=1,
        number=2, properties={}, results=FAILURE, started_at=104, state_string="failed compile", workerid=1,
    )  # fmt: skip
    defaults: dict[str, Any] = {
        "build": made, "origin": ORIGIN, "builder": "linux", "worker": "w1", "queued_at": 100, "parent": None,
        "steps": [step(0, "worker_preparation", started_at=105, complete_at=105), step(1, "compile", results=FAILURE)],
        "commands": [TracedCommand("uid", 51, "shell", "ended", 2)],
    }  # fmt: skip
    return TracedBuild(**{**defaults, **values})


def by_name(traced: TracedBuild, seen: SeenTimes | None = None) -> dict[str, Span]:
    return {span.name: span for span in spans_of(traced, seen or SeenTimes(), IDS, "http://ci/")}


def test_ids_are_the_same_each_time_and_differ_between_builds_parts_and_installations() -> None:
    ids = [
        IDS.span(ORIGIN), IDS.span(ORIGIN, "queue"), IDS.span(ORIGIN, "step", 1), IDS.span(ORIGIN, "step", 11),
        IDS.span(ORIGIN, "command", "1"), IDS.span(TracedOrigin(8, 100)), IDS.span(TracedOrigin(7, 101)),
        TraceIds("http://other/").span(ORIGIN),
    ]  # fmt: skip

    assert len(set(ids)) == len(ids)
    assert all(0 < one < 2**64 for one in ids)
    assert TraceIds("http://ci/").trace(ORIGIN) == IDS.trace(ORIGIN) < 2**128


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", True),
        ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00", True),
        ("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more", True),
        ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more", False),
        ("ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", False),
        ("00-00000000000000000000000000000000-b7ad6b7169203331-01", False),
        ("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", False),
        ("00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", False),
        ("", False), (None, False), (3, False),
    ],
)  # fmt: skip
def test_only_what_is_a_traceparent_is_taken(text: object, found: bool) -> None:
    place = parse_traceparent(text)

    assert (place is not None) is found
    if place is not None and isinstance(text, str) and text.startswith("00"):
        assert str(place) == text


def test_spans_are_a_tree_of_queue_preparation_steps_and_commands() -> None:
    spans = by_name(build())

    root = spans["build linux"]
    assert root.parent is None
    inner = TraceContext(root.trace_id, root.span_id)
    assert {name: span.parent for name, span in spans.items() if name != "build linux"} == {
        "queue": inner, "prepare": inner, "compile": inner,
        "command shell": TraceContext(root.trace_id, spans["compile"].span_id),
    }  # fmt: skip
    assert {name: (span.start, span.end) for name, span in spans.items()} == {
        "build linux": (100, 130), "queue": (100, 104), "prepare": (104, 105), "compile": (110, 120),
        "command shell": (110, 120),
    }  # fmt: skip
    assert root.attributes["cicd.pipeline.result"] == "failure"
    assert root.attributes["cicd.pipeline.run.url.full"] == "http://ci/#/builders/3/builds/2"
    assert (root.problem, spans["command shell"].problem) == ("failed compile", "exit code 2")
    assert spans["command shell"].attributes["buildmill.times_are_of_step"] is True


def test_times_that_were_seen_are_finer_and_never_leave_the_span_above() -> None:
    seen = SeenTimes(
        Period(104.2, 130.7),
        {50: Period(105.1, 105.4), 51: Period(109.9, 120.5)},
        {"uid": Period(109.8, 120.6)},
    )

    spans = by_name(build(), seen)

    assert {name: (span.start, span.end) for name, span in spans.items()} == {
        "build linux": (100, 130.7), "queue": (100, 104.2), "prepare": (104.2, 105.4), "compile": (109.9, 120.5),
        "command shell": (109.9, 120.5),
    }  # fmt: skip
    assert "buildmill.times_are_of_step" not in spans["command shell"].attributes


def test_a_given_trace_is_continued_and_the_build_above_is_linked() -> None:
    given = TraceContext(5, 6)
    above = TracedOrigin(3, 90)

    root = by_name(build(origin=TracedOrigin(7, 100, given), parent=above))["build linux"]

    assert (root.trace_id, root.parent) == (5, given)
    assert root.links == [TraceContext(IDS.trace(above), IDS.span(above))]


def test_a_build_that_never_came_to_a_step_has_its_queue_only() -> None:
    spans = by_name(build(steps=[], commands=[], build=build().build.__class__(
        builderid=3, buildid=7, buildrequestid=9, complete=True, complete_at=130, locks_duration_s=0, masterid=1,
        number=2, properties={}, results=CANCELLED, started_at=104, state_string="cancelled", workerid=None,
    )))  # fmt: skip

    assert [*spans] == ["build linux", "queue", "prepare"]
    assert spans["prepare"].end == 130
    assert spans["build linux"].attributes["cicd.pipeline.result"] == "cancellation"

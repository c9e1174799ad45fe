"""Builds as traces: the ids of their spans, and what the spans are. Pure; `reporters.tracing` tells them.

Ids follow from what is in the database, so that whoever makes them again, after a restart too, makes the same.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from buildmill.common.results import EXCEPTION, FAILURE, RETRY, Result
from buildmill.master.domain.resources import Build, Step

PROPERTY = "traceparent"
"""Property of a build that continues a trace: as the header of that name."""

VARIABLE = "TRACEPARENT"
"""Variable of a command's environment with its place in the trace."""

PREPARATION = "worker_preparation"

_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?\Z")
_FAILED = (FAILURE, EXCEPTION, RETRY)
_OUTCOMES: Mapping[Result, str] = {
    Result.SUCCESS: "success", Result.WARNINGS: "success", Result.FAILURE: "failure", Result.SKIPPED: "skip",
    Result.EXCEPTION: "error", Result.RETRY: "error", Result.CANCELLED: "cancellation",
}  # fmt: skip
"""Our results in the words of OpenTelemetry's conventions for CI (``cicd.pipeline.result``)."""


@dataclass(frozen=True, slots=True)
class TraceContext:
    """A place in a trace."""

    trace_id: int
    span_id: int
    is_sampled: bool = True

    def __str__(self) -> str:
        """As a ``traceparent`` (W3C Trace Context, section 3.2)."""
        return f"00-{self.trace_id:032x}-{self.span_id:016x}-{'01' if self.is_sampled else '00'}"


def parse_traceparent(text: object) -> TraceContext | None:
    """What a ``traceparent`` says; None for anything else."""
    found = _TRACEPARENT.match(text) if isinstance(text, str) else None
    if found is None or found[1] == "ff" or (found[1] == "00" and found[5]):
        return None
    trace_id, span_id = int(found[2], 16), int(found[3], 16)
    return TraceContext(trace_id, span_id, bool(int(found[4], 16) & 1)) if trace_id and span_id else None


@dataclass(frozen=True, slots=True)
class TracedOrigin:
    """What the ids of a build's spans follow from.

    Attributes:
        submitted_at: when its request came.
        given: the build's property `PROPERTY`; None without one.
    """

    build_id: int
    submitted_at: int
    given: TraceContext | None = None


class TraceIds:
    """Makes ids.

    Args:
        namespace: tells installations apart: the master's address.
    """

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace

    def trace(self, origin: TracedOrigin) -> int:
        """Of the trace that a build is in."""
        return origin.given.trace_id if origin.given is not None else self._id(origin, "trace", 16)

    def span(self, origin: TracedOrigin, *part: object) -> int:
        """Of a build's span, or of the span of a part of it."""
        return self._id(origin, ":".join(map(str, ("span", *part))), 8)

    def _id(self, origin: TracedOrigin, what: str, size: int) -> int:
        text = "\0".join((self._namespace, str(origin.build_id), str(origin.submitted_at), what))
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=size).digest()) or 1


@dataclass(frozen=True, slots=True)
class TracedCommand:
    """A command of a step, as its row has it."""

    uid: str
    step_id: int
    name: str
    state: str
    rc: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedBuild:
    """A build that has ended, with what its spans tell.

    Attributes:
        queued_at: since when it waited: its request came, or an earlier attempt ended.
        parent: the build that has triggered it.
    """

    build: Build
    origin: TracedOrigin
    builder: str
    worker: str | None
    queued_at: int
    parent: TracedOrigin | None
    steps: Sequence[Step]
    commands: Sequence[TracedCommand]


@dataclass(slots=True)
class Period:
    """When something began and ended, in seconds since the epoch; None where nobody has seen it."""

    start: float | None = None
    end: float | None = None


@dataclass(slots=True)
class SeenTimes:
    """When this process has seen what happened in a build: finer than the whole seconds of rows.

    Attributes:
        steps, commands: by id.
    """

    build: Period = field(default_factory=Period)
    steps: dict[int, Period] = field(default_factory=dict)
    commands: dict[str, Period] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One span.

    Attributes:
        parent: the span above it; None for the first of a trace.
        start, end: seconds since the epoch.
        problem: why it failed; empty if it did not.
        links: other places that have to do with it.
    """

    name: str
    trace_id: int
    span_id: int
    parent: TraceContext | None
    start: float
    end: float
    attributes: Mapping[str, str | int | bool]
    problem: str = ""
    links: Sequence[TraceContext] = ()


def spans_of(traced: TracedBuild, seen: SeenTimes, ids: TraceIds, base_url: str) -> list[Span]:
    """The spans of a build, the outer ones first."""
    return list(_spans(traced, seen, ids, base_url))


def _spans(traced: TracedBuild, seen: SeenTimes, ids: TraceIds, base_url: str) -> Iterator[Span]:
    build, origin = traced.build, traced.origin
    trace, root = ids.trace(origin), ids.span(origin)
    inner = TraceContext(trace, root)
    begin = float(traced.queued_at)
    started = max(begin, _first(seen.build.start, build.started_at, begin))
    end = max(started, _first(seen.build.end, build.complete_at, started))

    def within(period: Period | None, start: int | None, stop: int | None) -> tuple[float, float]:
        period = period or Period()
        first = min(max(started, _first(period.start, start, started)), end)
        return first, min(max(first, _first(period.end, stop, first)), end)

    links = []
    if traced.parent is not None:
        links.append(TraceContext(ids.trace(traced.parent), ids.span(traced.parent)))
    yield Span(
        name=f"build {traced.builder}", trace_id=trace, span_id=root, parent=origin.given, start=begin, end=end,
        attributes={
            "cicd.pipeline.name": traced.builder,
            "cicd.pipeline.run.id": str(build.buildid),
            "cicd.pipeline.run.url.full": f"{base_url}#/builders/{build.builderid}/builds/{build.number}",
            "cicd.pipeline.result": _outcome(build.results),
            "buildmill.build.number": build.number,
            "buildmill.buildrequest.id": build.buildrequestid,
            "buildmill.state": build.state_string,
            **({"cicd.worker.name": traced.worker} if traced.worker else {}),
        },
        problem=_problem(build.results, build.state_string), links=links,
    )  # fmt: skip
    preparation = next((step for step in traced.steps if step.name == PREPARATION), None)
    ready = end
    if preparation is not None:
        _, ready = within(seen.steps.get(preparation.stepid), None, preparation.complete_at)
    elif traced.steps:
        ready, _ = within(seen.steps.get(traced.steps[0].stepid), traced.steps[0].started_at, None)
    for name, first, last in (("queue", begin, started), ("prepare", started, ready)):
        yield Span(
            name=name, trace_id=trace, span_id=ids.span(origin, name), parent=inner, start=first, end=last,
            attributes={},
        )  # fmt: skip
    by_step: dict[int, list[TracedCommand]] = {}
    for command in traced.commands:
        by_step.setdefault(command.step_id, []).append(command)
    for step in traced.steps:
        if step.started_at is None or step is preparation:
            continue
        first, last = within(seen.steps.get(step.stepid), step.started_at, step.complete_at)
        place = TraceContext(trace, ids.span(origin, "step", step.stepid))
        yield Span(
            name=step.name, trace_id=trace, span_id=place.span_id, parent=inner, start=first, end=last,
            attributes={
                "cicd.pipeline.task.name": step.name,
                "cicd.pipeline.task.run.id": str(step.stepid),
                "cicd.pipeline.task.run.result": _outcome(step.results),
                "buildmill.step.number": step.number,
                "buildmill.state": step.state_string,
            },
            problem=_problem(step.results, step.state_string),
        )  # fmt: skip
        for command in by_step.get(step.stepid, ()):
            period = seen.commands.get(command.uid) or Period()
            known = {} if period.start and period.end else {"buildmill.times_are_of_step": True}
            begun = min(max(first, period.start or first), last)
            yield Span(
                name=f"command {command.name}", trace_id=trace, span_id=ids.span(origin, "command", command.uid),
                parent=place, start=begun, end=min(max(begun, period.end or last), last),
                attributes={
                    "buildmill.command.name": command.name,
                    "buildmill.command.state": command.state,
                    **({} if command.rc is None else {"process.exit.code": command.rc}),
                    **known,
                },
                problem=f"exit code {command.rc}" if command.rc else "",
            )  # fmt: skip


def _first(*times: float | None) -> float:
    return next((float(time) for time in times if time is not None), 0.0)


def _outcome(results: int | None) -> str:
    return "error" if results is None else _OUTCOMES[Result(results)]


def _problem(results: int | None, text: str) -> str:
    return text if results is not None and Result(results) in _FAILED else ""

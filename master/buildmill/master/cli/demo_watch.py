"""Watching one build over the REST API, and telling a view what happens in it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from buildmill.client import api
from buildmill.client.asynchronous import AsyncClient
from buildmill.client.resources import Build, Step
from buildmill.common.results import RETRY, Result

_POLL_SECONDS = 0.15
_LINES_AT_ONCE = 1000

Sleep = Callable[[float], Awaitable[Any]]


@dataclass(frozen=True, kw_only=True)
class StepState:
    """A step as people see it.

    Attributes:
        result: None while it has not ended.
        seconds: how long it has run, or ran.
        lines: of all its logs so far.
    """

    number: int
    name: str
    state: str
    has_begun: bool
    result: Result | None
    seconds: int
    lines: int


class View(Protocol):
    """Where a build is shown."""

    def waits(self) -> None:
        """The request waits for a worker."""

    def begins(self, build: Build) -> None:
        """A build has begun; also the next attempt after one that has to be repeated."""

    def steps(self, steps: Sequence[StepState]) -> None:
        """How the steps are now."""

    def output(self, step: StepState, lines: Sequence[str]) -> None:
        """Further lines of a step's logs, in order."""

    def ends(self, build: Build, result: Result) -> None:
        """The build has ended."""


class BuildWatcher:
    """Follows the build of one request to its end.

    Args:
        sleep: wait some seconds.
        now: seconds since the epoch.
    """

    def __init__(self, client: AsyncClient, view: View, *, sleep: Sleep, now: Callable[[], float]) -> None:
        self._client = client
        self._view = view
        self._sleep = sleep
        self._now = now
        self._shown: dict[int, int] = {}  # log id: lines

    async def follow(self, request_id: int) -> tuple[Build, Result]:
        """Returns the build that counts, and its result."""
        current = 0
        while True:
            builds = await self._client.list(api.buildrequests[request_id].builds.order("buildid"))
            if not builds:
                self._view.waits()
                await self._sleep(_POLL_SECONDS)
                continue
            build = builds[-1]
            if build.buildid != current:
                current = build.buildid
                self._view.begins(build)
            # the build was read first: what its steps show then is complete, if it is
            await self._show_steps(current)
            if build.results is not None and (result := Result(build.results)) is not RETRY:
                self._view.ends(build, result)
                return build, result
            await self._sleep(_POLL_SECONDS)

    async def _show_steps(self, build_id: int) -> None:
        states = []
        for step in await self._client.list(api.builds[build_id].steps.order("number")):
            logs = await self._client.list(api.steps[step.stepid].logs.order("logid")) if step.started_at else []
            state = self._state(step, sum(log.num_lines for log in logs))
            states.append(state)
            for log in logs:
                await self._show_log(state, log.logid, log.num_lines)
        self._view.steps(states)

    async def _show_log(self, state: StepState, log_id: int, count: int) -> None:
        while (first := self._shown.get(log_id, 0)) < count:
            chunk = await self._client.get(api.logs[log_id].contents.lines(first, _LINES_AT_ONCE))
            lines = chunk.content.removesuffix("\n").split("\n")
            self._shown[log_id] = first + len(lines)
            # the first character of a line tells its stream; the command's description (h) is not its output
            if output := [line[1:] for line in lines if not line.startswith("h")]:
                self._view.output(state, output)

    def _state(self, step: Step, lines: int) -> StepState:
        began, ended = step.started_at, step.complete_at
        return StepState(
            number=step.number,
            name=step.name,
            state=step.state_string,
            has_begun=began is not None,
            result=None if step.results is None else Result(step.results),
            seconds=0 if began is None else max(0, int((ended or self._now()) - began)),
            lines=lines,
        )

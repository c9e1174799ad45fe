"""How the demonstration shows a build: live on a terminal, as plain lines elsewhere."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from buildmill.client.resources import Build
from buildmill.common.results import SUCCESS, WARNINGS, Result
from buildmill.master.cli.demo_watch import StepState

_TAIL_LINES = 12
_PLAIN_LINES = 15
# Output may hold commands for a terminal: colours, titles, worse.
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)|[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_STYLES = {SUCCESS: "green", WARNINGS: "yellow"}


def plain(line: str) -> str:
    """A line of output without anything that a terminal would obey."""
    return _ESCAPES.sub("", line.expandtabs())


class PlainView:
    """A line for each thing that happens; of each step's output the beginning."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._said: dict[int, str] = {}
        self._printed: dict[int, int] = {}
        self._is_waiting = False

    def waits(self) -> None:
        """See `View`."""
        if not self._is_waiting:
            self._is_waiting = True
            self._say("waiting for the worker")

    def begins(self, build: Build) -> None:
        """See `View`."""
        self._said.clear()
        self._printed.clear()
        self._say(f"build {build.number} has begun")

    def steps(self, steps: Sequence[StepState]) -> None:
        """See `View`."""
        for step in steps:
            if step.result is None or self._said.get(step.number) == "ended":
                continue
            self._said[step.number] = "ended"
            hidden = self._printed.get(step.number, 0) - _PLAIN_LINES
            if hidden > 0:
                self._say(f"      ... {hidden} more lines")
            self._say(f"  [{step.result.text}] {step.name}: {step.state} ({step.seconds} s)")

    def output(self, step: StepState, lines: Sequence[str]) -> None:
        """See `View`."""
        printed = self._printed.get(step.number, 0)
        self._printed[step.number] = printed + len(lines)
        for line in lines[: max(0, _PLAIN_LINES - printed)]:
            self._say(f"      {step.name} | {plain(line)}")

    def ends(self, build: Build, result: Result) -> None:
        """See `View`."""
        self._say(f"build {build.number}: {build.state_string} [{result.text}]")

    def _say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


class LiveView:
    """A list of steps that changes in place, and below it the last lines of output."""

    def __init__(self, console: Console) -> None:
        self._console = console
        # drawn only when something is told: the reactor must not share the terminal with a thread
        self._live = Live(console=console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False)
        self._live.start()
        self._steps: Sequence[StepState] = ()
        self._tail: deque[str] = deque(maxlen=_TAIL_LINES)
        self._title = "waiting for the worker"
        self._spinner = Spinner("dots")

    def waits(self) -> None:
        """See `View`."""
        self._draw()

    def begins(self, build: Build) -> None:
        """See `View`."""
        self._title = f"build {build.number}"
        self._tail.clear()
        self._draw()

    def steps(self, steps: Sequence[StepState]) -> None:
        """See `View`."""
        self._steps = steps
        self._draw()

    def output(self, step: StepState, lines: Sequence[str]) -> None:
        """See `View`."""
        self._tail.extend(map(plain, lines[-_TAIL_LINES:]))

    def ends(self, build: Build, result: Result) -> None:
        """See `View`."""
        self._title = f"build {build.number}: {build.state_string}"
        if result is SUCCESS:
            self._tail.clear()
        self._draw()
        self.close()

    def close(self) -> None:
        """Leave the terminal as it is now."""
        self._live.stop()

    def _draw(self) -> None:
        table = Table(box=None, show_header=False, pad_edge=False)
        for step in self._steps:
            table.add_row(self._mark(step), step.name, Text(step.state, style="dim"), self._time(step))
        parts: list[Any] = [Text(self._title, style="bold"), table]
        if self._tail:
            width = max(20, self._console.width - 4)
            parts.append(Panel(Text("\n".join(line[:width] for line in self._tail)), title="log", style="dim"))
        self._live.update(Group(*parts), refresh=True)

    def _mark(self, step: StepState) -> Any:
        if step.result is not None:
            return Text("●", style=_STYLES.get(step.result, "red"))
        return self._spinner if step.has_begun else Text("○", style="dim")

    def _time(self, step: StepState) -> Text:
        return Text(f"{step.seconds} s" if step.has_begun else "", justify="right", style="dim")

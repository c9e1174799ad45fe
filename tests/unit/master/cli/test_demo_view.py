"""How the demonstration shows a build: every step once, its output within limits, nothing that commands a terminal."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from buildmill.client.resources import Build
from buildmill.common.results import FAILURE, SUCCESS, Result
from buildmill.master.cli.demo_view import LiveView, PlainView, plain
from buildmill.master.cli.demo_watch import StepState

BUILD = Build(
    builderid=1, buildid=9, buildrequestid=1, complete=True, complete_at=2, locks_duration_s=0, masterid=1, number=7,
    properties=None, results=0, started_at=1, state_string="build successful", workerid=1,
)  # fmt: skip


def step(number: int, result: Result | None, **values: Any) -> StepState:
    defaults: dict[str, Any] = {"name": f"step{number}", "state": "works", "seconds": 2, "lines": 0}
    return StepState(number=number, result=result, has_begun=True, **{**defaults, **values})


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("a\tb", "a       b"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07x", "x"),
        ("\x1b[2J\x1b[?25lx\x9by\r\x00", "xy"),
        ("é 日本 [bold]", "é 日本 [bold]"),
    ],
)
def test_output_cannot_command_the_terminal(line: str, shown: str) -> None:
    assert plain(line) == shown


def test_without_a_terminal_each_ended_step_is_told_once_and_long_output_is_cut() -> None:
    output = io.StringIO()
    view = PlainView(Console(file=output, width=200))

    view.waits()
    view.waits()
    view.begins(BUILD)
    for _ in range(2):
        view.steps([step(0, SUCCESS), step(1, None)])
    view.output(step(1, None), [f"line {n}" for n in range(20)])
    view.output(step(1, None), ["[red]line 20"])
    view.steps([step(0, SUCCESS), step(1, FAILURE)])
    view.ends(BUILD, SUCCESS)

    lines = output.getvalue().splitlines()
    assert lines[:3] == ["waiting for the worker", "build 7 has begun", "  [success] step0: works (2 s)"]
    assert lines[3:18] == [f"      step1 | line {n}" for n in range(15)]
    assert lines[18:] == [
        "      ... 6 more lines",
        "  [failure] step1: works (2 s)",
        "build 7: build successful [success]",
    ]


def test_on_a_terminal_the_last_picture_stays_and_names_every_step() -> None:
    output = io.StringIO()
    view = LiveView(Console(file=output, width=80, force_terminal=True, legacy_windows=False))

    view.waits()
    view.begins(BUILD)
    view.steps([step(0, SUCCESS), step(1, None)])
    view.output(step(1, None), ["[red]half a mark", "x" * 500])
    view.steps([step(0, SUCCESS), step(1, FAILURE)])
    view.ends(BUILD, FAILURE)

    text = output.getvalue()
    last = text[text.rindex("build 7: build successful") :]
    assert "step0" in last
    assert "step1" in last
    assert "[red]half a mark" in last
    assert text.endswith("\x1b[?25h")  # the cursor is shown again

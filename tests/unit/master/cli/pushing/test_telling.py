"""What `push` tells: causes out of a build's error, hints, and a log that commands no terminal."""

from __future__ import annotations

import click
import pytest

from buildmill.client.errors import Unreachable, error_of
from buildmill.common.errors import InvalidInput
from buildmill.master.cli.pushing.display import Display
from buildmill.master.cli.pushing.hints import Explained, explained
from buildmill.master.cli.pushing.staging import failure_of


@pytest.mark.parametrize(
    ("error", "name", "cause"),
    [
        (
            "BuildpackCompileFailed - App staging failed in the buildpack compile phase (bin/compile of x (1) failed)",
            "BuildpackCompileFailed",
            "bin/compile of x (1) failed",
        ),
        ("StagingError - Staging error: no droplet", "StagingError", "Staging error: no droplet"),
        ("StagerError - Stager error: two\nlines (and more)", "StagerError", "and more"),
        ("something else", "StagingError", "something else"),
    ],
)
def test_the_cause_is_what_stands_in_brackets(error: str, name: str, cause: str) -> None:
    failure = failure_of(error)

    assert (failure.name, failure.cause) == (name, cause)


def v3_error(status: int, title: str, detail: str) -> Exception:
    return error_of(status, f'{{"errors":[{{"detail":"{detail}","title":"{title}","code":1}}]}}'.encode())


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (
            failure_of("BuildpackCompileFailed - failed (bin/compile of x was stopped: more than 96 MiB of memory)"),
            "staging failed: bin/compile of x was stopped: more than 96 MiB of memory (BuildpackCompileFailed)\n"
            "Hint: have it given more with --memory, or mend what takes so much",
        ),
        (
            v3_error(401, "CF-InvalidAuthToken", "Invalid Auth Token"),
            "the master refuses: Invalid Auth Token\n"
            "Hint: the token has ended, or is of another master; give a token that may stage with --auth, or in "
            "BUILDMILL_TOKEN",
        ),
        (v3_error(422, "CF-UnprocessableEntity", "anything"), "the master refuses: anything"),
        (
            Unreachable("http://ci", "refused"),
            "the master at http://ci gives no answer: refused\n"
            "Hint: is it running? its address is given with --master, or in BUILDMILL_MASTER",
        ),
        (InvalidInput("x", "is bad\x1b[2J"), "x: is bad\N{REPLACEMENT CHARACTER}[2J"),
    ],
)
def test_a_problem_is_told_with_what_to_do(problem: Exception, text: str) -> None:
    with pytest.raises(click.ClickException) as told, Explained():
        raise problem

    assert str(told.value) == text


def test_each_error_of_staging_that_the_master_knows_has_a_hint() -> None:
    from buildmill.master.domain.staging.outcomes import TEXTS

    without = [name for name in TEXTS if "Hint: " not in explained(failure_of(f"{name} - x"))]

    assert without == ["StagerError", "CNBLaunchFailed"]  # what others report; and no staging launches anything


def test_the_log_commands_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    Display(quiet=False).log(b"\x1b[31mred\x1b[0m\tand \x1b[2J\xff\r\n")

    assert capsys.readouterr().out == "red     and \N{REPLACEMENT CHARACTER}[2J\N{REPLACEMENT CHARACTER}\n"


def test_quiet_shows_no_log(capsys: pytest.CaptureFixture[str]) -> None:
    Display(quiet=True).log(b"line")

    assert capsys.readouterr().out == ""

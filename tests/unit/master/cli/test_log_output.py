"""The master's own log: one line for each event, nothing from outside can forge one."""

from __future__ import annotations

import io
import json
import re
from typing import Any, cast

from twisted.logger import ILogObserver, Logger, LogLevel
from twisted.python.failure import Failure

from buildmill.master.cli.follow import text_lines
from buildmill.master.cli.log_output import observer


def logged(debug: bool = False, as_json: bool = False) -> tuple[Logger, io.StringIO]:
    output = io.StringIO()
    watching: ILogObserver = observer(output, debug=debug, as_json=as_json)
    return Logger(namespace="some.place", observer=watching), output


def test_a_line_has_time_level_place_and_text() -> None:
    log, output = logged()

    log.info("worker {name} is there", name="w1")
    log.error("bad")

    first, second = output.getvalue().splitlines()
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d info    some\.place: worker w1 is there", first
    )
    assert second.endswith(" error   some.place: bad")


def test_a_traceback_follows_on_lines_that_begin_with_a_tab() -> None:
    log, output = logged()
    try:
        raise ValueError("reason")
    except ValueError:
        log.failure("broke")

    first, *further = output.getvalue().splitlines()
    assert first.endswith("some.place: broke")
    assert all(line.startswith("\t") for line in further)
    assert further[-1] == "\tbuiltins.ValueError: reason"


def test_what_comes_from_outside_cannot_forge_a_line_or_command_a_terminal() -> None:
    log, output = logged()

    log.info("hello {name}", name="w\n2026-01-01 info all is well\r\x1b[2J\x9b\u2028end")

    (_, forged) = output.getvalue().splitlines()
    assert forged == "\t2026-01-01 info all is well\\x0d\\x1b[2J\\x9b\\x2028end"


def test_debug_events_are_shown_on_request_only() -> None:
    (quiet, nothing), (log, output) = logged(), logged(debug=True)

    quiet.debug("detail")
    log.debug("detail")

    assert nothing.getvalue() == ""
    assert "debug   some.place: detail" in output.getvalue()


def test_an_output_that_fails_does_not_keep_the_others_from_theirs() -> None:
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(28, "No space left on device")

    good = io.StringIO()
    log = Logger(namespace="n", observer=observer(Full(), good))

    log.info("text")

    assert good.getvalue().endswith("n: text\n")


def test_a_failure_that_cannot_be_shown_is_still_an_event() -> None:
    class Odd(Failure):
        def getTraceback(self, *args: Any, **kwargs: Any) -> str:
            raise RuntimeError("no repr")

    log, output = logged()
    odd: Failure = cast("Any", Odd)(ValueError())

    log.emit(LogLevel.critical, "broke", log_failure=odd)

    assert "broke" in output.getvalue()
    assert "unable to show the traceback" in output.getvalue()


def test_a_line_of_json_has_the_same_and_the_fields() -> None:
    log, output = logged(as_json=True)

    log.warn("{count} builds on {place!r}\nof {thing}", count=3, place="w1\n", thing=re.compile("x"))

    (line,) = output.getvalue().splitlines()
    document = json.loads(line)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", document.pop("time"))
    assert document == {
        "level": "warn",
        "place": "some.place",
        "text": "3 builds on 'w1\\n'\nof re.compile('x')",
        "fields": {"count": 3, "place": "w1\n", "thing": "re.compile('x')"},
    }


def test_json_has_the_traceback() -> None:
    log, output = logged(as_json=True)
    try:
        raise ValueError("reason")
    except ValueError:
        log.failure("broke")

    document = json.loads(output.getvalue())
    assert document["text"] == "broke"
    assert document["traceback"].endswith("builtins.ValueError: reason")


def test_whoever_watches_a_log_reads_both_formats() -> None:
    log, output = logged(as_json=True)
    log.error("cannot start: {problems}", problems="2 errors\nfirst\nsecond")

    assert text_lines(output.getvalue().rstrip("\n")) == [
        "error some.place: cannot start: 2 errors", "\tfirst", "\tsecond",
    ]  # fmt: skip
    for line in ("2026 info x: y", "{printed by somebody", '{"a": 1}', "\tmore"):
        assert text_lines(line) == [line]

"""How the master's own log looks: one line of text for each event, in a file that is rotated, and on a terminal.

``2026-03-01T12:30:00.250+01:00 info    buildmill.master.app.App: master is running``

Further lines of an event (a traceback, a list of problems) begin with a tab.

For programs a line is a JSON object instead, if so wanted: ``time``, ``level``, ``place``, ``text``, ``traceback``, and
the event's own values under ``fields``.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Protocol, cast

from twisted.logger import ILogObserver, LogEvent, LogLevel, formatEvent
from twisted.python.logfile import LogFile

_LEVELS = {
    LogLevel.debug: "debug  ",
    LogLevel.info: "info   ",
    LogLevel.warn: "warn   ",
    LogLevel.error: "error  ",
    LogLevel.critical: "CRITICAL",
}
# Twisted says this of each connection that a client of ours opens.
_NOISE = frozenset({"Starting factory {factory!r}", "Stopping factory {factory!r}"})
# What comes from outside may be in an event; it must neither forge a line nor command a terminal.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")


class TextFormat:
    """Events as lines of text; remembers the last second's text, because a busy master logs many lines in one."""

    def __init__(self) -> None:
        self._second = -1
        self._date, self._zone = "", ""

    def line(self, event: LogEvent) -> str:
        """The event as text that ends with a newline."""
        text = formatEvent(event)
        failure = event.get("log_failure")
        if failure is not None:
            text = f"{text}\n{_traceback(failure)}" if text else _traceback(failure)
        level = _LEVELS.get(event.get("log_level") or LogLevel.info, "info   ")
        text = _CONTROL.sub(_escaped, text.rstrip("\n")).replace("\n", "\n\t")
        return f"{self._instant(event['log_time'])} {level} {event.get('log_namespace', '-')}: {text}\n"

    def _instant(self, seconds: float) -> str:
        whole = int(seconds)
        if whole != self._second:
            local = datetime.fromtimestamp(whole).astimezone()
            self._second = whole
            self._date, self._zone = local.strftime("%Y-%m-%dT%H:%M:%S"), local.isoformat()[19:]
        return f"{self._date}.{int((seconds - whole) * 1000):03d}{self._zone}"


class Format(Protocol):
    """How events look."""

    def line(self, event: LogEvent) -> str:
        """The event as text that ends with a newline."""


class JsonFormat:
    """Events as JSON objects, one on each line."""

    def line(self, event: LogEvent) -> str:
        """The event as text that ends with a newline, the only one in it."""
        level = event.get("log_level") or LogLevel.info
        document: dict[str, Any] = {
            "time": datetime.fromtimestamp(event["log_time"], UTC).isoformat(timespec="milliseconds"),
            "level": level.name,
            "place": event.get("log_namespace", "-"),
            "text": formatEvent(event),
        }
        failure = event.get("log_failure")
        if failure is not None:
            document["traceback"] = _traceback(failure)
        fields = {name: _plain(value) for name, value in event.items() if not name.startswith(("log_", "_"))}
        if fields:
            document["fields"] = fields
        return json.dumps(document) + "\n"


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    try:
        return str(value)
    except Exception:  # anything may be logged: a value whose str fails must not cost us the event
        return f"({type(value).__name__})"


def _escaped(found: re.Match[str]) -> str:
    return f"\\x{ord(found[0]):02x}"


def _traceback(failure: Any) -> str:
    try:
        return str(failure.getTraceback()).rstrip("\n")
    except Exception as problem:  # a value whose repr fails must not cost us the event
        return f"(unable to show the traceback: {problem!r})"


def open_log(path: Path, *, rotate_bytes: int, keep: int) -> LogFile:
    """The file that lines are appended to; `rotate_bytes` 0 for never, `keep` 0 for all."""
    return LogFile(
        path.name,
        str(path.parent),
        rotateLength=rotate_bytes or None,
        maxRotatedFiles=keep or None,
        defaultMode=0o600,
    )


def observer(*outputs: IO[str] | LogFile, debug: bool = False, as_json: bool = False) -> ILogObserver:
    """Writes each event to all outputs; one that cannot be written (a full disk, a closed terminal) loses its line."""
    form: Format = JsonFormat() if as_json else TextFormat()

    def observe(event: LogEvent) -> None:
        if not debug and (event.get("log_level") is LogLevel.debug or event.get("log_format") in _NOISE):
            return
        line = form.line(event)
        for output in outputs:
            try:
                output.write(line)
                output.flush()
            except (OSError, ValueError):
                continue

    return cast("ILogObserver", observe)  # any callable is one

"""When a cron-like rule is due."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from buildmill.common.errors import InvalidInput


class CronRule:
    """A rule of five fields, in local time.

    A time that the clocks skip in spring is due when they have been put forward; one that comes twice in autumn is
    due once, unless the rule is for every hour.

    Args:
        minute, hour, dayOfMonth, month, dayOfWeek: an integer, a list, or text as cron has it. Days of the
            week that are plain integers count from Monday = 0; names and ranges in text are cron's own.

    Raises:
        InvalidInput: a field that no time can match.
    """

    def __init__(self, minute: Any, hour: Any, dayOfMonth: Any, month: Any, dayOfWeek: Any) -> None:
        fields = [
            _field("minute", minute),
            _field("hour", hour),
            _field("dayOfMonth", dayOfMonth),
            _field("month", month),
            _days_of_week(dayOfWeek),
        ]
        self.text = " ".join(fields)
        try:
            next(CronSim(self.text, datetime(2024, 1, 1, tzinfo=UTC)))
        except (CronSimError, StopIteration) as problem:
            raise InvalidInput("time", f"{self.text!r} is never due: {problem or 'no such day'}") from problem

    def next_after(self, now: float, timezone: tzinfo) -> float:
        """The first instant after `now` at which the rule is due; both in seconds since the epoch."""
        local = datetime.fromtimestamp(now, timezone)
        return next(CronSim(self.text, local)).timestamp()


def local_timezone(environ: Mapping[str, str] = os.environ, localtime: Path = Path("/etc/localtime")) -> tzinfo:
    """The time zone of this machine, with its rules for summer time: ``TZ``, then ``/etc/localtime``, then UTC."""
    if name := environ.get("TZ", "").removeprefix(":"):
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            pass  # as the C library does with a name that it doesn't know
    try:
        with localtime.open("rb") as file:
            return ZoneInfo.from_file(file)
    except (OSError, ValueError):
        return UTC


def _field(name: str, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | str | list | tuple):
        raise InvalidInput(name, f"must be an integer, a list or text as cron has it, not {value!r}")
    if isinstance(value, list | tuple):
        if not value:
            raise InvalidInput(name, "must not be an empty list")
        return ",".join(_field(name, item) for item in value)
    text = str(value)
    if not text or any(character.isspace() for character in text):
        raise InvalidInput(name, f"must have no spaces, this has: {text!r}")
    return text


def _days_of_week(value: Any) -> str:
    parts = _field("dayOfWeek", value).split(",")
    return ",".join(str((int(part) + 1) % 7) if part.isascii() and part.isdigit() else part for part in parts)

"""Time zones as ``java.time.ZoneId`` writes them: names of regions, and offsets with or without a prefix."""

from __future__ import annotations

import re
from datetime import UTC, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from buildmill.common.errors import InvalidInput

_OFFSET = re.compile(r"(?:UTC|GMT|UT)?([+-])(\d{1,2})(?::?([0-5]\d)(?::?([0-5]\d))?)?\Z")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9~/._+-]+\Z")
_MOST = timedelta(hours=18)  # as there


@lru_cache(maxsize=1)
def names() -> tuple[str, ...]:
    """Names of regions that this machine knows, in order; reads the folder that has them."""
    return tuple(sorted(name for name in available_timezones() if "/" in name or name == "UTC"))


@lru_cache(maxsize=256)
def zone_of(text: str) -> tzinfo:
    """The zone of that id: ``Europe/Berlin``, ``UTC``, ``Z``, ``+02:00``, ``GMT-8``.

    Raises:
        InvalidInput: there is none of that name.
    """
    if text in ("Z", "UTC", "GMT", "UT"):
        return UTC
    if (match := _OFFSET.match(text)) is not None:
        sign, hours, minutes, seconds = match.groups()
        offset = timedelta(hours=int(hours), minutes=int(minutes or 0), seconds=int(seconds or 0))
        if offset <= _MOST:
            return timezone(-offset if sign == "-" else offset)
    elif _NAME.match(text) and ".." not in text:
        try:
            return ZoneInfo(text)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            pass
    raise InvalidInput("timeZone", f"{text[:100]!r} is no time zone; expected one as Europe/Berlin, UTC or +02:00")

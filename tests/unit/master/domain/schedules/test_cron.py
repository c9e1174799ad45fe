"""Five-field cron expressions on the wall clocks of several zones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildmill.common.errors import InvalidInput
from buildmill.master.domain.schedules.cron import Cron
from buildmill.master.domain.schedules.words import words_of
from buildmill.master.domain.schedules.zones import zone_of

BERLIN = ZoneInfo("Europe/Berlin")


def instants(text: str, start: str, count: int, zone: str = "UTC") -> list[str]:
    """The next ones after `start`, which is UTC; each as the wall shows it, with its offset."""
    found = []
    instant: datetime | None = datetime.fromisoformat(start).replace(tzinfo=UTC)
    for _ in range(count):
        assert instant is not None
        instant = Cron(text).next_after(instant, zone_of(zone))
        assert instant is not None
        found.append(instant.astimezone(zone_of(zone)).isoformat(timespec="minutes"))
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*/20 * * * *", ["2026-01-01T00:20", "2026-01-01T00:40", "2026-01-01T01:00"]),
        ("50/5 3 * * *", ["2026-01-01T03:50", "2026-01-01T03:55", "2026-01-02T03:50"]),
        ("0 0-6/3 * * *", ["2026-01-01T03:00", "2026-01-01T06:00", "2026-01-02T00:00"]),
        ("0 0 L * *", ["2026-01-31T00:00", "2026-02-28T00:00", "2026-03-31T00:00"]),
        ("0 0 * * 5L", ["2026-01-30T00:00", "2026-02-27T00:00", "2026-03-27T00:00"]),
        ("0 0 * * fri#2", ["2026-01-09T00:00", "2026-02-13T00:00", "2026-03-13T00:00"]),
        ("0 0 * * SAT-SUN", ["2026-01-03T00:00", "2026-01-04T00:00", "2026-01-10T00:00"]),
        ("0 0 * * 7", ["2026-01-04T00:00", "2026-01-11T00:00", "2026-01-18T00:00"]),
        ("0 0 13 * FRI", ["2026-01-02T00:00", "2026-01-09T00:00", "2026-01-13T00:00"]),
        ("0 12 1 FEB,DEC *", ["2026-02-01T12:00", "2026-12-01T12:00", "2027-02-01T12:00"]),
        ("0 0 29 2 *", ["2028-02-29T00:00", "2032-02-29T00:00", "2036-02-29T00:00"]),
    ],
)
def test_next_instants(text: str, expected: list[str]) -> None:
    assert instants(text, "2026-01-01T00:00", 3) == [f"{wall}+00:00" for wall in expected]


def test_an_instant_that_the_clocks_skip_never_comes() -> None:
    found = instants("30 2 * * *", "2026-03-28T00:00", 2, "Europe/Berlin")

    assert found == ["2026-03-28T02:30+01:00", "2026-03-30T02:30+02:00"]


def test_an_instant_that_comes_twice_is_due_twice() -> None:
    found = instants("30 2 * * *", "2026-10-24T12:00", 3, "Europe/Berlin")

    assert found == ["2026-10-25T02:30+02:00", "2026-10-25T02:30+01:00", "2026-10-26T02:30+01:00"]


def test_clocks_that_go_back_over_midnight_repeat_the_end_of_the_day() -> None:
    found = instants("30 0,23 * * *", "2019-11-02T12:00", 5, "America/Havana")
    back = instants("0,30 * * * *", "1995-10-29T01:00", 5, "America/St_Johns")

    assert found[:3] == ["2019-11-02T23:30-04:00", "2019-11-03T00:30-04:00", "2019-11-03T00:30-05:00"]
    assert back == [
        "1995-10-28T23:00-02:30", "1995-10-28T23:30-02:30", "1995-10-29T00:00-02:30", "1995-10-28T23:30-03:30",
        "1995-10-29T00:00-03:30",
    ]  # fmt: skip


@given(
    start=st.datetimes(datetime(2026, 3, 20), datetime(2026, 11, 5)),
    minute=st.integers(0, 59),
    hour=st.integers(0, 23),
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]),
)
def test_the_next_instant_is_the_first_minute_that_is_due(start: datetime, minute: int, hour: int, zone: str) -> None:
    cron, place = Cron(f"{minute} {hour} * * *"), zone_of(zone)
    begin = start.replace(second=0, microsecond=0, tzinfo=UTC)
    minutes = (begin + timedelta(minutes=n) for n in range(1, 60 * 50))
    expected = next(found for found in minutes if cron.is_due(found, place))

    assert cron.next_after(begin, place) == expected


@pytest.mark.parametrize(
    "text",
    [
        "", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "*/0 * * * *",
        "5-3 * * * *", "1,,2 * * * *", "x * * * *", "* * * * MON#6", "* * L-3 * *", "0 0 30 2 *", "* * * FEBR *",
        "² * * * *", "* * * * L", "0 0 31 4,6 *",
    ],
)  # fmt: skip
def test_what_cannot_be_understood_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        Cron(text)


@pytest.mark.parametrize(
    ("text", "hours"), [("Z", 0), ("UTC", 0), ("+2", 2), ("-03:00", -3), ("GMT+0530", 5.5), ("UTC-11", -11)]
)
def test_offsets_are_zones(text: str, hours: float) -> None:
    offset = zone_of(text).utcoffset(datetime(2026, 1, 1))  # an offset that is fixed

    assert offset == timedelta(hours=hours)


@pytest.mark.parametrize("text", ["", "Nowhere/City", "../etc/passwd", "+19", "berlin", "/etc/localtime", "GMT0x"])
def test_unknown_zones_are_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="timeZone"):
        zone_of(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0 2 * * *", "at 02:00 every day"),
        ("*/5 * * * *", "every 5 minutes"),
        ("* * * * *", "every minute"),
        ("0 * * * *", "every hour"),
        ("15 * * * *", "at minute 15 of every hour"),
        ("0,30 8-17 * * MON-FRI", "every 30 minutes of the hours 08 to 17 on Monday to Friday"),
        ("0 */2 * * *", "at the full hour of every second hour"),
        ("7 */3 * * *", "at minute 7 of every third hour"),
        ("0 0 1,15,L JAN,JUL *", "at 00:00 on day 1 and 15 and the last day of the month in January and July"),
        ("0 0 13 * FRI", "at 00:00 on day 13 of the month and on Friday"),
        ("30 6 * * SUN,SAT", "at 06:30 on Saturday and Sunday"),
        ("0 0 * * MON#1,5L", "at 00:00 on the first Monday of the month and the last Friday of the month"),
        ("1-10 3 * 1-3 *", "at minute 1 to 10 of the hours 03 in January to March"),
    ],
)
def test_expressions_are_told_in_plain_words(text: str, words: str) -> None:
    assert words_of(Cron(text)) == words

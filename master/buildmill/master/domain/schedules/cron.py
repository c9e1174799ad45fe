"""Five-field cron expressions as time triggers have them.

Fields: minute, hour, day of the month, month (or ``JAN``-``DEC``), day of the week (0-7 with Sunday as both, or
``SUN``-``SAT``). In each: ``*``, lists, ranges, steps; ``N/S`` goes from N to the end. ``L`` is the last day of the
month, ``5L`` the last Friday in it, ``5#3`` the third. Where both day fields are restricted either one suffices.

Times are those of the clock on the wall: one that is skipped in spring never comes, one that is repeated in autumn
comes twice. Specification: ADR 42.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from buildmill.common.errors import InvalidInput

_MONTHS = {
    name: n
    for n, name in enumerate(["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"], 1)
}
_DAYS = {"SUN": 0, "MON": 1, "TUE": 2, "WED": 3, "THU": 4, "FRI": 5, "SAT": 6}
_DAY = timedelta(days=1)
_SEARCHED_DAYS = 366 * 9  # the longest way from one 29 February to the next takes eight years
_MOST_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    first: int
    last: int
    names: dict[str, int]


_MINUTE = _Field("minute", 0, 59, {})
_HOUR = _Field("hour", 0, 23, {})
_DAY_OF_MONTH = _Field("day of the month", 1, 31, {})
_MONTH = _Field("month", 1, 12, _MONTHS)
_DAY_OF_WEEK = _Field("day of the week", 0, 7, _DAYS)


@dataclass(frozen=True, slots=True)
class _DaysOfMonth:
    numbers: frozenset[int]
    has_last: bool

    def match(self, day: date) -> bool:
        return day.day in self.numbers or (self.has_last and day.day == monthrange(day.year, day.month)[1])


@dataclass(frozen=True, slots=True)
class _DaysOfWeek:
    """Days count from Sunday = 0; `nth` has pairs of a day and its number in the month, 0 for the last."""

    numbers: frozenset[int]
    nth: frozenset[tuple[int, int]]

    def match(self, day: date) -> bool:
        number = day.isoweekday() % 7
        if number in self.numbers:
            return True
        is_last = day.day + 7 > monthrange(day.year, day.month)[1]
        return (number, (day.day + 6) // 7) in self.nth or (is_last and (number, 0) in self.nth)


class Cron:
    """An expression.

    Args:
        text: its five fields.

    Attributes:
        minutes, hours: of a day, in order.
        is_month_open, is_week_open: whether the field of the day of the month, or of the week, is ``*``.

    Raises:
        InvalidInput: says which field cannot be understood, or that it is never due.
    """

    def __init__(self, text: str) -> None:
        fields = text.split()
        if len(fields) != 5 or len(text) > _MOST_CHARACTERS:
            raise InvalidInput("cronExpression", f"expected five fields, got {len(fields)}")
        minute, hour, day_of_month, month, day_of_week = (field.upper() for field in fields)
        self.text = " ".join(fields)
        self.minutes = sorted(_numbers(_MINUTE, minute.split(",")))
        self.hours = sorted(_numbers(_HOUR, hour.split(",")))
        self.months = _numbers(_MONTH, month.split(","))
        self._days_of_month = _days_of_month(day_of_month)
        self._days_of_week = _days_of_week(day_of_week)
        self.is_month_open, self.is_week_open = day_of_month == "*", day_of_week == "*"
        if not any(self._has_day(date(2023, 1, 1) + n * _DAY) for n in range(_SEARCHED_DAYS)):
            raise InvalidInput("cronExpression", f"{self.text!r} is never due: there is no such day")

    @property
    def month_days(self) -> frozenset[int]:
        """Days of the month that are named by their numbers."""
        return self._days_of_month.numbers

    @property
    def has_last_day(self) -> bool:
        """Whether it names the last day of the month."""
        return self._days_of_month.has_last

    @property
    def week_days(self) -> frozenset[int]:
        """Days of every week, from Sunday = 0."""
        return self._days_of_week.numbers

    @property
    def nth_week_days(self) -> frozenset[tuple[int, int]]:
        """Pairs of a day of the week and its number in the month; 0 for the last."""
        return self._days_of_week.nth

    def is_due(self, instant: datetime, zone: tzinfo) -> bool:
        """Whether it is due in the minute that begins at `instant`."""
        local = instant.astimezone(zone)
        return local.minute in self.minutes and local.hour in self.hours and self._has_day(local.date())

    def next_after(self, instant: datetime, zone: tzinfo) -> datetime | None:
        """The first instant after `instant` at which it is due; both aware, the result in UTC.

        None where the clocks have skipped, or time ends before, all that would be.
        """
        local = instant.astimezone(zone)
        day = local.date() - _DAY
        for _ in range(_SEARCHED_DAYS):
            if day.year >= date.max.year:
                break
            if not (self._has_day(day) or self._has_day(day + _DAY)):
                pass
            elif _is_even(day, zone):
                if day >= local.date():
                    begin = local.time() if day == local.date() else time()
                    for found in self._instants_of(day, zone, begin):
                        if found > instant:
                            return found
            else:
                # the clocks may go back over midnight, so that two days are mixed with one another
                mixed = {*self._instants_of(day, zone), *self._instants_of(day + _DAY, zone)}
                later = [found for found in mixed if found > instant]
                if later:
                    return min(later)
            day += _DAY
        return None

    def _instants_of(self, day: date, zone: tzinfo, begin: time = time()) -> Iterator[datetime]:
        """The instants of one day from a time on the wall; in order, unless the clocks are moved on it."""
        if not self._has_day(day):
            return
        for hour in self.hours:
            if hour < begin.hour:
                continue
            for minute in self.minutes:
                local = datetime(day.year, day.month, day.day, hour, minute)  # the zone comes below
                seen = None
                for fold in (0, 1):
                    found = local.replace(fold=fold, tzinfo=zone).astimezone(UTC)
                    if found != seen and found.astimezone(zone).replace(tzinfo=None, fold=0) == local:
                        yield found
                    seen = found

    def _has_day(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        if self.is_month_open:
            return self.is_week_open or self._days_of_week.match(day)
        if self.is_week_open:
            return self._days_of_month.match(day)
        return self._days_of_month.match(day) or self._days_of_week.match(day)


def _is_even(day: date, zone: tzinfo) -> bool:
    """Whether the clocks are not moved from the begin of a day to the end of the next one."""
    return len({datetime.combine(day + n * _DAY, time(), zone).utcoffset() for n in range(3)}) == 1


def _days_of_month(text: str) -> _DaysOfMonth:
    items = text.split(",")
    return _DaysOfMonth(_numbers(_DAY_OF_MONTH, [i for i in items if i != "L"]), "L" in items)


def _days_of_week(text: str) -> _DaysOfWeek:
    plain: list[str] = []
    nth: set[tuple[int, int]] = set()
    for item in text.split(","):
        day, separator, number = item.partition("#")
        if separator:
            if number not in ("1", "2", "3", "4", "5"):
                raise _refused(_DAY_OF_WEEK, item, "behind # there is a number from 1 to 5")
            nth.add((_number(_DAY_OF_WEEK, day, item) % 7, int(number)))
        elif item.endswith("L") and item != "L":
            nth.add((_number(_DAY_OF_WEEK, item[:-1], item) % 7, 0))
        else:
            plain.append(item)
    return _DaysOfWeek(frozenset(n % 7 for n in _numbers(_DAY_OF_WEEK, plain)), frozenset(nth))


def _numbers(field: _Field, items: list[str]) -> frozenset[int]:
    found: set[int] = set()
    for item in items:
        found.update(_range(field, item))
    return frozenset(found)


def _range(field: _Field, item: str) -> range:
    base, has_step, step_text = item.partition("/")
    step = 1
    if has_step:
        if not (step_text.isascii() and step_text.isdigit() and int(step_text) > 0):
            raise _refused(field, item, "the step is a number from 1")
        step = int(step_text)
    first_text, is_range, last_text = base.partition("-")
    if base == "*":
        first, last = field.first, 6 if field is _DAY_OF_WEEK else field.last
    else:
        first = _number(field, first_text, item)
        last = first
        if is_range:
            last = _number(field, last_text, item)
            if field is _DAY_OF_WEEK and last == 0 and first > 0:
                last = 7  # as in FRI-SUN
        elif has_step:
            last = 6 if field is _DAY_OF_WEEK and first < 7 else field.last
    if last < first:
        raise _refused(field, item, "the range ends before it begins")
    return range(first, last + 1, step)


def _number(field: _Field, text: str, item: str) -> int:
    if text in field.names:
        return field.names[text]
    if not (text.isascii() and text.isdigit() and len(text) < 4 and field.first <= int(text) <= field.last):
        raise _refused(field, item, f"expected numbers from {field.first} to {field.last}")
    return int(text)


def _refused(field: _Field, item: str, problem: str) -> InvalidInput:
    return InvalidInput("cronExpression", f"{field.name}: {item[:40]!r} is not understood: {problem}")

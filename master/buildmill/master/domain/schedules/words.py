"""Cron expressions in plain words, for people who make schedules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from buildmill.master.domain.schedules.cron import Cron

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_NTH = ("last", "first", "second", "third", "fourth", "fifth")
_MOST_TIMES = 6
"""So many times of a day are told one by one."""


def words_of(cron: Cron) -> str:
    """When an expression is due: "at 02:00 on Monday to Friday"; without its zone."""
    return " ".join(filter(None, (_time_of(cron.minutes, cron.hours), _days_of(cron), _months_of(cron))))


def _time_of(minutes: Sequence[int], hours: Sequence[int]) -> str:
    step = _step_of(minutes, 60)
    if len(hours) < 24 and len(minutes) * len(hours) <= _MOST_TIMES:
        return "at " + _joined(f"{hour:02}:{minute:02}" for hour in hours for minute in minutes)
    if step == 1:
        often = "every minute"
    elif step:
        often = f"every {step} minutes"
    elif list(minutes) == [0]:
        often = "every hour" if len(hours) == 24 else "at the full hour"
    else:
        often = f"at minute {_ranges(minutes, str)}"
        if len(hours) == 24:
            often += " of every hour"
    if len(hours) == 24:
        return often
    every = _step_of(hours, 24)
    return f"{often} of every {_ordinal(every)} hour" if every > 1 else f"{often} of the hours {_ranges(hours, _hour)}"


def _days_of(cron: Cron) -> str:
    month, week = _days_of_month(cron), _days_of_week(cron)
    if cron.is_month_open and cron.is_week_open:
        return "every day" if len(cron.hours) * len(cron.minutes) <= _MOST_TIMES else ""
    return "on " + (" and on ".join(filter(None, (month, week))))


def _days_of_month(cron: Cron) -> str:
    if cron.is_month_open:
        return ""
    found = []
    if cron.month_days:
        found.append(f"day {_ranges(sorted(cron.month_days), str)}")
    if cron.has_last_day:
        found.append("the last day")
    return f"{_joined(found)} of the month"


def _days_of_week(cron: Cron) -> str:
    if cron.is_week_open:
        return ""
    # the week of most readers begins on Monday
    plain = sorted(cron.week_days, key=lambda day: (day - 1) % 7)
    found = [_ranges([(day - 1) % 7 for day in plain], lambda day: _DAYS[(day + 1) % 7])] if plain else []
    found += [f"the {_NTH[nth]} {_DAYS[day]} of the month" for day, nth in sorted(cron.nth_week_days)]
    return _joined(found)


def _months_of(cron: Cron) -> str:
    if len(cron.months) == 12:
        return ""
    return "in " + _ranges(sorted(cron.months), lambda month: _MONTHS[month - 1])


def _hour(hour: int) -> str:
    return f"{hour:02}"


def _step_of(numbers: Sequence[int], whole: int) -> int:
    """The step of numbers that go evenly through the whole from 0 on; 0 if they do not."""
    if len(numbers) < 2:
        return 0
    step = numbers[1] - numbers[0]
    return step if whole % step == 0 and list(numbers) == list(range(0, whole, step)) else 0


def _ordinal(number: int) -> str:
    return {2: "second", 3: "third"}.get(number, f"{number}th")


def _ranges(numbers: Sequence[int], shown: Callable[[int], str]) -> str:
    """Numbers in order, with three and more that follow one another as a range."""
    found: list[str] = []
    first = 0
    for at in range(len(numbers)):
        if at + 1 < len(numbers) and numbers[at + 1] == numbers[at] + 1:
            continue
        run = numbers[first : at + 1]
        found += [f"{shown(run[0])} to {shown(run[-1])}"] if len(run) > 2 else [shown(one) for one in run]
        first = at + 1
    return _joined(found)


def _joined(parts: Iterable[str]) -> str:
    """``a, b and c``."""
    *others, last = parts
    return f"{', '.join(others)} and {last}" if others else last

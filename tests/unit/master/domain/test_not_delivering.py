"""What is accepted and does not do its work."""

from __future__ import annotations

import pytest

from buildmill.master.domain.not_delivering import NotDelivering, is_not_delivering, what_is_not_delivered


class Pager(NotDelivering):
    not_delivering = "calls nobody yet"

    def __init__(self, name: str = "") -> None:
        self.name = name


class PagerOfTheUser(Pager):
    """Inherits what does not work."""


class PagerThatWorks(Pager):
    not_delivering = ""


class LoudPager(Pager):
    way_out = "use MailNotifier"


@pytest.mark.parametrize(
    ("thing", "text"),
    [
        (Pager(), "Pager is accepted, but calls nobody yet"),
        (Pager("night"), "Pager 'night' is accepted, but calls nobody yet"),
        (LoudPager("day"), "LoudPager 'day' is accepted, but calls nobody yet; use MailNotifier"),
        (PagerOfTheUser(), "PagerOfTheUser is accepted, but calls nobody yet"),
        (PagerThatWorks(), None),
        (Pager, None),
        ("text", None),
    ],
)
def test_a_used_object_says_what_it_does_not_do(thing: object, text: str | None) -> None:
    assert what_is_not_delivered(thing) == text


def test_classes_are_told_apart() -> None:
    assert [is_not_delivering(cls) for cls in (Pager, LoudPager, PagerThatWorks, str, Pager())] == [
        True, True, False, False, False,
    ]  # fmt: skip

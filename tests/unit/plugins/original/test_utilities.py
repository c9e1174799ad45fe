"""The small functions that configurations import."""

from __future__ import annotations

import json
import warnings
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.task import Clock

from buildmill.common.errors import ConfigError
from buildmill.plugins.original import configuration, utilities
from buildmill.plugins.original.utilities import GitUrl


def test_text_and_bytes() -> None:
    assert utilities.bytes2unicode(b"\xc3\xa4") == "ä"
    assert utilities.bytes2unicode("ä") == "ä"
    assert utilities.bytes2unicode(None) is None
    assert utilities.unicode2bytes("ä") == b"\xc3\xa4"
    assert utilities.unicode2bytes(3) == 3
    assert utilities.ascii2unicode(b"a") == "a"
    with pytest.raises(UnicodeDecodeError):
        utilities.ascii2unicode(b"\xff")
    assert (utilities.none_or_str(None), utilities.none_or_str(3)) == (None, "3")
    assert utilities.safeTranslate("linux gcc/1.2") == b"linux_gcc_1_2"
    assert (utilities.join_list(["a", b"b"]), utilities.join_list("a")) == ("a b", "a")
    assert utilities.rewrap("one\ntwo\n\nthree") == "one two\nthree"


@pytest.mark.parametrize(
    ("command", "text"),
    [("make all", "'make all'"), (["make", "-j", "4"], "'make -j ...'"), ([b"ls"], "'ls'"), ("", None), (None, None)],
)
def test_a_command_in_short(command: Any, text: str | None) -> None:
    assert utilities.command_to_string(command) == text


def test_true_and_false_in_words() -> None:
    assert [utilities.string2boolean(word) for word in ("Yes", b"on", "1", "t")] == [True] * 4
    assert [utilities.string2boolean(word) for word in ("No", b"off", "0", "F")] == [False] * 4
    with pytest.raises(KeyError):
        utilities.string2boolean("maybe")


def test_lists() -> None:
    assert utilities.naturalSort(["w10", "w9", "w1", "v", "9"]) == ["9", "v", "w1", "w9", "w10"]
    assert utilities.flatten([1, (2, [3])]) == [1, 2, 3]
    assert utilities.flatten([1, (2, [3])], (list,)) == [1, (2, [3])]
    assert list(utilities.flattened_iterator("ab")) == ["ab"]
    assert [utilities.makeList(value) for value in (None, "a", ("a", "b"))] == [[], ["a"], ["a", "b"]]


def test_time() -> None:
    instant = datetime(1970, 1, 2, tzinfo=utilities.UTC)

    assert utilities.epoch2datetime(86400) == instant
    assert utilities.datetime2epoch(instant) == 86400
    assert utilities.datetime2epoch(instant.astimezone(timezone(timedelta(hours=2)))) == 86400
    assert (utilities.epoch2datetime(None), utilities.datetime2epoch(None)) == (None, None)
    assert json.dumps({"at": instant}, default=utilities.toJson) == '{"at": 86400}'
    assert utilities.formatInterval(3723) == "1 hrs, 2 mins, 3 secs"
    assert utilities.formatInterval(0) == "0 secs"
    assert utilities.human_readable_delta(0, 86461) == "1 day, 1 minute, 1 second"
    assert utilities.human_readable_delta(5, 5) == "super fast"
    assert [utilities.fuzzyInterval(n) for n in (0, 15, 7200, 3600 * 24 * 400)] == [
        "a moment", "15 seconds", "about 2 hours", "about 1 year",
    ]  # fmt: skip


def test_waiting_takes_the_time_it_is_given() -> None:
    clock, done = Clock(), list[None]()
    utilities.asyncSleep(3, clock).addCallback(done.append)

    clock.advance(2)
    assert done == []
    clock.advance(1)
    assert done == [None]
    assert utilities.now(clock) == 3


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("git@github.com:owner/repo.git", GitUrl("ssh", "git", "github.com", None, "owner", "repo")),
        ("https://h.example/a/b/repo", GitUrl("https", None, "h.example", None, "a/b", "repo")),
        ("ssh://u@h:29418/repo.git", GitUrl("ssh", "u", "h", 29418, None, "repo")),
        ("https://h:port/repo", None),
        ("no address", None),
    ],
)
def test_the_parts_of_a_git_address(url: str, parts: GitUrl | None) -> None:
    assert utilities.giturlparse(url) == parts


def test_a_password_is_taken_out_of_an_address() -> None:
    assert utilities.stripUrlPassword("https://u:secret@h:1/x") == "https://u:xxxx@h:1/x"
    assert utilities.stripUrlPassword("https://u@h/x") == "https://u@h/x"


def test_comparable_objects_are_equal_by_class_and_named_attributes() -> None:
    class Base(utilities.ComparableMixin):
        compare_attrs = ("one",)

        def __init__(self, one: int, two: int, three: int) -> None:
            self.one, self.two, self.three = one, two, three

    class More(Base):
        compare_attrs = ("two",)

    assert More(1, 2, 3) == More(1, 2, 4)
    assert hash(More(1, 2, 3)) == hash(More(1, 2, 4))
    assert More(1, 2, 3) != More(1, 3, 3)
    assert More(1, 2, 3) != More(2, 2, 3)
    assert Base(1, 2, 3) == Base(1, 3, 3)
    assert Base(1, 2, 3) != More(1, 2, 3)


def test_a_locked_method_waits_for_the_one_before() -> None:
    first: Deferred[str] = Deferred()

    class Thing:
        def __init__(self) -> None:
            self.lock = DeferredLock()
            self.began: list[str] = []

        @utilities.deferredLocked("lock")
        def work(self, name: str, until: Any = None) -> Any:
            self.began.append(name)
            return until

    thing = Thing()
    thing.work("first", first)
    thing.work("second")
    assert thing.began == ["first"]

    first.callback("done")
    assert thing.began == ["first", "second"]


def test_collected_mistakes_have_the_place_where_they_were_added() -> None:
    errors = configuration.ConfigErrors(["one"])
    errors.addError("two")
    errors.merge(configuration.ConfigErrors(["three"]))

    assert errors.errors == ["one", "two", "three"]
    assert isinstance(errors, ConfigError)
    assert bool(errors)
    assert not configuration.ConfigErrors()
    assert errors.problems[1].file == __file__
    assert str(errors) == "one\ntwo\nthree"


def test_a_deprecation_is_a_warning_at_the_one_who_uses_the_old_thing() -> None:
    def old_thing() -> None:
        configuration.warn_deprecated("1.0", "old")

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        old_thing()

    assert [(w.category, w.filename) for w in caught] == [(configuration.DeprecatedApiWarning, __file__)]


def test_a_configurator_finds_the_lists_that_it_adds_to() -> None:
    class Mine(configuration.ConfiguratorBase):
        def configure(self, config_dict: dict[str, Any]) -> None:
            super().configure(config_dict)
            self.builders.append("b")

    values: dict[str, Any] = {"builders": ["a"]}
    Mine().configure(values)

    assert values["builders"] == ["a", "b"]
    assert values["schedulers"] == []

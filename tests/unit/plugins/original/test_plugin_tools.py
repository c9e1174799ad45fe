"""What plugins import from ``buildbot.util`` and ``buildbot.config``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.task import Clock

from buildmill.common.errors import ConfigError
from buildmill.master.db import schema
from buildmill.master.db.engine import parse_url
from buildmill.master.domain.properties import Properties
from buildmill.plugins.dbconfig import DbConfig
from buildmill.plugins.original import checks
from buildmill.plugins.original.identifiers import forceIdentifier, incrementIdentifier, isIdentifier
from buildmill.plugins.original.plugin_tools import (
    DeferWaiter,
    PropertiesMixin,
    RunProcess,
    StateMixin,
    TxRequestsResponseWrapper,
    cancelAfter,
    chunkify_list,
    run_process,
)
from tests.reactors import Reactor
from tests.support import async_test
from tests.unit.master.schedulers.house import House


@pytest.mark.parametrize(
    ("value", "is_one"),
    [("a-b_1", True), ("_a", True), ("1a", False), ("a b", False), ("", False), ("a" * 11, False), (3, False)],
)
def test_identifiers_are_told_from_other_texts(value: Any, is_one: bool) -> None:
    assert isIdentifier(10, value) is is_one


@pytest.mark.parametrize(
    ("text", "forced"), [("a b.c", "a_b_c"), ("1a", "_1a"), ("", "_"), ("a" * 20, "a" * 10), ("1" * 10, "_" + "1" * 9)]
)
def test_any_text_is_made_an_identifier(text: str, forced: str) -> None:
    assert forceIdentifier(10, text) == forced
    assert isIdentifier(10, forced)


@pytest.mark.parametrize(
    ("before", "after"), [("a", "a_2"), ("a_2", "a_3"), ("a_9", "a_10"), ("a" * 10, "a" * 8 + "_2")]
)
def test_the_next_identifier_has_the_next_number(before: str, after: str) -> None:
    assert incrementIdentifier(10, before) == after


def test_no_identifier_comes_after_the_last() -> None:
    with pytest.raises(ValueError, match="no identifier of 3 characters"):
        incrementIdentifier(3, "a_99")


@pytest.mark.parametrize(
    ("check", "good", "bad", "problem"),
    [
        (checks.check_param_bool, True, 1, "House argument x must be a boolean, not 1"),
        (checks.check_param_str, "a", 1, "must be a string"),
        (checks.check_param_str_none, None, 1, "must be a string or None"),
        (checks.check_param_int, 1, True, "must be an integer"),
        (checks.check_param_int_none, None, "1", "must be an integer or None"),
        (checks.check_param_number_none, 1.5, "1", "must be a number or None"),
    ],
)
def test_arguments_are_checked(check: Callable[..., Any], good: Any, bad: Any, problem: str) -> None:
    assert check(good, House, "x") == good
    with pytest.raises(ConfigError, match=problem):
        check(bad, House, "x")


def test_names_are_not_too_long() -> None:
    checks.check_param_length("abc", "Name", 3)
    with pytest.raises(ConfigError, match="Name 'abcd' exceeds maximum length of 3"):
        checks.check_param_length("abcd", "Name", 3)


def test_a_service_keeps_its_state(tmp_path: Path) -> None:
    house = House(tmp_path)

    class Service(StateMixin):
        name = "s"
        master = house.master

    async def script() -> Any:
        with pytest.raises(KeyError, match="unable to find state 'a'"):
            await Service().getState("a")
        await Service().setState("a", [1])
        return await Service().getState("a"), await Service().getState("b", 3)

    assert house.result(script()) == ([1], 3)
    house.close()


def test_the_mixin_has_the_methods_of_its_properties() -> None:
    class Thing(PropertiesMixin):
        properties = Properties()

    thing = Thing()
    thing.setProperty("a", 1)

    assert (thing.getProperty("a"), thing.getProperty("b", 2), thing.hasProperty("a"), thing.has_key("b")) == (
        1, 2, True, False,
    )  # fmt: skip


def test_a_waiter_comes_back_when_all_have_fired() -> None:
    waiter, first, second = DeferWaiter(), Deferred[int](), Deferred[int]()
    waiter.add(first)
    waiter.add(succeed(3))
    done: list[Any] = []
    waiter.wait().addCallback(done.append)

    waiter.add(second)
    first.callback(1)
    assert (done, waiter.has_waited()) == ([], True)
    second.callback(2)

    assert (done, waiter.has_waited()) == ([None], False)


def test_a_waiter_cancels_what_it_waits_for() -> None:
    waiter, first = DeferWaiter(), Deferred[int]()
    waiter.add(first)

    waiter.cancel()

    assert not waiter.has_waited()


def test_a_late_deferred_is_cancelled() -> None:
    clock, late, in_time = Clock(), Deferred[int](), Deferred[int]()
    failures: list[Any] = []
    cancelAfter(5, late, clock).addErrback(lambda failure: failures.append(failure.check(CancelledError)))
    cancelAfter(5, in_time, clock)

    in_time.callback(1)
    clock.advance(5)

    assert failures == [CancelledError]
    assert clock.getDelayedCalls() == []


def test_a_list_comes_in_pieces() -> None:
    assert list(chunkify_list([1, 2, 3], 2)) == [[1, 2], [3]]


@async_test
async def test_a_program_gives_its_code_and_output(reactor: Reactor) -> None:
    script = "import os, sys; print(os.environ['A'], sys.stdin.read()); print('e', file=sys.stderr); sys.exit(3)"
    command = [sys.executable, "-c", script]

    assert await run_process(reactor, command, env={"A": "x"}, initial_stdin=b"in") == (3, b"x in\n", b"e\n")
    only_code = await run_process(
        reactor, [*command], env={"A": "x"}, collect_stdout=False, collect_stderr=False, stderr_is_error=True
    )
    assert only_code == -1


@async_test
async def test_a_program_that_says_nothing_is_ended(reactor: Reactor) -> None:
    command = [sys.executable, "-c", "import time; time.sleep(60)"]

    calls = set(reactor.getDelayedCalls())

    assert await run_process(reactor, command, io_timeout=0.2) == (-1, b"", b"")

    while set(reactor.getDelayedCalls()) - calls:  # the one that would kill it is cancelled when it has ended
        pause: Deferred[None] = Deferred()
        reactor.callLater(0, pause.callback, None)
        await pause


def test_a_configuration_keeps_values_in_its_database(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/state.sqlite"
    config = DbConfig({"db_url": url}, str(tmp_path))
    assert config.get("a", 1) == 1
    schema.upgrade(parse_url(url, str(tmp_path)))

    config.set("a", {"b": [2]})
    config.set("a", {"b": [3]})

    assert DbConfig({"db": {"db_url": url}}, str(tmp_path)).get("a") == {"b": [3]}
    with pytest.raises(KeyError):
        config.get("c")
    with pytest.raises(KeyError):
        DbConfig({"db_url": url}, str(tmp_path), name="other").get("a")


@async_test
async def test_a_program_is_started_and_can_be_ended(reactor: Reactor) -> None:
    short = RunProcess(reactor, [sys.executable, "-c", "print(1)"], collect_stderr=False)
    endless = RunProcess(reactor, ["sleep", "1000"], collect_stdout=False, collect_stderr=False)
    short.kill("it does not run")

    running = endless.start()
    endless.kill("enough")

    assert await short.start() == (0, b"1\n")
    assert await running == -1
    endless.kill("it does not run any more")


@async_test
async def test_an_answer_of_requests_looks_like_ours() -> None:
    class Answer:
        status_code, url, content = 201, "http://x/", b"[1]"

        def json(self) -> Any:
            return [1]

    wrapped = TxRequestsResponseWrapper(Answer())

    assert (wrapped.code, wrapped.url, await wrapped.content(), await wrapped.json()) == (201, "http://x/", b"[1]", [1])

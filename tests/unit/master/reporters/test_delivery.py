"""From a build to a report that somebody gets."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest
from twisted.internet.defer import Deferred, inlineCallbacks

from buildmill.common.errors import Unavailable
from buildmill.common.results import FAILURE, SUCCESS, WARNINGS
from buildmill.master.domain.events import Event
from buildmill.master.domain.interpolate import Interpolate
from buildmill.master.reporters.base import QUEUE_LIMIT, ReporterBase
from buildmill.master.reporters.details import getDetailsForBuild, getURLForBuild
from buildmill.master.reporters.generators.build import BuildStartEndStatusGenerator, BuildStatusGenerator
from buildmill.master.reporters.generators.buildrequest import BuildRequestGenerator
from buildmill.master.reporters.generators.buildset import BuildSetCombinedStatusGenerator, BuildSetStatusGenerator
from buildmill.master.reporters.http import HttpStatusPush
from buildmill.master.reporters.messages import (
    MessageFormatter,
    MessageFormatterBase,
    MessageFormatterFunction,
    MessageFormatterRenderable,
)
from tests.harness import succeed, text
from tests.leftovers import FailureLog
from tests.unit.master.engine.test_builds import Give, Run
from tests.unit.master.reporters.conftest import House


class Collector(ReporterBase):
    """Keeps its reports; may be told to fail."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.reports: list[dict[str, Any]] = []
        self.errors: list[Exception] = []
        super().__init__(*args, **kwargs)

    def sendMessage(self, reports: Sequence[dict[str, Any]]) -> None:
        if self.errors:
            raise self.errors.pop(0)
        self.reports.extend(reports)

    @property
    def bodies(self) -> list[Any]:
        return [report["body"] for report in self.reports]


def test_a_build_is_posted_when_it_begins_and_when_it_ends(house: House) -> None:
    house.serve(HttpStatusPush("http://ci/hook/"), builders=(house.builder(Give(SUCCESS)),))

    house.force()

    (path, started), (_, ended) = house.receiver.got
    assert path == "/hook/"
    assert (started["number"], ended["number"], ended["results"]) == (1, 1, SUCCESS)
    assert ended["builder"]["name"] == "b1"
    assert ended["properties"]["buildername"] == ["b1", "Builder"]
    assert ended["url"] == "http://localhost:8080/#/builders/1/builds/1"
    assert isinstance(ended["complete_at"], int)


def test_a_user_and_a_password_and_headers_are_sent(house: House) -> None:
    push = HttpStatusPush("http://ci/hook", auth=("u", "p"), headers={"X-Of": "mine"})
    house.serve(push, builders=(house.builder(Give(SUCCESS)),))

    house.force()

    assert house.receiver.headers["authorization"] == "Basic dTpw"
    assert house.receiver.headers["x-of"] == "mine"


def test_an_overloaded_receiver_is_tried_again_and_the_build_does_not_wait(house: House) -> None:
    generator = BuildStatusGenerator(mode="all", message_formatter=MessageFormatterFunction(lambda c: "done", "json"))
    house.receiver.codes = [503, 429, 200]
    house.serve(HttpStatusPush("http://ci/", generators=[generator]), builders=(house.builder(Give(SUCCESS)),))

    house.force()

    assert house.results() == [SUCCESS]
    assert len(house.receiver.got) == 1
    house.pass_by(5)
    house.pass_by(30)
    house.pass_by(1000)
    assert [body for _, body in house.receiver.got] == ["done"] * 3


@pytest.mark.parametrize(("code", "attempts"), [(503, 4), (400, 1), (302, 1)])
def test_a_report_that_cannot_be_delivered_is_lost_in_the_end_and_the_next_is_not(
    house: House, code: int, attempts: int
) -> None:
    generator = BuildStatusGenerator(mode="all", message_formatter=MessageFormatterFunction(_number, "json"))
    house.receiver.codes = [code] * attempts
    house.serve(HttpStatusPush("http://ci/", generators=[generator]), builders=(house.builder(Give(SUCCESS)),))

    house.force()
    house.force()
    for _ in range(10):
        house.pass_by(120)

    assert [body for _, body in house.receiver.got] == [1] * attempts + [2]


def _number(context: dict[str, Any]) -> int:
    return int(context["build"]["number"])


def test_an_error_of_a_users_reporter_is_logged_and_harms_nothing(house: House, logged_failures: FailureLog) -> None:
    collector = Collector(name="mine", generators=[BuildStatusGenerator(mode="all")])
    collector.errors = [KeyError("oops")]
    house.serve(collector, builders=(house.builder(Give(SUCCESS)),))

    house.force()
    house.force()

    assert len(collector.reports) == 1
    logged_failures.flush()


def test_a_template_with_an_unknown_name_is_logged_and_other_generators_go_on(
    house: House, logged_failures: FailureLog
) -> None:
    broken = BuildStatusGenerator(mode="all", message_formatter=MessageFormatter(template="{{ nothing.of_that }}"))
    good = BuildStatusGenerator(mode="all", message_formatter=MessageFormatter(template="{{ buildername }}"))
    collector = Collector(name="mine", generators=[broken, good])
    house.serve(collector, builders=(house.builder(Give(SUCCESS)),))

    house.force()

    assert collector.bodies == ["b1"]
    logged_failures.flush()


def test_a_reporter_written_with_inline_callbacks_is_awaited(house: House) -> None:
    seen: list[str] = []

    class Old(ReporterBase):
        @inlineCallbacks
        def reconfigService(self, where: str = "", generators: Any = None) -> Any:
            self.where = where
            yield super().reconfigService(generators=generators)

        def checkConfig(self, where: str = "", generators: Any = None) -> None:
            super().checkConfig(generators=generators)

        @inlineCallbacks
        def sendMessage(self, reports: Sequence[dict[str, Any]]) -> Any:
            build = reports[0]["builds"][0]
            yield getDetailsForBuild(self.master, build, want_properties=True, want_steps=True)
            url = getURLForBuild(self.master, build["builderid"], build["number"])
            seen.append(f"{self.where} {url} {build['steps'][-1]['name']}")

        def _create_default_generators(self) -> list[Any]:
            return [BuildStatusGenerator(mode="all")]

    house.serve(Old(where="there"), builders=(house.builder(Give(SUCCESS, name="last")),))

    house.force()

    assert seen == ["there http://localhost:8080/#/builders/1/builds/1 last"]


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("all", [SUCCESS, FAILURE, FAILURE, SUCCESS]),
        ("passing", [SUCCESS, SUCCESS]),
        (["failing"], [FAILURE, FAILURE]),
        (("change",), [FAILURE, SUCCESS]),
        ("problem", [FAILURE]),
        ("warnings", [FAILURE, FAILURE]),
    ],
)
def test_modes_choose_by_the_result_and_by_the_build_before(house: House, mode: Any, expected: list[int]) -> None:
    collector = Collector(name="mine", generators=[BuildStatusGenerator(mode=mode)])
    house.serve(collector, builders=(house.builder(Run(command="make")),))
    for rc in (0, 1, 1, 0):
        house.worker.scripts["shell"] = partial(_end, rc)
        house.force()

    assert [report["results"] for report in collector.reports] == expected


def _end(rc: int, _command: Any) -> list[Any]:
    return [["rc", rc]]


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({"builders": ["b1"]}, 1),
        ({"builders": ["b2"]}, 0),
        ({"tags": ["slow"]}, 1),
        ({"tags": ["fast"]}, 0),
        ({"schedulers": ["nightly"]}, 1),
        ({"schedulers": ["other"]}, 0),
        ({"branches": [None]}, 1),
        ({"branches": ["main"]}, 0),
    ],
)
def test_filters_choose_by_what_is_built(house: House, filters: dict[str, Any], count: int) -> None:
    collector = Collector(name="mine", generators=[BuildStatusGenerator(mode="all", **filters)])
    house.serve(collector, builders=(house.builder(Give(SUCCESS), tags=["slow"]),))

    house.force(properties={"scheduler": "nightly"})

    assert len(collector.reports) == count


def test_requests_beginnings_and_ends_are_told_in_their_order(house: House) -> None:
    generators = [
        BuildRequestGenerator(formatter=MessageFormatterRenderable("pending")),
        BuildStartEndStatusGenerator(
            start_formatter=MessageFormatterRenderable(Interpolate("%(prop:buildername)s began")),
            end_formatter=MessageFormatterRenderable("ended", subject=Interpolate("%(prop:buildnumber)s")),
        ),
    ]
    collector = Collector(name="mine", generators=generators)
    house.serve(collector, builders=(house.builder(Give(WARNINGS, flunkOnWarnings=True)),))

    house.force()

    assert collector.bodies == ["pending", "b1 began", "ended"]
    assert [report["results"] for report in collector.reports] == [None, None, FAILURE]
    assert collector.reports[-1]["subject"] == "1"


def test_a_set_is_one_report(house: House) -> None:
    class Sets(MessageFormatterBase):
        def render_message_body(self, context: Any) -> str:
            return f"{len(context['builds'])} builds, {context['buildset']['reason']}"

    collector = Collector(
        name="mine",
        generators=[
            BuildSetStatusGenerator(
                mode="all", message_formatter=MessageFormatterRenderable(Interpolate("%(prop:n)s;"))
            ),
            BuildSetCombinedStatusGenerator(Sets()),
        ],
    )
    house.serve(collector, builders=(house.builder(Give(SUCCESS)), house.builder(Give(FAILURE), name="b2")))

    house.force(properties={"n": 7}, builder_ids=[1, 2], reason="because")

    assert collector.bodies == ["7;7;", "2 builds, because"]
    assert [report["results"] for report in collector.reports] == [FAILURE, FAILURE]
    assert len(collector.reports[0]["builds"]) == 2


def test_logs_are_given_along_when_they_are_asked_for(house: House) -> None:
    collector = Collector(name="mine", generators=[BuildStatusGenerator(mode="all", add_logs=["run.stdio"])])
    house.serve(collector, builders=(house.builder(Run(command="make"), Run(command="x", name="other")),))
    house.worker.scripts["shell"] = succeed(text("stdout", "hello\n"))

    house.force()

    (log,) = collector.reports[0]["logs"]
    assert (log["stepname"], log["name"]) == ("run", "stdio")
    assert "hello" in log["content"]["content"]


def test_a_reporter_that_is_taken_out_of_the_configuration_hears_no_more(house: House) -> None:
    collector = Collector(name="mine", generators=[BuildStatusGenerator(mode="all")])
    house.serve(collector, builders=(house.builder(Give(SUCCESS)),))
    house.force()

    config = house.changed_config(*house.config.builders, services=())
    house.done(house.master.service_manager.reconfigServiceWithBuildbotConfig(config))
    house.force()

    assert len(collector.reports) == 1


def test_what_waits_when_a_reporter_is_stopped_is_delivered_or_given_up_in_time(house: House) -> None:
    collector = Collector(name="mine", generators=[BuildStatusGenerator(mode="all")])
    house.serve(collector, builders=(house.builder(Give(SUCCESS)),))
    collector.errors = [Unavailable("down")] * 10
    house.force()

    stopped: Deferred[Any] = Deferred.fromCoroutine(_await(house.master.services.stopService()))
    house.turn()
    assert not stopped.called
    house.pass_by(10)

    assert stopped.called
    assert collector.reports == []


async def _await(awaitable: Any) -> None:
    await awaitable


def test_a_reporter_that_never_gets_on_keeps_only_the_newest_events(house: House) -> None:
    collector = Collector(name="mine", generators=[BuildStatusGenerator(mode="all")])
    house.serve(collector, builders=(house.builder(Give(SUCCESS)),))

    for number in range(QUEUE_LIMIT + 5):
        key = ("builds", str(number), "finished")
        collector._heard(key, Event((key,), None))

    assert len(collector._events) == QUEUE_LIMIT
    assert collector._events[0][0][1] == "5"
    collector._events.clear()

"""From the end of a graph build to a report that somebody gets."""

from __future__ import annotations

from typing import Any

import pytest

from buildmill.common.results import CANCELLED, SUCCESS
from buildmill.master.domain.config_errors import collected_errors
from buildmill.master.domain.orchestration.configuration import Publication
from buildmill.master.domain.orchestration.values import SCHEDULER, GraphBuild
from buildmill.master.engine.service import BuildbotService
from buildmill.master.reporters.generators.graph import GraphBuildStatusGenerator
from buildmill.master.reporters.http import HttpStatusPush
from buildmill.master.reporters.mail import MailNotifier
from buildmill.master.reporters.messages import MessageFormatterFunction, MessageFormatterRenderable
from tests.scene import CountedBytes
from tests.unit.master.engine.test_builds import Give
from tests.unit.master.orchestration.graphs import graph_of, manual, spec
from tests.unit.master.reporters.conftest import House
from tests.unit.master.reporters.test_delivery import Collector
from tests.unit.master.reporters.test_mail import Post

SCHEDULE = "ri.scheduler.main.schedule.s"


def serve(house: House, *reporters: BuildbotService) -> None:
    """A master with a graph, and these reporters."""
    house.serve(*reporters, builders=(house.builder(Give(SUCCESS)),))
    config = graph_of(spec("clean", "raw", builder="b1"), spec("other", "raw", builder="b1"))
    house.updates.context.orchestration = config
    house.updates.context.random_bytes = CountedBytes()
    house.result(house.updates.publishGraph(Publication(config=config, logic=("a", "b"))))


def collecting(house: House, *generators: Any) -> Collector:
    """The same with one reporter with these generators."""
    collector = Collector(generators=list(generators))
    serve(house, collector)
    return collector


def ended(house: House, *names: str, by: str = "ann", schedule: str | None = None, **more: Any) -> GraphBuild:
    """A graph build that is cancelled at once."""
    updates = house.updates
    build: GraphBuild = house.result(updates.createGraphBuild(manual(*names, **more), by, schedule))
    house.result(updates.cancelGraphBuild(build.rid, "bob"))
    house.turn()
    return build


def test_whoever_has_asked_for_it_is_told(house: House) -> None:
    collector = collecting(house, GraphBuildStatusGenerator())

    build = ended(house, "clean", notifications=True)
    ended(house, "other")

    (report,) = collector.reports
    assert report["users"] == ["ann"]
    assert report["results"] == CANCELLED
    assert report["subject"].startswith("cancelled build: job graph on master")
    assert build.rid in report["body"]
    assert "Asked for by: ann" in report["body"]


def test_a_schedule_of_projects_tells_nobody_and_one_of_a_user_its_editor(house: House) -> None:
    collector = collecting(house, GraphBuildStatusGenerator())

    ended(house, "clean", by=SCHEDULER, schedule=SCHEDULE, notifications=True)
    assert collector.reports == []
    ended(house, "clean", by="eve", schedule=SCHEDULE, notifications=True)

    assert [report["users"] for report in collector.reports] == [["eve"]]


def test_all_builds_can_be_wanted_and_chosen_from(house: House) -> None:
    function = MessageFormatterFunction(
        lambda context: {**context, "graph_build": context["graph_build"]["rid"]}, "json"
    )
    collector = collecting(
        house,
        GraphBuildStatusGenerator(requested_only=False, message_formatter=function),
        GraphBuildStatusGenerator(mode=["failing", "passing"], requested_only=False),
        GraphBuildStatusGenerator(branches=["feature"], requested_only=False),
    )

    build = ended(house, "clean")

    assert collector.bodies == [{"graph_build": build.rid, "failed_jobs": [], "users": ["ann"]}]


def test_it_is_posted(house: House) -> None:
    function = MessageFormatterFunction(lambda context: {"status": context["graph_build"]["status"]}, "json")
    serve(house, HttpStatusPush("http://ci/hook", generators=[GraphBuildStatusGenerator(message_formatter=function)]))

    ended(house, "clean", notifications=True)

    assert house.receiver.got == [("/hook", {"status": "CANCELED"})]


def test_a_mail_goes_to_the_address_of_the_user(house: House) -> None:
    post = Post(house)
    serve(house, MailNotifier("ci@example.org", lookup="example.org", generators=[GraphBuildStatusGenerator()]))

    ended(house, "clean", notifications=True)

    ((_, recipients, mail),) = post.mails
    assert recipients == ["ann@example.org"]
    assert mail["Subject"].startswith("cancelled build: job graph on master")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"mode": "change"}, "mode must be 'all' or some of passing, failing, cancelled"),
        ({"branches": "master"}, "branches must be a list"),
        ({"message_formatter": MessageFormatterRenderable("x")}, "must be a MessageFormatterGraphBuild"),
    ],
)
def test_what_is_wrong_is_named(arguments: Any, text: str) -> None:
    with collected_errors() as problems:
        GraphBuildStatusGenerator(**arguments)

    (problem,) = problems
    assert text in str(problem)

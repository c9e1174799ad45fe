"""HTTP requests of steps, to a tree of resources in the same process."""

from __future__ import annotations

from typing import Any

import pytest
from treq.testing import RequestTraversalAgent
from twisted.internet.error import ConnectionRefusedError
from twisted.web.iweb import IAgent
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET
from zope.interface import implementer

from buildmill.common.errors import ConfigError
from buildmill.common.results import CANCELLED, FAILURE, SUCCESS
from buildmill.master.domain.renderables import Property
from buildmill.master.steps.http_requests import DELETE, GET, HEAD, OPTIONS, POST, PUT, HTTPStep
from tests.unit.master.steps.runs import Runs

SECRET = "geheimnis"


class Echo(Resource):
    """Tells what it was asked; a path ``status/N`` answers with that status."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.isLeaf = True
        self.asked: list[tuple[str, str, dict[str, str], str]] = []

    def render(self, request: Any) -> Any:
        headers = {name.decode(): values[-1].decode() for name, values in request.requestHeaders.getAllRawHeaders()}
        self.asked.append((request.method.decode(), request.uri.decode(), headers, request.content.read().decode()))
        request.setHeader("X-Token", SECRET)
        if request.postpath[0] == b"never":
            return NOT_DONE_YET
        if request.postpath[0] == b"status":
            request.setResponseCode(int(request.postpath[1]))
        return b"an answer\n"


@implementer(IAgent)
class Local:
    """Sends everything to one resource, and lets the answer come at once."""

    def __init__(self, resource: Resource) -> None:
        self._agent: Any = RequestTraversalAgent(resource)  # type: ignore[no-untyped-call]

    def request(self, method: bytes, uri: bytes, headers: Any = None, bodyProducer: Any = None) -> Any:
        asked = self._agent.request(method, uri, headers, bodyProducer)
        asked.addCallback(self._flushed)
        self._agent.flush()
        return asked

    def _flushed(self, response: Any) -> Any:
        deliver = response.deliverBody

        def deliver_now(protocol: Any) -> None:
            deliver(protocol)
            self._agent.flush()

        response.deliverBody = deliver_now
        return response


@implementer(IAgent)
class Refusing:
    def request(self, method: bytes, uri: bytes, headers: Any = None, bodyProducer: Any = None) -> Any:
        raise ConnectionRefusedError("nobody listens")


ECHO = Echo()


@pytest.fixture(autouse=True)
def asked() -> list[tuple[str, str, dict[str, str], str]]:
    ECHO.asked.clear()
    return ECHO.asked


def locally(step: type[HTTPStep], agent: Any = None) -> Any:
    """The class of a step whose requests stay in the process."""

    class Here(step):  # type: ignore[misc, valid-type]  # mypy cannot follow a variable base
        def new_agent(self) -> IAgent:
            made: IAgent = agent or Local(ECHO)
            return made

    Here.__module__ = "buildmill.tests"  # its run is ours
    return Here


@pytest.mark.parametrize("step", [DELETE, GET, HEAD, OPTIONS, POST, PUT])
def test_each_method_has_its_step(runs: Runs, asked: list[Any], step: Any) -> None:
    ran = runs.one(locally(step)("http://h/path", params={"a": "b c"}))

    assert [(entry[0], entry[1]) for entry in asked] == [(step.__name__, "/path?a=b+c")]
    assert (ran.results, ran.state_string) == (SUCCESS, "Status code: 200")
    assert (ran.name, runs.logs(ran)) == ("HTTPStep", ["log"])


def test_a_body_and_its_headers_are_sent(runs: Runs, asked: list[Any]) -> None:
    runs.run(
        locally(POST)("http://h/a", json={"x": Property("colour")}, auth=("ann", "pw")),
        locally(PUT)("http://h/b", data={"x": ["1", "2"]}, cookies={"c": "d"}),
        locally(HTTPStep)(Property("where"), "POST", data="text", headers={"X-A": "b"}),
        properties={"colour": "red", "where": "http://h/c"},
    )

    (_, _, first, body), (_, _, second, form), (_, uri, third, text) = asked
    assert (body, first["Content-Type"]) == ('{"x": "red"}', "application/json")
    assert first["Authorization"].startswith("Basic ")
    assert (form, second["Content-Type"]) == ("x=1&x=2", "application/x-www-form-urlencoded")
    assert second["Cookie"] == "c=d"
    assert (uri, text, third["X-A"]) == ("/c", "text", "b")


def test_headers_can_be_hidden(runs: Runs) -> None:
    ran = runs.one(
        locally(GET)("http://h/a", headers={"X-Key": SECRET}, hide_request_headers=["x-key"],
                     hide_response_headers=["X-Token"])
    )  # fmt: skip

    log = runs.log(ran, "log")
    assert SECRET not in log
    assert "X-Key: XXXXXX" in log
    assert "oan answer\n" in log
    assert "Request status: 200" in log


@pytest.mark.parametrize(("status", "result"), [(204, SUCCESS), (399, SUCCESS), (404, FAILURE), (500, FAILURE)])
def test_the_status_is_the_result(runs: Runs, status: int, result: int) -> None:
    ran = runs.one(locally(GET)(f"http://h/status/{status}"))

    assert ran.results == result
    assert ran.state_string.startswith(f"Status code: {status}")


def test_without_an_answer_the_step_fails(runs: Runs) -> None:
    refused, slow = runs.run(
        locally(GET, Refusing())("http://h/", flunkOnFailure=False), locally(GET)("http://h/never", timeout=5)
    )[:2]
    assert (refused.results, refused.state_string) == (FAILURE, "Requested (failure)")
    assert "The request failed: " in runs.log(refused, "log")
    assert slow.results is None

    runs.harness.clock.advance(5)
    runs.harness.turn()

    slow = runs.harness.steps(1)[1]
    assert slow.results == FAILURE
    assert "no answer within 5 seconds" in runs.log(slow, "log")


def test_a_request_can_be_stopped(runs: Runs) -> None:
    runs.start(locally(GET)("http://h/never"))
    runs.again()
    runs.harness.result(runs.harness.updates.requestBuildStop(1, "enough", CANCELLED, "me"))
    runs.harness.turn()

    assert runs.harness.steps(1)[0].results == CANCELLED


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: HTTPStep("http://h/", "PATCH"), "method must be one of POST, GET"),
        (lambda: GET(""), "GET: url must be given"),
        (lambda: GET("x", proxies={"http": "y"}), "GET: the argument proxies is not taken here"),
        (lambda: GET("x", params="a"), "GET: params must be a dict or None"),
        (lambda: GET("x", timeout="1"), "GET: timeout must be an integer or a number or None"),
        (lambda: GET("x", colour=1), "GET: unknown arguments: colour"),
    ],
)
def test_wrong_arguments_are_named(make: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make()

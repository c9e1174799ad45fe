"""Dashboards: what a configuration says of them, and how a program is run."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from wsgiref.validate import validator

import pytest

from buildmill.common.errors import BuildmillError, InvalidInput
from buildmill.master.web.dashboards import PAGES_OF_OURS, BuildbotApi, TooLarge, dashboards_of, run_blocking

ENVIRON = {
    "REQUEST_METHOD": "GET", "SCRIPT_NAME": "/plugins/wsgi_dashboards/board", "PATH_INFO": "/index.html",
    "QUERY_STRING": "", "SERVER_NAME": "localhost", "SERVER_PORT": "8010", "SERVER_PROTOCOL": "HTTP/1.1",
    "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.input": BytesIO(), "wsgi.multithread": True,
    "wsgi.multiprocess": False, "wsgi.run_once": False,
}  # fmt: skip
ROUTER = Path(__file__).parents[4] / "master" / "ui" / "src" / "router.tsx"


def app(_environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/html"), ("Set-Cookie", "session=stolen"), ("X-Frame-Options", "")])
    return [b"<p>", b"hello"]


class Body:
    """An answer that never ends, and remembers whether it was closed."""

    is_closed = False

    def __iter__(self) -> Iterator[bytes]:
        while True:
            yield b"x" * 1000

    def close(self) -> None:
        self.is_closed = True


def test_an_answer_is_collected_with_the_headers_that_are_passed_on() -> None:
    answer = run_blocking(app, ENVIRON)

    assert (answer.status, answer.body) == (200, b"<p>hello")
    assert answer.headers == ((b"Content-Type", b"text/html"),)


def test_a_program_is_run_as_the_specification_says() -> None:
    def strict(_environ: Any, start_response: Any) -> list[bytes]:
        start_response("404 Not Found", [("Content-Type", "text/plain")])
        return [b"nothing"]

    assert run_blocking(validator(strict), ENVIRON).status == 404


def test_the_old_way_to_write_works_and_errors_are_kept() -> None:
    def old(environ: Any, start_response: Callable[..., Callable[[bytes], None]]) -> Iterable[bytes]:
        environ["wsgi.errors"].write("careful")
        start_response("200 OK", [("Content-Type", "text/plain")])(b"first, ")
        return [b"then"]

    answer = run_blocking(old, ENVIRON)

    assert (answer.body, answer.errors) == (b"first, then", "careful")


def test_what_is_too_long_is_not_read_to_its_end() -> None:
    body = Body()

    def endless(_environ: Any, start_response: Any) -> Body:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return body

    with pytest.raises(TooLarge, match="5000 bytes"):
        run_blocking(endless, ENVIRON, 5000)

    assert body.is_closed


def test_an_answer_of_many_parts_costs_no_more_than_its_bytes() -> None:
    def crumbs(_environ: Any, start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return (b"x" for _ in range(200_000))  # counted anew at each, they take minutes

    assert len(run_blocking(crumbs, ENVIRON).body) == 200_000


def test_a_header_that_cannot_be_sent_is_noticed_where_the_program_runs() -> None:
    def wide(_environ: Any, start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Disposition", "inline; filename=\N{SNOWMAN}")])
        return [b"x"]

    with pytest.raises(UnicodeEncodeError):
        run_blocking(wide, ENVIRON)


def test_an_answer_must_be_begun() -> None:
    with pytest.raises(BuildmillError, match="has begun no answer"):
        run_blocking(lambda _environ, _start: [], ENVIRON)


def test_dashboards_stand_in_the_order_of_the_menu() -> None:
    found = dashboards_of(
        [{"name": "b", "app": app}, {"name": "a", "app": app, "order": 1, "caption": "A", "icon": "x"}]
    )

    assert [each.described() for each in found] == [
        {"name": "a", "caption": "A", "order": 1, "icon": "x"},
        {"name": "b", "caption": "b", "order": 5, "icon": ""},
    ]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({}, "wsgi_dashboards: expected a list of dictionaries, not {}"),
        (["board"], "wsgi_dashboards[0]: expected a dictionary, not 'board'"),
        ([{"name": "a", "app": app, "size": 3}], "wsgi_dashboards[0]: unknown keys: size; known are name"),
        ([{"app": app}], "wsgi_dashboards[0].name: it is missing"),
        ([{"name": "a"}], "wsgi_dashboards[0].app: it is missing"),
        ([{"name": "a", "app": 3}], "wsgi_dashboards[0].app: expected a WSGI application, not 3"),
        ([{"name": "a/b", "app": app}], "wsgi_dashboards[0].name: expected letters"),
        ([{"name": "builders", "app": app}], "wsgi_dashboards[0].name: 'builders' is the address of a page"),
        ([{"name": "a", "app": app, "order": "1"}], "wsgi_dashboards[0].order: expected int, not '1'"),
        ([{"name": "a", "app": app}] * 2, "wsgi_dashboards: names stand twice: a"),
    ],
)
def test_what_is_wrong_with_a_dashboard_is_named(options: Any, problem: str) -> None:
    with pytest.raises(InvalidInput) as error:
        dashboards_of(options)

    assert str(error.value).startswith(problem)


class Fixed:
    """A program that takes no attributes."""

    __slots__ = ()

    def __call__(self, environ: Any, start_response: Any) -> list[bytes]:
        return app(environ, start_response)


@pytest.mark.parametrize("program", [Fixed(), Fixed().__call__, print])
def test_a_program_that_takes_no_attributes_is_refused_with_the_reason(program: Any) -> None:
    with pytest.raises(InvalidInput, match=r"\[0\]\.app: it takes no attribute buildbot_api"):
        dashboards_of([{"name": "a", "app": program}])


def test_a_program_that_is_served_already_keeps_what_it_asks() -> None:
    def board(environ: Any, start_response: Any) -> list[bytes]:
        return app(environ, start_response)

    vars(board)["buildbot_api"] = "the data API"

    dashboards_of([{"name": "a", "app": board}])

    assert vars(board) == {"buildbot_api": "the data API"}


def test_names_of_pages_are_those_of_the_router() -> None:
    named = set(re.findall(r'path: "/(\w+)', ROUTER.read_text()))

    assert named == PAGES_OF_OURS


def test_the_thread_of_the_reactor_must_not_wait_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twisted.python.threadable.isInIOThread", lambda: True)

    with pytest.raises(RuntimeError, match="dataGet waits"):
        BuildbotApi(lambda *_: None, None).dataGet("/builders")

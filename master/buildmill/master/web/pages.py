"""The rarer pages, routed by klein: the start page, ``/api``, ``/config``, the OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import klein
import msgspec
from twisted.internet.defer import Deferred

from buildmill.common.results import Result as BuildResult
from buildmill.master.data.api import DataAPI, Result
from buildmill.master.data.resultspec import ResultSpec
from buildmill.master.domain.queries import Query
from buildmill.master.domain.resources import Build, Builder
from buildmill.master.web.front_end import own_version
from buildmill.master.web.http import Request

NEWEST = 20
_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head><body>
<h1>{title}</h1>
<p>Programs talk to <a href="api/v2">api/v2</a>, described by <a href="api/v2/openapi.json">openapi.json</a>;
events come over the websocket <code>ws</code> and the streams below <code>sse</code>.</p>
<h2>Builders</h2>
<ul>
{builders}
</ul>
<h2>Newest builds</h2>
<table><tr><th>Builder</th><th>Number</th><th>Result</th><th>State</th></tr>
{builds}
</table>
</body></html>
"""


class Pages:
    """A klein application.

    Args:
        data: what is shown.
        base_url: this server's address as its users know it, with a slash at its end.
        title: of the start page.
        front_end: the document at ``/config``.
    """

    app = klein.Klein()

    def __init__(self, data: DataAPI[Any], base_url: str, title: str, front_end: Mapping[str, Any]) -> None:
        self._data = data
        self._base_url = base_url
        self._title = title
        self._front_end = front_end

    @app.route("/", methods=["GET"])
    def start_page(self, request: Request) -> Deferred[bytes]:
        request.setHeader("Content-Type", "text/html; charset=utf-8")
        return Deferred.fromCoroutine(self._start_page())

    async def _start_page(self) -> bytes:
        builders: list[Builder] = await self._rows("builders", Query(order=("name",), limit=1000))
        builds: list[Build] = await self._rows("builds", Query(order=("-buildid",), limit=NEWEST))
        names = {builder.builderid: builder.name for builder in builders}
        page = _PAGE.format(
            title=escape(self._title),
            builders="\n".join(_builder_line(builder) for builder in builders),
            builds="\n".join(_build_line(build, names) for build in builds),
        )
        return page.encode()

    async def _rows(self, path: str, query: Query) -> list[Any]:
        def rows(result: Result) -> list[Any]:
            return list(result.rows)

        return await self._data.read(self._data.find([path]), ResultSpec(query=query), rows)

    @app.route("/api", methods=["GET"])
    def versions(self, request: Request) -> bytes:
        return _json(request, {"api_versions": {"v2": f"{self._base_url}api/v2"}})

    @app.route("/config", methods=["GET"])
    def config(self, request: Request) -> bytes:
        request.setHeader("Cache-Control", "public,max-age=0")
        return _json(request, self._front_end)

    @app.route("/api/v2/openapi.json", methods=["GET"])
    def openapi(self, request: Request) -> bytes:
        return _json(request, self._data.openapi(own_version()))


def _json(request: Request, document: Any) -> bytes:
    request.setHeader("Content-Type", "application/json; charset=utf-8")
    return msgspec.json.encode(document)


def _builder_line(builder: Builder) -> str:
    return f'<li><a href="api/v2/builders/{builder.builderid}/builds">{escape(builder.name)}</a></li>'


def _build_line(build: Build, names: dict[int, str]) -> str:
    result = "running" if build.results is None else BuildResult(build.results).text
    name = escape(names.get(build.builderid, str(build.builderid)))
    link = f'<a href="api/v2/builds/{build.buildid}">{build.number}</a>'
    return f"<tr><td>{name}</td><td>{link}</td><td>{result}</td><td>{escape(build.state_string)}</td></tr>"

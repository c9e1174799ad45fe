"""The data API does what its OpenAPI document says, whatever is sent.

Requests are made from the document, right ones and wrong ones, always the same; they go through the server's own HTTP
parser into a master's history in SQLite. A failure prints the request.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from requests.adapters import HTTPAdapter
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.config import ChecksConfig, SchemathesisConfig
from schemathesis.config._checks import NegativeDataRejectionConfig, NotAServerErrorConfig
from urllib3 import HTTPResponse

from buildmill.master.data.api import ENDPOINTS
from buildmill.master.data.openapi import openapi
from buildmill.master.web.cookies import PLAIN_NAME
from buildmill.master.web.limits import WebLimits
from tests.database import Stage
from tests.scene import Scene
from tests.unit.master.web.conftest import Connection, Face, read_answer

EXAMPLES = 5
FEWER_EXAMPLES = 1
DOCUMENT = openapi(ENDPOINTS, version="1", cookie=PLAIN_NAME)
load_all_checks()
MEANING = ("/schedules",)
"""Where actions name targets by their RIDs, of which the schema knows no more than that they are texts."""
PAGE = frozenset({"field", "order", "limit", "offset", "after", "property"})
"""Parameters of a list that are no filters."""
REJECTION = CHECKS.get_by_names(["negative_data_rejection"])
ACCEPTANCE = CHECKS.get_by_names(["positive_data_acceptance"])


class ToFace(HTTPAdapter):
    """Carries requests of `requests` to a face, without a socket."""

    def __init__(self, face: Face) -> None:
        super().__init__()
        self._face = face

    def send(self, request: requests.PreparedRequest, *_args: Any, **_more: Any) -> requests.Response:
        body: Any = request.body or b""
        data = body.encode() if isinstance(body, str) else body
        lines = [f"{request.method} {request.path_url} HTTP/1.1", "Host: localhost:8010"]
        lines += [f"{name}: {value}" for name, value in _texts(request.headers.items())]
        connection = Connection(self._face)
        connection.send("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + data)
        answer, rest = read_answer(connection.received())
        connection.close()
        assert rest == b""
        raw = HTTPResponse(
            BytesIO(answer.body), answer.headers, answer.status, preload_content=False, request_method=request.method
        )
        return self.build_response(request, raw)


def _texts(headers: Any) -> Iterator[tuple[str, str]]:
    for name, value in headers:
        yield name, value.decode("latin-1") if isinstance(value, bytes) else value


@pytest.fixture
def session(memory: Stage, tmp_path: Path) -> Iterator[requests.Session]:
    scene = Scene(memory, tmp_path / "logs")
    face = Face(scene, limits=WebLimits())
    with requests.Session() as session:
        session.mount("http://", ToFace(face))
        yield session
    face.close()
    scene.close()


@pytest.fixture(scope="module")
def schema() -> Any:
    checks = ChecksConfig(
        # an unknown method of a resource is 501, as Buildbot's clients know it
        not_a_server_error=NotAServerErrorConfig(expected_statuses=["2xx", "3xx", "4xx", "501"]),
        negative_data_rejection=NegativeDataRejectionConfig(expected_statuses=["4xx", "501"]),
    )
    config = SchemathesisConfig()
    config.projects.default.checks = checks
    return schemathesis.openapi.from_dict(DOCUMENT, config=config)


def test_the_document_that_is_served_is_this_one(session: requests.Session) -> None:
    served = session.get("http://localhost:8010/api/v2/openapi.json").json()

    assert served["paths"].keys() == DOCUMENT["paths"].keys()
    assert served["components"] == DOCUMENT["components"]


def groups() -> dict[str, list[str]]:
    """All paths; those that answer the same together, under the first one."""
    found: dict[str, list[str]] = {}
    for path, operations in DOCUMENT["paths"].items():
        answer = operations["get"]["responses"]["200"], operations["get"]["parameters"]
        found.setdefault(str(answer), []).append(path)
    return {paths[0]: paths for paths in found.values()}


def shape(path: str) -> str:
    return re.sub(r"{\w+}", "{}", path)


SHAPES = Counter(map(shape, DOCUMENT["paths"]))


def left_out(case: Any) -> list[Any]:
    """Checks that ask for more than a schema can tell."""
    # what is no id is a name, in the path beside this one
    is_name = SHAPES[shape(case.path)] > 1
    return (ACCEPTANCE if no_schema_tells(case) else []) + (REJECTION if is_name else [])


def no_schema_tells(case: Any) -> bool:
    """Whether parameters are right each for itself, and perhaps not together."""
    if case.method == "POST" and case.path in MEANING:
        return True
    query = case.query or {}
    may_be_no_expression = query.get("regex") and "q" in query
    # only the `next` of another page is a place; and it goes with no offset
    is_no_place = "after" in query and (bool(query["after"]) or "offset" in query)
    return not_chosen(query) or may_be_no_expression or is_no_place or ("stream" in query and "offset" in query)


def not_chosen(query: Any) -> bool:
    """Whether there are filters, or an order, by fields that are not among the chosen ones."""
    if "field" not in query:
        return False
    filters = {name.partition("__")[0] for name in query if name not in PAGE}
    order = {name.removeprefix("-") for name in listed(query.get("order", ()))}
    return not filters | order <= set(listed(query["field"]))


def listed(value: Any) -> list[str]:
    return list(map(str, value)) if isinstance(value, list | tuple) else [str(value)]


@pytest.mark.parametrize("paths", groups().values(), ids=groups())
def test_answers_are_as_described(session: requests.Session, schema: Any, paths: list[str]) -> None:
    for path in paths:
        for method in sorted(DOCUMENT["paths"][path].keys() & {"get", "post"}):
            for mode in GenerationMode:
                try_out(session, schema[path][method], mode, EXAMPLES if path == paths[0] else FEWER_EXAMPLES)


def try_out(session: requests.Session, operation: Any, mode: GenerationMode, examples: int) -> None:
    @settings(
        max_examples=examples, derandomize=True, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        case.call_and_validate(
            base_url="http://localhost:8010/api/v2",
            session=session,
            headers={"Accept": "application/json"},
            excluded_checks=left_out(case),
        )

    ask()

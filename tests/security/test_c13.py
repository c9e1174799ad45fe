"""C-13: what a client sends is a value in the database's eyes, wherever it stands, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import sqlalchemy as sa

from buildmill.master.data.api import ENDPOINTS
from buildmill.master.data.endpoints.endpoint import Endpoint, Kind
from buildmill.master.data.paths import Key, parse_pattern
from buildmill.master.db import tables as t
from buildmill.master.db.statement import Statement
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.queries import Operator
from tests.database import BOTH, open_stage
from tests.scene import Scene
from tests.schema import create_schema
from tests.security.conftest import Open
from tests.security.place import Place, Visitor

CORPUS = (
    "'", '"', "`", "\\", "\\'", "'--", "' OR '1'='1", "' OR 1=1--", '" OR ""="', "1 OR 1=1", "1) OR (1=1",
    "1; DROP TABLE builds--", "'; DELETE FROM builds; --", "1' UNION SELECT name FROM sqlite_master--",
    "1 UNION SELECT NULL,NULL,NULL", "') UNION ALL SELECT tokenid FROM api_tokens--", "1 AND SLEEP(5)",
    "1; SELECT pg_sleep(5)--", "'||(SELECT sql FROM sqlite_master)||'", "%' OR '%'='", "%", "_", "%%", "\\%",
    "CASE WHEN 1=1 THEN 1 ELSE 0 END", "1/*", "*/ OR 1=1 /*", "x' AND 1=(SELECT COUNT(*) FROM builds)--",
    "ASC; DROP TABLE steps", "builds.id", "rowid", ":1", "?", "%(x)s", "{0}", "${x}", "$1", "0x31", "1e1", "NULL",
    "\u02bc OR 1=1", "\uff07 OR 1=1", "(SELECT 1)", "randomblob(1000000000)", "load_extension('x')",
)  # fmt: skip
REFUSED_OR_EMPTY = {200, 400, 404}
TABLES = (t.builds, t.build_requests, t.builders, t.steps, t.changes, t.workers, t.api_tokens)


@pytest.fixture(params=BOTH)
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    """The history of all tests here, once on each database."""
    url, cluster, name = "sqlite://", None, ""
    if request.param == "postgresql":
        cluster = request.getfixturevalue("postgres_cluster")
        name = cluster.borrow("schema", create_schema)
        url = cluster.url(name)
    stage = open_stage(url)
    scene = Scene(stage, tmp_path / "logs")
    yield scene
    scene.close()
    stage.close()
    if cluster is not None:
        cluster.give_back("schema", name)


def contents(place: Place) -> dict[str, list[tuple[object, ...]]]:
    """All rows of the tables that matter."""

    def read(connection: Connection) -> dict[str, list[tuple[object, ...]]]:
        return {table.name: [tuple(row) for row in connection.all(Statement(sa.select(table)))] for table in TABLES}

    return place.scene.stage.result(place.scene.stage.database.read(read))


def with_text_keys(endpoint: Endpoint, text: str) -> str | None:
    """A path to an endpoint with the text for each key that may be a text; None if it has none."""
    elements = parse_pattern(endpoint.pattern)
    if not any(isinstance(element, Key) for element in elements):
        return None
    return "/".join(quote(text, safe="") if isinstance(element, Key) else element for element in elements)


@pytest.fixture
def visitor(open_place: Open) -> Visitor:
    return open_place().anybody


def test_nothing_in_a_path_is_more_than_a_name(open_place: Open) -> None:
    place = open_place()
    before = contents(place)
    paths = {
        path for number, endpoint in enumerate(ENDPOINTS) for text in CORPUS[number % 5 :: 5]
        if (path := with_text_keys(endpoint, text)) is not None
    }  # fmt: skip

    for path in sorted(paths):
        answer = place.anybody.get(f"/api/v2/{path}")
        assert answer.status in REFUSED_OR_EMPTY, path
        if answer.status == 200:
            (rows,) = (value for name, value in answer.json.items() if name != "meta")
            assert rows == [], path
    assert contents(place) == before


COLLECTIONS = [
    endpoint for endpoint in ENDPOINTS
    if endpoint.kind is Kind.COLLECTION and "/" not in endpoint.pattern and endpoint.query is not None
]  # fmt: skip


@pytest.mark.parametrize("endpoint", COLLECTIONS, ids=lambda endpoint: endpoint.pattern)
def test_nothing_in_a_query_is_more_than_a_value(open_place: Open, endpoint: Endpoint) -> None:
    place = open_place()
    visitor = place.logged_in("ann")  # who may read everything
    before = contents(place)
    everything = len(visitor.get(f"/api/v2/{endpoint.pattern}").json[endpoint.type.plural])
    texts = [name for name, field in endpoint.type.fields.items() if field.is_text]
    others = [name for name in endpoint.type.fields if name not in texts]

    for number, text in enumerate(CORPUS):
        value = quote(text, safe="")
        # what is wrong in each field is tried in turn, so that each meets most of the corpus
        other = others[number % len(others)] if others else None
        asked = [
            f"order={value}",
            f"field={value}",
            f"limit={value}",
            f"offset={value}",
            f"{value}=1",
            f"{value}__eq=1",
        ]
        asked += [f"{name}__{('eq', 'contains', 'in')[number % 3]}={value}" for name in texts]
        asked += [f"{other}={value}", f"{other}__{list(Operator)[number % len(Operator)]}={value}"] if other else []
        for query in asked:
            answer = visitor.get(f"/api/v2/{endpoint.pattern}?{query}")
            assert answer.status in REFUSED_OR_EMPTY, query
            name = query.partition("__")[0].partition("=")[0]
            if answer.status == 200 and name in texts:
                rows = answer.json[endpoint.type.plural]
                # no row has such a text, but for short pieces that may stand within one
                assert len(rows) < max(everything, 1) or len(text) <= 2, query
    assert contents(place) == before


def test_signs_of_patterns_stand_for_themselves(visitor: Visitor) -> None:
    for sign in ("%25", "_", "%25a%25", "f_st"):
        assert visitor.get(f"/api/v2/builders?name__contains={sign}").json["builders"] == [], sign
    assert len(visitor.get("/api/v2/builders?name__contains=fas").json["builders"]) == 1


def test_nothing_in_an_action_is_more_than_a_value(open_place: Open) -> None:
    place = open_place()
    ann = place.logged_in("ann")
    before = contents(place)

    for text in CORPUS:
        answer = ann.act(
            "changes", "add", {"author": text, "branch": text, "files": [text], "properties": {text: text}}
        )
        assert answer.status == 200, (text, answer.body)
        added = place.anybody.get(f"/api/v2/changes/{answer.json['result']}").json["changes"][0]
        assert (added["author"], added["branch"], added["files"]) == (text, text, [text])
    after = contents(place)
    assert {name: rows for name, rows in after.items() if name != "changes"} == {
        name: rows for name, rows in before.items() if name != "changes"
    }
    assert len(after["changes"]) == len(before["changes"]) + len(CORPUS)

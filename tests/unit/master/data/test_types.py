"""The published types are those of the reference."""

from __future__ import annotations

from buildmill.master.data.spec import type_spec
from buildmill.master.data.types import TYPES


def fields(name: str) -> dict[str, str]:
    return {field["name"]: field["type"] for field in type_spec(TYPES[name])["fields"]}


def test_the_build_has_its_published_fields_and_types() -> None:
    assert fields("build") == {
        "builderid": "integer",
        "buildid": "integer",
        "buildrequestid": "integer",
        "complete": "boolean",
        "complete_at": "datetime or None",
        "locks_duration_s": "integer",
        "masterid": "integer",
        "number": "integer",
        "properties": "sourcedproperties or None",
        "results": "integer or None",
        "started_at": "datetime",
        "state_string": "string",
        "workerid": "integer or None",
    }


def test_lists_and_entities_say_what_they_hold() -> None:
    described = {field["name"]: field["type_spec"] for field in type_spec(TYPES["builder"])["fields"]}

    assert described["tags"] == {"of": {"name": "string"}, "type": "list"}
    assert described["masterids"] == {"of": {"name": "integer"}, "type": "list"}
    assert fields("scheduler")["master"] == "master or None"
    assert fields("forcescheduler")["name"] == "identifier"


def test_fields_stand_in_the_order_of_the_document() -> None:
    for type_ in TYPES.values():
        assert list(type_.fields) == sorted(type_.fields)

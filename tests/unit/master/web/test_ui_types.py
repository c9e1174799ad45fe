"""The types that the web pages are compiled with are those of the data API."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

PROGRAM = Path(__file__).parents[4] / "contrib" / "packaging" / "ui_types.py"


def program() -> Any:
    spec = spec_from_file_location("ui_types", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules.pop("ui_types", None)
    spec.loader.exec_module(module)
    return module


def test_types_of_the_pages_are_current() -> None:
    ui_types = program()

    assert ui_types.OUT.read_text() == ui_types.current(), "write them anew: make ui-types"


def test_documents_become_interfaces_and_closed_choices_unions() -> None:
    schemas = {
        "Thing": {
            "type": "object",
            "properties": {
                "thingid": {"type": "integer"},
                "name": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                "kind": {"$ref": "#/components/schemas/Kind"},
                "pairs": {
                    "type": "object",
                    "additionalProperties": {"type": "array", "prefixItems": [{}, {"type": "string"}]},
                },
                "some": {"type": "array", "items": {"anyOf": [{"type": "integer"}, {"type": "null"}]}},
            },
        },
        "Kind": {"enum": ["a", "b"]},
        "PartOfThing": {"type": "object", "properties": {}},
        "thing_filter": {"type": "object", "properties": {}},
    }

    text = program().types_of({"components": {"schemas": schemas}})

    assert 'export type Kind = "a" | "b";' in text
    assert "  thingid: number;\n  name: string | null;\n  kind: Kind;\n" in text
    assert "  pairs: Record<string, [Json, string]>;\n  some: (number | null)[];\n" in text
    assert "PartOf" not in text
    assert "filter" not in text

"""Writes the TypeScript types of the data API's documents, out of our OpenAPI description, for the web pages.

python contrib/packaging/ui_types.py            write them
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from buildmill.master.data.api import ENDPOINTS
from buildmill.master.data.openapi import openapi

OUT = Path(__file__).resolve().parents[2] / "master" / "ui" / "src" / "api" / "schema.ts"
_HEAD = """\
// Generated from the OpenAPI description by contrib/packaging/ui_types.py; do not edit.

export type Json = unknown;
"""
_PLAIN = {"integer": "number", "number": "number", "string": "string", "boolean": "boolean", "null": "null"}


def types_of(document: Mapping[str, Any]) -> str:
    """The text of the module with an interface for each document."""
    schemas: Mapping[str, Any] = document["components"]["schemas"]
    parts = [_HEAD]
    for name in sorted(schemas):
        if name.endswith("_filter") or name.startswith("PartOf"):
            continue  # parameters, and documents of which only some fields were asked for
        parts.append(_declaration(name, schemas[name]))
    return "\n".join(parts)


def _declaration(name: str, schema: Mapping[str, Any]) -> str:
    if schema.get("type") != "object" or "properties" not in schema:
        return f"export type {name} = {_type(schema)};\n"
    lines = [f"  {field}: {_type(one)};" for field, one in schema["properties"].items()]
    return "\n".join([f"export interface {name} {{", *lines, "}\n"])


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "enum" in schema:
        return " | ".join(f'"{one}"' if isinstance(one, str) else str(one).lower() for one in schema["enum"])
    for key in ("anyOf", "oneOf"):
        if key in schema:
            found = list(dict.fromkeys(_type(one) for one in schema[key]))
            # JSON that is passed on as it was stored has the type that stands beside it
            return " | ".join([one for one in found if one != "Json"] or ["Json"])
    match schema.get("type"):
        case list(types):
            return " | ".join(_type({**schema, "type": one}) for one in types)
        case "array" if "prefixItems" in schema:
            return f"[{', '.join(_type(one) for one in schema['prefixItems'])}]"
        case "array":
            inner = _type(schema.get("items") or {})
            return f"({inner})[]" if "|" in inner else f"{inner}[]"
        case "object":
            more = schema.get("additionalProperties")
            return f"Record<string, {_type(more) if isinstance(more, dict) else 'Json'}>"
        case str(plain):
            return _PLAIN[plain]
    return "Json"


def current() -> str:
    """What the module must say."""
    return types_of(openapi(ENDPOINTS, version="", cookie=""))


if __name__ == "__main__":
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(current())

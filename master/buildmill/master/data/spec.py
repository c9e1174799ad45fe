"""What the API says of itself in ``application.spec``, made from the resource types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from buildmill.master.data.endpoints.endpoint import Endpoint
from buildmill.master.data.types import TYPES, FieldKind, FieldType, ResourceType
from buildmill.master.domain.resources import Spec


def _entity(type_: ResourceType) -> dict[str, Any]:
    fields = [
        {"name": name, "type": _type_name(field), "type_spec": _type_spec(field)}
        for name, field in type_.fields.items()
    ]
    return {"fields": fields, "type": type_.name}


def _type_name(field: FieldType) -> str:
    name = field.entity or str(field.kind)
    return f"{name} or None" if field.nullable else name


def _type_spec(field: FieldType) -> dict[str, Any]:
    if field.kind is FieldKind.LIST and field.of is not None:
        found: dict[str, Any] = {"of": _type_spec(field.of), "type": "list"}
    elif field.kind is FieldKind.ENTITY:
        found = _entity(TYPES[field.entity])
    else:
        found = {"name": str(field.kind)}
    return {"can_be_null": True, **found} if field.nullable else found


def type_spec(type_: ResourceType) -> dict[str, Any]:
    """The description of a type, as ``application.spec`` has it."""
    return _entity(type_) if type_.struct is not None else {"name": type_.name}


def specs(endpoints: Sequence[Endpoint]) -> list[Spec]:
    """One row for each path pattern, by path."""
    rows = [
        Spec(path=e.pattern, plural_name=e.type.plural, type=e.type.name, type_spec=type_spec(e.type))
        for e in endpoints
    ]
    return sorted(rows, key=lambda row: row.path)

"""Writes modules of `buildmill.client`: types, paths and actions of the data API for clients in Python.

It is made from what the OpenAPI document is made from, the resource types and the endpoints, by ``make client``; a test
compares the files with what is made now.
"""

from __future__ import annotations

import inspect
import json
import textwrap
import types
import typing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from buildmill.master.data.endpoints.endpoint import Control, Endpoint, Kind
from buildmill.master.data.openapi import filters_of, openapi
from buildmill.master.data.schemas import ANYTHING
from buildmill.master.data.types import TYPES, ResourceType
from buildmill.master.domain.resources import Resource, SourcedProperties

_RESOURCES = '''\
"""The resource types of the data API.

Generated from the code of the master (`make client`): not to be edited.
"""

from __future__ import annotations

from typing import Any

from buildmill.client.paths import Resource

SourcedProperties = dict[str, tuple[Any, str]]
"""``{name: (value, source)}``."""
'''
_FILTERS = '''\
"""What collections can be filtered and ordered by; for type checkers, and never imported by a program that runs.

Generated from the code of the master (`make client`): not to be edited.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypedDict
'''
_PATHS = '''\
"""The paths of the data API, and what can be done there.

Generated from the code of the master (`make client`): not to be edited. `api` stands for ``/api/v2``; its attributes
and subscripts are the elements of a path, ``api.builders["tests"].builds[12].steps``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, overload

from msgspec import UNSET, UnsetType

from buildmill.client.paths import Call, Collection, Download, Numbered, Path, Searching, Single, call
from buildmill.client.resources import (
{resources}
)

if TYPE_CHECKING:
    from typing import Self, Unpack

    from buildmill.client.filters import (
{filters}
    )
'''
_NUMBERED = frozenset({"logchunk", "logtimes"})
_PARAMETERS = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "object": "Mapping[str, Any]"}


@dataclass
class _Node:
    """A place in the tree of paths.

    Attributes:
        pattern: of the first endpoint at or below it, as far as this node.
        literals: children by their names.
        number, text: what stands below a key.
    """

    pattern: str
    endpoint: Endpoint | None = None
    literals: dict[str, _Node] = field(default_factory=dict)
    number: _Node | None = None
    text: _Node | None = None

    def child(self, part: str) -> _Node:
        """The node of one more element of a pattern, made when it is not there."""
        kind, colon, _ = part.partition(":")
        pattern = f"{self.pattern}/{part}".lstrip("/")
        if not colon:
            return self.literals.setdefault(part, _Node(pattern))
        if kind in ("n", ""):  # keys of any kind are ids in all patterns that have them
            self.number = self.number or _Node(pattern)
            return self.number
        self.text = self.text or _Node(pattern)
        return self.text


def client_sources(endpoints: Sequence[Endpoint]) -> dict[str, str]:
    """The texts of the modules, by the names of their files."""
    root = _Node("")
    for endpoint in endpoints:
        node = root
        for part in endpoint.pattern.split("/") if endpoint.pattern else ():
            node = node.child(part)
        node.endpoint = node.endpoint or endpoint
    used = [TYPES[name] for name in dict.fromkeys(endpoint.type.name for endpoint in endpoints)]
    listed = [TYPES[name] for name in dict.fromkeys(endpoint.type.name for endpoint in endpoints if _is_list(endpoint))]
    paths = _Paths(openapi(endpoints, version="", cookie="")["components"]["schemas"])
    paths.class_of(root)
    rows = sorted({"SourcedProperties", *map(_row_name, used), *_given_by_actions(endpoints)})
    filters = sorted(_row_name(type_) + what for type_ in listed for what in ("Filters", "Order"))
    head = _PATHS.format(resources=_lines(rows, 4), filters=_lines(filters, 8))
    return {
        "resources.py": _module(_RESOURCES, *_structs()),
        "filters.py": _module(_FILTERS, *_filters(listed)),
        "api.py": _module(head, *map(_single_base, used), *map(_list_base, listed), *paths.texts, "api = Root()"),
    }


def _given_by_actions(endpoints: Sequence[Endpoint]) -> Iterator[str]:
    """Names of the resource types that actions answer with."""
    for endpoint in endpoints:
        for control in endpoint.actions.values():
            given = typing.get_type_hints(control.act)["return"]
            for kind in (given, *typing.get_args(given)):
                if isinstance(kind, type) and issubclass(kind, Resource):
                    yield kind.__name__


def _is_list(endpoint: Endpoint) -> bool:
    return endpoint.is_collection and endpoint.type.struct is not None


def _module(*parts: str) -> str:
    return "\n\n".join(part.rstrip() + "\n" for part in parts)


def _lines(names: Iterable[str], indent: int) -> str:
    return "\n".join(f"{' ' * indent}{name}," for name in names)


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.strip("_").split("_"))


def _row_name(type_: ResourceType) -> str:
    return "SourcedProperties" if type_.struct is None else type_.struct.__name__


def _list_name(type_: ResourceType) -> str:
    return f"{_row_name(type_)}List"


def _one_name(type_: ResourceType) -> str:
    return f"One{_row_name(type_)}"


def _docstring(text: str, indent: str = "    ") -> str:
    lines = text.strip().split("\n")
    if len(lines) == 1:
        return f'{indent}"""{lines[0]}"""\n'
    return textwrap.indent('"""' + "\n".join(lines) + '\n"""', indent, lambda line: bool(line.strip())) + "\n"


# -- resource types ----------------------------------------------------------------------


def _structs() -> Iterator[str]:
    for type_ in TYPES.values():
        if type_.struct is not None:
            yield _struct(type_.struct)


def _struct(struct: type[Resource]) -> str:
    about = inspect.cleandoc(struct.__dict__.get("__doc__") or "") or f"One of ``{struct.plural}``."
    hints = typing.get_type_hints(struct, include_extras=True)
    lines = [f"class {struct.__name__}(Resource, frozen=True, kw_only=True):", _docstring(about)]
    lines += [f"    {one.encode_name}: {_annotation(hints[one.name])}" for one in msgspec.structs.fields(struct)]
    if "__test__" in struct.__dict__:
        lines.append(
            "\n\n" + f"{struct.__name__}.__test__ = False  # type: ignore[attr-defined]  # not one of pytest's"
        )
    return "\n".join(lines)


def _annotation(hint: Any) -> str:
    origin = typing.get_origin(hint)
    if hint == SourcedProperties:
        return "SourcedProperties"
    if origin is typing.Annotated:
        return _annotation(typing.get_args(hint)[0])
    if origin in (types.UnionType, typing.Union):
        return " | ".join(dict.fromkeys(_annotation(one) for one in typing.get_args(hint) if one is not msgspec.Raw))
    if origin is not None:
        return f"{origin.__name__}[{', '.join(map(_annotation, typing.get_args(hint)))}]"
    if hint is types.NoneType:
        return "None"
    if hint is Any:
        return "Any"
    if issubclass(hint, str):  # a newer master may know more words
        return "str"
    return str(hint.__name__)


# -- what can be asked of a collection ---------------------------------------------------


def _filters(used: Iterable[ResourceType]) -> Iterator[str]:
    for type_ in used:
        keys = [pair for name, one in type_.filters.items() for pair in filters_of(name, one)]
        sortable = [name for name, one in type_.fields.items() if one.is_sortable]
        names = [f'    "{prefix}{name}",' for name in sortable for prefix in ("", "-")]
        yield "\n".join([f"{_row_name(type_)}Order = Literal[", *names, "]"])
        fields = [f"    {key}: {_value(schema)}" for key, schema in keys]
        yield "\n".join([f"class {_row_name(type_)}Filters(TypedDict, total=False):", *fields])


def _value(schema: Mapping[str, Any]) -> str:
    name = _PARAMETERS[schema["type"]]
    return name if name == "bool" else f"{name} | Sequence[{name}]"


def _single_base(type_: ResourceType) -> str:
    row, plural = _row_name(type_), type_.plural
    base = "Numbered" if type_.name in _NUMBERED else "Single"
    return (
        f'class {_one_name(type_)}({base}[{row}]):\n    """One of ``{plural}``."""\n\n'
        f'    __slots__ = ()\n    row = {row}\n    plural = "{plural}"'
    )


def _list_base(type_: ResourceType) -> str:
    assert type_.struct is not None
    row, plural = _row_name(type_), type_.plural
    key = type_.fields.get(type_.struct.id_field)
    pages_by = type_.struct.id_field if key is not None and key.is_integer else ""
    return f'''class {_list_name(type_)}(Collection[{row}]):
    """Some of ``{plural}``."""

    __slots__ = ()
    row = {row}
    plural = "{plural}"
    id_field = "{pages_by}"

    def where(self, **filters: Unpack[{row}Filters]) -> Self:
        """Only rows that fulfil these; several values mean any of them."""
        return self.filtered(filters)

    def order(self, *keys: {row}Order) -> Self:
        """In this order; ``-`` before a name for descending."""
        return self.ordered(*keys)'''


# -- paths -------------------------------------------------------------------------------


class _Paths:
    """Writes a class for each kind of node; nodes with the same below them share one.

    Args:
        schemas: those of parameters that are told by their names.

    Attributes:
        texts: the classes, those that others name before these.
    """

    def __init__(self, schemas: Mapping[str, Any]) -> None:
        self._schemas = schemas
        self.texts: list[str] = []
        self._by_body: dict[str, str] = {}
        self._counts: dict[str, int] = {}

    def class_of(self, node: _Node) -> str:
        """The name of a node's class."""
        body = "\n\n".join(part.rstrip("\n") for part in self._members(node))
        base, name = _base(node)
        if not body and base != "Path":
            return base
        if (known := self._by_body.get(f"{base}:{body}")) is not None:
            return known
        count = self._counts[name] = self._counts.get(name, 0) + 1
        name = name if count == 1 else f"{name}{count}"
        self._by_body[f"{base}:{body}"] = name
        about = f"``{node.pattern}``" if node.pattern else "``/api/v2``"
        self.texts.append(f'class {name}({base}):\n    """{about}"""\n\n    __slots__ = ()\n\n{body}')
        return name

    def _members(self, node: _Node) -> Iterator[str]:
        number = None if node.number is None else self.class_of(node.number)
        text = None if node.text is None else self.class_of(node.text)
        if number is not None and text is not None and number != text:
            yield f"    @overload\n    def __getitem__(self, key: int) -> {number}: ..."
            yield f"    @overload\n    def __getitem__(self, key: str) -> {text}: ..."
            yield (
                f"    def __getitem__(self, key: int | str) -> {number} | {text}:\n"
                f"        if isinstance(key, int):\n"
                f"            return {number}((*self.elements, str(key)))\n"
                f"        return {text}((*self.elements, key))"
            )
        elif (name := number or text) is not None:
            kind = " | ".join(kind for kind, below in (("int", number), ("str", text)) if below is not None)
            yield (
                f"    def __getitem__(self, key: {kind}) -> {name}:\n        return {name}((*self.elements, str(key)))"
            )
        for literal, child in sorted(node.literals.items()):
            attribute = literal.replace(".", "_")
            yield (
                f"    @property\n    def {attribute}(self) -> {(name := self.class_of(child))}:\n"
                f'        return {name}((*self.elements, "{literal}"))'
            )
        actions = {} if node.endpoint is None else node.endpoint.actions
        for method, control in sorted(actions.items()):
            yield _action(method, control, self._schemas)


def _base(node: _Node) -> tuple[str, str]:
    """The class that a node's class derives from, and what the latter is called."""
    if node.endpoint is None:
        return "Path", _camel(node.pattern.replace("/", "_").replace(":", "_"))
    if not node.endpoint.pattern:
        return _list_name(node.endpoint.type), "Root"
    match node.endpoint.kind:
        case Kind.RAW | Kind.RAW_INLINE:
            return "Download", "Download"
        case Kind.SEARCH:
            return "Searching", "Searching"
        case Kind.COLLECTION:
            return _list_name(node.endpoint.type), f"{_row_name(node.endpoint.type)}Paths"
        case Kind.SINGLE:
            return _one_name(node.endpoint.type), f"{_row_name(node.endpoint.type)}Path"


def _action(method: str, control: Control, schemas: Mapping[str, Any]) -> str:
    about = inspect.cleandoc(control.act.__doc__ or "").split("\n")[0] or f"Do ``{method}``."
    gives = _annotation(typing.get_type_hints(control.act)["return"])
    asked = control.params
    if asked == ANYTHING:
        head, params = ["self", "**params: Any"], "params"
    else:
        known, required = _members(asked, schemas)
        ordered = sorted(known, key=lambda name: (name not in required, list(known).index(name)))
        head = [
            "self",
            *(["*"] if known else ()),
            *(_parameter(name, known[name], name in required) for name in ordered),
        ]
        params = _joined([f'"{name}": {name}' for name in ordered], "{", "}", 8)
    return (
        f"    def {method}{_joined(head, '(', ')', 4)} -> Call[{gives}]:\n{_docstring(about, '        ')}"
        f'        return call(self, "{method}", {params}, {gives})'
    )


def _members(asked: Mapping[str, Any], schemas: Mapping[str, Any]) -> tuple[Mapping[str, Any], Sequence[str]]:
    """The parameters that a schema names, and those that must be there."""
    if "$ref" in asked:
        asked = schemas[asked["$ref"].rpartition("/")[2]]
    parts = [_members(part, schemas) for part in asked.get("allOf", ())]
    known = {name: schema for properties, _ in parts for name, schema in properties.items()}
    required = [name for _, names in parts for name in names]
    return {**known, **asked.get("properties", {})}, [*required, *asked.get("required", ())]


def _joined(parts: Sequence[str], before: str, after: str, indent: int) -> str:
    """The parts in brackets, each on a line of its own if they are long together."""
    text = ", ".join(parts)
    if len(text) < 75:
        return before + text + after
    inner = " " * (indent + 4)
    return f"{before}\n" + "".join(f"{inner}{part},\n" for part in parts) + " " * indent + after


def _parameter(name: str, schema: Mapping[str, Any], is_required: bool) -> str:
    text = " | ".join(dict.fromkeys(_kinds(schema)))
    return f"{name}: {text}" if is_required else f"{name}: {text} | UnsetType = UNSET"


def _kinds(schema: Mapping[str, Any]) -> list[str]:
    """The types that a value may have; None comes last."""
    if "$ref" in schema:
        return [_PARAMETERS["object"]]
    if "anyOf" in schema:
        found = [kind for part in schema["anyOf"] for kind in _kinds(part)]
    elif "enum" in schema:  # of numbers or of texts, and perhaps null
        texts = [json.dumps(value) for value in schema["enum"] if isinstance(value, str)]
        found = [f"Literal[{', '.join(texts)}]" if texts else "int"]
        found += ["None"] if None in schema["enum"] else []
    else:
        kinds = schema.get("type", ())
        found = [_kind(kind, schema) for kind in ([kinds] if isinstance(kinds, str) else kinds)] or ["Any"]
    return sorted(found, key=lambda kind: kind == "None")


def _kind(kind: str, schema: Mapping[str, Any]) -> str:
    if kind == "null":
        return "None"
    if kind == "array":
        return f"Sequence[{' | '.join(dict.fromkeys(_kinds(schema.get('items', {}))))}]"
    return _PARAMETERS[kind]


if __name__ == "__main__":
    from pathlib import Path

    from buildmill.master.data.api import ENDPOINTS

    for _name, _text in client_sources(ENDPOINTS).items():
        Path("common/buildmill/client", _name).write_text(_text, encoding="utf-8")

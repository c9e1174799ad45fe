"""What `buildmill api` knows of the API: paths as people write them, and the parameters of actions, from the client."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import click

from buildmill.client.api import api
from buildmill.client.documents import encoded_path
from buildmill.client.paths import Collection, Path
from buildmill.common.errors import InvalidInput, NotFound
from buildmill.common.results import Result

_KINDS: dict[str, Any] = {"int": click.INT, "float": click.FLOAT, "bool": click.BOOL, "str": click.STRING}


def node_of(path: str) -> Path:
    """What a path leads to, ``builders/3/builds``.

    Raises:
        NotFound: there is no such path.
    """
    node: Any = api
    for element in filter(None, path.strip("/").split("/")):
        attribute = element.replace(".", "_")
        if attribute in attributes_of(type(node)):
            node = getattr(node, attribute)
        elif hasattr(node, "__getitem__"):
            takes_number = "int" in _kinds_of(type(node).__getitem__.__annotations__["key"])
            is_number = element.isascii() and element.isdigit()
            node = node[int(element) if takes_number and is_number else element]
        else:
            raise NotFound(f"Invalid path: {path}")
    found: Path = node
    return found


def node_with_query(text: str) -> tuple[Path | None, str, tuple[tuple[str, str], ...]]:
    """What a path with a query leads to, if that is known, the path encoded, and its parameters."""
    path, parameters = encoded_path(text)
    try:
        return node_of(text.partition("?")[0].removeprefix("/").removeprefix("api/v2/")), path, parameters
    except (NotFound, ValueError):
        return None, path, parameters


def attributes_of(kind: type) -> list[str]:
    """Names of the elements of paths that come below one of a kind."""
    return [name for name, value in inspect.getmembers(kind) if isinstance(value, property) and name != "path"]


def collections() -> Iterator[str]:
    """Names of what can be listed at the root."""
    for name in attributes_of(type(api)):
        if isinstance(getattr(api, name), Collection) and "." not in getattr(api, name).path:
            yield name


@dataclass(frozen=True, slots=True)
class Action:
    """Something to do.

    Attributes:
        about: for people.
        takes_anything: its parameters are known to the resource only.
    """

    name: str
    about: str
    parameters: tuple[inspect.Parameter, ...]
    takes_anything: bool


def actions_of(kind: type) -> list[Action]:
    """What can be done with a resource of a kind, or with a collection."""
    found = []
    for name, function in inspect.getmembers(kind, inspect.isfunction):
        signature = inspect.signature(function)
        if not name.startswith("_") and str(signature.return_annotation).startswith("Call["):
            parameters = [one for one in signature.parameters.values() if one.name != "self"]
            anything = any(one.kind is one.VAR_KEYWORD for one in parameters)
            about = (function.__doc__ or "").strip().split("\n")[0]
            found.append(Action(name, about, () if anything else tuple(parameters), anything))
    return found


def item_of(collection: Path) -> Path | None:
    """One resource of a collection, whichever; None where there is no path to one."""
    getter = getattr(type(collection), "__getitem__", None)
    if getter is None:
        return None
    # which collections have items is known at run time only
    item: Path = collection[1 if "int" in _kinds_of(getter.__annotations__["key"]) else "x"]  # type: ignore[index]
    return item


def option_of(parameter: inspect.Parameter) -> click.Option:
    """The option for a parameter of an action."""
    kinds = _kinds_of(str(parameter.annotation))
    is_required = parameter.default is parameter.empty
    flag = "--" + parameter.name.replace("_", "-")
    several = next((kind for kind in kinds if kind.startswith("Sequence[")), None)
    if several is not None:
        kind = _KINDS[several.removeprefix("Sequence[").removesuffix("]")]
        return click.Option(
            [flag, parameter.name], type=kind, multiple=True, required=is_required, help="May be repeated."
        )
    name = next((kind for kind in kinds if kind in _KINDS), None)
    kind = click.STRING if name is None else _KINDS[name]
    text = "JSON." if name is None else ""
    return click.Option([flag, parameter.name], type=kind, required=is_required, help=text)


def _result(_context: click.Context, _parameter: click.Parameter, text: str | None) -> int | None:
    try:
        return None if text is None else results_of(text)[0]
    except InvalidInput as problem:
        raise click.BadParameter(problem.problem) from problem


def is_json(parameter: inspect.Parameter) -> bool:
    """Whether a parameter is given as JSON."""
    kinds = _kinds_of(str(parameter.annotation))
    return not any(kind in _KINDS or kind.startswith("Sequence[") for kind in kinds)


def _kinds_of(annotation: str) -> list[str]:
    return [part for part in annotation.split(" | ") if part not in ("None", "UnsetType")]


def scalar_fields(row: Any) -> dict[str, str]:
    """Fields of a row that are one number, text or flag, with its type; in the order of the document."""
    if not hasattr(row, "__struct_fields__"):
        return {}
    found = {}
    for name in row.__struct_fields__:
        kinds = _kinds_of(str(row.__annotations__.get(name, "")))
        if len(kinds) == 1 and kinds[0] in ("int", "str", "bool"):
            found[name] = kinds[0]
    return found


def results_of(text: str) -> list[int]:
    """Codes of results: names or numbers, separated by commas.

    Raises:
        InvalidInput: there is no such result.
    """
    names = {result.text: int(result) for result in Result} | {str(int(result)): int(result) for result in Result}
    found = []
    for one in text.lower().split(","):
        if one.strip() not in names:
            raise InvalidInput("results", f"expected {', '.join(result.text for result in Result)}, not {one!r}")
        found.append(names[one.strip()])
    return found

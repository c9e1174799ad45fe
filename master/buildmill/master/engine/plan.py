"""What the steps of a build are, in a form that two runs of a master can compare.

A build that goes on after a restart goes on with the steps that the configuration gives now; they must be those that
it began with. Code and arguments are described by what they say, not by where they are in memory.
"""

from __future__ import annotations

import functools
import hashlib
import re
import types
from collections.abc import Iterable, Mapping
from typing import Any

from buildmill.master.engine.step import BuildStep

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_DEPTH = 12


def plan_of(steps: Iterable[BuildStep]) -> list[str]:
    """One line for each step: its class, and a digest over its class's code and its arguments."""
    lines = []
    for step in steps:
        cls, args, kwargs = step._factory_args
        text = repr(describe((_code_of_class(cls), args, kwargs)))
        digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
        lines.append(f"{cls.__qualname__} {digest}")
    return lines


def describe(value: Any, depth: int = _DEPTH) -> Any:
    """Nested tuples of plain values that are equal for values that mean the same in two runs of a program."""
    if value is None or isinstance(value, bool | int | float | str | bytes):
        return value
    if depth <= 0:
        return "..."
    less = depth - 1
    if isinstance(value, Mapping):
        return ("map", sorted((repr(describe(k, less)), describe(v, less)) for k, v in value.items()))
    if isinstance(value, list | tuple):
        return ("list", [describe(member, less) for member in value])
    if isinstance(value, set | frozenset):
        return ("set", sorted(repr(describe(member, less)) for member in value))
    if isinstance(value, type):
        return ("class", f"{value.__module__}.{value.__qualname__}")
    if isinstance(value, types.FunctionType):
        return ("function", _code(value.__code__), describe(value.__defaults__, less), _closure(value, less))
    if isinstance(value, types.MethodType):
        return ("method", describe(value.__func__, less), describe(value.__self__, less))
    if isinstance(value, functools.partial):
        return ("partial", describe(value.func, less), describe(value.args, less), describe(value.keywords, less))
    if isinstance(value, BuildStep):
        return ("step", describe(value._factory_args, less))
    state = getattr(value, "__dict__", None)
    if state is None:
        return ("object", type(value).__qualname__, _ADDRESS.sub("", repr(value)))
    return ("object", type(value).__qualname__, describe(state, less))


def _closure(function: types.FunctionType, depth: int) -> Any:
    cells = function.__closure__ or ()
    found = []
    for cell in cells:
        try:
            found.append(describe(cell.cell_contents, depth))
        except ValueError:  # not filled yet
            found.append("empty")
    return found


def _code(code: types.CodeType) -> tuple[Any, ...]:
    constants = tuple(_code(c) if isinstance(c, types.CodeType) else repr(c) for c in code.co_consts)
    return (code.co_name, code.co_code.hex(), code.co_names, constants)


def _code_of_class(cls: type) -> Any:
    """A class of the user's own by its code; ours by its name, so that a new version of ours goes on."""
    described = []
    for base in cls.__mro__:
        if base.__module__.startswith("buildmill.") or base is object:
            described.append(("class", base.__qualname__))
            break
        members = {n: v for n, v in vars(base).items() if isinstance(v, types.FunctionType | str | int | list | tuple)}
        members.pop("__module__", None)
        members.pop("__firstlineno__", None)
        described.append((base.__qualname__, describe(members)))
    return described


def describe_recipes(recipes: Iterable[Any]) -> list[str]:
    """The same as `plan_of` for the steps that a factory would make."""
    lines = []
    for recipe in recipes:
        text = repr(describe((_code_of_class(recipe.cls), recipe.args, recipe.kwargs or {})))
        digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
        lines.append(f"{recipe.cls.__qualname__} {digest}")
    return lines

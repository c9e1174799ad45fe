"""What a value of a configuration means, as a short text: equal for two readings of the same file, in any process.

Plain ``==`` does not tell: renderables overload it, and each reading makes new functions and, of the configuration's
own modules, new classes. What cannot be looked into gets a fingerprint that never comes again: in doubt it has changed.
"""

from __future__ import annotations

import enum
import functools
import hashlib
import os
import re
import sys
import types
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, Final

from buildmill.master.config.execution import MODULE_NAME, is_users_file
from buildmill.master.engine.clustered import ClusteredService
from buildmill.master.engine.facade import Master
from buildmill.master.engine.service import BuildbotService
from buildmill.master.latent.abstract import AbstractLatentWorker
from buildmill.master.web.dashboards import Dashboard

_WHERE: Final = frozenset({"file", "line"})
_OF_EVERY_CLASS: Final = frozenset(
    {"__dict__", "__weakref__", "__doc__", "__module__", "__firstlineno__", "__annotations__", "__static_attributes__",
     "_abc_impl"}
)  # fmt: skip
_SCALARS: Final = (str, bytes, int, float, complex, bool, type(None), type(Ellipsis))

_Graph = dict[int, int]
"""Within one function or class of the user: in which order its parts were met, by their `id`."""


class Fingerprints:
    """Makes fingerprints, and remembers what several things share. What it has seen must not change meanwhile."""

    def __init__(self) -> None:
        self._known: dict[int, bytes] = {}
        self._alive: list[Any] = []  # an id must not be given to another object meanwhile
        self._open: dict[int, int] = {}
        self._lowest = sys.maxsize

    def of(self, thing: Any) -> str:
        """The fingerprint of one thing: 32 hexadecimal digits."""
        return hashlib.sha256(self._digest(thing, None)).hexdigest()[:32]

    # -- one object --------------------------------------------------------------------------------

    def _digest(self, thing: Any, graph: _Graph | None) -> bytes:
        if isinstance(thing, _SCALARS) and type(thing).__module__ == "builtins":
            return _joined("scalar", type(thing).__name__.encode(), repr(thing).encode("utf-8", "backslashreplace"))
        if (name := _public_name(thing)) is not None:
            return _joined("public", name.encode())
        if graph is not None:
            return self._in_graph(thing, graph)
        key = id(thing)
        if (known := self._known.get(key)) is not None:
            return known
        if isinstance(thing, type | types.FunctionType):
            found = self._in_graph(thing, {})
            self._remember(thing, found)
            return found
        return self._in_tree(thing)

    def _in_graph(self, thing: Any, graph: _Graph) -> bytes:
        """Functions call one another in circles: each is looked into once, then named by its number."""
        if (number := graph.get(id(thing))) is not None:
            return _joined("met", str(number).encode())
        graph[id(thing)] = len(graph)
        self._alive.append(thing)
        return self._inside(thing, graph)

    def _in_tree(self, thing: Any) -> bytes:
        """Data may be shared, and is looked into once; where it is part of itself, it is named by the distance."""
        key, depth = id(thing), len(self._open)
        if (opened := self._open.get(key)) is not None:
            self._lowest = min(self._lowest, opened)
            return _joined("circle", str(depth - opened).encode())
        self._open[key] = depth
        before, self._lowest = self._lowest, sys.maxsize
        try:
            found = self._inside(thing, None)
        finally:
            del self._open[key]
        if self._lowest >= depth:  # nothing in it depends on where it stands
            self._remember(thing, found)
            self._lowest = before
        else:
            self._lowest = min(self._lowest, before)
        return found

    def _remember(self, thing: Any, found: bytes) -> None:
        self._known[id(thing)] = found
        self._alive.append(thing)

    def _inside(self, thing: Any, graph: _Graph | None) -> bytes:
        match thing:
            case type():
                return self._of_class(thing, graph)
            case types.FunctionType():
                return self._of_function(thing, graph)
            case types.MethodType():
                return self._all("method", (thing.__func__, thing.__self__), graph)
            case types.BuiltinFunctionType():
                return self._all("builtin", (thing.__qualname__, thing.__self__), graph)
            case types.ModuleType():
                return _joined("module", *(_source(file) for file in sorted(_files_of(thing))))
            case types.CodeType():
                return self._of_code(thing, graph)
            case list() | tuple() | deque():
                return self._all(_class_name(thing), thing, graph)
            case Mapping():
                items = [_joined("item", self._digest(k, graph), self._digest(v, graph)) for k, v in thing.items()]
                return _joined(f"mapping {_class_name(thing)}", *items)
            case set() | frozenset():
                return _joined("set", *sorted(self._digest(item, graph) for item in thing))
            case staticmethod() | classmethod():
                return self._all(type(thing).__name__, (thing.__func__,), graph)
            case property():
                return self._all("property", (thing.fget, thing.fset, thing.fdel), graph)
            case functools.partial():
                return self._all("partial", (thing.func, thing.args, thing.keywords), graph)
            case re.Pattern():
                return self._all("pattern", (thing.pattern, thing.flags), graph)
            case enum.Enum():
                return self._all("enum", (type(thing), thing.name), graph)
            case str() | bytes() | int() | float():
                plain = next(kind for kind in (str, bytes, int, float) if isinstance(thing, kind))
                return self._all("derived", (type(thing), plain.__repr__(thing), _state(thing)), graph)
            case ClusteredService() | BuildbotService() | AbstractLatentWorker():
                return self._all("service", (type(thing), thing.constructed_with), graph)
        if isinstance(thing, Dashboard):  # nothing is made anew for its program, which is taken over at each reading
            return self._all("dashboard", thing.described().values(), graph)
        if is_dataclass(thing):
            kept = {field.name: getattr(thing, field.name) for field in fields(thing) if field.name not in _WHERE}
            return self._all("data", (type(thing), kept), graph)
        if _is_standard_value(type(thing)):
            return _joined(f"value {_class_name(thing)}", repr(thing).encode())
        state = _state(thing)
        return _opaque(thing) if state is None else self._all("object", (type(thing), state), graph)

    def _all(self, kind: str, parts: Iterable[Any], graph: _Graph | None) -> bytes:
        return _joined(kind, *(self._digest(part, graph) for part in parts))

    # -- code --------------------------------------------------------------------------------------

    def _of_function(self, function: types.FunctionType, graph: _Graph | None) -> bytes:
        used: dict[str, Any] = {}
        if is_users_file(function.__code__.co_filename):
            names = sorted(_names_of(function.__code__))
            used = {name: function.__globals__[name] for name in names if name in function.__globals__}
        cells = [_contents(cell) for cell in function.__closure__ or ()]
        parts = (function.__code__, function.__defaults__, function.__kwdefaults__, cells, used)
        return self._all("function", parts, graph)

    def _of_code(self, code: types.CodeType, graph: _Graph | None) -> bytes:
        # from Python 3.11 on this is the code as it was compiled, whatever the interpreter has made of it since
        return self._all("code", (code.co_code, code.co_names, code.co_varnames, code.co_consts), graph)

    def _of_class(self, cls: type, graph: _Graph | None) -> bytes:
        members = {name: value for name, value in vars(cls).items() if name not in _OF_EVERY_CLASS}
        return self._all("class", (cls.__module__, cls.__qualname__, cls.__bases__, members), graph)


def _joined(kind: str, *parts: bytes) -> bytes:
    head = b"%d:%s" % (len(kind), kind.encode())
    joined = head + b"".join(b"%d:%s" % (len(part), part) for part in parts)
    return joined if len(joined) <= 64 else hashlib.sha256(joined).digest()


def _opaque(thing: Any) -> bytes:
    return _joined("opaque", _class_name(thing).encode(), os.urandom(16))


def _class_name(thing: Any) -> str:
    return f"{type(thing).__module__}.{type(thing).__qualname__}"


def _public_name(thing: Any) -> str | None:
    """The name of what does not change while a process runs: ours, Python's and installed packages' things."""
    if isinstance(thing, type):
        return None if _is_users_module(thing.__module__) else f"{thing.__module__}.{thing.__qualname__}"
    if isinstance(thing, types.FunctionType):
        # a function that was made by another one is more than its name
        is_users = thing.__closure__ is not None or is_users_file(thing.__code__.co_filename)
        return None if is_users or "<" in thing.__qualname__ else f"{thing.__module__}.{thing.__qualname__}"
    if isinstance(thing, types.BuiltinFunctionType) and isinstance(thing.__self__, types.ModuleType | type(None)):
        return f"{thing.__module__}.{thing.__qualname__}"
    if isinstance(thing, types.ModuleType):
        return None if _is_users_module(thing.__name__) else thing.__name__
    if isinstance(
        thing,
        types.MemberDescriptorType
        | types.GetSetDescriptorType
        | types.WrapperDescriptorType
        | types.MethodDescriptorType
        | types.ClassMethodDescriptorType,
    ):
        return f"{thing.__objclass__.__qualname__}.{thing.__name__}"
    return None


def _is_users_module(name: str) -> bool:
    if name == MODULE_NAME:
        return True
    file = getattr(sys.modules.get(name), "__dict__", {}).get("__file__")
    return isinstance(file, str) and is_users_file(file)


def _files_of(module: types.ModuleType) -> set[str]:
    """The files of one of the user's modules, and of those that it imports from."""
    found: set[str] = set()
    waiting = [module.__name__]
    while waiting:
        name = waiting.pop()
        contents = getattr(sys.modules.get(name, module), "__dict__", {})
        file = contents.get("__file__")
        if not isinstance(file, str) or file in found or not is_users_file(file):
            continue
        found.add(file)
        for value in list(contents.values()):
            origin = value.__name__ if isinstance(value, types.ModuleType) else getattr(type(value), "__module__", None)
            if isinstance(value, types.FunctionType | type):
                origin = value.__module__
            if isinstance(origin, str) and origin != name:
                waiting.append(origin)
    return found


def _source(file: str) -> bytes:
    try:
        return hashlib.sha256(Path(file).read_bytes()).digest()
    except OSError:
        return os.urandom(16)


def _is_standard_value(kind: type) -> bool:
    """Whether it is a class of Python's library that knows by itself what is equal (dates, paths)."""
    is_standard = kind.__module__.partition(".")[0] in sys.stdlib_module_names
    has_text = any("__repr__" in vars(cls) for cls in kind.__mro__ if cls is not object)
    return is_standard and has_text and any("__eq__" in vars(cls) for cls in kind.__mro__ if cls is not object)


def _state(thing: Any) -> dict[str, Any] | None:
    """All attributes of an object itself, by name; None if it shows none."""
    slots = [name for cls in type(thing).__mro__ for name in _slots_of(cls) if name not in ("__dict__", "__weakref__")]
    if not slots and not hasattr(thing, "__dict__"):
        return None
    state = dict(_attributes(thing, slots))
    state.update(getattr(thing, "__dict__", {}))
    return {
        name: state[name] for name in sorted(state) if name not in _WHERE and not _is_given_later(name, state[name])
    }


def _attributes(thing: Any, names: Iterable[str]) -> Iterator[tuple[str, Any]]:
    """Those attributes that it has and shows."""
    for name in names:
        try:
            yield name, getattr(thing, name)
        except AttributeError:
            continue
        except (
            Exception
        ) as refused:  # of a library: what stands for another thing may raise anything where there is none
            yield name, type(refused)


def _is_given_later(name: str, value: Any) -> bool:
    """Whether an attribute is the master that an object works for: it has it only when it is in force."""
    return name == "master" and (value is None or isinstance(value, Master))


def _slots_of(cls: type) -> tuple[str, ...]:
    slots = vars(cls).get("__slots__", ())
    return (slots,) if isinstance(slots, str) else tuple(slots)


def _names_of(code: types.CodeType) -> set[str]:
    """All names that a function's code mentions, in the functions inside of it, too."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= _names_of(constant)
    return names


def _contents(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not filled
        return None

"""Whether two values of two readings of a configuration mean the same.

Plain ``==`` does not tell: renderables overload it, and each reading makes new functions and, of the
configuration's own modules, new classes.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from buildmill.master.engine.clustered import ClusteredService
from buildmill.master.engine.service import BuildbotService

_WHERE = frozenset({"file", "line"})
_OF_EVERY_CLASS = frozenset({"__dict__", "__weakref__", "__doc__", "__module__", "__firstlineno__", "__annotations__"})
_SCALARS = (str, bytes, int, float, complex, bool, type(None))


def same(one: Any, other: Any) -> bool:
    """Whether both mean the same; in doubt they don't."""
    return _Comparison().same(one, other)


class _Comparison:
    def __init__(self) -> None:
        # pairs that are being compared: where they meet again, in a cycle, they count as the same
        self._open: set[tuple[int, int]] = set()

    def same(self, one: Any, other: Any) -> bool:
        if one is other:
            return True
        if isinstance(one, type) or isinstance(other, type):
            return isinstance(one, type) and isinstance(other, type) and self._same_class(one, other)
        if isinstance(one, _SCALARS):
            return type(one) is type(other) and bool(one == other)
        if type(one) is not type(other) and not self.same(type(one), type(other)):
            return False
        pair = (id(one), id(other))
        if pair in self._open:
            return True
        self._open.add(pair)
        try:
            return self._same_inside(one, other)
        finally:
            self._open.discard(pair)

    def _same_inside(self, one: Any, other: Any) -> bool:
        match one:
            case list() | tuple():
                if set(map(type, one)) == {str}:
                    return bool(one == other)
                return len(one) == len(other) and all(map(self.same, one, other))
            case Mapping():
                return self._same_mapping(one, other)
            case set() | frozenset():
                return all(isinstance(item, _SCALARS) for item in one) and bool(one == other)
            case types.FunctionType():
                return self._same_function(one, other)
            case types.MethodType():
                return self.same(one.__func__, other.__func__) and self.same(one.__self__, other.__self__)
            case types.ModuleType():
                return one.__name__ == other.__name__ and getattr(one, "__file__", None) is None
            case ClusteredService() | BuildbotService():
                return self.same(one.constructed_with, other.constructed_with)
        if is_dataclass(one):
            return all(
                self.same(getattr(one, field.name), getattr(other, field.name))
                for field in fields(one)
                if field.name not in _WHERE
            )
        if _is_standard_value(type(one)):
            return bool(one == other)
        mine, theirs = _state(one), _state(other)
        return mine is not None and theirs is not None and self._same_mapping(mine, theirs)

    def _same_mapping(self, one: Mapping[Any, Any], other: Mapping[Any, Any]) -> bool:
        if all(isinstance(key, _SCALARS) for key in one):
            return one.keys() == other.keys() and all(self.same(one[key], other[key]) for key in one)
        return self.same(list(one.items()), list(other.items()))

    def _same_function(self, one: types.FunctionType, other: types.FunctionType) -> bool:
        if not self._same_code(one.__code__, other.__code__):
            return False
        if not self.same((one.__defaults__, one.__kwdefaults__), (other.__defaults__, other.__kwdefaults__)):
            return False
        cells = [[self._contents(cell) for cell in function.__closure__ or ()] for function in (one, other)]
        if not self.same(*cells):
            return False
        names = [name for name in _names_of(one.__code__) if name in one.__globals__ or name in other.__globals__]
        return all(self.same(one.__globals__.get(name), other.__globals__.get(name)) for name in names)

    def _same_code(self, one: types.CodeType, other: types.CodeType) -> bool:
        if (one.co_code, one.co_names, one.co_varnames) != (other.co_code, other.co_names, other.co_varnames):
            return False
        if len(one.co_consts) != len(other.co_consts):
            return False
        return all(
            self._same_code(mine, theirs)
            if isinstance(mine, types.CodeType) and isinstance(theirs, types.CodeType)
            else type(mine) is type(theirs) and mine == theirs
            for mine, theirs in zip(one.co_consts, other.co_consts, strict=True)
        )

    def _same_class(self, one: type, other: type) -> bool:
        if (one.__module__, one.__qualname__) != (other.__module__, other.__qualname__):
            return False
        pair = (id(one), id(other))
        if pair in self._open:
            return True
        self._open.add(pair)
        try:
            if not self.same(one.__bases__, other.__bases__):
                return False
            mine = {name: value for name, value in vars(one).items() if name not in _OF_EVERY_CLASS}
            theirs = {name: value for name, value in vars(other).items() if name not in _OF_EVERY_CLASS}
            return mine.keys() == theirs.keys() and all(self._same_member(mine[n], theirs[n]) for n in mine)
        finally:
            self._open.discard(pair)

    def _same_member(self, one: Any, other: Any) -> bool:
        for kind in (staticmethod, classmethod):
            if isinstance(one, kind) and isinstance(other, kind):
                return self.same(one.__func__, other.__func__)
        if isinstance(one, property) and isinstance(other, property):
            return self.same((one.fget, one.fset, one.fdel), (other.fget, other.fset, other.fdel))
        return self.same(one, other)

    @staticmethod
    def _contents(cell: types.CellType) -> Any:
        try:
            return cell.cell_contents
        except ValueError:  # not filled
            return None


def _is_standard_value(kind: type) -> bool:
    """Whether it is a class of Python's library that knows by itself what is equal (dates, paths, patterns)."""
    is_standard = kind.__module__.partition(".")[0] in sys.stdlib_module_names
    return is_standard and any("__eq__" in vars(cls) for cls in kind.__mro__ if cls is not object)


def _state(thing: Any) -> dict[str, Any] | None:
    """All attributes of an object itself; None if it shows none."""
    slots = [name for cls in type(thing).__mro__ for name in _slots_of(cls) if name not in ("__dict__", "__weakref__")]
    if not slots and not hasattr(thing, "__dict__"):
        return None
    state = {name: getattr(thing, name) for name in slots if hasattr(thing, name)}
    state.update(getattr(thing, "__dict__", {}))
    return {name: value for name, value in state.items() if name not in _WHERE}


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

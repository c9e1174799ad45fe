"""Rendering: turning the placeholders of a configuration into the values of one build.

A *renderable* is any object with ``getRenderingFor(props)`` that gives a value, or an awaitable of one (a
coroutine or a Deferred). Lists, tuples and dicts are rendered deeply into new ones; all else is its own
rendering. Renderables are immutable and belong to the configuration: many builds may render the same one.
"""

from __future__ import annotations

import operator
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol, cast

from buildmill.common.errors import BuildmillError


class RenderError(BuildmillError):
    """A value cannot be rendered: a secret is missing, a format doesn't fit, there is no build to ask."""


class BuildContext(Protocol):
    """What a build tells to those who render in its name."""

    def source_stamps(self) -> Sequence[Mapping[str, Any]]:
        """One document per codebase, with at least codebase, branch, revision, repository, project."""

    def changes(self) -> Sequence[Mapping[str, Any]]:
        """The changes the build is made for, oldest first; may be empty."""

    def worker_info(self) -> Mapping[str, Any]:
        """What the worker told about itself (admin, host, version, ...); empty before it is known."""

    def secret(self, name: str) -> Awaitable[str]:
        """The secret `name`. Raises `RenderError` if no provider has it."""

    def url(self) -> str | Awaitable[str]:
        """Address of the build's page."""


class RenderContext(Protocol):
    """The argument of ``getRenderingFor``: the properties, and through them the build. See `Properties`."""

    def getProperty(self, name: str, default: Any = None) -> Any: ...

    def hasProperty(self, name: str) -> bool: ...

    def render(self, value: object) -> Awaitable[Any]: ...

    def source_stamp(self, codebase: str) -> Mapping[str, Any] | None:
        """The source stamp of one codebase, or None. Raises `RenderError` where there are none at all."""

    def worker_info(self) -> Mapping[str, Any]:
        """Raises `RenderError` outside a build."""

    def secret(self, name: str) -> Awaitable[str]:
        """Raises `RenderError` when missing. The value is masked in the build's logs from then on."""

    def build_url(self) -> str | Awaitable[str]:
        """Raises `RenderError` outside a build."""


class Renderable(Protocol):
    """Something with a different value in each build."""

    def getRenderingFor(self, props: Any, /) -> Any:
        """The value for these properties, or an awaitable of it. May contain further renderables."""


_SCALARS = frozenset({str, int, bool, float, bytes, type(None)})
_SEQUENCES = (list, tuple)


def is_renderable(value: object) -> bool:
    """Whether `value` itself (not what is inside it) must be rendered."""
    return type(value) not in _SCALARS and hasattr(value, "getRenderingFor") and not isinstance(value, type)


def is_plain(value: object) -> bool:
    """Whether rendering `value` would change nothing, so that it can be used as it is."""
    kind = type(value)
    if kind in _SCALARS:
        return True
    if isinstance(value, _SEQUENCES):
        return all(type(item) in _SCALARS or is_plain(item) for item in value)
    if isinstance(value, dict):
        return all(is_plain(key) and is_plain(item) for key, item in value.items())
    return not is_renderable(value)


async def render(value: object, props: RenderContext) -> Any:
    """The value for one build.

    Args:
        value: anything; renderables are looked for in it, in lists, tuples, and keys and values of dicts.

    Returns:
        `value` itself if it is plain, else a new value without renderables. Subclasses of list, tuple, dict
        that contain renderables become plain ones.
    """
    if is_plain(value):
        return value
    if isinstance(value, list):
        return [item if is_plain(item) else await render(item, props) for item in value]
    if isinstance(value, tuple):
        return tuple([item if is_plain(item) else await render(item, props) for item in value])
    if isinstance(value, dict):
        return {await render(key, props): await render(item, props) for key, item in value.items()}
    rendered = await settled(cast(Renderable, value).getRenderingFor(props))
    return rendered if is_plain(rendered) else await render(rendered, props)


async def settled(result: Any) -> Any:
    """`result`, waited for if it is an awaitable (a coroutine, a Deferred)."""
    if type(result) not in _SCALARS and hasattr(result, "__await__"):
        return await result
    return result


class Operators:
    """Operators that build new renderables out of renderables.

    So they can't be compared in Python: ``Property("a") == "x"`` is a renderable too, and always true.
    """

    def __eq__(self, other: object) -> Any:
        return Operation(operator.eq, "==", self, other)

    def __ne__(self, other: object) -> Any:
        return Operation(operator.ne, "!=", self, other)

    def __lt__(self, other: object) -> Operation:
        return Operation(operator.lt, "<", self, other)

    def __le__(self, other: object) -> Operation:
        return Operation(operator.le, "<=", self, other)

    def __gt__(self, other: object) -> Operation:
        return Operation(operator.gt, ">", self, other)

    def __ge__(self, other: object) -> Operation:
        return Operation(operator.ge, ">=", self, other)

    def __add__(self, other: object) -> Operation:
        return Operation(operator.add, "+", self, other)

    def __sub__(self, other: object) -> Operation:
        return Operation(operator.sub, "-", self, other)

    def __mul__(self, other: object) -> Operation:
        return Operation(operator.mul, "*", self, other)

    def __truediv__(self, other: object) -> Operation:
        return Operation(operator.truediv, "/", self, other)

    def __floordiv__(self, other: object) -> Operation:
        return Operation(operator.floordiv, "//", self, other)

    def __mod__(self, other: object) -> Operation:
        return Operation(operator.mod, "%", self, other)

    def in_(self, other: object) -> Operation:
        """A renderable: is this one's value in the other's? (Python's own ``in`` can't be overloaded so.)"""
        return Operation(lambda left, right: left in right, "in", self, other)

    # Equality says nothing about two renderables, so identity is what a set or a dict may go by.
    __hash__ = object.__hash__


class Operation(Operators):
    """An operator and its two operands, rendered when it is."""

    def __init__(self, function: Callable[[Any, Any], Any], sign: str, left: object, right: object) -> None:
        self._function = function
        self._sign = sign
        self._left = left
        self._right = right

    async def getRenderingFor(self, props: RenderContext) -> Any:
        """Raises RenderError when the operator doesn't fit the two values."""
        left, right = await render(self._left, props), await render(self._right, props)
        try:
            return self._function(left, right)
        except (TypeError, ValueError, ArithmeticError) as problem:
            raise RenderError(f"{self!r}: {problem} (the values are {left!r} and {right!r})") from problem

    def __repr__(self) -> str:
        return f"{self._left!r} {self._sign} {self._right!r}"

"""The renderables of a master.cfg, but for those made of a format string (see `interpolate`)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from buildmill.master.domain.config_errors import config_error
from buildmill.master.domain.rendering import Operators, RenderContext, is_renderable, render, settled


class Property(Operators):
    """The value of one property.

    Args:
        key: name of the property.
        default: used when the property is missing; may be a renderable.
        defaultWhenFalse: use the default for a value that is false, too.
    """

    def __init__(self, key: str, default: object = None, defaultWhenFalse: bool = True) -> None:
        if not isinstance(key, str):
            config_error(f"Property: the name must be a string, not {key!r}")
        self.key = key
        self.default = default
        self.defaultWhenFalse = defaultWhenFalse

    async def getRenderingFor(self, props: RenderContext) -> Any:
        """The property's value or the rendered default."""
        if self.defaultWhenFalse:
            return props.getProperty(self.key) or await render(self.default, props)
        if props.hasProperty(self.key):
            return props.getProperty(self.key)
        return await render(self.default, props)

    def __repr__(self) -> str:
        return f"Property({self.key})"


class renderer:  # noqa: N801  # Buildbot's spelling
    """Decorator: a function of the properties as a renderable.

    The function may be ``async`` or give a Deferred, and what it returns may contain renderables.
    """

    def __init__(self, fn: Callable[..., Any]) -> None:
        if not callable(fn):
            config_error(f"renderer: a function is needed, not {fn!r}")
        self.fn = fn
        self.args: tuple[Any, ...] = ()
        self.kwargs: dict[str, Any] = {}
        self.__doc__ = getattr(fn, "__doc__", None)

    def withArgs(self, *args: object, **kwargs: object) -> renderer:
        """A new renderable: the function with these (rendered) after the properties and any earlier ones."""
        bound = renderer(self.fn)
        bound.args = self.args + args
        bound.kwargs = {**self.kwargs, **kwargs}
        return bound

    def getRenderingFor(self, props: RenderContext) -> Any:
        """What the function returns; an awaitable if it, or an argument, has to be waited for."""
        if not self.args and not self.kwargs:
            return self.fn(props)
        return self._call_with_args(props)

    async def _call_with_args(self, props: RenderContext) -> Any:
        args = await render(self.args, props)
        kwargs = await render(self.kwargs, props)
        return await settled(self.fn(props, *args, **kwargs))

    def __repr__(self) -> str:
        arguments = [*map(repr, self.args), *(f"{k}={v!r}" for k, v in self.kwargs.items())]
        return f"renderer({', '.join([getattr(self.fn, '__qualname__', repr(self.fn)), *arguments])})"


class Transform:
    """A function applied to rendered arguments.

    Args:
        function: a callable, or a renderable of one. It may be ``async`` or give a Deferred.
    """

    def __init__(self, function: object, *args: object, **kwargs: object) -> None:
        if not callable(function) and not is_renderable(function):
            config_error(f"Transform: a function or a renderable of one is needed, not {function!r}")
        self._function = function
        self._args = args
        self._kwargs = kwargs

    async def getRenderingFor(self, props: RenderContext) -> Any:
        """What the function gives."""
        function = await render(self._function, props)
        return await settled(function(*await render(self._args, props), **await render(self._kwargs, props)))

    def __repr__(self) -> str:
        return f"Transform({self._function!r}, {self._args!r}, {self._kwargs!r})"


class FlattenList:
    """A list rendered, then flattened.

    Args:
        nestedlist: lists in lists, with renderables anywhere.
        types: what counts as a list inside.
    """

    def __init__(self, nestedlist: object, types: tuple[type, ...] = (list, tuple)) -> None:
        self.nestedlist = nestedlist
        self.types = tuple(types) if isinstance(types, list | tuple) else (types,)

    async def getRenderingFor(self, props: RenderContext) -> list[Any]:
        """The flat list."""
        return flatten(await render(self.nestedlist, props), self.types)

    def __add__(self, other: object) -> FlattenList:
        added = other.nestedlist if isinstance(other, FlattenList) else other
        return FlattenList([self.nestedlist, added], self.types)

    def __repr__(self) -> str:
        return f"FlattenList({self.nestedlist!r})"


def flatten(nested: Any, types: tuple[type, ...] = (list, tuple)) -> list[Any]:
    """All items of lists in lists, in order; `nested` itself may be any iterable."""
    flat: list[Any] = []
    for item in nested:
        if isinstance(item, types):
            flat += flatten(item, types)
        else:
            flat.append(item)
    return flat


class Secret:
    """A secret, fetched anew in each build and masked in its logs.

    Args:
        secret_name: as a secret provider knows it.
    """

    def __init__(self, secret_name: str) -> None:
        if not isinstance(secret_name, str):
            config_error(f"Secret: the name must be a string, not {secret_name!r}")
        self.secret_name = secret_name

    def getRenderingFor(self, props: RenderContext) -> Awaitable[str]:
        """Raises RenderError (when awaited) if no provider has the secret."""
        return props.secret(self.secret_name)

    def __repr__(self) -> str:
        return f"Secret({self.secret_name})"


class ConstantRenderable(Operators):
    """A fixed value as a renderable, so that operators can be applied to it."""

    def __init__(self, value: object) -> None:
        self._value = value

    def getRenderingFor(self, props: RenderContext) -> object:
        """The value; what is inside it is rendered."""
        return self._value

    def __repr__(self) -> str:
        return repr(self._value)


def _url_of_build(props: RenderContext) -> Any:
    return props.build_url()


URLForBuild = renderer(_url_of_build)
"""Renderable: the address of the build's page."""

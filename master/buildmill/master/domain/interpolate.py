"""Format strings as renderables: `Interpolate`, and the older `WithProperties`.

``%(selector:...)s`` in an `Interpolate`:

    prop:NAME            a property
    src:CODEBASE:ATTR    an attribute of the source stamp of a codebase
    worker:NAME          what the worker told about itself
    secret:NAME          a secret; missing is an error
    kw:NAME              a keyword argument

followed by nothing (missing gives ''), or by

    :-TEXT   the value if present (None shows as ''), else TEXT
    :~TEXT   the value if present and true, else TEXT
    :+TEXT   TEXT if present, else ''
    :?DyesDno, :#?DyesDno   yes if present (with #: and true), else no; D is any one character but '('

TEXT, yes and no may hold further ``%(...)s``. Only the texts and arguments that are needed are rendered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from buildmill.master.domain.config_errors import config_error
from buildmill.master.domain.rendering import Operators, RenderContext, RenderError, render, settled

_NAME = re.compile(r"[\w.-]*")
_MISSING = object()


class _FormatError(Exception):
    """What is wrong with a format string; reported once, by the constructor."""


class Interpolate(Operators):
    """A format string filled with properties, source stamps, worker facts, secrets and arguments.

    Args:
        fmtstring: see the module's grammar; with positional arguments, an ordinary ``%s`` format for them.
        args: values or renderables for a positional format.
        kwargs: values or renderables for the selector ``kw``. Never together with `args`.
    """

    def __init__(self, fmtstring: str, *args: object, **kwargs: object) -> None:
        self.fmtstring = fmtstring
        self.args = args
        self.kwargs = kwargs
        self._template = _EMPTY
        try:
            if not isinstance(fmtstring, str):
                raise _FormatError(f"the format must be a string, not {fmtstring!r}")
            if args and kwargs:
                raise _FormatError("takes either positional or keyword arguments, not both")
            if args:
                _check_positional(fmtstring, len(args))
            else:
                self._template = _parse(fmtstring)
        except _FormatError as problem:
            config_error(f"Interpolate({fmtstring!r}): {problem}")

    async def getRenderingFor(self, props: RenderContext) -> str:  # noqa: N802  # Buildbot's spelling
        """The text.

        Raises:
            RenderError: a secret is missing, or a value doesn't fit its conversion (as ``%d``).
        """
        if not self.args:
            return await self._template.fill(props, self.kwargs)
        values = await render(self.args, props)
        try:
            return str(self.fmtstring % values)
        except (TypeError, ValueError) as problem:
            raise RenderError(f"{self!r}: {problem}") from problem

    def __repr__(self) -> str:
        # As Buildbot shows it: the text of an Assert step is made of this.
        if self.args:
            return f"Interpolate({self.fmtstring!r}, *{self.args!r})"
        if self.kwargs:
            return f"Interpolate({self.fmtstring!r}, **{self.kwargs!r})"
        return f"Interpolate({self.fmtstring!r})"


class _Template:
    """A parsed format: the text, and what each key in it stands for."""

    __slots__ = ("_lookups", "_text")

    def __init__(self, text: str, lookups: Mapping[str, _Lookup]) -> None:
        self._text = text
        self._lookups = lookups

    async def fill(self, props: RenderContext, kwargs: Mapping[str, object]) -> str:
        values = {key: await lookup.value(props, kwargs) for key, lookup in self._lookups.items()}
        try:
            return self._text % values
        except (TypeError, ValueError) as problem:
            raise RenderError(f"{self._text!r}: {problem}") from problem


_EMPTY = _Template("", {})


class _Lookup:
    """One ``%(...)s``: where the value comes from, and what to show when it is there or not."""

    __slots__ = ("_absent", "_needs_truth", "_present", "_source")

    def __init__(
        self,
        source: _Source,
        *,
        needs_truth: bool = False,
        present: _Template | None = None,
        absent: _Template = _EMPTY,
    ) -> None:
        self._source = source
        self._needs_truth = needs_truth
        self._present = present  # None: the value itself
        self._absent = absent

    async def value(self, props: RenderContext, kwargs: Mapping[str, object]) -> Any:
        found = await settled(self._source(props, kwargs))
        if found is _MISSING or (self._needs_truth and not found):
            return await self._absent.fill(props, kwargs)
        if self._present is not None:
            return await self._present.fill(props, kwargs)
        return "" if found is None else found


_Source = Callable[[RenderContext, Mapping[str, object]], Any]
"""Gives the value, an awaitable of it, or _MISSING."""


def _of_property(name: str) -> _Source:
    return lambda props, kwargs: props.getProperty(name, _MISSING)


def _of_source_stamp(codebase: str, attribute: str) -> _Source:
    def look(props: RenderContext, kwargs: Mapping[str, object]) -> Any:
        stamp = props.source_stamp(codebase)
        return _MISSING if stamp is None else stamp.get(attribute, _MISSING)

    return look


def _of_worker(name: str) -> _Source:
    return lambda props, kwargs: props.worker_info().get(name, _MISSING)


def _of_secret(name: str) -> _Source:
    return lambda props, kwargs: props.secret(name)


def _of_keyword(name: str) -> _Source:
    def look(props: RenderContext, kwargs: Mapping[str, object]) -> Any:
        return render(kwargs[name], props) if name in kwargs else _MISSING

    return look


_SELECTORS: dict[str, Callable[[str], _Source]] = {
    "prop": _of_property,
    "worker": _of_worker,
    "secret": _of_secret,
    "kw": _of_keyword,
}


class _KeyCollector(Mapping[str, Any]):
    """Stands for the values while Python's own formatter tells which keys a format has."""

    def __init__(self) -> None:
        self.keys_seen: list[str] = []

    def __getitem__(self, key: str) -> Any:
        self.keys_seen.append(key)
        return 0  # fits every conversion

    def __iter__(self) -> Any:
        return iter(self.keys_seen)

    def __len__(self) -> int:
        return len(self.keys_seen)


def _keys_of(text: str) -> list[str]:
    _refuse_positional(text)
    collector = _KeyCollector()
    try:
        text % collector
    except (TypeError, ValueError) as problem:
        raise _FormatError(str(problem)) from problem
    return collector.keys_seen


def _refuse_positional(text: str) -> None:
    """Python gives the whole mapping to a ``%s`` without a key: nobody means that."""
    position = 0
    while (found := text.find("%", position)) >= 0:
        following = text[found + 1 : found + 2]
        if following == "(":
            position = _end_of_key(text, found + 1)
        elif following == "%":
            position = found + 2
        else:
            raise _FormatError(
                f"{text[found : found + 2]!r} needs a selector in parentheses, or '%%' for a percent sign"
            )


def _end_of_key(text: str, start: int) -> int:
    depth = 0
    for position in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[position], 0)
        if depth == 0:
            return position + 1
    raise _FormatError("incomplete format key")


def _parse(text: str) -> _Template:
    return _Template(text, {key: _parse_key(key) for key in _keys_of(text)})


def _parse_key(key: str) -> _Lookup:
    selector, colon, rest = key.partition(":")
    if not colon:
        raise _FormatError(f"substitution without a selector: {key!r}")
    if selector == "src":
        codebase, colon, rest = rest.partition(":")
        if not colon:
            raise _FormatError(f"src needs both codebase and attribute: {key!r}")
        attribute, operator = _split_operator(rest)
        source = _of_source_stamp(_checked(codebase, key), _checked(attribute, key))
    elif selector in _SELECTORS:
        name, operator = _split_operator(rest)
        source = _SELECTORS[selector](_checked(name, key) if selector != "secret" else name)
    else:
        raise _FormatError(f"unknown selector {selector!r}; known are {', '.join(sorted([*_SELECTORS, 'src']))}")
    return _Lookup(source) if operator is None else _parse_operator(source, operator, key)


def _split_operator(text: str) -> tuple[str, str | None]:
    name, colon, operator = text.partition(":")
    return name, operator if colon else None


def _checked(name: str, key: str) -> str:
    if not _NAME.fullmatch(name):
        raise _FormatError(f"{name!r} in {key!r} must consist of letters, digits, '_', '.' and '-'")
    return name


def _parse_operator(source: _Source, operator: str, key: str) -> _Lookup:
    match operator[:1]:
        case "-":
            return _Lookup(source, absent=_parse(operator[1:]))
        case "~":
            return _Lookup(source, needs_truth=True, absent=_parse(operator[1:]))
        case "+":
            return _Lookup(source, present=_parse(operator[1:]))
        case "?":
            return _parse_choice(source, operator[1:], key, needs_truth=False)
        case "#" if operator.startswith("#?"):
            return _parse_choice(source, operator[2:], key, needs_truth=True)
    raise _FormatError(f"unknown operator {operator[:1]!r} in {key!r}; known are - ~ + ? #?")


def _parse_choice(source: _Source, text: str, key: str, *, needs_truth: bool) -> _Lookup:
    delimiter, texts = text[:1], text[1:]
    if not delimiter or delimiter == "(":
        raise _FormatError(f"a choice needs a delimiter, which cannot be '(', in {key!r}")
    split = _find_outside_keys(texts, delimiter)
    if split is None:
        raise _FormatError(f"a choice needs two texts with {delimiter!r} between them in {key!r}")
    present, absent = texts[:split], texts[split + 1 :]
    return _Lookup(source, needs_truth=needs_truth, present=_parse(present), absent=_parse(absent))


def _find_outside_keys(text: str, delimiter: str) -> int | None:
    """Index of the first `delimiter` that is not inside a nested ``%(...)``."""
    position = 0
    while position < len(text):
        if text.startswith("%(", position):
            position = _end_of_key(text, position + 1)
        elif text[position] == delimiter:
            return position
        else:
            position += 1
    return None


def _check_positional(text: str, count: int) -> None:
    try:
        text % ((0,) * count)
    except (TypeError, ValueError) as problem:
        raise _FormatError(f"{problem} ({count} given)") from problem


class WithProperties(Operators):
    """The older format renderable; new configurations use `Interpolate`.

    Args:
        fmtstring: with `args` a format like ``%s``, else one with ``%(NAME)s``, ``%(NAME:-text)s`` (text if
            missing), ``%(NAME:~text)s`` (text if missing or false), ``%(NAME:+text)s`` (text if there).
        args: names of properties.
        lambda_subs: name to function of the properties; a property's name is looked up here first.
    """

    _operators: ClassVar[tuple[str, ...]] = (":-", ":~", ":+")

    def __init__(self, fmtstring: str, *args: str, **lambda_subs: Callable[[Any], Any]) -> None:
        self.fmtstring = fmtstring
        self.args = args
        self.lambda_subs = lambda_subs
        self._keys: list[str] = []
        try:
            if not isinstance(fmtstring, str):
                raise _FormatError(f"the format must be a string, not {fmtstring!r}")
            if args and lambda_subs:
                raise _FormatError("takes either positional or keyword substitutions, not both")
            for name, function in lambda_subs.items():
                if not callable(function):
                    raise _FormatError(f"the value of {name!r} must be a function")
            if args:
                _check_positional(fmtstring, len(args))
            else:
                self._keys = _keys_of(fmtstring)
        except _FormatError as problem:
            config_error(f"WithProperties({fmtstring!r}): {problem}")

    async def getRenderingFor(self, props: RenderContext) -> str:  # noqa: N802
        """The text. Raises RenderError for a missing property that has no operator."""
        try:
            if self.args:
                return self.fmtstring % tuple([_shown(self._required(name, props)) for name in self.args])
            return self.fmtstring % {key: await self._value(key, props) for key in self._keys}
        except (TypeError, ValueError) as problem:
            raise RenderError(f"{self!r}: {problem}") from problem

    async def _value(self, key: str, props: RenderContext) -> Any:
        if key in self.lambda_subs:
            return _shown(await settled(self.lambda_subs[key](props)))
        for operator in self._operators:
            name, found, text = key.partition(operator)
            if not found:
                continue
            value = props.getProperty(name, _MISSING)
            if operator == ":+":
                return "" if value is _MISSING else text
            if value is _MISSING or (operator == ":~" and not value):
                return text
            return _shown(value)
        return _shown(self._required(key, props))

    def _required(self, name: str, props: RenderContext) -> Any:
        value = props.getProperty(name, _MISSING)
        if value is _MISSING:
            raise RenderError(f"{self!r}: there is no property {name!r}")
        return value

    def __repr__(self) -> str:
        return f"WithProperties({self.fmtstring!r}{''.join(f', {a!r}' for a in self.args)})"


def _shown(value: Any) -> Any:
    return "" if value is None else value

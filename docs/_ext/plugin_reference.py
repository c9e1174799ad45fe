"""The reference of what a `master.cfg` is made of, out of signatures and docstrings: a page for each group of plugins.

`generated/plugins-<group>.md`: a section for each name that works, then one for the classes whose arguments they share.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

from buildmill.common.results import Result
from buildmill.master.domain.rendering import is_renderable
from buildmill.plugins.original.names import OriginalName, names_in

GROUPS = ("steps", "schedulers", "changes", "reporters", "util", "worker", "secrets")
"""The groups that have a page."""

_SECTION = re.compile(r"(Args|Attributes|Returns|Raises|Yields|Class attributes|Subclasses):$")
_ENTRY = re.compile(r"(?P<names>\*{0,2}[A-Za-z_][\w]*(?:, *\*{0,2}[A-Za-z_]\w*)*): (?P<text>.*)$")
_WIDTH = 100


def plugin_pages(group: str) -> Iterator[str]:
    """A section for each name of a group that works, in alphabetical order.

    Args:
        group: one of `GROUPS`.
    """
    names = [name for name in names_in(f"buildbot.plugins.{group}").values() if name.state == "works"]
    shared: dict[type, None] = {}
    documented = {name.load() for name in names if inspect.isclass(name.load())}
    results = []
    for name in sorted(names, key=lambda name: name.name.lower()):
        thing = name.load()
        if isinstance(thing, Result):
            results.append(f"`{name.name}` ({int(thing)})")
            continue
        yield from _section(name, thing)
        if inspect.isclass(thing):
            shared.update(dict.fromkeys(_ours(thing) - documented))
    if results:
        yield "## Result codes\n"
        yield f"{', '.join(results)}: how steps and builds end.\n"
    common = sorted(filter(_says_arguments, shared), key=lambda base: base.__name__)
    if common:
        yield "## Arguments in common\n"
        yield "Classes that cannot be used by themselves; those above take their arguments, too.\n"
        for base in common:
            yield f"### {base.__name__}\n"
            yield from _described(base, base.__name__)


def _section(name: OriginalName, thing: Any) -> Iterator[str]:
    yield f"## {name.name}\n"
    if inspect.isclass(thing) or inspect.isroutine(thing):
        yield from _described(thing, name.name)
    elif is_renderable(thing):
        yield "A renderable; give it as it is.\n"
    else:
        for within, value in sorted(vars(thing).items() if hasattr(thing, "__dict__") else ()):
            if callable(value) and not within.startswith("_") and _is_ours(value):
                yield f"### {name.name}.{within}\n"
                yield from _described(value, f"{name.name}.{within}")
        if not hasattr(thing, "__dict__"):
            yield f"A {type(thing).__name__}: `{thing!r}`.\n"


def _described(thing: Any, shown: str) -> Iterator[str]:
    yield f"```python\n{signature(thing, shown)}\n```\n"
    mro = thing.__mro__[1:] if inspect.isclass(thing) else ()
    bases = [f"`{base.__name__}`" for base in mro if _is_ours(base) and not base.__name__.startswith("_")]
    if bases:
        yield f"Derives from {', '.join(bases)}.\n"
    yield from docstring(thing.__dict__.get("__doc__") if inspect.isclass(thing) else thing.__doc__)


def signature(thing: Callable[..., Any], shown: str) -> str:
    """How something is called, without annotations, broken into lines of a page's width."""
    function = thing.__init__ if inspect.isclass(thing) else thing
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    if inspect.isclass(thing):
        parameters = [p for p in parameters if p.name != "self"]
    pieces = [_parameter(p) for p in parameters]
    for index, parameter in enumerate(parameters):
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY:
            if not any(p.kind is inspect.Parameter.VAR_POSITIONAL for p in parameters):
                pieces.insert(index, "*")
            break
    lines, line = [], f"{shown}("
    for index, piece in enumerate(pieces):
        more = piece + (", " if index < len(pieces) - 1 else "")
        if len(line) + len(more.rstrip()) > _WIDTH and line.strip():
            lines.append(line.rstrip())
            line = " " * 8
        line += more
    return "\n".join([*lines, f"{line})"])


def _parameter(parameter: inspect.Parameter) -> str:
    text = str(parameter.replace(annotation=inspect.Parameter.empty, default=inspect.Parameter.empty))
    if parameter.default is inspect.Parameter.empty:
        return text
    default = parameter.default
    is_plain = default is None or isinstance(default, str | int | float | tuple | list | dict)
    if is_plain and not re.search(r"<.* at 0x|<class", repr(default)):
        return f"{text}={default!r}"
    return f"{text}=..."  # a function, a class, or a mark for "not given"


def docstring(text: str | None) -> Iterator[str]:
    """A docstring as Markdown: what it says of arguments becomes a list."""
    is_listing = False
    for line in inspect.cleandoc(text or "").splitlines():
        entry = _ENTRY.match(line.strip())
        if _SECTION.match(line):
            is_listing = True
            yield f"\n{line}\n" if line != "Args:" else ""
        elif is_listing and line.startswith("    ") and not line.startswith("     ") and entry:
            named = ", ".join(f"`{word.strip()}`" for word in entry["names"].split(","))
            yield f"- {named}: {_safe(entry['text'])}"
        elif is_listing and line.strip():
            yield f"  {_safe(line.strip())}"
        else:
            yield _safe(line)
    yield ""


def _safe(line: str) -> str:
    """A line of a docstring with its ``code`` as Markdown's, and no markup by accident."""
    line = re.sub(r"``(.+?)``", r"`\1`", line)
    pieces = line.split("`")
    return "`".join(
        piece if index % 2 else re.sub(r"([*_<\[\]|])", r"\\\1", piece) for index, piece in enumerate(pieces)
    )


def _ours(cls: type) -> set[type]:
    return set(filter(_is_ours, cls.__mro__))


def _is_ours(value: Any) -> bool:
    return str(getattr(value, "__module__", "")).startswith("buildmill.")


def _says_arguments(cls: type) -> bool:
    return "Args:" in (cls.__dict__.get("__doc__") or "")

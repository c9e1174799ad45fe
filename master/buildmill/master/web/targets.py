"""What a request asks for: the elements of its path and its parameters, decoded once."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from buildmill.common.errors import InvalidInput

_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")


def _text(part: bytes, what: str) -> str:
    try:
        text = unquote_to_bytes(part).decode()
    except UnicodeDecodeError:
        raise InvalidInput(what, f"the {what} is not UTF-8") from None
    if "\0" in text:
        raise InvalidInput(what, f"the {what} contains NUL")
    return text


def elements_of(path: bytes | None) -> list[str]:
    """The decoded elements of a path; they are split first, so that ``%2F`` stays within one."""
    if path is None:
        return []
    if b"%" not in path and path.isascii() and not _CONTROL.search(path):
        return path.decode("ascii").split("/")
    elements = [_text(part, "path") for part in path.split(b"/")]
    if any(_CONTROL.search(element.encode()) for element in elements):
        raise InvalidInput("path", "the path contains control characters")
    return elements


def parameters_of(query: bytes) -> list[tuple[str, str]]:
    """The decoded names and values of what stands behind the question mark."""
    if not query:
        return []
    found = []
    for part in query.split(b"&"):
        if part:
            name, _, value = part.replace(b"+", b" ").partition(b"=")
            found.append((_text(name, "query"), _text(value, "query")))
    return found

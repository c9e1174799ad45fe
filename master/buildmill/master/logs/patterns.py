"""What is searched for: a text, or a regular expression whose work grows with the length of the text only.

Expressions are RE2's (see ADR 0030): no back references, no looking around, and so no pattern that takes for ever.
"""

from __future__ import annotations

from typing import Any, Protocol

import re2

from buildmill.common.errors import InvalidInput

MOST_PATTERN_BYTES = 1000
_MEMORY_BYTES = 8 * 1024 * 1024

Span = tuple[int, int]


class Matcher(Protocol):
    """Finds one thing in bytes; a match never holds a newline."""

    def find(self, text: bytes, start: int) -> Span | None:
        """Begin and end of the first match that begins at `start` or later."""


class _Text:
    def __init__(self, wanted: bytes) -> None:
        self._wanted = wanted

    def find(self, text: bytes, start: int) -> Span | None:
        at = text.find(self._wanted, start)
        return None if at < 0 else (at, at + len(self._wanted))


class _Expression:
    def __init__(self, pattern: Any) -> None:
        self._pattern = pattern

    def find(self, text: bytes, start: int) -> Span | None:
        found = self._pattern.search(text, start)
        return None if found is None else found.span()


def matcher(wanted: str, *, is_expression: bool, ignores_case: bool) -> Matcher:
    """What finds `wanted`.

    Raises:
        InvalidInput: it is empty, too long, has more than a line, or is no regular expression; the field is ``q``.
    """
    data = wanted.encode()
    if not data or len(data) > MOST_PATTERN_BYTES:
        raise InvalidInput("q", f"expected 1 to {MOST_PATTERN_BYTES} bytes of text to look for")
    if b"\n" in data:
        raise InvalidInput("q", "expected text of one line")
    if not is_expression and not ignores_case:
        return _Text(data)
    options = re2.Options()
    options.case_sensitive = not ignores_case
    options.log_errors = False
    options.max_mem = _MEMORY_BYTES
    options.never_nl = True
    pattern = b"(?m)" + (data if is_expression else re2.escape(data))
    try:
        return _Expression(re2.compile(pattern, options))
    except re2.error as error:
        (what,) = error.args
        text = what.decode(errors="replace") if isinstance(what, bytes) else str(what)
        raise InvalidInput("q", f"no regular expression: {text}") from None

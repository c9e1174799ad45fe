"""What is searched for: a text, or a regular expression whose work grows with the length of the text only.

Expressions are RE2's (see ADR 0030): no back references, no looking around, and so no pattern that takes for ever.
"""

from __future__ import annotations

from typing import Any

import re2

from buildmill.common.errors import InvalidInput
from buildmill.master.logs.expressions import needed_text, of_lines
from buildmill.master.logs.frame import Bytes

MOST_PATTERN_BYTES = 1000
_MEMORY_BYTES = 8 * 1024 * 1024

Span = tuple[int, int]


class Matcher:
    """Finds one thing in bytes; a match never holds a newline. Other threads go on while it looks.

    Args:
        pattern: what is looked for, compiled.
        needed: something that is in whatever `pattern` matches, and quicker to find; None: nothing such is known.
    """

    def __init__(self, pattern: Any, needed: Any = None) -> None:
        self._pattern = pattern
        self._needed = needed

    def find(self, text: Bytes, start: int = 0) -> Span | None:
        """Begin and end of the first match that begins at `start` or later."""
        found = self._pattern.search(text, start)
        return None if found is None else found.span()

    def find_in_many(self, text: Bytes) -> Span | None:
        """As `find`, for a long text that most likely has no match."""
        return None if self._needed is not None and self._needed.search(text) is None else self.find(text)


def matcher(wanted: str, *, is_expression: bool, ignores_case: bool) -> Matcher:
    """What finds `wanted`.

    Raises:
        InvalidInput: it is empty, too long, has more than a line, or is no regular expression; the field is ``q``.
    """
    size = len(wanted.encode())
    if not size or size > MOST_PATTERN_BYTES:
        raise InvalidInput("q", f"expected 1 to {MOST_PATTERN_BYTES} bytes of text to look for")
    if "\n" in wanted:
        raise InvalidInput("q", "expected text of one line")
    options = re2.Options()
    options.case_sensitive = not ignores_case
    options.log_errors = False
    options.max_mem = _MEMORY_BYTES
    options.never_nl = True
    options.never_capture = True
    if not is_expression:
        return Matcher(_compiled(re2.escape(wanted), options))
    pattern = _compiled(of_lines(wanted), options)
    needed = needed_text(wanted)
    return Matcher(pattern, _compiled(re2.escape(needed), options) if needed else None)


def _compiled(expression: str, options: Any) -> Any:
    try:
        return re2.compile(f"(?m){expression}".encode(), options)
    except re2.error as error:
        (what,) = error.args
        text = what.decode(errors="replace") if isinstance(what, bytes) else str(what)
        raise InvalidInput("q", f"no regular expression: {text}") from None

"""What is searched for: a text, or a regular expression whose work grows with the length of the text only.

Expressions are RE2's (see ADR 0030): no back references, no looking around, and so no pattern that takes for ever.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import re2
import stringzilla

from buildmill.common.errors import InvalidInput
from buildmill.master.logs.expressions import LEAST_NEEDED, needed_text, of_lines
from buildmill.master.logs.frame import Bytes

MOST_PATTERN_BYTES = 1000
_MEMORY_BYTES = 8 * 1024 * 1024
# what is the same in either case: a letter may also have a third form, as k has the Kelvin sign
_CASELESS = re.compile(r"[\t -@\[-`{-~]*")

Span = tuple[int, int]


class Matcher:
    """Finds one thing in bytes; a match never holds a newline. Other threads go on while it looks.

    Args:
        pattern: what is looked for, compiled.
        may_match: says, more quickly, whether anything in a text can match at all; None: nothing does.
    """

    def __init__(self, pattern: Any, may_match: Callable[[Bytes], object] | None = None) -> None:
        self._pattern = pattern
        self._may_match = may_match

    def find(self, text: Bytes, start: int = 0) -> Span | None:
        """Begin and end of the first match that begins at `start` or later."""
        found = self._pattern.search(text, start)
        return None if found is None else found.span()

    def find_in_many(self, text: Bytes) -> Span | None:
        """As `find`, for a long text that most likely has no match."""
        return self.find(text) if self._may_match is None or self._may_match(text) else None


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
    if is_expression:
        expression, needed = of_lines(wanted), needed_text(wanted)
    else:
        expression, needed = re2.escape(wanted), wanted
    pattern = _compiled(expression, options)
    fixed = max(_CASELESS.findall(needed), key=len) if ignores_case else needed
    if fixed and (not ignores_case or len(fixed) >= LEAST_NEEDED):
        return Matcher(pattern, partial(_has, fixed.encode()))
    return Matcher(pattern, _compiled(re2.escape(needed), options).search if is_expression and needed else None)


def _has(fixed: bytes, text: Bytes) -> bool:
    return bool(stringzilla.find(text, fixed) >= 0)


def _compiled(expression: str, options: Any) -> Any:
    try:
        return re2.compile(f"(?m){expression}".encode(), options)
    except re2.error as error:
        (what,) = error.args
        text = what.decode(errors="replace") if isinstance(what, bytes) else str(what)
        raise InvalidInput("q", f"no regular expression: {text}") from None

"""What can be told of a regular expression by reading it, and how it is made to see single lines only.

RE2 is given whole frames. What it would take for the begin or the end of the text must then be that of a line.
"""

from __future__ import annotations

import re
from typing import Final

from buildmill.common.errors import InvalidInput

LEAST_NEEDED: Final = 3
"""A shorter text is in nearly every frame: looking for it first is in vain."""

_QUOTED = r"\\Q.*?(?:\\E|$)"
_CLASS = r"\[\^?\]?(?:\\.|[^\]\\])*\]"
_ANCHORS = re.compile(rf"{_QUOTED}|{_CLASS}|\\(?P<anchor>[Az])|\\.|(?P<single>\(\?[a-zA-Z]*-[a-zA-Z]*m)", re.DOTALL)
_AS_OF_LINES: Final = {"A": "(?m:^)", "z": "(?m:$)"}

_TOKENS = re.compile(
    rf"(?P<class>{_CLASS})|(?P<open>\((?:\?:)?)|(?P<close>\))|(?P<or>\|)"
    r"|(?P<repeat>(?:[*?+]|\{[0-9]+(?:,[0-9]*)?\})\??)|(?P<other>[.^$]|\\[a-zA-Z0-9])|\\(?P<escaped>.)|(?P<plain>.)",
    re.DOTALL,
)
# what says more about what follows than is looked at here
_BEYOND = re.compile(r"\(\?(?!:)|\\[QpPxC0-9]|\[\[?:|\{(?![0-9]+(?:,[0-9]*)?\})")


def of_lines(expression: str) -> str:
    """The expression with which ``\\A`` and ``\\z`` mean the begin and the end of a line.

    Raises:
        InvalidInput: it switches off that ``^`` and ``$`` do; the field is ``q``.
    """

    def replaced(found: re.Match[str]) -> str:
        if found["single"]:
            raise InvalidInput("q", "^ and $ are always the begin and the end of a line: m cannot be switched off")
        return _AS_OF_LINES[found["anchor"]] if found["anchor"] else found[0]

    return _ANCHORS.sub(replaced, expression)


def needed_text(expression: str) -> str:
    """A text that is in whatever matches, the longest that is easily seen; empty, when none is.

    Args:
        expression: RE2 takes it.
    """
    if _BEYOND.search(expression):
        return ""
    texts = [""]
    depth = 0
    for token in _TOKENS.finditer(expression):
        kind = token.lastgroup
        if kind == "or" and not depth:
            return ""
        depth += (kind == "open") - (kind == "close")
        if depth or kind == "close":
            texts.append("")
        elif kind in ("plain", "escaped"):
            texts[-1] += token[kind]
        else:
            if kind == "repeat" and not token[kind].startswith("+"):
                texts[-1] = texts[-1][:-1]  # perhaps it is not there at all
            texts.append("")
    needed = max(texts, key=len)
    return needed if len(needed) >= LEAST_NEEDED else ""

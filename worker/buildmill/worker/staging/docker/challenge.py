"""`WWW-Authenticate`: what a registry wants to see. Source: RFC 9110, section 11.6.1."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PIECE = re.compile(
    rf"""\s*(?:
        (?P<name>{_WORD})\s*=\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>{_WORD}))
        |(?P<scheme>{_WORD})(?=\s|,|$)
    )\s*,?""",
    re.VERBOSE,
)


@dataclass(frozen=True, kw_only=True)
class Challenge:
    """One way to be let in.

    Attributes:
        scheme: in lower case.
        parameters: names in lower case.
    """

    scheme: str
    parameters: Mapping[str, str] = field(default_factory=dict)


def read_challenges(headers: Iterable[str]) -> list[Challenge]:
    """The challenges of an answer; what is malformed ends the reading of its header."""
    found: list[Challenge] = []
    for header in headers:
        scheme, parameters, at = "", dict[str, str](), 0
        while at < len(header) and (piece := _PIECE.match(header, at)):
            at = piece.end()
            if piece["scheme"]:
                if scheme:
                    found.append(Challenge(scheme=scheme, parameters=parameters))
                scheme, parameters = piece["scheme"].lower(), {}
            else:
                value = piece["plain"] if piece["quoted"] is None else re.sub(r"\\(.)", r"\1", piece["quoted"])
                parameters[piece["name"].lower()] = value
        if scheme:
            found.append(Challenge(scheme=scheme, parameters=parameters))
    return found

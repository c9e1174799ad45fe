"""Reading the members of a request's body: everything that is wrong with it is found in one go, in words.

Texts are those that clients of the v3 API know: the name of the attribute in words, then the reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from buildmill.master.web.cloudfoundry.errors import ApiError, unprocessable
from buildmill.master.web.foundry.bodies import is_within

_LONGEST_GUID: Final = 200
LARGEST_INTEGER: Final = 2**63 - 1


def decode(body: bytes, depth: int) -> dict[str, Any]:
    """The JSON object of a body.

    Args:
        depth: how deeply lists and objects may be nested.

    Raises:
        ApiError: it is none.
    """
    refused = ApiError("CF-MessageParseError", "Request invalid due to parse error: invalid request body")
    try:
        document = msgspec.json.decode(body)
    except (ValueError, RecursionError):  # msgspec's errors and UnicodeDecodeError are of the first kind
        raise refused from None
    if not isinstance(document, dict) or not is_within(document, depth):
        raise refused
    return document


class Problems:
    """What is wrong with a request."""

    def __init__(self) -> None:
        self._found: list[str] = []

    def add(self, *texts: str) -> None:
        """Take down something that is wrong; each text once."""
        self._found.extend(text for text in texts if text not in self._found)

    def check(self) -> None:
        """Raises ApiError if anything was wrong."""
        if self._found:
            raise unprocessable(", ".join(self._found))


class Members:
    """The members of an object.

    Args:
        document: the object.
        known: names of all members that it may have; others are wrong.
        problems: takes what is wrong.
        prefix: what texts begin with, a blank at its end.
    """

    def __init__(self, document: Mapping[str, Any], known: Sequence[str], problems: Problems, prefix: str = "") -> None:
        self.document = document
        self.problems = problems
        self._prefix = prefix
        if unknown := [name for name in document if name not in known]:
            self.wrong(f"Unknown field(s): {', '.join(repr(name) for name in unknown)}")

    def wrong(self, text: str) -> None:
        """Take down something that is wrong."""
        self.problems.add(self._prefix + text)

    def has(self, name: str) -> bool:
        """Whether there is such a member, and it is not null."""
        return self.document.get(name) is not None

    def object(self, name: str, words: str, *, is_required: bool = False) -> dict[str, Any] | None:
        """A member that is an object; None if it is not there, or wrong."""
        found = self.document.get(name)
        if isinstance(found, dict):
            return found
        if is_required or found is not None:
            self.wrong(f"{words} must be an object")
        return None

    def text(self, name: str, words: str, *, longest: int = 0, is_required: bool = False) -> str | None:
        """A member that is a text; None if it is not there, or wrong.

        Args:
            longest: how many characters it has at most; 0 for any number.
        """
        found = self.document.get(name)
        if found is None:
            if is_required:
                self.wrong(f"{words} can't be blank")
        elif not isinstance(found, str):
            self.wrong(f"{words} must be a string")
        elif is_required and not found.strip():
            self.wrong(f"{words} can't be blank")
        elif longest and not 1 <= len(found) <= longest:
            self.wrong(f"{words} must be between 1 and {longest} characters")
        else:
            return found
        return None

    def flag(self, name: str, words: str) -> bool | None:
        """A member that is true or false; None if it is not there, or wrong."""
        found = self.document.get(name)
        if found is None or isinstance(found, bool):
            return found
        self.wrong(f"{words} must be a boolean")
        return None

    def number(self, name: str, words: str, *, least: int) -> int | None:
        """A member that is an integer from `least`; None if it is not there, or wrong."""
        found = self.document.get(name)
        if found is None:
            return None
        if isinstance(found, bool) or not isinstance(found, int | float):
            self.wrong(f"{words} is not a number")
        elif not isinstance(found, int):
            self.wrong(f"{words} must be an integer")
        elif found < least:
            relation = "greater than 0" if least == 1 else f"greater than or equal to {least}"
            self.wrong(f"{words} must be {relation}")
        elif found > LARGEST_INTEGER:
            self.wrong(f"{words} must be less than or equal to {LARGEST_INTEGER}")
        else:
            return found
        return None

    def guid_in(self, name: str, words: str) -> str:
        """The ``guid`` of a member ``{"guid": ...}`` that is required; empty if it is wrong."""
        inner = self.document.get(name)
        if inner is not None and not isinstance(inner, dict):
            self.wrong(f"{words} must be an object")
            return ""
        members = Members(inner or {}, ("guid",), self.problems, self._prefix)
        return members.text("guid", f"{words} guid", longest=_LONGEST_GUID, is_required=True) or ""

    def related(self, name: str) -> str:
        """The guid of a required relationship to one thing; empty if it is wrong."""
        relationships = self.document.get("relationships")
        if relationships is None:
            self.wrong("Relationships can't be blank")
            return ""
        if not isinstance(relationships, dict):
            self.wrong("Relationships must be an object")
            return ""
        inner = Members(relationships, (name,), self.problems, "Relationships ")
        words = name.replace("_", " ").capitalize()
        one = relationships.get(name)
        if not isinstance(one, dict):
            inner.wrong(f"{words} can't be blank" if one is None else f"{words} must be an object")
            return ""
        return Members(one, ("data",), self.problems, f"Relationships {words} ").guid_in("data", "Data")

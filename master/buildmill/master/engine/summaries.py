"""The texts of steps and builds: how a step's words become one line, and a build's end becomes its text."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from buildmill.common.results import CANCELLED, EXCEPTION, FAILURE, RETRY, SKIPPED, SUCCESS, WARNINGS, Result
from buildmill.master.domain.secret_mask import SecretMask
from buildmill.master.domain.storable import storable

WORDS = {
    SUCCESS: "build successful",
    WARNINGS: "warnings",
    FAILURE: "failed",
    SKIPPED: "build skipped",
    EXCEPTION: "exception",
    RETRY: "retry",
    CANCELLED: "cancelled",
}


def joined(words: Any, suffix: Any = None) -> str:
    """A description and its suffix, each text or a list of words, as one text."""
    parts: list[str] = []
    for value in (words, suffix):
        if isinstance(value, str):
            parts.append(value)
        elif value:
            parts.extend(str(part) for part in value)
    return " ".join(parts)


async def step_text(summary: Callable[[], Any], mask: SecretMask) -> str:
    """What `getCurrentSummary` or `getResultSummary` says of a step, without secrets.

    Raises:
        TypeError: not what such a method must give.
    """
    value = summary()
    if hasattr(value, "__await__"):
        value = await value
    text = value.get("step") if isinstance(value, dict) else None
    if not isinstance(text, str):
        raise TypeError(f"a summary must be a dictionary with a text under 'step', not {value!r}")
    return storable(mask.text(text))


async def contribution(summary: Callable[[], Any]) -> str:
    """What `getBuildResultSummary` adds to the build's text; empty for nothing."""
    value = summary()
    if hasattr(value, "__await__"):
        value = await value
    text = value.get("build") if isinstance(value, dict) else None
    return str(text) if text else ""


def build_text(result: Result, why: str, contributions: Iterable[str]) -> str:
    """The last text of a build.

    Args:
        why: it ended so, when its steps do not tell; may be empty.
        contributions: of its steps.
    """
    text = f"{WORDS[result]} ({why})" if why else WORDS[result]
    return storable(" ".join([text, *contributions]))

"""Words of command lines that come from elsewhere, or that nobody may see."""

from __future__ import annotations

from buildmill.master.engine.step import BuildStepFailed

HIDDEN = "XXXXXX"


def safe_argument(kind: str, value: str) -> str:
    """`value`, unless a program would take it for an option or it cannot be the name of anything.

    Branches and revisions come from changes, so from whoever may send one.

    Raises:
        BuildStepFailed: it is not safe.
    """
    if value.startswith("-") or "\0" in value or "\n" in value or not value:
        raise BuildStepFailed(f"{kind} {value!r} is not possible")
    return value


def hidden(word: str) -> tuple[str, str, str]:
    """A word of a command line that logs must not show."""
    return ("obfuscated", word, HIDDEN)

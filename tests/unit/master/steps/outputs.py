"""Command lines whose output and exit code a test chooses."""

from __future__ import annotations

import shlex


def saying(output: str, code: int = 0) -> list[str]:
    """A command that prints `output` and ends with `code`."""
    return ["sh", "-c", f"printf '%s' {shlex.quote(output)}; exit {code}"]

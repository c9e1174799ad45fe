"""Code of the configuration: what it may raise, and the texts that it gives."""

from __future__ import annotations

RAISED = (Exception, SystemExit, KeyboardInterrupt)
"""`sys.exit()` in a function of a step ends that step, not the life of its build."""


def storable(text: str) -> str:
    """`text` without what a database refuses: NUL, and halves of surrogate pairs."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode("utf-8")

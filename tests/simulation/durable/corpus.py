"""Seeds that have shown a bug of the product once, and what it was."""

from __future__ import annotations

CORPUS: dict[int, str] = {
    13: "a build stopped after a restart, before its worker was back, left its step and its command open",
    32: "the same left the lock of the step that had run",
    172: "a command that a step asked for while its worker was welcomed was never sent",
}

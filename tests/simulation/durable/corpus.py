"""Seeds that have shown a bug of the product once, and what it was."""

from __future__ import annotations

CORPUS: dict[int, str] = {
    11: "a build stopped after a restart, before its worker was back, left its step open",
    13: "the same",
    36: "the same, for two builds, with their commands",
}

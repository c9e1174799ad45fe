"""Seeds that have shown a bug of the product once, and what it was."""

from __future__ import annotations

CORPUS: dict[int, str] = {
    11: "a build stopped after a restart, before its worker was back, left its step open",
    13: "the same",
    36: "the same, for two builds, with their commands",
    54: "a spool that became forgettable while its worker was welcomed was kept until the next connection",
    304: "a command that a step asked for while its worker was welcomed was never sent, and its build waited for ever",
    305: "the same, and the build held a lock",
    326: "the same",
    20595: "a command that might be forgotten while its worker was welcomed was not, until the next connection",
}

"""What the engine tells of its commands to whoever makes traces; nobody by default, and then it costs nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class Tracing(Protocol):
    """Takes notes. Must neither raise nor wait."""

    def command_began(self, build: Any, uid: str, *, is_new: bool) -> Mapping[str, str]:
        """A command begins, or is taken up again after a restart; what its environment gets."""

    def place(self, build: Any, step_id: int) -> Mapping[str, str]:
        """What the environment of a program gets that a step runs on the master's machine."""

    def command_ended(self, build: Any, uid: str) -> None:
        """It has ended, or is not waited for any more."""


class NoTracing:
    """Nobody makes traces."""

    _NOTHING: Mapping[str, str] = {}

    def command_began(self, build: Any, uid: str, *, is_new: bool) -> Mapping[str, str]:
        return self._NOTHING

    def place(self, build: Any, step_id: int) -> Mapping[str, str]:
        return self._NOTHING

    def command_ended(self, build: Any, uid: str) -> None:
        pass

"""The engine, and the settings that plugins and updates read."""

from __future__ import annotations

from typing import Any

from buildmill.master.config.master_config import MasterConfig
from buildmill.master.data.updates import UpdateContext
from buildmill.master.engine.engine import Engine


class EnginePart:
    """Builders, workers, and what is asked of the configuration by name."""

    name = "engine"

    def __init__(self, *, engine: Engine, master: Any, context: UpdateContext) -> None:
        self._engine = engine
        self._master = master
        self._context = context

    async def apply(self, config: MasterConfig) -> None:
        """See `Part.apply`."""
        self._master.config = config
        self._context.codebase_of = config.codebaseGenerator
        self._context.revlink_of = config.revlink
        await self._engine.configure(config)

    def settle(self) -> None:
        """Let workers go that are not configured any more."""
        self._engine.settle()

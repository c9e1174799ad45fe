"""Job graphs: the targets and job specs of the configuration in force are published."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from buildmill.master.config.fingerprints import Fingerprints
from buildmill.master.config.master_config import MasterConfig
from buildmill.master.data.updates import Updates
from buildmill.master.domain.orchestration.configuration import Publication
from buildmill.master.orchestration.feeding import VersionsOfChanges


class OrchestrationPart:
    """Puts what a configuration says of job graphs in force.

    Args:
        updates: writes, and knows the settings.
        feeding: makes versions of changes.
        in_thread: calls a blocking function in a thread.
    """

    name = "job graphs"

    def __init__(
        self, *, updates: Updates, feeding: VersionsOfChanges, in_thread: Callable[..., Awaitable[Any]]
    ) -> None:
        self._updates = updates
        self._feeding = feeding
        self._in_thread = in_thread

    async def apply(self, config: MasterConfig) -> None:
        """See `Part.apply`."""
        wanted = config.orchestration
        self._updates.context.orchestration = wanted
        self._feeding.configure(wanted)
        if wanted.is_empty and config.multiMaster:
            return  # another master has the graph
        logic = await self._in_thread(logic_of, config)
        await self._updates.publishGraph(Publication(config=wanted, logic=logic))

    def settle(self) -> None:
        """Nothing was kept for going back."""


def logic_of(config: MasterConfig) -> tuple[str, ...]:
    """The fingerprint of each job spec's logic: the steps of its builder, and its properties.

    The same for two readings of the same file, in any process. Pure, but slow for many builders.
    """
    of = Fingerprints().of
    steps = {builder.name: of(builder.factory) for builder in config.builders}
    return tuple(
        of((steps.get(declared.builder, ""), dict(declared.properties))) for declared in config.orchestration.jobspecs
    )

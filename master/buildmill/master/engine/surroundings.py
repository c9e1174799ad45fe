"""`Surroundings`: what builds run in, written down when they begin."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from buildmill.master.connections.info import WorkerInfo
from buildmill.master.data.updates import Updates
from buildmill.master.db import environments
from buildmill.master.db.transaction import Transaction
from buildmill.master.domain.environments import Environment, EnvironmentMaker
from buildmill.master.engine.build_view import BuildView
from buildmill.master.engine.user_code import RAISED


class Surroundings:
    """See the module.

    Args:
        updates: writes.
        new_key: makes hexadecimal digits that nobody can guess: the first key of digests of secrets.
    """

    def __init__(self, *, updates: Updates, new_key: Callable[[], str]) -> None:
        self._updates = updates
        self._new_key = new_key
        self._maker: EnvironmentMaker | None = None

    async def start(self) -> None:
        """Read the key; before that nothing can be said."""
        self._maker = EnvironmentMaker(await self._updates.run(environments.secret_key, self._new_key))

    def of_worker(self, info: WorkerInfo) -> Environment | None:
        """What builds on a worker run in, by what it has told; None before the start."""
        return None if self._maker is None else self._maker.of_worker(info.facts, info.environ)

    async def of_build(self, build: BuildView) -> Callable[[Transaction], None]:
        """What notes that a build begins in its worker's environment as it is now, and its builder's."""
        of_worker, maker = build.worker_handle.environment, self._maker
        if of_worker is None or maker is None:
            return lambda _tx: None
        values, secrets = await _variables(build)
        of_builder = maker.of_builder(values, secrets)
        return lambda tx: environments.note(tx, build.buildid, of_worker, of_builder)


async def _variables(build: BuildView) -> tuple[Mapping[str, str | None], set[str]]:
    """The variables that the builder sets, and the names of those that hold secrets.

    What cannot be computed is not known: a later step may set the property that it needs.
    """
    values: dict[str, str | None] = {}
    secrets: set[str] = set()
    for name, value in build.builder.config.env.items():
        if value is None:  # it is taken out of the worker's
            continue
        try:
            computed = await build.render(value)
        except RAISED:  # the step that uses it will tell
            computed = None
        if build.secret_mask.known and build.secret_mask.is_in(computed):
            secrets.add(str(name))
        values[str(name)] = _text(computed)
    return values, secrets


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return ":".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)

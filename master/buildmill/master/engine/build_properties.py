"""The properties of a build: where they come from, in which order, and what of them is written down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from buildmill.master.db import builds as build_rows
from buildmill.master.db.transaction import Transaction
from buildmill.master.domain.resources import SourcedProperties
from buildmill.master.engine.build_view import BuildView
from buildmill.master.engine.writes import Writes


async def set_properties(build: BuildView, of_buildset: SourcedProperties) -> None:
    """In the order in which later ones win; see ``docs/reference/properties.md``."""
    properties, config, worker = build.properties, build.builder.config, build.worker_handle
    properties.build = build
    master_config = build.master.config
    if master_config is not None:
        for name, value in master_config.properties.items():
            properties.setProperty(name, value, str(master_config.file))
    for change in build.allChanges():
        for name, (value, _) in change.properties.items():
            properties.setProperty(name, value, "Change")
    for name, (value, source) in of_buildset.items():
        properties.setProperty(name, value, source)
    properties.setProperty("buildername", build.builder.name, "Builder")
    properties.setProperty("builderid", build.builder.builderid, "Builder")
    if config.project:
        properties.setProperty("projectname", config.project, "Builder")
        properties.setProperty("projectid", build.builder.project_id, "Builder")
    await _update(build, config.properties, "Builder")
    properties.setProperty("workername", build.workername, "Worker")
    if worker.config.machine_name:
        properties.setProperty("machine_name", worker.config.machine_name, "Worker")
    await _update(build, worker.config.properties, "Worker")
    properties.setProperty("buildnumber", build.number, "Build")
    if len(build.sources) == 1:
        for name in ("branch", "revision", "repository", "codebase", "project"):
            properties.setProperty(name, build.sources[0][name], "Build")
    owners = build.blamelist()
    if properties.hasProperty("owner"):
        owners.append(properties.getProperty("owner"))
    if owners:
        properties.setProperty("owners", owners, "Build")
    await _update(build, worker.config.defaultProperties, "Worker", absent_only=True)
    await _update(build, config.defaultProperties, "Builder", absent_only=True)
    rules = build.path_module
    properties.setProperty("basedir", worker.basedir, "Worker")
    properties.setProperty("builddir", rules.join(worker.basedir, config.workerbuilddir), "Worker")


async def _update(build: BuildView, values: Mapping[str, Any], source: str, absent_only: bool = False) -> None:
    for name, value in values.items():
        if not (absent_only and build.properties.hasProperty(name)):
            build.properties.setProperty(name, await build.render(value), source)


class StoredProperties:
    """What the database has of a build's properties."""

    def __init__(self, build: BuildView, updates: Writes) -> None:
        self._build = build
        self._updates = updates
        self._stored: dict[str, tuple[Any, str]] = {}
        self._revision = -1

    def write_all(self, tx: Transaction) -> None:
        """Write all of them, for the first time."""
        everything = self._note()
        build_rows.replace_properties(tx, self._build.buildid, everything, everything)

    def restore(self, written: SourcedProperties) -> None:
        """Give the build those that are written down."""
        properties = self._build.properties
        properties.build = self._build
        for name, (value, source) in written.items():
            properties.setProperty(name, value, source)
        self._note()

    async def store(self) -> None:
        """Write what has changed."""
        if self._build.properties.revision == self._revision:
            return
        before = self._stored
        everything = self._note()
        changed = {name: value for name, value in everything.items() if before.get(name) != value}
        if changed:
            await self._updates.run(build_rows.replace_properties, self._build.buildid, everything, changed)

    def _note(self) -> dict[str, tuple[Any, str]]:
        properties = self._build.properties
        self._stored, self._revision = properties.asDict(), properties.revision
        return self._stored

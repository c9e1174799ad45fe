"""`BuildView`: a build as steps, renderables and functions of the configuration see it; what it is, not what it does.

Names are those that they know from Buildbot.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from buildmill.master.db.builds import StartedBuild
from buildmill.master.domain.properties import Properties
from buildmill.master.domain.rendering import is_plain
from buildmill.master.domain.secret_mask import SecretMask
from buildmill.master.engine.builder import Builder
from buildmill.master.engine.secret_source import fetched
from buildmill.master.engine.source_stamps import Source, source_document
from buildmill.master.engine.workers import WorkerHandle


class BuildView:
    """What is known of a build.

    Args:
        started: the row, with what the properties come from.
        builder: whose build it is.
        worker_handle: the worker it runs on.
    """

    def __init__(self, started: StartedBuild, builder: Builder, worker_handle: WorkerHandle) -> None:
        self.buildid = started.build.buildid
        self.number = started.build.number
        self.shown_builder_id = started.build.builderid  # of a virtual builder, if properties name one
        self.request = started.request
        self.failed_part_of = started.failed_part_of  # the build that it builds again in part
        self.reason = started.reason
        self.builder = builder
        self.worker_handle = worker_handle
        self.properties = Properties()
        self.secret_mask = SecretMask(self.properties)
        self.sources = [source_document(stamp) for stamp in started.source_stamps]
        self._source_objects = [Source(document) for document in self.sources]
        self._changes = started.changes

    @property
    def label(self) -> str:
        """How people call it."""
        return f"{self.builder.name} build {self.number}"

    @property
    def master(self) -> Any:
        return self.builder.master

    @property
    def connection(self) -> Any:
        """The connection to its worker.

        Raises:
            ConnectionLost: there is none any more.
        """
        return self.worker_handle.last_connection()

    @property
    def workername(self) -> str:
        return self.worker_handle.name

    @property
    def workerforbuilder(self) -> Any:
        return self.worker_handle

    def getProperties(self) -> Properties:
        return self.properties

    def getProperty(self, name: str, default: Any = None) -> Any:
        return self.properties.getProperty(name, default)

    def hasProperty(self, name: str) -> bool:
        return self.properties.hasProperty(name)

    def setProperty(self, name: str, value: Any, source: str, runtime: bool = True) -> None:
        self.properties.setProperty(name, value, source, runtime=runtime)

    async def render(self, value: Any) -> Any:
        return value if is_plain(value) else await self.properties.render(value)

    def getSourceStamp(self, codebase: str = "") -> Any:
        """The source stamp of one codebase, or None."""
        return next((s for s in self._source_objects if s.codebase == codebase), None)

    def getAllSourceStamps(self) -> list[Any]:
        return list(self._source_objects)

    def allChanges(self) -> list[Any]:
        return list(self._changes)

    def allFiles(self) -> list[str]:
        return [name for change in self._changes for name in change.files]

    def blamelist(self) -> list[str]:
        return sorted({change.author for change in self._changes})

    def getWorkerName(self) -> str:
        return self.workername

    def getBuilderName(self) -> str:
        return str(self.builder.name)

    def getUrl(self) -> str:
        """Address of its page."""
        base = self.master.config.buildbotURL if self.master.config is not None else ""
        return f"{base}#/builders/{self.shown_builder_id}/builds/{self.number}"

    @property
    def path_module(self) -> Any:
        """Path rules of the worker's system."""
        return self.worker_handle.path_module

    @property
    def default_workdir(self) -> str:
        """Where steps work unless they say otherwise, below the builder's directory."""
        workdir = self.builder.config.factory.workdir
        return workdir if isinstance(workdir, str) else "build"

    def worker_path(self, path: str) -> str:
        """An absolute path on the worker; a relative one is taken from the builder's directory there."""
        rules = self.path_module
        return str(rules.join(self.worker_handle.basedir, self.builder.config.workerbuilddir, path))

    # -- BuildContext: what renderables ask -----------------------------------------------------

    def source_stamps(self) -> Sequence[Mapping[str, Any]]:
        return self.sources

    def changes(self) -> Sequence[Mapping[str, Any]]:
        return [msgspec.structs.asdict(change) for change in self._changes]

    def worker_info(self) -> Mapping[str, Any]:
        return self.worker_handle.info

    async def secret(self, name: str) -> str:
        return await fetched(self.master.secrets, name)

    def url(self) -> str:
        return self.getUrl()

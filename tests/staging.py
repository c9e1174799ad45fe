"""Staging for tests: rows made through the updates, on any stage."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from buildmill.common.staging import Droplet as MadeDroplet
from buildmill.common.staging import File, Lifecycle
from buildmill.master.data.staging import NoBlobs, StagingReading
from buildmill.master.data.updates import UpdateContext, Updates
from buildmill.master.db.staging import composing, ending
from buildmill.master.domain.staging.configuration import (
    OrganizationConfig,
    SpaceConfig,
    StackConfig,
    StagingConfig,
    StagingLimits,
)
from buildmill.master.domain.staging.requests import Listing, NewApp, NewBuild, NewPackage, SpaceFilter
from buildmill.master.domain.staging.values import (
    App,
    Checksum,
    LifecycleSpec,
    Owner,
    Package,
    PackageType,
    StagingBuild,
)
from tests.database import Stage
from tests.scene import CountedBytes

STACK = "cflinuxfs4"
ANN = Owner(guid="u-1", name="ann", email="ann@example.org")
BITS = Checksum(sha256="b" * 64, size_bytes=4711)


def staging_config(**changes: Any) -> StagingConfig:
    """One stack, one space, classic buildpacks only."""
    plain = StagingConfig(
        is_on=True,
        stacks=(StackConfig(name=STACK), StackConfig(name="other")),
        default_stack=STACK,
        workernames=("w1",),
        organizations=(OrganizationConfig(name="org"),),
        spaces=(SpaceConfig(name="space", organization="org"),),
        external_url="http://api.example.org",
    )
    return replace(plain, **changes)


class StagedScene:
    """A master's updates and reads about staging, with one space.

    Attributes:
        updates, reads: as faces have them.
        space_guid: of the only space.
    """

    def __init__(self, stage: Stage, config: StagingConfig | None = None, master: str = "here") -> None:
        self.stage = stage
        self.context = UpdateContext(CountedBytes())
        self.updates = Updates(stage.database, self.context)
        self.reads = StagingReading(stage.database, lambda: self.updates.staging, NoBlobs())
        self.context.masterid = stage.result(self.updates.findMasterId(master))
        self.configure(config or staging_config())
        (space,) = stage.result(self.reads.spaces(SpaceFilter(), Listing())).values
        self.space_guid = space.guid

    def configure(self, config: StagingConfig) -> None:
        """Put a configuration in force."""
        self.context.staging = config
        self.stage.result(self.updates.publishStaging([]))

    def limit(self, **limits: Any) -> None:
        """Change some limits."""
        config = self.context.staging
        self.context.staging = replace(config, limits=replace(config.limits, **limits))

    def app(self, name: str = "app", **rest: Any) -> App:
        return self.stage.result(self.updates.createApp(NewApp(name=name, space_guid=self.space_guid, **rest), ANN))

    def docker_app(self) -> App:
        return self.app("docker", lifecycle=LifecycleSpec(type=Lifecycle.DOCKER))

    def package(self, app: App, bits: Checksum = BITS) -> Package:
        """A package that is READY."""
        made = self.stage.result(self.updates.createPackage(NewPackage(app_guid=app.guid, type=PackageType.BITS), ANN))
        self.stage.result(self.updates.beginUpload(made.guid))
        return self.stage.result(self.updates.finishUpload(made.guid, bits))

    def build(self, package: Package, **rest: Any) -> StagingBuild:
        """A staging that has begun."""
        return self.stage.result(self.updates.createBuild(NewBuild(package_guid=package.guid, **rest), ANN))

    def compose(self, build: StagingBuild) -> composing.Composed:
        """What the worker is told."""
        means = self.context.staging_means
        assert build.buildrequestid is not None
        return self.stage.result(
            self.stage.database.write(composing.compose, build.guid, build.buildrequestid, None, means)
        )

    def finish(self, build: StagingBuild, droplet: MadeDroplet | None = None) -> str:
        """The worker has staged it; the droplet's guid."""
        self.compose(build)
        return self.stage.result(
            self.stage.database.write(finish_unit, build.guid, droplet or made_droplet(), self.context.staging_means)
        )

    def staged(self, app: App) -> str:
        """A droplet of a new package; its guid."""
        return self.finish(self.build(self.package(app)))


def finish_unit(tx: Any, guid: str, droplet: MadeDroplet, means: Any) -> str:
    return ending.staged_by_worker(tx, guid, droplet, means, worker="w1", keeps_caches=True)


def made_droplet(digit: str = "d", **rest: Any) -> MadeDroplet:
    """What a worker has made."""
    result = {
        "lifecycle_type": "buildpack",
        "lifecycle_metadata": {
            "buildpack_key": "ruby",
            "detected_buildpack": "Ruby",
            "buildpacks": [{"key": "ruby", "name": "ruby", "version": "1.2"}],
        },
        "process_types": {"web": "run"},
        "execution_metadata": "",
    }
    plain: dict[str, Any] = {
        "result": result, "file": File(path="output/droplet.tgz", sha256=digit * 64, size_bytes=99),
    }  # fmt: skip
    return MadeDroplet(**{**plain, **rest})


__all__ = ["ANN", "BITS", "STACK", "StagedScene", "StagingLimits", "made_droplet", "staging_config"]

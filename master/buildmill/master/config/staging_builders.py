"""The builders that stage: one for each stack of ``c['staging']``."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from buildmill.master.config.master_config import MasterConfig
from buildmill.master.domain.staging.configuration import StagingConfig, builder_name
from buildmill.master.engine.builder_config import BuilderConfig
from buildmill.master.engine.factory import BuildFactory
from buildmill.master.steps.staging.choosing import fitting_worker
from buildmill.master.steps.staging.sending import CleanUp, SendTask


def with_staging_builders(config: MasterConfig) -> MasterConfig:
    """A configuration with its builders that stage; its API is below ``buildbotURL`` if nothing else is said."""
    if not config.staging.is_on:
        return config
    staging = config.staging
    if not staging.external_url:
        staging = replace(staging, external_url=config.buildbotURL.rstrip("/"))
    return replace(config, staging=staging, builders=(*config.builders, *staging_builders(staging)))


def staging_builders(config: StagingConfig) -> tuple[BuilderConfig, ...]:
    """None where staging is off."""
    return tuple(
        BuilderConfig(
            name=builder_name(stack.name),
            workernames=list(stack.workernames or config.workernames),
            factory=_factory(),
            tags=["staging"],
            nextWorker=fitting_worker,
            collapseRequests=False,
            description=f"Stages packages on {stack.name}.",
        )
        for stack in config.stacks
    )


def _factory() -> BuildFactory:
    steps: list[Any] = [SendTask(), CleanUp()]
    return BuildFactory(steps)

"""What a configuration says of builders and workers, in the terms of the tables and of the queue.

Configurations may be big: all of it is done in slices.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from buildmill.common.errors import ConfigError, ConfigProblem
from buildmill.common.slices import Slices
from buildmill.master.domain.log_horizons import UNKNOWN, ExpiresLogs, LogHorizons
from buildmill.master.domain.rendering import RenderError, render
from buildmill.master.engine.factory import StepFactory
from buildmill.master.engine.secret_source import PropertiesOfService, SecretSource
from buildmill.master.engine.user_code import RAISED
from buildmill.master.engine.workers import WorkerHandle


def project_infos(
    projects: Sequence[Any], codebases: Sequence[Any]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What is written down of projects, and of codebases."""
    return (
        [
            {
                "name": project.name,
                "slug": project.slug,
                "description": project.description,
                "description_format": project.description_format,
            }
            for project in projects
        ],
        [{"name": codebase.name, "project": codebase.project, "slug": codebase.slug} for codebase in codebases],
    )


async def builder_infos(builders: Sequence[Any], projects: Mapping[str, int], slices: Slices) -> list[dict[str, Any]]:
    """What is written down of builders.

    Args:
        projects: ids by name.
    """
    infos = []
    for builder in builders:
        await slices.step()
        infos.append(
            {
                "name": builder.name,
                "description": builder.description,
                "description_format": builder.description_format,
                "project_id": None if builder.project is None else projects[builder.project],
                "tags": builder.tags,
            }
        )
    return infos


async def log_horizons_of(builders: Sequence[Any], slices: Slices) -> list[LogHorizons]:
    """What the steps delete that are there to delete old logs, in the configuration's order."""
    found: list[LogHorizons] = []
    for builder in builders:
        await slices.step()
        told = (_horizons_of(recipe) for recipe in builder.factory.steps if issubclass(recipe.cls, ExpiresLogs))
        found.extend(horizons for horizons in told if horizons is not None)
    return found


def _horizons_of(recipe: StepFactory) -> LogHorizons | None:
    try:
        step: ExpiresLogs = recipe.build()
        return step.log_horizons()
    except RAISED:  # a class of the user; its builds tell what is wrong with it
        return UNKNOWN


async def passwords_of(workers: Sequence[Any], secrets: SecretSource) -> dict[str, str | None]:
    """The workers' passwords by name; None for a worker that this master starts itself.

    Raises:
        ConfigError: all that cannot be had.
    """
    context = PropertiesOfService(secrets)
    passwords: dict[str, str | None] = {}
    problems = []
    for worker in workers:
        try:
            password = await render(worker.given_password, context)
            passwords[worker.name] = None if password is None else str(password)
        except RenderError as error:
            problems.append(ConfigProblem(f"worker {worker.name!r}: password: {error}", worker.file, worker.line))
    if problems:
        raise ConfigError(problems)
    return passwords


@dataclass(kw_only=True)
class Service:
    """Who serves whom.

    Attributes:
        builders: by worker id: the ids of the builders that may use it.
        workers: by builder id: the ids of its workers.
        directories: by the worker's name: the directories that it needs.
    """

    builders: dict[int, list[int]] = field(default_factory=dict)
    workers: dict[int, list[int]] = field(default_factory=dict)
    directories: dict[str, set[str]] = field(default_factory=dict)


async def service_of(
    builders: Sequence[Any], ids: Mapping[str, int], handles: Mapping[str, WorkerHandle], slices: Slices
) -> Service:
    """Find out who serves whom."""
    found = Service(
        builders={handle.worker_id: [] for handle in handles.values()}, directories={name: set() for name in handles}
    )
    for builder in builders:
        builder_id = ids[builder.name]
        of_builder = found.workers[builder_id] = []
        for name in builder.workernames:
            await slices.step()
            if (handle := handles.get(name)) is not None:
                of_builder.append(handle.worker_id)
                found.builders[handle.worker_id].append(builder_id)
                found.directories[name].add(builder.workerbuilddir)
    return found


async def collapse_policies(
    config: Any, ids: Mapping[str, int], slices: Slices
) -> tuple[set[int], dict[int, Callable[..., Any]]]:
    """Builders that collapse by the default rule, and those that ask a function."""
    plain: set[int] = set()
    by_function: dict[int, Callable[..., Any]] = {}
    for builder in config.builders:
        await slices.step()
        policy = builder.collapseRequests
        if policy is None:
            policy = config.collapseRequests
        if policy is None or policy is True:
            plain.add(ids[builder.name])
        elif callable(policy):
            by_function[ids[builder.name]] = policy
    return plain, by_function

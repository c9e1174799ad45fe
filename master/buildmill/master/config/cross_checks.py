"""What only shows when the parts of a configuration are seen together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from buildmill.master.config.master_config import MasterConfig
from buildmill.master.config.problems import Problems, nearest
from buildmill.master.domain.config_errors import collected_errors
from buildmill.master.domain.lock_values import LockAccess, LockId, as_lock_accesses
from buildmill.master.domain.rendering import is_renderable
from buildmill.master.domain.staging.configuration import builder_name
from buildmill.master.engine.factory import StepFactory


def check_together(config: MasterConfig, problems: Problems) -> None:
    """Report names that stand twice, names that nothing has, and builders that nothing starts."""
    for things, kind in (
        (config.workers, "worker"),
        (config.builders, "builder"),
        (config.schedulers, "scheduler"),
        (config.change_sources, "change source"),
        (config.services, "service"),
        (config.machines, "machine"),
        (config.secretsProviders, "provider of secrets"),
        (config.projects, "project"),
    ):
        _check_names(things, kind, problems)
    _check_workers_of_builders(config, problems)
    _check_directories(config, problems)
    _check_locks(config, problems)
    _check_projects(config, problems)
    _check_machines(config, problems)
    _check_job_specs(config, problems)
    if config.workers and not config.worker_ports and not all(worker.is_local for worker in config.workers):
        problems.at_key("workers", "workers are configured, but 'protocols' names no port where they can connect")
    if not config.multiMaster:
        if not config.workers:
            problems.at_key("workers", "no workers are configured")
        if not config.builders:
            problems.at_key("builders", "no builders are configured")
        _check_schedulers(config, problems)


def _check_names(things: Iterable[Any], kind: str, problems: Problems) -> None:
    seen: dict[str, Any] = {}
    for thing in things:
        first = seen.setdefault(thing.name, thing)
        if first is not thing:
            where = f", the first in line {first.line}" if first.line else ""
            problems.at(thing, f"two {kind}s are called {thing.name!r}{where}")


def _check_workers_of_builders(config: MasterConfig, problems: Problems) -> None:
    known = {worker.name for worker in config.workers}
    for builder in config.builders:
        if not known.issuperset(builder.workernames):
            unknown = [name for name in builder.workernames if name not in known]
            names = ", ".join(map(repr, unknown))
            text = f"builder {builder.name!r} names workers that are not configured: {names}"
            problems.at(builder, text, nearest(unknown[0], known))


def _check_directories(config: MasterConfig, problems: Problems) -> None:
    seen: dict[str, str] = {}
    for builder in config.builders:
        other = seen.setdefault(builder.builddir, builder.name)
        if builder.builddir.startswith("/"):
            problems.notice_at(builder, f"builder {builder.name!r} has an absolute builddir, {builder.builddir!r}")
        if other != builder.name:
            problems.at(builder, f"builders {other!r} and {builder.name!r} have the same builddir {builder.builddir!r}")


def _check_locks(config: MasterConfig, problems: Problems) -> None:
    seen: dict[str, LockId] = {}
    for holder, locks in _users_of_locks(config):
        for access in locks:
            first = seen.setdefault(access.lock.name, access.lock)
            if first != access.lock:
                problems.at(holder, f"two different locks are called {access.lock.name!r}")
    for builder in config.builders:
        of_builder = {access.lock: access for access in builder.fixed_locks}
        for step in builder.factory.steps if of_builder else ():
            for access in _locks_of_step(step):
                held = of_builder.get(access.lock)
                if held is not None and not _fit_together(held, access, builder.workernames):
                    text = (
                        f"builder {builder.name!r} holds lock {access.lock.name!r} already: a step would wait for ever"
                    )
                    problems.at(step, text, "name the lock in one of both places")


def _users_of_locks(config: MasterConfig) -> Iterator[tuple[Any, Sequence[LockAccess]]]:
    """Builders, workers and steps, each with its locks, as far as these are known before a build."""
    for builder in config.builders:
        yield builder, builder.fixed_locks
    for worker in config.workers:
        yield worker, worker.locks
    for factory in {id(builder.factory): builder.factory for builder in config.builders}.values():
        for step in factory.steps:
            yield step, _locks_of_step(step)


def _locks_of_step(step: StepFactory) -> tuple[LockAccess, ...]:
    locks = (step.kwargs or {}).get("locks")
    if not locks or is_renderable(locks):
        return ()
    with collected_errors():  # they were told when the step was made
        return as_lock_accesses(locks, "")


def _fit_together(one: LockAccess, other: LockAccess, workers: Iterable[str]) -> bool:
    if not one.count or not other.count:
        return True
    room = max((one.lock.max_count_on(worker) for worker in workers), default=0)
    return one.mode == other.mode == "counting" and one.count + other.count <= room


def _check_projects(config: MasterConfig, problems: Problems) -> None:
    known = {project.name for project in config.projects}
    for builder in config.builders:
        if builder.project is not None and builder.project not in known:
            problems.at(
                builder, f"builder {builder.name!r} names a project that is not configured: {builder.project!r}"
            )
    for codebase in config.codebases:
        if codebase.project not in known:
            problems.at(
                codebase, f"codebase {codebase.name!r} names a project that is not configured: {codebase.project!r}"
            )


def _check_machines(config: MasterConfig, problems: Problems) -> None:
    known = {machine.name for machine in config.machines}
    for worker in config.workers:
        name = worker.machine_name
        if name is not None and name not in known:
            text = f"worker {worker.name!r} names a machine that is not configured: {name!r}"
            problems.at(worker, text, nearest(name, known) or "add it to machines")


def _check_job_specs(config: MasterConfig, problems: Problems) -> None:
    known = {builder.name for builder in config.builders}
    if config.multiMaster:
        return  # another master may have it
    for builder in dict.fromkeys(declared.builder for declared in config.orchestration.jobspecs):
        if builder not in known:
            text = f"orchestration: a job spec names a builder that is not configured: {builder!r}"
            problems.at_key("orchestration", text, inner="jobspecs", hint=nearest(builder, known))


def _check_schedulers(config: MasterConfig, problems: Problems) -> None:
    known = {builder.name for builder in config.builders}
    driven = {declared.builder for declared in config.orchestration.jobspecs}
    driven.update(builder_name(stack.name) for stack in config.staging.stacks)
    any_rendered = False
    for scheduler in config.schedulers:
        if is_renderable(scheduler.builderNames):
            any_rendered = True
        names = scheduler.listBuilderNames()
        driven.update(names)
        if unknown := sorted(set(names) - known):
            quoted = ", ".join(map(repr, unknown))
            text = f"scheduler {scheduler.name!r} names builders that are not configured: {quoted}"
            problems.at(scheduler, text, nearest(unknown[0], known))
    if not any_rendered:
        for builder in config.builders:
            if builder.name not in driven:
                problems.at(builder, f"builder {builder.name!r} is started by no scheduler")

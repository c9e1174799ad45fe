"""What a configuration says of builders and workers, in the terms of the tables and of the queue."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from buildmill.master.engine.workers import WorkerHandle


def builder_infos(builders: Sequence[Any]) -> list[dict[str, Any]]:
    """What is written down of builders."""
    return [
        {
            "name": builder.name,
            "description": builder.description,
            "description_format": builder.description_format,
            "tags": builder.tags,
        }
        for builder in builders
    ]


def builders_by_worker(
    builders: Sequence[Any], ids: Mapping[str, int], handles: Mapping[str, WorkerHandle]
) -> dict[int, list[int]]:
    """By worker id: the ids of the builders that may use it."""
    found: dict[int, list[int]] = {handle.worker_id: [] for handle in handles.values()}
    for builder in builders:
        for name in builder.workernames:
            if name in handles:
                found[handles[name].worker_id].append(ids[builder.name])
    return found


def collapse_policies(config: Any, ids: Mapping[str, int]) -> tuple[set[int], dict[int, Callable[..., Any]]]:
    """Builders that collapse by the default rule, and those that ask a function."""
    plain: set[int] = set()
    by_function: dict[int, Callable[..., Any]] = {}
    for builder in config.builders:
        policy = builder.collapseRequests
        if policy is None:
            policy = config.collapseRequests
        if policy is None or policy is True:
            plain.add(ids[builder.name])
        elif callable(policy):
            by_function[ids[builder.name]] = policy
    return plain, by_function

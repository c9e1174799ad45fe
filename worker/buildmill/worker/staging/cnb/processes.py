"""Which processes a droplet has, when several buildpacks say some.

Source: the Buildpack specification, "launch.toml"; docs/internals/cnb.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from buildmill.common.cnb.launching import DEFAULT_PROCESS, Process


def merge(said: Iterable[Sequence[Process]]) -> list[Process]:
    """All processes, by type; of one type the last counts, and only the last default is one.

    A later definition of the default's type that is no default leaves the droplet without any.

    Args:
        said: by each buildpack, in their order.
    """
    found: dict[str, Process] = {}
    default = ""
    for processes in said:
        for process in processes:
            if process.default:
                default = process.type
            elif process.type == default:
                default = ""
            found[process.type] = process
    return [
        msgspec.structs.replace(process, default=process.type == default)
        for process in sorted(found.values(), key=lambda one: one.type)
    ]


def with_web(processes: Sequence[Process]) -> list[Process]:
    """Add a copy called `web` of the default process, or of the only one, if none is called so."""
    types = {process.type for process in processes}
    if DEFAULT_PROCESS in types:
        return list(processes)
    chosen = [process for process in processes if process.default] or (processes if len(processes) == 1 else [])
    copies = [msgspec.structs.replace(process, type=DEFAULT_PROCESS, default=False) for process in chosen[:1]]
    return sorted([*processes, *copies], key=lambda one: one.type)


def default_of(processes: Iterable[Process]) -> str:
    """The type of the default process; empty if there is none."""
    return next((process.type for process in processes if process.default), "")

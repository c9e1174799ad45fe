"""Below which cgroups this process may make others that limit memory and processes."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass

from buildmill.worker.shepherd.cgroup import delegated

_SELF = "/proc/self/"


@dataclass(frozen=True, kw_only=True)
class Hierarchies:
    """Directories below which groups may be made.

    Attributes:
        version: of control groups; version 1 has a hierarchy for each controller.
        memory, processes: None: this controller can't be had.
    """

    version: int
    memory: str | None
    processes: str | None


def unified() -> Hierarchies | None:
    """Those of version 2, if the own cgroup, or one above it, is delegated and hands out the memory controller."""
    own = delegated()
    for directory in () if own is None else _upwards(own):
        given = _hand_out(directory)
        if "memory" in given:
            return Hierarchies(version=2, memory=directory, processes=directory if "pids" in given else None)
    return None


def separate() -> Hierarchies | None:
    """Those of version 1, if the own cgroup may have others below it."""
    try:
        with open(f"{_SELF}cgroup", encoding="utf-8", errors="surrogateescape") as file:
            names = dict(_names_of(file))
        with open(f"{_SELF}mountinfo", encoding="utf-8", errors="surrogateescape") as file:
            mounts = dict(_mounts_of(file))
    except OSError:
        return None
    memory, processes = (_place(names.get(name), mounts.get(name)) for name in ("memory", "pids"))
    return Hierarchies(version=1, memory=memory, processes=processes) if memory or processes else None


def _upwards(directory: str) -> Iterator[str]:
    """The directory and those above it, as long as this account may make groups there."""
    while os.access(os.path.join(directory, "cgroup.subtree_control"), os.W_OK):
        yield directory
        directory = os.path.dirname(directory)


def _hand_out(directory: str) -> set[str]:
    """The controllers that groups below get. A cgroup with processes of its own can't be made to give any."""
    path = os.path.join(directory, "cgroup.subtree_control")
    try:
        for name in {"memory", "pids"} & set(_read(os.path.join(directory, "cgroup.controllers")).split()):
            with contextlib.suppress(OSError), open(path, "w", encoding="ascii") as file:
                file.write(f"+{name}")
        return set(_read(path).split())
    except OSError:
        return set()


def _names_of(lines: Iterator[str]) -> Iterator[tuple[str, str]]:
    """The own cgroup for each controller of version 1, by the lines of `/proc/self/cgroup`."""
    for line in lines:
        _, controllers, name = line.rstrip("\n").split(":", 2)
        for controller in controllers.split(","):
            yield controller, name


def _mounts_of(lines: Iterator[str]) -> Iterator[tuple[str, tuple[str, str]]]:
    """The root within the hierarchy, and the place, of the mount of each controller of version 1."""
    for line in lines:
        before, _, after = line.partition(" - ")
        kind, _, options = after.split()[:3]
        if kind == "cgroup":
            fields = before.split()
            for controller in options.split(","):
                yield controller, (fields[3], fields[4])


def _place(name: str | None, mount: tuple[str, str] | None) -> str | None:
    if name is None or mount is None or name.startswith("/.."):
        return None
    root, point = mount
    if root != "/" and name != root and not name.startswith(root + "/"):
        return None
    path = os.path.normpath(os.path.join(point, os.path.relpath(name, root)))
    return path if os.access(path, os.W_OK) else None


def _read(path: str) -> str:
    with open(path, encoding="ascii") as file:
        return file.read()

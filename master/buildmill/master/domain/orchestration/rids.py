"""Names of things that outlive databases: ``ri.SERVICE.INSTANCE.TYPE.LOCATOR``.

Those of targets, projects and users follow from their names, so that a configuration can speak of names; those of
everything that comes and goes are random.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Final

_NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_DNS, "rid.buildmill.invalid")

BUILD: Final = "ri.foundry.main.build."
JOB: Final = "ri.foundry.main.job."
VERSION: Final = "ri.foundry.main.transaction."
TARGET: Final = "ri.foundry.main.dataset."
PROJECT: Final = "ri.compass.main.folder."

RandomBytes = Callable[[int], bytes]
"""So many bytes that nobody can guess."""


def random_rid(prefix: str, random_bytes: RandomBytes) -> str:
    """A new name that begins so."""
    return prefix + str(uuid.UUID(bytes=random_bytes(16), version=4))


def of_target(name: str) -> str:
    """The RID of the target with this name, unless the configuration gives it another."""
    return TARGET + _derived("dataset", name)


def of_project(name: str) -> str:
    """The RID of a project, unless the configuration gives it another."""
    return PROJECT + _derived("project", name)


def of_user(name: str) -> str:
    """The id of a user: a bare UUID."""
    return _derived("user", name)


def _derived(kind: str, name: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, f"{kind}:{name}"))

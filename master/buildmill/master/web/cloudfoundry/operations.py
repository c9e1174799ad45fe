"""All operations of the v3 API, and which of them a request is about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from buildmill.common.errors import InvalidInput
from buildmill.master.domain.rights import declared
from buildmill.master.web.cloudfoundry import (
    of_apps,
    of_buildpacks,
    of_builds,
    of_droplets,
    of_logs,
    of_packages,
    of_places,
)
from buildmill.master.web.cloudfoundry.operation import Operation
from buildmill.master.web.targets import elements_of

OPERATIONS: Final[tuple[Operation, ...]] = (
    *of_apps.OPERATIONS,
    *of_packages.OPERATIONS,
    *of_builds.OPERATIONS,
    *of_droplets.OPERATIONS,
    *of_buildpacks.OPERATIONS,
    *of_places.OPERATIONS,
)
"""All there are below ``/v3/``."""
BESIDE: Final[tuple[Operation, ...]] = (of_logs.READ,)
"""Those with a path of their own."""
_V3: Final = "v3"


def check_declared(operation: Operation) -> None:
    """Raises UndeclaredAction if an operation does not say which right it needs."""
    declared(operation.right, f"the operation {operation.name!r}")


def find(method: bytes, path: bytes) -> tuple[Operation, str] | None:
    """The operation that a request asks for, and the guid in its path; None if it is none.

    Args:
        method: HEAD counts as GET.
        path: with the slash at its begin.
    """
    name = "GET" if method == b"HEAD" else method.decode("latin-1")
    try:
        elements = elements_of(path[1:])
    except InvalidInput:
        return None  # no path of ours has such characters
    if elements[:1] == [_V3]:
        return _find(OPERATIONS, name, elements[1:])
    return _find(BESIDE, name, elements)


def _find(operations: Sequence[Operation], method: str, elements: Sequence[str]) -> tuple[Operation, str] | None:
    for operation in operations:
        guid = operation.match(method, elements)
        if guid is not None:
            return operation, guid
    return None

"""What somebody may do to things: for pages, which offer nothing that would be refused.

``GET /auth/rights?on=builds/12&on=forceschedulers/force%3Fbuilderid%3D3`` names paths of the data API, with the
parameters that rules look at. Nothing is written into the audit log: nothing was tried.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from buildmill.common.errors import Forbidden, InvalidInput, NotFound
from buildmill.master.data.api import DataAPI
from buildmill.master.domain.rights import ACTIONS, Principal, Resource
from buildmill.master.web.gate import Gate
from buildmill.master.web.targets import elements_of, parameters_of

MOST_PATHS: Final = 200
CHARGED_SECONDS: Final = 0.002
"""For each path: rules may have to look up whose a build is."""


class Permit(msgspec.Struct, frozen=True):
    """What may be done at a path.

    Attributes:
        on: the path, as it was asked for.
        may: methods that would be let in.
        refused: why others would not, by method; empty where there is nothing at the path.
    """

    on: str
    may: list[str]
    refused: dict[str, str]


def paths_in(query: bytes) -> list[str]:
    """What a query asks about.

    Raises:
        InvalidInput: names the parameter that cannot be taken.
    """
    given = parameters_of(query)
    if unknown := [name for name, _ in given if name != "on"]:
        raise InvalidInput(unknown[0], f"{unknown[0]} is unknown: expected on")
    if not 1 <= len(given) <= MOST_PATHS:
        raise InvalidInput("on", f"on must be there 1 to {MOST_PATHS} times")
    return [path for _, path in given]


async def permit(data: DataAPI[Any], gate: Gate, principal: Principal, on: str) -> Permit:
    """Ask for each method of a path, as it would be asked when the method is called."""
    path, _, query = on.partition("?")
    try:
        elements = elements_of(path.encode())
        options: dict[str, Any] = dict(parameters_of(query.encode()))
        controls = data.find(elements).endpoint.actions
    except (InvalidInput, NotFound):
        return Permit(on, [], {})
    may: list[str] = []
    refused: dict[str, str] = {}
    for method, control in sorted(controls.items()):
        try:
            await _ask(data, gate, principal, Resource(elements, method, options), control.action)
        except NotFound:
            return Permit(on, [], {})
        except Forbidden as error:
            refused[method] = str(error)
        else:
            may.append(method)
    return Permit(on, may, refused)


async def _ask(data: DataAPI[Any], gate: Gate, principal: Principal, resource: Resource, action: str) -> None:
    read, change = await gate.reach_of(principal), await gate.change_reach_of(principal)
    if not (read.is_everything and change.is_everything):
        await data.check_reach(resource.path, resource.method, resource.options, read, change)
    await gate.require(principal, ACTIONS[action], resource)


async def permits(data: DataAPI[Any], gate: Gate, principal: Principal, paths: Sequence[str]) -> list[Permit]:
    """The same of several paths, in their order."""
    return [await permit(data, gate, principal, on) for on in paths]

"""Reading the parameters of a control action."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from buildmill.common.errors import InvalidInput, Unavailable
from buildmill.master.data.endpoints.endpoint import Context
from buildmill.master.data.ports import ControlUpdates
from buildmill.master.data.schemas import parameters, text
from buildmill.master.domain.orchestration.configuration import OrchestrationConfig
from buildmill.master.domain.orchestration.rights import DatasetLimits
from buildmill.master.domain.rights import Actor

MAX_TEXT = 10_000
REASON = parameters(reason=text(MAX_TEXT))


def updates_of(context: Context) -> ControlUpdates:
    """The updates for work from outside; each unit of work writes what it has done into the audit log."""
    if context.updates is None:
        raise Unavailable("this process only reads")
    return context.updates.impatient if context.note is None else context.updates.within(context.note.around)


def settings_of(context: Context) -> OrchestrationConfig:
    """What the configuration in force says of job graphs."""
    if context.updates is None:
        raise Unavailable("this process knows no job graphs")
    return context.updates.orchestration


def limits_of(context: Context, actor: Actor) -> DatasetLimits:
    """The datasets that somebody who acts does not get to."""
    return settings_of(context).dataset_rules.limits(actor.roles)


def text_argument(params: Mapping[str, Any], name: str, default: str) -> str:
    """A text; absent or null gives `default`."""
    value = params.get(name)
    if value is None:
        return default
    if not isinstance(value, str):
        raise InvalidInput(name, "expected a text")
    if len(value) > MAX_TEXT or "\0" in value:
        raise InvalidInput(name, f"expected at most {MAX_TEXT} characters, without NUL")
    return value


def integer_argument(params: Mapping[str, Any], name: str, smallest: int, largest: int) -> int:
    """A number that must be there."""
    value = whole(params.get(name))
    if value is None or not smallest <= value <= largest:
        raise InvalidInput(name, f"expected a number from {smallest} to {largest}")
    return value


def ids_argument(params: Mapping[str, Any], name: str, most: int) -> list[int]:
    """Ids, at least one, each once and in their order."""
    values = params.get(name)
    if not isinstance(values, list) or not 1 <= len(values) <= most:
        raise InvalidInput(name, f"expected a list of 1 to {most} ids")
    found = [whole(value) for value in values]
    ids = [id_ for id_ in found if id_ is not None and id_ > 0]
    if len(ids) < len(found):
        raise InvalidInput(name, "expected ids, which are numbers above 0")
    return list(dict.fromkeys(ids))


def whole(value: object) -> int | None:
    """A whole number as JSON may have it, 3 or 3.0; None for everything else."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if type(value) is int else None


def flag_argument(params: Mapping[str, Any], name: str) -> bool:
    """True or false that must be there."""
    value = params.get(name)
    if not isinstance(value, bool):
        raise InvalidInput(name, "expected true or false")
    return value

"""What the audit log tells: an entry for each action that somebody asked for, and for each sign-in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

import msgspec

from buildmill.master.domain.resources import Instant, Resource
from buildmill.master.domain.rights import Actor
from buildmill.master.domain.storable import storable

AUDIT_HORIZON: Final = timedelta(days=365)
"""How long entries are kept where nobody says anything else."""
LONGEST_TEXT: Final = 1_000
"""Characters of a text that an entry keeps."""


class Outcome(StrEnum):
    """What became of what was asked for."""

    DONE = "done"
    REFUSED = "refused"


class AuditEntry(Resource, frozen=True):
    """Who has asked for what, and what became of it.

    Attributes:
        action: the right that it needs, ``builds.stop``.
        actor, username, address, via: who, as `domain.rights.Actor` tells.
        before, after: what it has changed; only what differs, and what is new.
        digest: SHA-256 over the entry before and this one; see ``docs/reference/audit.md``.
        method, path: of the data API, or of a page.
        parameters: those that tell what was meant; never secrets.
        reason: why it was refused; else empty.
    """

    type_name = "audit_entry"
    plural = "audit"
    id_field = "auditid"

    action: str
    actor: str
    address: str
    after: dict[str, Any]
    auditid: int
    before: dict[str, Any]
    digest: str
    happened_at: Instant
    method: str
    outcome: str
    parameters: dict[str, Any]
    path: str
    reason: str
    username: str
    via: str


@dataclass(frozen=True, kw_only=True, slots=True)
class NewEntry:
    """An entry that is to be written; attributes as of `AuditEntry`."""

    actor: Actor
    action: str
    method: str
    path: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    outcome: Outcome = Outcome.DONE
    reason: str = ""


def fitting(text: str) -> str:
    """A text as an entry keeps it: cut, and what both databases take."""
    return storable(text[:LONGEST_TEXT])


def told(value: Any) -> Any:
    """A value from outside as an entry keeps it: what is not simple becomes text."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return fitting(value)
    if isinstance(value, list | tuple) and len(value) <= LONGEST_TEXT and all(isinstance(one, str) for one in value):
        return [fitting(one) for one in value]
    return fitting(repr(value))


def json_text(values: Mapping[str, Any]) -> str:
    """Values as a row keeps them."""
    return msgspec.json.encode({storable(name): value for name, value in values.items()}).decode()


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Of two states of a thing only what differs."""
    names = [name for name in after if before.get(name) != after[name]]
    return {name: before[name] for name in names if name in before}, {name: after[name] for name in names}

"""Keeping readers within their reach: what is out of it answers as what does not exist.

A key of a path that names something out of reach becomes one that names nothing, before anything is looked up.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from buildmill.master.data.endpoints.endpoint import Endpoint
from buildmill.master.data.paths import NO_SUCH_ID, Keys
from buildmill.master.db.reading import guards
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.events import Event
from buildmill.master.domain.projects import Reach

_NO_SUCH_NAME = ""
_MAX_DIGITS = 18
_SAME: Final[Mapping[str, str]] = {
    "buildsetid": "bsid", "commitid1": "commitid", "commitid2": "commitid", "rid": "schedule_rid",
}  # fmt: skip
FREE_KEYS: Final = frozenset(
    {
        # found below another key that is guarded
        "build_number", "codebasename", "log_slug", "revision", "step_name", "step_number", "name", "test_name",
        # of no project
        "auditid", "changesourceid", "masterid", "schedulerid", "tokenid",
        # judged by the builders that it names
        "schedulername",
    }
)  # fmt: skip
_WORKER_KEYS = frozenset({"workerid", "workername"})
OF_FAMILIES: Final[Mapping[str, str]] = {
    "branches": "branchid", "builders": "builderid", "buildrequests": "buildrequestid", "builds": "buildid",
    "buildsets": "bsid", "changes": "changeid", "codebases": "codebaseid", "commits": "commitid",
    "graph_builds": "graph_build_rid", "graph_jobs": "graph_job_rid", "logs": "logid", "projects": "projectid",
    "schedules": "schedule_rid", "steps": "stepid", "targets": "target", "target_versions": "target_version_rid",
    "test_result_sets": "test_result_setid", "workers": "whole workerid",
}  # fmt: skip
"""What events of a family are about."""
FREE_FAMILIES: Final = frozenset({"masters", "schedulers"})


def guard_of(name: str, endpoint: Endpoint) -> str | None:
    """What is asked about a key of an endpoint; None where nothing needs to be."""
    if name == "name" and endpoint.type.name in ("worker", "worker_page"):
        return "workername"
    guard = _SAME.get(name, name)
    return guard if guard in guards.KEYS else None


def narrowed_keys(
    connection: Connection, endpoint: Endpoint, keys: Keys, reach: Reach, *, with_workers: bool = True
) -> Keys:
    """The keys, of which those that are out of reach name nothing.

    Args:
        with_workers: workers are out of reach that serve nobody within it.
    """
    found: Keys = {}
    for name, value in keys.items():
        guard = guard_of(name, endpoint)
        is_free = guard is None or (guard in _WORKER_KEYS and not with_workers)
        if is_free or guards.is_within(connection, reach, guard or "", _asked(guard or "", value)):
            found[name] = value
        else:
            found[name] = _NO_SUCH_NAME if isinstance(value, str) else NO_SUCH_ID
    return found


def _asked(guard: str, value: Any) -> int | str:
    if guard not in guards.TEXTS and isinstance(value, str):
        # an id that a pattern takes as text
        return int(value) if value.isascii() and value.isdigit() and len(value) <= _MAX_DIGITS else NO_SUCH_ID
    found: int | str = value
    return found


def subject_of(event: Event) -> tuple[str, str]:
    """The family and the id of what an event is about: its shortest key names them."""
    key = min(event.keys, key=len)
    if key[0] == "schedules" and len(key) > 3:
        return "schedule_runs", key[1]  # what it says may name anything: only who gets to everything is told
    return key[0], key[1] if len(key) > 1 else ""


def may_hear(connection: Connection, reach: Reach, family: str, id_: str) -> bool:
    """Whether what an event is about is within reach; of what nobody knows, it is not."""
    if family in FREE_FAMILIES:
        return True
    guard = OF_FAMILIES.get(family)
    if guard is None or not reach.reads(family):
        return False
    if guard in guards.TEXTS:
        return guards.is_within(connection, reach, guard, id_)
    if not id_.isascii() or not id_.isdigit() or len(id_) > _MAX_DIGITS:
        return False
    return guards.is_within(connection, reach, guard, int(id_))

"""Rows of the other master become ours, under the same ids: everything but the text of logs.

One `Part` per kind, in the order of `parts`: each refers only to kinds before it. A part is carried in batches, each a
transaction of its caller's; what is in the tables already tells where to go on after an interruption.

What was not finished when the other master stopped is finished as *retry*; its request waits here again.
"""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Final, Protocol

import msgspec
import sqlalchemy as sa

from buildmill.common.results import Result
from buildmill.master.db import collapse
from buildmill.master.db import tables as t
from buildmill.master.db.original.source import Row, Source
from buildmill.master.db.transaction import Connection, Transaction
from buildmill.master.domain.result_rules import worst_of

BATCH: Final = 500
UNFINISHED: Final = "was not finished when its records were carried over"


class Part(Protocol):
    """One kind of record.

    Attributes:
        name: what it is called, in the plural.
        table: where the other master has it.
        carried: how many this run has brought over.
        left_out: how many it could not, by the reason.
    """

    name: str
    table: str
    carried: int
    left_out: Counter[str]

    def done(self, connection: Connection) -> int:
        """How many are here already."""

    def carry(self, tx: Transaction) -> bool:
        """Bring the next batch over; whether there may be more."""


class Rows:
    """A part whose rows have an id and become one row each.

    Args:
        source: the other master's tables.
        name: see `Part`.
        table: the other master's table, and `key`, its column with the id.
        target: our table.
        convert: our rows for theirs; those it leaves out it counts in the `Counter`.
        also: what else belongs to the rows that were written, in the same transaction.
    """

    def __init__(
        self,
        source: Source,
        name: str,
        table: str,
        target: sa.Table,
        convert: Callable[[list[Row], Counter[str]], list[dict[str, Any]]],
        *,
        key: str = "id",
        also: Callable[[Transaction, list[dict[str, Any]]], None] | None = None,
    ) -> None:
        self.name = name
        self.table = table
        self.carried = 0
        self.left_out: Counter[str] = Counter()
        self._source = source
        self._target = target
        self._convert = convert
        self._key = key
        self._also = also
        self._last: int | None = None

    def done(self, connection: Connection) -> int:
        count = sa.select(sa.func.count()).select_from(self._target)
        return int(connection.sql.execute(count).scalar_one())

    def carry(self, tx: Transaction) -> bool:
        if self._last is None:
            newest = sa.select(sa.func.coalesce(sa.func.max(self._target.c.id), 0))
            self._last = int(tx.sql.execute(newest).scalar_one())
        found = self._source.after(self.table, self._key, self._last, BATCH)
        if not found:
            return False
        rows = self._convert(found, self.left_out)
        if rows:
            tx.sql.execute(self._target.insert(), rows)
            if self._also is not None:
                self._also(tx, rows)
        self._last = int(found[-1][self._key])
        self.carried += len(rows)
        return len(found) == BATCH


class Once:
    """A part of few rows without an id: carried as a whole, or not at all.

    Args:
        name, table: see `Part`.
        target: our table; when it has rows, they are these.
        rows: our rows, and how many are left out.
    """

    def __init__(
        self,
        name: str,
        table: str,
        target: sa.Table,
        rows: Callable[[Counter[str]], Iterable[dict[str, Any]]],
        *,
        where: sa.ColumnElement[bool] | None = None,
    ) -> None:
        self.name = name
        self.table = table
        self.carried = 0
        self.left_out: Counter[str] = Counter()
        self._target = target
        self._rows = rows
        self._where = where

    def done(self, connection: Connection) -> int:
        query = sa.select(sa.func.count()).select_from(self._target)
        if self._where is not None:
            query = query.where(self._where)
        return int(connection.sql.execute(query).scalar_one())

    def carry(self, tx: Transaction) -> bool:
        if not self.done(tx):
            rows = list(self._rows(self.left_out))
            if rows:
                tx.sql.execute(self._target.insert(), rows)
            self.carried += len(rows)
        return False


def parts(source: Source, now: int) -> list[Part]:
    """The parts, in their order.

    Args:
        source: the other master's tables.
        now: integer seconds since the epoch; when unfinished things end.
    """
    carry = _Conversions(source, now)
    return [
        Rows(source, "masters", "masters", t.masters, carry.masters),
        Rows(source, "projects", "projects", t.projects, carry.projects) if source.has("projects") else _Nothing(),
        Rows(source, "workers", "workers", t.workers, carry.workers),
        Rows(source, "builders", "builders", t.builders, carry.builders),
        Rows(source, "schedulers", "schedulers", t.schedulers, carry.schedulers),
        Rows(source, "change sources", "changesources", t.change_sources, carry.change_sources),
        Rows(source, "patches", "patches", t.patches, carry.patches),
        Rows(source, "source stamps", "sourcestamps", t.source_stamps, carry.source_stamps),
        Rows(source, "changes", "changes", t.changes, carry.changes, key="changeid"),
        Rows(source, "buildsets", "buildsets", t.buildsets, carry.buildsets, also=carry.stamps_of_buildsets),
        Rows(source, "build requests", "buildrequests", t.build_requests, carry.build_requests, also=carry.queue),
        Rows(source, "builds", "builds", t.builds, carry.builds, also=carry.properties_of_builds),
        Rows(source, "steps", "steps", t.steps, carry.steps),
        Once("changes that schedulers hold", "scheduler_changes", t.scheduler_changes, carry.scheduler_changes),
        Once("states", "object_state", t.object_states, carry.states, where=t.object_states.c.class_name != MARKER),
    ]


MARKER: Final = "import-buildbot"
"""Class name of the state that says how far an import has come."""


def finish(tx: Transaction, source: Source) -> None:
    """What refers to later kinds: parents of buildsets and changes, the last numbers of builders, counters of ids."""
    builds = frozenset(tx.sql.execute(sa.select(t.builds.c.id)).scalars())
    for row in source.all("buildsets"):
        parent, rebuilt = row["parent_buildid"], row.get("rebuilt_buildid")
        if parent in builds or rebuilt in builds:
            tx.sql.execute(
                t.buildsets.update()
                .where(t.buildsets.c.id == row["id"])
                .values(
                    parent_build_id=parent if parent in builds else None,
                    rebuilt_build_id=rebuilt if rebuilt in builds else None,
                )
            )
    numbers = sa.select(sa.func.coalesce(sa.func.max(t.builds.c.number), 0))
    numbers = numbers.where(t.builds.c.builder_id == t.builders.c.id)
    tx.sql.execute(t.builders.update().values(last_build_number=numbers.scalar_subquery()))
    if tx.is_postgresql:
        for table in (*_WITH_IDS, t.logs):
            newest = sa.select(sa.func.max(table.c.id)).scalar_subquery()
            sequence = sa.func.pg_get_serial_sequence(table.name, "id")
            tx.sql.execute(sa.select(sa.func.setval(sequence, newest)).where(sa.exists(sa.select(table.c.id))))


_WITH_IDS: Final = (
    t.masters, t.projects, t.workers, t.builders, t.schedulers, t.change_sources, t.patches, t.source_stamps,
    t.changes, t.buildsets, t.build_requests, t.builds, t.steps,
)  # fmt: skip


def is_empty(connection: Connection) -> bool:
    """Whether there are no records of a master here yet."""
    return not any(connection.sql.execute(sa.select(table.c.id).limit(1)).first() for table in _WITH_IDS)


class _Nothing:
    """Projects of a version that has none."""

    name = "projects"
    table = "projects"
    carried = 0
    left_out: Counter[str] = Counter()

    def done(self, _connection: Connection) -> int:
        return 0

    def carry(self, _tx: Transaction) -> bool:
        return False


class _Conversions:
    """Theirs to ours, a batch at a time. Rows that refer to what is missing are left out."""

    def __init__(self, source: Source, now: int) -> None:
        self._source = source
        self._now = now
        self._ids: dict[tuple[str, str], frozenset[int]] = {}

    def _known(self, table: str, key: str = "id") -> frozenset[int]:
        if (table, key) not in self._ids:
            self._ids[table, key] = self._source.ids(table, key)
        return self._ids[table, key]

    def _with(self, rows: list[Row], left_out: Counter[str], **references: str) -> list[Row]:
        """The rows whose references all lead somewhere; as column=table."""
        kept = []
        for row in rows:
            for column, table in references.items():
                if row[column] not in self._known(table):
                    left_out[f"their row in {table} is missing"] += 1
                    break
            else:
                kept.append(row)
        return kept

    def _or_none(self, value: int | None, table: str) -> int | None:
        return value if value is not None and value in self._known(table) else None

    # -- what has a name -----------------------------------------------------------------------

    def masters(self, rows: list[Row], _: Counter[str]) -> list[dict[str, Any]]:
        return [{"id": r["id"], "name": r["name"], "active": 0, "last_active": r["last_active"]} for r in rows]

    def projects(self, rows: list[Row], _: Counter[str]) -> list[dict[str, Any]]:
        names = ("id", "name", "slug", "description", "description_format", "description_html")
        return [{name: r[name] for name in names} | {"active": 0} for r in rows]

    def workers(self, rows: list[Row], _: Counter[str]) -> list[dict[str, Any]]:
        return [
            {
                "id": r["id"],
                "name": r["name"],
                "info": r["info"] if isinstance(r["info"], str) else msgspec.json.encode(r["info"] or {}).decode(),
                "paused": int(r["paused"] or 0),
                "pause_reason": r.get("pause_reason"),
                "graceful": 0,  # of the run that has ended
            }
            for r in rows
        ]

    def builders(self, rows: list[Row], _: Counter[str]) -> list[dict[str, Any]]:
        tags = {row["id"]: row["name"] for row in self._source.all("tags")}
        of: dict[int, list[str]] = {}
        for row in self._source.all("builders_tags"):
            if row["tagid"] in tags:
                of.setdefault(row["builderid"], []).append(tags[row["tagid"]])
        return [
            {
                "id": r["id"],
                "name": r["name"],
                "description": r["description"],
                "description_format": r.get("description_format"),
                "description_html": r.get("description_html"),
                "project_id": self._or_none(r.get("projectid"), "projects"),
                "tags": _json(sorted(of.get(r["id"], []))),
            }
            for r in rows
        ]

    def schedulers(self, rows: list[Row], _: Counter[str]) -> list[dict[str, Any]]:
        return [{"id": r["id"], "name": r["name"], "enabled": int(r["enabled"] != 0)} for r in rows]

    def change_sources(self, rows: list[Row], _: Counter[str]) -> list[dict[str, Any]]:
        return [{"id": r["id"], "name": r["name"]} for r in rows]

    # -- what is built -------------------------------------------------------------------------

    def patches(self, rows: list[Row], _: Counter[str]) -> list[dict[str, Any]]:
        return [
            {
                "id": r["id"],
                "level": r["patchlevel"],
                "body": base64.b64decode(r["patch_base64"]),
                "author": r["patch_author"],
                "comment": r["patch_comment"],
                "subdir": r["subdir"],
            }
            for r in rows
        ]

    def source_stamps(self, rows: list[Row], _: Counter[str]) -> list[dict[str, Any]]:
        return [
            {
                "id": r["id"],
                # no digest of ours: theirs may have two of the same content, with a patch each, and both stay
                "digest": f"carried-{r['id']}",
                "branch": r["branch"],
                "revision": r["revision"],
                "repository": r["repository"],
                "project": r["project"],
                "codebase": r["codebase"],
                "patch_id": self._or_none(r["patchid"], "patches"),
                "created_at": r["created_at"],
            }
            for r in rows
        ]

    def changes(self, rows: list[Row], left_out: Counter[str]) -> list[dict[str, Any]]:
        rows = self._with(rows, left_out, sourcestampid="sourcestamps")
        ids = [r["changeid"] for r in rows]
        files: dict[int, list[str]] = {}
        for row in self._source.of("change_files", "changeid", ids):
            files.setdefault(row["changeid"], []).append(row["filename"])
        properties = self._pairs("change_properties", "changeid", ids)
        return [
            {
                "id": r["changeid"],
                **{name: r[name] for name in _OF_CHANGE},
                "files": _json(files.get(r["changeid"], [])),
                "properties": _json(properties.get(r["changeid"], {})),
                "source_stamp_id": r["sourcestampid"],
                "parent_id": parent if (parent := r["parent_changeids"]) is not None and parent < r["changeid"]
                and parent in self._known("changes", "changeid") else None,
            }
            for r in rows
        ]  # fmt: skip

    def _pairs(self, table: str, key: str, ids: list[int]) -> dict[int, dict[str, Any]]:
        """Properties that are kept as JSON of value and source, by what they belong to and by name."""
        found: dict[int, dict[str, Any]] = {}
        for row in self._source.of(table, key, ids):
            value, source = msgspec.json.decode(row["property_value"])
            found.setdefault(row[key], {})[row["property_name"]] = [value, source]
        return found

    def buildsets(self, rows: list[Row], _: Counter[str]) -> list[dict[str, Any]]:
        ids = [r["id"] for r in rows]
        properties = self._pairs("buildset_properties", "buildsetid", ids)
        waiting: Counter[int] = Counter()
        results: dict[int, list[Result]] = {}
        for request in self._source.of("buildrequests", "buildsetid", ids):
            if request["builderid"] not in self._known("builders"):
                continue
            if request["complete"]:
                results.setdefault(request["buildsetid"], []).append(_result(request["results"]))
            else:
                waiting[request["buildsetid"]] += 1
        converted = []
        for r in rows:
            is_complete = not waiting[r["id"]]
            result = r["results"] if r["complete"] else int(worst_of(results.get(r["id"], [])))
            converted.append(
                {
                    "id": r["id"],
                    "external_idstring": r["external_idstring"],
                    "reason": r["reason"] or "",
                    "submitted_at": r["submitted_at"],
                    "complete": int(is_complete),
                    "complete_at": (r["complete_at"] or self._now) if is_complete else None,
                    "results": int(_result(result)) if is_complete else None,
                    "waiting_requests": waiting[r["id"]],
                    "parent_relationship": r["parent_relationship"],
                    "properties": _json(properties.get(r["id"], {})),
                }
            )
        return converted

    def stamps_of_buildsets(self, tx: Transaction, written: list[dict[str, Any]]) -> None:
        rows = [
            {"buildset_id": row["buildsetid"], "source_stamp_id": row["sourcestampid"]}
            for row in self._source.of("buildset_sourcestamps", "buildsetid", [row["id"] for row in written])
            if row["sourcestampid"] in self._known("sourcestamps")
        ]
        if rows:
            tx.sql.execute(t.buildset_source_stamps.insert(), rows)

    def build_requests(self, rows: list[Row], left_out: Counter[str]) -> list[dict[str, Any]]:
        rows = self._with(rows, left_out, buildsetid="buildsets", builderid="builders")
        claims = {c["brid"]: c for c in self._source.of("buildrequest_claims", "brid", [r["id"] for r in rows])}
        converted = []
        for r in rows:
            claim = claims.get(r["id"]) if r["complete"] else None  # what had not ended waits again
            converted.append(
                {
                    "id": r["id"],
                    "buildset_id": r["buildsetid"],
                    "builder_id": r["builderid"],
                    "priority": r["priority"],
                    "submitted_at": r["submitted_at"],
                    "waited_for": int(r["waited_for"] or 0),
                    "claimed_by": self._or_none(claim["masterid"], "masters") if claim else None,
                    "claimed_at": claim["claimed_at"] if claim else None,
                    "complete": int(bool(r["complete"])),
                    "complete_at": (r["complete_at"] or r["submitted_at"]) if r["complete"] else None,
                    "results": int(_result(r["results"])) if r["complete"] else None,
                }
            )
        return converted

    def queue(self, tx: Transaction, written: list[dict[str, Any]]) -> None:
        """Give the requests that wait their place among those that may be collapsed."""
        stamps, sets = t.buildset_source_stamps.c, t.buildsets.c
        for request in written:
            if request["complete"]:
                continue
            buildset = request["buildset_id"]
            of = sa.select(stamps.source_stamp_id).where(stamps.buildset_id == buildset)
            text = tx.sql.execute(sa.select(sets.properties).where(sets.id == buildset)).scalar_one()
            given = {name: (value, source) for name, (value, source) in msgspec.json.decode(text).items()}
            key = collapse.key_of(tx, list(tx.sql.execute(of).scalars()), given)
            tx.sql.execute(
                t.build_requests.update().where(t.build_requests.c.id == request["id"]).values(collapse_key=key)
            )

    # -- what was built ------------------------------------------------------------------------

    def builds(self, rows: list[Row], left_out: Counter[str]) -> list[dict[str, Any]]:
        rows = self._with(rows, left_out, builderid="builders", buildrequestid="buildrequests", masterid="masters")
        return [
            {
                "id": r["id"],
                "number": r["number"],
                "builder_id": r["builderid"],
                "build_request_id": r["buildrequestid"],
                "worker_id": self._or_none(r["workerid"], "workers"),
                "master_id": r["masterid"],
                "started_at": r["started_at"],
                "locks_duration_s": r.get("locks_duration_s") or 0,
                **self._end(r),
            }
            for r in rows
        ]

    def _end(self, row: Row) -> dict[str, Any]:
        if row["complete_at"] is not None:
            end, result = row["complete_at"], _result(row["results"])
            return {"complete_at": end, "state_string": row["state_string"], "results": int(result)}
        return {"complete_at": self._now, "state_string": UNFINISHED, "results": int(Result.RETRY)}

    def properties_of_builds(self, tx: Transaction, written: list[dict[str, Any]]) -> None:
        documents: dict[int, dict[str, Any]] = {row["id"]: {} for row in written}
        for row in self._source.of("build_properties", "buildid", list(documents)):
            documents[row["buildid"]][row["name"]] = [msgspec.json.decode(row["value"]), row["source"]]
        rows = [{"build_id": build, "properties": _json(found)} for build, found in documents.items() if found]
        if rows:
            tx.sql.execute(t.build_properties.insert(), rows)

    def steps(self, rows: list[Row], left_out: Counter[str]) -> list[dict[str, Any]]:
        rows = self._with(rows, left_out, buildid="builds")
        return [
            {
                "id": r["id"],
                "build_id": r["buildid"],
                "number": r["number"],
                "name": r["name"],
                "started_at": r["started_at"],
                "locks_acquired_at": r.get("locks_acquired_at") or r["started_at"],
                "urls": r["urls_json"],
                "hidden": int(r["hidden"] or 0),
                **self._end(r),
            }
            for r in rows
        ]

    # -- what schedulers and pollers know --------------------------------------------------------

    def scheduler_changes(self, left_out: Counter[str]) -> Iterable[dict[str, Any]]:
        changes = self._known("changes", "changeid")
        for row in self._source.all("scheduler_changes"):
            if row["schedulerid"] in self._known("schedulers") and row["changeid"] in changes:
                important = int(row["important"] or 0)
                yield {"scheduler_id": row["schedulerid"], "change_id": row["changeid"], "important": important}
            else:
                left_out["their scheduler or change is missing"] += 1

    def states(self, left_out: Counter[str]) -> Iterable[dict[str, Any]]:
        objects = {row["id"]: (row["name"], row["class_name"]) for row in self._source.all("objects")}
        seen = set()
        for row in self._source.all("object_state"):
            if row["objectid"] not in objects:
                left_out["their object is missing"] += 1
                continue
            name, class_name = objects[row["objectid"]]
            # the same class may be there by its short name and by its module's
            key = (class_name.rpartition(".")[2], name, row["name"])
            if key in seen:
                left_out["the same state is there twice"] += 1
                continue
            seen.add(key)
            yield {"class_name": key[0], "object_name": key[1], "name": key[2], "value": row["value_json"]}


_OF_CHANGE: Final = (
    "author", "committer", "comments", "branch", "revision", "revlink", "when_timestamp", "category", "repository",
    "project", "codebase",
)  # fmt: skip


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _result(code: int | None) -> Result:
    """A result of theirs; -1 and nothing, which stand for "not yet" in what is complete after all, become *retry*."""
    return Result.RETRY if code is None or code < 0 else Result(code)

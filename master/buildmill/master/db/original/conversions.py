"""A row of the other master's tables, as a row of ours.

What was not finished when the other master stopped is finished as *retry*; its request waits here again.
"""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from buildmill.common.results import Result
from buildmill.master.db import collapse
from buildmill.master.db import tables as t
from buildmill.master.db.original.source import Row, Source
from buildmill.master.db.transaction import Transaction
from buildmill.master.domain.result_rules import worst_of

UNFINISHED: Final = "was not finished when its records were carried over"


class Conversions:
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
                    "scheduler": _scheduler(properties.get(r["id"], {}), r),
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


def _scheduler(properties: Mapping[str, Any], buildset: Row) -> str | None:
    """The scheduler that has asked for a buildset; one that repeats a build only has its properties."""
    name = properties.get("scheduler", [None])[0]
    return name if isinstance(name, str) and not buildset.get("rebuilt_buildid") else None


def _result(code: int | None) -> Result:
    """A result of theirs; -1 and nothing, which stand for "not yet" in what is complete after all, become *retry*."""
    return Result.RETRY if code is None or code < 0 else Result(code)

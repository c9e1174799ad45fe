"""`TryJob`: what somebody wants to be tried before it is committed, and the file in which it is sent.

A job file is a sequence of netstrings; the first is the version. Versions 1 to 4 have a fixed order of fields, each
with some more than the one before; from version 5 on there is one further netstring, a JSON object. Version 6 has the
patch in base64, for patches that are not UTF-8.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from buildmill.common.errors import InvalidInput

MAX_BYTES = 64 * 1024 * 1024
"""No job is larger; a file that is gets refused unread."""

_FIXED = ("jobid", "branch", "baserev", "patch_level", "patch_body")
_ADDED = {1: (), 2: ("repository", "project"), 3: ("repository", "project", "who"),
          4: ("repository", "project", "who", "comment")}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class TryJob:
    """A patch, or nothing but a revision, for some builders.

    Attributes:
        job_id: the client's own name of the job; may be empty.
        branch, base_revision: what the patch applies to; None for the newest.
        patch: level and body, or None.
        builder_names: empty for all that the scheduler has.
    """

    job_id: str = ""
    branch: str | None = None
    base_revision: str | None = None
    patch: tuple[int, bytes] | None = None
    repository: str = ""
    project: str = ""
    who: str = ""
    comment: str = ""
    builder_names: tuple[str, ...] = ()
    properties: Mapping[str, Any] = field(default_factory=dict)

    def reason(self, *, with_comment: bool) -> str:
        """For the buildset."""
        by = f" by user {self.who}" if self.who else ""
        return f"'try' job{by}" + (f" ({self.comment})" if self.comment and with_comment else "")

    def source_stamp(self) -> dict[str, Any]:
        """The sources, as ``addBuildset`` takes them."""
        stamp: dict[str, Any] = {
            "codebase": "",
            "branch": self.branch,
            "revision": self.base_revision,
            "repository": self.repository,
            "project": self.project,
        }
        if self.patch is not None:
            level, body = self.patch
            stamp |= {
                "patch_body": body,
                "patch_level": level,
                "patch_subdir": "",
                "patch_author": self.who,
                "patch_comment": self.comment,
            }
        return stamp


def read_job(data: bytes) -> TryJob:
    """The job in a file.

    Raises:
        InvalidInput: it is no job file, or of a version that nobody knows.
    """
    version, *parts = _netstrings(data)
    number = _integer("version", version)
    if number in _ADDED:
        names = (*_FIXED, *_ADDED[number])
        if len(parts) < len(names):
            raise InvalidInput("job", f"version {number} has {len(names)} fields, this one {len(parts)}")
        values = dict(zip(names, parts, strict=False))
        body = values.pop("patch_body")
        texts = {name: _decoded(name, value) for name, value in values.items()}
        return _job(texts, body, [_decoded("builderNames", name) for name in parts[len(names) :]], {})
    if number not in (5, 6) or len(parts) != 1:
        raise InvalidInput("job", f"unknown version {number} of job files")
    try:
        content = json.loads(parts[0])
    except ValueError as problem:
        raise InvalidInput("job", f"no JSON object: {problem}") from problem
    if not isinstance(content, dict):
        raise InvalidInput("job", "a JSON object was expected")
    try:
        encoded = content.get("patch_body_base64")
        if encoded is not None:
            body = base64.b64decode(encoded, validate=True)
        else:
            body = str(content.get("patch_body") or "").encode()
    except (TypeError, ValueError) as problem:
        raise InvalidInput("patch_body_base64", f"no base64: {problem}") from problem
    return _job(content, body, content.get("builderNames") or [], content.get("properties") or {})


def write_job(job: TryJob) -> bytes:
    """The file of a job, in the newest version that it needs."""
    level, body = job.patch or (0, b"")
    content: dict[str, Any] = {
        "jobid": job.job_id,
        "branch": job.branch,
        "baserev": job.base_revision,
        "patch_level": level,
        "repository": job.repository,
        "project": job.project,
        "who": job.who,
        "comment": job.comment,
        "builderNames": list(job.builder_names),
        "properties": dict(job.properties),
    }
    try:
        content["patch_body"] = body.decode()
        version = b"5"
    except UnicodeDecodeError:
        content["patch_body_base64"] = base64.b64encode(body).decode("ascii")
        version = b"6"
    return b"".join(b"%d:%s," % (len(part), part) for part in (version, json.dumps(content).encode()))


def _job(values: Mapping[str, Any], body: bytes, builders: Any, properties: Any) -> TryJob:
    if not isinstance(builders, list) or not all(isinstance(name, str) for name in builders):
        raise InvalidInput("builderNames", f"expected a list of names, not {builders!r}")
    if not isinstance(properties, dict):
        raise InvalidInput("properties", f"expected an object, not {properties!r}")
    names = ("jobid", "branch", "baserev", "repository", "project", "who", "comment")
    texts = {name: values.get(name) or "" for name in names}
    if texts["baserev"] == "None":  # how a client of long standing writes that there is none
        texts["baserev"] = ""
    for name, text in texts.items():
        if not isinstance(text, str):
            raise InvalidInput(name, f"expected text, not {text!r}")
    level = _integer("patch_level", values.get("patch_level") or 0)
    return TryJob(
        job_id=texts["jobid"],
        branch=texts["branch"] or None,
        base_revision=texts["baserev"] or None,
        patch=(level, body) if body else None,
        repository=texts["repository"],
        project=texts["project"],
        who=texts["who"],
        comment=texts["comment"],
        builder_names=tuple(builders),
        properties=properties,
    )


def _netstrings(data: bytes) -> list[bytes]:
    if len(data) > MAX_BYTES:
        raise InvalidInput("job", f"larger than {MAX_BYTES} bytes")
    parts: list[bytes] = []
    position = 0
    while position < len(data):
        colon = data.find(b":", position, position + 12)
        length = data[position:colon] if colon > position else b""
        if not length.isdigit():
            raise InvalidInput("job", f"no netstring at byte {position}")
        end = colon + 1 + int(length)
        if data[end : end + 1] != b",":
            raise InvalidInput("job", f"the netstring at byte {position} has no end")
        parts.append(data[colon + 1 : end])
        position = end + 1
    if not parts:
        raise InvalidInput("job", "it is empty")
    return parts


def _integer(name: str, value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        raise InvalidInput(name, f"expected a number, not {value!r}") from None


def _decoded(name: str, value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError as problem:
        raise InvalidInput(name, "expected UTF-8") from problem

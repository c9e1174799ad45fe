"""What collections can be filtered and ordered by; for type checkers, and never imported by a program that runs.

Generated from the code of the master (`make client`): not to be edited.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypedDict


RootLinkOrder = Literal[
    "name",
    "-name",
]


class RootLinkFilters(TypedDict, total=False):
    name: str | Sequence[str]
    name__eq: str | Sequence[str]
    name__ne: str | Sequence[str]
    name__in: str | Sequence[str]
    name__notin: str | Sequence[str]
    name__lt: str | Sequence[str]
    name__le: str | Sequence[str]
    name__gt: str | Sequence[str]
    name__ge: str | Sequence[str]
    name__contains: str | Sequence[str]


AuditEntryOrder = Literal[
    "action",
    "-action",
    "actor",
    "-actor",
    "address",
    "-address",
    "auditid",
    "-auditid",
    "digest",
    "-digest",
    "happened_at",
    "-happened_at",
    "method",
    "-method",
    "outcome",
    "-outcome",
    "path",
    "-path",
    "reason",
    "-reason",
    "username",
    "-username",
    "via",
    "-via",
]


class AuditEntryFilters(TypedDict, total=False):
    action: str | Sequence[str]
    action__eq: str | Sequence[str]
    action__ne: str | Sequence[str]
    action__in: str | Sequence[str]
    action__notin: str | Sequence[str]
    action__lt: str | Sequence[str]
    action__le: str | Sequence[str]
    action__gt: str | Sequence[str]
    action__ge: str | Sequence[str]
    action__contains: str | Sequence[str]
    actor: str | Sequence[str]
    actor__eq: str | Sequence[str]
    actor__ne: str | Sequence[str]
    actor__in: str | Sequence[str]
    actor__notin: str | Sequence[str]
    actor__lt: str | Sequence[str]
    actor__le: str | Sequence[str]
    actor__gt: str | Sequence[str]
    actor__ge: str | Sequence[str]
    actor__contains: str | Sequence[str]
    address: str | Sequence[str]
    address__eq: str | Sequence[str]
    address__ne: str | Sequence[str]
    address__in: str | Sequence[str]
    address__notin: str | Sequence[str]
    address__lt: str | Sequence[str]
    address__le: str | Sequence[str]
    address__gt: str | Sequence[str]
    address__ge: str | Sequence[str]
    address__contains: str | Sequence[str]
    auditid: int | Sequence[int]
    auditid__eq: int | Sequence[int]
    auditid__ne: int | Sequence[int]
    auditid__in: int | Sequence[int]
    auditid__notin: int | Sequence[int]
    auditid__lt: int | Sequence[int]
    auditid__le: int | Sequence[int]
    auditid__gt: int | Sequence[int]
    auditid__ge: int | Sequence[int]
    digest: str | Sequence[str]
    digest__eq: str | Sequence[str]
    digest__ne: str | Sequence[str]
    digest__in: str | Sequence[str]
    digest__notin: str | Sequence[str]
    digest__lt: str | Sequence[str]
    digest__le: str | Sequence[str]
    digest__gt: str | Sequence[str]
    digest__ge: str | Sequence[str]
    digest__contains: str | Sequence[str]
    happened_at: int | Sequence[int]
    happened_at__eq: int | Sequence[int]
    happened_at__ne: int | Sequence[int]
    happened_at__in: int | Sequence[int]
    happened_at__notin: int | Sequence[int]
    happened_at__lt: int | Sequence[int]
    happened_at__le: int | Sequence[int]
    happened_at__gt: int | Sequence[int]
    happened_at__ge: int | Sequence[int]
    method: str | Sequence[str]
    method__eq: str | Sequence[str]
    method__ne: str | Sequence[str]
    method__in: str | Sequence[str]
    method__notin: str | Sequence[str]
    method__lt: str | Sequence[str]
    method__le: str | Sequence[str]
    method__gt: str | Sequence[str]
    method__ge: str | Sequence[str]
    method__contains: str | Sequence[str]
    outcome: str | Sequence[str]
    outcome__eq: str | Sequence[str]
    outcome__ne: str | Sequence[str]
    outcome__in: str | Sequence[str]
    outcome__notin: str | Sequence[str]
    outcome__lt: str | Sequence[str]
    outcome__le: str | Sequence[str]
    outcome__gt: str | Sequence[str]
    outcome__ge: str | Sequence[str]
    outcome__contains: str | Sequence[str]
    path: str | Sequence[str]
    path__eq: str | Sequence[str]
    path__ne: str | Sequence[str]
    path__in: str | Sequence[str]
    path__notin: str | Sequence[str]
    path__lt: str | Sequence[str]
    path__le: str | Sequence[str]
    path__gt: str | Sequence[str]
    path__ge: str | Sequence[str]
    path__contains: str | Sequence[str]
    reason: str | Sequence[str]
    reason__eq: str | Sequence[str]
    reason__ne: str | Sequence[str]
    reason__in: str | Sequence[str]
    reason__notin: str | Sequence[str]
    reason__lt: str | Sequence[str]
    reason__le: str | Sequence[str]
    reason__gt: str | Sequence[str]
    reason__ge: str | Sequence[str]
    reason__contains: str | Sequence[str]
    username: str | Sequence[str]
    username__eq: str | Sequence[str]
    username__ne: str | Sequence[str]
    username__in: str | Sequence[str]
    username__notin: str | Sequence[str]
    username__lt: str | Sequence[str]
    username__le: str | Sequence[str]
    username__gt: str | Sequence[str]
    username__ge: str | Sequence[str]
    username__contains: str | Sequence[str]
    via: str | Sequence[str]
    via__eq: str | Sequence[str]
    via__ne: str | Sequence[str]
    via__in: str | Sequence[str]
    via__notin: str | Sequence[str]
    via__lt: str | Sequence[str]
    via__le: str | Sequence[str]
    via__gt: str | Sequence[str]
    via__ge: str | Sequence[str]
    via__contains: str | Sequence[str]


BuildDataOrder = Literal[
    "buildid",
    "-buildid",
    "length",
    "-length",
    "name",
    "-name",
    "source",
    "-source",
]


class BuildDataFilters(TypedDict, total=False):
    buildid: int | Sequence[int]
    buildid__eq: int | Sequence[int]
    buildid__ne: int | Sequence[int]
    buildid__in: int | Sequence[int]
    buildid__notin: int | Sequence[int]
    buildid__lt: int | Sequence[int]
    buildid__le: int | Sequence[int]
    buildid__gt: int | Sequence[int]
    buildid__ge: int | Sequence[int]
    length: int | Sequence[int]
    length__eq: int | Sequence[int]
    length__ne: int | Sequence[int]
    length__in: int | Sequence[int]
    length__notin: int | Sequence[int]
    length__lt: int | Sequence[int]
    length__le: int | Sequence[int]
    length__gt: int | Sequence[int]
    length__ge: int | Sequence[int]
    name: str | Sequence[str]
    name__eq: str | Sequence[str]
    name__ne: str | Sequence[str]
    name__in: str | Sequence[str]
    name__notin: str | Sequence[str]
    name__lt: str | Sequence[str]
    name__le: str | Sequence[str]
    name__gt: str | Sequence[str]
    name__ge: str | Sequence[str]
    name__contains: str | Sequence[str]
    source: str | Sequence[str]
    source__eq: str | Sequence[str]
    source__ne: str | Sequence[str]
    source__in: str | Sequence[str]
    source__notin: str | Sequence[str]
    source__lt: str | Sequence[str]
    source__le: str | Sequence[str]
    source__gt: str | Sequence[str]
    source__ge: str | Sequence[str]
    source__contains: str | Sequence[str]


BuildOrder = Literal[
    "builderid",
    "-builderid",
    "buildid",
    "-buildid",
    "buildrequestid",
    "-buildrequestid",
    "complete",
    "-complete",
    "complete_at",
    "-complete_at",
    "locks_duration_s",
    "-locks_duration_s",
    "masterid",
    "-masterid",
    "number",
    "-number",
    "results",
    "-results",
    "started_at",
    "-started_at",
    "state_string",
    "-state_string",
    "workerid",
    "-workerid",
]


class BuildFilters(TypedDict, total=False):
    builderid: int | Sequence[int]
    builderid__eq: int | Sequence[int]
    builderid__ne: int | Sequence[int]
    builderid__in: int | Sequence[int]
    builderid__notin: int | Sequence[int]
    builderid__lt: int | Sequence[int]
    builderid__le: int | Sequence[int]
    builderid__gt: int | Sequence[int]
    builderid__ge: int | Sequence[int]
    buildid: int | Sequence[int]
    buildid__eq: int | Sequence[int]
    buildid__ne: int | Sequence[int]
    buildid__in: int | Sequence[int]
    buildid__notin: int | Sequence[int]
    buildid__lt: int | Sequence[int]
    buildid__le: int | Sequence[int]
    buildid__gt: int | Sequence[int]
    buildid__ge: int | Sequence[int]
    buildrequestid: int | Sequence[int]
    buildrequestid__eq: int | Sequence[int]
    buildrequestid__ne: int | Sequence[int]
    buildrequestid__in: int | Sequence[int]
    buildrequestid__notin: int | Sequence[int]
    buildrequestid__lt: int | Sequence[int]
    buildrequestid__le: int | Sequence[int]
    buildrequestid__gt: int | Sequence[int]
    buildrequestid__ge: int | Sequence[int]
    complete: bool
    complete__eq: bool
    complete__ne: bool
    complete__in: bool
    complete__notin: bool
    complete_at: int | Sequence[int]
    complete_at__eq: int | Sequence[int]
    complete_at__ne: int | Sequence[int]
    complete_at__in: int | Sequence[int]
    complete_at__notin: int | Sequence[int]
    complete_at__lt: int | Sequence[int]
    complete_at__le: int | Sequence[int]
    complete_at__gt: int | Sequence[int]
    complete_at__ge: int | Sequence[int]
    locks_duration_s: int | Sequence[int]
    locks_duration_s__eq: int | Sequence[int]
    locks_duration_s__ne: int | Sequence[int]
    locks_duration_s__in: int | Sequence[int]
    locks_duration_s__notin: int | Sequence[int]
    locks_duration_s__lt: int | Sequence[int]
    locks_duration_s__le: int | Sequence[int]
    locks_duration_s__gt: int | Sequence[int]
    locks_duration_s__ge: int | Sequence[int]
    masterid: int | Sequence[int]
    masterid__eq: int | Sequence[int]
    masterid__ne: int | Sequence[int]
    masterid__in: int | Sequence[int]
    masterid__notin: int | Sequence[int]
    masterid__lt: int | Sequence[int]
    masterid__le: int | Sequence[int]
    masterid__gt: int | Sequence[int]
    masterid__ge: int | Sequence[int]
    number: int | Sequence[int]
    number__eq: int | Sequence[int]
    number__ne: int | Sequence[int]
    number__in: int | Sequence[int]
    number__notin: int | Sequence[int]
    number__lt: int | Sequence[int]
    number__le: int | Sequence[int]
    number__gt: int | Sequence[int]
    number__ge: int | Sequence[int]
    results: int | Sequence[int]
    results__eq: int | Sequence[int]
    results__ne: int | Sequence[int]
    results__in: int | Sequence[int]
    results__notin: int | Sequence[int]
    results__lt: int | Sequence[int]
    results__le: int | Sequence[int]
    results__gt: int | Sequence[int]
    results__ge: int | Sequence[int]
    started_at: int | Sequence[int]
    started_at__eq: int | Sequence[int]
    started_at__ne: int | Sequence[int]
    started_at__in: int | Sequence[int]
    started_at__notin: int | Sequence[int]
    started_at__lt: int | Sequence[int]
    started_at__le: int | Sequence[int]
    started_at__gt: int | Sequence[int]
    started_at__ge: int | Sequence[int]
    state_string: str | Sequence[str]
    state_string__eq: str | Sequence[str]
    state_string__ne: str | Sequence[str]
    state_string__in: str | Sequence[str]
    state_string__notin: str | Sequence[str]
    state_string__lt: str | Sequence[str]
    state_string__le: str | Sequence[str]
    state_string__gt: str | Sequence[str]
    state_string__ge: str | Sequence[str]
    state_string__contains: str | Sequence[str]
    workerid: int | Sequence[int]
    workerid__eq: int | Sequence[int]
    workerid__ne: int | Sequence[int]
    workerid__in: int | Sequence[int]
    workerid__notin: int | Sequence[int]
    workerid__lt: int | Sequence[int]
    workerid__le: int | Sequence[int]
    workerid__gt: int | Sequence[int]
    workerid__ge: int | Sequence[int]


PropertyOrder = Literal[
    "name",
    "-name",
    "source",
    "-source",
]


class PropertyFilters(TypedDict, total=False):
    name: str | Sequence[str]
    name__eq: str | Sequence[str]
    name__ne: str | Sequence[str]
    name__in: str | Sequence[str]
    name__notin: str | Sequence[str]
    name__lt: str | Sequence[str]
    name__le: str | Sequence[str]
    name__gt: str | Sequence[str]
    name__ge: str | Sequence[str]
    name__contains: str | Sequence[str]
    source: str | Sequence[str]
    source__eq: str | Sequence[str]
    source__ne: str | Sequence[str]
    source__in: str | Sequence[str]
    source__notin: str | Sequence[str]
    source__lt: str | Sequence[str]
    source__le: str | Sequence[str]
    source__gt: str | Sequence[str]
    source__ge: str | Sequence[str]
    source__contains: str | Sequence[str]


CommitOrder = Literal[
    "author",
    "-author",
    "codebaseid",
    "-codebaseid",
    "comments",
    "-comments",
    "commitid",
    "-commitid",
    "committer",
    "-committer",
    "parent_commitid",
    "-parent_commitid",
    "revision",
    "-revision",
    "when_timestamp",
    "-when_timestamp",
]


class CommitFilters(TypedDict, total=False):
    author: str | Sequence[str]
    author__eq: str | Sequence[str]
    author__ne: str | Sequence[str]
    author__in: str | Sequence[str]
    author__notin: str | Sequence[str]
    author__lt: str | Sequence[str]
    author__le: str | Sequence[str]
    author__gt: str | Sequence[str]
    author__ge: str | Sequence[str]
    author__contains: str | Sequence[str]
    codebaseid: int | Sequence[int]
    codebaseid__eq: int | Sequence[int]
    codebaseid__ne: int | Sequence[int]
    codebaseid__in: int | Sequence[int]
    codebaseid__notin: int | Sequence[int]
    codebaseid__lt: int | Sequence[int]
    codebaseid__le: int | Sequence[int]
    codebaseid__gt: int | Sequence[int]
    codebaseid__ge: int | Sequence[int]
    comments: str | Sequence[str]
    comments__eq: str | Sequence[str]
    comments__ne: str | Sequence[str]
    comments__in: str | Sequence[str]
    comments__notin: str | Sequence[str]
    comments__lt: str | Sequence[str]
    comments__le: str | Sequence[str]
    comments__gt: str | Sequence[str]
    comments__ge: str | Sequence[str]
    comments__contains: str | Sequence[str]
    commitid: int | Sequence[int]
    commitid__eq: int | Sequence[int]
    commitid__ne: int | Sequence[int]
    commitid__in: int | Sequence[int]
    commitid__notin: int | Sequence[int]
    commitid__lt: int | Sequence[int]
    commitid__le: int | Sequence[int]
    commitid__gt: int | Sequence[int]
    commitid__ge: int | Sequence[int]
    committer: str | Sequence[str]
    committer__eq: str | Sequence[str]
    committer__ne: str | Sequence[str]
    committer__in: str | Sequence[str]
    committer__notin: str | Sequence[str]
    committer__lt: str | Sequence[str]
    committer__le: str | Sequence[str]
    committer__gt: str | Sequence[str]
    committer__ge: str | Sequence[str]
    committer__contains: str | Sequence[str]
    parent_commitid: int | Sequence[int]
    parent_commitid__eq: int | Sequence[int]
    parent_commitid__ne: int | Sequence[int]
    parent_commitid__in: int | Sequence[int]
    parent_commitid__notin: int | Sequence[int]
    parent_commitid__lt: int | Sequence[int]
    parent_commitid__le: int | Sequence[int]
    parent_commitid__gt: int | Sequence[int]
    parent_commitid__ge: int | Sequence[int]
    revision: str | Sequence[str]
    revision__eq: str | Sequence[str]
    revision__ne: str | Sequence[str]
    revision__in: str | Sequence[str]
    revision__notin: str | Sequence[str]
    revision__lt: str | Sequence[str]
    revision__le: str | Sequence[str]
    revision__gt: str | Sequence[str]
    revision__ge: str | Sequence[str]
    revision__contains: str | Sequence[str]
    when_timestamp: int | Sequence[int]
    when_timestamp__eq: int | Sequence[int]
    when_timestamp__ne: int | Sequence[int]
    when_timestamp__in: int | Sequence[int]
    when_timestamp__notin: int | Sequence[int]
    when_timestamp__lt: int | Sequence[int]
    when_timestamp__le: int | Sequence[int]
    when_timestamp__gt: int | Sequence[int]
    when_timestamp__ge: int | Sequence[int]


BranchOrder = Literal[
    "branchid",
    "-branchid",
    "codebaseid",
    "-codebaseid",
    "commitid",
    "-commitid",
    "last_timestamp",
    "-last_timestamp",
    "name",
    "-name",
]


class BranchFilters(TypedDict, total=False):
    branchid: int | Sequence[int]
    branchid__eq: int | Sequence[int]
    branchid__ne: int | Sequence[int]
    branchid__in: int | Sequence[int]
    branchid__notin: int | Sequence[int]
    branchid__lt: int | Sequence[int]
    branchid__le: int | Sequence[int]
    branchid__gt: int | Sequence[int]
    branchid__ge: int | Sequence[int]
    codebaseid: int | Sequence[int]
    codebaseid__eq: int | Sequence[int]
    codebaseid__ne: int | Sequence[int]
    codebaseid__in: int | Sequence[int]
    codebaseid__notin: int | Sequence[int]
    codebaseid__lt: int | Sequence[int]
    codebaseid__le: int | Sequence[int]
    codebaseid__gt: int | Sequence[int]
    codebaseid__ge: int | Sequence[int]
    commitid: int | Sequence[int]
    commitid__eq: int | Sequence[int]
    commitid__ne: int | Sequence[int]
    commitid__in: int | Sequence[int]
    commitid__notin: int | Sequence[int]
    commitid__lt: int | Sequence[int]
    commitid__le: int | Sequence[int]
    commitid__gt: int | Sequence[int]
    commitid__ge: int | Sequence[int]
    last_timestamp: int | Sequence[int]
    last_timestamp__eq: int | Sequence[int]
    last_timestamp__ne: int | Sequence[int]
    last_timestamp__in: int | Sequence[int]
    last_timestamp__notin: int | Sequence[int]
    last_timestamp__lt: int | Sequence[int]
    last_timestamp__le: int | Sequence[int]
    last_timestamp__gt: int | Sequence[int]
    last_timestamp__ge: int | Sequence[int]
    name: str | Sequence[str]
    name__eq: str | Sequence[str]
    name__ne: str | Sequence[str]
    name__in: str | Sequence[str]
    name__notin: str | Sequence[str]
    name__lt: str | Sequence[str]
    name__le: str | Sequence[str]
    name__gt: str | Sequence[str]
    name__ge: str | Sequence[str]
    name__contains: str | Sequence[str]


BuilderOrder = Literal[
    "builderid",
    "-builderid",
    "description",
    "-description",
    "description_format",
    "-description_format",
    "description_html",
    "-description_html",
    "name",
    "-name",
    "projectid",
    "-projectid",
]


class BuilderFilters(TypedDict, total=False):
    builderid: int | Sequence[int]
    builderid__eq: int | Sequence[int]
    builderid__ne: int | Sequence[int]
    builderid__in: int | Sequence[int]
    builderid__notin: int | Sequence[int]
    builderid__lt: int | Sequence[int]
    builderid__le: int | Sequence[int]
    builderid__gt: int | Sequence[int]
    builderid__ge: int | Sequence[int]
    description: str | Sequence[str]
    description__eq: str | Sequence[str]
    description__ne: str | Sequence[str]
    description__in: str | Sequence[str]
    description__notin: str | Sequence[str]
    description__lt: str | Sequence[str]
    description__le: str | Sequence[str]
    description__gt: str | Sequence[str]
    description__ge: str | Sequence[str]
    description__contains: str | Sequence[str]
    description_format: str | Sequence[str]
    description_format__eq: str | Sequence[str]
    description_format__ne: str | Sequence[str]
    description_format__in: str | Sequence[str]
    description_format__notin: str | Sequence[str]
    description_format__lt: str | Sequence[str]
    description_format__le: str | Sequence[str]
    description_format__gt: str | Sequence[str]
    description_format__ge: str | Sequence[str]
    description_format__contains: str | Sequence[str]
    description_html: str | Sequence[str]
    description_html__eq: str | Sequence[str]
    description_html__ne: str | Sequence[str]
    description_html__in: str | Sequence[str]
    description_html__notin: str | Sequence[str]
    description_html__lt: str | Sequence[str]
    description_html__le: str | Sequence[str]
    description_html__gt: str | Sequence[str]
    description_html__ge: str | Sequence[str]
    description_html__contains: str | Sequence[str]
    masterids__contains: int | Sequence[int]
    name: str | Sequence[str]
    name__eq: str | Sequence[str]
    name__ne: str | Sequence[str]
    name__in: str | Sequence[str]
    name__notin: str | Sequence[str]
    name__lt: str | Sequence[str]
    name__le: str | Sequence[str]
    name__gt: str | Sequence[str]
    name__ge: str | Sequence[str]
    name__contains: str | Sequence[str]
    projectid: int | Sequence[int]
    projectid__eq: int | Sequence[int]
    projectid__ne: int | Sequence[int]
    projectid__in: int | Sequence[int]
    projectid__notin: int | Sequence[int]
    projectid__lt: int | Sequence[int]
    projectid__le: int | Sequence[int]
    projectid__gt: int | Sequence[int]
    projectid__ge: int | Sequence[int]
    tags__contains: str | Sequence[str]


CodebaseOrder = Literal[
    "codebaseid",
    "-codebaseid",
    "name",
    "-name",
    "projectid",
    "-projectid",
    "slug",
    "-slug",
]


class CodebaseFilters(TypedDict, total=False):
    codebaseid: int | Sequence[int]
    codebaseid__eq: int | Sequence[int]
    codebaseid__ne: int | Sequence[int]
    codebaseid__in: int | Sequence[int]
    codebaseid__notin: int | Sequence[int]
    codebaseid__lt: int | Sequence[int]
    codebaseid__le: int | Sequence[int]
    codebaseid__gt: int | Sequence[int]
    codebaseid__ge: int | Sequence[int]
    name: str | Sequence[str]
    name__eq: str | Sequence[str]
    name__ne: str | Sequence[str]
    name__in: str | Sequence[str]
    name__notin: str | Sequence[str]
    name__lt: str | Sequence[str]
    name__le: str | Sequence[str]
    name__gt: str | Sequence[str]
    name__ge: str | Sequence[str]
    name__contains: str | Sequence[str]
    projectid: int | Sequence[int]
    projectid__eq: int | Sequence[int]
    projectid__ne: int | Sequence[int]
    projectid__in: int | Sequence[int]
    projectid__notin: int | Sequence[int]
    projectid__lt: int | Sequence[int]
    projectid__le: int | Sequence[int]
    projectid__gt: int | Sequence[int]
    projectid__ge: int | Sequence[int]
    slug: str | Sequence[str]
    slug__eq: str | Sequence[str]
    slug__ne: str | Sequence[str]
    slug__in: str | Sequence[str]
    slug__notin: str | Sequence[str]
    slug__lt: str | Sequence[str]
    slug__le: str | Sequence[str]
    slug__gt: str | Sequence[str]
    slug__ge: str | Sequence[str]
    slug__contains: str | Sequence[str]


WorkerOrder = Literal[
    "graceful",
    "-graceful",
    "name",
    "-name",
    "pause_reason",
    "-pause_reason",
    "paused",
    "-paused",
    "workerid",
    "-workerid",
]


class WorkerFilters(TypedDict, total=False):
    graceful: bool
    graceful__eq: bool
    graceful__ne: bool
    graceful__in: bool
    graceful__notin: bool
    name: str | Sequence[str]
    name__eq: str | Sequence[str]
    name__ne: str | Sequence[str]
    name__in: str | Sequence[str]
    name__notin: str | Sequence[str]
    name__lt: str | Sequence[str]
    name__le: str | Sequence[str]
    name__gt: str | Sequence[str]
    name__ge: str | Sequence[str]
    name__contains: str | Sequence[str]
    pause_reason: str | Sequence[str]
    pause_reason__eq: str | Sequence[str]
    pause_reason__ne: str | Sequence[str]
    pause_reason__in: str | Sequence[str]
    pause_reason__notin: str | Sequence[str]
    pause_reason__lt: str | Sequence[str]
    pause_reason__le: str | Sequence[str]
    pause_reason__gt: str | Sequence[str]
    pause_reason__ge: str | Sequence[str]
    pause_reason__contains: str | Sequence[str]
    paused: bool
    paused__eq: bool
    paused__ne: bool
    paused__in: bool
    paused__notin: bool
    workerid: int | Sequence[int]
    workerid__eq: int | Sequence[int]
    workerid__ne: int | Sequence[int]
    workerid__in: int | Sequence[int]
    workerid__notin: int | Sequence[int]
    workerid__lt: int | Sequence[int]
    workerid__le: int | Sequence[int]
    workerid__gt: int | Sequence[int]
    workerid__ge: int | Sequence[int]


ChangeSourceOrder = Literal[
    "changesourceid",
    "-changesourceid",
    "name",
    "-name",
]


class ChangeSourceFilters(TypedDict, total=False):
    changesourceid: int | Sequence[int]
    changesourceid__eq: int | Sequence[int]
    changesourceid__ne: int | Sequence[int]
    changesourceid__in: int | Sequence[int]
    changesourceid__notin: int | Sequence[int]
    changesourceid__lt: int | Sequence[int]
    changesourceid__le: int | Sequence[int]
    changesourceid__gt: int | Sequence[int]
    changesourceid__ge: int | Sequence[int]
    name: str | Sequence[str]
    name__eq: str | Sequence[str]
    name__ne: str | Sequence[str]
    name__in: str | Sequence[str]
    name__notin: str | Sequence[str]
    name__lt: str | Sequence[str]
    name__le: str | Sequence[str]
    name__gt: str | Sequence[str]
    name__ge: str | Sequence[str]
    name__contains: str | Sequence[str]


MasterOrder = Literal[
    "active",
    "-active",
    "last_active",
    "-last_active",
    "masterid",
    "-masterid",
    "name",
    "-name",
]


class MasterFilters(TypedDict, total=False):
    active: bool
    active__eq: bool
    active__ne: bool
    active__in: bool
    active__notin: bool
    last_active: int | Sequence[int]
    last_active__eq: int | Sequence[int]
    last_active__ne: int | Sequence[int]
    last_active__in: int | Sequence[int]
    last_active__notin: int | Sequence[int]
    last_active__lt: int | Sequence[int]
    last_active__le: int | Sequence[int]
    last_active__gt: int | Sequence[int]
    last_active__ge: int | Sequence[int]
    masterid: int | Sequence[int]
    masterid__eq: int | Sequence[int]
    masterid__ne: int | Sequence[int]
    masterid__in: int | Sequence[int]
    masterid__notin: int | Sequence[int]
    masterid__lt: int | Sequence[int]
    masterid__le: int | Sequence[int]
    masterid__gt: int | Sequence[int]
    masterid__ge: int | Sequence[int]
    name: str | Sequence[str]
    name__eq: str | Sequence[str]
    name__ne: str | Sequence[str]
    name__in: str | Sequence[str]
    name__notin: str | Sequence[str]
    name__lt: str | Sequence[str]
    name__le: str | Sequence[str]
    name__gt: str | Sequence[str]
    name__ge: str | Sequence[str]
    name__contains: str | Sequence[str]


SchedulerOrder = Literal[
    "enabled",
    "-enabled",
    "name",
    "-name",
    "schedulerid",
    "-schedulerid",
]


class SchedulerFilters(TypedDict, total=False):
    enabled: bool
    enabled__eq: bool
    enabled__ne: bool
    enabled__in: bool
    enabled__notin: bool
    name: str | Sequence[str]
    name__eq: str | Sequence[str]
    name__ne: str | Sequence[str]
    name__in: str | Sequence[str]
    name__notin: str | Sequence[str]
    name__lt: str | Sequence[str]
    name__le: str | Sequence[str]
    name__gt: str | Sequence[str]
    name__ge: str | Sequence[str]
    name__contains: str | Sequence[str]
    schedulerid: int | Sequence[int]
    schedulerid__eq: int | Sequence[int]
    schedulerid__ne: int | Sequence[int]
    schedulerid__in: int | Sequence[int]
    schedulerid__notin: int | Sequence[int]
    schedulerid__lt: int | Sequence[int]
    schedulerid__le: int | Sequence[int]
    schedulerid__gt: int | Sequence[int]
    schedulerid__ge: int | Sequence[int]


ProjectOrder = Literal[
    "active",
    "-active",
    "description",
    "-description",
    "description_format",
    "-description_format",
    "description_html",
    "-description_html",
    "name",
    "-name",
    "projectid",
    "-projectid",
    "slug",
    "-slug",
]


class ProjectFilters(TypedDict, total=False):
    active: bool
    active__eq: bool
    active__ne: bool
    active__in: bool
    active__notin: bool
    description: str | Sequence[str]
    description__eq: str | Sequence[str]
    description__ne: str | Sequence[str]
    description__in: str | Sequence[str]
    description__notin: str | Sequence[str]
    description__lt: str | Sequence[str]
    description__le: str | Sequence[str]
    description__gt: str | Sequence[str]
    description__ge: str | Sequence[str]
    description__contains: str | Sequence[str]
    description_format: str | Sequence[str]
    description_format__eq: str | Sequence[str]
    description_format__ne: str | Sequence[str]
    description_format__in: str | Sequence[str]
    description_format__notin: str | Sequence[str]
    description_format__lt: str | Sequence[str]
    description_format__le: str | Sequence[str]
    description_format__gt: str | Sequence[str]
    description_format__ge: str | Sequence[str]
    description_format__contains: str | Sequence[str]
    description_html: str | Sequence[str]
    description_html__eq: str | Sequence[str]
    description_html__ne: str | Sequence[str]
    description_html__in: str | Sequence[str]
    description_html__notin: str | Sequence[str]
    description_html__lt: str | Sequence[str]
    description_html__le: str | Sequence[str]
    description_html__gt: str | Sequence[str]
    description_html__ge: str | Sequence[str]
    description_html__contains: str | Sequence[str]
    name: str | Sequence[str]
    name__eq: str | Sequence[str]
    name__ne: str | Sequence[str]
    name__in: str | Sequence[str]
    name__notin: str | Sequence[str]
    name__lt: str | Sequence[str]
    name__le: str | Sequence[str]
    name__gt: str | Sequence[str]
    name__ge: str | Sequence[str]
    name__contains: str | Sequence[str]
    projectid: int | Sequence[int]
    projectid__eq: int | Sequence[int]
    projectid__ne: int | Sequence[int]
    projectid__in: int | Sequence[int]
    projectid__notin: int | Sequence[int]
    projectid__lt: int | Sequence[int]
    projectid__le: int | Sequence[int]
    projectid__gt: int | Sequence[int]
    projectid__ge: int | Sequence[int]
    slug: str | Sequence[str]
    slug__eq: str | Sequence[str]
    slug__ne: str | Sequence[str]
    slug__in: str | Sequence[str]
    slug__notin: str | Sequence[str]
    slug__lt: str | Sequence[str]
    slug__le: str | Sequence[str]
    slug__gt: str | Sequence[str]
    slug__ge: str | Sequence[str]
    slug__contains: str | Sequence[str]


EnvironmentValueOrder = Literal[
    "name",
    "-name",
    "secret",
    "-secret",
    "section",
    "-section",
    "value",
    "-value",
]


class EnvironmentValueFilters(TypedDict, total=False):
    name: str | Sequence[str]
    name__eq: str | Sequence[str]
    name__ne: str | Sequence[str]
    name__in: str | Sequence[str]
    name__notin: str | Sequence[str]
    name__lt: str | Sequence[str]
    name__le: str | Sequence[str]
    name__gt: str | Sequence[str]
    name__ge: str | Sequence[str]
    name__contains: str | Sequence[str]
    secret: bool
    secret__eq: bool
    secret__ne: bool
    secret__in: bool
    secret__notin: bool
    section: str | Sequence[str]
    section__eq: str | Sequence[str]
    section__ne: str | Sequence[str]
    section__in: str | Sequence[str]
    section__notin: str | Sequence[str]
    section__lt: str | Sequence[str]
    section__le: str | Sequence[str]
    section__gt: str | Sequence[str]
    section__ge: str | Sequence[str]
    section__contains: str | Sequence[str]
    value: str | Sequence[str]
    value__eq: str | Sequence[str]
    value__ne: str | Sequence[str]
    value__in: str | Sequence[str]
    value__notin: str | Sequence[str]
    value__lt: str | Sequence[str]
    value__le: str | Sequence[str]
    value__gt: str | Sequence[str]
    value__ge: str | Sequence[str]
    value__contains: str | Sequence[str]


ReasonOrder = Literal[
    "buildid",
    "-buildid",
    "code",
    "-code",
    "function",
    "-function",
    "lock",
    "-lock",
    "position",
    "-position",
    "text",
    "-text",
    "worker",
    "-worker",
    "workerid",
    "-workerid",
]


class ReasonFilters(TypedDict, total=False):
    buildid: int | Sequence[int]
    buildid__eq: int | Sequence[int]
    buildid__ne: int | Sequence[int]
    buildid__in: int | Sequence[int]
    buildid__notin: int | Sequence[int]
    buildid__lt: int | Sequence[int]
    buildid__le: int | Sequence[int]
    buildid__gt: int | Sequence[int]
    buildid__ge: int | Sequence[int]
    buildids__contains: int | Sequence[int]
    code: str | Sequence[str]
    code__eq: str | Sequence[str]
    code__ne: str | Sequence[str]
    code__in: str | Sequence[str]
    code__notin: str | Sequence[str]
    code__lt: str | Sequence[str]
    code__le: str | Sequence[str]
    code__gt: str | Sequence[str]
    code__ge: str | Sequence[str]
    code__contains: str | Sequence[str]
    function: str | Sequence[str]
    function__eq: str | Sequence[str]
    function__ne: str | Sequence[str]
    function__in: str | Sequence[str]
    function__notin: str | Sequence[str]
    function__lt: str | Sequence[str]
    function__le: str | Sequence[str]
    function__gt: str | Sequence[str]
    function__ge: str | Sequence[str]
    function__contains: str | Sequence[str]
    lock: str | Sequence[str]
    lock__eq: str | Sequence[str]
    lock__ne: str | Sequence[str]
    lock__in: str | Sequence[str]
    lock__notin: str | Sequence[str]
    lock__lt: str | Sequence[str]
    lock__le: str | Sequence[str]
    lock__gt: str | Sequence[str]
    lock__ge: str | Sequence[str]
    lock__contains: str | Sequence[str]
    position: int | Sequence[int]
    position__eq: int | Sequence[int]
    position__ne: int | Sequence[int]
    position__in: int | Sequence[int]
    position__notin: int | Sequence[int]
    position__lt: int | Sequence[int]
    position__le: int | Sequence[int]
    position__gt: int | Sequence[int]
    position__ge: int | Sequence[int]
    text: str | Sequence[str]
    text__eq: str | Sequence[str]
    text__ne: str | Sequence[str]
    text__in: str | Sequence[str]
    text__notin: str | Sequence[str]
    text__lt: str | Sequence[str]
    text__le: str | Sequence[str]
    text__gt: str | Sequence[str]
    text__ge: str | Sequence[str]
    text__contains: str | Sequence[str]
    worker: str | Sequence[str]
    worker__eq: str | Sequence[str]
    worker__ne: str | Sequence[str]
    worker__in: str | Sequence[str]
    worker__notin: str | Sequence[str]
    worker__lt: str | Sequence[str]
    worker__le: str | Sequence[str]
    worker__gt: str | Sequence[str]
    worker__ge: str | Sequence[str]
    worker__contains: str | Sequence[str]
    workerid: int | Sequence[int]
    workerid__eq: int | Sequence[int]
    workerid__ne: int | Sequence[int]
    workerid__in: int | Sequence[int]
    workerid__notin: int | Sequence[int]
    workerid__lt: int | Sequence[int]
    workerid__le: int | Sequence[int]
    workerid__gt: int | Sequence[int]
    workerid__ge: int | Sequence[int]


ForceSchedulerOrder = Literal[
    "button_name",
    "-button_name",
    "enabled",
    "-enabled",
    "label",
    "-label",
    "name",
    "-name",
]


class ForceSchedulerFilters(TypedDict, total=False):
    builder_names__contains: str | Sequence[str]
    button_name: str | Sequence[str]
    button_name__eq: str | Sequence[str]
    button_name__ne: str | Sequence[str]
    button_name__in: str | Sequence[str]
    button_name__notin: str | Sequence[str]
    button_name__lt: str | Sequence[str]
    button_name__le: str | Sequence[str]
    button_name__gt: str | Sequence[str]
    button_name__ge: str | Sequence[str]
    button_name__contains: str | Sequence[str]
    enabled: bool
    enabled__eq: bool
    enabled__ne: bool
    enabled__in: bool
    enabled__notin: bool
    label: str | Sequence[str]
    label__eq: str | Sequence[str]
    label__ne: str | Sequence[str]
    label__in: str | Sequence[str]
    label__notin: str | Sequence[str]
    label__lt: str | Sequence[str]
    label__le: str | Sequence[str]
    label__gt: str | Sequence[str]
    label__ge: str | Sequence[str]
    label__contains: str | Sequence[str]
    name: str | Sequence[str]
    name__eq: str | Sequence[str]
    name__ne: str | Sequence[str]
    name__in: str | Sequence[str]
    name__notin: str | Sequence[str]
    name__lt: str | Sequence[str]
    name__le: str | Sequence[str]
    name__gt: str | Sequence[str]
    name__ge: str | Sequence[str]
    name__contains: str | Sequence[str]


GraphBuildResourceOrder = Literal[
    "abort_on_failure",
    "-abort_on_failure",
    "branch",
    "-branch",
    "cancelled_by",
    "-cancelled_by",
    "created_at_ms",
    "-created_at_ms",
    "created_by",
    "-created_by",
    "finished_at_ms",
    "-finished_at_ms",
    "forced",
    "-forced",
    "graph_buildid",
    "-graph_buildid",
    "notifications",
    "-notifications",
    "retry_backoff_ms",
    "-retry_backoff_ms",
    "retry_count",
    "-retry_count",
    "rid",
    "-rid",
    "schedule_rid",
    "-schedule_rid",
    "status",
    "-status",
]


class GraphBuildResourceFilters(TypedDict, total=False):
    abort_on_failure: bool
    abort_on_failure__eq: bool
    abort_on_failure__ne: bool
    abort_on_failure__in: bool
    abort_on_failure__notin: bool
    branch: str | Sequence[str]
    branch__eq: str | Sequence[str]
    branch__ne: str | Sequence[str]
    branch__in: str | Sequence[str]
    branch__notin: str | Sequence[str]
    branch__lt: str | Sequence[str]
    branch__le: str | Sequence[str]
    branch__gt: str | Sequence[str]
    branch__ge: str | Sequence[str]
    branch__contains: str | Sequence[str]
    cancelled_by: str | Sequence[str]
    cancelled_by__eq: str | Sequence[str]
    cancelled_by__ne: str | Sequence[str]
    cancelled_by__in: str | Sequence[str]
    cancelled_by__notin: str | Sequence[str]
    cancelled_by__lt: str | Sequence[str]
    cancelled_by__le: str | Sequence[str]
    cancelled_by__gt: str | Sequence[str]
    cancelled_by__ge: str | Sequence[str]
    cancelled_by__contains: str | Sequence[str]
    created_at_ms: int | Sequence[int]
    created_at_ms__eq: int | Sequence[int]
    created_at_ms__ne: int | Sequence[int]
    created_at_ms__in: int | Sequence[int]
    created_at_ms__notin: int | Sequence[int]
    created_at_ms__lt: int | Sequence[int]
    created_at_ms__le: int | Sequence[int]
    created_at_ms__gt: int | Sequence[int]
    created_at_ms__ge: int | Sequence[int]
    created_by: str | Sequence[str]
    created_by__eq: str | Sequence[str]
    created_by__ne: str | Sequence[str]
    created_by__in: str | Sequence[str]
    created_by__notin: str | Sequence[str]
    created_by__lt: str | Sequence[str]
    created_by__le: str | Sequence[str]
    created_by__gt: str | Sequence[str]
    created_by__ge: str | Sequence[str]
    created_by__contains: str | Sequence[str]
    fallbacks__contains: str | Sequence[str]
    finished_at_ms: int | Sequence[int]
    finished_at_ms__eq: int | Sequence[int]
    finished_at_ms__ne: int | Sequence[int]
    finished_at_ms__in: int | Sequence[int]
    finished_at_ms__notin: int | Sequence[int]
    finished_at_ms__lt: int | Sequence[int]
    finished_at_ms__le: int | Sequence[int]
    finished_at_ms__gt: int | Sequence[int]
    finished_at_ms__ge: int | Sequence[int]
    forced: bool
    forced__eq: bool
    forced__ne: bool
    forced__in: bool
    forced__notin: bool
    graph_buildid: int | Sequence[int]
    graph_buildid__eq: int | Sequence[int]
    graph_buildid__ne: int | Sequence[int]
    graph_buildid__in: int | Sequence[int]
    graph_buildid__notin: int | Sequence[int]
    graph_buildid__lt: int | Sequence[int]
    graph_buildid__le: int | Sequence[int]
    graph_buildid__gt: int | Sequence[int]
    graph_buildid__ge: int | Sequence[int]
    notifications: bool
    notifications__eq: bool
    notifications__ne: bool
    notifications__in: bool
    notifications__notin: bool
    retry_backoff_ms: int | Sequence[int]
    retry_backoff_ms__eq: int | Sequence[int]
    retry_backoff_ms__ne: int | Sequence[int]
    retry_backoff_ms__in: int | Sequence[int]
    retry_backoff_ms__notin: int | Sequence[int]
    retry_backoff_ms__lt: int | Sequence[int]
    retry_backoff_ms__le: int | Sequence[int]
    retry_backoff_ms__gt: int | Sequence[int]
    retry_backoff_ms__ge: int | Sequence[int]
    retry_count: int | Sequence[int]
    retry_count__eq: int | Sequence[int]
    retry_count__ne: int | Sequence[int]
    retry_count__in: int | Sequence[int]
    retry_count__notin: int | Sequence[int]
    retry_count__lt: int | Sequence[int]
    retry_count__le: int | Sequence[int]
    retry_count__gt: int | Sequence[int]
    retry_count__ge: int | Sequence[int]
    rid: str | Sequence[str]
    rid__eq: str | Sequence[str]
    rid__ne: str | Sequence[str]
    rid__in: str | Sequence[str]
    rid__notin: str | Sequence[str]
    rid__lt: str | Sequence[str]
    rid__le: str | Sequence[str]
    rid__gt: str | Sequence[str]
    rid__ge: str | Sequence[str]
    rid__contains: str | Sequence[str]
    schedule_rid: str | Sequence[str]
    schedule_rid__eq: str | Sequence[str]
    schedule_rid__ne: str | Sequence[str]
    schedule_rid__in: str | Sequence[str]
    schedule_rid__notin: str | Sequence[str]
    schedule_rid__lt: str | Sequence[str]
    schedule_rid__le: str | Sequence[str]
    schedule_rid__gt: str | Sequence[str]
    schedule_rid__ge: str | Sequence[str]
    schedule_rid__contains: str | Sequence[str]
    status: str | Sequence[str]
    status__eq: str | Sequence[str]
    status__ne: str | Sequence[str]
    status__in: str | Sequence[str]
    status__notin: str | Sequence[str]
    status__lt: str | Sequence[str]
    status__le: str | Sequence[str]
    status__gt: str | Sequence[str]
    status__ge: str | Sequence[str]
    status__contains: str | Sequence[str]


GraphJobResourceOrder = Literal[
    "build_rid",
    "-build_rid",
    "finished_at_ms",
    "-finished_at_ms",
    "graph_jobid",
    "-graph_jobid",
    "latest_attempt_at_ms",
    "-latest_attempt_at_ms",
    "position",
    "-position",
    "reason",
    "-reason",
    "retry_at_ms",
    "-retry_at_ms",
    "rid",
    "-rid",
    "spec_id",
    "-spec_id",
    "started_at_ms",
    "-started_at_ms",
    "status",
    "-status",
]


class GraphJobResourceFilters(TypedDict, total=False):
    build_rid: str | Sequence[str]
    build_rid__eq: str | Sequence[str]
    build_rid__ne: str | Sequence[str]
    build_rid__in: str | Sequence[str]
    build_rid__notin: str | Sequence[str]
    build_rid__lt: str | Sequence[str]
    build_rid__le: str | Sequence[str]
    build_rid__gt: str | Sequence[str]
    build_rid__ge: str | Sequence[str]
    build_rid__contains: str | Sequence[str]
    finished_at_ms: int | Sequence[int]
    finished_at_ms__eq: int | Sequence[int]
    finished_at_ms__ne: int | Sequence[int]
    finished_at_ms__in: int | Sequence[int]
    finished_at_ms__notin: int | Sequence[int]
    finished_at_ms__lt: int | Sequence[int]
    finished_at_ms__le: int | Sequence[int]
    finished_at_ms__gt: int | Sequence[int]
    finished_at_ms__ge: int | Sequence[int]
    graph_jobid: int | Sequence[int]
    graph_jobid__eq: int | Sequence[int]
    graph_jobid__ne: int | Sequence[int]
    graph_jobid__in: int | Sequence[int]
    graph_jobid__notin: int | Sequence[int]
    graph_jobid__lt: int | Sequence[int]
    graph_jobid__le: int | Sequence[int]
    graph_jobid__gt: int | Sequence[int]
    graph_jobid__ge: int | Sequence[int]
    latest_attempt_at_ms: int | Sequence[int]
    latest_attempt_at_ms__eq: int | Sequence[int]
    latest_attempt_at_ms__ne: int | Sequence[int]
    latest_attempt_at_ms__in: int | Sequence[int]
    latest_attempt_at_ms__notin: int | Sequence[int]
    latest_attempt_at_ms__lt: int | Sequence[int]
    latest_attempt_at_ms__le: int | Sequence[int]
    latest_attempt_at_ms__gt: int | Sequence[int]
    latest_attempt_at_ms__ge: int | Sequence[int]
    position: int | Sequence[int]
    position__eq: int | Sequence[int]
    position__ne: int | Sequence[int]
    position__in: int | Sequence[int]
    position__notin: int | Sequence[int]
    position__lt: int | Sequence[int]
    position__le: int | Sequence[int]
    position__gt: int | Sequence[int]
    position__ge: int | Sequence[int]
    reason: str | Sequence[str]
    reason__eq: str | Sequence[str]
    reason__ne: str | Sequence[str]
    reason__in: str | Sequence[str]
    reason__notin: str | Sequence[str]
    reason__lt: str | Sequence[str]
    reason__le: str | Sequence[str]
    reason__gt: str | Sequence[str]
    reason__ge: str | Sequence[str]
    reason__contains: str | Sequence[str]
    retry_at_ms: int | Sequence[int]
    retry_at_ms__eq: int | Sequence[int]
    retry_at_ms__ne: int | Sequence[int]
    retry_at_ms__in: int | Sequence[int]
    retry_at_ms__notin: int | Sequence[int]
    retry_at_ms__lt: int | Sequence[int]
    retry_at_ms__le: int | Sequence[int]
    retry_at_ms__gt: int | Sequence[int]
    retry_at_ms__ge: int | Sequence[int]
    rid: str | Sequence[str]
    rid__eq: str | Sequence[str]
    rid__ne: str | Sequence[str]
    rid__in: str | Sequence[str]
    rid__notin: str | Sequence[str]
    rid__lt: str | Sequence[str]
    rid__le: str | Sequence[str]
    rid__gt: str | Sequence[str]
    rid__ge: str | Sequence[str]
    rid__contains: str | Sequence[str]
    spec_id: int | Sequence[int]
    spec_id__eq: int | Sequence[int]
    spec_id__ne: int | Sequence[int]
    spec_id__in: int | Sequence[int]
    spec_id__notin: int | Sequence[int]
    spec_id__lt: int | Sequence[int]
    spec_id__le: int | Sequence[int]
    spec_id__gt: int | Sequence[int]
    spec_id__ge: int | Sequence[int]
    started_at_ms: int | Sequence[int]
    started_at_ms__eq: int | Sequence[int]
    started_at_ms__ne: int | Sequence[int]
    started_at_ms__in: int | Sequence[int]
    started_at_ms__notin: int | Sequence[int]
    started_at_ms__lt: int | Sequence[int]
    started_at_ms__le: int | Sequence[int]
    started_at_ms__gt: int | Sequence[int]
    started_at_ms__ge: int | Sequence[int]
    status: str | Sequence[str]
    status__eq: str | Sequence[str]
    status__ne: str | Sequence[str]
    status__in: str | Sequence[str]
    status__notin: str | Sequence[str]
    status__lt: str | Sequence[str]
    status__le: str | Sequence[str]
    status__gt: str | Sequence[str]
    status__ge: str | Sequence[str]
    status__contains: str | Sequence[str]


GraphAttemptOrder = Literal[
    "buildid",
    "-buildid",
    "buildrequestid",
    "-buildrequestid",
    "finished_at_ms",
    "-finished_at_ms",
    "graph_attemptid",
    "-graph_attemptid",
    "job_rid",
    "-job_rid",
    "number",
    "-number",
    "requested_at_ms",
    "-requested_at_ms",
    "results",
    "-results",
    "started_at_ms",
    "-started_at_ms",
]


class GraphAttemptFilters(TypedDict, total=False):
    buildid: int | Sequence[int]
    buildid__eq: int | Sequence[int]
    buildid__ne: int | Sequence[int]
    buildid__in: int | Sequence[int]
    buildid__notin: int | Sequence[int]
    buildid__lt: int | Sequence[int]
    buildid__le: int | Sequence[int]
    buildid__gt: int | Sequence[int]
    buildid__ge: int | Sequence[int]
    buildrequestid: int | Sequence[int]
    buildrequestid__eq: int | Sequence[int]
    buildrequestid__ne: int | Sequence[int]
    buildrequestid__in: int | Sequence[int]
    buildrequestid__notin: int | Sequence[int]
    buildrequestid__lt: int | Sequence[int]
    buildrequestid__le: int | Sequence[int]
    buildrequestid__gt: int | Sequence[int]
    buildrequestid__ge: int | Sequence[int]
    finished_at_ms: int | Sequence[int]
    finished_at_ms__eq: int | Sequence[int]
    finished_at_ms__ne: int | Sequence[int]
    finished_at_ms__in: int | Sequence[int]
    finished_at_ms__notin: int | Sequence[int]
    finished_at_ms__lt: int | Sequence[int]
    finished_at_ms__le: int | Sequence[int]
    finished_at_ms__gt: int | Sequence[int]
    finished_at_ms__ge: int | Sequence[int]
    graph_attemptid: int | Sequence[int]
    graph_attemptid__eq: int | Sequence[int]
    graph_attemptid__ne: int | Sequence[int]
    graph_attemptid__in: int | Sequence[int]
    graph_attemptid__notin: int | Sequence[int]
    graph_attemptid__lt: int | Sequence[int]
    graph_attemptid__le: int | Sequence[int]
    graph_attemptid__gt: int | Sequence[int]
    graph_attemptid__ge: int | Sequence[int]
    job_rid: str | Sequence[str]
    job_rid__eq: str | Sequence[str]
    job_rid__ne: str | Sequence[str]
    job_rid__in: str | Sequence[str]
    job_rid__notin: str | Sequence[str]
    job_rid__lt: str | Sequence[str]
    job_rid__le: str | Sequence[str]
    job_rid__gt: str | Sequence[str]
    job_rid__ge: str | Sequence[str]
    job_rid__contains: str | Sequence[str]
    number: int | Sequence[int]
    number__eq: int | Sequence[int]
    number__ne: int | Sequence[int]
    number__in: int | Sequence[int]
    number__notin: int | Sequence[int]
    number__lt: int | Sequence[int]
    number__le: int | Sequence[int]
    number__gt: int | Sequence[int]
    number__ge: int | Sequence[int]
    requested_at_ms: int | Sequence[int]
    requested_at_ms__eq: int | Sequence[int]
    requested_at_ms__ne: int | Sequence[int]
    requested_at_ms__in: int | Sequence[int]
    requested_at_ms__notin: int | Sequence[int]
    requested_at_ms__lt: int | Sequence[int]
    requested_at_ms__le: int | Sequence[int]
    requested_at_ms__gt: int | Sequence[int]
    requested_at_ms__ge: int | Sequence[int]
    results: int | Sequence[int]
    results__eq: int | Sequence[int]
    results__ne: int | Sequence[int]
    results__in: int | Sequence[int]
    results__notin: int | Sequence[int]
    results__lt: int | Sequence[int]
    results__le: int | Sequence[int]
    results__gt: int | Sequence[int]
    results__ge: int | Sequence[int]
    started_at_ms: int | Sequence[int]
    started_at_ms__eq: int | Sequence[int]
    started_at_ms__ne: int | Sequence[int]
    started_at_ms__in: int | Sequence[int]
    started_at_ms__notin: int | Sequence[int]
    started_at_ms__lt: int | Sequence[int]
    started_at_ms__le: int | Sequence[int]
    started_at_ms__gt: int | Sequence[int]
    started_at_ms__ge: int | Sequence[int]


JobSpecResourceOrder = Literal[
    "branch",
    "-branch",
    "builder",
    "-builder",
    "logic",
    "-logic",
    "mode",
    "-mode",
    "spec_id",
    "-spec_id",
]


class JobSpecResourceFilters(TypedDict, total=False):
    branch: str | Sequence[str]
    branch__eq: str | Sequence[str]
    branch__ne: str | Sequence[str]
    branch__in: str | Sequence[str]
    branch__notin: str | Sequence[str]
    branch__lt: str | Sequence[str]
    branch__le: str | Sequence[str]
    branch__gt: str | Sequence[str]
    branch__ge: str | Sequence[str]
    branch__contains: str | Sequence[str]
    builder: str | Sequence[str]
    builder__eq: str | Sequence[str]
    builder__ne: str | Sequence[str]
    builder__in: str | Sequence[str]
    builder__notin: str | Sequence[str]
    builder__lt: str | Sequence[str]
    builder__le: str | Sequence[str]
    builder__gt: str | Sequence[str]
    builder__ge: str | Sequence[str]
    builder__contains: str | Sequence[str]
    inputs__contains: str | Sequence[str]
    logic: str | Sequence[str]
    logic__eq: str | Sequence[str]
    logic__ne: str | Sequence[str]
    logic__in: str | Sequence[str]
    logic__notin: str | Sequence[str]
    logic__lt: str | Sequence[str]
    logic__le: str | Sequence[str]
    logic__gt: str | Sequence[str]
    logic__ge: str | Sequence[str]
    logic__contains: str | Sequence[str]
    mode: str | Sequence[str]
    mode__eq: str | Sequence[str]
    mode__ne: str | Sequence[str]
    mode__in: str | Sequence[str]
    mode__notin: str | Sequence[str]
    mode__lt: str | Sequence[str]
    mode__le: str | Sequence[str]
    mode__gt: str | Sequence[str]
    mode__ge: str | Sequence[str]
    mode__contains: str | Sequence[str]
    outputs__contains: str | Sequence[str]
    spec_id: int | Sequence[int]
    spec_id__eq: int | Sequence[int]
    spec_id__ne: int | Sequence[int]
    spec_id__in: int | Sequence[int]
    spec_id__notin: int | Sequence[int]
    spec_id__lt: int | Sequence[int]
    spec_id__le: int | Sequence[int]
    spec_id__gt: int | Sequence[int]
    spec_id__ge: int | Sequence[int]


TargetResourceOrder = Literal[
    "configured",
    "-configured",
    "name",
    "-name",
    "project_rid",
    "-project_rid",
    "rid",
    "-rid",
    "targetid",
    "-targetid",
]


class TargetResourceFilters(TypedDict, total=False):
    configured: bool
    configured__eq: bool
    configured__ne: bool
    configured__in: bool
    configured__notin: bool
    name: str | Sequence[str]
    name__eq: str | Sequence[str]
    name__ne: str | Sequence[str]
    name__in: str | Sequence[str]
    name__notin: str | Sequence[str]
    name__lt: str | Sequence[str]
    name__le: str | Sequence[str]
    name__gt: str | Sequence[str]
    name__ge: str | Sequence[str]
    name__contains: str | Sequence[str]
    project_rid: str | Sequence[str]
    project_rid__eq: str | Sequence[str]
    project_rid__ne: str | Sequence[str]
    project_rid__in: str | Sequence[str]
    project_rid__notin: str | Sequence[str]
    project_rid__lt: str | Sequence[str]
    project_rid__le: str | Sequence[str]
    project_rid__gt: str | Sequence[str]
    project_rid__ge: str | Sequence[str]
    project_rid__contains: str | Sequence[str]
    rid: str | Sequence[str]
    rid__eq: str | Sequence[str]
    rid__ne: str | Sequence[str]
    rid__in: str | Sequence[str]
    rid__notin: str | Sequence[str]
    rid__lt: str | Sequence[str]
    rid__le: str | Sequence[str]
    rid__gt: str | Sequence[str]
    rid__ge: str | Sequence[str]
    rid__contains: str | Sequence[str]
    targetid: int | Sequence[int]
    targetid__eq: int | Sequence[int]
    targetid__ne: int | Sequence[int]
    targetid__in: int | Sequence[int]
    targetid__notin: int | Sequence[int]
    targetid__lt: int | Sequence[int]
    targetid__le: int | Sequence[int]
    targetid__gt: int | Sequence[int]
    targetid__ge: int | Sequence[int]


TargetVersionOrder = Literal[
    "branch",
    "-branch",
    "closed_at_ms",
    "-closed_at_ms",
    "job_rid",
    "-job_rid",
    "opened_at_ms",
    "-opened_at_ms",
    "rid",
    "-rid",
    "state",
    "-state",
    "target_rid",
    "-target_rid",
    "target_versionid",
    "-target_versionid",
]


class TargetVersionFilters(TypedDict, total=False):
    branch: str | Sequence[str]
    branch__eq: str | Sequence[str]
    branch__ne: str | Sequence[str]
    branch__in: str | Sequence[str]
    branch__notin: str | Sequence[str]
    branch__lt: str | Sequence[str]
    branch__le: str | Sequence[str]
    branch__gt: str | Sequence[str]
    branch__ge: str | Sequence[str]
    branch__contains: str | Sequence[str]
    closed_at_ms: int | Sequence[int]
    closed_at_ms__eq: int | Sequence[int]
    closed_at_ms__ne: int | Sequence[int]
    closed_at_ms__in: int | Sequence[int]
    closed_at_ms__notin: int | Sequence[int]
    closed_at_ms__lt: int | Sequence[int]
    closed_at_ms__le: int | Sequence[int]
    closed_at_ms__gt: int | Sequence[int]
    closed_at_ms__ge: int | Sequence[int]
    job_rid: str | Sequence[str]
    job_rid__eq: str | Sequence[str]
    job_rid__ne: str | Sequence[str]
    job_rid__in: str | Sequence[str]
    job_rid__notin: str | Sequence[str]
    job_rid__lt: str | Sequence[str]
    job_rid__le: str | Sequence[str]
    job_rid__gt: str | Sequence[str]
    job_rid__ge: str | Sequence[str]
    job_rid__contains: str | Sequence[str]
    opened_at_ms: int | Sequence[int]
    opened_at_ms__eq: int | Sequence[int]
    opened_at_ms__ne: int | Sequence[int]
    opened_at_ms__in: int | Sequence[int]
    opened_at_ms__notin: int | Sequence[int]
    opened_at_ms__lt: int | Sequence[int]
    opened_at_ms__le: int | Sequence[int]
    opened_at_ms__gt: int | Sequence[int]
    opened_at_ms__ge: int | Sequence[int]
    rid: str | Sequence[str]
    rid__eq: str | Sequence[str]
    rid__ne: str | Sequence[str]
    rid__in: str | Sequence[str]
    rid__notin: str | Sequence[str]
    rid__lt: str | Sequence[str]
    rid__le: str | Sequence[str]
    rid__gt: str | Sequence[str]
    rid__ge: str | Sequence[str]
    rid__contains: str | Sequence[str]
    state: str | Sequence[str]
    state__eq: str | Sequence[str]
    state__ne: str | Sequence[str]
    state__in: str | Sequence[str]
    state__notin: str | Sequence[str]
    state__lt: str | Sequence[str]
    state__le: str | Sequence[str]
    state__gt: str | Sequence[str]
    state__ge: str | Sequence[str]
    state__contains: str | Sequence[str]
    target_rid: str | Sequence[str]
    target_rid__eq: str | Sequence[str]
    target_rid__ne: str | Sequence[str]
    target_rid__in: str | Sequence[str]
    target_rid__notin: str | Sequence[str]
    target_rid__lt: str | Sequence[str]
    target_rid__le: str | Sequence[str]
    target_rid__gt: str | Sequence[str]
    target_rid__ge: str | Sequence[str]
    target_rid__contains: str | Sequence[str]
    target_versionid: int | Sequence[int]
    target_versionid__eq: int | Sequence[int]
    target_versionid__ne: int | Sequence[int]
    target_versionid__in: int | Sequence[int]
    target_versionid__notin: int | Sequence[int]
    target_versionid__lt: int | Sequence[int]
    target_versionid__le: int | Sequence[int]
    target_versionid__gt: int | Sequence[int]
    target_versionid__ge: int | Sequence[int]


GraphPlanJobOrder = Literal[
    "branch",
    "-branch",
    "builder",
    "-builder",
    "spec_id",
    "-spec_id",
    "stale",
    "-stale",
]


class GraphPlanJobFilters(TypedDict, total=False):
    branch: str | Sequence[str]
    branch__eq: str | Sequence[str]
    branch__ne: str | Sequence[str]
    branch__in: str | Sequence[str]
    branch__notin: str | Sequence[str]
    branch__lt: str | Sequence[str]
    branch__le: str | Sequence[str]
    branch__gt: str | Sequence[str]
    branch__ge: str | Sequence[str]
    branch__contains: str | Sequence[str]
    builder: str | Sequence[str]
    builder__eq: str | Sequence[str]
    builder__ne: str | Sequence[str]
    builder__in: str | Sequence[str]
    builder__notin: str | Sequence[str]
    builder__lt: str | Sequence[str]
    builder__le: str | Sequence[str]
    builder__gt: str | Sequence[str]
    builder__ge: str | Sequence[str]
    builder__contains: str | Sequence[str]
    depends_on__contains: str | Sequence[str]
    inputs__contains: str | Sequence[str]
    outputs__contains: str | Sequence[str]
    reasons__contains: str | Sequence[str]
    spec_id: int | Sequence[int]
    spec_id__eq: int | Sequence[int]
    spec_id__ne: int | Sequence[int]
    spec_id__in: int | Sequence[int]
    spec_id__notin: int | Sequence[int]
    spec_id__lt: int | Sequence[int]
    spec_id__le: int | Sequence[int]
    spec_id__gt: int | Sequence[int]
    spec_id__ge: int | Sequence[int]
    stale: bool
    stale__eq: bool
    stale__ne: bool
    stale__in: bool
    stale__notin: bool


PendingRequestOrder = Literal[
    "builder",
    "-builder",
    "builderid",
    "-builderid",
    "buildrequestid",
    "-buildrequestid",
    "buildsetid",
    "-buildsetid",
    "priority",
    "-priority",
    "submitted_at",
    "-submitted_at",
    "waited_for",
    "-waited_for",
]


class PendingRequestFilters(TypedDict, total=False):
    builder: str | Sequence[str]
    builder__eq: str | Sequence[str]
    builder__ne: str | Sequence[str]
    builder__in: str | Sequence[str]
    builder__notin: str | Sequence[str]
    builder__lt: str | Sequence[str]
    builder__le: str | Sequence[str]
    builder__gt: str | Sequence[str]
    builder__ge: str | Sequence[str]
    builder__contains: str | Sequence[str]
    builderid: int | Sequence[int]
    builderid__eq: int | Sequence[int]
    builderid__ne: int | Sequence[int]
    builderid__in: int | Sequence[int]
    builderid__notin: int | Sequence[int]
    builderid__lt: int | Sequence[int]
    builderid__le: int | Sequence[int]
    builderid__gt: int | Sequence[int]
    builderid__ge: int | Sequence[int]
    buildrequestid: int | Sequence[int]
    buildrequestid__eq: int | Sequence[int]
    buildrequestid__ne: int | Sequence[int]
    buildrequestid__in: int | Sequence[int]
    buildrequestid__notin: int | Sequence[int]
    buildrequestid__lt: int | Sequence[int]
    buildrequestid__le: int | Sequence[int]
    buildrequestid__gt: int | Sequence[int]
    buildrequestid__ge: int | Sequence[int]
    buildsetid: int | Sequence[int]
    buildsetid__eq: int | Sequence[int]
    buildsetid__ne: int | Sequence[int]
    buildsetid__in: int | Sequence[int]
    buildsetid__notin: int | Sequence[int]
    buildsetid__lt: int | Sequence[int]
    buildsetid__le: int | Sequence[int]
    buildsetid__gt: int | Sequence[int]
    buildsetid__ge: int | Sequence[int]
    priority: int | Sequence[int]
    priority__eq: int | Sequence[int]
    priority__ne: int | Sequence[int]
    priority__in: int | Sequence[int]
    priority__notin: int | Sequence[int]
    priority__lt: int | Sequence[int]
    priority__le: int | Sequence[int]
    priority__gt: int | Sequence[int]
    priority__ge: int | Sequence[int]
    submitted_at: int | Sequence[int]
    submitted_at__eq: int | Sequence[int]
    submitted_at__ne: int | Sequence[int]
    submitted_at__in: int | Sequence[int]
    submitted_at__notin: int | Sequence[int]
    submitted_at__lt: int | Sequence[int]
    submitted_at__le: int | Sequence[int]
    submitted_at__gt: int | Sequence[int]
    submitted_at__ge: int | Sequence[int]
    tags__contains: str | Sequence[str]
    waited_for: bool
    waited_for__eq: bool
    waited_for__ne: bool
    waited_for__in: bool
    waited_for__notin: bool


RequestReasonsOrder = Literal[
    "buildrequestid",
    "-buildrequestid",
]


class RequestReasonsFilters(TypedDict, total=False):
    buildrequestid: int | Sequence[int]
    buildrequestid__eq: int | Sequence[int]
    buildrequestid__ne: int | Sequence[int]
    buildrequestid__in: int | Sequence[int]
    buildrequestid__notin: int | Sequence[int]
    buildrequestid__lt: int | Sequence[int]
    buildrequestid__le: int | Sequence[int]
    buildrequestid__gt: int | Sequence[int]
    buildrequestid__ge: int | Sequence[int]


BuildOfBranchOrder = Literal[
    "branch",
    "-branch",
    "buildid",
    "-buildid",
    "complete",
    "-complete",
    "number",
    "-number",
    "results",
    "-results",
]


class BuildOfBranchFilters(TypedDict, total=False):
    branch: str | Sequence[str]
    branch__eq: str | Sequence[str]
    branch__ne: str | Sequence[str]
    branch__in: str | Sequence[str]
    branch__notin: str | Sequence[str]
    branch__lt: str | Sequence[str]
    branch__le: str | Sequence[str]
    branch__gt: str | Sequence[str]
    branch__ge: str | Sequence[str]
    branch__contains: str | Sequence[str]
    buildid: int | Sequence[int]
    buildid__eq: int | Sequence[int]
    buildid__ne: int | Sequence[int]
    buildid__in: int | Sequence[int]
    buildid__notin: int | Sequence[int]
    buildid__lt: int | Sequence[int]
    buildid__le: int | Sequence[int]
    buildid__gt: int | Sequence[int]
    buildid__ge: int | Sequence[int]
    complete: bool
    complete__eq: bool
    complete__ne: bool
    complete__in: bool
    complete__notin: bool
    number: int | Sequence[int]
    number__eq: int | Sequence[int]
    number__ne: int | Sequence[int]
    number__in: int | Sequence[int]
    number__notin: int | Sequence[int]
    number__lt: int | Sequence[int]
    number__le: int | Sequence[int]
    number__gt: int | Sequence[int]
    number__ge: int | Sequence[int]
    results: int | Sequence[int]
    results__eq: int | Sequence[int]
    results__ne: int | Sequence[int]
    results__in: int | Sequence[int]
    results__notin: int | Sequence[int]
    results__lt: int | Sequence[int]
    results__le: int | Sequence[int]
    results__gt: int | Sequence[int]
    results__ge: int | Sequence[int]


TimedBuildOrder = Literal[
    "builderid",
    "-builderid",
    "buildid",
    "-buildid",
    "complete",
    "-complete",
    "complete_at",
    "-complete_at",
    "number",
    "-number",
    "results",
    "-results",
    "started_at",
    "-started_at",
    "state_string",
    "-state_string",
    "worker",
    "-worker",
    "workerid",
    "-workerid",
]


class TimedBuildFilters(TypedDict, total=False):
    builderid: int | Sequence[int]
    builderid__eq: int | Sequence[int]
    builderid__ne: int | Sequence[int]
    builderid__in: int | Sequence[int]
    builderid__notin: int | Sequence[int]
    builderid__lt: int | Sequence[int]
    builderid__le: int | Sequence[int]
    builderid__gt: int | Sequence[int]
    builderid__ge: int | Sequence[int]
    buildid: int | Sequence[int]
    buildid__eq: int | Sequence[int]
    buildid__ne: int | Sequence[int]
    buildid__in: int | Sequence[int]
    buildid__notin: int | Sequence[int]
    buildid__lt: int | Sequence[int]
    buildid__le: int | Sequence[int]
    buildid__gt: int | Sequence[int]
    buildid__ge: int | Sequence[int]
    complete: bool
    complete__eq: bool
    complete__ne: bool
    complete__in: bool
    complete__notin: bool
    complete_at: int | Sequence[int]
    complete_at__eq: int | Sequence[int]
    complete_at__ne: int | Sequence[int]
    complete_at__in: int | Sequence[int]
    complete_at__notin: int | Sequence[int]
    complete_at__lt: int | Sequence[int]
    complete_at__le: int | Sequence[int]
    complete_at__gt: int | Sequence[int]
    complete_at__ge: int | Sequence[int]
    number: int | Sequence[int]
    number__eq: int | Sequence[int]
    number__ne: int | Sequence[int]
    number__in: int | Sequence[int]
    number__notin: int | Sequence[int]
    number__lt: int | Sequence[int]
    number__le: int | Sequence[int]
    number__gt: int | Sequence[int]
    number__ge: int | Sequence[int]
    results: int | Sequence[int]
    results__eq: int | Sequence[int]
    results__ne: int | Sequence[int]
    results__in: int | Sequence[int]
    results__notin: int | Sequence[int]
    results__lt: int | Sequence[int]
    results__le: int | Sequence[int]
    results__gt: int | Sequence[int]
    results__ge: int | Sequence[int]
    started_at: int | Sequence[int]
    started_at__eq: int | Sequence[int]
    started_at__ne: int | Sequence[int]
    started_at__in: int | Sequence[int]
    started_at__notin: int | Sequence[int]
    started_at__lt: int | Sequence[int]
    started_at__le: int | Sequence[int]
    started_at__gt: int | Sequence[int]
    started_at__ge: int | Sequence[int]
    state_string: str | Sequence[str]
    state_string__eq: str | Sequence[str]
    state_string__ne: str | Sequence[str]
    state_string__in: str | Sequence[str]
    state_string__notin: str | Sequence[str]
    state_string__lt: str | Sequence[str]
    state_string__le: str | Sequence[str]
    state_string__gt: str | Sequence[str]
    state_string__ge: str | Sequence[str]
    state_string__contains: str | Sequence[str]
    workerid: int | Sequence[int]
    workerid__eq: int | Sequence[int]
    workerid__ne: int | Sequence[int]
    workerid__in: int | Sequence[int]
    workerid__notin: int | Sequence[int]
    workerid__lt: int | Sequence[int]
    workerid__le: int | Sequence[int]
    workerid__gt: int | Sequence[int]
    workerid__ge: int | Sequence[int]


BuiltChangeOrder = Literal[
    "author",
    "-author",
    "branch",
    "-branch",
    "category",
    "-category",
    "changeid",
    "-changeid",
    "codebase",
    "-codebase",
    "comments",
    "-comments",
    "committer",
    "-committer",
    "more_builds",
    "-more_builds",
    "project",
    "-project",
    "repository",
    "-repository",
    "revision",
    "-revision",
    "revlink",
    "-revlink",
    "when_timestamp",
    "-when_timestamp",
]


class BuiltChangeFilters(TypedDict, total=False):
    author: str | Sequence[str]
    author__eq: str | Sequence[str]
    author__ne: str | Sequence[str]
    author__in: str | Sequence[str]
    author__notin: str | Sequence[str]
    author__lt: str | Sequence[str]
    author__le: str | Sequence[str]
    author__gt: str | Sequence[str]
    author__ge: str | Sequence[str]
    author__contains: str | Sequence[str]
    branch: str | Sequence[str]
    branch__eq: str | Sequence[str]
    branch__ne: str | Sequence[str]
    branch__in: str | Sequence[str]
    branch__notin: str | Sequence[str]
    branch__lt: str | Sequence[str]
    branch__le: str | Sequence[str]
    branch__gt: str | Sequence[str]
    branch__ge: str | Sequence[str]
    branch__contains: str | Sequence[str]
    category: str | Sequence[str]
    category__eq: str | Sequence[str]
    category__ne: str | Sequence[str]
    category__in: str | Sequence[str]
    category__notin: str | Sequence[str]
    category__lt: str | Sequence[str]
    category__le: str | Sequence[str]
    category__gt: str | Sequence[str]
    category__ge: str | Sequence[str]
    category__contains: str | Sequence[str]
    changeid: int | Sequence[int]
    changeid__eq: int | Sequence[int]
    changeid__ne: int | Sequence[int]
    changeid__in: int | Sequence[int]
    changeid__notin: int | Sequence[int]
    changeid__lt: int | Sequence[int]
    changeid__le: int | Sequence[int]
    changeid__gt: int | Sequence[int]
    changeid__ge: int | Sequence[int]
    codebase: str | Sequence[str]
    codebase__eq: str | Sequence[str]
    codebase__ne: str | Sequence[str]
    codebase__in: str | Sequence[str]
    codebase__notin: str | Sequence[str]
    codebase__lt: str | Sequence[str]
    codebase__le: str | Sequence[str]
    codebase__gt: str | Sequence[str]
    codebase__ge: str | Sequence[str]
    codebase__contains: str | Sequence[str]
    comments: str | Sequence[str]
    comments__eq: str | Sequence[str]
    comments__ne: str | Sequence[str]
    comments__in: str | Sequence[str]
    comments__notin: str | Sequence[str]
    comments__lt: str | Sequence[str]
    comments__le: str | Sequence[str]
    comments__gt: str | Sequence[str]
    comments__ge: str | Sequence[str]
    comments__contains: str | Sequence[str]
    committer: str | Sequence[str]
    committer__eq: str | Sequence[str]
    committer__ne: str | Sequence[str]
    committer__in: str | Sequence[str]
    committer__notin: str | Sequence[str]
    committer__lt: str | Sequence[str]
    committer__le: str | Sequence[str]
    committer__gt: str | Sequence[str]
    committer__ge: str | Sequence[str]
    committer__contains: str | Sequence[str]
    files__contains: str | Sequence[str]
    project: str | Sequence[str]
    project__eq: str | Sequence[str]
    project__ne: str | Sequence[str]
    project__in: str | Sequence[str]
    project__notin: str | Sequence[str]
    project__lt: str | Sequence[str]
    project__le: str | Sequence[str]
    project__gt: str | Sequence[str]
    project__ge: str | Sequence[str]
    project__contains: str | Sequence[str]
    repository: str | Sequence[str]
    repository__eq: str | Sequence[str]
    repository__ne: str | Sequence[str]
    repository__in: str | Sequence[str]
    repository__notin: str | Sequence[str]
    repository__lt: str | Sequence[str]
    repository__le: str | Sequence[str]
    repository__gt: str | Sequence[str]
    repository__ge: str | Sequence[str]
    repository__contains: str | Sequence[str]
    revision: str | Sequence[str]
    revision__eq: str | Sequence[str]
    revision__ne: str | Sequence[str]
    revision__in: str | Sequence[str]
    revision__notin: str | Sequence[str]
    revision__lt: str | Sequence[str]
    revision__le: str | Sequence[str]
    revision__gt: str | Sequence[str]
    revision__ge: str | Sequence[str]
    revision__contains: str | Sequence[str]
    revlink: str | Sequence[str]
    revlink__eq: str | Sequence[str]
    revlink__ne: str | Sequence[str]
    revlink__in: str | Sequence[str]
    revlink__notin: str | Sequence[str]
    revlink__lt: str | Sequence[str]
    revlink__le: str | Sequence[str]
    revlink__gt: str | Sequence[str]
    revlink__ge: str | Sequence[str]
    revlink__contains: str | Sequence[str]
    when_timestamp: int | Sequence[int]
    when_timestamp__eq: int | Sequence[int]
    when_timestamp__ne: int | Sequence[int]
    when_timestamp__in: int | Sequence[int]
    when_timestamp__notin: int | Sequence[int]
    when_timestamp__lt: int | Sequence[int]
    when_timestamp__le: int | Sequence[int]
    when_timestamp__gt: int | Sequence[int]
    when_timestamp__ge: int | Sequence[int]


BuildRequestOrder = Literal[
    "builderid",
    "-builderid",
    "buildrequestid",
    "-buildrequestid",
    "buildsetid",
    "-buildsetid",
    "claimed",
    "-claimed",
    "claimed_at",
    "-claimed_at",
    "claimed_by_masterid",
    "-claimed_by_masterid",
    "complete",
    "-complete",
    "complete_at",
    "-complete_at",
    "priority",
    "-priority",
    "results",
    "-results",
    "submitted_at",
    "-submitted_at",
    "waited_for",
    "-waited_for",
]


class BuildRequestFilters(TypedDict, total=False):
    builderid: int | Sequence[int]
    builderid__eq: int | Sequence[int]
    builderid__ne: int | Sequence[int]
    builderid__in: int | Sequence[int]
    builderid__notin: int | Sequence[int]
    builderid__lt: int | Sequence[int]
    builderid__le: int | Sequence[int]
    builderid__gt: int | Sequence[int]
    builderid__ge: int | Sequence[int]
    buildrequestid: int | Sequence[int]
    buildrequestid__eq: int | Sequence[int]
    buildrequestid__ne: int | Sequence[int]
    buildrequestid__in: int | Sequence[int]
    buildrequestid__notin: int | Sequence[int]
    buildrequestid__lt: int | Sequence[int]
    buildrequestid__le: int | Sequence[int]
    buildrequestid__gt: int | Sequence[int]
    buildrequestid__ge: int | Sequence[int]
    buildsetid: int | Sequence[int]
    buildsetid__eq: int | Sequence[int]
    buildsetid__ne: int | Sequence[int]
    buildsetid__in: int | Sequence[int]
    buildsetid__notin: int | Sequence[int]
    buildsetid__lt: int | Sequence[int]
    buildsetid__le: int | Sequence[int]
    buildsetid__gt: int | Sequence[int]
    buildsetid__ge: int | Sequence[int]
    claimed: bool
    claimed__eq: bool
    claimed__ne: bool
    claimed__in: bool
    claimed__notin: bool
    claimed_at: int | Sequence[int]
    claimed_at__eq: int | Sequence[int]
    claimed_at__ne: int | Sequence[int]
    claimed_at__in: int | Sequence[int]
    claimed_at__notin: int | Sequence[int]
    claimed_at__lt: int | Sequence[int]
    claimed_at__le: int | Sequence[int]
    claimed_at__gt: int | Sequence[int]
    claimed_at__ge: int | Sequence[int]
    claimed_by_masterid: int | Sequence[int]
    claimed_by_masterid__eq: int | Sequence[int]
    claimed_by_masterid__ne: int | Sequence[int]
    claimed_by_masterid__in: int | Sequence[int]
    claimed_by_masterid__notin: int | Sequence[int]
    claimed_by_masterid__lt: int | Sequence[int]
    claimed_by_masterid__le: int | Sequence[int]
    claimed_by_masterid__gt: int | Sequence[int]
    claimed_by_masterid__ge: int | Sequence[int]
    complete: bool
    complete__eq: bool
    complete__ne: bool
    complete__in: bool
    complete__notin: bool
    complete_at: int | Sequence[int]
    complete_at__eq: int | Sequence[int]
    complete_at__ne: int | Sequence[int]
    complete_at__in: int | Sequence[int]
    complete_at__notin: int | Sequence[int]
    complete_at__lt: int | Sequence[int]
    complete_at__le: int | Sequence[int]
    complete_at__gt: int | Sequence[int]
    complete_at__ge: int | Sequence[int]
    priority: int | Sequence[int]
    priority__eq: int | Sequence[int]
    priority__ne: int | Sequence[int]
    priority__in: int | Sequence[int]
    priority__notin: int | Sequence[int]
    priority__lt: int | Sequence[int]
    priority__le: int | Sequence[int]
    priority__gt: int | Sequence[int]
    priority__ge: int | Sequence[int]
    results: int | Sequence[int]
    results__eq: int | Sequence[int]
    results__ne: int | Sequence[int]
    results__in: int | Sequence[int]
    results__notin: int | Sequence[int]
    results__lt: int | Sequence[int]
    results__le: int | Sequence[int]
    results__gt: int | Sequence[int]
    results__ge: int | Sequence[int]
    submitted_at: int | Sequence[int]
    submitted_at__eq: int | Sequence[int]
    submitted_at__ne: int | Sequence[int]
    submitted_at__in: int | Sequence[int]
    submitted_at__notin: int | Sequence[int]
    submitted_at__lt: int | Sequence[int]
    submitted_at__le: int | Sequence[int]
    submitted_at__gt: int | Sequence[int]
    submitted_at__ge: int | Sequence[int]
    waited_for: bool
    waited_for__eq: bool
    waited_for__ne: bool
    waited_for__in: bool
    waited_for__notin: bool


BuildsetOrder = Literal[
    "bsid",
    "-bsid",
    "complete",
    "-complete",
    "complete_at",
    "-complete_at",
    "external_idstring",
    "-external_idstring",
    "parent_buildid",
    "-parent_buildid",
    "parent_relationship",
    "-parent_relationship",
    "reason",
    "-reason",
    "rebuilt_buildid",
    "-rebuilt_buildid",
    "results",
    "-results",
    "submitted_at",
    "-submitted_at",
]


class BuildsetFilters(TypedDict, total=False):
    bsid: int | Sequence[int]
    bsid__eq: int | Sequence[int]
    bsid__ne: int | Sequence[int]
    bsid__in: int | Sequence[int]
    bsid__notin: int | Sequence[int]
    bsid__lt: int | Sequence[int]
    bsid__le: int | Sequence[int]
    bsid__gt: int | Sequence[int]
    bsid__ge: int | Sequence[int]
    complete: bool
    complete__eq: bool
    complete__ne: bool
    complete__in: bool
    complete__notin: bool
    complete_at: int | Sequence[int]
    complete_at__eq: int | Sequence[int]
    complete_at__ne: int | Sequence[int]
    complete_at__in: int | Sequence[int]
    complete_at__notin: int | Sequence[int]
    complete_at__lt: int | Sequence[int]
    complete_at__le: int | Sequence[int]
    complete_at__gt: int | Sequence[int]
    complete_at__ge: int | Sequence[int]
    external_idstring: str | Sequence[str]
    external_idstring__eq: str | Sequence[str]
    external_idstring__ne: str | Sequence[str]
    external_idstring__in: str | Sequence[str]
    external_idstring__notin: str | Sequence[str]
    external_idstring__lt: str | Sequence[str]
    external_idstring__le: str | Sequence[str]
    external_idstring__gt: str | Sequence[str]
    external_idstring__ge: str | Sequence[str]
    external_idstring__contains: str | Sequence[str]
    parent_buildid: int | Sequence[int]
    parent_buildid__eq: int | Sequence[int]
    parent_buildid__ne: int | Sequence[int]
    parent_buildid__in: int | Sequence[int]
    parent_buildid__notin: int | Sequence[int]
    parent_buildid__lt: int | Sequence[int]
    parent_buildid__le: int | Sequence[int]
    parent_buildid__gt: int | Sequence[int]
    parent_buildid__ge: int | Sequence[int]
    parent_relationship: str | Sequence[str]
    parent_relationship__eq: str | Sequence[str]
    parent_relationship__ne: str | Sequence[str]
    parent_relationship__in: str | Sequence[str]
    parent_relationship__notin: str | Sequence[str]
    parent_relationship__lt: str | Sequence[str]
    parent_relationship__le: str | Sequence[str]
    parent_relationship__gt: str | Sequence[str]
    parent_relationship__ge: str | Sequence[str]
    parent_relationship__contains: str | Sequence[str]
    reason: str | Sequence[str]
    reason__eq: str | Sequence[str]
    reason__ne: str | Sequence[str]
    reason__in: str | Sequence[str]
    reason__notin: str | Sequence[str]
    reason__lt: str | Sequence[str]
    reason__le: str | Sequence[str]
    reason__gt: str | Sequence[str]
    reason__ge: str | Sequence[str]
    reason__contains: str | Sequence[str]
    rebuilt_buildid: int | Sequence[int]
    rebuilt_buildid__eq: int | Sequence[int]
    rebuilt_buildid__ne: int | Sequence[int]
    rebuilt_buildid__in: int | Sequence[int]
    rebuilt_buildid__notin: int | Sequence[int]
    rebuilt_buildid__lt: int | Sequence[int]
    rebuilt_buildid__le: int | Sequence[int]
    rebuilt_buildid__gt: int | Sequence[int]
    rebuilt_buildid__ge: int | Sequence[int]
    results: int | Sequence[int]
    results__eq: int | Sequence[int]
    results__ne: int | Sequence[int]
    results__in: int | Sequence[int]
    results__notin: int | Sequence[int]
    results__lt: int | Sequence[int]
    results__le: int | Sequence[int]
    results__gt: int | Sequence[int]
    results__ge: int | Sequence[int]
    submitted_at: int | Sequence[int]
    submitted_at__eq: int | Sequence[int]
    submitted_at__ne: int | Sequence[int]
    submitted_at__in: int | Sequence[int]
    submitted_at__notin: int | Sequence[int]
    submitted_at__lt: int | Sequence[int]
    submitted_at__le: int | Sequence[int]
    submitted_at__gt: int | Sequence[int]
    submitted_at__ge: int | Sequence[int]


SourceStampOrder = Literal[
    "branch",
    "-branch",
    "codebase",
    "-codebase",
    "created_at",
    "-created_at",
    "project",
    "-project",
    "repository",
    "-repository",
    "revision",
    "-revision",
    "ssid",
    "-ssid",
]


class SourceStampFilters(TypedDict, total=False):
    branch: str | Sequence[str]
    branch__eq: str | Sequence[str]
    branch__ne: str | Sequence[str]
    branch__in: str | Sequence[str]
    branch__notin: str | Sequence[str]
    branch__lt: str | Sequence[str]
    branch__le: str | Sequence[str]
    branch__gt: str | Sequence[str]
    branch__ge: str | Sequence[str]
    branch__contains: str | Sequence[str]
    codebase: str | Sequence[str]
    codebase__eq: str | Sequence[str]
    codebase__ne: str | Sequence[str]
    codebase__in: str | Sequence[str]
    codebase__notin: str | Sequence[str]
    codebase__lt: str | Sequence[str]
    codebase__le: str | Sequence[str]
    codebase__gt: str | Sequence[str]
    codebase__ge: str | Sequence[str]
    codebase__contains: str | Sequence[str]
    created_at: int | Sequence[int]
    created_at__eq: int | Sequence[int]
    created_at__ne: int | Sequence[int]
    created_at__in: int | Sequence[int]
    created_at__notin: int | Sequence[int]
    created_at__lt: int | Sequence[int]
    created_at__le: int | Sequence[int]
    created_at__gt: int | Sequence[int]
    created_at__ge: int | Sequence[int]
    project: str | Sequence[str]
    project__eq: str | Sequence[str]
    project__ne: str | Sequence[str]
    project__in: str | Sequence[str]
    project__notin: str | Sequence[str]
    project__lt: str | Sequence[str]
    project__le: str | Sequence[str]
    project__gt: str | Sequence[str]
    project__ge: str | Sequence[str]
    project__contains: str | Sequence[str]
    repository: str | Sequence[str]
    repository__eq: str | Sequence[str]
    repository__ne: str | Sequence[str]
    repository__in: str | Sequence[str]
    repository__notin: str | Sequence[str]
    repository__lt: str | Sequence[str]
    repository__le: str | Sequence[str]
    repository__gt: str | Sequence[str]
    repository__ge: str | Sequence[str]
    repository__contains: str | Sequence[str]
    revision: str | Sequence[str]
    revision__eq: str | Sequence[str]
    revision__ne: str | Sequence[str]
    revision__in: str | Sequence[str]
    revision__notin: str | Sequence[str]
    revision__lt: str | Sequence[str]
    revision__le: str | Sequence[str]
    revision__gt: str | Sequence[str]
    revision__ge: str | Sequence[str]
    revision__contains: str | Sequence[str]
    ssid: int | Sequence[int]
    ssid__eq: int | Sequence[int]
    ssid__ne: int | Sequence[int]
    ssid__in: int | Sequence[int]
    ssid__notin: int | Sequence[int]
    ssid__lt: int | Sequence[int]
    ssid__le: int | Sequence[int]
    ssid__gt: int | Sequence[int]
    ssid__ge: int | Sequence[int]


ScheduleResourceOrder = Literal[
    "active_run",
    "-active_run",
    "created_at",
    "-created_at",
    "created_by",
    "-created_by",
    "description",
    "-description",
    "editor",
    "-editor",
    "failures",
    "-failures",
    "name",
    "-name",
    "next_due_at",
    "-next_due_at",
    "paused",
    "-paused",
    "paused_by",
    "-paused_by",
    "pending",
    "-pending",
    "rid",
    "-rid",
    "updated_at",
    "-updated_at",
    "updated_by",
    "-updated_by",
    "version_rid",
    "-version_rid",
]


class ScheduleResourceFilters(TypedDict, total=False):
    active_run: str | Sequence[str]
    active_run__eq: str | Sequence[str]
    active_run__ne: str | Sequence[str]
    active_run__in: str | Sequence[str]
    active_run__notin: str | Sequence[str]
    active_run__lt: str | Sequence[str]
    active_run__le: str | Sequence[str]
    active_run__gt: str | Sequence[str]
    active_run__ge: str | Sequence[str]
    active_run__contains: str | Sequence[str]
    created_at: int | Sequence[int]
    created_at__eq: int | Sequence[int]
    created_at__ne: int | Sequence[int]
    created_at__in: int | Sequence[int]
    created_at__notin: int | Sequence[int]
    created_at__lt: int | Sequence[int]
    created_at__le: int | Sequence[int]
    created_at__gt: int | Sequence[int]
    created_at__ge: int | Sequence[int]
    created_by: str | Sequence[str]
    created_by__eq: str | Sequence[str]
    created_by__ne: str | Sequence[str]
    created_by__in: str | Sequence[str]
    created_by__notin: str | Sequence[str]
    created_by__lt: str | Sequence[str]
    created_by__le: str | Sequence[str]
    created_by__gt: str | Sequence[str]
    created_by__ge: str | Sequence[str]
    created_by__contains: str | Sequence[str]
    description: str | Sequence[str]
    description__eq: str | Sequence[str]
    description__ne: str | Sequence[str]
    description__in: str | Sequence[str]
    description__notin: str | Sequence[str]
    description__lt: str | Sequence[str]
    description__le: str | Sequence[str]
    description__gt: str | Sequence[str]
    description__ge: str | Sequence[str]
    description__contains: str | Sequence[str]
    editor: str | Sequence[str]
    editor__eq: str | Sequence[str]
    editor__ne: str | Sequence[str]
    editor__in: str | Sequence[str]
    editor__notin: str | Sequence[str]
    editor__lt: str | Sequence[str]
    editor__le: str | Sequence[str]
    editor__gt: str | Sequence[str]
    editor__ge: str | Sequence[str]
    editor__contains: str | Sequence[str]
    failures: int | Sequence[int]
    failures__eq: int | Sequence[int]
    failures__ne: int | Sequence[int]
    failures__in: int | Sequence[int]
    failures__notin: int | Sequence[int]
    failures__lt: int | Sequence[int]
    failures__le: int | Sequence[int]
    failures__gt: int | Sequence[int]
    failures__ge: int | Sequence[int]
    name: str | Sequence[str]
    name__eq: str | Sequence[str]
    name__ne: str | Sequence[str]
    name__in: str | Sequence[str]
    name__notin: str | Sequence[str]
    name__lt: str | Sequence[str]
    name__le: str | Sequence[str]
    name__gt: str | Sequence[str]
    name__ge: str | Sequence[str]
    name__contains: str | Sequence[str]
    next_due_at: int | Sequence[int]
    next_due_at__eq: int | Sequence[int]
    next_due_at__ne: int | Sequence[int]
    next_due_at__in: int | Sequence[int]
    next_due_at__notin: int | Sequence[int]
    next_due_at__lt: int | Sequence[int]
    next_due_at__le: int | Sequence[int]
    next_due_at__gt: int | Sequence[int]
    next_due_at__ge: int | Sequence[int]
    paused: bool
    paused__eq: bool
    paused__ne: bool
    paused__in: bool
    paused__notin: bool
    paused_by: str | Sequence[str]
    paused_by__eq: str | Sequence[str]
    paused_by__ne: str | Sequence[str]
    paused_by__in: str | Sequence[str]
    paused_by__notin: str | Sequence[str]
    paused_by__lt: str | Sequence[str]
    paused_by__le: str | Sequence[str]
    paused_by__gt: str | Sequence[str]
    paused_by__ge: str | Sequence[str]
    paused_by__contains: str | Sequence[str]
    pending: bool
    pending__eq: bool
    pending__ne: bool
    pending__in: bool
    pending__notin: bool
    rid: str | Sequence[str]
    rid__eq: str | Sequence[str]
    rid__ne: str | Sequence[str]
    rid__in: str | Sequence[str]
    rid__notin: str | Sequence[str]
    rid__lt: str | Sequence[str]
    rid__le: str | Sequence[str]
    rid__gt: str | Sequence[str]
    rid__ge: str | Sequence[str]
    rid__contains: str | Sequence[str]
    updated_at: int | Sequence[int]
    updated_at__eq: int | Sequence[int]
    updated_at__ne: int | Sequence[int]
    updated_at__in: int | Sequence[int]
    updated_at__notin: int | Sequence[int]
    updated_at__lt: int | Sequence[int]
    updated_at__le: int | Sequence[int]
    updated_at__gt: int | Sequence[int]
    updated_at__ge: int | Sequence[int]
    updated_by: str | Sequence[str]
    updated_by__eq: str | Sequence[str]
    updated_by__ne: str | Sequence[str]
    updated_by__in: str | Sequence[str]
    updated_by__notin: str | Sequence[str]
    updated_by__lt: str | Sequence[str]
    updated_by__le: str | Sequence[str]
    updated_by__gt: str | Sequence[str]
    updated_by__ge: str | Sequence[str]
    updated_by__contains: str | Sequence[str]
    version_rid: str | Sequence[str]
    version_rid__eq: str | Sequence[str]
    version_rid__ne: str | Sequence[str]
    version_rid__in: str | Sequence[str]
    version_rid__notin: str | Sequence[str]
    version_rid__lt: str | Sequence[str]
    version_rid__le: str | Sequence[str]
    version_rid__gt: str | Sequence[str]
    version_rid__ge: str | Sequence[str]
    version_rid__contains: str | Sequence[str]


ScheduleRunResourceOrder = Literal[
    "build_rid",
    "-build_rid",
    "created_at",
    "-created_at",
    "created_by",
    "-created_by",
    "description",
    "-description",
    "error",
    "-error",
    "number",
    "-number",
    "outcome",
    "-outcome",
    "rid",
    "-rid",
    "schedule_rid",
    "-schedule_rid",
    "version_rid",
    "-version_rid",
]


class ScheduleRunResourceFilters(TypedDict, total=False):
    build_rid: str | Sequence[str]
    build_rid__eq: str | Sequence[str]
    build_rid__ne: str | Sequence[str]
    build_rid__in: str | Sequence[str]
    build_rid__notin: str | Sequence[str]
    build_rid__lt: str | Sequence[str]
    build_rid__le: str | Sequence[str]
    build_rid__gt: str | Sequence[str]
    build_rid__ge: str | Sequence[str]
    build_rid__contains: str | Sequence[str]
    created_at: int | Sequence[int]
    created_at__eq: int | Sequence[int]
    created_at__ne: int | Sequence[int]
    created_at__in: int | Sequence[int]
    created_at__notin: int | Sequence[int]
    created_at__lt: int | Sequence[int]
    created_at__le: int | Sequence[int]
    created_at__gt: int | Sequence[int]
    created_at__ge: int | Sequence[int]
    created_by: str | Sequence[str]
    created_by__eq: str | Sequence[str]
    created_by__ne: str | Sequence[str]
    created_by__in: str | Sequence[str]
    created_by__notin: str | Sequence[str]
    created_by__lt: str | Sequence[str]
    created_by__le: str | Sequence[str]
    created_by__gt: str | Sequence[str]
    created_by__ge: str | Sequence[str]
    created_by__contains: str | Sequence[str]
    description: str | Sequence[str]
    description__eq: str | Sequence[str]
    description__ne: str | Sequence[str]
    description__in: str | Sequence[str]
    description__notin: str | Sequence[str]
    description__lt: str | Sequence[str]
    description__le: str | Sequence[str]
    description__gt: str | Sequence[str]
    description__ge: str | Sequence[str]
    description__contains: str | Sequence[str]
    error: str | Sequence[str]
    error__eq: str | Sequence[str]
    error__ne: str | Sequence[str]
    error__in: str | Sequence[str]
    error__notin: str | Sequence[str]
    error__lt: str | Sequence[str]
    error__le: str | Sequence[str]
    error__gt: str | Sequence[str]
    error__ge: str | Sequence[str]
    error__contains: str | Sequence[str]
    number: int | Sequence[int]
    number__eq: int | Sequence[int]
    number__ne: int | Sequence[int]
    number__in: int | Sequence[int]
    number__notin: int | Sequence[int]
    number__lt: int | Sequence[int]
    number__le: int | Sequence[int]
    number__gt: int | Sequence[int]
    number__ge: int | Sequence[int]
    outcome: str | Sequence[str]
    outcome__eq: str | Sequence[str]
    outcome__ne: str | Sequence[str]
    outcome__in: str | Sequence[str]
    outcome__notin: str | Sequence[str]
    outcome__lt: str | Sequence[str]
    outcome__le: str | Sequence[str]
    outcome__gt: str | Sequence[str]
    outcome__ge: str | Sequence[str]
    outcome__contains: str | Sequence[str]
    rid: str | Sequence[str]
    rid__eq: str | Sequence[str]
    rid__ne: str | Sequence[str]
    rid__in: str | Sequence[str]
    rid__notin: str | Sequence[str]
    rid__lt: str | Sequence[str]
    rid__le: str | Sequence[str]
    rid__gt: str | Sequence[str]
    rid__ge: str | Sequence[str]
    rid__contains: str | Sequence[str]
    schedule_rid: str | Sequence[str]
    schedule_rid__eq: str | Sequence[str]
    schedule_rid__ne: str | Sequence[str]
    schedule_rid__in: str | Sequence[str]
    schedule_rid__notin: str | Sequence[str]
    schedule_rid__lt: str | Sequence[str]
    schedule_rid__le: str | Sequence[str]
    schedule_rid__gt: str | Sequence[str]
    schedule_rid__ge: str | Sequence[str]
    schedule_rid__contains: str | Sequence[str]
    version_rid: str | Sequence[str]
    version_rid__eq: str | Sequence[str]
    version_rid__ne: str | Sequence[str]
    version_rid__in: str | Sequence[str]
    version_rid__notin: str | Sequence[str]
    version_rid__lt: str | Sequence[str]
    version_rid__le: str | Sequence[str]
    version_rid__gt: str | Sequence[str]
    version_rid__ge: str | Sequence[str]
    version_rid__contains: str | Sequence[str]


ScheduleExplanationOrder = Literal[
    "code",
    "-code",
    "since",
    "-since",
    "text",
    "-text",
]


class ScheduleExplanationFilters(TypedDict, total=False):
    code: str | Sequence[str]
    code__eq: str | Sequence[str]
    code__ne: str | Sequence[str]
    code__in: str | Sequence[str]
    code__notin: str | Sequence[str]
    code__lt: str | Sequence[str]
    code__le: str | Sequence[str]
    code__gt: str | Sequence[str]
    code__ge: str | Sequence[str]
    code__contains: str | Sequence[str]
    since: int | Sequence[int]
    since__eq: int | Sequence[int]
    since__ne: int | Sequence[int]
    since__in: int | Sequence[int]
    since__notin: int | Sequence[int]
    since__lt: int | Sequence[int]
    since__le: int | Sequence[int]
    since__gt: int | Sequence[int]
    since__ge: int | Sequence[int]
    text: str | Sequence[str]
    text__eq: str | Sequence[str]
    text__ne: str | Sequence[str]
    text__in: str | Sequence[str]
    text__notin: str | Sequence[str]
    text__lt: str | Sequence[str]
    text__le: str | Sequence[str]
    text__gt: str | Sequence[str]
    text__ge: str | Sequence[str]
    text__contains: str | Sequence[str]


ChangeOrder = Literal[
    "author",
    "-author",
    "branch",
    "-branch",
    "category",
    "-category",
    "changeid",
    "-changeid",
    "codebase",
    "-codebase",
    "comments",
    "-comments",
    "committer",
    "-committer",
    "project",
    "-project",
    "repository",
    "-repository",
    "revision",
    "-revision",
    "revlink",
    "-revlink",
    "when_timestamp",
    "-when_timestamp",
]


class ChangeFilters(TypedDict, total=False):
    author: str | Sequence[str]
    author__eq: str | Sequence[str]
    author__ne: str | Sequence[str]
    author__in: str | Sequence[str]
    author__notin: str | Sequence[str]
    author__lt: str | Sequence[str]
    author__le: str | Sequence[str]
    author__gt: str | Sequence[str]
    author__ge: str | Sequence[str]
    author__contains: str | Sequence[str]
    branch: str | Sequence[str]
    branch__eq: str | Sequence[str]
    branch__ne: str | Sequence[str]
    branch__in: str | Sequence[str]
    branch__notin: str | Sequence[str]
    branch__lt: str | Sequence[str]
    branch__le: str | Sequence[str]
    branch__gt: str | Sequence[str]
    branch__ge: str | Sequence[str]
    branch__contains: str | Sequence[str]
    category: str | Sequence[str]
    category__eq: str | Sequence[str]
    category__ne: str | Sequence[str]
    category__in: str | Sequence[str]
    category__notin: str | Sequence[str]
    category__lt: str | Sequence[str]
    category__le: str | Sequence[str]
    category__gt: str | Sequence[str]
    category__ge: str | Sequence[str]
    category__contains: str | Sequence[str]
    changeid: int | Sequence[int]
    changeid__eq: int | Sequence[int]
    changeid__ne: int | Sequence[int]
    changeid__in: int | Sequence[int]
    changeid__notin: int | Sequence[int]
    changeid__lt: int | Sequence[int]
    changeid__le: int | Sequence[int]
    changeid__gt: int | Sequence[int]
    changeid__ge: int | Sequence[int]
    codebase: str | Sequence[str]
    codebase__eq: str | Sequence[str]
    codebase__ne: str | Sequence[str]
    codebase__in: str | Sequence[str]
    codebase__notin: str | Sequence[str]
    codebase__lt: str | Sequence[str]
    codebase__le: str | Sequence[str]
    codebase__gt: str | Sequence[str]
    codebase__ge: str | Sequence[str]
    codebase__contains: str | Sequence[str]
    comments: str | Sequence[str]
    comments__eq: str | Sequence[str]
    comments__ne: str | Sequence[str]
    comments__in: str | Sequence[str]
    comments__notin: str | Sequence[str]
    comments__lt: str | Sequence[str]
    comments__le: str | Sequence[str]
    comments__gt: str | Sequence[str]
    comments__ge: str | Sequence[str]
    comments__contains: str | Sequence[str]
    committer: str | Sequence[str]
    committer__eq: str | Sequence[str]
    committer__ne: str | Sequence[str]
    committer__in: str | Sequence[str]
    committer__notin: str | Sequence[str]
    committer__lt: str | Sequence[str]
    committer__le: str | Sequence[str]
    committer__gt: str | Sequence[str]
    committer__ge: str | Sequence[str]
    committer__contains: str | Sequence[str]
    files__contains: str | Sequence[str]
    parent_changeids__contains: int | Sequence[int]
    project: str | Sequence[str]
    project__eq: str | Sequence[str]
    project__ne: str | Sequence[str]
    project__in: str | Sequence[str]
    project__notin: str | Sequence[str]
    project__lt: str | Sequence[str]
    project__le: str | Sequence[str]
    project__gt: str | Sequence[str]
    project__ge: str | Sequence[str]
    project__contains: str | Sequence[str]
    repository: str | Sequence[str]
    repository__eq: str | Sequence[str]
    repository__ne: str | Sequence[str]
    repository__in: str | Sequence[str]
    repository__notin: str | Sequence[str]
    repository__lt: str | Sequence[str]
    repository__le: str | Sequence[str]
    repository__gt: str | Sequence[str]
    repository__ge: str | Sequence[str]
    repository__contains: str | Sequence[str]
    revision: str | Sequence[str]
    revision__eq: str | Sequence[str]
    revision__ne: str | Sequence[str]
    revision__in: str | Sequence[str]
    revision__notin: str | Sequence[str]
    revision__lt: str | Sequence[str]
    revision__le: str | Sequence[str]
    revision__gt: str | Sequence[str]
    revision__ge: str | Sequence[str]
    revision__contains: str | Sequence[str]
    revlink: str | Sequence[str]
    revlink__eq: str | Sequence[str]
    revlink__ne: str | Sequence[str]
    revlink__in: str | Sequence[str]
    revlink__notin: str | Sequence[str]
    revlink__lt: str | Sequence[str]
    revlink__le: str | Sequence[str]
    revlink__gt: str | Sequence[str]
    revlink__ge: str | Sequence[str]
    revlink__contains: str | Sequence[str]
    when_timestamp: int | Sequence[int]
    when_timestamp__eq: int | Sequence[int]
    when_timestamp__ne: int | Sequence[int]
    when_timestamp__in: int | Sequence[int]
    when_timestamp__notin: int | Sequence[int]
    when_timestamp__lt: int | Sequence[int]
    when_timestamp__le: int | Sequence[int]
    when_timestamp__gt: int | Sequence[int]
    when_timestamp__ge: int | Sequence[int]


StagingAppResourceOrder = Literal[
    "created_at",
    "-created_at",
    "current_droplet_guid",
    "-current_droplet_guid",
    "guid",
    "-guid",
    "lifecycle",
    "-lifecycle",
    "name",
    "-name",
    "space_guid",
    "-space_guid",
    "stack",
    "-stack",
    "staging_appid",
    "-staging_appid",
    "updated_at",
    "-updated_at",
]


class StagingAppResourceFilters(TypedDict, total=False):
    created_at: int | Sequence[int]
    created_at__eq: int | Sequence[int]
    created_at__ne: int | Sequence[int]
    created_at__in: int | Sequence[int]
    created_at__notin: int | Sequence[int]
    created_at__lt: int | Sequence[int]
    created_at__le: int | Sequence[int]
    created_at__gt: int | Sequence[int]
    created_at__ge: int | Sequence[int]
    current_droplet_guid: str | Sequence[str]
    current_droplet_guid__eq: str | Sequence[str]
    current_droplet_guid__ne: str | Sequence[str]
    current_droplet_guid__in: str | Sequence[str]
    current_droplet_guid__notin: str | Sequence[str]
    current_droplet_guid__lt: str | Sequence[str]
    current_droplet_guid__le: str | Sequence[str]
    current_droplet_guid__gt: str | Sequence[str]
    current_droplet_guid__ge: str | Sequence[str]
    current_droplet_guid__contains: str | Sequence[str]
    guid: str | Sequence[str]
    guid__eq: str | Sequence[str]
    guid__ne: str | Sequence[str]
    guid__in: str | Sequence[str]
    guid__notin: str | Sequence[str]
    guid__lt: str | Sequence[str]
    guid__le: str | Sequence[str]
    guid__gt: str | Sequence[str]
    guid__ge: str | Sequence[str]
    guid__contains: str | Sequence[str]
    lifecycle: str | Sequence[str]
    lifecycle__eq: str | Sequence[str]
    lifecycle__ne: str | Sequence[str]
    lifecycle__in: str | Sequence[str]
    lifecycle__notin: str | Sequence[str]
    lifecycle__lt: str | Sequence[str]
    lifecycle__le: str | Sequence[str]
    lifecycle__gt: str | Sequence[str]
    lifecycle__ge: str | Sequence[str]
    lifecycle__contains: str | Sequence[str]
    name: str | Sequence[str]
    name__eq: str | Sequence[str]
    name__ne: str | Sequence[str]
    name__in: str | Sequence[str]
    name__notin: str | Sequence[str]
    name__lt: str | Sequence[str]
    name__le: str | Sequence[str]
    name__gt: str | Sequence[str]
    name__ge: str | Sequence[str]
    name__contains: str | Sequence[str]
    space_guid: str | Sequence[str]
    space_guid__eq: str | Sequence[str]
    space_guid__ne: str | Sequence[str]
    space_guid__in: str | Sequence[str]
    space_guid__notin: str | Sequence[str]
    space_guid__lt: str | Sequence[str]
    space_guid__le: str | Sequence[str]
    space_guid__gt: str | Sequence[str]
    space_guid__ge: str | Sequence[str]
    space_guid__contains: str | Sequence[str]
    stack: str | Sequence[str]
    stack__eq: str | Sequence[str]
    stack__ne: str | Sequence[str]
    stack__in: str | Sequence[str]
    stack__notin: str | Sequence[str]
    stack__lt: str | Sequence[str]
    stack__le: str | Sequence[str]
    stack__gt: str | Sequence[str]
    stack__ge: str | Sequence[str]
    stack__contains: str | Sequence[str]
    staging_appid: int | Sequence[int]
    staging_appid__eq: int | Sequence[int]
    staging_appid__ne: int | Sequence[int]
    staging_appid__in: int | Sequence[int]
    staging_appid__notin: int | Sequence[int]
    staging_appid__lt: int | Sequence[int]
    staging_appid__le: int | Sequence[int]
    staging_appid__gt: int | Sequence[int]
    staging_appid__ge: int | Sequence[int]
    updated_at: int | Sequence[int]
    updated_at__eq: int | Sequence[int]
    updated_at__ne: int | Sequence[int]
    updated_at__in: int | Sequence[int]
    updated_at__notin: int | Sequence[int]
    updated_at__lt: int | Sequence[int]
    updated_at__le: int | Sequence[int]
    updated_at__gt: int | Sequence[int]
    updated_at__ge: int | Sequence[int]


StagingPackageResourceOrder = Literal[
    "app_guid",
    "-app_guid",
    "created_at",
    "-created_at",
    "error",
    "-error",
    "guid",
    "-guid",
    "image",
    "-image",
    "sha256",
    "-sha256",
    "size_bytes",
    "-size_bytes",
    "staging_packageid",
    "-staging_packageid",
    "state",
    "-state",
    "type",
    "-type",
    "updated_at",
    "-updated_at",
]


class StagingPackageResourceFilters(TypedDict, total=False):
    app_guid: str | Sequence[str]
    app_guid__eq: str | Sequence[str]
    app_guid__ne: str | Sequence[str]
    app_guid__in: str | Sequence[str]
    app_guid__notin: str | Sequence[str]
    app_guid__lt: str | Sequence[str]
    app_guid__le: str | Sequence[str]
    app_guid__gt: str | Sequence[str]
    app_guid__ge: str | Sequence[str]
    app_guid__contains: str | Sequence[str]
    created_at: int | Sequence[int]
    created_at__eq: int | Sequence[int]
    created_at__ne: int | Sequence[int]
    created_at__in: int | Sequence[int]
    created_at__notin: int | Sequence[int]
    created_at__lt: int | Sequence[int]
    created_at__le: int | Sequence[int]
    created_at__gt: int | Sequence[int]
    created_at__ge: int | Sequence[int]
    error: str | Sequence[str]
    error__eq: str | Sequence[str]
    error__ne: str | Sequence[str]
    error__in: str | Sequence[str]
    error__notin: str | Sequence[str]
    error__lt: str | Sequence[str]
    error__le: str | Sequence[str]
    error__gt: str | Sequence[str]
    error__ge: str | Sequence[str]
    error__contains: str | Sequence[str]
    guid: str | Sequence[str]
    guid__eq: str | Sequence[str]
    guid__ne: str | Sequence[str]
    guid__in: str | Sequence[str]
    guid__notin: str | Sequence[str]
    guid__lt: str | Sequence[str]
    guid__le: str | Sequence[str]
    guid__gt: str | Sequence[str]
    guid__ge: str | Sequence[str]
    guid__contains: str | Sequence[str]
    image: str | Sequence[str]
    image__eq: str | Sequence[str]
    image__ne: str | Sequence[str]
    image__in: str | Sequence[str]
    image__notin: str | Sequence[str]
    image__lt: str | Sequence[str]
    image__le: str | Sequence[str]
    image__gt: str | Sequence[str]
    image__ge: str | Sequence[str]
    image__contains: str | Sequence[str]
    sha256: str | Sequence[str]
    sha256__eq: str | Sequence[str]
    sha256__ne: str | Sequence[str]
    sha256__in: str | Sequence[str]
    sha256__notin: str | Sequence[str]
    sha256__lt: str | Sequence[str]
    sha256__le: str | Sequence[str]
    sha256__gt: str | Sequence[str]
    sha256__ge: str | Sequence[str]
    sha256__contains: str | Sequence[str]
    size_bytes: int | Sequence[int]
    size_bytes__eq: int | Sequence[int]
    size_bytes__ne: int | Sequence[int]
    size_bytes__in: int | Sequence[int]
    size_bytes__notin: int | Sequence[int]
    size_bytes__lt: int | Sequence[int]
    size_bytes__le: int | Sequence[int]
    size_bytes__gt: int | Sequence[int]
    size_bytes__ge: int | Sequence[int]
    staging_packageid: int | Sequence[int]
    staging_packageid__eq: int | Sequence[int]
    staging_packageid__ne: int | Sequence[int]
    staging_packageid__in: int | Sequence[int]
    staging_packageid__notin: int | Sequence[int]
    staging_packageid__lt: int | Sequence[int]
    staging_packageid__le: int | Sequence[int]
    staging_packageid__gt: int | Sequence[int]
    staging_packageid__ge: int | Sequence[int]
    state: str | Sequence[str]
    state__eq: str | Sequence[str]
    state__ne: str | Sequence[str]
    state__in: str | Sequence[str]
    state__notin: str | Sequence[str]
    state__lt: str | Sequence[str]
    state__le: str | Sequence[str]
    state__gt: str | Sequence[str]
    state__ge: str | Sequence[str]
    state__contains: str | Sequence[str]
    type: str | Sequence[str]
    type__eq: str | Sequence[str]
    type__ne: str | Sequence[str]
    type__in: str | Sequence[str]
    type__notin: str | Sequence[str]
    type__lt: str | Sequence[str]
    type__le: str | Sequence[str]
    type__gt: str | Sequence[str]
    type__ge: str | Sequence[str]
    type__contains: str | Sequence[str]
    updated_at: int | Sequence[int]
    updated_at__eq: int | Sequence[int]
    updated_at__ne: int | Sequence[int]
    updated_at__in: int | Sequence[int]
    updated_at__notin: int | Sequence[int]
    updated_at__lt: int | Sequence[int]
    updated_at__le: int | Sequence[int]
    updated_at__gt: int | Sequence[int]
    updated_at__ge: int | Sequence[int]


StagingBuildResourceOrder = Literal[
    "app_guid",
    "-app_guid",
    "builderid",
    "-builderid",
    "buildid",
    "-buildid",
    "buildrequestid",
    "-buildrequestid",
    "created_at",
    "-created_at",
    "created_by",
    "-created_by",
    "disk_mb",
    "-disk_mb",
    "droplet_guid",
    "-droplet_guid",
    "droplet_sha256",
    "-droplet_sha256",
    "error",
    "-error",
    "guid",
    "-guid",
    "lifecycle",
    "-lifecycle",
    "log_rate_bytes_per_second",
    "-log_rate_bytes_per_second",
    "memory_mb",
    "-memory_mb",
    "package_guid",
    "-package_guid",
    "stack",
    "-stack",
    "staging_buildid",
    "-staging_buildid",
    "state",
    "-state",
    "updated_at",
    "-updated_at",
]


class StagingBuildResourceFilters(TypedDict, total=False):
    app_guid: str | Sequence[str]
    app_guid__eq: str | Sequence[str]
    app_guid__ne: str | Sequence[str]
    app_guid__in: str | Sequence[str]
    app_guid__notin: str | Sequence[str]
    app_guid__lt: str | Sequence[str]
    app_guid__le: str | Sequence[str]
    app_guid__gt: str | Sequence[str]
    app_guid__ge: str | Sequence[str]
    app_guid__contains: str | Sequence[str]
    builderid: int | Sequence[int]
    builderid__eq: int | Sequence[int]
    builderid__ne: int | Sequence[int]
    builderid__in: int | Sequence[int]
    builderid__notin: int | Sequence[int]
    builderid__lt: int | Sequence[int]
    builderid__le: int | Sequence[int]
    builderid__gt: int | Sequence[int]
    builderid__ge: int | Sequence[int]
    buildid: int | Sequence[int]
    buildid__eq: int | Sequence[int]
    buildid__ne: int | Sequence[int]
    buildid__in: int | Sequence[int]
    buildid__notin: int | Sequence[int]
    buildid__lt: int | Sequence[int]
    buildid__le: int | Sequence[int]
    buildid__gt: int | Sequence[int]
    buildid__ge: int | Sequence[int]
    buildrequestid: int | Sequence[int]
    buildrequestid__eq: int | Sequence[int]
    buildrequestid__ne: int | Sequence[int]
    buildrequestid__in: int | Sequence[int]
    buildrequestid__notin: int | Sequence[int]
    buildrequestid__lt: int | Sequence[int]
    buildrequestid__le: int | Sequence[int]
    buildrequestid__gt: int | Sequence[int]
    buildrequestid__ge: int | Sequence[int]
    created_at: int | Sequence[int]
    created_at__eq: int | Sequence[int]
    created_at__ne: int | Sequence[int]
    created_at__in: int | Sequence[int]
    created_at__notin: int | Sequence[int]
    created_at__lt: int | Sequence[int]
    created_at__le: int | Sequence[int]
    created_at__gt: int | Sequence[int]
    created_at__ge: int | Sequence[int]
    disk_mb: int | Sequence[int]
    disk_mb__eq: int | Sequence[int]
    disk_mb__ne: int | Sequence[int]
    disk_mb__in: int | Sequence[int]
    disk_mb__notin: int | Sequence[int]
    disk_mb__lt: int | Sequence[int]
    disk_mb__le: int | Sequence[int]
    disk_mb__gt: int | Sequence[int]
    disk_mb__ge: int | Sequence[int]
    droplet_guid: str | Sequence[str]
    droplet_guid__eq: str | Sequence[str]
    droplet_guid__ne: str | Sequence[str]
    droplet_guid__in: str | Sequence[str]
    droplet_guid__notin: str | Sequence[str]
    droplet_guid__lt: str | Sequence[str]
    droplet_guid__le: str | Sequence[str]
    droplet_guid__gt: str | Sequence[str]
    droplet_guid__ge: str | Sequence[str]
    droplet_guid__contains: str | Sequence[str]
    droplet_sha256: str | Sequence[str]
    droplet_sha256__eq: str | Sequence[str]
    droplet_sha256__ne: str | Sequence[str]
    droplet_sha256__in: str | Sequence[str]
    droplet_sha256__notin: str | Sequence[str]
    droplet_sha256__lt: str | Sequence[str]
    droplet_sha256__le: str | Sequence[str]
    droplet_sha256__gt: str | Sequence[str]
    droplet_sha256__ge: str | Sequence[str]
    droplet_sha256__contains: str | Sequence[str]
    error: str | Sequence[str]
    error__eq: str | Sequence[str]
    error__ne: str | Sequence[str]
    error__in: str | Sequence[str]
    error__notin: str | Sequence[str]
    error__lt: str | Sequence[str]
    error__le: str | Sequence[str]
    error__gt: str | Sequence[str]
    error__ge: str | Sequence[str]
    error__contains: str | Sequence[str]
    guid: str | Sequence[str]
    guid__eq: str | Sequence[str]
    guid__ne: str | Sequence[str]
    guid__in: str | Sequence[str]
    guid__notin: str | Sequence[str]
    guid__lt: str | Sequence[str]
    guid__le: str | Sequence[str]
    guid__gt: str | Sequence[str]
    guid__ge: str | Sequence[str]
    guid__contains: str | Sequence[str]
    lifecycle: str | Sequence[str]
    lifecycle__eq: str | Sequence[str]
    lifecycle__ne: str | Sequence[str]
    lifecycle__in: str | Sequence[str]
    lifecycle__notin: str | Sequence[str]
    lifecycle__lt: str | Sequence[str]
    lifecycle__le: str | Sequence[str]
    lifecycle__gt: str | Sequence[str]
    lifecycle__ge: str | Sequence[str]
    lifecycle__contains: str | Sequence[str]
    log_rate_bytes_per_second: int | Sequence[int]
    log_rate_bytes_per_second__eq: int | Sequence[int]
    log_rate_bytes_per_second__ne: int | Sequence[int]
    log_rate_bytes_per_second__in: int | Sequence[int]
    log_rate_bytes_per_second__notin: int | Sequence[int]
    log_rate_bytes_per_second__lt: int | Sequence[int]
    log_rate_bytes_per_second__le: int | Sequence[int]
    log_rate_bytes_per_second__gt: int | Sequence[int]
    log_rate_bytes_per_second__ge: int | Sequence[int]
    memory_mb: int | Sequence[int]
    memory_mb__eq: int | Sequence[int]
    memory_mb__ne: int | Sequence[int]
    memory_mb__in: int | Sequence[int]
    memory_mb__notin: int | Sequence[int]
    memory_mb__lt: int | Sequence[int]
    memory_mb__le: int | Sequence[int]
    memory_mb__gt: int | Sequence[int]
    memory_mb__ge: int | Sequence[int]
    package_guid: str | Sequence[str]
    package_guid__eq: str | Sequence[str]
    package_guid__ne: str | Sequence[str]
    package_guid__in: str | Sequence[str]
    package_guid__notin: str | Sequence[str]
    package_guid__lt: str | Sequence[str]
    package_guid__le: str | Sequence[str]
    package_guid__gt: str | Sequence[str]
    package_guid__ge: str | Sequence[str]
    package_guid__contains: str | Sequence[str]
    stack: str | Sequence[str]
    stack__eq: str | Sequence[str]
    stack__ne: str | Sequence[str]
    stack__in: str | Sequence[str]
    stack__notin: str | Sequence[str]
    stack__lt: str | Sequence[str]
    stack__le: str | Sequence[str]
    stack__gt: str | Sequence[str]
    stack__ge: str | Sequence[str]
    stack__contains: str | Sequence[str]
    staging_buildid: int | Sequence[int]
    staging_buildid__eq: int | Sequence[int]
    staging_buildid__ne: int | Sequence[int]
    staging_buildid__in: int | Sequence[int]
    staging_buildid__notin: int | Sequence[int]
    staging_buildid__lt: int | Sequence[int]
    staging_buildid__le: int | Sequence[int]
    staging_buildid__gt: int | Sequence[int]
    staging_buildid__ge: int | Sequence[int]
    state: str | Sequence[str]
    state__eq: str | Sequence[str]
    state__ne: str | Sequence[str]
    state__in: str | Sequence[str]
    state__notin: str | Sequence[str]
    state__lt: str | Sequence[str]
    state__le: str | Sequence[str]
    state__gt: str | Sequence[str]
    state__ge: str | Sequence[str]
    state__contains: str | Sequence[str]
    updated_at: int | Sequence[int]
    updated_at__eq: int | Sequence[int]
    updated_at__ne: int | Sequence[int]
    updated_at__in: int | Sequence[int]
    updated_at__notin: int | Sequence[int]
    updated_at__lt: int | Sequence[int]
    updated_at__le: int | Sequence[int]
    updated_at__gt: int | Sequence[int]
    updated_at__ge: int | Sequence[int]


StagingDropletResourceOrder = Literal[
    "app_guid",
    "-app_guid",
    "attested",
    "-attested",
    "build_guid",
    "-build_guid",
    "created_at",
    "-created_at",
    "error",
    "-error",
    "guid",
    "-guid",
    "image",
    "-image",
    "lifecycle",
    "-lifecycle",
    "package_guid",
    "-package_guid",
    "sha256",
    "-sha256",
    "size_bytes",
    "-size_bytes",
    "stack",
    "-stack",
    "staging_dropletid",
    "-staging_dropletid",
    "state",
    "-state",
    "updated_at",
    "-updated_at",
]


class StagingDropletResourceFilters(TypedDict, total=False):
    app_guid: str | Sequence[str]
    app_guid__eq: str | Sequence[str]
    app_guid__ne: str | Sequence[str]
    app_guid__in: str | Sequence[str]
    app_guid__notin: str | Sequence[str]
    app_guid__lt: str | Sequence[str]
    app_guid__le: str | Sequence[str]
    app_guid__gt: str | Sequence[str]
    app_guid__ge: str | Sequence[str]
    app_guid__contains: str | Sequence[str]
    attested: bool
    attested__eq: bool
    attested__ne: bool
    attested__in: bool
    attested__notin: bool
    build_guid: str | Sequence[str]
    build_guid__eq: str | Sequence[str]
    build_guid__ne: str | Sequence[str]
    build_guid__in: str | Sequence[str]
    build_guid__notin: str | Sequence[str]
    build_guid__lt: str | Sequence[str]
    build_guid__le: str | Sequence[str]
    build_guid__gt: str | Sequence[str]
    build_guid__ge: str | Sequence[str]
    build_guid__contains: str | Sequence[str]
    created_at: int | Sequence[int]
    created_at__eq: int | Sequence[int]
    created_at__ne: int | Sequence[int]
    created_at__in: int | Sequence[int]
    created_at__notin: int | Sequence[int]
    created_at__lt: int | Sequence[int]
    created_at__le: int | Sequence[int]
    created_at__gt: int | Sequence[int]
    created_at__ge: int | Sequence[int]
    error: str | Sequence[str]
    error__eq: str | Sequence[str]
    error__ne: str | Sequence[str]
    error__in: str | Sequence[str]
    error__notin: str | Sequence[str]
    error__lt: str | Sequence[str]
    error__le: str | Sequence[str]
    error__gt: str | Sequence[str]
    error__ge: str | Sequence[str]
    error__contains: str | Sequence[str]
    guid: str | Sequence[str]
    guid__eq: str | Sequence[str]
    guid__ne: str | Sequence[str]
    guid__in: str | Sequence[str]
    guid__notin: str | Sequence[str]
    guid__lt: str | Sequence[str]
    guid__le: str | Sequence[str]
    guid__gt: str | Sequence[str]
    guid__ge: str | Sequence[str]
    guid__contains: str | Sequence[str]
    image: str | Sequence[str]
    image__eq: str | Sequence[str]
    image__ne: str | Sequence[str]
    image__in: str | Sequence[str]
    image__notin: str | Sequence[str]
    image__lt: str | Sequence[str]
    image__le: str | Sequence[str]
    image__gt: str | Sequence[str]
    image__ge: str | Sequence[str]
    image__contains: str | Sequence[str]
    lifecycle: str | Sequence[str]
    lifecycle__eq: str | Sequence[str]
    lifecycle__ne: str | Sequence[str]
    lifecycle__in: str | Sequence[str]
    lifecycle__notin: str | Sequence[str]
    lifecycle__lt: str | Sequence[str]
    lifecycle__le: str | Sequence[str]
    lifecycle__gt: str | Sequence[str]
    lifecycle__ge: str | Sequence[str]
    lifecycle__contains: str | Sequence[str]
    package_guid: str | Sequence[str]
    package_guid__eq: str | Sequence[str]
    package_guid__ne: str | Sequence[str]
    package_guid__in: str | Sequence[str]
    package_guid__notin: str | Sequence[str]
    package_guid__lt: str | Sequence[str]
    package_guid__le: str | Sequence[str]
    package_guid__gt: str | Sequence[str]
    package_guid__ge: str | Sequence[str]
    package_guid__contains: str | Sequence[str]
    sha256: str | Sequence[str]
    sha256__eq: str | Sequence[str]
    sha256__ne: str | Sequence[str]
    sha256__in: str | Sequence[str]
    sha256__notin: str | Sequence[str]
    sha256__lt: str | Sequence[str]
    sha256__le: str | Sequence[str]
    sha256__gt: str | Sequence[str]
    sha256__ge: str | Sequence[str]
    sha256__contains: str | Sequence[str]
    size_bytes: int | Sequence[int]
    size_bytes__eq: int | Sequence[int]
    size_bytes__ne: int | Sequence[int]
    size_bytes__in: int | Sequence[int]
    size_bytes__notin: int | Sequence[int]
    size_bytes__lt: int | Sequence[int]
    size_bytes__le: int | Sequence[int]
    size_bytes__gt: int | Sequence[int]
    size_bytes__ge: int | Sequence[int]
    stack: str | Sequence[str]
    stack__eq: str | Sequence[str]
    stack__ne: str | Sequence[str]
    stack__in: str | Sequence[str]
    stack__notin: str | Sequence[str]
    stack__lt: str | Sequence[str]
    stack__le: str | Sequence[str]
    stack__gt: str | Sequence[str]
    stack__ge: str | Sequence[str]
    stack__contains: str | Sequence[str]
    staging_dropletid: int | Sequence[int]
    staging_dropletid__eq: int | Sequence[int]
    staging_dropletid__ne: int | Sequence[int]
    staging_dropletid__in: int | Sequence[int]
    staging_dropletid__notin: int | Sequence[int]
    staging_dropletid__lt: int | Sequence[int]
    staging_dropletid__le: int | Sequence[int]
    staging_dropletid__gt: int | Sequence[int]
    staging_dropletid__ge: int | Sequence[int]
    state: str | Sequence[str]
    state__eq: str | Sequence[str]
    state__ne: str | Sequence[str]
    state__in: str | Sequence[str]
    state__notin: str | Sequence[str]
    state__lt: str | Sequence[str]
    state__le: str | Sequence[str]
    state__gt: str | Sequence[str]
    state__ge: str | Sequence[str]
    state__contains: str | Sequence[str]
    updated_at: int | Sequence[int]
    updated_at__eq: int | Sequence[int]
    updated_at__ne: int | Sequence[int]
    updated_at__in: int | Sequence[int]
    updated_at__notin: int | Sequence[int]
    updated_at__lt: int | Sequence[int]
    updated_at__le: int | Sequence[int]
    updated_at__gt: int | Sequence[int]
    updated_at__ge: int | Sequence[int]


StagingBuildpackResourceOrder = Literal[
    "configured",
    "-configured",
    "created_at",
    "-created_at",
    "enabled",
    "-enabled",
    "filename",
    "-filename",
    "guid",
    "-guid",
    "lifecycle",
    "-lifecycle",
    "locked",
    "-locked",
    "name",
    "-name",
    "position",
    "-position",
    "sha256",
    "-sha256",
    "size_bytes",
    "-size_bytes",
    "stack",
    "-stack",
    "staging_buildpackid",
    "-staging_buildpackid",
    "state",
    "-state",
    "updated_at",
    "-updated_at",
]


class StagingBuildpackResourceFilters(TypedDict, total=False):
    configured: bool
    configured__eq: bool
    configured__ne: bool
    configured__in: bool
    configured__notin: bool
    created_at: int | Sequence[int]
    created_at__eq: int | Sequence[int]
    created_at__ne: int | Sequence[int]
    created_at__in: int | Sequence[int]
    created_at__notin: int | Sequence[int]
    created_at__lt: int | Sequence[int]
    created_at__le: int | Sequence[int]
    created_at__gt: int | Sequence[int]
    created_at__ge: int | Sequence[int]
    enabled: bool
    enabled__eq: bool
    enabled__ne: bool
    enabled__in: bool
    enabled__notin: bool
    filename: str | Sequence[str]
    filename__eq: str | Sequence[str]
    filename__ne: str | Sequence[str]
    filename__in: str | Sequence[str]
    filename__notin: str | Sequence[str]
    filename__lt: str | Sequence[str]
    filename__le: str | Sequence[str]
    filename__gt: str | Sequence[str]
    filename__ge: str | Sequence[str]
    filename__contains: str | Sequence[str]
    guid: str | Sequence[str]
    guid__eq: str | Sequence[str]
    guid__ne: str | Sequence[str]
    guid__in: str | Sequence[str]
    guid__notin: str | Sequence[str]
    guid__lt: str | Sequence[str]
    guid__le: str | Sequence[str]
    guid__gt: str | Sequence[str]
    guid__ge: str | Sequence[str]
    guid__contains: str | Sequence[str]
    lifecycle: str | Sequence[str]
    lifecycle__eq: str | Sequence[str]
    lifecycle__ne: str | Sequence[str]
    lifecycle__in: str | Sequence[str]
    lifecycle__notin: str | Sequence[str]
    lifecycle__lt: str | Sequence[str]
    lifecycle__le: str | Sequence[str]
    lifecycle__gt: str | Sequence[str]
    lifecycle__ge: str | Sequence[str]
    lifecycle__contains: str | Sequence[str]
    locked: bool
    locked__eq: bool
    locked__ne: bool
    locked__in: bool
    locked__notin: bool
    name: str | Sequence[str]
    name__eq: str | Sequence[str]
    name__ne: str | Sequence[str]
    name__in: str | Sequence[str]
    name__notin: str | Sequence[str]
    name__lt: str | Sequence[str]
    name__le: str | Sequence[str]
    name__gt: str | Sequence[str]
    name__ge: str | Sequence[str]
    name__contains: str | Sequence[str]
    position: int | Sequence[int]
    position__eq: int | Sequence[int]
    position__ne: int | Sequence[int]
    position__in: int | Sequence[int]
    position__notin: int | Sequence[int]
    position__lt: int | Sequence[int]
    position__le: int | Sequence[int]
    position__gt: int | Sequence[int]
    position__ge: int | Sequence[int]
    sha256: str | Sequence[str]
    sha256__eq: str | Sequence[str]
    sha256__ne: str | Sequence[str]
    sha256__in: str | Sequence[str]
    sha256__notin: str | Sequence[str]
    sha256__lt: str | Sequence[str]
    sha256__le: str | Sequence[str]
    sha256__gt: str | Sequence[str]
    sha256__ge: str | Sequence[str]
    sha256__contains: str | Sequence[str]
    size_bytes: int | Sequence[int]
    size_bytes__eq: int | Sequence[int]
    size_bytes__ne: int | Sequence[int]
    size_bytes__in: int | Sequence[int]
    size_bytes__notin: int | Sequence[int]
    size_bytes__lt: int | Sequence[int]
    size_bytes__le: int | Sequence[int]
    size_bytes__gt: int | Sequence[int]
    size_bytes__ge: int | Sequence[int]
    stack: str | Sequence[str]
    stack__eq: str | Sequence[str]
    stack__ne: str | Sequence[str]
    stack__in: str | Sequence[str]
    stack__notin: str | Sequence[str]
    stack__lt: str | Sequence[str]
    stack__le: str | Sequence[str]
    stack__gt: str | Sequence[str]
    stack__ge: str | Sequence[str]
    stack__contains: str | Sequence[str]
    staging_buildpackid: int | Sequence[int]
    staging_buildpackid__eq: int | Sequence[int]
    staging_buildpackid__ne: int | Sequence[int]
    staging_buildpackid__in: int | Sequence[int]
    staging_buildpackid__notin: int | Sequence[int]
    staging_buildpackid__lt: int | Sequence[int]
    staging_buildpackid__le: int | Sequence[int]
    staging_buildpackid__gt: int | Sequence[int]
    staging_buildpackid__ge: int | Sequence[int]
    state: str | Sequence[str]
    state__eq: str | Sequence[str]
    state__ne: str | Sequence[str]
    state__in: str | Sequence[str]
    state__notin: str | Sequence[str]
    state__lt: str | Sequence[str]
    state__le: str | Sequence[str]
    state__gt: str | Sequence[str]
    state__ge: str | Sequence[str]
    state__contains: str | Sequence[str]
    updated_at: int | Sequence[int]
    updated_at__eq: int | Sequence[int]
    updated_at__ne: int | Sequence[int]
    updated_at__in: int | Sequence[int]
    updated_at__notin: int | Sequence[int]
    updated_at__lt: int | Sequence[int]
    updated_at__le: int | Sequence[int]
    updated_at__gt: int | Sequence[int]
    updated_at__ge: int | Sequence[int]


StagingCacheResourceOrder = Literal[
    "app_guid",
    "-app_guid",
    "key",
    "-key",
    "sha256",
    "-sha256",
    "size_bytes",
    "-size_bytes",
    "stack",
    "-stack",
    "staging_cacheid",
    "-staging_cacheid",
    "used_at",
    "-used_at",
]


class StagingCacheResourceFilters(TypedDict, total=False):
    app_guid: str | Sequence[str]
    app_guid__eq: str | Sequence[str]
    app_guid__ne: str | Sequence[str]
    app_guid__in: str | Sequence[str]
    app_guid__notin: str | Sequence[str]
    app_guid__lt: str | Sequence[str]
    app_guid__le: str | Sequence[str]
    app_guid__gt: str | Sequence[str]
    app_guid__ge: str | Sequence[str]
    app_guid__contains: str | Sequence[str]
    key: str | Sequence[str]
    key__eq: str | Sequence[str]
    key__ne: str | Sequence[str]
    key__in: str | Sequence[str]
    key__notin: str | Sequence[str]
    key__lt: str | Sequence[str]
    key__le: str | Sequence[str]
    key__gt: str | Sequence[str]
    key__ge: str | Sequence[str]
    key__contains: str | Sequence[str]
    sha256: str | Sequence[str]
    sha256__eq: str | Sequence[str]
    sha256__ne: str | Sequence[str]
    sha256__in: str | Sequence[str]
    sha256__notin: str | Sequence[str]
    sha256__lt: str | Sequence[str]
    sha256__le: str | Sequence[str]
    sha256__gt: str | Sequence[str]
    sha256__ge: str | Sequence[str]
    sha256__contains: str | Sequence[str]
    size_bytes: int | Sequence[int]
    size_bytes__eq: int | Sequence[int]
    size_bytes__ne: int | Sequence[int]
    size_bytes__in: int | Sequence[int]
    size_bytes__notin: int | Sequence[int]
    size_bytes__lt: int | Sequence[int]
    size_bytes__le: int | Sequence[int]
    size_bytes__gt: int | Sequence[int]
    size_bytes__ge: int | Sequence[int]
    stack: str | Sequence[str]
    stack__eq: str | Sequence[str]
    stack__ne: str | Sequence[str]
    stack__in: str | Sequence[str]
    stack__notin: str | Sequence[str]
    stack__lt: str | Sequence[str]
    stack__le: str | Sequence[str]
    stack__gt: str | Sequence[str]
    stack__ge: str | Sequence[str]
    stack__contains: str | Sequence[str]
    staging_cacheid: int | Sequence[int]
    staging_cacheid__eq: int | Sequence[int]
    staging_cacheid__ne: int | Sequence[int]
    staging_cacheid__in: int | Sequence[int]
    staging_cacheid__notin: int | Sequence[int]
    staging_cacheid__lt: int | Sequence[int]
    staging_cacheid__le: int | Sequence[int]
    staging_cacheid__gt: int | Sequence[int]
    staging_cacheid__ge: int | Sequence[int]
    used_at: int | Sequence[int]
    used_at__eq: int | Sequence[int]
    used_at__ne: int | Sequence[int]
    used_at__in: int | Sequence[int]
    used_at__notin: int | Sequence[int]
    used_at__lt: int | Sequence[int]
    used_at__le: int | Sequence[int]
    used_at__gt: int | Sequence[int]
    used_at__ge: int | Sequence[int]


StepOrder = Literal[
    "buildid",
    "-buildid",
    "complete",
    "-complete",
    "complete_at",
    "-complete_at",
    "hidden",
    "-hidden",
    "locks_acquired_at",
    "-locks_acquired_at",
    "name",
    "-name",
    "number",
    "-number",
    "results",
    "-results",
    "started_at",
    "-started_at",
    "state_string",
    "-state_string",
    "stepid",
    "-stepid",
]


class StepFilters(TypedDict, total=False):
    buildid: int | Sequence[int]
    buildid__eq: int | Sequence[int]
    buildid__ne: int | Sequence[int]
    buildid__in: int | Sequence[int]
    buildid__notin: int | Sequence[int]
    buildid__lt: int | Sequence[int]
    buildid__le: int | Sequence[int]
    buildid__gt: int | Sequence[int]
    buildid__ge: int | Sequence[int]
    complete: bool
    complete__eq: bool
    complete__ne: bool
    complete__in: bool
    complete__notin: bool
    complete_at: int | Sequence[int]
    complete_at__eq: int | Sequence[int]
    complete_at__ne: int | Sequence[int]
    complete_at__in: int | Sequence[int]
    complete_at__notin: int | Sequence[int]
    complete_at__lt: int | Sequence[int]
    complete_at__le: int | Sequence[int]
    complete_at__gt: int | Sequence[int]
    complete_at__ge: int | Sequence[int]
    hidden: bool
    hidden__eq: bool
    hidden__ne: bool
    hidden__in: bool
    hidden__notin: bool
    locks_acquired_at: int | Sequence[int]
    locks_acquired_at__eq: int | Sequence[int]
    locks_acquired_at__ne: int | Sequence[int]
    locks_acquired_at__in: int | Sequence[int]
    locks_acquired_at__notin: int | Sequence[int]
    locks_acquired_at__lt: int | Sequence[int]
    locks_acquired_at__le: int | Sequence[int]
    locks_acquired_at__gt: int | Sequence[int]
    locks_acquired_at__ge: int | Sequence[int]
    name: str | Sequence[str]
    name__eq: str | Sequence[str]
    name__ne: str | Sequence[str]
    name__in: str | Sequence[str]
    name__notin: str | Sequence[str]
    name__lt: str | Sequence[str]
    name__le: str | Sequence[str]
    name__gt: str | Sequence[str]
    name__ge: str | Sequence[str]
    name__contains: str | Sequence[str]
    number: int | Sequence[int]
    number__eq: int | Sequence[int]
    number__ne: int | Sequence[int]
    number__in: int | Sequence[int]
    number__notin: int | Sequence[int]
    number__lt: int | Sequence[int]
    number__le: int | Sequence[int]
    number__gt: int | Sequence[int]
    number__ge: int | Sequence[int]
    results: int | Sequence[int]
    results__eq: int | Sequence[int]
    results__ne: int | Sequence[int]
    results__in: int | Sequence[int]
    results__notin: int | Sequence[int]
    results__lt: int | Sequence[int]
    results__le: int | Sequence[int]
    results__gt: int | Sequence[int]
    results__ge: int | Sequence[int]
    started_at: int | Sequence[int]
    started_at__eq: int | Sequence[int]
    started_at__ne: int | Sequence[int]
    started_at__in: int | Sequence[int]
    started_at__notin: int | Sequence[int]
    started_at__lt: int | Sequence[int]
    started_at__le: int | Sequence[int]
    started_at__gt: int | Sequence[int]
    started_at__ge: int | Sequence[int]
    state_string: str | Sequence[str]
    state_string__eq: str | Sequence[str]
    state_string__ne: str | Sequence[str]
    state_string__in: str | Sequence[str]
    state_string__notin: str | Sequence[str]
    state_string__lt: str | Sequence[str]
    state_string__le: str | Sequence[str]
    state_string__gt: str | Sequence[str]
    state_string__ge: str | Sequence[str]
    state_string__contains: str | Sequence[str]
    stepid: int | Sequence[int]
    stepid__eq: int | Sequence[int]
    stepid__ne: int | Sequence[int]
    stepid__in: int | Sequence[int]
    stepid__notin: int | Sequence[int]
    stepid__lt: int | Sequence[int]
    stepid__le: int | Sequence[int]
    stepid__gt: int | Sequence[int]
    stepid__ge: int | Sequence[int]


LogOrder = Literal[
    "complete",
    "-complete",
    "logid",
    "-logid",
    "name",
    "-name",
    "num_lines",
    "-num_lines",
    "slug",
    "-slug",
    "stepid",
    "-stepid",
    "type",
    "-type",
]


class LogFilters(TypedDict, total=False):
    complete: bool
    complete__eq: bool
    complete__ne: bool
    complete__in: bool
    complete__notin: bool
    logid: int | Sequence[int]
    logid__eq: int | Sequence[int]
    logid__ne: int | Sequence[int]
    logid__in: int | Sequence[int]
    logid__notin: int | Sequence[int]
    logid__lt: int | Sequence[int]
    logid__le: int | Sequence[int]
    logid__gt: int | Sequence[int]
    logid__ge: int | Sequence[int]
    name: str | Sequence[str]
    name__eq: str | Sequence[str]
    name__ne: str | Sequence[str]
    name__in: str | Sequence[str]
    name__notin: str | Sequence[str]
    name__lt: str | Sequence[str]
    name__le: str | Sequence[str]
    name__gt: str | Sequence[str]
    name__ge: str | Sequence[str]
    name__contains: str | Sequence[str]
    num_lines: int | Sequence[int]
    num_lines__eq: int | Sequence[int]
    num_lines__ne: int | Sequence[int]
    num_lines__in: int | Sequence[int]
    num_lines__notin: int | Sequence[int]
    num_lines__lt: int | Sequence[int]
    num_lines__le: int | Sequence[int]
    num_lines__gt: int | Sequence[int]
    num_lines__ge: int | Sequence[int]
    slug: str | Sequence[str]
    slug__eq: str | Sequence[str]
    slug__ne: str | Sequence[str]
    slug__in: str | Sequence[str]
    slug__notin: str | Sequence[str]
    slug__lt: str | Sequence[str]
    slug__le: str | Sequence[str]
    slug__gt: str | Sequence[str]
    slug__ge: str | Sequence[str]
    slug__contains: str | Sequence[str]
    stepid: int | Sequence[int]
    stepid__eq: int | Sequence[int]
    stepid__ne: int | Sequence[int]
    stepid__in: int | Sequence[int]
    stepid__notin: int | Sequence[int]
    stepid__lt: int | Sequence[int]
    stepid__le: int | Sequence[int]
    stepid__gt: int | Sequence[int]
    stepid__ge: int | Sequence[int]
    type: str | Sequence[str]
    type__eq: str | Sequence[str]
    type__ne: str | Sequence[str]
    type__in: str | Sequence[str]
    type__notin: str | Sequence[str]
    type__lt: str | Sequence[str]
    type__le: str | Sequence[str]
    type__gt: str | Sequence[str]
    type__ge: str | Sequence[str]
    type__contains: str | Sequence[str]


StopOrder = Literal[
    "buildid",
    "-buildid",
    "buildrequestid",
    "-buildrequestid",
    "by",
    "-by",
    "by_kind",
    "-by_kind",
    "reason",
    "-reason",
    "stopped_at",
    "-stopped_at",
]


class StopFilters(TypedDict, total=False):
    buildid: int | Sequence[int]
    buildid__eq: int | Sequence[int]
    buildid__ne: int | Sequence[int]
    buildid__in: int | Sequence[int]
    buildid__notin: int | Sequence[int]
    buildid__lt: int | Sequence[int]
    buildid__le: int | Sequence[int]
    buildid__gt: int | Sequence[int]
    buildid__ge: int | Sequence[int]
    buildrequestid: int | Sequence[int]
    buildrequestid__eq: int | Sequence[int]
    buildrequestid__ne: int | Sequence[int]
    buildrequestid__in: int | Sequence[int]
    buildrequestid__notin: int | Sequence[int]
    buildrequestid__lt: int | Sequence[int]
    buildrequestid__le: int | Sequence[int]
    buildrequestid__gt: int | Sequence[int]
    buildrequestid__ge: int | Sequence[int]
    by: str | Sequence[str]
    by__eq: str | Sequence[str]
    by__ne: str | Sequence[str]
    by__in: str | Sequence[str]
    by__notin: str | Sequence[str]
    by__lt: str | Sequence[str]
    by__le: str | Sequence[str]
    by__gt: str | Sequence[str]
    by__ge: str | Sequence[str]
    by__contains: str | Sequence[str]
    by_kind: str | Sequence[str]
    by_kind__eq: str | Sequence[str]
    by_kind__ne: str | Sequence[str]
    by_kind__in: str | Sequence[str]
    by_kind__notin: str | Sequence[str]
    by_kind__lt: str | Sequence[str]
    by_kind__le: str | Sequence[str]
    by_kind__gt: str | Sequence[str]
    by_kind__ge: str | Sequence[str]
    by_kind__contains: str | Sequence[str]
    reason: str | Sequence[str]
    reason__eq: str | Sequence[str]
    reason__ne: str | Sequence[str]
    reason__in: str | Sequence[str]
    reason__notin: str | Sequence[str]
    reason__lt: str | Sequence[str]
    reason__le: str | Sequence[str]
    reason__gt: str | Sequence[str]
    reason__ge: str | Sequence[str]
    reason__contains: str | Sequence[str]
    stopped_at: int | Sequence[int]
    stopped_at__eq: int | Sequence[int]
    stopped_at__ne: int | Sequence[int]
    stopped_at__in: int | Sequence[int]
    stopped_at__notin: int | Sequence[int]
    stopped_at__lt: int | Sequence[int]
    stopped_at__le: int | Sequence[int]
    stopped_at__gt: int | Sequence[int]
    stopped_at__ge: int | Sequence[int]


TestResultSetOrder = Literal[
    "builderid",
    "-builderid",
    "buildid",
    "-buildid",
    "category",
    "-category",
    "complete",
    "-complete",
    "description",
    "-description",
    "stepid",
    "-stepid",
    "test_result_setid",
    "-test_result_setid",
    "tests_failed",
    "-tests_failed",
    "tests_passed",
    "-tests_passed",
    "value_unit",
    "-value_unit",
]


class TestResultSetFilters(TypedDict, total=False):
    builderid: int | Sequence[int]
    builderid__eq: int | Sequence[int]
    builderid__ne: int | Sequence[int]
    builderid__in: int | Sequence[int]
    builderid__notin: int | Sequence[int]
    builderid__lt: int | Sequence[int]
    builderid__le: int | Sequence[int]
    builderid__gt: int | Sequence[int]
    builderid__ge: int | Sequence[int]
    buildid: int | Sequence[int]
    buildid__eq: int | Sequence[int]
    buildid__ne: int | Sequence[int]
    buildid__in: int | Sequence[int]
    buildid__notin: int | Sequence[int]
    buildid__lt: int | Sequence[int]
    buildid__le: int | Sequence[int]
    buildid__gt: int | Sequence[int]
    buildid__ge: int | Sequence[int]
    category: str | Sequence[str]
    category__eq: str | Sequence[str]
    category__ne: str | Sequence[str]
    category__in: str | Sequence[str]
    category__notin: str | Sequence[str]
    category__lt: str | Sequence[str]
    category__le: str | Sequence[str]
    category__gt: str | Sequence[str]
    category__ge: str | Sequence[str]
    category__contains: str | Sequence[str]
    complete: bool
    complete__eq: bool
    complete__ne: bool
    complete__in: bool
    complete__notin: bool
    description: str | Sequence[str]
    description__eq: str | Sequence[str]
    description__ne: str | Sequence[str]
    description__in: str | Sequence[str]
    description__notin: str | Sequence[str]
    description__lt: str | Sequence[str]
    description__le: str | Sequence[str]
    description__gt: str | Sequence[str]
    description__ge: str | Sequence[str]
    description__contains: str | Sequence[str]
    stepid: int | Sequence[int]
    stepid__eq: int | Sequence[int]
    stepid__ne: int | Sequence[int]
    stepid__in: int | Sequence[int]
    stepid__notin: int | Sequence[int]
    stepid__lt: int | Sequence[int]
    stepid__le: int | Sequence[int]
    stepid__gt: int | Sequence[int]
    stepid__ge: int | Sequence[int]
    test_result_setid: int | Sequence[int]
    test_result_setid__eq: int | Sequence[int]
    test_result_setid__ne: int | Sequence[int]
    test_result_setid__in: int | Sequence[int]
    test_result_setid__notin: int | Sequence[int]
    test_result_setid__lt: int | Sequence[int]
    test_result_setid__le: int | Sequence[int]
    test_result_setid__gt: int | Sequence[int]
    test_result_setid__ge: int | Sequence[int]
    tests_failed: int | Sequence[int]
    tests_failed__eq: int | Sequence[int]
    tests_failed__ne: int | Sequence[int]
    tests_failed__in: int | Sequence[int]
    tests_failed__notin: int | Sequence[int]
    tests_failed__lt: int | Sequence[int]
    tests_failed__le: int | Sequence[int]
    tests_failed__gt: int | Sequence[int]
    tests_failed__ge: int | Sequence[int]
    tests_passed: int | Sequence[int]
    tests_passed__eq: int | Sequence[int]
    tests_passed__ne: int | Sequence[int]
    tests_passed__in: int | Sequence[int]
    tests_passed__notin: int | Sequence[int]
    tests_passed__lt: int | Sequence[int]
    tests_passed__le: int | Sequence[int]
    tests_passed__gt: int | Sequence[int]
    tests_passed__ge: int | Sequence[int]
    value_unit: str | Sequence[str]
    value_unit__eq: str | Sequence[str]
    value_unit__ne: str | Sequence[str]
    value_unit__in: str | Sequence[str]
    value_unit__notin: str | Sequence[str]
    value_unit__lt: str | Sequence[str]
    value_unit__le: str | Sequence[str]
    value_unit__gt: str | Sequence[str]
    value_unit__ge: str | Sequence[str]
    value_unit__contains: str | Sequence[str]


TestResultOrder = Literal[
    "builderid",
    "-builderid",
    "duration_ns",
    "-duration_ns",
    "line",
    "-line",
    "test_code_path",
    "-test_code_path",
    "test_name",
    "-test_name",
    "test_result_setid",
    "-test_result_setid",
    "test_resultid",
    "-test_resultid",
    "value",
    "-value",
]


class TestResultFilters(TypedDict, total=False):
    builderid: int | Sequence[int]
    builderid__eq: int | Sequence[int]
    builderid__ne: int | Sequence[int]
    builderid__in: int | Sequence[int]
    builderid__notin: int | Sequence[int]
    builderid__lt: int | Sequence[int]
    builderid__le: int | Sequence[int]
    builderid__gt: int | Sequence[int]
    builderid__ge: int | Sequence[int]
    duration_ns: int | Sequence[int]
    duration_ns__eq: int | Sequence[int]
    duration_ns__ne: int | Sequence[int]
    duration_ns__in: int | Sequence[int]
    duration_ns__notin: int | Sequence[int]
    duration_ns__lt: int | Sequence[int]
    duration_ns__le: int | Sequence[int]
    duration_ns__gt: int | Sequence[int]
    duration_ns__ge: int | Sequence[int]
    line: int | Sequence[int]
    line__eq: int | Sequence[int]
    line__ne: int | Sequence[int]
    line__in: int | Sequence[int]
    line__notin: int | Sequence[int]
    line__lt: int | Sequence[int]
    line__le: int | Sequence[int]
    line__gt: int | Sequence[int]
    line__ge: int | Sequence[int]
    test_code_path: str | Sequence[str]
    test_code_path__eq: str | Sequence[str]
    test_code_path__ne: str | Sequence[str]
    test_code_path__in: str | Sequence[str]
    test_code_path__notin: str | Sequence[str]
    test_code_path__lt: str | Sequence[str]
    test_code_path__le: str | Sequence[str]
    test_code_path__gt: str | Sequence[str]
    test_code_path__ge: str | Sequence[str]
    test_code_path__contains: str | Sequence[str]
    test_name: str | Sequence[str]
    test_name__eq: str | Sequence[str]
    test_name__ne: str | Sequence[str]
    test_name__in: str | Sequence[str]
    test_name__notin: str | Sequence[str]
    test_name__lt: str | Sequence[str]
    test_name__le: str | Sequence[str]
    test_name__gt: str | Sequence[str]
    test_name__ge: str | Sequence[str]
    test_name__contains: str | Sequence[str]
    test_result_setid: int | Sequence[int]
    test_result_setid__eq: int | Sequence[int]
    test_result_setid__ne: int | Sequence[int]
    test_result_setid__in: int | Sequence[int]
    test_result_setid__notin: int | Sequence[int]
    test_result_setid__lt: int | Sequence[int]
    test_result_setid__le: int | Sequence[int]
    test_result_setid__gt: int | Sequence[int]
    test_result_setid__ge: int | Sequence[int]
    test_resultid: int | Sequence[int]
    test_resultid__eq: int | Sequence[int]
    test_resultid__ne: int | Sequence[int]
    test_resultid__in: int | Sequence[int]
    test_resultid__notin: int | Sequence[int]
    test_resultid__lt: int | Sequence[int]
    test_resultid__le: int | Sequence[int]
    test_resultid__gt: int | Sequence[int]
    test_resultid__ge: int | Sequence[int]
    value: str | Sequence[str]
    value__eq: str | Sequence[str]
    value__ne: str | Sequence[str]
    value__in: str | Sequence[str]
    value__notin: str | Sequence[str]
    value__lt: str | Sequence[str]
    value__le: str | Sequence[str]
    value__gt: str | Sequence[str]
    value__ge: str | Sequence[str]
    value__contains: str | Sequence[str]


TokenOrder = Literal[
    "created_at",
    "-created_at",
    "expires_at",
    "-expires_at",
    "last_used_at",
    "-last_used_at",
    "name",
    "-name",
    "revoked_at",
    "-revoked_at",
    "tokenid",
    "-tokenid",
    "username",
    "-username",
]


class TokenFilters(TypedDict, total=False):
    created_at: int | Sequence[int]
    created_at__eq: int | Sequence[int]
    created_at__ne: int | Sequence[int]
    created_at__in: int | Sequence[int]
    created_at__notin: int | Sequence[int]
    created_at__lt: int | Sequence[int]
    created_at__le: int | Sequence[int]
    created_at__gt: int | Sequence[int]
    created_at__ge: int | Sequence[int]
    expires_at: int | Sequence[int]
    expires_at__eq: int | Sequence[int]
    expires_at__ne: int | Sequence[int]
    expires_at__in: int | Sequence[int]
    expires_at__notin: int | Sequence[int]
    expires_at__lt: int | Sequence[int]
    expires_at__le: int | Sequence[int]
    expires_at__gt: int | Sequence[int]
    expires_at__ge: int | Sequence[int]
    last_used_at: int | Sequence[int]
    last_used_at__eq: int | Sequence[int]
    last_used_at__ne: int | Sequence[int]
    last_used_at__in: int | Sequence[int]
    last_used_at__notin: int | Sequence[int]
    last_used_at__lt: int | Sequence[int]
    last_used_at__le: int | Sequence[int]
    last_used_at__gt: int | Sequence[int]
    last_used_at__ge: int | Sequence[int]
    name: str | Sequence[str]
    name__eq: str | Sequence[str]
    name__ne: str | Sequence[str]
    name__in: str | Sequence[str]
    name__notin: str | Sequence[str]
    name__lt: str | Sequence[str]
    name__le: str | Sequence[str]
    name__gt: str | Sequence[str]
    name__ge: str | Sequence[str]
    name__contains: str | Sequence[str]
    revoked_at: int | Sequence[int]
    revoked_at__eq: int | Sequence[int]
    revoked_at__ne: int | Sequence[int]
    revoked_at__in: int | Sequence[int]
    revoked_at__notin: int | Sequence[int]
    revoked_at__lt: int | Sequence[int]
    revoked_at__le: int | Sequence[int]
    revoked_at__gt: int | Sequence[int]
    revoked_at__ge: int | Sequence[int]
    scopes__contains: str | Sequence[str]
    tokenid: int | Sequence[int]
    tokenid__eq: int | Sequence[int]
    tokenid__ne: int | Sequence[int]
    tokenid__in: int | Sequence[int]
    tokenid__notin: int | Sequence[int]
    tokenid__lt: int | Sequence[int]
    tokenid__le: int | Sequence[int]
    tokenid__gt: int | Sequence[int]
    tokenid__ge: int | Sequence[int]
    username: str | Sequence[str]
    username__eq: str | Sequence[str]
    username__ne: str | Sequence[str]
    username__in: str | Sequence[str]
    username__notin: str | Sequence[str]
    username__lt: str | Sequence[str]
    username__le: str | Sequence[str]
    username__gt: str | Sequence[str]
    username__ge: str | Sequence[str]
    username__contains: str | Sequence[str]


SpecOrder = Literal[
    "path",
    "-path",
    "plural",
    "-plural",
    "type",
    "-type",
]


class SpecFilters(TypedDict, total=False):
    path: str | Sequence[str]
    path__eq: str | Sequence[str]
    path__ne: str | Sequence[str]
    path__in: str | Sequence[str]
    path__notin: str | Sequence[str]
    path__lt: str | Sequence[str]
    path__le: str | Sequence[str]
    path__gt: str | Sequence[str]
    path__ge: str | Sequence[str]
    path__contains: str | Sequence[str]
    plural: str | Sequence[str]
    plural__eq: str | Sequence[str]
    plural__ne: str | Sequence[str]
    plural__in: str | Sequence[str]
    plural__notin: str | Sequence[str]
    plural__lt: str | Sequence[str]
    plural__le: str | Sequence[str]
    plural__gt: str | Sequence[str]
    plural__ge: str | Sequence[str]
    plural__contains: str | Sequence[str]
    type: str | Sequence[str]
    type__eq: str | Sequence[str]
    type__ne: str | Sequence[str]
    type__in: str | Sequence[str]
    type__notin: str | Sequence[str]
    type__lt: str | Sequence[str]
    type__le: str | Sequence[str]
    type__gt: str | Sequence[str]
    type__ge: str | Sequence[str]
    type__contains: str | Sequence[str]

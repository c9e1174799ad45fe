"""Every path pattern that Buildbot 4.3 publishes leads to the same type and kind here."""

from __future__ import annotations

import pytest

from buildmill.master.data.api import ENDPOINTS
from buildmill.master.data.endpoints.endpoint import Endpoint
from buildmill.master.data.openapi import openapi
from buildmill.master.data.paths import Key, Matcher, parse_pattern
from buildmill.master.data.spec import type_spec
from buildmill.master.data.types import TYPES

PUBLISHED = {
    ("_property", "collection"): """
        builds/n:buildid/property_list
        buildsets/n:bsid/properties_list
        changes/n:changeid/properties_list
    """,
    ("branch", "collection"): """
        codebases/n:codebaseid/branches
    """,
    ("branch", "single"): """
        branches/n:branchid
    """,
    ("build", "collection"): """
        builders/n:builderid/builds
        builders/s:buildername/builds
        buildrequests/n:buildrequestid/builds
        builds
        builds/n:buildid/triggered_builds
        changes/n:changeid/builds
        workers/n:workerid/builds
    """,
    ("build", "single"): """
        builders/n:builderid/builds/n:build_number
        builders/s:buildername/builds/n:build_number
        builds/n:buildid
    """,
    ("build_data", "collection"): """
        builders/n:builderid/builds/n:build_number/data
        builders/s:buildername/builds/n:build_number/data
        builds/n:buildid/data
    """,
    ("build_data", "raw"): """
        builders/n:builderid/builds/n:build_number/data/i:name/value
        builders/s:buildername/builds/n:build_number/data/i:name/value
        builds/n:buildid/data/i:name/value
    """,
    ("build_data", "single"): """
        builders/n:builderid/builds/n:build_number/data/i:name
        builders/s:buildername/builds/n:build_number/data/i:name
        builds/n:buildid/data/i:name
    """,
    ("builder", "collection"): """
        builders
        masters/n:masterid/builders
        projects/n:projectid/builders
        workers/n:workerid/builders
    """,
    ("builder", "single"): """
        builders/n:builderid
        builders/s:buildername
        masters/n:masterid/builders/n:builderid
    """,
    ("buildrequest", "collection"): """
        builders/n:builderid/buildrequests
        buildrequests
    """,
    ("buildrequest", "single"): """
        buildrequests/n:buildrequestid
    """,
    ("buildset", "collection"): """
        buildsets
    """,
    ("buildset", "single"): """
        buildsets/n:bsid
    """,
    ("change", "collection"): """
        builders/n:builderid/builds/n:build_number/changes
        builds/n:buildid/changes
        changes
        sourcestamps/n:ssid/changes
    """,
    ("change", "single"): """
        changes/n:changeid
    """,
    ("changesource", "collection"): """
        changesources
        masters/n:masterid/changesources
    """,
    ("changesource", "single"): """
        changesources/n:changesourceid
        masters/n:masterid/changesources/n:changesourceid
    """,
    ("codebase", "collection"): """
        codebases
    """,
    ("codebase", "single"): """
        codebases/n:codebaseid
        projects/n:projectid/codebases/i:codebasename
    """,
    ("commit", "collection"): """
        codebases/n:codebaseid/commits
    """,
    ("commit", "single"): """
        codebases/n:codebaseid/commits_by_revision/s:revision
        commits/n:commitid
    """,
    ("commit_graph", "single"): """
        codebases/n:codebaseid/commit_range/n:commitid1/n:commitid2/commits_common_parent
    """,
    ("forcescheduler", "collection"): """
        builders/:builderid/forceschedulers
        forceschedulers
    """,
    ("forcescheduler", "single"): """
        forceschedulers/i:schedulername
    """,
    ("log", "collection"): """
        builders/n:builderid/builds/n:build_number/steps/i:step_name/logs
        builders/n:builderid/builds/n:build_number/steps/n:step_number/logs
        builders/s:buildername/builds/n:build_number/steps/i:step_name/logs
        builders/s:buildername/builds/n:build_number/steps/n:step_number/logs
        builds/n:buildid/steps/i:step_name/logs
        builds/n:buildid/steps/n:step_number/logs
        steps/n:stepid/logs
    """,
    ("log", "single"): """
        builders/n:builderid/builds/n:build_number/steps/i:step_name/logs/i:log_slug
        builders/n:builderid/builds/n:build_number/steps/n:step_number/logs/i:log_slug
        builders/s:buildername/builds/n:build_number/steps/i:step_name/logs/i:log_slug
        builders/s:buildername/builds/n:build_number/steps/n:step_number/logs/i:log_slug
        builds/n:buildid/steps/i:step_name/logs/i:log_slug
        builds/n:buildid/steps/n:step_number/logs/i:log_slug
        logs/n:logid
        steps/n:stepid/logs/i:log_slug
    """,
    ("logchunk", "raw"): """
        builders/n:builderid/builds/n:build_number/steps/i:step_name/logs/i:log_slug/raw
        builders/n:builderid/builds/n:build_number/steps/n:step_number/logs/i:log_slug/raw
        builds/n:buildid/steps/i:step_name/logs/i:log_slug/raw
        builds/n:buildid/steps/n:step_number/logs/i:log_slug/raw
        logs/n:logid/raw
        steps/n:stepid/logs/i:log_slug/raw
    """,
    ("logchunk", "raw_inline"): """
        builders/n:builderid/builds/n:build_number/steps/i:step_name/logs/i:log_slug/raw_inline
        builders/n:builderid/builds/n:build_number/steps/n:step_number/logs/i:log_slug/raw_inline
        builds/n:buildid/steps/i:step_name/logs/i:log_slug/raw_inline
        builds/n:buildid/steps/n:step_number/logs/i:log_slug/raw_inline
        logs/n:logid/raw_inline
        steps/n:stepid/logs/i:log_slug/raw_inline
    """,
    ("logchunk", "single"): """
        builders/n:builderid/builds/n:build_number/steps/i:step_name/logs/i:log_slug/contents
        builders/n:builderid/builds/n:build_number/steps/n:step_number/logs/i:log_slug/contents
        builds/n:buildid/steps/i:step_name/logs/i:log_slug/contents
        builds/n:buildid/steps/n:step_number/logs/i:log_slug/contents
        logchunks
        logs/n:logid/contents
        steps/n:stepid/logs/i:log_slug/contents
    """,
    ("master", "collection"): """
        builders/n:builderid/masters
        masters
    """,
    ("master", "single"): """
        builders/n:builderid/masters/n:masterid
        masters/n:masterid
    """,
    ("project", "collection"): """
        projects
    """,
    ("project", "single"): """
        projects/i:projectname
        projects/n:projectid
    """,
    ("rootlink", "collection"): """
        .
    """,
    ("scheduler", "collection"): """
        masters/n:masterid/schedulers
        schedulers
    """,
    ("scheduler", "single"): """
        masters/n:masterid/schedulers/n:schedulerid
        schedulers/n:schedulerid
    """,
    ("sourcedproperties", "single"): """
        builders/n:builderid/builds/n:build_number/properties
        builds/n:buildid/properties
        buildsets/n:bsid/properties
    """,
    ("sourcestamp", "collection"): """
        buildsets/:buildsetid/sourcestamps
        sourcestamps
    """,
    ("sourcestamp", "single"): """
        sourcestamps/n:ssid
    """,
    ("spec", "collection"): """
        application.spec
    """,
    ("step", "collection"): """
        builders/n:builderid/builds/n:build_number/steps
        builders/s:buildername/builds/n:build_number/steps
        builds/n:buildid/steps
    """,
    ("step", "single"): """
        builders/n:builderid/builds/n:build_number/steps/i:step_name
        builders/n:builderid/builds/n:build_number/steps/n:step_number
        builders/s:buildername/builds/n:build_number/steps/i:step_name
        builders/s:buildername/builds/n:build_number/steps/n:step_number
        builds/n:buildid/steps/i:step_name
        builds/n:buildid/steps/n:step_number
        steps/n:stepid
    """,
    ("test_result", "collection"): """
        test_result_sets/n:test_result_setid/results
    """,
    ("test_result_set", "collection"): """
        builders/n:builderid/test_result_sets
        builders/s:buildername/test_result_sets
        builds/n:buildid/test_result_sets
        codebases/n:codebaseid/commit_range/n:commitid1/n:commitid2/test_result_sets
        steps/n:stepid/test_result_sets
        test_result_sets
    """,
    ("test_result_set", "single"): """
        test_result_sets/n:test_result_setid
    """,
    ("worker", "collection"): """
        builders/n:builderid/workers
        masters/n:masterid/builders/n:builderid/workers
        masters/n:masterid/workers
        workers
    """,
    ("worker", "single"): """
        builders/n:builderid/workers/i:name
        builders/n:builderid/workers/n:workerid
        masters/n:masterid/builders/n:builderid/workers/i:name
        masters/n:masterid/builders/n:builderid/workers/n:workerid
        masters/n:masterid/workers/i:name
        masters/n:masterid/workers/n:workerid
        workers/i:name
        workers/n:workerid
    """,
}
"""(Type, kind): the patterns that answer it; a point stands for the root."""

FIELDS = {
    "branch": {
        "branchid": "integer",
        "codebaseid": "integer",
        "commitid": "integer",
        "last_timestamp": "integer",
        "name": "string",
    },
    "codebase": {
        "codebaseid": "integer",
        "name": "identifier",
        "projectid": "integer",
        "slug": "identifier",
    },
    "commit": {
        "author": "string",
        "codebaseid": "integer",
        "comments": "string",
        "commitid": "integer",
        "committer": "string or None",
        "parent_commitid": "integer or None",
        "revision": "string",
        "when_timestamp": "integer",
    },
    "commit_graph": {
        "common": "integer",
        "to1": "list",
        "to2": "list",
    },
    "project": {
        "active": "boolean or None",
        "description": "string or None",
        "description_format": "string or None",
        "description_html": "string or None",
        "name": "identifier",
        "projectid": "integer",
        "slug": "identifier",
    },
    "test_result": {
        "builderid": "integer",
        "duration_ns": "integer or None",
        "line": "integer or None",
        "test_code_path": "string or None",
        "test_name": "string or None",
        "test_result_setid": "integer",
        "test_resultid": "integer",
        "value": "string",
    },
    "test_result_set": {
        "builderid": "integer",
        "buildid": "integer",
        "category": "string",
        "complete": "boolean",
        "description": "string or None",
        "stepid": "integer",
        "test_result_setid": "integer",
        "tests_failed": "integer or None",
        "tests_passed": "integer or None",
        "value_unit": "string",
    },
}
"""Fields of the types about sources and tests."""

PATTERNS = [
    ("" if pattern == "." else pattern, name, kind)
    for (name, kind), patterns in PUBLISHED.items()
    for pattern in patterns.split()
]
SAMPLES = {"n": "7", "i": "a-name", "s": "any text"}


@pytest.fixture(scope="module")
def matcher() -> Matcher[Endpoint]:
    matcher: Matcher[Endpoint] = Matcher()
    for endpoint in ENDPOINTS:
        matcher.add(endpoint.pattern, endpoint)
    return matcher


def sample(pattern: str) -> list[str]:
    """A path that matches a pattern."""
    return [SAMPLES[part.kind] if isinstance(part, Key) else part for part in parse_pattern(pattern)]


def test_the_table_is_whole() -> None:
    assert len(PATTERNS) == len({pattern for pattern, _, _ in PATTERNS}) == 138
    assert len({name for name, _ in PUBLISHED}) == 26


@pytest.mark.parametrize(("pattern", "name", "kind"), PATTERNS)
def test_each_published_pattern_answers_its_type(
    matcher: Matcher[Endpoint], pattern: str, name: str, kind: str
) -> None:
    found = matcher.find(sample(pattern))

    assert found is not None
    endpoint, keys = found
    assert (endpoint.type.name, str(endpoint.kind)) == (name, kind)
    assert list(keys) == [part.name for part in parse_pattern(pattern) if isinstance(part, Key)]


@pytest.mark.parametrize("name", FIELDS)
def test_types_have_their_published_fields(name: str) -> None:
    found = {field["name"]: field["type"] for field in type_spec(TYPES[name])["fields"]}

    # Buildbot publishes no null here, and sends one
    published = FIELDS[name] | ({"commitid": "integer or None"} if name == "branch" else {})
    assert found == published


def test_each_published_path_is_described() -> None:
    paths = openapi(ENDPOINTS, version="1", cookie="session")["paths"]

    for pattern, _, _ in PATTERNS:
        parts = ("{" + part.name + "}" if isinstance(part, Key) else part for part in parse_pattern(pattern))
        described = "/" + "/".join(parts)
        assert "get" in paths[described], described

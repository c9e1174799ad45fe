"""The server's smaller parts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildmill.master.data.api import Found
from buildmill.master.data.endpoints.endpoint import Endpoint, Kind
from buildmill.master.data.openapi import MOST_ROWS
from buildmill.master.data.types import TYPES
from buildmill.master.web import jsonrpc
from buildmill.master.web.bodies import form_of, indented
from buildmill.master.web.cache import ENTRY_OVERHEAD_BYTES, Answer, AnswerCache, CacheKey
from buildmill.master.web.limits import WebLimits
from buildmill.master.web.origins import Origins

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(JSON_VALUES)
def test_indenting_changes_layout_only(value: Any) -> None:
    compact = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="surrogatepass")

    found = indented(compact).decode()

    assert json.loads(found) == value
    assert found == json.dumps(value, ensure_ascii=False, indent=2).replace(",\n", ", \n")


@pytest.mark.parametrize(
    ("accept", "compact"),
    [
        (None, False),
        ([b"*/*"], False),
        ([b"text/html, application/json;q=0.5"], True),
        ([b"a", b"application/json"], True),
    ],
)
def test_who_gets_compact_json(accept: list[bytes] | None, compact: bool) -> None:
    assert form_of(accept, None).compact is compact


# -- origins ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base_url", "origin", "allowed"),
    [
        ("http://localhost:8010/", b"http://localhost:8010", True),
        ("http://localhost:8010/", b"http://[::1]:8010", True),
        ("http://localhost:8010/", b"http://127.0.0.1:8011", False),
        ("https://ci.example.org/bb/", b"https://ci.example.org", True),
        ("https://ci.example.org/bb/", b"https://CI.example.org", True),
        ("https://ci.example.org/bb/", b"http://ci.example.org", False),
        ("https://ci.example.org/bb/", b"https://ci.example.org.evil.org", False),
        ("https://ci.example.org/bb/", b"https://localhost", False),
        ("http://localhost/", b"http://127.0.0.1", True),
        ("http://localhost/", b"", False),
        ("http://localhost/", b"\xff", False),
    ],
)
def test_own_pages_are_known_by_their_origin(base_url: str, origin: bytes, allowed: bool) -> None:
    assert Origins(base_url).allows(origin) is allowed


# -- the cache -------------------------------------------------------------------------

FOUND = Found(Endpoint("builds", Kind.COLLECTION, TYPES["build"], "builds.read"), {})
FORM = form_of(None, None)


def answer(size: int) -> Answer:
    return Answer(FOUND, (1,), b"", bytes(size))


def test_the_cache_keeps_what_was_used_last() -> None:
    cache = AnswerCache(16 * (ENTRY_OVERHEAD_BYTES + 101))
    for number in range(16):
        cache.put(CacheKey(b"%x" % number, FORM), answer(100))
    cache.get(CacheKey(b"0", FORM))

    cache.put(CacheKey(b"x", FORM), answer(100))

    assert cache.get(CacheKey(b"1", FORM)) is None
    assert cache.get(CacheKey(b"0", FORM)) is not None
    assert cache.get(CacheKey(b"x", FORM)) is not None


def test_the_cache_counts_its_size() -> None:
    cache = AnswerCache(100_000)
    cache.put(CacheKey(b"a", FORM), answer(1000))
    cache.put(CacheKey(b"a", FORM), answer(10))
    cache.drop(CacheKey(b"b", FORM))

    assert cache.size == ENTRY_OVERHEAD_BYTES + 11
    cache.drop(CacheKey(b"a", FORM))
    assert cache.size == 0


def test_what_is_too_large_is_not_kept() -> None:
    cache = AnswerCache(100_000)
    cache.put(CacheKey(b"a", FORM), answer(50_000))

    assert cache.get(CacheKey(b"a", FORM)) is None
    assert cache.size == 0


# -- JSON-RPC --------------------------------------------------------------------------


@given(st.binary(max_size=50) | JSON_VALUES.map(lambda value: json.dumps(value).encode()))
def test_any_body_is_a_call_or_refused(body: bytes) -> None:
    try:
        jsonrpc.parse(body, b"application/json", depth=4)
    except jsonrpc.Refused as refused:
        json.loads(jsonrpc.failure(refused, None))


def test_the_description_tells_the_limit_that_holds_for_everybody() -> None:
    assert WebLimits().rows == MOST_ROWS

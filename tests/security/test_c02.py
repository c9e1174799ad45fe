"""C-02: however a path is written, the decision is made on what will answer, and never another way."""

from __future__ import annotations

from itertools import product

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.security.conftest import Open
from tests.security.place import Visitor

TAILS = (
    "", "/", "//", "/.", "/..", "/../", "/%2e", "/%2e%2e", "/%2E%2e/", ";", ";a=b", "%3b", "%00", "%0a", "%0d%0a",
    "%7f", "%20", "%09", "\\", "%5c", "%2f", "%2F%2F", "?", "#", "%23", "%3f", "%25", "%252f", "%", "%zz", "%ff",
    "%c0%ae", "%e2%80%ae", ".json", "~", "*",
)  # fmt: skip
HEADS = (
    "", "/", "//", "/./", "/../", "/%2e%2e/", "/;/", "/x/../", "/x/%2e%2e/", "/static/../", "/auth/../", "/config/../",
    "/auth/login/../../", "/ws/../", "/%2f",
)  # fmt: skip
TARGETS = (
    "api/v2/builds", "api/v2/builders/1/builds", "api/latest/workers", "api/v2/logs/1/raw", "API/V2/builds",
    "%61pi/v2/builds", "api/%76%32/builds", "api/v2/%62uilds",
)  # fmt: skip


def paths() -> list[str]:
    found = {head + target + tail for head, target, tail in product(HEADS, TARGETS, TAILS)}
    return sorted(found)[::2]


def has_leaked(visitor: Visitor, path: str) -> bool:
    """Whether anything of the history is in the answer to somebody who may not read."""
    answer = visitor.get(path if path.startswith("/") else f"/{path}")
    assert answer.status in (400, 401, 403, 404, 405), (path, answer.status)
    return any(word in answer.body for word in (b"slow one", b"buildid", b"compiling", b'"workers"', b"w1"))


def test_no_way_of_writing_a_path_leads_past_the_gate(open_place: Open) -> None:
    nobody = open_place(public_read=False).anybody
    corpus = paths()

    leaked = [path for path in corpus if has_leaked(nobody, path)]

    assert len(corpus) >= 2000
    assert leaked == []


SEGMENTS = st.lists(st.sampled_from([*TAILS, *TARGETS, "api", "v2", "builds", "1", "..", "auth", "login"]), max_size=8)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(segments=SEGMENTS, joint=st.sampled_from(["/", "//", "%2f", ";", ""]))
def test_nor_does_any_mixture(open_place: Open, segments: list[str], joint: str) -> None:
    path = "/" + joint.join(segments)
    if any(path.startswith(public) for public in ("/config", "/auth/")):
        return

    assert not has_leaked(open_place(public_read=False).anybody, path.replace(" ", "%20"))


def test_control_characters_are_refused(open_place: Open) -> None:
    anybody = open_place().anybody

    for code in (*range(0x20), 0x7F):
        assert anybody.get(f"/api/v2/builders/a%{code:02x}b").status == 400, code


def test_a_name_with_a_slash_stays_one_element(open_place: Open) -> None:
    anybody = open_place().anybody

    assert anybody.get("/api/v2/builders/slow%20one").status == 200
    assert anybody.get("/api/v2/builders/1%2fbuilds").status == 404

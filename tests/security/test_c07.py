"""C-07: nothing that a client sends becomes a header of its own, or sends a browser to another place."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.security.conftest import Open
from tests.security.place import HERE, basic

ELSEWHERE = [
    "https://evil.example.com/", "//evil.example.com", "/\\evil.example.com", "\\\\evil.example.com",
    "/%5cevil.example.com/\\", "javascript:alert(1)", "data:text/html,x", "evil.example.com", "", "builders/3",
    "/a\r\nSet-Cookie: a=b", "/a\nX: y", "/a\0b", "/\t/evil.example.com", "/ü", "/" + "a" * 2000, "///evil.example.com",
    "/ /evil.example.com", "https:evil.example.com",
]  # fmt: skip


@pytest.mark.parametrize("page", ["/auth/login", "/auth/logout"])
@pytest.mark.parametrize("target", ELSEWHERE)
def test_a_browser_is_sent_to_pages_of_this_master_only(open_place: Open, page: str, target: str) -> None:
    place = open_place()

    answer = place.anybody.get(
        f"{page}?redirect={quote(target, safe='')}", Authorization=basic("ann", "ann's password")
    )

    assert answer.status == 302
    location = answer.headers["location"]
    assert location == f"{HERE}/" or location.startswith(f"{HERE}/#/")
    assert "evil" not in location.partition("#")[0]
    assert not location.partition("#")[2].startswith(("//", "/\\"))
    assert not any(name.startswith("x") and name == "x" for name in answer.headers)


@pytest.mark.parametrize("target", ["/", "/builders/3", "/builders/3/builds/4?a=b&c=d#L10"])
def test_and_to_the_one_that_it_wanted(open_place: Open, target: str) -> None:
    answer = open_place().anybody.get(f"/auth/logout?redirect={quote(target, safe='')}")

    assert answer.headers["location"] == f"{HERE}/#{target}"


BREAKS = ["a\r\nX-Made: 1", "a\nX-Made: 1", "a\rX-Made: 1", "a\0b", "%0d%0aX-Made:%201", "%0aX-Made:1"]


@pytest.mark.parametrize("text", BREAKS)
def test_no_parameter_makes_a_header(open_place: Open, text: str) -> None:
    place = open_place()
    quoted = text if text.startswith("%") else quote(text, safe="")

    answers = [
        place.anybody.get(f"/api/v2/logs/1/raw?stream={quoted}"),
        place.anybody.get(f"/api/v2/builders/{quoted}"),
        place.anybody.get(f"/api/v2/builds?field={quoted}"),
        place.anybody.get(f"/{quoted}"),
        place.anybody.get(f"/auth/login?redirect={quoted}"),
        place.log_in(text, "x"),
    ]

    assert not any("x-made" in answer.headers for answer in answers)

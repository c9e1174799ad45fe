"""C-14: every answer carries the headers that protect a browser, whoever asks and whatever is answered."""

from __future__ import annotations

import pytest

from tests.security.conftest import Open
from tests.security.place import Visitor
from tests.security.test_c01 import everything

NEEDED = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
}
USUAL = (
    "default-src 'self'", "script-src 'self'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'",
    "form-action 'self'", "require-trusted-types-for 'script'",
)  # fmt: skip
STRICT = ("sandbox", "default-src 'none'", "frame-ancestors 'none'")


def answers(visitor: Visitor) -> dict[str, dict[str, str]]:
    found = {}
    for row in everything():
        if row.what in ("GET", "PAGE"):
            found[str(row)] = visitor.get(row.concrete()).headers
        elif row.what != "WS":
            found[str(row)] = visitor.act(row.concrete().removeprefix("/api/v2/"), row.what).headers
    found["nothing"] = visitor.get("/nothing").headers
    found["too long"] = visitor.face.request("POST", "/api/v2/builds/1", b"x" * 5000).headers
    found["socket"] = visitor.get("/ws").headers
    return found


@pytest.mark.parametrize("public_read", [True, False])
def test_every_answer_has_them(open_place: Open, public_read: bool) -> None:
    for path, headers in answers(open_place(public_read=public_read).anybody).items():
        assert NEEDED.items() <= headers.items(), path
        policy = headers["content-security-policy"]
        # what builds have written may not even load from here
        kinds = (USUAL, STRICT) if "/raw" in path or path.endswith("/value") else (USUAL,)
        assert any(all(part in policy for part in kind) for kind in kinds), path
        assert "strict-transport-security" not in headers
        assert "server" not in headers, path


def test_over_https_a_browser_is_told_to_stay_there(open_place: Open) -> None:
    for path, headers in answers(open_place(base_url="https://ci.example.com/").anybody).items():
        if path != "too long":  # refused before anything is known of it
            assert headers["strict-transport-security"] == "max-age=31536000", path


def test_what_is_for_one_user_is_kept_by_nobody(open_place: Open) -> None:
    place = open_place()
    ann = place.logged_in("ann")

    for path in ("/config", "/api/v2/tokens", "/auth/logout"):
        assert ann.get(path).headers["cache-control"] == "private, no-store", path
    assert place.log_in("ann").headers["cache-control"] == "private, no-store"
    assert ann.get("/api/v2/builds").headers["cache-control"] == "no-cache"

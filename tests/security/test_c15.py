"""C-15: no request is read as two, and what proxies say counts only from those that are named."""

from __future__ import annotations

import pytest

from buildmill.master.domain.rights import Changing
from tests.security.conftest import Open
from tests.security.place import Place

CALL = b'{"jsonrpc": "2.0", "id": 1, "method": "force", "params": {}}'
HIDDEN = (
    b"POST /api/v2/forceschedulers/force HTTP/1.1\r\nHost: localhost:8010\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n%b" % (len(CALL), CALL)
)


def smuggling(head: bytes, body: bytes) -> bytes:
    return b"POST /api/v2/builds/99 HTTP/1.1\r\nHost: localhost:8010\r\n" + head + b"\r\n" + body


DESYNC = {
    "both lengths": smuggling(b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n" + HIDDEN),
    "both, reversed": smuggling(b"Transfer-Encoding: chunked\r\nContent-Length: 6\r\n", b"0\r\n\r\n" + HIDDEN),
    "two lengths": smuggling(b"Content-Length: 0\r\nContent-Length: %d\r\n" % len(HIDDEN), HIDDEN),
    "list of lengths": smuggling(b"Content-Length: 0, 0\r\n", HIDDEN),
    "signed length": smuggling(b"Content-Length: +0\r\n", HIDDEN),
    "negative length": smuggling(b"Content-Length: -1\r\n", HIDDEN),
    "hexadecimal length": smuggling(b"Content-Length: 0x0\r\n", HIDDEN),
    "length with underscore": smuggling(b"Content-Length: 0_0\r\n", HIDDEN),
    "unknown coding": smuggling(b"Transfer-Encoding: xchunked\r\n", b"0\r\n\r\n" + HIDDEN),
    "two codings": smuggling(b"Transfer-Encoding: chunked, identity\r\n", b"0\r\n\r\n" + HIDDEN),
    "twice chunked": smuggling(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n" + HIDDEN),
    "blank before the colon": smuggling(b"Content-Length : 0\r\n", HIDDEN),
    "bare newline in a chunk": smuggling(b"Transfer-Encoding: chunked\r\n", b"0\n\n" + HIDDEN),
    "signed chunk": smuggling(b"Transfer-Encoding: chunked\r\n", b"+0\r\n\r\n" + HIDDEN),
    "hexadecimal chunk": smuggling(b"Transfer-Encoding: chunked\r\n", b"0x0\r\n\r\n" + HIDDEN),
    "control character in a name": smuggling(b"Transfer\x0b-Encoding: chunked\r\nContent-Length: 0\x0b\r\n", HIDDEN),
}


def forced(place: Place, data: bytes) -> int:
    """How many builds were forced by what a connection sent; the first answer must be a refusal."""
    connection = place.face.connect()
    connection.send(data)
    answer = connection.received()
    assert answer == b"" or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.1 5")), answer[:80]
    return len(place.scene.force.asked)


@pytest.mark.parametrize("name", DESYNC)
def test_no_request_hides_in_another_one(open_place: Open, name: str) -> None:
    place = open_place(changing=Changing.EVERYBODY)

    assert forced(place, DESYNC[name]) == 0


def test_what_is_tried_above_would_be_seen(open_place: Open) -> None:
    place = open_place(changing=Changing.EVERYBODY)

    assert forced(place, smuggling(b"Content-Length: 0\r\n", HIDDEN)) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"X_Forwarded_For": "127.0.0.1"}, {"X_Forwarded_Host": "localhost"}, {"X_Forwarded_Proto": "https"},
        {"Forwarded": "for=127.0.0.1;host=localhost;proto=https"}, {"X_User": "ann@example.org"},
        {"X_Remote_User": "ann"}, {"X_Original_URL": "/config"}, {"X_Rewrite_URL": "/config"},
        {"X_HTTP_Method_Override": "POST"}, {"X_Forwarded_User": "ann"},
    ],
    ids=str,
)  # fmt: skip
def test_what_a_stranger_says_in_a_proxys_name_counts_for_nothing(open_place: Open, headers: dict[str, str]) -> None:
    nobody = open_place(public_read=False).anybody

    assert nobody.get("/api/v2/builds", **headers).status == 403
    assert nobody.get("/config", **headers).json["user"] == {"anonymous": True}
    assert nobody.act("builds/2", "stop", **headers).status == 403

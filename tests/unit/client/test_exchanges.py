"""Requests whose bodies nobody wants to the end."""

from __future__ import annotations

import json
import socket
import threading

import pytest

from buildmill.client.documents import Upload
from buildmill.client.errors import Refused, Unreachable
from buildmill.client.exchanges import Exchanges

PIECES = [bytes(64 * 1024)] * 512
"""More than the buffers of a connection hold."""


def _refuse(server: socket.socket, answer: bytes) -> None:
    connection, _ = server.accept()
    with connection:
        connection.recv(1000)
        connection.sendall(answer)
        # what has come and is not read makes the system reset the connection


@pytest.mark.parametrize("problem", ["too large", ""])
def test_a_refusal_is_read_when_the_server_does_not_take_the_rest(problem: str) -> None:
    body = json.dumps({"error": problem}).encode()
    head = f"HTTP/1.1 413 Too Large\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        serving = threading.Thread(target=_refuse, args=(server, head.encode() + body if problem else b""))
        serving.start()
        headers = {"Content-Length": str(sum(map(len, PIECES)))}
        request = Upload(method="POST", url=f"{url}/v3", headers=headers, pieces=PIECES)
        try:
            with pytest.raises(Refused if problem else Unreachable, match=problem or "gives no answer"):
                Exchanges(url, 30, None).body(request)
        finally:
            serving.join()

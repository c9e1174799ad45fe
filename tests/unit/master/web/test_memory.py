"""What clients cost in memory that send too much, or read too slowly."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import pytest

from buildmill.master.domain.events import Event
from buildmill.master.web.limits import WebLimits
from tests.database import NOW
from tests.scene import Scene
from tests.unit.master.web.conftest import Connection, Face, read_answer
from tests.unit.master.web.test_live import Client
from tests.unit.master.web.test_logs import new_writer

MEGABYTE = 1_000_000
LINE = bytes(range(32, 127)) * 10 + b"\n"


def peak_of(act: Callable[[], None]) -> int:
    """How many bytes more are in use at worst while something is done."""
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        act()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return peak - before


@pytest.mark.parametrize("kind", ["counted", "chunked"])
def test_a_body_of_200_mb_is_refused_and_costs_less_than_5(scene: Scene, kind: str) -> None:
    face = Face(scene, WebLimits())
    piece = b"x" * 65536
    connection = face.connect()
    framing = "Content-Length: 200000000" if kind == "counted" else "Transfer-Encoding: chunked"
    head = f"POST /api/v2/builds/1 HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{framing}\r\n\r\n"
    data = piece if kind == "counted" else b"10000\r\n%b\r\n" % piece

    def send() -> None:
        connection.send(head.encode())
        for _ in range(200_000_000 // len(piece)):
            if connection.wire.disconnecting:
                break
            connection.send(data)

    assert peak_of(send) < 5 * MEGABYTE
    answer, _ = read_answer(connection.received())
    assert answer.status == 413
    face.close()


def test_50_readers_of_a_log_of_100_mb_who_do_not_read_cost_less_than_1_mb_each(face: Face) -> None:
    log, writer = new_writer(face, kind="t")
    for _ in range(100):
        for _ in range(16):
            writer.write("o", LINE * 69, NOW)
        face.stage.result(writer.flush())
    face.stage.result(writer.finish())
    readers: list[Connection] = [face.connect() for _ in range(50)]

    def ask() -> None:
        for number, reader in enumerate(readers):
            reader.wire.room = 65536
            part = f"Range: bytes={number * 2 * MEGABYTE}-\r\n"
            reader.send(f"GET /api/v2/logs/{log}/raw HTTP/1.1\r\nHost: x\r\n{part}\r\n".encode())

    peak = peak_of(ask)

    answers = {read_answer(reader.received())[0].status for reader in readers}
    assert answers == {206}
    assert peak - 16 * 1024 * 1024 < 50 * MEGABYTE  # beside what is kept of logs for all
    assert len(readers) == 50


def test_50_of_250_clients_of_events_who_never_read_share_what_waits_for_them(scene: Scene) -> None:
    limits = WebLimits()
    face = Face(scene, limits)
    clients = [Client(face) for _ in range(250)]
    for client in clients:
        client.subscribe("some/*/thing")
    sleeping, reading = clients[:50], clients[50:]
    for client in sleeping:
        client.connection.wire.room = 65536
    text = "x" * 10_000

    def tell() -> None:
        for number in range(100):
            face.stage.bus.publish([Event((("some", str(number), "thing"),), {"number": number, "text": text})])
            for client in reading:
                client.connection.received()

    peak = peak_of(tell)

    kept = [client.connection.wire.protocol.waiting_bytes for client in sleeping]
    assert len(set(kept)) == 1
    assert 900_000 < kept[0] <= limits.socket_bytes
    # a connection's own buffer is each one's, what waits behind it is the same for all
    assert peak < 50 * 4 * 65536 + 10 * limits.socket_bytes < 50 * kept[0]
    for _ in range(20):
        face.stage.bus.publish([Event((("some", "more", "thing"),), {"text": text})])
    assert [client.connection.wire.protocol.waiting_bytes for client in sleeping] == [0] * 50
    assert face.server.event_clients.hub.overruns == 50
    assert [client.connection.wire.disconnecting for client in reading] == [False] * 200
    face.close()

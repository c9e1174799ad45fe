"""How often a shepherd rings."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from buildmill.worker.shepherd.bell import REST_SECONDS, Bell


@pytest.fixture
def ear(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as ear:
        ear.bind(str(tmp_path / "bell"))
        yield ear


def rings(ear: socket.socket) -> int:
    count = 0
    try:
        while ear.recv(100) == b"name":
            count += 1
    except BlockingIOError:
        pass
    return count


def test_what_is_over_soon_is_told_of_once(tmp_path: Path, ear: socket.socket) -> None:
    bell = Bell(str(tmp_path), "name", now=10.0)

    bell.want()
    bell.tick(10.0)
    bell.want()
    bell.tick(10.0 + REST_SECONDS / 2)
    bell.ring()

    assert rings(ear) == 1


def test_it_rings_when_its_rest_is_over_and_not_for_nothing(tmp_path: Path, ear: socket.socket) -> None:
    bell = Bell(str(tmp_path), "name", now=10.0)
    bell.want()
    assert bell.wake_at() == 10.0 + REST_SECONDS

    bell.tick(10.0 + REST_SECONDS)
    bell.tick(10.0 + 3 * REST_SECONDS)

    assert rings(ear) == 1
    assert bell.wake_at() is None

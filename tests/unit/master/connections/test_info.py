"""What a worker tells about itself."""

from __future__ import annotations

from typing import Any

import pytest

from buildmill.common.errors import ProtocolError
from buildmill.master.connections.info import WorkerInfo, read_info
from tests.unit.master.connections.scripted import INFO


def test_known_keys_are_typed_and_other_texts_are_kept() -> None:
    info = read_info({**INFO, "os_name": "Linux", "odd": 5, "delete_leftover_dirs": 1})

    assert info == WorkerInfo(
        basedir="/w",
        environ={"HOME": "/home/w"},
        numcpus=2,
        version="4.3.0",
        commands={"shell": "3.3", "mkdir": "3.3"},
        extra={"admin": "somebody\n", "os_name": "Linux"},
        delete_leftover_dirs=True,
    )
    assert not info.offers_output


def test_only_the_base_directory_is_needed() -> None:
    assert read_info({"basedir": "/w", "numcpus": None}) == WorkerInfo(basedir="/w")


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (None, "expected a map"),
        ({}, "basedir"),
        ({"basedir": 5}, "basedir"),
        ({**INFO, "environ": []}, "environ"),
        ({**INFO, "environ": {"a": 5}}, "environ"),
        ({**INFO, "numcpus": "many"}, "numcpus"),
        ({**INFO, "worker_commands": {"shell": 3}}, "commands"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(document: Any, reason: str) -> None:
    with pytest.raises(ProtocolError, match=reason):
        read_info(document)


def test_paths_follow_the_workers_system() -> None:
    posix, windows = WorkerInfo(basedir="/w"), WorkerInfo(basedir="C:\\w", system="nt")

    assert posix.join("a", "b") == "/w/a/b"
    assert windows.join("a", "b") == "C:\\w\\a\\b"
    assert posix.first_part("./a/b") == "a"
    assert windows.first_part("a/b") == "a"


def test_the_output_extension_is_an_offer_among_the_commands() -> None:
    assert read_info({**INFO, "worker_commands": {"buildmill.output": "1"}}).offers_output

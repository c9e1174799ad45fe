"""What a daemon finds of commands that an earlier one has written down."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from buildmill.worker.durable.store import Store
from buildmill.worker.spool.meta import FENCE, Meta

UID = "1.1.1.1.0"


def opened(basedir: Path) -> Store:
    store = Store(str(basedir), lambda: 1000.0)
    store.open_blocking()
    return store


@pytest.fixture
def fence_file(tmp_path: Path) -> Path:
    """Of a command that was written down with fence 3."""
    store = opened(tmp_path)
    store.create_blocking(
        Meta(
            uid=UID,
            fence=3,
            args_digest="d",
            machine_boot=store.machine_boot,
            argv=[b"true"],
            environ=[],
            workdir=os.fsencode(tmp_path),
            header=b"",
            shown_argv="true",
        )
    )
    return Path(store.layout.command(UID)) / FENCE


def found_fence(basedir: Path) -> int:
    [found] = Store(str(basedir), lambda: 1000.0).open_blocking()
    assert found.uid == UID
    return found.fence


def test_the_fence_of_a_command_is_the_last_that_was_set(tmp_path: Path, fence_file: Path) -> None:
    opened(tmp_path).set_fence_blocking(str(fence_file.parent), 4)

    assert found_fence(tmp_path) == 4


@pytest.mark.parametrize("is_there", [True, False])
def test_a_fence_that_a_crash_of_the_machine_has_swallowed_is_the_first_one(
    tmp_path: Path, fence_file: Path, is_there: bool
) -> None:
    if is_there:
        fence_file.write_bytes(b"")
    else:
        fence_file.unlink()

    assert found_fence(tmp_path) == 3

"""A worker that keeps no rule: it is refused, the master is as before, and another worker's build goes on."""

from __future__ import annotations

import itertools
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import msgspec
import pytest

from buildmill.common.protocol.durable import SpooledCommand
from tests.faults.raw_worker import Closed, RawWorker
from tests.faults.test_durable import Work, builders
from tests.faults.test_floods import peak_bytes
from tests.programs import RunningMaster, running_master, wait_for

pytestmark = pytest.mark.slow

MORE = """
c["builders"].append(builder("bait", steps.ShellCommand(name="bait", command="true"), workernames=["w2"]))
"""
ANSWER_SECONDS = 10.0  # generous: the machine may be busy
MORE_MEMORY_BYTES = 128 << 20
LINES = 100


class Evil:
    """Connections of the worker w2, one after the other."""

    def __init__(self, master: RunningMaster) -> None:
        self.master = master
        self._sessions = itertools.count(1)

    def connect(self, *listed: SpooledCommand) -> RawWorker:
        """A new connection; the last one has ended."""
        self.master.wait_connected("w2", connected=False)
        while True:
            worker = RawWorker(self.master.worker_port, "w2", next(self._sessions), list(listed))
            if worker.is_admitted():
                return worker
            worker.close()
            time.sleep(0.1)

    def attached(self) -> RawWorker:
        """A connection that has behaved so far."""
        worker = self.connect()
        worker.attach()
        return worker


def spooled(uid: str) -> SpooledCommand:
    return SpooledCommand(cmd_uid=uid, fence=1, state="running", head=7, args_digest="")


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Work]:
    witness = tmp_path / "witness"
    with running_master(tmp_path / "master", builders(witness, LINES) + MORE) as master:
        yield Work(master, witness, "sqlite:///state.sqlite", LINES)


def test_a_worker_that_keeps_no_rule_harms_nobody(work: Work) -> None:
    master = work.master
    evil = Evil(master)
    master.start_worker()
    request = master.force("long")
    work.begun("one")
    assert master.process is not None
    before = peak_bytes(master.process.pid)

    with ExitStack() as stack:
        # handshakes that never end
        for _ in range(50):
            slow = stack.enter_context(socket.create_connection(("127.0.0.1", master.worker_port)))
            slow.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nUpg")
        send_nonsense(evil)
        lie_about_commands(evil, work.witness.read_text().split()[2])
        lie_about_its_own(evil)
        began = time.monotonic()
        assert master.get("workers")["workers"]
        assert time.monotonic() - began < ANSWER_SECONDS

    assert peak_bytes(master.process.pid) - before < MORE_MEMORY_BYTES
    work.check(request)


def send_nonsense(evil: Evil) -> None:
    """What is no message, or too much of one."""
    for payload, reason in (
        (b"\xc1", "malformed"),
        (b"\x91" * 100_000, "not a message"),
        (deep(200), ""),
        (b"\x81\xa2op\xa7bm_data"[:-1], "not a message"),
        (b"x" * (5 << 20), "size"),
    ):
        with evil.connect() as worker:
            worker.frame(payload)
            told = worker.until_closed()
            assert told
            assert reason in told
    with evil.connect() as worker:
        worker.frame(b"", length=1 << 40)
        assert worker.until_closed()
    with evil.connect() as worker:  # before it is welcome
        assert worker.data("1.1.0.1.x", fence=1)["is_exception"]


def deep(levels: int) -> bytes:
    """A message whose lists nest."""
    nested: list[object] = []
    for _ in range(levels):
        nested = [nested]
    return msgspec.msgpack.encode({"op": "update", "seq_number": 1, "command_id": "x", "args": nested})


def lie_about_commands(evil: Evil, uid_of_another: str) -> None:
    """Claims to have what it has not: far too much, and what runs elsewhere."""
    with evil.connect(*(spooled(f"9.9.9.{i}.{'0' * 24}") for i in range(100_000))) as worker:
        worker.until_closed()
    with evil.connect(*(spooled(f"9.9.9.{i}.{'0' * 24}") for i in range(2_000)), spooled(uid_of_another)) as worker:
        worker.attach()
        assert worker.welcome is not None
        assert {action["op"] for action in worker.welcome["actions"]} == {"forget"}
        answer = worker.data(uid_of_another, fence=1)
        assert answer.get("is_exception") or answer["result"].get("forget"), answer
        for i in range(200):
            assert worker.data(f"8.8.8.{i}.x", fence=i)["result"] == {"forget": True, "acked": 1}


def lie_about_its_own(evil: Evil) -> None:
    """Breaks each rule about a command that it really was given."""
    request = evil.master.force("bait")
    with evil.attached() as worker:
        while not worker.started:
            worker.serve_one()
        uid, fence = worker.started[0]["cmd_uid"], worker.started[0]["fence"]
        assert worker.data(uid, fence=fence, first=5)["result"] == {"rewind": True}
        assert "stale" in worker.data(uid, fence=fence + 1)["result"]
        assert worker.data(uid, fence=fence, text=b"one\n")["result"] == {"acked": 1}
        assert worker.data(uid, fence=fence, text=b"another one\n")["result"] == {"acked": 1}
        assert worker.ask("bm_data", cmd_uid=uid, fence=fence, first=2, records=[["x", b"", 0]], crc32=0)[
            "is_exception"
        ]
        with pytest.raises(Closed):
            worker.data(uid, fence=fence, first=2, crc32=12345)

    build = evil.master.running_build(request)
    assert wait_for(lambda: evil.master.stdout(build, "bait")) == b"one\n"
    evil.master.post(f"builds/{build}", "stop", reason="enough")

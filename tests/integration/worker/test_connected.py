"""A whole worker, with a real websocket to a bare master."""

from __future__ import annotations

import datetime
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from twisted.internet.defer import Deferred
from twisted.internet.ssl import PrivateCertificate

from buildmill.common.protocol import messages
from buildmill.worker.app import Worker, build_worker
from buildmill.worker.config import WorkerConfig
from buildmill.worker.connection import ConnectionEvents
from tests.integration.worker.wire_master import WireMaster
from tests.reactors import Reactor
from tests.support import async_test


class Running:
    """A worker under way, and what it has told."""

    def __init__(self, reactor: Reactor, worker: Worker, told: list[str]) -> None:
        self.worker = worker
        self.told = told
        self.done = Deferred.fromCoroutine(worker.run())
        self._reactor = reactor

    async def stop(self) -> None:
        self.worker.stop()
        await self.done.addTimeout(20, self._reactor)


@asynccontextmanager
async def running(
    reactor: Reactor,
    basedir: Path,
    masters: list[str],
    *,
    password: str = "pass",
    trust: bytes | None = None,
    **options: Any,
) -> AsyncIterator[Running]:
    told: list[str] = []
    worker = build_worker(
        WorkerConfig(name="w1", masters=masters, max_delay_seconds=0.2, **options),
        basedir=str(basedir),
        password=password,
        reactor=reactor,
        environ={"PATH": "/usr/bin:/bin"},
        random=Random(1),
        events=ConnectionEvents(
            attached=lambda address: told.append(f"attached {address.port}"),
            failed=lambda address, reason: told.append(f"failed {address.port}: {reason}"),
        ),
        trust=trust,
    )
    found = Running(reactor, worker, told)
    try:
        yield found
    finally:
        await found.stop()


@async_test
async def test_worker_attaches_and_runs_a_command(reactor: Reactor, tmp_path: Path) -> None:
    master = WireMaster(reactor)
    master.listen()
    async with running(reactor, tmp_path, [f"127.0.0.1:{master.port}"]) as worker:
        info = await master.attach()
        await master.start(["python3", "-c", "import sys; sys.stdout.buffer.write(bytes(range(256)))"])
        await master.completed()

        assert info["basedir"] == str(tmp_path)
        assert master.output("stdout") == bytes(range(256))
        assert ("rc", 0) in master.pairs()
        assert worker.told == [f"attached {master.port}"]
    await master.stop()


@async_test
async def test_two_hundred_thousand_lines_arrive_exactly(reactor: Reactor, tmp_path: Path) -> None:
    master = WireMaster(reactor)
    master.listen()
    async with running(reactor, tmp_path, [f"127.0.0.1:{master.port}"]):
        await master.attach()
        await master.start("seq 200000; printf '\\303'; sleep 0.2; printf '\\251'")
        await master.completed()

        assert master.output("stdout") == "".join(f"{i}\n" for i in range(1, 200_001)).encode() + "é".encode()
    await master.stop()


@async_test
async def test_wrong_password_is_told_and_tried_again(reactor: Reactor, tmp_path: Path) -> None:
    master = WireMaster(reactor)
    master.listen()
    async with running(reactor, tmp_path, [f"127.0.0.1:{master.port}"], password="wrong") as worker:
        await master.until(lambda: master.refused == 2).addTimeout(20, reactor)

        assert master.connections == 0
        assert "401" in worker.told[0]
    await master.stop()


@async_test
async def test_the_next_master_is_tried_and_a_lost_one_is_dialled_again(reactor: Reactor, tmp_path: Path) -> None:
    gone, master = WireMaster(reactor), WireMaster(reactor)
    gone.listen()
    master.listen()
    await gone.stop()
    async with running(reactor, tmp_path, [f"127.0.0.1:{gone.port}", f"127.0.0.1:{master.port}"]) as worker:
        await master.attach()
        await master.stop()
        master.listen(master.port)
        await master.attach()

        assert worker.told[0].startswith(f"failed {gone.port}")
        assert master.connections == 2
    await master.stop()


@async_test
async def test_commands_are_dead_before_the_next_connection(reactor: Reactor, tmp_path: Path) -> None:
    master = WireMaster(reactor)
    master.listen()
    async with running(reactor, tmp_path, [f"127.0.0.1:{master.port}"]):
        await master.attach()
        await master.start("trap '' TERM; echo $$; while :; do sleep 0.05; done")
        await master.until(lambda: master.output("stdout").endswith(b"\n")).addTimeout(10, reactor)
        pid = int(master.output("stdout"))
        await master.stop()
        master.listen(master.port)
        await master.attach()

        assert not Path(f"/proc/{pid}").exists()  # noqa: ASYNC240
    await master.stop()


@async_test
async def test_malformed_message_closes_the_connection_with_a_code(reactor: Reactor, tmp_path: Path) -> None:
    master = WireMaster(reactor)
    master.listen()
    async with running(reactor, tmp_path, [f"127.0.0.1:{master.port}"]):
        await master.attach()
        master.current.sendMessage(b"\xc1", isBinary=True)
        await master.until(lambda: master.connections == 2).addTimeout(10, reactor)

        assert master.close_codes == [1002]
    await master.stop()


@async_test
async def test_text_messages_are_ignored(reactor: Reactor, tmp_path: Path) -> None:
    master = WireMaster(reactor)
    master.listen()
    async with running(reactor, tmp_path, [f"127.0.0.1:{master.port}"]):
        await master.attach()
        master.current.sendMessage(b"hello", isBinary=False)
        await master.start("true")
        await master.completed()

        assert master.connections == 1
    await master.stop()


@async_test
async def test_stop_tells_how_commands_ended(reactor: Reactor, tmp_path: Path) -> None:
    master = WireMaster(reactor)
    master.listen()
    async with running(reactor, tmp_path, [f"127.0.0.1:{master.port}"]) as worker:
        await master.attach()
        await master.start("echo begin; sleep 1000")
        await master.until(lambda: master.output("stdout") != b"").addTimeout(10, reactor)
        await worker.stop()

        assert ("rc", -1) in master.pairs()
        assert master.close_codes == [1000]
    await master.stop()


@async_test
async def test_master_can_shut_the_worker_down(reactor: Reactor, tmp_path: Path) -> None:
    master = WireMaster(reactor)
    master.listen()
    async with running(reactor, tmp_path, [f"127.0.0.1:{master.port}"]) as worker:
        await master.attach()
        assert master.peer is not None
        await master.peer.call(messages.Shutdown())
        await worker.done.addTimeout(20, reactor)
    await master.stop()


@async_test
async def test_graceful_stop_waits_for_the_running_command(reactor: Reactor, tmp_path: Path) -> None:
    master = WireMaster(reactor)
    master.listen()
    async with running(reactor, tmp_path, [f"127.0.0.1:{master.port}"]) as worker:
        await master.attach()
        await master.start("until test -e ../go; do sleep 0.05; done; echo done")
        worker.worker.leave()
        (tmp_path / "go").touch()
        await worker.done.addTimeout(20, reactor)

        assert master.output("stdout") == b"done\n"
    await master.stop()


def _certificate() -> tuple[PrivateCertificate, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=40_000))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return PrivateCertificate.loadPEM(pem + private), pem


@async_test
async def test_tls_with_a_certificate_of_ones_own(reactor: Reactor, tmp_path: Path) -> None:
    private, pem = _certificate()
    master = WireMaster(reactor, private.options())
    master.listen()
    async with running(reactor, tmp_path, [f"wss://localhost:{master.port}"], trust=pem):
        await master.attach()
        await master.start("echo secret")
        await master.completed()

        assert master.output("stdout") == b"secret\n"
    await master.stop()


@async_test
async def test_a_certificate_that_nobody_vouches_for_is_refused(reactor: Reactor, tmp_path: Path) -> None:
    private, _ = _certificate()
    master = WireMaster(reactor, private.options())
    master.listen()
    async with running(reactor, tmp_path, [f"wss://localhost:{master.port}"], max_retries=0) as worker:
        failed: list[Any] = []
        await worker.done.addErrback(failed.append).addTimeout(20, reactor)

        assert failed
        assert "certificate verify failed" in worker.told[0]
        assert master.connections == 0
    await master.stop()

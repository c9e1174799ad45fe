"""Reports by mail."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from twisted.internet.error import ConnectionRefusedError as Refused
from twisted.internet.testing import MemoryReactorClock
from twisted.protocols.basic import LineReceiver
from twisted.python.failure import Failure
from twisted.test import iosim

from buildmill.common.results import FAILURE, SUCCESS
from buildmill.master.domain.interpolate import Interpolate
from buildmill.master.engine.worker_config import WorkerConfig
from buildmill.master.reporters.generators.build import BuildStatusGenerator
from buildmill.master.reporters.generators.worker import WorkerMissingGenerator
from buildmill.master.reporters.mail import Domain, MailNotifier
from buildmill.master.reporters.messages import MessageFormatter
from tests.harness import succeed, text
from tests.unit.master.engine.test_builds import Give, Run
from tests.unit.master.reporters.conftest import House


class Post:
    """A mail server's clients, as the master's reactor makes them; mails that it has taken.

    Attributes:
        refuses: recipients that it refuses with 550.
        is_busy: says 451 to each sender.
        is_away: refuses connections.
    """

    def __init__(self, house: House) -> None:
        self.mails: list[tuple[str, list[str], EmailMessage]] = []
        self.places: list[tuple[str, int]] = []
        self.refuses: set[str] = set()
        self.is_busy = False
        self.is_away = False
        self.logins: list[bytes] = []
        house.clock.connectTCP = self.connect  # type: ignore[attr-defined]  # the harness's clock is its reactor

    def connect(self, host: str, port: int, factory: Any, timeout: float) -> Any:
        self.places.append((host, port))
        connector = MemoryReactorClock().connectTCP(host, port, factory)
        if self.is_away:
            factory.clientConnectionFailed(connector, Failure(Refused()))
            return connector
        client = factory.buildProtocol(None)
        server = Server(self)
        transports = iosim.FakeTransport(client, False), iosim.FakeTransport(server, True)
        pump = iosim.connect(server, transports[1], client, transports[0])
        pump.flush()
        return connector


class Server(LineReceiver):
    """Speaks just enough SMTP."""

    def __init__(self, post: Post) -> None:
        self._post = post
        self._sender = ""
        self._recipients: list[str] = []
        self._lines: list[bytes] | None = None

    @property
    def _line(self) -> Any:
        return self.transport

    def _say(self, line: bytes) -> None:
        self._line.write(line + b"\r\n")

    def connectionMade(self) -> None:
        self._say(b"220 post")

    def lineReceived(self, line: bytes) -> None:
        if self._lines is not None:
            self._take(line)
            return
        word, _, rest = line.decode().partition(" ")
        address = rest.partition(":<")[2].rstrip(">")
        match word.upper():
            case "EHLO":
                self._say(b"250-post")
                self._say(b"250 AUTH PLAIN")
            case "AUTH":
                self._post.logins.append(line)
                self._say(b"235 ok")
            case "MAIL":
                self._sender = address
                self._say(b"451 busy" if self._post.is_busy else b"250 ok")
            case "RCPT":
                if address in self._post.refuses:
                    self._say(b"550 nobody of that name")
                else:
                    self._recipients.append(address)
                    self._say(b"250 ok")
            case "DATA":
                self._lines = []
                self._say(b"354 go on")
            case "QUIT":
                self._say(b"221 bye")
                self._line.loseConnection()
            case _:
                self._say(b"250 ok")

    def _take(self, line: bytes) -> None:
        assert self._lines is not None
        if line != b".":
            self._lines.append(line.removeprefix(b"."))
            return
        mail = message_from_bytes(b"\n".join(self._lines), policy=policy.default)
        self._post.mails.append((self._sender, self._recipients, mail))
        self._lines = None
        self._say(b"250 taken")


@pytest.fixture
def post(house: House) -> Post:
    return Post(house)


ALWAYS = BuildStatusGenerator(mode="all")


def test_a_mail_tells_of_a_failed_build(house: House, post: Post) -> None:
    notifier = MailNotifier(fromaddr="CI <ci@example.org>", extraRecipients=["a@example.org", "Bob <b@example.org>"])
    house.serve(notifier, builders=(house.builder(Give(FAILURE)),))

    house.force(reason="to see")

    ((sender, recipients, mail),) = post.mails
    assert (sender, recipients) == ("ci@example.org", ["a@example.org", "b@example.org"])
    assert post.places == [("localhost", 25)]
    assert mail["From"] == "CI <ci@example.org>"
    assert mail["Subject"] == "failed build: b1 #1 (Buildmill)"
    body = mail.get_body()
    assert body is not None
    assert "Build 1 of b1: failed build." in body.get_content()
    assert "http://localhost:8080/#/builders/1/builds/1" in body.get_content()
    assert "Reason: to see" in body.get_content()
    assert mail["Message-ID"].endswith("@example.org>")


def test_html_extra_headers_and_logs_are_sent(house: House, post: Post) -> None:
    html = MessageFormatter(
        template="<p>{{ build['properties']['note'][0] }}</p>", template_type="html", subject="S {{ buildername }}"
    )
    notifier = MailNotifier(
        fromaddr="ci@example.org",
        extraRecipients=["a@example.org"],
        extraHeaders={"X-Builder": Interpolate("%(prop:buildername)s")},
        generators=[BuildStatusGenerator(mode="all", message_formatter=html, add_logs=["stdio"])],
    )
    house.serve(notifier, builders=(house.builder(Run(command="make")),))
    house.worker.scripts["shell"] = succeed(text("stdout", "hello\n"))

    house.force(properties={"note": "<script>"})

    ((_, _, mail),) = post.mails
    assert (mail["Subject"], mail["X-Builder"]) == ("S b1", "b1")
    body = mail.get_body()
    assert body is not None
    assert body.get_content_type() == "text/html"
    assert "<p>&lt;script&gt;</p>" in body.get_content()
    (log,) = mail.iter_attachments()
    assert log.get_filename() == "run.stdio"
    assert "hello" in log.get_content()


def test_users_are_told_whose_address_is_known(house: House, post: Post) -> None:
    class Book:
        def getAddress(self, name: str) -> str | None:
            return {"carol": "c@example.org"}.get(name)

    notifier = MailNotifier(fromaddr="ci@example.org", lookup=Book(), generators=[ALWAYS])
    house.serve(notifier, builders=(house.builder(Give(SUCCESS)),))

    house.force(properties={"owners": ["carol", "dave"]})
    house.force(properties={"owner": "dave"})

    assert [recipients for _, recipients, _ in post.mails] == [["c@example.org"]]
    assert Domain("example.org").getAddress("dave") == "dave@example.org"


def test_a_text_from_outside_begins_no_header(house: House, post: Post) -> None:
    subject = MessageFormatter(subject="{{ build['properties']['note'][0] }}")
    notifier = MailNotifier(
        fromaddr="ci@example.org",
        extraRecipients=["a@example.org"],
        generators=[BuildStatusGenerator(mode="all", message_formatter=subject)],
    )
    house.serve(notifier, builders=(house.builder(Give(SUCCESS)),))

    house.force(properties={"note": "x\r\nBcc: everybody@example.org"})

    ((_, _, mail),) = post.mails
    assert mail["Subject"] == "x Bcc: everybody@example.org"
    assert mail["Bcc"] is None


@pytest.mark.parametrize("trouble", ["is_busy", "is_away"])
def test_a_server_that_cannot_now_is_tried_again(house: House, post: Post, trouble: str) -> None:
    notifier = MailNotifier(fromaddr="ci@example.org", extraRecipients=["a@example.org"], generators=[ALWAYS])
    house.serve(notifier, builders=(house.builder(Give(SUCCESS)),))
    setattr(post, trouble, True)
    house.force()
    assert post.mails == []

    setattr(post, trouble, False)
    house.pass_by(5)

    assert len(post.mails) == 1


def test_a_server_that_refuses_for_good_is_not_asked_again(house: House, post: Post) -> None:
    notifier = MailNotifier(fromaddr="ci@example.org", extraRecipients=["a@example.org"], generators=[ALWAYS])
    house.serve(notifier, builders=(house.builder(Give(SUCCESS)),))
    post.refuses.add("a@example.org")

    house.force()
    house.pass_by(1000)

    assert (post.mails, len(post.places)) == ([], 1)


def test_a_password_is_used_when_there_is_one(house: House, post: Post) -> None:
    notifier = MailNotifier(
        fromaddr="ci@example.org", extraRecipients=["a@example.org"], relayhost="post", smtpPort=587,
        smtpUser="ci", smtpPassword="pw", generators=[ALWAYS],
    )  # fmt: skip
    house.serve(notifier, builders=(house.builder(Give(SUCCESS)),))

    house.force()

    assert post.places == [("post", 587)]
    assert len(post.logins) == len(post.mails) == 1


def test_a_worker_that_is_missing_is_told_to_those_who_asked_for_it(house: House, post: Post) -> None:
    mailer = MailNotifier("ci@example.org", extraRecipients=["all@example.org"], generators=[WorkerMissingGenerator()])
    away = WorkerConfig("w1", "secret", missing_timeout=600, notify_on_missing=["ann@example.org", "bob@example.org"])
    house.serve(mailer, builders=(house.builder(Run(command=["make"])),), workers=[away, WorkerConfig("w2", "secret")])
    for worker in house.workers.values():
        worker.cut()

    house.pass_by(601)
    house.pass_by(5000)  # w2, of which nobody wants to hear

    [(_, recipients, mail)] = post.mails
    assert recipients == ["ann@example.org", "bob@example.org"]
    assert mail["Subject"] == "worker w1 is missing"
    assert "last connected at 2023-11-14 22:13:20 UTC" in mail.get_content()

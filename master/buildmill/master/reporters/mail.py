"""`MailNotifier`: reports by mail."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from email.message import EmailMessage
from email.utils import formatdate, parseaddr
from io import BytesIO
from typing import Any, ClassVar

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectError
from twisted.internet.ssl import optionsForClientTLS
from twisted.logger import Logger
from twisted.mail.smtp import ESMTPSenderFactory, SMTPClientError
from twisted.protocols.tls import TLSMemoryBIOFactory

from buildmill.common.errors import Unavailable
from buildmill.master.domain.config_errors import config_error
from buildmill.master.domain.not_there_yet import NotThereYet
from buildmill.master.domain.rendering import is_renderable, render
from buildmill.master.engine.service import for_authors, settled
from buildmill.master.reporters.base import ReporterBase
from buildmill.master.reporters.details import Document, merge_reports_prop, merge_reports_prop_take_first
from buildmill.master.reporters.generators.build import BuildStatusGenerator
from buildmill.master.reporters.http import check_text
from buildmill.master.reporters.messages import PropertiesOfReport

TIMEOUT_SECONDS = 60.0
_ADDRESS = re.compile(r"[^\s@<>]+@[^\s@<>]+")


class Domain:
    """Makes addresses of names.

    Args:
        domain: put behind names that have none.
    """

    def __init__(self, domain: str) -> None:
        if not isinstance(domain, str) or "@" in domain or not domain:
            config_error(f"Domain: the domain must be text without @, not {domain!r}")
        self.domain = domain

    def getAddress(self, name: str) -> str | None:
        """The address of a user."""
        return name if "@" in name else f"{name}@{self.domain}"


class MailNotifier(ReporterBase):
    """Sends reports by mail.

    Args:
        fromaddr: the sender.
        relayhost, smtpPort: the server.
        lookup: how a user becomes an address: a domain, or an object with ``getAddress(name)``, which gives an address
            or None and may be awaitable. Without it only users are told whose name has an address.
        extraRecipients: always told.
        sendToInterestedUsers: tell those whom a build may concern.
        extraHeaders: further headers; may hold renderables.
        useTls: begin with STARTTLS, or send nothing.
        useSmtps: speak TLS from the start.
        smtpUser, smtpPassword: of the server; may be secrets.
        dumpMailsToLog: log each mail as well.
    """

    name = "MailNotifier"
    secrets: ClassVar[Sequence[str]] = ["smtpUser", "smtpPassword"]
    _log = Logger()

    def checkConfig(
        self,
        fromaddr: Any = None,
        relayhost: str = "localhost",
        lookup: Any = None,
        extraRecipients: Sequence[str] | None = None,
        sendToInterestedUsers: bool = True,
        extraHeaders: Mapping[str, Any] | None = None,
        useTls: bool = False,
        useSmtps: bool = False,
        smtpUser: Any = None,
        smtpPassword: Any = None,
        smtpPort: int = 25,
        dumpMailsToLog: bool = False,
        generators: Sequence[Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Check the arguments."""
        who = type(self).__name__
        if not isinstance(fromaddr, str) or not _ADDRESS.fullmatch(parseaddr(fromaddr)[1]):
            config_error(f"{who}: fromaddr must be a mail address, not {fromaddr!r}")
        if extraRecipients is not None and (
            isinstance(extraRecipients, str) or not isinstance(extraRecipients, list | tuple)
        ):
            config_error(f"{who}: extraRecipients must be a list of mail addresses, not {extraRecipients!r}")
        else:
            for address in extraRecipients or ():
                if not isinstance(address, str) or not _ADDRESS.fullmatch(parseaddr(address)[1]):
                    config_error(f"{who}: extraRecipients: {address!r} is no mail address")
        if lookup is not None and not isinstance(lookup, str | NotThereYet) and not hasattr(lookup, "getAddress"):
            config_error(f"{who}: lookup must be a domain or have a method getAddress, not {lookup!r}")
        if extraHeaders is not None and not isinstance(extraHeaders, Mapping):
            config_error(f"{who}: extraHeaders must be a dictionary, not {extraHeaders!r}")
        if not isinstance(smtpPort, int) or isinstance(smtpPort, bool) or not 0 < smtpPort < 65536:
            config_error(f"{who}: smtpPort must be a port, not {smtpPort!r}")
        if useTls and useSmtps:
            config_error(f"{who}: only one of useTls and useSmtps can be true")
        for name, value in (("smtpUser", smtpUser), ("smtpPassword", smtpPassword)):
            if value is not None:
                check_text(self, name, value)
        super().checkConfig(generators=generators, **kwargs)

    @for_authors
    async def reconfigService(
        self,
        fromaddr: str = "",
        relayhost: str = "localhost",
        lookup: Any = None,
        extraRecipients: Sequence[str] | None = None,
        sendToInterestedUsers: bool = True,
        extraHeaders: Mapping[str, Any] | None = None,
        useTls: bool = False,
        useSmtps: bool = False,
        smtpUser: str | None = None,
        smtpPassword: str | None = None,
        smtpPort: int = 25,
        dumpMailsToLog: bool = False,
        generators: Sequence[Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Take the arguments."""
        await super().reconfigService(generators=generators, **kwargs)
        self.fromaddr = fromaddr
        self.relayhost, self.smtpPort = relayhost, smtpPort
        self.lookup = Domain(lookup) if isinstance(lookup, str) else lookup
        self.extraRecipients = list(extraRecipients or ())
        self.sendToInterestedUsers = sendToInterestedUsers
        self.extraHeaders = dict(extraHeaders or {})
        self.useTls, self.useSmtps = useTls, useSmtps
        self.smtpUser, self.smtpPassword = smtpUser, smtpPassword
        self.dumpMailsToLog = dumpMailsToLog

    def _create_default_generators(self) -> list[Any]:
        return [BuildStatusGenerator(add_patch=True)]

    # -- what is sent -----------------------------------------------------------------------

    @for_authors
    async def sendMessage(self, reports: Sequence[Document]) -> None:
        """Send one mail with the texts of all reports."""
        recipients = await self._recipients(reports)
        if not recipients:
            self._log.info("{reporter}: nobody is to be told", reporter=self.name)
            return
        mail = await self._mail(reports, recipients)
        data = mail.as_bytes()
        if self.dumpMailsToLog:
            self._log.info("{reporter} sends:\n{mail}", reporter=self.name, mail=data.decode("utf-8", "replace"))
        await self._send([parseaddr(address)[1] for address in recipients], data)

    async def _recipients(self, reports: Sequence[Document]) -> list[str]:
        users = {user for report in reports for user in report["users"]}
        is_about_worker = any(report.get("worker") for report in reports)
        addresses: dict[str, None] = {}
        if self.sendToInterestedUsers or is_about_worker:
            for user in sorted(users):
                address: Any = user
                if self.lookup is not None and not is_about_worker:
                    address = await settled(self.lookup.getAddress(user))
                if isinstance(address, str) and _ADDRESS.fullmatch(parseaddr(address)[1]):
                    addresses[address] = None
        if not is_about_worker:
            addresses |= dict.fromkeys(self.extraRecipients)
        return list(addresses)

    async def _mail(self, reports: Sequence[Document], recipients: Sequence[str]) -> EmailMessage:
        master = self.master
        mail = EmailMessage()
        mail["Subject"] = _one_line(merge_reports_prop_take_first(reports, "subject") or _subject(master, reports))
        mail["From"] = self.fromaddr
        mail["To"] = ", ".join(_one_line(address) for address in recipients)
        mail["Date"] = formatdate(master.reactor.seconds(), usegmt=True)
        mail["Message-ID"] = f"<{master.random.getrandbits(128):032x}@{parseaddr(self.fromaddr)[1].rpartition('@')[2]}>"
        builds = merge_reports_prop(reports, "builds") or []
        context = PropertiesOfReport(master, builds[0]) if builds else None
        for name, value in self.extraHeaders.items():
            if is_renderable(value) and context is None:
                continue
            rendered = value if context is None else await render(value, context)
            mail[str(name)] = _one_line(str(rendered))
        body = merge_reports_prop(reports, "body")
        is_html = merge_reports_prop_take_first(reports, "type") == "html"
        mail.set_content("" if body is None else str(body), subtype="html" if is_html else "plain")
        for number, patch in enumerate(merge_reports_prop(reports, "patches") or ()):
            text = patch["body"]
            data = text if isinstance(text, bytes) else str(text).encode()
            mail.add_attachment(data, maintype="text", subtype="x-patch", filename=f"source patch {number}")
        for log in merge_reports_prop(reports, "logs") or ():
            content = log["content"]["content"] if isinstance(log["content"], dict) else log["content"]
            mail.add_attachment(str(content), filename=f"{log['stepname']}.{log['slug']}")
        return mail

    async def _send(self, recipients: Iterable[str], data: bytes) -> None:
        sent: Deferred[Any] = Deferred()
        context: Any = optionsForClientTLS(self.relayhost) if self.useTls or self.useSmtps else None
        factory: Any = ESMTPSenderFactory(
            None if self.smtpUser is None else self.smtpUser.encode(),
            None if self.smtpPassword is None else self.smtpPassword.encode(),
            parseaddr(self.fromaddr)[1],
            list(recipients),
            BytesIO(data),
            sent,
            retries=0,
            contextFactory=context if self.useTls else None,
            requireAuthentication=self.smtpUser is not None,
            requireTransportSecurity=self.useTls,
        )
        if self.useSmtps:
            factory = TLSMemoryBIOFactory(context, True, factory)
        reactor = self.master.reactor
        connector = reactor.connectTCP(self.relayhost, self.smtpPort, factory, timeout=TIMEOUT_SECONDS)
        expiry = reactor.callLater(TIMEOUT_SECONDS, sent.cancel)
        try:
            await sent
        except SMTPClientError as error:
            text = getattr(error, "resp", b"")
            reason = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(error)
            if error.code is not None and 500 <= error.code < 600:
                self._log.error(
                    "{reporter}: a mail is refused with {code}: {reason}",
                    reporter=self.name, code=error.code, reason=reason,
                )  # fmt: skip
                return
            raise Unavailable(f"the mail server {self.relayhost}: {reason or error}") from error
        except ConnectError as error:
            raise Unavailable(f"the mail server {self.relayhost} cannot be reached: {error}") from error
        except CancelledError:
            connector.disconnect()
            if expiry.active():  # the reporter is stopped
                raise
            raise Unavailable(f"the mail server {self.relayhost} has not taken a mail in time") from None
        finally:
            if expiry.active():
                expiry.cancel()


def _subject(master: Any, reports: Sequence[Document]) -> str:
    builds = merge_reports_prop(reports, "builds") or []
    names = ", ".join(dict.fromkeys(build["builder"]["name"] for build in builds))
    return f"{master.config.title}: {names}" if names else str(master.config.title)


def _one_line(text: str) -> str:
    """Without line ends, behind which a text from outside could begin a header of its own."""
    return " ".join(text.split())

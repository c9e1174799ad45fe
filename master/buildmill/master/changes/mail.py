"""Change sources that read mails from a Maildir."""

from __future__ import annotations

import email
import email.message
import email.policy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from buildmill.master.changes.arguments import optional_text
from buildmill.master.changes.base import PollingChangeSource
from buildmill.master.changes.commit_mails import cvs_change, svn_change
from buildmill.master.domain.config_errors import config_error
from buildmill.master.domain.not_delivering import NotDelivering
from buildmill.master.engine.maildir import Maildir

_POLL_SECONDS = 10.0
_MAX_BYTES = 16 * 1024 * 1024


class MaildirSource(PollingChangeSource):
    """Looks for new mails every ten seconds; `parse`, which subclasses write, makes changes of them.

    A mail is put away after its change was added: a master that dies in between adds it once more.

    Args:
        maildir: the directory, absolute or below the master's.
        prefix: handed to `parse`, which takes it off the names of files.
        category, repository: of changes for which `parse` says nothing else.
        name: unique among the change sources; made of class and directory if not given.
    """

    def __init__(
        self,
        maildir: str,
        prefix: str | None = None,
        category: str = "",
        repository: str = "",
        name: str | None = None,
    ) -> None:
        super().__init__(
            f"{type(self).__name__}:{maildir}" if name is None else name, pollInterval=_POLL_SECONDS, pollAtLaunch=True
        )
        if not isinstance(maildir, str) or not maildir:
            config_error(f"{self.owner}: maildir must be the name of a directory, not {maildir!r}")
            maildir = "invalid"
        self.maildir = maildir
        self.prefix = optional_text(self.owner, "prefix", prefix)
        if self.prefix and not self.prefix.endswith("/"):
            self._log.warn("{service}: the prefix {prefix} has no slash at its end", service=self.owner, prefix=prefix)
        self.category = optional_text(self.owner, "category", category) or ""
        self.repository = optional_text(self.owner, "repository", repository) or ""

    def parse(self, m: email.message.Message, prefix: str | None = None) -> tuple[str | None, Mapping[str, Any]] | None:
        """Make a change of a mail.

        Returns:
            The kind of version control, and the arguments of ``addChange``; None for a mail that tells of no change.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say how its mails are read")

    def describe(self) -> str:
        """What it watches, for people."""
        return f"{type(self).__name__} watching maildir {self.maildir!r}"

    async def poll(self) -> None:
        """Take the mails that have come. One that cannot be read is logged, and put away."""
        maildir = Maildir(Path(self.master.basedir, self.maildir))
        try:
            await self.master.in_thread(maildir.prepare_blocking)
            for name in await self.master.in_thread(maildir.waiting_blocking):
                await self._take(name, await self.master.in_thread(maildir.read_blocking, name, _MAX_BYTES))
                await self.master.in_thread(maildir.done_blocking, name)
        except OSError as problem:
            self._log.warn("{service} cannot look for mails: {problem}", service=self.owner, problem=problem)

    async def _take(self, name: str, data: bytes) -> None:
        try:
            found = self.parse(email.message_from_bytes(data, policy=email.policy.compat32), self.prefix)
        except Exception:  # of the subclass; the next mail may be better
            self._log.failure("{service} cannot read the mail {file}", service=self.owner, file=name)
            return
        if found is None:
            return
        kind, said = found
        change = {"category": self.category or None, "repository": self.repository, "src": kind, **said}
        if not change["repository"]:
            change["repository"] = self.repository
        if not change["category"]:
            change["category"] = self.category or None
        await self.master.data.updates.addChange(**change)


class CVSMaildirSource(MaildirSource):
    """Mails of ``buildbot_cvs_mail``; files have their path in the repository, whatever `prefix` says.

    Args:
        properties: of the changes.
        options: see `MaildirSource`.
    """

    def __init__(
        self,
        maildir: str,
        prefix: str | None = None,
        category: str = "",
        repository: str = "",
        properties: Mapping[str, Any] | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(maildir, prefix, category, repository, name)
        if properties is not None and not isinstance(properties, Mapping):
            config_error(f"{self.owner}: properties must be a dictionary, not {properties!r}")
            properties = None
        self.properties = dict(properties or {})

    def parse(self, m: email.message.Message, prefix: str | None = None) -> tuple[str | None, Mapping[str, Any]] | None:
        """Read a mail."""
        found = cvs_change(m, self.master.reactor.seconds)
        return None if found is None else ("cvs", {**found, "properties": self.properties})


class SVNCommitEmailMaildirSource(MaildirSource):
    """Mails of Subversion's ``commit-email.pl``; files that are not below `prefix` don't count."""

    def parse(self, m: email.message.Message, prefix: str | None = None) -> tuple[str | None, Mapping[str, Any]] | None:
        """Read a mail."""
        found = svn_change(m, prefix, self.master.reactor.seconds)
        return None if found is None else ("svn", found)


class BzrLaunchpadEmailMaildirSource(NotDelivering, MaildirSource):
    """Mails of Launchpad about Bazaar branches, which are not understood yet; nothing is taken from the directory.

    Args:
        branchMap: branches by Launchpad's name.
        defaultBranch: of all others.
        options: see `MaildirSource`.
    """

    not_delivering = "does not read mails of its kind yet"
    way_out = "derive from MaildirSource and write parse, or use a hook that calls sendchange"

    def __init__(
        self,
        maildir: str,
        prefix: str | None = None,
        branchMap: Mapping[str, str] | None = None,
        defaultBranch: str | None = None,
        category: str = "",
        repository: str = "",
        name: str | None = None,
    ) -> None:
        super().__init__(maildir, prefix, category, repository, name)
        if branchMap is not None and not isinstance(branchMap, Mapping):
            config_error(f"{self.owner}: branchMap must be a dictionary, not {branchMap!r}")
        optional_text(self.owner, "defaultBranch", defaultBranch)

    async def poll(self) -> None:
        """Leave the mails where they are."""

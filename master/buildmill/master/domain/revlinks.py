"""Links from a revision to the page that shows it, by the repository's address."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from buildmill.master.domain.config_errors import config_error


class RevlinkMatch:
    """Makes the link of a revision in repositories of a known kind of address.

    Args:
        repo_urls: a regular expression, or a list of them, for the whole address of the repository.
        revlink: the link; ``\\1`` or ``\\g<name>`` stand for groups of the expression, ``%s`` for the revision.
    """

    def __init__(self, repo_urls: str | Sequence[str], revlink: str) -> None:
        self.repo_urls: list[re.Pattern[str]] = []
        for pattern in [repo_urls] if isinstance(repo_urls, str) else repo_urls:
            try:
                self.repo_urls.append(re.compile(pattern))
            except (re.error, TypeError) as problem:
                config_error(f"RevlinkMatch: repo_urls must be regular expressions, not {pattern!r}: {problem}")
        if not isinstance(revlink, str):
            config_error(f"RevlinkMatch: revlink must be a string, not {revlink!r}")
        self.revlink = str(revlink)

    def __call__(self, rev: str, repo: str) -> str | None:
        """The link; None if the repository is of another kind."""
        for pattern in self.repo_urls:
            found = pattern.fullmatch(repo)
            if found:
                return found.expand(self.revlink) % rev
        return None


class GitwebMatch(RevlinkMatch):
    """The same for a gitweb server.

    Args:
        repo_urls: have a group named ``repo``, which is the repository's name there.
        revlink: address of the server.
    """

    def __init__(self, repo_urls: str | Sequence[str], revlink: str) -> None:
        super().__init__(repo_urls, f"{revlink}?p=\\g<repo>;a=commit;h=%s")


class RevlinkMultiplexer:
    """Asks several, and takes the first link that one of them gives."""

    def __init__(self, *revlinks: RevlinkMatch) -> None:
        self.revlinks = revlinks

    def __call__(self, rev: str, repo: str) -> str | None:
        """The link; None if no one knows the repository."""
        return next((link for link in (each(rev, repo) for each in self.revlinks) if link), None)


GithubRevlink: Final = RevlinkMatch(
    [rf"{start}([^/]+/[^/]+?)(?:\.git)?/?" for start in (r"https?://(?:[^/@]+@)?github\.com/", r"git://github\.com/",
                                                       r"(?:ssh://)?git@github\.com[:/]")],
    r"https://github.com/\1/commit/%s",
)  # fmt: skip
BitbucketRevlink: Final = RevlinkMatch(
    [rf"{start}([^/]+/[^/]+?)(?:\.git)?/?" for start in (r"https?://(?:[^/@]+@)?bitbucket\.org/",
                                                       r"(?:ssh://)?(?:git|hg)@bitbucket\.org[:/]")],
    r"https://bitbucket.org/\1/commits/%s",
)  # fmt: skip
SourceforgeGitRevlink: Final = RevlinkMatch(
    [
        r"(?:git|https?)://([^/.]+)\.git\.sourceforge\.net/gitroot/(.*)",
        r"[^/@]+@([^/.]+)\.git\.sourceforge\.net:gitroot/(.*)",
        r"ssh://(?:[^/@]+@)?([^/.]+)\.git\.sourceforge\.net/gitroot/(.*)",
    ],
    r"http://\1.git.sourceforge.net/git/gitweb.cgi?p=\2;a=commit;h=%s",
)
SourceforgeGitRevlink_AlluraPlatform: Final = RevlinkMatch(
    [r"git://git\.code\.sf\.net/p/(.*?)/?", r"https?://git\.code\.sf\.net/p/(.*?)/?",
     r"ssh://(?:[^/@]+@)?git\.code\.sf\.net/p/(.*?)/?"],
    r"https://sourceforge.net/p/\1/ci/%s/",
)  # fmt: skip

default_revlink_matcher: Final = RevlinkMultiplexer(
    GithubRevlink, BitbucketRevlink, SourceforgeGitRevlink, SourceforgeGitRevlink_AlluraPlatform
)
"""What makes the links of changes when a configuration says nothing else."""

"""Change sources: ``from buildmill.plugins import changes``."""

from __future__ import annotations

from buildmill.plugins.lazy_names import lazy_names, names

NAMES = {
    **names("changes.base", "ChangeSource PollingChangeSource"),
    **names(
        "changes.forges",
        "BitbucketPullrequestPoller GerritChangeSource GerritEventLogPoller GitHubPullrequestPoller",
    ),
    **names(
        "changes.mail",
        "BzrLaunchpadEmailMaildirSource CVSMaildirSource MaildirSource SVNCommitEmailMaildirSource",
    ),
    **names("changes.gitpoller", "GitPoller"),
    **names("changes.hgpoller", "HgPoller"),
    **names("changes.p4poller", "P4Source"),
    **names("changes.pb", "PBChangeSource"),
    **names("changes.svnpoller", "SVNPoller"),
}
__getattr__, __dir__ = lazy_names("changes", NAMES)

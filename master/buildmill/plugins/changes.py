"""Change sources: ``from buildmill.plugins import changes``."""

from __future__ import annotations

from buildmill.plugins.lazy_names import lazy_names, names, words

NAMES = {
    **names("changes.base", "ChangeSource PollingChangeSource"),
    **names("changes.gitpoller", "GitPoller"),
    **names("changes.hgpoller", "HgPoller"),
    **names("changes.svnpoller", "SVNPoller"),
}
LATER = words("""BitbucketPullrequestPoller BzrLaunchpadEmailMaildirSource CVSMaildirSource GerritChangeSource
    GerritEventLogPoller GitHubPullrequestPoller MaildirSource P4Source PBChangeSource
    SVNCommitEmailMaildirSource""")
__getattr__, __dir__ = lazy_names("changes", NAMES, LATER)

"""Change sources: ``from buildmill.plugins import changes``."""

from __future__ import annotations

from buildmill.plugins.lazy_names import lazy_names, names, words

NAMES = {
    **names("changes.base", "ChangeSource PollingChangeSource"),
    **names("changes.gitpoller", "GitPoller"),
}
LATER = words("""BitbucketPullrequestPoller BzrLaunchpadEmailMaildirSource CVSMaildirSource GerritChangeSource
    GerritEventLogPoller GitHubPullrequestPoller HgPoller MaildirSource P4Source PBChangeSource
    SVNCommitEmailMaildirSource SVNPoller""")
__getattr__, __dir__ = lazy_names("changes", NAMES, LATER)

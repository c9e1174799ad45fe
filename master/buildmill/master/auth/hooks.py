"""Web hooks: the handlers that configurations derive from. No hook is served yet."""

from __future__ import annotations

from typing import Any, ClassVar

from buildmill.master.domain.not_delivering import NotDelivering

DIALECTS = ("base", "bitbucket", "bitbucketcloud", "bitbucketserver", "github", "gitlab", "gitorious", "poller")
"""Names of the dialects in ``www['change_hook_dialects']``."""


class BaseHookHandler(NotDelivering):
    """Base of handlers.

    Args:
        master: the master.
        options: what the configuration says of the dialect.
    """

    not_delivering = "no web hook is served yet"
    way_out = "use a poller, or tell of changes by 'buildmill sendchange'"

    def __init__(self, master: Any, options: Any) -> None:
        self.master = master
        self.options = options

    def getChanges(self, request: Any) -> Any:
        """The changes of a request, and the kind of repository; for subclasses."""
        raise NotImplementedError(f"{type(self).__name__} reads no requests")


class GitHubEventHandler(NotDelivering):
    """Makes changes of GitHub's events; subclasses overwrite `handle_push`, `handle_pull_request` and the like.

    Nothing calls them yet.
    """

    not_delivering = BaseHookHandler.not_delivering
    way_out = BaseHookHandler.way_out

    def __init__(
        self,
        secret: Any = None,
        strict: bool = False,
        codebase: Any = None,
        github_property_whitelist: Any = None,
        master: Any = None,
        skips: Any = None,
        github_api_endpoint: str | None = None,
        pullrequest_ref: str | None = None,
        token: Any = None,
        debug: bool = False,
        verify: bool = False,
    ) -> None:
        self._secret = secret
        self._codebase = codebase
        self.master = master
        self.skips = skips

    def handle_push(self, payload: Any, event: Any) -> Any:
        """Changes of a push; not there yet."""
        raise NotImplementedError("no web hook is served yet")

    def handle_pull_request(self, payload: Any, event: Any) -> Any:
        """Changes of a pull request; not there yet."""
        raise NotImplementedError("no web hook is served yet")


class GitHubHandler(BaseHookHandler):
    """GitHub's dialect."""

    handler_class: ClassVar[type] = GitHubEventHandler


class GitLabHandler(BaseHookHandler):
    """GitLab's dialect."""


class BitBucketHandler(BaseHookHandler):
    """Bitbucket's dialect."""


class BitbucketCloudEventHandler(BaseHookHandler):
    """Bitbucket Cloud's dialect."""

    def __init__(self, master: Any, options: Any = None) -> None:
        super().__init__(master, options)


class BitbucketServerEventHandler(BaseHookHandler):
    """Bitbucket Server's dialect."""

    def __init__(self, master: Any, options: Any = None) -> None:
        super().__init__(master, options)


class GitoriousHandler(BaseHookHandler):
    """Gitorious' dialect."""


class PollingHandler(BaseHookHandler):
    """Has pollers look at once."""

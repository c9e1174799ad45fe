"""Change sources of forges, whose arguments are checked and which make no changes yet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from buildmill.master.changes.arguments import optional_text, text_or_function
from buildmill.master.changes.base import ChangeSource, PollingChangeSource
from buildmill.master.domain.config_errors import config_error
from buildmill.master.domain.not_delivering import NotDelivering
from buildmill.master.domain.rendering import is_renderable


def _needed_text(owner: str, argument: str, value: Any) -> str:
    if not isinstance(value, str) or not value:
        config_error(f"{owner}: {argument} must be a non-empty string, not {value!r}")
        return ""
    return value


def _optional_function(owner: str, argument: str, value: Any) -> None:
    if value is not None and not callable(value):
        config_error(f"{owner}: {argument} must be callable, not {value!r}")


def _optional_names(owner: str, argument: str, value: Any) -> None:
    if value is not None and (
        isinstance(value, str)
        or not isinstance(value, Sequence | set | frozenset)
        or not all(isinstance(item, str) for item in value)
    ):
        config_error(f"{owner}: {argument} must be a list of strings, not {value!r}")


class _Poller(NotDelivering, PollingChangeSource):
    not_delivering = "does not poll yet"

    async def poll(self) -> None:
        """Nothing: a notice told so."""


class GitHubPullrequestPoller(_Poller):
    """Pull requests of a repository at GitHub. Arguments: as in Buildbot."""

    way_out = "use GitPoller with branches=lambda ref: ref.startswith('refs/pull/')"

    def __init__(
        self,
        owner: str,
        repo: str,
        branches: Sequence[str] | None = None,
        pollInterval: float = 600,
        category: Any = "pull",
        project: str | None = None,
        baseURL: str | None = None,
        pullrequest_filter: Any = True,
        token: Any = None,
        magic_link: bool = False,
        repository_type: str = "https",
        github_property_whitelist: Sequence[str] | None = None,
        name: str | None = None,
        pollAtLaunch: bool = False,
        pollRandomDelayMin: float = 0,
        pollRandomDelayMax: float = 0,
    ) -> None:
        super().__init__(
            f"GitHubPullrequestPoller:{owner}/{repo}" if name is None else name,
            pollInterval=pollInterval,
            pollAtLaunch=pollAtLaunch,
            pollRandomDelayMin=pollRandomDelayMin,
            pollRandomDelayMax=pollRandomDelayMax,
        )
        where = f"{self.kind} {self.name!r}"
        _needed_text(where, "owner", owner)
        _needed_text(where, "repo", repo)
        _optional_names(where, "branches", branches)
        text_or_function(where, "category", category)
        optional_text(where, "project", project)
        optional_text(where, "baseURL", baseURL)
        if not isinstance(pullrequest_filter, bool):
            _optional_function(where, "pullrequest_filter", pullrequest_filter)
        if not is_renderable(token):
            optional_text(where, "token", token)
        if repository_type not in ("https", "svn", "git", "ssh"):
            config_error(f"{where}: repository_type must be https, svn, git or ssh, not {repository_type!r}")
        _optional_names(where, "github_property_whitelist", github_property_whitelist)
        if magic_link and not is_renderable(token) and token is None:
            config_error(f"{where}: magic_link needs a token")


class BitbucketPullrequestPoller(_Poller):
    """Pull requests of a repository at Bitbucket. Arguments: as in Buildbot."""

    way_out = "use GitPoller, or a hook that calls sendchange"

    def __init__(
        self,
        owner: str,
        slug: str,
        branch: str | None = None,
        pollInterval: float = 600,
        useTimestamps: bool = True,
        category: Any = None,
        project: str = "",
        pullrequest_filter: Any = True,
        pollAtLaunch: bool = False,
        auth: Any = None,
        bitbucket_property_whitelist: Sequence[str] | None = None,
        name: str | None = None,
        pollRandomDelayMin: float = 0,
        pollRandomDelayMax: float = 0,
    ) -> None:
        super().__init__(
            f"BitbucketPullrequestPoller:{owner}/{slug}" if name is None else name,
            pollInterval=pollInterval,
            pollAtLaunch=pollAtLaunch,
            pollRandomDelayMin=pollRandomDelayMin,
            pollRandomDelayMax=pollRandomDelayMax,
        )
        where = f"{self.kind} {self.name!r}"
        _needed_text(where, "owner", owner)
        _needed_text(where, "slug", slug)
        optional_text(where, "branch", branch)
        text_or_function(where, "category", category)
        optional_text(where, "project", project)
        if not isinstance(pullrequest_filter, bool):
            _optional_function(where, "pullrequest_filter", pullrequest_filter)
        _optional_names(where, "bitbucket_property_whitelist", bitbucket_property_whitelist)


class GerritChangeSource(NotDelivering, ChangeSource):
    """The stream of events of a Gerrit server. Arguments: as in Buildbot."""

    not_delivering = "does not listen yet"
    way_out = "use GitPoller with branches=lambda ref: ref.startswith('refs/changes/')"

    def __init__(
        self,
        gerritserver: str,
        username: str,
        gerritport: int = 29418,
        identity_file: str | None = None,
        ssh_server_alive_interval_s: int = 15,
        ssh_server_alive_count_max: int = 3,
        http_url: str | None = None,
        http_auth: Any = None,
        http_poll_interval: float = 30,
        gitBaseURL: str | None = None,
        handled_events: Sequence[str] = ("patchset-created", "ref-updated"),
        debug: bool = False,
        get_files: bool = False,
        name: str | None = None,
    ) -> None:
        super().__init__(f"GerritChangeSource:{username}@{gerritserver}:{gerritport}" if name is None else name)
        _needed_text(self.owner, "gerritserver", gerritserver)
        _needed_text(self.owner, "username", username)
        if isinstance(gerritport, bool) or not isinstance(gerritport, int):
            config_error(f"{self.owner}: gerritport must be a port number, not {gerritport!r}")
        for argument, value in (("identity_file", identity_file), ("http_url", http_url), ("gitBaseURL", gitBaseURL)):
            optional_text(self.owner, argument, value)
        _optional_names(self.owner, "handled_events", handled_events)
        if get_files and http_url is None:
            config_error(f"{self.owner}: get_files needs http_url")


class GerritEventLogPoller(_Poller):
    """The log of events of a Gerrit server. Arguments: as in Buildbot."""

    way_out = "use GitPoller with branches=lambda ref: ref.startswith('refs/changes/')"

    def __init__(
        self,
        baseURL: str,
        auth: Any,
        pollInterval: float = 30,
        pollAtLaunch: bool = True,
        firstFetchLookback: float = 30,
        gitBaseURL: str | None = None,
        handled_events: Sequence[str] = ("patchset-created", "ref-updated"),
        debug: bool = False,
        get_files: bool = False,
        name: str | None = None,
        pollRandomDelayMin: float = 0,
        pollRandomDelayMax: float = 0,
    ) -> None:
        super().__init__(
            f"GerritEventLogPoller:{baseURL}" if name is None else name,
            pollInterval=pollInterval,
            pollAtLaunch=pollAtLaunch,
            pollRandomDelayMin=pollRandomDelayMin,
            pollRandomDelayMax=pollRandomDelayMax,
        )
        base = _needed_text(self.owner, "baseURL", baseURL)
        if base.endswith("/"):
            config_error(f"{self.owner}: baseURL must not end with a slash: {baseURL!r}")
        optional_text(self.owner, "gitBaseURL", gitBaseURL)
        _optional_names(self.owner, "handled_events", handled_events)

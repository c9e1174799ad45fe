"""Reporters that are accepted, so that configurations load, and do not deliver yet; see `NotDelivering`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from buildmill.master.domain.config_errors import config_error
from buildmill.master.domain.not_delivering import NotDelivering
from buildmill.master.engine.service import BuildbotService
from buildmill.master.reporters.base import ReporterBase
from buildmill.master.reporters.http import check_address, check_text

_WAY_OUT = "HttpStatusPush, or a class of your own that derives from ReporterBase, can take its place"


class _Accepted(NotDelivering, ReporterBase):
    """Takes its arguments by name or place, and checks those that it needs.

    Attributes:
        needs: arguments without a default, in their order.
        takes: the others.
        addresses: those of both that are http addresses.
    """

    way_out = _WAY_OUT
    needs: ClassVar[tuple[str, ...]] = ()
    takes: ClassVar[tuple[str, ...]] = ()
    addresses: ClassVar[tuple[str, ...]] = ()

    def checkConfig(self, *args: Any, **kwargs: Any) -> None:
        """Check the arguments."""
        generators = kwargs.pop("generators", None)
        given = arguments(self, (*self.needs, *self.takes), args, kwargs)
        for name in self.needs:
            if name not in given:
                config_error(f"{type(self).__name__}: the argument {name} is missing")
            elif name not in self.addresses and not isinstance(given[name], list | tuple):
                check_text(self, name, given[name])
        for name in self.addresses:
            if name in given:
                check_address(self, name, given[name])
        super().checkConfig(generators=generators)

    def reconfigService(self, *args: Any, **kwargs: Any) -> Any:
        """Nothing comes of the arguments."""


def arguments(owner: object, names: Sequence[str], args: Sequence[Any], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Arguments by name; unknown and surplus ones are reported, and left out."""
    who = type(owner).__name__
    if len(args) > len(names):
        config_error(f"{who}: at most {len(names)} arguments by place, not {len(args)}")
    given = {**dict(zip(names, args, strict=False)), **kwargs}
    if unknown := sorted(set(given) - set(names)):
        config_error(f"{who}: unknown arguments: {', '.join(unknown)}")
    return {name: value for name, value in given.items() if name in names}


class BitbucketStatusPush(_Accepted):
    """Statuses of commits at Bitbucket Cloud."""

    name = "BitbucketStatusPush"
    not_delivering = "sets no status at Bitbucket yet"
    takes = (
        "oauth_key", "oauth_secret", "auth", "base_url", "oauth_url", "debug", "verify", "status_key", "status_name",
    )  # fmt: skip
    addresses = ("base_url", "oauth_url")


class BitbucketServerStatusPush(_Accepted):
    """Statuses of commits at Bitbucket Server, by its older interface."""

    name = "BitbucketServerStatusPush"
    not_delivering = "sets no status at Bitbucket Server yet"
    needs = ("base_url", "user", "password")
    takes = ("key", "statusName", "verbose", "debug", "verify")
    addresses = ("base_url",)


class BitbucketServerCoreAPIStatusPush(_Accepted):
    """Statuses of commits at Bitbucket Server."""

    name = "BitbucketServerCoreAPIStatusPush"
    not_delivering = "sets no status at Bitbucket Server yet"
    needs = ("base_url",)
    takes = (
        "token", "auth", "statusName", "statusSuffix", "key", "parentName", "buildNumber", "ref", "duration",
        "testResults", "verbose", "debug", "verify",
    )  # fmt: skip
    addresses = ("base_url",)


class BitbucketServerPRCommentPush(_Accepted):
    """Comments on pull requests at Bitbucket Server."""

    name = "BitbucketServerPRCommentPush"
    not_delivering = "comments on nothing at Bitbucket Server yet"
    needs = ("base_url", "user", "password")
    takes = ("verbose", "debug", "verify")
    addresses = ("base_url",)


class GerritStatusPush(_Accepted):
    """Reviews at Gerrit, over ssh."""

    name = "GerritStatusPush"
    not_delivering = "votes on nothing at Gerrit yet"
    needs = ("server", "username")
    takes = ("port", "identity_file", "notify", "reviewCB", "startCB", "summaryCB", "wantSteps", "wantLogs")


class GerritVerifyStatusPush(_Accepted):
    """Reviews at Gerrit, by its plugin verify-status."""

    name = "GerritVerifyStatusPush"
    not_delivering = "verifies nothing at Gerrit yet"
    needs = ("baseURL", "auth")
    takes = ("verification_name", "abstain", "category", "reporter", "verbose", "debug", "verify")
    addresses = ("baseURL",)


class ZulipStatusPush(_Accepted):
    """Messages at Zulip."""

    name = "ZulipStatusPush"
    not_delivering = "sends nothing to Zulip yet"
    needs = ("endpoint", "token")
    takes = ("stream", "debug", "verify")
    addresses = ("endpoint",)


class PushoverNotifier(_Accepted):
    """Messages by Pushover."""

    not_delivering = "sends nothing by Pushover yet"
    needs = ("user_key", "api_token")
    takes = ("priorities", "otherParams")


class PushjetNotifier(_Accepted):
    """Messages by Pushjet."""

    not_delivering = "sends nothing by Pushjet yet"
    needs = ("secret",)
    takes = ("levels", "base_url")
    addresses = ("base_url",)


class _Chat(NotDelivering, BuildbotService):
    """A robot in a chat, which reports and takes commands."""

    way_out = "use a reporter for its messages, and the command line or REST for its commands"
    needs: ClassVar[tuple[str, ...]] = ()
    takes: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if self.name is None and kwargs.get("name") is None:
            kwargs["name"] = type(self).__name__
        super().__init__(*args, **kwargs)

    def checkConfig(self, *args: Any, **kwargs: Any) -> None:
        """Check the arguments."""
        given = arguments(self, (*self.needs, *self.takes), args, kwargs)
        for name in self.needs:
            if name not in given:
                config_error(f"{type(self).__name__}: the argument {name} is missing")
            elif name != "channels":
                check_text(self, name, given[name])
        if "channels" in given and not isinstance(given["channels"], list | tuple):
            config_error(f"{type(self).__name__}: channels must be a list, not {given['channels']!r}")


class IRC(_Chat):
    """A robot on IRC."""

    not_delivering = "joins no channel yet"
    needs = ("host", "nick", "channels")
    takes = (
        "pm_to_nicks", "port", "allowForce", "tags", "password", "notify_events", "showBlameList", "useRevisions",
        "useSSL", "useSASL", "lostDelay", "failedDelay", "useColors", "allowShutdown", "noticeOnChannel", "authz",
    )  # fmt: skip


class TelegramBot(_Chat):
    """A robot on Telegram."""

    name = "TelegramBot"
    not_delivering = "writes to no chat yet"
    needs = ("bot_token",)
    takes = (
        "chat_ids", "authz", "bot_username", "tags", "notify_events", "showBlameList", "useRevisions", "useWebhook",
        "certificate", "pollTimeout", "retryDelay",
    )  # fmt: skip


class IrcStatusBot(NotDelivering):
    """The robot's side of one connection to IRC, for subclasses."""

    not_delivering = IRC.not_delivering
    way_out = IRC.way_out

    def __init__(
        self,
        nickname: str,
        password: Any,
        join_channels: Sequence[Any],
        pm_to_nicks: Sequence[Any],
        noticeOnChannel: bool,
        *args: Any,
        useColors: bool = False,
        useSASL: bool = False,
        **kwargs: Any,
    ) -> None:
        self.nickname = nickname
        self.join_channels = join_channels


class IrcStatusFactory(NotDelivering):
    """Makes connections to IRC, for subclasses."""

    not_delivering = IRC.not_delivering
    way_out = IRC.way_out
    protocol: ClassVar[type] = IrcStatusBot

    def __init__(
        self,
        nickname: str,
        password: Any,
        join_channels: Sequence[Any],
        pm_to_nicks: Sequence[Any],
        authz: Any,
        tags: Any,
        notify_events: Any,
        noticeOnChannel: bool = False,
        useRevisions: bool = False,
        showBlameList: bool = False,
        useSASL: bool = False,
        parent: Any = None,
        lostDelay: float | None = None,
        failedDelay: float | None = None,
        useColors: bool = True,
    ) -> None:
        self.nickname = nickname
        self.join_channels = join_channels
        self.parent = parent

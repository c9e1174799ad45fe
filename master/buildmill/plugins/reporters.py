"""Reporters, which tell others about builds: ``from buildmill.plugins import reporters``."""

from __future__ import annotations

from buildmill.plugins.lazy_names import lazy_names, names

NAMES = {
    **names("reporters.mail", "MailNotifier"),
    **names("reporters.http", "HttpStatusPush"),
    **names("reporters.github", "GitHubCommentPush GitHubStatusPush"),
    **names("reporters.gitlab", "GitLabStatusPush"),
    **names("reporters.generators.build", "BuildStartEndStatusGenerator BuildStatusGenerator"),
    **names("reporters.generators.buildrequest", "BuildRequestGenerator"),
    **names("reporters.generators.buildset", "BuildSetCombinedStatusGenerator BuildSetStatusGenerator"),
    **names("reporters.generators.graph", "GraphBuildStatusGenerator"),
    **names("reporters.graph_messages", "MessageFormatterGraphBuild"),
    **names("reporters.generators.worker", "WorkerMissingGenerator"),
    **names(
        "reporters.messages",
        """MessageFormatter MessageFormatterEmpty MessageFormatterFunction MessageFormatterFunctionRaw
        MessageFormatterMissingWorker MessageFormatterRenderable""",
    ),
    **names(
        "reporters.accepted",
        """BitbucketServerCoreAPIStatusPush BitbucketServerPRCommentPush BitbucketServerStatusPush BitbucketStatusPush
        GerritStatusPush GerritVerifyStatusPush IRC PushjetNotifier PushoverNotifier TelegramBot ZulipStatusPush""",
    ),
}
__getattr__, __dir__ = lazy_names("reporters", NAMES)

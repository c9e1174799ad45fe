"""Reporters tell others about builds. None is available yet."""

from __future__ import annotations

from buildmill.plugins.lazy_names import lazy_names, words

NAMES: dict[str, str] = {}
LATER = words(
    """BitbucketServerCoreAPIStatusPush BitbucketServerPRCommentPush BitbucketServerStatusPush BitbucketStatusPush
    BuildRequestGenerator BuildSetCombinedStatusGenerator BuildSetStatusGenerator BuildStartEndStatusGenerator
    BuildStatusGenerator GerritStatusPush GerritVerifyStatusPush GitHubCommentPush GitHubStatusPush GitLabStatusPush
    HttpStatusPush IRC MailNotifier MessageFormatter MessageFormatterEmpty MessageFormatterFunction
    MessageFormatterFunctionRaw MessageFormatterMissingWorker MessageFormatterRenderable PushjetNotifier
    PushoverNotifier TelegramBot WorkerMissingGenerator ZulipStatusPush"""
)
__getattr__, __dir__ = lazy_names("reporters", NAMES, LATER)

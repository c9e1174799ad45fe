"""``util.repo``: where the step `Repo` finds the changes to download."""

from __future__ import annotations

from types import SimpleNamespace

from buildmill.master.steps.repo import RepoDownloadsFromChangeSource, RepoDownloadsFromProperties

REPO = SimpleNamespace(
    DownloadsFromChangeSource=RepoDownloadsFromChangeSource,
    DownloadsFromProperties=RepoDownloadsFromProperties,
)

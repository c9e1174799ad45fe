"""Why a staging waits: the reasons of its build request, out of the data API."""

from __future__ import annotations

from buildmill.client import Client, api
from buildmill.client.errors import ApiError, UnexpectedAnswer, Unreachable

_PROGRESS = frozenset({"running", "stopping", "starting", "complete", "idle"})


class Reasons:
    """Asks for them; whoever may not read the data API is told nothing.

    Args:
        client: of the same master.
        build_guid: of the staging.
    """

    def __init__(self, client: Client, build_guid: str) -> None:
        self._client = client
        self._build_guid = build_guid
        self._told: list[str] = []

    def news(self) -> list[str]:
        """Why it waits, one sentence each; nothing if it runs, or if that was the answer last time."""
        try:
            build = self._client.get(api.staging_builds[self._build_guid])
            if build.buildrequestid is None:
                return []
            reasons = self._client.list(api.buildrequests[build.buildrequestid].explain)
        except (ApiError, Unreachable, UnexpectedAnswer):
            return []
        texts = [reason.text for reason in reasons if reason.code not in _PROGRESS]
        if texts == self._told:
            return []
        self._told = texts
        return texts

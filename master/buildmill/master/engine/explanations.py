"""Answers why a request waits, out of what the distributor knows and what only the database does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from twisted.internet.defer import Deferred

from buildmill.common.results import Result
from buildmill.master.db import standing
from buildmill.master.db.standing import Standing
from buildmill.master.domain.reasons import Because, Reason
from buildmill.master.engine.distributor import Distributor


class Explanations:
    """The data API's `ReasonsOf`. It is asked by people and pages, never by a decision.

    Args:
        read: runs a query on a read-only connection.

    Attributes:
        distributor: the one of this process; None until the engine is there.
        master_id: this master's id.
    """

    def __init__(self, read: Callable[..., Deferred[Any]]) -> None:
        self.distributor: Distributor | None = None
        self.master_id = 0
        self._read = read

    async def request(self, request_id: int) -> Sequence[Reason] | None:
        """See `ReasonsOf`."""
        found: Standing | None = await self._read(standing.of_request, request_id)
        if found is None:
            return None
        if not found.is_waiting:
            return _progress(found, self.master_id)
        return await self._waiting(found)

    async def builder(self, builder_id: int) -> Sequence[Reason] | None:
        """See `ReasonsOf`."""
        found: Standing | None = await self._read(standing.of_builder, builder_id)
        if found is None:
            return None
        first = None if self.distributor is None else self.distributor.queue.first(builder_id)
        if first is not None:
            return await self.request(first.request_id)
        if found.request_id is None:
            return [Reason(code=Because.IDLE, text=f"nothing waits for builder {found.builder}")]
        return await self._waiting(found)

    async def waiting(self, requests: Mapping[int, int]) -> Mapping[int, Sequence[Reason]]:
        """See `ReasonsOf`."""
        distributor = self.distributor
        found: dict[int, Sequence[Reason]] = {}
        others: dict[int, int] = {}
        for request_id, builder_id in requests.items():
            if distributor is None or not distributor.has_builder(builder_id):
                others[request_id] = builder_id
            else:
                found[request_id] = await self._against(distributor, request_id)
        if others:
            places: Mapping[int, Standing] = await self._read(standing.of_builders, sorted(set(others.values())))
            for request_id, builder_id in others.items():
                if builder_id in places:
                    found[request_id] = [_elsewhere(places[builder_id])]
        return found

    async def _waiting(self, found: Standing) -> Sequence[Reason]:
        distributor = self.distributor
        if distributor is None or not distributor.has_builder(found.builder_id):
            return [_elsewhere(found)]
        assert found.request_id is not None
        return await self._against(distributor, found.request_id)

    async def _against(self, distributor: Distributor, request_id: int) -> Sequence[Reason]:
        """What stands against a request of a builder that is configured here."""
        reasons = distributor.explain(request_id) or []
        impossible = await distributor.impossibility(request_id)
        if impossible is not None:
            return [impossible, *(reason for reason in reasons if reason.code is not Because.REFUSED)]
        return reasons or [Reason(code=Because.STARTING, text="nothing stands against it: it starts in a moment")]


def _progress(found: Standing, master_id: int) -> list[Reason]:
    """Of a request that does not wait."""
    if found.results is not None:
        name = Result(found.results).name.lower() if found.results in set(Result) else str(found.results)
        return [Reason(code=Because.COMPLETE, text=f"it is complete, with the result {name}")]
    reasons = []
    for build in found.builds:
        code, text = Because.RUNNING, f"build {build.build_id} of it runs on worker {build.worker}"
        if build.stop_reason is not None:
            code, text = Because.STOPPING, f"build {build.build_id} of it is being stopped: {build.stop_reason}"
        reasons.append(
            Reason(
                code=code, text=text, buildid=build.build_id, buildids=[build.build_id],
                worker=build.worker, workerid=build.worker_id,
            )
        )  # fmt: skip
    if not reasons and found.retry_at_ms is not None:
        at = datetime.fromtimestamp(found.retry_at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        reasons.append(Reason(code=Because.STARTING, text=f"an attempt has failed; the next one begins at {at}"))
    if not reasons:
        text = "it is claimed, and its build is being made"
        code = Because.STARTING
        if found.claimed_by != master_id:
            owner = found.masters.get(found.claimed_by or 0)
            code, text = Because.OTHER_MASTER, f"master {owner.name if owner else found.claimed_by} has claimed it"
        reasons.append(Reason(code=code, text=text))
    return reasons


def _elsewhere(found: Standing) -> Reason:
    """Of a request whose builder is not in the configuration of this process."""
    running = [owner.name for owner in found.masters.values() if owner.is_active and owner.has_builder]
    if running:
        text = f"builder {found.builder} is run by master {', '.join(running)}: only that one knows more"
        return Reason(code=Because.OTHER_MASTER, text=text)
    stopped = [owner.name for owner in found.masters.values() if owner.has_builder]
    if stopped:
        text = f"builder {found.builder} is run by master {', '.join(stopped)}, which is not active"
        return Reason(code=Because.MASTER_INACTIVE, text=text)
    text = f"no configuration has builder {found.builder} any more: nobody can ever run it"
    return Reason(code=Because.NO_BUILDER, text=text)

"""Which of the free workers stages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from buildmill.common.staging import STAGING_INFO, Offer, read_offer
from buildmill.master.db.staging.starting import LIFECYCLE_PROPERTY, MEMORY_PROPERTY


def offer_of(connection: Any) -> Offer | None:
    """What the worker of a connection says of its staging; None if it does not stage."""
    text = None if connection is None else connection.info.extra.get(STAGING_INFO)
    if text is None:
        return None
    try:
        return read_offer(text)
    except msgspec.DecodeError:
        return None


def fitting_worker(builder: Any, workers: Sequence[Any], request: Any) -> Any:
    """For ``nextWorker``: one that can stage this, if there is one; else the first step says why none can."""
    lifecycle = request.properties.getProperty(LIFECYCLE_PROPERTY)
    memory_mb = request.properties.getProperty(MEMORY_PROPERTY, 0)
    return next((worker for worker in workers if _fits(worker, lifecycle, memory_mb)), workers[0])


def _fits(worker: Any, lifecycle: Any, memory_mb: Any) -> bool:
    offer = offer_of(worker.worker.connection)
    if offer is None or lifecycle not in [str(known) for known in offer.lifecycles]:
        return False
    return not offer.memory_mb or memory_mb <= offer.memory_mb

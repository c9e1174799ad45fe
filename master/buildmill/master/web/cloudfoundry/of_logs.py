"""What the newest staging of an app has written, as clients of a log cache read it: ``/api/v1/read/<app>``."""

from __future__ import annotations

from base64 import b64encode
from bisect import bisect_left
from collections.abc import Mapping
from typing import Any, Final

from buildmill.master.domain.staging.requests import BuildFilter, Listing, OrderField
from buildmill.master.web.cloudfoundry import seeing
from buildmill.master.web.cloudfoundry.operation import Call, Operation

DEFAULT_LIMIT: Final = 100
MOST: Final = 1000
_NANOSECONDS: Final = 1_000_000
_NEWEST: Final = Listing(order=OrderField.CREATED_AT, is_descending=True, per_page=1)
_LOG: Final = "stdio"
_STREAMS: Final = {"o": "OUT", "e": "ERR"}
_LAST: Final = 2**63 - 1


async def read_log(call: Call) -> Any:
    """Lines of the newest staging of an app, oldest first, or with `descending` newest first."""
    app = await seeing.app(call, call.guid)
    parameters = dict(call.parameters)
    begin, end = _number(parameters, "start_time", 0, _LAST), _number(parameters, "end_time", _LAST, _LAST)
    limit = max(1, _number(parameters, "limit", DEFAULT_LIMIT, MOST))
    is_descending = parameters.get("descending") == "true"
    batch: list[dict[str, Any]] = []
    for log_id in await _logs_of(call, app.guid):
        batch.extend(await _envelopes(call, log_id, begin, end, limit, is_descending))
    batch.sort(key=lambda envelope: int(envelope["timestamp"]), reverse=is_descending)
    source = {"source_id": app.guid, "instance_id": "0", "deprecated_tags": {}}
    return {"envelopes": {"batch": [{**source, **envelope} for envelope in batch[:limit]]}}


async def _logs_of(call: Call, app_guid: str) -> list[int]:
    builds = await call.reads.builds(BuildFilter(app_guids=(app_guid,)), _NEWEST)
    if not builds.values or builds.values[0].buildid is None:
        return []
    found: list[int] = []
    for step in await call.data.get(("builds", builds.values[0].buildid, "steps")):
        logs = await call.data.get(("steps", step["stepid"], "logs"))
        found.extend(log["logid"] for log in logs if log["slug"] == _LOG)
    return found


async def _envelopes(
    call: Call, log_id: int, begin: int, end: int, limit: int, is_descending: bool
) -> list[dict[str, Any]]:
    """Lines of one log; its times never go back, so that only those that are wanted are read."""
    found = await call.data.get(("logs", log_id, "times"))
    times = [] if found is None else [_in_order(time, number) for number, time in enumerate(found["times"])]
    first, last = bisect_left(times, begin), bisect_left(times, end)
    envelopes: list[dict[str, Any]] = []
    while first < last and len(envelopes) < limit:  # lines of the headers are passed over, so that one look may not do
        count = min(limit, last - first)
        at = last - count if is_descending else first
        chunk = await call.data.get(("logs", log_id, "contents"), offset=at, limit=count)
        lines = [] if chunk is None else chunk["content"].split("\n")
        more = [_envelope(time, line) for time, line in zip(times[at:], lines, strict=False) if line[:1] in _STREAMS]
        if is_descending:
            envelopes, last = more + envelopes, at
        else:
            envelopes, first = envelopes + more, at + count
    return envelopes


def _in_order(milliseconds: int, number: int) -> int:
    """Nanoseconds; lines of one millisecond keep their order, and differ."""
    return milliseconds * _NANOSECONDS + number % _NANOSECONDS


def _envelope(time: int, line: str) -> dict[str, Any]:
    return {
        "timestamp": str(time),
        "tags": {"source_type": "STG", "origin": "buildmill"},
        "log": {"payload": b64encode(line[1:].encode()).decode(), "type": _STREAMS[line[0]]},
    }


def _number(parameters: Mapping[str, str], name: str, default: int, most: int) -> int:
    text = parameters.get(name, "")
    digits = text.removeprefix("-")
    if not digits.isascii() or not digits.isdigit():
        return default
    return min(max(int(text), 0), most)


READ: Final = Operation(
    name="readLog", http="GET", path=("api", "v1", "read", "{guid}"), right="staging.read", handle=read_log
)

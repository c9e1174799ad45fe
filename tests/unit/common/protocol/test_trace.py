"""A session recorded between a foreign master and worker, replayed through codec and session from both sides."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any, Literal

import msgpack
import pytest

from buildmill.common.protocol import (
    FROM_MASTER,
    FROM_WORKER,
    BadRequest,
    Dropped,
    IncomingRequest,
    Response,
    Session,
    decode,
    encode_error,
    encode_request,
    encode_response,
)

Side = Literal["master", "worker"]

# Scenes in which a hand-written client talked: its connections are not sessions of their own in the record.
HAND_WRITTEN = {"connect/reject", "duplicate-connection", "unknown-ops and errors (hand-written client)"}


def restore(value: Any) -> Any:
    """Bytes are written as {"__bytes_b64__": ...} in the record."""
    if isinstance(value, dict):
        if set(value) == {"__bytes_b64__"}:
            return base64.b64decode(value["__bytes_b64__"])
        return {key: restore(member) for key, member in value.items()}
    if isinstance(value, list):
        return [restore(member) for member in value]
    return value


def recorded() -> list[tuple[str, Side, dict[str, Any]]]:
    """Scene, sender and message of every record that is one, in order."""
    lines = (Path(__file__).parent / "trace.jsonl").read_text().splitlines()
    records = [record for record in map(json.loads, lines) if "->" in record.get("dir", "")]
    return [(r["scene"], r["dir"].split("->")[0], restore(r["msg"])) for r in records]


def pack(document: dict[str, Any]) -> bytes:
    packed = msgpack.packb(document, use_bin_type=True)
    assert isinstance(packed, bytes)
    return packed


def test_every_recorded_message_is_written_again_as_it_was() -> None:
    seen = set()
    for _, sender, document in recorded():
        received = decode(pack(document), accepted=FROM_MASTER if sender == "master" else FROM_WORKER)

        match received:
            case IncomingRequest(seq_number, message):
                again = encode_request(seq_number, message)
            case Response(seq_number, result, False):
                again = encode_response(seq_number, result)
            case Response(seq_number, result, True):
                again = encode_error(seq_number, result)
            case BadRequest() | Dropped():
                continue
        assert msgpack.unpackb(again) == document
        seen.add(document["op"])
    assert seen >= {op for op in FROM_WORKER | FROM_MASTER if not op.startswith("bm_")} - {"keepalive"} | {"response"}


@pytest.mark.parametrize("side", ["master", "worker"])
def test_the_recorded_session_replays(side: Side) -> None:
    session = Session(accepted=FROM_WORKER if side == "master" else FROM_MASTER)
    own: dict[int, int] = {}

    for scene, sender, document in recorded():
        if scene in HAND_WRITTEN or scene == "graceful-shutdown":
            continue
        if sender != side:
            received = session.receive(pack(document))
            assert isinstance(received, IncomingRequest | Response)
            if isinstance(received, Response):
                assert received.seq_number in own
        elif document["op"] == "response":
            answer = session.refuse if document.get("is_exception") else session.answer
            assert msgpack.unpackb(answer(document["seq_number"], document["result"])) == document
        else:
            request = decode(pack(document))
            assert isinstance(request, IncomingRequest)
            number, payload = session.request(request.message)
            own[number] = document["seq_number"]
            assert msgpack.unpackb(payload) == document

    assert session.outstanding == 0
    assert session.owed == 0


def test_the_recorded_refusals_are_ours() -> None:
    answers = {
        document["seq_number"]: document
        for scene, sender, document in recorded()
        if scene in HAND_WRITTEN and sender == "master" and document.get("is_exception")
    }
    asked = {
        document.get("seq_number"): document
        for scene, sender, document in recorded()
        if scene in HAND_WRITTEN and sender == "worker" and document.get("op") != "response"
    }
    refused = 0
    for number, document in answers.items():
        received = decode(pack(asked[number]), accepted=FROM_WORKER)
        if isinstance(received, BadRequest):
            assert msgpack.unpackb(encode_error(received.seq_number, received.error_text)) == document
            refused += 1
        else:
            assert document["result"] == "'unknown \"command_id\"'"
    assert refused >= 4
    assert decode(pack(asked[None])) == Dropped("message without op")

"""Statements about droplets: what they say, and that nothing in them can be changed unseen."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from buildmill.common.errors import NotSupported
from buildmill.master.domain.staging.attestation import PAYLOAD_TYPE, check
from buildmill.master.domain.staging.dsse import NotAuthentic, open_envelope, seal
from buildmill.master.staging.signing_key import Ed25519Signer
from tests.staged import DROPLET, attestation

SIGNER = Ed25519Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
OTHER = Ed25519Signer(Ed25519PrivateKey.from_private_bytes(bytes(32)))
SHA256 = hashlib.sha256(DROPLET).hexdigest()
ATTESTATION = attestation(SIGNER)


class Recorder:
    """Keeps what it has to sign."""

    key_id = "recorder"

    def __init__(self) -> None:
        self.message = b""

    def sign(self, message: bytes) -> bytes:
        self.message = message
        return b"signature"


def changed(data: bytes, position: int, difference: int) -> bytes:
    """One byte is another."""
    position %= len(data)
    return data[:position] + bytes([data[position] ^ difference]) + data[position + 1 :]


def envelope(**more: Any) -> bytes:
    return json.dumps({**json.loads(ATTESTATION), **more}).encode()


def test_what_is_signed_is_as_in_the_specification_of_dsse() -> None:
    recorder = Recorder()

    seal(b"hello world", "http://example.com/HelloWorld", recorder)

    assert recorder.message == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"


def test_a_statement_tells_who_built_what_from_what() -> None:
    statement = json.loads(base64.b64decode(json.loads(ATTESTATION)["payload"]))

    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://slsa.dev/provenance/v1"
    assert statement["subject"] == [{"name": "d-1", "digest": {"sha256": SHA256}}]
    assert statement["predicate"] == {
        "buildDefinition": {
            "buildType": "urn:buildmill:staging:v1",
            "externalParameters": {
                "app": "a-1",
                "package": "p-1",
                "lifecycle": "buildpack",
                "stack": "cflinuxfs4",
                "buildpacks": ["node", "https://***:***@host/x.zip"],
                "requestedBy": "ann",
            },
            "internalParameters": {
                "limits": {"memoryInMb": 1024, "diskInMb": 4096, "logRateLimitBytesPerSecond": -1},
                "worker": "w1",
            },
            "resolvedDependencies": [
                {"name": "package", "digest": {"sha256": "aa" * 32}, "annotations": {"guid": "p-1"}},
                {
                    "name": "buildpack/node",
                    "digest": {"sha256": "bb" * 32},
                    "annotations": {"name": "node.js", "version": "1.2"},
                },
                {"name": "buildpack/https://***:***@host/x.zip", "uri": "https://***:***@host/x.zip"},
            ],
        },
        "runDetails": {
            "builder": {"id": "http://127.0.0.1:8010/#/builders/1", "version": {"buildmill": "0.1.0"}},
            "metadata": {
                "invocationId": "b-1",
                "startedOn": "2026-02-01T00:00:00Z",
                "finishedOn": "2026-02-01T00:01:00Z",
            },
            "byproducts": [{"name": "deps/0/sbom.cdx.json", "digest": {"sha256": "cc" * 32}}],
        },
    }


def test_the_key_that_signed_it_opens_it() -> None:
    assert check(ATTESTATION, SHA256, SIGNER.verifier).predicate.run_details.metadata.invocation_id == "b-1"


@given(position=st.integers(0, 1 << 20), difference=st.integers(1, 255))
def test_any_changed_byte_of_the_envelope_is_noticed(position: int, difference: int) -> None:
    with pytest.raises(NotAuthentic):
        check(changed(ATTESTATION, position, difference), SHA256, SIGNER.verifier)


def test_every_flipped_bit_of_the_signature_is_noticed() -> None:
    place = ATTESTATION.index(b'"sig":"') + len(b'"sig":"')
    end = ATTESTATION.index(b'"', place)
    for position in range(place, end):
        for bit in range(8):
            with pytest.raises(NotAuthentic):
                check(changed(ATTESTATION, position, 1 << bit), SHA256, SIGNER.verifier)


@given(position=st.integers(0, 1 << 20), difference=st.integers(1, 255))
def test_any_changed_byte_of_the_statement_is_noticed_though_the_envelope_is_whole(
    position: int, difference: int
) -> None:
    payload = base64.b64decode(json.loads(ATTESTATION)["payload"])
    other = base64.b64encode(changed(payload, position, difference)).decode()

    with pytest.raises(NotAuthentic, match="the signature is not that of key"):
        check(envelope(payload=other), SHA256, SIGNER.verifier)


@given(position=st.integers(0, 1 << 20), difference=st.integers(1, 255))
def test_any_changed_byte_of_the_droplet_is_noticed(position: int, difference: int) -> None:
    sha256 = hashlib.sha256(changed(DROPLET, position, difference)).hexdigest()

    with pytest.raises(NotAuthentic, match=f"SHA-256 {SHA256}, this one has {sha256}"):
        check(ATTESTATION, sha256, SIGNER.verifier)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "no signed envelope"),
        (b"\xff\xfe", "no signed envelope"),
        (b"[]", "no signed envelope"),
        (envelope(more=1), "no signed envelope"),
        (envelope(payloadType="text/plain"), "holds 'text/plain'"),
        (envelope(payload="###"), "the payload is not in base64"),
        (envelope(signatures=[]), "signed by nobody"),
        (envelope(signatures=[{"keyid": SIGNER.key_id, "sig": "AB=="}]), "the signature is not in canonical base64"),
        (attestation(OTHER), f"signed by {OTHER.key_id}"),
        (b" " * (5 << 20), "more than"),
        (seal(b"{}", PAYLOAD_TYPE, SIGNER), "no statement about a droplet"),
        (seal(b"\xff", PAYLOAD_TYPE, SIGNER), "no statement about a droplet"),
    ],
)
def test_what_cannot_be_trusted_is_refused_with_the_reason(text: bytes, reason: str) -> None:
    with pytest.raises(NotAuthentic, match=reason):
        check(text, SHA256, SIGNER.verifier)


def test_a_statement_of_another_kind_about_the_same_bytes_vouches_for_nothing() -> None:
    payload = base64.b64decode(json.loads(ATTESTATION)["payload"])
    other = payload.replace(b"https://slsa.dev/provenance/v1", b"https://example.org/other/v1")

    with pytest.raises(NotAuthentic, match=r"example\.org"):
        check(seal(other, PAYLOAD_TYPE, SIGNER), SHA256, SIGNER.verifier)


def test_a_second_signature_by_somebody_else_does_no_harm() -> None:
    document = json.loads(ATTESTATION)
    document["signatures"] += json.loads(attestation(OTHER))["signatures"]

    assert open_envelope(json.dumps(document).encode(), PAYLOAD_TYPE, SIGNER.verifier)


def test_there_is_nothing_to_say_about_a_droplet_without_bytes() -> None:
    with pytest.raises(NotSupported, match="without bytes"):
        attestation(SIGNER, bits=None)

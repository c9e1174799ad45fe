"""Signed envelopes: a payload, what it is, and signatures over both.

Specification: DSSE 1.0 (Dead Simple Signing Envelope), with two rules of our own, because whoever checks a file that we
have written shall notice any changed byte: base64 is taken in its one canonical form only, and the name of a
signature's key, which DSSE leaves unsigned, must be that of the key it is checked with. See ADR 0054.
"""

from __future__ import annotations

import base64
import binascii
from typing import Final, Protocol

import msgspec

from buildmill.common.errors import BuildmillError

LONGEST_ENVELOPE_BYTES: Final = 4 << 20


class Signer(Protocol):
    """Signs with one key."""

    @property
    def key_id(self) -> str:
        """The key's name, the same as of the `Verifier` for it."""

    def sign(self, message: bytes) -> bytes:
        """The signature of a message."""


class Verifier(Protocol):
    """Checks signatures of one key."""

    @property
    def key_id(self) -> str:
        """The key's name."""

    def has_signed(self, message: bytes, signature: bytes) -> bool:
        """Whether the key has made this signature, of this message."""


class NotAuthentic(BuildmillError):
    """What was to be checked is not what was signed; the text says why."""


class _Signature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    keyid: str
    sig: str


class _Envelope(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    payload: str
    payload_type: str
    signatures: list[_Signature]


def seal(payload: bytes, payload_type: str, signer: Signer) -> bytes:
    """A payload in an envelope, as one line of JSON without a newline.

    Args:
        payload_type: media type or URI that says how the payload is to be understood; it is signed as well.
    """
    signature = _Signature(signer.key_id, _base64(signer.sign(_signed_bytes(payload, payload_type))))
    return msgspec.json.encode(_Envelope(_base64(payload), payload_type, [signature]))


def open_envelope(envelope: bytes, payload_type: str, verifier: Verifier) -> bytes:
    """The payload of an envelope that the verifier's key has signed.

    Raises:
        NotAuthentic: it is no envelope, holds something else, or the key has not signed exactly this.
    """
    if len(envelope) > LONGEST_ENVELOPE_BYTES:
        raise NotAuthentic(f"the envelope has more than {LONGEST_ENVELOPE_BYTES} bytes")
    try:
        sealed = msgspec.json.decode(envelope, type=_Envelope)
    except (msgspec.MsgspecError, UnicodeDecodeError) as problem:
        raise NotAuthentic(f"this is no signed envelope: {problem}") from problem
    if sealed.payload_type != payload_type:
        raise NotAuthentic(f"the envelope holds {sealed.payload_type!r}, expected {payload_type!r}")
    payload = _bytes(sealed.payload, "payload")
    ours = [signature for signature in sealed.signatures if signature.keyid == verifier.key_id]
    if not ours:
        others = ", ".join(signature.keyid for signature in sealed.signatures) or "nobody"
        raise NotAuthentic(f"the key given is {verifier.key_id}, but the envelope is signed by {others}")
    message = _signed_bytes(payload, payload_type)
    for signature in ours:
        if not verifier.has_signed(message, _bytes(signature.sig, "signature")):
            raise NotAuthentic(f"the signature is not that of key {verifier.key_id} over this payload")
    return payload


def _signed_bytes(payload: bytes, payload_type: str) -> bytes:
    """What is signed: DSSE's "pre-authentication encoding"."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str, what: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as problem:
        raise NotAuthentic(f"the {what} is not in base64: {problem}") from problem
    # the last character may have bits that mean nothing: those, too, must be as they were written
    if _base64(data) != text:
        raise NotAuthentic(f"the {what} is not in canonical base64")
    return data

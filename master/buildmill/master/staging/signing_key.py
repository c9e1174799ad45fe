"""The key that a master signs with: Ed25519 (RFC 8032), in two files of the master's directory.

`KEY_FILE` is the private key (PKCS #8 in PEM), for the master's user only; `PUBLIC_KEY_FILE` is the public one
(SubjectPublicKeyInfo in PEM), for everybody who checks statements. Its name is the SHA-256 of that key in DER.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from buildmill.common.errors import BuildmillError

KEY_FILE: Final = "attestation.key"
PUBLIC_KEY_FILE: Final = "attestation.pub"


class UnusableKey(BuildmillError):
    """A file that should hold a key of ours holds something else, or may be read by others."""


class Ed25519Verifier:
    """Checks signatures; see `domain.staging.dsse.Verifier`."""

    def __init__(self, key: Ed25519PublicKey) -> None:
        self._key = key
        der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        self.key_id = hashlib.sha256(der).hexdigest()

    def has_signed(self, message: bytes, signature: bytes) -> bool:
        """Whether the key has made this signature, of this message."""
        try:
            self._key.verify(signature, message)
        except InvalidSignature:
            return False
        return True

    def pem(self) -> bytes:
        """The key as `PUBLIC_KEY_FILE` has it."""
        return self._key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


class Ed25519Signer:
    """Signs; see `domain.staging.dsse.Signer`.

    Attributes:
        verifier: for the same key.
    """

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.verifier = Ed25519Verifier(key.public_key())
        self.key_id = self.verifier.key_id

    def sign(self, message: bytes) -> bytes:
        """The signature of a message."""
        return self._key.sign(message)


def signer_blocking(directory: Path) -> Ed25519Signer:
    """The key in a directory; at the first use it is made there.

    Raises:
        UnusableKey: `KEY_FILE` is not such a key, or others may read it.
        OSError: it cannot be read or written.
    """
    path = directory / KEY_FILE
    if not path.exists():
        _make_blocking(path)
    if (mode := path.stat().st_mode) & 0o077:
        raise UnusableKey(f"{path}: others may use it (mode {mode & 0o777:o}), expected 600")
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as problem:
        raise UnusableKey(f"{path}: expected a private key in PEM: {problem}") from problem
    if not isinstance(key, Ed25519PrivateKey):
        raise UnusableKey(f"{path}: expected an Ed25519 key")
    signer = Ed25519Signer(key)
    public = directory / PUBLIC_KEY_FILE
    if not public.exists() or public.read_bytes() != signer.verifier.pem():
        _write_blocking(public, signer.verifier.pem(), 0o644)
    return signer


def verifier_of(pem: bytes) -> Ed25519Verifier:
    """The key that a file as `PUBLIC_KEY_FILE` holds.

    Raises:
        UnusableKey: it holds none.
    """
    try:
        key = serialization.load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm) as problem:
        raise UnusableKey("expected a public key in PEM, as the master's attestation.pub") from problem
    if not isinstance(key, Ed25519PublicKey):
        raise UnusableKey("expected an Ed25519 key")
    return Ed25519Verifier(key)


def _make_blocking(path: Path) -> None:
    private = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    _write_blocking(path, private, 0o600)


def _write_blocking(path: Path, content: bytes, mode: int) -> None:
    """Write a file whole or not at all."""
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        os.fchmod(file.fileno(), mode)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)

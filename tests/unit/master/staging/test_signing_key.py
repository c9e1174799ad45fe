"""The key that a master signs with, and its two files."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from buildmill.master.staging.signing_key import (
    KEY_FILE,
    PUBLIC_KEY_FILE,
    Ed25519Signer,
    UnusableKey,
    signer_blocking,
    verifier_of,
)


def private_pem(key: Ed25519PrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def test_the_key_is_made_once(tmp_path: Path) -> None:
    first = signer_blocking(tmp_path)

    assert signer_blocking(tmp_path).key_id == first.key_id
    assert sorted(path.name for path in tmp_path.iterdir()) == [KEY_FILE, PUBLIC_KEY_FILE]


def test_only_the_masters_user_reads_the_key_and_everybody_the_public_one(tmp_path: Path) -> None:
    signer_blocking(tmp_path)

    assert (tmp_path / KEY_FILE).stat().st_mode & 0o777 == 0o600
    assert (tmp_path / PUBLIC_KEY_FILE).stat().st_mode & 0o777 == 0o644


def test_the_public_key_checks_what_the_private_one_signs(tmp_path: Path) -> None:
    signer = signer_blocking(tmp_path)
    verifier = verifier_of((tmp_path / PUBLIC_KEY_FILE).read_bytes())

    assert verifier.key_id == signer.key_id
    assert verifier.has_signed(b"text", signer.sign(b"text"))
    assert not verifier.has_signed(b"Text", signer.sign(b"text"))
    assert not verifier.has_signed(b"text", b"too short")


def test_a_signature_is_as_in_rfc_8032() -> None:
    # section 7.1, test 2
    secret = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")

    assert Ed25519Signer(Ed25519PrivateKey.from_private_bytes(secret)).sign(b"\x72").hex() == (
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )


def test_a_lost_public_key_is_written_anew(tmp_path: Path) -> None:
    key_id = signer_blocking(tmp_path).key_id
    (tmp_path / PUBLIC_KEY_FILE).unlink()

    signer_blocking(tmp_path)

    assert verifier_of((tmp_path / PUBLIC_KEY_FILE).read_bytes()).key_id == key_id


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    signer_blocking(tmp_path)
    (tmp_path / KEY_FILE).chmod(0o640)

    with pytest.raises(UnusableKey, match=r"others may use it \(mode 640\), expected 600"):
        signer_blocking(tmp_path)


@pytest.mark.parametrize("content", [b"", b"nonsense", private_pem(ec.generate_private_key(ec.SECP256R1()))])
def test_a_file_with_something_else_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / KEY_FILE
    path.touch(mode=0o600)
    path.write_bytes(content)

    with pytest.raises(UnusableKey, match="expected"):
        signer_blocking(tmp_path)


def test_a_public_key_of_another_kind_is_refused() -> None:
    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    pem = other.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)

    with pytest.raises(UnusableKey, match="expected an Ed25519 key"):
        verifier_of(pem)

"""`buildmill verify`: a droplet, a statement and a key, and no master."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from buildmill.master.cli.main import main
from buildmill.master.domain.staging.values import UsedBuildpack
from buildmill.master.staging.signing_key import PUBLIC_KEY_FILE, signer_blocking
from tests.staged import DROPLET, attestation


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A droplet, its statement, and a master's keys."""
    (tmp_path / "droplet").write_bytes(DROPLET)
    (tmp_path / "attestation").write_bytes(attestation(signer_blocking(tmp_path)))
    return tmp_path


def verify(folder: Path, *more: str) -> Result:
    files = [str(folder / name) for name in ("droplet", "attestation", PUBLIC_KEY_FILE)]
    return CliRunner().invoke(main, ["verify", files[0], "--attestation", files[1], "--key", files[2], *more])


def test_it_tells_how_the_droplet_was_made(folder: Path) -> None:
    shown = verify(folder)

    assert shown.exit_code == 0, shown.output
    assert shown.output.splitlines() == [
        "droplet    d-1 sha256:0ae1663646c7afc351dbb13ba77ea63c6a725bc572ec4eb5ddcd4e20ded0e183",
        f"package    p-1 sha256:{'aa' * 32}",
        f"buildpack  node 1.2 sha256:{'bb' * 32}",
        "buildpack  https://***:***@host/x.zip (fetched by the worker)",
        "stack      cflinuxfs4",
        "builder    http://127.0.0.1:8010/#/builders/1 (worker w1)",
        "build      b-1",
        "asked by   ann",
        "time       2026-02-01T00:00:00Z to 2026-02-01T00:01:00Z",
    ]


def test_programs_get_the_statement(folder: Path) -> None:
    assert json.loads(verify(folder, "--json").output)["subject"][0]["name"] == "d-1"


@pytest.mark.parametrize("name", ["droplet", "attestation"])
def test_a_flipped_byte_ends_with_1_and_the_reason(folder: Path, name: str) -> None:
    data = bytearray((folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / name).write_bytes(data)

    shown = verify(folder)

    assert shown.exit_code == 1
    assert shown.output.startswith("Error: the ")


def test_the_key_of_another_master_ends_with_1(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    signer_blocking(other)
    (other / PUBLIC_KEY_FILE).replace(folder / PUBLIC_KEY_FILE)

    shown = verify(folder)

    assert shown.exit_code == 1
    assert shown.output.startswith("Error: the key given is ")


def test_a_private_key_is_not_taken_for_a_public_one(folder: Path) -> None:
    (folder / "attestation.key").replace(folder / PUBLIC_KEY_FILE)

    assert "expected a public key in PEM" in verify(folder).output


def test_a_terminal_obeys_nothing_of_a_buildpack(folder: Path) -> None:
    hostile = (UsedBuildpack(name="node", version="\x1b[2J", sha256="bb" * 32),)
    (folder / "attestation").write_bytes(attestation(signer_blocking(folder), buildpacks=hostile))

    assert "\x1b" not in verify(folder).output

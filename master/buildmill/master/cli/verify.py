"""The command `verify`: whether a droplet is what a master has vouched for, without asking the master."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from buildmill.master.cli.console import Told, printable
from buildmill.master.cli.options import json_option

if TYPE_CHECKING:
    from buildmill.master.domain.staging.attestation import Descriptor, Statement

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command()
@click.argument("droplet", type=_FILE)
@click.option("--attestation", type=_FILE, required=True, help="The signed statement, as the master gave it.")
@click.option("--key", "key_file", type=_FILE, required=True, help="The master's public key, attestation.pub.")
@json_option
def verify(droplet: Path, attestation: Path, key_file: Path, as_json: bool) -> None:
    """Check that DROPLET is, byte for byte, what a master says in a signed statement to have built; and show how.

    Nothing is asked for over the network. Ends with 1, and says what is wrong, if the droplet, the statement or its
    signature was changed, or if another key has signed it.
    """
    with Told():
        statement = verified(droplet, attestation.read_bytes(), key_file.read_bytes())
    if as_json:
        import msgspec

        click.echo(msgspec.json.encode(statement).decode())
        return
    for name, value in _told(statement):
        click.echo(printable(f"{name:<10} {value}"))


def verified(droplet: Path, attestation: bytes, key: bytes) -> Statement:
    """What the statement says of a droplet.

    Args:
        attestation: as the master gave it.
        key: the master's public key, in PEM.

    Raises:
        NotAuthentic: it says nothing about this droplet, or the key has not signed it.
        UnusableKey: that is no public key.
    """
    import hashlib

    from buildmill.master.domain.staging.attestation import check
    from buildmill.master.staging.signing_key import verifier_of

    with droplet.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return check(attestation, sha256, verifier_of(key))


def _told(statement: Statement) -> Iterator[tuple[str, str]]:
    definition, run = statement.predicate.build_definition, statement.predicate.run_details
    for subject in statement.subject:
        yield "droplet", f"{subject.name} sha256:{subject.digest.get('sha256', '')}"
    for used in definition.resolved_dependencies:
        kind, _, name = used.name.partition("/")
        yield kind, f"{name or used.annotations.get('guid', '')} {_described(used)}".strip()
    yield "stack", str(definition.external_parameters.get("stack", ""))
    yield "builder", f"{run.builder.id} (worker {definition.internal_parameters.get('worker', '')})"
    yield "build", run.metadata.invocation_id
    yield "asked by", str(definition.external_parameters.get("requestedBy", "")) or "nobody known"
    yield "time", f"{run.metadata.started_on} to {run.metadata.finished_on}"


def _described(used: Descriptor) -> str:
    version = used.annotations.get("version", "")
    digest = f"sha256:{used.digest['sha256']}" if "sha256" in used.digest else "(fetched by the worker)"
    return f"{version} {digest}".strip()

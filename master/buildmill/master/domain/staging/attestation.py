"""Statements about droplets: who built which bytes from which package with which buildpacks.

A statement is an in-toto statement (v1) whose predicate is SLSA's provenance (v1), in an envelope signed with the
master's key. It can be checked without the master. Which of the fields hold what is in docs/reference/attestations.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from buildmill.common.errors import NotSupported
from buildmill.master.domain.staging.dsse import NotAuthentic, Signer, Verifier, open_envelope, seal
from buildmill.master.domain.staging.redaction import without_user_information
from buildmill.master.domain.staging.values import Checksum, Droplet, StagingBuild, UsedBuildpack

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE: Final = "https://slsa.dev/provenance/v1"
BUILD_TYPE: Final = "urn:buildmill:staging:v1"
PACKAGE: Final = "package"
BUILDPACK_PREFIX: Final = "buildpack/"


class Descriptor(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Some bytes: in-toto's ResourceDescriptor."""

    name: str = ""
    uri: str = ""
    digest: dict[str, str] = {}
    annotations: dict[str, Any] = {}


class BuildDefinition(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What was to be done, and with what."""

    build_type: str
    external_parameters: dict[str, Any]
    internal_parameters: dict[str, Any]
    resolved_dependencies: list[Descriptor]


class Builder(msgspec.Struct, frozen=True, kw_only=True):
    """Who vouches."""

    id: str
    version: dict[str, str]


class RunMetadata(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Which staging it was, and when."""

    invocation_id: str
    started_on: str
    finished_on: str


class RunDetails(msgspec.Struct, frozen=True, kw_only=True):
    """How it was done."""

    builder: Builder
    metadata: RunMetadata
    byproducts: list[Descriptor] = []


class Provenance(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """SLSA's predicate."""

    build_definition: BuildDefinition
    run_details: RunDetails


class Statement(msgspec.Struct, frozen=True, kw_only=True, rename={"type": "_type", "predicate_type": "predicateType"}):
    """in-toto's statement: the predicate holds for the subjects."""

    type: str = STATEMENT_TYPE
    subject: list[Descriptor]
    predicate_type: str = PREDICATE_TYPE
    predicate: Provenance


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """Who has staged.

    Attributes:
        builder_id: URI of the builder on its master.
        worker: its name.
        version: of Buildmill.
    """

    builder_id: str
    worker: str
    version: str


def attest(droplet: Droplet, build: StagingBuild, package: Checksum, run: Run, signer: Signer) -> bytes:
    """A signed statement about a droplet, as it is stored and handed out.

    Raises:
        NotSupported: the droplet has no bytes, as those of `docker`.
    """
    return seal(msgspec.json.encode(statement_of(droplet, build, package, run)), PAYLOAD_TYPE, signer)


def statement_of(droplet: Droplet, build: StagingBuild, package: Checksum, run: Run) -> Statement:
    """What is said of a droplet; `build` has made it of the bytes `package`.

    Raises:
        NotSupported: the droplet has no bytes.
    """
    if droplet.bits is None:
        raise NotSupported("there is no statement about a droplet without bytes")
    source = Descriptor(name=PACKAGE, digest=_digest(package), annotations={"guid": build.package_guid})
    definition = BuildDefinition(
        build_type=BUILD_TYPE,
        external_parameters={
            "app": build.app_guid,
            "package": build.package_guid,
            "lifecycle": droplet.lifecycle.value,
            "stack": droplet.stack or "",
            "buildpacks": [without_user_information(key) for key in build.lifecycle.buildpacks],
            "requestedBy": build.created_by.name or build.created_by.guid or "",
        },
        internal_parameters={
            "limits": {
                "memoryInMb": build.memory_mb,
                "diskInMb": build.disk_mb,
                "logRateLimitBytesPerSecond": build.log_rate_bytes_per_second,
            },
            "worker": run.worker,
        },
        resolved_dependencies=[source, *map(_buildpack, droplet.buildpacks or ())],
    )
    details = RunDetails(
        builder=Builder(id=run.builder_id, version={"buildmill": run.version}),
        metadata=RunMetadata(
            invocation_id=build.guid,
            started_on=_instant(build.created_at),
            finished_on=_instant(droplet.created_at),
        ),
        byproducts=[Descriptor(name=sbom.path, digest=_digest(sbom.file)) for sbom in droplet.sboms],
    )
    subject = Descriptor(name=droplet.guid, digest=_digest(droplet.bits))
    return Statement(subject=[subject], predicate=Provenance(build_definition=definition, run_details=details))


@dataclass(frozen=True, kw_only=True, slots=True)
class Voucher:
    """Makes the statements of one master.

    Attributes:
        url: of its web pages, with a slash at its end.
        version: of Buildmill.
    """

    signer: Signer
    url: str
    version: str

    def attestation(self, droplet: Droplet, build: StagingBuild, package: Checksum, worker: str) -> str:
        """A signed statement, as JSON. Raises as `attest`."""
        builder = f"{self.url}#/builders/{build.builderid}"
        run = Run(builder_id=builder, worker=worker, version=self.version)
        return attest(droplet, build, package, run, self.signer).decode()


def check(attestation: bytes, droplet_sha256: str, verifier: Verifier) -> Statement:
    """The statement about a droplet, if the key has signed it.

    Args:
        attestation: as `attest` made it.
        droplet_sha256: hexadecimal, of the droplet's bytes as they are.

    Raises:
        NotAuthentic: it is not signed so, or about something else.
    """
    payload = open_envelope(attestation, PAYLOAD_TYPE, verifier)
    try:
        statement = msgspec.json.decode(payload, type=Statement)
    except (msgspec.MsgspecError, UnicodeDecodeError) as problem:
        raise NotAuthentic(f"what was signed is no statement about a droplet: {problem}") from problem
    if (statement.type, statement.predicate_type) != (STATEMENT_TYPE, PREDICATE_TYPE):
        raise NotAuthentic(f"what was signed is a {statement.predicate_type!r}, expected {PREDICATE_TYPE!r}")
    known = [subject.digest.get("sha256", "") for subject in statement.subject]
    if droplet_sha256 not in known:
        raise NotAuthentic(
            f"the statement is about a droplet with SHA-256 {', '.join(known)}, this one has {droplet_sha256}"
        )
    return statement


def _buildpack(used: UsedBuildpack) -> Descriptor:
    name = f"{BUILDPACK_PREFIX}{used.name}"
    said = {"name": used.buildpack_name, "version": used.version}
    annotations = {key: value for key, value in said.items() if value}
    if used.sha256 is None:  # the worker has fetched it
        return Descriptor(name=name, uri=used.name, annotations=annotations)
    return Descriptor(name=name, digest={"sha256": used.sha256}, annotations=annotations)


def _digest(checksum: Checksum) -> dict[str, str]:
    return {"sha256": checksum.sha256}


def _instant(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

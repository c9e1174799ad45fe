"""A droplet that was never staged, for tests of what is said about one."""

from __future__ import annotations

import hashlib
from typing import Any

from buildmill.common.staging import Lifecycle
from buildmill.master.domain.staging.attestation import Run, attest
from buildmill.master.domain.staging.dsse import Signer
from buildmill.master.domain.staging.values import (
    BuildState,
    Checksum,
    Droplet,
    DropletState,
    LifecycleSpec,
    Metadata,
    Owner,
    SbomFile,
    StagingBuild,
    UsedBuildpack,
)

DROPLET = b"the bytes of a droplet"
FEBRUARY = 1_769_904_000  # 2026-02-01
USED = (
    UsedBuildpack(name="node", buildpack_name="node.js", version="1.2", sha256="bb" * 32),
    UsedBuildpack(name="https://***:***@host/x.zip"),
)
_COMMON: dict[str, Any] = {
    "app_guid": "a-1",
    "package_guid": "p-1",
    "error": None,
    "created_by": Owner(guid="u-1", name="ann"),
    "metadata": Metadata(),
    "updated_at": FEBRUARY,
}


def droplet(**more: Any) -> Droplet:
    """One with the bytes `DROPLET`."""
    values: dict[str, Any] = {
        **_COMMON,
        "guid": "d-1",
        "build_guid": "b-1",
        "state": DropletState.STAGED,
        "lifecycle": Lifecycle.BUILDPACK,
        "bits": Checksum(sha256=hashlib.sha256(DROPLET).hexdigest(), size_bytes=len(DROPLET)),
        "buildpacks": USED,
        "stack": "cflinuxfs4",
        "image": None,
        "execution_metadata": "",
        "process_types": {"web": "run it"},
        "sboms": (SbomFile(path="deps/0/sbom.cdx.json", file=Checksum(sha256="cc" * 32, size_bytes=1)),),
        "created_at": FEBRUARY + 60,
    }
    return Droplet(**{**values, **more})


def build(**more: Any) -> StagingBuild:
    """The one that has made `droplet`."""
    values: dict[str, Any] = {
        **_COMMON,
        "guid": "b-1",
        "state": BuildState.STAGED,
        "lifecycle": LifecycleSpec(buildpacks=("node", "https://me:secret@host/x.zip"), stack="cflinuxfs4"),
        "memory_mb": 1024,
        "disk_mb": 4096,
        "log_rate_bytes_per_second": -1,
        "droplet_guid": "d-1",
        "droplet": None,
        "builderid": 1,
        "buildrequestid": 1,
        "buildid": 1,
        "created_at": FEBRUARY,
    }
    return StagingBuild(**{**values, **more})


RUN = Run(builder_id="http://127.0.0.1:8010/#/builders/1", worker="w1", version="0.1.0")


def attestation(signer: Signer, **more: Any) -> bytes:
    """A signed statement about `droplet`, with some of its fields otherwise."""
    return attest(droplet(**more), build(), Checksum(sha256="aa" * 32, size_bytes=1), RUN, signer)

"""Buildpacks in images: an OCI layout in an archive, or a registry's image.

Source: the OCI image layout specification; the Distribution specification of Cloud Native Buildpacks.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from buildmill.common.errors import InvalidInput
from buildmill.worker.staging.cnb.groups import Element
from buildmill.worker.staging.cnb.image_tree import BLOCK_BYTES, ImageTree, layer_members
from buildmill.worker.staging.docker.image import (
    Configuration,
    Index,
    Manifest,
    Pointer,
    choose,
    decode,
    read_configuration,
    read_manifest,
)
from buildmill.worker.staging.docker.registry import Registry

PACKAGE_LABEL = "io.buildpacks.buildpackage.metadata"
DOCUMENT_BYTES = 8 << 20
LAYER_TYPES = (
    "application/vnd.oci.image.layer.v1.tar",
    "application/vnd.oci.image.layer.v1.tar+gzip",
    "application/vnd.docker.image.rootfs.diff.tar",
    "application/vnd.docker.image.rootfs.diff.tar.gzip",
)


def unpack_layout_blocking(layout: Path, tree: ImageTree, machine: str, shown: str) -> Element | None:
    """Unpack the image of a layout that is itself unpacked already.

    Args:
        machine: as `uname` calls the hardware.
        shown: what it is, for messages.

    Returns:
        The buildpack that the image says it is about; None if it does not say.

    Raises:
        InvalidInput: the layout is malformed, or a blob is not what its name says.
    """
    index = decode(_small(layout / "index.json", shown), Index, f"index.json of {shown}")
    manifest = _manifest(layout, index, machine, shown)
    configuration = read_configuration(_small(_blob(layout, manifest.config, shown), shown))
    for pointer in _layers(manifest, shown):
        with layer_members(_blob(layout, pointer, shown), shown) as members:
            tree.add(members)
    return _element_of(configuration, shown)


def unpack_image_blocking(registry: Registry, tree: ImageTree, scratch: Path, shown: str) -> Element | None:
    """Fetch an image and unpack it; otherwise like `unpack_layout_blocking`.

    Args:
        scratch: where one layer after the other is saved; is gone afterwards.
    """
    manifest = registry.manifest()
    configuration = registry.configuration(manifest)
    try:
        for pointer in _layers(manifest, shown):
            tree.check_room(pointer.size)
            registry.download(pointer, scratch)
            with layer_members(scratch, shown) as members:
                tree.add(members)
    finally:
        scratch.unlink(missing_ok=True)
    return _element_of(configuration, shown)


def _layers(manifest: Manifest, shown: str) -> list[Pointer]:
    for pointer in manifest.layers:
        if pointer.media_type and pointer.media_type not in LAYER_TYPES:
            raise InvalidInput(shown, f"layers of the type {pointer.media_type} are not supported")
    return manifest.layers


def _manifest(layout: Path, index: Index, machine: str, shown: str) -> Manifest:
    for _ in range(2):  # an index may stand in an index
        pointer = index.manifests[0] if len(index.manifests) == 1 else choose(index, machine)
        document = read_manifest(_small(_blob(layout, pointer, shown), shown), pointer.media_type)
        if isinstance(document, Manifest):
            return document
        index = document
    raise InvalidInput(shown, "an index points to another index")


def _blob(layout: Path, pointer: Pointer, shown: str) -> Path:
    algorithm, _, hexadecimal = pointer.digest.partition(":")
    path = layout / "blobs" / algorithm / hexadecimal
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(BLOCK_BYTES):
                digest.update(block)
    except OSError as problem:
        raise InvalidInput(shown, f"the blob {pointer.digest} is missing") from problem
    if digest.hexdigest() != hexadecimal or os.stat(path).st_size != pointer.size:
        raise InvalidInput(shown, f"the blob {pointer.digest} is not what its name and size say")
    return path


def _small(path: Path, shown: str) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(DOCUMENT_BYTES + 1)
    except OSError as problem:
        raise InvalidInput(shown, f"{path.name} is missing") from problem
    if len(content) > DOCUMENT_BYTES:
        raise InvalidInput(shown, f"{path.name} has more than {DOCUMENT_BYTES} bytes")
    return content


def _element_of(configuration: Configuration, shown: str) -> Element | None:
    labels: Mapping[str, str] = configuration.settings.labels or {}
    if (said := labels.get(PACKAGE_LABEL)) is None:
        return None
    return decode(said.encode(), Element, f"{PACKAGE_LABEL} of {shown}")

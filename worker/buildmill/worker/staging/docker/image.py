"""Documents of images: which manifest fits a machine, what a configuration says.

Sources: the OCI image specification; Docker's image manifest, version 2, schema 2.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, TypeVar

import msgspec

from buildmill.common.errors import InvalidInput

INDEX_TYPES = ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json")
MANIFEST_TYPES = ("application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json")
PORTS_PER_IMAGE = 1024

_PORT = re.compile("[1-9][0-9]{0,4}")
_ARCHITECTURES = {
    "x86_64": ("amd64", ""),
    "aarch64": ("arm64", ""),
    "armv7l": ("arm", "v7"),
    "armv6l": ("arm", "v6"),
    "i686": ("386", ""),
}

Digest = Annotated[str, msgspec.Meta(pattern=r"^sha256:[0-9a-f]{64}$")]
Size = Annotated[int, msgspec.Meta(ge=0)]
T = TypeVar("T")


class Platform(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of machine."""

    os: str
    architecture: str
    variant: str = ""

    @property
    def shown(self) -> str:
        """For people."""
        return "/".join(filter(None, (self.os, self.architecture, self.variant)))


class Pointer(msgspec.Struct, frozen=True, kw_only=True):
    """A descriptor: which bytes something is."""

    digest: Digest
    size: Size
    media_type: str = msgspec.field(default="", name="mediaType")
    platform: Platform | None = None


class Index(msgspec.Struct, frozen=True, kw_only=True):
    """Manifests for several machines."""

    manifests: list[Pointer]


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What an image is made of."""

    config: Pointer
    layers: list[Pointer] = []


class Settings(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """How an image is run."""

    entrypoint: list[str] | None = None
    cmd: list[str] | None = None
    working_dir: str | None = None
    exposed_ports: dict[str, Any] | None = None
    user: str | None = None
    labels: dict[str, str] | None = None


class Configuration(msgspec.Struct, frozen=True, kw_only=True):
    """The document that a manifest's `config` points to."""

    config: Settings | None = None
    architecture: str = ""
    os: str = ""

    @property
    def settings(self) -> Settings:
        """How it is run; nothing if it does not say."""
        return self.config or Settings()


def architecture_of(machine: str) -> tuple[str, str]:
    """Architecture and variant, as images call them, of what `uname` calls the machine."""
    return _ARCHITECTURES.get(machine, (machine, ""))


def read_manifest(content: bytes, media_type: str) -> Manifest | Index:
    """A manifest, or an index of manifests.

    Args:
        media_type: as it came with it; the document's own counts if it is none of those known.

    Raises:
        InvalidInput: it is neither.
    """
    kind = media_type if media_type in (*INDEX_TYPES, *MANIFEST_TYPES) else _kind_of(content)
    if kind in INDEX_TYPES:
        return decode(content, Index, "index")
    if kind in MANIFEST_TYPES:
        return decode(content, Manifest, "manifest")
    raise InvalidInput("manifest", f"{kind or media_type or 'an unknown type'} is not supported")


def choose(index: Index, machine: str) -> Pointer:
    """The manifest for Linux on a machine.

    Raises:
        InvalidInput: there is none.
    """
    arch, variant = architecture_of(machine)
    fitting = [
        pointer
        for pointer in index.manifests
        if pointer.platform is not None and (pointer.platform.os, pointer.platform.architecture) == ("linux", arch)
    ]
    exact = [pointer for pointer in fitting if pointer.platform and pointer.platform.variant == variant]
    for pointer in [*exact, *fitting]:
        return pointer
    offered = ", ".join(pointer.platform.shown for pointer in index.manifests if pointer.platform) or "nothing"
    raise InvalidInput("image", f"there is none for linux/{arch}; the registry has {offered}")


def read_configuration(content: bytes) -> Configuration:
    """An image's configuration.

    Raises:
        InvalidInput: it is none.
    """
    return decode(content, Configuration, "configuration")


def result_document(image: str, settings: Settings) -> dict[str, Any]:
    """The contract's result for an image; members that are empty are left out of its execution metadata.

    Raises:
        InvalidInput: a port is none.
    """
    entrypoint, command = settings.entrypoint or [], settings.cmd or []
    metadata = {
        "cmd": command,
        "entrypoint": entrypoint,
        "workdir": settings.working_dir or "",
        "ports": _ports(settings.exposed_ports or {}),
        "user": settings.user or "",
    }
    return {
        "lifecycle_type": "docker",
        "lifecycle_metadata": {"docker_image": image},
        "process_types": {"web": " ".join([*entrypoint, *command])},
        "execution_metadata": msgspec.json.encode({name: value for name, value in metadata.items() if value}).decode(),
    }


def decode(content: bytes, kind: type[T], name: str) -> T:
    """A JSON document of an image.

    Raises:
        InvalidInput: it is malformed.
    """
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.MsgspecError, RecursionError) as problem:
        raise InvalidInput(name, f"is malformed: {problem}") from problem


def _kind_of(content: bytes) -> str:
    found = decode(content, dict[str, Any], "manifest")
    if isinstance(said := found.get("mediaType"), str) and said:
        return said
    if found.get("schemaVersion") != 2:
        return ""
    return INDEX_TYPES[0] if "manifests" in found else MANIFEST_TYPES[0]


def _ports(exposed: dict[str, Any]) -> list[dict[str, Any]]:
    if len(exposed) > PORTS_PER_IMAGE:
        raise InvalidInput("ExposedPorts", f"has more than {PORTS_PER_IMAGE} ports")
    ports: list[tuple[int, str]] = []
    for text in exposed:
        number, _, protocol = text.partition("/")
        if not _PORT.fullmatch(number) or int(number) >= 1 << 16:
            raise InvalidInput("ExposedPorts", f"{text!r} is no port")
        ports.append((int(number), protocol or "tcp"))
    return [{"Port": number, "Protocol": protocol} for number, protocol in sorted(set(ports))]

"""References of images: `host[:port]/name:tag` or `@digest`, with the abbreviations that people use."""

from __future__ import annotations

import re
from dataclasses import dataclass

from buildmill.common.errors import InvalidInput

HUB = "docker.io"
HUB_ADDRESS = "registry-1.docker.io"
HUB_NAMES = frozenset({HUB, "index.docker.io", HUB_ADDRESS})
DEFAULT_TAG = "latest"

_HOST = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?"
)
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_NAME = re.compile(rf"{_PART}(?:/{_PART})*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_LONGEST_NAME = 255


@dataclass(frozen=True, kw_only=True)
class Reference:
    """An image in a registry.

    Attributes:
        host: with its port, if one was said; `HUB` stands for Docker Hub.
        name: of the repository.
        tag: empty if only a digest was said.
        digest: ``sha256:`` and hexadecimal, or empty; it counts more than a tag.
    """

    host: str
    name: str
    tag: str = ""
    digest: str = ""

    @property
    def address(self) -> str:
        """Host and port of the registry's server."""
        return HUB_ADDRESS if self.host == HUB else self.host

    @property
    def wanted(self) -> str:
        """What the registry is asked for."""
        return self.digest or self.tag

    def __str__(self) -> str:
        """Without abbreviations."""
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.host}/{self.name}{tag}{digest}"


def parse_reference(text: str) -> Reference:
    """Read a reference. Its first part is a host if it has a dot or a colon or is ``localhost``.

    Raises:
        InvalidInput: it is none.
    """
    rest, at, digest = text.partition("@")
    if at and not _DIGEST.fullmatch(digest):
        raise InvalidInput("image", f"{text!r}: a digest is sha256: and 64 hexadecimal digits")
    host, rest = _split_host(rest)
    name, colon, tag = rest.partition(":")
    if not _HOST.fullmatch(host):
        raise InvalidInput("image", f"{text!r}: {host!r} is no host")
    if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        raise InvalidInput("image", f"{text!r}: {name!r} is no name of a repository")
    if colon and not _TAG.fullmatch(tag):
        raise InvalidInput("image", f"{text!r}: {tag!r} is no tag")
    if host in HUB_NAMES:
        host, name = HUB, name if "/" in name else f"library/{name}"
    return Reference(host=host, name=name, tag=tag if colon or at else DEFAULT_TAG, digest=digest)


def _split_host(text: str) -> tuple[str, str]:
    first, slash, rest = text.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return first, rest
    return HUB, text

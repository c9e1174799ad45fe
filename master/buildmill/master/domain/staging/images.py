"""References to images."""

from __future__ import annotations

DOCKER_HUB = "docker.io"


def registry_of(image: str) -> str:
    """The host of a registry that an image comes from, with its port if one is named.

    The first part of a reference is a host if it has a dot or a colon, or is ``localhost``.
    """
    first, slash, _ = image.removeprefix("docker://").partition("/")
    return first if slash and ("." in first or ":" in first or first == "localhost") else DOCKER_HUB

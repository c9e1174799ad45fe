"""Small Cloud Native Buildpacks, written to the contract, for tests."""

from __future__ import annotations

import tarfile
from collections.abc import Mapping

PLAIN_BUILD = 'printf \'[[processes]]\\ntype = "web"\\ncommand = ["true"]\\n\' > "$L/launch.toml"'
"""A build that is enough for a droplet; `$L` is the layers' directory."""


def toml(name: str, *, api: str = "0.10", more: str = "") -> str:
    return f'api = "{api}"\n[buildpack]\nid = "{name}"\nversion = "1.0"\n{more}\n'


def scripts(detect: str = "", build: str = "") -> dict[str, str]:
    """Texts for a shell; the layers' directory is `$L`."""
    return {
        "bin/detect": f"#!/bin/sh\nset -e\n{detect}\n",
        "bin/build": f'#!/bin/sh\nset -e\nL="$CNB_LAYERS_DIR"\n{build}\n',
    }


def buildpack(name: str, detect: str = "", build: str = "", *, api: str = "0.10", more: str = "") -> dict[str, str]:
    return {"buildpack.toml": toml(name, api=api, more=more), **scripts(detect, build)}


def composite() -> dict[str, str]:
    """A composite buildpack with two others, as an archive has them."""
    order = "".join(f'[[order]]\n[[order.group]]\nid = "{name}"\nversion = "1.0"\n' for name in ("no", "a/part"))
    found = {
        "cnb/buildpacks/all/1.0/buildpack.toml": f'api = "0.10"\n{order}[buildpack]\nid = "all"\nversion = "1.0"\n'
    }
    for directory, files in (("no", buildpack("no", "exit 100")), ("a_part", buildpack("a/part", "", PLAIN_BUILD))):
        found |= {f"cnb/buildpacks/{directory}/1.0/{name}": content for name, content in files.items()}
    return found


def rooted(files: Mapping[str, str]) -> dict[str, bytes | str | tarfile.TarInfo]:
    """As images of buildpacks are made: names begin at the root of the image."""
    return {"/" + name: content for name, content in files.items()}

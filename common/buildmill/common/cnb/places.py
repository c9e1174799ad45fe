"""Where a droplet's parts are: at one place in every droplet, at other places while it is built and when it runs.

Buildpacks are told the absolute paths of their layers and write them into processes and variables. A worker has a work
area for each build, so these paths would differ between two builds of one package and be wrong at launch. Therefore
what is text of ours (processes, files of variables) is written for `HOME`, as the reference has it, and read for the
place where the droplet is unpacked. What a layer's own files hold is not touched.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

HOME = "/home/vcap"
LAYERS = "layers"
WORKSPACE = "workspace"
LAUNCH_METADATA = "config/metadata.toml"
"""Below the layers."""


@dataclass(frozen=True)
class Home:
    """A directory that holds the layers and the workspace.

    Attributes:
        path: absolute.
    """

    path: Path

    @property
    def layers(self) -> Path:
        """Holds a directory for each buildpack."""
        return self.path / LAYERS

    @property
    def workspace(self) -> Path:
        """Holds the app."""
        return self.path / WORKSPACE

    def to_droplet(self, content: bytes) -> bytes:
        """Contents as a droplet has them."""
        return self._replace(content, os.fsencode(self.path), HOME.encode())

    def from_droplet(self, content: bytes) -> bytes:
        """A droplet's contents as they are right here."""
        return self._replace(content, HOME.encode(), os.fsencode(self.path))

    def text_to_droplet(self, text: str) -> str:
        """Like `to_droplet`."""
        return os.fsdecode(self.to_droplet(os.fsencode(text)))

    def text_from_droplet(self, text: str) -> str:
        """Like `from_droplet`."""
        return os.fsdecode(self.from_droplet(os.fsencode(text)))

    @staticmethod
    def _replace(content: bytes, old: bytes, new: bytes) -> bytes:
        for part in (LAYERS.encode(), WORKSPACE.encode()):
            content = content.replace(old + b"/" + part, new + b"/" + part)
        return content

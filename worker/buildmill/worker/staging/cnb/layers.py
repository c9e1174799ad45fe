"""The layers of one buildpack: what it has made, what is kept for its next build, what goes into the droplet.

| build | cache | launch | metadata next time   | contents next time |
| ----- | ----- | ------ | -------------------- | ------------------ |
| any   | yes   | any    | yes                  | yes                |
| yes   | no    | any    | no                   | no                 |
| no    | no    | yes    | yes                  | at the end         |
| no    | no    | no     | no                   | no; renamed        |

There is no previous image to take a layer from that is only for launch and that a buildpack claims again without making
it; so the cache holds these as well, out of the buildpack's sight, and the end of the build fetches them.

Source: the Buildpack specification, "Layer Types"; docs/internals/cnb.md.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from buildmill.common.errors import InvalidInput
from buildmill.worker.staging.cnb.documents import (
    LayerDocument,
    LayerTypes,
    StoreDocument,
    read_toml_blocking,
    write_toml_blocking,
)

RESERVED = ("build", "launch", "store")
"""Files of these names are about the buildpack, so no layer can have them."""
STORE = "store.toml"
IGNORED = ".ignore"
SBOM_SUFFIXES = (".sbom.cdx.json", ".sbom.spdx.json", ".sbom.syft.json")


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A layer that a buildpack has claimed.

    Attributes:
        path: its directory, which may be missing.
    """

    path: Path
    document: LayerDocument

    @property
    def name(self) -> str:
        """Unique within the buildpack."""
        return self.path.name

    @property
    def types(self) -> LayerTypes:
        """What it is for."""
        return self.document.types

    @property
    def has_contents(self) -> bool:
        """Whether the buildpack made it, or left it as it was restored."""
        return self.path.is_dir() and not self.path.is_symlink()

    @property
    def is_only_for_launch(self) -> bool:
        """Whether its metadata is restored, but not its contents."""
        return self.types.launch and not self.types.build and not self.types.cache

    @property
    def is_kept(self) -> bool:
        """Whether it is in the cache for the next build."""
        return self.types.cache or self.is_only_for_launch


def read_layers_blocking(directory: Path) -> list[Layer]:
    """The layers that are described in a buildpack's directory; alphabetical.

    Raises:
        InvalidInput: a description is malformed, or a name is reserved.
    """
    if not directory.is_dir():
        return []
    for name in RESERVED:
        if (directory / name).is_dir():
            raise InvalidInput(name, f"no layer may be called so; {', '.join(RESERVED)} are reserved")
    return list(_read(directory))


def finish_layers_blocking(directory: Path) -> list[Layer]:
    """The layers of a buildpack whose build has ended; the directories of those that it does not claim are renamed.

    Raises:
        InvalidInput: as `read_layers_blocking`.
    """
    claimed: list[Layer] = []
    for layer in read_layers_blocking(directory):
        if layer.types.is_claimed:
            claimed.append(layer)
        elif layer.has_contents:
            layer.path.rename(layer.path.with_name(layer.name + IGNORED))
    return claimed


def restore_layers_blocking(directory: Path, kept: Path) -> list[str]:
    """Give a buildpack back what it has kept; the descriptions come without types, which it has to claim again.

    Args:
        directory: of the buildpack, among the layers.
        kept: of the buildpack, in the unpacked cache; what is given back is moved out of it.

    Returns:
        Names of the layers that have come back with their contents.

    Raises:
        InvalidInput: the cache is malformed.
    """
    restored: list[str] = []
    if (store := read_toml_blocking(kept / STORE, StoreDocument)) is not None:
        write_toml_blocking(directory / STORE, store)
    for layer in read_layers_blocking(kept):
        if layer.types.cache and layer.has_contents:
            directory.mkdir(parents=True, exist_ok=True)
            layer.path.rename(directory / layer.name)
            restored.append(layer.name)
        elif not (layer.is_only_for_launch and layer.has_contents):
            continue
        write_toml_blocking(directory / f"{layer.name}.toml", {"metadata": layer.document.metadata})
        for document in sbom_of(layer):
            document.rename(directory / document.name)
    return restored


def complete_layers_blocking(layers: list[Layer], kept: Path) -> None:
    """Fetch the contents of layers that a buildpack claims for launch without having made them.

    Raises:
        InvalidInput: there are none.
    """
    for layer in layers:
        if not layer.types.launch or layer.has_contents:
            continue
        before = kept / layer.name
        if not before.is_dir() or before.is_symlink():
            raise InvalidInput(layer.name, "the layer is for launch, has no contents, and there are none from before")
        before.rename(layer.path)


def sbom_of(layer: Layer) -> list[Path]:
    """The bills of materials of a layer."""
    return [path for suffix in SBOM_SUFFIXES if is_file(path := layer.path.with_name(layer.name + suffix))]


def is_file(path: Path) -> bool:
    """Whether it is a file itself, not a link to one that may be anywhere."""
    return path.is_file() and not path.is_symlink()


def kept_entries(layers: list[Layer], directory: Path) -> Iterator[tuple[Path, str]]:
    """What of a buildpack the cache holds: files and directories, and their names below the buildpack's."""
    if is_file(directory / STORE):
        yield directory / STORE, STORE
    for layer in layers:
        if layer.is_kept and layer.has_contents:
            yield layer.path, layer.name
            yield layer.path.with_name(f"{layer.name}.toml"), f"{layer.name}.toml"
            for document in sbom_of(layer):
                yield document, document.name


def _read(directory: Path) -> Iterator[Layer]:
    with os.scandir(directory) as entries:
        names = sorted(entry.name for entry in entries if entry.name.endswith(".toml"))
    for name in names:
        layer = name.removesuffix(".toml")
        if layer and layer not in RESERVED:
            document = read_toml_blocking(directory / name, LayerDocument)
            if document is not None:
                yield Layer(path=directory / layer, document=document)

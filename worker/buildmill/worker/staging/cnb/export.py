"""The phase `export`: the droplet, the cache for the next build, the bills of materials, the result document."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from buildmill.common.cnb.launching import BuildpackOfLaunch, LaunchMetadata
from buildmill.common.cnb.places import LAUNCH_METADATA, LAYERS, WORKSPACE
from buildmill.common.errors import InvalidInput
from buildmill.common.staging import OUTPUT_DIRECTORY, Cache, Droplet, File, Outcome, Phase
from buildmill.worker.staging.archives.tars import Packing, pack
from buildmill.worker.staging.area import remove_tree
from buildmill.worker.staging.checksums import sha256_of
from buildmill.worker.staging.cnb.cache import CACHE_KEY
from buildmill.worker.staging.cnb.descriptor import Descriptor
from buildmill.worker.staging.cnb.documents import write_toml_blocking
from buildmill.worker.staging.cnb.failing import CnbError, failing_as, naming
from buildmill.worker.staging.cnb.groups import Element
from buildmill.worker.staging.cnb.layers import (
    SBOM_SUFFIXES,
    Layer,
    complete_layers_blocking,
    finish_layers_blocking,
    is_file,
    kept_entries,
)
from buildmill.worker.staging.cnb.place import Built, Detected, Place, Requested
from buildmill.worker.staging.cnb.processes import default_of
from buildmill.worker.staging.cnb.relocation import make_links_relative_blocking, make_portable_blocking
from buildmill.worker.staging.stage import Stage

DROPLET = "droplet.tgz"
CACHE = "cache-layers.tgz"


def run(stage: Stage) -> Outcome:
    """Write all that the master fetches.

    Raises:
        PhaseFailed: a layer is faulty, or there is no room or no time.
    """
    place = Place(stage.area)
    with failing_as(CnbError.EXPORT):
        group = place.find(Detected).group
        exporter = _Exporter(stage, place, group)
        exporter.complete()
        sbom = exporter.sbom()
        cache = exporter.cache()
        sha256 = place.find(Requested).sha256
        droplet = Droplet(
            result=result_document(place.find(Built), group, sha256), file=exporter.droplet(), caches=[cache], sbom=sbom
        )
        stage.supervisor.check_disk("the droplet was made")
        return Outcome(phase=Phase.EXPORT, detected=[element.shown for element in group], droplet=droplet)


def result_document(built: Built, group: Sequence[Element], sha256: Mapping[str, str]) -> dict[str, Any]:
    """The contract's result.

    Args:
        sha256: of what brought a buildpack. An addition of ours, for the statement about the droplet.
    """
    return {
        "lifecycle_type": "cnb",
        "lifecycle_metadata": {
            "buildpacks": [
                {
                    "key": element.id,
                    "name": element.shown,
                    "version": element.version,
                    "sha256": sha256[element.shown],
                }
                for element in group
            ]
        },
        "process_types": {process.type: process.shown() for process in built.processes},
        "execution_metadata": "",
    }


def launch_metadata(built: Built, descriptors: Sequence[Descriptor]) -> LaunchMetadata:
    """What a launcher needs to know."""
    return LaunchMetadata(
        buildpacks=[
            BuildpackOfLaunch(
                id=one.buildpack.id, version=one.buildpack.version, api=one.api, homepage=one.buildpack.homepage
            )
            for one in descriptors
        ],
        processes=built.processes,
        slices=built.slices,
        labels=built.labels,
        buildpack_default_process_type=default_of(built.processes),
    )


class _Exporter:
    def __init__(self, stage: Stage, place: Place, group: Sequence[Element]) -> None:
        self._stage = stage
        self._place = place
        self._group = group
        self._layers: dict[Element, list[Layer]] = {}

    def complete(self) -> None:
        """Have all layers whole, and such that they are right elsewhere."""
        for element in self._group:
            directory = self._place.layers_of(element)
            with naming(element.shown):
                layers = finish_layers_blocking(directory)
                complete_layers_blocking(layers, self._place.kept_of(element))
            for layer in layers:
                if layer.has_contents:
                    make_portable_blocking(layer.path, self._place.home)
            self._layers[element] = layers
        make_links_relative_blocking(self._place.home.workspace, self._place.home)

    def sbom(self) -> list[File]:
        """Copy the bills of materials to where the master fetches them."""
        found: list[File] = []
        for element, layers in self._layers.items():
            directory = self._place.layers_of(element)
            names = [name + end for name in ("launch", "build", *(one.name for one in layers)) for end in SBOM_SUFFIXES]
            paths = [path for name in names if is_file(path := directory / name)]
            found += [self._output(path, f"sbom/{directory.name}/{path.name}") for path in paths]
        return found

    def cache(self) -> Cache:
        """Pack what the next build gets."""
        tree = self._empty_tree()
        for element, layers in self._layers.items():
            directory = self._place.layers_of(element)
            for path, name in kept_entries(layers, directory):
                _link(path, tree / directory.name / name)
        return Cache(key=CACHE_KEY, file=self._pack(tree, CACHE, "the cache"))

    def droplet(self) -> File:
        """Pack what is for launch, the app, and the launch metadata."""
        tree = self._empty_tree()
        _link(self._place.home.workspace, tree / WORKSPACE)
        for layers in self._layers.values():
            for layer in layers:
                if layer.types.launch:
                    _link(layer.path, tree / LAYERS / layer.path.parent.name / layer.name)
        library = self._place.library()
        descriptors = [library.descriptor(element) for element in self._group]
        document = msgspec.to_builtins(metadata := launch_metadata(self._place.find(Built), descriptors))
        for process, written in zip(metadata.processes, document.get("processes", []), strict=True):
            written["direct"] = process.direct  # other launchers take its absence for False
        write_toml_blocking(tree / LAYERS / LAUNCH_METADATA, document)
        return self._pack(tree, DROPLET, "the droplet")

    def _empty_tree(self) -> Path:
        """For what is packed next; what it was made of stays, so that an attempt that is cut off can be repeated."""
        tree = self._place.scratch / "packed"
        remove_tree(str(tree))
        tree.mkdir()
        return tree

    def _pack(self, source: Path, name: str, shown: str) -> File:
        room_bytes = self._stage.supervisor.disk_room_bytes()
        packing = Packing(shown=shown, deadline=self._stage.deadline, room_bytes=room_bytes)
        packed = pack(str(source), str(self._place.outputs / name), packing)
        return File(path=f"{OUTPUT_DIRECTORY}/{name}", sha256=packed.sha256, size_bytes=packed.size_bytes)

    def _output(self, path: Path, name: str) -> File:
        copy = self._place.outputs / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
        digest = sha256_of(str(copy), self._stage.deadline)
        return File(path=f"{OUTPUT_DIRECTORY}/{name}", sha256=digest, size_bytes=copy.stat().st_size)


def _link(path: Path, to: Path) -> None:
    """The same in another place; files are not copied, only called by another name.

    Raises:
        InvalidInput: there is something that can't be read.
    """
    to.parent.mkdir(parents=True, exist_ok=True)
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.copytree(path, to, symlinks=True, copy_function=os.link)
        else:
            os.link(path, to)
    except OSError as problem:  # shutil.Error is one, of several
        raise InvalidInput(path.name, f"can't be packed: {problem.strerror or problem}") from problem

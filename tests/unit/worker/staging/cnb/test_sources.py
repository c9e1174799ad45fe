"""Where buildpacks come from, and what is refused."""

from __future__ import annotations

import gzip
import hashlib
import itertools
import platform
import tarfile
from pathlib import Path

import pytest

from buildmill.common.errors import BuildmillError
from buildmill.common.staging import Buildpack, File
from buildmill.worker.staging.cnb.groups import Element
from buildmill.worker.staging.cnb.library import Library
from buildmill.worker.staging.cnb.sources import Sources
from buildmill.worker.staging.deadline import Deadline
from buildmill.worker.staging.docker.http import Http
from tests.buildpacks import PLAIN_BUILD, buildpack, composite, rooted, toml
from tests.registry import image, layer, layout, tar
from tests.staging_area import zip_of


def bring(root: Path, content: bytes, *, room_bytes: int = 1 << 20) -> tuple[Library, Element]:
    deadline = Deadline(itertools.repeat(0.0).__next__, 60.0)
    library = Library(root / "library")
    sources = Sources(
        library=library,
        scratch=root / "scratch",
        deadline=deadline,
        room_bytes=lambda: room_bytes,
        http=lambda insecure: Http(insecure=insecure, deadline=deadline, pause=lambda seconds: None),
        insecure_registries=[],
        registries={},
        machine=platform.machine(),
    )
    (root / "archive").write_bytes(content)
    archive = File(path="archive", sha256=hashlib.sha256(content).hexdigest(), size_bytes=len(content))
    brought = sources.bring(Buildpack(key="x", shown="the-buildpack", archive=archive), root / "archive")
    assert brought.sha256 == archive.sha256
    assert brought.chief in brought.all
    return library, brought.chief


def forms() -> dict[str, bytes]:
    whole = image(
        {"Labels": {"io.buildpacks.buildpackage.metadata": '{"id": "all", "version": "1.0", "stacks": []}'}},
        [layer(rooted({name: content})) for name, content in composite().items()],
    )
    return {
        "tar": tar({**composite()}),
        "tar.gz": gzip.compress(tar({**composite()})),
        "layout": layout(whole),
        "layout without label": layout(image({}, [layer(rooted(composite()))])),
        "folder in tar.gz": layer({f"all/{name}": text for name, text in buildpack("a/part", "", PLAIN_BUILD).items()}),
        "zip": zip_of(buildpack("a/part", "", PLAIN_BUILD)),
    }


@pytest.mark.parametrize("form", list(forms()))
def test_buildpacks_come_in_many_forms(tmp_path: Path, form: str) -> None:
    library, chief = bring(tmp_path, forms()[form])

    part = Element(id="a/part", version="1.0")
    assert chief.id == ("a/part" if "zip" in form or "folder" in form else "all")
    assert library.descriptor(part).buildpack.id == "a/part"
    assert (library.directory(part) / "bin" / "build").stat().st_mode & 0o100
    assert list((tmp_path / "scratch").iterdir()) == []


def test_later_layers_stand_for_earlier_ones_and_take_them_away(tmp_path: Path) -> None:
    root = "cnb/buildpacks/x/1.0/"
    first = {root + name: text for name, text in buildpack("x").items()} | {root + "old/a": "1", root + "b": "1"}
    second = {root + "old/.wh..wh..opq": "", root + "old/c": "2", root + ".wh.b": "", root + "bin/build": "#!new"}

    library, chief = bring(tmp_path, layout(image({}, [layer({**first}), layer({**second})])))

    directory = library.directory(chief)
    assert sorted(path.name for path in (directory / "old").iterdir()) == ["c"]
    assert not (directory / "b").exists()
    assert (directory / "bin" / "build").read_text() == "#!new"


def test_absolute_links_of_an_image_are_in_the_image(tmp_path: Path) -> None:
    root = "/cnb/buildpacks/x/1.0/"
    files = {root + name: text for name, text in buildpack("x").items()}
    linked = {**files, root + "sub/link": f"-> {root}bin/build"}

    library, chief = bring(tmp_path, layout(image({}, [layer({**linked})])))

    directory = library.directory(chief)
    assert (directory / "sub" / "link").resolve() == (directory / "bin" / "build").resolve()


def test_an_image_of_more_than_there_is_room_for_is_refused(tmp_path: Path) -> None:
    content = layout(image({}, [layer({"cnb/large": bytes(1 << 19)}), layer({"cnb/more": bytes(1 << 19)})]))

    with pytest.raises(BuildmillError, match="the-buildpack: there is no room on the disk for 'cnb/more'"):
        bring(tmp_path, content, room_bytes=(1 << 20) - 1)


def pipe(name: str) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type = tarfile.FIFOTYPE
    return entry


BAD_ARCHIVES: dict[str, tuple[bytes, str]] = {
    "neither": (b"what is this", "is no proper tar archive"),
    "leaves": (tar({"../out": "x"}), "leaves the directory"),
    "links out": (tar({"cnb/buildpacks/x/1/link": "-> ../../../../../etc"}), "links out of the tree"),
    "no buildpack": (tar({"readme": "x"}), "there is neither cnb/buildpacks nor buildpack.toml"),
    "leaves an image": (layout(image({}, [layer({"cnb/../../out": "x"})])), "leaves the image"),
    "links out of an image": (layout(image({}, [layer({"cnb/link": "-> ../../etc"})])), "out of the image"),
    "pipe in an image": (layout(image({}, [layer({"p": pipe("cnb/p")})])), "is neither file, directory nor link"),
    "below a link": (layout(image({}, [layer({"cnb": "-> etc", "cnb/x": "x"})])), "is below a link or a file"),
    "lying blob": (
        layout(image({}, [layer({"x": "x"})])).replace(b"amd64", b"amd65"),
        "is not what its name and size say",
    ),
    "old api": (zip_of(buildpack("x", api="0.4")), "versions of the Buildpack API are 0.7 to 0.12"),
    "no detect": (zip_of({"buildpack.toml": toml("x"), "bin/build": ""}), "bin/detect is missing"),
    "bad toml": (zip_of({"buildpack.toml": "api =", "bin/build": ""}), "buildpack.toml: is malformed"),
    "bad id": (zip_of(buildpack("../../x")), "buildpack.toml: is malformed"),
    "reserved id": (zip_of(buildpack("config")), "buildpack.toml: is malformed"),
    "two chiefs": (
        tar({f"cnb/buildpacks/{n}/1.0/{f}": c for n in "ab" for f, c in buildpack(n).items()}),
        "these are: a@1.0, b@1.0",
    ),
}


@pytest.mark.parametrize("name", list(BAD_ARCHIVES))
def test_a_bad_archive_is_refused_by_name(tmp_path: Path, name: str) -> None:
    content, message = BAD_ARCHIVES[name]

    with pytest.raises(BuildmillError) as raised:
        bring(tmp_path, content)

    assert message in str(raised.value)
    assert not (tmp_path / "out").exists()
    assert list((tmp_path / "scratch").iterdir()) == []

"""What happens to layers after a build and before the next."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildmill.common.errors import InvalidInput
from buildmill.worker.staging.cnb.layers import (
    Layer,
    complete_layers_blocking,
    finish_layers_blocking,
    kept_entries,
    restore_layers_blocking,
)


def make(directory: Path, name: str, types: str, *, contents: str | None = "made", metadata: str = "v = 1") -> None:
    """A layer; `types` are initials."""
    directory.mkdir(parents=True, exist_ok=True)
    said = [f"{word} = {str(word[0] in types).lower()}" for word in ("launch", "build", "cache")]
    (directory / f"{name}.toml").write_text("\n".join(["[types]", *said, "[metadata]", metadata]))
    if contents is not None:
        (directory / name).mkdir()
        (directory / name / "file").write_text(contents)


def keep(layers: list[Layer], directory: Path, kept: Path) -> None:
    """As an archive would carry it to the next build."""
    kept.mkdir()
    for path, name in kept_entries(layers, directory):
        path.rename(kept / name)


@pytest.mark.parametrize(
    ("types", "has_metadata", "has_contents"),
    [
        ("c", True, True),
        ("bc", True, True),
        ("lc", True, True),
        ("lbc", True, True),
        ("b", False, False),
        ("lb", False, False),
        ("l", True, False),
        ("", False, False),
    ],
)
def test_types_decide_what_comes_back(tmp_path: Path, types: str, has_metadata: bool, has_contents: bool) -> None:
    before, kept, after = tmp_path / "before", tmp_path / "kept", tmp_path / "after"
    make(before, "x", types)
    keep(finish_layers_blocking(before), before, kept)

    restored = restore_layers_blocking(after, kept)

    assert (after / "x.toml").exists() == has_metadata
    assert (after / "x").is_dir() == has_contents
    assert restored == (["x"] if has_contents else [])
    if has_metadata:
        assert (after / "x.toml").read_text() == "[metadata]\nv = 1\n"


def test_a_layer_that_is_not_claimed_again_is_put_aside(tmp_path: Path) -> None:
    before, kept, after = tmp_path / "before", tmp_path / "kept", tmp_path / "after"
    make(before, "x", "lc")
    keep(finish_layers_blocking(before), before, kept)
    restore_layers_blocking(after, kept)

    assert finish_layers_blocking(after) == []
    assert (after / "x.ignore" / "file").read_text() == "made"
    assert not (after / "x").exists()


def test_a_layer_only_for_launch_that_is_claimed_again_gets_its_contents_at_the_end(tmp_path: Path) -> None:
    before, kept, after = tmp_path / "before", tmp_path / "kept", tmp_path / "after"
    make(before, "x", "l")
    keep(finish_layers_blocking(before), before, kept)
    restore_layers_blocking(after, kept)
    make(after, "x", "l", contents=None)
    layers = finish_layers_blocking(after)

    complete_layers_blocking(layers, kept)

    assert (after / "x" / "file").read_text() == "made"


def test_a_layer_for_launch_without_contents_is_refused(tmp_path: Path) -> None:
    make(tmp_path / "b", "x", "l", contents=None)

    with pytest.raises(InvalidInput, match="x: the layer is for launch, has no contents"):
        complete_layers_blocking(finish_layers_blocking(tmp_path / "b"), tmp_path / "nothing")


@pytest.mark.parametrize("name", ["build", "launch", "store"])
def test_reserved_names_are_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()

    with pytest.raises(InvalidInput, match=f"{name}: no layer may be called so"):
        finish_layers_blocking(tmp_path)


def test_the_store_and_bills_of_materials_come_back(tmp_path: Path) -> None:
    before, kept, after = tmp_path / "before", tmp_path / "kept", tmp_path / "after"
    make(before, "x", "c")
    (before / "store.toml").write_text("[metadata]\nseen = 3\n")
    (before / "x.sbom.cdx.json").write_text("{}")
    keep(finish_layers_blocking(before), before, kept)

    restore_layers_blocking(after, kept)

    assert (after / "store.toml").read_text() == "[metadata]\nseen = 3\n"
    assert (after / "x.sbom.cdx.json").read_text() == "{}"


def test_a_malformed_description_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text("[types]\nlaunch = 'yes'\n")

    with pytest.raises(InvalidInput, match=r"x\.toml: is malformed"):
        finish_layers_blocking(tmp_path)

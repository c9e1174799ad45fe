"""What buildpacks write, as it may be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from buildmill.common.errors import InvalidInput
from buildmill.worker.staging.area import Area
from buildmill.worker.staging.cnb.documents import LayerDocument, read_toml_blocking
from buildmill.worker.staging.cnb.groups import Element
from buildmill.worker.staging.cnb.place import Detected, Place
from buildmill.worker.staging.cnb.plan import Alternatives, Entry, Plan
from buildmill.worker.staging.failure import PhaseFailed


@pytest.mark.parametrize(
    "text",
    ["x =", "a = 1\na = 2", "metadata = 1", "[metadata]\nx = " + "1" * 5000, "x = " + "[" * 100_000, "x = '\x00'"],
)
def test_what_is_malformed_is_refused_with_its_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.toml").write_text(text)

    with pytest.raises(InvalidInput, match=r"x\.toml: is malformed"):
        read_toml_blocking(tmp_path / "x.toml", LayerDocument)


def test_a_link_is_no_document(tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text("[metadata]\nv = 1\n")
    (tmp_path / "x.toml").symlink_to("other.toml")

    assert read_toml_blocking(tmp_path / "x.toml", LayerDocument) is None


def test_a_file_that_is_too_long_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text("#" * (5 << 20))

    with pytest.raises(InvalidInput, match=r"x\.toml: has more than"):
        read_toml_blocking(tmp_path / "x.toml", LayerDocument)


def test_whatever_a_buildpack_says_of_its_needs_reaches_later_phases(tmp_path: Path) -> None:
    said = """
[[requires]]
name = "x"
[requires.metadata]
day = 2026-01-02
at = 2026-01-02T03:04:05Z
large = 123456789012345678901234567890
none = inf
mixed = [1, "a", {b = [true]}]
"""
    (tmp_path / "plan.toml").write_text(said)
    alternatives = read_toml_blocking(tmp_path / "plan.toml", Alternatives)
    assert alternatives is not None
    plan = Plan(entries=[Entry(name="x", providers=["a"], requires=alternatives.requires)])
    place = Place(Area(str(tmp_path)))

    place.leave(Detected(group=[Element(id="a", version="1")], plan=plan))

    found: Any = place.find(Detected)
    assert found.plan == plan


def test_a_phase_that_comes_too_early_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(PhaseFailed, match="the phases came in a wrong order"):
        Place(Area(str(tmp_path))).find(Detected)

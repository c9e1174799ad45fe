"""What `PBChangeSource` makes of what clients send."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from buildmill.common.errors import ConfigError, InvalidInput
from buildmill.master.changes.pb import PBChangeSource
from buildmill.master.domain.not_delivering import what_is_not_delivered
from tests.unit.master.schedulers.house import House

SOURCE: Any = PBChangeSource


@pytest.fixture
def house(tmp_path: Path) -> Any:
    house = House(tmp_path)
    yield house
    house.close()


def changes(house: House, sent: dict[Any, Any], **options: Any) -> list[dict[str, Any]]:
    """What comes of one call of a client."""
    source = SOURCE(**options)
    source._master = house.master
    house.result(source.take(sent))
    found: list[dict[str, Any]] = house.result(house.data.get("changes"))
    return found


def test_former_names_and_bytes_are_understood(house: House) -> None:
    [change] = changes(house, {b"who": b"al", "when": 1600000000.5, "files": [b"a", "b"], "properties": {b"k": b"v"}})

    assert (change["author"], change["when_timestamp"], change["files"]) == ("al", 1600000000, ["a", "b"])
    assert change["properties"] == {"k": ("v", "Change")}


def test_only_files_below_the_prefix_count(house: House) -> None:
    [change] = changes(house, {"author": "al", "files": ["src/a", "doc/b"]}, prefix="src/")

    assert change["files"] == ["a"]
    assert len(changes(house, {"author": "al", "files": ["doc/b"]}, prefix="src/")) == 1


def test_a_change_without_author_is_refused(house: House) -> None:
    with pytest.raises(InvalidInput):
        changes(house, {"files": ["a"]})


def test_without_a_port_it_is_told_that_nothing_listens() -> None:
    told = what_is_not_delivered(SOURCE(name="p"))

    assert told == "PBChangeSource 'p' is accepted, but listens nowhere: it has no port; give it a port of its own"
    assert what_is_not_delivered(SOURCE(port=9990)) is None


@pytest.mark.parametrize(
    ("options", "problem"),
    [({"port": "x"}, "port must be a port number"), ({"user": 3}, "user must be a string"),
     ({"prefix": 3}, "prefix must be a string")],
)  # fmt: skip
def test_wrong_arguments_are_errors_of_the_configuration(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        SOURCE(**options)

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildmill.common.errors import InvalidInput
from buildmill.master.domain.properties import Properties
from buildmill.master.domain.rendering import RenderError
from tests.support import async_test


class OneBuild:
    """A build that answers what renderables ask."""

    def source_stamps(self) -> Sequence[Mapping[str, Any]]:
        return [{"codebase": "lib", "branch": "main", "revision": None}]

    def changes(self) -> Sequence[Mapping[str, Any]]:
        return [{"files": ["a.c"]}, {"files": ["a.c", "b.c"]}]

    def worker_info(self) -> Mapping[str, Any]:
        return {"admin": "ann"}

    async def secret(self, name: str) -> str:
        return {"key": "s3cret", "longer": "s3cret-and-more", "empty": ""}[name]

    def url(self) -> str:
        return "http://localhost/#/builders/1/builds/2"


def test_a_property_has_a_value_and_a_source() -> None:
    properties = Properties()

    properties.setProperty("branch", "main", "Scheduler")

    assert properties.getProperty("branch") == properties["branch"] == "main"
    assert properties.getPropertySource("branch") == "Scheduler"
    assert properties.asDict() == properties.properties == {"branch": ("main", "Scheduler")}
    assert properties.hasProperty("branch")
    assert properties.has_key("branch")
    assert "branch" in properties
    assert properties.getProperties() is properties


def test_a_missing_property_is_the_default_and_only_indexing_raises() -> None:
    properties = Properties(none=None)

    assert properties.getProperty("x") is None
    assert properties.getProperty("x", 3) == 3
    assert properties.getProperty("none", 3) is None
    assert not properties.hasProperty("x")
    with pytest.raises(KeyError):
        properties["x"]


def test_later_values_replace_earlier_ones_with_their_source() -> None:
    first, second = Properties(), Properties()
    first.update({"a": 1, "b": 2}, "Builder")
    second.update({"b": 3}, "Worker")
    second.setProperty("c", 4, "step", runtime=True)

    first.updateFromProperties(second)

    assert first.asList() == [("a", 1, "Builder"), ("b", 3, "Worker"), ("c", 4, "step")]
    assert first.runtime == {"c"}


def test_what_was_set_while_running_can_be_left_out() -> None:
    ran, again = Properties(a=1), Properties()
    ran.setProperty("got_revision", "abc", "Git", runtime=True)

    again.updateFromPropertiesNoRuntime(ran)

    assert again.asDict() == {"a": (1, "TEST")}


def test_the_revision_tells_only_of_real_changes() -> None:
    properties = Properties()
    properties.setProperty("a", [1], "s")
    before = properties.revision

    properties.setProperty("a", [1], "s")
    assert properties.revision == before

    properties.setProperty("a", [1], "other")
    assert properties.revision == before + 1


@pytest.mark.parametrize(
    "value", [object(), {1, 2}, b"x", float("nan"), float("inf"), [object()], {"k": b""}, {(1, 2): 3}]
)
def test_a_value_that_json_cannot_hold_is_refused(value: object) -> None:
    with pytest.raises(InvalidInput, match="property 'x': the value must be something JSON can hold"):
        Properties().setProperty("x", value, "s")


def test_a_value_that_contains_itself_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(InvalidInput, match="property 'x'"):
        Properties().setProperty("x", loop, "s")


@pytest.mark.parametrize(
    ("name", "source", "field"),
    [
        (1, "s", "property name"),
        ("x" * 257, "s", "property name"),
        ("x", "s" * 257, "source of property 'x'"),
        ("x", None, "source of property 'x'"),
    ],
)
def test_names_and_sources_are_texts_of_at_most_256_characters(name: Any, source: Any, field: str) -> None:
    with pytest.raises(InvalidInput) as error:
        Properties().setProperty(name, 1, source)

    assert error.value.field == field


@given(st.dictionaries(st.text(max_size=256), st.tuples(st.none() | st.integers() | st.text(), st.text(max_size=256))))
def test_a_copy_through_the_dict_is_equal(values: dict[str, tuple[Any, str]]) -> None:
    assert Properties.fromDict(values).asDict() == values


def test_the_build_answers_for_its_properties() -> None:
    properties = Properties()
    properties.build = OneBuild()

    assert properties.source_stamp("lib") == {"codebase": "lib", "branch": "main", "revision": None}
    assert properties.getSourceStamp("other") is None
    assert properties.files == {"a.c", "b.c"}
    assert properties.worker_info() == {"admin": "ann"}
    assert properties.getBuild() is properties.build
    assert properties.build_url() == "http://localhost/#/builders/1/builds/2"


def test_without_a_build_the_scheduler_gives_stamps_and_changes() -> None:
    properties = Properties()
    with pytest.raises(RenderError):
        properties.sourcestamps  # noqa: B018
    with pytest.raises(RenderError):
        properties.changes  # noqa: B018
    with pytest.raises(RenderError):
        properties.worker_info()

    properties.sourcestamps = [{"codebase": "", "branch": "b"}]
    properties.changes = [{"files": ["x"]}]

    assert properties.source_stamp("") == {"codebase": "", "branch": "b"}
    assert properties.files == {"x"}


@async_test
async def test_used_secrets_are_masked_the_longest_first() -> None:
    properties = Properties()
    properties.build = OneBuild()

    for name in ("key", "longer", "empty"):
        await properties.secret(name)

    assert properties.cleanupTextFromSecrets("a s3cret, s3cret-and-more") == "a <key>, <longer>"
    assert sorted(properties.used_secrets.values()) == ["key", "longer"]

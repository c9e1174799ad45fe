"""Under which builder a build is shown."""

from __future__ import annotations

from buildmill.master.domain.virtual_builders import VirtualBuilder, virtual_builder


def test_a_property_of_the_buildset_or_of_the_builder_names_it() -> None:
    of_buildset = {"virtual_builder_name": ("set", "Scheduler"), "virtual_builder_tags": (["a"], "Scheduler")}

    assert virtual_builder(of_buildset, {}) == VirtualBuilder(name="set", tags=("a",))
    assert virtual_builder(of_buildset, {"virtual_builder_name": "own"}) == VirtualBuilder(name="own", tags=("a",))
    assert virtual_builder({}, {"virtual_builder_name": "own", "virtual_builder_description": "d"}) == VirtualBuilder(
        name="own", description="d"
    )


def test_without_a_usable_name_there_is_none() -> None:
    assert virtual_builder({}, {}) is None
    assert virtual_builder({"virtual_builder_name": ("", "x")}, {}) is None
    assert virtual_builder({"virtual_builder_name": (3, "x")}, {"virtual_builder_name": object()}) is None

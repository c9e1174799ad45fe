from __future__ import annotations

import re
from typing import Any

import pytest
from twisted.internet.defer import Deferred, succeed

from buildmill.common.errors import ConfigError
from buildmill.master.domain.config_errors import collected_errors
from buildmill.master.domain.properties import Properties
from buildmill.master.domain.renderables import (
    ConstantRenderable,
    FlattenList,
    Property,
    Secret,
    Transform,
    URLForBuild,
    renderer,
)
from buildmill.master.domain.rendering import RenderError, is_plain, is_renderable, render
from tests.support import async_test
from tests.unit.master.domain.test_properties import OneBuild


def some() -> Properties:
    return Properties(a="A", b="B", n=5, zero=0, none=None, nested=[1, [2]])


@async_test
async def test_plain_values_are_their_own_rendering() -> None:
    for value in ["x", 1, None, [1, "x"], {"a": [b"x"]}, (1, 2), object(), Property]:
        assert is_plain(value)
        assert await render(value, some()) is value


@async_test
async def test_renderables_are_found_at_any_depth() -> None:
    value = [{"k": (Property("a"), [Property("n")])}, {Property("b"): 1}]

    assert not is_plain(value)
    assert await some().render(value) == [{"k": ("A", [5])}, {"B": 1}]


@async_test
async def test_a_renderable_of_the_users_own_may_give_a_value_a_deferred_or_a_coroutine() -> None:
    class Own:
        def __init__(self, result: Any) -> None:
            self.result = result

        def getRenderingFor(self, props: Any) -> Any:
            return self.result() if callable(self.result) else self.result

    async def coroutine() -> str:
        return "later"

    assert await some().render(Own(1)) == 1
    assert await some().render(Own(succeed(Property("a")))) == "A"
    assert await some().render(Own(coroutine)) == "later"
    assert is_renderable(Own(1))
    assert not is_renderable(Own)


@async_test
async def test_two_renderings_of_one_object_may_overlap() -> None:
    gate: Deferred[None] = Deferred()

    @renderer
    async def slow(props: Properties) -> Any:
        await gate
        return props.getProperty("who")

    first = Deferred.fromCoroutine(Properties(who=1).render([slow, slow]))
    second = Deferred.fromCoroutine(Properties(who=2).render([slow, slow]))
    gate.callback(None)

    assert [await first, await second] == [[1, 1], [2, 2]]


@pytest.mark.parametrize(
    ("renderable", "expected"),
    [
        (Property("a"), "A"),
        (Property("missing"), None),
        (Property("missing", "d"), "d"),
        (Property("zero"), None),
        (Property("zero", 3), 3),
        (Property("zero", 3, defaultWhenFalse=False), 0),
        (Property("none", 3, defaultWhenFalse=False), None),
        (Property("missing", 3, defaultWhenFalse=False), 3),
        (Property("missing", Property("a")), "A"),
        (Property("a") == "A", True),
        (Property("a") == Property("b"), False),
        (Property("a") != "A", False),
        (Property("n") < 6, True),
        (Property("n") <= 4, False),
        (Property("n") > 4, True),
        (Property("n") >= 6, False),
        (Property("n") + 6, 11),
        (Property("n") - 6, -1),
        (Property("n") * 2, 10),
        (Property("n") / 2, 2.5),
        (Property("n") // 2, 2),
        (Property("n") % 2, 1),
        ((Property("n") + 1) * Property("n"), 30),
        (Property("a").in_(["A"]), True),
        (Property("a").in_([Property("b")]), False),
        (FlattenList([["a"], Property("nested"), ("x", ["y"])]), ["a", 1, 2, "x", "y"]),
        (FlattenList(["a"]) + ["b"] + FlattenList([["c"]]), ["a", "b", "c"]),  # noqa: RUF005
        (FlattenList([["a"], ("x",)], types=(list,)), ["a", ("x",)]),
        (Transform(lambda x, y=0: (x, y), Property("n"), y=Property("a")), (5, "A")),
        (Transform(renderer(lambda props: str.lower), Property("a")), "a"),
        (ConstantRenderable(5) + Property("n"), 10),
    ],
    ids=lambda value: re.sub(" at 0x[0-9a-f]+", "", repr(value)),  # the same in every process
)
def test_what_the_builtin_renderables_give(renderable: Any, expected: Any) -> None:
    rendering = some().render(renderable)
    with pytest.raises(StopIteration) as done:  # nothing in these has to be waited for
        rendering.send(None)
    assert done.value.value == expected
    assert type(done.value.value) is type(expected)


@async_test
async def test_a_transform_waits_for_its_function() -> None:
    assert await some().render(Transform(lambda x: succeed(x + 1), Property("n"))) == 6


@async_test
async def test_a_renderer_may_take_arguments_and_return_renderables() -> None:
    @renderer
    def tell(props: Properties, *args: object, **kwargs: object) -> Any:
        return [props.getProperty("a"), args, kwargs, Property("b")]

    assert await some().render(tell) == ["A", (), {}, "B"]
    assert await some().render(tell.withArgs(1, Property("n")).withArgs(2, z=Property("a"))) == [
        "A", (1, 5, 2), {"z": "A"}, "B",
    ]  # fmt: skip


@async_test
async def test_a_renderer_with_arguments_may_be_a_coroutine() -> None:
    @renderer
    async def tell(props: Properties, value: object) -> object:
        return value

    assert await some().render(tell.withArgs(Property("n"))) == 5


@async_test
async def test_an_operator_that_does_not_fit_names_itself_and_the_values() -> None:
    with pytest.raises(RenderError, match=r"Property\(a\) - 1: .*'A' and 1"):
        await some().render(Property("a") - 1)


@async_test
async def test_secrets_and_the_url_come_from_the_build() -> None:
    properties = Properties()
    with pytest.raises(RenderError):
        await properties.render(Secret("key"))
    with pytest.raises(RenderError):
        await properties.render(URLForBuild)

    properties.build = OneBuild()

    assert await properties.render([Secret("key"), URLForBuild]) == [
        "s3cret", "http://localhost/#/builders/1/builds/2",
    ]  # fmt: skip
    assert properties.used_secrets == {"s3cret": "key"}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Property(3), "Property: the name must be a string, not 3"),  # type: ignore[arg-type]  # on purpose
        (lambda: Transform(3), "Transform: a function or a renderable of one is needed, not 3"),
        (lambda: renderer(3), "renderer: a function is needed, not 3"),  # type: ignore[arg-type]  # on purpose
        (lambda: Secret(None), "Secret: the name must be a string, not None"),  # type: ignore[arg-type]  # on purpose
    ],
)
def test_wrong_arguments_are_configuration_errors(make: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make()


def test_while_a_configuration_loads_problems_are_collected_with_their_place() -> None:
    with collected_errors() as problems:
        Property(1)  # type: ignore[arg-type]  # on purpose
        Transform(2)

    assert [p.message for p in problems] == [
        "Property: the name must be a string, not 1",
        "Transform: a function or a renderable of one is needed, not 2",
    ]
    assert [p.file for p in problems] == [__file__, __file__]


def test_renderables_can_be_put_into_sets_and_dicts() -> None:
    one, two = Property("a"), Property("b")
    assert len({one, two}) == 2
    assert repr((one + 1) == two) == "Property(a) + 1 == Property(b)"

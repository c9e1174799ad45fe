from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildmill.common.errors import ConfigError
from buildmill.master.domain.config_errors import collected_errors
from buildmill.master.domain.interpolate import Interpolate, WithProperties
from buildmill.master.domain.properties import Properties
from buildmill.master.domain.renderables import Property, Secret
from buildmill.master.domain.rendering import RenderError
from tests.support import async_test
from tests.unit.master.domain.test_properties import OneBuild


def some() -> Properties:
    properties = Properties(a="A", empty="", zero=0, none=None, l=[1], b="B")
    properties.update({"a-b": "AB", "a.b": "ADB"}, "test")
    properties.build = OneBuild()
    return properties


# Each pair was seen with Buildbot 4.3.0, but for %d of a number, which it cannot do.
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("%(prop:a)s", "A"),
        ("%(prop:missing)s", ""),
        ("%(prop:none)s", ""),
        ("%(prop:none:-x)s", ""),
        ("%(prop:empty:-x)s", ""),
        ("%(prop:missing:-x)s", "x"),
        ("%(prop:empty:~x)s", "x"),
        ("%(prop:zero:~x)s", "x"),
        ("%(prop:none:~x)s", "x"),
        ("%(prop:missing:~x)s", "x"),
        ("%(prop:zero)s", "0"),
        ("%(prop:a:+yes)s", "yes"),
        ("%(prop:missing:+yes)s", ""),
        ("%(prop:none:+yes)s", "yes"),
        ("%(prop:a:?|y|n)s", "y"),
        ("%(prop:missing:?|y|n)s", "n"),
        ("%(prop:empty:?|y|n)s", "y"),
        ("%(prop:none:?|y|n)s", "y"),
        ("%(prop:empty:#?|y|n)s", "n"),
        ("%(prop:a:#?|y|n)s", "y"),
        ("%(prop:a:?:y:n)s", "y"),
        ("%(prop:missing:?|y|n|z)s", "n|z"),
        ("%(prop:missing:?xyesxno)s", "no"),
        ("%(prop:a-b)s", "AB"),
        ("%(prop:a.b)s", "ADB"),
        ("%(prop:)s", ""),
        ("100%%", "100%"),
        ("%(prop:a)r", "'A'"),
        ("%(prop:l)s", "[1]"),
        ("%(prop:zero)03d", "000"),
        ("%(prop:a)-3s|", "A  |"),
        ("%(prop:missing:-%(prop:a)s)s", "A"),
        ("%(prop:missing:-%(prop:yy:-%(prop:b)s)s)s", "B"),
        ("%(prop:a:?|%(prop:b)s|n)s", "B"),
        ("%(prop:missing:?|y|%(prop:b)s-%(prop:a)s)s", "B-A"),
        ("%(prop:a:?|%(prop:missing:-x|y)s|n)s", "x|y"),
        ("%(prop:missing:-100%%)s", "100%"),
        ("%(prop:missing:-a:b)s", "a:b"),
        ("%(kw:x)s", ""),
        ("%(src:lib:branch)s", "main"),
        ("%(src:lib:revision)s", ""),
        ("%(src:lib:revision:-tip)s", ""),
        ("%(src:lib:nothing:-tip)s", "tip"),
        ("%(src::branch:-none)s", "none"),
        ("%(worker:admin)s", "ann"),
        ("%(worker:os_id:-any)s", "any"),
        ("%(secret:key)s", "s3cret"),
        ("%(secret:key:+there)s", "there"),
        ("no percent", "no percent"),
        ("", ""),
    ],
)
@async_test
async def test_selectors_and_operators(text: str, expected: str) -> None:
    assert await some().render(Interpolate(text)) == expected


@pytest.mark.parametrize(
    ("interpolate", "expected"),
    [
        (Interpolate("%s-%s", Property("a"), "z"), "A-z"),
        (Interpolate("%s", None), "None"),
        (Interpolate("%d%%", 3), "3%"),
        (Interpolate("%(kw:x)s", x=Property("a")), "A"),
        (Interpolate("%(kw:x)s", x=Property("missing")), ""),
        (Interpolate("%(kw:x:-d)s", x=None), ""),
        (Interpolate("%(kw:x:~d)s", x=Property("missing")), "d"),
        (Interpolate("%(kw:x:?|y|n)s", x=None), "y"),
        (Interpolate("%(kw:x:#?|%(kw:y)s|n)s", x=1, y=Property("b")), "B"),
        (Interpolate("%(kw:x)s", x=[Property("a")]), "['A']"),
        (Interpolate("%(kw:y)s", x=1), ""),
        (Interpolate("%(kw:x)s%(kw:x)s", x="%(prop:a)s"), "%(prop:a)s%(prop:a)s"),
        (Interpolate("%(kw:x)s", x=Interpolate("<%(prop:a)s>")), "<A>"),
        (Interpolate("%(prop:a)s") + "!", "A!"),
        (Interpolate("%(prop:a)s") == "A", True),
    ],
    ids=repr,
)
@async_test
async def test_arguments_and_operators_of_python(interpolate: Interpolate, expected: Any) -> None:
    assert await some().render(interpolate) == expected


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Interpolate("%(foo:bar)s"), "unknown selector 'foo'; known are kw, prop, secret, src, worker"),
        (lambda: Interpolate("%(prop:z:-%(foo:b)s)s"), "unknown selector 'foo'"),
        (lambda: Interpolate("%(prop)s"), "substitution without a selector: 'prop'"),
        (lambda: Interpolate("%(src:a)s"), "src needs both codebase and attribute: 'src:a'"),
        (lambda: Interpolate("%(src:a b:branch)s"), "'a b' in 'src:a b:branch' must consist of"),
        (lambda: Interpolate("%(prop:a b)s"), "'a b' in 'prop:a b' must consist of"),
        (lambda: Interpolate("%(prop:a:x)s"), "unknown operator 'x'"),
        (lambda: Interpolate("%(prop:a:)s"), "unknown operator ''"),
        (lambda: Interpolate("%(prop:a:#x)s"), "unknown operator '#'"),
        (lambda: Interpolate("%(prop:a:?|y)s"), "a choice needs two texts with '|' between them"),
        (lambda: Interpolate("%(prop:a:?)s"), "a choice needs a delimiter"),
        (lambda: Interpolate("%(prop:a:#?)s"), "a choice needs a delimiter"),
        (lambda: Interpolate("%(prop:a:?(y(n)))s"), "a choice needs a delimiter, which cannot be '('"),
        (lambda: Interpolate("%(prop:a:?(y(n)s"), "incomplete format key"),
        (lambda: Interpolate("%(prop:a)"), "incomplete format"),
        (lambda: Interpolate("%(prop:a)!"), "unsupported format character"),
        (lambda: Interpolate("%(prop:a"), "incomplete format key"),
        (lambda: Interpolate("%Y"), "'%Y' needs a selector in parentheses"),
        (lambda: Interpolate("%s"), "'%s' needs a selector in parentheses"),
        (lambda: Interpolate("50%"), "'%' needs a selector in parentheses"),
        (lambda: Interpolate("%s", "a", b=1), "takes either positional or keyword arguments, not both"),
        (lambda: Interpolate("%s-%s", "a"), "not enough arguments for format string (1 given)"),
        (lambda: Interpolate("%s", "a", "b"), "not all arguments converted during string formatting (2 given)"),
        (lambda: Interpolate("%(prop:a)s", "a"), "format requires a mapping"),
        (lambda: Interpolate(Property("a")), "the format must be a string"),  # type: ignore[arg-type]  # on purpose
        (lambda: WithProperties("%s", "a", f=lambda b: 1), "takes either positional or keyword"),
        (lambda: WithProperties("%(f)s", f="x"), "the value of 'f' must be a function"),  # type: ignore[arg-type]  # on purpose
        (lambda: WithProperties("%s"), "'%s' needs a selector"),
        (lambda: WithProperties(b"%s"), "the format must be a string"),  # type: ignore[arg-type]  # on purpose
    ],
)
def test_a_wrong_format_is_a_configuration_error(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ConfigError) as error:
        make()

    assert message in str(error.value)
    assert "Interpolate(" in str(error.value) or "WithProperties(" in str(error.value)


def test_an_interpolate_is_shown_as_it_was_written() -> None:
    assert repr(Interpolate("%(prop:a)s")) == "Interpolate('%(prop:a)s')"
    assert repr(Interpolate("%s", Property("a"))) == "Interpolate('%s', *(Property(a),))"
    assert repr(Interpolate("%(kw:a)s", a=1)) == "Interpolate('%(kw:a)s', **{'a': 1})"


@async_test
async def test_after_a_collected_problem_the_object_can_still_be_used() -> None:
    with collected_errors() as problems:
        wrong = Interpolate("%(foo:bar)s")

    assert len(problems) == 1
    assert await some().render(wrong) == ""


@async_test
async def test_a_value_that_does_not_fit_its_conversion_is_a_rendering_error() -> None:
    with pytest.raises(RenderError, match="%d"):
        await some().render(Interpolate("%(prop:a)d"))
    with pytest.raises(RenderError, match="%d"):
        await some().render(Interpolate("%d", Property("a")))


@async_test
async def test_only_the_chosen_text_is_rendered() -> None:
    text = Interpolate("%(prop:a:?|A|%(kw:never)s)s", never=Secret("nobody has it"))
    assert await some().render(text) == "A"


@pytest.mark.parametrize(
    ("renderable", "expected"),
    [
        (WithProperties("%s-%s", "a", "b"), "A-B"),
        (WithProperties("%s", "none"), ""),
        (WithProperties("%(a)s %(none)s"), "A "),
        (WithProperties("%(x:-d)s %(empty:-d)s"), "d "),
        (WithProperties("%(a:~d)s %(empty:~d)s"), "A d"),
        (WithProperties("%(a:+y)s%(x:+y)s"), "y"),
        (WithProperties("%(f)s%(g)s", f=lambda build: "x" + build.getProperty("a"), g=lambda build: None), "xA"),
    ],
    ids=repr,
)
@async_test
async def test_with_properties(renderable: WithProperties, expected: str) -> None:
    assert await some().render(renderable) == expected


@pytest.mark.parametrize("renderable", [WithProperties("%s", "x"), WithProperties("%(x)s")], ids=repr)
@async_test
async def test_with_properties_demands_the_property(renderable: WithProperties) -> None:
    with pytest.raises(RenderError, match="there is no property 'x'"):
        await some().render(renderable)


@given(st.text())
def test_any_text_is_parsed_or_refused_as_a_configuration_error(text: str) -> None:
    for wrapped in (text, f"%(prop:{text})s", f"%(prop:a:?{text})s", f"%({text})s"):
        with contextlib.suppress(ConfigError):
            Interpolate(wrapped)


@given(st.text().filter(lambda text: "%" not in text))
@async_test
async def test_text_without_a_percent_sign_is_left_alone(text: str) -> None:
    assert await some().render(Interpolate(text)) == text

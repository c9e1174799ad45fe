"""Whatever is sent to a form is taken or refused with the field's name; nothing else happens."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from buildmill.master.schedulers.forcesched import ForceScheduler
from buildmill.master.schedulers.parameters import (
    AnyPropertyParameter,
    BaseParameter,
    BooleanParameter,
    ChoiceStringParameter,
    FileParameter,
    Form,
    IntParameter,
    NestedParameter,
    StringParameter,
    UserNameParameter,
)

FIELDS: list[BaseParameter] = [
    UserNameParameter("user"),
    StringParameter("text", regex="a*", maxsize=5),
    StringParameter("many", multiple=True, required=True),
    NestedParameter("group", [IntParameter("number"), BooleanParameter("flag"), FileParameter("file")]),
    ChoiceStringParameter("choice", choices=["a", "b"], default="a"),
    AnyPropertyParameter("any"),
]
NAMES = ["user", "text", "many", "group", "group_number", "group_flag", "group_file", "choice", "any_name", "any_value"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=8), JSON, max_size=6))
@settings(max_examples=300, deadline=None)
def test_any_form_is_taken_or_refused(sent: dict[str, Any]) -> None:
    scheduler = ForceScheduler("force", ["b"], properties=FIELDS)
    form = Form(sent)

    for field in scheduler.all_fields:
        field.collect(form, form.properties)

    assert set(form.errors) <= {
        *NAMES,
        "any",
        "username",
        "reason",
        "priority",
        "branch",
        "project",
        "repository",
        "revision",
    }
    assert all(isinstance(problem, str) for problem in form.errors.values())

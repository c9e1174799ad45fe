"""Forms: their documents, what they accept, and the buildsets that come of them."""

from __future__ import annotations

import errno
import time
from typing import Any

import pytest

from buildmill.common.errors import ConfigError, Conflict, NotFound, Unavailable
from buildmill.master.data.api import DataAPI
from buildmill.master.db import audit
from buildmill.master.db.transaction import Transaction
from buildmill.master.domain.form_errors import InvalidParameters
from buildmill.master.domain.rights import Actor
from buildmill.master.schedulers.forcesched import ForceScheduler, ForceSchedulers
from buildmill.master.schedulers.parameters import (
    AnyPropertyParameter,
    BaseParameter,
    BooleanParameter,
    ChoiceStringParameter,
    CodebaseParameter,
    FileParameter,
    FixedParameter,
    Form,
    InheritBuildParameter,
    IntParameter,
    NestedParameter,
    PatchParameter,
    StringParameter,
    TextParameter,
    UserNameParameter,
    WorkerChoiceParameter,
)
from tests.unit.master.schedulers.house import House

FORM = "Force Build Form"


def force(house: House, scheduler: ForceScheduler, owner: str = "anonymous", **values: Any) -> dict[str, Any]:
    """The buildset that comes of a form."""
    bsid, _ = house.result(
        scheduler.send(values, owner, values.pop("builderNames", None), values.pop("builderid", None))
    )
    return next(found for found in house.buildsets() if found["bsid"] == bsid)


def refused(house: House, scheduler: ForceScheduler, **values: Any) -> dict[str, str]:
    """What is wrong with a form."""
    with pytest.raises(InvalidParameters) as error:
        force(house, scheduler, **values)
    assert house.buildsets() == []
    return error.value.fields


def active(house: House, **options: Any) -> ForceScheduler:
    """A scheduler that is active."""
    scheduler = ForceScheduler(**{"name": "force", "builderNames": ["b1", "b2"], **options})
    house.activate(scheduler)
    return scheduler


def test_the_plain_form_has_the_fields_that_clients_know() -> None:
    document = ForceScheduler("force", ["b1"]).document()

    assert (document.name, document.label, document.button_name) == ("force", "force", "force")
    assert document.builder_names == ["b1"]
    head, codebase = document.all_fields
    assert [(f["fullName"], f["type"], f["label"], f["default"]) for f in head["fields"]] == [
        ("username", "username", "Your name:", ""),
        ("reason", "text", "reason", "force build"),
        ("priority", "int", "priority", 0),
    ]
    assert (head["name"], head["fullName"], head["type"], head["columns"]) == ("", None, "nested", 1)
    assert [(f["fullName"], f["label"]) for f in codebase["fields"]] == [
        ("branch", "Branch:"),
        ("project", "Project:"),
        ("repository", "Repository:"),
        ("revision", "Revision:"),
    ]
    assert codebase["columns"] == 2
    assert head["fields"][1] == {
        "autopopulate": None,
        "default": "force build",
        "fullName": "reason",
        "hide": False,
        "label": "reason",
        "maxsize": None,
        "multiple": False,
        "name": "reason",
        "regex": None,
        "required": False,
        "size": 20,
        "tablabel": "reason",
        "tooltip": "",
        "type": "text",
    }


def test_keys_of_documents_are_sorted() -> None:
    def check(document: dict[str, Any]) -> None:
        assert list(document) == sorted(document)
        for inner in document.get("fields", []):
            check(inner)

    for document in ForceScheduler("force", ["b1"]).document().all_fields:
        check(document)


def test_nested_fields_have_full_names_and_own_attributes() -> None:
    scheduler = ForceScheduler(
        "force",
        ["b1"],
        codebases=[
            "x",
            CodebaseParameter(
                "y",
                label="Y",
                branch=ChoiceStringParameter("branch", choices=["a", "b"], default="a"),
                revision=FixedParameter("revision", default="r"),
                repository=StringParameter("repository"),
                project="p",
            ),
        ],
        properties=[
            NestedParameter("opts", [BooleanParameter("flag", label="fl"), IntParameter("n")], label="Opts"),
            NestedParameter("", [TextParameter("t")]),
            AnyPropertyParameter("any"),
        ],
    )

    _, x, y, opts, nameless, any_property = scheduler.document().all_fields
    assert (x["name"], x["label"], x["fields"][0]["fullName"]) == ("x", "Codebase: x", "x_branch")
    assert (y["label"], y["columns"]) == ("Y", 1)
    assert [f["type"] for f in y["fields"]] == ["list", "fixed", "text", "fixed"]
    assert y["fields"][0]["choices"] == ["a", "b"]
    assert [f["fullName"] for f in opts["fields"]] == ["opts_flag", "opts_n"]
    assert (nameless["fullName"], nameless["fields"][0]["fullName"]) == (None, "t")
    assert (nameless["fields"][0]["cols"], nameless["fields"][0]["rows"]) == (80, 20)
    assert [f["fullName"] for f in any_property["fields"]] == ["any_name", "any_value"]


def test_an_empty_form_asks_for_all_builders(house: House) -> None:
    buildset = force(house, active(house))

    assert house.requests() == [(1, 1, 0), (1, 2, 0)]
    assert buildset["reason"] == "A build was forced by '': force build"
    assert buildset["properties"] == {
        "owner": ("", FORM),
        "reason": ("force build", FORM),
        "scheduler": ("force", "Scheduler"),
    }
    (stamp,) = buildset["sourcestamps"]
    assert [stamp[k] for k in ("branch", "codebase", "project", "repository", "revision")] == ["", "", "", "", ""]


def test_a_form_is_refused_while_nothing_can_be_written(house: House) -> None:
    scheduler = active(house)

    full = True

    def write(_tx: Transaction) -> None:
        if full:
            raise OSError(errno.ENOSPC, "No space left on device")

    written = house.database.write(write)
    house.turn()

    with pytest.raises(Unavailable, match="No space left"):
        force(house, scheduler)
    full = False
    house.advance(10)
    house.result(written)


def test_what_is_sent_becomes_properties_sources_and_priority(house: House) -> None:
    scheduler = active(
        house,
        codebases=["lib", "app"],
        properties=[
            NestedParameter("opts", [BooleanParameter("flag", default=True), IntParameter("n", default=3)]),
            AnyPropertyParameter("any"),
            StringParameter("text", required=True),
            ChoiceStringParameter("ch", choices=["a", "b"], multiple=True, default="a"),
        ],
    )

    buildset = force(
        house, scheduler, builderNames=["b2"], username="joe <a@b.c>", reason="because", priority="4", text=3,
        opts_flag=False, opts_n="5", any_name="foo", any_value="v", ch=["a", "b"], app_branch="main",
        lib_revision="r1", unknown="ignored",
    )  # fmt: skip

    assert house.requests() == [(1, 1, 4)]
    assert buildset["reason"] == "A build was forced by 'joe <a@b.c>': because"
    properties = {name: value for name, (value, source) in buildset["properties"].items() if source == FORM}
    assert properties == {
        "ch": ["a", "b"],
        "foo": "v",
        "opts": {"flag": False, "n": 5},
        "owner": "joe <a@b.c>",
        "reason": "because",
        "text": 3,
    }
    stamps = {stamp["codebase"]: stamp for stamp in buildset["sourcestamps"]}
    assert (stamps["app"]["branch"], stamps["app"]["revision"]) == ("main", "")
    assert (stamps["lib"]["branch"], stamps["lib"]["revision"]) == ("", "r1")


def test_all_wrong_fields_are_named_at_once(house: House) -> None:
    scheduler = active(
        house,
        properties=[NestedParameter("opts", [IntParameter("n")]), StringParameter("text", required=True, default="x")],
    )

    assert refused(house, scheduler, opts_n="z", username="joe", priority="q") == {
        "username": "username: please fill in email address in the form 'User <email@email.com>'",
        "priority": "priority: an integer was expected, not 'q'",
        "opts_n": "n: an integer was expected, not 'z'",
        "text": "'text' needs to be specified",
    }


@pytest.mark.parametrize(
    "values",
    [
        {"builderid": 99},
        {"builderid": 10**30},
        {"builderid": "one"},
        {"builderid": "1" * 30},
        {"builderid": True},
        {"builderid": [1]},
        {"builderid": -1},
        {"builderNames": ["nope"]},
        {"builderNames": []},
        {"builderNames": {}},
        {"builderNames": [3]},
    ],
)
def test_builders_that_the_scheduler_does_not_have_are_refused(house: House, values: dict[str, Any]) -> None:
    assert list(refused(house, active(house), **values)) == list(values)


@pytest.mark.parametrize("sent", [10**30, 2**31, -(10**30), str(10**30)])
def test_a_priority_that_no_column_holds_is_refused(house: House, sent: object) -> None:
    assert refused(house, active(house), priority=sent) == {
        "priority": "priority: a number from -2147483647 to 2147483647 was expected"
    }


def test_a_priority_field_of_any_kind_gives_a_number(house: House) -> None:
    scheduler = active(house, priority=StringParameter("urgency"))

    assert list(refused(house, scheduler, urgency="very")) == ["urgency"]


@pytest.mark.parametrize("field", ["branch", "project", "repository", "revision"])
@pytest.mark.parametrize(("sent", "kept"), [(10**30, str(10**30)), (1234, "1234"), (1.5, "1.5")])
def test_what_a_source_is_made_of_is_kept_as_text(house: House, field: str, sent: Any, kept: str) -> None:
    (stamp,) = force(house, active(house), **{field: sent})["sourcestamps"]

    assert stamp[field] == kept


@pytest.mark.parametrize("field", ["branch", "project", "reason", "repository", "revision", "username"])
def test_no_text_may_hold_a_nul(house: House, field: str) -> None:
    assert list(refused(house, active(house), **{field: "a@b.c \0"})) == [field]


def test_wrong_builders_are_told_together_with_wrong_fields(house: House) -> None:
    scheduler = active(house, properties=[IntParameter("n")])

    assert set(refused(house, scheduler, n="x", builderNames=["b3"])) == {"n", "builderNames"}
    assert set(refused(house, scheduler, n="x", builderid=77)) == {"n", "builderid"}


def test_a_patch_belongs_to_its_source_stamp(house: House) -> None:
    scheduler = active(house, codebases=[CodebaseParameter("app", patch=PatchParameter())])

    sent = {"app_patch_body": "--- a\n", "app_patch_author": "alice", "app_patch_level": "2", "app_branch": "main"}
    patched = force(house, scheduler, **sent)["sourcestamps"][0]
    plain = force(house, scheduler, app_branch="main")["sourcestamps"][0]

    assert (patched["branch"], plain["patch"]) == ("main", None)
    assert patched["patch"]["body"] == b"--- a\n"
    assert (patched["patch"]["author"], patched["patch"]["level"], patched["patch"]["subdir"]) == ("alice", 2, ".")


def test_one_builder_can_be_chosen_by_its_id(house: House) -> None:
    scheduler = active(house)
    b2 = house.result(house.updates.findBuilderId("b2"))

    force(house, scheduler, builderid=str(b2))  # as Buildbot's pages send it

    assert house.requests() == [(1, b2, 0)]


def test_a_builder_of_another_scheduler_is_refused(house: House) -> None:
    scheduler = active(house, builderNames=["b1"])
    b2 = house.result(house.updates.findBuilderId("b2"))

    assert refused(house, scheduler, builderid=b2) == {"builderid": f"{b2} is not a builder of scheduler 'force'"}


def test_the_sessions_owner_goes_over_the_forms(house: House) -> None:
    buildset = force(house, active(house), "bob@example.org", username="joe <a@b.c>")

    assert buildset["properties"]["owner"] == ("bob@example.org", FORM)


@pytest.mark.parametrize("name", ["self", "owner", "values", "name"])
def test_no_field_name_confuses_the_form(house: House, name: str) -> None:
    buildset = force(house, active(house, properties=[StringParameter("x")]), **{"x": "1"})
    bsid, _ = house.result(ForceSchedulersWith(house).force("force", "joe", {name: "v", "x": "1"}))

    assert bsid == buildset["bsid"] + 1


def test_the_audit_log_is_told_in_the_transaction_that_adds_the_buildset(house: House) -> None:
    registry = ForceSchedulersWith(house)
    data = DataAPI(database=house.database, updates=house.updates, bus=house.bus, force_schedulers=registry)

    def control(**values: Any) -> Any:
        return house.result(data.control("force", values, ["forceschedulers", "force"], Actor("joe")))

    house.result(registry.force("force", "joe", {"x": "1"}))  # which looks the builder up
    units = house.database.statistics["units"]
    bsid, requests = control(x="1")
    assert house.database.statistics["units"] == units + 1
    with pytest.raises(InvalidParameters):
        control(builderNames=["none"])

    done, refused = house.result(house.database.read(lambda rows: list(map(audit.from_row, audit.rows(rows)))))
    assert (done.outcome, done.after) == ("done", {"bsid": bsid, "buildrequestids": sorted(requests.values())})
    assert (refused.outcome, refused.after, refused.parameters) == ("refused", {}, {"builderNames": ["none"]})
    assert "x" not in done.parameters


def ForceSchedulersWith(house: House) -> ForceSchedulers:
    registry = ForceSchedulers()
    scheduler = ForceScheduler("force", ["b1"], properties=[StringParameter("x")])
    house.activate(scheduler)
    registry.replace([scheduler])
    return registry


def test_the_registry_knows_active_forms_by_name(house: House) -> None:
    registry = ForceSchedulersWith(house)

    assert [document.name for document in house.result(registry.documents())] == ["force"]
    with pytest.raises(NotFound):
        house.result(registry.force("other", "joe", {}))


def test_a_disabled_form_is_refused_and_says_so_in_its_document(house: House) -> None:
    scheduler = active(house)
    assert scheduler.document().enabled

    house.result(house.updates.schedulerEnable(scheduler.schedulerid, False))

    assert not scheduler.document().enabled
    with pytest.raises(Conflict):
        force(house, scheduler)


@pytest.mark.parametrize(
    ("parameter", "sent", "value"),
    [
        (StringParameter("s"), None, ""),
        (StringParameter("s", default="d"), None, "d"),
        (StringParameter("s", default="d"), "", "d"),
        (StringParameter("s"), 3, 3),
        (StringParameter("s"), ["x"], "x"),
        (StringParameter("s", multiple=True), ["x", "y"], ["x", "y"]),
        (StringParameter("s", multiple=True), None, []),
        (StringParameter("s", regex="a+"), "aab", "aab"),
        (TextParameter("s"), "a\nb", "a\nb"),
        (IntParameter("i", default=7), None, 7),
        (IntParameter("i", default=7), "", 7),
        (IntParameter("i"), "12", 12),
        (IntParameter("i"), 12, 12),
        (IntParameter("i"), 12.0, 12),
        (BooleanParameter("b"), None, False),
        (BooleanParameter("b", default=True), None, True),
        (BooleanParameter("b", default=True), "", False),
        (BooleanParameter("b"), True, True),
        (BooleanParameter("b"), "true", True),
        (BooleanParameter("b"), "False", False),
        (FixedParameter("f", default="q"), "z", "q"),
        (ChoiceStringParameter("c", choices=["a", "b"], default="b"), None, "b"),
        (ChoiceStringParameter("c", choices=["a", "b"]), "a", "a"),
        (ChoiceStringParameter("c", choices=["a"], strict=False), "z", "z"),
        (ChoiceStringParameter("c", choices=["a"], multiple=True), None, []),
        (UserNameParameter(), "", ""),
        (UserNameParameter(), "bob <a@b.c>", "bob <a@b.c>"),
        (UserNameParameter(), "a@b.c", "a@b.c"),
        (UserNameParameter(need_email=False), "bob", "bob"),
        (FileParameter("f"), "content", "content"),
    ],
)
def test_a_field_turns_what_is_sent_into_a_value(parameter: BaseParameter, sent: object, value: object) -> None:
    form = Form({} if sent is None else {parameter.name: sent})
    into: dict[str, Any] = {}

    parameter.collect(form, into)

    assert form.errors == {}
    assert into == {parameter.name: value}
    assert type(into[parameter.name]) is type(value)


@pytest.mark.parametrize(
    ("parameter", "sent", "problem"),
    [
        (StringParameter("s", required=True, label="L"), "", "'L' needs to be specified"),
        (StringParameter("s", required=True, default="x"), None, "'s' needs to be specified"),
        (StringParameter("s", regex="^a$"), "b", "s:'b' does not match pattern '^a$'"),
        (StringParameter("s", maxsize=3), "abcdef", "s: is too large 6 > 3"),
        (StringParameter("s"), {"a": 1}, "s: a text or a number was expected, not an object"),
        (StringParameter("s"), ["a", "b"], "s: one value was expected, not 2"),
        (StringParameter("s"), [["a"]], "s: a text or a number was expected, not a list"),
        (IntParameter("i"), "x", "i: an integer was expected, not 'x'"),
        (IntParameter("i"), 1.5, "i: an integer was expected, not 1.5"),
        (IntParameter("i"), float("inf"), "i: an integer was expected, not inf"),
        (BooleanParameter("b"), "perhaps", "b: true or false was expected, not 'perhaps'"),
        (BooleanParameter("b"), {}, "b: a text or a number was expected, not an object"),
        (
            ChoiceStringParameter("c", choices=["a"]),
            "x",
            "'x' does not belong to list of available choices '['a']'",
        ),
        (
            ChoiceStringParameter("c", choices=["a"]),
            None,
            "'' does not belong to list of available choices '['a']'",
        ),
        (FileParameter("f", maxsize=2), "abc", "f: is too large 3 > 2"),
    ],
)
def test_a_field_refuses_what_it_cannot_take(parameter: BaseParameter, sent: object, problem: str) -> None:
    form = Form({} if sent is None else {parameter.name: sent})
    into: dict[str, Any] = {}

    parameter.collect(form, into)

    assert form.errors == {parameter.name: problem}
    assert into == {}


def test_an_earlier_build_gives_what_the_form_leaves_open(house: House) -> None:
    async def finished(master: Any, builder: Any) -> list[str]:
        return [f"b1/{build['number']}" for build in await master.data.get("builds")]

    fields = [InheritBuildParameter(compatible_builds=finished), StringParameter("a"), StringParameter("b")]
    scheduler = active(house, properties=fields)
    _, requests = house.result(scheduler.send({"branch": "main", "revision": "r1", "a": "1", "b": "2"}, "al"))
    worker = house.result(house.updates.findWorkerId("w1"))
    house.result(house.updates.claimBuildRequests([requests[1]]))
    build, _ = house.result(house.updates.newBuild(1, requests[1], worker))
    house.result(house.updates.finishBuild(build, 0))
    house.turn()
    [choice] = [f for f in scheduler.document().all_fields if f["name"] == "inherit"]
    assert choice["choices"] == ["b1/1"]

    assert refused_again(house, scheduler, inherit="b1/7") == {"inherit": "there is no build 7 of 'b1'"}
    assert "builder/number" in refused_again(house, scheduler, inherit="b1")["inherit"]
    inherited = force(house, scheduler, owner="bob", inherit="b1/1", a="3")
    plain = force(house, scheduler, a="3")

    [stamp] = inherited["sourcestamps"]
    assert (stamp["branch"], stamp["revision"]) == ("main", "r1")
    assert (inherited["properties"]["a"], inherited["properties"]["owner"]) == (("3", FORM), ("bob", FORM))
    assert inherited["properties"]["b"] == ("2", FORM)
    assert plain["sourcestamps"][0]["branch"] == ""


def refused_again(house: House, scheduler: ForceScheduler, **values: Any) -> dict[str, str]:
    """What is wrong with a form that is not the first."""
    with pytest.raises(InvalidParameters) as error:
        force(house, scheduler, **values)
    return error.value.fields


def test_a_free_property_has_a_name_that_is_allowed(house: House) -> None:
    scheduler = active(house, properties=[AnyPropertyParameter("any")])

    assert refused(house, scheduler, any_name="a b; c", any_value="v") == {
        "any": "bad property name='a b; c', value='v'"
    }


def test_workers_can_be_chosen_among_those_configured(house: House) -> None:
    scheduler = active(house, properties=[WorkerChoiceParameter()])

    assert scheduler.document().all_fields[-1]["choices"] == ["w1"]
    assert "workername" not in force(house, scheduler)["properties"]
    assert force(house, scheduler, workername="w1")["properties"]["workername"] == ("w1", FORM)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"name": ""}, "the name must be a non-empty string"),
        ({"builderNames": "b"}, "builderNames must be a list"),
        ({"builderNames": [3]}, "builderNames must be a list"),
        ({"reason": 3}, "reason must be a parameter of a form"),
        ({"username": 3}, "username must be a parameter of a form"),
        ({"codebases": []}, "codebases must not be empty"),
        ({"codebases": {}}, "codebases must be a list"),
        ({"codebases": [3]}, "codebases must be names or CodebaseParameters"),
        ({"properties": 3}, "properties must be a list of parameters"),
        ({"properties": [3]}, "properties must be parameters"),
        ({"label": 3}, "label must be a string"),
        ({"buttonName": 3}, "buttonName must be a string"),
        ({"reasonString": "%(who)s"}, "reasonString must be a format of owner and reason"),
    ],
)
def test_wrong_arguments_are_errors_of_the_configuration(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem.replace("(", r"\(")):
        ForceScheduler(**{"name": "force", "builderNames": ["b1"], **options})


def test_unknown_arguments_of_a_field_are_refused_and_those_of_any_field_taken() -> None:
    with pytest.raises(ConfigError, match="unknown argument 'defualt'"):
        StringParameter("s", defualt="x")

    assert BooleanParameter("b", size=3).document()["type"] == "bool"


def test_a_form_costs_little(house: House) -> None:
    scheduler = active(house)
    force(house, scheduler)
    form = {"reason": "r", "branch": "main"}
    began = time.process_time()

    for _ in range(200):
        house.result(scheduler.send(form, "anonymous", None, None))

    # two requests, their events and rows included; far above what it takes, so that a slow machine passes, too
    assert (time.process_time() - began) / 200 < 0.01

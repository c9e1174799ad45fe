"""The generated modules are what the generator makes of the present API, and they fit the documents of the master."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

import buildmill.client
from buildmill.client import api
from buildmill.common.errors import InvalidInput
from buildmill.master.data.api import ENDPOINTS
from buildmill.master.data.client_source import client_sources
from buildmill.master.data.schemas import ANYTHING

PACKAGE = Path(buildmill.client.__file__).parent


def test_the_modules_are_those_that_make_client_writes_now() -> None:
    for name, text in client_sources(ENDPOINTS).items():
        assert (PACKAGE / name).read_text() == text, f"{name} is old: run `make client`"


def test_attributes_and_subscripts_are_the_elements_of_a_path() -> None:
    assert api.builders["a b/c"].builds[3].steps["compile"].logs["stdio"].path == (
        "builders/a%20b%2Fc/builds/3/steps/compile/logs/stdio"
    )
    assert api.builders[7].builds[3].steps[0].logs["stdio"].raw.path == ("builders/7/builds/3/steps/0/logs/stdio/raw")
    assert api.codebases[1].commit_range[2][3].commits_common_parent.path == (
        "codebases/1/commit_range/2/3/commits_common_parent"
    )
    assert api.buildsets[5].sourcestamps.path == "buildsets/5/sourcestamps"
    assert api.builders[5].forceschedulers.path == "builders/5/forceschedulers"
    assert (api.path, api.application_spec.path) == ("", "application.spec")


def test_every_path_of_the_api_is_there() -> None:
    for endpoint in ENDPOINTS:
        node = api
        for part in endpoint.pattern.split("/") if endpoint.pattern else ():
            kind, colon, _ = part.partition(":")
            # pairs of an attribute and a subscript, of whatever kind
            node = node[1 if kind in ("n", "") else "x"] if colon else getattr(node, part.replace(".", "_"))  # type: ignore[index]
        assert len(node.elements) == len(endpoint.pattern.split("/") if endpoint.pattern else ())
        for method, control in endpoint.actions.items():
            taken = set(inspect.signature(getattr(node, method)).parameters)
            if not {"$ref", "allOf"}.isdisjoint(control.params):
                assert taken, f"{endpoint.pattern} {method}"
            elif control.params != ANYTHING:
                assert taken == set(control.params.get("properties", {})), f"{endpoint.pattern} {method}"


def test_filters_orders_and_pages_become_parameters() -> None:
    chosen = api.builds.where(results=[2, 4], complete=True, number__gt=3).order("-buildid").limit(5).offset(2)

    assert chosen.parameters == (
        ("results", "2"), ("results", "4"), ("complete", "true"), ("number__gt", "3"),
        ("order", "-buildid"), ("limit", "5"), ("offset", "2"),
    )  # fmt: skip
    assert api.builds.with_properties("*").only("buildid").parameters == (("property", "*"), ("field", "buildid"))


@pytest.mark.parametrize(
    ("filters", "field"), [({"colour": 1}, "colour"), ({"results__near": 1}, "results__near"), ({"id__gt": 1}, "id")]
)
def test_a_filter_that_the_master_would_pass_over_is_refused(filters: dict[str, int], field: str) -> None:
    with pytest.raises(InvalidInput) as error:
        api.builds.filtered(filters)

    assert error.value.field == field


def test_a_call_carries_what_was_given_and_nothing_else() -> None:
    assert api.builds[3].stop(reason="no").params == {"reason": "no"}
    assert api.builds[3].stop(reason=None).params == {"reason": None}
    assert api.workers["w1"].unpause().path == "workers/w1"
    assert api.forceschedulers["f"].force(builderid=3).params == {"builderid": 3}

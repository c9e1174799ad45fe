"""The v3 API answers as its OpenAPI document says, whatever is sent."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS

from buildmill.master.web.cloudfoundry.openapi import document
from buildmill.master.web.cloudfoundry.operations import OPERATIONS
from tests.database import open_stage
from tests.integration.test_schemathesis import ACCEPTANCE, ToFace
from tests.unit.master.web.cloudfoundry.house import HERE, House, token

EXAMPLES = 5
# whether things are there, and go together, no schema tells; the other check asks on a connection of its own
LEFT_OUT = ACCEPTANCE + CHECKS.get_by_names(["ignored_auth"])
# what takes something away comes last; files are in the tests of uploads
CALLED = sorted(
    (operation for operation in OPERATIONS if not operation.takes_file),
    key=lambda operation: operation.http == "DELETE",
)


class Place:
    """A house with one thing of each kind, and the description of it that names them."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.session = requests.Session()
        self.session.mount("http://", ToFace(house.face))
        app = house.app("first")
        package = house.ready_package(app)
        build = house.build(package)
        droplet = house.end(build)["droplet"]
        buildpack = house.ok("POST", "/v3/buildpacks", {"name": "first"}, by="admin")
        things = {"apps": app, "packages": package, "builds": build, "droplets": droplet, "buildpacks": buildpack}
        for name in ("stacks", "spaces", "organizations"):
            things[name] = house.ok("GET", f"/v3/{name}")["resources"][0]
        doomed = house.ask("DELETE", f"/v3/apps/{house.app('second')['guid']}")
        things["jobs"] = {"guid": doomed.headers["location"].rpartition("/")[2]}
        self.schema: Any = schemathesis.openapi.from_dict(self._document(things))

    def _document(self, things: dict[str, Any]) -> dict[str, Any]:
        described = copy.deepcopy(document(OPERATIONS, HERE))
        for path, operations in described["paths"].items():
            for operation in operations.values():
                for parameter in operation["parameters"]:
                    if parameter["in"] == "path":
                        parameter["schema"] = {"enum": [things[path.split("/")[1]]["guid"]]}
                    elif parameter["name"] == "source_guid":
                        parameter["schema"] = {"enum": [things["packages"]["guid"]]}
        return described


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    stage = open_stage()
    house = House(stage, tmp_path_factory.mktemp("described") / "blobs")
    place = Place(house)
    yield place
    place.session.close()
    house.close()
    stage.close()


@pytest.mark.parametrize("operation", CALLED, ids=lambda operation: operation.name)
def test_answers_are_as_described(place: Place, operation: Any) -> None:
    described = place.schema["/" + "/".join(operation.path)][operation.http]
    for mode in GenerationMode:
        try_out(place, described, mode)


def try_out(place: Place, described: Any, mode: GenerationMode) -> None:
    @settings(
        max_examples=EXAMPLES, derandomize=True, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=described.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        case.call_and_validate(
            base_url=f"{HERE}/v3",
            session=place.session,
            headers={"Authorization": f"bearer {token('admin')}"},
            excluded_checks=LEFT_OUT,
        )

    ask()

"""The client from PyPI that others use with Cloud Foundry drives a master and a worker of ours, over HTTP."""

from __future__ import annotations

import base64
import hashlib
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cloudfoundry_client.client import CloudFoundryClient
from cloudfoundry_client.errors import InvalidStatusCode

from tests.interop.cloudfoundry import STACK, StagingMaster, staging_master

# the client leaves closing the file that it uploads to the garbage collector
pytestmark = pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <_io.FileIO:pytest.PytestUnraisableExceptionWarning"
)


@pytest.fixture(scope="module")
def staging(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StagingMaster]:
    with staging_master(tmp_path_factory.mktemp("cloudfoundry")) as staging:
        yield staging


def refusal(error: Any) -> tuple[int, int, str]:
    """Status, code and title."""
    (found,) = error.value.body["errors"]
    return int(error.value.status_code), found["code"], found["title"]


def test_from_a_folder_to_a_droplet(staging: StagingMaster, tmp_path: Path) -> None:
    app, package = staging.new_package("greet", greeting_txt="hello\n")
    assert package["state"] == "READY"

    build = staging.of("builds")._create(
        {
            "package": {"guid": package["guid"]},
            "lifecycle": {"type": "buildpack", "data": {"buildpacks": ["greeter"], "stack": STACK}},
            "staging_memory_in_mb": 128,
            "staging_disk_in_mb": 256,
            "metadata": {"labels": {"step": "one"}, "annotations": {}},
        }
    )

    assert (build["state"], build["droplet"], build["checksum"]) == ("STAGING", None, None)
    assert build.app()["guid"] == app["guid"]
    staged = staging.staged(build)
    assert (staged["state"], staged["error"]) == ("STAGED", None), staging.master.own_log()
    droplet = staged.droplet()
    assert droplet["process_types"] == {"web": "cat greeting.txt"}
    assert [each["name"] for each in droplet["buildpacks"]] == ["greeter"]
    assert droplet["checksum"] == staged["checksum"]
    download = staging.client.get(droplet["links"]["download"]["href"], stream=True)
    (tmp_path / "droplet.tgz").write_bytes(download.content)
    told = subprocess.run(["sha256sum", tmp_path / "droplet.tgz"], capture_output=True, check=True, text=True).stdout
    assert told.split()[0] == droplet["checksum"]["value"]
    assert staging.app_files(download.content)["greeting.txt"] == "hello\n"
    assigned = staging.client.patch(
        f"{staging.url}/v3/apps/{app['guid']}/relationships/current_droplet",
        json={"data": {"guid": droplet["guid"]}},
    ).json()
    assert assigned["data"] == {"guid": droplet["guid"]}
    assert staging.client.v3.apps.get(app["guid"], "droplets", "current")["guid"] == droplet["guid"]


def test_bits_come_back_as_they_were(staging: StagingMaster) -> None:
    _, package = staging.new_package("bits", greeting_txt="bits")

    content = staging.client.get(package["links"]["download"]["href"]).content

    assert content == (staging.master.basedir.parent / "bits.zip").read_bytes()
    assert hashlib.sha256(content).hexdigest() == package["data"]["checksum"]["value"]


def test_detection_and_what_it_does_not_find(staging: StagingMaster) -> None:
    _, package = staging.new_package("detected", greeting_txt="hi")
    build = staging.of("builds")._create({"package": {"guid": package["guid"]}})
    assert staging.staged(build)["state"] == "STAGED", staging.master.own_log()

    _, nothing = staging.new_package("undetected", other_txt="hi")
    build = staging.of("builds")._create({"package": {"guid": nothing["guid"]}})

    failed = staging.staged(build)
    assert (failed["state"], failed["droplet"]) == ("FAILED", None)
    assert failed["error"].startswith(
        "NoAppDetectedError - An app was not successfully detected by any available buildpack"
    )


def test_a_build_that_fails_and_the_log_of_it(staging: StagingMaster) -> None:
    app, package = staging.new_package("broken", greeting_txt="hi", broken="yes")

    failed = staging.staged(staging.of("builds")._create({"package": {"guid": package["guid"]}}))

    assert failed["error"].startswith("BuildpackCompileFailed - App staging failed in the buildpack compile phase")
    read = staging.client.get(f"{staging.url}/api/v1/read/{app['guid']}?start_time=-1&limit=1000").json()
    lines = [bytes_of(envelope) for envelope in read["envelopes"]["batch"]]
    assert any(line.startswith("greeting by ") for line in lines)
    assert "warning" in lines
    assert {envelope["tags"]["source_type"] for envelope in read["envelopes"]["batch"]} == {"STG"}


def bytes_of(envelope: Any) -> str:
    return base64.b64decode(envelope["log"]["payload"]).decode()


def test_lists_and_pages(staging: StagingMaster) -> None:
    for name in ("l1", "l2", "l3"):
        related = {"space": {"data": {"guid": staging.space}}}
        metadata = {"labels": {"list": "yes"}}
        staging.of("apps")._create({"name": name, "relationships": related, "metadata": metadata})

    found = staging.client.v3.apps.list(label_selector="list=yes", per_page=1, order_by="-name")

    assert [app["name"] for app in found] == ["l3", "l2", "l1"]
    assert staging.of("apps").len(names=["l1", "l2", "nowhere"]) == 2
    assert [each["name"] for each in staging.client.v3.stacks.list()] == [STACK]
    assert [each["name"] for each in staging.client.v3.buildpacks.list()] == ["greeter"]
    assert staging.client.v3.organizations.len() == 1


def test_links_lead_on(staging: StagingMaster) -> None:
    app, package = staging.new_package("links", greeting_txt="hi")

    assert [each["guid"] for each in app.packages()] == [package["guid"]]
    assert list(app.builds()) == list(app.droplets()) == []
    assert app.space()["guid"] == staging.space
    assert package.app()["guid"] == app["guid"]


def test_deleting_an_app_takes_a_job(staging: StagingMaster) -> None:
    app, package = staging.new_package("doomed", greeting_txt="hi")

    staging.client.v3.apps.remove(app["guid"], asynchronous=False)

    for kind, guid in (("apps", app["guid"]), ("packages", package["guid"])):
        with pytest.raises(InvalidStatusCode) as error:
            staging.of(kind).get(guid)
        assert refusal(error) == (404, 10010, "CF-ResourceNotFound")


def test_refusals(staging: StagingMaster) -> None:
    _, package = staging.new_package("refused", greeting_txt="hi")
    build = {"package": {"guid": package["guid"]}}
    auditor, stranger = staging.client_with("the auditor's token"), staging.client_with("nobody's token")

    def refused(client: Any, document: Any) -> tuple[int, int, str]:
        with pytest.raises(InvalidStatusCode) as error:
            staging.of("builds", client)._create(document)
        return refusal(error)

    assert refused(staging.client, {"package": {"guid": "nowhere"}}) == (422, 10008, "CF-UnprocessableEntity")
    assert refused(staging.client, {**build, "colour": "red"}) == (422, 10008, "CF-UnprocessableEntity")
    assert refused(auditor, build) == (422, 10008, "CF-UnprocessableEntity")
    assert refused(stranger, build) == (401, 1000, "CF-InvalidAuthToken")
    assert refused(staging.client, {**build, "lifecycle": {"type": "cnb", "data": {}}})[1:] == (
        330002, "CF-FeatureDisabled",
    )  # fmt: skip
    with pytest.raises(InvalidStatusCode) as error:
        staging.of("packages")._upload_bits(package["guid"], str(staging.master.basedir.parent / "refused.zip"))
    assert refusal(error) == (400, 150004, "CF-PackageBitsAlreadyUploaded")


def test_the_usual_login(staging: StagingMaster) -> None:
    client: Any = CloudFoundryClient(staging.url)

    client.init_with_user_credentials("ann", "ann's password")

    assert client.v3.spaces.get_first()["guid"] == staging.space
    client._access_token = "an old one"
    assert client.v3.spaces.get_first()["guid"] == staging.space  # it gets itself another one

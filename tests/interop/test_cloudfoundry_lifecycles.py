"""The lifecycles `cnb` and `docker` by the client that others use, with a master, a worker and a registry."""

from __future__ import annotations

import base64
import io
import json
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from cloudfoundry_client.errors import InvalidStatusCode

from buildmill.common.cnb.launching import prepare_launch_blocking, read_launch_metadata
from buildmill.common.cnb.places import Home
from buildmill.master.cli.main import main
from tests.buildpacks import buildpack
from tests.interop.cloudfoundry import StagingMaster, staging_master
from tests.registry import Registry, image, layer, running_registry

pytestmark = pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <_io.FileIO:pytest.PytestUnraisableExceptionWarning"
)

MORE = """
c["staging"] |= {{"docker": True, "cnb": True, "insecure_registries": [{address!r}]}}
"""
GREETER = buildpack(
    "acme/greeter",
    detect="test -e greeting.txt || exit 100",
    build="""
if [ -d "$L/greet" ]; then echo "greet is here already"; else mkdir -p "$L/greet/bin"; fi
printf '#!/bin/sh\\necho "$1 $(cat greeting.txt)"\\n' > "$L/greet/bin/greet"
chmod +x "$L/greet/bin/greet"
printf '[types]\\nlaunch = true\\ncache = true\\n' > "$L/greet.toml"
printf '[[processes]]\\ntype = "web"\\ncommand = ["greet"]\\nargs = ["well,"]\\n' > "$L/launch.toml"
""",
)


@pytest.fixture(scope="module")
def registry() -> Iterator[Registry]:
    with running_registry() as registry:
        registry.access, registry.username, registry.password = "bearer", "me", "my password"
        yield registry
        assert registry.complaints == []


@pytest.fixture(scope="module")
def staging(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StagingMaster]:
    folder = tmp_path_factory.mktemp("lifecycles")
    for name, text in GREETER.items():
        path = folder / "buildpacks" / "acme" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
    with staging_master(folder, MORE.format(address=registry.address)) as staging:
        yield staging


def build(staging: StagingMaster, package: Any, **data: Any) -> Any:
    """A staging that has ended."""
    lifecycle = {"type": "cnb", "data": data}
    return staging.staged(
        staging.of("builds")._create(
            {"package": {"guid": package["guid"]}, "lifecycle": lifecycle, "staging_disk_in_mb": 256}
        )
    )


def log_of(staging: StagingMaster, app: Any) -> str:
    read = staging.client.get(f"{staging.url}/api/v1/read/{app['guid']}?start_time=-1&limit=1000").json()
    return "\n".join(_text(envelope) for envelope in read["envelopes"]["batch"])


def _text(envelope: Any) -> str:
    return base64.b64decode(envelope["log"]["payload"]).decode()


def test_a_droplet_of_cloud_native_buildpacks_runs_elsewhere(staging: StagingMaster, tmp_path: Path) -> None:
    app, package = staging.new_package("cloud-native", lifecycle="cnb", greeting_txt="hello")

    staged = build(staging, package, buildpacks=["acme"])

    assert (staged["state"], staged["error"]) == ("STAGED", None), staging.master.own_log()
    droplet = staged.droplet()
    assert droplet["process_types"] == {"web": "greet well,"}
    assert [each["version"] for each in droplet["buildpacks"]] == ["1.0"]
    content = staging.client.get(f"{staging.url}/v3/droplets/{droplet['guid']}/download").content
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        archive.extractall(tmp_path, filter="data")
    home = Home(tmp_path)
    launch = prepare_launch_blocking(home, read_launch_metadata(home), inherited={"PATH": "/usr/bin:/bin"})
    said = subprocess.check_output(launch.arguments, env=launch.environment, cwd=launch.directory, text=True)
    assert said == "well, hello\n"

    again = build(staging, package, buildpacks=["acme"])

    assert again["checksum"] == staged["checksum"]
    assert "greet is here already" in log_of(staging, app)


def test_buildpacks_are_detected_and_the_error_says_if_not(staging: StagingMaster) -> None:
    _, package = staging.new_package("found", lifecycle="cnb", greeting_txt="hi")
    assert build(staging, package)["state"] == "STAGED"

    _, nothing = staging.new_package("not-found", lifecycle="cnb", other_txt="hi")

    assert build(staging, nothing)["error"].startswith("CNBDetectFailed - cnb: detecting failed")


def test_a_buildpack_comes_from_a_registry_that_asks_for_credentials(
    staging: StagingMaster, registry: Registry
) -> None:
    root = "/cnb/buildpacks/acme_greeter/1.0/"
    registry.push("bp/greeter", "1", image({}, [layer({root + name: text for name, text in GREETER.items()})]))
    url = f"docker://{registry.address}/bp/greeter:1"
    app, package = staging.new_package("of-image", lifecycle="cnb", greeting_txt="hi")

    good = {registry.address: {"username": "me", "password": "my password"}}
    staged = build(staging, package, buildpacks=[url], credentials=good)
    assert (staged["state"], staged["error"]) == ("STAGED", None), log_of(staging, app)
    assert "my password" not in json.dumps(staged)

    bad = {registry.address: {"username": "me", "password": "another"}}
    failed = build(staging, package, buildpacks=[url], credentials=bad)
    assert failed["error"].startswith("CNBDownloadBuildpackFailed - cnb: downloading buildpacks failed")
    assert "another" not in log_of(staging, app)


def test_an_image_becomes_a_droplet_without_bytes(staging: StagingMaster, registry: Registry) -> None:
    registry.push("team/app", "7", image({"Entrypoint": ["/run"], "Cmd": ["now"], "ExposedPorts": {"8080/tcp": {}}}))
    app = staging.new_app("image", "docker")
    reference = registry.reference("team/app", "7")
    package = staging.of("packages")._create(
        {
            "type": "docker",
            "data": {"image": reference, "username": "me", "password": "my password"},
            "relationships": {"app": {"data": {"guid": app["guid"]}}},
        }
    )

    staged = staging.staged(staging.of("builds")._create({"package": {"guid": package["guid"]}}))

    assert (staged["state"], staged["error"]) == ("STAGED", None), log_of(staging, app)
    droplet = staged.droplet()
    assert droplet["image"] == reference
    assert droplet["process_types"] == {"web": "/run now"}
    assert json.loads(droplet["execution_metadata"])["ports"] == [{"Port": 8080, "Protocol": "tcp"}]
    assert "download" not in droplet["links"]
    assert "my password" not in json.dumps([package, droplet])
    with pytest.raises(InvalidStatusCode):
        staging.client.get(f"{staging.url}/v3/droplets/{droplet['guid']}/download")


def test_an_image_that_is_not_there_fails_the_staging(staging: StagingMaster, registry: Registry) -> None:
    app = staging.new_app("no-image", "docker")
    package = staging.of("packages")._create(
        {
            "type": "docker",
            "data": {"image": registry.reference("team/none")},
            "relationships": {"app": {"data": {"guid": app["guid"]}}},
        }
    )

    failed = staging.staged(staging.of("builds")._create({"package": {"guid": package["guid"]}}))

    assert failed["error"].startswith("StagingError - Staging error: ")


def push(staging: StagingMaster, *arguments: object) -> Result:
    known = {
        "BUILDMILL_MASTER": staging.url,
        "BUILDMILL_TOKEN": "the developer's token",
        "BUILDMILL_DOCKER_PASSWORD": "my password",
    }
    return CliRunner(env=known).invoke(main, ["push", *map(str, arguments)])


def test_our_own_command_line_goes_the_whole_way_as_well(
    staging: StagingMaster, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "greet").mkdir()
    (tmp_path / "greet/greeting.txt").write_text("hello")
    droplet, key = tmp_path / "droplet", staging.master.basedir / "attestation.pub"

    shown = push(staging, tmp_path / "greet", "--lifecycle", "cnb", "--output", droplet, "--key", key)
    ran = [CliRunner().invoke(main, ["run-droplet", str(droplet), *more]) for more in ((), ("so",))]

    assert shown.exit_code == 0, shown.output
    assert [each.exit_code for each in ran] == [0, 0]
    assert capfd.readouterr().out == "well, hello\nso hello\n"
    statement = json.loads(base64.b64decode(json.loads((tmp_path / "droplet.intoto.json").read_text())["payload"]))
    definition = statement["predicate"]["buildDefinition"]
    assert definition["externalParameters"]["lifecycle"] == "cnb"
    assert [each["name"].partition("/")[0] for each in definition["resolvedDependencies"]] == ["package", "buildpack"]


def test_our_own_command_line_stages_an_image(staging: StagingMaster, registry: Registry, tmp_path: Path) -> None:
    registry.push("team/pushed", "7", image({"Entrypoint": ["/run"], "Cmd": ["now"]}))
    options = ("--docker-image", registry.reference("team/pushed", "7"), "--docker-username", "me")

    staged = push(staging, *options)
    fetched = push(staging, *options, "--output", tmp_path / "droplet")
    missing = push(staging, "--docker-image", registry.reference("team/none"), "--docker-username", "me")

    assert staged.exit_code == 0, staged.output
    assert "  web: /run now" in staged.output.splitlines()
    assert fetched.exit_code == 1
    assert "there is no droplet to fetch: it is the image" in fetched.output
    assert missing.exit_code == 1
    assert "team/none" in missing.output[missing.output.rindex("Error: staging failed") :]

"""The client of registries against a registry that verifies what it is asked."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from buildmill.common.errors import BuildmillError
from buildmill.common.staging import SECRETS_PATH, Cause, Lifecycle, Phase, Secrets, encode
from buildmill.worker.staging.deadline import Deadline
from buildmill.worker.staging.docker.credentials import ANONYMOUS, Credentials, credentials_for
from buildmill.worker.staging.docker.http import Http
from buildmill.worker.staging.docker.image import Configuration
from buildmill.worker.staging.docker.reference import parse_reference
from buildmill.worker.staging.docker.registry import Registry as Client
from buildmill.worker.staging.failure import PhaseFailed
from tests.registry import Registry, image, index, running_registry
from tests.staging_area import StagingArea

ME = Credentials(username="me", password="secret")


@pytest.fixture
def registry() -> Iterator[Registry]:
    with running_registry() as running:
        yield running
        assert running.complaints == []


def client(
    registry: Registry, credentials: Credentials = ANONYMOUS, *, name: str = "app", tag: str = "latest"
) -> Client:
    http = Http(insecure=[registry.address], deadline=_endless(), pause=lambda seconds: None)
    separator = "@" if tag.startswith("sha256:") else ":"
    return Client(parse_reference(f"{registry.address}/{name}{separator}{tag}"), credentials, http, "x86_64")


def configuration(client: Client) -> Configuration:
    return client.configuration(client.manifest())


def fails(client: Client) -> PhaseFailed:
    with pytest.raises(PhaseFailed) as raised:
        configuration(client)
    return raised.value


def test_an_image_is_asked_for_by_tag_by_digest_and_by_machine(registry: Registry) -> None:
    amd = image({"User": "amd"})
    registry.push("app", "latest", index({"linux/arm64": image({"User": "arm"}), "linux/amd64": amd}))

    assert configuration(client(registry)).settings.user == "amd"
    assert configuration(client(registry, tag=amd.document.digest)).settings.user == "amd"


@pytest.mark.parametrize("access", ["basic", "bearer"])
def test_who_has_a_name_and_a_password_is_let_in(registry: Registry, access: str) -> None:
    registry.access, registry.username, registry.password = access, "me", "secret"  # type: ignore[assignment]  # a literal
    registry.push("app", "latest", image({"User": "amd"}))

    assert configuration(client(registry, ME)).settings.user == "amd"
    assert fails(client(registry, Credentials(username="me", password="wrong"))).cause is Cause.DOWNLOAD
    assert "secret" not in str(fails(client(registry, Credentials(username="you", password="secret"))))


def test_a_token_may_be_given_to_anybody(registry: Registry) -> None:
    registry.access = "bearer"
    registry.push("app", "latest", image({"User": "amd"}))

    assert configuration(client(registry)).settings.user == "amd"


def test_a_token_that_was_given_is_shown(registry: Registry) -> None:
    registry.access = "bearer"
    registry.push("app", "latest", image())

    configuration(client(registry, Credentials(token="let-me-in")))

    assert "/token" not in registry.asked
    assert "does not accept the token" in fails(client(registry, Credentials(token="other"))).message


def test_without_credentials_the_failure_says_what_is_asked_for(registry: Registry) -> None:
    registry.access, registry.username = "basic", "me"

    assert "asks for credentials (basic), and none were given" in fails(client(registry)).message


def test_credentials_are_not_shown_to_another_server(registry: Registry) -> None:
    registry.access, registry.username, registry.password = "basic", "me", "secret"
    whole = image({"User": "amd"})
    registry.push("app", "latest", whole)
    with running_registry() as other:
        other.push("app", "latest", whole)
        registry.redirect_to = other.address
        insecure = Http(insecure=[registry.address, other.address], deadline=_endless(), pause=lambda seconds: None)
        asking = Client(parse_reference(registry.reference("app")), ME, insecure, "x86_64")

        assert configuration(asking).settings.user == "amd"

        other.access = "basic"
        assert "to which it was redirected, asks for credentials" in fails(asking).message
        assert other.complaints == []


def test_a_redirect_to_plain_http_elsewhere_is_not_followed(registry: Registry) -> None:
    registry.push("app", "latest", image())
    registry.redirect_to = "127.0.0.1:9"

    assert "none of the insecure registries" in fails(client(registry)).message


def test_redirects_come_to_an_end(registry: Registry) -> None:
    registry.push("app", "latest", image())
    registry.redirects_forever = True

    assert "redirects more than 5 times" in fails(client(registry)).message


@pytest.mark.parametrize("failures", [[503], [500, 429, 502]])
def test_up_to_four_tries_are_made(registry: Registry, failures: list[int]) -> None:
    registry.push("app", "latest", image({"User": "amd"}))
    registry.failures = failures

    assert configuration(client(registry)).settings.user == "amd"


def test_after_four_tries_it_is_a_failure(registry: Registry) -> None:
    registry.push("app", "latest", image())
    registry.failures = [503] * 5

    assert "answered with 503" in fails(client(registry)).message
    assert registry.failures == [503]


def test_a_broken_off_answer_is_tried_again_and_then_a_failure(registry: Registry) -> None:
    registry.push("app", "latest", image())
    registry.is_breaking_off = True

    assert "too early" in fails(client(registry)).message
    assert len(registry.asked) == 4


def test_what_is_not_there_is_not_asked_for_again(registry: Registry) -> None:
    assert "there is none" in fails(client(registry)).message
    assert len(registry.asked) == 1


def test_a_blob_that_is_not_what_it_should_be_is_refused(registry: Registry) -> None:
    registry.push("app", "latest", image())
    registry.is_lying = True

    failure = fails(client(registry))

    assert failure.cause is Cause.CHECKSUM
    assert "has the digest" in failure.message


def test_a_blob_is_saved_while_it_is_verified(registry: Registry, tmp_path: Path) -> None:
    registry.push("app", "latest", image(layers=[b"layer" * 100_000]))
    asking = client(registry)
    [pointer] = asking.manifest().layers

    asking.download(pointer, tmp_path / "layer")

    assert (tmp_path / "layer").read_bytes() == b"layer" * 100_000
    registry.is_lying = True
    with pytest.raises(PhaseFailed, match="has the digest"):
        asking.download(pointer, tmp_path / "layer")


def test_a_blob_longer_than_its_manifest_says_is_refused(registry: Registry) -> None:
    whole = image()
    manifest = json.loads(whole.document.content)
    manifest["config"]["size"] = 1
    registry.push("app", "latest", whole)
    short = json.dumps(manifest).encode()
    registry.documents["app", "latest"] = type(whole.document)(short, whole.document.media_type)

    assert "has more than 1 bytes" in fails(client(registry)).message


def test_plain_http_is_for_the_list_of_insecure_registries_only(registry: Registry) -> None:
    http = Http(insecure=[], deadline=_endless(), pause=lambda seconds: None)
    asking = Client(parse_reference(registry.reference("app")), ANONYMOUS, http, "x86_64")

    assert re.search("SSL|ssl", fails(asking).message)
    assert registry.asked == []


def test_the_time_for_staging_bounds_the_tries(registry: Registry) -> None:
    registry.failures = [503] * 9
    now = itertools.count()
    http = Http(
        insecure=[registry.address], deadline=Deadline(lambda: float(next(now)), 6.0), pause=lambda seconds: None
    )

    failure = fails(Client(parse_reference(registry.reference("app")), ANONYMOUS, http, "x86_64"))

    assert failure.cause is Cause.TIME


def _endless() -> Deadline:
    return Deadline(itertools.repeat(0.0).__next__, 60.0)


# -- the phase, as the worker runs it ------------------------------------------------------


def area(registry: Registry, root: Path, name: str) -> StagingArea:
    image_of_task = {"image": f"{registry.address}/{name}", "insecure_registries": [registry.address]}
    return StagingArea(root=root, lifecycle=Lifecycle.DOCKER, more=image_of_task)


def test_inspection_gives_a_droplet_without_bytes(registry: Registry, tmp_path: Path) -> None:
    registry.access, registry.username, registry.password = "bearer", "me", "secret"
    registry.push("team/app", "1", image({"Entrypoint": ["/run"], "Cmd": ["now"], "ExposedPorts": {"80/tcp": {}}}))
    made = area(registry, tmp_path, "team/app:1")
    assert made.run(Phase.SURVEY).outcome.missing == []
    given = {registry.address: {"username": "me", "password": "secret"}}
    (tmp_path / SECRETS_PATH).write_bytes(encode(Secrets(registries=given)))

    ran = made.run(Phase.INSPECT)

    assert (ran.outcome.error, ran.exit_code) == ("", 0)
    assert ran.outcome.droplet is not None
    assert ran.outcome.droplet.file is None
    assert ran.outcome.droplet.result["process_types"] == {"web": "/run now"}
    assert ran.outcome.droplet.result["lifecycle_metadata"] == {"docker_image": f"{registry.address}/team/app:1"}
    assert not (tmp_path / SECRETS_PATH).exists()
    assert "secret" not in ran.log + encode(ran.outcome).decode()


def test_every_failure_of_an_inspection_ends_with_two(registry: Registry, tmp_path: Path) -> None:
    ran = area(registry, tmp_path, "none").run(Phase.INSPECT)

    outcome = ran.outcome
    assert (ran.exit_code, outcome.exit_code, outcome.error, outcome.cause) == (2, 2, "StagingError", Cause.DOWNLOAD)
    assert outcome.message == f"the manifest of {registry.address}/none:latest: there is none"


@pytest.mark.parametrize(
    "given", [{"username": "me"}, {"token": "t", "username": "me", "password": "p"}, {"password": "p"}]
)
def test_mixed_credentials_are_refused(given: dict[str, str]) -> None:
    with pytest.raises(BuildmillError, match="are either username and password, or token"):
        credentials_for("r.example", {"https://r.example/v2/": given})


@pytest.mark.parametrize(
    "url", ["http://é/", "http://a b/", "http://a/\r\nX: y", "file:///etc/passwd", "http://[/", "//x"]
)
def test_what_is_no_url_is_not_asked(url: str) -> None:
    http = Http(insecure=["a", "é", "a b"], deadline=_endless(), pause=lambda seconds: None)

    with pytest.raises(PhaseFailed, match="is no URL") as raised, http.get(url, {}):
        pass

    assert raised.value.cause is Cause.DOWNLOAD


def test_a_token_that_cannot_be_shown_is_refused() -> None:
    with pytest.raises(BuildmillError, match="have a token that is not of printable ASCII characters"):
        credentials_for("r.example", {"r.example": {"token": "a\r\nX: y"}})

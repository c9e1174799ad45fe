"""What documents of images say."""

from __future__ import annotations

import json
from typing import Any

import pytest

from buildmill.common.errors import InvalidInput
from buildmill.worker.staging.docker.image import (
    Index,
    Manifest,
    choose,
    read_configuration,
    read_manifest,
    result_document,
)
from tests.registry import DOCKER_LIST, DOCKER_MANIFEST, INDEX, MANIFEST, image, index


def result(settings: dict[str, Any]) -> dict[str, Any]:
    configuration = read_configuration(json.dumps({"config": settings}).encode())
    return result_document("r.example/app:t", configuration.settings)


def test_the_result_has_what_the_image_says() -> None:
    document = result(
        {
            "Entrypoint": ["/run", "-v"],
            "Cmd": ["serve"],
            "WorkingDir": "/srv",
            "User": "app",
            "ExposedPorts": {"8080/udp": {}, "8080/tcp": {}, "53/udp": {}, "443": {}},
        }
    )

    metadata = json.loads(document.pop("execution_metadata"))
    assert document == {
        "lifecycle_type": "docker",
        "lifecycle_metadata": {"docker_image": "r.example/app:t"},
        "process_types": {"web": "/run -v serve"},
    }
    assert metadata == {
        "cmd": ["serve"],
        "entrypoint": ["/run", "-v"],
        "workdir": "/srv",
        "ports": [
            {"Port": 53, "Protocol": "udp"},
            {"Port": 443, "Protocol": "tcp"},
            {"Port": 8080, "Protocol": "tcp"},
            {"Port": 8080, "Protocol": "udp"},
        ],
        "user": "app",
    }


def test_empty_members_are_left_out() -> None:
    assert result({"Cmd": ["x"], "Entrypoint": None, "User": ""})["execution_metadata"] == '{"cmd":["x"]}'
    assert read_configuration(b"{}").settings.cmd is None


@pytest.mark.parametrize("port", ["http/tcp", "0/tcp", "65536/tcp", "/tcp", "²", "1" * 5000])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    with pytest.raises(InvalidInput, match="is no port"):
        result({"ExposedPorts": {port: {}}})


@pytest.mark.parametrize("media_type", [MANIFEST, DOCKER_MANIFEST])
def test_manifests_are_told_by_their_type(media_type: str) -> None:
    content = image(media_type=media_type).document.content

    assert isinstance(read_manifest(content, media_type), Manifest)
    assert isinstance(read_manifest(content, "application/json"), Manifest)


@pytest.mark.parametrize("media_type", [INDEX, DOCKER_LIST])
def test_of_an_index_linux_on_this_machine_is_taken(media_type: str) -> None:
    arm, amd = image({"User": "arm"}), image({"User": "amd"})
    whole = index({"linux/arm64": arm, "windows/amd64": image(), "linux/amd64": amd}, media_type=media_type)
    document = read_manifest(whole.document.content, media_type)

    assert isinstance(document, Index)
    assert choose(document, "x86_64").digest == amd.document.digest
    assert choose(document, "aarch64").digest == arm.document.digest
    with pytest.raises(InvalidInput, match=r"none for linux/riscv64; the registry has linux/arm64, windows/amd64"):
        choose(document, "riscv64")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"not json", "manifest: is malformed"),
        (b"[]", "manifest: is malformed"),
        (b'{"x":' + b"[" * 100_000, "manifest: is malformed"),
        (b'{"schemaVersion": 1}', "is not supported"),
        (b'{"mediaType": "application/vnd.docker.distribution.manifest.v1+json"}', "v1\\+json is not supported"),
        (b'{"schemaVersion": 2, "config": {"digest": "md5:0", "size": 1}}', "malformed"),
        (b'{"schemaVersion": 2, "config": {"digest": "sha256:../../x", "size": 1}}', "malformed"),
    ],
)
def test_what_is_no_manifest_is_refused(content: bytes, problem: str) -> None:
    with pytest.raises(InvalidInput, match=problem):
        read_manifest(content, "text/plain")

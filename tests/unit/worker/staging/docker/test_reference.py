"""References of images."""

from __future__ import annotations

import pytest

from buildmill.common.errors import InvalidInput
from buildmill.worker.staging.docker.reference import parse_reference

DIGEST = "sha256:" + "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("text", "whole", "address", "wanted"),
    [
        ("nginx", "docker.io/library/nginx:latest", "registry-1.docker.io", "latest"),
        ("me/app:1.2", "docker.io/me/app:1.2", "registry-1.docker.io", "1.2"),
        ("index.docker.io/nginx", "docker.io/library/nginx:latest", "registry-1.docker.io", "latest"),
        ("localhost/app", "localhost/app:latest", "localhost", "latest"),
        ("127.0.0.1:5000/a/b:t", "127.0.0.1:5000/a/b:t", "127.0.0.1:5000", "t"),
        ("[::1]:5000/app", "[::1]:5000/app:latest", "[::1]:5000", "latest"),
        ("r.example/app@" + DIGEST, "r.example/app@" + DIGEST, "r.example", DIGEST),
        ("r.example/app:t@" + DIGEST, "r.example/app:t@" + DIGEST, "r.example", DIGEST),
        ("host:80/x__y/z-z", "host:80/x__y/z-z:latest", "host:80", "latest"),
    ],
)
def test_abbreviations_are_made_whole(text: str, whole: str, address: str, wanted: str) -> None:
    reference = parse_reference(text)

    assert (str(reference), reference.address, reference.wanted) == (whole, address, wanted)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is no name of a repository"),
        ("UPPER", "is no name of a repository"),
        ("a//b", "is no name of a repository"),
        ("a/../b", "is no name of a repository"),
        ("r.example/", "is no name of a repository"),
        ("http://r.example/app", "is no host"),
        ("me@evil.example/app", "a digest is sha256:"),
        ("app:", "is no tag"),
        ("app:.t", "is no tag"),
        ("app@sha256:00", "a digest is sha256:"),
        ("app@sha512:" + "0" * 128, "a digest is sha256:"),
        ("r.example:x/app", "is no host"),
    ],
)
def test_what_is_no_reference_is_refused(text: str, problem: str) -> None:
    with pytest.raises(InvalidInput, match=problem):
        parse_reference(text)

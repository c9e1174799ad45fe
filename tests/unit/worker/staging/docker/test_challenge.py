"""What a registry says it wants to see."""

from __future__ import annotations

import pytest

from buildmill.worker.staging.docker.challenge import Challenge, read_challenges


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Basic", [("basic", {})]),
        ('Basic realm="a, b"', [("basic", {"realm": "a, b"})]),
        (
            'Bearer realm="https://a.example/token",service="r",scope="repository:x:pull"',
            [("bearer", {"realm": "https://a.example/token", "service": "r", "scope": "repository:x:pull"})],
        ),
        ('Basic realm="x", Bearer realm=y', [("basic", {"realm": "x"}), ("bearer", {"realm": "y"})]),
        ('Bearer Realm = "say \\"x\\""', [("bearer", {"realm": 'say "x"'})]),
        ("", []),
        ('realm="x"', []),
        ('Bearer realm="open', [("bearer", {})]),
    ],
)
def test_headers_are_read(header: str, expected: list[tuple[str, dict[str, str]]]) -> None:
    assert read_challenges([header]) == [Challenge(scheme=scheme, parameters=given) for scheme, given in expected]


def test_several_headers_are_several_challenges() -> None:
    assert [challenge.scheme for challenge in read_challenges(["Basic", "Bearer"])] == ["basic", "bearer"]

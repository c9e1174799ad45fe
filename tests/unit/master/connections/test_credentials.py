"""Credentials in the upgrade."""

from __future__ import annotations

import base64

import pytest

from buildmill.master.connections.credentials import Credentials, Refused, read_credentials


def basic(text: str | bytes) -> str:
    return "Basic " + base64.b64encode(text if isinstance(text, bytes) else text.encode()).decode()


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (basic("w1:pass"), Credentials("w1", "pass")),
        (basic("w1:pa:ss"), Credentials("w1", "pa:ss")),
        (basic("w1:"), Credentials("w1", "")),
        (basic("wörker:ü"), Credentials("wörker", "ü")),
        (basic("w1:pass").replace("Basic", "basic"), Credentials("w1", "pass")),
    ],
)
def test_name_and_password_are_read(header: str, expected: Credentials) -> None:
    assert read_credentials(header) == expected


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (None, 401),
        ("", 400),
        ("Bearer abc", 400),
        ("Basic", 400),
        ("Basic %%%", 400),
        ("Basic YQ", 400),
        (basic(b"\xff:x"), 400),
        (basic("no colon"), 400),
        (basic(":x"), 400),
        ("Basic é", 400),
    ],
)
def test_anything_else_is_refused_with_its_status(header: str | None, status: int) -> None:
    with pytest.raises(Refused) as error:
        read_credentials(header)

    assert error.value.status == status


def test_a_password_is_not_shown() -> None:
    assert "secret" not in repr(Credentials("w1", "secret"))

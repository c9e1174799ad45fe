"""Requests and answers, and the errors of answers that say no."""

from __future__ import annotations

from datetime import timedelta

import pytest

from buildmill.client import api
from buildmill.client import errors as e
from buildmill.client.documents import Master, encoded_path, first_of, page_of, result_of
from buildmill.client.resources import RootLink
from buildmill.common.errors import Conflict, Forbidden, InvalidInput, NotFound, NotSupported, Unavailable


@pytest.mark.parametrize(
    "url", ["ci.example.org", "http://ci.example.org/", "http://ci.example.org/api/v2", "http://ci.example.org/api/v2/"]
)
def test_a_master_is_named_by_its_address_in_any_form(url: str) -> None:
    assert Master(url).request("builds").url == "http://ci.example.org/api/v2/builds"


@pytest.mark.parametrize("url", ["ftp://x", "http://", "://"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput, match="master: expected http:, https: or HOST:PORT"):
        Master(url)


@pytest.mark.parametrize(
    ("token", "header"),
    [("bmt_abc", "Bearer bmt_abc"), ("ann:secret", "Basic YW5uOnNlY3JldA=="), ("bmt_x:y", "Basic Ym10X3g6eQ==")],
)
def test_a_token_and_a_password_are_told_apart(token: str, header: str) -> None:
    assert Master(token=token).request("builds").headers["Authorization"] == header


def test_parameters_are_encoded_and_calls_are_json_rpc() -> None:
    master = Master("h:1")

    assert master.reading(api.builders.where(name="a&b c")).url == "http://h:1/api/v2/builders?name=a%26b+c"
    assert master.calling(api.builds[1].stop(reason="é")).body == (
        '{"jsonrpc":"2.0","id":1,"method":"stop","params":{"reason":"é"}}'.encode()
    )
    assert master.listening(["builds/*/new", "a/b"], "e-1").url == (
        "http://h:1/sse/listen?path=builds%2F%2A%2Fnew&path=a%2Fb&since=e-1"
    )


def test_a_path_is_taken_as_people_write_it() -> None:
    assert encoded_path("/api/v2/builders/a b/builds?limit=3&order=-number") == (
        "builders/a%20b/builds",
        (("limit", "3"), ("order", "-number")),
    )


@pytest.mark.parametrize(
    ("status", "kind", "also"),
    [
        (400, e.Refused, e.ApiError), (401, e.Unauthenticated, e.ApiError), (403, e.Denied, Forbidden),
        (404, e.Missing, NotFound), (409, e.Conflicting, Conflict), (413, e.Refused, e.ApiError),
        (500, e.MasterFailed, e.ApiError), (501, e.Unsupported, NotSupported), (503, e.Busy, Unavailable),
        (302, e.Refused, e.ApiError), (502, e.MasterFailed, e.ApiError),
    ],
)  # fmt: skip
def test_each_status_has_its_error_with_the_masters_words(
    status: int, kind: type[e.ApiError], also: type[Exception]
) -> None:
    for body in (b'{"error": "because"}', b'{"jsonrpc":"2.0","error":{"code":-1,"message":"because"}}', b"because\nx"):
        error = e.error_of(status, body)

        assert type(error) is kind
        assert isinstance(error, also)
        assert (error.status, error.problem) == (status, "because")


def test_an_error_of_a_form_names_its_fields_and_one_of_a_busy_master_how_long_to_wait() -> None:
    refused = e.error_of(400, b'{"error":{"code":-32602,"message":{"reason":"expected a text"}}}')
    busy = e.error_of(503, b"", "10")

    assert (refused.fields, refused.problem) == ({"reason": "expected a text"}, "reason: expected a text")
    assert isinstance(busy, e.Busy)
    assert busy.retry_after == timedelta(seconds=10)


def test_errors_of_the_v3_api_have_their_title() -> None:
    body = b'{"errors":[{"detail":"The app is gone","title":"CF-ResourceNotFound","code":10010},' + (
        b'{"detail":"and more","title":"CF-Other","code":1}]}'
    )

    error = e.error_of(404, body)

    assert isinstance(error, e.Missing)
    assert (error.title, error.problem) == ("CF-ResourceNotFound", "The app is gone; and more")
    assert e.error_of(404, b'{"error": "because"}').title == ""


def test_an_answer_that_is_not_understood_names_what_is_wrong() -> None:
    good = b'{"rootlinks": [{"name": "builds", "newer": 1}], "meta": {"total": 7}}'

    assert page_of(good, "rootlinks", RootLink).rows == [RootLink(name="builds")]
    assert page_of(good, "rootlinks", RootLink).total == 7
    for body, text in (
        (b"<html>", "rootlinks: "), (b'{"builds": []}', "expected 'rootlinks' in the answer, got builds"),
        (b'{"rootlinks": [{}]}', "missing required field `name`"), (b'{"rootlinks": []}', "expected one of rootlinks"),
    ):  # fmt: skip
        with pytest.raises(e.UnexpectedAnswer, match=text):
            first_of(body, "rootlinks", RootLink)
    assert result_of(b'{"result": [3, {"1": 7}]}', tuple[int, dict[str, int]]) == (3, {"1": 7})
    with pytest.raises(e.UnexpectedAnswer, match="result"):
        result_of(b'{"result": "x"}', int)

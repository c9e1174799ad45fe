"""No secret passes a masker, however the stream is cut, and nothing else is changed."""

from __future__ import annotations

import base64
import itertools
import json
import shlex
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildmill.common.errors import InvalidInput
from buildmill.common.masking import MASK, Masker, check_secrets

secrets = st.lists(st.text(st.sampled_from("abcAB /+\"'é\n$"), min_size=6, max_size=12), min_size=1, max_size=3)


def encodings(secret: str) -> list[bytes]:
    raw = secret.encode()
    return [
        raw,
        base64.b64encode(raw),
        base64.b64encode(raw).rstrip(b"="),
        base64.urlsafe_b64encode(raw),
        quote(raw).encode(),
        quote_plus(raw).encode(),
        shlex.quote(secret).encode(),
        json.dumps(secret)[1:-1].encode(),
        raw.hex().encode(),
    ]


def mask(masker: Masker, data: bytes, cuts: list[int]) -> bytes:
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    parts = [masker.feed(data[begin:end]) for begin, end in itertools.pairwise(places)]
    return b"".join(parts) + masker.flush()


@given(secrets=secrets, data=st.data(), cuts=st.lists(st.integers(0, 10_000), max_size=8))
def test_no_secret_for_any_split_and_the_same_as_at_once(
    secrets: list[str], data: st.DataObject, cuts: list[int]
) -> None:
    forms = [form for secret in secrets for form in encodings(secret)]
    pieces = data.draw(st.lists(st.sampled_from(forms) | st.binary(max_size=8), max_size=8))
    text = b"".join(pieces)
    cut = mask(Masker(secrets), text, cuts)

    assert not any(form in cut for form in forms)
    assert cut == Masker(secrets).whole(text)


@given(text=st.binary(max_size=300), cuts=st.lists(st.integers(0, 10_000), max_size=8))
def test_other_bytes_pass_unchanged(text: bytes, cuts: list[int]) -> None:
    secret = "Zq-unlikely-0815"

    assert mask(Masker([secret]), text, cuts) == text
    assert mask(Masker([]), text, cuts) == text


@pytest.mark.parametrize("before", [b"", b"u", b"us", b"use"])
@pytest.mark.parametrize("after", [b"", b"!", b"!!"])
def test_secret_inside_of_something_encoded(before: bytes, after: bytes) -> None:
    masked = Masker(["correct horse"]).whole(base64.b64encode(before + b"correct horse" + after))

    assert MASK in masked
    assert base64.b64encode(b"correct horse")[:12] not in masked


def test_what_cannot_be_a_secret_is_passed_on_at_once() -> None:
    masker = Masker(["hunter2-hunter2"])

    assert masker.feed(b"a line\n") == b"a line\n"
    assert masker.feed(b"more hun") == b"more "
    assert masker.feed(b"gry") == b"hungry"


def test_short_secrets_are_refused() -> None:
    with pytest.raises(InvalidInput, match="fewer than 6"):
        check_secrets(["12345"])

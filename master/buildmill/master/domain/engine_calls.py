"""What other processes ask of an engine, and what it answers, as JSON in the database.

Only what cannot be said by rows is asked: what user code of the configuration decides, and what is known in the
engine's memory alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Any

import msgspec

from buildmill.common.errors import (
    BuildmillError,
    Conflict,
    Forbidden,
    InvalidInput,
    NotFound,
    NotSupported,
    Unavailable,
)
from buildmill.master.domain.form_errors import InvalidParameters
from buildmill.master.domain.rights import Actor


class Call(msgspec.Struct, frozen=True, kw_only=True, tag_field="asks", tag="control"):
    """A control action; the engine does it, as if it had come to itself. Who asks was let in already."""

    method: str
    path: Sequence[str]
    params: dict[str, Any]
    actor: Actor


class Why(msgspec.Struct, frozen=True, kw_only=True, tag_field="asks", tag="why"):
    """Why a request waits; or, of a builder, the one that is next.

    Attributes:
        of: ``request`` or ``builder``.
    """

    of: str
    id: int


class WhyWaiting(msgspec.Struct, frozen=True, kw_only=True, tag_field="asks", tag="why_waiting"):
    """Why several requests wait; the builder of each, by the request's id."""

    requests: dict[int, int]


class Forms(msgspec.Struct, frozen=True, kw_only=True, tag_field="asks", tag="forms"):
    """The forms of all force schedulers."""


Question = Call | Why | WhyWaiting | Forms

_questions = msgspec.json.Decoder(Question)


class Kind(StrEnum):
    """What a refusal is."""

    NOT_FOUND = "not_found"
    NOT_SUPPORTED = "not_supported"
    INVALID_INPUT = "invalid_input"
    INVALID_PARAMETERS = "invalid_parameters"
    FORBIDDEN = "forbidden"
    CONFLICT = "conflict"
    UNAVAILABLE = "unavailable"
    OTHER = "other"
    BROKEN = "broken"


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """An error of the engine's, to be raised where the question came from.

    Attributes:
        field: of invalid input.
        fields: of invalid parameters.
        retry_after_seconds: of what is not available now.
    """

    kind: Kind
    text: str
    field: str = ""
    fields: dict[str, str] = {}
    retry_after_seconds: float | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Either what was asked for, as JSON, or why not."""

    value: msgspec.Raw = msgspec.Raw(b"null")
    refusal: Refusal | None = None


class EngineBroke(Exception):
    """An error of the engine's that nobody expected; its traceback is in the engine's log."""


def question_text(question: Question) -> str:
    """A question as it is kept; what JSON does not know, in what is told of a user, is kept as text."""
    return msgspec.json.encode(question, enc_hook=str).decode()


def question_of(text: str) -> Question:
    """The question that was kept.

    Raises:
        NotSupported: it is none that this version knows.
    """
    try:
        return _questions.decode(text)
    except msgspec.DecodeError as error:
        raise NotSupported(f"the engine does not know this question: {error}") from error


def answer_text(value: Any) -> str:
    """An answer as it is kept."""
    return msgspec.json.encode(Answer(value=msgspec.Raw(msgspec.json.encode(value)))).decode()


def refusal_text(error: Exception) -> str:
    """A refusal as it is kept."""
    return msgspec.json.encode(Answer(refusal=_refusal(error))).decode()


def value_of(text: str) -> msgspec.Raw:
    """What an answer holds, as JSON.

    Raises:
        BuildmillError: what the engine has refused it with.
        EngineBroke: the engine did not expect it either.
    """
    answer = msgspec.json.decode(text, type=Answer)
    if answer.refusal is not None:
        raise _error(answer.refusal)
    return answer.value


def _refusal(error: Exception) -> Refusal:
    text = str(error)
    match error:
        case InvalidParameters():
            fields = {name: str(problem) for name, problem in error.fields.items()}
            return Refusal(kind=Kind.INVALID_PARAMETERS, text=text, fields=fields)
        case InvalidInput():
            return Refusal(kind=Kind.INVALID_INPUT, text=error.problem, field=error.field)
        case NotFound():
            return Refusal(kind=Kind.NOT_FOUND, text=text)
        case NotSupported():
            return Refusal(kind=Kind.NOT_SUPPORTED, text=text)
        case Forbidden():
            return Refusal(kind=Kind.FORBIDDEN, text=text)
        case Conflict():
            return Refusal(kind=Kind.CONFLICT, text=text)
        case Unavailable():
            wait = None if error.retry_after is None else error.retry_after.total_seconds()
            return Refusal(kind=Kind.UNAVAILABLE, text=text, retry_after_seconds=wait)
        case BuildmillError():
            return Refusal(kind=Kind.OTHER, text=text)
        case _:
            return Refusal(kind=Kind.BROKEN, text=type(error).__name__)


def _error(refusal: Refusal) -> Exception:
    match refusal.kind:
        case Kind.INVALID_PARAMETERS:
            return InvalidParameters(refusal.fields)
        case Kind.INVALID_INPUT:
            return InvalidInput(refusal.field, refusal.text)
        case Kind.NOT_FOUND:
            return NotFound(refusal.text)
        case Kind.NOT_SUPPORTED:
            return NotSupported(refusal.text)
        case Kind.FORBIDDEN:
            return Forbidden(refusal.text)
        case Kind.CONFLICT:
            return Conflict(refusal.text)
        case Kind.UNAVAILABLE:
            wait = refusal.retry_after_seconds
            return Unavailable(refusal.text, None if wait is None else timedelta(seconds=wait))
        case Kind.OTHER:
            return BuildmillError(refusal.text)
        case Kind.BROKEN:
            return EngineBroke(f"the engine failed: {refusal.text}")

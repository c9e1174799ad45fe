"""A user's own API tokens: a list of them, making one, revoking one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from buildmill.common.errors import Forbidden, Unavailable
from buildmill.master.data import token_text
from buildmill.master.data.endpoints.arguments import updates_of, whole
from buildmill.master.data.endpoints.endpoint import Context, Control, Endpoint, Kind
from buildmill.master.data.paths import Keys
from buildmill.master.data.resultspec import ResultSpec
from buildmill.master.data.schemas import parameters, whole_number
from buildmill.master.data.types import TYPES
from buildmill.master.db import api_tokens
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.resources import Token
from buildmill.master.domain.rights import Actor, Via


async def _own(context: Context, _keys: Keys, _spec: ResultSpec, actor: Actor) -> Sequence[Token]:
    return await context.database.read(api_tokens.tokens, actor.username)


async def _one(context: Context, keys: Keys, spec: ResultSpec, actor: Actor) -> Token | None:
    return next((token for token in await _own(context, keys, spec, actor) if token.tokenid == keys["tokenid"]), None)


async def _create(context: Context, _keys: Keys, params: Mapping[str, Any], actor: Actor) -> dict[str, Any]:
    """Make a token; returns its id and its text, which nobody will see again."""
    if actor.via is Via.TOKEN or not actor.username:
        raise Forbidden("a token is made by a user who has logged in")
    if context.random_bytes is None:
        raise Unavailable("this process makes no tokens")
    name = token_text.checked_name(params.get("name"))
    scopes = token_text.checked_scopes(params.get("scopes"))
    days = token_text.checked_days(whole(params.get("days", token_text.DEFAULT_DAYS)))
    token = token_text.token_of(context.random_bytes(token_text.SECRET_BYTES))
    user = {"username": actor.username, **actor.user}
    lifetime = days * token_text.DAY_SECONDS
    digest = token_text.digest_of(token)
    tokenid = await updates_of(context).run(api_tokens.add, digest, name, user, scopes, lifetime)
    return {"token": token, "tokenid": tokenid}


async def _revoke(context: Context, keys: Keys, _params: Mapping[str, Any], actor: Actor) -> None:
    """End a token."""
    await updates_of(context).run(api_tokens.revoke, keys["tokenid"], actor.username)


def _state(connection: Connection, keys: Keys) -> dict[str, Any]:
    token = api_tokens.get(connection, keys["tokenid"])
    return {} if token is None else {"revoked_at": token.revoked_at}


def _made(tokenid: Any) -> dict[str, Any]:
    return {"tokenid": tokenid}


_TYPE = TYPES["token"]
_NEW = parameters(
    "name",
    "scopes",
    name={"type": "string", "pattern": "^[^\\u0000-\\u001f\\u007f]{1,100}$"},
    scopes={"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 100},
    days=whole_number(1, token_text.MOST_DAYS),
)

ENDPOINTS: list[Endpoint] = [
    Endpoint(
        "tokens", Kind.COLLECTION, _TYPE, "tokens.read", load_own=_own, depends=None,
        actions={"create": Control("tokens.create", _create, _NEW, tells=("name", "scopes", "days"), made=_made)},
    ),
    Endpoint(
        "tokens/n:tokenid", Kind.SINGLE, _TYPE, "tokens.read", load_own=_one, depends=None,
        actions={"revoke": Control("tokens.revoke", _revoke, parameters(), state=_state)},
    ),
]  # fmt: skip

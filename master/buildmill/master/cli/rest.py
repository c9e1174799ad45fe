"""A client of a running master's REST API, for commands that ask once."""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any, TypeVar

import click

from buildmill.common.errors import BuildmillError, NotFound

F = TypeVar("F", bound=Callable[..., Any])

DEFAULT_MASTER = "http://127.0.0.1:8010"
_TIMEOUT_SECONDS = 60


def master_option(function: F) -> F:
    """``--master``; give its value to `api_url`."""
    text = "URL of the master, or HOST:PORT."
    return click.option("-m", "--master", default=DEFAULT_MASTER, show_default=True, help=text)(function)


def auth_option(function: F) -> F:
    """``--auth``."""
    text = "An API token (bmt_...); USER:PASSWORD is sent as HTTP basic authentication, for a proxy in front."
    return click.option("-a", "--auth", metavar="TOKEN", envvar="BUILDMILL_TOKEN", help=text)(function)


def api_url(master: str) -> str:
    """Where the API of a master is, as ``--master`` names it."""
    if "://" not in master:
        master = f"http://{master}"
    if not master.startswith(("http://", "https://")):
        raise click.BadParameter("expected http:, https: or HOST:PORT", param_hint="--master")
    master = master.rstrip("/")
    return master if master.endswith("/api/v2") else f"{master}/api/v2"


def call(url: str, path: str, method: str, params: dict[str, Any], *, auth: str | None = None) -> Any:
    """Do something; returns the result.

    Args:
        url: of the API, see `api_url`.

    Raises:
        BuildmillError: the master cannot be reached, or it refuses; with its words.
    """
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
    return _ask(url, path, body, auth)["result"]


def rows(url: str, path: str, *, auth: str | None = None) -> list[dict[str, Any]]:
    """What is at a path of the API.

    Raises:
        NotFound: nothing is.
        BuildmillError: the master cannot be reached, or it refuses; with its words.
    """
    document = _ask(url, path, None, auth)
    found: list[dict[str, Any]] = next(value for key, value in document.items() if key != "meta")
    return found


def _ask(url: str, path: str, body: bytes | None, auth: str | None) -> dict[str, Any]:
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if auth is not None:
        is_token = auth.startswith("bmt_") and ":" not in auth
        basic = "Basic " + base64.b64encode(auth.encode()).decode()
        headers["Authorization"] = f"Bearer {auth}" if is_token else basic
    request = urllib.request.Request(f"{url}/{path}", data=body, headers=headers)  # noqa: S310  # checked: http(s)
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as response:  # noqa: S310
            document: dict[str, Any] = json.load(response)
            return document
    except urllib.error.HTTPError as refusal:
        reason = _reason(refusal)
        if refusal.code == 404:
            raise NotFound(reason) from refusal
        raise BuildmillError(f"the master refuses: {reason}") from refusal
    except (urllib.error.URLError, ValueError) as problem:
        why = getattr(problem, "reason", problem)
        raise BuildmillError(f"the master at {url} gives no answer: {why}") from problem


def _reason(refusal: urllib.error.HTTPError) -> str:
    text = refusal.read().decode(errors="replace")
    try:
        error = json.loads(text)["error"]
        return str(error["message"] if isinstance(error, dict) else error)
    except (ValueError, KeyError, TypeError):
        return f"{refusal.code} {refusal.reason}"

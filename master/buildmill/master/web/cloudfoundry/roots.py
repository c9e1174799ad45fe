"""What the v3 API says of itself: its root documents, which need no token."""

from __future__ import annotations

from typing import Any, Final

API_VERSION: Final = "3.228.0"
"""Of the published API that this face goes by."""
_RESOURCES: Final = (
    "apps", "builds", "buildpacks", "droplets", "info", "jobs", "organizations", "packages", "processes", "spaces",
    "stacks", "tasks",
)  # fmt: skip
_ABSENT: Final = ("network_policy_v0", "network_policy_v1", "credhub", "routing", "logging", "log_stream")
_NAME: Final = "Buildmill"


def root(url: str) -> dict[str, Any]:
    """``GET /``. Services that are not there are null; V2 is not mentioned."""
    here = {"href": url}
    return {
        "links": {
            "self": here,
            "cloud_controller_v3": {"href": f"{url}/v3", "meta": {"version": API_VERSION}},
            **dict.fromkeys(_ABSENT),
            "login": here,
            "uaa": here,
            "log_cache": here,
            "app_ssh": None,
        }
    }


def v3(url: str) -> dict[str, Any]:
    """``GET /v3``."""
    links = {name: {"href": f"{url}/v3/{name}"} for name in _RESOURCES}
    return {"links": {"self": {"href": f"{url}/v3"}, **links, "openapi": {"href": f"{url}/v3/openapi.json"}}}


def info(url: str, version: str) -> dict[str, Any]:
    """``GET /v3/info``.

    Args:
        version: of Buildmill.
    """
    return {
        "build": version,
        "cli_version": {"minimum": "", "recommended": ""},
        "custom": {},
        "description": "Packages are staged into droplets on the workers of Buildmill",
        "name": _NAME,
        "version": 0,
        "osbapi_version": "",
        "rate_limits": {"enabled": False, "general_limit": 0, "reset_interval_in_minutes": 0},
        "links": {"self": {"href": f"{url}/v3/info"}, "support": {"href": ""}},
    }


def log_cache(version: str) -> dict[str, Any]:
    """``GET /api/v1/info`` of the log cache.

    Args:
        version: of Buildmill.
    """
    return {"version": version, "vm_uptime": "0"}

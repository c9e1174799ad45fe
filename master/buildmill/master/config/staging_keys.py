"""The key ``staging``: stacks, buildpacks, limits, spaces and tokens of staging."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from typing import Any, Final

from buildmill.common.staging import UNLIMITED
from buildmill.master.config import entries
from buildmill.master.config.buildpack_folder import found_in, ordered
from buildmill.master.config.entries import Entries, Wrong, member, members
from buildmill.master.config.problems import Problems
from buildmill.master.config.web_keys import UNSET
from buildmill.master.domain.staging.configuration import (
    OrganizationConfig,
    SpaceConfig,
    StackConfig,
    StagingConfig,
    StagingFlags,
    StagingLimits,
    StagingRole,
    StaticToken,
)
from buildmill.master.domain.staging.values import StackState

_KEYS: Final = (
    "stacks", "default_stack", "workers", "buildpacks", "buildpack_order", "limits", "docker", "cnb",
    "custom_buildpacks", "organizations", "spaces", "tokens", "environment", "insecure_registries", "external_url",
)  # fmt: skip
_SHORTEST_TOKEN = 8
_LARGEST = 2**53
_DEFAULT = "default"
_RESERVED = ("VCAP_", "VMC", "PORT")


def checked_staging(key: str, value: Any, problems: Problems) -> Any:
    """The value as a `StagingConfig`."""
    if not isinstance(value, Mapping):
        problems.at_key(key, f"{key} must be a dictionary, not {value!r}")
        return UNSET
    before = len(problems.found)
    reader = Entries(key, value, _KEYS, problems)
    stacks = reader.all("stacks", _stack)
    order: tuple[str, ...] = reader.one("buildpack_order", entries.texts, ())
    organizations = reader.all("organizations", _organization) or (OrganizationConfig(name=_DEFAULT),)
    config = StagingConfig(
        is_on=True,
        stacks=stacks,
        default_stack=reader.one("default_stack", entries.text, stacks[0].name if stacks else ""),
        workernames=reader.one("workers", entries.texts, ()),
        buildpacks=ordered(reader.one("buildpacks", lambda value: found_in(problems.folder, value), ()), order),
        limits=reader.one("limits", _limits, StagingLimits()),
        flags=StagingFlags(
            docker=reader.one("docker", entries.flag, False),
            cnb=reader.one("cnb", entries.flag, False),
            custom_buildpacks=reader.one("custom_buildpacks", entries.flag, True),
        ),
        organizations=organizations,
        spaces=reader.all("spaces", lambda item: _space(item, organizations[0].name))
        or (SpaceConfig(name=_DEFAULT, organization=organizations[0].name),),
        tokens=reader.all("tokens", _token),
        environment=reader.one("environment", _environment, {}),
        insecure_registries=reader.one("insecure_registries", entries.texts, ()),
        external_url=reader.one("external_url", _url, ""),
    )
    if len(problems.found) == before:
        for inner, text in _contradictions(config, order):
            problems.at_key(key, f"{key}: {text}", inner=inner)
    return config if len(problems.found) == before else UNSET


# -- entries -----------------------------------------------------------------------------------


def _stack(item: Any) -> StackConfig:
    if isinstance(item, str):
        return StackConfig(name=_stack_name(item))
    item = members(item, "name", "description", "state", "workers")
    return StackConfig(
        name=member(item, "name", _stack_name),
        description=member(item, "description", entries.text, ""),
        state=member(item, "state", _state, StackState.ACTIVE),
        workernames=member(item, "workers", entries.texts, ()),
    )


def _stack_name(value: Any) -> str:
    name = entries.text(value)
    if len(name) > 100 or not all(character.isalnum() or character in "-_." for character in name):
        raise Wrong(f"must be a name of letters, digits, '-', '_' and '.', not {value!r}")
    return name


def _state(value: Any) -> StackState:
    return entries.choice(StackState)(value.upper() if isinstance(value, str) else value)


def _organization(item: Any) -> OrganizationConfig:
    if isinstance(item, str):
        return OrganizationConfig(name=entries.text(item))
    item = members(item, "name", "suspended")
    return OrganizationConfig(
        name=member(item, "name", entries.text), is_suspended=member(item, "suspended", entries.flag, False)
    )


def _space(item: Any, organization: str) -> SpaceConfig:
    if isinstance(item, str):
        return SpaceConfig(name=entries.text(item), organization=organization)
    item = members(item, "name", "organization", "suspended")
    return SpaceConfig(
        name=member(item, "name", entries.text),
        organization=member(item, "organization", entries.text, organization),
        is_suspended=member(item, "suspended", entries.flag, False),
    )


def _token(item: Any) -> StaticToken:
    # never with the item in a message: it holds the token
    if not isinstance(item, Mapping):
        raise Wrong("must be a dictionary with token, role, name, email, spaces")
    item = members(item, "token", "role", "name", "email", "spaces")
    given = item.get("token")
    if not isinstance(given, str) or len(given) < _SHORTEST_TOKEN or not given.isascii() or not given.isprintable():
        raise Wrong(f"['token'] must be a string of at least {_SHORTEST_TOKEN} printable ASCII characters")
    role = member(item, "role", entries.choice(StagingRole))
    return StaticToken(
        name=member(item, "name", entries.text, str(role)),
        role=role,
        digest=hashlib.sha256(given.encode()).hexdigest(),
        email=member(item, "email", entries.text, None),
        spaces=member(item, "spaces", entries.texts, ()),
    )


def _environment(value: Any) -> Mapping[str, str]:
    if not isinstance(value, Mapping):
        raise Wrong(f"must be a dictionary of variables, not {value!r}")
    for name, content in value.items():
        if not isinstance(name, str) or not name or "=" in name or "\0" in name or name.startswith(_RESERVED):
            raise Wrong(f"cannot set the variable {name!r}")
        if not isinstance(content, str) or "\0" in content:
            raise Wrong(f"[{name!r}] must be a string, not {content!r}")
    return dict(value)


def _url(value: Any) -> str:
    url = entries.text(value)
    if not url.startswith(("http://", "https://")):
        raise Wrong(f"must begin with http:// or https://, not {value!r}")
    return url.rstrip("/")


def _seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 1 <= value <= 86400:
        raise Wrong(f"must be a number of seconds from 1 to 86400, not {value!r}")
    return float(value)


def _or_none(check: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else check(value)


_MEGABYTES = entries.whole(1, 2**31)
_CHECKS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "memory_default_mb": _MEGABYTES,
    "memory_minimum_mb": _MEGABYTES,
    "quota_memory_mb": _or_none(_MEGABYTES),
    "disk_default_mb": _MEGABYTES,
    "disk_minimum_mb": _MEGABYTES,
    "disk_maximum_mb": _MEGABYTES,
    "log_rate_default": entries.whole(UNLIMITED, _LARGEST),
    "quota_log_rate": _or_none(entries.whole(0, _LARGEST)),
    "open_files": entries.whole(16, 2**20),
    "processes": entries.whole(1, 2**22),
    "seconds": _seconds,
    "package_bytes": entries.whole(1, _LARGEST),
    "buildpack_bytes": entries.whole(1, _LARGEST),
    "droplet_bytes": entries.whole(1, _LARGEST),
    "cache_bytes": entries.whole(0, _LARGEST),
    "kept_builds": entries.whole(1, 100_000),
    "kept_packages": entries.whole(1, 10_000),
    "kept_droplets": entries.whole(1, 10_000),
}
assert set(_CHECKS) == {field.name for field in fields(StagingLimits)}


def _limits(value: Any) -> StagingLimits:
    item = members(value, *_CHECKS)
    return StagingLimits(**{name: member(item, name, _CHECKS[name]) for name in item})


# -- all together ------------------------------------------------------------------------------


def _contradictions(config: StagingConfig, order: tuple[str, ...]) -> Iterable[tuple[str, str]]:
    """Of each: the key inside, and what is wrong."""
    stacks = [stack.name for stack in config.stacks]
    organizations = [organization.name for organization in config.organizations]
    spaces = [(space.organization, space.name) for space in config.spaces]
    if not stacks:
        yield "stacks", "at least one of 'stacks' is needed"
    elif config.default_stack not in stacks:
        yield "default_stack", f"default_stack names a stack that is not in 'stacks': {config.default_stack!r}"
    for inner, names in (("stacks", stacks), ("organizations", organizations)):
        for double in dict.fromkeys(name for name in names if names.count(name) > 1):
            yield inner, f"two {inner} are called {double!r}"
    for organization, name in dict.fromkeys(space for space in spaces if spaces.count(space) > 1):
        yield "spaces", f"two spaces of {organization!r} are called {name!r}"
    for organization, name in spaces:
        if organization not in organizations:
            yield "spaces", f"space {name!r} is in an organization that is not in 'organizations': {organization!r}"
    for stack in config.stacks:
        if not (stack.workernames or config.workernames):
            yield "workers", f"no worker may stage on {stack.name!r}: name some in 'workers'"
    digests = [token.digest for token in config.tokens]
    for token in config.tokens:
        if digests.count(token.digest) > 1:
            yield "tokens", f"the token of {token.name!r} stands twice"
        for name in token.spaces:
            if name not in [space for _, space in spaces]:
                yield "tokens", f"the token of {token.name!r} names a space that is not in 'spaces': {name!r}"
    found = {buildpack.name for buildpack in config.buildpacks}
    for name in order:
        if name not in found:
            yield "buildpack_order", f"buildpack_order names a buildpack that is not in the folder: {name!r}"

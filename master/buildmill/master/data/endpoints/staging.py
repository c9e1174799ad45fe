"""Staging, to be looked at: apps, packages, builds, droplets, buildpacks, caches. Changing is the v3 API's affair."""

from __future__ import annotations

from typing import Any

from buildmill.master.data.endpoints.endpoint import Endpoint, Query, collection, single
from buildmill.master.data.paths import Keys
from buildmill.master.data.resultspec import ResultSpec
from buildmill.master.db.reading.collection import Collection
from buildmill.master.db.reading.staging import (
    STAGING_APPS,
    STAGING_BUILDPACKS,
    STAGING_BUILDS,
    STAGING_CACHES,
    STAGING_DROPLETS,
    STAGING_PACKAGES,
)
from buildmill.master.db.staging import droplets
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.queries import only

_APP = "staging_apps/s:staging_app_guid"
_DROPLET = "staging_droplets/s:staging_droplet_guid"


def _all(of: Collection[Any]) -> Query:
    def query(connection: Connection, _keys: Keys, spec: ResultSpec) -> Any:
        return of.page(connection, spec.query, count=True)

    return query


def _of_app(of: Collection[Any]) -> Query:
    def query(connection: Connection, keys: Keys, spec: ResultSpec) -> Any:
        return of.page(connection, spec.query.narrowed(only("app_guid", keys["staging_app_guid"])), count=True)

    return query


def _one(of: Collection[Any], key: str) -> Query:
    def query(connection: Connection, keys: Keys, _spec: ResultSpec) -> Any:
        return of.one(connection, guid=keys[key])

    return query


def _attestation(connection: Connection, keys: Keys, _spec: ResultSpec) -> Any:
    return droplets.attestation(connection, keys["staging_droplet_guid"])


def _endpoints(name: str, of: Collection[Any], is_below_app: bool = False) -> list[Endpoint]:
    """The list, one by its guid, and the list below an app."""
    plural, key = f"{name}s", f"{name}_guid"
    reads = f"{plural}.read"
    endpoints = [
        *collection(name, reads, _all(of), plural),
        *single(name, reads, _one(of, key), f"{plural}/s:{key}"),
    ]
    if is_below_app:
        endpoints += collection(name, reads, _of_app(of), f"{_APP}/{plural}")
    return endpoints


ENDPOINTS: list[Endpoint] = [
    *_endpoints("staging_app", STAGING_APPS),
    *_endpoints("staging_package", STAGING_PACKAGES, is_below_app=True),
    *_endpoints("staging_build", STAGING_BUILDS, is_below_app=True),
    *_endpoints("staging_droplet", STAGING_DROPLETS, is_below_app=True),
    *single("staging_attestation", "staging_droplets.read", _attestation, f"{_DROPLET}/attestation"),
    *_endpoints("staging_buildpack", STAGING_BUILDPACKS),
    *collection("staging_cache", "staging_apps.read", _of_app(STAGING_CACHES), f"{_APP}/staging_caches"),
]

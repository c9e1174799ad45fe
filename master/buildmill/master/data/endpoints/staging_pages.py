"""The document of the page of an app."""

from __future__ import annotations

from typing import Any, Final

from buildmill.master.data.endpoints.endpoint import Endpoint, Kind, Part
from buildmill.master.data.paths import Keys
from buildmill.master.data.resultspec import ResultSpec
from buildmill.master.data.types import TYPES
from buildmill.master.data.versions import EVERY_CHANGE
from buildmill.master.db.reading.collection import Collection
from buildmill.master.db.reading.staging import (
    STAGING_APPS,
    STAGING_BUILDS,
    STAGING_CACHES,
    STAGING_DROPLETS,
    STAGING_PACKAGES,
)
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.queries import Query, only
from buildmill.master.domain.staging.page_documents import StagingAppPage

NEWEST: Final = 50
_APP: Final = "staging_apps/s:staging_app_guid"


def _page(connection: Connection, keys: Keys, spec: ResultSpec) -> StagingAppPage | None:
    app = STAGING_APPS.one(connection, guid=keys["staging_app_guid"])
    if app is None:
        return None

    def newest(of: Collection[Any], id_field: str) -> list[Any]:
        return of.select(connection, Query((only("app_guid", app.guid),), (f"-{id_field}",), NEWEST))

    return StagingAppPage(
        app=app,
        builds=newest(STAGING_BUILDS, "staging_buildid") if spec.wants("builds") else None,
        caches=newest(STAGING_CACHES, "staging_cacheid") if spec.wants("app", "caches") else [],
        droplets=newest(STAGING_DROPLETS, "staging_dropletid") if spec.wants("droplets") else None,
        packages=newest(STAGING_PACKAGES, "staging_packageid") if spec.wants("packages") else None,
        withheld=sorted(spec.withheld),
    )


ENDPOINTS: list[Endpoint] = [
    Endpoint(
        f"pages/{_APP}",
        Kind.SINGLE,
        TYPES["staging_app_page"],
        "staging_apps.read",
        _page,
        depends=EVERY_CHANGE,
        parts=(
            Part("app", "staging_apps.read", _APP, is_required=True),
            Part("builds", "staging_builds.read", f"{_APP}/staging_builds"),
            Part("droplets", "staging_droplets.read", f"{_APP}/staging_droplets"),
            Part("packages", "staging_packages.read", f"{_APP}/staging_packages"),
        ),
    )
]

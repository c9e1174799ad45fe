"""The document of the page of an app; see `buildmill.master.domain.page_documents`."""

from __future__ import annotations

from buildmill.master.domain.resources import Resource
from buildmill.master.domain.staging.resources import (
    StagingAppResource,
    StagingBuildResource,
    StagingCacheResource,
    StagingDropletResource,
    StagingPackageResource,
)


class StagingAppPage(Resource, frozen=True):
    """An app with the newest of its packages, stagings and droplets, newest first, and what it keeps for the next."""

    type_name = "staging_app_page"
    plural = "staging_app_pages"
    id_field = "app"

    app: StagingAppResource
    builds: list[StagingBuildResource] | None
    caches: list[StagingCacheResource]
    droplets: list[StagingDropletResource] | None
    packages: list[StagingPackageResource] | None
    withheld: list[str]

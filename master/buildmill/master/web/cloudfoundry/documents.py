"""Resources of the v3 API as documents. All members are always there; what is secret is not.

Specification: docs/reference/cloudfoundry.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from buildmill.common.staging import Lifecycle
from buildmill.master.domain.staging import redaction
from buildmill.master.domain.staging.redaction import HIDDEN, without_user_information
from buildmill.master.domain.staging.values import (
    App,
    Buildpack,
    Checksum,
    Droplet,
    DropletState,
    Job,
    LifecycleSpec,
    Metadata,
    Organization,
    Package,
    PackageType,
    Space,
    Stack,
    StagingBuild,
)

Document = dict[str, Any]
_UPLOADING: Final = "AWAITING_UPLOAD"


def instant(seconds: int) -> str:
    """An instant, UTC, in whole seconds."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _related(guid: str | None) -> Document:
    return {"data": None if guid is None else {"guid": guid}}


def _metadata(value: Metadata) -> Document:
    return {"labels": dict(value.labels), "annotations": dict(value.annotations)}


def _checksum(value: Checksum | None) -> Document | None:
    return None if value is None else {"type": "sha256", "value": value.sha256}


def _lifecycle(value: LifecycleSpec) -> Document:
    if value.type is Lifecycle.DOCKER:
        return {"type": "docker", "data": {}}
    shown = [without_user_information(name) for name in value.buildpacks]
    data: Document = {"buildpacks": shown, "stack": value.stack}
    if value.type is Lifecycle.CNB and value.credentials:
        data["credentials"] = HIDDEN
    return {"type": str(value.type), "data": data}


class Documents:
    """Makes them.

    Args:
        url: of the API, without a slash at its end.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.v3 = f"{url}/v3"

    def _link(self, path: str, method: str = "") -> Document:
        link = {"href": f"{self.v3}/{path}"}
        return {**link, "method": method} if method else link

    # -- apps ------------------------------------------------------------------------------

    def app(self, value: App) -> Document:
        path = f"apps/{value.guid}"
        return {
            **_head(value),
            "name": value.name,
            "state": "STOPPED",
            "lifecycle": _lifecycle(value.lifecycle),
            "relationships": {
                "space": _related(value.space_guid),
                "current_droplet": _related(value.current_droplet_guid),
            },
            "metadata": _metadata(value.metadata),
            "links": {
                "self": self._link(path),
                "environment_variables": self._link(f"{path}/environment_variables"),
                "space": self._link(f"spaces/{value.space_guid}"),
                "packages": self._link(f"{path}/packages"),
                "builds": self._link(f"{path}/builds"),
                "droplets": self._link(f"{path}/droplets"),
                "current_droplet": self._link(f"{path}/droplets/current"),
            },
        }

    def current_droplet(self, app: App) -> Document:
        """The relationship of an app to its droplet."""
        path = f"apps/{app.guid}"
        return {
            **_related(app.current_droplet_guid),
            "links": {
                "self": self._link(f"{path}/relationships/current_droplet"),
                "related": self._link(f"{path}/droplets/current"),
            },
        }

    def environment(self, app: App) -> Document:
        """Variables of an app, for those who may see them."""
        path = f"apps/{app.guid}"
        return {
            "var": dict(app.environment),
            "links": {"self": self._link(f"{path}/environment_variables"), "app": self._link(path)},
        }

    # -- packages --------------------------------------------------------------------------

    def package(self, value: Package) -> Document:
        path = f"packages/{value.guid}"
        links = {"self": self._link(path)}
        if value.type is PackageType.BITS:
            links["upload"] = self._link(f"{path}/upload", "POST")
            links["download"] = self._link(f"{path}/download")
        links["app"] = self._link(f"apps/{value.app_guid}")
        return {
            **_head(value),
            "type": str(value.type),
            "data": _package_data(value),
            "state": str(value.state),
            "relationships": {"app": _related(value.app_guid)},
            "metadata": _metadata(value.metadata),
            "links": links,
        }

    # -- builds and droplets ---------------------------------------------------------------

    def build(self, value: StagingBuild) -> Document:
        links = {"self": self._link(f"builds/{value.guid}"), "app": self._link(f"apps/{value.app_guid}")}
        droplet_guid = value.droplet_guid if value.state.is_final else None
        if droplet_guid is not None:
            links["droplet"] = self._link(f"droplets/{droplet_guid}")
        by = value.created_by
        return {
            **_head(value),
            "state": str(value.state),
            "staging_memory_in_mb": value.memory_mb,
            "staging_disk_in_mb": value.disk_mb,
            "staging_log_rate_limit_bytes_per_second": value.log_rate_bytes_per_second,
            "error": value.error,
            "lifecycle": _lifecycle(value.lifecycle),
            "package": {"guid": value.package_guid},
            "droplet": None if droplet_guid is None else {"guid": droplet_guid},
            "checksum": None if droplet_guid is None else _checksum(value.droplet),
            "created_by": {"guid": by.guid, "name": by.name, "email": by.email},
            "relationships": {"app": _related(value.app_guid)},
            "metadata": _metadata(value.metadata),
            "links": links,
        }

    def droplet(self, value: Droplet, *, may_see: bool, is_in_list: bool = False) -> Document:
        """A droplet.

        Args:
            may_see: the reader may see secrets.
            is_in_list: nobody sees them there.
        """
        path = f"droplets/{value.guid}"
        links = {"self": self._link(path)}
        if value.package_guid is not None:
            links["package"] = self._link(f"packages/{value.package_guid}")
        links["app"] = self._link(f"apps/{value.app_guid}")
        links["assign_current_droplet"] = self._link(f"apps/{value.app_guid}/relationships/current_droplet", "PATCH")
        if value.state is DropletState.STAGED and value.lifecycle is Lifecycle.BUILDPACK:
            links["download"] = self._link(f"{path}/download")
        if value.state is DropletState.AWAITING_UPLOAD:
            links["upload"] = self._link(f"{path}/upload", "POST")
        how = {"may_see": may_see, "is_in_list": is_in_list}
        return {
            **_head(value),
            "state": str(value.state),
            "error": value.error,
            "lifecycle": {"type": str(value.lifecycle), "data": {}},
            "checksum": _checksum(value.bits),
            "buildpacks": _buildpacks(value),
            "stack": value.stack,
            "image": value.image,
            "execution_metadata": redaction.execution_metadata(value.execution_metadata, **how),
            "process_types": redaction.process_types(value.process_types, **how),
            "relationships": {"app": _related(value.app_guid)},
            "metadata": _metadata(value.metadata),
            "links": links,
        }

    # -- buildpacks ------------------------------------------------------------------------

    def buildpack(self, value: Buildpack) -> Document:
        path = f"buildpacks/{value.guid}"
        return {
            **_head(value),
            "name": value.name,
            "stack": value.stack,
            "state": str(value.state),
            "lifecycle": str(value.lifecycle),
            "filename": value.filename,
            "position": value.position,
            "enabled": value.is_enabled,
            "locked": value.is_locked,
            "metadata": _metadata(value.metadata),
            "links": {"self": self._link(path), "upload": self._link(f"{path}/upload", "POST")},
        }

    # -- what is around --------------------------------------------------------------------

    def stack(self, value: Stack) -> Document:
        return {
            **_head(value),
            "name": value.name,
            "description": value.description,
            "state": str(value.state),
            "default": value.is_default,
            "build_rootfs_image": value.name,
            "run_rootfs_image": value.name,
            "metadata": _metadata(Metadata()),
            "links": {"self": self._link(f"stacks/{value.guid}")},
        }

    def space(self, value: Space) -> Document:
        return {
            **_head(value),
            "name": value.name,
            "relationships": {"organization": _related(value.organization_guid), "quota": _related(None)},
            "metadata": _metadata(Metadata()),
            "links": {
                "self": self._link(f"spaces/{value.guid}"),
                "organization": self._link(f"organizations/{value.organization_guid}"),
            },
        }

    def organization(self, value: Organization) -> Document:
        return {
            **_head(value),
            "name": value.name,
            "suspended": value.is_suspended,
            "relationships": {"quota": _related(None)},
            "metadata": _metadata(Metadata()),
            "links": {"self": self._link(f"organizations/{value.guid}")},
        }

    def job(self, value: Job) -> Document:
        links = {"self": self._link(f"jobs/{value.guid}")}
        if not value.operation.endswith(".delete"):
            kind = value.resource_kind
            links[kind] = self._link(f"{kind}s/{value.resource_guid}")
        return {
            **_head(value),
            "operation": value.operation,
            "state": str(value.state),
            "errors": [{"code": each.code, "title": each.title, "detail": each.detail} for each in value.errors],
            "warnings": [],
            "links": links,
        }


def _head(value: Any) -> Document:
    """What every resource begins with."""
    return {
        "guid": value.guid,
        "created_at": instant(value.created_at),
        "updated_at": instant(value.updated_at),
    }


def _package_data(value: Package) -> Document:
    if value.type is PackageType.DOCKER:
        return {
            "image": value.image,
            "username": value.username,
            "password": HIDDEN if value.username else None,
        }
    bits: Mapping[str, Any] = {"type": "sha256", "value": None if value.bits is None else value.bits.sha256}
    return {"error": value.error, "checksum": bits}


def _buildpacks(value: Droplet) -> list[Document] | None:
    if value.buildpacks is None:
        return None
    return [
        {
            "name": without_user_information(each.name),
            "detect_output": each.detect_output,
            "buildpack_name": each.buildpack_name,
            "version": each.version,
        }
        for each in value.buildpacks
    ]
